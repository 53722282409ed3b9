; ModuleID = 'quotient_i32.93b49897e9e3fee0-cgu.0'
source_filename = "quotient_i32.93b49897e9e3fee0-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@alloc_9a4d7eb835e97760bbcb679ecfc1ceea = private unnamed_addr constant [25 x i8] c"src/rust/quotient_i32.rs\00", align 1
@alloc_5b76cc46b8938a0decb0d00ab6217a48 = private unnamed_addr constant <{ ptr, [16 x i8] }> <{ ptr @alloc_9a4d7eb835e97760bbcb679ecfc1ceea, [16 x i8] c"\18\00\00\00\00\00\00\00\05\00\00\00\05\00\00\00" }>, align 8

; Function Attrs: nounwind nonlazybind uwtable
define noundef i32 @quotient_i32(i32 noundef %a, i32 noundef %b) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  %_4 = icmp eq i32 %b, 0
  br i1 %_4, label %panic, label %bb1

bb1:                                              ; preds = %start
  %_5 = icmp eq i32 %b, -1
  %_6 = icmp eq i32 %a, -2147483648
  %_7 = and i1 %_6, %_5
  br i1 %_7, label %panic1, label %bb2

panic:                                            ; preds = %start
; invoke core::panicking::panic_const::panic_const_div_by_zero
  invoke void @_RNvNtNtCsgEmfK2I1SDS_4core9panicking11panic_const23panic_const_div_by_zero(ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24) @alloc_5b76cc46b8938a0decb0d00ab6217a48) #3
          to label %unreachable unwind label %terminate

terminate:                                        ; preds = %panic1, %panic
  %0 = landingpad { ptr, i32 }
          filter [0 x ptr] zeroinitializer
; call core::panicking::panic_cannot_unwind
  tail call void @_RNvNtCsgEmfK2I1SDS_4core9panicking19panic_cannot_unwind() #4
  unreachable

unreachable:                                      ; preds = %panic1, %panic
  unreachable

bb2:                                              ; preds = %bb1
  %_3 = sdiv i32 %a, %b
  %_8 = srem i32 %a, %b
  %_0 = add i32 %_8, %_3
  ret i32 %_0

panic1:                                           ; preds = %bb1
; invoke core::panicking::panic_const::panic_const_div_overflow
  invoke void @_RNvNtNtCsgEmfK2I1SDS_4core9panicking11panic_const24panic_const_div_overflow(ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24) @alloc_5b76cc46b8938a0decb0d00ab6217a48) #3
          to label %unreachable unwind label %terminate
}

; Function Attrs: nounwind nonlazybind uwtable
declare noundef range(i32 0, 10) i32 @rust_eh_personality(i32 noundef, i32 noundef, i64 noundef, ptr noundef, ptr noundef) unnamed_addr #0

; core::panicking::panic_const::panic_const_div_by_zero
; Function Attrs: cold noinline noreturn nonlazybind uwtable
declare void @_RNvNtNtCsgEmfK2I1SDS_4core9panicking11panic_const23panic_const_div_by_zero(ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24)) unnamed_addr #1

; core::panicking::panic_cannot_unwind
; Function Attrs: cold minsize noinline noreturn nounwind nonlazybind optsize uwtable
declare void @_RNvNtCsgEmfK2I1SDS_4core9panicking19panic_cannot_unwind() unnamed_addr #2

; core::panicking::panic_const::panic_const_div_overflow
; Function Attrs: cold noinline noreturn nonlazybind uwtable
declare void @_RNvNtNtCsgEmfK2I1SDS_4core9panicking11panic_const24panic_const_div_overflow(ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24)) unnamed_addr #1

attributes #0 = { nounwind nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { cold noinline noreturn nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #2 = { cold minsize noinline noreturn nounwind nonlazybind optsize uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #3 = { noreturn }
attributes #4 = { cold noreturn nounwind }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
