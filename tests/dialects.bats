load test_helper
load filter_helper

DIALECTS=$DATA/dialects

# The row of a trace; the type, name and counts, input and output of each step.
SUMMARY='[.name, .input, .output, .token_usage.prompt_tokens, .token_usage.completion_tokens],
	(.observations[] | [.type, .name, .model, .prompt_tokens, .completion_tokens, .metadata.cached_tokens,
	.metadata.reasoning_tokens, .level], [.input], [.output])'

# For jq: attributes are made the span of a line.
SPAN='def any: if type == "number" then {intValue: tostring} elif type == "string" then {stringValue: .}
		elif type == "array" then {arrayValue: {values: map(any)}}
		else {kvlistValue: {values: (to_entries | map({key, value: (.value | any)}))}} end;
	def spell: if . == "" then . else "00000000000000" + . end;
	def span($id; $parent; $from; $to):
		{scopeSpans: [{spans: [{traceId: ("1" * 32), spanId: ($id | spell), parentSpanId: ($parent | spell), name: "span",
			startTimeUnixNano: ($from + "000000"), endTimeUnixNano: ($to + "000000"),
			attributes: (to_entries | map({key, value: (.value | any)}))}]}]};'

# put ID PARENT FROM TO ATTRIBUTES: prints a line with a span of one trace. An
# ID is two digits, FROM and TO are milliseconds, ATTRIBUTES is an object.
put()
{
	jq -c --arg id "$1" --arg parent "$2" --arg from "$3" --arg to "$4" \
		"$SPAN span(\$id; \$parent; \$from; \$to)" <<<"$5"
}

# table MAKE LOOK: the table on stdin has columns separated by |. For each row, $row,
# MAKE makes the attributes of a span, and what LOOK says of its trace, a text or
# JSON, is in the last column. Each span is imported alone.
table()
{
	local span

	cat >rows
	jq -Rc "$SPAN"'split("|") as $row | ('"$1"') | span("01"; ""; "0"; "9")' rows >spans
	assert_equal "$(lines_of spans)" "$(lines_of rows)"
	while IFS= read -r span; do
		fl-import otlp <<<"$span" || :
	done <spans >traces
	jq -nrc --rawfile rows rows '$rows | split("\n") | map(split("|")) as $rows | foreach inputs as $trace
		(-1; . + 1; $rows[.] as $row | $trace | '"$2"')' traces >looked
	paste -d '|' <(sed 's/|[^|]*$//' rows) looked | diff rows - || fail 'the last columns are wrong'
}

# row FILE...: the input and the output of the traces in files.
row()
{
	cat "$@" | fl-import otlp | jq -c '[.input, .output]'
}

# --- libraries ----------------------------------------------------------------------------

@test "the spans of each library become the steps that it recorded" {
	local file name count=0

	mkdir imported
	for file in "$DIALECTS"/*.jsonl; do
		name=${file##*/}
		run --separate-stderr -0 fl-import otlp "$file"
		assert_equal "$file $stderr" "$file "
		printf '%s\n' "$output" >"imported/$name"
		sed "s/^/$name /" "${file%.jsonl}.txt"
		count=$((count + 1))
	done >wanted
	((count >= 34)) || fail "$count files"
	(cd imported && jq -rc "\"\(input_filename) \" + ($SUMMARY | tojson)" -- *) | diff wanted - ||
		fail 'the steps are wrong'
}

# figures FOLDER: what the traces in the files of a folder say, after the file's name.
figures()
{
	(cd "$1" && jq -rc 'select(has("duration_ms")) |
		"\(input_filename) \([.input, .output, .token_usage])"' -- *)
}

@test "the order of the spans does not matter" {
	local file line name

	mkdir wanted reversed single asked
	jq -rc '.resourceSpans[0].scopeSpans[0].spans |= reverse | "\(input_filename)\t\(.)"' "$DIALECTS"/*.jsonl |
		while IFS=$'\t' read -r file line; do
			printf '%s\n' "$line" >>"${file##*/}"
		done
	for file in "$DIALECTS"/*.jsonl; do
		name=${file##*/}
		fl-import otlp "$file" >"wanted/$name"
		fl-import otlp "$name" >"reversed/$name"
		fl-import otlp -s "$file" >"single/$name"
		fl-import otlp -i "$file" >"asked/$name"
	done
	figures wanted >figures
	(($(lines_of figures) >= 34)) || fail "$(lines_of figures) traces"
	diff figures <(figures reversed) || fail 'reversed'
	diff figures <(figures single) || fail '-s'
	# what is asked again is the same text
	diff <(jq -c .input wanted/*) <(jq -c .input asked/*) || fail '-i'
}

@test "each name of an attribute is in the table once" {
	sed -n '/conventions_names\[\]/,/^};/s/^	{ "\([^"]*\)",.*/\1/p' "$ROOT/lib/import/conventions.c" >names
	(($(lines_of names) > 180)) || fail "$(lines_of names) names"
	assert_equal "$(sort names | uniq -d)" ''
	# the hash needs four bytes
	assert_equal "$(grep -x '.\{1,3\}' names)" ''
}

