#!/usr/bin/env bats

# fl-http with agents of Agent2Agent. All servers are on loopback and belong to
# the tests.

load test_helper
load filter_helper
load http_helper

# agents: prints the path of an agent for each binding and version.
agents()
{
	printf '/agents/%s\n' JSONRPC/0.3 JSONRPC/1.0 HTTP+JSON/0.3 HTTP+JSON/1.0
}

# card JSON: prints the path of a card on the server; URL in it is the server's.
card()
{
	printf '/card/%s.json' "$(jq -rn --arg card "$1" '$card | @uri')"
}

# The output of a file is the part as the binding has it: only its bytes, here.
file_bytes='if .input == "files" then .output[0] |= (.raw // .file.bytes // .file.fileWithBytes) else . end'

# check_answers NAME: the agent of setting.yaml answers as any should.
check_answers()
{
	local verb

	for verb in message chunks again files data status history nothing ask auth \
	            reject cancel fail; do
		printf '{"input":"%s"}\n' "$verb"
	done >in
	echo '{"input":{"q":1}}' >>in
	run -1 ask --ordered
	traced "$file_bytes"' | [.input, if .success then .output else .error_code end]' >answers
	diff - answers <<-'END' || fail "$1"
	["message","a message"]
	["chunks","Hello\nsecond"]
	["again","better"]
	["files",["aGk=",{"n":2}]]
	["data",{"n":1}]
	["status","by status"]
	["history","found it"]
	["nothing","no_output"]
	["ask","input_required"]
	["auth","auth_required"]
	["reject","task_rejected"]
	["cancel","task_canceled"]
	["fail","task_failed"]
	[{"q":1},"of data"]
	END
	assert_regex "$1 $(traced .error)" 'the task is input-required: which order[?]'
	# what an agent asks is the output, the reason of a failure is not
	assert_equal "$(traced 'select(.success | not) | [.input, .output]' | paste -sd ' ')" \
		'["nothing",null] ["ask","which order?"] ["auth","which order?"] ["reject",null] ["cancel",null] ["fail",null]'
}

@test "agents of each binding and version are found by their card, and answer" {
	local agent stream

	for agent in $(agents); do
		for stream in none sse; do
			setting "url: URL$agent" 'api: a2a' "stream: $stream"
			check_answers "$agent $stream"
		done
	done
	assert_equal "$(jq -r 'select(.path | test("JSONRPC/0.3")) | .body.method // .path' "$LOG" | sort -u | paste -sd ' ')" \
		'/agents/JSONRPC/0.3/.well-known/agent-card.json /agents/JSONRPC/0.3/.well-known/agent.json message/send message/stream'
}

