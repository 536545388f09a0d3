#!/usr/bin/env bats

# fl-sample: traces to a data set.

load test_helper
load filter_helper

# trace N INPUT PASS MS [PERSONA [OUTPUT [STRATEGY]]]: prints a trace.
trace()
{
	jq -nc --arg n "$1" --arg input "$2" --argjson pass "$3" --argjson ms "$4" --arg persona "${5-}" \
		--arg output "${6-answer $1}" --arg strategy "${7-typo}" \
		'{trace_id: "t\($n)", run_id: "r\($n)", input_id: ("i" + $input), persona: (if $persona == "" then null else $persona end),
		input: $input, output: $output, success: true, duration_ms: $ms, evaluation: {pass: $pass},
		metadata: {strategy: $strategy}, observations: []}'
}

# the ids of the runs that inputs on stdin come from
ids()
{
	jq -r .metadata.sampled.run_id | paste -sd ' '
}

@test "a trace becomes an input that can be run again, with its old output" {
	trace 1 'Where is it?' true 12.5 novice 'On its way' >traces
	run -0 fl-sample traces
	assert_output '{"input":"Where is it?","input_id":"iWhere is it?","metadata":{"strategy":"typo","persona":"novice","expected":"On its way","sampled":{"run_id":"r1","trace_id":"t1","pass":true,"duration_ms":12.5}}}'
	run -0 fl-sample --no-expected traces
	refute_output --partial expected
	# what a person wrote stays
	jq -c '.metadata.expected = "Tomorrow"' traces | fl-sample >got
	assert_jq .metadata.expected '"Tomorrow"' got
	fl-sample traces | fl-run --protocol lines --command cat | fl-sample >got
	assert_jq '[.input, .metadata.expected]' '["Where is it?","On its way"]' got
	fl-sample --traces traces | cmp - traces
}

@test "conditions: failed, slow, flaky, and all of them together" {
	{
		trace 1 a true 10
		trace 2 a false 500 '' other
		trace 3 b false 20
		trace 4 c null 30
		trace 5 d true 2000
		printf '{"trace_id":"t6","run_id":"r6","input":"e","output":null,"success":false,"error_kind":"timeout","duration_ms":9000}\n'
	} >traces
	assert_equal "$(fl-sample --failed traces | ids)" 'r2 r3 r6'
	assert_equal "$(fl-sample --failed traces | jq -c .metadata.sampled.pass | paste -sd ' ')" 'false false false'
	assert_equal "$(fl-sample --slow=0.5 traces | ids)" 'r2 r5 r6'
	assert_equal "$(fl-sample --slow traces | ids)" r6
	assert_equal "$(fl-sample --flaky --duplicates traces | ids)" 'r1 r2'
	assert_equal "$(fl-sample --flaky --failed traces | ids)" r2
	assert_equal "$(fl-sample --failed --slow=1 traces | ids)" r6
	run --separate-stderr -0 fl-sample --flaky --slow=1 traces
	assert_output ''
	assert_equal "$stderr" 'fl-sample: no trace was chosen'
}

@test "the same text is there once, whatever its case and spaces" {
	{
		trace 1 'Where is  it?' true 1
		trace 2 ' where IS it? ' true 1
		trace 3 'Where is it, then?' true 1
		trace 4 $'WHERE\tis\nit?' true 1 novice
	} >traces
	assert_equal "$(fl-sample traces | ids)" 'r1 r3'
	assert_equal "$(fl-sample -n 9 traces | ids)" 'r1 r3'
	assert_equal "$(fl-sample --duplicates traces | ids)" 'r1 r2 r3 r4'
	assert_equal "$(fl-sample --per persona 9 traces | ids)" 'r1 r3 r4'
}

