#!/usr/bin/env bats

# fl-llm: requests to a model. The server is tests/servers/model.py.

load test_helper
load filter_helper
load model_helper

BATS_TEST_TIMEOUT=$((1200 + ${KILLS:-20}))

# ask TEXT [OPTION...]: prints the content of the reply, or code and message of
# the error.
ask()
{
	chat "$1" | fl-llm -q --retry-wait 0.01 "${@:2}" |
		jq -r '.reply.content // "\(.error.code): \(.error.message)"'
}

# --- requests --------------------------------------------------------------------------------

@test "a record comes back with the reply, and with all that it had" {
	serve_model
	echo '{"id":"x","any":{"field":[1]},"messages":[{"role":"system","content":"s"},{"role":"user","content":"say hé"}],"params":{"temperature":0,"response_format":{"type":"json_object"}}}' >in
	run --separate-stderr -0 fl-llm --model tiny in
	assert_equal "$(jq -c '.reply.ms = 0' <<<"$output")" '{"id":"x","any":{"field":[1]},"messages":[{"role":"system","content":"s"},{"role":"user","content":"say hé"}],"params":{"temperature":0,"response_format":{"type":"json_object"}},"reply":{"content":"hé","finish_reason":"stop","model":"tiny","usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16},"cached":false,"ms":0,"attempts":1}}'
	assert_regex "$stderr" '^fl-llm: 1 request: 1 call; 11 \+ 5 tokens; [0-9.]+ s$'
	assert_equal "$(get_model /last | jq -c '[.path, .body]')" '["/v1/chat/completions",{"model":"tiny","messages":[{"role":"system","content":"s"},{"role":"user","content":"say hé"}],"temperature":0,"response_format":{"type":"json_object"}}]'
}

@test "what is asked already is passed on, and what failed is asked again" {
	serve_model
	printf '%s\n' '{"id":"a","messages":[],"reply":{"content":"old"}}' \
		'{"id":"b","model":"m","messages":[{"role":"user","content":"say new"}],"error":{"code":"http_429"}}' >in
	run --separate-stderr -0 fl-llm --ordered in
	assert_equal "${lines[0]}" '{"id":"a","messages":[],"reply":{"content":"old"}}'
	assert_equal "$(jq -c '[.reply.content, .error]' <<<"${lines[1]}")" '["new",null]'
}

@test "requests that cannot be sent are records with an error" {
	local record want

	serve_model
	while IFS='|' read -r record want; do
		run --separate-stderr -1 fl-llm -q <<<"$record"
		assert_equal "$(jq -r '"\(.error.code): \(.error.message)"' <<<"$output")" "request: $want"
	done <<-'END'
		{"id":"a"}|it has no list of messages
		{"messages":[]}|it has no messages
		{"messages":["hi"]}|a message is not an object with a role
		{"messages":[{"role":"user","content":"x"}]}|it has no model; give --model
		{"model":7,"messages":[{"role":"user","content":"x"}]}|model is not a string
		{"model":"m","params":[],"messages":[{"role":"user","content":"x"}]}|params is not an object
		{"model":"m","params":{"stream":true},"messages":[{"role":"user","content":"x"}]}|params.stream: replies are read whole
		{"model":"m","params":{"n":2},"messages":[{"role":"user","content":"x"}]}|params.n: for N replies write N requests, each with another number in 'sample'
		{"model":"m","sample":-1,"messages":[{"role":"user","content":"x"}]}|sample is not a number from 0
	END
	run --separate-stderr -1 fl-llm -q <<<'{"messages'
	assert_output ''
	assert_regex "$stderr" '^fl-llm: <stdin>:1:'
	assert_equal "$(asked)" 0
}

