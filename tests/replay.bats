#!/usr/bin/env bats
# A handler gets the same arguments again: from a recording of a real program to
# the runs. The programs need Debian's Python packages.

load test_helper
load filter_helper

PYTHON=/usr/bin/python3
AGENTS=$ROOT/tests/agents

setup()
{
	begin
	export FLUXLOOP_PYTHON=$PYTHON
	# Debian compiles its packages where they are, and they are big
	unset PYTHONPYCACHEPREFIX
	export PYTHONDONTWRITEBYTECODE=1
}

teardown()
{
	[[ -z ${server-} ]] || kill "$server" 2>/dev/null || true
}

# agent NAME ARGUMENT...: copies a program of tests/agents here and runs it.
agent()
{
	cp "$AGENTS/$1.py" .
	PYTHONPATH=$FLUXLOOP_PYTHONPATH "$PYTHON" "$1.py" "${@:2}"
}

# write_settings: the configuration of the chat bot.
write_settings()
{
	cat >setting.yaml <<-'YAML'
	name: chatbot
	runner: {target: "chatbot:Bot.handle"}
	replay_args:
	  enabled: true
	  override_param_path: message.content
	  callable_providers:
	    websocket.send_text: "builtin:collector.send"
	    websocket.send_json: "builtin:collector.send"
	YAML
}

@test "values of all types are replayed as they were" {
	local target

	agent typed recorded.jsonl >real
	for target in $(jq -r .target recorded.jsonl); do
		fl-record-extract -t "$target" recorded.jsonl | fl-generate --original -l 1 |
			fl-run -t "$target" --replay
	done >got
	assert_equal "$(jq -c '[.error,.output]' got)" "$(jq -c '[null,.output]' real)"
	assert_equal "$(lines_of got)" 28
}

@test "values of installed libraries are replayed as they were" {
	agent libraries recorded.jsonl >real
	assert_equal "$(grep -o '<repr:[^>]*>' recorded.jsonl)" ''
	fl-record-extract recorded.jsonl | fl-generate --original -l 15 |
		fl-run -t libraries:handle --replay --ordered >got
	assert_equal "$(jq -c '[.error,.output]' got)" "$(jq -c '[null,.output]' real)"
	assert_equal "$(lines_of got)" 15
	# secrets are told by the names in headers and of columns
	PYTHONPATH=$FLUXLOOP_PYTHONPATH "$PYTHON" - <<-'END'
	import configparser, fluxloop, httpx, multidict, pandas, sqlite3
	fluxloop.configure(record_args=True, recording_file="secrets.jsonl")
	headers = {"Authorization": "Basic aGlkZGVuOm9uZQ==", "Accept": "shown"}
	columns = {"password": ["hidden two"], "name": ["shown"]}
	memory = sqlite3.connect(":memory:")
	memory.row_factory = sqlite3.Row
	row = memory.execute("SELECT 'hidden three' AS api_key, 'shown' AS name").fetchone()
	settings = configparser.ConfigParser()
	settings.read_dict({"a": {"api_key": "hidden four", "name": "shown"}})
	fluxloop.record_call_args("a:b", text="x", h=httpx.Headers(headers), r=row,
	    m=multidict.CIMultiDict(headers), f=pandas.DataFrame(columns), s=settings)
	END
	assert_equal "$(grep -c 'aGlkZGVu\|hidden' secrets.jsonl)" 0
	assert_equal "$(grep -o 'shown' secrets.jsonl | wc -l)" 5
}

@test "a FastAPI chat bot is recorded through a real server, replayed 50 times and read" {
	local format

	agent chatbot recorded.jsonl >received
	assert_equal "$(grep -c 'a-secret' recorded.jsonl)" 0
	assert_equal "$(jq -r .kwargs.websocket recorded.jsonl | sort -u)" '<repr:starlette.websockets.WebSocket>'
	write_settings
	run -0 fl-config -f setting.yaml check
	assert_output ''
	fl-record-extract --path message.content recorded.jsonl |
		fl-generate --original --limit 50 | fl-yaml --to-yaml >inputs.yaml
	fl-yaml inputs.yaml >in
	fl-run -c setting.yaml in | fl-collect -c setting.yaml experiment >got
	assert_equal "$(jq -c '[.success,.error]' got | sort | uniq -c | xargs)" '50 [true,null]'
	# what the client received is what the replay of that call shows
	assert_equal "$(jq -c 'select(.metadata.strategy == "original").callback_messages.send' got | sort)" \
		"$(jq -c . received | sort)"
	# each run says what its own input asks for
	assert_equal "$(jq -c 'select(.input as $text | .callback_messages.send[0] | startswith("Dear Ada: " + $text) | not)' got)" ''
	assert_equal "$(jq -c '.observations | map(.name)' got | sort -u)" '["write"]'
	while read -r format _; do
		fl-parse --format "$format" --output-dir "out-$format" experiment
		grep -rqF 'Dear Ada: Where is my order 1042?' "out-$format"
	done < <(fl-parse --list-formats | grep -v -e '^tree' -e '^csv' -e '^tsv')
	fl-parse --format csv --output-dir out-csv experiment
	assert_equal "$(grep -c success out-csv/*.csv; grep -c tags out-csv/*.csv)" $'1\n50'
	fl-parse --format tree experiment >tree
	assert_equal "$(grep -c 'write' tree)" 50
}

