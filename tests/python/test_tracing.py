import asyncio
import datetime
import threading
import unittest

import fluxloop
from fluxloop.context import FluxLoopContext, current_scope, scope
from fluxloop.serialize import Encoder
from helpers import FolderCase, strict


@fluxloop.tool(description="adds")
def add(a, b=2, *rest, **more):
    return {"sum": a + b}


@fluxloop.agent(name="Planner", metadata={"team": "a"})
def plan(x):
    return add(x)


@fluxloop.tool()
async def wait(x, event=None):
    if event:
        await event.wait()
    add(x)
    return x


@fluxloop.tool
def bare(x):
    return x


@fluxloop.tool()
def fail():
    raise ValueError("bad é")


@fluxloop.prompt(model="m-1")
def ask(result):
    return result


@fluxloop.trace()
def count(n):
    for i in range(n):
        bare(i)
        yield "piece%d " % i
    return "done"


@fluxloop.trace(observation_type="chain")
async def acount(n):
    for i in range(n):
        await asyncio.sleep(0)
        bare(i)
        yield i


class TracingCase(unittest.TestCase):
    """Each test runs in a trace of its own that collects its observations."""

    def setUp(self):
        self.found = []
        self.context = FluxLoopContext("test", trace_id="T", sink=lambda o: self.found.append(strict(o)))
        scope.set((self.context, None))
        self.addCleanup(scope.set, None)

    def named(self, name):
        found = [o for o in self.found if o["name"] == name]
        self.assertEqual(len(found), 1, self.found)
        return found[0]

    def names(self):
        return [o["name"] for o in self.found]


