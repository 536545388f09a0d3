#!/usr/bin/env bats

# Models as judges: fl-evaluate with fl-llm, and fluxloop with both.
# The server is tests/servers/model.py.

load test_helper
load filter_helper
load model_helper

# traces OUTPUT...: prints a trace for each output.
traces()
{
	local output i=0

	for output; do
		printf '{"trace_id":"t%d","run_id":"r%d","iteration":0,"persona":null,"input":"q","output":"%s","success":true,"duration_ms":1}\n' \
			"$i" "$((i++))" "$output"
	done
}

# judged CONFIG-LINE... <TRACES: prints pass, score and reason of all checks.
judged()
{
	printf '%s\n' "$@" >c.yaml
	cat >t
	fl-evaluate -c c.yaml --prompts t >asked
	fl-llm -q --model m --ordered asked >answers
	fl-evaluate -c c.yaml --judged answers t 2>err |
		jq -c '.evaluation.checks[] | [.pass, .score, .reason // .error]'
}

RUBRIC='assert: [{type: llm-rubric, value: is good}]'

@test "a model judges, and what it says is read as JSON wherever it stands" {
	serve_model
	run -0 judged "$RUBRIC" < <(traces good awful fenced thinks)
	assert_output '[true,0.9,null]
[false,0.1,"it is not good"]
[true,1,null]
[true,1,null]'
	# the server is asked for JSON by a schema
	assert_equal "$(get_model /last | jq -c '.body.response_format.json_schema.schema.required')" '["reason","pass","score"]'
}

