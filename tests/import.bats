load test_helper
load filter_helper

TRACES=$DATA/otlp
REFERENCE=$DATA/reference/parse
ID=0b8e6f0c111142228333abcdefabcdef

setup_file()
{
	find_python
}

# span FIELDS [ATTRIBUTES]: prints a line with one span; ATTRIBUTES is a JSON
# object of AnyValues.
span()
{
	jq -nc "{resourceSpans: [{scopeSpans: [{spans: [{traceId: \"$ID\", spanId: \"00000000000000a1\", name: \"n\"} + {$1} +
		{attributes: (${2:-{\}} | to_entries)}]}]}]}"
}

# observations FILTER FILE: filters each observation of the traces by jq.
observations()
{
	jq -c ".observations[] | $1" "$2"
}

# --- exporters ----------------------------------------------------------------------

@test "files of different exporters become traces" {
	count=0
	for file in "$TRACES"/*.jsonl; do
		fl-import otlp "$file" >out 2>err
		assert_equal "$file $(<err)" "$file "
		fl-parse out >got
		diff "${file%.jsonl}.md" got
		count=$((count + 1))
	done
	((count == 6)) || fail "$count files"
}

@test "spans of several services and resources become one trace" {
	fl-import otlp "$TRACES/collector.jsonl" >out
	assert_jq '[.trace_id, .name, .input, .output, .success, .token_usage.total_tokens]' \
		'["5b8efff7-9803-8103-d269-b633813fc60c","shop-frontend","Where is my order 1042?","It is on its way.",true,160]
["7c0e5d2a-9b1f-4e3c-8a6d-5b4c3d2e1f00","shop-frontend",null,null,true,null]' out
	run -0 observations '[.id, .parent_observation_id, .type, .metadata.service_name, .metadata.span_kind]' out
	assert_output '["a1b2c3d4e5f60718","eee19b7ec3c1b175","generation","support-agent","client"]
["c0ffee0000000001","eee19b7ec3c1b175","tool","support-agent",null]
["eee19b7ec3c1b174",null,"span","shop-frontend","server"]
["eee19b7ec3c1b175","eee19b7ec3c1b174","agent","support-agent",null]
["1111111111111111",null,"span","shop-frontend","server"]'
	head -n 1 out >one
	run -0 observations '[.model, .prompt_tokens, .completion_tokens, .total_tokens]' one
	assert_line --index 0 '["gpt-4o-mini-2024-07-18",143,17,null]'
	assert_line --index 1 '[null,null,null,null]'
	# attributes without a field of their own are kept
	run -0 observations .metadata one
	assert_line --index 0 '{"attributes":{"gen_ai.provider.name":"openai","gen_ai.request.model":"gpt-4o-mini","gen_ai.request.temperature":0.2,"gen_ai.response.finish_reasons":["tool_calls"],"server.address":"api.openai.com","server.port":443},"service_name":"support-agent","scope_name":"opentelemetry.instrumentation.openai_v2","span_kind":"client"}'
	assert_line --index 2 --partial '"trace_state":"shop=1"'
	assert_line --index 3 --partial '"events":[{"name":"tool finished","time":"2025-10-09T08:53:20.656000+00:00","attributes":{"tool":"find_order","rows":1}}],"links":[{"trace_id":"7c0e5d2a9b1f4e3c8a6d5b4c3d2e1f00","span_id":"1111111111111111","attributes":{"why":"same session"}}]'
}

@test "OpenInference's kinds, flattened messages, parameters and metadata are read" {
	fl-import otlp "$TRACES/openinference.jsonl" >out
	assert_jq '[.name, .metadata]' '["faq",{"tenant":"acme","tags":["faq"],"service_name":"unknown_service"}]' out
	run -0 observations '[.type, .model, .llm_parameters, .prompt_tokens, .completion_tokens, .total_tokens, .metadata.attributes]' out
	assert_output '["agent",null,null,null,null,null,{"session.id":"s-1"}]
["span",null,null,null,null,null,{"openinference.span.kind":"RETRIEVER","retrieval.documents.0.document.content":"Forgot password is on the sign-in page.","retrieval.documents.0.document.score":0.93}]
["generation","gpt-4o",{"temperature":0.1,"max_tokens":null},229,21,250,{"llm.system":"openai"}]
["tool",null,null,null,null,null,{"tool.description":"Searches the FAQ"}]
["chain",null,null,null,null,null,null]
["evaluation",null,null,null,null,null,null]'
	# text that looks like JSON is text unless its MIME type says JSON
	run -0 observations '[.input, .output]' out
	assert_line --index 4 '["42",42]'
	assert_line --index 2 '[[{"role":"system","content":"You answer from the FAQ."},{"role":"user","contents":[{"text":"How do I reset my password?","type":"text"}]}],[{"role":"assistant","tool_calls":[{"function":{"arguments":"{\"q\": \"password\"}","name":"lookup"},"id":"call_9"}]}]]'
}

@test "the GenAI conventions' events, structured values and exceptions are read" {
	fl-import otlp "$TRACES/genai.jsonl" >out
	assert_jq '[.input, .output, .success, .error, .error_kind, .error_code]' \
		'["Weather in Paris?","Rainy, 14 °C.",true,null,null,null]
["Weather in Rome?",null,false,"no answer within 100 ms","error","TimeoutError"]' out
	run -0 observations '[.type, .error, .level, .metadata.error_type, .metadata.events]' out
	assert_output '["generation",null,null,null,null]
["tool",null,null,null,null]
["generation",null,null,null,null]
["generation",null,null,null,[{"name":"gen_ai.client.inference.operation.details","time":"2025-10-09T08:53:20.060000+00:00","attributes":{"gen_ai.request.seed":7}}]]
["agent","no answer within 100 ms","error","TimeoutError",null]
["tool","timed out","error","TimeoutError",[{"name":"exception","time":"2025-10-09T08:53:20.099000+00:00","attributes":{"exception.type":"TimeoutError","exception.message":"timed out","exception.stacktrace":"Traceback ..."}}]]'
}

@test "base64 ids, names of enums, underscores and numbers are read" {
	fl-import otlp "$TRACES/base64.jsonl" >out
	assert_jq '[.trace_id, .persona, .iteration, .run_id, .success, .error]' \
		'["6c713ce1-0a9b-d2e6-16af-da1e6d5630b0","novice",3,"00112233445566ff",false,"out of tea"]' out
	run -0 observations '[.id, .parent_observation_id, .prompt_tokens, .metadata.attributes, .metadata.span_kind]' out
	assert_output '["ca0193a5e5f45977",null,null,null,"server"]
["c1cc63d0584be825","ca0193a5e5f45977",7,{"ratio":0.25,"lost":null,"raw":"AAEC","list":[-5,true,null]},"client"]'
}

# --- spans of a trace ------------------------------------------------------------------------

@test "spans of a trace may come in any order, over many lines and files" {
	everything='[.trace_id, .input, .duration_ms, ([.observations[] | [.id, .name, .parent_observation_id]] | sort)]'
	fl-import otlp "$TRACES/scattered.jsonl" | jq -c "$everything" | sort >wanted
	(($(wc -c <wanted) > 400)) || fail "$(<wanted)"
	for order in '1 2 3 4 5 6' '6 5 4 3 2 1' '5 1 6 2 4 3' '4 6 2 5 3 1'; do
		for n in $order; do sed -n "${n}p" "$TRACES/scattered.jsonl"; done >in
		fl-import otlp in | jq -c "$everything" | sort | diff wanted -
		fl-import otlp <in | jq -c "$everything" | sort | diff wanted -
		split -l 1 in part.
		fl-import otlp part.* | jq -c "$everything" | sort | diff wanted -
		rm part.*
	done
	# all spans in one line
	jq -sc '{resourceSpans: [.[] | .resourceSpans[]?, select(.scopeSpans)]}' "$TRACES/scattered.jsonl" >in
	assert_equal "$(lines_of in)" 1
	fl-import otlp in | jq -c "$everything" | sort | diff wanted -
}

@test "--separate writes observations at once and rows at the end" {
	for file in "$TRACES"/*.jsonl; do
		fl-import otlp --separate "$file" >out
		assert_jq 'select(has("observations")) | 1' '' out
		# the order of rows is the same
		fl-parse out | diff "${file%.jsonl}.md" -
		fl-import otlp "$file" | fl-parse -f jsonl | diff - <(fl-parse -f jsonl out)
	done
	mkfifo in
	fl-import otlp -s in >out &
	exec 7>in
	for ((i = 0; i < 300; i++)); do cat "$TRACES/scattered.jsonl"; done >&7
	# observations are written before the input ends
	for ((i = 0; i < 1200; i++)); do
		[[ -s out ]] && break
		sleep 0.05
	done
	assert_equal "$(head -n 1 out | jq -r .name)" 'leaf of x'
	exec 7>&-
	wait $!
	assert_equal "$(tail -n 1 out | jq -r .input)" 'ask y'
}

@test "a trace without a root span gets its row from another span, with a warning" {
	sed -n '1p;3p' "$TRACES/scattered.jsonl" >in
	run --separate-stderr -0 fl-import otlp in
	assert_equal "$stderr" 'fl-import: 1 trace has no root span: another span stands for it'
	assert_equal "$(jq -c '[.input, .output, .duration_ms]' <<<"$output")" '["m","n",30]'
	run --separate-stderr -0 fl-import otlp <(tac in)
	assert_equal "$(jq -c '[.input, .output, .duration_ms]' <<<"$output")" '["m","n",30]'
}

@test "the input and output of a run come from its root or from spans below" {
	put() # ID PARENT START [KEY VALUE]...: a line with a span
	{
		jq -nc '{scopeSpans: [{spans: [{traceId: ("1" * 32), spanId: $ARGS.positional[0], parentSpanId: $ARGS.positional[1],
			startTimeUnixNano: $ARGS.positional[2], attributes: [$ARGS.positional[3:] |
			range(0; length; 2) as $i | {key: .[$i], value: {stringValue: .[$i + 1]}}]}]}]}' --args "$@"
	}
	root=00000000000000a1
	put 00000000000000a2 $root 2000 input.value late output.value later >late
	put 00000000000000a3 $root 1500 input.value early >early
	put 00000000000000a4 $root 1200 output.value only >only
	while IFS='|' read -r what wanted; do
		# shellcheck disable=SC2086 # these are words
		put $root '' 1000 $what >root
		for order in 'root late early only' 'only early late root' 'late root only early'; do
			# shellcheck disable=SC2086
			cat $order | fl-import otlp >out
			assert_equal "$what $order $(jq -c '[.input, .output]' out)" "$what $order $wanted"
		done
	done <<-'END'
	|["early","later"]
	input.value asked output.value told|["asked","told"]
	input.value asked|["asked","later"]
	output.value told|["early","told"]
	END
}

@test "the resource and scope may come after their spans" {
	jq -c '.resourceSpans |= map({scopeSpans: (.scopeSpans | map({spans, scope, schemaUrl: "x"})), resource})' \
		"$TRACES/collector.jsonl" >in
	fl-import otlp in >out
	fl-import otlp "$TRACES/collector.jsonl" | diff - out
}

@test "memory use does not grow with the number of spans" {
	awk -v id="$ID" 'BEGIN {
		pad = sprintf("%2000s", ""); gsub(/ /, "x", pad)
		for (i = 1; i <= 12000; i++)
			printf "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"%s\",\"spanId\":\"%016x\",\"name\":\"s%d\",\"attributes\":[{\"key\":\"input.value\",\"value\":{\"stringValue\":\"%s\"}}]}]}]}]}\n",
				substr(id, 1, 31) (i % 10), i, i, pad
	}' >in
	for option in '' -s -i; do
		# shellcheck disable=SC2086 # no word when empty
		little 24000 fl-import otlp $option in 2>err | grep -o '"name":"s[0-9]*"' | sort -u | wc -l >count
		assert_equal "$option $(<err)" "$option "
		[[ $option == -i ]] || assert_equal "$option $(<count)" "$option 12000"
	done
}

@test "a temporary file is made only for large inputs, and failures are reported" {
	TMPDIR=/nowhere fl-import otlp "$TRACES/genai.jsonl" | diff - <(fl-import otlp "$TRACES/genai.jsonl")
	# double the input until it is more than fl-import keeps in memory
	cp "$TRACES/genai.jsonl" in
	for ((i = 0; i < 11; i++)); do cat in in >twice && mv twice in; done
	run --separate-stderr -2 env TMPDIR=/nowhere "$BIN/fl-import" otlp in
	assert_output ''
	assert_equal "$stderr" 'fl-import: a temporary file in /nowhere: No such file or directory'
	mkdir tmp
	TMPDIR=tmp fl-import otlp in >out
	assert_equal "$(lines_of out)" 2
	assert_equal "$(jq -c '.observations | length' out | paste -sd ' ')" '8192 4096'
	assert_equal "$(ls -A tmp)" ''
}

# --- round trips ----------------------------------------------------------------------------

@test "traces that were written as OTLP are read back unchanged" {
	count=0
	for case in "$REFERENCE"/*/; do
		fl-parse -f otlp "$case" >out 2>err || true
		run --separate-stderr -0 fl-import otlp out
		assert_equal "$stderr" ''
		cat >back <<<"$output"
		run --separate-stderr -0 python3 "$ROOT/tests/otlp-roundtrip.py" "$case" back
		assert_equal "$case $output" "$case $(lines_of back) $(lines_of "$case/observations.jsonl")"
		count=$((count + 1))
	done
	((count >= 11)) || fail "only $count cases"
}