@test "Anthropic's API has its own form, and gives the same record" {
	serve_model
	export ANTHROPIC_BASE_URL=${OPENAI_BASE_URL%/v1} ANTHROPIC_API_KEY=sk-ant-0123456789abcdef
	echo '{"id":"x","model":"c","messages":[{"role":"system","content":"be short"},{"role":"user","content":"say yes"}],"params":{"temperature":0,"max_completion_tokens":50,"stop":"END"}}' >in
	OPENAI_BASE_URL='' run --separate-stderr -0 fl-llm -q --api anthropic in
	assert_equal "$(jq -c '.reply.ms = 0 | .reply' <<<"$output")" '{"content":"yes","finish_reason":"stop","model":"c","usage":{"prompt_tokens":11,"completion_tokens":5},"cached":false,"ms":0,"attempts":1}'
	assert_equal "$(get_model /last | jq -c '[.path, .headers["x-api-key"], .headers["anthropic-version"], .headers.Authorization, .body]')" \
		'["/v1/messages","sk-ant-0123456789abcdef","2023-06-01",null,{"model":"c","max_tokens":50,"messages":[{"role":"user","content":"say yes"}],"system":"be short","temperature":0,"stop_sequences":["END"]}]'
	# a schema is that of a tool
	echo '{"model":"c","messages":[{"role":"user","content":"say yes"}],"params":{"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}}}}' >in
	run -0 fl-llm -q --api anthropic --base-url "$OPENAI_BASE_URL" in
	assert_equal "$(jq -c '[.reply.content, .reply.finish_reason]' <<<"$output")" '["{\"said\":\"yes\"}","stop"]'
	assert_equal "$(get_model /last | jq -c '.body | [.tools[0].input_schema, .tool_choice, .max_tokens]')" '[{"type":"object"},{"type":"tool","name":"reply"},1024]'
	# and comes before the tools of the request
	jq -c '.params += {tools: [{name: "look"}], tool_choice: {type: "auto"}}' in >both
	run -0 fl-llm -q --api anthropic --base-url "$OPENAI_BASE_URL" both
	assert_equal "$(jq -c '[.reply.content, .reply.tool_calls]' <<<"$output")" '["{\"said\":\"yes\"}",null]'
	assert_equal "$(get_model /last | jq -c '.body | [[.tools[].name], .tool_choice.name]')" '[["reply","look"],"reply"]'
	# other calls have OpenAI's form
	jq -c '.params = {tools: [{name: "look"}]}' in >tools
	run -0 fl-llm -q --api anthropic --base-url "$OPENAI_BASE_URL" tools
	assert_equal "$(jq -c '.reply | [.content, .finish_reason, .tool_calls]' <<<"$output")" \
		'["","tool_calls",[{"id":"t","type":"function","function":{"name":"look","arguments":"{\"said\":\"yes\"}"}}]]'
	# the tokens of Anthropic's cache are tokens of the prompt
	echo '{"model":"c","messages":[{"role":"system","content":"cached"},{"role":"user","content":"say yes"}]}' >in
	run --separate-stderr -0 fl-llm --api anthropic --base-url "$OPENAI_BASE_URL" in
	assert_equal "$(jq -c .reply.usage <<<"$output")" '{"prompt_tokens":2111,"completion_tokens":5}'
	assert_regex "$stderr" '; 2111 \+ 5 tokens;'
}

@test "headers of the configuration are sent, and what is secret in them is nowhere else" {
	serve_model
	cat >setting.yaml <<-'END'
		input_generation:
		  llm:
		    model: m
		    headers: {x-provider: openai, api-key: "${GATE_KEY}", x-level: 3, user-agent: mine}
	END
	export GATE_KEY=gate-0123456789abcdef
	jq -nc '{messages: [{role: "user", content: "say gate-0123456789abcdef"}]}' >in
	run --separate-stderr -0 fl-llm -q -c setting.yaml --cache c in
	assert_equal "$(jq -r .reply.content <<<"$output")" '***'
	assert_equal "$(get_model /last | jq -c '.headers | [."x-provider", ."api-key", ."x-level", (to_entries[] | select(.key | ascii_downcase == "user-agent").value)]')" \
		'["openai","gate-0123456789abcdef","3","mine"]'
	refute grep gate- c
	# other headers, other replies, but the same whatever the variable is
	GATE_KEY=gate-fedcba9876543210 run -0 fl-llm -q -c setting.yaml --cache c --offline in
	sed -i 's/openai/other/' setting.yaml
	run -1 fl-llm -q -c setting.yaml --cache c --offline in
	# a redirect to another host does not get them
	chat 'bad other' >in
	fl-llm -q -c setting.yaml in >out || true
	assert_equal "$(get_model /last | jq -c '[.path, .headers["api-key"], .headers["x-provider"]]')" '["/elsewhere",null,null]'
	GATE_KEY='' run --separate-stderr -2 env -u GATE_KEY fl-llm -c setting.yaml in
	assert_regex "$stderr" "^fl-llm: .*GATE_KEY"
	sed -i 's/x-level: 3/"x level": 3/' setting.yaml
	run --separate-stderr -2 fl-llm -c setting.yaml in
	assert_equal "$stderr" "fl-llm: input_generation.llm.headers: 'x level' is not a header's name, or its value has a line end"
}

