#!/usr/bin/env bats

# fluxloop evaluate experiment, diff, baseline and report.

load test_helper
load filter_helper

setup()
{
	begin
	find_python
	fluxloop init project --name p --no-example >/dev/null
	cd fluxloop/p || return
	cat >handler.py <<-'END'
	import os
	def handle(text):
	    return os.environ.get("ANSWER", "the order is on its way: " + text)
	END
	cat >setting.yaml <<-'END'
	name: p
	runner: {target: "handler.py:handle"}
	base_inputs: [{input: Where is my order?}, {input: When does it arrive?}]
	iterations: 2
	END
	cat >evaluation.yaml <<-'END'
	assert:
	- {type: contains, value: on its way, metric: helpful}
	END
}

# the newest experiment
newest()
{
	fl-status --in experiments --latest --fields dir
}

@test "a finished experiment is evaluated without calling the agent" {
	fluxloop run experiment >/dev/null 2>&1
	rm handler.py
	dir=$(newest)
	run --separate-stderr -0 fluxloop evaluate experiment "$dir"
	assert_line --partial 'evaluation/summary.json'
	assert_equal "$stderr" 'fl-evaluate: 4 traces: 4 pass, 0 fail; average score 1'
	assert_jq '[.total_traces, .pass_rate]' '[4,1]' "$dir/evaluation/summary.json"
	assert_equal "$(wc -l <"$dir/evaluation/per_trace.jsonl")" 4
	# as the guide of the original has it
	printf 'assert: [{type: contains, value: refund}]\n' >other.yaml
	run --separate-stderr -1 fluxloop evaluate experiment --latest --config other.yaml \
		--output evaluation --overwrite
	assert_jq .pass_rate 0 "$dir/evaluation/summary.json"
	run -0 fluxloop evaluate experiment "$dir" --config other.yaml --output out --min-pass-rate 0
	run --separate-stderr -2 fluxloop evaluate experiment "$dir" --config missing.yaml --output x
	assert_equal "$stderr" 'fl-evaluate: missing.yaml: No such file or directory'
	run -0 fluxloop -x evaluate experiment "$dir" --output y
	assert_line --partial '--format traces'
}

@test "the message about missing checks says where to write them" {
	fluxloop run experiment >/dev/null 2>&1
	rm evaluation.yaml
	run --separate-stderr -2 fluxloop evaluate experiment --latest
	assert_equal "$stderr" 'fl-evaluate: setting.yaml:1:1: there is nothing to check: neither evaluators nor assert (write evaluation.yaml)'
	assert_not_exists "$(newest)/evaluation"
}

@test "runs are evaluated while they run if setting.yaml has checks" {
	printf 'evaluation:\n  assert: [{type: contains, value: arrive}]\n' >>setting.yaml
	run --separate-stderr -1 fluxloop run experiment
	assert_output --partial '2 of 4 pass the evaluation'
	assert_jq '[.verdicts, .pass_by]' '[{"pass":2,"fail":2,"not_judged":0,"pass_rate":0.5},"verdict"]' "$(newest)/summary.json"
	printf 'evaluation:\n  gates: {min_pass_rate: 0.5}\n  assert: [{type: contains, value: arrive}]\n' >checks
	sed -i '/^evaluation/,$d' setting.yaml
	cat checks >>setting.yaml
	run -0 fluxloop run experiment
	# the original's folder has a file of its own for them
	mkdir configs
	sed '/^evaluation/,$d' setting.yaml >configs/simulation.yaml
	rm setting.yaml
	printf 'evaluators: [{name: words, type: rule_based, rules: [{check: contains, keywords: [arrive]}]}]\n' >configs/evaluation.yaml
	run --separate-stderr -1 fluxloop run experiment
	assert_output --partial '2 of 4 pass the evaluation'
}

