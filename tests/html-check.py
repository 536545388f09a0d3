"""html-check.py WHAT DIR: makes traces for tests/html.bats and checks their pages.

inputs  writes the traces for the pages as DIR/NAME.jsonl
start   starts the browser that the checks share; stop ends it
CHECK   runs the function check_CHECK below

"""

import datetime
import glob
import html.parser
import json
import os
import random
import re
import time

import webdriver
from sentences import equal, says

# --- traces -------------------------------------------------------------------

START = datetime.datetime(2026, 11, 22, 21, 35, 27, 123456,
                          datetime.timezone.utc)


def at(ms):
    time_ = START + datetime.timedelta(milliseconds=ms)
    return time_.isoformat(timespec="microseconds")


def step(id_, parent, type_, name, begin, end, **fields):
    o = {"id": id_, "type": type_, "name": name, "start_time": at(begin)}
    if end is not None:
        o["end_time"] = at(end)
    o.update(fields)
    if parent:
        o["parent_observation_id"] = parent
    return dict(o, trace_id="t")


def trace(observations, **fields):
    row = {"trace_id": "t", "name": "test", "iteration": 3, "persona": "hurried",
           "input": "What now?", "output": "line one\nline two",
           "duration_ms": 8431.2, "success": True}
    return dict(row, **fields, observation_count=len(observations),
                observations=observations)


# Numbers that JavaScript would spell differently.
RAW = "[9007199254740993,1.50,1e400,-0,0.10]"


def thousand():
    """Return many small traces, a tenth of them failed."""
    traces = []
    for i in range(1000):
        failed = {"error": "ValueError: %d" % i, "error_kind": "error"} if i % 10 == 3 else {}
        traces.append(trace(
            [step("a", None, "agent", "bot", 0, 0.2)], trace_id="n%d" % i,
            input="question %d" % i, persona="expert" if i % 2 else "hurried",
            output="answer", success=not failed, duration_ms=i + 1,
            metadata={"strategy": "typo" if i % 5 == 0 else "verbose"}, **failed))
    return traces


def support():
    """Return a typical trace: nested and parallel steps, and an error."""
    chat = [{"role": "system", "content": "Be brief.\nBe kind."},
            {"role": "user", "content": "My flight was cancelled."}]
    return trace([
        step("a", None, "agent", "support_agent", 0, 8000, input={"q": "What now?"},
             output="I rebooked you."),
        step("b", "a", "chain", "plan", 10, 1480, input=[], output=["flight"]),
        step("c", "b", "generation", "plan_steps", 15, 1470, model="small-1",
             prompt_tokens=812, completion_tokens=96, total_tokens=908,
             input=chat, output={"role": "assistant", "content": "1. Look\n2. Act"}),
        step("d", "a", "span", "gather", 1490, 4630),
        step("e", "d", "tool", "look_up_booking", 1502, 2290, input={"ref": "7HX-22"},
             output={"price": "@RAW@", "note": "caf\u00e9 <b>\n\"fine\" C:\\new"}),
        step("f", "d", "tool", "look_up_flight", 1503, 3120, output={"seats": 4}),
        step("g", "f", "span", "http", 1510, 2100, level="warning"),
        step("h", "d", "tool", "call_hotel", 1504, 4610, level="error",
             error="HotelTimeout: no answer",
             metadata={"traceback": "line 1\nline 2"}),
        step("i", "a", "event", "retry", 4640, 4640),
        step("j", "a", "evaluation", "polite", 4700, 7990, output={"score": 0.97}),
        step("k", "a", "custom", "unfinished_one", 7995, None,
             status_message="unfinished"),
    ], stdout="loading\nready\n", attempts=1, metadata={"strategy": "verbose"})


HOSTILE = [
    "</script><script>window.__broken=1</script>",
    "<img src=x onerror=window.__broken=1>",
    "<!--<script>", "-->", "]]>", "${window.__broken=1}", "{{1}}", "%s%n",
    "'\"><svg onload=window.__broken=1>", "</title></style></bdi></pre><h1>",
    "javascript:window.__broken=1", "&lt;b&gt;&#60;&amp", "\\u003c", "\\", "\\\"",
    "\u2028\u2029", "\0\1\x1b[31m\x7f\x85", "\u202eevil\u2066", "\ud800", "\udfff",
    "a\nb\tc\rd", "\ufeff\ufffe\U0001f600\u00e9\ud55c", "</SCRIPT ", "x" * 10000,
    "y " * 5000, "__proto__", "constructor", "step-1", "",
]


def hostile():
    every = "".join(HOSTILE)
    return trace([
        step("id" + s, None, s, s, i, i + 1, input={s: s}, output=s, level=s,
             error=[s] if i % 2 else None, status_message=s, model=s,
             metadata=[s], **{"x" + s: s}) for i, s in enumerate(HOSTILE)
    ], trace_id=every, name=every, persona=every, error=every, error_kind=every,
        success=False, input=every, output={every: every}, termination_reason=every,
        stdout=every, **{"x" + every: every})


def many(n):
    """Return a trace of deeply nested steps, the last of them in a cycle."""
    rng = random.Random(n)
    steps = []
    for i in range(n - 5):
        parent = str(rng.randrange(max(0, i - 5), i)) if i else None
        steps.append(step(str(i), parent, rng.choice(["tool", "span", "agent"]),
                          "step %d" % i, i, i + rng.randrange(100),
                          input="in %d" % i, output="out %d" % i))
    for name, parent in [("r", "s"), ("s", "t"), ("t", "r"), ("u", "u"), ("v", "r")]:
        steps.append(step(name, parent, "tool", name, n, n + 1))
    return trace(steps)


