#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""systemd's units: keys that must be there, keys that must not, and `systemd-analyze verify`.

Usage: units.py SERVICE PROGRAM - SERVICE is the configured lanesd.service, PROGRAM a lanesd
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import lintlib

SOCKET = "tools/lanesd/lanesd.socket"
# key: pattern of one of its values
MUST = {
    "Type": "notify",
    "NotifyAccess": "main",
    "ExecStart": r"/.*/lanesd",
    "ExecReload": r".* -HUP \$MAINPID",
    "Restart": "on-failure",
    "RestartPreventExitStatus": "64 69 73",
    "KillMode": "mixed",
    "LimitCORE": "0",
    "NoNewPrivileges": "yes",
    "LockPersonality": "yes",
    "RestrictAddressFamilies": "AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service seccomp",
}
MUST_SOCKET = {
    "ListenSequentialPacket": "%t/lanes/lanes.sock",
    "SocketMode": "0600",
    "DirectoryMode": "0700",
}
# Kernels are code that is made while it runs.
MUST_NOT = {"MemoryDenyWriteExecute", "PrivateNetwork"}


def check_keys(path, text, must, findings):
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([A-Za-z]+)=(.*)", line)
        if match:
            found.setdefault(match.group(1), []).append(match.group(2))
    for key, pattern in must.items():
        if not any(re.fullmatch(pattern, value) for value in found.get(key, [])):
            findings.append(f"{path}:1: unit: no {key}= that is '{pattern}'")
    for key in MUST_NOT & found.keys():
        findings.append(f"{path}:1: unit: {key}= would keep lanesd from working")


def stop_ns_of_units(findings, text):
    """systemd must not kill before lanesd does: drain, cancel, and a margin."""
    stop = int(re.search(r"(?m)^TimeoutStopSec=(\d+)$", text).group(1))
    with open(os.path.join(lintlib.ROOT, "tools/lanesd/supervisor.c"), encoding="utf-8") as file:
        margin = re.search(r"STOP_NS \(LANES_SERVER_DRAIN_NS \+ UINT64_C\((\d+)\)\)", file.read())
    with open(os.path.join(lintlib.ROOT, "src/server/server.h"), encoding="utf-8") as file:
        drain = re.search(r"LANES_SERVER_DRAIN_NS +(\d+)u", file.read())
    if stop * 10**9 <= int(margin.group(1)) + int(drain.group(1)):
        findings.append(f"lanesd.service:1: unit: TimeoutStopSec={stop} is before lanesd's own end")


def verify(service, socket_text, findings):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("lanesd.service", service), ("lanesd.socket", socket_text)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", f"{folder}/lanesd.service",
             f"{folder}/lanesd.socket"],
            capture_output=True, text=True, check=False,
            env={**os.environ, "XDG_RUNTIME_DIR": folder})  # fmt: skip
        said = [line for line in done.stderr.splitlines() if "lanesd." in line]
        findings += [f"lanesd units:1: verify: {line}" for line in said]
        if done.returncode != 0 and not said:
            print(f"systemd-analyze verify does not work here: {done.stderr.strip()}")


service_path, program = sys.argv[1:]
with open(service_path, encoding="utf-8") as service_file:
    service_text = service_file.read()
found_problems = []
check_keys(service_path, service_text, MUST, found_problems)
check_keys(SOCKET, lintlib.text_of(SOCKET), MUST_SOCKET, found_problems)
stop_ns_of_units(found_problems, service_text)
how = "not by systemd-analyze, which is not installed"
if shutil.which("systemd-analyze"):
    how = "by systemd-analyze, too"
    # The program of this build stands for the one that would be installed.
    verify(re.sub(r"(?m)^ExecStart=.*", f"ExecStart={program}", service_text),
           lintlib.text_of(SOCKET), found_problems)
lintlib.finish(__file__, found_problems, f"2 units, {how}")