@test "a task that is not done is asked for, after a stream too" {
	local agent stream polls

	echo '{"input":"task"}' >in
	for agent in $(agents); do
		for stream in none sse; do
			setting "url: URL$agent" 'api: a2a' "stream: $stream"
			[[ $agent == */HTTP+JSON/1.0 ]] && polls=2 || polls=1
			ask || fail "$agent $stream: $(cat got)"
			assert_equal "$agent $stream $(traced '[.output, .observations[0].metadata.polls,
				(.observations[0].input | .params // . | .message.messageId | length)]')" \
				"$agent $stream [\"an artifact\",$polls,36]"
		done
	done
}

@test "text of a stream is passed on as it comes" {
	setting 'url: URL/agents/JSONRPC/1.0' 'api: a2a' 'stream: sse'
	echo '{"id":1,"input":"chunks","context":{}}' | fl-http -c setting.yaml >got
	assert_equal "$(jq -r 'select(.type == "delta") | .delta' got | paste -sd '|')" 'Hel|lo|||second'
	assert_equal "$(jq -c 'select(.type == "final") | .output' got)" '"Hello\nsecond"'
}

@test "an error of JSON-RPC is the run's, with what the agent says of it" {
	echo '{"input":"throw"}' >in
	for stream in none sse; do
		setting 'url: URL/agents/JSONRPC/0.3' 'api: a2a' "stream: $stream"
		run -1 ask
		assert_equal "$(traced '[.error_code, .error]')" \
			'["rpc_error","POST /agents/JSONRPC/0.3: the agent reports error -32603: the agent broke: {\"why\":\"wrong\"}"]'
	done
}

@test "the URL may be the card's, an interface's, or that of HTTP with JSON and no card" {
	local url path

	while read -r url path; do
		: >"$LOG"
		setting "url: \"URL$url\"" 'api: a2a'
		ask || fail "$url: $(cat got err)"
		assert_equal "$url $(traced .output) $(tail -n 1 "$LOG" | jq -r .path)" "$url \"an artifact\" $path"
	done <<-END
	$(card '{"url":"URL/rpc/0.3"}') /rpc/0.3
	$(card '{"supportedInterfaces":[{"url":"URL/agents/HTTP+JSON","tenant":"1.0","protocolBinding":"http+json"}]}') /agents/HTTP+JSON/1.0/message:send
	$(card '{"supportedInterfaces":[{"url":"URL/above/HTTP+JSON/1.0/","tenant":"a/b","protocolBinding":"HTTP+JSON"}]}') /above/HTTP+JSON/1.0/a%2Fb/message:send
	/rpc/1.0 /rpc/1.0
	/rpc/0.3/ /rpc/0.3
	/above/HTTP+JSON/1.0 /above/HTTP+JSON/1.0/message:send
	/agents/HTTP+JSON/1.0/message:send /agents/HTTP+JSON/1.0/message:send
	/agents/HTTP+JSON/0.3/v1/message:stream /agents/HTTP+JSON/0.3/v1/message:send
	/agents/none/1.0 /agents/none/1.0/message:send
	/agents/none/1.0/message:stream /agents/none/1.0/message:send
	END
	setting "url: \"URL$(card '{"supportedInterfaces":[{"url":"URL/rpc/1.0","tenant":"a/b","protocolBinding":"JSONRPC"}]}')\"" 'api: a2a'
	ask
	assert_equal "$(tail -n 1 "$LOG" | jq -c '.body.params | [.tenant, .message.role]')" '["a/b","ROLE_USER"]'
	setting 'url: URL/agents/none/status' 'api: a2a'
	run -1 ask
	assert_regex "$(traced .error)" 'HTTP 404 .no card of an agent was found at or above http.*/status, so it is taken for HTTP.JSON 1.0.: '
	# the card is asked for once
	printf '{"input":"%s"}\n' {1..20} >in
	: >"$LOG"
	setting 'url: URL/agents/JSONRPC/1.0' 'api: a2a'
	ask
	assert_equal "$(jq -r 'select(.path | test("well-known")) | .headers["a2a-version"]' "$LOG")" 1.0
	setting 'url: URL/agents/JSONRPC/1.0' 'api: a2a'
	run -0 fl-http -c setting.yaml --check
	assert_output "GET $URL/agents/JSONRPC/1.0/.well-known/agent-card.json"
}

@test "a card leads to no host that the configuration does not name, and there without credentials" {
	setting "url: \"URL$(card '{"url":"http://agent.invalid/rpc"}')\"" 'api: a2a'
	run -2 ask
	assert_regex "$(cat err)" 'names http://agent.invalid/rpc, a host that the configuration does not name; runner.http.hosts can'
	setting "url: \"URL$(card '{"url":"http://agent.invalid/rpc"}')\"" 'api: a2a' 'hosts: agent.invalid' 'connect_timeout: 1s'
	ask || true
	assert_regex "$(cat err)" 'POST http://agent.invalid/rpc'

	setting "url: \"URL$(card "{\"url\":\"$URL2/rpc/0.3\"}")\"" 'api: a2a' 'headers: {Authorization: Bearer abcdef, X-Plain: p}'
	ask
	assert_equal "$(traced .output)" '"an artifact"'
	assert_equal "$(tail -n 1 "$LOG" | jq -r .headers.authorization)" 'Bearer abcdef'
	assert_equal "$(tail -n 1 "$LOG2" | jq -c '.headers | [.authorization, ."x-plain"]')" '[null,"p"]'
	setting "url: \"URL$(card "{\"url\":\"$URL2/status/?401\"}")\"" 'api: a2a' 'headers: {Authorization: Bearer abcdef}'
	run -1 ask
	assert_regex "$(traced .error)" "HTTP 401 .without credentials: the agent's card leads to another host or port"
	# localhost of the card is the host that it came from
	setting 'url: URL/rpc/0.3' 'api: a2a' 'headers: {Authorization: Bearer abcdef}'
	ask
	assert_equal "$(tail -n 1 "$LOG" | jq -r .headers.authorization)" 'Bearer abcdef'
}

@test "cards that cannot be used end the experiment, with a remedy" {
	local url message

	while IFS='|' read -r url message; do
		setting "url: \"URL$url\"" 'api: a2a' 'stream: sse'
		run -2 ask
		assert_regex "$url: $(cat err)" "$message"
	done <<-END
	$(card '{"supportedInterfaces":[{"url":"h:1","protocolBinding":"GRPC","protocolVersion":"1.0"},{"url":"URL/rpc","protocolBinding":"JSONRPC","protocolVersion":"2.1"}]}')|only GRPC 1.0, JSONRPC 2.1: let the agent offer JSONRPC or HTTP.JSON, version 0.2 to 1
	$(card '{"url":"/rpc"}')|only JSONRPC '/rpc': expected http:// or https://
	$(card '{"url":"URL/rpc/0.3","capabilities":{"streaming":false}}')|does not stream: remove runner.http.stream
	$(card '[]')|HTTP 200, but the reply is not a card; set runner.http.url to
	/status/agent.json?404|agent.json[?]404: HTTP 404; set runner.http.url to the agent's base or its card
	/status/agent.json?401|HTTP 401; set runner.http.headers to what the agent asks for
	/status/agent.json?500|HTTP 500; is the service in order
	/elsewhere/agent.json?http://agent.invalid/|redirected to http://agent.invalid/, a host that the configuration does not name
	END
	printf 'runner: {http: {url: "http://127.0.0.1:1", api: a2a, retry: {backoff: 10ms}}}\n' >setting.yaml
	run -2 ask
	assert_regex "$(cat err)" 'GET http://127.0.0.1:1/.well-known/agent-card.json: .*3 times in a row.; is the service running'
}

@test "curl commands for agents become configurations" {
	local command

	while read -r command; do
		fl-http --from-curl "curl ${command//URL/$URL}" >setting.yaml 2>err
		ask || fail "$command: $(cat got err)"
		assert_equal "$command $(traced '[.output, (.observations[0].input | .params // . | .configuration)]')" \
			"$command [\"an artifact\",$(grep -q blocking <<<"$command" && echo '{"blocking":true}' || echo null)]"
		assert_equal "$command $(grep -c 'stream: "sse"' setting.yaml)" \
			"$command $(grep -c stream <<<"$command")"
	done <<-'END'
	URL/agents/JSONRPC/1.0/.well-known/agent-card.json -H 'X-Team: blue'
	URL/rpc/0.3 -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"message/stream","params":{"message":{"role":"user","messageId":"1","contextId":"c","parts":[{"kind":"text","text":"hi"}]},"configuration":{"blocking":true}}}'
	URL/rpc/1.0 -d '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"role":"ROLE_USER","messageId":"1","parts":[{"text":"hi"}]}}}'
	-X POST URL/agents/HTTP+JSON/0.3/v1/message:stream -d '{"message":{"role":"ROLE_USER","messageId":"1","content":[{"text":"hi"}]}}'
	END
	fl-http --from-curl "curl $URL/rpc/0.3 -d '{\"jsonrpc\":\"2.0\",\"method\":\"message/send\",\"params\":{\"message\":{\"contextId\":\"c\"}}}'" >/dev/null 2>err
	assert_equal "$(cat err)" 'fl-http: each run is a task of its own: taskId and contextId of the message are left out'
}