def deep():
    """Return a trace with values and steps that are large, long or deeply nested."""
    nested = 1
    for _ in range(300):
        nested = [nested]
    steps = [step(str(i), str(i - 1), "span", "level %d" % i, i, 1000 - i)
             for i in range(600)]
    steps += [step("n", None, "tool", "nested", 0, 1, output=nested),
              step("l", None, "tool", "long", 0, 1, output="word " * 200000),
              step("w", None, "tool", "wide", 0, 1, output=list(range(20000)))]
    return trace(steps, input=nested, output=["<" * 100000])


VALUES = [None, True, False, 0, -1, 1e300, "", "text", "\n# x\n", [], [1], {},
          {"a": {"b": []}}, "\ud800", [{"role": 1}], [{"role": "a"}],
          {"role": "a", "content": 1}, {"messages": [1]}]


def odd_steps():
    fields = list(step("o", "p", "tool", "n", 0, 1, input=1, output=2, level="info",
                       error=None, status_message="s", metadata={}, model="m",
                       prompt_tokens=1, completion_tokens=2, total_tokens=3))
    return trace([dict(step("o%d" % i, None, "tool", "n", 0, 1), **{field: value})
                  for field in fields for i, value in enumerate(VALUES)] +
                 [{}, {"type": "tool"}])


def odd_rows():
    for field in list(trace([], error="e", error_kind="k", token_usage={},
                            start_time=at(0), metadata={}, termination_reason="r")):
        for i, value in enumerate(VALUES):
            if field not in ("observations", "observation_count"):
                yield trace([], **{"trace_id": "%s%d" % (field, i), field: value})


def write_inputs(folder):
    cases = {"support": [support()], "hostile": [hostile()], "many": [many(3000)],
             "deep": [deep()], "odd": [odd_steps()], "rows": list(odd_rows()),
             "bare": [trace([], success=False, error="it took\ntoo long",
                            error_kind="timeout")],
             "rowless": [step("a", None, "tool", "lonely", 0, 1)],
             "thousand": thousand()}
    for name, traces in cases.items():
        with open("%s/%s.jsonl" % (folder, name), "w", encoding="utf-8") as f:
            for t in traces:
                f.write(json.dumps(t).replace('"@RAW@"', RAW) + "\n")


# --- what is expected ---------------------------------------------------------


def in_order(observations):
    return sorted(observations, key=lambda o: (o["start_time"],
                                               o.get("end_time", "")))


def waterfall(observations):
    """Return [number, depth, name, x, width] of each step in the order of a page."""
    steps = in_order(observations)
    place = {o["id"]: i for i, o in enumerate(steps)}
    below = {}
    for i, o in enumerate(steps):
        below.setdefault(place.get(o.get("parent_observation_id")), []).append(i)

    def us(text):
        return datetime.datetime.fromisoformat(text).timestamp() * 1e6

    times = [(us(o["start_time"]), us(o.get("end_time", o["start_time"])))
             for o in steps]
    first, last = min(t[0] for t in times), max(t[1] for t in times)
    rows, waiting = [], [(i, 0) for i in reversed(below[None])]
    while waiting:
        i, depth = waiting.pop()
        rows.append([i + 1, depth, steps[i]["name"],
                     100 * (times[i][0] - first) / (last - first),
                     100 * (times[i][1] - times[i][0]) / (last - first)])
        waiting += [(j, depth + 1) for j in reversed(below.get(i, []))]
    return rows


def whole(text):
    """Return text as a page has it, with lone surrogates replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def visible(text):
    return re.sub("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
                  lambda m: "\\u%04x" % ord(m[0]), whole(text))


def on_a_line(text):
    text = visible(text[:200].replace("\r", "\\r")).replace("\n", "\\n") + \
        ("\u2026" if len(text) > 200 else "")
    return text or "(no name)"


def same(value):
    """Return a value as a page has it, with NaN and infinities as null."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [same(v) for v in value]
    if isinstance(value, dict):
        return {whole(k): same(v) for k, v in value.items()}
    return value


# --- pages as text --------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Parses a page: every element has to be closed, and nothing may be fetched."""

    VOID = {"meta", "link", "img"}
    FILES = r"index.html|page.css|pages?.js|#step(s|-\d+)|data:image/\w+;base64,[\w+/=-]+"

    def __init__(self, name):
        super().__init__()
        self.open, self.data, self.rows, self.ids = [], {}, 0, set()
        self.policy = self.inline = ""
        with open(name, encoding="utf-8", newline="") as f:
            self.feed(f.read())
        self.close()
        equal(self.open, [], name)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        for name, value in attrs.items():
            if name in ("src", "href"):
                assert re.fullmatch(self.FILES, value), value
            assert not name.startswith("on") and name != "style", name
            assert not re.search("https?:|//", value or "") or tag == "img", value
        assert tag in ("html head meta title style body header nav h1 h2 p bdi em strong "
                       "dl div dt dd code small a noscript main section pre script ol "
                       "li span svg rect i b aside link img figure figcaption").split(), tag
        if "id" in attrs:
            assert attrs["id"] not in self.ids, attrs["id"]
            self.ids.add(attrs["id"])
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        self.rows += tag == "li"
        if tag not in self.VOID:
            self.open.append((tag, attrs))

    def handle_startendtag(self, tag, attrs):
        equal(tag, "rect")

    def handle_endtag(self, tag):
        equal(self.open.pop()[0], tag)

    def handle_data(self, data):
        tag, attrs = self.open[-1] if self.open else ("", {})
        if tag == "script" and "type" in attrs:
            self.data[int(attrs["id"][5:])] = data
        elif tag in ("script", "style"):
            self.inline += data
        else:
            equal(data, visible(data))

    def handle_comment(self, data):
        raise AssertionError("a comment: %r" % data)