@test "all fields of fl-run's traces are read back, and render the same" {
	cat >setting.yaml <<-'END'
	name: my agent
	personas: [{name: novice}, {name: expert}]
	END
	printf '%s\n' '{"input":"one","metadata":{"note":{"a":[1]},"persona":"novice"}}' '{"input":{"x":2}}' >inputs
	cat >agent.py <<-'PY'
	import json, sys
	for line in sys.stdin:
	    m = json.loads(line)
	    def say(**d): print(json.dumps(dict(d, id=m["id"])), flush=True)
	    def see(**d): say(type="observation", observation=d)
	    see(id="root", type="agent", name="a", start_time="2025-10-04T14:09:02.000001+00:00", end_time="2025-10-04T14:09:03.999999+00:00", input=m["input"], output=[])
	    see(id="g", parent_observation_id="root", type="generation", name="g", model="m-1", llm_parameters={"temperature": 0.5}, prompt_tokens=5,
	        completion_tokens=6, total_tokens=11, start_time="2025-10-04T14:09:02.500000+00:00", end_time="2025-10-04T14:09:02.750000+00:00")
	    see(id="e", parent_observation_id="g", type="event", name="tick", start_time="2025-10-04T14:09:02.600000+00:00", level="debug")
	    see(id="t", parent_observation_id="root", type="tool", name="t", start_time="yesterday", error="no", level="error",
	        metadata={"error_type": "ValueError"}, status_message="unfinished")
	    see(id="v", type="evaluation", name="score", start_time="2025-10-04T14:09:09.000000+00:00", end_time="2025-10-04T14:09:08.000000+00:00", output=0.5)
	    if m["input"] == "one": say(type="final", output="done")
	    else: say(type="error", error="it broke", code="Broken")
	PY
	fl-run -c setting.yaml --command "python3 agent.py" inputs >traces || true
	assert_equal "$(lines_of traces)" 2
	fl-parse -f otlp traces | fl-import otlp >back
	run --separate-stderr -0 python3 "$ROOT/tests/otlp-roundtrip.py" traces back
	assert_output '2 10'
	assert_jq '[.run_id != null, .name, .persona, .success, .error, .error_kind, .token_usage.total_tokens, .observation_count, .metadata]' \
		'[true,"my agent","novice",true,null,null,11,5,{"note":{"a":[1]},"persona":"novice"}]
[true,"my agent",null,false,"it broke","error",11,5,null]' back
	diff <(fl-parse traces) <(fl-parse back)
}

