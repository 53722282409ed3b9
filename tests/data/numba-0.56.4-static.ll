; Numba 0.56.4 @cfunc: raises built-in and custom classes, asserts, divides.
; ModuleID = 'static'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@_ZN08NumbaEnv8__main__6staticB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd = common local_unnamed_addr global i8* null
@.const.pickledata.140487564656256 = internal constant [129 x i8] c"\80\04\95v\00\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94(\8C\0Eit's \22{}\22 \0A\09\C3\A9\94J\FD\FF\FF\FFG@\04\00\00\00\00\00\00\88NK\01\8C\03two\94\86\94\8A\06\00\10\A5\D4\E8\00t\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\0E\87\94\87\94."
@.const.pickledata.140487564656256.sha1 = internal constant [20 x i8] c"g\A3\1B'\BF\B3\E0\80)?\A9\C0\ACr\0D\B2\AB>\C9\07"
@.const.picklebuf.140487564656256 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([129 x i8], [129 x i8]* @.const.pickledata.140487564656256, i32 0, i32 0), i32 129, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.140487564656256.sha1, i32 0, i32 0) }
@.const.pickledata.140487564880320 = internal constant [74 x i8] c"\80\04\95?\00\00\00\00\00\00\00\8C\08builtins\94\8C\08KeyError\94\93\94)\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\10\87\94\87\94."
@.const.pickledata.140487564880320.sha1 = internal constant [20 x i8] c"\AA=\C8ay\96\93>\C9\AC\89J6R\87\A5\E30\0A7"
@.const.picklebuf.140487564880320 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([74 x i8], [74 x i8]* @.const.pickledata.140487564880320, i32 0, i32 0), i32 74, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.140487564880320.sha1, i32 0, i32 0) }
@.const.pickledata.140487564718144 = internal constant [312 x i8] c"\80\04\95-\01\00\00\00\00\00\00\8C\1Dnumba.cloudpickle.cloudpickle\94\8C\14_make_skeleton_class\94\93\94(\8C\08builtins\94\8C\04type\94\93\94\8C\06Custom\94h\03\8C\09Exception\94\93\94\85\94}\94\8C b3cae3fcef2a4341937ba3a8b382e422\94Nt\94R\94\8C\22numba.cloudpickle.cloudpickle_fast\94\8C\0F_class_setstate\94\93\94h\0D}\94(\8C\0A__module__\94\8C\08__main__\94\8C\07__doc__\94Nu}\94\86\94\86R0\8C\06custom\94\85\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\12\87\94\87\94."
@.const.pickledata.140487564718144.sha1 = internal constant [20 x i8] c"\\\D7\BA\FB8\A9e*\E3J\06\D1\D4\A2!\9D3xq0"
@.const.picklebuf.140487564718144 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([312 x i8], [312 x i8]* @.const.pickledata.140487564718144, i32 0, i32 0), i32 312, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.140487564718144.sha1, i32 0, i32 0) }
@.const.pickledata.140487564574784 = internal constant [91 x i8] c"\80\04\95P\00\00\00\00\00\00\00\8C\08builtins\94\8C\0EAssertionError\94\93\94\8C\07too big\94\85\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\13\87\94\87\94."
@.const.pickledata.140487564574784.sha1 = internal constant [20 x i8] c"\0F'\E5\AEN\D9\EB\19\15R\0D\D5.\04\E7\E2\CB\FF\0F\B4"
@.const.picklebuf.140487564574784 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([91 x i8], [91 x i8]* @.const.pickledata.140487564574784, i32 0, i32 0), i32 91, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.140487564574784.sha1, i32 0, i32 0) }
@.const.pickledata.140487564883392 = internal constant [69 x i8] c"\80\04\95:\00\00\00\00\00\00\00\8C\08builtins\94\8C\11ZeroDivisionError\94\93\94\8C\10division by zero\94\85\94N\87\94."
@.const.pickledata.140487564883392.sha1 = internal constant [20 x i8] c"\B2\80\08\A0\F8\8B\AD_\F0\F0$>\84\DA\B9\0C\AB\19\B3f"
@.const.picklebuf.140487564883392 = internal constant { i8*, i32, i8* } { i8* getelementptr inbounds ([69 x i8], [69 x i8]* @.const.pickledata.140487564883392, i32 0, i32 0), i32 69, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.140487564883392.sha1, i32 0, i32 0) }
@PyExc_SystemError = external global i8
@".const.unknown error when calling native function" = internal constant [43 x i8] c"unknown error when calling native function\00"
@".const.<numba.core.cpu.CPUContext object at 0x7fc5d05f5e10>" = internal constant [53 x i8] c"<numba.core.cpu.CPUContext object at 0x7fc5d05f5e10>\00"

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn writeonly
define i32 @_ZN8__main__6staticB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd(double* noalias nocapture writeonly %retptr, { i8*, i32, i8* }** noalias nocapture writeonly %excinfo, double %arg.x, double %arg.y) local_unnamed_addr #0 {
entry:
  %.11 = fcmp olt double %arg.x, 0.000000e+00
  br i1 %.11, label %B16, label %B58

