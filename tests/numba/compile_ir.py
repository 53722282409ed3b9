#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile every callback with the Numba of this Python: compile_ir.py FOLDER.

Writes FOLDER/<version>.tar.xz, which holds <callback>.ll for each callback that compiles,
as inspect_llvm() returns it, and FOLDER/<version>.json, which says what they are and why
the others do not compile. tools/dev/numba-matrix runs it in each of its environments.

What would tie the text to this machine is avoided, not edited out: callbacks.py is
executed under that bare name, Numba's own files count from its package's folder, and code
is for one CPU. Addresses and hashes are the same in each run where the kernel allows it.
"""
import ctypes
import io
import json
import lzma
import os
import pathlib
import pickle
import re
import sys
import tarfile
import types

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = {
    "PYTHONHASHSEED": "0",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2",
    "OPENBLAS_NUM_THREADS": "1",  # its threads would move addresses
}
ADDR_NO_RANDOMIZE = 0x0040000
FOLDERS = [str(HERE), sys.prefix, sys.base_prefix, os.path.expanduser("~"), *sys.path]
PRIVATE = re.compile(
    "|".join(re.escape(folder) for folder in FOLDERS if len(folder) > 1)
    + r"|/(root|home|usr|opt|tmp|var)/|(site|dist)-packages"
)


def restart_with_settings():
    """Runs this script once more, in the environment that SETTINGS asks for."""
    if all(os.environ.get(name) == value for name, value in SETTINGS.items()):
        return
    os.environ.update(SETTINGS)
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)  # if refused, addresses vary
    os.execv(sys.executable, [sys.executable, *sys.argv])


def hide_folders():
    """Makes Numba know its own files by their names inside its package."""
    from numba.core import ir

    original = ir.Loc.__init__

    def init(self, filename, *rest, **named):
        original(self, re.sub(r"^.*/(site|dist)-packages/", "", filename), *rest, **named)

    ir.Loc.__init__ = init


def load_callbacks():
    """The declared callbacks, whose code says it is from the file "callbacks.py"."""
    os.chdir(HERE)  # Numba reads source lines for its error messages
    sys.path.insert(0, str(HERE))
    import declare

    module = types.ModuleType("callbacks")
    sys.modules["callbacks"] = module
    text = (HERE / "callbacks.py").read_text(encoding="utf-8")
    exec(compile(text, "callbacks.py", "exec"), vars(module))
    return declare.CALLBACKS


def reason_of(error):
    """The sentence of a Numba error that tells what is wrong, without paths."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Failed in ")]
    text = lines[0] if lines else ""
    text = re.sub(r"(<module '\w+')[^>]*>", r"\1>", text)
    text = re.sub(r"\.? Raised from .*$", "", text)
    return f"{type(error).__name__}: {text}"


def compile_one(callback):
    """A CFunc, or why there is none."""
    import numba

    try:
        return numba.cfunc(callback.signature, **callback.options)(callback.function)
    except Exception as error:  # typing and lowering errors have no common class
        return reason_of(error)


def compile_in_child(callback):
    """(IR, name of the C function) or (None, why not).

    Each callback is compiled in a process that has compiled nothing else, so that its text
    does not depend on the others.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        result = compile_one(callback)
        if not isinstance(result, str):
            answer = result.inspect_llvm(), result._wrapper_name
        else:
            answer = None, result
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    if not data:
        return None, "the compiling process died"
    return pickle.loads(data)


def externals_of(text):
    """Sorted names of what the module declares and does not define, intrinsics left out."""
    names = re.findall(r'^declare [^@]*@"?([^"(]+)"?\(', text, flags=re.M)
    names += re.findall(r'^@"?([^"= ]+)"? = external ', text, flags=re.M)
    return sorted(name for name in set(names) if not name.startswith("llvm."))


def write_archive(path, texts):
    """The same texts make the same bytes."""
    with lzma.open(path, "wb", preset=9 | lzma.PRESET_EXTREME) as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name in sorted(texts):
                data = texts[name].encode("utf-8")
                entry = tarfile.TarInfo(f"{name}.ll")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))


def write_index(path, about, entries):
    """One line for each callback."""
    lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()]
    head = json.dumps(about, indent=1)[:-2]
    path.write_text(f'{head},\n "callbacks": {{\n' + ",\n".join(lines) + "\n }\n}\n")


def main():
    (folder,) = sys.argv[1:]
    folder = pathlib.Path(folder).resolve()
    restart_with_settings()
    import llvmlite
    import llvmlite.binding
    import numba
    import numpy

    try:
        from scipy import __version__ as scipy_version
    except ImportError:
        scipy_version = None
    hide_folders()
    callbacks = load_callbacks()
    numba.cfunc("float64(float64)")(lambda x: x)  # loads what every child needs

    texts, entries = {}, {}
    for callback in callbacks.values():
        text, more = compile_in_child(callback)
        entries[callback.name] = {
            "category": callback.category,
            "signature": callback.signature,
            "compiled": text is not None,
        }
        if text is None:
            entries[callback.name]["reason"] = more
            continue
        match = PRIVATE.search(text)
        if match:
            place = text[max(0, match.start() - 60) : match.end() + 60]
            sys.exit(f"{callback.name}: the IR names a folder of this machine: {place}")
        texts[callback.name] = text
        entries[callback.name].update(bytes=len(text), symbol=more, externals=externals_of(text))
    about = {
        "schema": "lanes.numba-ir/1",
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
        "llvm": ".".join(map(str, llvmlite.binding.llvm_version_info)),
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": numpy.__version__,
        "scipy": scipy_version,
        "cpu": f"{SETTINGS['NUMBA_CPU_NAME']} {SETTINGS['NUMBA_CPU_FEATURES']}",
    }
    write_archive(folder / f"{numba.__version__}.tar.xz", texts)
    write_index(folder / f"{numba.__version__}.json", about, entries)
    size = sum(map(len, texts.values()))
    print(f"numba {numba.__version__}: {len(texts)} of {len(entries)} callbacks, {size} bytes")


if __name__ == "__main__":
    main()
