; ModuleID = 'np_random_normal'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@_ZN08NumbaEnv9callbacks16np_random_normalB2v3B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd = common local_unnamed_addr global i8* null
@".const.unknown error when calling native function" = internal constant [43 x i8] c"unknown error when calling native function\00"
@".const.<numba.core.cpu.CPUContext object at 0x7fffe93c51d0>" = internal constant [53 x i8] c"<numba.core.cpu.CPUContext object at 0x7fffe93c51d0>\00"
@_ZN08NumbaEnv13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd = common local_unnamed_addr global i8* null
@PyExc_StopIteration = external global i8
@PyExc_SystemError = external global i8
@_ZN08NumbaEnv5numba7cpython10randomimpl16_gauss_pair_impl12_3clocals_3e18compute_gauss_pairB2v5B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE = common local_unnamed_addr global i8* null
@_ZN08NumbaEnv13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE = common local_unnamed_addr global i8* null

define i32 @_ZN9callbacks16np_random_normalB2v3B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd(double* noalias nocapture writeonly %retptr, { i8*, i32, i8* }** noalias nocapture writeonly %excinfo, double %arg.mean, double %arg.deviation) local_unnamed_addr {
entry:
  %.17.i = alloca [2 x double], align 8
  %excinfo.1.i = alloca { i8*, i32, i8* }*, align 8
  %0 = bitcast [2 x double]* %.17.i to i8*
  call void @llvm.lifetime.start.p0i8(i64 16, i8* nonnull %0)
  %1 = bitcast { i8*, i32, i8* }** %excinfo.1.i to i8*
  call void @llvm.lifetime.start.p0i8(i64 8, i8* nonnull %1)
  store { i8*, i32, i8* }* null, { i8*, i32, i8* }** %excinfo.1.i, align 8, !noalias !0
  %.6.i = tail call { i32, [624 x i32], i32, double, i32 }* @numba_get_np_random_state()
  %.9.i = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.6.i, i64 0, i32 2
  %.10.i = load i32, i32* %.9.i, align 4, !noalias !0
  %.11.not.i = icmp eq i32 %.10.i, 0
  br i1 %.11.not.i, label %B0.else.i, label %B0.if.i

B0.if.i:                                          ; preds = %entry
  %sunkaddr.i = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.6.i, i64 0, i32 3
  %.13.i = load double, double* %sunkaddr.i, align 8, !noalias !0
  br label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit.thread

B0.else.i:                                        ; preds = %entry
  %2 = bitcast [2 x double]* %.17.i to i8*
  call void @llvm.memset.p0i8.i64(i8* noundef nonnull align 8 dereferenceable(16) %2, i8 0, i64 16, i1 false), !noalias !0
  %.21.i = call i32 @_ZN5numba7cpython10randomimpl16_gauss_pair_impl12_3clocals_3e18compute_gauss_pairB2v5B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE([2 x double]* nonnull %.17.i, { i8*, i32, i8* }** nonnull %excinfo.1.i), !noalias !0
  switch i32 %.21.i, label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit [
    i32 -2, label %B0.else.endif.i
    i32 0, label %B0.else.endif.i
  ]

_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit.thread: ; preds = %B0.if.i, %B0.else.endif.i
  %storemerge.i = phi i32 [ 1, %B0.else.endif.i ], [ 0, %B0.if.i ]
  %result.0.i = phi double [ %.31.fca.1.load.i, %B0.else.endif.i ], [ %.13.i, %B0.if.i ]
  %3 = bitcast { i8*, i32, i8* }** %excinfo.1.i to i8*
  %4 = bitcast [2 x double]* %.17.i to i8*
  %5 = bitcast { i32, [624 x i32], i32, double, i32 }* %.6.i to i8*
  %sunkaddr = getelementptr inbounds i8, i8* %5, i64 2500
  %6 = bitcast i8* %sunkaddr to i32*
  store i32 %storemerge.i, i32* %6, align 4, !noalias !0
  %.50.i = fmul double %result.0.i, %arg.deviation
  %.51.i = fadd double %.50.i, %arg.mean
  call void @llvm.lifetime.end.p0i8(i64 16, i8* nonnull %4)
  call void @llvm.lifetime.end.p0i8(i64 8, i8* nonnull %3)
  store double %.51.i, double* %retptr, align 8
  br label %common.ret

B0.else.endif.i:                                  ; preds = %B0.else.i, %B0.else.i
  %7 = bitcast [2 x double]* %.17.i to double*
  %sunkaddr3.i1 = getelementptr inbounds [2 x double], [2 x double]* %.17.i, i64 0, i64 1
  %.31.fca.1.load.i = load double, double* %sunkaddr3.i1, align 8, !noalias !0
  %.31.fca.0.load.i = load double, double* %7, align 8, !noalias !0
  %sunkaddr4.i = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.6.i, i64 0, i32 3
  store double %.31.fca.0.load.i, double* %sunkaddr4.i, align 8, !noalias !0
  br label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit.thread

_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit: ; preds = %B0.else.i
  %8 = bitcast { i8*, i32, i8* }** %excinfo.1.i to i8*
  %9 = bitcast [2 x double]* %.17.i to i8*
  %.22.i = load { i8*, i32, i8* }*, { i8*, i32, i8* }** %excinfo.1.i, align 8, !noalias !0
  call void @llvm.lifetime.end.p0i8(i64 16, i8* nonnull %9)
  call void @llvm.lifetime.end.p0i8(i64 8, i8* nonnull %8)
  %.18 = icmp sgt i32 %.21.i, 0
  %.19 = select i1 %.18, { i8*, i32, i8* }* %.22.i, { i8*, i32, i8* }* undef
  store { i8*, i32, i8* }* %.19, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

common.ret:                                       ; preds = %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit, %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit.thread
  %common.ret.op = phi i32 [ 0, %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit.thread ], [ %.21.i, %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd.exit ]
  ret i32 %common.ret.op
}

