; Numba 0.62.1 @cfunc: raises with arguments that the element computes.
; ModuleID = 'dynamic'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s = common local_unnamed_addr global ptr null
@.const.pickledata.140200475420544 = internal constant [387 x i8] c"\80\04\95x\01\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94(\8C\08computed\94\8C\12llvmlite.ir.values\94\8C\08Constant\94\93\94)\81\94}\94(\8C\04type\94\8C\11llvmlite.ir.types\94\8C\11_TypedPointerType\94\93\94)\81\94}\94(\8C\09addrspace\94K\00\8C\07pointee\94h\0A\8C\07IntType\94\93\94K\08\85\94\81\94}\94(\8C\05width\94K\08\8C\17_StrCaching__cached_str\94\8C\02i8\94ub\8C\09is_opaque\94\89h\17\8C\03i8*\94ub\8C\08constant\94N\8C&_StringReferenceCaching__cached_refstr\94\8C\04null\94h\17\8C\08i8* null\94ubh\07h\07K\07h\07h\07h\07h\07t\94\8C\07dynamic\94\8C\13/tmp/x/callbacks.py\94K\19\87\94\87\94."
@.const.pickledata.140200477394112 = internal constant [86 x i8] c"\80\04\95K\00\00\00\00\00\00\00\8C\08builtins\94\8C\0BMemoryError\94\93\94\8C'Allocation failed (probably too large).\94\85\94N\87\94."
@.const.pickledata.140200477394112.sha1 = internal constant [20 x i8] c"\BA(\9D\81\F0\\p \F3G|\15sH\04\DFe\AB\E2\09"
@.const.picklebuf.140200477394112 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.140200477394112, i32 86, ptr @.const.pickledata.140200477394112.sha1, ptr null, i32 0 }
@".const.missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s" = internal constant [130 x i8] c"missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s\00"
@PyExc_RuntimeError = external global i8
@".const.Error creating Python tuple from runtime exception arguments" = internal constant [61 x i8] c"Error creating Python tuple from runtime exception arguments\00"
@".const.<numba.core.cpu.CPUContext object at 0x7f82f788e310>" = internal constant [53 x i8] c"<numba.core.cpu.CPUContext object at 0x7f82f788e310>\00"

define range(i32 0, 2) i32 @_ZN8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s(ptr noalias nocapture writeonly %retptr, ptr noalias nocapture writeonly %excinfo, double %arg.a, i64 %arg.b, i8 %arg.c, i32 %arg.d, float %arg.e, double %arg.f.0, double %arg.f.1, i16 %arg.g) local_unnamed_addr {
entry:
  %.36 = fcmp olt double %arg.a, 0.000000e+00
  br i1 %.36, label %B16, label %B62

B16:                                              ; preds = %entry
  %.46 = tail call ptr @NRT_Allocate(i64 56)
  %.47 = icmp eq ptr %.46, null
  br i1 %.47, label %B16.if, label %B16.endif, !prof !0

common.ret:                                       ; preds = %B16.endif.endif, %B16.endif.if, %B16.if, %B62
  %common.ret.op = phi i32 [ 0, %B62 ], [ 1, %B16.if ], [ 1, %B16.endif.if ], [ 1, %B16.endif.endif ]
  ret i32 %common.ret.op

B62:                                              ; preds = %entry
  store double %arg.a, ptr %retptr, align 8
  br label %common.ret

B16.if:                                           ; preds = %B16
  store ptr @.const.picklebuf.140200477394112, ptr %excinfo, align 8, !numba_exception_output !1
  br label %common.ret

B16.endif:                                        ; preds = %B16
  %0 = icmp ne i8 %arg.c, 0
  store double %arg.a, ptr %.46, align 8
  %.59 = getelementptr i8, ptr %.46, i64 8
  store i64 %arg.b, ptr %.59, align 8
  %.61 = getelementptr i8, ptr %.46, i64 16
  store i1 %0, ptr %.61, align 1
  %.63 = getelementptr i8, ptr %.46, i64 20
  store i32 %arg.d, ptr %.63, align 4
  %.65 = getelementptr i8, ptr %.46, i64 24
  store float %arg.e, ptr %.65, align 4
  %.67 = getelementptr i8, ptr %.46, i64 32
  store double %arg.f.0, ptr %.67, align 8
  %.67.repack7 = getelementptr i8, ptr %.46, i64 40
  store double %arg.f.1, ptr %.67.repack7, align 8
  %.69 = getelementptr i8, ptr %.46, i64 48
  store i16 %arg.g, ptr %.69, align 2
  %.71 = tail call ptr @NRT_Allocate(i64 40)
  %.72 = icmp eq ptr %.71, null
  br i1 %.72, label %B16.endif.if, label %B16.endif.endif, !prof !0

B16.endif.if:                                     ; preds = %B16.endif
  store ptr @.const.picklebuf.140200477394112, ptr %excinfo, align 8, !numba_exception_output !1
  br label %common.ret

B16.endif.endif:                                  ; preds = %B16.endif
  store ptr @.const.pickledata.140200475420544, ptr %.71, align 8
  %.86 = getelementptr i8, ptr %.71, i64 8
  store i32 387, ptr %.86, align 4
  %.88 = getelementptr i8, ptr %.71, i64 16
  store ptr %.46, ptr %.88, align 8
  %.90 = getelementptr i8, ptr %.71, i64 24
  store ptr @__excinfo_unwrap_args56d11cd73942ece86bf324238c6648a761ab13bc, ptr %.90, align 8
  %.92 = getelementptr i8, ptr %.71, i64 32
  store i32 7, ptr %.92, align 4
  store ptr %.71, ptr %excinfo, align 8
  br label %common.ret
}

