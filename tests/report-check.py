"""report-check.py WHAT DIR: makes runs for tests/report-page.bats, checks their page.

inputs  writes the experiments for the pages into DIR
start   starts the browser that the checks share; stop ends it
CHECK   runs the function check_CHECK below

"""

import html.parser
import json
import re

import webdriver
from sentences import equal, says

# --- runs ---------------------------------------------------------------------

HOSTILE = [
    "</script><script>window.__broken=1</script>", "<!--<script>", "-->", "]]>",
    "<img src=x onerror=window.__broken=1>", "'\"><svg onload=window.__broken=1>",
    "</title></style></bdi></pre><h1>", "javascript:window.__broken=1", "&lt;b&gt;&amp",
    "\\u003c", "\\", "\u2028\u2029", "\0\1\x1b[31m\x7f\x85", "\u202eevil\u2066",
    "\ud800", "\ufeff\ufffe\U0001f600\u00e9\ud55c", "__proto__", "constructor", "a\nb\tc\rd",
    "", "x" * 5000, '{"a":[1.50,{"b":"<i>"}]}',
]


def hostile():
    for i, s in enumerate(HOSTILE):
        yield {"trace_id": "t" + s, "run_id": "r%d%s" % (i, s), "input_id": s,
               "iteration": i, "persona": s, "input": s, "output": s + "!",
               "success": True, "duration_ms": 1 + i, "error": s, "error_kind": s,
               "metadata": {"strategy": s}, "evaluation": {
                   "pass": [True, False, None][i % 3], "score": 0.5, "checks": [
                       {"name": s, "type": s, "pass": False, "score": 0, "reason": s}]},
               "observations": [{"id": s, "trace_id": "t" + s, "type": s, "name": s,
                                 "error": s, "start_time": s}]}


VALUES = [None, True, 0, -1, 1e300, "", "text", [], [1], {}, {"a": {"b": []}},
          [{"name": 1, "pass": 2, "score": "x"}, 1, None], {"checks": 1},
          {"checks": [{}, {"name": []}], "pass": False, "score": "much"}]


def odd():
    row = {"iteration": 0, "persona": "p", "input": "i", "output": "o", "success": True,
           "duration_ms": 1, "error": None, "error_kind": None, "token_usage": {},
           "metadata": {}, "evaluation": {}, "observations": [], "trace_id": "t",
           "input_id": "x", "attempts": 1, "start_time": "2026", "scores": {}}
    for field in row:
        for i, value in enumerate(VALUES):
            yield dict(row, **{"run_id": "%s%d" % (field, i), field: value})


def write_inputs(folder):
    # each run of the hostile base has another output
    cases = {"hostile": list(hostile()), "odd": list(odd()),
             "hostile-base": [dict(run, output=HOSTILE[i - 1]) for i, run in
                              enumerate(hostile())],
             "one": [{"run_id": "1", "input": "q", "output": "a", "success": True}],
             "long": [{"run_id": str(i), "input": "q%d" % i, "success": i % 2 == 0,
                       "output": "%d " % i + "word " * 2000} for i in range(1000)]}
    for name, runs in cases.items():
        with open("%s/%s.jsonl" % (folder, name), "w", encoding="utf-8") as f:
            for run in runs:
                f.write(json.dumps(run) + "\n")


# --- what is expected -----------------------------------------------------------


def rows_of(name):
    with open(name + "/evaluation/trace_summary.jsonl", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def visible(text):
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
                  lambda m: "\\u%04x" % ord(m[0]), text)


class Page(html.parser.HTMLParser):
    """Parses a page: nothing may be fetched, and every element is closed."""

    def __init__(self, name):
        super().__init__()
        self.open, self.scripts, self.policy = [], [], ""
        with open(name, encoding="utf-8", newline="") as f:
            self.feed(f.read())
        self.close()
        equal(self.open, [], name)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert not set(attrs) & {"src", "href", "style"}, attrs
        assert not any(name.startswith("on") for name in attrs), attrs
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        if tag != "meta":
            self.open.append(tag)
        if tag in ("script", "style"):
            self.scripts.append([tag, attrs.get("type"), ""])

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag)

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts[-1][2] += data
        else:
            equal(data, visible(data))

    def handle_comment(self, data):
        raise AssertionError("a comment: %r" % data)


