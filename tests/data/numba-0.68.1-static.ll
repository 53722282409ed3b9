; Numba 0.68.1 @cfunc: raises built-in and custom classes, asserts, divides.
; ModuleID = 'static'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@_ZN08NumbaEnv8__main__6staticB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdd = common local_unnamed_addr global ptr null
@.const.pickledata.67a31b27bfb3e080293fa9c0ac720db2ab3ec907 = internal constant [129 x i8] c"\80\04\95v\00\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94(\8C\0Eit's \22{}\22 \0A\09\C3\A9\94J\FD\FF\FF\FFG@\04\00\00\00\00\00\00\88NK\01\8C\03two\94\86\94\8A\06\00\10\A5\D4\E8\00t\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\0E\87\94\87\94."
@.const.pickledata.67a31b27bfb3e080293fa9c0ac720db2ab3ec907.sha1 = internal constant [20 x i8] c"g\A3\1B'\BF\B3\E0\80)?\A9\C0\ACr\0D\B2\AB>\C9\07"
@.const.picklebuf.67a31b27bfb3e080293fa9c0ac720db2ab3ec907 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.67a31b27bfb3e080293fa9c0ac720db2ab3ec907, i32 129, ptr @.const.pickledata.67a31b27bfb3e080293fa9c0ac720db2ab3ec907.sha1, ptr null, i32 0 }
@.const.pickledata.aa3dc8617996933ec9ac894a365287a5e3300a37 = internal constant [74 x i8] c"\80\04\95?\00\00\00\00\00\00\00\8C\08builtins\94\8C\08KeyError\94\93\94)\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\10\87\94\87\94."
@.const.pickledata.aa3dc8617996933ec9ac894a365287a5e3300a37.sha1 = internal constant [20 x i8] c"\AA=\C8ay\96\93>\C9\AC\89J6R\87\A5\E30\0A7"
@.const.picklebuf.aa3dc8617996933ec9ac894a365287a5e3300a37 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.aa3dc8617996933ec9ac894a365287a5e3300a37, i32 74, ptr @.const.pickledata.aa3dc8617996933ec9ac894a365287a5e3300a37.sha1, ptr null, i32 0 }
@.const.pickledata.171e7de06cd4b07a999e5427d4a9b24d50f77114 = internal constant [293 x i8] c"\80\04\95\1A\01\00\00\00\00\00\00\8C\1Dnumba.cloudpickle.cloudpickle\94\8C\14_make_skeleton_class\94\93\94(\8C\08builtins\94\8C\04type\94\93\94\8C\06Custom\94h\03\8C\09Exception\94\93\94\85\94}\94\8C\0A__module__\94\8C\08__main__\94s\8C 3c5d10209d1942cba146ecf1baf74fcd\94Nt\94R\94h\00\8C\0F_class_setstate\94\93\94h\0F}\94(\8C\07__doc__\94N\8C\0A__module__\94h\0Cu}\94\86\94\86R0\8C\06custom\94\85\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\12\87\94\87\94."
@.const.pickledata.171e7de06cd4b07a999e5427d4a9b24d50f77114.sha1 = internal constant [20 x i8] c"\17\1E}\E0l\D4\B0z\99\9ET'\D4\A9\B2MP\F7q\14"
@.const.picklebuf.171e7de06cd4b07a999e5427d4a9b24d50f77114 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.171e7de06cd4b07a999e5427d4a9b24d50f77114, i32 293, ptr @.const.pickledata.171e7de06cd4b07a999e5427d4a9b24d50f77114.sha1, ptr null, i32 0 }
@.const.pickledata.0f27e5ae4ed9eb1915520dd52e04e7e2cbff0fb4 = internal constant [91 x i8] c"\80\04\95P\00\00\00\00\00\00\00\8C\08builtins\94\8C\0EAssertionError\94\93\94\8C\07too big\94\85\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\13\87\94\87\94."
@.const.pickledata.0f27e5ae4ed9eb1915520dd52e04e7e2cbff0fb4.sha1 = internal constant [20 x i8] c"\0F'\E5\AEN\D9\EB\19\15R\0D\D5.\04\E7\E2\CB\FF\0F\B4"
@.const.picklebuf.0f27e5ae4ed9eb1915520dd52e04e7e2cbff0fb4 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.0f27e5ae4ed9eb1915520dd52e04e7e2cbff0fb4, i32 91, ptr @.const.pickledata.0f27e5ae4ed9eb1915520dd52e04e7e2cbff0fb4.sha1, ptr null, i32 0 }
@.const.pickledata.b28008a0f88bad5ff0f0243e84dab90cab19b366 = internal constant [69 x i8] c"\80\04\95:\00\00\00\00\00\00\00\8C\08builtins\94\8C\11ZeroDivisionError\94\93\94\8C\10division by zero\94\85\94N\87\94."
@.const.pickledata.b28008a0f88bad5ff0f0243e84dab90cab19b366.sha1 = internal constant [20 x i8] c"\B2\80\08\A0\F8\8B\AD_\F0\F0$>\84\DA\B9\0C\AB\19\B3f"
@.const.picklebuf.b28008a0f88bad5ff0f0243e84dab90cab19b366 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.b28008a0f88bad5ff0f0243e84dab90cab19b366, i32 69, ptr @.const.pickledata.b28008a0f88bad5ff0f0243e84dab90cab19b366.sha1, ptr null, i32 0 }
@PyExc_RuntimeError = external global i8
@".const.Error creating Python tuple from runtime exception arguments" = internal constant [61 x i8] c"Error creating Python tuple from runtime exception arguments\00"
@".const.<numba.core.cpu.CPUContext>" = internal constant [28 x i8] c"<numba.core.cpu.CPUContext>\00"

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write)
define range(i32 0, 2) i32 @_ZN8__main__6staticB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdd(ptr noalias writeonly captures(none) %retptr, ptr noalias writeonly captures(none) %excinfo, double %arg.x, double %arg.y) local_unnamed_addr #0 {
B0:
  %.11 = fcmp olt double %arg.x, 0.000000e+00
  br i1 %.11, label %B16, label %B58

