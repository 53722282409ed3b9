; A callback in C by clang 22.1 -O2 -g -ffast-math -march=x86-64-v4: what LLVM 19 cannot read
; (src/codegen/codegen_downgrade.c). Made of:
;
; #include <complex.h>
; #include <math.h>
;
; static __attribute__((noinline)) double _Complex turn(double _Complex z, int n)
; {
;     return n > 3 ? -conj(z) : z + z;
; }
;
; static __attribute__((noinline)) void fill(double *out, float step, int n)
; {
;     for (int i = 0; i < n; i++) {
;         out[i] = (double)(step * (float)i);
;     }
; }
;
; double f(double x, int n)
; {
;     double table[32];
;     double picked[32];
;     if (n < 0) {
;         return 0.0;
;     }
;     const unsigned m = (unsigned)n & 31u;
;     fill(table, (float)x, 32);
;     for (unsigned i = 0; i < 32; i++) {
;         picked[i] = table[i] > 4.0 ? table[i ^ m] : 1.0;
;     }
;     double sum = 0.0;
;     for (unsigned i = 0; i < 32; i++) {
;         if (picked[i] > 1.0) {
;             sum += picked[i] * table[i];
;         }
;     }
;     const double _Complex z = turn(sum + x * I, (int)m);
;     return creal(z) + cimag(z) + pow(2.0, (double)m) + (n < 40 ? 1.0 : 0.0);
; }
;
; ModuleID = 'features.c'
source_filename = "features.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind memory(none) uwtable
define dso_local nofpclass(nan inf) double @f(double noundef nofpclass(nan inf) %0, i32 noundef %1) local_unnamed_addr #0 !dbg !19 {
  %3 = alloca [32 x double], align 16, !DIAssignID !40
    #dbg_assign(i1 poison, !25, !DIExpression(), !40, ptr %3, !DIExpression(), !41)
    #dbg_value(double %0, !23, !DIExpression(), !41)
    #dbg_value(i32 %1, !24, !DIExpression(), !41)
  call void @llvm.lifetime.start.p0(ptr nonnull %3) #7, !dbg !42
  %4 = icmp slt i32 %1, 0, !dbg !43
  br i1 %4, label %134, label %5, !dbg !45

