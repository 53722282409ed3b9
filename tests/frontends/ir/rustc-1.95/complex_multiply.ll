; ModuleID = 'complex_multiply.ad70588d7b8617d6-cgu.0'
source_filename = "complex_multiply.ad70588d7b8617d6-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable
define { double, double } @complex_multiply({ double, double } %0, { double, double } %1) unnamed_addr #0 {
start:
  %.fca.0.extract = extractvalue { double, double } %0, 0
  %.fca.1.extract = extractvalue { double, double } %0, 1
  %.fca.0.extract1 = extractvalue { double, double } %1, 0
  %.fca.1.extract2 = extractvalue { double, double } %1, 1
  %_4 = fmul double %.fca.0.extract, %.fca.0.extract1
  %_7 = fmul double %.fca.1.extract, %.fca.1.extract2
  %_3 = fsub double %_4, %_7
  %_11 = fmul double %.fca.0.extract, %.fca.1.extract2
  %_12 = fmul double %.fca.1.extract, %.fca.0.extract1
  %_10 = fadd double %_11, %_12
  %.fca.0.insert = insertvalue { double, double } poison, double %_3, 0
  %.fca.1.insert = insertvalue { double, double } %.fca.0.insert, double %_10, 1
  ret { double, double } %.fca.1.insert
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
