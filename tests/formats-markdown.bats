# Markdown of hostile data: it stays text, whatever shows it.

load test_helper
load filter_helper

setup_file()
{
	find_python
}

# step NAME [TYPE]: prints the heading of a step; both are JSON strings.
step()
{
	local type=${2-'"tool"'}

	printf '{"trace_id":"t","input":"a","observations":[{"trace_id":"t","type":%s,"name":%s}]}\n' "$type" "$1" |
		fl-parse | grep '^### Step'
}

@test "the name and type of a step are only text in their heading" {
	local name

	run -0 step '"<img src=x onerror=alert(1)> ![t](http://evil.example/p.png) [c](javascript:alert(1))"'
	assert_output '### Step 1: [tool] \<img src=x onerror=alert(1)\> !\[t\](http\://evil.example/p.png) \[c\](javascript:alert(1))'
	run -0 step '"n"' '"x](http://evil.example) <script>"'
	assert_output '### Step 1: [x\](http\://evil.example) \<script\>] n'
	run -0 step '"a\n# b\r\n---\n```\u2028| c"'
	assert_output '### Step 1: [tool] a\\n\# b\\r\\n---\\n\`\`\`\\u2028\| c'
	# an entity, an address, a reference, a footnote, a closing sequence
	run -0 step '"&lt;b&gt; www.evil.example WWW.x <http://e.x> [x] [^1] C: //x #"'
	assert_output '### Step 1: [tool] \&lt;b\&gt; www\.evil.example WWW\.x \<http\://e.x\> \[x\] \[^1\] C: //x \#'
	run -0 step '"__init__ *b* \\d ~ `c`"'
	assert_output '### Step 1: [tool] \_\_init\_\_ \*b\* \\d ~ \`c\`'
	# most names need nothing
	for name in find_order LLM.call 'step 1' 'a.b:c/d-e' größe_zwei 注文 v1.2.www; do
		run -0 step "\"$name\""
		assert_output "### Step 1: [tool] $name"
	done
	run -0 step '["<b>"]' '{"a":"[x]"}'
	assert_output '### Step 1: [{"a":"\[x\]"}] \["\<b\>"\]'
}

@test "the front matter is YAML for any text" {
	python3 - >in <<-'PY'
	import json
	for i, text in enumerate(["d\x7f", "\x85\u2028\u2029", "\x9b2J\u202e", "\ufeff\ufffe\uffff", "\U000e0041\U0001f600",
	        "\ud800", "- a: [b", "---\n...\n# x", "\x00\x1b\t\r", "'\"\\", "", "e\u0301\u200d"]):
	    for value in text, [text], {text: text}:
	        print(json.dumps({"trace_id": "%d%s" % (i, text), "iteration": value, "persona": value, "input": "a",
	            "observations": []}))
	PY
	fl-parse -o out in 2>err
	python3 - <<-'PY'
	import glob, json, re, subprocess
	want = {}
	clean = lambda s: re.sub("[\ud800-\udfff]", "\ufffd", s)
	for line in open("in"):
	    row = json.loads(line)
	    want.setdefault(clean(row["trace_id"]), []).append(json.loads(clean(json.dumps(row, ensure_ascii=False))))
	found = 0
	for path in glob.glob("out/*.md"):
	    if path.endswith("index.md"):
	        continue
	    text = open(path, encoding="utf-8", newline="").read()
	    front = text[4:text.index("\n---\n")]
	    # what YAML 1.1 calls not printable; PyYAML refuses it
	    bad = re.search("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]", front)
	    assert not bad, (path, bad)
	    got = subprocess.run(["fl-yaml"], input="inputs:\n- input: x\n  front:\n" + "".join("    %s\n" % l for l in
	        front.split("\n")), capture_output=True, encoding="utf-8")
	    assert got.returncode == 0, (path, front, got.stderr)
	    front = json.loads(got.stdout)["front"]
	    # pairs of \u escapes, as the original writes them, are two in YAML
	    persona = json.dumps(front["persona"], ensure_ascii=False)
	    assert any(front["trace_id"] == row["trace_id"] and front["iteration"] == row["iteration"] and
	        ("\ufffd" in persona or front["persona"] == (row["persona"] or None)) for row in want[front["trace_id"]]), (front)
	    found += 1
	assert found == 36, found
	PY
}

@test "no character that acts on a terminal is in Markdown, and no value changes" {
	python3 - >in <<-'PY'
	import json
	every = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000]
	for n, first in enumerate(range(0, len(every), 20000)):
	    text = "".join(map(chr, every[first:first + 20000]))
	    step = dict(trace_id="t%d" % n, type=text[:999], name=text, start_time=text, end_time=text, level=text, input=text,
	        output={text: [text]})
	    # as UTF-8, and as escapes
	    print(json.dumps(dict(trace_id="t%d" % n, iteration=text, persona=text, input=text, output={"k": text}, error=text,
	        error_kind=text, success=text, observations=[step]), ensure_ascii=n % 2 == 0))
	PY
	fl-parse -o out in 2>err
	python3 - <<-'PY'
	import glob, json, re, unicodedata
	# what the original FluxLoop has in values: DEL and line ends
	kept = set("\n\x7f\x85\u2028\u2029")
	acts = lambda c: unicodedata.category(c) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(c) in ("LRE", "RLE", "PDF",
	    "LRO", "RLO", "LRI", "RLI", "FSI", "PDI") or c in "\xad\u061c\u180e\u200b\u200e\u200f\u2060\ufeff\U000e0041"
	rows = [json.loads(line) for line in open("in")]
	for n, row in enumerate(rows):
	    path, = [p for p in glob.glob("out/*_t%d.md" % n)]
	    text = open(path, encoding="utf-8", newline="").read()
	    blocks = re.findall("(?ms)^```json\n(.*?)\n```$", text)
	    assert len(blocks) == 4 and text.count("\n```") == 8, (path, len(blocks))
	    for c in set("".join(blocks)):
	        assert not acts(c) or c in kept, (path, hex(ord(c)))
	    for c in set(re.sub("(?ms)^```json\n(.*?)\n```$", "", text)):
	        assert not acts(c) or c == "\n", (path, hex(ord(c)))
	    step = row["observations"][0]
	    assert [json.loads(b) for b in blocks] == [{"input": row["input"]}, {"output": row["output"]}, step["input"],
	        step["output"]], path
	PY
}
