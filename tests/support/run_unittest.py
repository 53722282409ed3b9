#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run the unittest tests of one Python file, and fail when none ran or one was skipped.

unittest succeeds in both cases. Usage:

    run_unittest.py [--may-skip] FILE [TEST...]

TEST is Class or Class.test. With --may-skip, skipped tests are accepted; when all are
skipped the exit status is 77, which CTest shows as "Skipped".
"""
import pathlib
import sys
import unittest

EXIT_SKIPPED = 77


def judge(result, may_skip):
    """Returns (exit status, reason); the reason is empty when nothing is wrong."""
    skipped = len(result.skipped)
    if not result.wasSuccessful():
        return 1, ""
    if skipped and not may_skip:
        return 1, "skipped, but the test is not declared MAY_SKIP"
    if result.testsRun == skipped:
        return (EXIT_SKIPPED, "all skipped") if skipped else (1, "no test ran")
    return 0, ""


def main():
    arguments = sys.argv[1:]
    may_skip = arguments[:1] == ["--may-skip"]
    if may_skip:
        arguments.pop(0)
    if not arguments:
        sys.exit(__doc__)
    path = pathlib.Path(arguments.pop(0)).resolve()
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    loader = unittest.TestLoader()
    if arguments:
        tests = loader.loadTestsFromNames([f"{path.stem}.{name}" for name in arguments])
    else:
        tests = loader.loadTestsFromName(path.stem)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    status, reason = judge(result, may_skip)
    if reason:
        print(f"run_unittest.py: {path.name}: {reason}")
    sys.exit(status)


if __name__ == "__main__":
    main()