# --- the page in a browser --------------------------------------------------------


class Report(webdriver.Browser):
    """The browser, and the actions of a reader."""

    prelude = """
    const rows = () => all(".runs > tbody > tr:not(.space):not(.detail)");
    """

    def see(self, name, fragment=""):
        self.open("file://%s/%s.html%s" % (self.folder, name, fragment))

    def scroll_to_runs(self):
        self.js("one('.runs').scrollIntoView()")
        self.painted()

    def rows_of(self, name):
        return rows_of("%s/%s" % (self.folder, name))

    def status(self):
        return self.js("return one('[role=status]').innerText")

    def search(self, text):
        self.js("one('input').value = arguments[0];"
                "one('input').dispatchEvent(new Event('input'))", text)

    def push(self, label):
        """Push the button whose label begins with a text."""
        self.js("all('button').find((b) => b.textContent.startsWith(arguments[0]))"
                ".click()", label)

    def column(self, i):
        return self.js("return rows().map((tr) => tr.cells[arguments[0]].innerText)", i)


def check_figures(b):
    says("the head has the verdict, the gates and the figures")
    b.see("new")
    runs = b.rows_of("new")
    passed = sum(run["evaluation"]["pass"] for run in runs)
    head = b.js("return one('header').innerText.replace(/\\s+/g, ' ')")
    times = sorted(run["duration_ms"] for run in runs)
    for part in ["the gate is met", "%.1f %%" % (passed / 2), "200 %d pass" % passed,
                 "%.0f ms" % times[99], "%.0f ms" % times[189], "2026-11-28T03:50:54",
                 "met the pass rate: %.4g, at least 0.75" % (passed / 200),
                 "%d" % sum(run["token_usage"]["total_tokens"] for run in runs)]:
        assert part in head, (part, head)
    says("there is a picture of durations and scores, and of rates by each group")
    titles = b.js("return all('figcaption').map((e) => e.firstChild.textContent)")
    equal(titles, ["Durations", "Duration, run by run", "Scores", "Pass rate by persona",
                   "Pass rate by strategy", "Pass rate by input"])
    says("the bars of a distribution are as many as the runs")
    counts = b.js("return all('figure:first-child .bin title').map((e) => "
                  "Number(e.textContent.match(/: (\\d+) run/)[1]))")
    equal(sum(counts), len(runs))
    says("a group's rate has the interval of Wilson")
    group = b.js("return all('.group').find((g) => g.innerText.startsWith('expert')).title")
    mine = [run["evaluation"]["pass"] for run in runs if run["persona"] == "expert"]
    n, p, z = len(mine), sum(mine) / len(mine), 1.959963984540054
    middle = (p + z * z / 2 / n) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5
    equal(group, "expert: %d of %d pass; 95 %% interval %.0f %% to %.0f %%" %
          (sum(mine), n, 100 * (middle - half), 100 * (middle + half)))
    says("a part of a picture restricts the table, and its chip undoes that")
    b.js("all('.group').find((g) => g.innerText.startsWith('expert')).click()")
    assert b.status().startswith("%d of 200 runs, %d do not pass" %
                                 (n, n - sum(mine))), b.status()
    b.click(".chips button")
    assert b.status().startswith("200 runs"), b.status()
    b.js("all('.bin title').find((e) => e.textContent.includes(': %d run')).parentNode"
         ".dispatchEvent(new MouseEvent('click', {bubbles: true}))" % max(counts))
    assert b.status().startswith("%d of 200" % max(counts)), b.status()
    b.press("Escape")
    assert b.status().startswith("200 runs"), b.status()