@test "ids and times that OTLP cannot hold are restored" {
	for id in 0b8e6f0c-1111-4222-8333-abcdefabcdef 0B8E6F0C-1111-4222-8333-ABCDEFABCDEF "$ID" t '' 'é\n' \
		00000000-0000-0000-0000-000000000000; do
		printf '{"trace_id":"%s","success":true,"observations":[{"id":"x","type":"span","name":"n","start_time":"%s","end_time":%s}]}\n' \
			"${id//\\/\\\\}" '2025-10-04T14:09:02+00:00' '"2025-10-04T14:09:01+00:00"'
	done >in
	while read -r start end; do
		n=$((n + 1))
		printf '{"trace_id":"t%s","observations":[{"type":"span","start_time":%s,"end_time":%s}]}\n' "$n" "$start" "$end"
	done >>in <<-'END'
	"2025-10-04T14:09:02" "2025-10-04T14:09:03"
	"2025-10-04T14:09:02Z" null
	"2025-10-04T14:09:02Z" "soon"
	null "2025-10-04T14:09:02Z"
	null null
	"1969-12-31T23:59:59+00:00" "9999-12-31T23:59:59+00:00"
	END
	fl-parse -f otlp in >out
	fl-import otlp out >got
	assert_equal "$(jq .trace_id got)" "$(jq .trace_id in)"
	run --separate-stderr -0 python3 "$ROOT/tests/otlp-roundtrip.py" in got
	assert_output '13 13'
}

