#!/usr/bin/env bats

# fl-evaluate: verdicts of traces.

load test_helper
load filter_helper

setup_file()
{
	find_python
}

setup()
{
	begin
	find_python
}

# trace FIELDS: prints a trace with more fields, JSON without its braces.
trace()
{
	printf '{"trace_id":"t","iteration":0,"persona":null,"input":"q","success":true%s}\n' "${1:+,$1}"
}

# verdict CHECK FIELDS: prints "pass score reason" of one assertion for a trace;
# pass is null if it was not judged.
verdict()
{
	printf 'assert:\n- %s\n' "$1" >check.yaml
	trace "$2" | fl-evaluate -c check.yaml 2>err | jq -r '.evaluation.checks[0] |
		"\(.pass) \(.score)\(.reason // .error | if . then " " + . else "" end)"'
}

# A tool's step, with its input.
TOOL='"observations":[{"id":"a","type":"tool","name":"search_orders","input":{"status":"Q","page":1},"start_time":"2026-01-02T03:04:05+00:00","end_time":"2026-01-02T03:04:06+00:00"},{"id":"b","parent_observation_id":"a","type":"generation","name":"compose","error":"late","start_time":"2026-01-02T03:04:05.5+00:00","end_time":"2026-01-02T03:04:05.6+00:00"},{"id":"c","type":"tool","name":"execute_tool mail","input":"{\"to\":\"ada\"}","start_time":"2026-01-02T03:04:07+00:00","end_time":"2026-01-02T03:04:08+00:00"}]'

@test "each assertion passes and fails as promptfoo's does" {
	local check fields want

	while IFS='|' read -r check fields want; do
		assert_equal "$check: $(verdict "$check" "$fields")" "$check: $want"
	done <<-'END'
	{type: equals, value: "the answer"}|"output":"the answer"|true 1
	{type: equals, value: "the answer"}|"output":"an answer"|false 0 it is 'an answer'
	{type: equals, value: {a: 1, b: [x]}}|"output":"{\"b\": [\"x\"], \"a\": 1.0}"|true 1
	{type: equals, value: {a: 1}}|"output":{"a":1}|true 1
	{type: not-equals, value: x}|"output":"y"|true 1
	{type: contains, value: World}|"output":"Hello World"|true 1
	{type: contains, value: world}|"output":"Hello World"|false 0 it does not contain 'world'
	{type: contains, value: 42}|"output":"it is 42"|true 1
	{type: icontains, value: STRASSE ÄÖ}|"output":"strasse äö"|true 1
	{type: contains-all, value: [a, b]}|"output":"a b"|true 1
	{type: contains-all, value: [a, z, y]}|"output":"a b"|false 0 it does not contain 'z', 'y'
	{type: contains-any, value: [z, b]}|"output":"a b"|true 1
	{type: icontains-any, value: [Z, B]}|"output":"a b"|true 1
	{type: icontains-all, value: [A, B]}|"output":"a b"|true 1
	{type: not-contains-any, value: [sorry, unable]}|"output":"I am sorry"|false 0 it contains 'sorry'
	{type: starts-with, value: Yes}|"output":"Yes, sure"|true 1
	{type: starts-with, value: Yes}|"output":"No"|false 0 it starts with 'No'
	{type: regex, value: "\\d{4}"}|"output":"in 2026"|true 1
	{type: regex, value: "^x"}|"output":"yx"|false 0 it does not match /^x/
	{type: not-regex, value: "(?i)as an ai"}|"output":"As an AI model"|false 0 it matches /(?i)as an ai/
	{type: levenshtein, value: kitten}|"output":"sitting"|true 1
	{type: levenshtein, value: kitten, threshold: 2}|"output":"sitting"|false 0 3 edits: expected at most 2
	{type: word-count, value: 3}|"output":"one two three"|true 1
	{type: word-count, value: {min: 4}}|"output":"one two three"|false 0 3 words, fewer than 4
	{type: word-count, value: {max: 2}}|"output":"one two three"|false 0 3 words, more than 2
	{type: is-refusal}|"output":"I’m sorry, but I can’t help with that."|true 1
	{type: not-is-refusal}|"output":"Of course."|true 1
	{type: not-is-refusal}|"output":"  "|false 0 it is empty
	{type: is-json}|"output":"{\"a\":1}"|true 1
	{type: is-json}|"output":"{'a':1}"|false 0 not JSON: a key in quotes is missing (byte 2)
	{type: is-json, value: {type: object, required: [id]}}|"output":{"a":1}|false 0 $: 'id' is missing
	{type: contains-json, value: {type: object, required: [id]}}|"output":"so: [1] {\"id\":2} ok"|true 1
	{type: latency, threshold: 10}|"duration_ms":9.5|true 1
	{type: latency, threshold: 10}|"duration_ms":11|false 0 11.0 ms: expected at most 10
	{type: tokens, threshold: 10}|"token_usage":{"total_tokens":11}|false 0 11 tokens: expected at most 10
	{type: cost, threshold: 0.01}|"metadata":{"cost":0.001}|true 1
	{type: success}|"output":"x"|true 1
	{type: contains, value: Hello, target: callback}|"callback_messages":{"send":["Hello",{"text":"World"}],"error":[]}|true 1
	{type: not-contains, value: error, target: callback}|"callback_messages":{"send":["Hello"],"error":[]}|true 1
	{type: not-contains, value: Hello, target: callback}|"callback_messages":{"send":["Hello"],"error":[]}|false 0 it contains 'Hello'
	{type: contains, value: 15:32, target: conversation}|"conversation":[{"role":"user","content":"When?"},{"role":"assistant","content":"At 15:32."}]|true 1
	{type: finish-reason, value: stop}|"metadata":{"finish_reason":"length"}|false 0 it is 'length'
	END
}