def check_table(b):
    b.see("new")
    runs = b.rows_of("new")
    bad = [run for run in runs if not run["evaluation"]["pass"]]
    says("a row has the run's texts and figures, and a column for each check")
    equal(b.js("return all('.runs thead th').map((e) => e.innerText)"),
          ["Input", "Output", "Outcome", "Persona", "Strategy", "It.", "Score", "Tokens",
           "understood", "latency", "polite", "similar", "Duration"])
    row = b.js("return Array.from(rows()[0].cells, (e) => e.innerText)")
    equal(row[0], runs[0]["input"])
    equal(row[1], runs[0]["output"])
    equal(row[5:8], ["0", "%.3g" % runs[0]["evaluation"]["score"],
                     str(runs[0]["token_usage"]["total_tokens"])])
    says("a search and buttons show some of the runs")
    b.search("CALL US")
    some = sum("call us" in (run["output"] or "") for run in runs)
    assert b.status().startswith("%d of 200" % some), b.status()
    b.search("more than 800")
    some = sum(run["duration_ms"] >= 800 for run in runs)
    assert some and b.status().startswith("%d of 200" % some), b.status()
    b.search("no such text")
    equal(b.column(0), [])
    b.search("")
    b.push("failed")
    assert b.status().startswith("%d of 200 runs, %d do" % (len(bad), len(bad))), b.status()
    b.push("slow")
    slow = sorted(run["duration_ms"] for run in runs)[189]
    some = sum(run["duration_ms"] >= slow for run in bad)
    assert b.status().startswith("%d of 200" % some), b.status()
    b.push("slow")
    b.push("failed")
    flaky = {}
    for run in runs:
        if run.get("error_kind") != "timeout":
            flaky.setdefault(run["input_id"], set()).add(run["evaluation"]["pass"])
    some = sum(len(flaky.get(run["input_id"], [])) == 2 for run in runs)
    b.push("flaky")
    assert some and b.status().startswith("%d of 200" % some), b.status()
    b.push("flaky")
    says("a choice shows the runs of a persona")
    b.js("one('select[aria-label=persona]').value = '=hurried';"
         "one('select[aria-label=persona]').dispatchEvent(new Event('change'))")
    some = sum(run["persona"] == "hurried" for run in runs)
    assert b.status().startswith("%d of 200" % some), b.status()
    b.press("Escape")
    says("a column orders the rows both ways, then they are as before")
    for order in [sorted(range(200), key=lambda i: runs[i]["duration_ms"]),
                  sorted(range(200), key=lambda i: -runs[i]["duration_ms"]),
                  list(range(200))]:
        b.js("all('.runs th button').pop().click()")
        equal(b.column(0)[:8], [runs[i]["input"] for i in order[:8]])
    says("/ leads to the search")
    b.press("/", "q")
    equal(b.js("return one('input').value"), "q")


def check_open(b):
    b.see("new")
    runs = b.rows_of("new")
    first = next(i for i, run in enumerate(runs) if run.get("error_kind") == "error")
    says("a click opens a run in place, with its address")
    b.see("new", "#" + runs[first]["run_id"])
    text = b.js("return one('.detail').innerText")
    for part in [runs[first]["input"], "ValueError: no such order", runs[first]["trace_id"],
                 "not-contains", "it contains 'did not understand'", "write_answer"]:
        assert part in text, (part, text)
    equal(b.js("return one('.detail').previousSibling.cells[0].innerText"),
          runs[first]["input"])
    says("the steps of a run that fails are at their times")
    bars = b.js("return all('.steps .bar').map((svg) => { const r = one('rect', svg)"
                ".getBoundingClientRect(), all = svg.getBoundingClientRect();"
                "return [(r.x - all.x) / all.width, r.width / all.width]; })")
    for (x, width), (begin, end) in zip(bars, [(0, 1), (0.05, 0.3), (0.32, 0.9),
                                               (0.9, 0.98)]):
        assert abs(x - begin) < 0.01 and abs(width - (end - begin)) < 0.01, (x, width)
    equal(b.js("return all('.steps li').map((li) => li.className)"),
          ["agent", "tool", "generation failed", "span"])
    says("another click closes it")
    b.js("one('.detail').previousSibling.cells[0].firstChild.click()")
    equal(b.js("return [all('.detail').length, location.hash]"), [0, ""])
    says("a point of a picture opens its run")
    b.js("""const svg = one("svg.scatter"), at = svg.getScreenCTM();
        const d = one(".points", svg).getAttribute("d").match(/M([\\d.]+) ([\\d.]+)/);
        const p = new DOMPoint(d[1], d[2]).matrixTransform(at);
        svg.dispatchEvent(new MouseEvent("click", {bubbles: true, clientX: p.x, clientY: p.y}))""")
    equal(b.js("return all('.detail').length"), 1)
    says("the keyboard opens a run, too")
    b.see("new")
    b.js("rows()[3].cells[0].firstChild.focus()")
    b.press("Enter")
    equal(b.js("return [all('.detail').length, document.activeElement.getAttribute("
               "'aria-expanded')]"), [1, "true"])


