#!/usr/bin/env bats

# fl-report: an experiment in the formats of test results of other tools.

load test_helper
load filter_helper

setup()
{
	begin
	find_python
	cat >rows <<-'END'
	{"trace_id":"t1","run_id":"r1","input_id":"i1","iteration":0,"persona":"hurried","input":"Where is my order?","output":"It arrives","success":true,"duration_ms":412,"start_time":"2026-11-28T03:50:54.123456+00:00"}
	{"trace_id":"t2","run_id":"r2","input_id":"i2","iteration":1,"persona":"hurried","input":"]]> <b>&amp; \u0001\u001b[31m \ufffe @ada #12 | `x`","output":{"a":1},"success":true,"duration_ms":5,"evaluation":{"pass":false,"checks":[{"name":"helpful","type":"icontains-any","pass":false,"reason":"it contains none of 'a', 'b'"},{"name":"cheap","type":"cost","pass":null,"error":"the cost is not known"}]}}
	{"trace_id":"t3","run_id":"r3","input_id":"i3","iteration":0,"persona":null,"input":"c","output":null,"success":false,"error_kind":"timeout","error":"late\nby 3 s","duration_ms":300}
	{"trace_id":"t4","run_id":"r4","input_id":"i4","iteration":0,"persona":null,"input":"d","output":null,"success":false,"error_kind":"error","error":"Traceback\n  File\nKeyError: 'x'\n"}
	END
}

@test "JUnit is XML whatever the texts hold, with a suite for each persona" {
	fl-report -f junit --name my-agent rows >junit.xml
	python3 - <<-'PY'
	import xml.etree.ElementTree as E
	root = E.parse("junit.xml").getroot()
	assert root.tag == "testsuites" and root.attrib == {"name": "my-agent", "tests": "4",
	    "failures": "2", "errors": "1", "time": "0.717"}, root.attrib
	a, b = root
	assert (a.get("name"), a.get("tests"), a.get("failures"), a.get("timestamp")) == \
	    ("hurried", "2", "1", "2026-11-28T03:50:54"), a.attrib
	assert (b.get("name"), b.get("errors")) == ("default", "1")
	good, bad = a
	assert good.get("classname") == "my-agent.hurried" and good.get("time") == "0.412"
	assert good.get("name") == "Where is my order? [i1/0]" and good.find("failure") is None
	assert good.find("system-out").text == "run_id: r1\ntrace_id: t1\n"
	fault = bad.find("failure")
	assert fault.get("type") == "icontains-any" and fault.get("message") == "cheap: the cost is not known"
	assert "helpful: it contains none of 'a', 'b'" in fault.text and '{"a":1}' in fault.text
	assert "]]> <b>&amp; \ufffd\ufffd[31m \ufffd @ada" in fault.text, fault.text
	assert b[0].find("error").get("type") == "timeout" and b.get("skipped") == "0"
	assert b[1].find("failure").get("message") == "KeyError: 'x'"
	PY
}

@test "the names of test cases are the same in another experiment" {
	fl-report -f junit rows | grep -o ' name="[^"]*\]"' >one
	sed 's/"trace_id":"t/"trace_id":"other/' rows | tac | fl-report -f junit - | grep -o ' name="[^"]*\]"' >two
	cmp <(sort one) <(sort two)
	assert_equal "$(wc -l <one)" 4
}

@test "Markdown keeps entities, addresses and HTML of the texts as text" {
	printf '{"run_id":"1","input":"</summary ><img src=x>","output":"&commat;ada https://a.example www.a.example","success":false,"error":"$x$"}\n' >texts
	run -0 fl-report -f md texts
	assert_line --partial '<summary>&#60;/summary &#62;&#60;img src=x&#62; '
	assert_line '- output: &#38;commat;ada https&#8203;://a.example www&#8203;.a.example'
	assert_line '- why: &#36;x&#36;'
}

