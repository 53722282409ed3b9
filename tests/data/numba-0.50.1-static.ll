; Numba 0.50.1 @cfunc: raises built-in and custom classes, asserts, divides.
; ModuleID = 'static'
source_filename = "<string>"
target datalayout = "e-m:e-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@"_ZN08NumbaEnv8__main__10static$241Edd" = common local_unnamed_addr global i8* null
@.const.picklebuf.140326177853760 = internal constant { i8*, i32 } { i8* getelementptr inbounds ([129 x i8], [129 x i8]* @.const.pickledata.140326177853760, i32 0, i32 0), i32 129 }
@.const.picklebuf.140326177853824 = internal constant { i8*, i32 } { i8* getelementptr inbounds ([74 x i8], [74 x i8]* @.const.pickledata.140326177853824, i32 0, i32 0), i32 74 }
@.const.picklebuf.140326177002176 = internal constant { i8*, i32 } { i8* getelementptr inbounds ([82 x i8], [82 x i8]* @.const.pickledata.140326177002176, i32 0, i32 0), i32 82 }
@.const.picklebuf.140326177028288 = internal constant { i8*, i32 } { i8* getelementptr inbounds ([91 x i8], [91 x i8]* @.const.pickledata.140326177028288, i32 0, i32 0), i32 91 }
@.const.picklebuf.140326176842688 = internal constant { i8*, i32 } { i8* getelementptr inbounds ([69 x i8], [69 x i8]* @.const.pickledata.140326176842688, i32 0, i32 0), i32 69 }
@.const.pickledata.140326176842688 = internal constant [69 x i8] c"\80\05\95:\00\00\00\00\00\00\00\8C\08builtins\94\8C\11ZeroDivisionError\94\93\94\8C\10division by zero\94\85\94N\87\94."
@.const.pickledata.140326177028288 = internal constant [91 x i8] c"\80\05\95P\00\00\00\00\00\00\00\8C\08builtins\94\8C\0EAssertionError\94\93\94\8C\07too big\94\85\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\13\87\94\87\94."
@.const.pickledata.140326177002176 = internal constant [82 x i8] c"\80\05\95G\00\00\00\00\00\00\00\8C\08__main__\94\8C\06Custom\94\93\94\8C\06custom\94\85\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\12\87\94\87\94."
@.const.pickledata.140326177853824 = internal constant [74 x i8] c"\80\05\95?\00\00\00\00\00\00\00\8C\08builtins\94\8C\08KeyError\94\93\94)\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\10\87\94\87\94."
@.const.pickledata.140326177853760 = internal constant [129 x i8] c"\80\05\95v\00\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94(\8C\0Eit's \22{}\22 \0A\09\C3\A9\94J\FD\FF\FF\FFG@\04\00\00\00\00\00\00\88NK\01\8C\03two\94\86\94\8A\06\00\10\A5\D4\E8\00t\94\8C\06static\94\8C\13/tmp/x/callbacks.py\94K\0E\87\94\87\94."
@".const.<numba.core.cpu.CPUContext object at 0x7fa03bf316a0>" = internal constant [53 x i8] c"<numba.core.cpu.CPUContext object at 0x7fa03bf316a0>\00"

; Function Attrs: nofree norecurse nounwind writeonly
define i32 @"_ZN8__main__10static$241Edd"(double* noalias nocapture %retptr, { i8*, i32 }** noalias nocapture %excinfo, double %arg.x, double %arg.y) local_unnamed_addr #0 {
entry:
  %.17 = fcmp olt double %arg.x, 0.000000e+00
  br i1 %.17, label %B10, label %B30

B10:                                              ; preds = %entry
  store { i8*, i32 }* @.const.picklebuf.140326177853760, { i8*, i32 }** %excinfo, align 8
  ret i32 1

B30:                                              ; preds = %entry
  %.115 = fcmp olt double %arg.x, 1.000000e+00
  br i1 %.115, label %B38, label %B42

B38:                                              ; preds = %B30
  store { i8*, i32 }* @.const.picklebuf.140326177853824, { i8*, i32 }** %excinfo, align 8
  ret i32 1

B42:                                              ; preds = %B30
  %.157 = fcmp olt double %arg.x, 2.000000e+00
  br i1 %.157, label %B50, label %B58

B50:                                              ; preds = %B42
  store { i8*, i32 }* @.const.picklebuf.140326177002176, { i8*, i32 }** %excinfo, align 8
  ret i32 1

B58:                                              ; preds = %B42
  %.209 = fcmp olt double %arg.x, 1.000000e+02
  br i1 %.209, label %B74, label %B66

B66:                                              ; preds = %B58
  store { i8*, i32 }* @.const.picklebuf.140326177028288, { i8*, i32 }** %excinfo, align 8
  ret i32 1