@test "traces without a row are restored without a row" {
	printf '{"trace_id":"%s","id":"a","type":"span","name":"n"}\n' t >in
	run --separate-stderr -0 fl-parse -f otlp in
	fl-import otlp -s >back <<<"$output"
	assert_jq 'keys - ["id","name","trace_id","type"]' '[]' back
}

# --- other stages ----------------------------------------------------------------------------

@test "imported traces are inputs for fl-run, and traces for fl-collect" {
	fl-import otlp "$TRACES/genai.jsonl" >traces
	fl-run --protocol lines --command cat traces >out
	assert_jq '[.input, .output, .success, has("error_code"), (.observations | length)]' \
		'["Weather in Paris?","Weather in Paris?",true,false,0]
["Weather in Rome?","Weather in Rome?",true,false,0]' out
	fl-collect exp traces >again || (($? == 1))
	cmp traces again
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 2
	grep '"success":false' traces | fl-parse >failed
	assert_equal "$(grep -c '^# Trace' failed)" 1
}

@test "--inputs writes the inputs, for fl-generate and fl-run" {
	cat "$TRACES"/{genai,collector,base64,scattered}.jsonl >in
	run --separate-stderr -0 fl-import otlp --inputs in
	cat >inputs <<<"$output"
	assert_equal "$stderr" 'fl-import: 1 trace without an input skipped'
	assert_equal "$(<inputs)" '{"input":"Weather in Paris?","metadata":{"service_name":"weather"}}
{"input":"Weather in Rome?","metadata":{"service_name":"weather"}}
{"input":"Where is my order 1042?","metadata":{"service_name":"shop-frontend"}}
{"input":"hello","metadata":{"service_name":"older","persona":"novice"}}
{"input":"ask x","metadata":{"service_name":"scattered"}}
{"input":"ask y","metadata":{"service_name":"scattered"}}'
	fl-run --protocol lines --command cat inputs >out
	assert_jq '[.input, .output, .persona]' '["Weather in Paris?","Weather in Paris?",null]
["Weather in Rome?","Weather in Rome?",null]
["Where is my order 1042?","Where is my order 1042?",null]
["hello","hello","novice"]
["ask x","ask x",null]
["ask y","ask y",null]' out
	fl-generate -s concise -s verbose --limit 6 inputs >generated
	assert_equal "$(lines_of generated)" 6
	# a trace of fl-run keeps the metadata that a replay needs
	printf '{"trace_id":"%s","input":"hi","persona":"p","success":true,"metadata":{"args_template":"use_recorded","template_kwargs":{"a":[1]}},"observations":[]}\n' t |
		fl-parse -f otlp | fl-import otlp -i >out
	assert_equal "$(<out)" '{"input":"hi","metadata":{"args_template":"use_recorded","template_kwargs":{"a":[1]},"persona":"p"}}'
}

