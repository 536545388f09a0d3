import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fcntl
import json
import math
import os
import pathlib
import sqlite3
import stat
import threading
import unittest
import uuid
import warnings

import fluxloop
from fluxloop import recording
from helpers import FolderCase, strict


class Connection:
    kind = "class attributes are not recorded"

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slots:
    __slots__ = ("host", "unset", "_hidden")

    def __init__(self):
        self.host, self._hidden = "h", 1


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Model:
    def __init__(self):
        self.name, self.inner, self._cache = "n", Point(1, 2), object()

    def model_dump(self):
        return {"name": "n", "inner": {"x": 1, "y": 2}}


class Sender:
    def __init__(self):
        self.messages = []

    def __call__(self, text):
        pass


class Broken:
    __slots__ = ()

    def __repr__(self):
        raise RuntimeError("no")


class Color(enum.Enum):
    RED = 1


async def acb():
    pass


class RecordingCase(FolderCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(fluxloop.reset_config)
        fluxloop.enable_recording(self.path("rec", "args.jsonl"))

    def record(self, **kwargs):
        """Record a call and return its record."""
        fluxloop.record_call_args("t:f", **kwargs)
        return self.lines("rec/args.jsonl")[-1]

    def kwargs(self, **kwargs):
        return self.record(**kwargs)["kwargs"]


class RecordTest(RecordingCase):
    def test_a_connection_that_can_be_called_is_noted_by_its_class(self):
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            record = self.record(db=db, cursor=db.cursor(), now=print)
        self.assertEqual(record["kwargs"]["db"], "<repr:sqlite3.Connection>")
        self.assertEqual(record["objects"]["db"], "sqlite3.Connection")
        self.assertEqual(record["objects"]["cursor"], "sqlite3.Cursor")
        self.assertEqual(record["kwargs"]["now"], "<callable:print>")

    def test_a_record_has_its_fields_in_order(self):
        record = self.record(a=1)
        order = ["_version", "iteration", "target", "kwargs", "timestamp", "objects", "types"]
        self.assertEqual(list(record), order)
        self.assertEqual(record["_version"], "1")
        self.assertEqual(record["target"], "t:f")
        self.assertEqual(record["objects"], {})
        when = datetime.datetime.fromisoformat(record["timestamp"])
        self.assertIsNone(when.tzinfo)
        self.assertLess(abs((datetime.datetime.now() - when).total_seconds()), 3600)

    def test_the_target_may_be_a_keyword_and_a_parameter_may_be_called_target(self):
        fluxloop.record_call_args(target="t:named", x=1)
        fluxloop.record_call_args("t:f", target="parameter")
        first, second = self.lines("rec/args.jsonl")
        self.assertEqual(first["target"], "t:named")
        self.assertEqual(second["kwargs"], {"target": "parameter"})

    def test_iterations_count_the_calls_of_each_target(self):
        for target, iteration in (("a", None), ("a", None), ("b", None), ("a", 7), ("a", None)):
            fluxloop.record_call_args(target, iteration=iteration)
        found = [(r["target"], r["iteration"]) for r in self.lines("rec/args.jsonl")]
        self.assertEqual(found, [("a", 0), ("a", 1), ("b", 0), ("a", 7), ("a", 8)])

    def test_iterations_can_be_left_at_zero(self):
        self.addCleanup(fluxloop.set_recording_options, iteration_auto_increment=True)
        fluxloop.set_recording_options(iteration_auto_increment=False)
        self.assertEqual([self.record()["iteration"] for _ in range(2)], [0, 0])

    def test_callables_are_marked_inside_containers_and_with_names_of_secrets(self):
        def send():
            pass

        kwargs = self.kwargs(
            send=send,
            aio=acb,
            sender=Sender(),
            kind=Connection,
            builtin=print,
            token_callback=send,
            data={"cb": send, "list": [acb]},
        )
        self.assertEqual(kwargs["send"], "<callable:send>")
        self.assertEqual(kwargs["aio"], "<callable:acb:async>")
        self.assertEqual(kwargs["sender"], "<callable:Sender>")
        self.assertEqual(kwargs["kind"], "<callable:Connection>")
        self.assertEqual(kwargs["builtin"], "<callable:print>")
        self.assertEqual(kwargs["token_callback"], "<callable:send>")
        self.assertEqual(kwargs["data"], {"cb": "<callable:send>", "list": ["<callable:acb:async>"]})

    def test_only_our_collectors_are_builtins(self):
        def collector():
            pass

        collector.__fluxloop_builtin__ = "collector.error"
        self.assertEqual(self.kwargs(e=collector)["e"], "<builtin:collector.error>")

    def test_values_that_json_lacks_are_kept_readable_and_their_types_are_noted(self):
        record = self.record(
            uuid=uuid.UUID(int=5),
            decimal=decimal.Decimal("1.50"),
            path=pathlib.Path("/a/b"),
            when=datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
            day=datetime.date(2025, 1, 2),
            data=b"ab\xff",
            set={2, 1},
            tuple=(1, (2,)),
            queue=collections.deque([1]),
            color=Color.RED,
            nan=math.nan,
            inf=-math.inf,
            long=b"x" * 500,
            broken=Broken(),
            error=ValueError("x"),
            number=1j,
            lone="\ud800",
        )
        kwargs, types = record["kwargs"], record["types"]
        self.assertEqual(kwargs["uuid"], "00000000-0000-0000-0000-000000000005")
        self.assertEqual(kwargs["decimal"], "1.50")
        self.assertEqual(kwargs["path"], "/a/b")
        self.assertEqual(kwargs["when"], "2025-01-02T03:04:05+00:00")
        self.assertEqual(kwargs["day"], "2025-01-02")
        self.assertEqual(kwargs["data"], "YWL/")
        self.assertEqual(kwargs["set"], [1, 2])
        self.assertEqual(kwargs["tuple"], [1, [2]])
        self.assertEqual(kwargs["queue"], [1])
        self.assertEqual(kwargs["color"], 1)
        self.assertEqual((kwargs["nan"], kwargs["inf"]), ("nan", "-inf"))
        self.assertEqual(len(kwargs["long"]), 668)  # base64 of all 500 bytes
        self.assertEqual(kwargs["broken"], {})
        self.assertEqual(kwargs["error"], ["x"])
        self.assertEqual(kwargs["number"], "1j")
        self.assertEqual(kwargs["lone"], "\ud800")
        self.assertEqual(record["objects"], {"broken": "test_recording.Broken"})
        expected = {
            "uuid": "uuid.UUID",
            "decimal": "decimal.Decimal",
            "path": "pathlib.PosixPath",
            "when": "datetime.datetime",
            "day": "datetime.date",
            "data": "bytes",
            "set": "set",
            "tuple": "tuple",
            "tuple.1": "tuple",
            "queue": "collections.deque",
            "color": "test_recording.Color",
            "nan": "float",
            "inf": "float",
            "long": "bytes",
            "error": "ValueError",
            "number": "complex",
        }
        self.assertEqual(types, expected)

    def test_text_that_looks_like_a_mark_is_text(self):
        self.assertEqual(self.kwargs(x="<b>bold</b>")["x"], "<b>bold</b>")

    def test_objects_become_their_attributes_and_are_listed(self):
        record = self.record(
            user_connection=Connection(user_id="u", _private=1, inner=Connection(a=1)),
            conns=[1, Point(1, 2)],
            slots=Slots(),
            model=Model(),
        )
        self.assertEqual(
            record["kwargs"],
            {
                "user_connection": {"user_id": "u", "_private": 1, "inner": {"a": 1}},
                "conns": [1, {"x": 1, "y": 2}],
                "slots": {"host": "h", "_hidden": 1},
                "model": {"name": "n", "inner": {"x": 1, "y": 2}, "_cache": "<repr:object>"},
            },
        )
        self.assertEqual(
            record["objects"],
            {
                "user_connection": "test_recording.Connection",
                "user_connection.inner": "test_recording.Connection",
                "conns.1": "test_recording.Point",
                "slots": "test_recording.Slots",
                "model": "test_recording.Model",
                "model.inner": "test_recording.Point",
                "model._cache": "object",
            },
        )

    def test_secrets_are_masked_wherever_they_are(self):
        record = self.record(
            api_key="LEAK",
            author="kept",
            max_tokens=5,
            token=None,
            conn=Connection(password="LEAK", inner=Connection(apiKey="LEAK", ok=1)),
            items=[{"auth": {"user": "LEAK"}, "a": 2}],
        )
        self.assertNotIn("LEAK", json.dumps(record))
        kwargs = record["kwargs"]
        self.assertEqual(kwargs["api_key"], "***")
        self.assertEqual((kwargs["author"], kwargs["max_tokens"]), ("kept", 5))
        self.assertIsNone(kwargs["token"])
        self.assertEqual(kwargs["conn"], {"password": "***", "inner": {"apiKey": "***", "ok": 1}})
        self.assertEqual(kwargs["items"], [{"auth": "***", "a": 2}])

    def test_a_pair_with_the_name_of_a_secret_is_noted_at_its_index(self):
        record = self.record(mixed={"token": dict, "auth": "LEAK", 1: None})
        pairs = [["token", "<callable:dict>"], ["auth", "***"], [1, None]]
        self.assertEqual(record["kwargs"]["mixed"], pairs)
        self.assertEqual(record["types"]["mixed.0.1"], {"class": "type", "name": "dict"})

    def test_depth_is_limited_to_a_hundred_and_cycles_end(self):
        deep = "bottom"
        for _ in range(100):
            deep = {"d": deep}
        self.assertEqual(self.kwargs(deep=deep)["deep"], deep)
        cut = json.dumps(self.kwargs(deep={"d": deep}))
        self.assertNotIn("bottom", cut)
        self.assertIn('"<repr:dict>"', cut)
        node = Connection(name="n")
        node.me = node
        self.assertEqual(
            self.kwargs(node=node)["node"], {"name": "n", "me": "<repr:cycle Connection>"}
        )

    def test_a_long_text_is_not_shortened(self):
        self.assertEqual(len(self.kwargs(x="é" * 600000)["x"]), 600000)

    def test_the_number_of_objects_is_limited(self):
        chain = Connection(others=[Connection(n=n) for n in range(11000)])
        record = self.record(chain=chain)
        self.assertEqual(len(record["objects"]), 11001)  # all are listed
        found = record["kwargs"]["chain"]["others"]
        cut = found.count("<repr:test_recording.Connection>")
        self.assertEqual(cut, 11001 - recording.RecordEncoder.max_objects)


class FileTest(RecordingCase):
    def test_file_and_folder_are_private(self):
        self.record()
        self.assertEqual(stat.S_IMODE(os.stat(self.path("rec", "args.jsonl")).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("rec")).st_mode), 0o700)

    def test_a_torn_line_is_ended_before_the_next(self):
        self.record()
        with open(self.path("rec", "args.jsonl"), "a") as file:
            file.write('{"torn')
        fluxloop.record_call_args("t:f", a=1)
        with open(self.path("rec", "args.jsonl")) as file:
            lines = file.read().split("\n")
        self.assertEqual(lines[1], '{"torn')
        self.assertEqual(strict(lines[2])["kwargs"], {"a": 1})
        self.assertEqual(lines[3:], [""])

    def test_threads_and_processes_can_share_a_file(self):
        self.write(
            "writer.py",
            """
            import threading, fluxloop
            fluxloop.configure(record_args=True, recording_file="shared.jsonl")
            def work(n):
                for i in range(50):
                    fluxloop.record_call_args("t:%d" % n, text="x" * 9000)
            threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
            [t.start() for t in threads]; [t.join() for t in threads]
            """,
        )
        results = []
        starters = [
            threading.Thread(target=lambda: results.append(self.python("import writer")))
            for _ in range(3)
        ]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()
        self.assertEqual([r.returncode for r in results], [0, 0, 0])
        records = self.lines("shared.jsonl")
        self.assertEqual(len(records), 300)
        counts = collections.Counter((r["target"], r["iteration"]) for r in records)
        self.assertEqual(set(counts.values()), {3})  # each once in each process
        self.assertEqual(len(counts), 100)

    def test_a_recorder_waits_for_the_lock_of_another_writer(self):
        self.write("args.jsonl", "")
        program = "import fluxloop; fluxloop.enable_recording('args.jsonl');"
        program += "fluxloop.record_call_args('t:f', a=1)"
        with open(self.path("args.jsonl"), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write('{"half":')
            file.flush()
            recorder = threading.Thread(target=self.python, args=(program,))
            recorder.start()
            recorder.join(0.4)  # enough time for a recorder without a lock to write
            file.write("1}\n")
            file.flush()
            fcntl.flock(file, fcntl.LOCK_UN)
        recorder.join()
        first, second = self.lines("args.jsonl")
        self.assertEqual((first, second["kwargs"]), ({"half": 1}, {"a": 1}))

    def test_a_folder_change_does_not_move_the_file(self):
        done = self.python(
            """
            import fluxloop, os
            fluxloop.enable_recording("args.jsonl")
            os.mkdir("sub"); os.chdir("sub")
            fluxloop.record_call_args("t:f")
            """
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.lines("args.jsonl")), 1)