# --- types and names --------------------------------------------------------------------------

@test "the type is the first kind that is known, or what the attributes are typical for" {
	table '$row[0] | fromjson' \
		'.observations[0].type' <<-'END'
	{}|span
	{"gen_ai.operation.name":"chat"}|generation
	{"gen_ai.operation.name":"brew_tea"}|span
	{"gen_ai.operation.name":"brew_tea","traceloop.span.kind":"tool"}|tool
	{"gen_ai.operation.name":"brew_tea","gen_ai.request.model":"m"}|generation
	{"openinference.span.kind":"UNKNOWN","gen_ai.operation.name":"execute_tool"}|tool
	{"openinference.span.kind":"RETRIEVER","gen_ai.operation.name":"execute_tool"}|span
	{"langsmith.span.kind":"llm","gen_ai.operation.name":"chain"}|generation
	{"langsmith.span.kind":"retriever","gen_ai.operation.name":"chat"}|span
	{"langfuse.observation.type":"guardrail","gen_ai.request.model":"m"}|span
	{"gen_ai.operation.name":"embeddings","gen_ai.request.model":"m"}|span
	{"gen_ai.operation.name":"CHAT"}|generation
	{"gen_ai.request.model":"m"}|generation
	{"gen_ai.usage.input_tokens":5}|generation
	{"gen_ai.usage.output_tokens":"5"}|generation
	{"langfuse.observation.usage_details":"{\"input\":5}"}|generation
	{"gen_ai.tool.name":"t"}|tool
	{"gen_ai.tool.name":"t","gen_ai.request.model":"m","gen_ai.agent.name":"a"}|tool
	{"gen_ai.tool.name":"","gen_ai.request.model":"m"}|generation
	{"gen_ai.agent.name":"a","gen_ai.request.model":"m"}|generation
	{"gen_ai.agent.name":"a"}|agent
	{"agent_name":"a","model_name":"m","gen_ai.usage.input_tokens":5}|agent
	{"braintrust.span_attributes":"{\"type\":\"tool\"}"}|tool
	{"braintrust.span_attributes":"tool"}|span
	{"braintrust.metadata":"{\"user\":1}"}|span
	{"mlflow.spanType":"\"AGENT\""}|agent
	{"span.type":"web"}|span
	{"mastra.span.type":"model_chunk","gen_ai.agent.name":"a"}|span
	{"mastra.span.type":"model_inference"}|generation
	{"mastra.span.type":"scorer_run"}|evaluation
	END
}

