import os
import signal
import subprocess
import sys
import unittest

from helpers import BridgeCase, call, environment


class CallTest(BridgeCase):
    def test_hello_start_and_final_are_sent_in_order(self):
        self.handler("def handle(input):\n    return input.upper()\n")
        run = self.run_bridge("h:handle", [call(1, "é"), call("two", "b")])
        self.assertEqual(
            run.messages,
            [
                {
                    "type": "hello",
                    "protocol": 1,
                    "pipeline": 64,
                    "concurrency": 1,
                    "agent": "fluxloop-python",
                },
                {"type": "start", "id": 1},
                {"type": "final", "id": 1, "output": "É"},
                {"type": "start", "id": "two"},
                {"type": "final", "id": "two", "output": "B"},
            ],
        )
        self.assertEqual((run.status, run.stderr), (0, ""))
        self.assertEqual(len(run.clocks), 4)

    def test_the_input_goes_to_the_right_parameter(self):
        cases = [
            ("def handle(a=1, query=2):\n    return [a, query]", [1, "hello"]),
            ("def handle(first, second=2):\n    return [first, second]", ["hello", 2]),
            ("def handle(*args):\n    return args", ["hello"]),
            ("def handle(**kwargs):\n    return kwargs", {"input": "hello"}),
            ("def handle(x, /):\n    return x", "hello"),
            ("def handle(*, text):\n    return text", "hello"),
            ("def handle():\n    return 'none'", "none"),
            ("import functools\nhandle = functools.partial(lambda a, text: [a, text], 1)", [1, "hello"]),
            ("class C:\n    def __call__(self, message):\n        return message\nhandle = C()", "hello"),
        ]
        for source, expected in cases:
            with self.subTest(source):
                self.handler(source)
                run = self.run_bridge("h:handle", [call(1)])
                self.assertEqual(run.one("final")["output"], expected)

    def test_the_error_names_the_arguments_that_a_handler_lacks(self):
        self.handler("def handle(input, user, db): pass")
        run = self.run_bridge("h:handle", [call(1)])
        error = run.one("error")
        self.assertIn('"user", "db"', error["error"])
        self.assertIn("replay_args", error["error"])
        self.assertEqual(run.status, 0)

    def test_a_decorated_handler_needs_the_arguments_of_its_function(self):
        self.handler(
            """
            import fluxloop, functools
            @fluxloop.agent()
            def observed(input, db): pass
            def supply(function):
                @functools.wraps(function)
                def wrapper(*args, **kwargs):
                    return function(*args, db="db", **kwargs)
                return wrapper
            @supply
            def supplied(text, db): return [text, db]
            """
        )
        self.assertIn('"db"', self.run_bridge("h:observed", [call(1)]).one("error")["error"])
        messages = [call(1, "x"), call(2, kwargs={"text": "y"})]
        run = self.run_bridge("h:supplied", messages)
        self.assertEqual([f["output"] for f in run.of("final")], [["x", "db"], ["y", "db"]])

    def test_an_exception_fails_its_call_and_the_next_call_runs(self):
        self.handler(
            """
            import sys
            def handle(input):
                if input == "value": raise ValueError("bad \\ud800")
                if input == "exit": sys.exit(3)
                if input == "interrupt": raise KeyboardInterrupt
                if input == "base": raise BaseException()
                return "fine"
            """
        )
        inputs = ["value", "exit", "interrupt", "base", "good"]
        run = self.run_bridge("h:handle", [call(n, text) for n, text in enumerate(inputs)])
        found = [(e["id"], e["error"], e["code"]) for e in run.of("error")]
        self.assertEqual(
            found,
            [
                (0, "ValueError: bad \ud800", "ValueError"),
                (1, "SystemExit: 3", "SystemExit"),
                (2, "KeyboardInterrupt", "KeyboardInterrupt"),
                (3, "BaseException", "BaseException"),
            ],
        )
        self.assertEqual(run.one("final")["output"], "fine")
        self.assertIn('raise ValueError("bad', run.stderr)
        self.assertNotIn("bridge.py", run.stderr)

    def test_results_that_are_not_json_are_converted(self):
        self.handler(
            """
            import datetime
            def handle(input):
                return {"when": datetime.date(2025, 1, 2), "nan": float("nan"), "set": {1},
                        "object": type("Thing", (), {"__repr__": lambda self: "a thing"})()}
            """
        )
        output = self.run_bridge("h:handle", [call(1)]).one("final")["output"]
        self.assertEqual(
            output, {"when": "2025-01-02", "nan": None, "set": [1], "object": "a thing"}
        )

    def test_wrong_lines_are_answered_and_skipped(self):
        self.handler("def handle(input):\n    return input\n")
        lines = [b'{"type":"input","id":7,"input":\n', b"\n", b"[1]\n", b'{"type":"new","id":8}\n', call(9)]
        run = self.run_bridge("h:handle", lines)
        found = [(e["id"], e["code"]) for e in run.of("error")]
        self.assertEqual(found, [(7, "protocol"), (None, "protocol"), (8, "protocol")])
        self.assertEqual(run.one("final")["id"], 9)

    def test_a_broken_line_is_answered_whatever_the_handler_imports(self):
        self.handler("import sys\ndef handle(input):\n    return 'json' in sys.modules\n")
        broken = [b"{\n", b'{"type":"input","id":3,\n', b'{"type":"input" "id":4}\n', b'{"a":\n']
        broken += [b'{"type":"input","id":5,"input":"\x01"}\n', b'["\\q"]\n', b'{"type":"inp\n', b"[1 2]\n"]
        for line in broken:
            with self.subTest(line):
                run = self.run_bridge("h:handle", [call(1), line, call(2)])
                self.assertEqual([f["id"] for f in run.of("final")], [1, 2])
                self.assertIs(run.one("final", 1)["output"], False)
                self.assertEqual(run.one("error")["code"], "protocol")
                self.assertEqual(run.status, 0)

    def test_a_last_line_without_newline_and_a_long_line_are_read(self):
        self.handler("def handle(input):\n    return len(input)\n")
        long = call(1, "é" * 300000)
        run = self.run_bridge("h:handle", [long, b'{"type":"input","id":2,"input":"x"}'])
        self.assertEqual([f["output"] for f in run.of("final")], [300000, 1])

    def test_many_calls_sent_ahead_are_all_answered_in_order(self):
        for source in ("def handle(input):", "async def handle(input):"):
            with self.subTest(source):
                self.handler(source + "\n    return input\n")
                run = self.run_bridge("h:handle", [call(n, n) for n in range(2000)])
                expected = [x for n in range(2000) for x in (("start", n), ("final", n))]
                self.assertEqual([(m["type"], m["id"]) for m in run.messages[1:]], expected)

    def test_input_may_be_a_file_or_empty(self):
        for source in ("def handle(input):", "async def handle(input):"):
            self.handler(source + "\n    return input\n")
            self.write("in.jsonl", '{"type":"input","id":1,"input":"x"}\n' * 1000)
            for name, count in ((self.path("in.jsonl"), 1000), (os.devnull, 0)):
                with self.subTest(source + name), open(name) as file:
                    output, _ = self.start("h:handle", stdin=file).communicate(timeout=300)
                    self.assertEqual(output.count(b'"type":"final"'), count)

    def test_context_variables_of_a_call_do_not_reach_the_next(self):
        self.handler(
            """
            import contextvars
            var = contextvars.ContextVar("var", default="clean")
            def handle(input):
                found = var.get(); var.set("dirty")
                return found
            """
        )
        run = self.run_bridge("h:handle", [call(1), call(2)])
        self.assertEqual([f["output"] for f in run.of("final")], ["clean", "clean"])


