; ModuleID = 'FIRModule'
source_filename = "FIRModule"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree nosync nounwind memory(none)
define i64 @fibonacci(i32 %0) local_unnamed_addr #0 {
  br label %tailrecurse

tailrecurse:                                      ; preds = %5, %1
  %accumulator.tr = phi i64 [ 0, %1 ], [ %9, %5 ]
  %.tr = phi i32 [ %0, %1 ], [ %8, %5 ]
  %2 = icmp slt i32 %.tr, 2
  br i1 %2, label %3, label %5

3:                                                ; preds = %tailrecurse
  %4 = sext i32 %.tr to i64
  %accumulator.ret.tr = add i64 %accumulator.tr, %4
  ret i64 %accumulator.ret.tr

5:                                                ; preds = %tailrecurse
  %6 = add nsw i32 %.tr, -1
  %7 = tail call i64 @fibonacci(i32 %6)
  %8 = add nsw i32 %.tr, -2
  %9 = add i64 %accumulator.tr, %7
  br label %tailrecurse
}

attributes #0 = { nofree nosync nounwind memory(none) "target-cpu"="x86-64" }

!llvm.ident = !{!0}
!llvm.module.flags = !{!1, !2, !3}

!0 = !{!"Debian flang version 22.1.8"}
!1 = !{i32 2, !"Debug Info Version", i32 3}
!2 = !{i32 8, !"PIC Level", i32 2}
!3 = !{i32 7, !"PIE Level", i32 2}
