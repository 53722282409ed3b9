; Numba 0.56.4 @cfunc: a helper that raises, a table, cmath; identity-b.ll is the same callback.
; ModuleID = 'mixed'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@_ZN08NumbaEnv1a5mixedB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdx = common local_unnamed_addr global i8* null
@.const.pickledata.139789192369472 = internal constant [79 x i8] c"\80\04\95D\00\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94\8C\08negative\94\85\94\8C\05mixed\94\8C\0B/tmp/x/a.py\94K\12\87\94\87\94."
@.const.pickledata.139789192369472.sha1 = internal constant [20 x i8] c"#G:B\DE+o\09i[\00A\A7\1FG\80Z,P\F7"
@.const.picklebuf.139789192369472 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([79 x i8], [79 x i8]* @.const.pickledata.139789192369472, i32 0, i32 0), i32 79, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.139789192369472.sha1, i32 0, i32 0) }
@PyExc_StopIteration = external global i8
@".const.unknown error when calling native function" = internal constant [43 x i8] c"unknown error when calling native function\00"
@".const.<numba.core.cpu.CPUContext object at 0x7f23353ddd90>" = internal constant [53 x i8] c"<numba.core.cpu.CPUContext object at 0x7f23353ddd90>\00"
@.const.pickledata.139789193832128 = internal constant [88 x i8] c"\80\04\95M\00\00\00\00\00\00\00\8C\08builtins\94\8C\0AIndexError\94\93\94\8C\10beyond the table\94\85\94\8C\06lookup\94\8C\0B/tmp/x/a.py\94K\0C\87\94\87\94."
@.const.pickledata.139789193832128.sha1 = internal constant [20 x i8] c"\01\81\D5XI5\E1\DF\AA\ECR\D1$\9F\B0\F3\EF\90FL"
@.const.picklebuf.139789193832128 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([88 x i8], [88 x i8]* @.const.pickledata.139789193832128, i32 0, i32 0), i32 88, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.139789193832128.sha1, i32 0, i32 0) }
@.const.array.data = internal unnamed_addr constant [32 x i8] c"\00\00\00\00\00\00\E0?\00\00\00\00\00\00\D0?\00\00\00\00\00\00\C0?\00\00\00\00\00\00\00@", align 8
@_ZN08NumbaEnv1a6lookupB2v2B38c8tJTIcFHzwl2ILiXkcBV0KBSgP9CGZpAgA_3dEx = common local_unnamed_addr global i8* null
@PyExc_SystemError = external global i8
@_ZN08NumbaEnv5numba7cpython9cmathimpl9sqrt_impl12_3clocals_3e9sqrt_implB2v3B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE10complex128 = common local_unnamed_addr global i8* null
@.const.pickledata.139789193825088 = internal constant [69 x i8] c"\80\04\95:\00\00\00\00\00\00\00\8C\08builtins\94\8C\11ZeroDivisionError\94\93\94\8C\10division by zero\94\85\94N\87\94."
@.const.pickledata.139789193825088.sha1 = internal constant [20 x i8] c"\B2\80\08\A0\F8\8B\AD_\F0\F0$>\84\DA\B9\0C\AB\19\B3f"
@.const.picklebuf.139789193825088 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([69 x i8], [69 x i8]* @.const.pickledata.139789193825088, i32 0, i32 0), i32 69, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.139789193825088.sha1, i32 0, i32 0) }
@_ZN08NumbaEnv5numba7cpython8mathimpl16hypot_float_impl12_3clocals_3e10hypot_implB2v4B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dEdd = common local_unnamed_addr global i8* null

