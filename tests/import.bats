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
	# other ids each time: a span that is there twice counts once
	for ((i = 100; i < 400; i++)); do
		sed "s/\"traceId\":\"\(.\{28\}\).../\"traceId\":\"\1$i/" "$TRACES/scattered.jsonl"
	done >&7
	# observations are written before the input ends
	wait_until test -s out
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
	# more spans than fl-import keeps in memory
	awk '{ line[NR] = $0 }
		END {
			for (i = 0; i < 2048; i++)
				for (n = 1; n <= NR; n++) {
					text = line[n]
					gsub(/panId":"00000000/, sprintf("panId\":\"%08x", i + 1), text)
					print text
				}
		}' "$TRACES/genai.jsonl" >in
	run --separate-stderr -2 env TMPDIR=/nowhere "$BIN/fl-import" otlp in
	assert_output ''
	assert_equal "$stderr" 'fl-import: a temporary file in /nowhere: No such file or directory'
	mkdir tmp
	TMPDIR=tmp fl-import otlp in >out
	assert_equal "$(lines_of out)" 2
	assert_equal "$(jq -c '.observations | length' out | paste -sd ' ')" '8192 4096'
	assert_equal "$(ls -A tmp)" ''
}

# --- layouts and shapes -----------------------------------------------------------------

# summary FILE...: what is known of the traces in files of spans.
summary()
{
	fl-import otlp "$@" | jq -c '[.trace_id, .name, .input, .output, .token_usage, .duration_ms, .success, .observation_count,
		[.observations[] | [.id, .parent_observation_id, .type, .name, .metadata.scope_name]]]'
}

@test "a document may be laid out in any way" {
	cd "$TRACES"
	summary collector.jsonl genai.jsonl >"$BATS_TEST_TMPDIR/wanted"
	cd "$BATS_TEST_TMPDIR"
	(($(lines_of wanted) == 4)) || fail "$(<wanted)"
	cat "$TRACES"/{collector,genai}.jsonl >lines
	for layout in 'jq .' 'jq --tab .' 'jq --indent 1 .' 'jq -c .' 'jq -s .' 'jq -cs .' 'jq -s [[.]]' \
		'jq {trace:.}' 'jq -c {result:.}' 'jq {result:{trace:.}}' 'jq {batches:.resourceSpans}' 'jq {data:[.]}' 'jq .resourceSpans[]' \
		'jq -c .resourceSpans' 'jq {requests:[{time:1,body:.}]}' "sed s/$/,/" "sed s/$/\\r/" "sed s/^/\\x1e/"; do
		$layout lines >in
		summary in >got 2>err
		diff wanted got || fail "$layout"
		assert_equal "$layout $(<err)" "$layout "
	done
	# each line of a document at the beginning of the line
	python3 -c 'import json; [print(json.dumps(json.loads(l), indent=0)) for l in open("lines")]' >in
	summary in | diff wanted -
	tr -d '\n' <lines | summary | diff wanted -
	# lines of different layout, and in pieces
	{ head -n 1 lines | jq .; tail -n +2 lines; } >in
	summary in | diff wanted -
	{ head -c 3000 in; sleep 0.1; tail -c +3001 in; } | summary | diff wanted -
}

@test "bare spans, scopes and resources are read" {
	jq -c '.resourceSpans[].scopeSpans[].spans[]' "$TRACES/genai.jsonl" >spans
	fl-import otlp "$TRACES/genai.jsonl" | jq -c 'del(.name, .metadata, .observations[].metadata)' >wanted
	for layout in 'jq .' 'jq -c .' 'jq -s .' 'jq -s {spans:.}' 'jq -s {data:.}' 'jq -s {scopeSpans:[{spans:.}]}' \
		'jq -s {resourceSpans:[{scopeSpans:[{spans:.}]}]}'; do
		$layout spans | fl-import otlp 2>err | jq -c 'del(.name, .metadata, .observations[].metadata)' | diff wanted - || fail "$layout"
		assert_equal "$(<err)" ''
	done
}

@test "keys with underscores, and the heads after their lists, are read in a stream" {
	summary "$TRACES/collector.jsonl" >wanted
	jq 'walk(if type == "object" then with_entries(.key |= gsub("(?<c>[A-Z])"; "_" + (.c | ascii_downcase))) else . end)' \
		"$TRACES/collector.jsonl" >in
	grep -q start_time_unix_nano in
	summary in | diff wanted -
	jq '.resourceSpans |= map({scopeSpans: (.scopeSpans | map({spans, scope})), resource})' "$TRACES/collector.jsonl" >in
	summary in | diff wanted -
	jq '.resourceSpans |= map({resource, instrumentationLibrarySpans: (.scopeSpans | map({spans, instrumentationLibrary: .scope}))})' \
		"$TRACES/collector.jsonl" >in
	summary in | diff wanted -
}

