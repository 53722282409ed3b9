; ModuleID = 'FIRModule'
source_filename = "FIRModule"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define i32 @mandelbrot(double %0, double %1) local_unnamed_addr #0 {
  br label %3

3:                                                ; preds = %2, %8
  %.015 = phi double [ 0.000000e+00, %2 ], [ %10, %8 ]
  %.01114 = phi double [ 0.000000e+00, %2 ], [ %13, %8 ]
  %.01213 = phi i32 [ 0, %2 ], [ %14, %8 ]
  %4 = fmul contract double %.015, %.015
  %5 = fmul contract double %.01114, %.01114
  %6 = fadd contract double %5, %4
  %7 = fcmp contract ogt double %6, 4.000000e+00
  br i1 %7, label %15, label %8

8:                                                ; preds = %3
  %9 = fsub contract double %4, %5
  %10 = fadd contract double %0, %9
  %11 = fmul contract double %.015, 2.000000e+00
  %12 = fmul contract double %.01114, %11
  %13 = fadd contract double %1, %12
  %14 = add nuw nsw i32 %.01213, 1
  %exitcond.not = icmp eq i32 %14, 100
  br i1 %exitcond.not, label %15, label %3

15:                                               ; preds = %3, %8
  %.012.lcssa = phi i32 [ %.01213, %3 ], [ 100, %8 ]
  ret i32 %.012.lcssa
}

attributes #0 = { nofree norecurse nosync nounwind memory(none) "target-cpu"="x86-64" }

!llvm.ident = !{!0}
!llvm.module.flags = !{!1, !2, !3}

!0 = !{!"Debian flang version 22.1.8"}
!1 = !{i32 2, !"Debug Info Version", i32 3}
!2 = !{i32 8, !"PIC Level", i32 2}
!3 = !{i32 7, !"PIE Level", i32 2}