define double @cfunc._ZN9callbacks16np_random_normalB2v3B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd(double %.1, double %.2) local_unnamed_addr {
entry:
  %.4 = alloca double, align 8
  store double 0.000000e+00, double* %.4, align 8
  %excinfo = alloca { i8*, i32, i8* }*, align 8
  store { i8*, i32, i8* }* null, { i8*, i32, i8* }** %excinfo, align 8
  %.8 = call i32 @_ZN9callbacks16np_random_normalB2v3B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd(double* nonnull %.4, { i8*, i32, i8* }** nonnull %excinfo, double %.1, double %.2) #5
  %.9 = load { i8*, i32, i8* }*, { i8*, i32, i8* }** %excinfo, align 8
  %.16 = icmp sgt i32 %.8, 0
  %.17 = select i1 %.16, { i8*, i32, i8* }* %.9, { i8*, i32, i8* }* undef
  %.18 = load double, double* %.4, align 8
  %.20 = alloca i32, align 4
  store i32 0, i32* %.20, align 4
  switch i32 %.8, label %entry.if [
    i32 -2, label %entry.endif
    i32 0, label %entry.endif
  ]

entry.if:                                         ; preds = %entry
  %0 = icmp sgt i32 %.8, 0
  call void @numba_gil_ensure(i32* nonnull %.20)
  br i1 %0, label %entry.if.if, label %entry.if.endif

entry.endif:                                      ; preds = %entry, %entry, %.23
  ret double %.18

.23:                                              ; preds = %entry.if.endif, %entry.if.if, %entry.if.if.if, %entry.if.endif.endif.endif, %entry.if.endif.if
  %.45 = call i8* @PyUnicode_FromString(i8* getelementptr inbounds ([53 x i8], [53 x i8]* @".const.<numba.core.cpu.CPUContext object at 0x7fffe93c51d0>", i64 0, i64 0))
  call void @PyErr_WriteUnraisable(i8* %.45)
  call void @Py_DecRef(i8* %.45)
  call void @numba_gil_release(i32* nonnull %.20)
  br label %entry.endif

entry.if.if:                                      ; preds = %entry.if
  call void @PyErr_Clear()
  %.26 = load { i8*, i32, i8* }, { i8*, i32, i8* }* %.17, align 8
  %.27 = extractvalue { i8*, i32, i8* } %.26, 0
  %.29 = extractvalue { i8*, i32, i8* } %.26, 1
  %.31 = extractvalue { i8*, i32, i8* } %.26, 2
  %.32 = call i8* @numba_unpickle(i8* %.27, i32 %.29, i8* %.31)
  %.33.not = icmp eq i8* %.32, null
  br i1 %.33.not, label %.23, label %entry.if.if.if, !prof !4

entry.if.endif:                                   ; preds = %entry.if
  switch i32 %.8, label %entry.if.endif.endif.endif [
    i32 -3, label %entry.if.endif.if
    i32 -1, label %.23
  ]

entry.if.if.if:                                   ; preds = %entry.if.if
  call void @numba_do_raise(i8* nonnull %.32)
  br label %.23

entry.if.endif.if:                                ; preds = %entry.if.endif
  call void @PyErr_SetNone(i8* nonnull @PyExc_StopIteration)
  br label %.23

entry.if.endif.endif.endif:                       ; preds = %entry.if.endif
  call void @PyErr_SetString(i8* nonnull @PyExc_SystemError, i8* getelementptr inbounds ([43 x i8], [43 x i8]* @".const.unknown error when calling native function", i64 0, i64 0))
  br label %.23
}

