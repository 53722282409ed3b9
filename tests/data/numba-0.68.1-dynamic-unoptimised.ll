; Numba 0.68.1 @cfunc with NUMBA_OPT=0: raises with arguments that the element computes.
; ModuleID = 'dynamic'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s = common global ptr null
@.const.pickledata.81cb269eab7d8a715ab2706e5e5bca18dc65afbf = internal constant [387 x i8] c"\80\04\95x\01\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94(\8C\08computed\94\8C\12llvmlite.ir.values\94\8C\08Constant\94\93\94)\81\94}\94(\8C\04type\94\8C\11llvmlite.ir.types\94\8C\11_TypedPointerType\94\93\94)\81\94}\94(\8C\09addrspace\94K\00\8C\07pointee\94h\0A\8C\07IntType\94\93\94K\08\85\94\81\94}\94(\8C\05width\94K\08\8C\17_StrCaching__cached_str\94\8C\02i8\94ub\8C\09is_opaque\94\89h\17\8C\03i8*\94ub\8C\08constant\94N\8C&_StringReferenceCaching__cached_refstr\94\8C\04null\94h\17\8C\08i8* null\94ubh\07h\07K\07h\07h\07h\07h\07t\94\8C\07dynamic\94\8C\13/tmp/x/callbacks.py\94K\19\87\94\87\94."
@.const.pickledata.81cb269eab7d8a715ab2706e5e5bca18dc65afbf.sha1 = internal constant [20 x i8] c"\81\CB&\9E\AB}\8AqZ\B2pn^[\CA\18\DCe\AF\BF"
@.const.picklebuf.81cb269eab7d8a715ab2706e5e5bca18dc65afbf = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.81cb269eab7d8a715ab2706e5e5bca18dc65afbf, i32 387, ptr @.const.pickledata.81cb269eab7d8a715ab2706e5e5bca18dc65afbf.sha1, ptr null, i32 0 }
@.const.pickledata.ba289d81f05c7020f3477c15734804df65abe209 = internal constant [86 x i8] c"\80\04\95K\00\00\00\00\00\00\00\8C\08builtins\94\8C\0BMemoryError\94\93\94\8C'Allocation failed (probably too large).\94\85\94N\87\94."
@.const.pickledata.ba289d81f05c7020f3477c15734804df65abe209.sha1 = internal constant [20 x i8] c"\BA(\9D\81\F0\\p \F3G|\15sH\04\DFe\AB\E2\09"
@.const.picklebuf.ba289d81f05c7020f3477c15734804df65abe209 = internal constant { ptr, i32, ptr, ptr, i32 } { ptr @.const.pickledata.ba289d81f05c7020f3477c15734804df65abe209, i32 86, ptr @.const.pickledata.ba289d81f05c7020f3477c15734804df65abe209.sha1, ptr null, i32 0 }
@".const.missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s" = internal constant [130 x i8] c"missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s\00"
@PyExc_RuntimeError = external global i8
@".const.Error creating Python tuple from runtime exception arguments" = internal constant [61 x i8] c"Error creating Python tuple from runtime exception arguments\00"
@PyExc_StopIteration = external global i8
@PyExc_SystemError = external global i8
@".const.unknown error when calling native function" = internal constant [43 x i8] c"unknown error when calling native function\00"
@".const.<numba.core.cpu.CPUContext>" = internal constant [28 x i8] c"<numba.core.cpu.CPUContext>\00"