class StreamsTest(BridgeCase):
    def test_what_the_handler_prints_or_reads_leaves_the_protocol_alone(self):
        self.handler(
            """
            import os, subprocess, sys
            print("on import")
            def handle(input):
                print('{"type":"final","id":1,"output":"forged"}')
                os.system("echo from a child")
                os.write(1, b"raw\\n")
                subprocess.run(["cat"])
                try:
                    return [sys.stdin.read(), input_of_python()]
                except EOFError:
                    return "no input"
            def input_of_python():
                import builtins
                return builtins.input()
            """
        )
        run = self.run_bridge("h:handle", [call(1), call(2)])
        self.assertEqual([f["output"] for f in run.of("final")], ["no input", "no input"])
        for text in ("on import", "forged", "from a child", "raw"):
            self.assertIn(text, run.stderr)

    def test_children_do_not_inherit_the_protocol(self):
        self.handler(
            """
            import subprocess, os
            def handle(input):
                names = os.listdir("/proc/self/fd")
                inherited = subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False)
                return sorted(set(inherited.stdout.decode().split()) - {"0", "1", "2", "3"})
            """
        )
        self.assertEqual(self.run_bridge("h:handle", [call(1)]).one("final")["output"], [])

    def test_a_forked_child_writes_no_messages(self):
        self.handler(
            """
            import os, fluxloop
            @fluxloop.tool()
            def note(x): return x
            def handle(input):
                pid = os.fork()
                if pid == 0:
                    note("child")
                    return "child"
                os.waitpid(pid, 0)
                note("parent")
                return "parent"
            """
        )
        run = self.run_bridge("h:handle", [call(1), call(2)])
        self.assertEqual([f["output"] for f in run.of("final")], ["parent", "parent"])
        self.assertEqual([o["output"] for o in run.observations()], ["parent", "parent"])

    def test_start_and_observations_are_written_while_the_call_hangs(self):
        self.handler(
            """
            import fluxloop, sys, time
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                step(1)
                print("printed")
                time.sleep(600)
            """
        )
        process = self.start("h:handle")
        self.send(process, call(1))
        self.assertEqual(self.read(process, "start")["id"], 1)
        self.assertEqual(self.read(process, "observation")["observation"]["output"], 1)
        self.assertEqual(process.stderr.readline(), b"printed\n")

    def test_a_final_does_not_wait_for_the_next_call(self):
        for source in ("def handle(input):", "async def handle(input):"):
            with self.subTest(source):
                self.handler(source + "\n    return input\n")
                process = self.start("h:handle")
                for n in range(3):
                    self.send(process, call(n))
                    self.assertEqual(self.read(process, "final")["id"], n)
                process.stdin.close()
                self.assertEqual(process.wait(300), 0)

    def test_observations_before_a_crash_are_written(self):
        self.handler(
            """
            import fluxloop, os
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                step(1)
                os._exit(9)
            """
        )
        run = self.run_bridge("h:handle", [call(1), call(2)])
        self.assertEqual([m["type"] for m in run.messages], ["hello", "start", "observation"])
        self.assertEqual(run.status, 9)

    def test_observations_a_moment_before_a_kill_are_written(self):
        self.handler(
            """
            import fluxloop, os, signal, time
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                for n in range(100): step(n)
                open("there", "w").close()
                while True: os.stat("there")
            """
        )
        process = self.start("h:handle")
        self.send(process, call(1))
        found = [self.read(process, "observation")["observation"]["output"] for _ in range(100)]
        self.assertEqual(found, list(range(100)))
        process.kill()
        self.assertEqual(process.stdout.read(), b"")

    def test_after_a_pause_an_observation_is_written_at_once(self):
        self.handler(
            """
            import fluxloop, os, time
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                time.sleep(0.05)
                step(1)
                os.kill(os.getpid(), 9)
            """
        )
        run = self.run_bridge("h:handle", [call(1)])
        self.assertEqual([o["output"] for o in run.observations()], [1])

    def test_messages_of_a_call_are_in_order_whichever_thread_writes_them(self):
        self.handler(
            """
            import fluxloop, threading, time
            @fluxloop.tool()
            def step(x): return x
            def handle(cb):
                for n in range(300):
                    step(n)
                    cb(n)
                    if n % 30 == 0: time.sleep(0.011)
                    if n % 50 == 0: step("x" * 40000)
                    if n % 70 == 0:
                        thread = threading.Thread(target=step, args=("t",))
                        thread.start(); thread.join()
                    yield str(n)
            """
        )
        messages = [call(n, kwargs={"cb": "<callable:cb>"}, callables={"cb": "send"}) for n in (1, 2)]
        run = self.run_bridge("h:handle", messages)
        for one in (1, 2):
            found = [o["output"] for o in run.observations(one)]
            numbers = [output for output in found if type(output) is int]
            self.assertEqual(numbers, list(range(300)))
            self.assertEqual(len(found), 300 + 6 + 5)
            told = [m for m in run.messages if m.get("id") == one]
            told = [m["type"] for m in told if len(str(m)) < 30000 and "'t'" not in str(m)]
            self.assertEqual(told, ["start"] + ["observation", "callback", "delta"] * 300 + ["final"])

    def test_a_fork_while_lines_wait_writes_them_once(self):
        self.handler(
            """
            import fluxloop, os, time
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                for n in range(10):
                    step(n)
                    pid = os.fork()
                    if pid == 0:
                        for _ in range(500): step("child")
                        time.sleep(0.02)
                        os._exit(0)
                    step(-n)
                    os.waitpid(pid, 0)
            """
        )
        run = self.run_bridge("h:handle", [call(1)])
        expected = [x for n in range(10) for x in (n, -n)]
        self.assertEqual([o["output"] for o in run.observations()], expected)

    def test_the_bridge_exits_while_the_late_writer_waits(self):
        self.handler(
            """
            import atexit, fluxloop, threading
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                for n in range(10): step(n)
                return threading.active_count()
            """
        )
        run = self.run_bridge("h:handle", [call(n) for n in range(5)])
        self.assertEqual(len(run.observations()), 50)
        self.assertEqual({f["output"] for f in run.of("final")}, {1})  # threading does not list it
        self.assertEqual((run.status, run.stderr), (0, ""))

    def test_the_bridge_ends_quietly_when_its_reader_is_gone(self):
        for source in ("def handle(input):", "async def handle(input):"):
            with self.subTest(source):
                self.handler(source + "\n    return input\n")
                process = self.start("h:handle")
                self.read(process, "hello")
                process.stdout.close()
                self.send(process, call(1))
                self.assertEqual(process.wait(300), 0)
                self.assertEqual(process.stderr.read(), b"")

    def test_sigint_ends_the_call_and_the_bridge(self):
        for source in ("def handle(input):\n    time.sleep(600)", "async def handle(input):\n    await asyncio.sleep(600)"):
            with self.subTest(source):
                self.handler("import asyncio, time\n" + source)
                process = self.start("h:handle")
                self.send(process, call(1))
                self.read(process, "start")
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(300), 130)

    def test_sigint_ends_an_idle_bridge(self):
        self.handler("def handle(input): pass")
        process = self.start("h:handle")
        self.read(process, "hello")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(300), 130)
        self.assertEqual(process.stderr.read(), b"")