define i32 @_ZN1a5mixedB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdx(double* noalias nocapture writeonly %retptr, { i8*, i32, i8* }** noalias nocapture writeonly %excinfo, double %arg.x, i64 %arg.i) local_unnamed_addr {
entry:
  %.12 = fcmp olt double %arg.x, 0.000000e+00
  br i1 %.12, label %B16, label %B46

common.ret:                                       ; preds = %B46.if, %B46.endif.if, %B46.endif.endif, %B16
  %common.ret.op = phi i32 [ 1, %B16 ], [ 0, %B46.endif.endif ], [ 1, %B46.if ], [ 1, %B46.endif.if ]
  ret i32 %common.ret.op, !ret_is_raise !0

B16:                                              ; preds = %entry
  store { i8*, i32, i8* }* @.const.picklebuf.139789192369472, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B46:                                              ; preds = %entry
  %.8.i = icmp sgt i64 %arg.i, 3
  br i1 %.8.i, label %B46.if, label %B46.endif

B46.if:                                           ; preds = %B46
  store { i8*, i32, i8* }* @.const.picklebuf.139789193832128, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B46.endif:                                        ; preds = %B46
  %.58.i = icmp slt i64 %arg.i, 0
  %.59.i = add nsw i64 %arg.i, 4
  %.60.i = select i1 %.58.i, i64 %.59.i, i64 %arg.i
  %.73.i = getelementptr double, double* bitcast ([32 x i8]* @.const.array.data to double*), i64 %.60.i
  %.74.i = load double, double* %.73.i, align 8, !noalias !1
  %0 = call { i64, i1 } @llvm.uadd.with.overflow.i64(i64 %arg.i, i64 1)
  %math = extractvalue { i64, i1 } %0, 0
  %ov = extractvalue { i64, i1 } %0, 1
  %.58 = sitofp i64 %math to double
  %.25.i = fcmp oeq double %arg.x, 0.000000e+00
  %or.cond.i = select i1 %.25.i, i1 %ov, i1 false
  br i1 %or.cond.i, label %B58.i, label %B116.i

B58.i:                                            ; preds = %B46.endif
  %.33.i = tail call double @llvm.fabs.f64(double %.58)
  br label %B46.endif.endif

B116.i:                                           ; preds = %B46.endif
  %.74.i4 = fcmp uno double %arg.x, 0.000000e+00
  br i1 %.74.i4, label %B46.endif.endif, label %B286.i

B286.i:                                           ; preds = %B116.i
  %.95.i = fcmp oeq double %arg.x, 0x7FF0000000000000
  %.96.i = fcmp oeq double %arg.x, 0xFFF0000000000000
  %.97.i = or i1 %.95.i, %.96.i
  br i1 %.97.i, label %B46.endif.endif, label %B516.i

B516.i:                                           ; preds = %B286.i
  %.148.i = tail call double @llvm.fabs.f64(double %arg.x)
  %.149.i = fcmp oge double %.148.i, 0x7FDA827999FCEF32
  %.152.i = tail call double @llvm.fabs.f64(double %.58)
  %.153.i = fcmp oge double %.152.i, 0x7FDA827999FCEF32
  %or.cond2.i = select i1 %.149.i, i1 true, i1 %.153.i
  %.156.i = fmul double %arg.x, 2.500000e-01
  %.163.i = fmul double %.58, 2.500000e-01
  %a.2.0.i = select i1 %or.cond2.i, double %.156.i, double %arg.x
  %b.2.0.i = select i1 %or.cond2.i, double %.163.i, double %.58
  %.188.i = fcmp ult double %a.2.0.i, 0.000000e+00
  %.6.i1.i = tail call double @hypot(double %a.2.0.i, double %b.2.0.i), !noalias !5
  br i1 %.188.i, label %B746.i, label %B634.i

B634.i:                                           ; preds = %B516.i
  %.219.i = fadd double %a.2.0.i, %.6.i1.i
  %.222.i = fmul double %.219.i, 5.000000e-01
  %.223.i = tail call double @sqrt(double %.222.i)
  %.228.i = fmul double %.223.i, 2.000000e+00
  %.230.i = fcmp oeq double %.228.i, 0.000000e+00
  br i1 %.230.i, label %B46.endif.if, label %B922.i, !prof !9

B746.i:                                           ; preds = %B516.i
  %.274.i = fsub double %.6.i1.i, %a.2.0.i
  %.275.i = fmul double %.274.i, 5.000000e-01
  %.276.i = tail call double @sqrt(double %.275.i)
  %.280.i = fmul double %.276.i, 2.000000e+00
  %.281.i = fcmp oeq double %.280.i, 0.000000e+00
  br i1 %.281.i, label %B46.endif.if, label %B746.endif.endif.i, !prof !9

B922.i:                                           ; preds = %B634.i, %B746.endif.endif.i
  %.304.i.pre-phi = phi double [ %.228.i, %B634.i ], [ %.pre, %B746.endif.endif.i ]
  %real.2.0.i = phi double [ %.223.i, %B634.i ], [ %.288.i, %B746.endif.endif.i ]
  %spec.select = select i1 %or.cond2.i, double %.304.i.pre-phi, double %real.2.0.i
  br label %B46.endif.endif

B746.endif.endif.i:                               ; preds = %B746.i
  %.278.i = tail call double @llvm.fabs.f64(double %b.2.0.i)
  %.288.i = fdiv double %.278.i, %.280.i
  %.pre = fmul double %.288.i, 2.000000e+00
  br label %B922.i

B46.endif.if:                                     ; preds = %B634.i, %B746.i
  store { i8*, i32, i8* }* @.const.picklebuf.139789193825088, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B46.endif.endif:                                  ; preds = %B286.i, %B922.i, %B58.i, %B116.i
  %.67.sroa.0.0.ph = phi double [ %arg.x, %B116.i ], [ %.33.i, %B58.i ], [ %spec.select, %B922.i ], [ %arg.x, %B286.i ]
  %.99 = fmul double %.74.i, %.67.sroa.0.0.ph
  %.108.le = tail call double @llvm.exp.f64(double %arg.x)
  %.115 = fadd double %.108.le, %.99
  store double %.115, double* %retptr, align 8
  br label %common.ret
}