define i32 @_ZN8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s(ptr noalias captures(none) %retptr, ptr noalias captures(none) %excinfo, double %arg.a, i64 %arg.b, i8 %arg.c, i32 %arg.d, float %arg.e, double %arg.f.0, double %arg.f.1, i16 %arg.g) {
entry:
  %.12 = alloca i1, align 1
  store i1 false, ptr %.12, align 1
  %.14 = icmp eq i8 %arg.c, 0
  %a = alloca double, align 8
  store double 0.000000e+00, ptr %a, align 8
  %b = alloca i64, align 8
  store i64 0, ptr %b, align 8
  %c = alloca i1, align 1
  store i1 false, ptr %c, align 1
  %d = alloca i32, align 4
  store i32 0, ptr %d, align 4
  %e = alloca float, align 4
  store float 0.000000e+00, ptr %e, align 4
  %f = alloca { double, double }, align 8
  store { double, double } zeroinitializer, ptr %f, align 8
  %g = alloca i16, align 2
  store i16 0, ptr %g, align 2
  %try_state = alloca i64, align 8
  store i64 0, ptr %try_state, align 8
  br i1 %.14, label %entry.if, label %entry.else

entry.if:                                         ; preds = %entry
  store i1 false, ptr %.12, align 1
  br label %entry.endif

entry.else:                                       ; preds = %entry
  store i1 true, ptr %.12, align 1
  br label %entry.endif

entry.endif:                                      ; preds = %entry.else, %entry.if
  %.20 = load i1, ptr %.12, align 1
  %inserted.real = insertvalue { double, double } undef, double %arg.f.0, 0
  %inserted.imag = insertvalue { double, double } %inserted.real, double %arg.f.1, 1
  br label %B0

B0:                                               ; preds = %entry.endif
  store double %arg.a, ptr %a, align 8
  store i64 %arg.b, ptr %b, align 8
  store i1 %.20, ptr %c, align 1
  store i32 %arg.d, ptr %d, align 4
  store float %arg.e, ptr %e, align 4
  %extracted.real = extractvalue { double, double } %inserted.imag, 0
  %extracted.imag = extractvalue { double, double } %inserted.imag, 1
  store { double, double } %inserted.imag, ptr %f, align 8
  store i16 %arg.g, ptr %g, align 2
  %.35 = load double, ptr %a, align 8
  %.36 = fcmp olt double %.35, 0.000000e+00
  br i1 %.36, label %B16, label %B62

B16:                                              ; preds = %B0
  %.38 = load double, ptr %a, align 8
  %.39 = load i64, ptr %b, align 8
  %.40 = load i1, ptr %c, align 1
  %.41 = load i32, ptr %d, align 4
  %.42 = load float, ptr %e, align 4
  %.43 = load { double, double }, ptr %f, align 8
  %extracted.real.1 = extractvalue { double, double } %.43, 0
  %extracted.imag.1 = extractvalue { double, double } %.43, 1
  %.44 = load i16, ptr %g, align 2
  %.45 = load { ptr, i32, ptr, ptr, i32 }, ptr @.const.picklebuf.81cb269eab7d8a715ab2706e5e5bca18dc65afbf, align 8
  %.46 = call ptr @NRT_Allocate(i64 56)
  %.47 = icmp eq ptr null, %.46
  br i1 %.47, label %B16.if, label %B16.endif, !prof !0

B62:                                              ; preds = %B0
  %.96 = load i16, ptr %g, align 2
  store i16 0, ptr %g, align 2
  %.98 = load { double, double }, ptr %f, align 8
  %extracted.real.2 = extractvalue { double, double } %.98, 0
  %extracted.imag.2 = extractvalue { double, double } %.98, 1
  store { double, double } zeroinitializer, ptr %f, align 8
  %.100 = load float, ptr %e, align 4
  store float 0.000000e+00, ptr %e, align 4
  %.102 = load i32, ptr %d, align 4
  store i32 0, ptr %d, align 4
  %.104 = load i1, ptr %c, align 1
  store i1 false, ptr %c, align 1
  %.106 = load i64, ptr %b, align 8
  store i64 0, ptr %b, align 8
  %.108 = load double, ptr %a, align 8
  %.109 = load double, ptr %a, align 8
  store double 0.000000e+00, ptr %a, align 8
  store double %.108, ptr %retptr, align 8
  ret i32 0

B16.if:                                           ; preds = %B16
  store ptr @.const.picklebuf.ba289d81f05c7020f3477c15734804df65abe209, ptr %excinfo, align 8, !numba_exception_output !1
  store i64 0, ptr %try_state, align 8
  %.52 = load i64, ptr %try_state, align 8
  %.53 = icmp ugt i64 %.52, 0
  %.54 = load ptr, ptr %excinfo, align 8
  ret i32 1

B16.endif:                                        ; preds = %B16
  %.56 = bitcast ptr %.46 to ptr
  %.57 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 0
  store double %.38, ptr %.57, align 8
  %.59 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 1
  store i64 %.39, ptr %.59, align 8
  %.61 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 2
  store i1 %.40, ptr %.61, align 1
  %.63 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 3
  store i32 %.41, ptr %.63, align 4
  %.65 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 4
  store float %.42, ptr %.65, align 4
  %.67 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 5
  store { double, double } %.43, ptr %.67, align 8
  %.69 = getelementptr { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.56, i32 0, i32 6
  store i16 %.44, ptr %.69, align 2
  %.71 = call ptr @NRT_Allocate(i64 40)
  %.72 = icmp eq ptr null, %.71
  br i1 %.72, label %B16.endif.if, label %B16.endif.endif, !prof !0

B16.endif.if:                                     ; preds = %B16.endif
  store ptr @.const.picklebuf.ba289d81f05c7020f3477c15734804df65abe209, ptr %excinfo, align 8, !numba_exception_output !1
  %.75 = load i64, ptr %try_state, align 8
  %.76 = icmp ugt i64 %.75, 0
  %.77 = load ptr, ptr %excinfo, align 8
  ret i32 1

B16.endif.endif:                                  ; preds = %B16.endif
  %.79 = bitcast ptr %.71 to ptr
  %.80 = extractvalue { ptr, i32, ptr, ptr, i32 } %.45, 0
  %.81 = extractvalue { ptr, i32, ptr, ptr, i32 } %.45, 1
  %.82 = bitcast ptr %.56 to ptr
  %.83 = bitcast ptr @__excinfo_unwrap_argsbfc83468e30295e1dedba69ac6930e01f3c40abc to ptr
  %.84 = getelementptr { ptr, i32, ptr, ptr, i32 }, ptr %.79, i32 0, i32 0
  store ptr %.80, ptr %.84, align 8
  %.86 = getelementptr { ptr, i32, ptr, ptr, i32 }, ptr %.79, i32 0, i32 1
  store i32 %.81, ptr %.86, align 4
  %.88 = getelementptr { ptr, i32, ptr, ptr, i32 }, ptr %.79, i32 0, i32 2
  store ptr %.82, ptr %.88, align 8
  %.90 = getelementptr { ptr, i32, ptr, ptr, i32 }, ptr %.79, i32 0, i32 3
  store ptr %.83, ptr %.90, align 8
  %.92 = getelementptr { ptr, i32, ptr, ptr, i32 }, ptr %.79, i32 0, i32 4
  store i32 7, ptr %.92, align 4
  store ptr %.79, ptr %excinfo, align 8
  ret i32 1
}

declare noalias ptr @NRT_Allocate(i64)

; Function Attrs: noinline nounwind
define ptr @__excinfo_unwrap_argsbfc83468e30295e1dedba69ac6930e01f3c40abc(ptr %.1) #0 {
.3:
  %.4 = bitcast ptr %.1 to ptr
  %.5 = load ptr, ptr @_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s, align 8
  %.6 = icmp eq ptr null, %.5
  %.17 = alloca ptr, align 8
  store ptr null, ptr %.17, align 8
  %.29 = alloca ptr, align 8
  store ptr null, ptr %.29, align 8
  %.40 = alloca { double, double }, align 8
  store { double, double } zeroinitializer, ptr %.40, align 8
  %.52 = alloca ptr, align 8
  store ptr null, ptr %.52, align 8
  br i1 %.6, label %.3.if, label %.3.endif, !prof !0

.3.if:                                            ; preds = %.3
  call void @PyErr_SetString(ptr @PyExc_RuntimeError, ptr @".const.missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s")
  ret ptr null

.3.endif:                                         ; preds = %.3
  %.10 = getelementptr i8, ptr %.5, i64 16
  %.11 = bitcast ptr %.10 to ptr
  %.12 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.13 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.12, 0
  %.14 = call ptr @PyFloat_FromDouble(double %.13)
  %.15 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.16 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.15, 1
  %.19 = call ptr @PyLong_FromLongLong(i64 %.16)
  store ptr %.19, ptr %.17, align 8
  %.21 = load ptr, ptr %.17, align 8
  %.22 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.23 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.22, 2
  %.24 = zext i1 %.23 to i64
  %.25 = call ptr @PyBool_FromLong(i64 %.24)
  %.26 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.27 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.26, 3
  %.28 = zext i32 %.27 to i64
  %.31 = call ptr @PyLong_FromUnsignedLongLong(i64 %.28)
  store ptr %.31, ptr %.29, align 8
  %.33 = load ptr, ptr %.29, align 8
  %.34 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.35 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.34, 4
  %.36 = fpext float %.35 to double
  %.37 = call ptr @PyFloat_FromDouble(double %.36)
  %.38 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.39 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.38, 5
  store { double, double } zeroinitializer, ptr %.40, align 8
  store { double, double } %.39, ptr %.40, align 8
  %.44 = getelementptr inbounds { double, double }, ptr %.40, i32 0, i32 0
  %.45 = load double, ptr %.44, align 8
  %.46 = getelementptr inbounds { double, double }, ptr %.40, i32 0, i32 1
  %.47 = load double, ptr %.46, align 8
  %.48 = call ptr @PyComplex_FromDoubles(double %.45, double %.47)
  %.49 = load { double, i64, i1, i32, float, { double, double }, i16 }, ptr %.4, align 8
  %.50 = extractvalue { double, i64, i1, i32, float, { double, double }, i16 } %.49, 6
  %.51 = sext i16 %.50 to i64
  %.54 = call ptr @PyLong_FromLongLong(i64 %.51)
  store ptr %.54, ptr %.52, align 8
  %.56 = load ptr, ptr %.52, align 8
  call void @NRT_Free(ptr %.1)
  %.58 = call ptr (i64, ...) @PyTuple_Pack(i64 7, ptr %.14, ptr %.21, ptr %.25, ptr %.33, ptr %.37, ptr %.48, ptr %.56)
  ret ptr %.58
}