class ObservationTest(BridgeCase):
    def test_a_call_is_a_trace_with_the_context_of_its_request(self):
        self.handler(
            """
            import fluxloop
            @fluxloop.agent()
            def handle(input):
                context = fluxloop.get_current_context()
                return [context.trace.name, context.trace.metadata["persona"], context.trace.iteration]
            """
        )
        about = {"trace_id": "T-1", "run_id": "r", "name": "exp", "iteration": 3, "persona": "novice"}
        run = self.run_bridge("h:handle", [call(1, context=about), call(2)])
        self.assertEqual(run.one("error", 2)["code"], "KeyError")  # no persona was sent
        self.assertEqual(run.one("final", 1)["output"], ["exp", "novice", 3])
        first, second = run.observations()
        self.assertEqual(first["trace_id"], "T-1")
        self.assertNotEqual(second["trace_id"], "T-1")
        self.assertEqual(second["level"], "error")

    def test_decorated_methods_are_called_as_methods(self):
        self.handler(
            """
            import fluxloop
            class Desk:
                @fluxloop.agent()
                def sync(self, query): return query
                @fluxloop.prompt()
                async def coro(self, query): return query
            """
        )
        for name in ("sync", "coro"):
            with self.subTest(name):
                run = self.run_bridge("h:Desk." + name, [call(1, "x"), call(2, kwargs={"query": "y"})])
                self.assertEqual(run.one("final", 1)["output"], "x")
                self.assertEqual(run.one("final", 2)["output"], "y")

    def test_threads_report_to_the_only_running_call(self):
        self.handler(
            """
            import fluxloop, threading
            @fluxloop.tool()
            def step(x): return x
            def handle(input):
                threads = [threading.Thread(target=step, args=(n,)) for n in range(4)]
                [t.start() for t in threads]; [t.join() for t in threads]
            """
        )
        run = self.run_bridge("h:handle", [call(1, context={"trace_id": "T"})])
        self.assertEqual(sorted(o["output"] for o in run.observations(1)), [0, 1, 2, 3])
        self.assertEqual({o["trace_id"] for o in run.observations(1)}, {"T"})

    def test_reports_after_the_end_of_a_call_do_not_go_to_the_next(self):
        self.handler(
            """
            import contextvars, fluxloop, threading
            @fluxloop.tool()
            def step(x): return x
            go = threading.Event()
            threads = []
            def late():
                go.wait(300)
                step("late")
            def handle(input):
                if input == "first":
                    threads.append(threading.Thread(target=contextvars.copy_context().run, args=(late,)))
                    threads[0].start()
                else:
                    go.set(); threads[0].join()
                    step("second")
            """
        )
        run = self.run_bridge("h:handle", [call(1, "first"), call(2, "second")])
        self.assertEqual([o["output"] for o in run.observations()], ["second"])
        self.assertIn("call 1: discarded a report after its end", run.stderr)

    def test_concurrent_calls_do_not_mix(self):
        self.handler(
            """
            import asyncio, fluxloop
            @fluxloop.tool()
            async def inner(x):
                await asyncio.sleep(0)
                return x
            arrived = 0
            everyone = None
            @fluxloop.agent()
            async def handle(input):
                global arrived, everyone
                everyone = everyone or asyncio.Event()
                arrived += 1
                if arrived == 4: everyone.set()
                await everyone.wait()
                return await asyncio.gather(inner(input), asyncio.create_task(inner(input)))
            """
        )
        calls = [call(n, n, context={"trace_id": "T%d" % n}) for n in range(4)]
        run = self.run_bridge("h:handle", calls, "--concurrency", "4")
        self.assertEqual(run.one("hello")["concurrency"], 4)
        for n in range(4):
            self.assertEqual(run.one("final", n)["output"], [n, n])
            first, second, agent = run.observations(n)
            self.assertEqual([o["output"] for o in (first, second)], [n, n])
            self.assertEqual({o["trace_id"] for o in (first, second, agent)}, {"T%d" % n})
            self.assertEqual(first["parent_observation_id"], agent["id"])
            self.assertEqual(second["parent_observation_id"], agent["id"])

    def test_no_more_than_concurrency_run_at_once(self):
        self.handler(
            """
            import asyncio
            running = most = 0
            async def handle(input):
                global running, most
                running += 1; most = max(most, running)
                await asyncio.sleep(0.001)
                running -= 1
                return most
            """
        )
        run = self.run_bridge("h:handle", [call(n) for n in range(40)], "--concurrency=3")
        self.assertEqual(max(f["output"] for f in run.of("final")), 3)
        self.assertEqual(len(run.of("final")), 40)


