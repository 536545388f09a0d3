#!/usr/bin/env bats

# fl-http: agents behind HTTP, and their requests. All servers are on
# loopback and belong to the tests.

load test_helper
load filter_helper
load http_helper

@test "replies of all kinds become the output" {
	local path keys output row

	while IFS='|' read -r path keys output; do
		row="$path $keys"
		setting "url: \"URL/$path\"" "$keys"
		ask || fail "$row: $(cat got err)"
		assert_equal "$row: $(traced .output)" "$row: $output"
	done <<-'END'
	echo|output_path: answer|"hello"
	echo|output_path: "$.got.input"|"hello"
	echo|output_path: got|{"input":"hello"}
	echo||{"answer":"hello","got":{"input":"hello"}}
	plain||"just text"
	gzip|output_path: answer|"small"
	nolength|output_path: answer|"until the end"
	moved|output_path: answer|"hello"
	html|output_path: .|"<html>Please log in</html>"
	lines||"a b"
	lines|stream_output_path: message.content|"a b"
	words||"one two"
	typed|stream_event_filter: content_block_delta|"yes"
	cr|stream_output_path: "choices[0].delta.content"|"abé"
	cr||"abé"
	crlf||"ab"
	nodone||"ab"
	open||"ab"
	nochoices||{"object":"chat.completion","choices":[]}
	END
}

@test "what is not a whole, good reply fails the run, with a code" {
	local path keys code error row

	while IFS='|' read -r path keys code error; do
		row="$path $keys"
		setting "url: \"URL/$path\"" "$keys"
		run -1 ask
		assert_equal "$row: $(traced '[.error_kind, .error_code]')" \
			"$row: [\"error\",\"$code\"]"
		assert_regex "$row: $(traced .error)" "$error"
		assert_equal "$row: $(traced '.observations[0] | [.level, .name]')" \
			"$row: [\"error\",\"POST /${path%%\?*}\"]"
	done <<-'END'
	status?500||http_500|HTTP 500: order table missing
	status?404||http_404|HTTP 404
	status?999||http_999|HTTP 999
	status?301||http_301|HTTP 301
	status?201|ok_status: [200]|http_201|HTTP 201
	middle||truncated|(transfer closed|missing)
	chunk||truncated|transfer closed
	torn||truncated|transfer closed
	silent|timeout: 200ms|timeout_first_byte|timed out
	silent|first_byte_timeout: 200ms|timeout_first_byte|no byte
	bomb|max_reply_mb: 1|too_large|larger than max_reply_mb, 1 MiB
	big|max_reply_mb: 1|too_large|an event of the stream is larger
	notgzip||encoding|content unencoding
	headers||headers|too many headers
	header||headers|too many headers
	utf8||bad_json|not UTF-8 .byte 13.
	html||bad_json|HTML, not JSON: .*Please log in
	plain|output_path: answer|bad_json|the reply is not JSON
	garbage||broken|HTTP/0.9
	empty||broken|Empty reply
	headless||broken|ended within its headers
	loop||redirect|redirected more than 5 times
	elsewhere?http://host.invalid/x||redirect|a host that the configuration does not name
	elsewhere?http://127.0.0.1%5C@host.invalid/||redirect|is not a URL
	elsewhere?ftp://127.0.0.1/||http_307|HTTP 307
	echo|output_path: no.such|no_output|nothing at output_path 'no.such'
	words|stream_output_path: text|bad_json|an event of the stream is not JSON
	lines|stream_output_path: no|no_output|3 events has no text at stream_output_path 'no'
	errorevent||stream_error|overloaded
	always429|retry: {backoff: 1ms}|http_429|slow down
	long429||http_429|asks to wait 3600 s, longer than retry.max_wait
	echo|body: {a: "$.kwargs.user"}|template|the request has nothing at '[$].kwargs.user'
	END
	# its first bytes come in time
	slow()
	{
		setting 'url: URL/slow' "timeout: ${LIMIT}s"
		ask || traced '[.error_code, (.error | contains("timed out")), .observations[0].name]'
	}
	in_time '["timeout",true,"POST /slow"]' slow
	# with the rules of an interface
	while IFS='|' read -r path code error; do
		setting "url: \"URL/$path\"" 'api: openai-chat' 'model: m' 'stream: sse'
		run -1 ask
		assert_equal "$path: $(traced .error_code)" "$path: \"$code\""
		assert_regex "$path: $(traced .error)" "$error"
	done <<-'END'
	nochoices|no_output|the reply has no choices
	reported|response_failed|the response failed: the model is overloaded
	said|response_failed|the response failed: no such model
	cut|truncated|without .DONE. and without a finish_reason
	END
}