@test "the base URL may end in a slash, the path, or a query" {
	local base want

	serve_model
	while read -r base want; do
		chat x | fl-llm -q --base-url "${base/BASE/${OPENAI_BASE_URL%/v1}}" >out
		assert_equal "$(get_model /last | jq -r .path)" "$want"
	done <<-'END'
		BASE/v1/ /v1/chat/completions
		BASE /chat/completions
		BASE/v1/chat/completions /v1/chat/completions
		BASE/v1?api-version=1 /v1/chat/completions?api-version=1
	END
}

@test "records come in the order of the requests with --ordered" {
	serve_model
	chat 'wait go' 'say two' 'say three' >in
	fl-llm -q in >out &
	wait_until has_lines 2 out
	touch go
	wait $!
	assert_equal "$(jq -r .id out | tail -n 1)" 1
	rm go
	fl-llm -q --ordered in >out &
	all_asked() { [ "$(asked)" = 6 ]; }
	wait_until all_asked
	assert_equal "$(cat out)" ''
	touch go
	wait $!
	assert_equal "$(jq -r .id out | paste -sd ' ')" '1 2 3'
}

@test "without a server, nothing is asked, and the message says how to set one" {
	unset OPENAI_BASE_URL
	run --separate-stderr -2 fl-llm <<<'{}'
	assert_equal "$stderr" 'fl-llm: there is no server to ask: give --base-url or set OPENAI_BASE_URL, such as http://127.0.0.1:8080/v1'
	run --separate-stderr -2 fl-llm --base-url 'ftp://127.0.0.1/' <<<'{}'
	assert_equal "$stderr" "fl-llm: the base URL 'ftp://127.0.0.1/' is wrong: expected http:// or https://"
	run --separate-stderr -2 fl-llm --base-url http://127.0.0.1/ --max-cost 1 <<<'{}'
	assert_regex "$stderr" '^fl-llm: --max-cost needs --price'
	run --separate-stderr -2 fl-llm --base-url http://127.0.0.1/ --offline <<<'{}'
	assert_regex "$stderr" '^fl-llm: --offline needs --cache'
	run --separate-stderr -2 fl-llm --base-url http://127.0.0.1/ --api-key-env NONE <<<'{}'
	assert_equal "$stderr" 'fl-llm: the variable NONE, which is to have the key, is not set'
	for bad in '--rate 5' '--rate 0/s' '--price 1' '--api other' '--max-cost x'; do
		# shellcheck disable=SC2086 # two words
		run --separate-stderr -2 fl-llm --base-url http://127.0.0.1/ $bad <<<'{}'
		assert_regex "$stderr" "^fl-llm: ${bad%% *} '${bad#* }': expected"
	done
}

# --- bad servers -----------------------------------------------------------------------------

@test "a reply that is no good is an error that says why" {
	local kind want

	serve_model
	while IFS='|' read -r kind want; do
		run -0 ask "bad $kind" --retries 1
		assert_regex "$output" "^$want\$"
	done <<-'END'
		close|broken: .*
		middle|broken: .*
		chunk|broken: .*
		bomb|too_large: the reply is too large
		notgzip|encoding: .*
		header|headers: the reply has too many headers
		headers|headers: the reply has too many headers
		status|http_999: odd
		html|bad_json: the reply is not JSON \(.*\), but text/html: <!doctype html> <title>Sign in</title>; is the base URL right\?
		empty|bad_json: the reply is not JSON .*: it is empty
		choices|no_choices: the reply has no choices with a text: .*
		number|no_choices: the reply has no choices with a text: .*"content": 42.*
		boolean|no_choices: .*
		object|no_choices: .*
		headless|broken: the reply ended within its headers
		halfstatus|broken: .*
		nochoice|no_choices: the reply has no choices with a text: .*
		hidden|http_402: pay first
		quota|http_429: no money left
		loop|redirect: too many redirects
		moved|http_301: the server has moved to https://model.example/v1/chat/completions
		nohttp|broken: .*
	END
}

