; ModuleID = 'damped.474f7e65baa13274-cgu.0'
source_filename = "damped.474f7e65baa13274-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable
define noundef double @damped(double noundef %x, double noundef %y) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  %_3 = fcmp ogt double %x, 0.000000e+00
  br i1 %_3, label %bb1, label %bb3

bb3:                                              ; preds = %start
  %0 = fsub double %y, %x
  br label %bb4

bb1:                                              ; preds = %start
  %_6 = fneg double %y
  %1 = tail call noundef double @llvm.exp.f64(double %_6)
  %_4 = fmul double %x, %1
  %2 = fadd double %_4, 1.000000e+00
  br label %bb4

bb4:                                              ; preds = %bb1, %bb3
  %_0.sroa.0.0 = phi double [ %2, %bb1 ], [ %0, %bb3 ]
  ret double %_0.sroa.0.0
}

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.exp.f64(double) #1

; Function Attrs: nounwind nonlazybind uwtable
declare noundef range(i32 0, 10) i32 @rust_eh_personality(i32 noundef, i32 noundef, i64 noundef, ptr noundef, ptr noundef) unnamed_addr #2

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nounwind nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