@test "attributes may be an object" {
	span '' '{"input.value": {stringValue: "hi"}, "llm.token_count.prompt": {intValue: "3"}, "openinference.span.kind": {stringValue: "LLM"},
		x: {kvlistValue: {values: [{key: "a", value: {arrayValue: {values: [{intValue: 1}, {stringValue: "b"}]}}}]}}}' >array
	jq -c '.resourceSpans[].scopeSpans[].spans[].attributes = {"input.value": "hi", "llm.token_count.prompt": 3,
		"openinference.span.kind": "LLM", x: {a: [1, "b"]}}' array >object
	fl-import otlp array >wanted
	assert_jq '[.input, .token_usage.prompt_tokens, .observations[0].metadata.attributes.x]' '["hi",3,{"a":[1,"b"]}]' wanted
	fl-import otlp object | diff wanted -
	# of a resource, an event and a link, too
	jq -nc --arg id "$ID" '{resourceSpans: [{resource: {attributes: {"service.name": "svc"}}, scopeSpans: [{spans: [{traceId: $id, spanId: "a", name: "n",
		attributes: {}, events: [{name: "e", attributes: {k: "v"}}], links: [{traceId: ("1" * 32), spanId: "b", attributes: {l: 1}}]}]}]}]}' >in
	fl-import otlp in >out
	assert_jq '[.name, (.observations[0].metadata | .events, .links)]' \
		'["svc",[{"name":"e","attributes":{"k":"v"}}],[{"trace_id":"11111111111111111111111111111111","span_id":"b","attributes":{"l":1}}]]' out
}

@test "what the SDKs print to the console is read, among other lines" {
	fl-import otlp "$TRACES/shapes/python-console.txt" >out 2>err || (($? == 1))
	assert_jq '[.trace_id, .name, .input, .output, .success, .error, .duration_ms, .observation_count, .token_usage.total_tokens]' \
		'["0b8e6f0c-1111-4222-8333-abcdefabcdef","parcel-desk","Where is parcel P-20?","It arrives on Monday.",false,"no answer",1250,2,45]' out
	run -0 observations '[.id, .parent_observation_id, .type, .metadata.span_kind, .metadata.events, .metadata.links]' out
	assert_output '["00000000000000a2","00000000000000a1","generation","client",[{"name":"retry","time":"2026-03-01T20:47:19.000000+00:00","attributes":{"n":1}}],[{"trace_id":"11111111111111111111111111111111","span_id":"2222222222222222"}]]
["00000000000000a1",null,"agent",null,null,null]'
	assert_equal "$(<err)" "fl-import: $TRACES/shapes/python-console.txt:1: not a JSON value (byte 1)
fl-import: $TRACES/shapes/python-console.txt:57: not a JSON value (byte 1)"
	fl-import otlp "$TRACES/shapes/node-console.json" >out
	assert_jq '[.trace_id, .name, .input, .success, .error, .duration_ms, .start_time]' \
		'["0b8e6f0c-1111-4222-8333-abcdefabcdef","parcel-desk","Where?",false,"bad",1.5,"2026-03-01T20:47:18.712018+00:00"]' out
	run -0 observations '[.id, .metadata.span_kind, .metadata.scope_name, .metadata.events]' out
	assert_output '["00000000000000a1","client","ai",[{"name":"e","time":"2026-03-01T20:47:18.712018+00:00","attributes":{"a":1}}]]'
}

@test "the body of an event in another shape than OTLP's is kept" {
	printf '{"trace_id":"%s","span_id":"00000000000000a1","name":"n","start_time":1700000000000000000,"attributes":{},"span_events":[{"event_name":"e","timestamp":1700000000000000000,"body":%s}]}\n' \
		"$ID" '{"input":{"messages":[{"role":"user","content":"Where?"}]},"output":{"messages":[{"role":"assistant","content":"Here."}]}}' >in
	fl-import otlp in >out
	assert_jq '[.input, .output]' '["Where?","Here."]' out
	sed 's/"body":.*/"body":"text"}]}/' in | fl-import otlp >out
	assert_jq '.observations[0].metadata.events[0].attributes' '{"body":"text"}' out
}