class AsyncTest(BridgeCase):
    def test_one_event_loop_serves_all_calls(self):
        self.handler(
            """
            import asyncio
            lock = None
            async def handle(input):
                global lock
                lock = lock or asyncio.Lock()
                async with lock:
                    return id(asyncio.get_running_loop())
            """
        )
        run = self.run_bridge("h:handle", [call(1), call(2)])
        self.assertEqual(len({f["output"] for f in run.of("final")}), 1)

    def test_tasks_left_running_are_awaited(self):
        self.handler(
            """
            import asyncio, fluxloop
            @fluxloop.tool()
            async def inner(n):
                await asyncio.sleep(0.01)
                if n: asyncio.ensure_future(inner(n - 1))
                return n
            async def handle(input):
                asyncio.create_task(inner(2))
                return "returned"
            """
        )
        run = self.run_bridge("h:handle", [call(1)])
        self.assertEqual([o["output"] for o in run.observations(1)], [2, 1, 0])
        self.assertEqual(run.messages[-1], {"type": "final", "id": 1, "output": "returned"})

    def test_tasks_that_take_too_long_are_cancelled(self):
        self.handler(
            """
            import asyncio
            async def forever():
                try:
                    await asyncio.sleep(600)
                except asyncio.CancelledError:
                    print("cancelled")
                    raise
            async def handle(input):
                asyncio.create_task(forever())
                return input
            """
        )
        run = self.run_bridge("h:handle", [call(1), call(2)], "--drain", "0.05")
        self.assertEqual([f["id"] for f in run.of("final")], [1, 2])
        self.assertEqual(run.stderr.splitlines().count("cancelled"), 2)
        self.assertIn("call 1 left 1 tasks", run.stderr)

    def test_exceptions_of_tasks_are_logged_and_end_nothing(self):
        self.handler(
            """
            import asyncio, sys
            async def bad(): raise RuntimeError("in the background")
            async def leave(): sys.exit(4)
            async def handle(input):
                asyncio.create_task(bad())
                if input == "exit": await asyncio.create_task(leave())
                return input
            """
        )
        run = self.run_bridge("h:handle", [call(1, "a"), call(2, "exit"), call(3, "b")])
        self.assertEqual([f["id"] for f in run.of("final")], [1, 3])
        self.assertEqual(run.one("error")["code"], "SystemExit")
        self.assertIn("in the background", run.stderr)
        self.assertEqual(run.status, 0)

    def test_an_awaitable_from_a_plain_function_is_awaited(self):
        self.handler(
            """
            import asyncio
            async def work(x):
                asyncio.create_task(later())
                return x
            async def later():
                await asyncio.sleep(0.01)
                print("later")
            def handle(input):
                if input == "stream": return stream()
                return work(input)
            async def stream():
                yield "a"; yield "b"
            """
        )
        run = self.run_bridge("h:handle", [call(1, "x"), call(2, "stream"), call(3, "y")])
        self.assertEqual([f["output"] for f in run.of("final")], ["x", "ab", "y"])
        self.assertEqual(run.stderr.split(), ["later", "later"])


class StreamTest(BridgeCase):
    def outputs(self, source, *options):
        self.handler(source)
        run = self.run_bridge("h:handle", [call(1)], *options)
        return run.one("final")["output"], [d["delta"] for d in run.of("delta")]

    def test_the_text_of_a_stream_is_joined_and_each_piece_is_a_delta(self):
        body = """
    yield "a"
    yield {"delta": "b"}
    yield {"choices": [{"delta": {"content": "c"}}]}
    yield type("E", (), {"delta": None, "text": "d"})()
    yield {"other": 1}
"""
        for head in ("def handle(input):", "async def handle(input):"):
            with self.subTest(head):
                self.assertEqual(self.outputs(head + body), ("abcd", list("abcd")))

    def test_a_path_finds_the_text_of_an_item(self):
        source = """
def handle(input):
    yield {"update": {"parts": [{"t": "x"}]}, "text": "not this"}
    yield {"text": "nor this"}
    yield {"update": {"parts": [{"t": "y"}]}}
"""
        found = self.outputs(source, "--stream-output-path", "update.parts.0.t")
        self.assertEqual(found, ("xy", ["x", "y"]))

    def test_items_without_text_are_the_output(self):
        source = "def handle(input):\n    yield 1\n    yield {'n': 2}\n"
        self.assertEqual(self.outputs(source), ([1, {"n": 2}], []))

    def test_a_stream_that_breaks_keeps_its_pieces(self):
        self.handler("def handle(input):\n    yield 'a'\n    raise OSError('cut')\n")
        run = self.run_bridge("h:handle", [call(1)])
        self.assertEqual(run.one("delta")["delta"], "a")
        self.assertEqual(run.one("error")["error"], "OSError: cut")