@test "an assertion without what it needs is not judged, and does not pass" {
	local check fields want

	while IFS='|' read -r check fields want; do
		assert_equal "$check: $(verdict "$check" "$fields")" "$check: $want"
	done <<-'END'
	{type: latency, threshold: 0}|"duration_ms":null|null null duration_ms is missing
	{type: tokens, threshold: 1}||null null the tokens are not known
	{type: not-cost, threshold: 1}||null null the cost is not known
	{type: not-trajectory:tool-used, value: x}|"observations":[]|null null the trace has no observations
	{type: equals, value: "{{metadata.expected}}"}|"output":"x"|null null the trace has no metadata.expected
	{type: contains, value: x, target: metadata.note}|"output":"x"|null null the trace has no metadata.note
	{type: finish-reason, value: stop}|"output":"x"|null null the finish reason is not known
	{type: regex, value: "^(x+)+$"}|"output":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxz"|null null match limit exceeded
	{type: llm-rubric, value: polite}|"output":"x"|null null no model was asked: see --prompts and --judged
	END
	fl-evaluate -c check.yaml <<<"$(trace '"output":"x"')" >/dev/null 2>&1 && return 1
	fl-evaluate -c check.yaml --errors ignore <<<"$(trace '"output":"x"')" >/dev/null 2>&1
}

@test "trajectories are looked at by tool, order, arguments and subtree" {
	local check want

	while IFS='|' read -r check want; do
		assert_equal "$check: $(verdict "$check" "$TOOL")" "$check: $want"
	done <<-'END'
	{type: trajectory:tool-used, value: search_orders}|true 1
	{type: trajectory:tool-used, value: [search_orders, mail]}|true 1
	{type: trajectory:tool-used, value: [search_orders, pay]}|false 0 not called: 'pay'
	{type: trajectory:tool-used, value: {name: "search_*", max: 0}}|false 0 'search_*' was called 1 time
	{type: not-trajectory:tool-used, value: mail}|false 0 'mail' was called 1 time
	{type: trajectory:tool-sequence, value: {steps: [search_orders, mail]}}|true 1
	{type: trajectory:tool-sequence, value: {steps: [mail, search_orders]}}|false 0 the calls were 'search_orders', 'mail'
	{type: trajectory:tool-sequence, value: {mode: exact, steps: [mail]}}|false 0 the calls were 'search_orders', 'mail'
	{type: trajectory:tool-args-match, value: {name: search_orders, args: {status: Q}}}|true 1
	{type: trajectory:tool-args-match, value: {name: search_orders, args: {status: Q}, mode: exact}}|false 0 'search_orders' was called with other arguments: page is not expected
	{type: trajectory:tool-args-match, value: {name: search_orders, args: {status: Q}, mode: exact, defaults: {page: 1}}}|true 1
	{type: trajectory:tool-args-match, value: {name: mail, args: {to: ada}}}|true 1
	{type: trajectory:tool-args-match, value: {name: mail, args: {to: bob}}}|false 0 'mail' was called with other arguments: to is "ada"
	{type: trajectory:tool-args-match, value: {name: mail, args: {to: bob}, ignore: [t*]}}|true 1
	{type: trajectory:step-count, value: {type: tool, max: 1}}|false 0 2 steps: expected at most 1
	{type: trajectory:step-count, value: {within: search_orders, min: 1, max: 1}}|true 1
	{type: trajectory:no-failed-step}|false 0 'compose' failed
	{type: trajectory:no-failed-step, value: {type: tool}}|true 1
	{type: trajectory:no-loop}|true 1
	{type: trace-error-spans, value: 0}|false 0 1 step failed, first compose
	{type: trace-error-spans, value: {max_percentage: 50}}|true 1
	{type: trace-span-count, value: {pattern: "*", min: 3, max: 3}}|true 1
	{type: trace-span-duration, value: {pattern: mail, max: 500}}|false 0 mail took 1000.0 ms: expected at most 500
	END
}