# --- values -------------------------------------------------------------------------------------------

@test "ids may be hexadecimal or base64" {
	bytes=$(sed 's/../\\x&/g' <<<"$ID")
	base64=$(printf '%b' "$bytes" | base64)
	for id in "$ID" "${ID^^}" "$base64" "${base64//=/}" \
		0b8e6f0c-1111-4222-8333-abcdefabcdef; do
		span "traceId: \"$id\"" >in
		assert_equal "$id $(fl-import otlp in | jq -r .trace_id)" "$id 0b8e6f0c-1111-4222-8333-abcdefabcdef"
	done
	for id in 00000000000000A1 00000000000000a1 AAAAAAAAAKE= AAAAAAAAAKE; do
		span "spanId: \"$id\", parentSpanId: \"\"" >in
		assert_equal "$id $(fl-import otlp in | jq -c '.observations[0] | [.id, has("parent_observation_id")]')" \
			"$id [\"00000000000000a1\",false]"
		span "parentSpanId: \"$id\"" >in
		assert_equal "$id $(fl-import otlp in 2>err | jq -r '.observations[0].parent_observation_id')" "$id 00000000000000a1"
	done
	for id in 0000000000000000 AAAAAAAAAAA= ''; do
		span "parentSpanId: \"$id\"" >in
		assert_equal "$id $(fl-import otlp in | jq -c '.observations[0] | has("parent_observation_id")')" "$id false"
	done
	# ids of other forms are kept
	span 'spanId: "17", parentSpanId: "16"' >in
	assert_equal "$(fl-import otlp in 2>err | jq -c '.observations[0] | [.id, .parent_observation_id]')" '["17","16"]'
}

