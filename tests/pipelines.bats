#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154,SC2164 # each test is a process, and
# ends where something fails; bats sets what is not set here

load test_helper
load filter_helper

# Makes a project with a recording and generated inputs; tests copy it.
setup_file()
{
	cd -- "$BATS_FILE_TMPDIR"
	fluxloop init project --name my-agent >/dev/null
	cd fluxloop/my-agent
	PYTHONPATH=$(fluxloop --python-path) python3 record_example.py >/dev/null
	fluxloop generate inputs --from-recording recordings/args.jsonl \
		--limit 8 >/dev/null
}

# project: makes a copy of it, `project`, and goes to another folder.
project()
{
	project="$BATS_TEST_TMPDIR/it's \$a project"
	cp -Rp -- "$BATS_FILE_TMPDIR/fluxloop/my-agent" "$project"
	mkdir elsewhere
	cd elsewhere
}

# picky: sets a handler that fails for inputs with "bad" in them, unless the file
# "mended" exists.
picky()
{
	cat >"$project/picky.py" <<-'PY'
	import os
	def handle(input):
	    if "bad" in input and not os.path.exists("mended"):
	        raise ValueError("no " + input)
	    return input
	PY
	fluxloop config set runner.target picky:handle --config "$project/setting.yaml"
	fluxloop config set replay_args.enabled false --config "$project/setting.yaml"
	printf 'inputs:\n- input: good\n- input: bad one\n- input: bad two\n' \
		>"$project/inputs/generated.yaml"
}

@test "every pipeline has a usage comment" {
	for name in standard failed-again jq-filter grep-parse smoke \
		replay-latest ci; do
		script=$ROOT/pipelines/$name.sh
		assert_file_executable "$script"
		run grep -c '^# usage: '"${script##*/}" "$script"
		assert_output 1
		run grep -c '^set -euo pipefail$' "$script"
		assert_output 1
	done
}

