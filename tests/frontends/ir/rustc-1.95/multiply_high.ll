; ModuleID = 'multiply_high.10eb05c5819443d3-cgu.0'
source_filename = "multiply_high.10eb05c5819443d3-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable
define noundef range(i64 0, -1) i64 @multiply_high(i64 noundef %a, i64 noundef %b) unnamed_addr #0 {
start:
  %_5 = zext i64 %a to i128
  %_6 = zext i64 %b to i128
  %_4 = mul nuw i128 %_6, %_5
  %_3 = lshr i128 %_4, 64
  %_0 = trunc nuw i128 %_3 to i64
  ret i64 %_0
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