declare noalias ptr @NRT_Allocate(i64) local_unnamed_addr

; Function Attrs: noinline nounwind
define ptr @__excinfo_unwrap_args56d11cd73942ece86bf324238c6648a761ab13bc(ptr %.1) #0 {
.3:
  %.5 = load ptr, ptr @_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s, align 8
  %.6 = icmp eq ptr %.5, null
  br i1 %.6, label %.3.if, label %.3.endif, !prof !0

.3.if:                                            ; preds = %.3
  tail call void @PyErr_SetString(ptr nonnull @PyExc_RuntimeError, ptr nonnull @".const.missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s") #1
  ret ptr null

.3.endif:                                         ; preds = %.3
  %.15 = load double, ptr %.1, align 8
  %.16 = tail call ptr @PyFloat_FromDouble(double %.15) #1
  %0 = getelementptr inbounds nuw i8, ptr %.1, i64 8
  %.18 = load i64, ptr %0, align 8
  %.21 = tail call ptr @PyLong_FromLongLong(i64 %.18) #1
  %1 = getelementptr inbounds nuw i8, ptr %.1, i64 16
  %.25 = load i1, ptr %1, align 1
  %.26 = zext i1 %.25 to i64
  %.27 = tail call ptr @PyBool_FromLong(i64 %.26) #1
  %2 = getelementptr inbounds nuw i8, ptr %.1, i64 20
  %.29 = load i32, ptr %2, align 4
  %.30 = zext i32 %.29 to i64
  %.33 = tail call ptr @PyLong_FromUnsignedLongLong(i64 %.30) #1
  %3 = getelementptr inbounds nuw i8, ptr %.1, i64 24
  %.37 = load float, ptr %3, align 4
  %.38 = fpext float %.37 to double
  %.39 = tail call ptr @PyFloat_FromDouble(double %.38) #1
  %4 = getelementptr inbounds nuw i8, ptr %.1, i64 32
  %.41.unpack = load double, ptr %4, align 8
  %.41.elt3 = getelementptr inbounds nuw i8, ptr %.1, i64 40
  %.41.unpack4 = load double, ptr %.41.elt3, align 8
  %.50 = tail call ptr @PyComplex_FromDoubles(double %.41.unpack, double %.41.unpack4) #1
  %5 = getelementptr inbounds nuw i8, ptr %.1, i64 48
  %.52 = load i16, ptr %5, align 2
  %.53 = sext i16 %.52 to i64
  %.56 = tail call ptr @PyLong_FromLongLong(i64 %.53) #1
  tail call void @NRT_Free(ptr nonnull %.1) #1
  %.60 = tail call ptr (i64, ...) @PyTuple_Pack(i64 7, ptr %.16, ptr %.21, ptr %.27, ptr %.33, ptr %.39, ptr %.50, ptr %.56) #1
  ret ptr %.60
}

declare void @PyErr_SetString(ptr, ptr) local_unnamed_addr

declare ptr @PyFloat_FromDouble(double) local_unnamed_addr

declare ptr @PyLong_FromLongLong(i64) local_unnamed_addr

declare ptr @PyBool_FromLong(i64) local_unnamed_addr

declare ptr @PyLong_FromUnsignedLongLong(i64) local_unnamed_addr

declare ptr @PyComplex_FromDoubles(double, double) local_unnamed_addr

declare void @NRT_Free(ptr) local_unnamed_addr

declare ptr @PyTuple_Pack(i64, ...) local_unnamed_addr

