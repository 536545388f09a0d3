#!/usr/bin/env bats

load test_helper

AGENTS=$ROOT/tests/agents

@test "the filters and the recorder agree on the names of secrets" {
	python3 - <<-'PY' >names
		import random

		names = """token api_key apiKey x-api-key authToken monkey keyboard author key primary_key
		public_key max_tokens prompt_tokens token_limit token_count tokens access_tokens id_tokens
		sessiontoken accesskey passWord PassWord api2key apikeys APIKey OPENAI_API_KEY API_KEYS
		my_secret secretary Password pwd OLDPWD AWS_SECRET_ACCESS_KEY csrf_token tokenizer jwt
		JWTToken cookieJar authTokenLimit token_token_limit passphrase2 oauth2 OAuth user_pass
		access_key_id private-key signingKey encryption.key bearer_tokens DB_PASSWORD
		OPENAI_KEY stripe_key STRIPE_SK sk GH_PAT pat PGPASSWORD DB_PASS pass compass SENTRY_DSN
		ACME_KEY ACME_KEY_2 ACME_KEY2 FOREIGN_KEY CACHE_KEY acme_key sessionid session_id sessionId
		csrftoken csrfmiddlewaretoken mytoken topsecret dbpassword openaiapikey cvv pw""".split()
		words = """token tokens api key keys access auth count limit pass word secret id x A2 pwd
		openai stripe acme primary db gh pat sk session sessionid csrf dsn 2""".split()
		rng = random.Random(1)
		for _ in range(1000):
		    some = rng.sample(words, rng.randint(1, 4))
		    names.append(rng.choice(["", "_", "-"]).join(
		        rng.choice([w, w.upper(), w.title()]) for w in some))
		# PWD is the shell's working directory and not a password
		print(*(n for n in dict.fromkeys(names) if n != "PWD"), sep="\n")
	PY
	{
		echo 'metadata:'
		sed 's/.*/  "&": "value"/' names
	} >setting.yaml
	fl-config show | jq -r '.metadata | to_entries[] | "\(.key) \(.value == "***")"' |
		sort >filters
	PYTHONPATH=$ROOT/lib/python python3 - <<-'PY' | sort >recorder
		from fluxloop.masking import is_secret

		for name in open("names"):
		    print(name.strip(), str(is_secret(name.strip())).lower())
	PY
	assert [ "$(lines_of recorder)" -gt 800 ]
	assert [ "$(grep -c true recorder)" -gt 100 ]
	diff filters recorder
}

# The table of values and of what is left of them: tests/data/secrets.jsonl.

@test "the recorder masks the secrets of the table and nothing else" {
	PYTHONPATH=$ROOT/lib/python python3 - "$ROOT/tests/data/secrets.jsonl" <<-'PY'
		import json, sys
		import fluxloop

		table = [json.loads(line) for line in open(sys.argv[1])]
		fluxloop.configure(record_args=True, recording_file="args.jsonl")
		for row in table:
		    fluxloop.record_call_args("m:f", value=row["value"])
		rows = [json.loads(line) for line in open("args.jsonl")]
		assert len(rows) == len(table) > 100
		for row, recorded in zip(table, rows):
		    assert recorded["kwargs"]["value"] == row["masked"], (row, recorded)
		# one switch turns it off
		fluxloop.configure(mask_secrets=False, record_args=True, recording_file="open.jsonl")
		for row in table:
		    fluxloop.record_call_args("m:f", value=row["value"])
		for row, line in zip(table, open("open.jsonl")):
		    assert json.loads(line)["kwargs"]["value"] == row["value"], row
	PY
}

@test "fl-run masks the secrets of the table and nothing else" {
	jq -c '{input: .value}' "$ROOT/tests/data/secrets.jsonl" >in.jsonl
	jq -c '[.masked, .masked]' "$ROOT/tests/data/secrets.jsonl" >expected
	fl-run --ordered --command "$AGENTS/echo.sh" in.jsonl >traces.jsonl
	jq -c '[.input, .output.input]' traces.jsonl | diff expected -
	# one switch turns it off
	FLUXLOOP_MASK_SECRETS=0 fl-run --ordered --command "$AGENTS/echo.sh" in.jsonl |
		jq -c '{input: .output.input}' | diff in.jsonl -
	echo 'mask_secrets: false' >setting.yaml
	fl-run -c setting.yaml --ordered --command "$AGENTS/echo.sh" in.jsonl |
		jq -c '{input}' | diff in.jsonl -
}