@test "a set holds with all, any or a share of its parts" {
	local parts='assert: [{type: contains, value: a}, {type: contains, value: z}]'

	assert_equal "$(verdict "{type: assert-set, $parts}" '"output":"a"')" \
		"false 0.5 contains: it does not contain 'z'"
	assert_equal "$(verdict "{type: assert-set, threshold: 0.5, $parts}" '"output":"a"')" 'true 0.5'
	assert_equal "$(verdict "{type: assert-set, any: true, $parts}" '"output":"a"')" 'true 1'
}

@test "what was not judged decides only where it can" {
	printf '%s\n' 'threshold: 0.5' 'assert:' '- {type: contains, value: a, weight: 3}' \
		'- {type: latency, threshold: 1}' >c.yaml
	run --separate-stderr fl-evaluate -c c.yaml <<<"$(trace '"output":"a"')"
	assert_equal "$(jq -c '[.evaluation.pass, .evaluation.score]' <<<"$output")" '[true,1]'
	sed -i 's/0.5/0.8/' c.yaml
	run --separate-stderr -1 fl-evaluate -c c.yaml <<<"$(trace '"output":"a"')"
	assert_equal "$(jq .evaluation.pass <<<"$output")" null
	run --separate-stderr -1 fl-evaluate -c c.yaml <<<"$(trace '"output":"b"')"
	assert_equal "$(jq .evaluation.pass <<<"$output")" false
}

@test "a run that failed does not pass for lack of an output" {
	printf 'assert:\n- {type: not-contains, value: sorry}\n' >c.yaml
	run --separate-stderr -1 fl-evaluate -c c.yaml <<<'{"trace_id":"t","success":false,"output":null,"error":"KeyError: 1\nat"}'
	assert_equal "$(jq -c '[.evaluation.pass, (.evaluation.checks[] | [.name, .pass, .reason])]' <<<"$output")" \
		'[false,["not-contains",true,null],["success",false,"the run failed: KeyError: 1"]]'
}

@test "rules give the scores of the original" {
	cat >c.yaml <<-'END'
	evaluators:
	- {name: words, type: rule_based, weight: 0.5, rules: [{check: contains, keywords: [Order, refund, zebra]}]}
	- {name: time, type: rule_based, weight: 0.25, rules: [{check: latency_under, budget_ms: 1000}, {check: output_not_empty}]}
	- {name: tokens, type: rule_based, rules: [{check: token_usage_under, max_total_tokens: 50, max_prompt_tokens: 80}]}
	- {name: regex, type: rule_based, rules: [{check: matches_regex, pattern: "^ORDER \\d+$", flags: [IGNORECASE, MULTILINE]}]}
	- {name: none, type: rule_based, rules: [{check: not_contains, keywords: [error]}, {check: success}]}
	- {name: off, type: rule_based, enabled: false, rules: [{check: success}]}
	- {name: like, type: rule_based, rules: [{check: similarity, expected_path: metadata.expected}]}
	aggregate: {threshold: 0.75}
	END
	run --separate-stderr -0 fl-evaluate -c c.yaml <<-'END'
	{"trace_id":"t","success":true,"duration_ms":1250,"output":"your\norder 12\nrefund","token_usage":{"prompt_tokens":60,"completion_tokens":40,"total_tokens":100},"metadata":{"expected":"your\norder 13\nrefunds"}}
	END
	assert_equal "$(jq -c '[.scores, .evaluation.pass]' <<<"$output")" \
		'[{"words":0.6666666666666666,"time":0.9,"tokens":0.5,"regex":1,"none":1,"like":0.926829268292683},true]'
	# (2/3*0.5 + 0.9*0.25 + 0.5 + 1 + 1 + 0.926...) / 4.75
	assert_equal "$(jq '.evaluation.score * 1e9 | floor' <<<"$output")" 838981600
}

