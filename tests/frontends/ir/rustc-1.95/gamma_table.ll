; ModuleID = 'gamma_table.4d453a015fd312d6-cgu.0'
source_filename = "gamma_table.4d453a015fd312d6-cgu.0"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@_ZN11gamma_table5TABLE17hb23df9eefad2225eE = internal unnamed_addr constant [16 x i8] c"\00\01\03\07\0E\16!.>Pdz\93\AF\CE\FF", align 1

; Function Attrs: mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable
define noundef i8 @gamma_table(i8 noundef zeroext %pixel) unnamed_addr #0 personality ptr @rust_eh_personality {
start:
  %_4 = lshr i8 %pixel, 4
  %_3 = zext nneg i8 %_4 to i64
  %0 = getelementptr inbounds nuw i8, ptr @_ZN11gamma_table5TABLE17hb23df9eefad2225eE, i64 %_3
  %_0 = load i8, ptr %0, align 1, !noundef !3
  ret i8 %_0
}

; Function Attrs: nounwind nonlazybind uwtable
declare noundef range(i32 0, 10) i32 @rust_eh_personality(i32 noundef, i32 noundef, i64 noundef, ptr noundef, ptr noundef) unnamed_addr #1

attributes #0 = { mustprogress nofree norecurse nosync nounwind nonlazybind willreturn memory(none) uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { nounwind nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }

!llvm.module.flags = !{!0, !1}
!llvm.ident = !{!2}

!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!2 = !{!"rustc version 1.95.0 (59807616e 2026-04-14)"}
!3 = !{}
