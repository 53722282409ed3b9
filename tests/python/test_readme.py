# SPDX-License-Identifier: Apache-2.0
"""What the READMEs show of Python runs, and prints what they show."""
import doctest
import pathlib
import unittest

import lanes

SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Readme(unittest.TestCase):
    def test_each_example_prints_what_it_shows(self):
        policy = lanes.set_copy_policy("auto")
        self.addCleanup(lanes.set_copy_policy, policy)
        for name, least in (("README.md", 20), ("tools/python/README.md", 15)):
            with self.subTest(name):
                done = doctest.testfile(str(SOURCE / name), module_relative=False, encoding="utf-8")
                self.assertGreater(done.attempted, least)
                self.assertEqual(done.failed, 0)


if __name__ == "__main__":
    unittest.main()
