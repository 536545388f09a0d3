load test_helper
load filter_helper

REFERENCE=$DATA/reference/parse
# a UUID, and the trace that most tests make
ID=0b8e6f0c-1111-4222-8333-abcdefabcdef

setup_file()
{
	find_python
}

# check [--wrong-types] FILE: checks that it is OTLP JSON as specified.
check()
{
	python3 "$ROOT/tests/otlp-check.py" "$@"
}

# trace FIELDS [OBSERVATION...]: prints a whole trace.
trace()
{
	local fields=$1 list

	shift
	list=$(IFS=,; printf '%s' "$*")
	printf '{"trace_id":"%s","iteration":0,"persona":null,"input":"i","output":"o","duration_ms":1.5,"success":true%s,"observations":[%s]}\n' \
		"$ID" "${fields:+,$fields}" "$list"
}

# step FIELDS: prints an observation.
step()
{
	printf '{"id":"a","type":"tool","name":"n","start_time":"2025-10-04T14:09:02+00:00","end_time":"2025-10-04T14:09:03+00:00"%s}' \
		"${1:+,$1}"
}

# spans FILTER FILE: filters the spans by jq, with attributes as an object.
spans()
{
	jq -c "[.resourceSpans[].scopeSpans[].spans[] |
		.attributes |= (map({key, value: .value[]}) | from_entries)] | $1" "$2"
}

# --- the specification -----------------------------------------------------------------