@test "diff compares with the baseline, and report writes files for CI" {
	run --separate-stderr -2 fluxloop diff experiments/x
	assert_equal "$stderr" "fluxloop: experiments/baseline: there is no baseline: 'fluxloop baseline DIR' makes one, or name BASE and NEW"
	fluxloop run experiment --output experiments >/dev/null 2>&1
	base=$(newest)
	run -0 fluxloop baseline "$base"
	ANSWER=no fluxloop run experiment --iterations 2 >/dev/null 2>&1
	new=$(fl-status --in experiments --latest --fields dir)
	assert [ "$base" != "$new" ]
	run --separate-stderr -0 fluxloop diff "$new"
	assert_line --partial 'not enough runs: 4 runs of 2 inputs on both sides'
	assert_line '4 answers changed; 0 inputs are flaky'
	run --separate-stderr -0 fluxloop diff "$base" "$new" --format json
	assert_equal "$(jq .output_changed <<<"$output")" 4
	# what a later evaluation found counts for both
	fluxloop evaluate experiment "$base" >/dev/null 2>&1
	run --separate-stderr -2 fluxloop diff --latest
	assert_regex "$stderr" "^fl-diff: $new was not evaluated, and .* was: "
	fluxloop evaluate experiment --latest >/dev/null 2>&1 || true
	run --separate-stderr -0 fluxloop diff --latest --format json
	assert_equal "$(jq -c '[.regressed, .pass.base, .pass.new]' <<<"$output")" '[4,1,0]'
	run -0 fluxloop report "$new"
	assert_equal "$(grep -c '<failure' "$new/junit.xml")" 4
	xml=$(<"$new/junit.xml")
	assert_equal "$(grep -c '<testcase' <<<"$xml")" 4
	assert_file_exists "$new/summary.md"
	assert_equal "$(grep -c '<em class="failed">4 of 4 runs do not pass</em>' "$new/report.html")" 1
	# compared, and with links to the pages of the traces
	fluxloop parse experiment "$new" --format html --output pages >/dev/null
	run -0 fluxloop report "$new" --diff experiments/baseline
	assert_output "$new/report.html
$new/junit.xml
$new/summary.md"
	assert_equal "$(grep -c '"pages":"pages"' "$new/report.html")" 1
	page=$(grep -o '"0[0-9]_[^"]*"' "$new/report.html" | head -n 1)
	assert_file_exists "$new/pages/${page//\"/}.html"
	assert_equal "$(grep -c "Compared with <b><bdi>${base##*/}</bdi>" "$new/report.html")" 1
	assert_equal "$(grep -c 'name="compared"' "$new/junit.xml")" 1
	assert_regex "$(<"$new/summary.md")" '4 regressed'
}

@test "evaluate compares with a baseline by the same checks" {
	fluxloop run experiment --output experiments >/dev/null 2>&1
	base=$(newest)
	ANSWER=no fluxloop run experiment >/dev/null 2>&1
	run --separate-stderr -1 fluxloop evaluate experiment --latest --baseline "$base"
	assert_line --partial 'not enough runs: 4 runs of 2 inputs on both sides: 4 regressed'
	assert_not_exists "$base/evaluation"
	refute_output --partial '4 pass, 0 fail'
	# the gates pass, but the comparison does not
	sed -i 's/^iterations.*/iterations: 1/; s/^base_inputs.*/inputs_file: many.yaml/' setting.yaml
	printf 'inputs:\n' >many.yaml
	for i in $(seq 8); do
		printf -- '- {input: question %s}\n' "$i"
	done >>many.yaml
	fluxloop run experiment >/dev/null 2>&1
	base=$(newest)
	ANSWER=no fluxloop run experiment >/dev/null 2>&1
	run --separate-stderr -0 fluxloop evaluate experiment --latest --min-pass-rate 0
	run --separate-stderr -1 fluxloop evaluate experiment --latest --min-pass-rate 0 --overwrite --baseline "$base"
	assert_line --partial 'regression: 8 runs of 8 inputs'
	run --separate-stderr -0 fluxloop evaluate experiment "$base" --baseline "$base" --output evaluation
	run --separate-stderr -2 fluxloop evaluate experiment --latest --overwrite --baseline missing
	assert_line --index 0 --partial summary.json
	assert_equal "${stderr_lines[-1]}" 'fluxloop: missing: no such folder'
	mkdir empty
	run --separate-stderr -2 fluxloop evaluate experiment --latest --overwrite --baseline empty
	assert_regex "$stderr" 'fl-parse: empty'
}