5:                                                ; preds = %2
  %6 = and i32 %1, 31, !dbg !46
    #dbg_value(i32 %6, !30, !DIExpression(), !41)
  %7 = fptrunc fast double %0 to float, !dbg !47
  call fastcc void @fill(ptr noundef %3, float noundef nofpclass(nan inf) %7), !dbg !48
    #dbg_value(i32 0, !32, !DIExpression(), !49)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 0, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 256, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 512, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 768, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 1024, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 1280, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 1536, 256), !41)
    #dbg_value(<4 x double> poison, !29, !DIExpression(DW_OP_LLVM_fragment, 1792, 256), !41)
  %8 = getelementptr inbounds nuw i8, ptr %3, i64 224, !dbg !50
  %9 = load <4 x double>, ptr %8, align 16, !dbg !50, !tbaa !53
  %10 = fcmp fast ogt <4 x double> %9, splat (double 4.000000e+00), !dbg !55
  %11 = insertelement <4 x i32> poison, i32 %6, i64 0
  %12 = shufflevector <4 x i32> %11, <4 x i32> poison, <4 x i32> zeroinitializer
  %13 = xor <4 x i32> %12, <i32 28, i32 29, i32 30, i32 31>, !dbg !56
  %14 = zext nneg <4 x i32> %13 to <4 x i64>, !dbg !57
  %15 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %14, !dbg !57
  %16 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %15, <4 x i1> %10, <4 x double> poison), !dbg !57, !tbaa !53
  %17 = select <4 x i1> %10, <4 x double> %16, <4 x double> splat (double 1.000000e+00), !dbg !58
    #dbg_value(<4 x double> %17, !29, !DIExpression(DW_OP_LLVM_fragment, 1792, 256), !41)
  %18 = getelementptr inbounds nuw i8, ptr %3, i64 192, !dbg !50
  %19 = load <4 x double>, ptr %18, align 16, !dbg !50, !tbaa !53
  %20 = fcmp fast ogt <4 x double> %19, splat (double 4.000000e+00), !dbg !55
  %21 = xor <4 x i32> %12, <i32 24, i32 25, i32 26, i32 27>, !dbg !56
  %22 = zext nneg <4 x i32> %21 to <4 x i64>, !dbg !57
  %23 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %22, !dbg !57
  %24 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %23, <4 x i1> %20, <4 x double> poison), !dbg !57, !tbaa !53
  %25 = select <4 x i1> %20, <4 x double> %24, <4 x double> splat (double 1.000000e+00), !dbg !58
    #dbg_value(<4 x double> %25, !29, !DIExpression(DW_OP_LLVM_fragment, 1536, 256), !41)
  %26 = getelementptr inbounds nuw i8, ptr %3, i64 160, !dbg !50
  %27 = load <4 x double>, ptr %26, align 16, !dbg !50, !tbaa !53
  %28 = fcmp fast ogt <4 x double> %27, splat (double 4.000000e+00), !dbg !55
  %29 = xor <4 x i32> %12, <i32 20, i32 21, i32 22, i32 23>, !dbg !56
  %30 = zext nneg <4 x i32> %29 to <4 x i64>, !dbg !57
  %31 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %30, !dbg !57
  %32 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %31, <4 x i1> %28, <4 x double> poison), !dbg !57, !tbaa !53
  %33 = select <4 x i1> %28, <4 x double> %32, <4 x double> splat (double 1.000000e+00), !dbg !58
    #dbg_value(<4 x double> %33, !29, !DIExpression(DW_OP_LLVM_fragment, 1280, 256), !41)
  %34 = getelementptr inbounds nuw i8, ptr %3, i64 128, !dbg !50
  %35 = load <4 x double>, ptr %34, align 16, !dbg !50, !tbaa !53
  %36 = fcmp fast ogt <4 x double> %35, splat (double 4.000000e+00), !dbg !55
  %37 = xor <4 x i32> %12, <i32 16, i32 17, i32 18, i32 19>, !dbg !56
  %38 = zext nneg <4 x i32> %37 to <4 x i64>, !dbg !57
  %39 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %38, !dbg !57
  %40 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %39, <4 x i1> %36, <4 x double> poison), !dbg !57, !tbaa !53
  %41 = select <4 x i1> %36, <4 x double> %40, <4 x double> splat (double 1.000000e+00), !dbg !58
    #dbg_value(<4 x double> %41, !29, !DIExpression(DW_OP_LLVM_fragment, 1024, 256), !41)
  %42 = getelementptr inbounds nuw i8, ptr %3, i64 96, !dbg !50
  %43 = load <4 x double>, ptr %42, align 16, !dbg !50, !tbaa !53
  %44 = fcmp fast ogt <4 x double> %43, splat (double 4.000000e+00), !dbg !59
  %45 = xor <4 x i32> %12, <i32 12, i32 13, i32 14, i32 15>, !dbg !56
  %46 = zext nneg <4 x i32> %45 to <4 x i64>, !dbg !57
  %47 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %46, !dbg !57
  %48 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %47, <4 x i1> %44, <4 x double> poison), !dbg !57, !tbaa !53
  %49 = select <4 x i1> %44, <4 x double> %48, <4 x double> splat (double 1.000000e+00), !dbg !60
    #dbg_value(<4 x double> %49, !29, !DIExpression(DW_OP_LLVM_fragment, 768, 256), !41)
  %50 = getelementptr inbounds nuw i8, ptr %3, i64 64, !dbg !50
  %51 = load <4 x double>, ptr %50, align 16, !dbg !50, !tbaa !53
  %52 = fcmp fast ogt <4 x double> %51, splat (double 4.000000e+00), !dbg !59
  %53 = xor <4 x i32> %12, <i32 8, i32 9, i32 10, i32 11>, !dbg !56
  %54 = zext nneg <4 x i32> %53 to <4 x i64>, !dbg !57
  %55 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %54, !dbg !57
  %56 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %55, <4 x i1> %52, <4 x double> poison), !dbg !57, !tbaa !53
  %57 = select <4 x i1> %52, <4 x double> %56, <4 x double> splat (double 1.000000e+00), !dbg !60
    #dbg_value(<4 x double> %57, !29, !DIExpression(DW_OP_LLVM_fragment, 512, 256), !41)
  %58 = getelementptr inbounds nuw i8, ptr %3, i64 32, !dbg !50
  %59 = load <4 x double>, ptr %58, align 16, !dbg !50, !tbaa !53
  %60 = fcmp fast ogt <4 x double> %59, splat (double 4.000000e+00), !dbg !59
  %61 = xor <4 x i32> %12, <i32 4, i32 5, i32 6, i32 7>, !dbg !56
  %62 = zext nneg <4 x i32> %61 to <4 x i64>, !dbg !57
  %63 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %62, !dbg !57
  %64 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %63, <4 x i1> %60, <4 x double> poison), !dbg !57, !tbaa !53
  %65 = select <4 x i1> %60, <4 x double> %64, <4 x double> splat (double 1.000000e+00), !dbg !60
    #dbg_value(<4 x double> %65, !29, !DIExpression(DW_OP_LLVM_fragment, 256, 256), !41)
  %66 = load <4 x double>, ptr %3, align 16, !dbg !50, !tbaa !53
  %67 = fcmp fast ogt <4 x double> %66, splat (double 4.000000e+00), !dbg !59
  %68 = xor <4 x i32> %12, <i32 0, i32 1, i32 2, i32 3>, !dbg !56
  %69 = zext nneg <4 x i32> %68 to <4 x i64>, !dbg !57
  %70 = getelementptr inbounds nuw double, ptr %3, <4 x i64> %69, !dbg !57
  %71 = call <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr> align 8 %70, <4 x i1> %67, <4 x double> poison), !dbg !57, !tbaa !53
  %72 = select <4 x i1> %67, <4 x double> %71, <4 x double> splat (double 1.000000e+00), !dbg !60
    #dbg_value(<4 x double> %72, !29, !DIExpression(DW_OP_LLVM_fragment, 0, 256), !41)
  %73 = fcmp fast ogt <4 x double> %72, splat (double 1.000000e+00), !dbg !61
  %74 = fcmp fast ogt <4 x double> %65, splat (double 1.000000e+00), !dbg !61
  %75 = fcmp fast ogt <4 x double> %57, splat (double 1.000000e+00), !dbg !61
  %76 = fcmp fast ogt <4 x double> %49, splat (double 1.000000e+00), !dbg !61
  %77 = getelementptr inbounds nuw i8, ptr %3, i64 32, !dbg !65
  %78 = getelementptr inbounds nuw i8, ptr %3, i64 64, !dbg !65
  %79 = getelementptr inbounds nuw i8, ptr %3, i64 96, !dbg !65
  %80 = load <4 x double>, ptr %3, align 16, !dbg !65, !tbaa !53
  %81 = load <4 x double>, ptr %77, align 16, !dbg !65, !tbaa !53
  %82 = load <4 x double>, ptr %78, align 16, !dbg !65, !tbaa !53
  %83 = load <4 x double>, ptr %79, align 16, !dbg !65, !tbaa !53
  %84 = fmul fast <4 x double> %80, %72, !dbg !67
  %85 = fmul fast <4 x double> %81, %65, !dbg !67
  %86 = fmul fast <4 x double> %82, %57, !dbg !67
  %87 = fmul fast <4 x double> %83, %49, !dbg !67
  %88 = fadd reassoc arcp contract afn <4 x double> %84, zeroinitializer, !dbg !41
  %89 = select <4 x i1> %73, <4 x double> %88, <4 x double> zeroinitializer, !dbg !41
  %90 = fadd reassoc arcp contract afn <4 x double> %85, zeroinitializer, !dbg !41
  %91 = select <4 x i1> %74, <4 x double> %90, <4 x double> zeroinitializer, !dbg !41
  %92 = fadd reassoc arcp contract afn <4 x double> %86, zeroinitializer, !dbg !41
  %93 = select <4 x i1> %75, <4 x double> %92, <4 x double> zeroinitializer, !dbg !41
  %94 = fadd reassoc arcp contract afn <4 x double> %87, zeroinitializer, !dbg !41
  %95 = select <4 x i1> %76, <4 x double> %94, <4 x double> zeroinitializer, !dbg !41
  %96 = fcmp fast ogt <4 x double> %41, splat (double 1.000000e+00), !dbg !68
  %97 = fcmp fast ogt <4 x double> %33, splat (double 1.000000e+00), !dbg !68
  %98 = fcmp fast ogt <4 x double> %25, splat (double 1.000000e+00), !dbg !68
  %99 = fcmp fast ogt <4 x double> %17, splat (double 1.000000e+00), !dbg !68
  %100 = getelementptr inbounds nuw i8, ptr %3, i64 128, !dbg !65
  %101 = getelementptr inbounds nuw i8, ptr %3, i64 160, !dbg !65
  %102 = getelementptr inbounds nuw i8, ptr %3, i64 192, !dbg !65
  %103 = getelementptr inbounds nuw i8, ptr %3, i64 224, !dbg !65
  %104 = load <4 x double>, ptr %100, align 16, !dbg !65, !tbaa !53
  %105 = load <4 x double>, ptr %101, align 16, !dbg !65, !tbaa !53
  %106 = load <4 x double>, ptr %102, align 16, !dbg !65, !tbaa !53
  %107 = load <4 x double>, ptr %103, align 16, !dbg !65, !tbaa !53
  %108 = fmul fast <4 x double> %104, %41, !dbg !67
  %109 = fmul fast <4 x double> %105, %33, !dbg !67
  %110 = fmul fast <4 x double> %106, %25, !dbg !67
  %111 = fmul fast <4 x double> %107, %17, !dbg !67
  %112 = select ninf <4 x i1> %96, <4 x double> %108, <4 x double> splat (double -0.000000e+00), !dbg !41
  %113 = fadd reassoc arcp contract afn <4 x double> %89, %112, !dbg !41
  %114 = select ninf <4 x i1> %97, <4 x double> %109, <4 x double> splat (double -0.000000e+00), !dbg !41
  %115 = fadd reassoc arcp contract afn <4 x double> %91, %114, !dbg !41
  %116 = select ninf <4 x i1> %98, <4 x double> %110, <4 x double> splat (double -0.000000e+00), !dbg !41
  %117 = fadd reassoc arcp contract afn <4 x double> %93, %116, !dbg !41
  %118 = select ninf <4 x i1> %99, <4 x double> %111, <4 x double> splat (double -0.000000e+00), !dbg !41
  %119 = fadd reassoc arcp contract afn <4 x double> %95, %118, !dbg !41
  %120 = fadd fast <4 x double> %115, %113, !dbg !69
  %121 = fadd fast <4 x double> %117, %120, !dbg !69
  %122 = fadd fast <4 x double> %119, %121, !dbg !69
  %123 = call fast double @llvm.vector.reduce.fadd.v4f64(double 0.000000e+00, <4 x double> %122), !dbg !69
  %124 = tail call fast fastcc nofpclass(nan inf) { double, double } @turn(double noundef nofpclass(nan inf) %123, double noundef nofpclass(nan inf) %0, i32 noundef %6), !dbg !70
  %125 = extractvalue { double, double } %124, 0, !dbg !71
  %126 = extractvalue { double, double } %124, 1, !dbg !71
    #dbg_value(double %125, !37, !DIExpression(DW_OP_LLVM_fragment, 0, 64), !41)
    #dbg_value(double %126, !37, !DIExpression(DW_OP_LLVM_fragment, 64, 64), !41)
  %127 = uitofp nneg i32 %6 to double, !dbg !72
  %128 = tail call fast double @llvm.exp2.f64(double %127), !dbg !73
  %129 = icmp slt i32 %1, 40, !dbg !74
  %130 = select fast i1 %129, double 1.000000e+00, double 0.000000e+00, !dbg !75
  %131 = fadd fast double %128, %130, !dbg !76
  %132 = fadd fast double %131, %126, !dbg !77
  %133 = fadd fast double %132, %125, !dbg !78
  br label %134