B74:                                              ; preds = %B58
  %.258 = fcmp oeq double %arg.y, 0.000000e+00
  br i1 %.258, label %B74.if, label %B74.endif, !prof !0

B74.if:                                           ; preds = %B74
  store { i8*, i32 }* @.const.picklebuf.140326176842688, { i8*, i32 }** %excinfo, align 8
  ret i32 1

B74.endif:                                        ; preds = %B74
  %.265 = fdiv double %arg.x, %arg.y
  store double %.265, double* %retptr, align 8
  ret i32 0
}

define double @"cfunc._ZN8__main__10static$241Edd"(double %.1, double %.2) local_unnamed_addr {
entry:
  %.17.i = fcmp olt double %.1, 0.000000e+00
  br i1 %.17.i, label %entry.if.if, label %B30.i

B30.i:                                            ; preds = %entry
  %.115.i = fcmp olt double %.1, 1.000000e+00
  br i1 %.115.i, label %entry.if.if, label %B42.i

B42.i:                                            ; preds = %B30.i
  %.157.i = fcmp olt double %.1, 2.000000e+00
  br i1 %.157.i, label %entry.if.if, label %B58.i

B58.i:                                            ; preds = %B42.i
  %.209.i = fcmp olt double %.1, 1.000000e+02
  br i1 %.209.i, label %B74.i, label %entry.if.if

B74.i:                                            ; preds = %B58.i
  %.258.i = fcmp oeq double %.2, 0.000000e+00
  br i1 %.258.i, label %entry.if.if, label %"_ZN8__main__10static$241Edd.exit", !prof !0

"_ZN8__main__10static$241Edd.exit":               ; preds = %B74.i
  %.265.i = fdiv double %.1, %.2
  br label %entry.endif

entry.endif:                                      ; preds = %"_ZN8__main__10static$241Edd.exit", %.23
  %.4.06 = phi double [ %.265.i, %"_ZN8__main__10static$241Edd.exit" ], [ 0.000000e+00, %.23 ]
  ret double %.4.06

.23:                                              ; preds = %entry.if.if, %entry.if.if.if
  %.43 = call i8* @PyUnicode_FromString(i8* getelementptr inbounds ([53 x i8], [53 x i8]* @".const.<numba.core.cpu.CPUContext object at 0x7fa03bf316a0>", i64 0, i64 0))
  call void @PyErr_WriteUnraisable(i8* %.43)
  call void @Py_DecRef(i8* %.43)
  call void @numba_gil_release(i32* nonnull %.205)
  br label %entry.endif

entry.if.if:                                      ; preds = %B74.i, %B58.i, %B42.i, %B30.i, %entry
  %excinfo.0.ph = phi { i8*, i32 }* [ @.const.picklebuf.140326176842688, %B74.i ], [ @.const.picklebuf.140326177028288, %B58.i ], [ @.const.picklebuf.140326177002176, %B42.i ], [ @.const.picklebuf.140326177853824, %B30.i ], [ @.const.picklebuf.140326177853760, %entry ]
  %.205 = alloca i32, align 4
  store i32 0, i32* %.205, align 4
  call void @numba_gil_ensure(i32* nonnull %.205)
  call void @PyErr_Clear()
  %.26 = load { i8*, i32 }, { i8*, i32 }* %excinfo.0.ph, align 8
  %.27 = extractvalue { i8*, i32 } %.26, 0
  %.29 = extractvalue { i8*, i32 } %.26, 1
  %.30 = call i8* @numba_unpickle(i8* %.27, i32 %.29)
  %.31 = icmp eq i8* %.30, null
  br i1 %.31, label %.23, label %entry.if.if.if, !prof !0

entry.if.if.if:                                   ; preds = %entry.if.if
  call void @numba_do_raise(i8* nonnull %.30)
  br label %.23
}

declare void @numba_gil_ensure(i32*) local_unnamed_addr

declare i8* @PyUnicode_FromString(i8*) local_unnamed_addr

declare void @PyErr_WriteUnraisable(i8*) local_unnamed_addr

declare void @Py_DecRef(i8*) local_unnamed_addr

declare void @numba_gil_release(i32*) local_unnamed_addr

declare void @PyErr_Clear() local_unnamed_addr

declare i8* @numba_unpickle(i8*, i32) local_unnamed_addr

declare void @numba_do_raise(i8*) local_unnamed_addr

; Function Attrs: nounwind
declare void @llvm.stackprotector(i8*, i8**) #1

attributes #0 = { nofree norecurse nounwind writeonly }
attributes #1 = { nounwind }

!0 = !{!"branch_weights", i32 1, i32 99}
