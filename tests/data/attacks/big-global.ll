; a table of 4 GiB of zeros
; expect: LANES_OK | LANES_E_COMPILE_LIMIT | LANES_E_KERNEL_FAULT | LANES_E_LINK
@table = constant [4294967296 x i8] zeroinitializer

define double @f(double %x) {
  %n = fptoui double %x to i64
  %p = getelementptr i8, ptr @table, i64 %n
  %v = load i8, ptr %p
  %r = uitofp i8 %v to double
  ret double %r
}