@test "init --http with an agent's card makes a project that calls the agent" {
	fluxloop init project --name agent --http "$URL/agents/JSONRPC/0.3/.well-known/agent.json" >out
	cd fluxloop/agent
	run -0 fluxloop config validate
	run -0 fluxloop run experiment
	assert_output --partial '1 runs, 0 failed'
	assert_equal "$(tail -n 1 "$LOG" | jq -c '[.path, .body.params.message.parts]')" \
		'["/agents/JSONRPC/0.3",[{"kind":"text","text":"Hello! What can you do?"}]]'
}

@test "an agent of the npm package @a2a-js/sdk answers in each binding and version" {
	local folder path stream url

	find_package @a2a-js/sdk
	[[ $(jq -r .version "$folder/@a2a-js/sdk/package.json") == [1-9]* && -e $folder/express ]] ||
		skip "the npm packages @a2a-js/sdk, 1.0 or later, and express are not there"
	node "$ROOT/tests/agents/a2a.mjs" sdk "$folder" >sdk.out 2>&1 3>&- &
	echo $! >>pids
	wait_for sdk
	url=$(cat sdk)
	printf '{"input":%s}\n' '"message"' '"chunks"' '{"n":1}' '"ask"' '"cancel"' >in
	for path in new/rpc new/rest old/rpc old/rest; do
		for stream in none sse; do
			setting "url: $url/$path" 'api: a2a' "stream: $stream"
			run -1 ask --ordered
			assert_equal "$path $stream $(traced '[.output, .error_code] | map(values)[]' | paste -sd ' ')" \
				"$path $stream \"a message\" \"Hello\\nchunks\" {\"n\":1} \"which order?\" \"input_required\" \"task_canceled\""
		done
	done
	echo '{"input":"later"}' >in
	for path in new/rpc new/rest old/rpc old/rest; do
		setting "url: $url/$path" 'api: a2a' \
			"params: {configuration: {blocking: false, returnImmediately: true}}"
		ask || fail "$path $(cat got)"
		assert_equal "$path $(traced '[.output, .observations[0].metadata.polls > 0]')" \
			"$path [\"Hello\\nlater\",true]"
	done
}
