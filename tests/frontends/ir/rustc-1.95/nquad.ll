; ModuleID = 'nquad.b71d40f385292a95-cgu.0'
source_filename = "nquad.b71d40f385292a95-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; <core::iter::adapters::map::Map<I,F> as core::iter::traits::iterator::Iterator>::fold
; Function Attrs: nofree norecurse nosync nounwind nonlazybind memory(read, inaccessiblemem: readwrite, target_mem0: none, target_mem1: none) uwtable
define noundef double @"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE"(ptr dead_on_return noalias noundef readonly align 8 captures(none) dereferenceable(24) %self, double noundef %init) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  tail call void @llvm.experimental.noalias.scope.decl(metadata !3)
  %_4.0.i = load ptr, ptr %self, align 8, !alias.scope !3, !nonnull !6, !noundef !6
  %0 = getelementptr inbounds nuw i8, ptr %self, i64 8
  %_4.1.i = load ptr, ptr %0, align 8, !alias.scope !3, !nonnull !6, !noundef !6
  %1 = icmp eq ptr %_4.0.i, %_4.1.i
  br i1 %1, label %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit", label %bb5.i.i

bb5.i.i:                                          ; preds = %start
  %2 = getelementptr inbounds nuw i8, ptr %self, i64 16
  %count.i = load i64, ptr %2, align 8, !alias.scope !3, !noundef !6
  %3 = ptrtoint ptr %_4.1.i to i64
  %4 = ptrtoint ptr %_4.0.i to i64
  %5 = sub nuw i64 %3, %4
  %6 = lshr exact i64 %5, 3
  %xtraiter = and i64 %6, 3
  %7 = icmp ult i64 %5, 32
  br i1 %7, label %bb8.i.i.epil.preheader, label %bb5.i.i.new

bb5.i.i.new:                                      ; preds = %bb5.i.i
  %unroll_iter = and i64 %6, 2305843009213693948
  br label %bb8.i.i

bb8.i.i:                                          ; preds = %bb8.i.i, %bb5.i.i.new
  %f.sroa.0.0.i.i = phi i64 [ %count.i, %bb5.i.i.new ], [ %_6.i.i.i.i.i.3, %bb8.i.i ]
  %i.sroa.0.0.i.i = phi i64 [ 0, %bb5.i.i.new ], [ %_27.i.i.3, %bb8.i.i ]
  %acc.sroa.0.0.i.i = phi double [ %init, %bb5.i.i.new ], [ %_0.i.i.i.i.i.3, %bb8.i.i ]
  %niter = phi i64 [ 0, %bb5.i.i.new ], [ %niter.next.3, %bb8.i.i ]
  %_45.i.i = getelementptr inbounds nuw double, ptr %_4.0.i, i64 %i.sroa.0.0.i.i
  %_6.i.i.i.i.i = add i64 %f.sroa.0.0.i.i, 1
  %_5.i.i.i.i.i = uitofp i64 %_6.i.i.i.i.i to double
  %_3.i.i.i.i.i.i = load double, ptr %_45.i.i, align 8, !alias.scope !7, !noalias !16, !noundef !6
  %_0.i.i.i.i.i.i = fmul double %_3.i.i.i.i.i.i, %_5.i.i.i.i.i
  %_0.i.i.i.i.i = fadd double %acc.sroa.0.0.i.i, %_0.i.i.i.i.i.i
  %8 = getelementptr inbounds nuw double, ptr %_4.0.i, i64 %i.sroa.0.0.i.i
  %_45.i.i.1 = getelementptr inbounds nuw i8, ptr %8, i64 8
  %_6.i.i.i.i.i.1 = add i64 %f.sroa.0.0.i.i, 2
  %_5.i.i.i.i.i.1 = uitofp i64 %_6.i.i.i.i.i.1 to double
  %_3.i.i.i.i.i.i.1 = load double, ptr %_45.i.i.1, align 8, !alias.scope !7, !noalias !16, !noundef !6
  %_0.i.i.i.i.i.i.1 = fmul double %_3.i.i.i.i.i.i.1, %_5.i.i.i.i.i.1
  %_0.i.i.i.i.i.1 = fadd double %_0.i.i.i.i.i, %_0.i.i.i.i.i.i.1
  %9 = getelementptr inbounds nuw double, ptr %_4.0.i, i64 %i.sroa.0.0.i.i
  %_45.i.i.2 = getelementptr inbounds nuw i8, ptr %9, i64 16
  %_6.i.i.i.i.i.2 = add i64 %f.sroa.0.0.i.i, 3
  %_5.i.i.i.i.i.2 = uitofp i64 %_6.i.i.i.i.i.2 to double
  %_3.i.i.i.i.i.i.2 = load double, ptr %_45.i.i.2, align 8, !alias.scope !7, !noalias !16, !noundef !6
  %_0.i.i.i.i.i.i.2 = fmul double %_3.i.i.i.i.i.i.2, %_5.i.i.i.i.i.2
  %_0.i.i.i.i.i.2 = fadd double %_0.i.i.i.i.i.1, %_0.i.i.i.i.i.i.2
  %10 = getelementptr inbounds nuw double, ptr %_4.0.i, i64 %i.sroa.0.0.i.i
  %_45.i.i.3 = getelementptr inbounds nuw i8, ptr %10, i64 24
  %_6.i.i.i.i.i.3 = add i64 %f.sroa.0.0.i.i, 4
  %_5.i.i.i.i.i.3 = uitofp i64 %_6.i.i.i.i.i.3 to double
  %_3.i.i.i.i.i.i.3 = load double, ptr %_45.i.i.3, align 8, !alias.scope !7, !noalias !16, !noundef !6
  %_0.i.i.i.i.i.i.3 = fmul double %_3.i.i.i.i.i.i.3, %_5.i.i.i.i.i.3
  %_0.i.i.i.i.i.3 = fadd double %_0.i.i.i.i.i.2, %_0.i.i.i.i.i.i.3
  %_27.i.i.3 = add nuw i64 %i.sroa.0.0.i.i, 4
  %niter.next.3 = add i64 %niter, 4
  %niter.ncmp.3 = icmp eq i64 %niter.next.3, %unroll_iter
  br i1 %niter.ncmp.3, label %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa", label %bb8.i.i

