; another name for something in the executor
; expect: LANES_E_IR_REFUSED rule alias
@system = external global i8
@f = alias double (double), inttoptr (i64 4096 to ptr)