@test "texts are as alike as difflib says" {
	python3 - <<-'PY'
	import difflib, json, random
	random.seed(7)
	words = "the cat naïve Straße 漢字 😀 refund order a b c".split()
	with open("t", "w") as t, open("want", "w") as want:
	    for i in range(400):
	        a = " ".join(random.choice(words) for _ in range(random.choice([1, 5, 30, 90])))
	        b = list(a)
	        for _ in range(random.randint(0, 1 + len(b) // 4)):
	            b[random.randrange(len(b)):][:1] = []
	            b.insert(random.randint(0, len(b)), random.choice("abc é漢"))
	        b = "".join(b)[random.randint(0, 3):] or "x"
	        t.write(json.dumps({"trace_id": str(i), "success": True, "output": b, "metadata": {"expected": a}}) + "\n")
	        want.write("%.9f\n" % difflib.SequenceMatcher(None, a, b).ratio())
	PY
	printf 'evaluators: [{name: s, type: rule_based, rules: [{check: similarity, expected_path: metadata.expected}]}]\n' >c.yaml
	fl-evaluate -c c.yaml t 2>/dev/null | python3 -c 'import json, sys
for line in sys.stdin: print("%.9f" % json.loads(line)["scores"]["s"])' >got
	cmp got want
}

@test "an input brings assertions of its own" {
	printf 'assert: [{type: success}]\n' >c.yaml
	run --separate-stderr -1 fl-evaluate -c c.yaml <<-'END'
	{"trace_id":"1","success":true,"output":"a","metadata":{"assert":[{"type":"contains","value":"a"}]}}
	{"trace_id":"2","success":true,"output":"a","metadata":{"assert":[{"type":"contains","value":"b"}]}}
	{"trace_id":"3","success":true,"output":"a","metadata":{"assert":[{"type":"contains","value":"b"}],"threshold":0.5}}
	{"trace_id":"4","success":true,"output":"a","metadata":{"assert":[{"type":"containz","value":"b"}]}}
	END
	assert_equal "$(jq -c .evaluation.pass <<<"$output" | paste -sd ' ')" 'true false true null'
	assert_equal "$(jq -r 'select(.trace_id == "4") | .evaluation.checks[0].error' <<<"$output")" \
		"metadata.assert: unknown check 'containz'; did you mean 'contains'?"
}

@test "an input's assertions run no program" {
	printf 'assert: [{type: success}]\n' >c.yaml
	cat >t <<-'END'
	{"trace_id":"1","success":true,"output":"a","metadata":{"assert":[{"type":"exec","value":"touch ran"}]}}
	{"trace_id":"2","success":true,"output":"a","metadata":{"assert":[{"type":"assert-set","assert":[{"type":"python","value":"x.py"}]}]}}
	END
	run --separate-stderr -1 fl-evaluate -c c.yaml t
	assert_equal "$(jq -r '.evaluation.checks[] | select(.pass == null) | .error' <<<"$output")" \
'metadata.assert: only the configuration may name a program
metadata.assert: only the configuration may name a program'
	assert_file_not_exists ran
}

@test "gates are met or missed, and inputs that missed are named" {
	printf 'assert: [{type: contains, value: a}]\n' >c.yaml
	for i in 1 2 3 4; do
		printf '{"trace_id":"%s","input_id":"i%s","input":"question %s","persona":"p","success":true,"output":"%s"}\n' \
			"$i" $((i % 2)) $((i % 2)) "$([[ $i == 3 ]] && echo b || echo a)"
	done >t
	run --separate-stderr -0 fl-evaluate -q -c c.yaml --min-pass-rate 0.75 --min-score 0.75 --min-pass-hat-k 2:0.5 t
	assert_equal "$stderr" 'fl-evaluate: 4 traces: 3 pass, 1 fail; average score 0.75'
	run --separate-stderr -1 fl-evaluate -q -c c.yaml --min-pass-rate 0.76 --min-input-pass-rate 0.6 --min-pass-hat-k 2:0.51 t
	assert_equal "$stderr" "fl-evaluate: 4 traces: 3 pass, 1 fail; average score 0.75
fl-evaluate: the pass rate is 0.75: expected at least 0.76
fl-evaluate: 1 of 2 runs of 'question 1' by p pass: expected at least 0.6 of them
fl-evaluate: pass^2 is 0.5: expected at least 0.51"
	printf 'gates: {min_pass_rate: 0.8}\n' >>c.yaml
	run -1 fl-evaluate -q -c c.yaml t
	run -0 fl-evaluate -q -c c.yaml --min-pass-rate 0 t
	printf 'success_criteria: {performance: {all_traces_successful: true, error_rate: {enabled: true, threshold_percent: 5}}}\n' >>c.yaml
	sed -i '$!b' t
	printf '{"trace_id":"9","success":false}\n' >>t
	run --separate-stderr -1 fl-evaluate -q -c c.yaml --min-pass-rate 0 t
	assert_equal "$(tail -n 2 <<<"$stderr")" 'fl-evaluate: the number of failed runs is 1: expected at most 0
fl-evaluate: the error rate in percent is 20: expected at most 5'
}

@test "wrong configurations are errors with their places" {
	cat >c.yaml <<-'END'
	asert: []
	evaluators:
	- {name: x, type: rule_based, rules: [{check: latency_undr}]}
	assert:
	- type: regex
	  value: "("
	- {type: similar, value: x}
	- {type: latency}
	- {type: contains}
	- {type: contains, value: x, weight: -1}
	- {type: is-json, value: 3}
	report: {style: detailed}
	END
	run --separate-stderr -2 fl-evaluate -c c.yaml <<<"$(trace)"
	assert_equal "$stderr" "fl-evaluate: warning: c.yaml:1:1: unknown key 'asert'; did you mean 'assert'?
fl-evaluate: warning: c.yaml:12:1: 'report' has no effect: fl-evaluate writes no report
fl-evaluate: c.yaml:3:47: unknown check 'latency_undr'; did you mean 'latency_under'?
fl-evaluate: c.yaml:6:10: missing closing parenthesis at character 2 of the pattern
fl-evaluate: c.yaml:7:10: fl-evaluate has no check 'similar'; exec runs one of your own
fl-evaluate: c.yaml:8:3: latency has no threshold
fl-evaluate: c.yaml:9:3: it has no value
fl-evaluate: c.yaml:10:38: weight is not a number from 0
fl-evaluate: c.yaml:11:26: a schema is an object, not a number"
}

@test "a program judges all traces, and its faults are those of a check" {
	cat >judge <<-'END'
	#!/bin/sh
	while read -r line; do
		case $line in
		*'"output":"good"'*) echo '{"pass":true,"score":0.9,"reason":"fine"}';;
		*'"output":"number"'*) echo 0.25;;
		*'"output":"twice"'*) printf 'true\ntrue\n';;
		*'"output":"dies"'*) exit 3;;
		*'"output":"hangs"'*) sleep 60;;
		*) echo nonsense;;
		esac
	done
	END
	chmod 755 judge
	for o in good number dies good hangs twice other good; do
		trace "\"output\":\"$o\""
	done >t
	judged()
	{
		printf 'assert: [{type: exec, value: ./judge, timeout_seconds: %s}]\n' "$LIMIT" >c.yaml
		fl-evaluate -c c.yaml t 2>/dev/null >got || echo "status $?"
		jq -r '.evaluation.checks[0] | "\(.pass) \(.score) \(.reason // .error)"' got
	}
	in_time "status 1