common.ret:                                       ; preds = %B158.endif, %B158.if, %B138, %B96, %B70, %B16
  %common.ret.op = phi i32 [ 1, %B16 ], [ 1, %B70 ], [ 1, %B96 ], [ 1, %B138 ], [ 1, %B158.if ], [ 0, %B158.endif ]
  ret i32 %common.ret.op, !ret_is_raise !0

B16:                                              ; preds = %entry
  store { i8*, i32, i8* }* @.const.picklebuf.140487564656256, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B58:                                              ; preds = %entry
  %.27 = fcmp olt double %arg.x, 1.000000e+00
  br i1 %.27, label %B70, label %B84

B70:                                              ; preds = %B58
  store { i8*, i32, i8* }* @.const.picklebuf.140487564880320, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B84:                                              ; preds = %B58
  %.39 = fcmp olt double %arg.x, 2.000000e+00
  br i1 %.39, label %B96, label %B126

B96:                                              ; preds = %B84
  store { i8*, i32, i8* }* @.const.picklebuf.140487564718144, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B126:                                             ; preds = %B84
  %.51 = fcmp olt double %arg.x, 1.000000e+02
  br i1 %.51, label %B158, label %B138

B138:                                             ; preds = %B126
  store { i8*, i32, i8* }* @.const.picklebuf.140487564574784, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B158:                                             ; preds = %B126
  %.64 = fcmp oeq double %arg.y, 0.000000e+00
  br i1 %.64, label %B158.if, label %B158.endif, !prof !1

B158.if:                                          ; preds = %B158
  store { i8*, i32, i8* }* @.const.picklebuf.140487564883392, { i8*, i32, i8* }** %excinfo, align 8
  br label %common.ret

B158.endif:                                       ; preds = %B158
  %.71 = fdiv double %arg.x, %arg.y
  store double %.71, double* %retptr, align 8
  br label %common.ret
}

define double @cfunc._ZN8__main__6staticB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd(double %.1, double %.2) local_unnamed_addr {
entry:
  %.4 = alloca double, align 8
  store double 0.000000e+00, double* %.4, align 8
  %excinfo = alloca { i8*, i32, i8* }*, align 8
  store { i8*, i32, i8* }* null, { i8*, i32, i8* }** %excinfo, align 8
  %.8 = call i32 @_ZN8__main__6staticB2v1B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAEdd(double* nonnull %.4, { i8*, i32, i8* }** nonnull %excinfo, double %.1, double %.2) #1
  %.9 = load { i8*, i32, i8* }*, { i8*, i32, i8* }** %excinfo, align 8
  %.10.not = icmp eq i32 %.8, 0
  %.16 = icmp sgt i32 %.8, 0
  %.17 = select i1 %.16, { i8*, i32, i8* }* %.9, { i8*, i32, i8* }* undef
  %.18 = load double, double* %.4, align 8
  %.20 = alloca i32, align 4
  store i32 0, i32* %.20, align 4
  br i1 %.10.not, label %entry.endif, label %entry.if, !prof !2

entry.if:                                         ; preds = %entry
  %0 = icmp sgt i32 %.8, 0
  call void @numba_gil_ensure(i32* nonnull %.20)
  br i1 %0, label %entry.if.if, label %entry.if.endif.endif.endif

entry.endif:                                      ; preds = %.23, %entry
  ret double %.18

.23:                                              ; preds = %entry.if.if, %entry.if.if.if, %entry.if.endif.endif.endif
  %.45 = call i8* @PyUnicode_FromString(i8* getelementptr inbounds ([53 x i8], [53 x i8]* @".const.<numba.core.cpu.CPUContext object at 0x7fc5d05f5e10>", i64 0, i64 0))
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
  br i1 %.33.not, label %.23, label %entry.if.if.if, !prof !1

entry.if.if.if:                                   ; preds = %entry.if.if
  call void @numba_do_raise(i8* nonnull %.32)
  br label %.23

entry.if.endif.endif.endif:                       ; preds = %entry.if
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

declare void @PyErr_SetString(i8*, i8*) local_unnamed_addr

attributes #0 = { mustprogress nofree norecurse nosync nounwind willreturn writeonly }
attributes #1 = { noinline }

!0 = !{i1 true}
!1 = !{!"branch_weights", i32 1, i32 99}
!2 = !{!"branch_weights", i32 99, i32 1}