def compare_page(name, traces):
    """Check pages as text; traces are those in the pages, by id."""
    page = Page(name)
    row = json.loads(page.data[0])
    wanted = dict(traces[key_of(row)])
    steps = wanted.pop("observations")
    equal(row, wanted, name)
    equal((page.rows, len(page.data)), (len(steps), len(steps) + 1), name)

    def text(o):
        return json.dumps(o, sort_keys=True)

    equal(sorted(text(json.loads(page.data[i + 1])) for i in range(len(steps))),
          sorted(text(o) for o in steps), name)
    for data in page.data.values():
        assert not re.search("[<>&\u2028\u2029]", data), "unguarded"
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'",
                 "img-src data:", "base-uri 'none'", "form-action 'none'"):
        assert part in page.policy, page.policy
    assert "unsafe" not in page.policy, page.policy
    equal(page.inline, "")
    for shared in "page.js", "page.css":
        with open(os.path.join(os.path.dirname(name), shared), encoding="utf-8") as f:
            page.inline += f.read()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|"
                         r"\b(eval|Function)\(|@import|url\(", page.inline)


def key_of(row):
    return json.dumps(row.get("trace_id"))


def check_static(b):
    """Check all pages, DIR/NAME/*_*.html, as text."""
    says("pages are whole, and have every record")
    count = 0
    for source in glob.glob(b.folder + "/*.jsonl"):
        with open(source, encoding="utf-8") as f:
            traces = [same(json.loads(line)) for line in f]
        pages = glob.glob(source[:-6] + "/*_*.html")
        equal(len(pages), len(traces), source)
        if "observations" not in traces[0]:
            # a trace without a row has a page without one
            traces = [{"observations": traces}]
        traces = {key_of(t): t for t in traces}
        for page in pages:
            compare_page(page, traces)
            count += 1
    assert count > 150, count


# --- checks -----------------------------------------------------------------------


class Pages(webdriver.Browser):
    """The browser, and the actions of a reader."""

    prelude = """
    const number = (li) => Number(li.id.slice(5));
    const rows = () => all("#rows li");
    const part = (key) => all("#step details, #trace details").find((d) =>
        isShown(d) && d.firstChild.firstChild.data === key);
    """

    def see(self, name, fragment="", which=0, scripts=True):
        pages = sorted(glob.glob("%s/%s/*_*.html" % (self.folder, name)))
        self.open("file://" + pages[which] + fragment)
        if scripts:
            self.painted()

    def search(self, text):
        """Search, and return [the count shown, the steps found, the steps dimmed]."""
        return self.later("""
            const input = one("#tools input"), status = one("[role=status]");
            input.value = arguments[0];
            input.dispatchEvent(new Event("input"));
            const shown = (dim) => rows().filter((li) => isShown(li) &&
                li.classList.contains("dim") === dim).map(number);
            soon(() => !status.textContent.includes("searching"), () =>
                arguments[1]([status.textContent, shown(false), shown(true)]));
            """, text)

    def show(self, n):
        self.js("one('#step-' + arguments[0] + ' a').click()", n)

    def shown(self, key):
        """Return the text of an open part, or None."""
        return self.js("const p = part(arguments[0]); return p && p.open ? "
                       "one('pre', p).innerText : null", key)

    def unfold(self, key):
        self.js("one('summary', part(arguments[0])).click()", key)

    def mode(self, label):
        self.js("all('button').find((b) => isShown(b) && "
                "b.textContent === arguments[0]).click()", label)

    def wait_hash(self, wanted):
        self.later("soon(() => location.hash === arguments[0], arguments[1])",
                   wanted)

    def seen_rows(self):
        return self.js("return rows().filter(isShown).map(number)")

    def focused(self):
        """Return the number of the step with the focus, or the element's name."""
        return self.js("const e = document.activeElement; "
                       "return number(e.parentNode) || e.localName")


def observations_of(folder):
    traces = {}
    with open(folder + "/observations.jsonl", encoding="utf-8") as f:
        for line in f:
            o = json.loads(line)
            traces.setdefault(o["trace_id"], []).append(o)
    return traces


def compare_rows(b, observations):
    got = b.js("""return rows().map((li) => {
        const bar = one("rect", li), at = bar.getBBox();
        const all = bar.parentNode.getBoundingClientRect().width;
        return [number(li), Number(li.dataset.depth), one("b", li).innerText,
            100 * at.x / all, 100 * at.width / all,
            one("i", li).getBoundingClientRect().x, isShown(li)]; })""")
    wanted = waterfall(observations)
    equal([row[:3] for row in got], [row[:3] for row in wanted])
    for row, (_, depth, _, x, width) in zip(got, wanted):
        assert abs(row[3] - x) < 0.05, ("where the bar begins", row, x)
        assert abs(row[4] - max(width, 0.001)) < 0.05, ("the bar", row, width)
        assert abs(row[5] - got[0][5] - 14 * depth) < 1, ("indented", row, depth)
        assert row[6], ("is not seen", row)