class ManagementTest(RecordingCase):
    def test_an_error_causes_one_warning_and_no_exception(self):
        fluxloop.enable_recording(os.path.join(os.devnull, "no", "args.jsonl"))
        recording._warned.clear()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                fluxloop.record_call_args("t:f", a=1)
        self.assertEqual(len(caught), 1)
        self.assertIn("could not record", str(caught[0].message))

    def test_no_exception_even_if_warnings_are_errors(self):
        fluxloop.enable_recording(os.path.join(os.devnull, "no", "args.jsonl"))
        recording._warned.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fluxloop.record_call_args("t:f", a=1)

    def test_nothing_is_written_while_recording_is_disabled(self):
        fluxloop.disable_recording()
        fluxloop.record_call_args("t:f", a=1)
        self.assertFalse(os.path.exists(self.path("rec")))

    def test_configure_and_the_environment_enable_it(self):
        program = "import fluxloop; fluxloop.record_call_args('t:f', a=1)"
        self.python(program, FLUXLOOP_RECORD_ARGS="true", FLUXLOOP_RECORDING_FILE="env.jsonl")
        self.assertEqual(self.lines("env.jsonl")[0]["kwargs"], {"a": 1})
        self.python("import fluxloop; fluxloop.configure(record_args=True);" + program)
        self.assertEqual(self.lines("recordings/args.jsonl")[0]["kwargs"], {"a": 1})

    def test_other_settings_leave_recording_alone(self):
        fluxloop.configure(debug=True, api_key="k", service_name="s")
        self.record(a=1)


if __name__ == "__main__":
    unittest.main()
