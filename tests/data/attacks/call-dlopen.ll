; a call of dlopen(), which the process has
; expect: LANES_E_IR_SYMBOL 'dlopen', which lanes does not provide
@library = private constant [10 x i8] c"libc.so.6\00"

define double @f(double %x) {
  %h = call ptr @dlopen(ptr @library, i32 2)
  %b = ptrtoint ptr %h to i64
  %r = uitofp i64 %b to double
  ret double %r
}

declare ptr @dlopen(ptr, i32)
