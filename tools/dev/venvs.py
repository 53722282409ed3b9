# SPDX-License-Identifier: Apache-2.0
"""Virtual environments for numba-matrix and numpy-matrix."""
import os
import pathlib
import shutil
import subprocess

EX_USAGE = 64


class Skip(Exception):
    """This version cannot be had here; the sentence says why."""


class Failure(Exception):
    """This version is here, and something is wrong."""


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )


def last_line(done):
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"


def default_folder(name):
    """Where the environments of one matrix go, unless its user says another place."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "lanes-dev" / name


def find_python(minors):
    """A Python 3 of one of these minor versions that can make environments."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    for minor in minors:
        name = f"python3.{minor}"
        candidates = [shutil.which("python3"), shutil.which(name), f"/usr/bin/{name}"]
        candidates += sorted(pyenv.glob(f"versions/3.{minor}.*/bin/{name}"))
        for candidate in filter(None, candidates):
            if not os.path.exists(candidate):
                continue
            done = run(candidate, "-c", "import ensurepip, sys; print(sys.version_info[1])")
            if done.returncode == 0 and done.stdout.strip() == str(minor):
                return candidate
    names = ", ".join(f"3.{minor}" for minor in minors)
    raise Skip(f"needs Python {names} with the module ensurepip")


def environment(place, minors, requirements):
    """The Python of the environment in this folder, made if it is not there yet.

    Raises
    ------
    Skip
        No Python of these minor versions, or pip cannot install: no network, no wheel.
    """
    python, ready = place / "bin" / "python", place / "ready"
    wanted = " ".join(requirements)
    if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
        return python
    done = run(find_python(minors), "-m", "venv", place)
    if done.returncode:
        raise Skip(f"no environment: {last_line(done)}")
    done = run(python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", *requirements)
    if done.returncode:
        raise Skip(f"pip cannot install it: {last_line(done)}")
    ready.write_text(wanted, encoding="utf-8")
    return python
