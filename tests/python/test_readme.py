# SPDX-License-Identifier: Apache-2.0
"""What the README shows of Python runs, and prints what it shows."""
import doctest
import pathlib
import unittest

import lanes

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


class Readme(unittest.TestCase):
    def test_each_example_prints_what_it_shows(self):
        policy = lanes.set_copy_policy("auto")
        self.addCleanup(lanes.set_copy_policy, policy)
        done = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
        self.assertGreater(done.attempted, 20)
        self.assertEqual(done.failed, 0)


if __name__ == "__main__":
    unittest.main()
