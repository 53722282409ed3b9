; ModuleID = 'src/c/fibonacci.c'
source_filename = "src/c/fibonacci.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree nosync nounwind readnone uwtable
define dso_local i64 @fibonacci(i32 noundef %0) local_unnamed_addr #0 {
  %2 = icmp slt i32 %0, 2
  br i1 %2, label %3, label %5

3:                                                ; preds = %1
  %4 = sext i32 %0 to i64
  br label %11

5:                                                ; preds = %1
  %6 = add nsw i32 %0, -1
  %7 = call i64 @fibonacci(i32 noundef %6)
  %8 = add nsw i32 %0, -2
  %9 = call i64 @fibonacci(i32 noundef %8)
  %10 = add nsw i64 %9, %7
  br label %11

11:                                               ; preds = %5, %3
  %12 = phi i64 [ %4, %3 ], [ %10, %5 ]
  ret i64 %12
}

attributes #0 = { nofree nosync nounwind readnone uwtable "frame-pointer"="none" "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }

!llvm.module.flags = !{!0, !1, !2, !3}
!llvm.ident = !{!4}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 7, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{i32 7, !"uwtable", i32 1}
!4 = !{!"Debian clang version 14.0.6"}