@test "a tool is named for itself, other steps keep the name of the span" {
	table '$row[0] | fromjson' \
		'.observations[0] | [.name, .metadata.attributes]' <<-'END'
	{"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"search_orders"}|["search_orders",null]
	{"tool.name":"search_orders","gen_ai.tool.name":"search_orders"}|["search_orders",null]
	{"traceloop.span.kind":"tool","traceloop.entity.name":"search_orders"}|["search_orders",null]
	{"traceloop.span.kind":"agent","traceloop.entity.name":"desk"}|["span",{"traceloop.entity.name":"desk"}]
	{"gen_ai.operation.name":"execute_tool"}|["span",null]
	{"gen_ai.operation.name":"chat","gen_ai.tool.name":"t"}|["span",{"gen_ai.tool.name":"t"}]
	{"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":7}|["span",{"gen_ai.tool.name":7}]
	END
}

# --- what was asked and answered ----------------------------------------------------------------

@test "without content of the root, the first question and the last answer count" {
	put 01 '' 0 900 '{"gen_ai.operation.name":"invoke_agent"}' >root
	put 02 01 10 90 '{"gen_ai.operation.name":"chat","gen_ai.input.messages":"[{\"role\":\"user\",\"content\":\"why\"}]","gen_ai.output.messages":"[{\"role\":\"assistant\",\"content\":\"hm\"}]"}' >first
	put 03 01 20 95 '{"gen_ai.tool.name":"t","gen_ai.tool.call.arguments":"{\"x\":1}","gen_ai.tool.call.result":"found"}' >tool
	put 04 01 30 80 '{"gen_ai.operation.name":"chat","gen_ai.input.messages":"[{\"role\":\"user\",\"content\":\"other\"}]","gen_ai.output.messages":"[{\"role\":\"assistant\",\"content\":\"early\"}]"}' >early
	put 05 01 95 98 '{"openinference.span.kind":"EVALUATOR","input.value":"judged","output.value":"0.9"}' >judge
	put 06 01 5 99 '{"gen_ai.operation.name":"chat","gen_ai.output.messages":"[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\"}]}]"}' >call
	put 07 01 6 97 '{"openinference.span.kind":"CHAIN","output.value":"a chain"}' >chain
	for order in 'root first tool early judge call chain' 'chain call judge early tool first root' 'early chain first judge root call tool'; do
		# shellcheck disable=SC2086 # these are files
		assert_equal "$order $(row $order)" "$order [\"why\",\"hm\"]"
	done
	# a tool's result is not an answer, and its arguments are the last choice for a question
	assert_equal "$(row root tool judge)" '[{"x":1},null]'
	assert_equal "$(row root tool chain)" '[{"x":1},"a chain"]'
	# calls of tools are better than nothing
	assert_equal "$(row root call)" '[null,[{"role":"assistant","tool_calls":[{"id":"1"}]}]]'
	# a root that is a tool has its own content
	put 01 '' 0 900 '{"gen_ai.tool.name":"t","gen_ai.tool.call.arguments":"a","gen_ai.tool.call.result":"b"}' >root
	assert_equal "$(row first root)" '["a","b"]'
	# empty content is none
	put 01 '' 0 900 '{"input.value":"","output.value":"{}","output.mime_type":"application/json"}' >root
	assert_equal "$(row root first)" '["why","hm"]'
	# and so are texts without a character, in whatever they are
	while IFS='|' read -r input output; do
		put 01 '' 0 900 "$(jq -nc --arg input "$input" --arg output "$output" \
			'{"traceloop.entity.input": $input, "traceloop.entity.output": $output}')" >root
		assert_equal "$input $(row root first)" "$input [\"why\",\"hm\"]"
		# unless there is no other
		assert_equal "$input $(row root)" "$input [$input,$output]"
	done <<-'END'
	{"args":[],"kwargs":{}}|{"text":"","files":[],"warnings":[]}
	{"messages":[]}|[{"role":"assistant","parts":[{"type":"text","content":""}],"finish_reason":"error"}]
	[[],{"a":null}]|{"outputs":[{}]}
	END
	# what a step gave back is not the answer of a run that failed, but for a model's text
	put 01 '' 0 900 '{"langfuse.observation.level":"ERROR"}' >root
	for order in 'root chain call' 'call chain root'; do
		# shellcheck disable=SC2086 # these are files
		assert_equal "$order $(row $order)" "$order [null,null]"
	done
	assert_equal "$(row root chain first)" '["why","hm"]'
	assert_equal "$(row first chain root)" '["why","hm"]'
	# what a model is about to be asked is not an answer
	put 01 '' 0 900 '{}' >root
	while IFS='|' read -r output wanted; do
		put 02 01 10 90 "$(jq -nc --arg output "$output" \
			'{"openinference.span.kind": "CHAIN", "output.value": $output, "output.mime_type": "application/json"}')" >prompt
		assert_equal "$output $(row root prompt)" "$output [null,$wanted]"
	done <<-'END'
	{"output":[{"role":"system","content":"s"},{"role":"user","content":"q"}]}|null
	{"messages":[{"lc":1,"id":["langchain_core","messages","HumanMessage"],"kwargs":{"content":"q"}}]}|null
	[{"role":"tool","content":"r"}]|null
	{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}|"a"
	{"output":[{"name":"x"}]}|{"output":[{"name":"x"}]}
	END
	# a step may have the content of its trace
	put 01 '' 0 900 '{"input.value":"in","output.value":"out"}' >root
	put 08 01 7 8 '{"langfuse.trace.output":"given"}' >given
	assert_equal "$(row given root) $(row root given)" '["in","given"] ["in","given"]'
}

@test "requests are reduced to the last question, and answers to their text" {
	table '{($row[0] + ".value"): $row[1], ($row[0] + ".mime_type"): "application/json"}' \
		'# the step keeps all of it
		(.observations[0][$row[0]] | tojson) as $kept | if $kept == ($row[1] | fromjson | tojson)
		then .[$row[0]] | tojson else "the step has \($kept)" end' <<-'END'
	input|{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"model":"m"}|"q"
	input|[{"role":"user","content":"p"},{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{"url":"data:"}}]}]|"q"
	input|[{"role":"user","content":"q"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"}]}]|"q"
	input|{"model":"m","input":"q","instructions":"i"}|"q"
	input|{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"q"}]},{"type":"function_call_output","output":"r"}]}|"q"
	input|{"system":"s","max_tokens":9,"messages":[{"role":"user","content":"q"}]}|"q"
	input|{"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"user","parts":[{"function_response":{}}]}]}|"q"
	input|{"contents":"q"}|"q"
	input|{"modelId":"m","messages":[{"role":"user","content":[{"text":"q"}]}]}|"q"
	input|{"inputText":"q"}|"q"
	input|{"prompt":"q","stream":false}|"q"
	input|{"message":"q","chat_history":[]}|"q"
	input|{"inputs":"q","tags":[]}|"q"
	input|{"inputs":{"question":"q"}}|"q"
	input|{"new_message":{"role":"user","parts":[{"text":"q"}]}}|"q"
	input|{"task":"q","additional_args":null}|"q"
	input|{"messages":[["system","s"],["human","q"]]}|"q"
	input|{"messages":[{"type":"human","content":"q"}],"step":1}|"q"
	input|[[{"lc":1,"type":"constructor","id":["langchain","schema","messages","HumanMessage"],"kwargs":{"content":"q","type":"human"}}]]|"q"
	input|{"args":["q",5],"kwargs":{}}|"q"
	input|{"args":[],"kwargs":{"query":"q"}}|"q"
	input|[{"kind":"request","parts":[{"part_kind":"system-prompt","content":"s"},{"part_kind":"user-prompt","content":"q"}]}]|"q"
	input|"q"|"q"
	input|{"parcel":"P-20"}|{"parcel":"P-20"}
	input|{"messages":[{"role":"system","content":"s"}]}|{"messages":[{"role":"system","content":"s"}]}
	input|{"messages":5,"question":["q"]}|"q"
	input|[]|[]
	input|42|42
	output|{"choices":[{"message":{"role":"assistant","content":"a"}},{"message":{"role":"assistant","content":"b"}}],"usage":{}}|"a"
	output|{"choices":[{"text":"a"}]}|"a"
	output|{"id":"r","output":[{"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}],"text":{"format":{}}}|"a"
	output|{"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"a"},{"type":"tool_use","name":"t","input":{}}],"stop_reason":"end_turn"}|"a"
	output|{"candidates":[{"content":{"role":"model","parts":[{"text":"t","thought":true},{"text":"a"}]}}],"usageMetadata":{}}|"a"
	output|{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"end_turn"}|"a"
	output|{"results":[{"outputText":"a","tokenCount":1}]}|"a"
	output|{"generation":"a"}|"a"
	output|{"message":{"role":"assistant","content":[{"type":"text","text":"a"}]},"finish_reason":"COMPLETE"}|"a"
	output|{"generations":[{"id":"1","text":"a"}],"meta":{}}|"a"
	output|{"model":"m","message":{"role":"assistant","content":"a"},"done":true}|"a"
	output|{"model":"m","response":"a","done":true}|"a"
	output|{"generations":[[{"text":"a","message":{"lc":1,"kwargs":{"content":"a","type":"ai"}}}]]}|"a"
	output|{"messages":[{"type":"human","content":"q"},{"type":"ai","content":"a"}]}|"a"
	output|{"messages":[{"type":"ai","content":"a"},{"type":"ai","content":"","tool_calls":[{"name":"t"}]},{"type":"tool","content":"r"}]}|"a"
	output|[{"role":"assistant","parts":[{"type":"reasoning","content":"t"},{"type":"text","content":"a"}],"finish_reason":"stop"}]|"a"
	output|[{"role":"assistant","parts":[{"type":"text","content":"a"},{"type":"text","content":"b"}]}]|"a\nb"
	output|{"outputs":"a","kwargs":{}}|"a"
	output|{"output":"a"}|"a"
	output|{"answer":"a","sources":[1]}|"a"
	output|{"messages":[{"source":"user","type":"TextMessage","content":"q"},{"source":"desk","type":"TextMessage","content":"a"}]}|"a"
	output|[{"generated_text":"a"}]|"a"
	output|{"role":"assistant","content":"{\"answer\":\"x\"}"}|"{\"answer\":\"x\"}"
	output|{"eta":"Monday"}|{"eta":"Monday"}
	output|[{"role":"assistant","tool_calls":[{"id":"1"}]}]|[{"role":"assistant","tool_calls":[{"id":"1"}]}]
	END
}

@test "text of a model is never taken apart" {
	for text in '{"answer":"x"}' '["a"]' '42' '"quoted"'; do
		put 01 '' 0 9 "$(jq -nc --arg text "$text" '{"ai.response.text": $text}')" >in
		assert_equal "$(fl-import otlp in | jq -r .output)" "$text"
	done
	# text that looks like JSON is searched, but kept if it has no text
	put 01 '' 0 9 '{"input.value":"{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}","output.value":"{\"eta\": 5}"}' >in
	assert_equal "$(fl-import otlp in | jq -c '[.input, .output, .observations[0].output]')" '["q","{\"eta\": 5}","{\"eta\": 5}"]'
}

@test "deep and strange values are harmless" {
	python3 - >in <<-'PY'
	import json
	def put(n, value):
	    print(json.dumps({"scopeSpans": [{"spans": [{"traceId": "%032x" % n, "name": "n", "attributes": [
	        {"key": key, "value": {"stringValue": value}} for key in ("input.value", "input.mime_type", "events", "langfuse.trace.output")]}]}]}).replace(
	        '"input.mime_type", "value": {"stringValue": ' + json.dumps(value), '"input.mime_type", "value": {"stringValue": "json"'))
	n = 0
	for name in "messages", "content", "kwargs", "choices", "args", "message":
	    for value in ('"x"', "5", "null", "[]", "{}", '[["user"]]', '[["user","x","y"]]', '{"role":5}', '[{"role":"user"},null,7,"s",[[]]]'):
	        for depth in 1, 3, 15, 17, 60:
	            for form in '{"%s":' % name, '[{"%s":' % name:
	                n += 1
	                put(n, form * depth + value + ("}]" if form[0] == "[" else "}") * depth)
	PY
	for option in '' -s -i; do
		# shellcheck disable=SC2086 # no word when empty
		run --separate-stderr -0 fl-import otlp $option in
		jq -c . <<<"$output" >/dev/null
	done
	assert_equal "$(fl-import otlp in | wc -l)" 540
}

# --- tokens -----------------------------------------------------------------------------------------

@test "tokens are counted once: a span's own, unless a span below it has some" {
	usage() # IN OUT
	{
		printf '{"gen_ai.operation.name":"chat","gen_ai.usage.input_tokens":%s,"gen_ai.usage.output_tokens":%s}' "$1" "$2"
	}
	sum() # FILE...
	{
		cat "$@" | fl-import otlp 2>/dev/null | jq -c '.token_usage | [.prompt_tokens, .completion_tokens, .total_tokens]?'
	}
	put 01 '' 0 90 "$(usage 50 20)" >agent
	put 02 01 1 80 '{}' >step
	put 03 02 2 40 "$(usage 30 10)" >one
	put 04 02 3 30 "$(usage 20 10)" >two
	put 05 04 4 20 "$(usage 20 10)" >same
	put 06 05 5 10 "$(usage 0 0)" >zero
	assert_equal "$(sum agent)" '[50,20,70]'
	assert_equal "$(sum agent step)" '[50,20,70]'
	assert_equal "$(sum agent step one two)" '[50,20,70]'
	assert_equal "$(sum agent step one)" '[30,10,40]'
	assert_equal "$(sum same two one step agent)" '[50,20,70]'
	assert_equal "$(sum two zero same one agent step)" '[50,20,70]'
	# without the step between, nothing says that they are below
	assert_equal "$(sum agent one two)" '[100,40,140]'
	assert_equal "$(sum zero)" '[0,0,0]'
	assert_equal "$(sum step)" '[null,null,null]'
	# a ring of parents
	put 01 05 0 90 "$(usage 50 20)" >agent
	for order in 'agent step two same' 'same two step agent'; do
		# shellcheck disable=SC2086 # these are files
		[[ $(sum $order) == @('[50,20,70]'|'[20,10,30]') ]] || fail "$order $(sum $order)"
	done
	put 01 01 0 90 "$(usage 50 20)" >agent
	assert_equal "$(sum agent)" '[50,20,70]'
	assert_equal "$(sum agent one)" '[80,30,110]'
}

@test "counts may be strings, or members of an object; parts of them are metadata" {
	table '$row[0] | fromjson' \
		'[.token_usage, (.observations[0] |
		[.prompt_tokens, .completion_tokens, .total_tokens, .metadata.cached_tokens, .metadata.reasoning_tokens])]' <<-'END'
	{"gen_ai.usage.input_tokens":"30","gen_ai.usage.output_tokens":"9","gen_ai.usage.total_tokens":"39"}|[{"prompt_tokens":30,"completion_tokens":9,"total_tokens":39},[30,9,39,null,null]]
	{"gen_ai.usage.prompt_tokens":"30"}|[{"prompt_tokens":30,"completion_tokens":0,"total_tokens":30},[30,null,null,null,null]]
	{"gen_ai.usage.input_tokens":"many","gen_ai.usage.output_tokens":-1}|[null,[null,null,null,null,null]]
	{"gen_ai.usage.input_tokens":3,"gen_ai.usage.cache_read.input_tokens":"2","gen_ai.usage.reasoning.output_tokens":1}|[{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3},[3,null,null,2,1]]
	{"llm.token_count.prompt":3,"llm.token_count.prompt_details.cache_read":2,"llm.token_count.completion_details.reasoning":1}|[{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3},[3,null,null,2,1]]
	{"langfuse.observation.usage_details":"{\"input\":3,\"output\":4,\"input_cached_tokens\":2,\"cost\":0.5}"}|[{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},[3,4,null,2,null]]
	{"mlflow.chat.tokenUsage":"{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}","gen_ai.usage.input_tokens":5}|[{"prompt_tokens":5,"completion_tokens":4,"total_tokens":7},[5,4,7,null,null]]
	{"braintrust.metrics":{"prompt_tokens":3,"completion_tokens":4,"tokens":7,"prompt_tokens_details":{"cached_tokens":2}}}|[{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},[3,4,7,2,null]]
	{"langfuse.observation.usage_details":"{\"input\":10,\"output\":20,\"total\":35,\"input_cached_tokens\":2,\"output_reasoning_tokens\":3}"}|[{"prompt_tokens":12,"completion_tokens":23,"total_tokens":35},[12,23,35,2,3]]
	{"langfuse.observation.usage_details":"{\"input\":10,\"output\":20,\"total\":32,\"cache_read_input_tokens\":2,\"output_reasoning_tokens\":3}"}|[{"prompt_tokens":12,"completion_tokens":20,"total_tokens":32},[12,20,32,2,3]]
	{"gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":20,"gen_ai.usage.total_tokens":33,"gen_ai.usage.reasoning_tokens":3}|[{"prompt_tokens":10,"completion_tokens":23,"total_tokens":33},[10,23,33,null,3]]
	{"gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":20,"gen_ai.usage.total_tokens":33,"gen_ai.usage.cached_tokens":3,"gen_ai.usage.reasoning_tokens":3}|[{"prompt_tokens":10,"completion_tokens":20,"total_tokens":33},[10,20,33,3,3]]
	{"gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":20,"gen_ai.usage.total_tokens":40,"gen_ai.usage.cached_tokens":3}|[{"prompt_tokens":10,"completion_tokens":20,"total_tokens":40},[10,20,40,3,null]]
	{"gen_ai.usage.input_tokens":3,"gen_ai.usage.output_tokens":4,"gen_ai.usage.input_token_details":"{\"cache_read\":2}","gen_ai.usage.output_token_details":"{\"reasoning\":1}"}|[{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},[3,4,null,2,1]]
	{"langsmith.usage_metadata":"{\"input_tokens\":3,\"output_tokens\":4,\"input_token_details\":{\"cache_read\":2}}"}|[{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},[3,4,null,2,null]]
	{"ai.usage.promptTokens":3,"ai.response.providerMetadata":"{\"openai\":{\"reasoningTokens\":1,\"cachedPromptTokens\":2}}"}|[{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3},[3,null,null,2,1]]
	{"langfuse.observation.usage_details":"[1]"}|[null,[null,null,null,null,null]]
	END
	# a count that is not a number is kept where it was
	put 01 '' 0 9 '{"gen_ai.usage.input_tokens":"many"}' >in
	assert_equal "$(fl-import otlp in | jq -c '.observations[0].metadata.attributes')" '{"gen_ai.usage.input_tokens":"many"}'
}

@test "what no attribute says about a call is in its answer" {
	table '{"output.value": $row[1], "output.mime_type": "application/json"} + ($row[0] | fromjson)' \
		'.observations[0] | [.model, .prompt_tokens, .completion_tokens, .total_tokens,
		.metadata.cached_tokens, .metadata.reasoning_tokens]' <<-'END'
	{"openinference.span.kind":"LLM"}|{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}}|["m",3,4,null,2,null]
	{"openinference.span.kind":"LLM","llm.model_name":"n","llm.token_count.prompt":5}|{"model":"m","usage":{"input_tokens":3,"output_tokens":4}}|["n",5,4,null,null,null]
	{"openinference.span.kind":"LLM"}|{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":1,"totalTokenCount":8}}|[null,3,5,8,null,1]
	{"openinference.span.kind":"LLM"}|{"usage":{"inputTokens":3},"raw":{"model":"m","usage":{"prompt_tokens":9,"completion_tokens":4}}}|["m",3,4,null,null,null]
	{"openinference.span.kind":"LLM"}|{"model":5,"usage":"many","raw":[]}|[null,null,null,null,null,null]
	{"openinference.span.kind":"LLM"}|["usage"]|[null,null,null,null,null,null]
	{"openinference.span.kind":"CHAIN"}|{"model":"m","usage":{"prompt_tokens":3}}|[null,null,null,null,null,null]
	END
}

# --- the rest --------------------------------------------------------------------------------------

@test "Langfuse's levels and status messages are those of steps" {
	table '$row[0] | fromjson' \
		'[.success, (.observations[0] | .level, .status_message, .error, .metadata)]' <<-'END'
	{"langfuse.observation.level":"WARNING","langfuse.observation.status_message":"slow"}|[true,"warning","slow",null,null]
	{"langfuse.observation.level":"DEFAULT"}|[true,null,null,null,null]
	{"langfuse.observation.level":"ERROR"}|[false,"error",null,"failed, without a message",null]
	{"langfuse.observation.level":"ERROR","langfuse.observation.status_message":"no key"}|[false,"error","no key","no key",null]
	{"langfuse.observation.level":"DEBUG"}|[true,"debug",null,null,null]
	END
}

@test "attributes that are not used are kept" {
	put 01 '' 0 9 '{"input.value":"text","gen_ai.input.messages":"[{\"role\":\"user\"}]","ai.prompt":"text","gen_ai.request.model":"m","llm.model_name":"m","ai.model.id":"n","events":"[]","all_messages_events":["started",{"at":5}],"langfuse.observation.usage_details":"{\"input\":3,\"cost\":1}"}' >in
	assert_equal "$(fl-import otlp in | jq -c '.observations[0].metadata.attributes')" \
		'{"gen_ai.input.messages":"[{\"role\":\"user\"}]","ai.model.id":"n","events":"[]","all_messages_events":["started",{"at":5}],"langfuse.observation.usage_details":"{\"input\":3,\"cost\":1}"}'
}

@test "the values of the Vercel AI SDK, each of which is JSON, are read" {
	table '{"ai.values": ($row[0] | fromjson)}' \
		'[.input, .observations[0].input]' <<-'END'
	["\"Where is it?\""]|["Where is it?",["Where is it?"]]
	["\"a\"","{\"b\":1}","c","4"]|["a\nc",["a",{"b":1},"c",4]]
	"[\"a\"]"|["a",["a"]]
	END
}

@test "instructions that are apart become the first message, unless there is one" {
	table '{"gen_ai.system_instructions": $row[0], "gen_ai.input.messages": $row[1]}' \
		'.observations[0] | [.input, .metadata.attributes]' <<-'END'
	[{"type":"text","content":"s"}]|[{"role":"user","parts":[]}]|[[{"role":"system","parts":[{"type":"text","content":"s"}]},{"role":"user","parts":[]}],null]
	[{"type":"text","content":"s"}]|[{"role":"system","parts":[{"type":"text","content":"s"}]}]|[[{"role":"system","parts":[{"type":"text","content":"s"}]}],null]
	s|[{"role":"developer","content":"s"}]|[[{"role":"developer","content":"s"}],null]
	s|[{"role":"system","content":"t"}]|[[{"role":"system","content":"t"}],{"gen_ai.system_instructions":"s"}]
	END
}

# event KIND CALL MEMBERS: the input of a span of that kind, and of that call, with
# the event of a tool's message.
event()
{
	put 01 '' 0 9 "{\"gen_ai.operation.name\":\"$1\",\"gen_ai.tool.call.id\":\"$2\"}" |
		jq -c --argjson members "$3" '.scopeSpans[0].spans[0].events = [{name: "gen_ai.tool.message",
			attributes: ($members | to_entries | map({key, value: {stringValue: .value}}))}]' |
		fl-import otlp | jq -c '.observations[0].input'
}