common.ret:                                       ; preds = %B158.endif, %B158.if, %B138, %B96, %B70, %B16
  %common.ret.op = phi i32 [ 1, %B16 ], [ 1, %B70 ], [ 1, %B96 ], [ 1, %B138 ], [ 1, %B158.if ], [ 0, %B158.endif ]
  ret i32 %common.ret.op

B16:                                              ; preds = %B0
  store ptr @.const.picklebuf.67a31b27bfb3e080293fa9c0ac720db2ab3ec907, ptr %excinfo, align 8, !numba_exception_output !0
  br label %common.ret

B58:                                              ; preds = %B0
  %.27 = fcmp olt double %arg.x, 1.000000e+00
  br i1 %.27, label %B70, label %B84

B70:                                              ; preds = %B58
  store ptr @.const.picklebuf.aa3dc8617996933ec9ac894a365287a5e3300a37, ptr %excinfo, align 8, !numba_exception_output !0
  br label %common.ret

B84:                                              ; preds = %B58
  %.39 = fcmp olt double %arg.x, 2.000000e+00
  br i1 %.39, label %B96, label %B126

B96:                                              ; preds = %B84
  store ptr @.const.picklebuf.171e7de06cd4b07a999e5427d4a9b24d50f77114, ptr %excinfo, align 8, !numba_exception_output !0
  br label %common.ret

B126:                                             ; preds = %B84
  %.51 = fcmp olt double %arg.x, 1.000000e+02
  br i1 %.51, label %B158, label %B138

B138:                                             ; preds = %B126
  store ptr @.const.picklebuf.0f27e5ae4ed9eb1915520dd52e04e7e2cbff0fb4, ptr %excinfo, align 8, !numba_exception_output !0
  br label %common.ret

B158:                                             ; preds = %B126
  %.64 = fcmp oeq double %arg.y, 0.000000e+00
  br i1 %.64, label %B158.if, label %B158.endif, !prof !1

B158.if:                                          ; preds = %B158
  store ptr @.const.picklebuf.b28008a0f88bad5ff0f0243e84dab90cab19b366, ptr %excinfo, align 8, !numba_exception_output !0
  br label %common.ret

B158.endif:                                       ; preds = %B158
  %.71 = fdiv double %arg.x, %arg.y
  store double %.71, ptr %retptr, align 8
  br label %common.ret
}

