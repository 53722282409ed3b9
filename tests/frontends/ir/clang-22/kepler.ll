; ModuleID = 'src/c/kepler.c'
source_filename = "src/c/kepler.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree norecurse nounwind memory(errnomem: write) uwtable
define dso_local double @kepler(double noundef %0, double noundef %1) local_unnamed_addr #0 {
  %3 = fneg double %1
  br label %4

4:                                                ; preds = %4, %2
  %5 = phi double [ %0, %2 ], [ %13, %4 ]
  %6 = phi i32 [ 0, %2 ], [ %16, %4 ]
  %7 = tail call double @sin(double noundef %5) #3, !tbaa !5
  %8 = tail call double @llvm.fmuladd.f64(double %3, double %7, double %5)
  %9 = fsub double %8, %0
  %10 = tail call double @cos(double noundef %5) #3, !tbaa !5
  %11 = tail call double @llvm.fmuladd.f64(double %3, double %10, double 1.000000e+00)
  %12 = fdiv double %9, %11
  %13 = fsub double %5, %12
  %14 = tail call double @llvm.fabs.f64(double %12)
  %15 = fcmp olt double %14, 0x3D06849B86A12B9B
  %16 = add nuw nsw i32 %6, 1
  %17 = icmp eq i32 %16, 50
  %18 = select i1 %15, i1 true, i1 %17
  br i1 %18, label %19, label %4, !llvm.loop !9

19:                                               ; preds = %4
  ret double %13
}

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.fabs.f64(double) #1

; Function Attrs: mustprogress nocallback nofree nounwind willreturn memory(errnomem: write)
declare double @sin(double noundef) local_unnamed_addr #2

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.fmuladd.f64(double, double, double) #1

; Function Attrs: mustprogress nocallback nofree nounwind willreturn memory(errnomem: write)
declare double @cos(double noundef) local_unnamed_addr #2

attributes #0 = { nofree norecurse nounwind memory(errnomem: write) uwtable "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cmov,+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #1 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { mustprogress nocallback nofree nounwind willreturn memory(errnomem: write) "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cmov,+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #3 = { nounwind }

!llvm.module.flags = !{!0, !1, !2, !3}
!llvm.ident = !{!4}
!llvm.errno.tbaa = !{!5}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 8, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{i32 7, !"uwtable", i32 2}
!4 = !{!"Debian clang version 22.1.8 (1~deb12u1)"}
!5 = !{!6, !6, i64 0}
!6 = !{!"int", !7, i64 0}
!7 = !{!"omnipotent char", !8, i64 0}
!8 = !{!"Simple C/C++ TBAA"}
!9 = distinct !{!9, !10, !11}
!10 = !{!"llvm.loop.mustprogress"}
!11 = !{!"llvm.loop.unroll.disable"}
