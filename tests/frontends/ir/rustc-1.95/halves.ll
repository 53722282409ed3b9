; ModuleID = 'halves.eb171af4724c3520-cgu.0'
source_filename = "halves.eb171af4724c3520-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable
define double @halves(float noundef %x) unnamed_addr #0 {
start:
  %_0.sroa.0 = alloca double, align 8
  %_2 = fmul float %x, 5.000000e-01
  %_3 = fadd float %x, 5.000000e-01
  store float %_2, ptr %_0.sroa.0, align 8
  %_0.sroa.0.4..sroa_idx = getelementptr inbounds nuw i8, ptr %_0.sroa.0, i64 4
  store float %_3, ptr %_0.sroa.0.4..sroa_idx, align 4
  %_0.sroa.0.0._0.sroa.0.0._0.sroa.0.0._0.sroa.0.0._0.sroa.0.0. = load double, ptr %_0.sroa.0, align 8
  ret double %_0.sroa.0.0._0.sroa.0.0._0.sroa.0.0._0.sroa.0.0._0.sroa.0.0.
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