define double @cfunc._ZN8__main__6staticB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdd(double %.1, double %.2) local_unnamed_addr {
entry:
  %.4 = alloca double, align 8
  store double 0.000000e+00, ptr %.4, align 8
  %excinfo = alloca ptr, align 8
  store ptr null, ptr %excinfo, align 8
  %.8 = call i32 @_ZN8__main__6staticB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdd(ptr nonnull %.4, ptr nonnull %excinfo, double %.1, double %.2) #1
  %.9 = load ptr, ptr %excinfo, align 8
  %.18 = load double, ptr %.4, align 8
  %.20 = alloca i32, align 4
  store i32 0, ptr %.20, align 4
  %cond = icmp eq i32 %.8, 0
  br i1 %cond, label %common.ret, label %entry.if.if, !prof !2

common.ret:                                       ; preds = %entry, %.23, %entry.if.if.if.if
  %common.ret.op = phi double [ 0.000000e+00, %entry.if.if.if.if ], [ %.18, %.23 ], [ %.18, %entry ]
  ret double %common.ret.op

.23:                                              ; preds = %entry.if.if.endif, %entry.if.if.endif.if
  %.71 = call ptr @PyUnicode_FromString(ptr nonnull @".const.<numba.core.cpu.CPUContext>")
  call void @PyErr_WriteUnraisable(ptr %.71)
  call void @Py_DecRef(ptr %.71)
  call void @numba_gil_release(ptr nonnull %.20)
  br label %common.ret

entry.if.if:                                      ; preds = %entry
  call void @numba_gil_ensure(ptr nonnull %.20)
  call void @PyErr_Clear()
  %.26 = load { ptr, i32, ptr, ptr, i32 }, ptr %.9, align 8
  %.27 = extractvalue { ptr, i32, ptr, ptr, i32 } %.26, 4
  %.28 = icmp sgt i32 %.27, 0
  %.31 = extractvalue { ptr, i32, ptr, ptr, i32 } %.26, 0
  %.33 = extractvalue { ptr, i32, ptr, ptr, i32 } %.26, 1
  br i1 %.28, label %entry.if.if.if, label %entry.if.if.else

entry.if.if.if:                                   ; preds = %entry.if.if
  %.34 = sext i32 %.33 to i64
  %.35 = call ptr @PyBytes_FromStringAndSize(ptr %.31, i64 %.34)
  %.36 = load { ptr, i32, ptr, ptr, i32 }, ptr %.9, align 8
  %.37 = extractvalue { ptr, i32, ptr, ptr, i32 } %.36, 2
  %.39 = extractvalue { ptr, i32, ptr, ptr, i32 } %.36, 3
  %.41 = call ptr %.39(ptr %.37)
  %.42 = icmp eq ptr %.41, null
  br i1 %.42, label %entry.if.if.if.if, label %entry.if.if.if.endif, !prof !1

entry.if.if.else:                                 ; preds = %entry.if.if
  %.55 = extractvalue { ptr, i32, ptr, ptr, i32 } %.26, 2
  %.56 = call ptr @numba_unpickle(ptr %.31, i32 %.33, ptr %.55)
  br label %entry.if.if.endif

entry.if.if.endif:                                ; preds = %entry.if.if.if.endif, %entry.if.if.else
  %.58 = phi ptr [ %.46, %entry.if.if.if.endif ], [ %.56, %entry.if.if.else ]
  %.59.not = icmp eq ptr %.58, null
  br i1 %.59.not, label %.23, label %entry.if.if.endif.if, !prof !1

entry.if.if.if.if:                                ; preds = %entry.if.if.if
  call void @PyErr_SetString(ptr nonnull @PyExc_RuntimeError, ptr nonnull @".const.Error creating Python tuple from runtime exception arguments")
  br label %common.ret

entry.if.if.if.endif:                             ; preds = %entry.if.if.if
  %.46 = call ptr @numba_runtime_build_excinfo_struct(ptr %.35, ptr nonnull %.41)
  call void @NRT_Free(ptr nonnull %.9)
  br label %entry.if.if.endif

entry.if.if.endif.if:                             ; preds = %entry.if.if.endif
  call void @numba_do_raise(ptr nonnull %.58)
  br label %.23
}

declare void @numba_gil_ensure(ptr) local_unnamed_addr

declare ptr @PyUnicode_FromString(ptr) local_unnamed_addr

declare void @PyErr_WriteUnraisable(ptr) local_unnamed_addr

declare void @Py_DecRef(ptr) local_unnamed_addr

declare void @numba_gil_release(ptr) local_unnamed_addr

declare void @PyErr_Clear() local_unnamed_addr

declare ptr @PyBytes_FromStringAndSize(ptr, i64) local_unnamed_addr

declare ptr @numba_unpickle(ptr, i32, ptr) local_unnamed_addr

declare void @PyErr_SetString(ptr, ptr) local_unnamed_addr

declare ptr @numba_runtime_build_excinfo_struct(ptr, ptr) local_unnamed_addr

declare void @NRT_Free(ptr) local_unnamed_addr

declare void @numba_do_raise(ptr) local_unnamed_addr

attributes #0 = { mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write) }
attributes #1 = { noinline }

!0 = !{i1 true}
!1 = !{!"branch_weights", i32 1, i32 99}
!2 = !{!"branch_weights", i32 49, i32 1}
