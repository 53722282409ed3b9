; A callback with all the debug info that clang 22.1 -g -O1 makes of it: mutants of it (stress/mutants.py).
; ModuleID = 'smooth.c'
source_filename = "smooth.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@weights = internal unnamed_addr constant [3 x double] [double 2.500000e-01, double 5.000000e-01, double 2.500000e-01], align 16, !dbg !0

; Function Attrs: nofree norecurse nosync nounwind memory(none) uwtable
define dso_local double @smooth(double noundef %0, double noundef %1, double noundef %2) local_unnamed_addr #0 !dbg !22 {
  %4 = alloca [3 x double], align 16, !DIAssignID !37
    #dbg_assign(i1 poison, !36, !DIExpression(), !37, ptr %4, !DIExpression(), !38)
    #dbg_value(double %0, !26, !DIExpression(), !38)
    #dbg_value(double %1, !27, !DIExpression(), !38)
    #dbg_value(double %2, !28, !DIExpression(), !38)
  %5 = fsub double %0, %2, !dbg !39
    #dbg_value(double %5, !29, !DIExpression(DW_OP_LLVM_fragment, 0, 64), !38)
  %6 = fadd double %0, %2, !dbg !40
    #dbg_value(double %6, !29, !DIExpression(DW_OP_LLVM_fragment, 64, 64), !38)
  call void @llvm.lifetime.start.p0(ptr nonnull %4) #3, !dbg !41
  store double %5, ptr %4, align 16, !dbg !42, !tbaa !43, !DIAssignID !45
    #dbg_assign(double %5, !36, !DIExpression(DW_OP_LLVM_fragment, 0, 64), !45, ptr %4, !DIExpression(), !38)
  %7 = getelementptr inbounds nuw i8, ptr %4, i64 8, !dbg !46
  store double %1, ptr %7, align 8, !dbg !42, !tbaa !43, !DIAssignID !47
    #dbg_assign(double %1, !36, !DIExpression(DW_OP_LLVM_fragment, 64, 64), !47, ptr %7, !DIExpression(), !38)
  %8 = getelementptr inbounds nuw i8, ptr %4, i64 16, !dbg !46
  store double %6, ptr %8, align 16, !dbg !42, !tbaa !43, !DIAssignID !48
    #dbg_assign(double %6, !36, !DIExpression(DW_OP_LLVM_fragment, 128, 64), !48, ptr %8, !DIExpression(), !38)
  %9 = fcmp olt double %1, 0.000000e+00, !dbg !49
  br i1 %9, label %10, label %20, !dbg !50

10:                                               ; preds = %3, %10
  %11 = phi i64 [ %18, %10 ], [ 0, %3 ]
  %12 = phi double [ %17, %10 ], [ 0.000000e+00, %3 ]
    #dbg_value(i64 %11, !51, !DIExpression(), !61)
    #dbg_value(double %12, !59, !DIExpression(), !63)
  %13 = getelementptr inbounds nuw double, ptr @weights, i64 %11, !dbg !64
  %14 = load double, ptr %13, align 8, !dbg !64, !tbaa !43
  %15 = getelementptr inbounds nuw double, ptr %4, i64 %11, !dbg !67
  %16 = load double, ptr %15, align 8, !dbg !67, !tbaa !43
  %17 = tail call double @llvm.fmuladd.f64(double %14, double %16, double %12), !dbg !68
    #dbg_value(double %17, !59, !DIExpression(), !63)
  %18 = add nuw nsw i64 %11, 1, !dbg !69
    #dbg_value(i64 %18, !51, !DIExpression(), !61)
  %19 = icmp eq i64 %18, 3, !dbg !70
  br i1 %19, label %20, label %10, !dbg !71, !llvm.loop !72

20:                                               ; preds = %10, %3
  %21 = phi double [ %0, %3 ], [ %17, %10 ], !dbg !77
  call void @llvm.lifetime.end.p0(ptr nonnull %4) #3, !dbg !78
  ret double %21, !dbg !79
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(ptr captures(none)) #1

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(ptr captures(none)) #1

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.fmuladd.f64(double, double, double) #2

attributes #0 = { nofree norecurse nosync nounwind memory(none) uwtable "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cmov,+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #1 = { mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #3 = { nounwind }

!llvm.dbg.cu = !{!2}
!llvm.module.flags = !{!10, !11, !12, !13, !14, !15, !16}
!llvm.ident = !{!17}
!llvm.errno.tbaa = !{!18}

