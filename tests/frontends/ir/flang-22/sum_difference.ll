; ModuleID = 'FIRModule'
source_filename = "FIRModule"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write)
define void @sum_difference(double %0, double %1, ptr writeonly captures(none) initializes((0, 8)) %2, ptr writeonly captures(none) initializes((0, 8)) %3) local_unnamed_addr #0 {
  %5 = fadd contract double %0, %1
  store double %5, ptr %2, align 8, !tbaa !4
  %6 = fsub contract double %0, %1
  store double %6, ptr %3, align 8, !tbaa !10
  ret void
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write) "target-cpu"="x86-64" }

!llvm.ident = !{!0}
!llvm.module.flags = !{!1, !2, !3}

!0 = !{!"Debian flang version 22.1.8"}
!1 = !{i32 2, !"Debug Info Version", i32 3}
!2 = !{i32 8, !"PIC Level", i32 2}
!3 = !{i32 7, !"PIE Level", i32 2}
!4 = !{!5, !5, i64 0}
!5 = !{!"dummy arg data/_QFsum_differenceEtotal", !6, i64 0}
!6 = !{!"dummy arg data", !7, i64 0}
!7 = !{!"any data access", !8, i64 0}
!8 = !{!"any access", !9, i64 0}
!9 = !{!"Flang function root sum_difference"}
!10 = !{!11, !11, i64 0}
!11 = !{!"dummy arg data/_QFsum_differenceEdifference", !6, i64 0}