def check_diff(b):
    b.see("diff")
    new, base = b.rows_of("new"), b.rows_of("base")
    pairs = list(zip(base, new))

    def is_error(run):
        return run.get("error_kind") == "timeout"

    def changes(was):
        return sum(x["evaluation"]["pass"] is was and y["evaluation"]["pass"] is not was and
                   not is_error(x) and not is_error(y) for x, y in pairs)

    says("the comparison is in the head, and a picture of base against new")
    said = b.js("return one('#compared').innerText")
    assert "%d regressed, %d improved" % (changes(True), changes(False)) in said, said
    assert "Duration, base against new" in b.js("return one('.pictures').innerText")
    says("buttons show what changed")
    for label, n in [("regressed", changes(True)), ("improved", changes(False)),
                     ("output changed", sum(x["output"] != y["output"] for x, y in pairs))]:
        b.push(label)
        assert n and b.status().startswith("%d of 200" % n), (label, n, b.status())
        b.push(label)
    says("a changed output is shown as what was removed and added")
    i = next(i for i, (x, y) in enumerate(pairs) if "Order" in (x["output"] or "") and
             "did not" in (y["output"] or ""))
    b.see("diff", "#" + new[i]["run_id"])
    parts = b.js("return Array.from(one('.diff').childNodes, (e) => "
                 "[e.nodeName, e.textContent])")
    equal("".join(text for kind, text in parts if kind != "INS"), base[i]["output"])
    equal("".join(text for kind, text in parts if kind != "DEL"), new[i]["output"])
    equal([kind for kind, _ in parts], ["#text", "DEL", "INS", "#text"])


