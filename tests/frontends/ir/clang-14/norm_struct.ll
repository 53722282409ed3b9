; ModuleID = 'src/c/norm_struct.c'
source_filename = "src/c/norm_struct.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%struct.triple = type { double, double, double }

; Function Attrs: mustprogress nofree nosync nounwind readonly uwtable willreturn
define dso_local double @norm_struct(%struct.triple* nocapture noundef readonly byval(%struct.triple) align 8 %0) local_unnamed_addr #0 {
  %2 = getelementptr inbounds %struct.triple, %struct.triple* %0, i64 0, i32 0
  %3 = load double, double* %2, align 8, !tbaa !5
  %4 = getelementptr inbounds %struct.triple, %struct.triple* %0, i64 0, i32 1
  %5 = load double, double* %4, align 8, !tbaa !10
  %6 = fmul double %5, %5
  %7 = call double @llvm.fmuladd.f64(double %3, double %3, double %6)
  %8 = getelementptr inbounds %struct.triple, %struct.triple* %0, i64 0, i32 2
  %9 = load double, double* %8, align 8, !tbaa !11
  %10 = call double @llvm.fmuladd.f64(double %9, double %9, double %7)
  ret double %10
}

; Function Attrs: mustprogress nofree nosync nounwind readnone speculatable willreturn
declare double @llvm.fmuladd.f64(double, double, double) #1

attributes #0 = { mustprogress nofree nosync nounwind readonly uwtable willreturn "frame-pointer"="none" "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #1 = { mustprogress nofree nosync nounwind readnone speculatable willreturn }

!llvm.module.flags = !{!0, !1, !2, !3}
!llvm.ident = !{!4}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 7, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{i32 7, !"uwtable", i32 1}
!4 = !{!"Debian clang version 14.0.6"}
!5 = !{!6, !7, i64 0}
!6 = !{!"triple", !7, i64 0, !7, i64 8, !7, i64 16}
!7 = !{!"double", !8, i64 0}
!8 = !{!"omnipotent char", !9, i64 0}
!9 = !{!"Simple C/C++ TBAA"}
!10 = !{!6, !7, i64 8}
!11 = !{!6, !7, i64 16}