define double @cfunc._ZN8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s(double %.1, i64 %.2, i1 %.3, i32 %.4, float %.5, { double, double } %.6, i16 %.7) local_unnamed_addr {
entry:
  %.9 = alloca double, align 8
  store double 0.000000e+00, ptr %.9, align 8
  %excinfo = alloca ptr, align 8
  store ptr null, ptr %excinfo, align 8
  %.13 = zext i1 %.3 to i8
  %extracted.real = extractvalue { double, double } %.6, 0
  %extracted.imag = extractvalue { double, double } %.6, 1
  %.14 = call i32 @_ZN8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s(ptr nonnull %.9, ptr nonnull %excinfo, double %.1, i64 %.2, i8 %.13, i32 %.4, float %.5, double %extracted.real, double %extracted.imag, i16 %.7) #2
  %.15 = load ptr, ptr %excinfo, align 8
  %.24 = load double, ptr %.9, align 8
  %.26 = alloca i32, align 4
  store i32 0, ptr %.26, align 4
  %cond = icmp eq i32 %.14, 0
  br i1 %cond, label %common.ret, label %entry.if.if

common.ret:                                       ; preds = %entry, %.29, %entry.if.if.if.if
  %common.ret.op = phi double [ 0.000000e+00, %entry.if.if.if.if ], [ %.24, %.29 ], [ %.24, %entry ]
  ret double %common.ret.op

.29:                                              ; preds = %entry.if.if.endif, %entry.if.if.endif.if
  %.77 = call ptr @PyUnicode_FromString(ptr nonnull @".const.<numba.core.cpu.CPUContext object at 0x7f82f788e310>")
  call void @PyErr_WriteUnraisable(ptr %.77)
  call void @Py_DecRef(ptr %.77)
  call void @numba_gil_release(ptr nonnull %.26)
  br label %common.ret

entry.if.if:                                      ; preds = %entry
  call void @numba_gil_ensure(ptr nonnull %.26)
  call void @PyErr_Clear()
  %.32 = load { ptr, i32, ptr, ptr, i32 }, ptr %.15, align 8
  %.33 = extractvalue { ptr, i32, ptr, ptr, i32 } %.32, 4
  %.34 = icmp sgt i32 %.33, 0
  %.37 = extractvalue { ptr, i32, ptr, ptr, i32 } %.32, 0
  %.39 = extractvalue { ptr, i32, ptr, ptr, i32 } %.32, 1
  br i1 %.34, label %entry.if.if.if, label %entry.if.if.else

entry.if.if.if:                                   ; preds = %entry.if.if
  %.40 = sext i32 %.39 to i64
  %.41 = call ptr @PyBytes_FromStringAndSize(ptr %.37, i64 %.40)
  %.42 = load { ptr, i32, ptr, ptr, i32 }, ptr %.15, align 8
  %.43 = extractvalue { ptr, i32, ptr, ptr, i32 } %.42, 2
  %.45 = extractvalue { ptr, i32, ptr, ptr, i32 } %.42, 3
  %.47 = call ptr %.45(ptr %.43)
  %.48 = icmp eq ptr %.47, null
  br i1 %.48, label %entry.if.if.if.if, label %entry.if.if.if.endif, !prof !0

entry.if.if.else:                                 ; preds = %entry.if.if
  %.61 = extractvalue { ptr, i32, ptr, ptr, i32 } %.32, 2
  %.62 = call ptr @numba_unpickle(ptr %.37, i32 %.39, ptr %.61)
  br label %entry.if.if.endif

entry.if.if.endif:                                ; preds = %entry.if.if.if.endif, %entry.if.if.else
  %.64 = phi ptr [ %.52, %entry.if.if.if.endif ], [ %.62, %entry.if.if.else ]
  %.65.not = icmp eq ptr %.64, null
  br i1 %.65.not, label %.29, label %entry.if.if.endif.if, !prof !0

entry.if.if.if.if:                                ; preds = %entry.if.if.if
  call void @PyErr_SetString(ptr nonnull @PyExc_RuntimeError, ptr nonnull @".const.Error creating Python tuple from runtime exception arguments")
  br label %common.ret

entry.if.if.if.endif:                             ; preds = %entry.if.if.if
  %.52 = call ptr @numba_runtime_build_excinfo_struct(ptr %.41, ptr nonnull %.47)
  call void @NRT_Free(ptr nonnull %.15)
  br label %entry.if.if.endif

entry.if.if.endif.if:                             ; preds = %entry.if.if.endif
  call void @numba_do_raise(ptr nonnull %.64)
  br label %.29
}

declare void @numba_gil_ensure(ptr) local_unnamed_addr

declare ptr @PyUnicode_FromString(ptr) local_unnamed_addr

declare void @PyErr_WriteUnraisable(ptr) local_unnamed_addr

declare void @Py_DecRef(ptr) local_unnamed_addr

declare void @numba_gil_release(ptr) local_unnamed_addr

declare void @PyErr_Clear() local_unnamed_addr

declare ptr @PyBytes_FromStringAndSize(ptr, i64) local_unnamed_addr

declare ptr @numba_unpickle(ptr, i32, ptr) local_unnamed_addr

declare ptr @numba_runtime_build_excinfo_struct(ptr, ptr) local_unnamed_addr

declare void @numba_do_raise(ptr) local_unnamed_addr

attributes #0 = { noinline nounwind }
attributes #1 = { nounwind }
attributes #2 = { noinline }

!0 = !{!"branch_weights", i32 1, i32 99}
!1 = !{i1 true}