@test "an event of 50 MB is read" {
	setting 'url: URL/big'
	ask
	# jq takes its time for such a trace
	run -0 python3 -c 'import json; print(len(json.load(open("got"))["output"]))'
	assert_output 50000000
}

@test "templates substitute values, never text" {
	local input body got

	while IFS='|' read -r input body got; do
		echo "{\"input\":$input}" >in
		setting 'url: URL/echo' 'output_path: got' "body: $body"
		ask || fail "$input: $(cat got err)"
		assert_equal "$body: $(traced .output)" "$body: $got"
	done <<-'END'
	"{\"a\":1}"|{message: "{{prompt}}"}|{"message":"{\"a\":1}"}
	"{\"a\":1}"|{message: "$.input"}|{"message":"{\"a\":1}"}
	{"a":1}|{message: "{{prompt}}"}|{"message":{"a":1}}
	7|["{{ input }}", "n = {{input}}!"]|[7,"n = 7!"]
	"\",\"admin\":\"yes"|{m: "say {{input}}", n: 1.50}|{"m":"say \",\"admin\":\"yes","n":1.5}
	"x{{persona}}"|{m: "{{input}}"}|{"m":"x{{persona}}"}
	"a"|{p: "$.context.persona", i: "$.context.iteration"}|{"p":null,"i":0}
	"a"|{m: "$.messages"}|{"m":[{"role":"user","content":"a"}]}
	"a"|{m: "$.messages[-1].content"}|{"m":"a"}
	"a"|{m: "$$.input", k: "{{ not a hole }}"}|{"m":"$.input","k":"{{ not a hole }}"}
	END
}

@test "forms, text and queries" {
	echo '{"input":"a b&c=é"}' >in
	setting 'url: URL/echo' 'output_path: got' \
		'body_template: {type: form, mapping: {q: "$.input", n: [1, 2]}}'
	ask
	assert_equal "$(traced .output)" '"q=a%20b%26c%3D%C3%A9&n=1&n=2"'
	setting 'url: URL/echo' 'output_path: got' \
		'body_template: {type: text, mapping: "Q: {{input}}"}'
	ask
	assert_equal "$(traced .output)" '"Q: a b&c=é"'
	setting 'url: "URL/echo?v=1"' 'method: GET' 'query: {q: "{{input}}"}'
	ask
	tail -n 1 "$LOG" >last
	assert_equal "$(jq -c '[.method, .path, .body]' last)" \
		'["GET","/echo?v=1&q=a%20b%26c%3D%C3%A9",null]'
}

@test "the interfaces of OpenAI give output, tokens and tools" {
	echo '{"input":"hi"}' >in
	for stream in none sse; do
		setting 'url: URL/v1' 'api: openai-chat' 'model: m' "stream: $stream" \
			'params: {temperature: 0}'
		ask
		assert_equal "$(traced '[.output, .token_usage.total_tokens,
			(.observations[1] | [.type, .model, .output, .metadata.finish_reason])]')" \
			'["chat: hi",5,["generation","m-1","chat: hi","stop"]]'
		assert_equal "$(traced '.observations[0] | [.type, .name, .input.model, .metadata.http_status,
			.metadata.ttfb_ms > 0, .metadata.ttft_ms > 0, .metadata.attempts, .metadata.bytes > 0]')" \
			"[\"span\",\"POST /v1/chat/completions\",\"m\",200,true,$([[ $stream == none ]] && echo false || echo true),1,true]"
		assert_equal "$(tail -n 1 "$LOG" | jq -c '[.path, .body.temperature, .body.messages]')" \
			'["/v1/chat/completions",0,[{"role":"user","content":"hi"}]]'
		setting 'url: URL/v1/' 'api: openai-responses' 'model: m' "stream: $stream"
		ask
		assert_equal "$(traced '[.output, .token_usage.prompt_tokens, [.observations[].type]]')" \
			'["resp: hi",4,["span","generation","tool"]]'
	done
	echo '{"input":"use a tool"}' >in
	setting 'url: URL/v1/chat/completions' 'api: openai-chat' 'model: m'
	ask
	assert_equal "$(traced '[.output, (.observations[2] | [.type, .name, .input])]')" \
		'[[{"name":"order","arguments":"{\"number\": \"7\"}"}],["tool","order",{"number":"7"}]]'
	# the model and parameters may be in a recorded call
	echo '{"input":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}' >in
	ask
	assert_equal "$(traced .output)" '"chat: u"'
}