; Function Attrs: mustprogress nofree nosync nounwind readnone speculatable willreturn
declare double @llvm.exp.f64(double) #0

define double @cfunc._ZN1a5mixedB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdx(double %.1, i64 %.2) local_unnamed_addr {
entry:
  %.4 = alloca double, align 8
  store double 0.000000e+00, double* %.4, align 8
  %excinfo = alloca { i8*, i32, i8* }*, align 8
  store { i8*, i32, i8* }* null, { i8*, i32, i8* }** %excinfo, align 8
  %.8 = call i32 @_ZN1a5mixedB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdx(double* nonnull %.4, { i8*, i32, i8* }** nonnull %excinfo, double %.1, i64 %.2) #3
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
  %.45 = call i8* @PyUnicode_FromString(i8* getelementptr inbounds ([53 x i8], [53 x i8]* @".const.<numba.core.cpu.CPUContext object at 0x7f23353ddd90>", i64 0, i64 0))
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
  br i1 %.33.not, label %.23, label %entry.if.if.if, !prof !9

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

; Function Attrs: mustprogress nofree nosync nounwind readnone speculatable willreturn
declare double @llvm.fabs.f64(double) #0

declare double @hypot(double, double) local_unnamed_addr

; Function Attrs: mustprogress nofree nosync nounwind readnone willreturn
declare double @sqrt(double) local_unnamed_addr #1

; Function Attrs: nofree nosync nounwind readnone speculatable willreturn
declare { i64, i1 } @llvm.uadd.with.overflow.i64(i64, i64) #2

attributes #0 = { mustprogress nofree nosync nounwind readnone speculatable willreturn }
attributes #1 = { mustprogress nofree nosync nounwind readnone willreturn }
attributes #2 = { nofree nosync nounwind readnone speculatable willreturn }
attributes #3 = { noinline }

!0 = !{i1 true}
!1 = !{!2, !4}
!2 = distinct !{!2, !3, !"_ZN1a6lookupB2v2B38c8tJTIcFHzwl2ILiXkcBV0KBSgP9CGZpAgA_3dEx: %retptr"}
!3 = distinct !{!3, !"_ZN1a6lookupB2v2B38c8tJTIcFHzwl2ILiXkcBV0KBSgP9CGZpAgA_3dEx"}
!4 = distinct !{!4, !3, !"_ZN1a6lookupB2v2B38c8tJTIcFHzwl2ILiXkcBV0KBSgP9CGZpAgA_3dEx: %excinfo"}
!5 = !{!6, !8}
!6 = distinct !{!6, !7, !"_ZN5numba7cpython9cmathimpl9sqrt_impl12_3clocals_3e9sqrt_implB2v3B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE10complex128: %retptr"}
!7 = distinct !{!7, !"_ZN5numba7cpython9cmathimpl9sqrt_impl12_3clocals_3e9sqrt_implB2v3B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE10complex128"}
!8 = distinct !{!8, !7, !"_ZN5numba7cpython9cmathimpl9sqrt_impl12_3clocals_3e9sqrt_implB2v3B44c8tJTC_2fWQA9wW1DkAz0Pj1skAdT4gkkUlYBZmgA_3dE10complex128: %excinfo"}
!9 = !{!"branch_weights", i32 1, i32 99}
