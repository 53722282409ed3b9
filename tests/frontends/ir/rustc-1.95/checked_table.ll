; ModuleID = 'checked_table.5677a84eb171d371-cgu.0'
source_filename = "checked_table.5677a84eb171d371-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@_ZN13checked_table5TABLE17h6074c4edb99d699fE = internal unnamed_addr constant [32 x i8] c"\00\00\00\00\00\00\E0?\00\00\00\00\00\00\F4?\00\00\00\00\00\00\08\C0\00\00\00\00\00\00 @", align 8
@alloc_69d3df5cb3f975c001f87fb44e553195 = private unnamed_addr constant [26 x i8] c"src/rust/checked_table.rs\00", align 1
@alloc_14c4735b0d476bb358bf1c8cac9fb269 = private unnamed_addr constant <{ ptr, [16 x i8] }> <{ ptr @alloc_69d3df5cb3f975c001f87fb44e553195, [16 x i8] c"\19\00\00\00\00\00\00\00\07\00\00\00\05\00\00\00" }>, align 8

; Function Attrs: nounwind nonlazybind uwtable
define noundef double @checked_table(i32 noundef %i) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  %_3 = zext i32 %i to i64
  %_4 = icmp ult i32 %i, 4
  br i1 %_4, label %bb1, label %panic

bb1:                                              ; preds = %start
  %0 = getelementptr inbounds nuw double, ptr @_ZN13checked_table5TABLE17h6074c4edb99d699fE, i64 %_3
  %_0 = load double, ptr %0, align 8, !noundef !3
  ret double %_0

panic:                                            ; preds = %start
; invoke core::panicking::panic_bounds_check
  invoke void @_RNvNtCsgEmfK2I1SDS_4core9panicking18panic_bounds_check(i64 noundef %_3, i64 noundef 4, ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24) @alloc_14c4735b0d476bb358bf1c8cac9fb269) #3
          to label %unreachable unwind label %terminate

terminate:                                        ; preds = %panic
  %1 = landingpad { ptr, i32 }
          filter [0 x ptr] zeroinitializer
; call core::panicking::panic_cannot_unwind
  tail call void @_RNvNtCsgEmfK2I1SDS_4core9panicking19panic_cannot_unwind() #4
  unreachable

unreachable:                                      ; preds = %panic
  unreachable
}

; Function Attrs: nounwind nonlazybind uwtable
declare noundef range(i32 0, 10) i32 @rust_eh_personality(i32 noundef, i32 noundef, i64 noundef, ptr noundef, ptr noundef) unnamed_addr #0

; core::panicking::panic_bounds_check
; Function Attrs: cold minsize noinline noreturn nonlazybind optsize uwtable
declare void @_RNvNtCsgEmfK2I1SDS_4core9panicking18panic_bounds_check(i64 noundef, i64 noundef, ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24)) unnamed_addr #1

; core::panicking::panic_cannot_unwind
; Function Attrs: cold minsize noinline noreturn nounwind nonlazybind optsize uwtable
declare void @_RNvNtCsgEmfK2I1SDS_4core9panicking19panic_cannot_unwind() unnamed_addr #2

attributes #0 = { nounwind nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { cold minsize noinline noreturn nonlazybind optsize uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #2 = { cold minsize noinline noreturn nounwind nonlazybind optsize uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #3 = { noreturn }
attributes #4 = { cold noreturn nounwind }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
!3 = !{}