"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa": ; preds = %bb8.i.i
  %lcmp.mod.not = icmp eq i64 %xtraiter, 0
  br i1 %lcmp.mod.not, label %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit", label %bb8.i.i.epil.preheader

bb8.i.i.epil.preheader:                           ; preds = %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa", %bb5.i.i
  %f.sroa.0.0.i.i.epil.init = phi i64 [ %count.i, %bb5.i.i ], [ %_6.i.i.i.i.i.3, %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa" ]
  %i.sroa.0.0.i.i.epil.init = phi i64 [ 0, %bb5.i.i ], [ %_27.i.i.3, %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa" ]
  %acc.sroa.0.0.i.i.epil.init = phi double [ %init, %bb5.i.i ], [ %_0.i.i.i.i.i.3, %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa" ]
  %lcmp.mod2 = icmp ne i64 %xtraiter, 0
  tail call void @llvm.assume(i1 %lcmp.mod2)
  br label %bb8.i.i.epil

bb8.i.i.epil:                                     ; preds = %bb8.i.i.epil, %bb8.i.i.epil.preheader
  %f.sroa.0.0.i.i.epil = phi i64 [ %f.sroa.0.0.i.i.epil.init, %bb8.i.i.epil.preheader ], [ %_6.i.i.i.i.i.epil, %bb8.i.i.epil ]
  %i.sroa.0.0.i.i.epil = phi i64 [ %i.sroa.0.0.i.i.epil.init, %bb8.i.i.epil.preheader ], [ %_27.i.i.epil, %bb8.i.i.epil ]
  %acc.sroa.0.0.i.i.epil = phi double [ %acc.sroa.0.0.i.i.epil.init, %bb8.i.i.epil.preheader ], [ %_0.i.i.i.i.i.epil, %bb8.i.i.epil ]
  %epil.iter = phi i64 [ 0, %bb8.i.i.epil.preheader ], [ %epil.iter.next, %bb8.i.i.epil ]
  %_45.i.i.epil = getelementptr inbounds nuw double, ptr %_4.0.i, i64 %i.sroa.0.0.i.i.epil
  %_6.i.i.i.i.i.epil = add i64 %f.sroa.0.0.i.i.epil, 1
  %_5.i.i.i.i.i.epil = uitofp i64 %_6.i.i.i.i.i.epil to double
  %_3.i.i.i.i.i.i.epil = load double, ptr %_45.i.i.epil, align 8, !alias.scope !7, !noalias !16, !noundef !6
  %_0.i.i.i.i.i.i.epil = fmul double %_3.i.i.i.i.i.i.epil, %_5.i.i.i.i.i.epil
  %_0.i.i.i.i.i.epil = fadd double %acc.sroa.0.0.i.i.epil, %_0.i.i.i.i.i.i.epil
  %_27.i.i.epil = add nuw i64 %i.sroa.0.0.i.i.epil, 1
  %epil.iter.next = add i64 %epil.iter, 1
  %epil.iter.cmp.not = icmp eq i64 %epil.iter.next, %xtraiter
  br i1 %epil.iter.cmp.not, label %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit", label %bb8.i.i.epil, !llvm.loop !18

"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit": ; preds = %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa", %bb8.i.i.epil, %start
  %_0.sroa.0.0.i.i = phi double [ %init, %start ], [ %_0.i.i.i.i.i.3, %"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E.exit.loopexit.unr-lcssa" ], [ %_0.i.i.i.i.i.epil, %bb8.i.i.epil ]
  ret double %_0.sroa.0.0.i.i
}

; core::iter::traits::iterator::Iterator::sum
; Function Attrs: nofree norecurse nosync nounwind nonlazybind memory(read, inaccessiblemem: readwrite, target_mem0: none, target_mem1: none) uwtable
define noundef double @_ZN4core4iter6traits8iterator8Iterator3sum17h0c781cc37513dc26E(ptr dead_on_return noalias noundef readonly align 8 captures(none) dereferenceable(24) %self) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  tail call void @llvm.experimental.noalias.scope.decl(metadata !20)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !23)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !26)
  %_4.0.i.i.i = load ptr, ptr %self, align 8, !alias.scope !29, !nonnull !6, !noundef !6
  %0 = getelementptr inbounds nuw i8, ptr %self, i64 8
  %_4.1.i.i.i = load ptr, ptr %0, align 8, !alias.scope !29, !nonnull !6, !noundef !6
  %1 = icmp eq ptr %_4.0.i.i.i, %_4.1.i.i.i
  br i1 %1, label %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit", label %bb5.i.i.i.i

bb5.i.i.i.i:                                      ; preds = %start
  %2 = getelementptr inbounds nuw i8, ptr %self, i64 16
  %count.i.i.i = load i64, ptr %2, align 8, !alias.scope !29, !noundef !6
  %3 = ptrtoint ptr %_4.1.i.i.i to i64
  %4 = ptrtoint ptr %_4.0.i.i.i to i64
  %5 = sub nuw i64 %3, %4
  %6 = lshr exact i64 %5, 3
  %xtraiter = and i64 %6, 3
  %7 = icmp ult i64 %5, 32
  br i1 %7, label %bb8.i.i.i.i.epil.preheader, label %bb5.i.i.i.i.new

bb5.i.i.i.i.new:                                  ; preds = %bb5.i.i.i.i
  %unroll_iter = and i64 %6, 2305843009213693948
  br label %bb8.i.i.i.i