@test "the only message of a tool is reduced to its content" {
	assert_equal "$(event execute_tool c1 '{"role":"tool","content":"{\"x\":1}","id":"c1"}')" '{"x":1}'
	assert_equal "$(event execute_tool c1 '{"content":"text"}')" '"text"'
	# but nothing gets lost
	assert_equal "$(event execute_tool c1 '{"content":"text","id":"c2"}')" '[{"role":"tool","content":"text","id":"c2"}]'
	assert_equal "$(event execute_tool c1 '{"id":"c1"}')" '[{"role":"tool","id":"c1"}]'
	assert_equal "$(event chat c1 '{"content":"text"}')" '[{"role":"tool","content":"text"}]'
}

@test "a trace of a service without a name has that of its root span" {
	put 01 '' 1 2 '{}' >in
	assert_equal "$(fl-import otlp in | jq -c .name)" '"span"'
	jq -c '{resourceSpans: [{resource: {attributes: [{key: "service.name", value: {stringValue: "unknown_service:node"}}]}} + .]}' in >unknown
	assert_equal "$(fl-import otlp unknown | jq -c .name)" '"span"'
	put 01 '' 1 2 '{"gen_ai.agent.name":"desk"}' >in
	assert_equal "$(fl-import otlp in | jq -c .name)" '"desk"'
}

@test "an asterisk in a name stands for one word" {
	table '{($row[0]): "text"}' '.observations[0] | [.input, .output, .metadata.attributes]' <<-'END'
	mastra.rag_action.input|["text",null,null]
	mastra.rag_action.output|[null,"text",null]
	mastra.rag.action.input|[null,null,{"mastra.rag.action.input":"text"}]
	mastra..input|[null,null,{"mastra..input":"text"}]
	mastra.input|[null,null,{"mastra.input":"text"}]
	mastra.a.inputs|[null,null,{"mastra.a.inputs":"text"}]
	other.a.input|[null,null,{"other.a.input":"text"}]
	END
}

@test "metadata with the names of the importer's own is kept under other names" {
	put 01 '' 1 2 '{"metadata":"{\"attributes\":{\"a\":1},\"events\":2,\"tenant\":\"x\"}","more":1}' >in
	fl-import otlp in >out
	assert_jq '.observations[0].metadata' \
		'{"tenant":"x","recorded_attributes":{"a":1},"recorded_events":2,"attributes":{"more":1}}' out
}
