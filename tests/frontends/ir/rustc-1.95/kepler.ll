; ModuleID = 'kepler.b8aa614360229d1b-cgu.0'
source_filename = "kepler.b8aa614360229d1b-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind nonlazybind memory(none) uwtable
define noundef double @kepler(double noundef %mean, double noundef %eccentricity) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  br label %bb2

bb2:                                              ; preds = %bb5, %start
  %iter.sroa.0.0 = phi i32 [ 0, %start ], [ %spec.select, %bb5 ]
  %e.sroa.0.0 = phi double [ %mean, %start ], [ %3, %bb5 ]
  %exitcond.not = icmp eq i32 %iter.sroa.0.0, 50
  br i1 %exitcond.not, label %bb10, label %bb5

bb5:                                              ; preds = %bb2
  %spec.select = add nuw nsw i32 %iter.sroa.0.0, 1
  %0 = tail call noundef double @llvm.sin.f64(double %e.sroa.0.0)
  %_6.i = fmul double %eccentricity, %0
  %_5.i = fsub double %e.sroa.0.0, %_6.i
  %_4.i = fsub double %_5.i, %mean
  %1 = tail call noundef double @llvm.cos.f64(double %e.sroa.0.0)
  %_9.i = fmul double %eccentricity, %1
  %_8.i = fsub double 1.000000e+00, %_9.i
  %_0.i = fdiv double %_4.i, %_8.i
  %2 = tail call noundef double @llvm.fabs.f64(double %_0.i)
  %3 = fsub double %e.sroa.0.0, %_0.i
  %_10 = fcmp olt double %2, 0x3D06849B86A12B9B
  br i1 %_10, label %bb10, label %bb2

bb10:                                             ; preds = %bb5, %bb2
  %e.sroa.0.1 = phi double [ %3, %bb5 ], [ %e.sroa.0.0, %bb2 ]
  ret double %e.sroa.0.1
}

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.fabs.f64(double) #1

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.cos.f64(double) #1

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.sin.f64(double) #1

; Function Attrs: nounwind nonlazybind uwtable
declare noundef range(i32 0, 10) i32 @rust_eh_personality(i32 noundef, i32 noundef, i64 noundef, ptr noundef, ptr noundef) unnamed_addr #2

attributes #0 = { nofree norecurse nosync nounwind nonlazybind memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nounwind nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