@test "Markdown mentions nobody, and is cut between runs" {
	run -0 fl-report -f md --name exp rows
	assert_line --index 0 '> [!CAUTION]'
	assert_line --index 1 '> **exp**: 1 of 4 runs pass'
	assert_line --partial '25.0 % (4.6 to 69.9)'
	refute_output --partial '@ada'
	assert_line "- why: KeyError: 'x'"
	for i in $(seq 200); do
		printf '{"run_id":"%s","input":"input %s","success":false,"error":"no"}\n' $i $i
	done >many
	fl-report -f md --max-bytes 5000 many >cut.md
	(($(wc -c <cut.md) <= 5000))
	shown=$(grep -c '^<details>' cut.md)
	assert_equal "$(tail -n 1 cut.md)" "$((200 - shown)) more left out"
	assert_equal "$shown" "$(grep -c '^</details>' cut.md)"
}

@test "GitHub shows nine runs and the number of the others" {
	for i in $(seq 12); do
		printf '{"run_id":"%s","input_id":"i","iteration":0,"input":"a: b, c %%","success":false,"error":"line\\nlast: 1"}\n' $i
	done >many
	run -0 fl-report -f github many
	assert_equal "${#lines[@]}" 10
	assert_line --index 0 '::error title=a%3A b%2C c %25 [i/0]::last: 1'
	assert_line --index 9 '::error title=3 more::and 3 more runs do not pass'
}

@test "TAP has a test for each run" {
	run -0 fl-report -f tap rows
	assert_line --index 1 '1..4'
	assert_line --index 2 'ok 1 - Where is my order? [i1/0]'
	assert_line '  message: "KeyError: '"'x'"'"'
	assert_equal "$(grep -c '^not ok' <<<"$output")" 3
	refute_output --partial $'\x1b'
}

@test "a report is whole or not there, and does not change the status" {
	fl-report -f junit -o out.xml rows
	fl-report -f junit rows | cmp - <(sed 's/name="rows"/name="rows"/' out.xml)
	run --separate-stderr -2 fl-report -f junit -o missing/out.xml rows
	assert_equal "$stderr" 'fl-report: missing/out.xml: No such file or directory'
	: >empty
	run --separate-stderr -2 fl-report -f junit empty
	assert_equal "$stderr" 'fl-report: empty: no runs'
	run --separate-stderr -2 fl-report -f pdf rows
	assert_regex "$stderr" "unknown format 'pdf'"
	assert_equal "$(fl-report --list-formats | cut -f 1 | paste -sd ' ')" 'html junit md github tap'
}

@test "TAP cuts a long output between two characters" {
	printf '{"run_id":"1","input":"a","output":"%s€","success":false}\n' "$(printf '%3998s' '')" >long
	run -0 fl-report -f tap long
	assert_line --partial '  output: "   '
	refute_output --partial $'\ufffd'
}

# junit FILE [OPTION...]: a report that Jenkins takes, as junit.xml.
junit()
{
	fl-report -f junit -o junit.xml "$@"
	xmllint --noout --huge --schema "$DATA/junit.xsd" junit.xml 2>err || {
		cat err
		return 1
	}
}

@test "JUnit is what Jenkins takes, whatever the texts hold" {
	junit rows
	junit --diff rows rows
	# every character and byte, in every field
	python3 - >all <<-'PY'
	import json
	texts = ["".join(map(chr, range(256))), "]]>", "<![CDATA[x]]>", "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
	    "\ud800", "\udfff", "\ufffe\uffff", "\x1b[31m", "&#0;&#x1F;", "-->", "<?xml?>", "\U0010ffff",
	    "\x85\u2028", "'\"", "€" * 300, "", " ", "\n", {"a": ["\x00", None]}, [], 0, True, None]
	for i, text in enumerate(texts):
	    for kind in None, "error", "timeout", "cancelled", text:
	        print(json.dumps({"run_id": "%d%s" % (i, kind), "trace_id": text, "input_id": text,
	            "persona": text, "input": text, "output": text, "success": False, "error": text,
	            "error_kind": kind, "iteration": text, "start_time": "2026-11-28T03:50:54.5+00:00",
	            "duration_ms": [None, 1e300, -1, 0.5, "x"][i % 5]}))
	        print(json.dumps({"run_id": "e%d%s" % (i, kind), "input": text, "evaluation": {"pass": [False,
	            None][i % 2], "checks": [{"name": text, "type": text, "reason": text}]}}))
	PY
	junit --per check all
	junit --name $'\x01<&">' all
	python3 - <<-'PY'
	import xml.etree.ElementTree as E
	root = E.parse("junit.xml").getroot()
	cases = list(root.iter("testcase"))
	assert len(cases) == int(root.get("tests")) > 200
	for what in "failure", "error", "skipped":
	    n = sum(case.find(what) is not None for case in cases)
	    assert n == sum(int(suite.get(what + "s" * (what != "skipped"))) for suite in root) > 0, what
	PY
}

