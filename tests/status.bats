#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process, and bats sets
# what is not set here

load test_helper
load filter_helper

# traces N FAILED: prints traces, the first FAILED of which are failures.
traces()
{
	local i success

	for ((i = 1; i <= $1; i++)); do
		success=true
		((i > $2)) || success=false
		printf '{"trace_id":"t%d","run_id":"r%d","input":"x","output":"y","success":%s,"duration_ms":%d,"observations":[]}\n' \
			"$i" "$i" "$success" "$i"
	done
}

@test "an experiment's runs, failures and percentiles are printed" {
	traces 10 3 | fl-collect --runs 12 --name 'my agent' --option limit=3 -q a || true
	run --separate-stderr -0 fl-status a
	assert_equal "$stderr" ''
	assert_equal "$(jq -c '[.dir,.name,.runs,.of,.failed,.success_rate,.p50_ms,.p95_ms]' <<<"$output")" \
		'["a","my agent",10,12,3,0.7,5,10]'
	assert_equal "$(jq -c '[.summarized,.unfinished,.resumable,.obstacle,.config_file,.options]' <<<"$output")" \
		'[true,true,true,null,null,{"limit":"3"}]'
	run -0 fl-status --text a
	assert_output 'a: 10 of 12 runs, 3 failed, 70.0 % succeeded, p50 5.00 ms, p95 10.00 ms'
}

@test "an experiment is finished when all runs are there and none was cancelled" {
	traces 2 0 | fl-collect --runs 2 -q a
	run fl-status -f unfinished,runs,of a
	assert_output $'false\t2\t2'
	echo '{"trace_id":"c","error_kind":"cancelled"}' >a/cancelled.jsonl
	run fl-status -f unfinished a
	assert_output true
}

@test "a summary of an earlier version, with its list of inputs, is read in little memory" {
	traces 10 3 | fl-collect -q a || true
	fl-status a >want
	python3 - <<-'PY'
	import json
	summary = json.load(open("a/summary.json"))
	del summary["input_count"]
	tail = '"pass_hat_k": {\n    "1": 1\n  }\n}\n'
	del summary["pass_hat_k"]
	head = json.dumps(summary, indent=2)[:-2]
	entry = '    {"input_id":"i%d","persona":null,"input":"],","runs":1,"passed":1,"pass_rate":1,"p50_ms":1}'
	lines = ",\n".join(entry % i for i in range(200000))
	for name, inputs in ("none", "[],"), ("many", "[\n%s\n  ]," % lines):
	    text = '%s,\n  "inputs": %s\n  %s' % (head, inputs, tail)
	    json.loads(text)
	    open(name, "w").write(text)
	PY
	for kind in none many; do
		mv $kind a/summary.json
		little 16000 fl-status a | cmp - want
	done
}

@test "the rows are counted until the summary is written" {
	traces 3 1 | fl-collect -q a || true
	rm a/summary.json
	run -0 fl-status a
	assert_equal "$(jq -c '[.runs,.failed,.success_rate,.p50_ms,.summarized]' <<<"$output")" '[3,null,null,null,false]'
	run -0 fl-status -t a
	assert_output 'a: 3 runs, no summary: running or interrupted'
}

@test "a directory without a manifest is resumable only if nothing was run in it" {
	mkdir -p bare/stderr other
	touch bare/trace_summary.jsonl bare/manifest.json.new other/notes.txt
	run -0 fl-status -f resumable,obstacle bare other
	assert_line --index 0 $'true\t'
	assert_line --index 1 $'false\tthere is no manifest.json in it'
	run --separate-stderr -0 fl-status --options bare
	assert_output ''
	run --separate-stderr -1 fl-status --options other
	assert_output ''
	assert_equal "$stderr" 'fl-status: other: cannot be resumed: there is no manifest.json in it'
	echo '{"format":' >bare/manifest.json
	run -1 fl-status --options bare
	assert_output 'fl-status: bare: cannot be resumed: manifest.json is not whole JSON'
}

@test "the options that an experiment was started with are printed as arguments" {
	echo 'name: x' >setting.yaml
	traces 1 0 | fl-collect -c setting.yaml --option limit=3 --option $'personas=a b,\n"c"' -q a
	fl-status --options a >got
	mapfile -d '' -t words <got
	assert_equal "$(printf '<%s>' "${words[@]}")" \
		"<--config=$PWD/setting.yaml><--name=x><--limit=3><--personas=a b,"$'\n''"c">'
}

@test "the experiments of a folder come newest first, -10 before -9" {
	mkdir -p e/{a_20250102_000000,b_20250101_000000-9,b_20250101_000000-10,b_20250101_000000} \
		e/{notes,a_2025_01,.a_20250102_000000,x_20250102_000000-}
	touch e/file_20250103_000000
	run -0 fl-status --in e --fields dir
	assert_output $'e/a_20250102_000000\ne/b_20250101_000000-10\ne/b_20250101_000000-9\ne/b_20250101_000000'
	run -0 fl-status --in e --latest --fields dir
	assert_output e/a_20250102_000000
	run -0 fl-status --in nowhere
	assert_output ''
}

