import json
import os
import unittest

import fluxloop
from fluxloop import dotenv
from helpers import FolderCase

TABLE = os.path.join(os.path.dirname(__file__), "..", "data", "dotenv.jsonl")


class DotenvTest(FolderCase):
    def test_the_table_that_the_c_programs_are_tested_on(self):
        with open(TABLE, encoding="utf-8") as lines:
            cases = [json.loads(line) for line in lines]
        self.assertGreaterEqual(len(cases), 100)
        for case in cases:
            with self.subTest(case["name"]):
                values, complaints = dotenv.parse(case["text"], case.get("have", {}))
                self.assertEqual(values, case["want"])
                self.assertEqual([line for line, _ in complaints], case.get("bad", []))

    def test_a_bad_line_is_a_warning_that_names_it(self):
        path = self.write(".env", "DOTENV_A=1\nbad\nDOTENV_B='x\n")
        self.addCleanup(os.environ.pop, "DOTENV_A", None)
        with self.assertWarns(RuntimeWarning) as caught:
            fluxloop.load_env(path)
        self.assertEqual(
            [str(w.message) for w in caught.warnings],
            [path + ":2: expected NAME=VALUE", path + ":3: missing closing quote"],
        )
        self.assertEqual(os.environ["DOTENV_A"], "1")
        self.assertNotIn("DOTENV_B", os.environ)

    def test_bytes_that_are_not_utf8_pass_through(self):
        path = self.path(".env")
        with open(path, "wb") as file:
            file.write(b"DOTENV_A=caf\xe9\n")
        self.addCleanup(os.environ.pop, "DOTENV_A", None)
        fluxloop.load_env(path)
        self.assertEqual(os.environb[b"DOTENV_A"], b"caf\xe9")


if __name__ == "__main__":
    unittest.main()