class ReplayTest(BridgeCase):
    GUIDE = """
        import asyncio, fluxloop
        fluxloop.configure(record_args=True, recording_file="again.jsonl")
        class MessageHandler:
            async def handle_message(self, connection_id, data, user_connection, send_callback, error_callback):
                fluxloop.record_call_args(target="h:x", connection_id=connection_id)
                await send_callback({"echo": data["content"], "user": user_connection.user_id})
                error_callback("oops", code=3)
                asyncio.create_task(send_callback("as a task"))
                await asyncio.gather(send_callback("gathered"))
                return [send_callback.messages[0][0][0]["echo"], len(error_callback.errors), repr(user_connection)]
    """

    def guide(self, **fields):
        kwargs = {
            "connection_id": "c",
            "data": {"content": "hi"},
            "user_connection": {"user_id": "u"},
            "send_callback": "<callable:send>",
            "error_callback": "<callable:error>",
        }
        callables = {"send_callback": "send", "error_callback": "error"}
        return call(1, "hi", kwargs=kwargs, callables=callables, **fields)

    def test_the_guides_handler_is_replayed(self):
        self.handler(self.GUIDE)
        message = self.guide(objects={"user_connection": "app.ws.UserConnection"})
        run = self.run_bridge("h:MessageHandler.handle_message", [message], "--replay")
        found = [(c["name"], c["kind"], c["args"], c["kwargs"]) for c in run.of("callback", 1)]
        self.assertEqual(
            found,
            [
                ("send_callback", "send", [{"echo": "hi", "user": "u"}], {}),
                ("error_callback", "error", ["oops"], {"code": 3}),
                ("send_callback", "send", ["as a task"], {}),
                ("send_callback", "send", ["gathered"], {}),
            ],
        )
        output = ["hi", 1, "<app.ws.UserConnection user_id='u'>"]
        self.assertEqual(run.one("final")["output"], output)
        self.assertFalse(os.path.exists(self.path("again.jsonl")), "the replay was recorded")

    def test_without_replay_the_handler_may_record(self):
        self.handler(self.GUIDE)
        self.run_bridge("h:MessageHandler.handle_message", [self.guide()])
        self.assertEqual(len(self.lines("again.jsonl")), 1)

    def test_without_objects_every_mapping_has_attributes(self):
        self.handler(
            """
            def handle(user, data):
                return [user.name, user.inner.n, data["list"][0].k, isinstance(user, dict), hasattr(user, "x")]
            """
        )
        kwargs = {"user": {"name": "n", "inner": {"n": 1}}, "data": {"list": [{"k": 2}]}}
        run = self.run_bridge("h:handle", [call(1, kwargs=kwargs)])
        self.assertEqual(run.one("final")["output"], ["n", 1, 2, True, False])

    def test_with_objects_only_those_mappings_are_objects(self):
        self.handler(
            """
            def handle(o, d):
                o.inner.n += 1
                o["added"] = 1
                return [type(o).__name__, o.inner.n, o["inner"]["n"], o.list[0].k, o.added,
                        type(d) is dict, hasattr(d, "a"), hasattr(o, "missing"), "inner" in o]
            """
        )
        kwargs = {"o": {"inner": {"n": 1}, "list": [{"k": 2}]}, "d": {"a": 1, "dotted.key": {"x": 1}}}
        objects = {"o": "m.Outer", "o.inner": "m.Inner", "o.list.0": "m.Item", "gone.x": "m.N"}
        run = self.run_bridge("h:handle", [call(1, kwargs=kwargs, objects=objects)])
        expected = ["Outer", 2, 2, 2, 1, True, False, False, True]
        self.assertEqual(run.one("final")["output"], expected)

    def test_callables_are_set_at_nested_paths(self):
        self.handler(
            """
            def handle(data, items, log=None):
                data["cb"](1); items[1]["x.y"](2); log(3)
            """
        )
        kwargs = {"data": {"cb": "<callable:a>"}, "items": [0, {"x.y": "<callable:b>"}]}
        callables = {"data.cb": "send", "items.1.x.y": "error", "log": "send", "unknown": "send"}
        run = self.run_bridge("h:handle", [call(1, kwargs=kwargs, callables=callables, objects={})])
        found = [(c["name"], c["kind"], c["args"]) for c in run.of("callback")]
        self.assertEqual(
            found, [("data.cb", "send", [1]), ("items.1.x.y", "error", [2]), ("log", "send", [3])]
        )

    def test_an_async_callable_is_a_coroutine_function(self):
        self.handler(
            """
            import asyncio
            async def handle(cb, plain):
                return [asyncio.iscoroutinefunction(cb), asyncio.iscoroutinefunction(plain)]
            """
        )
        message = call(
            1,
            kwargs={"cb": "<callable:cb:async>", "plain": "<callable:p>"},
            callables={"cb": "send", "plain": "send"},
        )
        run = self.run_bridge("h:handle", [message])
        self.assertEqual(run.one("final")["output"], [True, False])

    def test_each_call_has_arguments_of_its_own(self):
        self.handler("def handle(data):\n    data.append(1)\n    return len(data)\n")
        run = self.run_bridge("h:handle", [call(n, kwargs={"data": []}) for n in (1, 2)])
        self.assertEqual([f["output"] for f in run.of("final")], [1, 1])

    def test_kwargs_that_do_not_fit_are_named(self):
        self.handler("def handle(a, b, c=1): pass")
        run = self.run_bridge("h:handle", [call(1, kwargs={"a": 1, "x": 1, "y": 2})])
        error = run.one("error")
        self.assertIn('does not take "x", "y"', error["error"])
        self.assertIn('needs "b"', error["error"])
        self.assertEqual(error["code"], "arguments")

    def test_positional_only_parameters_are_filled(self):
        self.handler("def handle(a, b=5, /, *, c):\n    return [a, b, c]\n")
        messages = [call(1, kwargs={"a": 1, "c": 3}), call(2, kwargs={"b": 2, "a": 1, "c": 3})]
        run = self.run_bridge("h:handle", messages)
        self.assertEqual([f["output"] for f in run.of("final")], [[1, 5, 3], [1, 2, 3]])

    def test_what_is_recorded_can_be_replayed(self):
        self.handler(
            """
            import fluxloop
            class Conn:
                def __init__(self): self.user = "u"; self.api_key = "LEAK"
            class Handler:
                def handle(self, data, conn, send):
                    fluxloop.record_call_args("h:Handler.handle", data=data, conn=conn, send=send)
                    send(data["content"] + conn.user)
            def original():
                fluxloop.enable_recording("args.jsonl")
                Handler().handle({"content": "hi "}, Conn(), print)
            """
        )
        self.python("import h; h.original()")
        record = self.lines("args.jsonl")[0]
        message = call(1, kwargs=record["kwargs"], objects=record["objects"], callables={"send": "send"})
        run = self.run_bridge(record["target"], [message], "--replay")
        self.assertEqual(run.one("callback")["args"], ["hi u"])
        self.assertEqual(len(self.lines("args.jsonl")), 1)