@test "a wait for Retry-After is not the agent's time" {
	setting "url: \"URL/429?$RANDOM\"" 'output_path: answer'
	ask
	assert_equal "$(traced '[.output, .attempts, [.failed_attempts[].error_code],
		.observations[0].metadata.attempts, .observation_count]')" \
		'["at last",3,["http_429","http_429"],3,1]'
	# the run begins with the last attempt, and the service waited for is not in it
	python3 - <<-'END'
		import datetime, json
		t = json.load(open("got"))
		at = datetime.datetime.fromisoformat
		starts = [at(a["start_time"]) for a in t["failed_attempts"]] + [at(t["start_time"])]
		for one, two in zip(starts, starts[1:]):
		    assert (two - one).total_seconds() >= 0.99, t
		took = (at(t["end_time"]) - at(t["start_time"])).total_seconds() * 1000
		assert abs(took - t["duration_ms"]) < 1, t
	END
}

@test "only what may succeed is made again, and no more often than it may" {
	local path attempts retry n

	while IFS='|' read -r path attempts retry n; do
		: >mark
		n=$(lines_of "$LOG")
		setting "url: \"URL/$path\"" "retry: {attempts: $attempts, backoff: 1ms$retry}"
		run -1 ask
		assert_equal "$path: $(traced .attempts)" "$path: $((attempts + 1))"
		assert_equal "$path: $(($(lines_of "$LOG") - n))" "$path: $((attempts + 1))"
	done <<-'END'
	always429|0
	always429|3
	status?503|1
	status?418|2|, status_codes: [418]
	END
	for path in 'status?500' middle torn html; do
		setting "url: \"URL/$path\"" 'retry: {attempts: 5}'
		run -1 ask
		assert_equal "$path: $(traced .attempts)" "$path: 1"
	done
	# max_retries of runs and attempts of requests do not multiply
	setting 'url: URL/always429' 'retry: {attempts: 1, backoff: 1ms}'
	sed -i 's/timeout_seconds: 60/&\n  max_retries: 2\n  retry_delay: 0/' setting.yaml
	run -1 ask
	assert_equal "$(traced .attempts)" 3
}

@test "a service that is not there ends the experiment" {
	local url

	# nobody listens on a port that is taken
	python3 -c 'import os, socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
with open("port.new", "w") as f:
    print(s.getsockname()[1], file=f)
os.rename("port.new", "port")
time.sleep(1000)' 3>&- &
	echo $! >>pids
	wait_for port
	seq 10000 | sed 's/.*/{"input":"&"}/' >in
	for url in "http://127.0.0.1:$(<port)/x" 'http://host.invalid/x' "${URL/http/https}/x"; do
		setting "url: \"$url\"" 'retry: {backoff: 10ms}'
		run -2 ask -j 4
		if [[ $url == https:* ]]; then
			assert_regex "$(<err)" '[(]3 times in a row[)]$'
		else
			assert_regex "$(<err)" '[(]3 times in a row[)]; is the service running[?]$'
		fi
		(($(lines_of got) < 20)) || fail "$(lines_of got) traces"
		assert_regex "$(traced '.failed_attempts[]?.error_code' | sort -u)" '^"(connect|dns|tls)"$'
	done
	# also when it was there before
	serve own /dev/null
	printf '{"input":"%s"}\n' {1..1000} >in
	setting "url: \"$(cat own)/gone\"" 'retry: {backoff: 10ms}' 'output_path: answer'
	run -2 ask
	assert_equal "$(head -n 1 got | jq -c .output)" '"bye"'
	(($(lines_of got) < 20)) || fail "$(lines_of got) traces"
	assert_regex "$(cat err)" 'is the service running'
}