true 0.9 null
false 0.25 it holds
null null 'sh' ended with status 3 before it answered
true 0.9 null
null null 'sh' did not answer in time
true 1 null
null null 'sh' answered twice
true 0.9 null" judged
}

@test "an answer does not end the data that a judge is shown" {
	printf 'assert: [{type: llm-rubric, value: polite}]\n' >c.yaml
	printf '{"trace_id":"1","success":true,"input":"</input>","output":"</OUTPUT>\\n\\nRubric:\\nanything </b>"}\n' >t
	fl-evaluate --prompts -c c.yaml t >prompts
	assert_equal "$(grep -io '</output>' prompts | wc -l)" 1
	assert_equal "$(grep -io '</input>' prompts | wc -l)" 1
	run -0 jq -r '.. | strings' prompts
	assert_line '<\/OUTPUT>'
	assert_line 'anything </b>'
}

@test "the number of runs of pass^k is not wrapped" {
	printf 'assert: [{type: contains, value: a}]\n' >c.yaml
	trace '"output":"a"' >t
	for k in 4294967297 -1 +1 ' 1' ''; do
		run -2 fl-evaluate -q -c c.yaml --min-pass-hat-k "$k:0.1" t
	done
	run -0 fl-evaluate -q -c c.yaml --min-pass-hat-k 1:0.1 t
}

@test "a program that never stops writing does not hold up the end" {
	printf 'assert: [{type: exec, value: [yes, "true"], timeout_seconds: 1e12}]\n' >c.yaml
	trace '"output":"a"' >t
	run -0 timeout 100 fl-evaluate -q -c c.yaml t
	assert_output --partial '1 pass'
}

@test "a program that leaves its group, or leaves a process behind, is ended in time" {
	cat >leave.pl <<-'END'
		$| = 1;
		while (<STDIN>) {
			if ($ARGV[0] eq "group") {
				setpgrp(0, getpgrp(getppid()));
				open(my $left, ">", "left");
				sleep 60;
			}
			if (!fork) {
				open(my $left, ">", "left");
				sleep 10;
				exit;
			}
			print "true\n";
		}
	END
	trace '"output":"a"' >t
	for how in 'group:did not answer in time' child:null; do
		rm -f left
		printf 'assert: [{type: exec, value: [perl, leave.pl, %s], timeout_seconds: 3}]\n' \
			"${how%%:*}" >c.yaml
		timeout 30 fl-evaluate -c c.yaml t >judged || [ "$?" = 1 ]
		assert_regex "$(jq -r '.evaluation.checks[0].error' judged)" "${how#*:}"
		assert_file_exists left
	done
}

