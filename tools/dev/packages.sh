#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The Debian packages that lanes needs, and a function that installs those missing.
# Sourced by tools/check and tools/quickstart; run directly, it installs the sets named
# on the command line:
#
#     tools/dev/packages.sh [--list] [build] [test] [demo] [guest]
#
#   build   compile lanesd, lanes-compiler, lanes and liblanes.so
#   test    all tests, lint and the other compilers that tools/check --all uses
#   demo    Numba and clang, which the demonstration takes callbacks from
#   guest   qemu and what makes a guest for it, which tools/dev/numa-test runs

# Prints the LLVM version to use, 22 or 19: the newest that is installed with its clang, else
# the newest that Debian offers.
lanes_llvm_major()
{
    local major
    for major in 22 19; do
        if [ -e "/usr/lib/llvm-$major/include/llvm-c/Core.h" ] && [ -x "/usr/bin/clang-$major" ]; then
            echo "$major"
            return
        fi
    done
    if lanes_is_offered llvm-22-dev; then echo 22; else echo 19; fi
}

lanes_is_offered()
{
    # No pipe: one that ends early is a failure to a caller with pipefail.
    [[ $(apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [^\(] ]]
}

# Prints the packages of the sets given, for the LLVM version in $1.
lanes_packages_of()
{
    local major=$1 set
    shift
    for set in "$@"; do
        case $set in
            build) echo gcc libc6-dev cmake ninja-build pkg-config python3 \
                "llvm-$major-dev" libhwloc-dev libjansson-dev libseccomp-dev ;;
            test) echo g++ binutils git shellcheck libcriterion-dev libhwloc-dev libmpfr-dev python3-numpy \
                python3-numba clang-14 "clang-$major" "clang-format-$major" "clang-tidy-$major" "libomp-$major-dev" \
                "libclang-rt-$major-dev" llvm-19-dev mypy python3-dask python3-distributed python3-numexpr \
                python3-pip python3-scipy python3-setuptools python3-tqdm python3-venv python3-wheel python3-xarray ;;
            demo) echo python3-numpy python3-numba "clang-$major" ;;
            guest) echo qemu-system-x86 cpio busybox-static ;;
            *)
                echo "packages.sh: unknown set '$set'; there are build, test, demo and guest" >&2
                return 64
                ;;
        esac
    done | tr ' ' '\n' | sort -u
}

# Reads package names and prints those that are not installed.
lanes_missing()
{
    local package
    while read -r package; do
        if [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) != 'install ok installed'* ]]; then
            echo "$package"
        fi
    done
}

# Installs what is missing of the sets given. Works as root and as a user with sudo.
lanes_install_packages()
{
    local as_root=() missing wanted
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "this is not Debian; install the counterparts of: $(lanes_packages_of 22 "$@" | xargs)" >&2
        return 1
    fi
    wanted=$(lanes_packages_of "$(lanes_llvm_major)" "$@") || return
    mapfile -t missing < <(lanes_missing <<<"$wanted")
    if [ "${#missing[@]}" -eq 0 ]; then
        echo "packages ($*): all installed, LLVM $(lanes_llvm_major)"
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "packages are missing and there is no sudo; as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    "${as_root[@]}" apt-get update -q || echo "apt-get update failed; going on with the lists there are"
    # On a system without package lists it seemed that LLVM 22 was not offered.
    wanted=$(lanes_packages_of "$(lanes_llvm_major)" "$@")
    mapfile -t missing < <(lanes_missing <<<"$wanted")
    echo "packages ($*): installing ${missing[*]}"
    "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    if [ "${1:-}" = --list ]; then
        shift
        lanes_packages_of "$(lanes_llvm_major)" "${@:-build}"
    elif [ $# -gt 0 ]; then
        lanes_install_packages "$@"
    else
        sed -n '4,14s/^# \{0,1\}//p' "$0"
        exit 64
    fi
fi