134:                                              ; preds = %2, %5
  %135 = phi nsz double [ %133, %5 ], [ 0.000000e+00, %2 ], !dbg !41
  call void @llvm.lifetime.end.p0(ptr nonnull %3) #7, !dbg !79
  ret double %135, !dbg !80
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(ptr captures(none)) #1

; Function Attrs: nofree noinline norecurse nosync nounwind memory(argmem: write) uwtable
define internal fastcc void @fill(ptr noundef nonnull writeonly captures(none) %0, float noundef nofpclass(nan inf) %1) unnamed_addr #2 !dbg !81 {
    #dbg_value(ptr %0, !86, !DIExpression(), !91)
    #dbg_value(float %1, !87, !DIExpression(), !91)
    #dbg_value(i32 32, !88, !DIExpression(), !91)
    #dbg_value(i32 0, !89, !DIExpression(), !92)
  %3 = insertelement <4 x float> poison, float %1, i64 0
  %4 = shufflevector <4 x float> %3, <4 x float> poison, <4 x i32> zeroinitializer
  %5 = fmul fast <4 x float> %4, <float 0.000000e+00, float 1.000000e+00, float 2.000000e+00, float 3.000000e+00>, !dbg !93
  %6 = fmul fast <4 x float> %4, <float 4.000000e+00, float 5.000000e+00, float 6.000000e+00, float 7.000000e+00>, !dbg !93
  %7 = fmul fast <4 x float> %4, <float 8.000000e+00, float 9.000000e+00, float 1.000000e+01, float 1.100000e+01>, !dbg !93
  %8 = fmul fast <4 x float> %4, <float 1.200000e+01, float 1.300000e+01, float 1.400000e+01, float 1.500000e+01>, !dbg !93
  %9 = fpext fast <4 x float> %5 to <4 x double>, !dbg !96
  %10 = fpext fast <4 x float> %6 to <4 x double>, !dbg !96
  %11 = fpext fast <4 x float> %7 to <4 x double>, !dbg !96
  %12 = fpext fast <4 x float> %8 to <4 x double>, !dbg !96
  %13 = getelementptr inbounds nuw i8, ptr %0, i64 32, !dbg !97
  %14 = getelementptr inbounds nuw i8, ptr %0, i64 64, !dbg !97
  %15 = getelementptr inbounds nuw i8, ptr %0, i64 96, !dbg !97
  store <4 x double> %9, ptr %0, align 8, !dbg !97, !tbaa !53
  store <4 x double> %10, ptr %13, align 8, !dbg !97, !tbaa !53
  store <4 x double> %11, ptr %14, align 8, !dbg !97, !tbaa !53
  store <4 x double> %12, ptr %15, align 8, !dbg !97, !tbaa !53
  %16 = fmul fast <4 x float> %4, <float 1.600000e+01, float 1.700000e+01, float 1.800000e+01, float 1.900000e+01>, !dbg !98
  %17 = fmul fast <4 x float> %4, <float 2.000000e+01, float 2.100000e+01, float 2.200000e+01, float 2.300000e+01>, !dbg !98
  %18 = fmul fast <4 x float> %4, <float 2.400000e+01, float 2.500000e+01, float 2.600000e+01, float 2.700000e+01>, !dbg !98
  %19 = fmul fast <4 x float> %4, <float 2.800000e+01, float 2.900000e+01, float 3.000000e+01, float 3.100000e+01>, !dbg !98
  %20 = fpext fast <4 x float> %16 to <4 x double>, !dbg !99
  %21 = fpext fast <4 x float> %17 to <4 x double>, !dbg !99
  %22 = fpext fast <4 x float> %18 to <4 x double>, !dbg !99
  %23 = fpext fast <4 x float> %19 to <4 x double>, !dbg !99
  %24 = getelementptr inbounds nuw i8, ptr %0, i64 128, !dbg !100
  %25 = getelementptr inbounds nuw i8, ptr %0, i64 160, !dbg !101
  %26 = getelementptr inbounds nuw i8, ptr %0, i64 192, !dbg !101
  %27 = getelementptr inbounds nuw i8, ptr %0, i64 224, !dbg !101
  store <4 x double> %20, ptr %24, align 8, !dbg !101, !tbaa !53
  store <4 x double> %21, ptr %25, align 8, !dbg !101, !tbaa !53
  store <4 x double> %22, ptr %26, align 8, !dbg !101, !tbaa !53
  store <4 x double> %23, ptr %27, align 8, !dbg !101, !tbaa !53
  ret void, !dbg !102
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(ptr captures(none)) #1