@test "the JSON of Jaeger, Zipkin, ClickHouse and Phoenix is read" {
	fl-import otlp "$TRACES/shapes/jaeger.json" >out
	assert_jq '[.trace_id, .name, .input, .success, .error, .duration_ms, .observation_count]' \
		'["abcdef0123456789","parcel-desk","Where?",false,"bad",2,2]' out
	run -0 observations '[.id, .parent_observation_id, .name, .metadata.span_kind, .metadata.events]' out
	assert_output '["1111111111111111",null,"op","client",[{"name":"exception","time":"2026-03-01T20:47:18.712018+00:00","attributes":{"event":"exception","exception.message":"bad"}}]]
["2222222222222222","1111111111111111","op2",null,null]'
	for shape in zipkin clickhouse phoenix; do
		fl-import otlp "$TRACES/shapes/$shape.json" >out
		assert_equal "$shape $(jq -c '[.input, .success, .error, .duration_ms, .start_time, .observations[0].id]' out)" \
			"$shape [\"Where?\",false,\"bad\",1.5,\"2026-03-01T20:47:18.712018+00:00\",\"1111111111111111\"]"
	done
	# OpenTelemetry's exporter for Zipkin has the status, too
	while IFS='|' read -r tags wanted; do
		jq -c --argjson tags "$tags" '.[0].tags = $tags' "$TRACES/shapes/zipkin.json" >in
		assert_equal "$tags $(fl-import otlp in | jq -c '[.success, .error]')" "$tags $wanted"
	done <<-'END'
	{"otel.status_code":"ERROR","error":"bad"}|[false,"bad"]
	{"otel.status_code":"ERROR","error":"true","otel.status_description":"bad"}|[false,"bad"]
	{"otel.status_code":"ERROR","error":"bad","otel.status_description":"worse"}|[false,"worse"]
	{"otel.status_code":"OK"}|[true,null]
	{"error":"false"}|[true,null]
	{"error":"true"}|[false,"failed, without a message"]
	END
}

@test "gzip and UTF-16 are read, and other compression is named" {
	summary "$TRACES/collector.jsonl" >wanted
	gzip -c "$TRACES/collector.jsonl" >in.gz
	summary in.gz | diff wanted -
	summary <in.gz | diff wanted -
	# several members, as an exporter that appends writes them; padding
	for ((i = 1; i <= $(lines_of "$TRACES/collector.jsonl"); i++)); do sed -n "${i}p" "$TRACES/collector.jsonl" | gzip; done >in
	head -c 512 /dev/zero >>in
	summary in | diff wanted -
	# é is two bytes, the parcel four, in UTF-16
	span 'name: "é 📦"' >plain
	for form in UTF-16LE:'\xff\xfe' UTF-16BE:'\xfe\xff'; do
		# shellcheck disable=SC2059 # printf makes the bytes
		{ printf "${form#*:}"; iconv -f UTF-8 -t "${form%%:*}" plain; } >in
		fl-import otlp in 2>err | diff <(fl-import otlp plain) -
		assert_equal "$(<err)" 'fl-import: in: UTF-16: convert it first, such as by iconv -f UTF-16 -t UTF-8'
	done
	printf '\x28\xb5\x2f\xfdx' >in.zst
	run --separate-stderr -1 fl-import otlp in.zst plain
	assert_equal "$stderr" 'fl-import: in.zst: compressed with zstd: try zstd -dc in.zst | fl-import otlp'
	assert_equal "$(jq -r '.observations[0].name' <<<"$output")" 'é 📦'
	# what was there before the end of a file that is cut off or damaged
	for ((i = 10; i < 50; i++)); do span "spanId: \"$((i * i * 7919123))\", name: \"$((i * 104729))\""; done >many
	gzip many
	head -c $(($(wc -c <many.gz) * 2 / 3)) many.gz >cut.gz
	run --separate-stderr -1 fl-import otlp cut.gz
	assert_equal "${stderr_lines[-1]}" 'fl-import: cut.gz: the gzip data is cut off'
	(($(jq .observation_count <<<"$output") > 3)) || fail "$output"
}

@test "a span that is there twice counts once, also in another file" {
	cat "$TRACES/genai.jsonl" >in
	fl-import otlp in >wanted
	for files in 'in in' 'in in in'; do
		# shellcheck disable=SC2086 # words
		fl-import otlp $files >out 2>err
		diff wanted out
		assert_regex "$(<err)" '^fl-import: [0-9]* spans skipped that had been read already$'
	done
	# its ids may be spelled otherwise
	span 'spanId: "00000000000000A1"' >one
	span 'spanId: "AAAAAAAAAKE="' >two
	span 'spanId: "0x00000000000000a1"' >three
	assert_equal "$(fl-import otlp one two three 2>err | jq .observation_count)" 1
	assert_equal "$(<err)" 'fl-import: 2 spans skipped that had been read already'
	# spans without an id are different ones
	span 'spanId: ""' >one
	assert_equal "$(fl-import otlp one one | jq .observation_count)" 2
}

