import ast
import glob
import json
import os
import subprocess
import sys
import tarfile
import unittest
import zipfile

import fluxloop
from fluxloop import report
from helpers import PACKAGE, FolderCase


class PackageTest(FolderCase):
    def test_the_source_is_python_3_8(self):
        files = glob.glob(os.path.join(PACKAGE, "fluxloop", "*.py"))
        self.assertGreater(len(files), 5)
        for path in files:
            with open(path, encoding="utf-8") as file:
                ast.parse(file.read(), path, feature_version=(3, 8))

    def test_a_virtual_environment_without_tools_and_network_installs_the_package(self):
        made = subprocess.run([sys.executable, "-m", "venv", self.path("v")], capture_output=True)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        python = self.path("v", "bin", "python")
        quiet = dict(os.environ, PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
        quiet.pop("PYTHONPATH", None)

        def pip(*words):
            command = [python, "-m", "pip", *words]
            done = subprocess.run(command, capture_output=True, text=True, env=quiet)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

        pip("uninstall", "-q", "-y", "setuptools", "wheel")
        for words in ([PACKAGE], ["-e", PACKAGE]):
            pip("install", "-q", *words)
            pip("check")
            program = "import fluxloop, fluxloop.bridge; print(fluxloop.__file__)"
            found = subprocess.run(
                [python, "-c", program], capture_output=True, text=True, env=quiet, cwd=self.path("v")
            )
            place = PACKAGE if "-e" in words else self.path("v")
            self.assertTrue(os.path.realpath(found.stdout).startswith(os.path.realpath(place)), found)
            script = self.path("v", "bin", "fluxloop-bridge")
            helped = subprocess.run([script, "--help"], capture_output=True, text=True, env=quiet)
            self.assertIn("usage:", helped.stdout)
            pip("uninstall", "-q", "-y", "fluxloop")
        self.assertFalse(os.path.exists(os.path.join(PACKAGE, "build")))

    def test_the_archives_of_the_package_are_whole(self):
        sys.path.insert(0, os.path.join(PACKAGE, "backend"))
        try:
            import fluxloop_build as backend
        finally:
            del sys.path[0]
        with zipfile.ZipFile(self.path(backend.build_wheel(self.folder))) as wheel:
            self.assertIsNone(wheel.testzip())
            names = wheel.namelist()
            record = wheel.read("fluxloop-%s.dist-info/RECORD" % fluxloop.__version__).decode()
        self.assertEqual([line.split(",")[0] for line in record.split()], names)
        modules = glob.glob(os.path.join(PACKAGE, "fluxloop", "*.py"))
        self.assertEqual(len([n for n in names if n.startswith("fluxloop/")]), len(modules))
        with tarfile.open(self.path(backend.build_sdist(self.folder))) as archive:
            names = archive.getnames()
        self.assertIn("fluxloop-%s/PKG-INFO" % fluxloop.__version__, names)
        self.assertIn("fluxloop-%s/backend/fluxloop_build.py" % fluxloop.__version__, names)

    def test_what_a_message_quotes_is_text(self):
        path = self.write("e\x1b]0;x\x07\u202e.env", "A\x1b\x9bB=1\n=\u202e\n")
        program = """
            import fluxloop
            fluxloop.load_env(%a)
            fluxloop.record_call_args("m:f", a=1)
        """
        done = self.python(
            program % path,
            FLUXLOOP_SAMPLE_RATE="\x1b]0;x\x07\u202e\n",
            FLUXLOOP_RECORD_ARGS="true",
            FLUXLOOP_RECORDING_FILE=self.path("no\x1b\x9b", "x\u202e"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\\x1b]0;x\\x07\\u202e", done.stderr)
        for line in done.stderr.split("\n"):
            self.assertTrue(line.isprintable(), line)

    def test_text_is_made_visible(self):
        table = {
            "a \u00e9\u6ce8": "a \u00e9\u6ce8",
            "\x1b\x9b\n": "\\x1b\\x9b\\n",
            "\u202e\udc9b": "\\u202e\\udc9b",
        }
        for text, shown in table.items():
            self.assertEqual(report.visible(text), shown)

    def test_every_public_name_exists(self):
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

    def test_a_bridge_for_a_plain_function_loads_nothing_heavy(self):
        self.write(
            "h.py",
            """
            import sys
            def handle(input):
                heavy = "asyncio inspect typing dataclasses logging uuid datetime pathlib traceback"
                heavy += " threading enum re json json.decoder collections contextlib functools"
                heavy += " operator signal importlib.util runpy"
                return [name for name in heavy.split() if name in sys.modules]
            """,
        )
        # As fl-run starts it, but without what a site's .pth files load.
        start = "import sys; sys.path.insert(0, %r); from fluxloop.bridge import main; main()"
        done = subprocess.run(
            [sys.executable, "-S", "-c", start % PACKAGE, "h:handle"],
            cwd=self.folder,
            input=b'{"type":"input","id":1,"input":"x"}',
            stdout=subprocess.PIPE,
            timeout=300,
        )
        self.assertEqual(json.loads(done.stdout.splitlines()[-1].decode())["output"], [])


if __name__ == "__main__":
    unittest.main()