; Function Attrs: mustprogress nofree noinline norecurse nosync nounwind willreturn memory(none) uwtable
define internal fastcc nofpclass(nan inf) { double, double } @turn(double noundef nofpclass(nan inf) %0, double noundef nofpclass(nan inf) %1, i32 noundef range(i32 0, 32) %2) unnamed_addr #3 !dbg !103 {
    #dbg_value(double %0, !107, !DIExpression(DW_OP_LLVM_fragment, 0, 64), !109)
    #dbg_value(double %1, !107, !DIExpression(DW_OP_LLVM_fragment, 64, 64), !109)
    #dbg_value(i32 %2, !108, !DIExpression(), !109)
  %4 = icmp samesign ugt i32 %2, 3, !dbg !110
  %5 = fneg fast double %0, !dbg !111
  %6 = fmul fast double %0, 2.000000e+00, !dbg !111
  %7 = select fast i1 %4, double %5, double %6, !dbg !111
  %8 = select fast i1 %4, double 0.000000e+00, double %1, !dbg !111
  %9 = fadd fast double %8, %1, !dbg !111
  %10 = insertvalue { double, double } poison, double %7, 0, !dbg !112
  %11 = insertvalue { double, double } %10, double %9, 1, !dbg !112
  ret { double, double } %11, !dbg !113
}

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.exp2.f64(double) #4

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(read)
declare <4 x double> @llvm.masked.gather.v4f64.v4p0(<4 x ptr>, <4 x i1>, <4 x double>) #5

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.vector.reduce.fadd.v4f64(double, <4 x double>) #6