@test "odd replies that can be read are read" {
	local kind want

	serve_model
	while IFS='|' read -r kind want; do
		assert_equal "$(ask "bad $kind")" "$want"
	done <<-'END'
		nolength|x
		gzip|x
		utf8|caf� �
		bom|x
		lone|a�b
		parts|one two
		null|
		tool|
	END
	assert_equal "$(chat 'bad tool' | fl-llm -q | jq -c '[.reply.finish_reason, .reply.tool_calls[0].function.name]')" '["tool_calls","f"]'
}

@test "a reply that comes too slowly is given up" {
	serve_model
	run -0 ask 'bad trickle' --timeout 1 --retries 0
	assert_regex "$output" '^timeout: '
	run -0 ask 'slow 30' --timeout 0.3 --retries 1
	assert_regex "$output" '^timeout: '
	all_asked() { [ "$(asked)" = 3 ]; }
	wait_until all_asked
}

@test "a server that is not there is given up after some requests" {
	chat a b c d e f g h i j k l >in
	run --separate-stderr -2 fl-llm --base-url http://127.0.0.1:1/v1 -j 1 --retries 1 --retry-wait 0.01 in
	assert_equal "${#lines[@]}" 12
	assert_equal "$(jq -r .error.code <<<"$output" | uniq)" connect
	assert_equal "$(grep -c 'not asked: 3 requests in a row have failed so' <<<"$output")" 9
	assert_regex "$stderr" '^fl-llm: 12 requests: [0-9]+ calls \([0-9]+ of them again\), 12 errors; .*; the first error: connect: Failed to connect'
	run --separate-stderr -2 fl-llm --base-url http://nothing.invalid/v1 --retries 0 <<<"$(chat a b c)"
	assert_equal "$(jq -r .error.code <<<"$output" | uniq)" dns
	serve_model
	run --separate-stderr -2 fl-llm --base-url "${OPENAI_BASE_URL/http:/https:}" --retries 0 <<<"$(chat a b c)"
	assert_equal "$(jq -r .error.code <<<"$output" | uniq)" tls
}

@test "credentials do not follow a redirect to another host" {
	serve_model
	export OPENAI_API_KEY=sk-0123456789abcdefghij
	assert_equal "$(ask 'bad other')" found
	assert_equal "$(get_model /last | jq -c '[.path, .headers.Authorization]')" '["/elsewhere",null]'
}

# --- retries ---------------------------------------------------------------------------------

@test "the rules of retries and budgets hold by their tables" {
	local flags

	mapfile -t flags < <(library_flags)
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -o llm-check "$ROOT/tests/llm-check.c" "${flags[@]}" -lcurl
	run -0 ./llm-check
	assert_output ''
}

@test "what may succeed is asked again, and waits as long as it is asked to" {
	serve_model
	assert_equal "$(chat 'fail 503 2' | fl-llm -q --retry-wait 0.01 | jq -c '[.reply.content, .reply.attempts]')" '["fail 503 2",3]'
	assert_equal "$(ask 'fail 500 9' --retries 2)" 'http_500: failed 3'
	assert_equal "$(ask 'fail 400 9')" 'http_400: failed 1'
	# 429 for ever
	assert_equal "$(ask 'fail 429 99' --retries 3)" 'http_429: failed 4'
	run -0 ask 'fail 429 1 Retry-After: 100'
	assert_output 'http_429: failed 1 (the server asks to wait 100 s, longer than --max-wait)'
	chat 'fail 429 1 retry-after-ms: 700' >in
	local from=${EPOCHREALTIME/./}
	fl-llm -q --retry-wait 0.01 in >out
	((${EPOCHREALTIME/./} - from >= 700000)) || fail 'it did not wait'
	assert_equal "$(jq .reply.attempts out)" 2
}