@test "the fields precede the sentence if both are asked for" {
	traces 10 3 | fl-collect --runs 10 --name x -q a || true
	run -0 fl-status --fields runs,failed --text a
	assert_output $'10\t3\na: 10 runs, 3 failed, 70.0 % succeeded, p50 5.00 ms, p95 10.00 ms'
	run -0 fl-status --text --fields runs a
	assert_output $'10\na: 10 runs, 3 failed, 70.0 % succeeded, p50 5.00 ms, p95 10.00 ms'
}

@test "a file that cannot be read is reported, and the rest is printed" {
	mkdir a
	touch file
	run --separate-stderr -2 fl-status nowhere file a
	assert_equal "$stderr" $'fl-status: nowhere: No such file or directory\nfl-status: file: Not a directory'
	assert_equal "$(jq -r .dir <<<"$output")" a
	run -2 fl-status
	assert_line 'fl-status: a directory is missing'
	run -2 fl-status -f runs,nope a
	assert_output "fl-status: unknown field 'nope'"
	run -2 bash -c 'fl-status a >/dev/full'
}

# fail ID ERROR MORE: prints a trace of a failed run.
fail()
{
	jq -nc --arg id "$1" --arg error "$2" --argjson more "$3" \
		'{trace_id: $id, run_id: $id, input: "x", output: null, success: false,
		error: $error, error_kind: "error", observations: []} + $more'
}

@test "the most frequent errors are counted, the first one with its place" {
	{
		fail a 'KeyError: 7' '{}'
		for i in 1 2 3; do
			fail "b$i" "ValueError: no order $i" '{"stderr":"Traceback:\n  File \"bot.py\", line 9, in run\n    f()\n  File \"bot.py\", line 3, in f\n    raise\nValueError\n"}'
		done
		fail c1 'gone' '{}'
		fail c2 'gone' '{}'
		fail d "bad \$(printf '\033')[31m" '{}'
		traces 1 0
	} | fl-collect -q x || true
	run --separate-stderr -0 fl-status --text --errors x
	assert_line --index 1 '     3 failed: ValueError: no order 1'
	assert_line --index 2 '               File "bot.py", line 3, in f'
	assert_line --index 3 '     2 failed: gone'
	assert_line --index 4 '     1 failed: KeyError: 7'
	assert_line --index 5 '       and 1 other error'
	assert_line --index 6 'errors: x/errors.json'
	assert_equal "$stderr" ''
}

@test "the place of an error is that of the step that failed, in any language" {
	fail a 'Error: nothing' '{"observations":[{"id":"o","type":"tool","error":"nothing","metadata":{"traceback":"Error: nothing\n    at look (/srv/bot.js:3:9)\n    at main (/srv/bot.js:9:1)"}}]}' |
		fl-collect -q x || true
	run -0 fl-status -te x
	assert_line --index 2 '               at look (/srv/bot.js:3:9)'
	# without a traceback, and without failures, there is no such line
	fail a 'Error: nothing' '{"stderr":"warning: at noon\n"}' | fl-collect -q y || true
	run -0 fl-status -te y
	assert_equal "${#lines[@]}" 3
	traces 2 0 | fl-collect -q z
	run -0 fl-status -te z
	assert_equal "${#lines[@]}" 1
}

@test "verdicts are those of the run, or of a later evaluation" {
	traces 4 0 | jq -c '.evaluation = {pass: (.trace_id != "t1")}' | fl-collect -q a
	run -0 fl-status -f evaluated,passed a
	assert_output $'4\t3'
	printf 'assert: [{type: equals, value: z}]\n' >checks.yaml
	fl-parse -f traces a | fl-evaluate -q -c checks.yaml -o a/evaluation 2>/dev/null || true
	run -0 fl-status -f evaluated,passed a
	assert_output $'4\t0'
	run -0 fl-status -t a
	assert_output --partial ', 0 of 4 pass the evaluation'
	# every format of fl-parse shows the later one, and it alone
	run -0 fl-parse -f traces a
	assert_equal "$(jq -c '[.evaluation.pass, .evaluation.checks[0].type]' <<<"$output" | sort -u)" '[false,"equals"]'
	assert_equal "$(grep -o '"evaluation":' <<<"$output" | wc -l)" 4
	run -0 fl-parse -f md a
	assert_line '- Verdict: `fail, score 0 of 0.5`'
	# what is no evaluation counts as none
	printf '{"passed_traces":9,"total_traces":4}' >a/evaluation/summary.json
	run -0 fl-status -f evaluated,passed a
	assert_output $'4\t3'
	rm -r a/evaluation
	ln -s ../elsewhere a/evaluation
	run -0 fl-status -f evaluated,passed a
	assert_output $'4\t3'
	traces 4 0 | fl-collect -q b
	run -0 fl-status -f evaluated,passed b
	assert_output $'\t'
}