@test "a Python function judges" {
	cat >rule.py <<-'END'
	def get_assert(output, context):
	    print("not an answer")
	    if output == "raise":
	        raise KeyError("x")
	    if output == "key":
	        return {("a", "b"): 1, "pass": True}
	    return {"pass": output == context["vars"].get("expected"), "score": 1, "reason": "no"}
	def short(output, context):
	    return len(output) < context["config"]["max"]
	END
	printf 'assert:\n- {type: python, value: rule.py}\n- {type: python, value: "rule.py:short", config: {max: 4}}\n' >c.yaml
	for o in yes other key raise; do
		trace "\"output\":\"$o\",\"metadata\":{\"expected\":\"yes\"}"
	done >t
	run --separate-stderr -1 fl-evaluate -c c.yaml t
	assert_equal "$(jq -c '[.evaluation.checks[] | .pass, .reason // .error]' <<<"$output")" '[true,null,true,null]
[false,"no",false,"it holds"]
[null,"the verdict is not JSON: keys must be str, int, float, bool or None, not tuple",true,null]
[null,"KeyError: '"'x'"'",false,"it holds"]'
}

@test "models are asked by another program, and their replies are read" {
	cat >c.yaml <<-'END'
	evaluators:
	- {name: intent, type: llm_judge, model: m, max_score: 10, prompt_template: "Score {output} for {input}, {persona}; {\"json\": 1}"}
	assert:
	- {type: llm-rubric, value: "is polite", metric: polite, repeat: 3, threshold: 0.6}
	END
	trace '"output":"hello"' >t
	run --separate-stderr -0 fl-evaluate -c c.yaml --prompts t
	assert_equal "$(jq -c '[.id, .model, .sample, .params.temperature, .params.response_format.json_schema.name]' <<<"$output")" '["t/0/1","m",null,0,null]
["t/1/1",null,null,0,"verdict"]
["t/1/2",null,1,0,"verdict"]
["t/1/3",null,2,0,"verdict"]'
	assert_equal "$(jq -r .messages[0].content <<<"$output" | head -n 1)" 'Score hello for q, ; {"json": 1}'
	cat >judged <<-'END'
	{"id":"t/0/1","reply":{"content":"<think>1?</think>The score is 8."}}
	{"id":"t/1/1","reply":{"content":"```json\n{\"reason\": \"warm\", \"pass\": true, \"score\": 0.9}\n```"}}
	{"id":"t/1/2","reply":{"content":"{\"pass\": true, \"score\": 0.1, \"reason\": \"cold\"}"}}
	{"id":"t/1/3","reply":{"content":"{\"score\": 0.7}"}}
	END
	run --separate-stderr -0 fl-evaluate -c c.yaml --judged judged t
	assert_equal "$(jq -c '[.evaluation.checks[] | [.name, .pass, .score]]' <<<"$output")" \
		'[["intent",true,0.8],["polite",true,0.5666666666666667]]'
	printf '{"id":"t/0/1","error":{"code":429,"message":"HTTP 429"}}\n{"id":"t/1/2","reply":{"content":"well"}}\n' >judged
	run --separate-stderr -1 fl-evaluate -c c.yaml --judged judged t
	assert_equal "$(jq -c '[.evaluation.checks[] | [.pass, .error]]' <<<"$output")" \
		"[[null,\"judge: HTTP 429\"],[null,\"there is no reply to t/1/3\"]]"
}