@test "standard.sh makes an experiment from the recording in one pipeline" {
	project
	LIMIT=6 run --separate-stderr "$ROOT/pipelines/standard.sh" "$project"
	assert_success
	dir=$output
	assert_equal "${dir%_*_*}" "$project/experiments/standard"
	assert_equal "$(lines_of "$dir/inputs.jsonl")" 6
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 6
	files=("$dir"/per_trace_analysis/*_*.md)
	assert_equal "${#files[@]}" 6
	assert_equal "$(jq -r .input "$dir/trace_summary.jsonl")" \
		"$(jq -r .input "$dir/inputs.jsonl")"
}

@test "standard.sh exits with 1 if a run failed" {
	project
	picky
	sed -i 's/"content":"How/"content":"bad How/' "$project/recordings/args.jsonl"
	run --separate-stderr -1 "$ROOT/pipelines/standard.sh" "$project"
	assert_dir_exists "$output/per_trace_analysis"
	rm -r "$output" "$project/recordings/args.jsonl"
	run -2 "$ROOT/pipelines/standard.sh" "$project"
}

@test "failed-again.sh repeats only the failed runs" {
	project
	picky
	run -1 fluxloop run experiment --config "$project/setting.yaml" --iterations 2
	dirs=("$project"/experiments/*)
	run --separate-stderr -1 "$ROOT/pipelines/failed-again.sh" "${dirs[0]}"
	assert_equal "$(jq -r .input <<<"$output" | sort)" $'bad one\nbad two'
	touch "$project/mended"
	run --separate-stderr -0 "$ROOT/pipelines/failed-again.sh" "${dirs[0]}" --iterations 3
	assert_equal "$(jq -s length <<<"$output")" 6
}

@test "failed-again.sh replays the recorded arguments" {
	project
	sed -i 's/user_connection.plan/user_connection.nosuch/' "$project/app/handler.py"
	run -1 fluxloop run experiment --config "$project/setting.yaml" --limit 2
	cp "$BATS_FILE_TMPDIR/fluxloop/my-agent/app/handler.py" "$project/app"
	dirs=("$project"/experiments/*)
	run --separate-stderr -0 "$ROOT/pipelines/failed-again.sh" "${dirs[0]}"
	assert_equal "$(jq -r '.output | contains("Hello Ada!")' <<<"$output")" $'true\ntrue'
}

@test "failed-again.sh refuses a folder that is not an experiment" {
	run -2 "$ROOT/pipelines/failed-again.sh"
	assert_output --partial 'usage: '
	run -2 "$ROOT/pipelines/failed-again.sh" .
	assert_output 'failed-again.sh: '"$PWD"': no traces.jsonl in it'
}

@test "jq-filter.sh runs what the filter prints" {
	project
	run --separate-stderr "$ROOT/pipelines/jq-filter.sh" \
		'select(.metadata.strategy == "typo") | .input |= "<" + . + ">"' \
		"$project"
	assert_success
	assert_regex "$(jq -r .input <<<"$output")" '^<.*>$'
	assert_equal "$(jq -r .metadata.strategy <<<"$output" | sort -u)" typo
	run "$ROOT/pipelines/jq-filter.sh" 'nonsense(' "$project"
	assert_failure
	run -2 "$ROOT/pipelines/jq-filter.sh"
}

@test "grep-parse.sh makes Markdown of the matching traces" {
	project
	picky
	run "$ROOT/pipelines/grep-parse.sh" '"input":"bad' "$PWD/out dir" "$project"
	assert_success
	files=("out dir"/*_*.md)
	assert_equal "${#files[@]}" 2
	run grep -c 'bad' "${files[0]}"
	refute_output 0
	run -1 "$ROOT/pipelines/grep-parse.sh" 'nothing like it' other "$project"
	rm "$project/inputs/generated.yaml"
	run -2 "$ROOT/pipelines/grep-parse.sh" . third "$project"
	run -2 "$ROOT/pipelines/grep-parse.sh" .
}

@test "smoke.sh prints nothing if all runs succeed, and keeps nothing" {
	project
	before=$(find "$project" -type f ! -name '*.pyc' | sort)
	run "$ROOT/pipelines/smoke.sh" "$project"
	assert_success
	assert_output ''
	assert_equal "$(find "$project" -type f ! -name '*.pyc' | sort)" "$before"
}

@test "smoke.sh prints a line for each failed run" {
	project
	picky
	run --separate-stderr -1 "$ROOT/pipelines/smoke.sh" "$project"
	assert_output - <<-'END'
	error: ValueError: no bad one (bad one)
	error: ValueError: no bad two (bad two)
	END
	COUNT=1 run --separate-stderr -0 "$ROOT/pipelines/smoke.sh" "$project"
	printf 'inputs: [\n' >"$project/inputs/generated.yaml"
	run -2 "$ROOT/pipelines/smoke.sh" "$project"
}

@test "replay-latest.sh replays the last call and prints its trace" {
	project
	run --separate-stderr "$ROOT/pipelines/replay-latest.sh" "$project"
	assert_success
	assert_output --partial 'Where is my order 1042?'
	assert_output --partial 'find_order'
	TARGET=nosuch run "$ROOT/pipelines/replay-latest.sh" "$project"
	assert_failure
}

@test "the agents in C, shell, Perl and JavaScript answer alike" {
	printf '{"input":"%s"}\n' hi '\"q\" \\ \u00e9\n{}' 'input' >in
	printf '{"input":%s}\n' 5 null '["input"]' '{"input":"x"}' >>in
	"${CC:-gcc}" -D_POSIX_C_SOURCE=200809L -o agent "$ROOT/pipelines/agent.c"
	for agent in "$PWD/agent" "$ROOT/pipelines/agent.sh" "$ROOT/pipelines/agent.pl" \
	             "$ROOT/pipelines/agent.mjs"; do
		run -1 fl-run --command "$agent" --ordered in
		assert_equal "$agent: $(printf '%s\n' "${lines[@]}" | jq -c '[.output, .error_code,
			(.error // "" | contains("expected text")), .observations[0].output]')" "$agent: "'["you said hi",null,false,"you said hi"]
["you said \"q\" \\ é\n{}",null,false,"you said \"q\" \\ é\n{}"]
["you said input",null,false,"you said input"]
[null,"input",true,null]
[null,"input",true,null]
[null,"input",true,null]
[null,"input",true,null]'
	done
}

# answers: sets a handler that answers with $ANSWER, inputs and checks.
answers()
{
	local i

	printf 'import os\ndef handle(input):\n    return os.environ.get("ANSWER", "yes: " + input)\n' >"$project/answers.py"
	fluxloop config set runner.target answers:handle --config "$project/setting.yaml"
	fluxloop config set replay_args.enabled false --config "$project/setting.yaml"
	printf 'inputs:\n' >"$project/inputs/generated.yaml"
	for i in $(seq 8); do
		printf -- '- input: question %s\n' "$i"
	done >>"$project/inputs/generated.yaml"
	printf 'assert: [{type: contains, value: "yes"}]\ngates: {min_pass_rate: 0}\n' >"$project/evaluation.yaml"
}

@test "ci.sh runs, evaluates, compares and reports with one exit status" {
	project
	answers
	run --separate-stderr -0 "$ROOT/pipelines/ci.sh" "$project"
	assert_regex "$stderr" 'ci.sh: .*/baseline.jsonl: no baseline: UPDATE=1 makes one'
	assert_equal "$(grep -c '<testcase' "$project/ci/junit.xml")" 8
	UPDATE=1 run -0 "$ROOT/pipelines/ci.sh" "$project"
	assert_equal "$(lines_of "$project/baseline.jsonl")" 8
	OUT=$PWD/out GITHUB_STEP_SUMMARY=$PWD/step GITHUB_ACTIONS=true ANSWER=no \
		run --separate-stderr -1 "$ROOT/pipelines/ci.sh" "$project"
	assert_line --partial 'regression: 8 runs of 8 inputs on both sides: 8 regressed'
	assert_line --partial '::error'
	assert_equal "$(grep -c '<failure' out/junit.xml)" 8
	grep -q '0 of 8 runs pass' step
	grep -q '8 regressed' step
	cmp step out/summary.md
	# a gate alone is enough
	printf 'assert: [{type: contains, value: "yes"}]\n' >"$project/evaluation.yaml"
	rm "$project/baseline.jsonl"
	ANSWER=no run -1 "$ROOT/pipelines/ci.sh" "$project"
	# other checks than those of the baseline cannot be compared
	UPDATE=1 run -0 "$ROOT/pipelines/ci.sh" "$project"
	printf 'assert: [{type: contains, value: "y"}]\n' >"$project/evaluation.yaml"
	run --separate-stderr -2 "$ROOT/pipelines/ci.sh" "$project"
	UPDATE=1 run -0 "$ROOT/pipelines/ci.sh" "$project"
	run -0 "$ROOT/pipelines/ci.sh" "$project"
	printf 'assert: [{type: containz, value: "y"}]\n' >"$project/evaluation.yaml"
	run -2 "$ROOT/pipelines/ci.sh" "$project"
}

@test "the workflow in the README is one, and its steps work" {
	project
	answers
	sed -n '/^```yaml$/,/^```$/p' "$ROOT/README.md" | awk '/^```/ { n++; next } { print > ("block" int(n / 2)) }'
	workflow=$(grep -l '^jobs:' block*)
	find_python yaml
	python3 - "$workflow" >steps <<-'PY'
	import sys, yaml
	flow = yaml.safe_load(open(sys.argv[1]))
	(job,) = flow["jobs"].values()
	assert job["runs-on"] and flow[True] == ["pull_request"], flow
	for step in job["steps"]:
	    assert ("uses" in step) != ("run" in step), step
	    if "ci.sh" in step.get("run", ""):
	        print(step["run"])
	PY
	mkdir fluxloop
	ln -s "$ROOT/pipelines" fluxloop/pipelines
	cp -R "$project" my-agent
	run -0 bash -e steps
	assert_file_exists my-agent/ci/summary.md
}
