# fl-import's kinds of input apart from OTLP. Samples and their sources are
# described in data/exports/README.md.
load test_helper
load filter_helper

EXPORTS=$DATA/exports

# The row of a trace; the type, name and counts, input and output of each step.
SUMMARY='[.name, .input, .output, .success, .error, .duration_ms, .token_usage, .scores, .conversation, .metadata],
	(if .evaluation then [.evaluation] else empty end),
	(.observations[] | [.type, .name, .model, .id, .parent_observation_id, .error, .level, .start_time, .end_time,
	.prompt_tokens, .completion_tokens, .total_tokens, .llm_parameters, .metadata], [.input], [.output])'

setup_file()
{
	find_python
}

# summary KIND FILE...: what fl-import makes of files of EXPORTS, and what it says.
summary()
{
	local kind=$1

	shift
	(cd "$EXPORTS" && fl-import "$kind" "$@" 2>&3 | jq -c "$SUMMARY") 3>said
	cat said
}

@test "the records of each kind become traces with their steps" {
	count=0
	while read -r name kind files; do
		# shellcheck disable=SC2086 # several files
		summary "$kind" $files | diff "$EXPORTS/$name.txt" - || fail "$name"
		count=$((count + 1))
	done <<-'END'
	promptfoo promptfoo promptfoo.json
	promptfoo-lines promptfoo promptfoo-lines.jsonl
	promptfoo-2 promptfoo promptfoo-2.json
	langfuse langfuse langfuse-traces.json langfuse-observations.jsonl
	langfuse langfuse langfuse-traces.json langfuse-observations.csv
	langfuse-traces langfuse langfuse-traces.json
	langfuse-observations langfuse langfuse-observations.csv
	langfuse-trace langfuse langfuse-trace.json
	openai-batch openai openai-batch-input.jsonl openai-batch-output.jsonl
	openai-answers openai openai-answers.jsonl
	openai-fine-tuning openai openai-fine-tuning.jsonl
	claude-code claude-code claude-code.jsonl claude-code-agent.jsonl
	claude-code-1 claude-code claude-code-1.jsonl
	claude-code-stream claude-code claude-code-stream.jsonl
	claude-code-result claude-code claude-code-result.json
	openai-agents openai-agents openai-agents.json
	openai-agents-lines openai-agents openai-agents-lines.jsonl
	END
	((count == 17)) || fail "$count"
}

@test "inputs, separate observations and the layout of the input change nothing else" {
	for file in promptfoo.json langfuse-trace.json openai-answers.jsonl claude-code.jsonl \
		openai-agents.json openai-agents-lines.jsonl claude-code-stream.jsonl; do
		kind=${file%%[-.]*}
		[[ $file == claude* ]] && kind=claude-code
		[[ $file == openai-agents* ]] && kind=openai-agents
		fl-import "$kind" "$EXPORTS/$file" 2>/dev/null >whole
		(($(lines_of whole))) || fail "$file"
		fl-import -s "$kind" "$EXPORTS/$file" 2>/dev/null | fl-parse -f jsonl >got
		fl-parse -f jsonl whole | diff - got || fail "$file -s"
		fl-import -i "$kind" "$EXPORTS/$file" 2>/dev/null | jq -c .input >got
		jq -c 'select(.input != null).input' whole | diff - got || fail "$file -i"
		# as an array over several lines, and compressed
		jq -s . "$EXPORTS/$file" | gzip >in.gz
		fl-import "$kind" in.gz 2>/dev/null | diff whole - || fail "$file as an array"
	done
}

@test "inputs of promptfoo keep what its assertions expect" {
	fl-import -i promptfoo "$EXPORTS/promptfoo.json" 2>/dev/null >in
	assert_jq '[.input, .metadata.assert[0].value]' '["Where is order 1042?","way"]
["Is it in stock?","way"]
["Say {\"a\": 1}","way"]' in
	echo '{assert: []}' >config
	fl-run --protocol lines --command 'sed -u s/Where.*/on_its_way/' in | fl-evaluate -c config >out || (($? == 1))
	assert_jq .evaluation.pass $'true\nfalse\nfalse' out
}

@test "a bad record is named, and the others are kept" {
	cd "$EXPORTS"
	while IFS='|' read -r kind bad wanted good; do
		printf '%b\n' "$bad" | cat - "$good" >"$BATS_TEST_TMPDIR/in"
		run --separate-stderr -1 fl-import "$kind" "$BATS_TEST_TMPDIR/in"
		assert_equal "$kind ${stderr_lines[0]}" "$kind fl-import: $BATS_TEST_TMPDIR/in:${wanted//FILE/$BATS_TEST_TMPDIR/in}"
		fl-import "$kind" "$good" 2>/dev/null | diff - <(printf '%s\n' "$output") || fail "$kind $bad"
	done <<-'END'
	openai|{"custom_id":"x"}|1: not a record of OpenAI's API: it has no 'custom_id', 'messages' or 'choices'|openai-answers.jsonl
	openai|{"messages":x}|1: not a JSON value (byte 13)|openai-answers.jsonl
	openai|{"target":"a:b","kwargs":{}}|1: not a record of OpenAI's API: a recorded call: try fl-record-extract FILE|openai-answers.jsonl
	openai|3|1: not a record of OpenAI's API: it has no 'custom_id', 'messages' or 'choices'|openai-answers.jsonl
	claude-code|{"type":"x"}|1: not a line of a session of Claude Code: it has no 'type' with a 'message' or a 'sessionId'|claude-code-1.jsonl
	claude-code|{"resourceSpans":[]}|1: not a line of a session of Claude Code: OTLP traces: try fl-import otlp FILE|claude-code-1.jsonl
	langfuse|{"id":"x"}|1: not a trace or an observation of Langfuse: it has no 'id' with a 'timestamp', or with a 'traceId' and a 'startTime'|langfuse-observations.jsonl
	openai-agents|{"span_data":{}}|1: not a trace or a span of OpenAI's Agents SDK: it has no 'span_data' with an 'id' and a 'trace_id', and no 'workflow_name'|openai-agents-lines.jsonl
	promptfoo|{"vars":{}}|1: not a result of promptfoo: it has no 'prompt' and 'response', and no 'results'|promptfoo-lines.jsonl
	END
}

