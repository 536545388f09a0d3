import ast
import glob
import os
import unittest

import fluxloop
from helpers import PACKAGE, FolderCase


class PackageTest(FolderCase):
    def test_the_source_is_python_3_8(self):
        files = glob.glob(os.path.join(PACKAGE, "fluxloop", "*.py"))
        self.assertGreater(len(files), 5)
        for path in files:
            with open(path, encoding="utf-8") as file:
                ast.parse(file.read(), path, feature_version=(3, 8))

    def test_every_public_name_is_there(self):
        for name in fluxloop.__all__:
            self.assertTrue(callable(getattr(fluxloop, name)), name)
        with self.assertRaises(AttributeError):
            fluxloop.nonsense

    def test_importing_it_loads_nothing_heavy(self):
        done = self.python(
            """
            import sys
            before = set(sys.modules)  # a site's .pth files may load some
            import fluxloop
            print(sorted(m for m in sys.modules if m.startswith("fluxloop") or m == "json"))
            fluxloop.record_call_args, fluxloop.agent, fluxloop.instrument
            heavy = "asyncio inspect typing dataclasses logging uuid datetime pathlib traceback threading"
            print([name for name in heavy.split() if name in set(sys.modules) - before])
            """
        )
        self.assertEqual(done.stdout, "['fluxloop']\n[]\n", done.stderr)

    def test_neither_does_a_bridge_for_a_plain_function(self):
        self.write(
            "h.py",
            """
            import sys
            def handle(input):
                heavy = "asyncio inspect typing dataclasses logging uuid datetime pathlib traceback threading"
                return [name for name in heavy.split() if name in sys.modules]
            """,
        )
        self.write("bare.py", "import h, json\nprint(json.dumps(h.handle(1)))\n")
        done = self.python(
            """
            import json, subprocess, sys
            def last_line(*words):
                out = subprocess.run([sys.executable, "-m", *words], stdout=subprocess.PIPE,
                    input=b'{"type":"input","id":1,"input":"x"}').stdout
                return json.loads(out.decode().splitlines()[-1])
            # Some versions of Python load some of them for any `python -m`.
            print(set(last_line("fluxloop.bridge", "h:handle")["output"]) - set(last_line("bare")))
            """
        )
        self.assertEqual(done.stdout, "set()\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