def check_waterfall(b):
    says("bars are where the times of their steps are")
    b.see("support")
    compare_rows(b, support()["observations"])
    says("steps with warnings and errors, and unfinished ones, are marked")
    equal(b.js("return rows().filter((li) => one('em', li)).map("
               "(li) => [number(li), one('em', li).innerText])"),
          [[8, "warning"], [7, "error"], [11, "unfinished"]])
    says("the header shows the main facts of the trace")
    facts = b.js("return all('header dl > div').map((d) => d.innerText)")
    for fact in ["Trace\nt", "Iteration\n3", "Persona\nhurried",
                 "Duration\n8.43 s", "Steps\n11", "Tokens\n908 812 in, 96 out",
                 "Started\n" + at(0)]:
        assert fact in facts, (fact, facts)
    says("each row ends with the duration of its step")
    equal(b.js("return all('#rows a > span:last-child').map((e) => e.innerText)"),
          ["8.00 s", "1.47 s", "1.46 s", "3.14 s", "788 ms", "1.62 s", "590 ms",
           "3.11 s", "0 ms", "3.29 s", "\u2013"])
    says("a step that takes no time is visible, and an error stands out")
    # a step without a duration is visible, and so is an error
    equal(b.js("return getComputedStyle(one('#step-9 rect')).strokeWidth"), "2px")
    colours = b.js("return ['5', '6', '7', '3'].map((n) => "
                   "getComputedStyle(one('#step-' + n + ' rect')).fill)")
    equal(colours[0], colours[1])
    equal(len(set(colours)), 3)
    says("the traces of the original have the same rows")
    reference = os.environ["REFERENCE"] + "/decorated_nested"
    for i, steps in enumerate(observations_of(reference).values()):
        b.see("reference", which=i)
        trace_id = b.js("return one('header code').innerText")
        compare_rows(b, observations_of(reference)[trace_id])
    equal(i, 3)


def check_search(b):
    b.see("support")
    says("a search finds text in names, inputs, outputs and other fields")
    # names; inputs and outputs, with any escapes in JSON; other fields
    for text, found, above in [
            ("look_up", [5, 6], [1, 4]),
            ("LOOK_UP_FLIGHT", [6], [1, 4]),
            ("7hx-22", [5], [1, 4]),
            ("caf\u00e9 <b>", [5], [1, 4]),
            ("\"fine\" C:\\new", [5], [1, 4]),
            ("\"price\"", [5], [1, 4]),
            ("9007199254740993", [5], [1, 4]),
            ("timeout", [7], [1, 4]),
            ("small-1", [3], [1, 2]),
            ("evaluation", [10], [1]),
            ("  polite ", [10], [1]),
            # escapes are not text: "\\nnew" and "u003cb" are not found
            ("nAct", [], []), ("n2.", [], []), ("u003c", [], []), ("03cb", [], []),
            # the text of every step, or the name of a field, finds none
            ("start_time", [], []), ("observation_id", [], []),
            ("2026-11-22", [], []),
            ("no such text", [], []), (".*", [], [])]:
        count, hits, dimmed = b.search(text)
        equal((sorted(hits), dimmed), (sorted(found), above), text)
        equal(count, "%d of 11" % len(found), text)
    says("a match in a name is highlighted")
    equal(b.search("look_up_f")[1], [6])
    equal(b.js("return all('#rows mark').map((m) => m.textContent)"), ["look_up_f"])
    says("a match in the open step is highlighted")
    b.search("booking")
    b.show(5)
    b.search("FINE")
    equal(b.js("return all('#step mark').map((m) => m.innerText)"), ["fine"])
    says("/ starts a search and Escape ends it")
    b.press("/", "q")
    equal(b.js("return one('#tools input').value"), "q")
    b.press("Escape")
    equal(b.js("return one('#tools input').value"), "")
    equal(len(b.seen_rows()), 11)
    equal(b.js("return [all('mark').length, all('#rows .dim').length, "
               "one('[role=status]').innerText]"), [0, 0, ""])


def check_types(b):
    says("there is a button for each type, with its number of steps")
    b.see("support")
    equal(b.js("return all('[aria-pressed]', one('#tools')).map((b) => b.innerText)"),
          ["agent 1", "chain 1", "generation 1", "span 2", "tool 3", "event 1",
           "evaluation 1", "other 1", "errors 1"])
    says("a chosen type hides the others but not what is around it")
    b.click("#tools [aria-pressed]", 4)
    equal(b.seen_rows(), [1, 4, 5, 6, 7])
    b.click("#tools [aria-pressed]", 1)
    equal(b.seen_rows(), [1, 2, 4, 5, 6, 7])
    equal(b.js("return one('[role=status]').innerText"), "4 of 11")
    says("errors can be chosen alone, and searched")
    b.click("#tools [aria-pressed]", 8)
    equal(b.seen_rows(), [1, 4, 7])
    equal(b.search("flight")[1:], [[], []])
    says("Escape shows everything again")
    b.js("document.activeElement.blur()")
    b.press("Escape")
    equal(len(b.seen_rows()), 11)
    equal(b.js("return all('#tools [aria-pressed=true]').length"), 0)