@test "a file that is cut off is read as far as it goes" {
	for size in 3000 5000; do
		head -c $size "$EXPORTS/promptfoo.json" >in
		run --separate-stderr -1 fl-import promptfoo in
		assert_regex "${stderr_lines[0]}" '^fl-import: in:[0-9]+: the document is cut off: '
		assert_equal "$(wc -l <<<"$output")" $(((size - 1000) / 2000))
	done
	head -c 700 "$EXPORTS/langfuse-observations.csv" >in
	run --separate-stderr -1 fl-import langfuse in
	assert_equal "$stderr" 'fl-import: in:3: the row is cut off: a quotation mark is missing'
	assert_equal "$(jq .observation_count <<<"$output")" 1
	head -c 9000 "$EXPORTS/claude-code.jsonl" >in
	run --separate-stderr -1 fl-import claude-code in
	assert_regex "${stderr_lines[0]}" '^fl-import: in:[0-9]+: the last line is cut off: '
	assert_equal "$(jq -r .input <<<"$output")" 'Fix the total.'
}

@test "batches with the same ids are kept apart" {
	in=$EXPORTS/openai-batch-output.jsonl
	sed 's/chatcmpl-/chatcmpl-b/; s/4}/5}/' "$in" >other
	fl-import openai "$in" other >out
	assert_equal "$(lines_of out)" 6
	# the same file twice is the same traces
	run --separate-stderr -0 fl-import openai "$in" "$in"
	assert_equal "${#lines[@]}" 4
	assert_regex "$stderr" '^fl-import: [0-9]+ spans skipped that had been read already$'
	# questions before answers, or after them
	for order in 'input output' 'output input'; do
		set -- $order
		fl-import openai "$EXPORTS/openai-batch-$1.jsonl" "$EXPORTS/openai-batch-$2.jsonl" |
			jq -c '[.input, .output]' | sort >"$1"
	done
	diff input output
	(($(lines_of input) == 5)) || fail "$(<input)"
}

@test "memory does not grow with the number of records" {
	python3 - <<-'PY'
	import json
	pad = "x" * 2000
	result = {"prompt": {"raw": pad, "label": "p"}, "vars": {"q": "hello"}, "provider": {"id": "p"},
	          "response": {"output": pad}, "success": True, "latencyMs": 5}
	with open("promptfoo", "w") as f:
	    f.write('{"evalId": "e",\n"results": {"version": 3, "results": [\n')
	    for i in range(12000):
	        f.write((",\n" if i else "") + json.dumps({**result, "id": str(i)}, indent=1))
	    f.write("]}}\n")
	with open("langfuse", "w") as f, open("table", "w") as t:
	    f.write('{"data": [')
	    t.write("id,traceId,type,startTime,input\n")
	    for i in range(12000):
	        o = {"id": "o%d" % i, "traceId": "t%d" % (i % 10), "type": "SPAN", "startTime": "2026-01-02T00:00:00Z", "input": pad}
	        f.write((",\n" if i else "") + json.dumps(o, indent=1))
	        t.write('o%d,t%d,SPAN,2026-01-02T00:00:00Z,"%s\n""x"""\n' % (i, i % 10, pad))
	    f.write("]}\n")
	with open("openai", "w") as f:
	    for i in range(12000):
	        f.write(json.dumps({"custom_id": str(i), "body": {"messages": [{"role": "user", "content": pad}]}}) + "\n")
	with open("claude-code", "w") as f:
	    for i in range(12000):
	        f.write(json.dumps({"type": "assistant", "uuid": str(i), "sessionId": "s", "message": {
	            "id": "m%d" % i, "role": "assistant", "content": [{"type": "tool_use", "id": "t%d" % i, "name": "n", "input": {"a": pad}}]}}) + "\n")
	PY
	for kind in promptfoo langfuse openai claude-code; do
		little 30000 fl-import "$kind" "$kind" 2>err >out
		assert_equal "$kind $(<err)" "$kind "
		assert [ "$(stat -c %s out)" -gt 20000000 ]
	done
	little 30000 fl-import langfuse table >out
	assert_equal "$(jq -s 'map(.observation_count) | add' out)" 12000
}