@test "no more calls start than --rate allows" {
	serve_model
	chat a b c d e >in
	local from=${EPOCHREALTIME/./}
	fl-llm -q --rate 10/s in >out
	((${EPOCHREALTIME/./} - from >= 400000)) || fail 'five calls took less than 0.4 s'
	assert_equal "$(lines_of out)" 5
}

# --- the cache -------------------------------------------------------------------------------

@test "what is in the cache is not asked again, and comes out the same" {
	serve_model
	chat one two one >in
	run --separate-stderr -0 fl-llm --cache c.jsonl --ordered in
	assert_regex "$stderr" '3 requests: 2 calls, 1 cached;'
	assert_equal "$(jq -c .reply.cached <<<"$output" | paste -sd ' ')" 'false false true'
	assert_equal "$(mode_of c.jsonl)" 600
	fl-llm -q --cache c.jsonl --ordered in >warm
	fl-llm -q --cache c.jsonl --ordered --offline in >again
	cmp warm again
	assert_equal "$(asked)" 2
	# what was not asked stays that way
	chat one three >in
	run --separate-stderr -1 fl-llm --cache c.jsonl --ordered --offline in
	assert_equal "$(jq -r '.reply.content // .error.code' <<<"$output" | paste -sd ' ')" 'one offline'
	assert_equal "$(asked)" 2
}

@test "everything that a reply depends on is in the key, and nothing else" {
	local same record calls=0

	serve_model
	# "=": the same as the one before; "+": another one
	while IFS=' ' read -r same record; do
		[ "$same" = = ] || calls=$((calls + 1))
		fl-llm -q --cache c --model m <<<"$record" >out
		assert_equal "$(asked) $record" "$calls $record"
	done <<-'END'
		+ {"messages":[{"role":"user","content":"a"}],"params":{"temperature":1,"top_p":0.5}}
		= {"params":{"top_p":0.50,"temperature":1.0},"messages":[{"content":"\u0061","role":"user"}]}
		= {"id":"other","note":1,"model":"m","messages":[{"role":"user","content":"a"}],"params":{"temperature":1,"top_p":0.5},"sample":0}
		+ {"messages":[{"role":"user","content":"a"}],"params":{"temperature":1,"top_p":0.5},"sample":1}
		+ {"messages":[{"role":"user","content":"a"}],"params":{"temperature":1}}
		+ {"messages":[{"role":"user","content":"a"}]}
		= {"messages":[{"role":"user","content":"a"}],"params":{}}
		= {"messages":[{"role":"user","content":"a"}],"params":null}
		+ {"messages":[{"role":"system","content":"a"}]}
		+ {"messages":[{"role":"user","content":"a "}]}
		+ {"model":"n","messages":[{"role":"user","content":"a"}]}
	END
	# the server's port is not in it, its host is
	chat x | fl-llm -q --cache c >out
	run -0 fl-llm -q --cache c --offline --base-url http://127.0.0.1:7/v1 <<<"$(chat x)"
	run -1 fl-llm -q --cache c --offline --base-url http://localhost:7/v1 <<<"$(chat x)"
}

@test "failures are not kept" {
	serve_model
	chat 'fail 400 1' >in
	run -1 fl-llm -q --cache c in
	[ ! -s c ]
	run -0 fl-llm -q --cache c in
	assert_equal "$(lines_of c)" 1
}

@test "lines of the cache that are torn or of another version are skipped" {
	local good

	serve_model
	chat one two three >in
	fl-llm -q --cache c --ordered -j 1 in >warm
	good=$(sed -n 2p c)
	{
		sed -n 1p c
		echo 'not JSON'
		echo "${good/\"version\":1/\"version\":2}"
		# a record that was cut off, and the next one in the same line
		printf '%s%s\n' "${good:0:70}" "$good"
		sed -n 3p c | head -c -20
	} >torn
	mv torn c
	run --separate-stderr -0 fl-llm --cache c --ordered in
	assert_regex "$stderr" 'c: 4 lines are incomplete or of another version: skipped'
	assert_equal "$(jq -c .reply.cached <<<"$output" | paste -sd ' ')" 'true true false'
	# the new record begins a line of its own
	run -0 fl-llm -q --cache c --offline --ordered in
	assert_equal "$(jq -r .reply.content <<<"$output" | paste -sd ' ')" 'one two three'
	# a record that is damaged in the middle is found out when it is used
	sed -i 's/"content":"one"/"content":"one/' c
	run --separate-stderr -0 fl-llm --cache c --ordered in
	assert_equal "$(jq -r .reply.content <<<"$output" | paste -sd ' ')" 'one two three'
}