@test "one process makes many requests at once, and uses connections again" {
	seq 32 | sed 's/.*/{"input":"&"}/' >in
	setting 'url: "URL/together?8"' 'output_path: answer'
	ask -j 8
	assert_equal "$(traced '[.output, .agent]' | sort | uniq -c | sed 's/^ *//')" '32 ["together",1]'
	: >"$LOG"
	setting 'url: URL/echo' 'output_path: answer'
	ask
	assert_equal "$(traced '.input == .output' | sort -u)" true
	assert_equal "$(jq .connection "$LOG" | sort -u | wc -l)" 1
	assert_equal "$(lines_of "$LOG")" 32
	# and never answers from a cache
	ask
	assert_equal "$(lines_of "$LOG")" 64
}

@test "a late request fails alone" {
	printf '{"input":"%s","metadata":{"path":"%s"}}\n' a silent b echo >in
	setting 'url: "URL/silent"' 'timeout: 300ms'
	run -1 ask -j 2
	assert_equal "$(traced '[.error_code, .agent]' | sort -u)" '["timeout_first_byte",1]'
	# the limit of runs holds as well, and does not end the process
	setting 'url: "URL/silent"'
	run -1 ask -j 2 --timeout 0.3
	assert_equal "$(traced '[.error_kind, .error_code, .agent]' | sort -u)" \
		'["error","timeout_first_byte",1]'
}

@test "rate_limit keeps requests apart" {
	seq 5 | sed 's/.*/{"input":"&"}/' >in
	setting 'url: URL/echo' 'rate_limit: 20/s'
	ask -j 5
	python3 - <<-'END'
		import datetime, json
		starts = sorted(datetime.datetime.fromisoformat(json.loads(line)["start_time"])
		                for line in open("got"))
		assert len(starts) == 5
		for one, two in zip(starts, starts[1:]):
		    assert (two - one).total_seconds() >= 0.0499, starts
	END
}

@test "headers take variables, and their secrets are in no file" {
	printf 'MY_KEY=sk-abcdefghijkl\nODD=plain-word-1\n' >.env
	setting 'url: URL/mirror' 'output_path: answer' \
		'headers: {Authorization: "Bearer ${MY_KEY}", X-Odd: "${ODD}", X-Api-Key: literal-77, X-Team: "${TEAM:-blue}"}'
	ask --log events --stderr-dir logs
	tail -n 1 "$LOG" >last
	assert_equal "$(jq -c '.headers | [.authorization, ."x-odd", ."x-api-key", ."x-team"]' last)" \
		'["Bearer sk-abcdefghijkl","plain-word-1","literal-77","blue"]'
	assert_regex "$(traced .output)" 'Bearer [*]{3} [*]{3} [*]{3} blue'
	# nor in what the wrapper writes
	mkdir inputs
	cp in inputs/generated.jsonl
	sed -i '1i inputs_file: inputs/generated.jsonl' setting.yaml
	fluxloop run experiment >out 2>&1
	run -1 grep -rlE 'sk-abcdefghijkl|literal-77' got err events logs out experiments
	assert_output ''
	# a variable that is not set
	setting 'url: URL/echo' 'headers: {A: "${NO_SUCH}"}'
	run -2 ask
	assert_regex "$(cat err)" 'the variable NO_SUCH is not set'
}

@test "a redirect to another origin gets no credentials" {
	: >"$LOG2"
	setting "url: \"URL/elsewhere?$URL2/echo\"" \
		'headers: {Authorization: "Bearer abcdefgh", Cookie: "a=b", X-Key: "${K}", Accept-Language: de}'
	K=kkkkkkkk ask
	assert_equal "$(tail -n 1 "$LOG" | jq -c '.headers | [.authorization, .cookie, ."x-key", ."accept-language"]')" \
		'["Bearer abcdefgh","a=b","kkkkkkkk","de"]'
	assert_equal "$(tail -n 1 "$LOG2" | jq -c '[.body, (.headers | [.authorization, .cookie, ."x-key", ."accept-language"])]')" \
		'[{"input":"hello"},[null,null,null,"de"]]'
}

