#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write inputs that are as they should be, for a corpus to begin with.

Usage: seeds.py FOLDER

Fills FOLDER/TARGET for each target whose inputs have a form. A fuzzer finds its way from
these to what is wrong; from nothing it takes hours to what is right. Needed when a form
changes, such as that of ring entries: then begin the corpus of that target anew.
"""
import os
import pickle
import struct
import sys

F8, F4, I4, BOOL, I8 = "f8 f4 i4 ? i8".split()
# enum lanes_dtype, as include/lanes/types.h has it.
DTYPE = {"?": 1, "i1": 3, "u1": 4, "i2": 5, "u2": 6, "i4": 7, "u4": 8, "i8": 9, "u8": 10}
DTYPE |= {"f4": 11, "f8": 12, "c8": 14, "c16": 15}


def write(folder, target, name, data):
    path = os.path.join(folder, target)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "wb") as file:
        file.write(data)


def entry(kernel, shape, operands, **fields):
    """A lanes_abi_entry and its argument words; operands are (segment, offset, dtype,
    strides, row_count)."""
    words = struct.pack(f"<{len(shape)}Q", *shape)
    for segment, offset, dtype, strides, rows in operands:
        words += struct.pack("<IIQII", segment, 1, offset, DTYPE[dtype], rows)
        words += struct.pack(f"<{len(shape)}q", *strides)
    get = fields.get
    head = struct.pack("<IIII", 1, get("errors", 0), kernel, 1)
    head += struct.pack("<QQ", 7, 0)
    head += struct.pack("<IIII", len(words) // 8, len(shape), len(operands), get("casting", 0))
    head += struct.pack("<QIIQQ", 3, *get("params", (0, 0, 0, 0)))
    head += struct.pack("<IIII", get("flags", 0), get("reduce", 0), get("axes", 0), 0)
    head += bytes(32)
    assert len(head) == 128
    return head + words


def batches(folder):
    def put(name, *entries, fill=0, flags=0):
        data = struct.pack("<BBHIII", fill, flags, 0, 0, 0, 0) + b"".join(entries)
        write(folder, "fuzz_ring_batch", name, data)

    def line(segment, offset=0, dtype=F8, stride=8, rows=0):
        return (segment, offset, dtype, [stride], rows)

    put("unary", entry(0, [10], [line(0), line(0, 80)]))
    put("in_place", entry(0, [10], [line(0), line(0)]))
    put("binary", entry(1, [10], [line(0), line(1), line(5)]))
    put("scalar", entry(1, [100], [line(0, stride=0), line(1), line(5)]))
    put("rows", entry(2, [5], [line(0, stride=32, rows=4), line(1), line(5)]))
    put("many", entry(3, [9], [line(0, dtype="c16", stride=16), line(1, dtype="u2", stride=2),
                              line(5, dtype=F4, stride=4), line(5, 64, "i1", 1)]))
    put("params", entry(4, [9], [line(0), line(5)], params=(0, 1, 64, 16)))
    put("raise", entry(5, [20], [line(0), line(5)]))
    put("mask", entry(5, [20], [line(0), line(5), line(5, 4096, BOOL, 1)], errors=1))
    put("where", entry(0, [20], [line(0), line(5), line(1, 0, BOOL, 1)], flags=1), fill=1)
    put("flush", entry(0, [20], [line(0), line(5)], flags=2))
    put("cast", entry(0, [20], [line(0, 0, I4, 4), line(5, 0, F4, 4)], casting=4))
    put("order", entry(8, [20], [line(0), line(5)]))
    put("wide", entry(9, [8], [line(0, dtype=F4, stride=4)] * 15 + [line(5, 0, F4, 4)]))
    put("nine", entry(11, [4], [line(0, 0, "u1", 1), line(0, 64, "c8", 16, 2),
                               line(5, 0, "i2", 2), line(5, 64)], params=(0, 1, 0, 32)))
    grid = [(0, 0, F8, [64, 8], 0), (5, 0, F8, [8, 64], 0)]
    put("grid", entry(0, [8, 8], grid))
    put("grid_stream", entry(0, [8, 8], [grid[0], (5, 0, F8, [64, 8], 0)]), flags=1)
    put("cube", entry(0, [4, 4, 4], [(0, 504, F8, [-128, -32, -8], 0),
                                     (5, 0, F8, [8, 32, 128], 0)]))
    put("large", entry(0, [1 << 39], [line(0, stride=0), line(5)]))
    put("stream", entry(0, [500], [line(0), line(5)]), flags=1)
    put("two", entry(0, [10], [line(0), line(5)]), entry(1, [3], [line(0)] * 2 + [line(5)]))
    for reduce in range(1, 9):
        dtype = {5: BOOL, 6: BOOL, 7: I8, 8: I8}.get(reduce, F8)
        size = 1 if dtype == BOOL else 8
        put(f"reduce{reduce}", entry(0, [40], [line(0), line(5, 0, dtype, 0)],
                                     reduce=reduce, axes=1))
        put(f"reduce{reduce}_rows",
            entry(5, [6, 10], [(0, 0, F8, [80, 8], 0), (5, 0, dtype, [size, 0], 0)],
                  reduce=reduce, axes=2))
        put(f"reduce{reduce}_columns",
            entry(0, [6, 10], [(0, 0, F8, [80, 8], 0), (5, 0, dtype, [0, size], 0)],
                  reduce=reduce, axes=1))
    put("reduce_none", entry(0, [0, 3], [(0, 0, F8, [0, 8], 0), (5, 0, F8, [0, 8], 0)],
                             reduce=1, axes=1))
    put("at-end", entry(0, [8], [line(1, 936), line(2)]))
    put("behind-end", entry(0, [8], [line(1, 937), line(2)]))
    put("before-begin", entry(0, [8], [line(1, 55, stride=-8), line(2)]))
    put("params-end", entry(4, [8], [line(1), line(2)], params=(0, 1, 4080, 16)))
    put("params-behind", entry(4, [8], [line(1), line(2)], params=(0, 1, 4080, 32)))
    put("same-place", entry(0, [8], [line(1), line(2, stride=4)]))
    put("alias-apart", entry(0, [8], [line(0), (6, 64, F8, [8], 0)]))
    put("alias-overlap", entry(0, [8], [line(0), (6, 63, F8, [8], 0)]))
    put("alias-below", entry(0, [8], [(6, 63, F8, [8], 0), line(0)]))
    put("empty-kept", entry(0, [1 << 39, 0], [(0, 0, F8, [0, 0], 0), (5, 0, F8, [0, 0], 0)],
                            reduce=1, axes=2))
    put("empty-start", entry(1, [0, 3], [(0, 1 << 40, F8, [0, 8], 0), (0, 0, F8, [0, 8], 0),
                                         (5, 0, F8, [0, 8], 0)], reduce=9, axes=1))
    put("by_kernel", entry(1, [40], [line(0, stride=0), line(0, 8), line(5, stride=0)],
                           reduce=9, axes=1))
    put("by_raising", entry(10, [40], [line(0, 0, I4, 0), line(0, 8, I4, 4),
                                      line(5, 0, I4, 0)], reduce=9, axes=1))
    put("scan", entry(1, [40], [line(0, stride=0), line(0, 8), line(5)], reduce=10, axes=1))
    put("scan_rows", entry(1, [6, 10], [(0, 0, F8, [0, 0], 0), (0, 8, F8, [80, 8], 0),
                                       (5, 0, F8, [80, 8], 0)], reduce=10, axes=2))


def results(folder):
    def put(name, flags, tail, report=b"{}", patches=()):
        data = struct.pack("<BBB", flags, len(patches), len(report))
        for at, value in patches:
            data += struct.pack("<HI", at, value)
        write(folder, "fuzz_server_result", name, data + report + tail)

    report = b'{"externals":[{"name":"hypot"}],"variants":[{"times_ms":{"read":1.5}}]}'
    put("load", 1, b"object", report)
    put("variant", 16, b"object", report)
    put("disk", 5, b"object", report)
    put("known", 8, b"", report)
    put("known_code", 8 | 32, b"", report)
    put("other_code", 32, b"object", report)
    put("unlinked", 1, b"x")
    put("short", 128 | 40, b"")
    # Where counts are depends on the layout, so one is added to each word in turn; tables
    # of one payload, good and bad, and of one list follow.
    def payload(form, offset, bytes_, node=0):
        return struct.pack("<IIQQ", form, node, offset, bytes_).ljust(408, b"\0")

    numbers = struct.pack("<IIIIIIIII", 1, 1, 8, 0, 12, 0, 0, 0, 8).ljust(912, b"\0")
    tables = {
        "text": payload(1, 60, 4), "text-behind": payload(1, 61, 4),
        "bits": payload(2, 480, 4), "bits-behind": payload(2, 481, 4),
        "bits-wrap": payload(2, 0, 1 << 61), "node": payload(1, 0, 1, 1),
        "list": numbers, "list-behind": numbers[:8] + b"\7" + numbers[9:],
    }
    put("object-long", 1, b"object", report, [(816, 1 << 24)])
    for at in range(0, 1400, 4):
        put(f"word{at}", 1, b"object", report, [(at, 1)])
        for name, table in tables.items():
            put(f"{name}_{at}", 1 | 64, table + b"object", b"{}", [(at, 1)])
        put(f"unlinked_{at}", 1 | 64, payload(0, 0, 0) + b"x", b"{}", [(at, 1)])


def texts(folder):
    for i, text in enumerate([
        "f8(f8,f8)", "f8,i4(f8)", "(f8,i4)(f8)", "float64(float64[:])",
        "UniTuple(float64, 2)(float64)", "Tuple((float64, int32))(float64)",
        "double(intc, CPointer(double), voidptr)", "int64(datetime64[D])", "c16(c16)",
        "b1(bool_)", "void(f8)", "f8(f8[::1])", "f8(Array(float64, 1, 'C'))", "?(i8,u1)",
    ]):
        write(folder, "fuzz_kernel_signature", f"text{i}", text.encode())


def npy(folder):
    def put(name, text, version=1, zeros=96):
        length = struct.pack("<H" if version == 1 else "<I", len(text))
        head = b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()
        write(folder, "fuzz_npy_header", name, struct.pack("<H", zeros) + head)

    form = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }     \n"
    put("f8", form % ("<f8", False, "(3, 4)"))
    put("one-missing", form % ("<f8", False, "(3, 4)"), 1, 95)
    put("fortran", form % ("<f4", True, "(3, 4)"))
    put("empty", form % ("|b1", False, "(0, 18446744073709551615)"))
    put("none", form % ("<c16", False, "()"))
    put("python2", form % ("<i8", False, "(3L,)"))
    put("big", form % (">f8", False, "(3,)"))
    put("time", form % ("<M8[ns]", False, "(3,)"), 2)
    put("object", form % ("|O", False, "(3,)"), 3)
    put("text", form % ("<U5", False, "(3,)"), 3)
    put("fields", "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }\n")
    put("huge", form % ("<f8", False, "(4294967296, 4294967296)"))
    put("double", '{"shape": (2,), "fortran_order": True, "descr": "<u2"}\n')


def payloads(folder):
    head = struct.pack("<BBHQQ", 1, 1, 16, 4, 3)
    write(folder, "fuzz_client_payload", "text", head + b'c"\\0a\\5Cxy"')
    for room in (2, 3):
        head = struct.pack("<BBHQQ", 1, 1, room, 0, 3)
        write(folder, "fuzz_client_payload", f"room-{room}", head + b"abc")
    for offset, bits in ((9, 1), (10, 1), (72, 2), (73, 2)):
        head = struct.pack("<BBHQQ", 1, bits, 16, offset, 3)
        write(folder, "fuzz_client_payload", f"end-{offset}", head + b"0123456789ab")
    for bits in (32, 35):
        data = struct.pack("<BBHQQ", 1, 2, 16, bits, 3) + bytes(range(12))
        write(folder, "fuzz_client_payload", f"bits{bits}", data)


def cache(folder):
    head = b"lanes\0\0\0" + struct.pack("<II", 1, 1) + b"\1\2\3" + bytes(29)
    write(folder, "fuzz_cache_entry", "file", b"\0" + head + struct.pack("<QQ", 4, 0) + b"data")
    for at in (0, 8, 12, 16, 48, 56, 64):
        data = b"\1" + struct.pack("<HB", at, 1) + b"an entry"
        write(folder, "fuzz_cache_entry", f"change{at}", data)
    for suffix in (".code", ".request", ".code.abcdef", ""):
        data = b"\2" + b"01" * 32 + suffix.encode()
        write(folder, "fuzz_cache_entry", "name" + suffix, data)


def spans(folder):
    for i, fields in enumerate([(80, 0, 8, 10, 8), (80, 72, -8, 10, 8), (8, 0, 0, 1 << 40, 8),
                                (1 << 46, (1 << 46) - 8, -(1 << 45), 3, 8),
                                ((1 << 64) - 1, (1 << 63) - 1, 1 << 62, 2, 16)]):
        write(folder, "fuzz_engine_span", f"span{i}", struct.pack("<QQqQI", *fields))


def segments(folder):
    def put(name, *steps):
        data = b"".join(struct.pack("<BBHHBB", *step) for step in steps)
        write(folder, "fuzz_shm_attach", name, data)

    attach, create, release, hold, drop, rings = range(6)
    put("attach", (attach, 4, 5000, 0, 0, 0), (release, 0, 0, 0, 0, 0))
    put("part", (attach, 4, 5000, 100, 0, 0), (hold, 0, 0, 0, 1, 0), (drop, 0, 0, 0, 1, 0))
    put("hole", (attach, 12, 9000, 0, 0, 0), (attach, 12, 9000, 0, 1, 0))
    put("reading", (attach, 1, 5000, 0, 1, 0), (attach, 1, 5000, 0, 0, 0))
    put("writing", (attach, 2, 5000, 0, 0, 0))
    put("again", *[(attach, 3, 5000, 0, i & 1, 0) for i in range(4)], (hold, 0, 0, 0, 0, 1))
    put("create", (create, 0, 0, 4096, 0, 0), (hold, 0, 0, 0, 0, 0), (release, 0, 0, 0, 0, 0))
    put("sizes", (create, 0, 0, 0, 0, 0), (create, 0, 0, 0xFFFF, 0, 0),
        (attach, 4, 10, 0xFFF3, 0, 0))
    put("seals", *[(attach, 4 | s << 4, 4096, 0, 0, 0) for s in range(4)])
    put("others", *[(attach, 0, which, 0, 1, 0) for which in range(8)])
    put("stale", (release, 0, 300, 1, 0x80, 0), (release, 0, 0, 0, 0x80, 0))
    put("rings", (rings, 4, 4096, 0, 0, 0), (rings, 0, 0, 0, 0, 0))


def replies(folder):
    create, attach, load, report, fuse, cancel, release, submit, lie, poll, wait = range(11)

    def reply(call, body, fds=0, fix=15):
        return struct.pack("<BBBH", call, fix, fds, 16 + len(body)) + bytes(16) + body

    segment = struct.pack("<IIQII", 1, 1, 4096, 0, 0)
    dtypes = struct.pack("<16I", 12, 12, *[0] * 14)
    kernel = struct.pack("<IIQQII", 1, 1, 2, 5, 1, 1) + dtypes + struct.pack("<IIQ", 0, 0, 0)
    failure = struct.pack("<BBBHIIiI", cancel, 7, 0, 528, 0, 0, -4096, 0) + b"no".ljust(512, b"\0")
    raised = struct.pack("<IIQQIIII", 1, 1, 5, 3, 1, 1, 0, 0) + struct.pack("<IIII", 12, 0, 0, 8)

    def lies(at, data):
        return bytes([lie, 0]) + struct.pack("<I", at)[:3] + bytes([len(data)]) + data

    done = struct.pack("<QiIQQ", 0, -4096, 0, 1, 0)
    begin = reply(create, segment, 1) + reply(load, kernel, 2)
    go = bytes([submit, 0])
    # In K: submit_head is at 64, complete_tail at 128, closed at 256.
    back = lies(4096, done) + lies(36864, b"text\0") + lies(36864 + 512, raised)
    back += lies(128, b"\1\0\0\0")
    for name, data in {
        "create": reply(create, segment, 1),
        "attach": reply(attach, segment),
        "load": begin + reply(report, kernel, 2) + b"{}",
        "fuse": begin + reply(fuse, kernel, 2),
        "release": begin + reply(release, kernel),
        "cancel": reply(cancel, bytes(8)) + failure,
        "run": begin + go + back + bytes([poll, 0]),
        "wait": begin + go + back + bytes([wait, 0]),
        "early": begin + lies(128, b"\1") + bytes([poll, 0]),
        "closed": begin + go + lies(256, b"\1\x12") + bytes([wait, 0, submit, 0]),
        "none": begin + go + bytes([wait, 0, poll, 0]),
    }.items():
        write(folder, "fuzz_client_reply", name, data)


class Raised(Exception):
    """Of a class that is not built in."""


def pickles(folder):
    values = [
        (ValueError, ("negative", -2.5), ("f", 12, "file.py")),
        (ValueError, ("a" * 300,), None),
        (KeyError, (1, (2, "x"), None, True, b"bytes", 1 << 70, -1), None),
        (Raised, ("\u00e4\u20ac\U0001f600{}",), ("g", 3, "/a/b.py")),
        "a string \u20ac",
        "long" * 40,
    ]
    for i, value in enumerate(values):
        for protocol in range(2, 6):
            data = pickle.dumps(value, protocol)
            write(folder, "fuzz_codegen_pickle", f"pickle{i}_{protocol}", data)


def scans(folder):
    def put(name, mode, data):
        write(folder, "fuzz_codegen_scan", name, bytes([mode]) + data)

    tests = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
    for name in ("numba-0.68.1-static.ll", "clang-22.1-features.ll", "identity-a.ll"):
        with open(os.path.join(tests, name), "rb") as file:
            text = file.read()[:4000]
        put(name, 0, text)
        put(name + "-located", 3, b"\2\10negative\3abc" + text[:1000])
    put("captures", 0, b"define ptr @f(ptr captures(none) %p) { ret ptr %p } ; captures(x)\n")
    put("samesign", 0, b'@"samesign" = icmp samesign ult i32 %a, 1\nx: trunc nuw i8 %b to i1')
    with open(os.path.join(tests, "llvm-22.1-captures.bc"), "rb") as file:
        bitcode = file.read()[:400]
    put("bitcode", 1, bitcode)
    put("located", 3, b"\1\12" + bitcode[100:110] + bitcode)
    for i, name in enumerate([
        b"_ZN8__main__1fB2v1B38c8tJTIeFIjyBEFKUg0SERrMCAg9AlgA_3dEdd", b"_ZN1fEdxhbfm",
        b"_ZN1fE8UniTupleIdLi2EE", b"_ZN1fE5ArrayIdLi1E1C7mutable7alignedE", b"_ZN1fEPdPvi",
        b"_ZN1fE5TupleIdixEd", b"cfunc._ZN1fEd", b"_ZN1fE7complexIdE10omitted_28_29",
    ]):
        put(f"name{i}", 2, name)


def modules(folder):
    def put(name, text, flags=0, signature=""):
        head = bytes([flags | (4 if signature else 0)])
        head += bytes([len(signature)]) + signature.encode() if signature else b""
        write(folder, "fuzz_ir_admit", name, head + text.encode())

    put("add", "define double @f(double %x) {\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n")
    put("sin", "declare double @sin(double)\ndefine double @f(double %x) {\n"
               "  %y = call double @sin(double %x)\n  ret double %y\n}\n", 2)
    put("div", "define i32 @f(i32 %a, i32 %b) {\n  %c = sdiv i32 %a, %b\n  ret i32 %c\n}\n", 1,
        "u4(u4,u4)")
    put("row", "define double @f(i32 %n, ptr %x) {\n  %p = getelementptr double, ptr %x, i64 1\n"
               "  %y = load double, ptr %p\n  ret double %y\n}\n")
    put("out", "define void @f(double %x, ptr %y) {\n  store double %x, ptr %y\n  ret void\n}\n",
        0, "f8(f8)")
    put("loop", "define i64 @f(i64 %n) {\ne:\n  br label %l\nl:\n"
                "  %i = phi i64 [ 0, %e ], [ %j, %l ]\n  %j = add i64 %i, 3\n"
                "  %c = icmp ult i64 %j, %n\n  br i1 %c, label %l, label %x\nx:\n"
                "  ret i64 %i\n}\n")
    put("raise", '@.const = internal constant [4 x i8] c"\\80\\02N."\n'
                 "@.ex = internal constant { ptr, i32, ptr, ptr, i32 } "
                 "{ ptr @.const, i32 4, ptr null, ptr null, i32 0 }\n"
                 "define i32 @_ZN1fEd(ptr %r, ptr %e, double %x) {\n"
                 "  store double %x, ptr %r\n  %b = fcmp olt double %x, 0.0\n"
                 "  br i1 %b, label %no, label %yes\nno:\n  store ptr @.ex, ptr %e\n"
                 "  ret i32 1\nyes:\n  ret i32 0\n}\n")
    put("refused", "@g = external thread_local global i32\n"
                   "define i32 @f(i32 %x) {\n  call void asm \"nop\", \"\"()\n"
                   "  %y = load i32, ptr @g\n  ret i32 %y\n}\n")
    put("ifunc", "define double @f(double %x) {\n  %y = call double @h(double %x)\n"
                 "  ret double %y\n}\n@h = ifunc double (double), ptr @r\n"
                 "define ptr @r() {\n  ret ptr @f\n}\n")


def controls(folder):
    hello, create, attach, released, load, report, unload, fuse, cancel, batch = (
        1, 2, 4, 5, 6, 7, 8, 9, 10, 15)

    def step(kind, body=b"", fix=1 | 2 | 8, fd=b""):
        return struct.pack("<BBH", kind, fix, len(body)) + body + fd

    def segment(kind, bytes_, fix=11, flags=0, fd=b""):
        return step(kind, struct.pack("<IIQII", 0, 0, bytes_, flags, 0), fix, fd)

    def command(index, fix=1 | 2 | 4 | 8 | 16):
        return step(load, bytes(24), fix, bytes([4, index]))

    memory = bytes([4, 64]) + bytes(64)
    double, both = command(0), command(0) + segment(create, 4096)
    words = entry(0, [16], [(0, 0, F8, [8], 0), (0, 2048, F8, [8], 0)])
    run = bytes([batch, 8]) + words
    # A hello is 24 bytes behind its header.
    greeting = step(hello, struct.pack("<QIIII", 0x736C656E616C, 9, 0, 0, 0))
    fused = struct.pack("<IIII", 0, 1, 1, 0) + struct.pack("<II", 0, 0)
    fused += struct.pack("<II", 0xFFFFFFFF, 0) + bytes(120 + 7 * 136) + struct.pack("<II", 0, 0)
    put = {
        "create": segment(create, 4096) + segment(released, 0),
        "attach": segment(attach, 0, 15, 0, memory) + segment(attach, 64, 15, 1, memory),
        "pipe": segment(attach, 0, 15, 0, b"\0"),
        "null": segment(attach, 0, 15, 0, b"\2"),
        "sizes": segment(create, 0) + segment(create, 1 << 60),
        "load": double + step(report) + step(unload),
        "run": both + run + step(cancel, bytes(8)) + run,
        "fuse": double + step(fuse, fused) + segment(create, 4096) + run,
        "again": double + double + step(unload),
        "stats": both + step(11) + run + step(11),
        "end": both + run + step(12, struct.pack("<QIIII", 0, 1, 0, 0, 0)) + run,
        "unknown": step(3) + step(13),
        "nothing": bytes([batch, 0]) + bytes(128),
        "raw": step(create, bytes(24), 0),
        "text": step(load, bytes(24), 15, bytes([4, 6]) + b"double"),
    }
    for name, data in put.items():
        write(folder, "fuzz_server_control", name, b"\0" + data)
    for index in range(42):
        write(folder, "fuzz_server_control", f"command{index}",
              b"\0" + command(index) + segment(create, 4096) + run)
    write(folder, "fuzz_server_control", "hello", b"\1" + greeting + both + run)
    write(folder, "fuzz_server_control", "mute", b"\1" + both)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for make in (batches, results, texts, npy, payloads, cache, spans, segments, replies,
                 pickles, scans, modules, controls):  # fmt: skip
        make(sys.argv[1])


if __name__ == "__main__":
    main()