@test "two writers share a cache" {
	local i pids=()

	serve_model
	chat $(seq 60) >one
	chat $(seq 31 90) >two
	fl-llm -q --cache c one >out1 & pids+=($!)
	fl-llm -q --cache c two >out2 & pids+=($!)
	for i in "${pids[@]}"; do wait "$i"; done
	jq -e .reply c >/dev/null
	assert_equal "$(jq -r .key c | sort -u | wc -l)" 90
	cat one two | fl-llm -q --cache c --offline --ordered | jq -r .reply.content >both
	cmp both <(seq 60; seq 31 90)
}

@test "a cache that cannot be written ends the program, and nothing is lost" {
	serve_model
	chat $(seq 200) >in
	(
		ulimit -f 4
		run --separate-stderr -2 fl-llm --cache c in
		assert_regex "$stderr" '^fl-llm: c: '
	)
	[ "$(asked)" -lt 200 ]
	fl-llm -q --cache c in 2>err | wc -l >n
	assert_equal "$(cat n)" 200
	run --separate-stderr -2 fl-llm --cache /proc/none in
	run --separate-stderr -2 fl-llm --cache . in
}

@test "fl-llm that is killed at any moment loses at most the calls in flight" {
	serve_model
	python3 "$ROOT/tests/llm-kill-check.py" "${KILLS:-20}" >told || { cat told; false; }
	cat told >&3
}

@test "an interrupted fl-llm writes what it has, and says so" {
	serve_model
	chat 'say a' 'slow 60' 'say b' >in
	# bats makes background jobs ignore SIGINT
	fl-llm --cache c in >out 2>err &
	local pid=$!
	wait_until has_lines 2 out
	kill -TERM $pid
	local status=0
	wait $pid || status=$?
	assert_equal $status 143
	assert_equal "$(jq -r '.reply.content // .error.code' out | sort | paste -sd ' ')" 'a b stopped'
	assert_regex "$(cat err)" '^fl-llm: 3 requests: 3 calls, 1 error; '
	assert_equal "$(lines_of c)" 2
}

# --- limits ----------------------------------------------------------------------------------

@test "limits stop before the call that would exceed them" {
	local options want spent

	serve_model
	chat a b c d >in
	while IFS='|' read -r options want spent; do
		local before
		before=$(asked)
		# shellcheck disable=SC2086 # several words
		run --separate-stderr -1 fl-llm -j 1 --ordered $options in
		assert_equal "$options: $(($(asked) - before))" "$options: $want"
		assert_equal "$(jq -r '.error.code // empty' <<<"$output" | uniq -c | sed 's/^ *//')" "$((4 - want)) budget"
		assert_regex "$stderr" "; $spent has stopped it; the first error: budget: not asked: $spent would be exceeded\$"
	done <<-'END'
		--max-calls 0|0|--max-calls
		--max-calls 3|3|--max-calls
		--max-tokens 0|0|--max-tokens
		--max-tokens 1000|0|--max-tokens
		--reply-tokens 10 --max-tokens 40|2|--max-tokens
		--max-cost 0 --price 1,1|0|--max-cost
		--price 1000000,2000000 --max-cost 50 --reply-tokens 10|1|--max-cost
	END
	run -0 fl-llm -q --max-calls 4 --max-tokens 100000 --max-cost 1 --price 1,1 in
}

@test "retries are calls, and what is cached is not" {
	serve_model
	run -0 ask 'fail 503 9' --max-calls 2 --retries 5
	assert_output 'http_503: failed 2 (not asked again: --max-calls would be exceeded)'
	chat a b >in
	fl-llm -q --cache c in >out
	run -0 fl-llm -q --cache c --max-calls 0 in
}