@test "hosts other than this machine have to be written in the configuration" {
	export SERVICE=http://host.invalid/x
	setting 'url: "${SERVICE}"'
	run -2 ask
	assert_regex "$(cat err)" "the host 'host.invalid' comes from a variable"
	for url in http://127.0.0.1.host.invalid/ http://localhost.invalid/ http://0x7f000001/ http://127.1/; do
		SERVICE=$url run -2 ask
		assert_regex "$url: $(cat err)" 'comes from a variable'
	done
	# named: it is tried, and has no address
	setting 'url: "${SERVICE}"' 'hosts: host.invalid' 'retry: {backoff: 1ms}'
	run -2 ask
	assert_regex "$(cat err)" 'is the service running'
	SERVICE=$URL/echo
	setting 'url: "${SERVICE}"'
	ask
}

@test "mistakes in runner.http are reported" {
	local keys message

	while IFS='|' read -r keys message; do
		printf 'runner:\n  http: {%s}\n' "${keys//URL/$URL}" >setting.yaml
		run -2 ask
		assert_regex "$keys: $(cat err)" "$message"
	done <<-'END'
	url: localhost|expected http:// or https://
	url: "http://a b/"|is not a URL
	url: URL, rate_limit: fast|rate_limit 'fast': expected N/s
	url: URL, ok_status: [200-404]|any other status is a failed run
	url: URL, timeout: soon|must be a time such as 30, 1.5m or 200ms
	url: URL, api: soap|must be openai-chat, openai-responses or a2a
	url: URL, api: openai-chat|needs runner.http.model
	url: URL, body: {a: 1}, body_template: {mapping: {}}|both set: remove one
	url: URL, body_template: {type: form, mapping: [1]}|a form needs a mapping
	url: URL, headers: {"A b": c}|not a header's name
	api: a2a|runner.http.url is not set
	END
	printf 'runner:\n  target: a:b\n  http: {url: "%s"}\n' "$URL" >setting.yaml
	run -2 ask
	assert_regex "$(cat err)" 'runner.http and runner.target are both set'
	printf 'runner: {http: {url: "%s", urll: 1}}\n' "$URL" >setting.yaml
	run -1 fl-config check
	assert_output --partial "unknown key 'runner.http.urll'; did you mean 'url'?"
	setting 'url: URL/echo'
	run -0 fl-run -c setting.yaml --explain
	assert_output --regexp 'fl-http --config .*/setting.yaml'
	run -0 fl-http -c setting.yaml --check
	assert_output "POST $URL/echo"
}

@test "a service that listens on IPv6 only" {
	python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null ||
		skip 'there is no IPv6 here'
	serve six /dev/null ::1
	setting "url: \"$(cat six)/echo\"" 'output_path: answer'
	ask
	assert_equal "$(traced .output)" '"hello"'
}

@test "an agent in any language may ask for another attempt, or end all" {
	cat >agent.jq <<-'END'
		.context.attempt as $n |
		if .input == "last" then {type: "error", id, code: "setup", error: "all is lost", fatal: true}
		elif $n < 4 then {type: "error", id, code: "busy", error: "later", retry_ms: (if $n == 3 then 0 else 20 end)}
		else {type: "final", id, output: $n} end
	END
	echo '{"input":"a"}' >in
	fl-run --command 'jq --unbuffered -c -f agent.jq' in >got
	assert_equal "$(traced '[.output, .attempts, [.failed_attempts[].error_code]]')" \
		'[4,4,["busy","busy","busy"]]'
	printf '{"input":"%s"}\n' a b last {1..50} >in
	run -2 --separate-stderr fl-run --command 'jq --unbuffered -c -f agent.jq' in
	assert_equal "$stderr" 'fl-run: all is lost'
}