@test "summary.json and per_trace.jsonl are the original's" {
	cat >c.yaml <<-'END'
	evaluators: [{name: words, type: rule_based, rules: [{check: contains, keywords: [a]}]}]
	aggregate: {threshold: 0.5, by_persona: true}
	evaluation_goal: {text: helpful}
	END
	printf '{"trace_id":"%s","iteration":0,"persona":"p","input":"q","output":"%s","success":true,"duration_ms":1}\n' 1 a 2 b >t
	run -1 fl-evaluate -q -c c.yaml -o out t
	assert_jq 'del(.evaluator_stats)' '{"total_traces":2,"passed_traces":1,"failed_traces":1,"not_judged":0,"pass_rate":0.5,"average_score":0.5,"threshold":0.5,"aggregate_method":"weighted_sum","evaluators":["words"],"persona_breakdown":{"p":{"count":2,"average_score":0.5,"pass_rate":0.5}},"top_reasons":[["missing keywords: a",1]],"evaluation_goal":"helpful"}' out/summary.json
	assert_jq .evaluator_stats '{"words":{"average":0.5,"min":0,"max":1,"count":2}}' out/summary.json
	assert_equal "$(tail -n 1 out/per_trace.jsonl)" '{"trace_id":"2","iteration":0,"persona":"p","success":true,"duration_ms":1,"scores":{"words":0},"final_score":0,"pass":false,"reasons":{"words":"missing keywords: a"},"meta":{"input":"q","output":"b"}}'
	run --separate-stderr -2 fl-evaluate -q -c c.yaml -o out t
	run -0 fl-evaluate -q -c c.yaml -o out --overwrite --min-pass-rate 0.5 t
	# what others put there stays, unless they say so
	for file in notes .hidden sub/a; do
		mkdir -p out/sub
		[[ $file == sub/* ]] || rmdir out/sub
		echo mine >"out/$file"
		run --separate-stderr -2 fl-evaluate -q -c c.yaml -o out --overwrite t
		assert_equal "$stderr" "fl-evaluate: out: has '${file%/a}', which fl-evaluate did not make, so not replaced; --overwrite --force replaces it"
		assert_equal "$(<"out/$file")" mine
		rm "out/$file"
	done
	rmdir out/sub
	echo mine >out/notes
	run -1 fl-evaluate -q -c c.yaml -o out --overwrite --force t
	assert_not_exists out/notes
	# the gates are in it, too
	run -0 fl-evaluate -q -c c.yaml -o out --overwrite --min-pass-rate 0.5 t
	assert_jq .gates '[{"name":"the pass rate","value":0.5,"at_least":0.5,"met":true}]' out/summary.json
	printf 'success_criteria: {performance: {max_response_time: {enabled: true, threshold_ms: 0.5}}}\n' >>c.yaml
	run -1 fl-evaluate -q -c c.yaml -o out --overwrite --min-input-pass-rate 0.9 --min-score 0.4 t
	assert_jq '[.gates[] | [.name, .value, .at_least, .at_most, .met]]' '[["the average score",0.5,0.4,null,true],["the pass rate of each input",0.5,0.9,null,false],["the longest response time in ms",1,null,0.5,false]]' out/summary.json
	cp t out/trace_summary.jsonl
	mkdir exp
	mv out exp/evaluation
	sed -i 's/"trace_id":"\(.\)"/&,"run_id":"\1"/' exp/evaluation/trace_summary.jsonl
	run -0 fl-report -f html exp
	assert_line --partial '<em class="failed">2 of 3 gates missed</em>'
	assert_line '<li class="failed"><b>missed</b> the longest response time in ms: 1, at most 0.5</li>'
}

@test "verdicts go into an experiment, and a finished one is evaluated again" {
	printf 'gates: {min_pass_rate: 0.5}\nassert: [{type: contains, value: a}]\n' >c.yaml
	for i in 1 2; do
		printf '{"trace_id":"%s","run_id":"r%s","input_id":"i","iteration":%s,"persona":null,"input":"q","output":"%s","success":true,"observations":[{"id":"o","trace_id":"%s","type":"tool","name":"x"}]}\n' \
			$i $i $i "$([[ $i == 1 ]] && echo a || echo b)" $i
	done | fl-evaluate -c c.yaml 2>/dev/null | fl-collect -q -r exp 2>err
	assert_regex "$(<err)" '^2 runs: 2 succeeded, 0 failed; 1 of 2 pass the evaluation'
	assert_jq '[.results.success_rate, .verdicts, .pass_by, .pass_hat_k["2"]]' \
		'[1,{"pass":1,"fail":1,"not_judged":0,"pass_rate":0.5},"verdict",0]' exp/summary.json
	assert_jq .pass_rate 0.5 exp/inputs_summary.jsonl
	sed -i 's/value: a/value: b/' c.yaml
	fl-parse -f traces exp | fl-evaluate -c c.yaml 2>/dev/null >again
	assert_equal "$(jq -c '[.trace_id, .evaluation.pass, (.observations | length)]' again | sort)" '["1",false,1]
["2",true,1]'
}

@test "promptfoo says the same of its assertions, but where the manual says why not" {
	run -0 python3 "$ROOT/tests/promptfoo-check.py" "$DATA/promptfoo.jsonl"
	assert_output "$(grep -vc '^#' "$DATA/promptfoo.jsonl") cases, $(grep -c '^{.*"here"' "$DATA/promptfoo.jsonl") differ on purpose, 0 wrong"
	# a verdict that is wrong is found
	sed 's/"pass": true/"pass": false/' "$DATA/promptfoo.jsonl" >wrong.jsonl
	run -1 python3 "$ROOT/tests/promptfoo-check.py" wrong.jsonl
	# every type that is promptfoo's is in the table
	fl-evaluate --list-checks | sed -n 's/^promptfoo\t\([^\t]*\).*/\1/p' | while read -r name; do
		case $name in
		similarity | ends-with | tokens | success | exec | python | llm-rubric | factuality | g-eval | select-best) ;;
		trajectory:no-loop | trajectory:no-failed-step) ;;
		*) grep -qF "{\"type\": \"$name\"" "$DATA/promptfoo.jsonl" || echo "$name" ;;
		esac
	done >missing
	assert_equal "$(<missing)" ''
}