def check_large(b):
    says("of 10,000 runs, only the rows near the window are in the page")
    b.see("large")
    assert b.status().startswith("10000 runs"), b.status()
    runs = b.rows_of("large")
    assert b.js("return rows().length") < 100
    high = b.js("return document.body.scrollHeight")
    assert high > 10000 * 20, high
    says("they scroll, and each row is where it belongs")
    for share in (0.3, 0.71, 1):
        b.js("scrollTo(0, document.body.scrollHeight * arguments[0])", share)
        b.later("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        seen = b.js("return rows().filter((tr) => { const r = tr.getBoundingClientRect();"
                    "return r.bottom > 40 && r.top < innerHeight; }).map((tr) => "
                    "[tr.cells[0].innerText, tr.cells[5].innerText])")
        assert len(seen) > 5, seen
        first = seen[0]
        places = [i for i, run in enumerate(runs) if run["input"] == first[0] and
                  str(run["iteration"]) == first[1]]
        for at in places:
            if [[run["input"], str(run["iteration"])] for run in
                    runs[at:at + len(seen)]] == seen:
                break
        else:
            raise AssertionError(seen)
    equal(at + len(seen), 10000)
    says("an open run keeps its place while others scroll by")
    b.js("rows()[rows().length - 30].cells[0].firstChild.click(); scrollBy(0, -3000)")
    b.later("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    equal(b.js("return all('.detail').length"), 0)
    assert b.js("return document.body.scrollHeight") > high + 100
    says("they are searched and ordered")
    b.search("password")
    some = sum("password" in run["input"] for run in runs)
    assert b.status().startswith("%d of 10000" % some), b.status()
    b.js("all('.runs th button')[0].click()")
    equal(b.js("return one('.runs th').getAttribute('aria-sort')"), "ascending")


def check_look(b):
    def colour():
        return b.js("return getComputedStyle(document.body).backgroundColor")

    says("the page follows the preferred colours")
    b.see("diff")
    b.prefer(prefers_color_scheme="light")
    equal(colour(), "rgb(255, 255, 255)")
    b.prefer(prefers_color_scheme="dark")
    assert re.fullmatch(r"rgb\((\d|1\d|2\d)(, (\d|1\d|2\d)){2}\)", colour())
    says("printing shows all rows and no controls")
    b.devtools("Emulation.setEmulatedMedia", media="print")
    b.js("dispatchEvent(new Event('beforeprint'))")
    equal(b.js("return [rows().length, isShown(one('.tools'))]"), [200, False])
    b.js("dispatchEvent(new Event('afterprint'))")
    assert b.js("return rows().length") < 120
    b.devtools("Emulation.setEmulatedMedia", media="")
    says("the page is not wider than a phone, with a run open, too")
    b.size(390, 844, mobile=True)
    for name in ["diff", "hostile"]:
        b.see(name)
        b.scroll_to_runs()
        b.js("rows()[1].cells[0].firstChild.click()")
        equal(b.js("return document.documentElement.scrollWidth"), 390, name)


def check_hostile(b):
    says("hostile text is shown as text, and runs no script")
    b.see("hostile")
    # as for printing, all rows are drawn
    b.js("dispatchEvent(new Event('beforeprint'))")
    equal(b.js("return rows().length"), len(HOSTILE))
    b.js("rows().forEach((tr) => tr.cells[0].firstChild.click())")
    shown = b.js("return all('.detail').map((e) => all('pre.diff', e)[0].innerText)")
    equal(len(shown), len(HOSTILE))
    inputs = b.js("return all('.beside section:first-child pre').map((e) => e.textContent)")
    for s, got in zip(HOSTILE[:-1], inputs):
        equal(got, visible(s), s)
    equal(inputs[-1], '{\n  "a": [\n    1.50,\n    {\n      "b": "<i>"\n    }\n  ]\n}')
    for s in HOSTILE:
        if s.isprintable() and s.strip():
            b.search(s)
            assert b.js("return rows().length"), s
    b.search("")
    equal(b.js("return rows().length"), len(HOSTILE))
    equal(b.js("return [typeof window.__broken, all('img, iframe, h1 + h1').length, "
               "all('script').length, all('h1').length]"), ["undefined", 0, 2, 1])
    equal(b.dialog(), None)
    says("the policy lets no other script run")
    b.js("try { const s = document.createElement('script'); s.text = 'window.__broken = 1';"
         "document.body.append(s); } catch (refused) { }")
    equal(b.js("return typeof window.__broken"), "undefined")
    assert "TrustedScript" in str(b.log("browser"))


def check_odd(b):
    says("a value of any type in any field is shown")
    for name in ["odd", "one"]:
        b.see(name)
        b.js("for (let i = 0; i < rows().length && i < 40; i++) "
             "rows()[i].cells[0].firstChild.click()")
        assert b.js("return all('.detail').length") > 0
    says("where texts were cut, the page says so")
    b.see("long")
    b.js("rows()[0].cells[0].firstChild.click()")
    cut = b.js("return [one('.detail').innerText.match(/cut: (\\d+) more bytes/)[1], "
               "all('.beside pre')[1].textContent.length]")
    equal(int(cut[0]) + cut[1], len("0 " + "word " * 2000))


def check_static(b):
    """Check the pages as text, without the browser."""
    says("pages are whole, and have nothing that is fetched")
    for name in ["new", "diff", "large", "hostile", "odd", "one", "long"]:
        page = Page("%s/%s.html" % (b.folder, name))
        equal([part[:2] for part in page.scripts],
              [["style", None], ["script", "application/json"], ["script", None]])
        json.loads(page.scripts[1][2])
        assert not re.search(r"https?://(?!www\.w3\.org/)|\b(eval|Function)\(|@import|url\(|"
                             r"innerHTML|fetch\(|XMLHttp", page.scripts[0][2] +
                             page.scripts[2][2]), name
        assert page.policy.startswith("default-src 'none'; "), page.policy
        assert "'unsafe" not in page.policy and page.policy.count("sha256-") == 2


def check_network(b):
    says("pages request nothing but themselves")
    for name in ["new", "diff", "hostile"]:
        b.see(name)
        b.js("rows()[0].cells[0].firstChild.click()")
    urls = b.requested()
    assert len(urls) > 2, urls
    for url in urls:
        assert re.fullmatch(r"file:.*/[\w-]+\.html", url), url


webdriver.run(write_inputs, Report, globals())
