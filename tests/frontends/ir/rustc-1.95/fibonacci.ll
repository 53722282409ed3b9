; ModuleID = 'fibonacci.6ba6f571889f15f5-cgu.0'
source_filename = "fibonacci.6ba6f571889f15f5-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: nofree nosync nounwind nonlazybind memory(none) uwtable
define noundef i64 @fibonacci(i32 noundef %n) unnamed_addr #0 {
start:
  br label %tailrecurse

tailrecurse:                                      ; preds = %bb2, %start
  %accumulator.tr = phi i64 [ 0, %start ], [ %0, %bb2 ]
  %n.tr = phi i32 [ %n, %start ], [ %_6, %bb2 ]
  %_2 = icmp slt i32 %n.tr, 2
  br i1 %_2, label %bb1, label %bb2

bb2:                                              ; preds = %tailrecurse
  %_4 = add nsw i32 %n.tr, -1
  %_3 = tail call noundef i64 @fibonacci(i32 noundef %_4) #1
  %_6 = add nsw i32 %n.tr, -2
  %0 = add i64 %accumulator.tr, %_3
  br label %tailrecurse

bb1:                                              ; preds = %tailrecurse
  %1 = sext i32 %n.tr to i64
  %accumulator.ret.tr = add i64 %accumulator.tr, %1
  ret i64 %accumulator.ret.tr
}

attributes #0 = { nofree nosync nounwind nonlazybind memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { nounwind }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