@test "times, kinds and states may be numbers, text or names" {
	while IFS='|' read -r fields wanted; do
		span "$fields" >in
		assert_equal "$fields $(fl-import otlp in | jq -c '[.start_time, .duration_ms, .success, .observations[0].metadata.span_kind]')" \
			"$fields $wanted"
	done <<-'END'
	startTimeUnixNano: "1759586942000001999", endTimeUnixNano: "1759586943000001999"|["2025-10-04T14:09:02.000001+00:00",1000,true,null]
	start_time_unix_nano: 1759586942000000000, end_time_unix_nano: 1759586942000500000|["2025-10-04T14:09:02.000000+00:00",0.5,true,null]
	startTimeUnixNano: "x", endTimeUnixNano: -1|[null,null,true,null]
	startTimeUnixNano: "0", endTimeUnixNano: "5"|[null,null,true,null]
	startTimeUnixNano: "99999999999999999999999"|[null,null,true,null]
	startTimeUnixNano: "1759586942000000000", endTimeUnixNano: "1759586941000000000"|["2025-10-04T14:09:02.000000+00:00",null,true,null]
	kind: 3, status: {code: 2}|[null,null,false,"client"]
	kind: "SPAN_KIND_PRODUCER", status: {code: "STATUS_CODE_ERROR"}|[null,null,false,"producer"]
	kind: "4", status: {code: "2"}|[null,null,false,"producer"]
	kind: 1, status: {code: 1, message: "fine"}|[null,null,true,null]
	kind: 99, status: {code: "nonsense"}|[null,null,true,null]
	kind: null, status: null|[null,null,true,null]
	END
}

@test "values of every type become JSON" {
	while IFS='|' read -r any wanted; do
		span '' "{x: $any}" >in
		assert_equal "$any $(fl-import otlp in | jq -c '.observations[0].metadata.attributes.x')" "$any $wanted"
	done <<-'END'
	{stringValue: "a\u0000b\n"}|"a\u0000b\n"
	{stringValue: "5"}|"5"
	{boolValue: false}|false
	{intValue: "-700"}|-700
	{intValue: 7}|7
	{intValue: "seven"}|"seven"
	{doubleValue: 0.5}|0.5
	{doubleValue: "1e3"}|1000
	{doubleValue: "NaN"}|null
	{doubleValue: "-Infinity"}|null
	{bytesValue: "AAEC"}|"AAEC"
	{}|null
	null|null
	{arrayValue: {}}|[]
	{arrayValue: {values: [{stringValue: "a"}, {arrayValue: {values: [{intValue: "1"}]}}, null, 5, "bare"]}}|["a",[1],null,5,"bare"]
	{kvlistValue: {values: [{key: "k", value: {kvlistValue: {values: []}}}, {key: 5}, 7, {key: "l"}]}}|{"k":{},"l":null}
	{unknownValue: 1}|null
	END
	# numbers keep their spelling
	span '' '{x: {intValue: "-9223372036854775808"}, y: {intValue: "100000000000000000001"}}' >in
	run --separate-stderr -0 fl-import otlp in
	assert_output --partial '{"x":-9223372036854775808,"y":100000000000000000001}'
}

@test "flattened messages are joined in the order of their numbers" {
	span '' '{"gen_ai.prompt.10.content": {stringValue: "c"}, "gen_ai.prompt.2.content": {stringValue: "b"},
		"gen_ai.prompt.0.role": {stringValue: "user"}, "gen_ai.prompt.0.content": {stringValue: "a"},
		"gen_ai.prompt.999999999999999999999.content": {stringValue: "d"}, "gen_ai.prompt.x": {stringValue: "no"},
		"gen_ai.prompt.2.tool_calls.1.name": {stringValue: "t1"}, "gen_ai.prompt.2.tool_calls.0.name": {stringValue: "t0"}}' >in
	fl-import otlp in >out
	run -0 observations '[.input, .metadata.attributes]' out
	assert_output '[[{"role":"user","content":"a"},{"content":"b","tool_calls":[{"name":"t0"},{"name":"t1"}]},{"content":"c"},{"content":"d"}],{"gen_ai.prompt.x":"no"}]'
	# keys that contradict each other are harmless and kept
	python3 - >in <<-'PY'
	import json
	keys = ["0", "0.a", "0.a.b", "0.a.0", "0.0", "0.a", "00.a", "0.", "0..", "0.b" + ".c" * 5000, "1.x.y", "1.x"]
	attributes = [{"key": "llm.input_messages." + k, "value": {"intValue": str(i)}} for i, k in enumerate(keys)]
	print(json.dumps({"scopeSpans": [{"spans": [{"traceId": "1" * 32, "name": "n", "attributes": attributes}]}]}))
	PY
	run --separate-stderr -0 fl-import otlp in
	assert_equal "$stderr" ''
	assert_equal "$(jq -c '[.observations[0].input | tostream | select(length > 1)] | length > 5' <<<"$output")" true
	for ((i = 0; i < 12; i++)); do
		grep -q "[:,[]$i[],}]" <<<"$output" || fail "$i is lost: $output"
	done
}