@test "a judge that cannot be read, or does not answer, is no verdict" {
	serve_model
	run -0 judged "$RUBRIC" < <(traces prose cut)
	assert_output "[null,null,\"the judge's reply has no verdict: I like it.\"]
[null,null,\"the judge's reply has no verdict: it was cut off at its limit of tokens\"]"
	assert_equal "$(cat err)" 'fl-evaluate: 2 traces: 0 pass, 0 fail, 2 not judged'
	end_model
	rm model.pids
	fl-llm -q --model m --retries 0 asked >answers || true
	run --separate-stderr -1 fl-evaluate -c c.yaml --judged answers t
	assert_regex "$output" '"pass":null,"score":null,"weight":1,"error":"judge: Failed to connect'
}

@test "the original's prompts are scored by the first number from 1 to 10" {
	local said want

	serve_model
	while IFS='|' read -r said want; do
		run -0 judged 'evaluators: [{name: j, type: llm_judge, prompt_template: "say {output}"}]' < <(traces "$said")
		assert_output "$want"
	done <<-'END'
		7|[true,0.7,null]
		I give it 3 of 10.|[false,0.3,"I give it 3 of 10."]
		Score: 10|[true,1,null]
		<think>maybe 2</think> 9|[true,0.9,null]
		<think>maybe 2|[null,null,"the judge's reply has no verdict: it was cut off at its limit of tokens"]
		100 percent, so 8|[true,0.8,null]
		excellent|[null,null,"the judge's reply has no verdict: excellent"]
		|[null,null,"the judge's reply has no verdict: it is empty"]
	END
}

@test "with repeat, the majority decides, and each question is asked anew" {
	serve_model
	printf '%s\n' 'assert: [{type: llm-rubric, value: is good, repeat: 3}]' >c.yaml
	traces moody >t
	fl-evaluate -c c.yaml --prompts t >asked
	fl-llm -q --model m --cache cache asked >answers
	assert_equal "$(asked)" 3
	assert_equal "$(jq -c .sample asked | paste -sd ' ')" 'null 1 2'
	run -0 fl-evaluate -q -c c.yaml --judged answers t
	fl-llm -q --model m --cache cache --offline asked >again
	assert_equal "$(jq -c .reply.content answers | sort | uniq -c | sed 's/^ *//;s/ .*//' | paste -sd ' ')" '1 2'
}

@test "limits.sample_rate judges the same share of the traces each time" {
	serve_model
	traces $(seq 200 | sed 's/$/good/') >t
	printf '%s\n' "$RUBRIC" 'limits: {sample_rate: 0.25}' >c.yaml
	fl-evaluate -c c.yaml --prompts t >asked
	n=$(lines_of asked)
	((n > 25 && n < 75)) || fail "$n of 200"
	tac t | fl-evaluate -c c.yaml --prompts | tac | cmp - asked
	fl-llm -q --model m asked >answers
	fl-evaluate --errors ignore -c c.yaml --judged answers t >out || true
	assert_equal "$(jq '.evaluation.checks | length' out | sort -n | uniq -c | sed 's/^ *//' | paste -sd ' ')" "$((200 - n)) 0 $n 1"
	sed -i 's/0.25/0/' c.yaml
	run -0 fl-evaluate -c c.yaml --prompts t
	assert_output ''
	sed -i 's/rate: 0/rate: 2/' c.yaml
	run --separate-stderr -2 fl-evaluate -c c.yaml --prompts t
	assert_regex "$stderr" 'limits.sample_rate is not a number from 0 to 1'
}

@test "an input's own rubric is judged, and none replaces another" {
	serve_model
	printf '%s\n' "$RUBRIC" >c.yaml
	echo '{"trace_id":"a","output":"good","success":true,"metadata":{"assert":[{"type":"llm-rubric","value":"is short"}]}}' >t
	fl-evaluate -c c.yaml --prompts t >asked
	assert_equal "$(jq -r .id asked | paste -sd ' ')" 'a/0/1 a/1/1'
	fl-llm -q --model m asked >answers
	run -0 fl-evaluate -c c.yaml --judged answers t
	assert_equal "$(jq -c '[.evaluation.checks[].pass]' <<<"$output")" '[true,true]'
}

@test "secrets are masked in what is sent, unless the configuration says no" {
	traces 'key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD good' >t
	printf '%s\n' "$RUBRIC" >c.yaml
	run -0 fl-evaluate -c c.yaml --prompts t
	refute_output --partial abcdefghijklmnop
	printf '%s\n' "$RUBRIC" 'llm: {mask: false}' >c.yaml
	run -0 fl-evaluate -c c.yaml --prompts t
	assert_output --partial abcdefghijklmnop
}

@test "the provider of promptfoo's configurations is the model's name" {
	local provider want

	traces good >t
	while read -r provider want; do
		printf 'assert: [{type: llm-rubric, value: x, provider: "%s"}]\n' "$provider" >c.yaml
		assert_equal "$(fl-evaluate -c c.yaml --prompts t | jq -r .model)" "$want"
	done <<-'END'
		openai:gpt-5-mini gpt-5-mini
		openai:chat:gpt-5-mini gpt-5-mini
		anthropic:messages:claude claude
		qwen3:8b qwen3:8b
	END
}

@test "select-best compares the runs of an input, and one of them passes" {
	serve_model
	printf '%s\n' 'assert: [{type: select-best, value: the best answer, model: m}]' >c.yaml
	{
		traces bad good worse | sed 's/"input":"q"/"input_id":"one",&/'
		traces alone | sed 's/"t0"/"t9"/; s/"input":"q"/"input_id":"two",&/'
		traces x y | sed 's/"t\([0-9]\)"/"tu\1"/; s/"input":"q"/"input_id":"three",&/'
	} >t
	fl-evaluate -c c.yaml --prompts t >asked
	assert_equal "$(jq -c '[.id, .traces]' asked)" '["one/0/best",["t0","t1","t2"]]
["three/0/best",["tu0","tu1"]]'
	fl-llm -q --ordered asked >answers
	run -0 bash -c "fl-evaluate -c c.yaml --judged answers t 2>err | jq -c '.evaluation.checks[0] | [.pass, .reason // .error]'"
	assert_output '[false,"output 2 of 3 is better: it is good"]
[true,null]
[false,"output 2 of 3 is better: it is good"]
[null,"there is no reply to two/0/best; a single run is not compared"]
[null,"the judge'"'"'s reply has no verdict: none"]
[null,"the judge'"'"'s reply has no verdict: none"]'
}

# --- fluxloop --------------------------------------------------------------------------------

# experiment: makes an experiment of three runs, and a rubric for it.
experiment()
{
	traces good awful good | fl-collect -q exp
	printf '%s\n' "$RUBRIC" 'llm: {model: m}' >evaluation.yaml
}

@test "fluxloop evaluate asks the judges itself, and says how many calls that is" {
	serve_model
	experiment
	run --separate-stderr -1 fluxloop evaluate experiment exp
	assert_equal "${lines[0]}" 'judges: 3 requests: 2 calls, 1 cached; about 330 tokens in prompts, at most about 2048 in replies'
	assert_line 'exp/evaluation/summary.json'
	assert_regex "$stderr" 'fl-evaluate: 3 traces: 2 pass, 1 fail; average score 0.633'
	assert_equal "$(asked)" 2
	# another time costs nothing
	run --separate-stderr -1 fluxloop evaluate experiment exp --overwrite
	assert_equal "${lines[0]}" 'judges: 3 requests: 0 calls, 3 cached; about 0 tokens in prompts, at most about 0 in replies'
	assert_equal "$(asked)" 2
	assert_equal "$(mode_of exp/evaluation_cache.jsonl) $(mode_of exp/judged.jsonl)" '600 600'
	run -0 fluxloop parse experiment exp
	run -1 fluxloop -x evaluate experiment exp --overwrite
	assert_output --partial 'fl-evaluate --prompts --config evaluation.yaml >prompts.jsonl'
	assert_output --partial 'fl-llm --ordered --model m --cache exp/evaluation_cache.jsonl prompts.jsonl >exp/judged.jsonl'
}

@test "links in an experiment from elsewhere lead fluxloop evaluate nowhere" {
	serve_model
	experiment
	echo mine >file
	ln -s ../file exp/judged.jsonl
	fluxloop evaluate experiment exp >out || true
	assert_equal "$(cat file)" mine
	[ ! -L exp/judged.jsonl ]
	mv exp/evaluation_cache.jsonl .
	ln -s ../file exp/evaluation_cache.jsonl
	run --separate-stderr fluxloop evaluate experiment exp --overwrite
	assert_regex "$stderr" 'exp/evaluation_cache.jsonl: not a regular file'
	assert_equal "$(cat file)" mine
}

@test "no program's command line or message has the password of a server's address" {
	cat >server.py <<-'END'
		import glob, http.server, json, sys

		REPLY = json.dumps({"choices": [{"message": {"content": '{"pass": true}'}}]}).encode()

		class Server(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        self.rfile.read(int(self.headers["Content-Length"]))
		        for name in glob.glob("/proc/[0-9]*/cmdline"):
		            try:
		                with open(name, "rb") as words, open("seen", "ab") as seen:
		                    seen.write(words.read().replace(b"\0", b" ") + b"\n")
		            except OSError:
		                pass
		        self.send_response(200)
		        self.send_header("Content-Length", str(len(REPLY)))
		        self.end_headers()
		        self.wfile.write(REPLY)

		server = http.server.HTTPServer(("127.0.0.1", 0), Server)
		with open("port", "w") as port:
		    port.write(str(server.server_port))
		server.serve_forever()
	END
	"${PYTHON:-python3}" server.py 2>log 3>&- &
	echo $! >>model.pids
	wait_until test -s port
	experiment
	for secret in 'u:LEAK1@127.0.0.1:PORT/v1' '127.0.0.1:PORT/v1?api_key=LEAK2'; do
		rm -rf exp/evaluation exp/evaluation_cache.jsonl seen
		secret=${secret/PORT/$(<port)}
		printf '%s\n' "$RUBRIC" "llm: {model: m, base_url: 'http://$secret'}" >evaluation.yaml
		run -0 fluxloop -x evaluate experiment exp
		refute_output --partial LEAK
		assert [ "$(grep -c 'fl-llm --ordered' seen)" -ge 1 ]
		assert_equal "$(grep -c LEAK seen)" 0
	done
	# wrong addresses
	printf 'runner: {http: {url: "http://u:LEAK4@a b/"}}\n' >setting.yaml
	run -2 fl-llm --base-url htp://u:LEAK3@h/ --model m /dev/null
	assert_output --partial "the base URL 'htp://u:***@h/' is wrong"
	run fl-run -c setting.yaml --check
	assert_output --partial "'http://u:***@a b/' is not a URL"
}

@test "fluxloop evaluate obeys the limits of the configuration" {
	serve_model
	experiment
	echo 'limits: {max_llm_calls: 1, timeout_seconds: 5, cache: c/mine.jsonl}' >>evaluation.yaml
	mkdir exp/c
	run --separate-stderr -1 fluxloop evaluate experiment exp
	assert_regex "$stderr" 'max-calls has stopped it'
	assert_regex "$stderr" '2 pass, 0 fail, 1 not judged'
	assert_equal "$(asked)" 1
	assert_equal "$(lines_of exp/c/mine.jsonl)" 1
}

@test "fluxloop evaluate without a server says so, and judges the rest" {
	unset OPENAI_BASE_URL
	experiment
	sed -i 's/assert: \[/&{type: contains, value: good}, /' evaluation.yaml
	run --separate-stderr -1 fluxloop evaluate experiment exp
	assert_regex "$stderr" 'fl-llm: there is no server to ask: '
	assert_regex "$stderr" 'fluxloop: checks that need a model are not judged'
	assert_regex "$stderr" '3 traces: 0 pass, 1 fail, 2 not judged'
}

@test "the server and its key may be in .env beside setting.yaml" {
	serve_model SERVER_KEY=sk-0123456789abcdefghij
	experiment
	printf 'OPENAI_BASE_URL=%s\nOPENAI_API_KEY=sk-0123456789abcdefghij\n' "$OPENAI_BASE_URL" >.env
	unset OPENAI_BASE_URL
	echo 'name: x' >setting.yaml
	run --separate-stderr -1 fluxloop evaluate experiment exp
	assert_regex "$stderr" '3 traces: 2 pass, 1 fail;'
	run ! grep -r sk-0123456789abcdefghij exp
}