def check_step(b):
    says("a click opens a step and its address")
    b.see("support")
    b.click("#step-5 a")
    equal(b.js("return [location.hash, one('#step h2').innerText, "
               "isShown(one('#trace'))]"),
          ["#step-5", "look_up_booking #5", False])
    says("inputs and outputs keep the spelling of numbers")
    equal(b.shown("input"), '{\n  "ref": "7HX-22"\n}')
    equal(b.shown("record"), None)
    numbers = ",\n    ".join(RAW[1:-1].split(","))
    equal(b.shown("output"), '{\n  "price": [\n    %s\n  ],\n  "note": '
          '"caf\u00e9 <b>\n"fine" C:\\new"\n}' % numbers)
    says("the mode JSON shows escapes")
    b.mode("JSON")
    equal(b.shown("output"), '{\n  "price": [\n    %s\n  ],\n  "note": '
          '"caf\u00e9 <b>\\n\\"fine\\" C:\\\\new"\n}' % numbers)
    says("the whole record can be unfolded")
    b.unfold("record")
    record = json.loads(b.shown("record").replace("1e400", "1e300"))
    wanted = json.loads(json.dumps(support()["observations"][4]).replace(
        '"@RAW@"', RAW.replace("1e400", "1e300")))
    equal(record, wanted)
    b.mode("Readable")
    says("what was opened stays open with the next step")
    # a part that was opened stays open with the next step
    b.show(7)
    assert b.shown("record").startswith('{\n  "id": "h",')
    equal(b.shown("error"), "HotelTimeout: no answer")
    b.unfold("metadata")
    equal(b.shown("metadata"), '{\n  "traceback": "line 1\nline 2"\n}')
    says("messages are shown by role")
    b.show(3)
    equal(b.js("return all('.said', part('input')).map((e) => e.innerText)"),
          ["system\nBe brief.\nBe kind.", "user\nMy flight was cancelled."])
    says("the step shows its facts")
    facts = b.js("return all('#step dl > div').map((d) => d.innerText)")
    for fact in ["type\ngeneration", "duration\n1.46 s", "begins at\n15.0 ms",
                 "model\nsmall-1", "tokens\n812 in, 96 out, 908 in all", "id\nc"]:
        assert fact in facts, (fact, facts)
    says("the path leads to the parent, and Escape to the trace")
    # up to its parent, and back to the trace
    b.click(".path a", 1)
    equal(b.js("return one('#step h2').innerText"), "plan #2")
    b.wait_hash("#step-2")
    b.press("Escape")
    b.wait_hash("")
    equal(b.shown("output"), "line one\nline two")
    equal(b.js("return isShown(one('#step'))"), False)


def check_link(b):
    says("a link opens its step")
    b.see("support", "#step-7")
    equal(b.js("return one('#step h2').innerText"), "call_hotel #7 error")
    equal(b.js("return one('[aria-selected=true]').parentNode.id"), "step-7")
    says("a changed address opens another step")
    b.js("location.hash = '#step-3'")
    b.later("soon(() => one('#step h2').innerText === 'plan_steps #3', arguments[0])")
    says("a link to nothing shows the trace")
    for fragment in ["#step-99", "#nonsense", "#step-", "#step-1e0", "#"]:
        b.see("support", fragment)
        equal(b.js("return [isShown(one('#step')), isShown(one('#trace'))]"),
              [False, True], fragment)
    says("a link scrolls to a step far down")
    # far down, and out of sight at first
    b.see("many", "#step-2500")
    assert b.js("const at = one('#step-2500').getBoundingClientRect(); "
                "return at.top > 0 && at.bottom <= innerHeight")
    says("Back leads to the trace")
    # Back leads to the overview after any number of steps
    b.see("support")
    for n in (2, 3, 4):
        b.click("#step-%d a" % n)
    b.js("history.back()")
    b.wait_hash("")
    b.later("soon(() => isShown(one('#trace')), arguments[0])")


def check_list(b):
    """Check the links from each page to the list, and from the list to each page."""
    says("pages and their list link to each other")
    for name in "rows", "sharded":
        b.open("file://%s/%s/index.html" % (b.folder, name))
        pages = b.js("return all('tbody a').length")
        assert pages > 1, pages
        counted = b.js("const r = (s) => one(s).getBoundingClientRect(); return ["
                       "one('body > p').innerText, r('h1').bottom <= r('p').top, "
                       "r('p').bottom <= r('table').top]")
        assert counted[0].startswith("%d traces, " % pages), counted
        equal(counted[1:], [True, True], name)
        title = b.js("return document.title")
        b.click("tbody a", 1)
        equal(b.js("return one('nav a').innerText"), "All traces")
        b.click("nav a")
        equal(b.js("return document.title"), title, name)