@test "deep values are kept up to the depth of records" {
	python3 - >in <<-'PY'
	import json
	def span(n, attributes):
	    print('{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%032x","name":"n","attributes":[%s]}]}]}]}' % (n, attributes))
	deep = '{"arrayValue":{"values":[' * 300 + '{"intValue":"1"}' + "]}}" * 300
	span(1, '{"key":"x","value":%s}' % deep)
	for depth in 900, 989, 991, 999, 5000:
	    text = json.dumps("[" * depth + "]" * depth)
	    span(depth, '{"key":"input.value","value":{"stringValue":%s}},{"key":"input.mime_type","value":{"stringValue":"application/json"}}' % text)
	PY
	fl-import otlp in >out
	assert_equal "$(lines_of out)" 6
	run --separate-stderr -0 fl-parse -f jsonl out
	assert_equal "$stderr" ''
	cat >parsed <<<"$output"
	run -0 python3 - <<-'PY'
	import json, sys
	sys.setrecursionlimit(20000)
	for line in open("parsed"):
	    print(type(json.loads(line)["input"]).__name__)
	PY
	assert_output $'NoneType\nlist\nlist\nstr\nstr\nstr'
}

@test "attributes named fluxloop.* are read from any root" {
	span 'endTimeUnixNano: "5"' '{"fluxloop.persona": {stringValue: "expert"}, "fluxloop.iteration": {intValue: "2"},
		"fluxloop.run_id": {stringValue: "r"}, "gen_ai.agent.name": {stringValue: "helper"},
		"gen_ai.usage.input_tokens": {intValue: "5"}, "gen_ai.operation.name": {stringValue: "chat"}}' >in
	fl-import otlp in >out
	assert_jq '[.persona, .iteration, .run_id, .name, .token_usage]' \
		'["expert",2,"r","helper",{"prompt_tokens":5,"completion_tokens":0,"total_tokens":5}]' out
}

# --- bad input ---------------------------------------------------------------------------------------

@test "lines without traces are reported and skipped" {
	{
		span ''
		printf '%s\n' '{"resourceMetrics":[]}' '{"input":"x"}' '{"resourceSpans":5}' nonsense '[]'
		span 'traceId: ""'
		span 'traceId: 5'
		printf '%s\n' '{"resourceSpans":[]}' '{"resourceSpans":[null,5,{"scopeSpans":[null,7,{"spans":[null,{}]}]},{"scopeSpans":{}}]}'
		span 'name: "last"' | sed "s/$ID/11111111111111111111111111111111/"
	} >in
	run --separate-stderr -1 fl-import otlp in
	assert_equal "$(jq -r '.observations[].name' <<<"$output" | paste -sd ' ')" 'n last'
	assert_equal "$stderr" "fl-import: in:2: not OTLP traces: it has no 'resourceSpans'
fl-import: in:3: not OTLP traces: it has no 'resourceSpans'
fl-import: in:4: not OTLP traces: it has no 'resourceSpans'
fl-import: in:5: not a JSON value (byte 1)
fl-import: in:6: expected an object, got an array
fl-import: in:7: 1 of its spans has no trace id
fl-import: in:8: 1 of its spans has no trace id
fl-import: in:10: 2 of its spans have no trace id"
}