@test "N for each persona, strategy or input, the same for the same seed" {
	local i

	for i in $(seq 60); do
		trace "$i" "text $((i % 20))" true 1 "p$((i % 3))" "out $((i % 40))" "s$((i % 2))"
	done >traces
	fl-sample --per persona 4 traces >got
	assert_equal "$(jq -r .metadata.persona got | sort | uniq -c | paste -sd ' ')" '      4 p0       4 p1       4 p2'
	fl-sample --per persona 4 - <traces | cmp - got
	# the order of the traces changes the order alone
	assert_equal "$(shuf traces | fl-sample --per persona 4 --duplicates | ids | tr ' ' '\n' | sort)" \
		"$(fl-sample --per persona 4 --duplicates traces | ids | tr ' ' '\n' | sort)"
	refute [ "$(fl-sample --per persona 4 --seed 1 traces | ids)" = "$(ids <got)" ]
	assert_equal "$(fl-sample traces --per strategy 3 -n 5 | wc -l)" 5
	# 60 inputs as their personas ask them, of which none came twice
	assert_equal "$(fl-sample --per input 1 traces | wc -l)" 60
	# the seed draws evenly
	for i in $(seq 200); do
		fl-sample --duplicates -n 6 --seed "$i" traces
	done | jq -r .metadata.sampled.run_id | sort | uniq -c >drawn
	# 1,200 draws of 60: 20 each, within five standard deviations
	assert_equal "$(awk '$1 < 1 || $1 > 43' drawn)" ''
	assert_equal "$(lines_of drawn)" 60
}

@test "runs of an input that answer alike are the same run" {
	{
		trace 1 a true 1 '' yes
		trace 2 a true 1 '' ' YES'
		trace 3 a true 1 '' no
		trace 4 a true 1 '' perhaps
	} >traces
	assert_equal "$(fl-sample --per input 9 traces | ids)" 'r1 r3 r4'
	assert_equal "$(fl-sample --per input 2 traces | wc -l)" 2
}

@test "a directory is read with the verdicts of its last evaluation" {
	{
		trace 1 good true 1
		trace 2 bad true 1
	} | jq -c 'del(.evaluation) | .metadata.extra = {"a": 1}' | fl-collect -q exp
	assert_equal "$(fl-sample --failed exp 2>/dev/null)" ''
	printf 'assert: [{type: equals, target: input, value: good}]\n' >checks.yaml
	fl-parse -f traces exp | fl-evaluate -q -c checks.yaml -o exp/evaluation 2>/dev/null || true
	fl-sample --failed exp >got
	assert_equal "$(ids <got)" r2
	# the arguments are those of the run, which rows do not have
	assert_jq .metadata.extra '{"a":1}' got
	rm exp/traces.jsonl
	assert_equal "$(fl-sample --failed exp | ids)" r2
	ln -s /etc/passwd exp/traces.jsonl
	assert_equal "$(fl-sample --failed exp | ids)" r2
	rm exp/trace_summary.jsonl
	run --separate-stderr -2 fl-sample exp
	assert_regex "$stderr" '^fl-sample: exp/trace_summary.jsonl: No such file'
}

@test "bad records are skipped, and wrong options explained" {
	printf 'x\n{"trace_id":"a","input":"q","success":true}\n' >traces
	run --separate-stderr -1 fl-sample traces
	assert_output '{"input":"q","metadata":{"sampled":{"trace_id":"a","pass":true}}}'
	assert_regex "$stderr" '^fl-sample: traces:1: '
	run --separate-stderr -2 fl-sample --per day 3 traces
	assert_equal "${stderr_lines[0]}" "fl-sample: --per 'day': expected persona, strategy or input"
	run --separate-stderr -2 fl-sample traces --per persona
	assert_equal "${stderr_lines[0]}" 'fl-sample: --per persona: the number is missing'
	run --separate-stderr -2 fl-sample --per persona x traces
	run --separate-stderr -2 fl-sample --slow=x traces
	run --separate-stderr -2 fl-sample missing
	assert_equal "$stderr" 'fl-sample: missing: No such file or directory'
	run --separate-stderr -2 sh -c 'fl-sample traces >/dev/full'
	assert_equal "${stderr_lines[-1]}" 'fl-sample: <stdout>: No space left on device'
}
