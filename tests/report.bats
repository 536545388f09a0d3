#!/usr/bin/env bats

# fl-report: an experiment as other tools show tests.

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