@test "experiments of the original become OTLP as specified" {
	count=0
	for case in "$REFERENCE"/*/; do
		fl-parse -f otlp "$case" >out 2>err || true
		assert_equal "$(lines_of out)" "$(fl-parse -f jsonl "$case" 2>err | wc -l)"
		run --separate-stderr -0 check out
		assert_equal "$case $output" "$case $(($(lines_of out) + $(lines_of "$case/observations.jsonl")))"
		count=$((count + 1))
	done
	((count >= 11)) || fail "only $count cases"
}

@test "values of wrong types, circles of parents and broken text become valid OTLP" {
	python3 - >in <<-'PY'
	import json
	values = [None, True, False, 0, -1, 1.5, 1e300, 10**30, float("nan"), float("-inf"), "", "text", "\n# x\n\u0000", [],
	    [1], {}, {"a": {"b": [float("nan")]}}, "\ud800", "0" * 16, "0" * 32, "f" * 16, "00000000-0000-0000-0000-000000000000"]
	row = {"trace_id": "t", "iteration": 0, "persona": "p", "input": "i", "output": "o", "duration_ms": 1.5, "success": True,
	    "error": "e", "error_kind": "k", "observation_count": 1, "token_usage": {}, "conversation": [], "run_id": "r", "name": "n",
	    "start_time": "2025-10-04T14:09:02Z", "end_time": "2025-10-04T14:09:01Z", "metadata": {}, "conversation_state": 1}
	step = {"id": "o", "type": "tool", "name": "n", "start_time": "2025-10-04T14:09:02", "end_time": "2025-10-04T14:09:03+00:00",
	    "level": "DEFAULT", "input": 1, "output": 2, "error": None, "parent_observation_id": None, "metadata": {}, "model": "m",
	    "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "llm_parameters": {}, "status_message": "s"}
	n = 0
	for name, record in ("row", row), ("step", step):
	    for field in record:
	        for value in values:
	            n += 1
	            one = dict(row, trace_id="t%d" % n)
	            changed = dict(one if name == "row" else step, **{field: value})
	            if name == "row":
	                print(json.dumps(dict(changed, observations=[step, step])))
	            else:
	                print(json.dumps(dict(one, observations=[changed, step, changed, {}, 5])))
	# circles, parents that are not there, the same id often
	def o(i, p): return dict(step, id=i, parent_observation_id=p)
	for steps in [o("a", "b"), o("b", "a")], [o("a", "a")], [o("a", "gone")], [o("x", "x")] * 50, [o(None, "")] * 50:
	    n += 1
	    print(json.dumps(dict(row, trace_id="c%d" % n, observations=steps)))
	print('{"trace_id":"whole","observations":[null,1,"a",[],{}]}')
	PY
	# their rows do not count their observations
	run --separate-stderr -1 fl-parse -f otlp in
	cat >out <<<"$output"
	assert_equal "$(lines_of out)" "$(lines_of in)"
	run --separate-stderr -0 check --wrong-types out
	((output > 2000)) || fail "$output"
}

@test "the checker of these tests rejects invalid OTLP" {
	trace '"persona":"p"' "$(step '"input":{"a":1}')" "$(step '"id":"b","parent_observation_id":"a","error":"e"')" >in
	fl-parse -f otlp in >good
	run --separate-stderr -0 check good
	assert_output 3
	n=0
	while IFS=@ read -r filter message; do
		jq -c ".resourceSpans[0].scopeSpans[0] |= ($filter)" good >>bad
		messages[++n]=$message
	done <<-'END'
	.spans[1].traceId |= ascii_upcase@lower-case
	.spans[1].traceId = .spans[1].spanId + .spans[1].spanId@not one trace
	.spans[1].spanId = "abc"@not 8 bytes
	.spans[0].spanId = "0000000000000000"@zeros
	.spans[2].spanId = .spans[1].spanId@unique
	.spans[2].parentSpanId = "00000000000000aa"@not in the trace
	.spans[2].parentSpanId = ""@not 8 bytes
	.spans[1].parentSpanId = .spans[2].spanId@circle
	del(.spans[1].parentSpanId)@one root
	.spans[1].startTimeUnixNano |= tonumber@decimal
	.spans[1].endTimeUnixNano = "1"@ends before
	.spans[1].endTimeUnixNano = "99999999999999999999"@out of range
	del(.spans[1].endTimeUnixNano)@missing
	.spans[1].kind = "SPAN_KIND_CLIENT"@enum
	.spans[1].kind = 6@enum
	.spans[1].name = ""@without a name
	.spans[1].start_time = "1"@no field
	.spans[1].status = {"code": 1, "message": "m"}@for an error
	.spans[1].attributes[0].value = {}@one value
	.spans[1].attributes[0].value = {"intValue": 5}@decimal
	.spans[1].attributes += [.spans[1].attributes[0]]@twice
	.spans[1].attributes += [{"key": "x", "value": {"boolValue": true}}]@unknown attribute
	del(.spans[1].attributes[] | select(.key == "input.mime_type"))@without its type
	del(.spans[2].attributes[] | select(.key == "error.type"))@do not agree
	del(.schemaUrl)@missing
	END
	head -c 1000 good >>bad
	messages[++n]='cut off'
	run --separate-stderr -1 check bad
	assert_output 0
	for ((i = 1; i <= n; i++)); do
		assert_regex "${stderr_lines[i - 1]}" "^bad:$i[ .:].*${messages[i]}"
	done
	((n == 26)) || fail "$n"
}

# --- ids ---------------------------------------------------------------------------------------

@test "the trace id is the digits of a UUID, or a hash of any other id" {
	for id in "$ID" "${ID^^}" "${ID//-/}"; do
		trace '' | sed "s/$ID/$id/"
	done >in
	fl-parse -f otlp in >out
	check out
	assert_equal "$(spans '.[0].traceId' out | sort -u)" "\"${ID//-/}\""
	for id in t "${ID}0" "${ID/a/g}" "${ID/-/0}" "${ID/b/-}" 00000000-0000-0000-0000-000000000000 '' 'é\n'; do
		trace '' | sed "s/$ID/${id//\\/\\\\}/"
	done >in
	fl-parse -f otlp in >out
	check out
	fl-parse -f otlp in | cmp - out
	assert_equal "$(spans '.[0].traceId' out | sort -u | wc -l)" 8
}

@test "every span has a unique id, the same in each run" {
	trace '' "$(step)" "$(step)" "$(step '"id":null')" "$(step '"id":""')" "$(step '"id":7')" "$(step '"id":"7"')" \
		"$(step '"id":"00f067aa0ba902b7"')" "$(step '"id":"00f067aa0ba902b7"')" "$(step '"id":"0000000000000000"')" >in
	fl-parse -f otlp in >out
	check out
	fl-parse -f otlp in | cmp - out
	assert_equal "$(spans '[.[].spanId] | unique | length' out)" 10
	# the id of a span stays one
	assert_equal "$(spans '[.[] | select(.spanId == "00f067aa0ba902b7")] | length' out)" 1
	# the same observation has the same id in whatever company
	trace '' "$(step '"id":"x"')" "$(step '"id":"y"')" | fl-parse -f otlp >one
	trace '' "$(step '"id":"z"')" "$(step '"id":"y"')" | fl-parse -f otlp >two
	assert_equal "$(spans '.[2].spanId' one)" "$(spans '.[2].spanId' two)"
	# and on any machine
	run spans '[.[1:][] | .spanId]' <(trace '' "$(step '"id":"a"')" "$(step '"id":"a"')" | fl-parse -f otlp)
	assert_output '["750a1092a6495d96","90c572a21d088b62"]'
}

@test "spans are below their parents, or below the run if they have none" {
	trace '' "$(step '"id":"c","parent_observation_id":"b"')" "$(step '"id":"b","parent_observation_id":"a"')" \
		"$(step)" "$(step '"id":"d","parent_observation_id":"gone"')" | fl-parse -f otlp >out
	check out
	run spans '. as $all | [.[1:][] | . as $s | [.attributes["fluxloop.observation_id"],
		($all[] | select(.spanId == $s.parentSpanId) | .attributes["fluxloop.observation_id"])]] | sort' out
	assert_output '[["a",null],["b","a"],["c","b"],["d",null]]'
}

# --- times ---------------------------------------------------------------------------------------

@test "times are nanoseconds, and a span without a start begins with its parent" {
	while IFS='|' read -r start end from until; do
		n=$((n + 1))
		trace '' "{\"type\":\"span\",\"name\":\"n\",\"start_time\":$start,\"end_time\":$end}" |
			sed "s/$ID/t$n/" >>in
		echo "$from $until" >>wanted
	done <<-'END'
	"2025-10-04T14:09:02.000001+00:00"|"2025-10-04T14:09:03.5+00:00"|1759586942000001000|1759586943500000000
	"2025-10-04T14:09:02Z"|"2025-10-04T16:09:03+02:00"|1759586942000000000|1759586943000000000
	"2025-10-04T14:09:02"|"2025-10-04T14:09:03"|1759586942000000000|1759586943000000000
	"2025-10-04T14:09:02Z"|null|1759586942000000000|1759586942000000000
	"2025-10-04T14:09:02Z"|"soon"|1759586942000000000|1759586942000000000
	"2025-10-04T14:09:02Z"|"2025-10-04T14:09:01Z"|1759586942000000000|1759586942000000000
	"1970-01-01T00:00:00.000001Z"|"1970-01-01T00:00:01Z"|1000|1000000000
	"1969-12-31T23:59:59Z"|"1970-01-01T00:00:01Z"|0|1000000000
	"2554-07-21T23:34:33.709+00:00"|"9999-12-31T23:59:59Z"|18446744073709000000|18446744073709550000
	null|null|0|0
	"yesterday"|"2025-10-04T14:09:02Z"|0|1759586942000000000
	END
	fl-parse -f otlp in >out
	check out
	spans '.[1] | "\(.startTimeUnixNano) \(.endTimeUnixNano)"' out | tr -d '"' | diff wanted -
}

@test "the times of the run come from its row, or else from its steps and duration" {
	while IFS='|' read -r fields from until; do
		trace "$fields" "$(step)" | sed 's/"duration_ms":1.5,//' >>in
		echo "$from $until" >>wanted
	done <<-'END'
	"x":0|1759586942000000000|1759586943000000000
	"duration_ms":2500.25|1759586942000000000|1759586944500250000
	"duration_ms":0.5|1759586942000000000|1759586943000000000
	"start_time":"2025-10-04T14:09:01+00:00"|1759586941000000000|1759586943000000000
	"start_time":"2025-10-04T14:09:01+00:00","end_time":"2025-10-04T14:09:04+00:00","duration_ms":9999|1759586941000000000|1759586944000000000
	"start_time":"2025-10-04T14:09:09+00:00"|1759586949000000000|1759586949000000000
	"start_time":7,"end_time":[]|1759586942000000000|1759586943000000000
	END
	trace '' >>in
	echo '0 1500000' >>wanted
	fl-parse -f otlp in >out
	check out
	spans '.[0] | "\(.startTimeUnixNano) \(.endTimeUnixNano)"' out | tr -d '"' | diff wanted -
}

# --- attributes ----------------------------------------------------------------------------------

@test "each type of observation has its kind of span in both conventions" {
	while read -r type kind openinference operation name; do
		trace '' "$(step | sed "s/\"tool\"/\"$type\"/")" >>in
		echo "[\"$type\",$kind,\"n\",\"$openinference\",$operation,$name]" >>wanted
	done <<-'END'
	agent 1 AGENT "invoke_agent" "n",null
	tool 1 TOOL "execute_tool" null,"n"
	generation 3 LLM "chat" null,null
	span 1 CHAIN null null,null
	event 1 CHAIN null null,null
	chain 1 CHAIN null null,null
	evaluation 1 EVALUATOR null null,null
	unheard-of 1 CHAIN null null,null
	END
	fl-parse -f otlp in >out
	check out
	spans '.[1] | [.attributes["fluxloop.type"], .kind, .name, .attributes["openinference.span.kind",
		"gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.tool.name"]]' out | diff wanted -
}

@test "the run is the root span, named after its agent" {
	trace '"name":"my agent","run_id":"r1","token_usage":{"total_tokens":5},"metadata":{"k":[1]},"conversation":[{"role":"user"}]' |
		sed 's/"iteration":0,"persona":null/"iteration":3,"persona":"novice"/; s/"output":"o"/"output":{"a":[1.50,null]}/' >in
	fl-parse -f otlp in >out
	check out
	run -0 spans '.[0] | [.name, .kind, .parentSpanId, .status, .attributes]' out
	assert_output '["invoke_agent my agent",1,null,{"code":1},{"gen_ai.operation.name":"invoke_agent","gen_ai.agent.name":"my agent","agent.name":"my agent","gen_ai.conversation.id":"0b8e6f0c-1111-4222-8333-abcdefabcdef","openinference.span.kind":"AGENT","input.value":"i","input.mime_type":"text/plain","output.value":"{\"a\":[1.50,null]}","output.mime_type":"application/json","fluxloop.record":"trace","fluxloop.run_id":"r1","fluxloop.iteration":"3","fluxloop.persona":"novice","fluxloop.duration_ms":1.5,"fluxloop.token_usage":"{\"total_tokens\":5}","fluxloop.conversation":"[{\"role\":\"user\"}]","metadata":"{\"k\":[1]}"}]'
	assert_jq '.resourceSpans[0].resource.attributes | map([.key, .value.stringValue])' \
		'[["service.name","my agent"],["openinference.project.name","my agent"]]' out
	assert_jq '.resourceSpans[0].scopeSpans[0].scope.name' '"fluxloop"' out
}

@test "an error becomes status 2 with its message and type" {
	while IFS='|' read -r fields step run observation; do
		trace "$fields" "$(step "$step")" >>in
		printf '%s\n' "$run" "$observation" >>wanted
	done <<-'END'
	"success":false,"error":"late","error_kind":"timeout"|"error":"no","metadata":{"error_type":"E"}|[{"message":"late","code":2},"timeout"]|[{"message":"no","code":2},"E"]
	"success":false|"level":"error"|[{"code":2},"_OTHER"]|[{"code":2},"_OTHER"]
	"success":false|"level":"Error"|[{"code":2},"_OTHER"]|[{"code":2},"_OTHER"]
	"success":true,"error":"x"|"level":"warning","status_message":"odd"|[{"code":1},null]|[null,null]
	"success":null|"error":{"a":1}|[{"code":2},"_OTHER"]|[{"message":"{\"a\":1}","code":2},"_OTHER"]
	END
	fl-parse -f otlp in >out
	check out
	spans '.[] | [.status, .attributes["error.type"]]' out | diff wanted -
}

@test "models and tokens have the attributes of both conventions" {
	trace '' "$(step '"model":"m","prompt_tokens":10.0,"completion_tokens":5,"total_tokens":15,"llm_parameters":{"t":0.10}')" |
		fl-parse -f otlp >out
	check out
	run -0 spans '.[1].attributes | [.["gen_ai.request.model","llm.model_name","gen_ai.usage.input_tokens",
		"llm.token_count.prompt","gen_ai.usage.output_tokens","llm.token_count.completion","llm.token_count.total",
		"llm.invocation_parameters"]]' out
	assert_output '["m","m","10","10","5","5","15","{\"t\":0.10}"]'
}

@test "inputs are text if they are strings, or else JSON" {
	while IFS='|' read -r value text type; do
		trace '' "$(step "\"output\":$value")" >>in
		echo "[$text,\"$type\"]" >>wanted
	done <<-'END'
	"text"|"text"|text/plain
	""|""|text/plain
	"{\"a\":1}"|"{\"a\":1}"|text/plain
	{"a": 1.0}|"{\"a\":1.0}"|application/json
	5|"5"|application/json
	null|"null"|application/json
	[NaN, "\ud800"]|"[null,\"\\ufffd\"]"|application/json
	END
	fl-parse -f otlp in >out
	check out
	spans '.[1].attributes | [.["output.value","output.mime_type"]]' out | diff wanted -
	trace '' "$(step)" | fl-parse -f otlp >out
	assert_equal "$(spans '.[1].attributes | has("output.value")' out)" false
}

@test "all traces go into one file" {
	{ trace ''; trace '' | sed 's/0b8e/0b8f/'; } >in
	fl-parse -f otlp -o out in
	assert_equal "$(ls --ignore="index.*" out)" traces.otlp.jsonl
	fl-parse -f otlp in | cmp - out/traces.otlp.jsonl
	check out/traces.otlp.jsonl
}