declare void @numba_gil_ensure(i32*) local_unnamed_addr

declare i8* @PyUnicode_FromString(i8*) local_unnamed_addr

declare void @PyErr_WriteUnraisable(i8*) local_unnamed_addr

declare void @Py_DecRef(i8*) local_unnamed_addr

declare void @numba_gil_release(i32*) local_unnamed_addr

declare void @PyErr_Clear() local_unnamed_addr

declare i8* @numba_unpickle(i8*, i32, i8*) local_unnamed_addr

declare void @numba_do_raise(i8*) local_unnamed_addr

declare void @PyErr_SetNone(i8*) local_unnamed_addr

declare void @PyErr_SetString(i8*, i8*) local_unnamed_addr

; Function Attrs: nofree nosync nounwind readnone
declare { i32, [624 x i32], i32, double, i32 }* @numba_get_np_random_state() local_unnamed_addr #0

; Function Attrs: argmemonly mustprogress nofree nounwind willreturn writeonly
declare void @llvm.memset.p0i8.i64(i8* nocapture writeonly, i8, i64, i1 immarg) #1

define linkonce_odr i32 @_ZN5numba7cpython10randomimpl16_gauss_pair_impl12_3clocals_3e18compute_gauss_pairB2v5B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE([2 x double]* noalias nocapture writeonly %retptr, { i8*, i32, i8* }** noalias nocapture writeonly %excinfo) local_unnamed_addr {
entry:
  %.4.i = tail call { i32, [624 x i32], i32, double, i32 }* @numba_get_np_random_state()
  %.58.i4711 = bitcast { i32, [624 x i32], i32, double, i32 }* %.4.i to i32*
  %.6.i.pre = load i32, i32* %.58.i4711, align 4, !noalias !5
  br label %B8

B8:                                               ; preds = %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit40, %entry
  %.6.i = phi i32 [ %.40.i25, %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit40 ], [ %.6.i.pre, %entry ]
  %.7.i = icmp ugt i32 %.6.i, 623
  br i1 %.7.i, label %B0.if.i, label %B0.endif.i, !prof !4

B0.if.i:                                          ; preds = %B8
  tail call void @numba_rnd_shuffle({ i32, [624 x i32], i32, double, i32 }* nonnull %.4.i), !noalias !5
  br label %B0.endif.i

B0.endif.i:                                       ; preds = %B0.if.i, %B8
  %.12.i = phi i32 [ 0, %B0.if.i ], [ %.6.i, %B8 ]
  %0 = bitcast { i32, [624 x i32], i32, double, i32 }* %.4.i to i32*
  %1 = zext i32 %.12.i to i64
  %.14.i = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.4.i, i64 0, i32 1, i64 %1
  %.15.i = load i32, i32* %.14.i, align 4, !noalias !5
  %.16.i = add nuw nsw i32 %.12.i, 1
  store i32 %.16.i, i32* %0, align 4, !noalias !5
  %.18.i = lshr i32 %.15.i, 11
  %.19.i = xor i32 %.18.i, %.15.i
  %.20.i = shl i32 %.19.i, 7
  %.21.i = and i32 %.20.i, -1658038656
  %.22.i = xor i32 %.21.i, %.19.i
  %.23.i = shl i32 %.22.i, 15
  %.24.i = and i32 %.23.i, -272236544
  %.25.i = xor i32 %.24.i, %.22.i
  %.31.i = icmp ugt i32 %.12.i, 622
  br i1 %.31.i, label %B0.endif.if.i, label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit, !prof !4

B0.endif.if.i:                                    ; preds = %B0.endif.i
  tail call void @numba_rnd_shuffle({ i32, [624 x i32], i32, double, i32 }* nonnull %.4.i), !noalias !5
  br label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit

_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit: ; preds = %B0.endif.if.i, %B0.endif.i
  %.36.i = phi i32 [ 0, %B0.endif.if.i ], [ %.16.i, %B0.endif.i ]
  %2 = bitcast { i32, [624 x i32], i32, double, i32 }* %.4.i to i32*
  %3 = lshr i32 %.25.i, 23
  %4 = lshr i32 %.25.i, 5
  %.28.i = xor i32 %3, %4
  %5 = zext i32 %.36.i to i64
  %.38.i = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.4.i, i64 0, i32 1, i64 %5
  %.39.i = load i32, i32* %.38.i, align 4, !noalias !5
  %.40.i = add nuw nsw i32 %.36.i, 1
  store i32 %.40.i, i32* %2, align 4, !noalias !5
  %.42.i = lshr i32 %.39.i, 11
  %.43.i = xor i32 %.42.i, %.39.i
  %.44.i = shl i32 %.43.i, 7
  %.45.i = and i32 %.44.i, -1658038656
  %.46.i = xor i32 %.45.i, %.43.i
  %.47.i = shl i32 %.46.i, 15
  %.48.i = and i32 %.47.i, -272236544
  %.49.i = xor i32 %.48.i, %.46.i
  %6 = lshr i32 %.49.i, 24
  %7 = lshr i32 %.49.i, 6
  %.52.i = xor i32 %6, %7
  %.53.i = uitofp i32 %.28.i to double
  %.54.i = uitofp i32 %.52.i to double
  %.55.i = fmul double %.53.i, 0x4190000000000000
  %.56.i = fadd double %.55.i, %.54.i
  %.57.i = fmul double %.56.i, 0x3CA0000000000000
  %.31 = fmul double %.57.i, 2.000000e+00
  %.32 = fadd double %.31, -1.000000e+00
  %.7.i4 = icmp ugt i32 %.36.i, 622
  br i1 %.7.i4, label %B0.if.i5, label %B0.endif.i19, !prof !4

B0.if.i5:                                         ; preds = %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit
  tail call void @numba_rnd_shuffle({ i32, [624 x i32], i32, double, i32 }* nonnull %.4.i), !noalias !8
  br label %B0.endif.i19

B0.endif.i19:                                     ; preds = %B0.if.i5, %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit
  %.12.i6 = phi i32 [ 0, %B0.if.i5 ], [ %.40.i, %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit ]
  %8 = bitcast { i32, [624 x i32], i32, double, i32 }* %.4.i to i32*
  %9 = zext i32 %.12.i6 to i64
  %.14.i7 = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.4.i, i64 0, i32 1, i64 %9
  %.15.i8 = load i32, i32* %.14.i7, align 4, !noalias !8
  %.16.i9 = add nuw nsw i32 %.12.i6, 1
  store i32 %.16.i9, i32* %8, align 4, !noalias !8
  %.18.i10 = lshr i32 %.15.i8, 11
  %.19.i11 = xor i32 %.18.i10, %.15.i8
  %.20.i12 = shl i32 %.19.i11, 7
  %.21.i13 = and i32 %.20.i12, -1658038656
  %.22.i14 = xor i32 %.21.i13, %.19.i11
  %.23.i15 = shl i32 %.22.i14, 15
  %.24.i16 = and i32 %.23.i15, -272236544
  %.25.i17 = xor i32 %.24.i16, %.22.i14
  %.31.i18 = icmp ugt i32 %.12.i6, 622
  br i1 %.31.i18, label %B0.endif.if.i20, label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit40, !prof !4

B0.endif.if.i20:                                  ; preds = %B0.endif.i19
  tail call void @numba_rnd_shuffle({ i32, [624 x i32], i32, double, i32 }* nonnull %.4.i), !noalias !8
  br label %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit40

_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit40: ; preds = %B0.endif.if.i20, %B0.endif.i19
  %.36.i21 = phi i32 [ 0, %B0.endif.if.i20 ], [ %.16.i9, %B0.endif.i19 ]
  %10 = bitcast { i32, [624 x i32], i32, double, i32 }* %.4.i to i32*
  %11 = lshr i32 %.25.i17, 23
  %12 = lshr i32 %.25.i17, 5
  %.28.i22 = xor i32 %11, %12
  %13 = zext i32 %.36.i21 to i64
  %.38.i23 = getelementptr inbounds { i32, [624 x i32], i32, double, i32 }, { i32, [624 x i32], i32, double, i32 }* %.4.i, i64 0, i32 1, i64 %13
  %.39.i24 = load i32, i32* %.38.i23, align 4, !noalias !8
  %.40.i25 = add nuw nsw i32 %.36.i21, 1
  store i32 %.40.i25, i32* %10, align 4, !noalias !8
  %.42.i26 = lshr i32 %.39.i24, 11
  %.43.i27 = xor i32 %.42.i26, %.39.i24
  %.44.i28 = shl i32 %.43.i27, 7
  %.45.i29 = and i32 %.44.i28, -1658038656
  %.46.i30 = xor i32 %.45.i29, %.43.i27
  %.47.i31 = shl i32 %.46.i30, 15
  %.48.i32 = and i32 %.47.i31, -272236544
  %.49.i33 = xor i32 %.48.i32, %.46.i30
  %14 = lshr i32 %.49.i33, 24
  %15 = lshr i32 %.49.i33, 6
  %.52.i34 = xor i32 %14, %15
  %.53.i35 = uitofp i32 %.28.i22 to double
  %.54.i36 = uitofp i32 %.52.i34 to double
  %.55.i37 = fmul double %.53.i35, 0x4190000000000000
  %.56.i38 = fadd double %.55.i37, %.54.i36
  %.57.i39 = fmul double %.56.i38, 0x3CA0000000000000
  %.60 = fmul double %.57.i39, 2.000000e+00
  %.61 = fadd double %.60, -1.000000e+00
  %.67 = fmul double %.32, %.32
  %.70 = fmul double %.61, %.61
  %.71 = fadd double %.67, %.70
  %.76 = fcmp olt double %.71, 1.000000e+00
  %.79 = fcmp une double %.71, 0.000000e+00
  %or.cond = and i1 %.76, %.79
  br i1 %or.cond, label %common.ret, label %B8

common.ret:                                       ; preds = %_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE.exit40
  %.90 = tail call double @llvm.log.f64(double %.71)
  %.91 = fmul double %.90, -2.000000e+00
  %.100 = fdiv double %.91, %.71
  %.103 = tail call double @sqrt(double %.100)
  %.105 = fmul double %.32, %.103
  %.109 = fmul double %.61, %.103
  %retptr.repack4822 = bitcast [2 x double]* %retptr to double*
  store double %.105, double* %retptr.repack4822, align 8
  %retptr.repack44 = getelementptr inbounds [2 x double], [2 x double]* %retptr, i64 0, i64 1
  store double %.109, double* %retptr.repack44, align 8
  ret i32 0, !ret_is_raise !11
}