class ArgumentsTest(BridgeCase):
    def output(self, source, *options, **fields):
        self.handler(source)
        run = self.run_bridge("h:handle", [call(1, **fields)], *options)
        return run.one("final")["output"]

    def test_constant_arguments_are_given_and_converted(self):
        source = """
            import enum, pathlib
            class Tier(enum.Enum):
                GOLD = "gold"
            def handle(question, tier: Tier, home: pathlib.Path = None, n=1):
                return [question, tier.name, home.name, n]
        """
        args = {"tier": "gold", "home": "/a/b", "n": 2}
        self.assertEqual(self.output(source, args=args), ["hello", "GOLD", "b", 2])
        replayed = self.output(source, args=args, kwargs={"question": "q", "n": 5}, types={})
        self.assertEqual(replayed, ["q", "GOLD", "b", 2])

    def test_constant_arguments_that_do_not_fit_are_named(self):
        self.handler("def handle(text, n): pass\nimport enum\nclass T(enum.Enum): A = 1\ndef tiers(t: T, x=1): pass")
        error = self.run_bridge("h:handle", [call(1, args={"m": 1})]).one("error")["error"]
        self.assertIn('runner.args: h:handle does not take "m"', error)
        error = self.run_bridge("h:handle", [call(1, args={"text": 1})]).one("error")["error"]
        self.assertIn('needs more than the input: "n"', error)
        run = self.run_bridge("h:tiers", [call(1, kwargs={}, types={}, args={"t": 2})])
        self.assertIn('"t" cannot be rebuilt as h.T', run.one("error")["error"])

    def test_a_parameter_context_gets_what_is_known_of_the_run(self):
        about = {"persona": "expert", "iteration": 2, "trace_id": "t"}
        bodies = {
            "(text, context)": about,
            "(text, context=None)": about,
            "(context, text)": about,
            "(text, *, context: dict)": about,
            "(text, context: 'Optional[Dict[str, Any]]' = None)": about,
            "(text, context: str = None)": None,
            "(text, context: list = None)": None,
            "(text, context='x')": "x",
            "(context)": "hello",
        }
        for parameters, expected in bodies.items():
            source = "from typing import *\ndef handle%s:\n    return context\n" % parameters
            with self.subTest(parameters):
                self.assertEqual(self.output(source, context=about), expected)
        source = "def handle(text, context):\n    return context\n"
        self.assertEqual(self.output(source, context={"persona": None, "iteration": 0}), {"iteration": 0})
        kwargs = {"text": "x", "context": {"own": 1}}
        self.assertEqual(self.output(source, context=about, kwargs=kwargs, types={}), {"own": 1})
        self.assertEqual(self.output(source, context=about, kwargs={"text": "x"}, types={}), about)

    def test_an_input_that_is_a_mapping_becomes_what_the_parameter_asks_for(self):
        source = """
            import dataclasses
            @dataclasses.dataclass
            class Req:
                content: str
            def handle(%s):
                return type(req).__name__
        """
        for parameter, expected in (("req: Req", "Req"), ("req", "dict"), ("req: dict", "dict")):
            self.assertEqual(self.output(source % parameter, value={"content": "x"}), expected)
        self.assertEqual(self.output(source % "req: Req", value={"other": 1}), "dict")

    def test_revive_builds_what_cannot_be_imported(self):
        self.handler(
            """
            class Client:
                def ask(self, text): return "asked " + text
            def revive(path, name, value):
                if name == "gone.Broken": raise OSError("no server")
                return Client() if name == "gone.Client" else NotImplemented
            def handle(client, text): return client.ask(text)
            """
        )
        kwargs = {"client": "<repr:gone.Client>", "text": "x"}
        options = ("--replay", "--revive", "h:revive")
        for name, kind, expected in (
            ("gone.Client", "final", "asked x"),
            ("gone.Other", "error", '"client" cannot be rebuilt as gone.Other'),
            ("gone.Broken", "error", "replay_args.revive raised OSError: no server"),
        ):
            message = call(1, kwargs=dict(kwargs), objects={"client": name}, types={})
            found = self.run_bridge("h:handle", [message], *options).one(kind)
            self.assertIn(expected, found.get("output") or found["error"])

    def test_what_cannot_be_rebuilt_is_a_setup_error_until_the_handler_has_run(self):
        self.handler("def handle(x): return 1")
        good = call(1, kwargs={"x": 1}, types={})
        bad = call(2, kwargs={"x": "a"}, types={"x": "h.Gone"})
        self.assertEqual(self.run_bridge("h:handle", [bad, good]).one("error")["code"], "setup")
        self.assertEqual(self.run_bridge("h:handle", [good, bad]).one("error")["code"], "arguments")


