; ModuleID = 'sum_difference.40e79895f84d5415-cgu.0'
source_filename = "sum_difference.40e79895f84d5415-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(argmem: write) uwtable
define void @sum_difference(double noundef %x, double noundef %y, ptr noalias noundef writeonly align 8 captures(none) dereferenceable(8) initializes((0, 8)) %sum, ptr noalias noundef writeonly align 8 captures(none) dereferenceable(8) initializes((0, 8)) %difference) unnamed_addr #0 {
start:
  %0 = fadd double %x, %y
  store double %0, ptr %sum, align 8
  %1 = fsub double %x, %y
  store double %1, ptr %difference, align 8
  ret void
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(argmem: write) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