@test "JUnit of outputs of 10 MB has their beginning, and TAP, too" {
	python3 - >huge <<-'PY'
	import json
	for i, text in enumerate(["\x00" * 10000000, "€]]>" * 2500000, "<" * 10000000]):
	    print(json.dumps({"run_id": str(i), "input": text, "output": text, "success": False, "error": text}))
	PY
	junit huge
	(($(stat -c %s junit.xml) < 200000))
	fl-report -f tap huge >huge.tap
	fl-report -f md huge >huge.md
	fl-report -f github huge >huge.github
	fl-report -f html huge >huge.html
	(($(cat huge.tap huge.md huge.html | wc -c) < 1000000))
}

@test "a test case of JUnit is a check on request" {
	junit --per check rows
	python3 - <<-'PY'
	import xml.etree.ElementTree as E
	root = E.parse("junit.xml").getroot()
	assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "2", "2"), root.attrib
	a, b, c, d, e = root.iter("testcase")
	assert b.get("name").endswith("[i2/1] helpful") and c.get("name").endswith("[i2/1] cheap")
	assert b.get("time") == "0.005" and c.get("time") == "0.000"
	assert b.find("failure").attrib == {"type": "icontains-any", "message": "it contains none of 'a', 'b'"}
	assert c.find("error").attrib == {"type": "cost", "message": "the cost is not known"}
	assert d.get("name") == "c [i3/0]" and d.find("error").get("type") == "timeout"
	PY
	junit --per check --diff rows rows
	run --separate-stderr -2 fl-report -f junit --per turn rows
	assert_regex "$stderr" "'turn': expected run or check"
}

# two NAME: the runs of two experiments: 20 the same, one regressed, one improved,
# one crashed, and one that is on one side only.
two()
{
	local i

	for i in $(seq 20); do
		printf '{"trace_id":"%s%s","run_id":"s%s","input_id":"s%s","iteration":0,"input":"same %s","output":"a","success":true,"duration_ms":%s}\n' \
			"$1" "$i" "$i" "$i" "$i" "$([[ $1 == base ]] && echo 10 || echo 20)"
	done
	if [[ $1 == base ]]; then
		printf '{"run_id":"%s","input_id":"%s","iteration":0,"input":"the %s","output":"old %s","success":%s,"error":%s}\n' \
			1 r one r true null 2 i two i false '"bad"' 3 c three c true null 4 x four x true null
	else
		printf '{"run_id":"%s","input_id":"%s","iteration":0,"input":"the %s","output":"new %s","success":%s,"error":%s,"error_kind":%s}\n' \
			1 r one r false '"worse"' null 2 i two i true null null \
			3 c three c false '"gone"' '"crash"' 5 y five y false '"bad"' null
	fi
}

