; ModuleID = 'src/c/mandelbrot.c'
source_filename = "src/c/mandelbrot.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind memory(none) uwtable
define dso_local i32 @mandelbrot(double noundef %0, double noundef %1) local_unnamed_addr #0 {
  br label %3

3:                                                ; preds = %2, %10
  %4 = phi double [ 0.000000e+00, %2 ], [ %13, %10 ]
  %5 = phi i32 [ 0, %2 ], [ %16, %10 ]
  %6 = phi double [ 0.000000e+00, %2 ], [ %15, %10 ]
  %7 = fmul double %6, %6
  %8 = tail call double @llvm.fmuladd.f64(double %4, double %4, double %7)
  %9 = fcmp ugt double %8, 4.000000e+00
  br i1 %9, label %18, label %10

10:                                               ; preds = %3
  %11 = fneg double %7
  %12 = tail call double @llvm.fmuladd.f64(double %4, double %4, double %11)
  %13 = fadd double %0, %12
  %14 = fmul double %4, 2.000000e+00
  %15 = tail call double @llvm.fmuladd.f64(double %14, double %6, double %1)
  %16 = add nuw nsw i32 %5, 1
  %17 = icmp eq i32 %16, 100
  br i1 %17, label %18, label %3, !llvm.loop !9

18:                                               ; preds = %10, %3
  %19 = phi i32 [ 100, %10 ], [ %5, %3 ]
  ret i32 %19
}

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.fmuladd.f64(double, double, double) #1

attributes #0 = { nofree norecurse nosync nounwind memory(none) uwtable "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cmov,+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #1 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }

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