@test "a span that had not ended is replaced when it is there again" {
	more='"gen_ai.operation.name": {stringValue: "chat"}, "gen_ai.usage.input_tokens"'
	span 'startTimeUnixNano: "1759586942000000000"' "{$more: {intValue: \"2\"}}" >begun
	span 'startTimeUnixNano: "1759586942000000000", endTimeUnixNano: "1759586943000000000"' \
		"{\"gen_ai.prompt\": {stringValue: \"q\"}, $more: {intValue: \"5\"}}" >ended
	for order in 'begun ended' 'ended begun' 'begun begun ended ended'; do
		# shellcheck disable=SC2086 # words
		assert_equal "$order $(cat $order | fl-import otlp 2>err | jq -c '[.input, .duration_ms, .token_usage.total_tokens, .observation_count,
			.observations[].prompt_tokens]')" "$order [\"q\",1000,5,1,5]"
		# shellcheck disable=SC2086
		cat $order | fl-import -s otlp 2>err >out
		assert_equal "$(head -n 1 out | jq -c '[.input, .prompt_tokens]') $(lines_of out)" '["q",5] 2'
		# shellcheck disable=SC2086
		assert_equal "$(cat $order | fl-import -i otlp 2>err | jq -r .input)" q
	done
}

@test "log records join their spans, before and after them" {
	cd "$TRACES/shapes"
	for files in 'spans.jsonl logs.jsonl' 'logs.jsonl spans.jsonl'; do
		for option in '' -s -i; do
			# shellcheck disable=SC2086 # words
			fl-import $option otlp $files >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
			assert_equal "$files $option $(tail -n 1 "$BATS_TEST_TMPDIR/out" | jq -r .input)" "$files $option Where is parcel P-20?"
			assert_equal "$(<"$BATS_TEST_TMPDIR/err")" 'fl-import: 2 log records of no span skipped'
		done
		# shellcheck disable=SC2086
		run --separate-stderr -0 fl-import otlp $files
		assert_equal "$files $(jq -c '[.output, .observation_count, .token_usage.total_tokens]' <<<"$output")" "$files [\"It arrives on Monday.\",2,17]"
		assert_equal "$(jq -c '.observations[] | [.name, .input, .output]' <<<"$output" | sort)" '["chat m",[{"role":"user","content":"Where is parcel P-20?"}],[{"role":"assistant","index":0,"finish_reason":"stop","message":{"role":"assistant","content":"It arrives on Monday."}}]]
["invoke_agent parcel",null,null]'
	done
	# other records are events of the span
	run -0 observations .metadata.events <(fl-import otlp logs.jsonl spans.jsonl 2>/dev/null)
	assert_line --index 1 '[{"name":"log","time":"2026-09-07T15:43:11.003811+00:00","attributes":{"code.lineno":7,"body":"asking"}}]'
}

@test "log records that come too late are counted" {
	span 'startTimeUnixNano: "5", endTimeUnixNano: "6"' >spans
	jq -nc "{resourceLogs: [{scopeLogs: [{logRecords: [{traceId: \"$ID\", spanId: \"00000000000000a1\", body: {stringValue: \"x\"}}]}]}]}" >logs
	run --separate-stderr -0 fl-import otlp spans logs
	assert_equal "$stderr" 'fl-import: 1 log record skipped: its spans were read before; name files with log records first'
	run --separate-stderr -0 fl-import otlp logs spans
	assert_equal "$stderr" ''
	assert_equal "$(jq -c '.observations[0].metadata.events' <<<"$output")" '[{"name":"log","attributes":{"body":"x"}}]'
	run --separate-stderr -0 fl-import otlp logs
	assert_equal "$stderr" 'fl-import: 1 log record of no span skipped'
}

@test "ids of any form are kept" {
	while read -r id wanted; do
		span "traceId: \"$id\"" >in
		assert_equal "$id $(fl-import otlp in | jq -r .trace_id)" "$id $wanted"
	done <<-END
	trace-1 trace-1
	abc123 abc123
	0x$ID 0b8e6f0c-1111-4222-8333-abcdefabcdef
	0X${ID^^} 0b8e6f0c-1111-4222-8333-abcdefabcdef
	0x12 0x12
	5b8efff798038103 5b8efff798038103
	END
	for id in 0x00000000000000a1 00000000000000a1; do
		span "spanId: \"$id\", parentSpanId: \"0x0000000000000000\"" >in
		assert_equal "$(fl-import otlp in | jq -c '.observations[0] | [.id, has("parent_observation_id")]')" '["00000000000000a1",false]'
	done
	for id in 00000000000000000000000000000000 0x00000000000000000000000000000000 00000000-0000-0000-0000-000000000000; do
		span "traceId: \"$id\"" >in
		run --separate-stderr -1 fl-import otlp in
		assert_equal "$stderr" 'fl-import: in:1: 1 of its spans has no trace id'
	done
}