@test "an aiohttp agent with a session made in its constructor is replayed and closed" {
	agent shop recorded.jsonl >received
	assert_equal "$(grep -c key-of-then recorded.jsonl)" 0
	coproc MODEL { PYTHONPATH=$FLUXLOOP_PYTHONPATH exec "$PYTHON" shop.py 2>&1; }
	server=$MODEL_PID
	read -r MODEL_URL <&"${MODEL[0]}"
	export MODEL_URL MODEL_KEY=key-of-now
	cat >setting.yaml <<-'YAML'
	mask_secrets: false
	runner: {target: "shop:Agent.answer", kill_timeout: 60}
	replay_args:
	  enabled: true
	  override_param_path: question.text
	  set: {request: null, api_key: "${MODEL_KEY}"}
	YAML
	fl-record-extract --path question.text recorded.jsonl | fl-generate --original --limit 50 >in
	fl-run -c setting.yaml --parallel 2 --stderr-dir errors in >got
	assert_equal "$(jq -c '[.success,.error]' got | sort | uniq -c | xargs)" '50 [true,null]'
	assert_equal "$(jq -c 'select(.output != .input + ", 2025, Bearer key-of-now")' got)" ''
	assert_equal "$(cat errors/agent-1.log errors/agent-2.log)" $'closed\nclosed'
	# the factory makes it, too
	sed -i 's/runner: {/&factory: "shop:make", factory_kwargs: {model: "'"${MODEL_URL//\//\\/}"'"}, /' setting.yaml
	head -n 1 in | MODEL_URL='' fl-run -c setting.yaml >got
	assert_jq '[.error,.output]' '[null,"Where is my order 1042?, 2025, Bearer key-of-now"]' got
}

@test "what cannot be rebuilt ends the experiment before the first call" {
	agent chatbot recorded.jsonl >received
	write_settings
	fl-record-extract --path message.content recorded.jsonl | fl-generate --original -l 4 >in
	sed -i 's/class Tier/class Level/; s/: Tier/: Level/; s/Tier\./Level./' chatbot.py
	echo 'open("called", "w")' >>chatbot.py
	sed -i 's/^async def write/def record_call():\n    open("called", "w")\n\n&/' chatbot.py
	run --separate-stderr -2 fl-run -c setting.yaml --parallel 1 in
	assert_regex "$stderr" '^fl-run: argument "user.tier" cannot be rebuilt as chatbot.Tier: "chatbot" has no "Tier"; .*replay_args.set.*replay_args.revive'
	assert_jq '[.success,.error_code,.observation_count]' '[false,"setup",0]' <(cat <<<"$output")
}

@test "an argument without data needs a provider, another value, or a function that makes it" {
	agent chatbot recorded.jsonl >received
	write_settings
	sed -i '/callable_providers/,$d' setting.yaml
	fl-record-extract --path message.content recorded.jsonl | fl-generate --original -l 1 >in
	run --separate-stderr -2 fl-run -c setting.yaml in
	assert_regex "$stderr" 'argument "websocket" cannot be rebuilt as starlette.websockets.WebSocket: it is not data.*"websocket.METHOD": "builtin:collector.send"'
	cat >>chatbot.py <<-'PY'
	class Sink(WebSocket):
	    def __init__(self): pass
	    async def send_text(self, text): print("sent", text)
	    send_json = send_text
	def revive(path, name, value):
	    return Sink() if name.endswith("WebSocket") else NotImplemented
	PY
	echo '  revive: "chatbot:revive"' >>setting.yaml
	fl-run -c setting.yaml --stderr-dir errors in >got
	assert_jq '[.error,.success]' '[null,true]' got
	assert_equal "$(head -n 1 errors/agent-1.log)" 'sent Dear Ada: How do I reset my password? (2025, 8 bytes, 10.50)'
}