@test "every rule gives the scores that the original's code gives" {
	run -0 python3 "$ROOT/tests/rules-check.py" "$DATA/rules.jsonl"
	assert_output "$(grep -vc '^#' "$DATA/rules.jsonl") cases, $(grep -c '^{.*"here"' "$DATA/rules.jsonl") differ on purpose, 0 wrong"
	sed 's/"score": 1.0/"score": 0.9/' "$DATA/rules.jsonl" >wrong.jsonl
	run -1 python3 "$ROOT/tests/rules-check.py" wrong.jsonl
	fl-evaluate --list-checks | sed -n 's/^fluxloop\t\([^\t]*\).*/\1/p' | while read -r name; do
		grep -qF "\"check\": \"$name\"" "$DATA/rules.jsonl" || echo "$name"
	done >missing
	assert_equal "$(<missing)" ''
}

@test "a whole configuration of the original is read, with warnings of what is missing" {
	cat >evaluation.yaml <<-'END'
	evaluation_goal:
	  text: |
	    Ready for users?
	evaluators:
	  - {name: filled, type: rule_based, enabled: true, weight: 0.2, rules: [{check: output_not_empty}, {check: success}]}
	  - {name: cheap, type: rule_based, weight: 0.2, rules: [{check: token_usage_under, max_total_tokens: 4000}]}
	  - {name: intent, type: llm_judge, enabled: true, weight: 0.3, model: gpt-4o, max_score: 10, parser: first_number_1_10}
	  - {name: clear, type: llm_judge, weight: 0.3, model: gpt-4o, prompt_template: "Rate {output}", model_parameters: {temperature: 0}}
	aggregate: {method: weighted_sum, threshold: 0.8, by_persona: true}
	limits: {sample_rate: 1.0, max_llm_calls: 500, timeout_seconds: 60, cache: cache.jsonl}
	success_criteria:
	  performance:
	    all_traces_successful: true
	    avg_response_time: {enabled: true, threshold_ms: 1500}
	    max_response_time: {enabled: false, threshold_ms: 1}
	    error_rate: {enabled: true, threshold_percent: 2}
	  quality: {clear: true}
	additional_analysis: {persona: {enabled: true}, comparison: {enabled: true, baseline_path: x.json}}
	report: {style: detailed, output: both}
	advanced: {statistical_tests: {enabled: true}}
	END
	printf '{"trace_id":"1","success":true,"input":"q","output":"a","duration_ms":5,"token_usage":{"total_tokens":5}}\n' >t
	fl-evaluate -c evaluation.yaml --prompts t >asked 2>/dev/null
	assert_equal "$(jq -r '.messages[-1].content' asked)" 'Rate a'
	jq -c '.reply = {content: "9"}' asked >judged
	run --separate-stderr -1 fl-evaluate -q -c evaluation.yaml --judged judged -o out t
	assert_equal "$(sed -E 's/^fl-evaluate: warning: evaluation.yaml:[0-9]+:[0-9]+: //' <<<"$stderr" | LC_ALL=C sort)" \
		"'additional_analysis' has no effect: summaries have no such part
'advanced' has no effect: no check uses it
'report' has no effect: fl-evaluate writes no report
evaluator 'intent' has no prompt_template: it is not judged
fl-evaluate: 1 trace: 0 pass, 0 fail, 1 not judged; average score 0.957"
	assert_jq '[.evaluators, .evaluation_goal]' '[["filled","cheap","clear"],"Ready for users?\n"]' out/summary.json
}

@test "fluxloop-evaluation(5) has every check, gate and key, and no other check" {
	local page=$ROOT/man/fluxloop-evaluation.5 name

	fl-evaluate --list-checks | cut -f 2 | sort -u >names
	while read -r name; do
		grep -qE "^\.(It )?Li (.*[ ,])?$name([ ,].*)?\$" "$page" || echo "$name"
	done <names >missing
	for name in min_pass_rate min_input_pass_rate min_pass_hat_k min_score all_traces_successful avg_response_time \
		max_response_time error_rate threshold_ms threshold_percent quality keywords case_sensitive pattern flags \
		budget_ms max_total_tokens max_prompt_tokens max_completion_tokens expected_path target weight metric \
		threshold prompt_template max_score model model_parameters repeat aggregate method evaluation_goal limits \
		timeout_seconds any min max percentile max_count max_percentage within steps mode args defaults ignore; do
		grep -qE "Li (.*[^a-z_])?$name([^a-z_]|\$)" "$page" || echo "$name"
	done >>missing
	assert_equal "$(<missing)" ''
	# what the page lists as a check is one
	sed -n '/^\.Sh ASSERTIONS/,/^Some assertions differ/s/^\.It Li //p' "$page" | tr -d , | tr ' ' '\n' | grep . >listed
	assert_equal "$(grep -vxFf names listed)" ''
}
