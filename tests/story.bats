#!/usr/bin/env bats

# The events of a run apart from its steps, in every format of fl-parse.

load test_helper
load filter_helper

setup()
{
	begin
}

# An experiment with callback messages, a failure, a verdict and output.
experiment()
{
	cat >traces <<-'END'
	{"trace_id":"t1","run_id":"r1","input_id":"i1","name":"bot","iteration":0,"persona":"novice","input":"I want a refund","output":null,"duration_ms":2,"start_time":"2026-01-02T03:04:05+00:00","end_time":"2026-01-02T03:04:06+00:00","success":false,"error":"Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'order'","error_kind":"error","attempts":2,"callback_messages":{"send":["first"],"error":[{"code":"POLICY_VIOLATION"}]},"stdout":"debug print\n","stderr":"warn to ```stderr","metadata":{"strategy":"typo","variation":"two letters swapped"},"scores":{"polite":0.5},"evaluation":{"pass":false,"score":0.5,"threshold":0.7,"checks":[{"name":"polite","type":"regex","pass":false,"score":0,"weight":1,"reason":"it does not match"},{"name":"cheap","type":"cost","pass":null,"error":"the cost is not known"}]},"observation_count":1,"observations":[{"id":"o1","trace_id":"t1","type":"tool","name":"look","error":"late"}]}
	{"trace_id":"t2","run_id":"r2","input_id":"i2","name":"bot","iteration":0,"persona":null,"input":"hello","output":"World","duration_ms":1,"start_time":"2026-01-02T03:04:05+00:00","end_time":"2026-01-02T03:04:06+00:00","success":true,"attempts":1,"callback_messages":{"send":[{"type":"token","text":"Hello"},{"args":[1],"kwargs":{}}],"error":[]},"metadata":{"strategy":"original"},"observation_count":0,"observations":[]}
	END
	fl-collect -q exp traces || true
}

@test "every format shows callback messages, the strategy, the verdict and what was printed" {
	local format what missing

	experiment
	for format in $(formats | grep -vx -e csv -e tsv); do
		fl-parse -f "$format" -o "dir.$format" exp
		find "dir.$format" -type f ! -name '.*' ! -name 'index.*' -exec cat {} + >"all.$format"
		for what in POLICY_VIOLATION first Hello typo 'two letters swapped' \
			'it does not match' 'the cost is not known' 'debug print' 'warn to'; do
			grep -qF -- "$what" all.$format || missing+="$format: $what
"
		done
	done
	assert_equal "${missing-}" ''
	fl-parse -f csv exp >all.csv
	grep -q '"typo".*POLICY_VIOLATION.*false,0.5' all.csv
}

@test "the order of messages is kept, and the error callback is in the header" {
	experiment
	run fl-parse exp
	assert_line '- Error callback: `called 1 time`'
	assert_line '- Verdict: `fail, score 0.5 of 0.7`'
	assert_line '- Failed check: `polite: it does not match`'
	assert_line '- Attempts: `2`'
	assert_equal "$(sed -n '/^### Callback/,/^### Standard output/p' <<<"$output" | head -n 5)" \
'### Callback messages
- **send**: `first`
- **error**: `{"code":"POLICY_VIOLATION"}`

### Standard output'
	# the fence is longer than those in the text
	assert_line '````'
	assert_line 'warn to ```stderr'
}

@test "all of it comes back from OpenTelemetry's JSON" {
	experiment
	fl-parse -f traces exp >before
	fl-parse -f otlp exp | fl-import otlp >after
	run -0 python3 "$ROOT/tests/otlp-roundtrip.py" before after
	assert_output '2 1'
	assert_jq '[.input_id, .attempts, .stdout, .evaluation.pass]' '["i1",2,"debug print\n",false]
["i2",1,null,null]' after
}

@test "traces.jsonl adds to rows in whatever order it is, also without extents" {
	experiment
	tac exp/traces.jsonl >t
	mv t exp/traces.jsonl
	fl-parse exp >by-extent
	sed -i 's/,"observations_at":[0-9]*,"observations_bytes":[0-9]*//' exp/trace_summary.jsonl
	fl-parse exp >by-index
	cmp by-extent by-index
	assert_equal "$(grep -c '^### Callback' by-index)" 2
	rm exp/traces.jsonl
	run fl-parse exp
	refute_output --partial Callback
}