@test "values of the configuration are put into the arguments" {
	cat >h.py <<-'PY'
	import dataclasses, datetime, enum
	class Tier(enum.Enum):
	    GOLD = "gold"
	@dataclasses.dataclass
	class User:
	    name: str
	    tier: Tier
	    since: datetime.date
	def handle(text, user, blob, key, items, mode="none", tier: Tier = None):
	    return [text, user.name, user.tier.name, user.since.year, blob.decode(), key, items, mode, tier and tier.name]
	def record():
	    import fluxloop
	    fluxloop.configure(record_args=True, recording_file="recorded.jsonl")
	    user = User("Ada", Tier.GOLD, datetime.date(2025, 1, 2))
	    fluxloop.record_call_args("h:handle", text="x", user=user, blob=b"\xff", key="k", items=[1, {"a": 2}])
	PY
	PYTHONPATH=$FLUXLOOP_PYTHONPATH "$PYTHON" -c 'import h; h.record()'
	fl-record-extract recorded.jsonl | fl-generate --original -l 1 >in
	cat >setting.yaml <<-'YAML'
	runner:
	  target: "h:handle"
	  args: {mode: "${MODE:-fast}", tier: gold}
	replay_args:
	  enabled: true
	  set:
	    user.name: "${NAME} \"${NAME}\" $NAME ${}"
	    user.since: "2024-05-06"
	    blob: "text é"
	    items.1.a: 3
	    key: null
	YAML
	run -0 fl-config -f setting.yaml check
	assert_output ''
	NAME='B "o" \' fl-run -c setting.yaml in >got
	assert_jq .output '["x","B \"o\" \\ \"B \"o\" \\\" $NAME ${}","GOLD",2024,"text é",null,[1,{"a":3}],"fast","GOLD"]' got
	# the trace has the recorded arguments, not the values of the environment
	assert_equal "$(grep -c 'B \\"o' got)" 1
	run --separate-stderr -2 fl-run -c setting.yaml in
	assert_equal "$stderr" 'fl-run: replay_args.set: the variable NAME is not set'
	sed -i 's/user.since/user.nothing.here/' setting.yaml
	NAME=x run --separate-stderr -2 fl-run -c setting.yaml in
	assert_regex "$stderr" "^fl-run: in:1: replay_args.set: the recorded arguments have no 'user.nothing.here'"
}

@test "constant arguments are given without a recording, and wrong ones are named" {
	echo 'def ask(question, provider="openai", part="part1"): return [question, provider, part]' >h.py
	printf 'runner: {target: "h:ask", args: {part: part4, provider: anthropic}}\n' >setting.yaml
	fl-run -c setting.yaml <<<'{"input":"hi"}' >got
	assert_jq .output '["hi","anthropic","part4"]' got
	sed -i 's/part:/parts:/' setting.yaml
	run -1 fl-run -c setting.yaml <<<'{"input":"hi"}'
	assert_jq .error '"runner.args: h:ask does not take \"parts\""' <(cat <<<"$output")
}

@test "a handler with a parameter context gets persona and iteration" {
	echo 'def run(input, context=None): return [input, context["persona"], context["iteration"]]' >h.py
	fl-run -t h:run -n 2 <<<'{"input":"hi","metadata":{"persona":"expert"}}' >got
	assert_equal "$(jq -c .output got)" $'["hi","expert",0]\n["hi","expert",1]'
}

@test "an agent in another language gets types, replaced paths and constant arguments" {
	printf 'runner: {args: {n: 1}}\nreplay_args: {enabled: true, set: {a.b: 2}}\n' >setting.yaml
	echo '{"input":"new","metadata":{"input_path":"t","template_kwargs":{"t":"x","a":{"b":1},"m":"<callable:x>"},"objects":{},"types":{"a.b":"decimal.Decimal","m":"str"}}}' |
		fl-run -c setting.yaml --command "$AGENTS/echo.sh" >got
	assert_jq '.output | [.kwargs,.callables,.types,.replaced,.args]' \
		'[{"t":"new","a":{"b":2},"m":"<callable:x>"},{},{"a.b":"decimal.Decimal","m":"str"},["a.b","t"],{"n":1}]' got
}

@test "inputs that are made again from inputs and traces keep their types" {
	agent typed recorded.jsonl >real
	fl-record-extract -t typed:an_int_enum recorded.jsonl | fl-generate --original -l 2 >in
	fl-generate --original -l 3 in >again
	assert_equal "$(jq -c .metadata.types again | sort -u)" '{"x":"typed.Level"}'
	fl-run -t typed:an_int_enum --replay again >got
	fl-run -t typed:an_int_enum --replay got >twice
	assert_equal "$(jq -c '[.success,.output]' got twice | sort -u)" '[true,["HIGH",4]]'
}