declare void @PyErr_SetString(ptr, ptr)

declare ptr @PyFloat_FromDouble(double)

declare ptr @PyLong_FromLongLong(i64)

declare ptr @PyBool_FromLong(i64)

declare ptr @PyLong_FromUnsignedLongLong(i64)

declare ptr @PyComplex_FromDoubles(double, double)

declare void @NRT_Free(ptr)

declare ptr @PyTuple_Pack(i64, ...)

define double @cfunc._ZN8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s(double %.1, i64 %.2, i1 %.3, i32 %.4, float %.5, { double, double } %.6, i16 %.7) {
entry:
  %.9 = alloca double, align 8
  store double 0.000000e+00, ptr %.9, align 8
  store double 0.000000e+00, ptr %.9, align 8
  %excinfo = alloca ptr, align 8
  store ptr null, ptr %excinfo, align 8
  %.13 = zext i1 %.3 to i8
  %extracted.real = extractvalue { double, double } %.6, 0
  %extracted.imag = extractvalue { double, double } %.6, 1
  %.14 = call i32 @_ZN8__main__7dynamicB2v1B52c8tJTIeFIjxB2IKSgI4CrvQClUYkACQB1EiFSRRB9GgCAA_3d_3dEdxbjf10complex128s(ptr %.9, ptr %excinfo, double %.1, i64 %.2, i8 %.13, i32 %.4, float %.5, double %extracted.real, double %extracted.imag, i16 %.7) #1
  %.15 = load ptr, ptr %excinfo, align 8
  %.16 = icmp eq i32 %.14, 0
  %.17 = icmp eq i32 %.14, -2
  %.18 = icmp eq i32 %.14, -1
  %.19 = icmp eq i32 %.14, -3
  %.20 = or i1 %.16, %.17
  %.21 = xor i1 %.20, true
  %.22 = icmp sge i32 %.14, 1
  %.23 = select i1 %.22, ptr %.15, ptr undef
  %.24 = load double, ptr %.9, align 8
  %.26 = alloca i32, align 4
  store i32 0, ptr %.26, align 4
  br i1 %.21, label %entry.if, label %entry.endif, !prof !0

entry.if:                                         ; preds = %entry
  call void @numba_gil_ensure(ptr %.26)
  br i1 %.22, label %entry.if.if, label %entry.if.endif

entry.endif:                                      ; preds = %.29, %entry
  ret double %.24

.29:                                              ; preds = %entry.if.endif.endif.endif, %entry.if.endif.endif.if, %entry.if.endif.if, %entry.if.if.endif.endif
  %.77 = call ptr @PyUnicode_FromString(ptr @".const.<numba.core.cpu.CPUContext>")
  call void @PyErr_WriteUnraisable(ptr %.77)
  call void @Py_DecRef(ptr %.77)
  call void @numba_gil_release(ptr %.26)
  br label %entry.endif

entry.if.if:                                      ; preds = %entry.if
  call void @PyErr_Clear()
  %.32 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.33 = extractvalue { ptr, i32, ptr, ptr, i32 } %.32, 4
  %.34 = icmp sgt i32 %.33, 0
  br i1 %.34, label %entry.if.if.if, label %entry.if.if.else

entry.if.endif:                                   ; preds = %entry.if
  br i1 %.19, label %entry.if.endif.if, label %entry.if.endif.endif

entry.if.if.if:                                   ; preds = %entry.if.if
  %.36 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.37 = extractvalue { ptr, i32, ptr, ptr, i32 } %.36, 0
  %.38 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.39 = extractvalue { ptr, i32, ptr, ptr, i32 } %.38, 1
  %.40 = sext i32 %.39 to i64
  %.41 = call ptr @PyBytes_FromStringAndSize(ptr %.37, i64 %.40)
  %.42 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.43 = extractvalue { ptr, i32, ptr, ptr, i32 } %.42, 2
  %.44 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.45 = extractvalue { ptr, i32, ptr, ptr, i32 } %.44, 3
  %.46 = bitcast ptr %.45 to ptr
  %.47 = call ptr %.46(ptr %.43)
  %.48 = icmp eq ptr null, %.47
  br i1 %.48, label %entry.if.if.if.if, label %entry.if.if.if.endif, !prof !0

entry.if.if.else:                                 ; preds = %entry.if.if
  %.56 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.57 = extractvalue { ptr, i32, ptr, ptr, i32 } %.56, 0
  %.58 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.59 = extractvalue { ptr, i32, ptr, ptr, i32 } %.58, 1
  %.60 = load { ptr, i32, ptr, ptr, i32 }, ptr %.23, align 8
  %.61 = extractvalue { ptr, i32, ptr, ptr, i32 } %.60, 2
  %.62 = call ptr @numba_unpickle(ptr %.57, i32 %.59, ptr %.61)
  br label %entry.if.if.endif

entry.if.if.endif:                                ; preds = %entry.if.if.if.endif, %entry.if.if.else
  %.64 = phi ptr [ %.52, %entry.if.if.if.endif ], [ %.62, %entry.if.if.else ]
  %.65 = icmp ne ptr null, %.64
  br i1 %.65, label %entry.if.if.endif.if, label %entry.if.if.endif.endif, !prof !2

entry.if.if.if.if:                                ; preds = %entry.if.if.if
  call void @PyErr_SetString(ptr @PyExc_RuntimeError, ptr @".const.Error creating Python tuple from runtime exception arguments")
  ret double 0.000000e+00

entry.if.if.if.endif:                             ; preds = %entry.if.if.if
  %.52 = call ptr @numba_runtime_build_excinfo_struct(ptr %.41, ptr %.47)
  %.53 = bitcast ptr %.23 to ptr
  call void @NRT_Free(ptr %.53)
  br label %entry.if.if.endif

entry.if.if.endif.if:                             ; preds = %entry.if.if.endif
  call void @numba_do_raise(ptr %.64)
  br label %entry.if.if.endif.endif

entry.if.if.endif.endif:                          ; preds = %entry.if.if.endif.if, %entry.if.if.endif
  br label %.29

entry.if.endif.if:                                ; preds = %entry.if.endif
  call void @PyErr_SetNone(ptr @PyExc_StopIteration)
  br label %.29

entry.if.endif.endif:                             ; preds = %entry.if.endif
  br i1 %.18, label %entry.if.endif.endif.if, label %entry.if.endif.endif.endif

entry.if.endif.endif.if:                          ; preds = %entry.if.endif.endif
  br label %.29

entry.if.endif.endif.endif:                       ; preds = %entry.if.endif.endif
  call void @PyErr_SetString(ptr @PyExc_SystemError, ptr @".const.unknown error when calling native function")
  br label %.29
}

declare void @numba_gil_ensure(ptr)

declare ptr @PyUnicode_FromString(ptr)

declare void @PyErr_WriteUnraisable(ptr)

declare void @Py_DecRef(ptr)

declare void @numba_gil_release(ptr)

declare void @PyErr_Clear()

declare ptr @PyBytes_FromStringAndSize(ptr, i64)

declare ptr @numba_unpickle(ptr, i32, ptr)

declare ptr @numba_runtime_build_excinfo_struct(ptr, ptr)

declare void @numba_do_raise(ptr)

declare void @PyErr_SetNone(ptr)

attributes #0 = { noinline nounwind }
attributes #1 = { noinline }

!0 = !{!"branch_weights", i32 1, i32 99}
!1 = !{i1 true}
!2 = !{!"branch_weights", i32 99, i32 1}