@test "the spans of a bad document are kept, and the place of each fault is named" {
	for n in 1 2 3; do span "spanId: \"000000000000000$n\", name: \"s$n\""; done | jq -s '{resourceSpans: [{scopeSpans: [{spans: [.[].resourceSpans[].scopeSpans[].spans[]]}]}]}' >whole
	fails() # WANTED NAMES: reads the file `in`
	{
		run --separate-stderr -1 fl-import otlp in
		assert_equal "$1|$stderr" "$1|fl-import: in:$2"
		assert_equal "$1|$(jq -r '.observations[].name' <<<"$output" | paste -sd ' ')" "$1|$3"
	}
	sed 's/"s2"/"\\x"/' whole >in && fails escape '16: not an escape (byte 24)' 's1 s3'
	sed 's/"s2"/"\xff"/' whole >in && fails UTF-8 '16: not UTF-8 (byte 24)' 's1 s3'
	sed 's/"s2"/tru/' whole >in && fails word '16: not a JSON value (byte 23)' 's1 s3'
	sed 's/"s2",/"s2"/' whole >in && fails comma "17: a comma or '}' is missing (byte 15)" 's1 s3'
	# on one line, too
	jq -c . whole | sed 's/"s2"/"\\x"/' >in && fails line '1: not an escape (byte 229)' 's1 s3'
	head -n 17 whole >in && fails cut "18: the document is cut off: the object is not closed (byte 1)" s1
	# with the heads in front as well
	sed 's/"scopeSpans"/"resource": {}, &/; s/"spans"/"scope": {}, &/' whole >headed
	for file in whole headed; do
		sed 's/"s2"/"\\x"/' $file >in && fails $file '16: not an escape (byte 24)' 's1 s3'
	done
	# the next document is read
	{ head -n 17 whole; cat whole; } >in
	run --separate-stderr -1 fl-import otlp in
	assert_equal "$(jq -r '.observations[].name' <<<"$output" | paste -sd ' ')" 's1 s2 s3'
	{ jq -c . whole | head -c 150; echo; jq -c . whole | sed 's/s1/t1/; s/0001/0004/'; } >in
	run --separate-stderr -1 fl-import otlp in
	assert_equal "$stderr" "fl-import: in:1: the string is not closed (byte 151)"
	assert_equal "$(jq -r '.observations[].name' <<<"$output" | paste -sd ' ')" 's1 t1 s2 s3'
}