attributes #0 = { nofree norecurse nosync nounwind memory(none) uwtable "min-legal-vector-width"="0" "no-infs-fp-math"="true" "no-nans-fp-math"="true" "no-signed-zeros-fp-math"="true" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64-v4" "target-features"="+avx,+avx2,+avx512bw,+avx512cd,+avx512dq,+avx512f,+avx512vl,+bmi,+bmi2,+cmov,+crc32,+cx16,+cx8,+f16c,+fma,+fxsr,+lzcnt,+mmx,+movbe,+popcnt,+sahf,+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3,+x87,+xsave" }
attributes #1 = { mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { nofree noinline norecurse nosync nounwind memory(argmem: write) uwtable "min-legal-vector-width"="0" "no-infs-fp-math"="true" "no-nans-fp-math"="true" "no-signed-zeros-fp-math"="true" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64-v4" "target-features"="+avx,+avx2,+avx512bw,+avx512cd,+avx512dq,+avx512f,+avx512vl,+bmi,+bmi2,+cmov,+crc32,+cx16,+cx8,+f16c,+fma,+fxsr,+lzcnt,+mmx,+movbe,+popcnt,+sahf,+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3,+x87,+xsave" }
attributes #3 = { mustprogress nofree noinline norecurse nosync nounwind willreturn memory(none) uwtable "min-legal-vector-width"="0" "no-infs-fp-math"="true" "no-nans-fp-math"="true" "no-signed-zeros-fp-math"="true" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64-v4" "target-features"="+avx,+avx2,+avx512bw,+avx512cd,+avx512dq,+avx512f,+avx512vl,+bmi,+bmi2,+cmov,+crc32,+cx16,+cx8,+f16c,+fma,+fxsr,+lzcnt,+mmx,+movbe,+popcnt,+sahf,+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3,+x87,+xsave" }
attributes #4 = { nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #5 = { nocallback nofree nosync nounwind willreturn memory(read) }
attributes #6 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #7 = { nounwind }

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!7, !8, !9, !10, !11, !12, !13}
!llvm.ident = !{!14}
!llvm.errno.tbaa = !{!15}

