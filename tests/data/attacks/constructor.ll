; code that would run when the object is loaded
; expect: LANES_E_IR_REFUSED rule constructor
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]

define internal void @init() {
  ret void
}

define double @f(double %x) {
  ret double %x
}
