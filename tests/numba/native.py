#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what the Python package makes of every callback, with the Numba of this Python.

    native.py [--callback NAME]...

matrix.py does this for recorded IR of `numba.cfunc`; tools/python/lanes/_numba.py compiles
without the C wrapper, and tells the signature by itself. Needs $LANES_BUILD_DIR.
"""
import argparse
import importlib.util
import os
import pathlib
import sys

import matrix

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_module():
    path = ROOT / "tools" / "python" / "lanes" / "_numba.py"
    spec = importlib.util.spec_from_file_location("_lanes_numba", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compile_callback(module, callback):
    """(IR, signature)"""
    signature = module.read_signature(callback.signature)
    options = {key: callback.options[key] for key in module.SEMANTIC_OPTIONS if key in callback.options}
    done = module.compile_native(
        callback.function, signature.args, signature.return_type, callback.name,
        callback.signature, **options,
    )  # fmt: skip
    return done.library.get_llvm_str().encode(), module.spell_signature(done.signature, callback.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callback", action="append")
    options = parser.parse_args()
    os.chdir(matrix.HERE)  # Numba reads source lines for its error messages
    import numba

    module = load_module()
    version = numba.__version__
    known = matrix.manifest.index(version)["callbacks"] if version in matrix.manifest.versions() else {}
    count, wrong = 0, 0
    with matrix.lanes_client.Session(threads=2) as session:
        for case in matrix.manifest.load_manifest([matrix.manifest.versions()[-1]]):
            callback = case.callback
            if options.callback and callback.name not in options.callback:
                continue
            try:
                ir, signature = compile_callback(module, callback)
            except ImportError:  # SciPy is not there
                continue
            except Exception as error:  # Numba's errors have no common class
                if callback.refused or not known.get(callback.name, {}).get("compiled"):
                    continue
                result = f"not compiled: {error}"
            else:
                result = matrix.run_case(session, case, ir, signature or None)
            count += 1
            if result:
                wrong += 1
                print(f"{version} {callback.name}: {result}", flush=True)
    print(f"{count} runs, {wrong} wrong")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