!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "Debian clang version 22.1.8 (1~deb12u1)", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, retainedTypes: !2, splitDebugInlining: false, nameTableKind: None)
!1 = !DIFile(filename: "features.c", directory: "/", checksumkind: CSK_MD5, checksum: "98de7acbe34c08e3bd71b7ccf76e2904")
!2 = !{!3, !4, !5, !6}
!3 = !DIBasicType(name: "unsigned int", size: 32, encoding: DW_ATE_unsigned)
!4 = !DIBasicType(name: "float", size: 32, encoding: DW_ATE_float)
!5 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
!6 = !DIBasicType(name: "double", size: 64, encoding: DW_ATE_float)
!7 = !{i32 7, !"Dwarf Version", i32 5}
!8 = !{i32 2, !"Debug Info Version", i32 3}
!9 = !{i32 1, !"wchar_size", i32 4}
!10 = !{i32 8, !"PIC Level", i32 2}
!11 = !{i32 7, !"PIE Level", i32 2}
!12 = !{i32 7, !"uwtable", i32 2}
!13 = !{i32 7, !"debug-info-assignment-tracking", i1 true}
!14 = !{!"Debian clang version 22.1.8 (1~deb12u1)"}
!15 = !{!16, !16, i64 0}
!16 = !{!"int", !17, i64 0}
!17 = !{!"omnipotent char", !18, i64 0}
!18 = !{!"Simple C/C++ TBAA"}
!19 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 16, type: !20, scopeLine: 17, flags: DIFlagPrototyped | DIFlagAllCallsDescribed, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !0, retainedNodes: !22, keyInstructions: true)
!20 = !DISubroutineType(types: !21)
!21 = !{!6, !6, !5}
!22 = !{!23, !24, !25, !29, !30, !32, !34, !35, !37}
!23 = !DILocalVariable(name: "x", arg: 1, scope: !19, file: !1, line: 16, type: !6)
!24 = !DILocalVariable(name: "n", arg: 2, scope: !19, file: !1, line: 16, type: !5)
!25 = !DILocalVariable(name: "table", scope: !19, file: !1, line: 18, type: !26)
!26 = !DICompositeType(tag: DW_TAG_array_type, baseType: !6, size: 2048, elements: !27)
!27 = !{!28}
!28 = !DISubrange(count: 32)
!29 = !DILocalVariable(name: "picked", scope: !19, file: !1, line: 19, type: !26)
!30 = !DILocalVariable(name: "m", scope: !19, file: !1, line: 23, type: !31)
!31 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !3)
!32 = !DILocalVariable(name: "i", scope: !33, file: !1, line: 25, type: !3)
!33 = distinct !DILexicalBlock(scope: !19, file: !1, line: 25, column: 5)
!34 = !DILocalVariable(name: "sum", scope: !19, file: !1, line: 28, type: !6)
!35 = !DILocalVariable(name: "i", scope: !36, file: !1, line: 29, type: !3)
!36 = distinct !DILexicalBlock(scope: !19, file: !1, line: 29, column: 5)
!37 = !DILocalVariable(name: "z", scope: !19, file: !1, line: 34, type: !38)
!38 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !39)
!39 = !DIBasicType(name: "complex", size: 128, encoding: DW_ATE_complex_float)
!40 = distinct !DIAssignID()
!41 = !DILocation(line: 0, scope: !19)
!42 = !DILocation(line: 18, column: 5, scope: !19)
!43 = !DILocation(line: 20, column: 11, scope: !44, atomGroup: 1, atomRank: 2)
!44 = distinct !DILexicalBlock(scope: !19, file: !1, line: 20, column: 9)
!45 = !DILocation(line: 20, column: 11, scope: !44, atomGroup: 1, atomRank: 1)
!46 = !DILocation(line: 23, column: 36, scope: !19, atomGroup: 3, atomRank: 2)
!47 = !DILocation(line: 24, column: 17, scope: !19)
!48 = !DILocation(line: 24, column: 5, scope: !19)
!49 = !DILocation(line: 0, scope: !33)
!50 = !DILocation(line: 26, column: 21, scope: !51)
!51 = distinct !DILexicalBlock(scope: !52, file: !1, line: 25, column: 39)
!52 = distinct !DILexicalBlock(scope: !33, file: !1, line: 25, column: 5)
!53 = !{!54, !54, i64 0}
!54 = !{!"double", !17, i64 0}
!55 = !DILocation(line: 26, column: 30, scope: !51, atomGroup: 29, atomRank: 2)
!56 = !DILocation(line: 26, column: 46, scope: !51)
!57 = !DILocation(line: 26, column: 38, scope: !51)
!58 = !DILocation(line: 26, column: 21, scope: !51, atomGroup: 30, atomRank: 2)
!59 = !DILocation(line: 26, column: 30, scope: !51, atomGroup: 8, atomRank: 2)
!60 = !DILocation(line: 26, column: 21, scope: !51, atomGroup: 7, atomRank: 2)
!61 = !DILocation(line: 30, column: 23, scope: !62, atomGroup: 15, atomRank: 2)
!62 = distinct !DILexicalBlock(scope: !63, file: !1, line: 30, column: 13)
!63 = distinct !DILexicalBlock(scope: !64, file: !1, line: 29, column: 39)
!64 = distinct !DILexicalBlock(scope: !36, file: !1, line: 29, column: 5)
!65 = !DILocation(line: 31, column: 32, scope: !66)
!66 = distinct !DILexicalBlock(scope: !62, file: !1, line: 30, column: 30)
!67 = !DILocation(line: 31, column: 30, scope: !66)
!68 = !DILocation(line: 30, column: 23, scope: !62, atomGroup: 33, atomRank: 2)
!69 = !DILocation(line: 29, column: 5, scope: !36, atomGroup: 14, atomRank: 1)
!70 = !DILocation(line: 34, column: 31, scope: !19)
!71 = !DILocation(line: 34, column: 31, scope: !19, atomGroup: 19, atomRank: 2)
!72 = !DILocation(line: 35, column: 43, scope: !19)
!73 = !DILocation(line: 35, column: 34, scope: !19)
!74 = !DILocation(line: 35, column: 59, scope: !19)
!75 = !DILocation(line: 35, column: 57, scope: !19)
!76 = !DILocation(line: 35, column: 21, scope: !19)
!77 = !DILocation(line: 35, column: 32, scope: !19)
!78 = !DILocation(line: 35, column: 54, scope: !19, atomGroup: 20, atomRank: 2)
!79 = !DILocation(line: 36, column: 1, scope: !19)
!80 = !DILocation(line: 36, column: 1, scope: !19, atomGroup: 21, atomRank: 1)
!81 = distinct !DISubprogram(name: "fill", scope: !1, file: !1, line: 9, type: !82, scopeLine: 10, flags: DIFlagPrototyped | DIFlagAllCallsDescribed, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition | DISPFlagOptimized, unit: !0, retainedNodes: !85, keyInstructions: true)
!82 = !DISubroutineType(cc: DW_CC_nocall, types: !83)
!83 = !{null, !84, !4, !5}
!84 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !6, size: 64)
!85 = !{!86, !87, !88, !89}
!86 = !DILocalVariable(name: "out", arg: 1, scope: !81, file: !1, line: 9, type: !84)
!87 = !DILocalVariable(name: "step", arg: 2, scope: !81, file: !1, line: 9, type: !4)
!88 = !DILocalVariable(name: "n", arg: 3, scope: !81, file: !1, line: 9, type: !5)
!89 = !DILocalVariable(name: "i", scope: !90, file: !1, line: 11, type: !5)
!90 = distinct !DILexicalBlock(scope: !81, file: !1, line: 11, column: 5)
!91 = !DILocation(line: 0, scope: !81)
!92 = !DILocation(line: 0, scope: !90)
!93 = !DILocation(line: 12, column: 32, scope: !94, atomGroup: 4, atomRank: 3)
!94 = distinct !DILexicalBlock(scope: !95, file: !1, line: 11, column: 33)
!95 = distinct !DILexicalBlock(scope: !90, file: !1, line: 11, column: 5)
!96 = !DILocation(line: 12, column: 18, scope: !94, atomGroup: 4, atomRank: 2)
!97 = !DILocation(line: 12, column: 16, scope: !94, atomGroup: 4, atomRank: 1)
!98 = !DILocation(line: 12, column: 32, scope: !94, atomGroup: 36, atomRank: 3)
!99 = !DILocation(line: 12, column: 18, scope: !94, atomGroup: 36, atomRank: 2)
!100 = !DILocation(line: 12, column: 9, scope: !94)
!101 = !DILocation(line: 12, column: 16, scope: !94, atomGroup: 36, atomRank: 1)
!102 = !DILocation(line: 14, column: 1, scope: !81, atomGroup: 7, atomRank: 1)
!103 = distinct !DISubprogram(name: "turn", scope: !1, file: !1, line: 4, type: !104, scopeLine: 5, flags: DIFlagPrototyped | DIFlagAllCallsDescribed, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition | DISPFlagOptimized, unit: !0, retainedNodes: !106, keyInstructions: true)
!104 = !DISubroutineType(types: !105)
!105 = !{!39, !39, !5}
!106 = !{!107, !108}
!107 = !DILocalVariable(name: "z", arg: 1, scope: !103, file: !1, line: 4, type: !39)
!108 = !DILocalVariable(name: "n", arg: 2, scope: !103, file: !1, line: 4, type: !5)
!109 = !DILocation(line: 0, scope: !103)
!110 = !DILocation(line: 6, column: 14, scope: !103, atomGroup: 2, atomRank: 2)
!111 = !DILocation(line: 6, column: 12, scope: !103, atomGroup: 2, atomRank: 1)
!112 = !DILocation(line: 6, column: 5, scope: !103, atomGroup: 1, atomRank: 2)
!113 = !DILocation(line: 6, column: 5, scope: !103, atomGroup: 1, atomRank: 1)
