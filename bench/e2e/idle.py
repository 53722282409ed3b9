#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does lanes cost while it does nothing?

Opens a session, loads a kernel and runs a batch, so that everything has been started, then
lets it rest: CPU time (user + system, of /proc/PID/stat, in ticks of 10 ms) of executor and
helper, their resident memory, and what the client library added to this process: the rise
of its private memory from before liblanes.so was loaded until after the batch, segments
not counted. Ends with 1 if a figure exceeds its limit below.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "harness"), os.path.join(HERE, "..", "compare")]
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import lanes_session as lanes  # noqa: E402
    import processes  # noqa: E402
except ImportError as missing:
    print(f"idle.py: {missing}; apt-get install python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

IR = """define double @twice(double %x) {
  %y = fadd double %x, %x
  ret double %y
}
"""
SETTLE_SECONDS = 0.5
CPU_LIMIT = 0.0  # seconds, in ticks: not a single one
RSS_LIMIT = 150 << 20  # of executor and helper, each
CLIENT_LIMIT = 2 << 20


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="to watch (10)")
    options = facts.parse(parser)
    seconds = 0.2 if options.smoke else options.seconds
    with processes.executor(options) as socket:
        before = processes.private_bytes("self")
        with lanes.Session(lanes.library(options.build), socket) as session:
            kernel = session.load(IR)
            arrays = [session.array(1000) for _ in range(2)]
            kernel.run(*arrays)
            client_bytes = processes.private_bytes("self") - before
            family = processes.family(session.executor_pid)
            time.sleep(SETTLE_SECONDS)
            used = {role: -processes.cpu_seconds(pid) for role, pid in family.items()}
            time.sleep(seconds)
            for role, pid in family.items():
                used[role] += processes.cpu_seconds(pid)
            rss = {role: processes.rss_bytes(pid) for role, pid in family.items()}
            private = {role: processes.private_bytes(pid) for role, pid in family.items()}
    is_good = client_bytes <= CLIENT_LIMIT
    for role in family:
        role_is_good = used[role] <= CPU_LIMIT and rss[role] <= RSS_LIMIT
        is_good = is_good and role_is_good
        print(f"  {role:10} {used[role] / seconds:7.2%} CPU over {seconds:.1f} s, RSS "
              f"{rss[role] / 2**20:6.1f} MiB, of it private {private[role] / 2**20:6.1f} MiB"
              f"{'' if role_is_good else '  TOO MUCH'}")  # fmt: skip
    print(f"  {'client':10} {client_bytes / 2**20:.2f} MiB for the library, session and kernel")
    print(f"idle.py: {'OK' if is_good else 'FAILED'}")
    content = facts.document("lanes.bench.idle/1", options)
    content.update(seconds=seconds, cpu_seconds=used, rss_bytes=rss, private_bytes=private,
                   client_bytes=client_bytes, ok=is_good)  # fmt: skip
    facts.write_json(options, content)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
