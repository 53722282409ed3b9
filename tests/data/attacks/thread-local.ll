; state that would be kept per thread
; expect: LANES_E_IR_REFUSED rule thread-local
@state = thread_local global double 0.0

define double @f(double %x) {
  %p = call ptr @llvm.threadlocal.address.p0(ptr @state)
  %o = load double, ptr %p
  %r = fadd double %o, %x
  store double %r, ptr %p
  ret double %r
}

declare ptr @llvm.threadlocal.address.p0(ptr)