@test "any value in any place is harmless" {
	python3 - >in <<-'PY'
	import json
	values = [None, True, 0, -1, 1.5, 1e300, "", "text", "\ud800", [], [None], {}, {"a": 1}, [[]], [{"key": "k"}], [{"key": "", "value": 5}]]
	span = {"traceId": "0b8e6f0c111142228333abcdefabcdef", "spanId": "00000000000000a1", "parentSpanId": "", "name": "n", "kind": 1,
	    "traceState": "", "startTimeUnixNano": "5", "endTimeUnixNano": "6", "status": {"code": 2, "message": "m"},
	    "attributes": [{"key": "x", "value": {"stringValue": "y"}}],
	    "events": [{"name": "gen_ai.user.message", "timeUnixNano": "5", "attributes": [{"key": "k", "value": {"intValue": "1"}}]},
	        {"name": "exception", "timeUnixNano": "5", "attributes": []}],
	    "links": [{"traceId": "1" * 32, "spanId": "2" * 16, "attributes": []}]}
	n = 0
	def put(s):
	    global n
	    n += 1
	    print(json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {}, "spans": [s]}]}]}))
	for field in span:
	    for value in values:
	        put(dict(span, traceId="%032x" % (n + 1), **{field: value} if field != "traceId" else {}))
	        put(dict(span, **{field: value}))
	for part in "status", "events", "links":
	    inner = span[part] if part == "status" else span[part][0]
	    for field in inner:
	        for value in values:
	            changed = dict(inner, **{field: value})
	            put(dict(span, traceId="%032x" % (n + 1), **{part: changed if part == "status" else [changed]}))
	names = ["openinference.span.kind", "gen_ai.operation.name", "input.value", "input.mime_type", "gen_ai.input.messages",
	    "gen_ai.prompt.0.content", "llm.model_name", "gen_ai.usage.input_tokens", "metadata", "llm.invocation_parameters", "error.type",
	    "gen_ai.agent.name"] + ["fluxloop." + f for f in ["record", "trace_id", "observation_id", "parent_observation_id", "type",
	    "name", "level", "start_time", "end_time", "iteration", "persona", "duration_ms", "observation_count", "token_usage", "conversation"]]
	for name in names:
	    for value in values:
	        for kind in "stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue":
	            for record in (None, "trace", "observation"):
	                more = [{"key": "fluxloop.record", "value": {"stringValue": record}}] if record else []
	                put(dict(span, traceId="%032x" % (n + 1), attributes=[{"key": name, "value": {kind: value}}] + more))
	for level in "resource", "scopeSpans":
	    for value in values:
	        print(json.dumps({"resourceSpans": [dict({"resource": {}, "scopeSpans": [{"spans": [span]}]}, **{level: value})]}))
	PY
	for option in '' -s -i; do
		# shellcheck disable=SC2086 # no word when empty
		run --separate-stderr -1 fl-import otlp $option in
		cat >out <<<"$output"
		refute grep -v '^fl-import: in:[0-9]*: 1 of its spans has no trace id$' <(grep -v -e 'lone surrogate' -e ' traces\? ' <<<"$stderr")
		[[ $option == -i ]] || (($(lines_of out) > 5000)) || fail "$option $(lines_of out)"
		python3 - <<-'PY'
		import json
		def strict(c): raise ValueError(c)
		for line in open("out", encoding="utf-8"):
		    json.loads(line, parse_constant=strict)
		PY
	done
	fl-import otlp in 2>err >out || true
	fl-parse -f jsonl out >parsed || (($? == 1))
	assert_equal "$(lines_of parsed)" "$(lines_of out)"
}

@test "a missing file is reported, and the others are read" {
	span '' >in
	run --separate-stderr -2 fl-import otlp missing in
	assert_equal "$stderr" 'fl-import: missing: No such file or directory'
	assert_equal "$(jq -r '.observations[0].name' <<<"$output")" n
}

@test "the kind of input is required" {
	run --separate-stderr -2 fl-import
	assert_equal "${stderr_lines[0]}" 'fl-import: missing kind of input: expected otlp'
	assert_regex "${stderr_lines[1]}" '^usage: fl-import '
	run --separate-stderr -2 fl-import jaeger file
	assert_equal "${stderr_lines[0]}" "fl-import: unknown kind 'jaeger': expected otlp"
	assert_regex "${stderr_lines[1]}" '^usage: fl-import '
	run --separate-stderr -0 fl-import --help
	assert_line --partial 'OpenTelemetry'
}

@test "--inputs and --separate exclude each other" {
	for options in '-i -s' '-s -i' '--separate --inputs'; do
		# shellcheck disable=SC2086 # words
		run -2 fl-import $options otlp /dev/null
		assert_output --partial 'exclude each other'
	done
	run -0 fl-import -i -i otlp /dev/null
}