@test "times that cannot be, ids of zeros, rings and encodings do not harm good spans" {
	# a text before and after each of these is read, whatever is between
	while IFS='|' read -r bad status wanted message; do
		{
			span 'spanId: "00000000000000b1", name: "before"'
			printf '%b\n' "${bad//ID/$ID}"
			span 'spanId: "00000000000000b2", name: "after"'
		} >in
		run --separate-stderr -"$status" fl-import otlp in
		assert_equal "$bad $stderr" "$bad $message"
		assert_equal "$bad $(jq -sc '[.[].observations[].name] | sort' <<<"$output")" "$bad $wanted"
	done <<-'END'
	{"traceId":"ID","spanId":"00000000000000c1","name":"zero","startTimeUnixNano":"0","endTimeUnixNano":0}|0|["after","before","zero"]|
	{"traceId":"ID","spanId":"00000000000000c1","name":"late","startTimeUnixNano":"16725225600000000000","endTimeUnixNano":"16725225600000000001"}|0|["after","before","late"]|
	{"traceId":"ID","spanId":"00000000000000c1","name":"huge","startTimeUnixNano":"99999999999999999999999","endTimeUnixNano":-5}|0|["after","before","huge"]|
	{"traceId":"ID","spanId":"00000000000000c1","name":"back","startTimeUnixNano":"2000","endTimeUnixNano":"1000"}|0|["after","back","before"]|
	{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000000","spanId":"00000000000000c1","name":"none"}]}]}|1|["after","before"]|fl-import: in:2: 1 of its spans has no trace id
	{"traceId":"ID","spanId":"0000000000000000","parentSpanId":"0000000000000000","name":"nameless","startTimeUnixNano":"5"}|0|["after","before","nameless"]|
	{"scopeSpans":[{"spans":[{"traceId":"ID","spanId":"0000000000000001","parentSpanId":"0000000000000002","name":"a"},{"traceId":"ID","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"b"}]}]}|0|["a","after","b","before"]|
	{"traceId":"ID","spanId":"0000000000000001","parentSpanId":"0000000000000001","name":"own"}|0|["after","before","own"]|
	{"traceId":"ID","spanId":"00000000000000c1","name":"latin \xe9"}|1|["after","before"]|fl-import: in:2: not UTF-8 (byte 89)
	\xff\xfe{\0"\0}\0|1|["after","before"]|fl-import: in:2: not a JSON value (byte 1)
	END
}

@test "a value of 40 MB is read" {
	python3 - "$ID" <<-'PY' >in
	import sys
	print('{"resourceSpans": [{"scopeSpans": [{"spans": [')
	for i, size in enumerate((10, 40000000, 10)):
	    print('%s{"traceId": "%s", "spanId": "%016x", "name": "s%d", "attributes": [{"key": "input.value", "value":'
	          ' {"stringValue": "%s"}}]}' % ("," if i else "", sys.argv[1], i + 1, i, "x" * size))
	print("]}]}]}")
	PY
	fl-import otlp in >out
	assert_equal "$(jq -c '[.observations[].input | length]' out)" '[10,40000000,10]'
}

@test "a resource that comes after very many of its spans is reported" {
	awk -v id="$ID" 'BEGIN {
		pad = sprintf("%2000s", ""); gsub(/ /, "x", pad)
		print "{\"scopeSpans\": [{\"spans\": ["
		for (i = 1; i <= 9000; i++)
			printf "{\"traceId\": \"%s\", \"spanId\": \"%016x\", \"endTimeUnixNano\": 5, \"traceState\": \"%s\"}%s\n", id, i, pad, i < 9000 ? "," : ""
		print "]}],\n\"resource\": {\"attributes\": {\"service.name\": \"svc\"}}}"
	}' >in
	run --separate-stderr -1 fl-import otlp in
	assert_equal "$stderr" 'fl-import: in:1: the resource or scope comes too late for the spans before it'
	assert_equal "$(jq -c '[.name, .observation_count]' <<<"$output")" '[null,9000]'
	# few enough wait for it
	sed 2,5000d in >few
	run --separate-stderr -0 fl-import otlp few
	assert_equal "$(jq -c '[.name, .observation_count]' <<<"$output")" '["svc",4001]'
}

@test "bare spans are found in lists of any name" {
	local text

	while read -r text; do
		jq . <<<"$text" >in
		# on one line, and as a stream
		fl-import otlp in | diff - <(jq -c . in | fl-import otlp)
		fl-import otlp in | jq -c '[.trace_id, .input, .observation_count]'
	done >got <<-'END'
	{"night run":[{"name":"a","trace_id":"t1","span_id":"1","attributes":{"input.value":"q"}},{"name":"b","trace_id":"t1","span_id":"2","parent_id":"1","extra":[{"name":"x"}]}]}
	{"runs":[{"label":"l","steps":{"mine":[{"name":"a","context":{"trace_id":"t2","span_id":"1"}}]}},{"steps":{"mine":[{"name":"b","context":{"trace_id":"t2","span_id":"2"}}]}}]}
	END
	assert_equal "$(<got)" '["t1","q",2]
["t2",null,2]'
	# a line of a log mentions a span
	echo '{"message":"m","span":{"name":"a","trace_id":"t","span_id":"1"}}' >in
	run --separate-stderr -1 fl-import otlp in
	assert_equal "$stderr" "fl-import: in:1: not OTLP traces: it has no 'resourceSpans'"
}

@test "spans without a trace id have the one beside their list" {
	cat >in <<-'END'
	{"trace_id":"t1","spans":[{"name":"a","start_time":1773940716.5,"end_time":1773940717.5},{"name":"b","trace_id":"t0"}]}
	{"spans":[{"name":"c","span_id":"3"}],"user":"u","traceId":"t1"}
	[{"trace_id":"t2","spans":[{"name":"d"}]},{"spans":[{"name":"e"}]}]
	{"trace_id":7,"spans":[{"name":"f"}]}
	END
	run --separate-stderr -1 fl-import otlp in
	assert_equal "$(jq -c '[.trace_id, .duration_ms, [.observations[].name]]' <<<"$output")" '["t1",1000,["a","c"]]
["t0",null,["b"]]
["t2",null,["d"]]'
	assert_equal "$stderr" 'fl-import: in:3: 1 of its spans has no trace id
fl-import: in:4: 1 of its spans has no trace id'
}

@test "memory does not grow with the length of a document" {
	awk -v id="$ID" 'BEGIN {
		pad = sprintf("%2000s", ""); gsub(/ /, "x", pad)
		print "{\n \"resourceSpans\": [{\n  \"scopeSpans\": [{\n   \"spans\": ["
		for (i = 1; i <= 30000; i++)
			printf "    {\n     \"traceId\": \"%s\",\n     \"spanId\": \"%016x\",\n     \"name\": \"s%d\", \"endTimeUnixNano\": 5,\n     \"attributes\": [{\"key\": \"input.value\", \"value\": {\"stringValue\": \"%s\"}}]\n    }%s\n",
				substr(id, 1, 31) (i % 10), i, i, pad, i < 30000 ? "," : ""
		print "   ]\n  }]\n }]\n}"
	}' | sed 's/"scopeSpans"/"resource": {}, &/; s/"spans"/"scope": {}, &/' >in
	tr -d '\n' <in >line
	for file in in line; do
		little 24000 fl-import otlp "$file" 2>err | grep -o '"name":"s[0-9]*"' | sort -u | wc -l >count
		assert_equal "$file $(<err) $(<count)" "$file  30000"
	done
}

@test "a long text takes little more memory than its line and its record" {
	local key option

	for key in input.value some.text; do
		awk -v id="$ID" -v key="$key" 'BEGIN {
			printf "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"%s\",", id
			printf "\"spanId\":\"0123456789abcdef\",\"startTimeUnixNano\":5,"
			printf "\"attributes\":[{\"key\":\"%s\",\"value\":{\"stringValue\":\"", key
			for (i = 0; i < 2000000; i++)
				printf "words "
			print "\"}}]}]}]}]}"
		}' >in
		for option in '' --separate; do
			little 75000 fl-import $option otlp in >out
			assert [ "$(wc -c <out)" -gt 12000000 ]
		done
	done
}

@test "a file of another kind is named, with what helps" {
	span '' >good
	while IFS='|' read -r text wanted; do
		printf '%b' "$text" >other
		run --separate-stderr -1 fl-import otlp other good
		assert_equal "$stderr" "fl-import: other$wanted"
		assert_equal "$(jq -r '.observations[0].name' <<<"$output")" n
	done <<-'END'
	PK\x03\x04xx|: a zip archive: try unzip -p other | fl-import otlp
	\xfd7zXZ|: compressed with xz: try xz -dc other | fl-import otlp
	PAR1xxx|: a Parquet file: convert it first, such as by duckdb -c "COPY (FROM 'other') TO 'other.json'"
	\n\x9f\x02\n\0x|: OTLP in protobuf: set the exporter's format or protocol to JSON (http/json)
	\0\0\x01\x05\n\x9f\x02\n\0x|: OTLP in protobuf with lengths: set the file exporter's format to json
	<!DOCTYPE html>\n|: an HTML page: fetch the JSON behind it
	<?xml version="1.0"?>|: XML or HTML, not JSON
	trace_id,span_id,name\n1,2,3\n|: a table (CSV): export the spans as OTLP JSON or as JSON lines instead
	inputs:\n- input: x\n|: an inputs file: try fl-yaml other | fl-run
	name: x\niterations: 5\n|: YAML: fl-yaml reads inputs files, fl-config reads setting.yaml
	{"target":"a:b","kwargs":{}}|:1: not OTLP traces: a recorded call: try fl-record-extract other
	{"trace_id":"t","observations":[]}|:1: not OTLP traces: a trace already: try fl-parse other
	{"input":"x","metadata":{}}|:1: not OTLP traces: an input: try fl-run other
	{"id":"x","trace_id":"t","type":"span","name":"n"}|:1: not OTLP traces: an observation of FluxLoop: try fl-parse other
	{"traceEvents":[]}|:1: not OTLP traces: a Chrome trace: export the spans as OTLP JSON instead
	{"run_type":"llm","trace_id":"x"}|:1: not OTLP traces: a run of LangSmith: set LANGSMITH_OTEL_ENABLED=true to record OTLP
	{"object":"trace.span","trace_id":"t","span_data":{"type":"agent"}}|:1: not OTLP traces: a trace of the OpenAI Agents SDK: try fl-import openai-agents other
	{"object":"trace","id":"t","workflow_name":"w"}|:1: not OTLP traces: a trace of the OpenAI Agents SDK: try fl-import openai-agents other
	{"type":"result","session_id":"s","uuid":"u"}|:1: not OTLP traces: messages of Claude's Agent SDK: try fl-import claude-code other
	{"traces": [\n{"traceID":"1","spanSets":[{"spans":[{"spanID":"2"}]}]}]}|: what a search of Grafana Tempo found, without the spans' content: fetch each trace from /api/traces/ID
	{'name': 'x'}|:1: a key has single quotes: if Python printed the object, print json.dumps() of it (byte 2)
	[{ 'name': 'x' }]|:1: a key has single quotes: if Python printed the object, print json.dumps() of it (byte 4)
	{\n  name: 'x'\n}|:2: a key has no quotes: if JavaScript printed the object, as ConsoleSpanExporter does, print JSON.stringify() of it or export OTLP by http/json (byte 3)
	{"evalId":"x",\n"results":{}}|: results of promptfoo: try fl-import promptfoo other
	{"results":{},"evalId":"x"}|:1: not OTLP traces: results of promptfoo: try fl-import promptfoo other
	{"gradingResult":null,"testCase":{}}|:1: not OTLP traces: a result of promptfoo: try fl-import promptfoo other
	{"custom_id":"1","response":{}}|:1: not OTLP traces: a batch of OpenAI: try fl-import openai other
	{"object":"chat.completion","choices":[]}|:1: not OTLP traces: an answer of OpenAI's API: try fl-import openai other
	{"messages":[]}|:1: not OTLP traces: a conversation: try fl-import openai other
	{"type":"summary","summary":"x","leafUuid":"y"}|:1: not OTLP traces: a session of Claude Code: try fl-import claude-code other
	{"type":"user","sessionId":"x","uuid":"y"}|:1: not OTLP traces: a session of Claude Code: try fl-import claude-code other
	{"data":[{"id":"x","projectId":"p","timestamp":"t"}],"meta":{}}|:1: not OTLP traces: an export of Langfuse: try fl-import langfuse other
	{"id":"x","traceId":"t","type":"SPAN","startTime":"2026"}|:1: not OTLP traces: an observation of Langfuse: try fl-import langfuse other
	"id","traceId","type"\n"1","2","SPAN"\n|: a table (CSV) of Langfuse: try fl-import langfuse other
	{"trace_id":"x","span_id":"y","level":"info"}|:1: not OTLP traces: it has no 'resourceSpans'
	END
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
		assert_equal "$any $(fl-import otlp in | jq -c '.observations[0].metadata.attributes.x')" "$any $(jq -c . <<<"$wanted")"
	done <<-'END'
	{stringValue: "a\u0000b\n"}|"a\u0000b\n"
	{stringValue: "5"}|"5"
	{boolValue: false}|false
	{intValue: "-700"}|-700
	{intValue: 7}|7
	{intValue: "seven"}|"seven"
	{doubleValue: 0.5}|0.5
	{doubleValue: "1e3"}|1e3
	{doubleValue: "NaN"}|null
	{doubleValue: "-Infinity"}|null
	{bytesValue: "AAEC"}|"AAEC"
	{}|null
	null|null
	{arrayValue: {}}|[]
	{arrayValue: {values: [{stringValue: "a"}, {arrayValue: {values: [{intValue: "1"}]}}, null, 5, "bare"]}}|["a",[1],null,5,"bare"]
	{kvlistValue: {values: [{key: "k", value: {kvlistValue: {values: []}}}, {key: 5}, 7, {key: "l"}]}}|{"k":{},"l":null}
	{unknownValue: 1}|{"unknownValue":1}
	{stringValue: null}|null
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
	assert_equal "$stderr" "fl-import: in:2: not OTLP traces: OTLP metrics: traces are needed
fl-import: in:3: not OTLP traces: it has no 'resourceSpans'
fl-import: in:4: not OTLP traces: it has no 'resourceSpans'
fl-import: in:5: not a JSON value (byte 1)
fl-import: in:6: not OTLP traces: it has no 'resourceSpans'
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
		refute grep -v '^fl-import: in:[0-9]*: 1 of its spans has no trace id$' <(grep -v -e 'lone surrogate' -e ' traces\? ' -e 'read already$' <<<"$stderr")
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
	assert_equal "${stderr_lines[0]}" 'fl-import: missing kind of input: expected otlp, promptfoo, langfuse, openai, openai-agents or claude-code'
	assert_regex "${stderr_lines[1]}" '^usage: fl-import '
	run --separate-stderr -2 fl-import jaeger file
	assert_equal "${stderr_lines[0]}" "fl-import: unknown kind 'jaeger': expected otlp, promptfoo, langfuse, openai, openai-agents or claude-code"
	assert_regex "${stderr_lines[1]}" '^usage: fl-import '
	run --separate-stderr -0 fl-import --help
	assert_line --partial 'OpenTelemetry'
	usage=$output
	fl-import --list-kinds >kinds
	(($(lines_of kinds) == 6)) || fail "$(<kinds)"
	while read -r kind; do
		assert_regex "$usage" "  $kind +read "
	done <kinds
}

@test "--inputs and --separate exclude each other" {
	for options in '-i -s' '-s -i' '--separate --inputs'; do
		# shellcheck disable=SC2086 # words
		run -2 fl-import $options otlp /dev/null
		assert_output --partial 'exclude each other'
	done
	run -0 fl-import -i -i otlp /dev/null
}
