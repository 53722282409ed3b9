; ModuleID = 'mandelbrot.794753425cdc569b-cgu.0'
source_filename = "mandelbrot.794753425cdc569b-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind nonlazybind memory(none) uwtable
define noundef i32 @mandelbrot(double noundef %cr, double noundef %ci) unnamed_addr #0 {
start:
  br label %bb2

bb2:                                              ; preds = %bb3.1, %start
  %n.sroa.0.05 = phi i32 [ 0, %start ], [ %3, %bb3.1 ]
  %zr.sroa.0.04 = phi double [ 0.000000e+00, %start ], [ %_14.1, %bb3.1 ]
  %zi.sroa.0.03 = phi double [ 0.000000e+00, %start ], [ %2, %bb3.1 ]
  %_8 = fmul double %zr.sroa.0.04, %zr.sroa.0.04
  %_11 = fmul double %zi.sroa.0.03, %zi.sroa.0.03
  %_7 = fadd double %_11, %_8
  %_6 = fcmp ugt double %_7, 4.000000e+00
  br i1 %_6, label %bb6, label %bb3

bb6.split.loop.exit6:                             ; preds = %bb3
  %0 = or disjoint i32 %n.sroa.0.05, 1
  br label %bb6

bb6:                                              ; preds = %bb2, %bb3.1, %bb6.split.loop.exit6
  %n.sroa.0.0.lcssa = phi i32 [ %0, %bb6.split.loop.exit6 ], [ 100, %bb3.1 ], [ %n.sroa.0.05, %bb2 ]
  ret i32 %n.sroa.0.0.lcssa

bb3:                                              ; preds = %bb2
  %_15 = fsub double %_8, %_11
  %_14 = fadd double %cr, %_15
  %_24 = fmul double %zr.sroa.0.04, 2.000000e+00
  %_23 = fmul double %zi.sroa.0.03, %_24
  %1 = fadd double %ci, %_23
  %_8.1 = fmul double %_14, %_14
  %_11.1 = fmul double %1, %1
  %_7.1 = fadd double %_11.1, %_8.1
  %_6.1 = fcmp ugt double %_7.1, 4.000000e+00
  br i1 %_6.1, label %bb6.split.loop.exit6, label %bb3.1

bb3.1:                                            ; preds = %bb3
  %_15.1 = fsub double %_8.1, %_11.1
  %_14.1 = fadd double %cr, %_15.1
  %_24.1 = fmul double %_14, 2.000000e+00
  %_23.1 = fmul double %1, %_24.1
  %2 = fadd double %ci, %_23.1
  %3 = add nuw nsw i32 %n.sroa.0.05, 2
  %exitcond.not.1 = icmp eq i32 %3, 100
  br i1 %exitcond.not.1, label %bb6, label %bb2
}

attributes #0 = { nofree norecurse nosync nounwind nonlazybind memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
