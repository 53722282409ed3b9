; Numba's @cfunc incr(i4)->i4 compiled on arm64 macOS: typed pointers, foreign target (posted on the Numba forum).
; ModuleID = 'incr'
source_filename = "<string>"
target datalayout = "e-m:o-i64:64-i128:128-n32:64-S128"
target triple = "arm64-apple-darwin21.4.0"

@_ZN08NumbaEnv8__main__4incrB2v1B48c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FgGS2gCAA_3d_3dEi = common local_unnamed_addr global i8* null

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn writeonly
define i32 @_ZN8__main__4incrB2v1B48c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FgGS2gCAA_3d_3dEi(i32* noalias nocapture writeonly %retptr, { i8*, i32, i8*, i8*, i32 }** noalias nocapture readnone %excinfo, i32 %arg.x) local_unnamed_addr #0 {
  %.6 = add i32 %arg.x, 1
  store i32 %.6, i32* %retptr, align 4
  ret i32 0
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn writeonly
define i32 @cfunc._ZN8__main__4incrB2v1B48c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FgGS2gCAA_3d_3dEi(i32 %.1) local_unnamed_addr #0 {
  %.3 = alloca i32, align 4
  store i32 0, i32* %.3, align 4
  %.7 = call i32 @_ZN8__main__4incrB2v1B48c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FgGS2gCAA_3d_3dEi(i32* nonnull %.3, { i8*, i32, i8*, i8*, i32 }** nonnull undef, i32 %.1) #1
  %.17 = load i32, i32* %.3, align 4
  ret i32 %.17
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind willreturn writeonly }
attributes #1 = { noinline }