class InstanceTest(BridgeCase):
    """Instances that are made where their calls run, and closed at the end."""

    SOURCE = """
        import asyncio, contextlib, functools
        class Loop:
            def __init__(self, name="made"):
                self.loop, self.name = asyncio.get_running_loop(), name
                self.queue = asyncio.Queue()
                self.task = self.loop.create_task(self.work())
            async def work(self):
                while True:
                    text, answer = await self.queue.get()
                    answer.set_result(self.name + " " + text)
            async def handle(self, text):
                assert self.loop is asyncio.get_running_loop()
                answer = self.loop.create_future()
                await self.queue.put((text, answer))
                return await answer
            async def stream(self, text):
                yield await self.handle(text)
            @functools.lru_cache(None)
            def cached(self, text): return self.handle(text)
            def plain(self, text): return self.name + text
            async def __call__(self, text): return await self.handle(text)
        class Closed(Loop):
            async def aclose(self):
                assert self.loop is asyncio.get_running_loop()
                print("aclose " + self.name)
            def close(self): print("not this")
        class Exited(Loop):
            async def __aexit__(self, *args): print("aexit", args)
        class Fails(Loop):
            async def aclose(self): raise OSError("cannot close")
        class Hangs(Loop):
            async def aclose(self): await asyncio.sleep(600)
        class Outer:
            def __init__(self): self.inner = Closed("inner")
        class Sync:
            def handle(self, text): return text
            def close(self): print("close")
        class Needs:
            def __init__(self): asyncio.get_running_loop()
            def handle(self, text): pass
        async def make(name="factory"):
            await asyncio.sleep(0)
            return Closed(name)
        def make_sync(): return Closed("sync")
        def make_later(): return make("later")
        @contextlib.asynccontextmanager
        async def managed():
            print("enter"); yield Loop("managed"); print("leave")
        async def generated():
            print("enter"); yield Loop("generated"); print("leave")
        @contextlib.contextmanager
        def held():
            print("enter"); yield Sync(); print("leave")
        async def nothing(): pass
        async def broken(): raise ConnectionRefusedError("no database")
    """

    def setUp(self):
        super().setUp()
        self.handler(self.SOURCE)

    def test_instances_of_async_handlers_are_made_in_the_loop_and_closed(self):
        cases = [
            ("h:Loop.handle", None, "made x", []),
            ("h:Loop.stream", None, "made x", []),
            ("h:Loop", None, "made x", []),
            ("h:Closed.handle", None, "made x", ["aclose made"]),
            ("h:Exited.handle", None, "made x", ["aexit (None, None, None)"]),
            ("h:Outer.inner.handle", None, "inner x", []),
            ("h:Loop.handle", "h:make", "factory x", ["aclose factory"]),
            ("h:Loop.handle", "h:make_sync", "sync x", ["aclose sync"]),
            ("h:Loop.handle", "h:make_later", "later x", ["aclose later"]),
            ("h:Loop.plain", "h:make", "factoryx", ["aclose factory"]),
            ("h:Loop.handle", "h:managed", "managed x", ["enter", "leave"]),
            ("h:Loop.handle", "h:generated", "generated x", ["enter", "leave"]),
            ("h:Sync.handle", None, "x", ["close"]),
            ("h:Sync.handle", "h:held", "x", ["enter", "leave"]),
        ]
        for target, factory, expected, printed in cases:
            with self.subTest((target, factory)):
                options = ("--factory", factory) if factory else ()
                run = self.run_bridge(target, [call(1, "x"), call(2, "x")], *options)
                self.assertEqual([f["output"] for f in run.of("final")], [expected] * 2)
                self.assertEqual(run.stderr.splitlines(), printed)
                self.assertEqual(run.status, 0)

    def test_what_a_module_makes_at_import_belongs_to_the_loop(self):
        cases = {
            "loop = asyncio.get_event_loop()": "asyncio.get_running_loop() is loop",
            "loop = asyncio.get_running_loop()": "asyncio.get_running_loop() is loop",
            "task = asyncio.get_event_loop().create_task(asyncio.sleep(0, 1))": "await task == 1",
            "asyncio.run(asyncio.sleep(0))": "True",
        }
        for made, check in cases.items():
            with self.subTest(made):
                source = "import asyncio\n%s\nasync def handle(text):\n    return %s\n"
                self.write("early.py", source % (made, check))
                run = self.run_bridge("early:handle", [call(1), call(2)], env=environment(PYTHONWARNINGS="ignore"))
                self.assertEqual([f["output"] for f in run.of("final")], [True, True], run.stderr)

    def test_a_failure_to_close_is_logged_and_ends_soon(self):
        run = self.run_bridge("h:Fails.handle", [call(1, "x")])
        self.assertEqual((run.one("final")["output"], run.status), ("made x", 0))
        self.assertIn("OSError: cannot close", run.stderr)
        run = self.run_bridge("h:Hangs.handle", [call(1, "x")])
        self.assertEqual((run.one("final")["output"], run.status), ("made x", 0))

    def test_a_constructor_that_fails_is_reported_with_what_to_do(self):
        cases = [
            ("h:Needs.handle", None, "no running event loop", "make the handler async"),
            ("h:Loop.handle", "h:broken", "ConnectionRefusedError: no database", "see the traceback"),
            ("h:Loop.handle", "h:nothing", "returned None", "has to return the instance"),
            ("h:Loop.handle", "h:Fails.aclose", 'factory "h:Fails.aclose"', "needs self"),
        ]
        for target, factory, *texts in cases:
            with self.subTest((target, factory)):
                options = ("--factory", factory) if factory else ()
                run = self.run_bridge(target, [call(1)], *options)
                self.assertEqual((run.status, run.messages[0]["code"]), (2, "setup"))
                for text in texts:
                    self.assertIn(text, run.messages[0]["error"])
        env = environment(FLUXLOOP_FACTORY_KWARGS='{"nam": 1}')
        run = self.run_bridge("h:Loop.handle", [], "--factory", "h:make", env=env)
        self.assertIn("does not take nam: set runner.factory_kwargs", run.messages[0]["error"])


