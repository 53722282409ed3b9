; ModuleID = 'order.63868369e0e4f8ed-cgu.0'
source_filename = "order.63868369e0e4f8ed-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable
define noundef range(i32 -1, 2) i32 @order(double noundef %x, double noundef %y) unnamed_addr #0 {
start:
  %_4 = fcmp ogt double %x, %y
  %_3 = zext i1 %_4 to i32
  %_6 = fcmp olt double %x, %y
  %_5.neg = sext i1 %_6 to i32
  %_0 = add nsw i32 %_5.neg, %_3
  ret i32 %_0
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
