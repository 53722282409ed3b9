; ModuleID = 'src/c/generic_filter.c'
source_filename = "src/c/generic_filter.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind uwtable
define dso_local i32 @generic_filter(double* nocapture noundef readonly %0, i64 noundef %1, double* nocapture noundef writeonly %2, i8* nocapture noundef readonly %3) local_unnamed_addr #0 {
  %5 = bitcast i8* %3 to double*
  %6 = load double, double* %5, align 8, !tbaa !5
  %7 = icmp sgt i64 %1, 0
  br i1 %7, label %12, label %8

8:                                                ; preds = %12, %4
  %9 = phi double [ %6, %4 ], [ %17, %12 ]
  %10 = sitofp i64 %1 to double
  %11 = fdiv double %9, %10
  store double %11, double* %2, align 8, !tbaa !5
  ret i32 1

12:                                               ; preds = %4, %12
  %13 = phi i64 [ %18, %12 ], [ 0, %4 ]
  %14 = phi double [ %17, %12 ], [ %6, %4 ]
  %15 = getelementptr inbounds double, double* %0, i64 %13
  %16 = load double, double* %15, align 8, !tbaa !5
  %17 = fadd double %14, %16
  %18 = add nuw nsw i64 %13, 1
  %19 = icmp eq i64 %18, %1
  br i1 %19, label %8, label %12, !llvm.loop !9
}

attributes #0 = { nofree norecurse nosync nounwind uwtable "frame-pointer"="none" "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }

!llvm.module.flags = !{!0, !1, !2, !3}
!llvm.ident = !{!4}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 7, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{i32 7, !"uwtable", i32 1}
!4 = !{!"Debian clang version 14.0.6"}
!5 = !{!6, !6, i64 0}
!6 = !{!"double", !7, i64 0}
!7 = !{!"omnipotent char", !8, i64 0}
!8 = !{!"Simple C/C++ TBAA"}
!9 = distinct !{!9, !10, !11}
!10 = !{!"llvm.loop.mustprogress"}
!11 = !{!"llvm.loop.unroll.disable"}