def check_thousand(b):
    """Check the list of 1,000 traces, which thousand() makes."""
    shown = "return all('tbody tr').filter((tr) => !tr.hidden).map((tr) => " \
            "tr.cells[0].textContent)"

    def question(*numbers):
        return ["question %d" % i for i in numbers]

    says("failures come first, and the head has counts and percentiles")
    b.open("file://%s/thousand/index.html" % b.folder)
    names = b.js(shown)
    equal(len(names), 1000)
    equal(names[:3] + names[100:102], question(3, 13, 23, 0, 1))
    head = b.js("return one('p').innerText")
    for part in ["1000 traces", "100 failed", "p50 500 ms", "p95 950 ms", "max 1.00 s"]:
        assert part in head, head
    says("a search and filters hide the others")
    look = "one('input').value = arguments[0]; one('input').dispatchEvent(new Event('input'))"
    b.js(look, "QUESTION 77")
    equal(b.js(shown), question(773, 77, *[i for i in range(770, 780) if i != 773]))
    head = b.js("return one('p').innerText")
    assert "11 of 1000 traces, 1 failed" in head, head
    b.js(look, "")
    b.js("all('.tools button')[0].click()")
    equal(len(b.js(shown)), 100)
    b.js("all('.tools button')[0].click(); all('.tools button')[1].click()")
    equal(len(b.js(shown)), 51)
    b.js("all('.tools button')[1].click()")
    choose = "for (const [i, value] of arguments[0].entries()) {" \
             "all('select')[i].value = value;" \
             "all('select')[i].dispatchEvent(new Event('change')); }"
    b.js(choose, ["=hurried", "=typo"])
    equal(b.js(shown), question(*range(0, 1000, 10)))
    b.js(choose, ["", ""])
    says("a column orders the rows both ways, then they are as before")
    for wanted, how in [(question(0, 1), "ascending"), (question(999, 998), "descending"),
                        (names[:2], None)]:
        b.js("all('th button')[7].click()")
        equal(b.js(shown)[:2], wanted)
        equal(b.js("return all('th')[7].getAttribute('aria-sort')"), how)
    says("the list is not wider than a phone")
    b.size(390, 844, mobile=True)
    equal(b.js("return document.documentElement.scrollWidth"), 390)
    b.size(1280, 900)
    says("each page links to the pages before and after it")
    first = b.js("return one('tbody a').href")
    b.click("tbody a", 98)
    for _ in range(99, 103):
        equal(b.js("return all('nav a').map((a) => a.rel)"), ["", "prev", "next"])
        b.open(b.js("return one('nav a[rel=next]').href"))
    equal(b.js("return [one('#trace pre').innerText, one('nav small').innerText]"),
          ["question 2", "103 of 1000"])
    b.click("nav a[rel=prev]")
    equal(b.js("return one('#trace pre').innerText"), "question 1")
    b.open(first)
    equal(b.js("return all('nav a').map((a) => a.rel)"), ["", "next"])


def check_keys(b):
    says("j, k and the arrows move between rows")
    b.see("support")
    b.press("j")
    equal(b.focused(), 1)
    b.press("j", "Down", "j", "k")
    equal(b.focused(), 3)
    equal(b.js("return isShown(one('#step'))"), False)
    says("Enter opens a step, and j continues with the next one")
    b.press("Enter")
    equal(b.js("return one('#step h2').innerText"), "plan_steps #3")
    b.press("j")
    equal((b.focused(), b.js("return one('#step h2').innerText")),
          (4, "gather #4"))
    says("Escape closes it and keeps the place")
    b.press("Escape")
    b.wait_hash("")
    equal(b.focused(), 4)
    says("Left folds, Right unfolds")
    b.press("Left")
    equal(b.seen_rows(), [1, 2, 3, 4, 9, 10, 11])
    equal(b.js("return one('#step-4 a').getAttribute('aria-expanded')"), "false")
    b.press("j")
    equal(b.focused(), 9)
    b.press("k", "Right")
    equal(len(b.seen_rows()), 11)
    b.press("Right")
    equal(b.focused(), 5)
    b.press("Left")
    equal(b.focused(), 4)
    says("Home and End go to the first and last row")
    b.press("End", "j")
    equal(b.focused(), 11)
    b.press("Home", "k", "Up")
    equal(b.focused(), 1)
    says("Enter in the search opens the first match")
    b.press("/")
    equal(b.focused(), "input")
    b.press("h", "o", "t", "e", "l", "Enter")
    equal(b.js("return one('#step h2').innerText"), "call_hotel #7 error")
    says("the focus is visible")
    # the element with the focus is marked
    assert b.js("const s = getComputedStyle(document.activeElement); "
                "return s.outlineStyle === 'solid' && s.outlineWidth === '2px'")


def check_tree(b):
    says("rows are a tree with levels, and one tab stop")
    b.see("support")
    equal(b.js("return [one('[role=tree]').id, all('[role=treeitem]').length, "
               "all('[role=treeitem]').map((a) => a.ariaLevel).join('')]"),
          ["rows", 11, "12323343222"])
    equal(b.js("return all('[tabindex=\"0\"]').length"), 1)
    says("a click folds a subtree")
    b.click("#step-2 .fold")
    equal(b.seen_rows(), [1, 2, 4, 5, 6, 8, 7, 9, 10, 11])
    equal(b.js("return location.hash"), "")
    b.click("#step-1 .fold")
    equal(b.seen_rows(), [1])
    b.click("#step-1 .fold")
    equal(len(b.seen_rows()), 10)
    says("all can be unfolded and folded")
    b.mode("Unfold")
    equal(len(b.seen_rows()), 11)
    b.mode("Fold")
    equal(b.seen_rows(), [1])
    says("a search looks into folded rows, and a link unfolds them")
    # a search finds folded steps, and a link unfolds them
    equal(b.search("7HX")[1], [5])
    equal(b.search("")[1], [1])
    b.js("location.hash = '#step-8'")
    b.later("soon(() => isShown(one('#step-8')), arguments[0])")
    equal(b.seen_rows(), [1, 2, 4, 5, 6, 8, 7, 9, 10, 11])
    says("every control has a name")
    # every control has a name
    equal(b.js("return all('button, input, a').filter((e) => isShown(e) && "
               "!(e.innerText || e.ariaLabel)).length"), 0)


