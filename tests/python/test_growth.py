# SPDX-License-Identifier: Apache-2.0
"""Nothing grows with the number of calls: memory, descriptors, mappings, /dev/shm."""
import gc
import os
import unittest
import weakref

import life_kernels
import numpy as np

import lanes

ELEMENTS = 1000
BEFORE, AFTER = 10_000, 100_000
# The heap may be cut up a little more; six bytes for each call would be as much.
SLACK_KIB = 512


def resident_kib(pid="self"):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def measure(client):
    gc.collect()
    with open("/proc/self/maps") as maps:
        count = len(maps.readlines())
    with open(f"/proc/{client.executor_pid}/maps") as maps:
        executors = len(maps.readlines())
    own = life_kernels.session_of(client)
    return {
        "descriptors": life_kernels.descriptors(),
        "mappings": count,
        "mappings of the executor": executors,
        "kernels": own["kernels"],
        "segments": own["segments"],
        "/dev/shm": len(os.listdir("/dev/shm")),
        "objects": len(gc.get_objects()),
    }


class Growth(unittest.TestCase):
    def setUp(self):
        self.client = lanes.Client(private=True, threads=1)
        self.addCleanup(self.client.close)
        self.add = life_kernels.add(self.client)
        self.x, self.out = lanes.ones(ELEMENTS), lanes.empty(ELEMENTS)

    def check(self, act, before=BEFORE, after=AFTER, mappings=0):
        """`act(k)` for k up to `after` leaves what it has left at `before`, but for so many
        mappings more."""
        for k in range(before):
            act(k)
        first, memory = measure(self.client), (resident_kib(), resident_kib(self.client.executor_pid))
        for k in range(before, after):
            act(k)
        last = measure(self.client)
        self.assertLessEqual(last.pop("objects"), first.pop("objects") + (after - before) // 10 + 100)
        self.assertLessEqual(last.pop("mappings"), first.pop("mappings") + mappings)
        self.assertEqual(last, first)
        self.assertLessEqual(resident_kib(), memory[0] + SLACK_KIB)
        self.assertLessEqual(resident_kib(self.client.executor_pid), memory[1] + SLACK_KIB)
        self.assertEqual(self.client._session.tasks, {})
        self.assertEqual(len(self.client._session.chores), 0)

    def test_of_calls_with_out(self):
        self.check(lambda k: self.add(self.x, self.x, self.out))

    def test_of_calls_that_make_arrays_of_numbers(self):
        """All in one: a result, a number as argument, and a new array as input."""
        self.check(lambda k: self.add(lanes.empty(ELEMENTS), 1.0), after=20_000)

    def test_of_calls_that_are_prepared_anew(self):
        """Every call has another layout, and its arrays are staged."""
        private = np.ones(2 * ELEMENTS)
        self.check(lambda k: self.add(private[k % ELEMENTS :], k), before=500, after=3_000)

    def test_of_futures(self):
        self.check(lambda k: self.add.submit(self.x, self.x, self.out).result(20), before=500, after=2_000)

    def test_of_failures(self):
        linger = life_kernels.linger(self.client)

        def fail(_):
            with self.assertRaises(lanes.DeadlineExceeded):
                linger(1.0, life_kernels.ENDLESS, deadline=1e-9)
            with self.assertRaises(ValueError):
                self.add(self.x, self.x[:3])

        self.check(fail, before=50, after=300)

    def test_of_memory_of_others_and_of_kernels(self):
        """What is dropped is let go by the next call. (Its code stays loaded for the next one.)"""
        ir = "define double @f(double %x) {{\n  %r = fadd double %x, {}.0\n  ret double %r\n}}\n"
        fd = os.memfd_create("lanes-test")
        self.addCleanup(os.close, fd)
        os.ftruncate(fd, 8 * ELEMENTS)

        def drop(k):
            shared = lanes.from_shared_memory(fd)
            lanes.from_ir(ir.format(k % 10), "f8(f8)", client=self.client)(shared)
            del shared
            self.add(self.x, self.x)

        idle = lanes.Client(private=True, threads=1)
        self.addCleanup(idle.close)
        self.check(drop, before=20, after=100)
        self.assertEqual(len(idle._session.chores), 0)

    def test_of_clients(self):
        def open_and_close(k):
            client = lanes.Client(private=True, threads=1)
            gone.append(weakref.ref(client))
            add = life_kernels.add(client)
            add(self.x, self.x, self.out)
            add.submit(self.x, self.x, self.out).result(20)
            if k % 2:
                client.close()

        gone = []
        self.check(open_and_close, before=4, after=10, mappings=6)  # glibc keeps stacks of threads
        self.assertEqual([reference() for reference in gone], [None] * 10)


if __name__ == "__main__":
    unittest.main()