@test "no secret of a project is left in any of its files" {
	mkdir project
	cat >project/app.py <<-'PY'
		import json, os, sys
		import fluxloop

		TABLE = [json.loads(line)["value"] for line in open(os.environ["TABLE"])]

		@fluxloop.tool("look")
		def look(value, note=None):
		    return value

		@fluxloop.agent("agent")
		def handle(text, send, password, number=0, value=None):
		    value = TABLE[number]
		    # a name and its value are two things in a text
		    shown = "" if type(value) is dict and "value" in value else value
		    look(value, note=json.dumps(shown))
		    send({"value": value}, headers=[("X-Api-Key", "LEAK101")])
		    for stream in (sys.stdout, sys.stderr):
		        print("seen", shown, json.dumps(shown), os.environ["QUEUE_URL"], file=stream, flush=True)
		        print("and", os.environ["QUEUE_URL"][11:19], file=stream, flush=True)
		    if number % 2:
		        raise ValueError("cannot handle %s" % (shown,))
		    return {"value": value, "text": json.dumps(shown)}
	PY
	cat >project/setting.yaml <<-'END'
		name: leaks
		runner:
		  target: "app:handle"
		  environment_vars: {DATABASE_URL: "postgres://u:LEAK103@h/db"}
		replay_args:
		  enabled: true
		  callable_providers: {send: "builtin:collector.send"}
	END
	cd project
	mkdir recordings
	export TABLE=$ROOT/tests/data/secrets.jsonl QUEUE_URL=amqp://app:LEAK104x@mq/
	PYTHONPATH=$ROOT/lib/python python3 - <<-'PY'
		import asyncio, json, os
		import fluxloop

		fluxloop.configure(record_args=True, recording_file="recordings/args.jsonl")
		def send(): pass
		for number, line in enumerate(open(os.environ["TABLE"])):
		    fluxloop.record_call_args("app:handle", text="call %d" % number, send=send,
		        password="LEAK105", number=number, value=json.loads(line)["value"])
	PY
	fluxloop generate inputs --config setting.yaml --from-recording recordings/args.jsonl --limit "$(lines_of "$TABLE")" \
		--strategy rephrase >/dev/null
	run -1 fluxloop run experiment --config setting.yaml
	assert_output --partial "the argument 'password' was masked when it was recorded"
	assert_equal "$(grep -c "argument 'password'" <<<"$output")" 1
	for format in md html csv jsonl json otlp chrome tree; do
		fluxloop parse experiment --latest --format "$format" --output "out-$format" >/dev/null || true
	done
	# the programs wrote what they were given otherwise
	grep -rq 'keyboard' experiments
	refute grep -rEo --exclude={app.py,setting.yaml} '.{0,20}LEAK[0-9].{0,8}' .
}

@test "a private key in the stderr of an agent is masked although its lines come one by one" {
	cat >agent.py <<-'PY'
		import sys, time
		for line in sys.stdin:
		    for part in ("before", "-----BEGIN PRIVATE KEY-----", "LEAK1", "LEAK2==", "-----END PRIVATE KEY-----", "after"):
		        print(part, file=sys.stderr, flush=True)
		        time.sleep(0.05)
		    print("ok", flush=True)
	PY
	echo '{"input":"a"}' >in
	fl-run --protocol lines --command 'python3 agent.py' --stderr-dir logs in >/dev/null
	assert_equal "$(cat logs/agent-1.log)" $'before\n***\nafter'
}

@test "a secret of several words in the stderr of an agent is masked wherever a read ends" {
	cat >agent.py <<-'PY'
		import os, sys, time

		SECRETS = [
		    'password="aa bb LEAK1 cc dd"', "curl -s https://h.example/ -X POST -H 'A: b' -u u:LEAK2 h",
		    "Cookie: a=LEAK3; b=LEAK4; c=LEAK5 x", "machine h.example login u password LEAK6",
		    "Server=h;Password=aa LEAK7 bb;",
		]
		for line in sys.stdin:
		    place, secret = 65536 - 7 * int(line), SECRETS[int(line) % len(SECRETS)]
		    text = ("word " * 20000)[:place] + " " + secret + " tail" * 1000
		    for part in (text[:65537], text[65537:] + "\n"):
		        os.write(2, part.encode())
		        time.sleep(0.02)
		    print("ok", flush=True)
	PY
	printf '{"input":"%d"}\n' {0..14} >in
	fl-run --protocol lines --command 'python3 agent.py' --stderr-dir logs in >traces
	assert_equal "$(grep -ac "word word" logs/agent-1.log)" 15
	refute grep -aEo '.{0,20}LEAK.{0,8}' logs/agent-1.log traces
}

@test "a replayed mask is reported once for each argument, and not where a value is set" {
	cat >app.py <<-'PY'
		def handle(text, password, db): return text
	PY
	cat >in <<-'END'
		{"input":"a","metadata":{"template_kwargs":{"text":"x","password":"***","db":["amqp://u:***@h"]},"input_path":"text"}}
		{"input":"b***","metadata":{"template_kwargs":{"text":"x","password":"***","db":[]},"input_path":"text"}}
	END
	run -0 --separate-stderr fl-run --target app:handle --replay in
	assert_equal "${#stderr_lines[@]}" 2
	assert_regex "${stderr_lines[0]}" "the argument 'password' was masked .* replay_args.set"
	assert_regex "${stderr_lines[1]}" "the argument 'db.0' was masked"
}