!0 = !DIGlobalVariableExpression(var: !1, expr: !DIExpression())
!1 = distinct !DIGlobalVariable(name: "weights", scope: !2, file: !3, line: 7, type: !5, isLocal: true, isDefinition: true)
!2 = distinct !DICompileUnit(language: DW_LANG_C11, file: !3, producer: "Debian clang version 22.1.8 (1~deb12u1)", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, globals: !4, splitDebugInlining: false, nameTableKind: None)
!3 = !DIFile(filename: "smooth.c", directory: ".", checksumkind: CSK_MD5, checksum: "00fb56d57640a831ed48706ab9e9074a")
!4 = !{!0}
!5 = !DICompositeType(tag: DW_TAG_array_type, baseType: !6, size: 192, elements: !8)
!6 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !7)
!7 = !DIBasicType(name: "double", size: 64, encoding: DW_ATE_float)
!8 = !{!9}
!9 = !DISubrange(count: 3)
!10 = !{i32 7, !"Dwarf Version", i32 5}
!11 = !{i32 2, !"Debug Info Version", i32 3}
!12 = !{i32 1, !"wchar_size", i32 4}
!13 = !{i32 8, !"PIC Level", i32 2}
!14 = !{i32 7, !"PIE Level", i32 2}
!15 = !{i32 7, !"uwtable", i32 2}
!16 = !{i32 7, !"debug-info-assignment-tracking", i1 true}
!17 = !{!"Debian clang version 22.1.8 (1~deb12u1)"}
!18 = !{!19, !19, i64 0}
!19 = !{!"int", !20, i64 0}
!20 = !{!"omnipotent char", !21, i64 0}
!21 = !{!"Simple C/C++ TBAA"}
!22 = distinct !DISubprogram(name: "smooth", scope: !3, file: !3, line: 18, type: !23, scopeLine: 19, flags: DIFlagPrototyped | DIFlagAllCallsDescribed, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !2, retainedNodes: !25, keyInstructions: true)
!23 = !DISubroutineType(types: !24)
!24 = !{!7, !7, !7, !7}
!25 = !{!26, !27, !28, !29, !36}
!26 = !DILocalVariable(name: "x", arg: 1, scope: !22, file: !3, line: 18, type: !7)
!27 = !DILocalVariable(name: "y", arg: 2, scope: !22, file: !3, line: 18, type: !7)
!28 = !DILocalVariable(name: "z", arg: 3, scope: !22, file: !3, line: 18, type: !7)
!29 = !DILocalVariable(name: "p", scope: !22, file: !3, line: 20, type: !30)
!30 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !31)
!31 = !DIDerivedType(tag: DW_TAG_typedef, name: "pair", file: !3, line: 5, baseType: !32)
!32 = distinct !DICompositeType(tag: DW_TAG_structure_type, file: !3, line: 2, size: 128, elements: !33)
!33 = !{!34, !35}
!34 = !DIDerivedType(tag: DW_TAG_member, name: "re", scope: !32, file: !3, line: 3, baseType: !7, size: 64)
!35 = !DIDerivedType(tag: DW_TAG_member, name: "im", scope: !32, file: !3, line: 4, baseType: !7, size: 64, offset: 64)
!36 = !DILocalVariable(name: "values", scope: !22, file: !3, line: 21, type: !5)
!37 = distinct !DIAssignID()
!38 = !DILocation(line: 0, scope: !22)
!39 = !DILocation(line: 20, column: 23, scope: !22, atomGroup: 1, atomRank: 2)
!40 = !DILocation(line: 20, column: 30, scope: !22, atomGroup: 1, atomRank: 2)
!41 = !DILocation(line: 21, column: 5, scope: !22)
!42 = !DILocation(line: 21, column: 30, scope: !22, atomGroup: 2, atomRank: 1)
!43 = !{!44, !44, i64 0}
!44 = !{!"double", !20, i64 0}
!45 = distinct !DIAssignID()
!46 = !DILocation(line: 21, column: 30, scope: !22)
!47 = distinct !DIAssignID()
!48 = distinct !DIAssignID()
!49 = !DILocation(line: 22, column: 14, scope: !22, atomGroup: 4, atomRank: 2)
!50 = !DILocation(line: 22, column: 12, scope: !22, atomGroup: 4, atomRank: 1)
!51 = !DILocalVariable(name: "i", scope: !52, file: !3, line: 12, type: !60)
!52 = distinct !DILexicalBlock(scope: !53, file: !3, line: 12, column: 5)
!53 = distinct !DISubprogram(name: "weigh", scope: !3, file: !3, line: 9, type: !54, scopeLine: 10, flags: DIFlagPrototyped | DIFlagAllCallsDescribed, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition | DISPFlagOptimized, unit: !2, retainedNodes: !57, keyInstructions: true)
!54 = !DISubroutineType(types: !55)
!55 = !{!7, !56}
!56 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !6, size: 64)
!57 = !{!58, !59, !51}
!58 = !DILocalVariable(name: "values", arg: 1, scope: !53, file: !3, line: 9, type: !56)
!59 = !DILocalVariable(name: "sum", scope: !53, file: !3, line: 11, type: !7)
!60 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
!61 = !DILocation(line: 0, scope: !52, inlinedAt: !62)
!62 = distinct !DILocation(line: 22, column: 22, scope: !22)
!63 = !DILocation(line: 0, scope: !53, inlinedAt: !62)
!64 = !DILocation(line: 13, column: 16, scope: !65, inlinedAt: !62)
!65 = distinct !DILexicalBlock(scope: !66, file: !3, line: 12, column: 33)
!66 = distinct !DILexicalBlock(scope: !52, file: !3, line: 12, column: 5)
!67 = !DILocation(line: 13, column: 29, scope: !65, inlinedAt: !62)
!68 = !DILocation(line: 13, column: 13, scope: !65, inlinedAt: !62, atomGroup: 5, atomRank: 2)
!69 = !DILocation(line: 12, column: 29, scope: !66, inlinedAt: !62, atomGroup: 6, atomRank: 2)
!70 = !DILocation(line: 12, column: 23, scope: !66, inlinedAt: !62, atomGroup: 3, atomRank: 1)
!71 = !DILocation(line: 12, column: 5, scope: !52, inlinedAt: !62, atomGroup: 4, atomRank: 1)
!72 = distinct !{!72, !73, !74, !75, !76}
!73 = !DILocation(line: 12, column: 5, scope: !52, inlinedAt: !62)
!74 = !DILocation(line: 14, column: 5, scope: !52, inlinedAt: !62)
!75 = !{!"llvm.loop.mustprogress"}
!76 = !{!"llvm.loop.unroll.disable"}
!77 = !DILocation(line: 22, column: 12, scope: !22, atomGroup: 5, atomRank: 2)
!78 = !DILocation(line: 23, column: 1, scope: !22)
!79 = !DILocation(line: 22, column: 5, scope: !22, atomGroup: 5, atomRank: 1)