@test "a model without a price is not asked when money is limited" {
	serve_model
	run -0 ask a --price other=1,1 --max-cost 1
	assert_output 'no_price: not asked: --max-cost is given, and no --price for the model m'
	assert_equal "$(asked)" 0
	assert_equal "$(ask a --price m=1,1 --max-cost 1)" a
}

@test "a dry run says what would be asked, and asks nothing" {
	serve_model
	chat one two one >in
	fl-llm -q --cache c in >out
	chat one two three four three >in
	run --separate-stderr -0 fl-llm --dry-run --cache c --price 1,2 --reply-tokens 100 in
	assert_output '5 requests: 2 calls, 3 cached; about 25 tokens in prompts, at most about 200 in replies; cost at most about 0.000425'
	assert_equal "$(asked)" 2
}

# --- keys ------------------------------------------------------------------------------------

@test "the key is sent, and is in no file, message or list of processes" {
	local secret=sk-live-0123456789abcdefghij

	serve_model SERVER_KEY=$secret
	chat 'say ok' 'wait go' >in
	OPENAI_API_KEY=$secret fl-llm --cache c in >out 2>err &
	local pid=$!
	wait_until test -s out
	run -1 grep -aF "$secret" /proc/$pid/cmdline
	touch go
	wait $pid
	assert_equal "$(jq -r .reply.content out | head -n 1)" ok
	MY_KEY=wrong-0123456789abcdef fl-llm --api-key-env MY_KEY in >out2 2>err2 || true
	assert_equal "$(jq -r '"\(.error.code): \(.error.message)"' out2 | head -n 1)" 'http_401: wrong key Bearer ***'
	run ! grep -rF -e "$secret" -e wrong-0123456789abcdef c out err out2 err2
	# what a server repeats is masked, too
	OPENAI_API_KEY=$secret fl-llm -q <<<"$(chat "say my key is $secret")" >out3
	run ! grep -F "$secret" out3
}

@test "proxies are those of the environment, and never for this machine" {
	serve_model
	http_proxy=http://127.0.0.1:1 run -0 ask 'say direct'
	assert_output direct
	run -0 env http_proxy=http://127.0.0.1:1 fl-llm -q --base-url http://model.example/v1 --retries 0 <<<"$(chat x)" || true
	run -0 jq -r .error.message <<<"$output"
	assert_regex "$output" '127.0.0.1 port 1'
}

# --- a server that others wrote --------------------------------------------------------------

# mock_llm: starts the npm package, and sets OPENAI_BASE_URL; or skips the test.
mock_llm()
{
	local folder port

	find_package @dwmkerr/mock-llm
	# nobody is given one of these ports for asking for any
	port=$("${PYTHON:-python3}" -c 'import random, socket
while True:
    port = random.randrange(10000, 32768)
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break')
	HOST=127.0.0.1 PORT=$port node "$folder/@dwmkerr/mock-llm/dist/main.js" --config mock.yaml >mock.log 2>&1 3>&- &
	echo $! >>model.pids
	export OPENAI_BASE_URL=http://127.0.0.1:$port/v1
	unset OPENAI_API_KEY http_proxy HTTP_PROXY all_proxy ALL_PROXY
}

@test "the npm package @dwmkerr/mock-llm answers" {
	cat >mock.yaml <<-'END'
		rules:
		  - path: "/v1/chat/completions"
		    method: "POST"
		    match: "@"
		    response:
		      status: 200
		      content: |
		        {"id": "x", "object": "chat.completion", "model": "{{jmes request body.model}}",
		         "choices": [{"message": {"role": "assistant",
		           "content": "{{jmes request body.messages[-1].content}}"}, "finish_reason": "stop"}]}
		  - path: "/v1/chat/completions"
		    match: "contains(body.messages[-1].content, 'error')"
		    response:
		      status: 401
		      content: '{"error": {"message": "wrong key"}}'
	END
	mock_llm
	# it takes a while to listen: connections are tried again
	chat hello 'again' error >in
	run --separate-stderr -1 fl-llm -q --ordered --retries 20 --retry-wait 0.2 in
	assert_equal "$(jq -r '.reply.content // .error.code' <<<"$output" | paste -sd ' ')" 'hello again http_401'
}