@test "a comparison with a base is in every format" {
	two base >base
	two new >new
	junit --diff base new
	python3 - <<-'PY'
	import xml.etree.ElementTree as E
	suite, = E.parse("junit.xml").getroot()
	assert [(p.get("name"), p.get("value")) for p in suite.iter("property")] == [("base", "base"),
	    ("compared", "no difference shown")]
	said = {c.get("name"): [c.find("system-out").text, *[f.get("message") for f in c if f.tag != "system-out"]]
	    for c in suite.iter("testcase")}
	assert said["same 1 [s1/0]"] == ["run_id: s1\ntrace_id: new1\nbase: pass\n"], said
	assert said["the one [r/0]"] == ["run_id: 1\nbase: pass\nchange: regressed\n", "regressed: worse"]
	assert said["the two [i/0]"] == ["run_id: 2\nbase: fail\nchange: improved\n"]
	assert said["the three [c/0]"] == ["run_id: 3\nbase: pass\nchange: error\n", "error: gone"]
	assert said["the five [y/0]"] == ["run_id: 5\nchange: only_new\n", "only_new: bad"]
	PY
	run -0 fl-report -f md --diff base new
	assert_line --index 0 '> [!NOTE]'
	assert_line --index 1 '> no difference shown: 23 runs of 23 inputs on both sides: 1 regressed, 1 improved, 20 the same, 1 with an error'
	assert_line '| the one | old r | new r | worse |'
	assert_line '**new**: 21 of 24 runs pass'
	assert_line '<details><summary>the three &#91;c/0&#93;</summary>'
	refute_line --partial '<summary>the one'
	run -0 fl-report -f github --diff base new
	assert_line --index 0 '::notice title=no difference shown::no difference shown: 23 runs of 23 inputs on both sides: 1 regressed, 1 improved, 20 the same, 1 with an error'
	assert_line --index 1 '::error title=regressed%3A the one [r/0]::worse'
	assert_equal "${#lines[@]}" 4
	run -0 fl-report -f tap --diff base new
	assert_line --index 2 '# no difference shown: 23 runs of 23 inputs on both sides: 1 regressed, 1 improved, 20 the same, 1 with an error'
	assert_equal "$(grep -A 6 'the one' <<<"$output" | sed 1d)" '  ---
  message: "worse"
  output: "new r"
  change: regressed
  base: pass
  ...'
	assert_equal "$(grep -A 4 '^ok .*the two' <<<"$output" | sed 1d)" '  ---
  change: improved
  base: fail
  ...'
	run -0 fl-report -f html --diff base new
	assert_line --partial '<em class="unknown">no difference shown</em>'
	assert_line --partial 'Compared with <b><bdi>base</bdi></b>'
	# nothing in common; other checks
	run --separate-stderr -2 fl-report -f md --diff rows new
	assert_equal "$stderr" 'fl-report: rows and new have no run in common'
	sed 's/"success":true/"success":true,"evaluation":{"pass":true,"config_hash":"x"}/' base >other
	run --separate-stderr -0 fl-report -f tap --diff other new
	assert_regex "$stderr" '^fl-report: new was not evaluated, and other was: '
}

@test "GitHub shows what regressed before the other failures" {
	for i in $(seq 30); do
		printf '{"run_id":"%s","input_id":"i%s","iteration":0,"input":"%s","success":%s}\n' $i $i $i "$( ((i <= 20)) && echo false || echo true)" >>base
		printf '{"run_id":"%s","input_id":"i%s","iteration":0,"input":"%s","success":false,"error":"no"}\n' $i $i $i >>new
	done
	run -0 fl-report -f github --diff base new
	assert_line --index 0 --partial '::error title=regression::regression: 30 runs'
	assert_equal "$(grep -c '::error title=regressed' <<<"$output")" 8
	assert_line --index 9 '::error title=22 more::and 22 more runs do not pass'
	assert_equal "${#lines[@]}" 10
}

@test "Markdown has room for a comment by default" {
	for i in $(seq 1000); do
		printf '{"run_id":"%s","input":"input %s","output":"%s","success":false,"error":"no"}\n' $i $i "$(printf '%150s' x)"
	done >many
	(($(fl-report -f md many | wc -c) <= 60000))
	(($(fl-report -f md --diff many many | wc -c) <= 60000))
	(($(fl-report -f md --max-bytes 0 many | wc -c) > 100000))
	assert_equal "$(fl-report -f md --max-bytes 0 many | grep -c '^<details>')" 1000
	run --separate-stderr -2 fl-report -f md --max-bytes 5 many
	assert_regex "$stderr" "expected 0, or at least 1000"
}

@test "a directory without an evaluation or traces is reported, one with a pipe is not" {
	mkdir exp exp/evaluation
	cp rows exp/trace_summary.jsonl
	run -0 fl-report -f html exp
	assert_line --partial '<em class="failed">3 of 4 runs do not pass</em>'
	mkfifo exp/evaluation/summary.json
	run --separate-stderr -2 timeout 100 fl-report -f html exp
	assert_regex "$stderr" '^fl-report: the experiment could not be read: '
	run -0 fl-report -f junit exp
}