def check_phone(b):
    says("pages are not wider than a phone")
    b.size(390, 844, mobile=True)
    narrow = "return document.documentElement.scrollWidth"
    for name in ["support", "hostile", "deep", "bare", "rowless"]:
        b.see(name)
        equal(b.js(narrow), 390, name)
        b.js("all('summary').forEach((s) => s.parentNode.open || s.click())")
        b.mode("JSON")
        equal(b.js(narrow), 390, name)
    b.see("support")
    says("bars are below the names")
    equal(b.js("return rows().every((li) => one('rect', li)."
               "getBoundingClientRect().top > one('b', li)."
               "getBoundingClientRect().bottom)"), True)
    says("a step covers the screen and can be closed")
    b.click("#step-5 a")
    equal(b.js("const at = one('#step').getBoundingClientRect(); "
               "return [at.left, at.width, at.height, one('#step').scrollWidth]"),
          [0, 390, 844, 390])
    equal(b.focused(), "h2")
    b.mode("Close")
    b.wait_hash("")
    equal(b.js("return isShown(one('#step'))"), False)
    says("long text wraps")
    b.see("hostile", "#step-24")
    equal(b.js("return one('#step').scrollWidth"), 390)


def check_look(b):
    def colour():
        return b.js("return getComputedStyle(document.body).backgroundColor")

    says("pages follow the preferred colours")
    b.see("support")
    b.prefer(prefers_color_scheme="light")
    equal(colour(), "rgb(255, 255, 255)")
    b.prefer(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    assert re.fullmatch(r"rgb\((\d|1\d|2\d)(, (\d|1\d|2\d)){2}\)", colour())
    says("nothing moves if the reader prefers that")
    moves = ("return getComputedStyle(one('#step-1 .fold'), '::before')."
             "transitionDuration")
    equal(b.js(moves), "0s")
    b.prefer(prefers_reduced_motion="no-preference")
    assert b.js(moves) != "0s"
    says("rows and step are side by side on a wide screen")
    # wide: side by side, and the page itself does not move
    equal(b.js("return one('#steps').getBoundingClientRect().right <= "
               "one('#trace').getBoundingClientRect().left + 1"), True)
    equal(b.js("return document.documentElement.scrollHeight - innerHeight"), 0)
    says("printing shows all rows and no controls")
    b.devtools("Emulation.setEmulatedMedia", media="print")
    equal(b.js("return [isShown(one('#tools')), isShown(one('header')), "
               "rows().every(isShown), getComputedStyle(one('#steps')).overflow]"),
          [False, True, True, "visible"])


def check_copy(b):
    says("JSON is copied as it is spelled")
    b.see("support", "#step-5")
    b.js("navigator.clipboard.writeText = async (t) => { window.copied = t; }")
    b.click("#step .copy", 1)
    b.later("soon(() => window.copied, arguments[0])")
    text = b.js("return window.copied")
    equal(text, json.dumps(support()["observations"][4]["output"], indent=2,
                           ensure_ascii=False).replace(
          '"@RAW@"', "[\n    %s\n  ]" % ",\n    ".join(RAW[1:-1].split(","))))
    says("it is copied without a clipboard, too")
    # without a clipboard, as in files in some browsers
    b.js("""delete window.copied;
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.addEventListener("copy", () => {
            window.copied = document.activeElement.value; });""")
    b.click("#step .copy", 1)
    b.later("soon(() => window.copied, arguments[0])")
    equal(b.js("return [window.copied, all('textarea').length, "
               "document.activeElement.className]"), [text, 0, "quiet copy"])
    says("text is copied without its quotes")
    b.press("Escape")
    b.wait_hash("")
    b.click("#trace .copy", 1)
    b.later("soon(() => window.copied !== arguments[0], arguments[1])", text)
    equal(b.js("return window.copied"), "line one\nline two")


def check_hostile(b):
    says("hostile text is shown as text")
    b.see("hostile")
    equal(b.js("return all('#rows b').map((e) => e.textContent)"),
          [on_a_line(s) for s in HOSTILE])
    equal(b.shown("input"), visible("".join(HOSTILE)))
    says("it is shown whole in its step")
    for i, s in enumerate(HOSTILE):
        b.show(i + 1)
        said = b.js("return one('pre', part('output')).textContent")
        equal(said, visible(s), s)
        if s:
            equal(b.js("return one('#step h2 bdi').textContent"),
                  visible(s)[:1000])
    says("it can be searched for")
    b.js("all('#step summary').forEach((s) => s.parentNode.open || s.click())")
    for i, s in enumerate(HOSTILE):
        if s.strip() and s.isprintable():
            assert i + 1 in b.search(s)[1], s
    says("it makes no elements and runs no script")
    equal(b.js("return [typeof window.__broken, all('img, iframe, svg svg').length, "
               "all('script').length, all('script:not([type])').length, "
               "all('h1').length, all('#rows li').length]"),
          ["undefined", 0, len(HOSTILE) + 3, 2, 1, len(HOSTILE)])
    equal(b.dialog(), None)


def check_policy(b):
    """Check that the browser loads nothing and runs no other script."""
    says("the policy blocks pictures, scripts and handlers")
    b.see("support")
    b.later("""
        const done = arguments[0], img = new Image();
        img.onerror = () => done();
        img.src = "picture.gif";
        document.body.append(img);
        try {
            const s = document.createElement("script");
            s.text = "window.__broken = 1";
            document.body.append(s);
        } catch (refused) { }
        try {
            document.body.insertAdjacentHTML("beforeend",
                "<b onclick='window.__broken = 1' style='color: red'>x</b>");
        } catch (refused) { }
        all("[onclick]").forEach((e) => e.click());""")
    equal(b.js("return typeof window.__broken"), "undefined")
    logged = " ".join(entry["message"] for entry in b.log("browser"))
    assert "Content Security Policy" in logged and "img-src data:" in logged, logged


def check_large(b):
    says("3,000 steps and circles of parents are shown")
    b.see("many")
    depth = b.js("return Math.max(...rows().map((li) => li.dataset.depth))")
    assert depth > 100, depth
    # the browser need not lay out lists that are out of sight
    equal(b.js("return [rows().length, all('#rows > ol').length]"), [3000, 30])
    # all rows of a circle are shown, and those below it
    equal(sorted(b.js("return rows().slice(-5).map((li) => one('b', li).textContent)")),
          ["r", "s", "t", "u", "v"])
    says("they can be searched, folded and unfolded")
    assert b.search("out 1234")[1] == [1235]
    b.press("Escape")
    b.mode("Fold")
    assert len(b.seen_rows()) < 20
    b.mode("Unfold")
    equal(len(b.seen_rows()), 3000)
    says("the last of them can be reached")
    b.press("End", "Enter")
    equal(b.focused(), b.js("return number(rows()[2999])"))
    says("deep, wide and long values are shown in pieces")
    b.see("deep")
    equal(b.js("return rows().length"), 603)
    for name, size in [("nested", 601), ("wide", 20002)]:
        b.show(b.js("return number(rows().find((li) => "
                    "one('b', li).textContent === arguments[0]))", name))
        assert 0 < b.js("return one('pre', part('output')).childElementCount") <= size
        while b.js("const more = one('.more', part('output')); "
                   "if (more) more.click(); return more !== null"):
            pass
        equal(b.js("return one('pre', part('output')).childElementCount"), size)
    b.show(b.js("return number(rows().find((li) => "
                "one('b', li).textContent === 'long'))"))
    length = "return one('pre', part('output')).textContent.length"
    assert b.js(length) < 1000000
    b.click("#step .more")
    equal(b.js(length), 1000000)


def check_odd(b):
    says("values of any type in any field are shown")
    b.see("odd")
    equal(b.js("return rows().length"), len(odd_steps()["observations"]))
    says("steps without times have no bars")
    # a step without a time has no bar; two steps have no fields at all
    equal(b.js("return rows().filter((li) => !one('rect', li)).length"),
          len(VALUES) + 2)
    says("each of them can be opened, in both modes")
    b.js("""for (const li of rows()) {
        one("a", li).click();
        all("#step summary").forEach((s) => s.parentNode.open || s.click());
    }""")
    for label in ["JSON", "Readable"]:
        b.mode(label)
    b.search("text")
    says("a trace without a row is shown")
    b.see("rowless")
    equal(b.js("return [one('h1').innerText, one('#step-1 b').innerText]"),
          ["Trace unknown", "lonely"])
    says("a failed trace without steps is shown")
    b.see("bare")
    equal(b.js("return [one('h1').innerText, one('p.error').innerText, "
               "one('#steps').innerText]"),
          ["test failed", "timeout it took\ntoo long", "No steps were recorded."])
    equal(b.js("return one('main').innerText.includes('What now?')"), True)
    says("rows with odd values are shown")
    for i in range(0, len(list(odd_rows())), 23):
        b.see("rows", which=i)
        equal(b.js("return isShown(one('#trace details'))"), True)


def check_plain(b):
    """Check the page without JavaScript."""
    says("the waterfall, input and output need no script")
    b.devtools("Emulation.setScriptExecutionDisabled", value=True)
    try:
        b.see("support", "#step-4", scripts=False)
        # rows are laid out when they are first painted
        text, deadline = "", time.monotonic() + 300
        while "look_up_booking" not in text and time.monotonic() < deadline:
            compare = b.devtools("DOMSnapshot.captureSnapshot", computedStyles=[])
            strings = compare["strings"]
            layout = compare["documents"][0]["layout"]
            text = " ".join(strings[i] for i in layout["text"] if i >= 0)
    finally:
        b.devtools("Emulation.setScriptExecutionDisabled", value=False)
    for part in ["What now?", "line one line two", "look_up_booking", "788 ms",
                 "need JavaScript", "success", "6.00 s"]:
        assert part in re.sub(r"\s+", " ", text), (part, text)


def check_network(b):
    """Check that this check and those before it have loaded only files."""
    says("pages request nothing but files")
    for name in ["support", "hostile", "deep", "bare"]:
        b.see(name)
    urls = b.requested()
    assert len(urls) > 3, urls
    for url in urls:
        assert url.startswith(("file:", "data:")), url


webdriver.run(write_inputs, Pages, globals())