bb8.i.i.i.i:                                      ; preds = %bb8.i.i.i.i, %bb5.i.i.i.i.new
  %f.sroa.0.0.i.i.i.i = phi i64 [ %count.i.i.i, %bb5.i.i.i.i.new ], [ %_6.i.i.i.i.i.i.i.3, %bb8.i.i.i.i ]
  %i.sroa.0.0.i.i.i.i = phi i64 [ 0, %bb5.i.i.i.i.new ], [ %_27.i.i.i.i.3, %bb8.i.i.i.i ]
  %acc.sroa.0.0.i.i.i.i = phi double [ -0.000000e+00, %bb5.i.i.i.i.new ], [ %_0.i.i.i.i.i.i.i.3, %bb8.i.i.i.i ]
  %niter = phi i64 [ 0, %bb5.i.i.i.i.new ], [ %niter.next.3, %bb8.i.i.i.i ]
  %_45.i.i.i.i = getelementptr inbounds nuw double, ptr %_4.0.i.i.i, i64 %i.sroa.0.0.i.i.i.i
  %_6.i.i.i.i.i.i.i = add i64 %f.sroa.0.0.i.i.i.i, 1
  %_5.i.i.i.i.i.i.i = uitofp i64 %_6.i.i.i.i.i.i.i to double
  %_3.i.i.i.i.i.i.i.i = load double, ptr %_45.i.i.i.i, align 8, !alias.scope !30, !noalias !39, !noundef !6
  %_0.i.i.i.i.i.i.i.i = fmul double %_3.i.i.i.i.i.i.i.i, %_5.i.i.i.i.i.i.i
  %_0.i.i.i.i.i.i.i = fadd double %acc.sroa.0.0.i.i.i.i, %_0.i.i.i.i.i.i.i.i
  %8 = getelementptr inbounds nuw double, ptr %_4.0.i.i.i, i64 %i.sroa.0.0.i.i.i.i
  %_45.i.i.i.i.1 = getelementptr inbounds nuw i8, ptr %8, i64 8
  %_6.i.i.i.i.i.i.i.1 = add i64 %f.sroa.0.0.i.i.i.i, 2
  %_5.i.i.i.i.i.i.i.1 = uitofp i64 %_6.i.i.i.i.i.i.i.1 to double
  %_3.i.i.i.i.i.i.i.i.1 = load double, ptr %_45.i.i.i.i.1, align 8, !alias.scope !30, !noalias !39, !noundef !6
  %_0.i.i.i.i.i.i.i.i.1 = fmul double %_3.i.i.i.i.i.i.i.i.1, %_5.i.i.i.i.i.i.i.1
  %_0.i.i.i.i.i.i.i.1 = fadd double %_0.i.i.i.i.i.i.i, %_0.i.i.i.i.i.i.i.i.1
  %9 = getelementptr inbounds nuw double, ptr %_4.0.i.i.i, i64 %i.sroa.0.0.i.i.i.i
  %_45.i.i.i.i.2 = getelementptr inbounds nuw i8, ptr %9, i64 16
  %_6.i.i.i.i.i.i.i.2 = add i64 %f.sroa.0.0.i.i.i.i, 3
  %_5.i.i.i.i.i.i.i.2 = uitofp i64 %_6.i.i.i.i.i.i.i.2 to double
  %_3.i.i.i.i.i.i.i.i.2 = load double, ptr %_45.i.i.i.i.2, align 8, !alias.scope !30, !noalias !39, !noundef !6
  %_0.i.i.i.i.i.i.i.i.2 = fmul double %_3.i.i.i.i.i.i.i.i.2, %_5.i.i.i.i.i.i.i.2
  %_0.i.i.i.i.i.i.i.2 = fadd double %_0.i.i.i.i.i.i.i.1, %_0.i.i.i.i.i.i.i.i.2
  %10 = getelementptr inbounds nuw double, ptr %_4.0.i.i.i, i64 %i.sroa.0.0.i.i.i.i
  %_45.i.i.i.i.3 = getelementptr inbounds nuw i8, ptr %10, i64 24
  %_6.i.i.i.i.i.i.i.3 = add i64 %f.sroa.0.0.i.i.i.i, 4
  %_5.i.i.i.i.i.i.i.3 = uitofp i64 %_6.i.i.i.i.i.i.i.3 to double
  %_3.i.i.i.i.i.i.i.i.3 = load double, ptr %_45.i.i.i.i.3, align 8, !alias.scope !30, !noalias !39, !noundef !6
  %_0.i.i.i.i.i.i.i.i.3 = fmul double %_3.i.i.i.i.i.i.i.i.3, %_5.i.i.i.i.i.i.i.3
  %_0.i.i.i.i.i.i.i.3 = fadd double %_0.i.i.i.i.i.i.i.2, %_0.i.i.i.i.i.i.i.i.3
  %_27.i.i.i.i.3 = add nuw i64 %i.sroa.0.0.i.i.i.i, 4
  %niter.next.3 = add i64 %niter, 4
  %niter.ncmp.3 = icmp eq i64 %niter.next.3, %unroll_iter
  br i1 %niter.ncmp.3, label %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa", label %bb8.i.i.i.i

"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa": ; preds = %bb8.i.i.i.i
  %lcmp.mod.not = icmp eq i64 %xtraiter, 0
  br i1 %lcmp.mod.not, label %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit", label %bb8.i.i.i.i.epil.preheader