declare void @numba_rnd_shuffle({ i32, [624 x i32], i32, double, i32 }* nocapture) local_unnamed_addr

; Function Attrs: mustprogress nofree nosync nounwind readnone speculatable willreturn
declare double @llvm.log.f64(double) #2

; Function Attrs: mustprogress nofree nosync nounwind readnone willreturn
declare double @sqrt(double) local_unnamed_addr #3

; Function Attrs: argmemonly mustprogress nofree nosync nounwind willreturn
declare void @llvm.lifetime.start.p0i8(i64 immarg, i8* nocapture) #4

; Function Attrs: argmemonly mustprogress nofree nosync nounwind willreturn
declare void @llvm.lifetime.end.p0i8(i64 immarg, i8* nocapture) #4

attributes #0 = { nofree nosync nounwind readnone }
attributes #1 = { argmemonly mustprogress nofree nounwind willreturn writeonly }
attributes #2 = { mustprogress nofree nosync nounwind readnone speculatable willreturn }
attributes #3 = { mustprogress nofree nosync nounwind readnone willreturn }
attributes #4 = { argmemonly mustprogress nofree nosync nounwind willreturn }
attributes #5 = { noinline }

!0 = !{!1, !3}
!1 = distinct !{!1, !2, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd: %retptr"}
!2 = distinct !{!2, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd"}
!3 = distinct !{!3, !2, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_normal_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAEdd: %excinfo"}
!4 = !{!"branch_weights", i32 1, i32 99}
!5 = !{!6}
!6 = distinct !{!6, !7, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE: %retptr"}
!7 = distinct !{!7, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE"}
!8 = !{!9}
!9 = distinct !{!9, !10, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE: %retptr"}
!10 = distinct !{!10, !"_ZN13_3cdynamic_3e96jit_wrapper__built_in_method_random_of_numpy_random_mtrand_RandomState_object_at_0x7fffebf4b540_B2v6B44c8tJTIcFHzwl2ILiXkcBV0KBSiNFJlQEMzphEkUQTZoAE"}
!11 = !{i1 true}