@test "curl commands become configurations" {
	fl-http --from-curl "curl -sS $URL/v1/chat/completions -H 'Content-Type: application/json' -H \"Authorization: Bearer \$OPENAI_API_KEY\" \\
		-d '{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"stream\":true}'" >setting.yaml 2>err
	assert_equal "$(cat err)" ''
	OPENAI_API_KEY=sk-1234567890 ask
	assert_equal "$(traced '[.output, .token_usage.total_tokens]')" '["chat: hello",5]'
	assert_equal "$(tail -n 1 "$LOG" | jq -r .headers.authorization)" 'Bearer sk-1234567890'

	fl-http --from-curl "curl -XPUT '$URL/echo?v=1' -H 'X-Api-Key: secret77' --data-raw \$'{\"a\":\"it\\'s \\\\u0021\",\"message\":\"x\"}' --compressed" >setting.yaml 2>err
	assert_equal "$(cat err)" 'fl-http: the value of X-Api-Key is not written: put it into .env as X_API_KEY=...'
	run -1 grep secret77 setting.yaml
	X_API_KEY=k ask
	assert_equal "$(tail -n 1 "$LOG" | jq -c '[.method, .path, .body, .headers."x-api-key"]')" \
		"[\"PUT\",\"/echo?v=1\",{\"a\":\"it's !\",\"message\":\"hello\"},\"k\"]"

	fl-http --from-curl "curl -G $URL/echo --data-urlencode 'q=a b' -m 3" >setting.yaml
	ask
	assert_equal "$(tail -n 1 "$LOG" | jq -c '[.method, .path]')" '["GET","/echo?q=hello"]'

	fl-http --from-curl "curl $URL/echo -d 'message=hi+there&n=1'" >setting.yaml
	ask
	assert_equal "$(tail -n 1 "$LOG" | jq -c '[.body, .headers."content-type"]')" \
		'["message=hello&n=1","application/x-www-form-urlencoded"]'

	while IFS='|' read -r command message; do
		run -2 fl-http --from-curl "$command"
		assert_regex "$command: $output" "$message"
	done <<-'END'
	curl|has no URL
	curl 'x|quotes are not closed
	curl -F a=b http://localhost|nothing for curl's option --form
	curl -d @file http://localhost|is in a file
	curl --no-such x http://localhost|--no-such is not known here
	curl http://a http://b|a second URL
	END
}

# record [OPTION...]: starts fl-http record in front of the server; sets PROXY.
record()
{
	fl-http record --to "$URL" -o rec.jsonl "$@" 2>rec.err 3>&- &
	echo $! >>pids
	wait_until grep ' stands for ' rec.err || fail "$(cat rec.err)"
	PROXY=$(sed -n 's/.*: \(http[^ ]*\) stands for .*/\1/p' rec.err)
}

# talk PROXY: sends standard input to it as it is, and prints what comes back.
talk()
{
	python3 -c '
import socket, sys
host, port = sys.argv[1][7:].rsplit(":", 1)
s = socket.create_connection((host.strip("[]"), int(port)))
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while (data := s.recv(65536)):
    sys.stdout.buffer.write(data)' "$1"
}

# post BODY [OPTION...]: posts JSON to /echo of the proxy.
post()
{
	python3 -c '
import sys, urllib.request
r = urllib.request.Request(sys.argv[1] + "/echo", sys.argv[2].encode(),
    {"Content-Type": "application/json", "Authorization": "Bearer sk-123456789012"})
print(urllib.request.urlopen(r).read().decode())' "$PROXY" "$1"
}

@test "what a service is sent is recorded, varied and sent again" {
	record
	post '{"message":"Where is my order 1042?","user":{"name":"Ada"},"api_key":"sk-1234567890abcdef"}' >reply
	assert_equal "$(jq -c .got.api_key reply)" '"sk-1234567890abcdef"'
	assert_equal "$(tail -n 1 "$LOG" | jq -r .headers.authorization)" 'Bearer sk-123456789012'
	assert_equal "$(jq -c 'del(.timestamp)' rec.jsonl)" \
		'{"_version":"1","iteration":0,"target":"POST /echo","kwargs":{"message":"Where is my order 1042?","user":{"name":"Ada"},"api_key":"***"},"objects":{},"types":{}}'
	assert_equal "$(mode_of rec.jsonl)" 600
	setting 'url: URL/echo' 'output_path: got'
	printf 'replay_args: {enabled: true, set: {api_key: "${K}"}}\n' >>setting.yaml
	fl-record-extract rec.jsonl | fl-generate --limit 5 >in
	K=new-secret-1 ask
	assert_equal "$(jq -c '[.output.message == .input, .output.user.name]' got | sort | uniq -c | sed 's/^ *//')" \
		'5 [true,"Ada"]'
	assert_equal "$(tail -n 1 "$LOG" | jq -c .body.api_key)" '"new-secret-1"'
}

