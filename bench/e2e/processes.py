# SPDX-License-Identifier: Apache-2.0
"""An executor to watch, and what /proc says about its processes."""
import contextlib
import os
import subprocess
import tempfile
import time

import lanes_session as lanes

PAGE_BYTES = os.sysconf("SC_PAGESIZE")
TICK_SECONDS = 1.0 / os.sysconf("SC_CLK_TCK")
START_SECONDS = 10


@contextlib.contextmanager
def executor(options, cache="none"):
    """The socket of options.socket's executor, else of one that lives as long as this.

    That one keeps compiled code in folder `cache`.
    """
    if options.socket:
        yield options.socket
        return
    with tempfile.TemporaryDirectory(prefix="lanes-bench-") as folder:
        socket = os.path.join(folder, "lanes.sock")
        lanesd = os.path.join(options.build, "bin", "lanesd")
        process = subprocess.Popen([lanesd, f"--socket={socket}", "--log-level=warning",
                                    f"--cache-folder={cache}", "--dumpable"])  # fmt: skip
        try:
            wait_until_listening(process, socket)
            yield socket
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def wait_until_listening(process, socket):
    deadline = time.monotonic() + START_SECONDS
    while not os.path.exists(socket):
        if process.poll() is not None:
            raise SystemExit(f"lanesd ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit(f"lanesd has no socket after {START_SECONDS} s")
        time.sleep(0.01)


def stat_of(pid):
    """(name, fields after it) of /proc/PID/stat; fields[0] is the state."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        head, _, tail = file.read().rpartition(")")
    return head.partition("(")[2], tail.split()


def family(executor_pid):
    """{role: pid} of an executor, its helper and, if there is one, its supervisor."""
    found = {"executor": executor_pid}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                name, fields = stat_of(entry)
                if int(fields[1]) == executor_pid and name.startswith("lanes-compiler"):
                    found["helper"] = int(entry)
    parent = int(stat_of(executor_pid)[1][1])
    if stat_of(parent)[0] == "lanesd":
        found["supervisor"] = parent
    return found


def executor_pid_of(library, socket):
    with lanes.Session(library, socket) as session:
        return session.executor_pid


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * PAGE_BYTES


def private_bytes(pid):
    """Resident memory of pid that is not files or segments: what it costs by itself."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def cpu_seconds(pid):
    """User and system time so far."""
    fields = stat_of(pid)[1]
    return (int(fields[11]) + int(fields[12])) * TICK_SECONDS


def counts(pid):
    """What must not grow."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        mappings = sum(1 for _ in file)
    return {
        "pid": pid,
        "fds": len(os.listdir(f"/proc/{pid}/fd")),
        "mappings": mappings,
        "rss_bytes": rss_bytes(pid),
    }