bb8.i.i.i.i.epil.preheader:                       ; preds = %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa", %bb5.i.i.i.i
  %f.sroa.0.0.i.i.i.i.epil.init = phi i64 [ %count.i.i.i, %bb5.i.i.i.i ], [ %_6.i.i.i.i.i.i.i.3, %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa" ]
  %i.sroa.0.0.i.i.i.i.epil.init = phi i64 [ 0, %bb5.i.i.i.i ], [ %_27.i.i.i.i.3, %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa" ]
  %acc.sroa.0.0.i.i.i.i.epil.init = phi double [ -0.000000e+00, %bb5.i.i.i.i ], [ %_0.i.i.i.i.i.i.i.3, %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa" ]
  %lcmp.mod2 = icmp ne i64 %xtraiter, 0
  tail call void @llvm.assume(i1 %lcmp.mod2)
  br label %bb8.i.i.i.i.epil

bb8.i.i.i.i.epil:                                 ; preds = %bb8.i.i.i.i.epil, %bb8.i.i.i.i.epil.preheader
  %f.sroa.0.0.i.i.i.i.epil = phi i64 [ %f.sroa.0.0.i.i.i.i.epil.init, %bb8.i.i.i.i.epil.preheader ], [ %_6.i.i.i.i.i.i.i.epil, %bb8.i.i.i.i.epil ]
  %i.sroa.0.0.i.i.i.i.epil = phi i64 [ %i.sroa.0.0.i.i.i.i.epil.init, %bb8.i.i.i.i.epil.preheader ], [ %_27.i.i.i.i.epil, %bb8.i.i.i.i.epil ]
  %acc.sroa.0.0.i.i.i.i.epil = phi double [ %acc.sroa.0.0.i.i.i.i.epil.init, %bb8.i.i.i.i.epil.preheader ], [ %_0.i.i.i.i.i.i.i.epil, %bb8.i.i.i.i.epil ]
  %epil.iter = phi i64 [ 0, %bb8.i.i.i.i.epil.preheader ], [ %epil.iter.next, %bb8.i.i.i.i.epil ]
  %_45.i.i.i.i.epil = getelementptr inbounds nuw double, ptr %_4.0.i.i.i, i64 %i.sroa.0.0.i.i.i.i.epil
  %_6.i.i.i.i.i.i.i.epil = add i64 %f.sroa.0.0.i.i.i.i.epil, 1
  %_5.i.i.i.i.i.i.i.epil = uitofp i64 %_6.i.i.i.i.i.i.i.epil to double
  %_3.i.i.i.i.i.i.i.i.epil = load double, ptr %_45.i.i.i.i.epil, align 8, !alias.scope !30, !noalias !39, !noundef !6
  %_0.i.i.i.i.i.i.i.i.epil = fmul double %_3.i.i.i.i.i.i.i.i.epil, %_5.i.i.i.i.i.i.i.epil
  %_0.i.i.i.i.i.i.i.epil = fadd double %acc.sroa.0.0.i.i.i.i.epil, %_0.i.i.i.i.i.i.i.i.epil
  %_27.i.i.i.i.epil = add nuw i64 %i.sroa.0.0.i.i.i.i.epil, 1
  %epil.iter.next = add i64 %epil.iter, 1
  %epil.iter.cmp.not = icmp eq i64 %epil.iter.next, %xtraiter
  br i1 %epil.iter.cmp.not, label %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit", label %bb8.i.i.i.i.epil, !llvm.loop !41

"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit": ; preds = %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa", %bb8.i.i.i.i.epil, %start
  %_0.sroa.0.0.i.i.i.i = phi double [ -0.000000e+00, %start ], [ %_0.i.i.i.i.i.i.i.3, %"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE.exit.loopexit.unr-lcssa" ], [ %_0.i.i.i.i.i.i.i.epil, %bb8.i.i.i.i.epil ]
  ret double %_0.sroa.0.0.i.i.i.i
}

; <f64 as core::iter::traits::accum::Sum>::sum
; Function Attrs: nofree norecurse nosync nounwind nonlazybind memory(read, inaccessiblemem: readwrite, target_mem0: none, target_mem1: none) uwtable
define noundef double @"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE"(ptr dead_on_return noalias noundef readonly align 8 captures(none) dereferenceable(24) %iter) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  tail call void @llvm.experimental.noalias.scope.decl(metadata !42)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !45)
  %_4.0.i.i = load ptr, ptr %iter, align 8, !alias.scope !48, !nonnull !6, !noundef !6
  %0 = getelementptr inbounds nuw i8, ptr %iter, i64 8
  %_4.1.i.i = load ptr, ptr %0, align 8, !alias.scope !48, !nonnull !6, !noundef !6
  %1 = icmp eq ptr %_4.0.i.i, %_4.1.i.i
  br i1 %1, label %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit", label %bb5.i.i.i

bb5.i.i.i:                                        ; preds = %start
  %2 = getelementptr inbounds nuw i8, ptr %iter, i64 16
  %count.i.i = load i64, ptr %2, align 8, !alias.scope !48, !noundef !6
  %3 = ptrtoint ptr %_4.1.i.i to i64
  %4 = ptrtoint ptr %_4.0.i.i to i64
  %5 = sub nuw i64 %3, %4
  %6 = lshr exact i64 %5, 3
  %xtraiter = and i64 %6, 3
  %7 = icmp ult i64 %5, 32
  br i1 %7, label %bb8.i.i.i.epil.preheader, label %bb5.i.i.i.new

bb5.i.i.i.new:                                    ; preds = %bb5.i.i.i
  %unroll_iter = and i64 %6, 2305843009213693948
  br label %bb8.i.i.i

bb8.i.i.i:                                        ; preds = %bb8.i.i.i, %bb5.i.i.i.new
  %f.sroa.0.0.i.i.i = phi i64 [ %count.i.i, %bb5.i.i.i.new ], [ %_6.i.i.i.i.i.i.3, %bb8.i.i.i ]
  %i.sroa.0.0.i.i.i = phi i64 [ 0, %bb5.i.i.i.new ], [ %_27.i.i.i.3, %bb8.i.i.i ]
  %acc.sroa.0.0.i.i.i = phi double [ -0.000000e+00, %bb5.i.i.i.new ], [ %_0.i.i.i.i.i.i.3, %bb8.i.i.i ]
  %niter = phi i64 [ 0, %bb5.i.i.i.new ], [ %niter.next.3, %bb8.i.i.i ]
  %_45.i.i.i = getelementptr inbounds nuw double, ptr %_4.0.i.i, i64 %i.sroa.0.0.i.i.i
  %_6.i.i.i.i.i.i = add i64 %f.sroa.0.0.i.i.i, 1
  %_5.i.i.i.i.i.i = uitofp i64 %_6.i.i.i.i.i.i to double
  %_3.i.i.i.i.i.i.i = load double, ptr %_45.i.i.i, align 8, !alias.scope !49, !noalias !58, !noundef !6
  %_0.i.i.i.i.i.i.i = fmul double %_3.i.i.i.i.i.i.i, %_5.i.i.i.i.i.i
  %_0.i.i.i.i.i.i = fadd double %acc.sroa.0.0.i.i.i, %_0.i.i.i.i.i.i.i
  %8 = getelementptr inbounds nuw double, ptr %_4.0.i.i, i64 %i.sroa.0.0.i.i.i
  %_45.i.i.i.1 = getelementptr inbounds nuw i8, ptr %8, i64 8
  %_6.i.i.i.i.i.i.1 = add i64 %f.sroa.0.0.i.i.i, 2
  %_5.i.i.i.i.i.i.1 = uitofp i64 %_6.i.i.i.i.i.i.1 to double
  %_3.i.i.i.i.i.i.i.1 = load double, ptr %_45.i.i.i.1, align 8, !alias.scope !49, !noalias !58, !noundef !6
  %_0.i.i.i.i.i.i.i.1 = fmul double %_3.i.i.i.i.i.i.i.1, %_5.i.i.i.i.i.i.1
  %_0.i.i.i.i.i.i.1 = fadd double %_0.i.i.i.i.i.i, %_0.i.i.i.i.i.i.i.1
  %9 = getelementptr inbounds nuw double, ptr %_4.0.i.i, i64 %i.sroa.0.0.i.i.i
  %_45.i.i.i.2 = getelementptr inbounds nuw i8, ptr %9, i64 16
  %_6.i.i.i.i.i.i.2 = add i64 %f.sroa.0.0.i.i.i, 3
  %_5.i.i.i.i.i.i.2 = uitofp i64 %_6.i.i.i.i.i.i.2 to double
  %_3.i.i.i.i.i.i.i.2 = load double, ptr %_45.i.i.i.2, align 8, !alias.scope !49, !noalias !58, !noundef !6
  %_0.i.i.i.i.i.i.i.2 = fmul double %_3.i.i.i.i.i.i.i.2, %_5.i.i.i.i.i.i.2
  %_0.i.i.i.i.i.i.2 = fadd double %_0.i.i.i.i.i.i.1, %_0.i.i.i.i.i.i.i.2
  %10 = getelementptr inbounds nuw double, ptr %_4.0.i.i, i64 %i.sroa.0.0.i.i.i
  %_45.i.i.i.3 = getelementptr inbounds nuw i8, ptr %10, i64 24
  %_6.i.i.i.i.i.i.3 = add i64 %f.sroa.0.0.i.i.i, 4
  %_5.i.i.i.i.i.i.3 = uitofp i64 %_6.i.i.i.i.i.i.3 to double
  %_3.i.i.i.i.i.i.i.3 = load double, ptr %_45.i.i.i.3, align 8, !alias.scope !49, !noalias !58, !noundef !6
  %_0.i.i.i.i.i.i.i.3 = fmul double %_3.i.i.i.i.i.i.i.3, %_5.i.i.i.i.i.i.3
  %_0.i.i.i.i.i.i.3 = fadd double %_0.i.i.i.i.i.i.2, %_0.i.i.i.i.i.i.i.3
  %_27.i.i.i.3 = add nuw i64 %i.sroa.0.0.i.i.i, 4
  %niter.next.3 = add i64 %niter, 4
  %niter.ncmp.3 = icmp eq i64 %niter.next.3, %unroll_iter
  br i1 %niter.ncmp.3, label %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa", label %bb8.i.i.i

"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa": ; preds = %bb8.i.i.i
  %lcmp.mod.not = icmp eq i64 %xtraiter, 0
  br i1 %lcmp.mod.not, label %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit", label %bb8.i.i.i.epil.preheader

bb8.i.i.i.epil.preheader:                         ; preds = %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa", %bb5.i.i.i
  %f.sroa.0.0.i.i.i.epil.init = phi i64 [ %count.i.i, %bb5.i.i.i ], [ %_6.i.i.i.i.i.i.3, %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa" ]
  %i.sroa.0.0.i.i.i.epil.init = phi i64 [ 0, %bb5.i.i.i ], [ %_27.i.i.i.3, %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa" ]
  %acc.sroa.0.0.i.i.i.epil.init = phi double [ -0.000000e+00, %bb5.i.i.i ], [ %_0.i.i.i.i.i.i.3, %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa" ]
  %lcmp.mod2 = icmp ne i64 %xtraiter, 0
  tail call void @llvm.assume(i1 %lcmp.mod2)
  br label %bb8.i.i.i.epil

bb8.i.i.i.epil:                                   ; preds = %bb8.i.i.i.epil, %bb8.i.i.i.epil.preheader
  %f.sroa.0.0.i.i.i.epil = phi i64 [ %f.sroa.0.0.i.i.i.epil.init, %bb8.i.i.i.epil.preheader ], [ %_6.i.i.i.i.i.i.epil, %bb8.i.i.i.epil ]
  %i.sroa.0.0.i.i.i.epil = phi i64 [ %i.sroa.0.0.i.i.i.epil.init, %bb8.i.i.i.epil.preheader ], [ %_27.i.i.i.epil, %bb8.i.i.i.epil ]
  %acc.sroa.0.0.i.i.i.epil = phi double [ %acc.sroa.0.0.i.i.i.epil.init, %bb8.i.i.i.epil.preheader ], [ %_0.i.i.i.i.i.i.epil, %bb8.i.i.i.epil ]
  %epil.iter = phi i64 [ 0, %bb8.i.i.i.epil.preheader ], [ %epil.iter.next, %bb8.i.i.i.epil ]
  %_45.i.i.i.epil = getelementptr inbounds nuw double, ptr %_4.0.i.i, i64 %i.sroa.0.0.i.i.i.epil
  %_6.i.i.i.i.i.i.epil = add i64 %f.sroa.0.0.i.i.i.epil, 1
  %_5.i.i.i.i.i.i.epil = uitofp i64 %_6.i.i.i.i.i.i.epil to double
  %_3.i.i.i.i.i.i.i.epil = load double, ptr %_45.i.i.i.epil, align 8, !alias.scope !49, !noalias !58, !noundef !6
  %_0.i.i.i.i.i.i.i.epil = fmul double %_3.i.i.i.i.i.i.i.epil, %_5.i.i.i.i.i.i.epil
  %_0.i.i.i.i.i.i.epil = fadd double %acc.sroa.0.0.i.i.i.epil, %_0.i.i.i.i.i.i.i.epil
  %_27.i.i.i.epil = add nuw i64 %i.sroa.0.0.i.i.i.epil, 1
  %epil.iter.next = add i64 %epil.iter, 1
  %epil.iter.cmp.not = icmp eq i64 %epil.iter.next, %xtraiter
  br i1 %epil.iter.cmp.not, label %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit", label %bb8.i.i.i.epil, !llvm.loop !60

"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit": ; preds = %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa", %bb8.i.i.i.epil, %start
  %_0.sroa.0.0.i.i.i = phi double [ -0.000000e+00, %start ], [ %_0.i.i.i.i.i.i.3, %"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE.exit.loopexit.unr-lcssa" ], [ %_0.i.i.i.i.i.i.epil, %bb8.i.i.i.epil ]
  ret double %_0.sroa.0.0.i.i.i
}

; Function Attrs: nofree norecurse nosync nounwind nonlazybind memory(argmem: read, inaccessiblemem: write) uwtable
define noundef double @nquad(i32 noundef %n, ptr noundef readonly captures(address_is_null) %x) unnamed_addr #1 personality ptr @rust_eh_personality {
start:
  %0 = icmp ne ptr %x, null
  tail call void @llvm.assume(i1 %0)
  %1 = icmp eq i32 %n, 0
  br i1 %1, label %bb5, label %bb5.i.i.i.i.i

bb5.i.i.i.i.i:                                    ; preds = %start
  %_4 = sext i32 %n to i64
  %xtraiter = and i64 %_4, 3
  %2 = icmp ult i32 %n, 4
  br i1 %2, label %bb8.i.i.i.i.i.epil.preheader, label %bb5.i.i.i.i.i.new

bb5.i.i.i.i.i.new:                                ; preds = %bb5.i.i.i.i.i
  %unroll_iter = and i64 %_4, -4
  br label %bb8.i.i.i.i.i

bb8.i.i.i.i.i:                                    ; preds = %bb8.i.i.i.i.i, %bb5.i.i.i.i.i.new
  %f.sroa.0.0.i.i.i.i.i = phi i64 [ 0, %bb5.i.i.i.i.i.new ], [ %_6.i.i.i.i.i.i.i.i.3, %bb8.i.i.i.i.i ]
  %acc.sroa.0.0.i.i.i.i.i = phi double [ -0.000000e+00, %bb5.i.i.i.i.i.new ], [ %_0.i.i.i.i.i.i.i.i.3, %bb8.i.i.i.i.i ]
  %niter = phi i64 [ 0, %bb5.i.i.i.i.i.new ], [ %niter.next.3, %bb8.i.i.i.i.i ]
  %_45.i.i.i.i.i = getelementptr inbounds nuw double, ptr %x, i64 %f.sroa.0.0.i.i.i.i.i
  %_6.i.i.i.i.i.i.i.i = or disjoint i64 %f.sroa.0.0.i.i.i.i.i, 1
  %_5.i.i.i.i.i.i.i.i = uitofp i64 %_6.i.i.i.i.i.i.i.i to double
  %_3.i.i.i.i.i.i.i.i.i = load double, ptr %_45.i.i.i.i.i, align 8, !alias.scope !61, !noalias !70, !noundef !6
  %_0.i.i.i.i.i.i.i.i.i = fmul double %_3.i.i.i.i.i.i.i.i.i, %_5.i.i.i.i.i.i.i.i
  %_0.i.i.i.i.i.i.i.i = fadd double %acc.sroa.0.0.i.i.i.i.i, %_0.i.i.i.i.i.i.i.i.i
  %_45.i.i.i.i.i.1 = getelementptr inbounds nuw double, ptr %x, i64 %_6.i.i.i.i.i.i.i.i
  %_6.i.i.i.i.i.i.i.i.1 = or disjoint i64 %f.sroa.0.0.i.i.i.i.i, 2
  %_5.i.i.i.i.i.i.i.i.1 = uitofp i64 %_6.i.i.i.i.i.i.i.i.1 to double
  %_3.i.i.i.i.i.i.i.i.i.1 = load double, ptr %_45.i.i.i.i.i.1, align 8, !alias.scope !61, !noalias !70, !noundef !6
  %_0.i.i.i.i.i.i.i.i.i.1 = fmul double %_3.i.i.i.i.i.i.i.i.i.1, %_5.i.i.i.i.i.i.i.i.1
  %_0.i.i.i.i.i.i.i.i.1 = fadd double %_0.i.i.i.i.i.i.i.i, %_0.i.i.i.i.i.i.i.i.i.1
  %_45.i.i.i.i.i.2 = getelementptr inbounds nuw double, ptr %x, i64 %_6.i.i.i.i.i.i.i.i.1
  %_6.i.i.i.i.i.i.i.i.2 = or disjoint i64 %f.sroa.0.0.i.i.i.i.i, 3
  %_5.i.i.i.i.i.i.i.i.2 = uitofp i64 %_6.i.i.i.i.i.i.i.i.2 to double
  %_3.i.i.i.i.i.i.i.i.i.2 = load double, ptr %_45.i.i.i.i.i.2, align 8, !alias.scope !61, !noalias !70, !noundef !6
  %_0.i.i.i.i.i.i.i.i.i.2 = fmul double %_3.i.i.i.i.i.i.i.i.i.2, %_5.i.i.i.i.i.i.i.i.2
  %_0.i.i.i.i.i.i.i.i.2 = fadd double %_0.i.i.i.i.i.i.i.i.1, %_0.i.i.i.i.i.i.i.i.i.2
  %_45.i.i.i.i.i.3 = getelementptr inbounds nuw double, ptr %x, i64 %_6.i.i.i.i.i.i.i.i.2
  %_6.i.i.i.i.i.i.i.i.3 = add nuw i64 %f.sroa.0.0.i.i.i.i.i, 4
  %_5.i.i.i.i.i.i.i.i.3 = uitofp i64 %_6.i.i.i.i.i.i.i.i.3 to double
  %_3.i.i.i.i.i.i.i.i.i.3 = load double, ptr %_45.i.i.i.i.i.3, align 8, !alias.scope !61, !noalias !70, !noundef !6
  %_0.i.i.i.i.i.i.i.i.i.3 = fmul double %_3.i.i.i.i.i.i.i.i.i.3, %_5.i.i.i.i.i.i.i.i.3
  %_0.i.i.i.i.i.i.i.i.3 = fadd double %_0.i.i.i.i.i.i.i.i.2, %_0.i.i.i.i.i.i.i.i.i.3
  %niter.next.3 = add i64 %niter, 4
  %niter.ncmp.3 = icmp eq i64 %niter.next.3, %unroll_iter
  br i1 %niter.ncmp.3, label %bb5.loopexit.unr-lcssa, label %bb8.i.i.i.i.i

bb5.loopexit.unr-lcssa:                           ; preds = %bb8.i.i.i.i.i
  %3 = and i32 %n, 3
  %lcmp.mod.not = icmp eq i32 %3, 0
  br i1 %lcmp.mod.not, label %bb5, label %bb8.i.i.i.i.i.epil.preheader

bb8.i.i.i.i.i.epil.preheader:                     ; preds = %bb5.loopexit.unr-lcssa, %bb5.i.i.i.i.i
  %f.sroa.0.0.i.i.i.i.i.epil.init = phi i64 [ 0, %bb5.i.i.i.i.i ], [ %_6.i.i.i.i.i.i.i.i.3, %bb5.loopexit.unr-lcssa ]
  %acc.sroa.0.0.i.i.i.i.i.epil.init = phi double [ -0.000000e+00, %bb5.i.i.i.i.i ], [ %_0.i.i.i.i.i.i.i.i.3, %bb5.loopexit.unr-lcssa ]
  %4 = and i32 %n, 3
  %lcmp.mod2 = icmp ne i32 %4, 0
  tail call void @llvm.assume(i1 %lcmp.mod2)
  br label %bb8.i.i.i.i.i.epil

bb8.i.i.i.i.i.epil:                               ; preds = %bb8.i.i.i.i.i.epil, %bb8.i.i.i.i.i.epil.preheader
  %f.sroa.0.0.i.i.i.i.i.epil = phi i64 [ %f.sroa.0.0.i.i.i.i.i.epil.init, %bb8.i.i.i.i.i.epil.preheader ], [ %_6.i.i.i.i.i.i.i.i.epil, %bb8.i.i.i.i.i.epil ]
  %acc.sroa.0.0.i.i.i.i.i.epil = phi double [ %acc.sroa.0.0.i.i.i.i.i.epil.init, %bb8.i.i.i.i.i.epil.preheader ], [ %_0.i.i.i.i.i.i.i.i.epil, %bb8.i.i.i.i.i.epil ]
  %epil.iter = phi i64 [ 0, %bb8.i.i.i.i.i.epil.preheader ], [ %epil.iter.next, %bb8.i.i.i.i.i.epil ]
  %_45.i.i.i.i.i.epil = getelementptr inbounds nuw double, ptr %x, i64 %f.sroa.0.0.i.i.i.i.i.epil
  %_6.i.i.i.i.i.i.i.i.epil = add nuw i64 %f.sroa.0.0.i.i.i.i.i.epil, 1
  %_5.i.i.i.i.i.i.i.i.epil = uitofp i64 %_6.i.i.i.i.i.i.i.i.epil to double
  %_3.i.i.i.i.i.i.i.i.i.epil = load double, ptr %_45.i.i.i.i.i.epil, align 8, !alias.scope !61, !noalias !70, !noundef !6
  %_0.i.i.i.i.i.i.i.i.i.epil = fmul double %_3.i.i.i.i.i.i.i.i.i.epil, %_5.i.i.i.i.i.i.i.i.epil
  %_0.i.i.i.i.i.i.i.i.epil = fadd double %acc.sroa.0.0.i.i.i.i.i.epil, %_0.i.i.i.i.i.i.i.i.i.epil
  %epil.iter.next = add i64 %epil.iter, 1
  %epil.iter.cmp.not = icmp eq i64 %epil.iter.next, %xtraiter
  br i1 %epil.iter.cmp.not, label %bb5, label %bb8.i.i.i.i.i.epil, !llvm.loop !80

bb5:                                              ; preds = %bb5.loopexit.unr-lcssa, %bb8.i.i.i.i.i.epil, %start
  %_0.sroa.0.0.i.i.i.i.i = phi double [ -0.000000e+00, %start ], [ %_0.i.i.i.i.i.i.i.i.3, %bb5.loopexit.unr-lcssa ], [ %_0.i.i.i.i.i.i.i.i.epil, %bb8.i.i.i.i.i.epil ]
  ret double %_0.sroa.0.0.i.i.i.i.i
}

; Function Attrs: nounwind nonlazybind uwtable
declare noundef range(i32 0, 10) i32 @rust_eh_personality(i32 noundef, i32 noundef, i64 noundef, ptr noundef, ptr noundef) unnamed_addr #2

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: write)
declare void @llvm.assume(i1 noundef) #3

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: readwrite)
declare void @llvm.experimental.noalias.scope.decl(metadata) #4