@test "the recorder passes on what clients send, and refuses what it must not" {
	local status request

	record --path /e --target chat
	while IFS='|' read -r status request; do
		printf '%b' "$request" | talk "$PROXY" >reply
		assert_equal "$request: $(head -n 1 reply | tr -d '\r')" "$request: HTTP/1.1 $status"
	done <<-'END'
	200 OK|POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"text":"a1"}
	200 OK|POST /echo HTTP/1.0\r\nContent-Length: 13\r\n\r\n{"text":"a2"}
	200 OK|POST /echo HTTP/1.1\r\nHost: 127.0.0.1:1\r\nTransfer-Encoding: chunked\r\n\r\n8;x=y\r\n{"text":\r\n5\r\n"a3"}\r\n0\r\nA: b\r\n\r\n
	100 Continue|POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n
	200 OK|GET /echo?text=a4 HTTP/1.1\r\nHost: localhost\r\n\r\n
	500 Internal Server Error|POST /status?500 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"text":"no"}
	200 OK|POST /plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"text":"no"}
	502 Bad Gateway|POST /empty HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"text":"no"}
	403 Forbidden|POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 13\r\n\r\n{"text":"no"}
	400 Bad Request|GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n
	400 Bad Request|CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n
	400 Bad Request|nonsense\r\n\r\n
	400 Bad Request|GET  HTTP/1.1\r\nHost: localhost\r\n\r\n
	400 Bad Request|POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n
	400 Bad Request|POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n
	413 Content Too Large|POST /echo HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n
	501 Not Implemented|POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n
	END
	assert_equal "$(jq -c '[.target, .kwargs.text]' rec.jsonl | paste -sd ' ')" \
		'["chat","a1"] ["chat","a2"] ["chat","a3"] ["chat","a4"]'
	# two requests at once on a connection
	printf 'POST /echo HTTP/1.1\r\nContent-Length: 13\r\n\r\n{"text":"b%d"}' 1 2 | talk "$PROXY" >reply
	assert_equal "$(grep -o 'HTTP/1.1 200 OK' reply | wc -l)" 2
	assert_equal "$(tail -n 2 rec.jsonl | jq -r .kwargs.text | paste -sd ' ')" 'b1 b2'
	for address in 0.0.0.0:0 192.168.0.1:0 '[::]:0' example.com:80; do
		run -2 fl-http record --to "$URL" --listen "$address"
		assert_output --partial 'not an address of this machine alone'
	done
}

@test "the openai client talks through the recorder, and streams come as they are made" {
	local folder

	find_package openai
	mkdir node_modules
	ln -s "$folder/openai" node_modules/openai
	cat >client.mjs <<-'END'
		import OpenAI from "openai";
		const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "sk-test-123456789", maxRetries: 0 });
		const messages = [{ role: "user", content: "slow" }];
		const one = await client.chat.completions.create({ model: "m", messages });
		console.log(one.choices[0].message.content, one.usage.total_tokens);
		let text = "", first;
		for await (const c of await client.chat.completions.create({ model: "m", stream: true, messages })) {
			text += c.choices[0]?.delta?.content ?? "";
			// the server sends no more until then
			first ??= await fetch(process.argv[3] + "/read", { method: "POST" });
		}
		console.log(text);
		console.log((await client.responses.create({ model: "m", input: "again" })).output_text);
	END
	record
	run -0 node client.mjs "$PROXY" "$URL"
	assert_output 'chat: slow 5
one two
resp: again'
	assert_equal "$(jq -r .target rec.jsonl | paste -sd ' ')" \
		'POST /v1/chat/completions POST /v1/chat/completions POST /v1/responses'
	# and the recording can be replayed
	setting 'url: URL/v1' 'api: openai-chat'
	echo 'replay_args: {enabled: true}' >>setting.yaml
	head -n 1 rec.jsonl | fl-record-extract | fl-generate --limit 3 >in
	ask
	assert_equal "$(traced '[.output == "chat: " + .input, .token_usage.total_tokens]' | sort | uniq -c | sed 's/^ *//')" \
		'3 [true,5]'
}