class ObservationTest(TracingCase):
    def test_children_come_before_their_parent_and_name_it(self):
        plan(1)
        child, parent = self.found
        self.assertEqual((child["name"], parent["name"]), ("add", "Planner"))
        self.assertEqual(child["parent_observation_id"], parent["id"])
        self.assertNotIn("parent_observation_id", parent)

    def test_an_observation_has_its_fields_in_order(self):
        plan(1)
        child, parent = self.found
        self.assertEqual(
            list(child),
            "id type name start_time end_time input output level metadata"
            " parent_observation_id trace_id".split(),
        )
        self.assertEqual(child["type"], "tool")
        self.assertEqual(child["input"], {"a": 1, "b": 2, "rest": [], "more": {}})
        self.assertEqual(child["output"], {"sum": 3})
        self.assertEqual(child["level"], "info")
        self.assertEqual(child["metadata"], {"description": "adds"})
        self.assertEqual(child["trace_id"], "T")
        self.assertEqual((parent["type"], parent["metadata"]), ("agent", {"team": "a"}))
        self.assertRegex(
            child["id"], "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
        )
        self.assertNotEqual(child["id"], parent["id"])

    def test_times_are_utc_with_microseconds(self):
        before = datetime.datetime.now(datetime.timezone.utc)
        bare(1)
        after = datetime.datetime.now(datetime.timezone.utc)
        start, end = self.found[0]["start_time"], self.found[0]["end_time"]
        for text in (start, end):
            self.assertRegex(text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
        times = [before - datetime.timedelta(microseconds=1)]
        times += [datetime.datetime.fromisoformat(text) for text in (start, end)] + [after]
        self.assertEqual(times, sorted(times))

    def test_arguments_are_captured_at_the_call(self):
        @fluxloop.tool()
        def change(items):
            items.append("later")

        change(["now"])
        self.assertEqual(self.found[0]["input"], {"items": ["now"]})

    def test_self_is_not_an_input(self):
        class Agent:
            @fluxloop.agent()
            def run(self, x):
                return x

            @fluxloop.tool()
            @staticmethod
            def helper(x):
                return x

            @classmethod
            @fluxloop.tool()
            def build(cls, x):
                return x

        @fluxloop.tool()
        def plain(self, x):
            return x

        Agent().run(1)
        Agent.helper(2)
        Agent.build(3)
        plain(4, x=5)
        inputs = [one["input"] for one in self.found]
        self.assertEqual(inputs, [{"x": 1}, {"x": 2}, {"x": 3}, {"self": 4, "x": 5}])

    def test_looking_at_a_running_observation_does_not_change_its_json(self):
        @fluxloop.prompt(name='The "last"', model="m")
        def work(a, look=None):
            inner(a)
            if look is not None:
                stack = fluxloop.get_current_context().observation_stack
                look.extend(stack)
            return {"answer": a}

        @fluxloop.tool(description="d")
        def inner(a):
            return [a]

        looked = []
        work("é" * 300)
        work("é" * 300, looked)
        self.assertEqual([o.name for o in looked], ['The "last"'])
        self.assertEqual(looked[0].id, self.found[3]["id"])
        plain, seen = self.found[1], self.found[3]
        self.assertEqual(list(plain), list(seen))
        for field in ("type", "name", "output", "level", "metadata", "model", "trace_id"):
            self.assertEqual(plain[field], seen[field])
        self.assertEqual(self.found[2]["parent_observation_id"], seen["id"])

    def test_a_running_observation_can_be_changed(self):
        @fluxloop.agent(metadata={"team": "a"})
        def work():
            observation = fluxloop.get_current_context().observation_stack[-1]
            observation.metadata["score"] = float("nan")
            observation.level = fluxloop.ObservationLevel.WARNING
            observation.name = "other"
            observation.prompt_tokens = 7
            return 5

        work()
        found = self.found[0]
        self.assertEqual(found["metadata"], {"team": "a", "score": None})
        self.assertEqual((found["level"], found["name"], found["prompt_tokens"]), ("warning", "other", 7))
        self.assertEqual(found["output"], 5)

    def test_no_garbage_is_left_for_the_collector(self):
        import gc

        plan(1)
        self.addCleanup(gc.enable)
        gc.collect()
        gc.disable()
        for _ in range(10):
            plan(1)
            bare({"a": [1]})
            self.found.clear()
        self.assertLess(gc.collect(), 10)

    def test_input_and_output_can_be_left_out(self):
        @fluxloop.agent(capture_input=False, capture_output=False)
        def quiet(x):
            return x

        quiet(1)
        self.assertNotIn("input", self.found[0])
        self.assertNotIn("output", self.found[0])

    def test_an_exception_is_captured_and_raised(self):
        with self.assertRaises(ValueError):
            fail()
        observation = self.found[0]
        self.assertEqual(observation["error"], "bad é")
        self.assertEqual(observation["level"], "error")
        self.assertEqual(observation["status_message"], "ValueError: bad é")
        self.assertEqual(observation["metadata"]["error_type"], "ValueError")
        self.assertIn("in fail", observation["metadata"]["traceback"])

    def test_a_wrong_call_raises_the_same_as_without_the_decorator(self):
        with self.assertRaisesRegex(TypeError, "required positional argument"):
            plan()
        self.assertEqual(self.named("Planner")["input"], {"args": [], "kwargs": {}})

    def test_token_counts_come_from_usage(self):
        class Usage:
            input_tokens, output_tokens, total_tokens = 3, 4, None

        class Answer:
            usage = Usage()

        ask({"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})
        ask(Answer())
        ask("text")
        found = [[o.get(f + "_tokens") for f in ("prompt", "completion", "total")] for o in self.found]
        self.assertEqual(found, [[1, 2, 3], [3, 4, None], [None, None, None]])
        self.assertEqual({o["model"] for o in self.found}, {"m-1"})
        self.assertEqual({o["type"] for o in self.found}, {"generation"})

    def test_trace_refuses_an_unknown_type(self):
        with self.assertRaises(ValueError):
            fluxloop.trace(observation_type="nonsense")

    def test_calls_do_not_share_metadata(self):
        with self.assertRaises(ValueError):
            fail()
        with self.assertRaises(ValueError):
            fail()
        plan(1)
        self.assertEqual(self.named("Planner")["metadata"], {"team": "a"})


class FlowTest(TracingCase):
    def test_parents_are_right_under_gather(self):
        @fluxloop.agent()
        async def main():
            event = asyncio.Event()
            both = asyncio.gather(wait(1, event), wait(2, event))
            await asyncio.sleep(0)
            event.set()  # both are running, and continue in turn
            return await both

        asyncio.run(main())
        root = self.named("main")
        waits = {o["id"]: o["output"] for o in self.found if o["name"] == "wait"}
        self.assertEqual(sorted(waits.values()), [1, 2])
        for observation in self.found:
            if observation["name"] == "wait":
                self.assertEqual(observation["parent_observation_id"], root["id"])
            if observation["name"] == "add":
                self.assertEqual(
                    waits[observation["parent_observation_id"]], observation["input"]["a"]
                )

    def test_a_generator_is_one_observation_and_its_steps_children(self):
        generator = count(2)
        next(generator)
        bare("outside")
        with self.assertRaises(StopIteration) as stop:
            while True:
                next(generator)
        self.assertEqual(stop.exception.value, "done")
        whole = self.named("count")
        self.assertEqual(whole["output"], "piece0 piece1 ")
        parents = [o.get("parent_observation_id") for o in self.found if o["name"] == "bare"]
        self.assertEqual(parents, [whole["id"], None, whole["id"]])

    def test_values_and_exceptions_can_be_sent_into_a_generator(self):
        log = []

        @fluxloop.trace()
        def echo():
            try:
                log.append((yield 1))
                yield 2
            except KeyError:
                yield "caught"

        generator = echo()
        self.assertEqual(next(generator), 1)
        self.assertEqual(generator.send("x"), 2)
        self.assertEqual(generator.throw(KeyError("k")), "caught")
        generator.close()
        self.assertEqual(log, ["x"])
        self.assertEqual(self.named("echo")["output"], [1, 2, "caught"])
        self.assertEqual(self.named("echo")["level"], "info")

    def test_an_async_generator_is_one_observation(self):
        async def main():
            return [item async for item in acount(3)]

        self.assertEqual(asyncio.run(main()), [0, 1, 2])
        whole = self.named("acount")
        self.assertEqual((whole["type"], whole["output"]), ("chain", [0, 1, 2]))
        self.assertEqual({o.get("parent_observation_id") for o in self.found[:-1]}, {whole["id"]})

    def test_a_generator_that_raises_has_an_error(self):
        @fluxloop.trace()
        def broken():
            yield "a"
            raise OSError("gone")

        with self.assertRaises(OSError):
            list(broken())
        self.assertEqual((self.found[0]["output"], self.found[0]["error"]), ("a", "gone"))

    def test_push_and_pop_start_and_end_observations(self):
        outer = fluxloop.Observation(type="span", name="outer")
        self.context.push_observation(outer)
        self.assertEqual(self.context.observation_stack, [outer])
        bare(1)
        self.assertIs(self.context.pop_observation(), outer)
        self.assertIsNone(self.context.pop_observation())
        self.assertEqual(self.names(), ["bare", "outer"])
        self.assertEqual(self.found[0]["parent_observation_id"], outer.id)

    def test_the_items_of_a_generator_have_a_limit(self):
        @fluxloop.trace()
        def stream(items):
            yield from items

        def run(items):
            for _ in stream(items):
                pass
            return self.found[-1]["output"]

        class Text(str):
            pass

        most = Encoder.max_items
        self.assertEqual(run(["a", Text("b"), "\ud800"]), "ab\ud800")
        found = run(n for n in range(most + 5))
        self.assertEqual((len(found), found[-1]), (most, "…[cut, 6 items]"))
        many = run("x" * 100000 for _ in range(100))
        self.assertEqual(len(many), Encoder.max_text + len("…[cut, 0000000 characters]"))
        mixed = run([1] + ["x" * 100000] * 100)
        self.assertLess(len(str(mixed)), 2 * Encoder.max_total)
        self.assertIn("…[cut, ", mixed[-1])
        self.assertEqual(run([{"a": 1}, "text"]), [{"a": 1}, "text"])
        self.assertEqual(run([]), [])

    def test_unfinished_observations_are_passed_on_once_at_the_end(self):
        generator = count(3)
        next(generator)
        self.context.finalize()
        self.assertEqual(self.names(), ["bare", "count"])
        self.assertEqual(self.found[1]["status_message"], "unfinished")
        generator.close()
        self.assertEqual(self.names(), ["bare", "count"])

    def test_instrument_inside_a_trace_joins_it(self):
        @fluxloop.agent()
        def outer():
            with fluxloop.instrument("inner", metadata={"k": 1}) as context:
                self.assertEqual(context.trace.metadata, {"k": 1})
                self.assertIs(fluxloop.get_current_context(), context)
                bare(1)

        outer()
        self.assertEqual(self.found[0]["trace_id"], "T")
        self.assertEqual(self.found[0]["parent_observation_id"], self.found[1]["id"])


class OutsideTest(FolderCase):
    def setUp(self):
        super().setUp()
        fluxloop.configure(offline_store_enabled=True, offline_store_dir=self.path("store"))
        self.addCleanup(fluxloop.reset_config)

    def test_outside_a_trace_functions_are_called_as_if_undecorated(self):
        self.assertIsNone(current_scope())
        self.assertEqual(plan(1), {"sum": 3})
        self.assertEqual(list(count(1)), ["piece0 "])
        self.assertEqual(asyncio.run(wait(5)), 5)

        async def main():
            return [item async for item in acount(2)]

        self.assertEqual(asyncio.run(main()), [0, 1])

    def test_instrument_writes_to_the_offline_store(self):
        with fluxloop.instrument("job", user_id="u", tags=["t"]) as context:
            context.add_metadata("k", 1)
            plan(1)
        trace = self.lines("store/traces.jsonl")[0]
        self.assertEqual((trace["name"], trace["user_id"], trace["tags"]), ("job", "u", ["t"]))
        self.assertEqual(trace["metadata"], {"k": 1})
        observations = self.lines("store/observations.jsonl")
        self.assertEqual([o["name"] for o in observations], ["add", "Planner"])
        self.assertEqual({o["trace_id"] for o in observations}, {trace["id"]})

    def test_instrument_decorates_functions(self):
        @fluxloop.instrument("job")
        def job():
            return fluxloop.get_current_context().trace.name

        self.assertEqual(job(), "job")
        self.assertIsNone(fluxloop.get_current_context())

    def test_instrument_decorates_coroutine_functions(self):
        @fluxloop.instrument("job")
        async def job():
            await asyncio.sleep(0)
            bare("in")
            return fluxloop.get_current_context().trace.name

        async def main():
            return await asyncio.gather(job(), job())

        self.assertEqual(asyncio.run(main()), ["job", "job"])
        traces = {t["id"] for t in self.lines("store/traces.jsonl")}
        self.assertEqual({o["trace_id"] for o in self.lines("store/observations.jsonl")}, traces)
        self.assertEqual(len(traces), 2)

    def test_each_call_of_a_decorated_function_has_metadata_and_tags_of_its_own(self):
        metadata, tags = {"a": 1}, ["t"]

        @fluxloop.instrument("job", metadata=metadata, tags=tags)
        def job(name):
            fluxloop.get_current_context().add_metadata(name, 2)
            fluxloop.get_current_context().add_tag(name)

        job("x")
        job("y")
        found = [(t["metadata"], t["tags"]) for t in self.lines("store/traces.jsonl")]
        self.assertEqual(found, [({"a": 1, "x": 2}, ["t", "x"]), ({"a": 1, "y": 2}, ["t", "y"])])
        self.assertEqual((metadata, tags), ({"a": 1}, ["t"]))

    def test_nothing_is_kept_while_disabled(self):
        fluxloop.configure(enabled=False)
        with fluxloop.instrument("job"):
            self.assertEqual(plan(1), {"sum": 3})
        fluxloop.configure(enabled=True, offline_store_enabled=False)
        with fluxloop.instrument("job"):
            plan(1)
        with self.assertRaises(FileNotFoundError):
            self.lines("store/traces.jsonl")

    def test_concurrent_traces_do_not_mix(self):
        barrier = threading.Barrier(2)

        def work(name):
            with fluxloop.instrument(name):
                barrier.wait(300)
                bare(name)
                barrier.wait(300)

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        names = {t["id"]: t["name"] for t in self.lines("store/traces.jsonl")}
        found = [(names[o["trace_id"]], o["output"]) for o in self.lines("store/observations.jsonl")]
        self.assertEqual(sorted(found), [("a", "a"), ("b", "b")])


if __name__ == "__main__":
    unittest.main()