class SetupTest(BridgeCase):
    SOURCE = """
        class Agent:
            level = 1
            def __init__(self): self.sub = Sub()
            def run(self, input): return "run " + input
            @staticmethod
            def fixed(input): return "fixed " + input
            @classmethod
            def of_class(cls, input): return cls.__name__ + input
            class Nested:
                def run(self, input): return "nested " + input
        class Sub:
            def run(self, input): return "sub " + input
        class Needs:
            def __init__(self, name, size=1): self.name = name
            def run(self, input): return self.name + input
            @staticmethod
            def fixed(input): return "fixed " + input
        class Fails:
            def __init__(self): raise OSError("no disk")
            def run(self, input): pass
        class Callable:
            def __call__(self, input): return "called " + input
        instance = Agent()
        number = 3
        def make(name="made "): return Needs(name)
    """

    def setUp(self):
        super().setUp()
        self.handler(self.SOURCE)

    def test_targets_of_all_kinds_are_found(self):
        cases = {
            "h:Agent.run": "run x",
            "h:Agent.fixed": "fixed x",
            "h:Agent.of_class": "Agentx",
            "h:Agent.Nested.run": "nested x",
            "h:Agent.sub.run": "sub x",
            "h:Needs.fixed": "fixed x",
            "h:instance.run": "run x",
            "h:instance.sub.run": "sub x",
            "h:Callable": "called x",
            "h.py:Agent.run": "run x",
            "./h.py:instance.run": "run x",
        }
        for target, expected in cases.items():
            with self.subTest(target):
                run = self.run_bridge(target, [call(1, "x")])
                self.assertEqual(run.one("final")["output"], expected)

    def test_a_factory_makes_the_instance(self):
        run = self.run_bridge(
            "h:Needs.run",
            [call(1, "x")],
            "--factory",
            "h:make",
            env=environment(FLUXLOOP_FACTORY_KWARGS='{"name": "by factory "}'),
        )
        self.assertEqual(run.one("final")["output"], "by factory x")

    def setup_error(self, target, *options, **popen):
        run = self.run_bridge(target, [call(1)], *options, **popen)
        self.assertEqual(run.status, 2)
        self.assertEqual(len(run.messages), 1, run.messages)
        message = run.messages[0]
        self.assertEqual((message["type"], message["code"]), ("error", "setup"))
        self.assertNotIn("id", message)
        self.assertNotIn("\n", message["error"])
        return message["error"], run.stderr

    def test_each_wrong_target_has_its_own_message(self):
        self.write("broken.py", "import not_installed_at_all\n")
        self.write("syntax.py", "def f(:\n")
        self.write("leaves.py", "raise SystemExit(1)\n")
        cases = {
            "nothere:f": 'module "nothere" of target "nothere:f" was not found',
            "h.sub:f": "not found",
            "missing.py:f": "was not found",
            "broken:f": "raised ModuleNotFoundError: No module named 'not_installed_at_all' on import",
            "syntax:f": "raised SyntaxError",
            "leaves:f": "raised SystemExit: 1 on import",
            "h:makes": 'did you mean "make"?',
            "h:Agent.rum": 'did you mean "run"?',
            "h:Needs.run": "needs constructor arguments (name): set runner.factory",
            "h:Fails.run": "raised OSError: no disk",
            "h:number": "cannot be called",
            "h:Agent": "cannot be called",
            "h": "not of the form",
        }
        for target, text in cases.items():
            with self.subTest(target):
                error, _ = self.setup_error(target)
                self.assertIn(text, error)
                self.assertIn(target, error)

    def test_tracebacks_of_the_users_code_go_to_stderr(self):
        self.write("broken.py", "import not_installed_at_all\n")
        self.assertIn("import not_installed_at_all", self.setup_error("broken:f")[1])
        self.assertIn('raise OSError("no disk")', self.setup_error("h:Fails.run")[1])

    def test_wrong_options_are_setup_errors(self):
        self.assertIn("unknown option", self.setup_error("h:make", "--nonsense", "1")[0])
        self.assertIn("invalid --", self.setup_error("h:make", "--concurrency", "many")[0])
        for kwargs in ("[1]", "7", "true"):
            env = environment(FLUXLOOP_FACTORY_KWARGS=kwargs)
            self.assertIn("invalid FLUXLOOP_F", self.setup_error("h:make", env=env)[0])
        self.assertIn("no target", self.setup_error("--replay")[0])

    def test_the_working_directory_comes_first_then_paths(self):
        self.write("sub/h.py", "def make(input): return 'sub'\n")
        self.write("sub/only.py", "import sys\ndef f(input): return sys.path[:2]\n")
        run = self.run_bridge("h:Agent.fixed", [call(1, "x")], "--path", self.path("sub"))
        self.assertEqual(run.one("final")["output"], "fixed x")
        run = self.run_bridge("only:f", [call(1)], "--path", self.path("sub"))
        expected = [os.path.realpath(self.folder), self.path("sub")]
        self.assertEqual(run.one("final")["output"], expected)

    def test_help_prints_the_usage(self):
        done = subprocess.run(
            [sys.executable, "-m", "fluxloop.bridge", "--help"],
            env=environment(),
            stdout=subprocess.PIPE,
            timeout=300,
        )
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"--replay", done.stdout)


if __name__ == "__main__":
    unittest.main()