@test "a damaged line of traces.jsonl costs its trace the messages alone" {
	experiment
	sed -i '1s/.*/{"trace_id":"t1","callback/' exp/traces.jsonl
	run --separate-stderr -0 fl-parse exp
	assert_equal "$(grep -c '^### Callback' <<<"$output")" 1
	assert_equal "$(grep -c '^# Trace' <<<"$output")" 2
}

@test "a conversation is written as the original writes it, and cannot break out of its list" {
	mkdir exp
	: >exp/observations.jsonl
	cat >exp/trace_summary.jsonl <<-'END'
	{"trace_id": "a", "iteration": 0, "persona": "novice_user", "input": "When?", "output": "At 15:32.", "duration_ms": 26.39, "success": true, "conversation": [{"role": "user", "content": "When?", "source": "input", "metadata": {"persona": "novice_user"}}, {"role": "assistant", "content": "At 15:32:\n- gate *4*", "source": "agent", "metadata": {"actions": ["agent:support", "tool:search"]}}, {"role": "user", "content": "Thanks.\n# Not a heading\n---\n\u001b[31mred", "source": "supervisor", "metadata": {"persona": "novice_user", "closing": true}}, {"content": null}]}
	END
	run fl-parse exp
	assert_equal "$(sed -n '/^## Conversation/,/^## Timeline/p' <<<"$output")" \
'## Conversation

- **User**: When? _(source=input ; persona=novice_user)_
- **Assistant**: At 15:32:
- gate *4* _(source=agent ; actions=agent:support, tool:search)_
- **User**: Thanks.
\# Not a heading
\---
\u001b[31mred _(source=supervisor ; closing=true ; persona=novice_user)_
- **Unknown**: 
## Timeline'
	run fl-parse -f tree exp
	assert_line --partial 'assistant  At 15:32:\n- gate *4*'
	fl-parse -f html -o html exp
	grep -q '<dt><bdi>assistant</bdi></dt><dd><bdi>At 15:32:' html/00_a.html
}

@test "the store of the original's recorder names its traces by id" {
	mkdir artifacts
	printf '%s\n' '{"id": "o1", "type": "agent", "name": "support", "input": "Where?", "output": "Monday.", "trace_id": "0b4f"}' \
		>artifacts/observations.jsonl
	printf '%s\n' '{"id": "0b4f", "name": "exp_iter0", "metadata": {"trace_id": "0b4f", "iteration": 3, "variation": {"input": "Where?", "metadata": {"persona": "novice"}}}}' \
		'{"id": "1c", "name": "no metadata"}' >artifacts/traces.jsonl
	run --separate-stderr -0 fl-parse -f jsonl artifacts
	assert_equal "$(jq -c '[.trace_id, .iteration, .persona, .input, .observation_count]' <<<"$output")" \
		'["0b4f",3,"novice","Where?",1]
["1c",null,null,null,0]'
	assert_equal "$stderr" ''
}

@test "symbolic links in a directory are not followed" {
	experiment
	mv exp/observations.jsonl o
	ln -s ../o exp/observations.jsonl
	run --separate-stderr -2 fl-parse exp
	assert_equal "$stderr" 'fl-parse: exp/observations.jsonl: a symbolic link is not read'
	assert_equal "$output" ''
	mv o exp/observations.jsonl
	mv exp/traces.jsonl t
	ln -s ../t exp/traces.jsonl
	run --separate-stderr -2 fl-parse exp
	assert_equal "$stderr" "fl-parse: exp/traces.jsonl: a symbolic link is not read"
	# nor is there a wait for who writes into a pipe
	for file in traces observations trace_summary; do
		rm -rf exp
		experiment
		rm -f "exp/$file.jsonl"
		mkfifo "exp/$file.jsonl"
		run --separate-stderr -2 timeout 100 fl-parse exp
		assert_equal "$stderr" "fl-parse: exp/$file.jsonl: not a regular file"
	done
}
