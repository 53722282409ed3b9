# SPDX-License-Identifier: Apache-2.0
"""A program with mistakes that mypy is to find: see test_types.py.

It is only read, never run. A line that ends in `# error: CODE` has one error of this code;
no other line has any.
"""
import lanes
import numpy as np
from numpy.typing import NDArray

kernel = lanes.from_ir("axpy.ll", "f8(f8,f8)", math="fast")  # error: arg-type
x = lanes.empty(10)

kernel(x, x, outs=x)  # error: call-arg
kernel(x, x, out="x")  # error: arg-type
kernel(x, x, casting="anything")  # error: arg-type
kernel(x, x, errors="warn")  # error: arg-type
kernel(x, x, deadline="1 s")  # error: arg-type
kernel.submit(x, x, priority="urgent")  # error: arg-type
kernel.submit(x, x).value()  # error: attr-defined
kernel.reduce(x, axis="rows")  # error: arg-type
kernel.inspect(mesure=True)  # error: call-arg
kernel.inspect("f8", "f8").vectorised  # error: attr-defined
kernel.nin = "2"  # error: assignment
kernel.types = ["dd->d"]  # error: misc
lanes.Ufunc("kernel")  # error: call-arg
lanes.Client(thread=2)  # error: call-arg
lanes.set_default_client("socket")  # error: arg-type
lanes.set_copy_policy("always")  # error: arg-type
lanes.zeros("10")  # error: arg-type
wrong: NDArray[np.float32] = lanes.zeros(10)  # error: assignment
lanes.no_such_function()  # error: attr-defined
