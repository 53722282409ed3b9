; an instruction that stops the process
; expect: LANES_E_KERNEL_RAISED abort the process
define double @f(double %x) {
  call void @llvm.trap()
  unreachable
}

declare void @llvm.trap()