attributes #0 = { nofree norecurse nosync nounwind nonlazybind memory(read, inaccessiblemem: readwrite, target_mem0: none, target_mem1: none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { nofree norecurse nosync nounwind nonlazybind memory(argmem: read, inaccessiblemem: write) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #2 = { nounwind nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #3 = { mustprogress nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: write) }
attributes #4 = { nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: readwrite) }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
!3 = !{!4}
!4 = distinct !{!4, !5, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E: %self"}
!5 = distinct !{!5, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E"}
!6 = !{}
!7 = !{!8, !10, !12, !14}
!8 = distinct !{!8, !9, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul: %self"}
!9 = distinct !{!9, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul"}
!10 = distinct !{!10, !11, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E: %_2.1"}
!11 = distinct !{!11, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E"}
!12 = distinct !{!12, !13, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E: %elt.1"}
!13 = distinct !{!13, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E"}
!14 = distinct !{!14, !15, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %item"}
!15 = distinct !{!15, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E"}
!16 = !{!17, !4}
!17 = distinct !{!17, !15, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %_1"}
!18 = distinct !{!18, !19}
!19 = !{!"llvm.loop.unroll.disable"}
!20 = !{!21}
!21 = distinct !{!21, !22, !"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE: %iter"}
!22 = distinct !{!22, !"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE"}
!23 = !{!24}
!24 = distinct !{!24, !25, !"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE: %self"}
!25 = distinct !{!25, !"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE"}
!26 = !{!27}
!27 = distinct !{!27, !28, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E: %self"}
!28 = distinct !{!28, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E"}
!29 = !{!27, !24, !21}
!30 = !{!31, !33, !35, !37}
!31 = distinct !{!31, !32, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul: %self"}
!32 = distinct !{!32, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul"}
!33 = distinct !{!33, !34, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E: %_2.1"}
!34 = distinct !{!34, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E"}
!35 = distinct !{!35, !36, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E: %elt.1"}
!36 = distinct !{!36, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E"}
!37 = distinct !{!37, !38, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %item"}
!38 = distinct !{!38, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E"}
!39 = !{!40, !27, !24, !21}
!40 = distinct !{!40, !38, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %_1"}
!41 = distinct !{!41, !19}
!42 = !{!43}
!43 = distinct !{!43, !44, !"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE: %self"}
!44 = distinct !{!44, !"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE"}
!45 = !{!46}
!46 = distinct !{!46, !47, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E: %self"}
!47 = distinct !{!47, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E"}
!48 = !{!46, !43}
!49 = !{!50, !52, !54, !56}
!50 = distinct !{!50, !51, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul: %self"}
!51 = distinct !{!51, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul"}
!52 = distinct !{!52, !53, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E: %_2.1"}
!53 = distinct !{!53, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E"}
!54 = distinct !{!54, !55, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E: %elt.1"}
!55 = distinct !{!55, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E"}
!56 = distinct !{!56, !57, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %item"}
!57 = distinct !{!57, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E"}
!58 = !{!59, !46, !43}
!59 = distinct !{!59, !57, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %_1"}
!60 = distinct !{!60, !19}
!61 = !{!62, !64, !66, !68}
!62 = distinct !{!62, !63, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul: %self"}
!63 = distinct !{!63, !"_RNvXs2Y_NtNtCsgEmfK2I1SDS_4core3ops5arithRdINtB6_3MuldE3mul"}
!64 = distinct !{!64, !65, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E: %_2.1"}
!65 = distinct !{!65, !"_ZN5nquad5nquad28_$u7b$$u7b$closure$u7d$$u7d$17h57d148418df72af9E"}
!66 = distinct !{!66, !67, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E: %elt.1"}
!67 = distinct !{!67, !"_ZN4core4iter8adapters3map8map_fold28_$u7b$$u7b$closure$u7d$$u7d$17h10558d84edd0c127E"}
!68 = distinct !{!68, !69, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %item"}
!69 = distinct !{!69, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E"}
!70 = !{!71, !72, !74, !76, !78}
!71 = distinct !{!71, !69, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold9enumerate28_$u7b$$u7b$closure$u7d$$u7d$17h1ea292c4e90839f6E: %_1"}
!72 = distinct !{!72, !73, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E: %self"}
!73 = distinct !{!73, !"_ZN110_$LT$core..iter..adapters..enumerate..Enumerate$LT$I$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17h1b0dfadb6f267ec7E"}
!74 = distinct !{!74, !75, !"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE: %self"}
!75 = distinct !{!75, !"_ZN102_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4fold17he735b679b6e6646fE"}
!76 = distinct !{!76, !77, !"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE: %iter"}
!77 = distinct !{!77, !"_ZN54_$LT$f64$u20$as$u20$core..iter..traits..accum..Sum$GT$3sum17h85c249a0c48ac1dcE"}
!78 = distinct !{!78, !79, !"_ZN4core4iter6traits8iterator8Iterator3sum17h0c781cc37513dc26E: %self"}
!79 = distinct !{!79, !"_ZN4core4iter6traits8iterator8Iterator3sum17h0c781cc37513dc26E"}
!80 = distinct !{!80, !19}