@test "a certificate that the system does not know is trusted where the environment says so" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	python3 -c 'import http.server, os, ssl

class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"{\"a\":\"b\"}")

server = http.server.HTTPServer(("127.0.0.1", 0), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
with open("port.new", "w") as f:
    print(server.server_port, file=f)
os.rename("port.new", "port")
server.serve_forever()' 2>tls.log 3>&- &
	echo $! >>pids
	wait_for port
	setting "url: \"https://127.0.0.1:$(<port)/\"" 'output_path: a' 'retry: {backoff: 10ms}'
	run -2 ask
	assert_regex "$(<err)" 'self-signed certificate; the variable SSL_CERT_FILE can name a file of certificates to trust \([0-9]+ times in a row\)$'
	SSL_CERT_FILE=cert.pem run -0 ask
	assert_equal "$(traced .output)" '"b"'
	mkdir trusted
	cp cert.pem "trusted/$(openssl x509 -hash -noout -in cert.pem).0"
	SSL_CERT_DIR=trusted run -0 ask
	# another server's certificate is not
	openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	SSL_CERT_FILE=other.pem run -2 ask
	assert_regex "$(<err)" 'certificate'
}

@test "no other program opens a socket" {
	local way

	cat >flow <<-'END'
		set -e
		fluxloop init project --name p >&2
		cd p 2>/dev/null || cd fluxloop/p
		PYTHONPATH=$(fluxloop --python-path) python3 record_example.py >&2
		fluxloop generate inputs --from-recording recordings/args.jsonl --limit 4 >&2
		fluxloop run experiment >&2
		fluxloop evaluate experiment --latest >&2
		fluxloop parse experiment --latest --overwrite >&2
		fluxloop report --latest >&2
		fluxloop doctor >&2 || true
		fluxloop status >&2
		fluxloop baseline --latest >&2
		fl-http --from-curl 'curl http://localhost/ -d {}' >/dev/null 2>&1
		fl-import otlp "$DATA"/otlp/*.json >/dev/null 2>&1 || true
	END
	if command -v strace >/dev/null && strace -f -qq -o probe true 2>/dev/null; then
		# a sanitizer for leaks does not work under strace
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=socket,connect -o calls bash flow 2>log || fail "$(cat log)"
		run -1 grep -E 'AF_INET|AF_INET6|AF_NETLINK|AF_PACKET' calls
		assert_output ''
	elif unshare -rn true 2>/dev/null; then
		unshare -rn bash flow 2>log || fail "$(cat log)"
	else
		skip 'neither strace nor a network namespace is permitted'
	fi
}

@test "config validate makes the request of every input, and sends none" {
	fluxloop init project --name svc --http "$URL/echo" >out
	cd fluxloop/svc
	printf 'inputs:\n- input: one\n- input: two\n' >inputs/generated.yaml
	: >"$LOG"
	run -0 fluxloop config validate
	assert_output --partial 'setting.yaml: valid'
	sed -i 's/message: "$.input"/&\n      who: "$.kwargs.user"/' setting.yaml
	run --separate-stderr -1 fluxloop config validate
	assert_regex "$stderr" 'fl-run: .*[$].kwargs.user.*
fl-run: the service cannot be called with 2 of the inputs$'
	sed -i 's/url:.*/&\n    api: a2a/; /message:/d; /who:/d; /body:/d' setting.yaml
	run -0 fluxloop config validate
	assert_equal "$(cat "$LOG")" ''
}

@test "init --http makes a project that calls a service" {
	fluxloop init project --name svc --http "$URL/echo?a=\"b" >out
	assert_equal "$(tail -n 1 out)" 'then: fluxloop run experiment'
	cd fluxloop/svc
	run -0 fluxloop config validate
	run -0 fluxloop run experiment
	assert_output --partial '1 runs, 0 failed'
	assert_equal "$(tail -n 1 "$LOG" | jq -c '[.path, .body]')" \
		'["/echo?a=\"b",{"message":"Hello! What can you do?"}]'
	assert_not_exist app
	run -0 fl-run -c setting.yaml --check
	assert_output --partial fl-http
	cd ../..
	run -2 fluxloop init project --name other --http localhost:8000
	assert_output --partial 'expected http:// or https://'
}
