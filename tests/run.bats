load test_helper
load filter_helper

AGENTS=$ROOT/tests/agents
HANDLERS=$AGENTS/handlers.py

setup_file()
{
	find_python
	"${CC:-gcc}" -o "$BATS_FILE_TMPDIR/agent" "$ROOT/tests/agents/agent.c"
}

# inputs TEXT...: input records.
inputs()
{
	local text

	for text; do
		printf '{"input":"%s"}\n' "$text"
	done
}

# odd HOW [option...]: runs one, odd, two on the agent that misbehaves so, with
# a marker in its environment.
odd()
{
	local how=$1

	shift
	inputs one odd two |
		MARKER=$BATS_TEST_TMPDIR/$how timeout 60 fl-run --command "$AGENTS/odd.sh $how" "$@"
}

# nothing_left HOW
nothing_left()
{
	assert_equal "$1: $(processes "MARKER=$BATS_TEST_TMPDIR/$1") processes" "$1: 0 processes"
}

# --- agents in any language -------------------------------------------------------------

@test "a shell script can be an agent" {
	inputs a 'b c' | fl-run --command "$AGENTS/echo.sh" --name tests >got
	assert_equal "$(values .output.input got)" 'a b c'
	assert_equal "$(values .output.id got)" '1 2'
	assert_jq '.output.context | [.name,.iteration,.persona,.attempt]' '["tests",0,null,1]' <(head -n 1 got)
	assert_equal "$(jq -c '[.output.context.trace_id == .trace_id, .output.context.run_id == .run_id, .output.context.input_id == .input_id]' got | sort -u)" '[true,true,true]'
}

@test "a trace has the fields that the records' manual names, in that order" {
	inputs a | fl-run --command "$AGENTS/echo.sh" >got
	assert_equal "$(jq -c keys_unsorted got)" \
		'["trace_id","run_id","input_id","name","iteration","persona","input","output","duration_ms","success","start_time","end_time","attempts","agent","observation_count","metadata","observations"]'
	assert_regex "$(jq -r .trace_id got)" '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
	assert_regex "$(jq -r .start_time got)" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}\+00:00$'
	assert_jq '[.success,.attempts,.observation_count,.observations,.metadata]' '[true,1,0,[],{}]' got
}

@test "Node can be an agent that works ahead" {
	command -v node >/dev/null || skip 'no node'
	inputs one two three | fl-run --command "node $AGENTS/node.mjs" --iterations 4 >got
	assert_equal "$(lines_of got)" 12
	assert_equal "$(values '"\(.output)\(.iteration)"' got | tr ' ' '\n' | sort | paste -sd ' ')" \
		'ONE0 ONE1 ONE2 ONE3 THREE0 THREE1 THREE2 THREE3 TWO0 TWO1 TWO2 TWO3'
	assert_equal "$(jq -c 'select(.observations[0] | .name != "capitals") // select(.observations[0].output != .iteration) // select(.observations[0].trace_id != .trace_id)' got)" ''
	assert_equal "$(jq -c '[.observation_count, (.observations | length), .observations[0].type]' got | sort -u)" '[1,1,"tool"]'
}

@test "a C program can be an agent, several of them side by side" {
	seq 200 | sed 's/.*/{"input":"&"}/' >in
	fl-run --command "$BATS_FILE_TMPDIR/agent" --parallel 3 in >got
	assert_equal "$(lines_of got)" 200
	assert_equal "$(jq -r .input got | sort -n | uniq | paste -sd ' ')" "$(seq -s ' ' 200)"
	assert_equal "$(jq .success got | sort -u)" true
}

@test "an agent of plain lines gets and gives text" {
	printf '%s\n' '{"input":"two\nlines\r\\n"}' '{"input":{"a":[1]}}' '{"input":"é😀"}' |
		fl-run --protocol lines --command "cat" >got
	assert_equal "$(jq -c .output got)" $'"two\\\\nlines\\\\r\\\\n"\n"{\\"a\\":[1]}"\n"é😀"'
	printf 'runner:\n  process: {protocol: lines, command: [sh, -c, "while read -r l; do printf \\"<%%s>\\\\r\\\\n\\" \\"$l\\"; done"]}\n' >setting.yaml
	inputs 'a b' | fl-run -c setting.yaml >got
	assert_jq .output '"<a b>"' got
}

# doubted: the agents whose answers may be other inputs', as $stderr has them.
doubted()
{
	sed -n 's/.*those with "agent": //p' <<<"$stderr" | tr ',' '\n' | tr -d ' ' |
		while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done
}

# wrong_answers: the traces in $output with another input's answer that are not
# in doubt.
wrong_answers()
{
	jq -c --argjson doubted "[$(doubted | paste -sd ,)]" \
		'select(.success and .output != "answer to " + .input) |
		select(.agent as $a | $doubted | index($a) == null)' <<<"$output"
}

@test "lines without a request are noticed, whenever they come" {
	printf '{"input":"%s"}\n' 1 2 3 4 >in
	cat >early <<-'END'
	echo "Loading model..."
	while read -r l; do echo "answer to $l"; done
	END
	cat >twice <<-'END'
	while read -r l; do echo "answer to $l"; sleep 0.05; echo "(end)"; done
	END
	cat >blank <<-'END'
	while read -r l; do printf 'answer to %s\n\n' "$l"; done
	END
	cat >last <<-'END'
	while read -r l; do echo "answer to $l"; done; echo bye
	END
	cat >unended <<-'END'
	while read -r l; do echo "answer to $l"; done; printf bye
	END
	cat >slow <<-'END'
	echo "Loading model..."; sleep 0.1
	while read -r l; do sleep 0.1; echo "answer to $l"; done
	END
	cat >thinks <<-'END'
	while read -r l; do sleep 0.1; echo "answer to $l"; sleep 0.1; echo; sleep 0.1; done
	END
	for agent in early twice blank last unended slow thinks; do
		for runner in '{}' '{isolation: call}'; do
			echo "runner: $runner" >s.yaml
			run --separate-stderr -1 fl-run -c s.yaml --protocol lines \
				--command "sh $agent" in
			# no input got a line of another one without a word
			assert_equal "$(wrong_answers)" ''
			[[ $agent != @(last|unended) || $runner != '{}' ]] || assert_regex "$stderr" \
				'^fl-run: agent [1-4] wrote a line without a request.*: "bye"; runner\.process\.ready_pattern'
		done
	done
	run --separate-stderr -1 fl-run --protocol lines --command 'sh blank' in
	assert_equal "$(jq -r .error_kind <<<"$output" | sort -u)" protocol
	assert_regex "$(jq -r .error <<<"$output" | head -n 1)" 'several lines for one request; .*ready_pattern'
	# a banner does no harm where it is expected
	echo 'runner: {process: {ready_pattern: ^Loading}}' >s.yaml
	run --separate-stderr -0 fl-run -c s.yaml --protocol lines --command 'sh early' in
	assert_equal "$(jq -r .output <<<"$output" | xargs)" \
		'answer to 1 answer to 2 answer to 3 answer to 4'
	assert_equal "$stderr" ''
}

@test "each answer that may be another input's is reported" {
	printf '{"input":"%s"}\n' 1 2 3 4 5 6 >in
	# a banner of the first call, and a line left at the end
	cat >after <<-'END'
	read -r l; echo "Loading model..."; sleep 0.1; echo "answer to $l"
	while read -r l; do echo "answer to $l"; done
	END
	cat >behind <<-'END'
	read -r l; echo "answer to $l"; sleep 0.1
	while read -r l; do echo "answer to $l"; done; echo bye
	END
	for runner in '{}' '{isolation: call}'; do
		for agent in after behind; do
			echo "runner: $runner" >s.yaml
			run --separate-stderr -1 fl-run -c s.yaml -j 2 --protocol lines \
				--log log --command "sh $agent" in
			assert_regex "$stderr" '[0-9]+ answers? may belong to other inputs, those with "agent": [0-9, -]+$'
			assert_equal "$(doubted | sort -n | xargs)" \
				"$(jq -r 'select(.event == "doubtful").agent' log | sort -n | xargs)"
			assert_equal "$(wrong_answers)" ''
			rm log
		done
	done
}

@test "a reply without its type fails its run at once, and log lines do not" {
	cat >bad.py <<-'END'
	import json, sys
	for line in sys.stdin:
	    id, how = (json.loads(line)[key] for key in ("id", "input"))
	    # lines of logging libraries, and JSON of any other shape
	    for text in ({"level": "info", "msg": "x", "id": id, "output": 1}, 7, "text", None, [1],
	                 [{"type": "final"}], {}, {"id": id}, {"output": "no id"}, {"id": 99, "output": 1},
	                 {"id": str(id), "output": 1}, {"type": "log", "error": "e"}):
	        print(json.dumps(text))
	    reply = {"final": {"type": "final"}, "untyped": {}, "typo": {"type": "fnal"},
	             "number": {"type": 1}, "null": {"type": None}, "error": {}}[how]
	    print(json.dumps({**reply, "id": id, "error" if how == "error" else "output": how}), flush=True)
	END
	printf '{"input":"%s"}\n' untyped final typo number final null error final >in
	run --separate-stderr -1 timeout 60 fl-run --ordered -j 1 --command 'python3 bad.py' in
	assert_equal "$(jq -r '.output // .error_kind' <<<"$output" | xargs)" \
		'protocol final protocol protocol final protocol protocol final'
	assert_equal "$(jq -r 'select(.error).error' <<<"$output" |
		grep -c "^the agent's reply has no type \"final\" or \"error\": \"{.*id")" 5
	# what is no reply is kept, and the agent lives on
	assert_equal "$(jq -s 'map(.agent) | unique | length' <<<"$output")" 1
	assert_equal "$(jq -r .stdout <<<"$output" | grep -c '"level"')" 8
}

@test "a message that is not JSON fails its run at once" {
	cat >bad.py <<-'END'
	import json, sys
	for line in sys.stdin.buffer:
	    request = json.loads(line)
	    text = request["input"].encode("latin-1")
	    head = b'{"id":%d,"type":"final","output":' % request["id"]
	    sys.stdout.buffer.write({b"ok": head + b'"fine"}',
	        b"cut": head + b'"a', b"comma": head + b'"a",}',
	        b"tab": head + b'"a\tb"}', b"quote": head + b'"say "hi""}',
	        b"deep": head + b"[" * 1200 + b"]" * 1200 + b"}",
	        }.get(text, head + b'"' + text + b'"}') + b"\n")
	    sys.stdout.buffer.flush()
	END
	printf '{"input":"%s"}\n' ok caf\\u00e9 tab cut comma quote deep ok >in
	run --separate-stderr -1 timeout 60 fl-run --command "python3 bad.py" in
	assert_equal "$(jq -r '.error_kind' <<<"$output" | xargs)" \
		'null protocol protocol protocol protocol protocol protocol null'
	jq -r 'select(.error).error' <<<"$output" >errors
	assert_equal "$(grep -c "^the agent's message is not JSON: .* (byte [0-9]*): \"{" errors)" 6
	assert_equal "$(jq -s 'map(.agent) | unique' <<<"$output" | jq length)" 1
}

@test "a reply in another encoding or form is as wrong, and a byte order mark is not" {
	cat >bad.py <<-'END'
	import json, sys
	for line in sys.stdin.buffer:
	    request = json.loads(line)
	    reply = {"type": "final", "id": request["id"], "output": "ok"}
	    text, how = json.dumps(reply), request["input"]
	    if how.startswith("utf"):
	        data = (text + "\n").encode(how)
	    elif how == "python":
	        data = repr(reply).encode() + b"\n"
	    elif how == "lines":
	        data = json.dumps(reply, indent=2).encode() + b"\n"
	    else:
	        # what an agent prints of the data of others is no message
	        sys.stdout.write("%r\n%s\n" % ({"type": "text", "error": None}, json.dumps({"type": "error_page"}, indent=1)))
	        data = text.encode() + b"\n"
	    sys.stdout.flush()
	    sys.stdout.buffer.write(data)
	    sys.stdout.buffer.flush()
	END
	for how in utf-8-sig plain utf-16 utf-16-le utf-16-be python lines; do
		echo "{\"input\":\"$how\"}" | timeout 60 fl-run --command 'python3 bad.py'
	done >out || true
	assert_equal "$(jq -r '.output // .error_kind' out | xargs)" 'ok ok protocol protocol protocol protocol protocol'
	assert_equal "$(grep -c "the agent's message is not JSON: .* (byte [0-9]*): " out)" 5
}

@test "a message that is broken shows its place also when it was not the reply" {
	cat >bad.py <<-'END'
	import sys
	for line in sys.stdin:
	    sys.stdout.write('{"type":"observation","observation":{"a":NULL}}\n')
	    sys.stdout.flush()
	END
	run -1 fl-run --command 'python3 bad.py' <(inputs 1)
	assert_regex "$(jq -r .error <<<"$output")" \
		"^the agent's message is not JSON: not a JSON value \(byte 42\): .*observation.* \(after SIGTERM"
}

@test "what follows a broken message is not the answer to the next input" {
	local broken

	cat >bad.py <<-'END'
		import json, sys, time
		broken = sys.argv[1].encode().decode("unicode_escape").encode("latin-1")
		for line in sys.stdin:
		    value = json.loads(line)["input"]
		    if value == "2":
		        sys.stdout.buffer.write(broken + b"\n")
		        sys.stdout.flush()
		        time.sleep(0.1)
		    if value != "2" or b"final" not in broken:
		        sys.stdout.buffer.write(b'{"type":"final","output":"%s"}\n' % value.encode())
		    sys.stdout.flush()
	END
	for broken in '{"type":"delta","delta":"\xff"}' '{ "type" : "observation", "observation":{"a":"\t"}}' \
	              '{"id":1,"type":"callback","args":[NULL]}' '{"type":"final","output":"\xff"}'; do
		run -1 --separate-stderr fl-run --ordered -j 1 --command "python3 bad.py '$broken'" <(inputs 1 2 3)
		assert_equal "$broken: $(jq -r '.output // .error_kind' <<<"$output" | xargs)" "$broken: 1 protocol 3"
	done
}

@test "a command is split as a shell would, and not given to one" {
	# shellcheck disable=SC2016 # nothing is to be expanded
	cat >args.sh <<-'SH'
	#!/bin/sh
	for arg; do printf '%s\n' "$arg" >>args; done
	exec cat
	SH
	chmod +x args.sh
	inputs a | fl-run --protocol lines --command "./args.sh a 'b c' \"d 'e'\" f\\ g '' \$HOME \`id\` ; *" >got
	assert_equal "$(<args)" $'a\nb c\nd \'e\'\nf g\n\n$HOME\n`id`\n;\n*'
	run --separate-stderr -2 fl-run --command "cat 'open" <<<'{"input":"a"}'
	assert_equal "$stderr" "fl-run: the command's quotes are not closed"
}

@test "nothing is sent before a line matches ready_pattern" {
	cat >setting.yaml <<-'YAML'
	runner:
	  process:
	    command: [bash, -c, 'echo loading; if read -r -t 0.2 l; then echo "{\"type\":\"final\",\"output\":\"too early\"}"; fi; echo "now READY 7"; while read -r l; do echo "{\"type\":\"final\",\"output\":\"ok\"}"; done']
	    ready_pattern: "READY [0-9]+$"
	YAML
	inputs a b | fl-run -c setting.yaml >got
	assert_equal "$(values .output got)" 'ok ok'
	assert_equal "$(jq -r '.stdout // empty' got)" ''
	sed -i 's/now READY 7/never/' setting.yaml
	sed -i 's/; while.*done/; exit 5/' setting.yaml
	inputs a b >in
	run --separate-stderr -2 fl-run -c setting.yaml in
	assert_output ''
	assert_regex "$stderr" 'the agent ended before it was ready'
	sed -i 's/ready_pattern: .*/ready_pattern: "("/' setting.yaml
	run --separate-stderr -2 fl-run -c setting.yaml in
	assert_regex "$stderr" "ready_pattern '\(': expected a POSIX"
}

@test "an agent that cannot work reports it, and nothing more is run" {
	echo '{"type":"error","code":"setup","error":"no model"}' >setup
	run --separate-stderr -2 fl-run --command 'sh -c "cat setup; exec sleep 1000"' < <(inputs a b)
	assert_equal "$(jq -c '[.input,.success]' <<<"$output")" '["a",false]'
	assert_equal "$stderr" 'fl-run: no model'
	run --separate-stderr -2 fl-run --command ./nothing <<<'{"input":"a"}'
	assert_output ''
	assert_regex "$stderr" "^fl-run: cannot start './nothing': No such file"
}

# --- what agents say ----------------------------------------------------------------------

@test "observations, deltas, callbacks, prints and tokens end in the trace" {
	odd chatty >got
	assert_equal "$(values .success got)" 'true true true'
	jq -c 'select(.input == "odd")' got >one
	assert_jq '[.stdout,.observation_count,.token_usage]' \
		'["thinking...\n",1,{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}]' one
	assert_jq .callback_messages '{"send":["m"],"error":[{"args":["a","b"],"kwargs":{"k":1}}]}' one
	assert_jq '.observations[0] | [.name,.type,.input,.output]' '["n","tool",{"q":1},2]' one
	assert_jq '.observations[0].trace_id == .trace_id and (.observations[0].id | length > 0) and (.observations[0].start_time | length > 0)' true one
	# the last message is what the user saw
	assert_jq .output '"m"' one
	assert_equal "$(jq -c 'select(.input != "odd") | [.observation_count, has("stdout"), has("token_usage"), .output]' got | sort -u)" '[0,false,false,"fine"]'
}

@test "the output is the final response, else the agent's, the last message, the reply, the deltas" {
	# shellcheck disable=SC2034 # they are used by name
	final='{"type":"final","output":"reply"}'
	said='{"type":"callback","name":"send","args":["message"]}'
	null='{"type":"callback","name":"send","args":[null]}'
	named='{"type":"callback","name":"send","args":[],"kwargs":{"message":null,"to":null}}'
	none='{"type":"callback","name":"done","args":[]}'
	bare='{"type":"callback","name":"done"}'
	agent='{"type":"observation","observation":{"type":"agent","name":"a","output":{"x":1}}}'
	response='{"type":"observation","observation":{"type":"event","name":"agent_final_response","output":"response"}}'
	delta='{"type":"delta","delta":"delta"}'
	while IFS='|' read -r wanted messages; do
		# shellcheck disable=SC2086 # these are names
		{ for name in $messages; do echo "${!name}"; done; } >reply
		[[ $messages == *final ]] || echo '{"type":"final"}' >>reply
		run -0 fl-run --command "sh -c 'read l; cat reply; cat >/dev/null'" <<<'{"input":"a"}'
		assert_equal "$messages: $(jq -c .output <<<"$output")" "$messages: $wanted"
	done <<-END
	"response"|response agent said final
	"response"|response agent agent said final
	{"x":1}|agent said final
	"message"|said delta final
	"message"|said null named none bare final
	"reply"|null named none bare final
	"delta"|delta null none
	"reply"|delta final
	"reply"|final
	END
	for final in '{"type":"final","output":null}' '{"type":"final"}'; do
		printf '%s\n' "$delta" "$delta" "$final" >reply
		run -0 fl-run --command "sh -c 'read l; cat reply; cat >/dev/null'" <<<'{"input":"a"}'
		assert_equal "$(jq -c .output <<<"$output")" '"deltadelta"'
		printf '%s\n' "$final" >reply
		run -0 fl-run --command "sh -c 'read l; cat reply; cat >/dev/null'" <<<'{"input":"a"}'
		assert_equal "$(jq -c .output <<<"$output")" null
	done
}

@test "an agent's errors fail the run and no other" {
	for case in 'error|"no é","E7"' 'error-object|"{\"a\":1}",null' \
		'error-nothing|"the agent reported an error",null'; do
		status=0
		odd "${case%%|*}" >got || status=$?
		assert_equal "$status" 1
		assert_equal "$(values .success got)" 'true false true'
		assert_jq '[.error,.error_code]' "[${case#*|}]" <(sed -n 2p got)
		assert_jq '[.error_kind,.output]' '["error",null]' <(sed -n 2p got)
		assert_equal "$(lines_of starts)" 1
		rm starts
	done
	odd no-output >got
	assert_equal "$(jq -c '[.success,.output]' got | paste -sd ' ')" '[true,"fine"] [true,null] [true,"fine"]'
}

@test "an agent that breaks loses one run, and the next gets another agent" {
	while IFS='|' read -r how kind what starts; do
		rm -f starts
		status=0
		odd "$how" >got 2>err || status=$?
		assert_equal "$how $status $(values .success got)" "$how 1 true false true"
		sed -n 2p got >one
		assert_equal "$how $(jq -c '[.error_kind,.exit_code,.signal]' one)" "$how $kind"
		assert_regex "$how $(jq -r .error one)" "^$how $what"
		assert_equal "$how $(lines_of starts)" "$how $starts"
		nothing_left "$how"
	done <<-'END'
	exit|["crash",3,null]|the agent ended before it answered \(exit status 3\)|2
	kill|["crash",null,9]|the agent ended before it answered \(killed by signal 9|2
	half|["crash",0,null]|the agent ended before it answered \(exit status 0\)|2
	closes|["crash",null,15]|the agent closed its output|2
	unknown|["protocol",null,15]|the agent answered a request that it was not sent|2
	grandchild|["crash",0,null]|the agent ended before it answered \(exit status 0\)|2
	END
}

@test "output that is not a message is kept as text, and is never a reply" {
	odd garbage >got
	assert_equal "$(values .success got)" 'true true true'
	sed -n 2p got >one
	assert_jq .output '"fine"' one
	assert_jq '.stdout | split("\n") | [.[0,1,3,4]]' '["garbage","{\"typo\":","[1]","{\"a\":1}"]' one
	python3 -c 'open("got", encoding="utf-8").read()'
	odd twice >got
	assert_equal "$(values .output got)" 'fine first fine'
	assert_equal "$(values .success got)" 'true true true'
}

@test "processes that an agent leaves delay nothing and are killed" {
	odd session >got
	assert_equal "$(values .output got)" 'fine fine fine'
	nothing_left session
}

@test "a run over its time limit is killed with all processes it started" {
	late()
	{
		status=0
		odd silent --timeout "$LIMIT" >got || status=$?
		echo "$status $(values .success got)"
	}
	in_time '1 true false true' late
	assert_jq '[.error_kind,.signal]' '["timeout",15]' <(sed -n 2p got)
	assert_regex "$(sed -n 2p got | jq -r .error)" '^the run took longer than timeout_seconds'
	assert_jq '.duration_ms >= 300' true <(sed -n 2p got)
	nothing_left silent
}

@test "other runs of a late run's agent fail with an error of their own" {
	# the first request goes before hello, the others two at a time
	inputs first odd beside after >in
	late()
	{
		timeout 60 fl-run --timeout "$LIMIT" --command "$AGENTS/two.sh hangs" in >got
		jq -c '[.input,.success,.error_kind]' got | sort
	}
	in_time "$(cat <<-'END'
	["after",true,null]
	["beside",false,"crash"]
	["first",true,null]
	["odd",false,"timeout"]
	END
	)" late
	assert_equal "$(jq -r 'select(.input == "beside") | .error' got)" \
		'the agent was ended because of another run (after SIGTERM: killed by signal 15 (Terminated))'
}

@test "a request that an agent had not begun when it exited goes to another one" {
	inputs first odd beside after >in
	run --separate-stderr -1 timeout 60 fl-run --timeout 50 --command "$AGENTS/two.sh exits" in
	assert_equal "$(jq -c '[.input,.success,.error_kind,.exit_code,.attempts]' <<<"$output" | sort)" "$(cat <<-'END'
	["after",true,null,null,1]
	["beside",true,null,null,1]
	["first",true,null,null,1]
	["odd",false,"crash",3,1]
	END
	)"
}

@test "an agent that ignores SIGTERM is killed" {
	late()
	{
		status=0
		odd deaf --timeout "$LIMIT" >got || status=$?
		echo "$status $(values .success got) $(sed -n 2p got | jq -c '[.error_kind,.signal]')"
	}
	in_time '1 true false true ["timeout",9]' late
	nothing_left deaf
}

@test "an agent that always exits at once fails every run, and the experiment ends" {
	for command in true false 'sh -c "exec >&-; exit 7"' 'sh -c "read l; exit 9"'; do
		run --separate-stderr -1 timeout 60 fl-run --command "$command" < <(inputs a b c)
		assert_equal "$(jq -r .error_kind <<<"$output" | paste -sd ' ')" 'crash crash crash'
	done
}

@test "an agent that never reads does not stop the others" {
	cat >in < <(seq 30 | sed 's/.*/{"input":"&"}/')
	# one of two reads nothing, and is ended by the timeout
	unread()
	{
		rm -rf first
		timeout 60 fl-run --timeout "$LIMIT" --parallel 2 --command \
			"bash -c 'if mkdir first 2>/dev/null; then sleep 1000; fi; exec $AGENTS/echo.sh'" in |
			jq -r .success | sort | uniq -c | awk '{ print $1, $2 }'
	}
	in_time $'1 false\n29 true' unread
	# not even when the pipe to it is full
	printf '{"input":"%s"}\n' "$(head -c 1000000 /dev/zero | tr '\0' a)" >in
	run --separate-stderr -1 timeout 60 fl-run --timeout 0.5 --command 'sleep 1000' in
	assert_equal "$(jq -r .error_kind <<<"$output")" timeout
}

@test "an input of 1 MB and an answer of 5 MB go through" {
	printf '{"input":"%s"}\n' "$(head -c 1000000 /dev/zero | tr '\0' a)" >in
	fl-run --command "$AGENTS/echo.sh" in >got
	assert_jq '[(.input | length), (.output.input | length)]' '[1000000,1000000]' got
	odd long >got
	assert_jq '[.success, (.output | length)]' '[true,5000000]' <(sed -n 2p got)
}

# --- Python targets -------------------------------------------------------------------------

@test "Python targets of every kind are called" {
	while IFS='|' read -r target wanted; do
		run --separate-stderr -0 fl-run --target "$HANDLERS:$target" <<<'{"input":"a b"}'
		assert_equal "$target $(jq -c .output <<<"$output")" "$target $wanted"
	done <<-'END'
	echo|"a b"
	Agent.answer|"hello a b"
	agent.answer|"hi a b"
	Agent.answer_later|"later a b"
	later|"later a b"
	END
	cp "$HANDLERS" .
	printf 'runner:\n  target: handlers:stream\n  stream_output_path: choices.0.delta.content\n' >setting.yaml
	fl-run -c setting.yaml <<<'{"input":"a b"}' >got
	assert_jq .output '"a.b."' got
	printf 'runner:\n  target: handlers:Agent.answer\n  factory: handlers:make_agent\n  factory_kwargs: {greeting: "well"}\n' >setting.yaml
	fl-run -c setting.yaml <<<'{"input":"a b"}' >got
	assert_jq .output '"well a b"' got
	printf 'runner: {module_path: handlers, function_name: echo}\n' >setting.yaml
	fl-run -c setting.yaml <<<'{"input":[1,null]}' >got
	assert_jq .output '[1,null]' got
}

@test "the arguments of a factory are neither on a command line nor left in the environment" {
	local where

	cat >h.py <<-'END'
		import os
		seen = [name for name in os.environ if "KWARGS" in name]
		class H:
		    def __init__(self, key): self.key = key
		    def handle(self, input):
		        with open("/proc/self/cmdline") as file:
		            return [file.read().count(str(self.key)), seen, os.getenv("FLUXLOOP_FACTORY_KWARGS")]
		def make(api_key=None, opts=None): return H(api_key or opts["deep"])
	END
	for where in 'api_key: sk-IN-PS' 'opts: {deep: "sk-with \"quotes\""}' 'api_key: 1234567890'; do
		printf 'runner:\n  target: "h:H.handle"\n  factory: "h:make"\n  factory_kwargs: {%s}\n' "$where" >setting.yaml
		fl-run -c setting.yaml <<<'{"input":1}' >got
		assert_jq .output '[0,[],null]' got
	done
	# neither to look whether it can be loaded
	cat >python <<-END
		#!/bin/sh
		tr '\\0' ' ' </proc/\$\$/cmdline >line
		exec $(command -v python3) "\$@"
	END
	chmod +x python
	echo '  python: ./python' >>setting.yaml
	run -0 fl-run -c setting.yaml --check
	assert_equal "$(grep -c 1234567890 line) $(grep -c factory line)" '0 1'
	# what is left from another agent is not used
	printf 'runner: {target: "h:H.handle", factory: "h:make"}\n' >setting.yaml
	FLUXLOOP_FACTORY_KWARGS='{"api_key":"stale"}' run -2 fl-run -c setting.yaml <<<'{"input":1}'
}

@test "misbehaviour of a handler affects its own run only" {
	inputs fine raise exit os_exit kill print object nan surrogate recursion fine >in
	run --separate-stderr -1 fl-run --target "$HANDLERS:misbehave" in
	cat >got <<<"$output"
	assert_equal "$(lines_of got)" 11
	while IFS='|' read -r input filter wanted; do
		assert_equal "$input $(jq -c "select(.input == \"$input\") | $filter" got | head -n 1)" "$input $wanted"
	done <<-'END'
	fine|[.success,.output]|[true,"fine"]
	raise|[.success,.error,.error_kind,.error_code]|[false,"ValueError: no é","error","ValueError"]
	exit|[.success,.error,.error_kind,.error_code]|[false,"SystemExit: 4","error","SystemExit"]
	os_exit|[.success,.error_kind,.exit_code]|[false,"crash",5]
	kill|[.success,.error_kind,.signal]|[false,"crash",9]
	print|[.success,.output,.stdout]|[true,"fine",null]
	object|[.success,.output.odd]|[true,"<odd>"]
	nan|[.success,.output]|[true,[null,null,1.5]]
	surrogate|.success|true
	recursion|[.success,.error_kind,.error_code]|[false,"error","RecursionError"]
	END
	assert_equal "$(tail -n 1 got | jq -c '[.input,.success]')" '["fine",true]'
	# a failed trace shows what the handler said last
	assert_regex "$(jq -r 'select(.input == "raise") | .stderr' got)" 'ValueError: no é'
}

@test "a missing target is reported before any call" {
	printf 'def f(input): return input\nraise_at = 5\n' >mod.py
	printf 'raise RuntimeError("at import")\n' >broken.py
	printf 'def f(:\n' >syntax.py
	while IFS='|' read -r target message; do
		run --separate-stderr -2 fl-run --target "$target" <<<'{"input":"a"}'
		assert_output ''
		assert_regex "$target: $stderr" "$message"
	done <<-'END'
	nosuch:f|nosuch
	mod:nosuch|nosuch
	mod:f.nosuch|nosuch
	mod:Nosuch.method|Nosuch
	mod:raise_at|raise_at
	broken:f|at import
	syntax:f|syntax
	missing.py:f|missing.py
	nocolon|module:function
	END
	run --separate-stderr -2 fl-run <<<'{"input":"a"}'
	assert_regex "$stderr" '^fl-run: nothing to run: give --target or --command'
	printf 'runner: {target: "mod:f", python: /nowhere/python}\n' >setting.yaml
	run --separate-stderr -2 fl-run -c setting.yaml <<<'{"input":"a"}'
	assert_regex "$stderr" "/nowhere/python'?: No such file"
}

@test "environment, .env files and the folder reach the handler" {
	mkdir -p root/project/src
	cp "$HANDLERS" root/project/src
	cd root/project
	cat >setting.yaml <<-'YAML'
	runner:
	  target: handlers:environment
	  working_directory: src
	  environment_vars: {FROM_FILE: 5, IN_DOTENV: file, IN_ALL: file}
	YAML
	printf 'FROM_DOTENV="a b"\nIN_DOTENV=dotenv\nIN_ALL=dotenv\nIN_BOTH=dotenv\n' >.env
	printf 'FROM_ROOT=root\nIN_BOTH=root\n' >../.env
	cd /
	IN_ALL=process fl-run -c "$BATS_TEST_TMPDIR/root/project/setting.yaml" \
		<<<'{"input":"FROM_FILE,FROM_DOTENV,IN_DOTENV,IN_ALL,FROM_ROOT,IN_BOTH"}' >"$BATS_TEST_TMPDIR/got"
	assert_jq .output "{\"FROM_FILE\":\"5\",\"FROM_DOTENV\":\"a b\",\"IN_DOTENV\":\"dotenv\",\"IN_ALL\":\"process\",\"FROM_ROOT\":\"root\",\"IN_BOTH\":\"dotenv\",\"cwd\":\"$BATS_TEST_TMPDIR/root/project/src\"}" \
		"$BATS_TEST_TMPDIR/got"
}

# --- replay -----------------------------------------------------------------------------------

@test "the guide's handler is replayed with an object and both callbacks" {
	cp "$HANDLERS" .
	cat >setting.yaml <<-'YAML'
	name: guide
	runner:
	  target: "handlers:MessageHandler.handle_message"
	replay_args:
	  enabled: true
	  callable_providers:
	    send_callback: "builtin:collector.send"
	    error_callback: "builtin:collector.error"
	  override_param_path: "data.content"
	iterations: 2
	YAML
	fl-record-extract "$DATA/reference/recordings/guide.jsonl" |
		fl-generate --original -l 8 >in
	echo '{"input":"bad one","metadata":{"template_kwargs":{"connection_id":"c","data":{"content":"x"},"user_connection":{"user_id":"u-2","tags":["a","é"]},"send_callback":"<callable:send:async>","error_callback":"<callable:x>"}}}' >>in
	run --separate-stderr -0 fl-run -c setting.yaml in
	cat >got <<<"$output"
	assert_equal "$stderr" ''
	assert_equal "$(lines_of got)" 18
	# each with a copy of its own, its input in the place for it
	assert_equal "$(jq -c 'select(.output != "u-1/b: " + .input)' got | jq -r '[.output,.iteration] | @text')" \
		$'["u-2/é: bad one",0]\n["u-2/é: bad one",1]'
	assert_equal "$(jq -c '.callback_messages == {"send":[.output],"error":[]}' got | sort | uniq -c | awk '{ print $1, $2 }')" \
		$'2 false\n16 true'
	assert_jq .callback_messages '{"send":["u-2/é: bad one"],"error":["cannot: bad one"]}' <(tail -n 1 got)
	assert_equal "$(jq -c '[.name,.success]' got | sort -u)" '["guide",true]'
}

@test "recordings of the original are replayed, whatever their callables are called" {
	{ head -n 4 "$DATA/reference/recordings/api.jsonl"
		cat "$DATA/reference/recordings/guide.jsonl"; } >recorded
	{
		printf 'replay_args:\n  enabled: true\n  callable_providers:\n'
		for name in plain err marked lam partial co obj cls builtin method send_callback; do
			printf '    %s: "builtin:collector.send"\n' "$name"
		done
		printf '    error_callback: "builtin:collector.error"\n'
	} >setting.yaml
	run --separate-stderr -0 bash -c "fl-record-extract recorded | fl-generate -l 12 |
		fl-run -c setting.yaml --target $HANDLERS:everything"
	cat >got <<<"$output"
	assert_equal "$(jq .success got | sort -u)" true
	assert_equal "$(jq -r '.metadata.strategy' got | sort | uniq -c | awk '$2 == "recorded" { print $1 }')" 3
	# providers are there for parameters that were not recorded, too
	assert_equal "$(jq -r '.callback_messages.send | map(select(. != "to token_callback")) | sort | join(" ")' got | sort -u)" \
		'to builtin to cls to co to err to lam to marked to method to obj to partial to plain to send_callback'
	assert_equal "$(jq -r '.callback_messages.error | join(" ")' got | sort -u)" 'to error_callback'
	assert_equal "$(jq -c '.callback_messages.send | index("to token_callback")' got | grep -vc null)" 1
}

@test "a callable without a provider, or with an unknown one, is reported before any call" {
	cp "$HANDLERS" .
	fl-record-extract "$DATA/reference/recordings/guide.jsonl" | fl-generate -l 3 >in
	printf 'replay_args:\n  enabled: true\n  callable_providers: {send_callback: "builtin:collector.send"}\n' >setting.yaml
	run --separate-stderr -2 fl-run -c setting.yaml -t "handlers:MessageHandler.handle_message" in
	assert_output ''
	assert_regex "$stderr" "^fl-run: in:1: the recorded callable 'error_callback' \(<callable:error>\) has no provider"
	printf 'replay_args:\n  enabled: true\n  callable_providers: {send_callback: "builtin:nothing"}\n' >setting.yaml
	run --separate-stderr -2 fl-run -c setting.yaml -t "handlers:MessageHandler.handle_message" in
	assert_output ''
	assert_regex "$stderr" "^fl-run: setting.yaml:3:39: 'replay_args.callable_providers.send_callback' must be builtin:collector.send or builtin:collector.error, not \"builtin:nothing\""
}

@test "a path for the input that does not exist is reported before any call" {
	printf 'replay_args:\n  enabled: true\n  override_param_path: data.nothing.here\n' >setting.yaml
	echo '{"input":"a","metadata":{"template_kwargs":{"data":{"content":"x"}}}}' >in
	run --separate-stderr -2 fl-run -c setting.yaml -t "$HANDLERS:everything" in
	assert_output ''
	assert_regex "$stderr" "^fl-run: in:1: the recorded arguments have no 'data.nothing.here'"
	echo '{"input":"a"}' >in
	run --separate-stderr -2 fl-run -c setting.yaml -t "$HANDLERS:everything" in
	assert_regex "$stderr" '^fl-run: in:1: there are no recorded arguments'
}

@test "inputs without arguments take those of the last matching recording" {
	cp "$HANDLERS" .
	cat >setting.yaml <<-'YAML'
	runner: {target: "handlers:everything"}
	replay_args: {enabled: true, recording_file: rec.jsonl, override_param_path: text}
	YAML
	printf '%s\n' '{"target":"handlers:everything","kwargs":{"old":1,"text":"x"},"timestamp":"1"}' \
		'{"target":"handlers:everything","kwargs":{"new":1,"text":"x"},"timestamp":"2"}' \
		'{"target":"other:f","kwargs":{"other":1},"timestamp":"3"}' '{"half' >rec.jsonl
	fl-run -c setting.yaml <<<'{"input":"a"}' >got
	assert_jq .output '["new","text"]' got
	sed -i 2d rec.jsonl
	sed -i 1d rec.jsonl
	run --separate-stderr -2 fl-run -c setting.yaml <<<'{"input":"a"}'
	assert_regex "$stderr" "no call of 'handlers:everything' was recorded; the last one is of 'other:f'"
}

@test "the recording is read only for inputs without arguments of their own" {
	cp "$HANDLERS" .
	cat >setting.yaml <<-'YAML'
	runner: {target: "handlers:everything"}
	replay_args: {enabled: true, recording_file: rec.jsonl}
	YAML
	own='{"input":"a","metadata":{"template_kwargs":{"new":1,"text":"x"},"input_path":"text"}}'
	# no file, and a file with calls of other targets
	fl-run -c setting.yaml <<<"$own" >got
	assert_jq .output '["new","text"]' got
	printf '%s\n' '{"target":"other:f","kwargs":{"other":1},"timestamp":"3"}' >rec.jsonl
	fl-run -c setting.yaml <<<"$own" >got
	assert_jq .output '["new","text"]' got
	rm rec.jsonl
	run --separate-stderr -2 fl-run -c setting.yaml <<<'{"input":"a"}'
	assert_regex "$stderr" "<stdin>:1: replay_args.recording_file '.*rec.jsonl': No such file"
	run --separate-stderr -1 fl-run -c setting.yaml <<<"$own"$'\n{"input":"a"}'
	assert_equal "$(jq -c .success <<<"$output")" $'true\nfalse'
}

@test "the input goes to the configured path, else to where its text was" {
	cat >kwargs.py <<-'PY'
	def show(**kwargs):
	    return kwargs
	PY
	while IFS='|' read -r path own kwargs output; do
		printf 'runner: {target: "kwargs:show"}\nreplay_args:\n  enabled: true\n%s\n' \
			"${path:+  override_param_path: $path}" >setting.yaml
		jq -nc --arg own "$own" --argjson kwargs "$kwargs" '{input: "I", metadata:
			({template_kwargs: $kwargs} + if $own == "" then {} else {input_path: $own} end)}' >in
		fl-run -c setting.yaml in >got
		assert_equal "$path|$own|$(jq -c .output got)" "$path|$own|$output"
	done <<-'END'
	a|b|{"a":"x","b":"y"}|{"a":"I","b":"y"}
	c.d|b|{"a":"x","b":"y"}|{"a":"x","b":"I"}
	c|b|{"a":"x","b":"y"}|{"a":"x","b":"I"}
	c||{"a":"x"}|{"a":"x","c":"I"}
	|b|{"a":"x","b":"y"}|{"a":"x","b":"I"}
	||{"a":"x","message":"y"}|{"a":"x","message":"I"}
	m.-1.content||{"m":[{"content":"x"},{"content":"y"}]}|{"m":[{"content":"x"},{"content":"I"}]}
	|m.-1.content|{"m":[{"content":"x"},{"content":"y"}]}|{"m":[{"content":"x"},{"content":"I"}]}
	m.-1.content||{"m":[{"content":[{"type":"text","text":"y"},{"type":"image"}]}]}|{"m":[{"content":[{"type":"text","text":"I"},{"type":"image"}]}]}
	||{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}|{"messages":[{"role":"user","content":"I"},{"role":"assistant","content":"y"}]}
	END
	# that the configured place is not there is reported once
	printf 'runner: {target: "kwargs:show"}\nreplay_args: {enabled: true, override_param_path: c.d}\n' >setting.yaml
	jq -nc '{input: ("I", "J"), metadata: {template_kwargs: {b: "y"}, input_path: "b"}}' >in
	run --separate-stderr -0 fl-run -c setting.yaml in
	assert_equal "$stderr" "fl-run: warning: the recorded arguments have no 'c.d' (replay_args.override_param_path); the input goes to 'b', where its text was found"
}

# --- how runs go --------------------------------------------------------------------------------

@test "each input runs through its iterations before the next one" {
	inputs a b c | fl-run --command "$AGENTS/echo.sh" -n 3 >got
	assert_equal "$(values '"\(.input)\(.iteration)"' got)" 'a0 a1 a2 b0 b1 b2 c0 c1 c2'
	assert_equal "$(jq -r .run_id got | sort -u | wc -l)" 9
	assert_equal "$(jq -r .trace_id got | sort -u | wc -l)" 9
	echo 'iterations: 2' >setting.yaml
	inputs a | fl-run -c setting.yaml --command "$AGENTS/echo.sh" >got
	assert_equal "$(lines_of got)" 2
	inputs a | FLUXLOOP_ITERATIONS=3 fl-run -c setting.yaml --command "$AGENTS/echo.sh" >got
	assert_equal "$(lines_of got)" 3
	inputs a | FLUXLOOP_ITERATIONS=3 fl-run -c setting.yaml --command "$AGENTS/echo.sh" -n 1 >got
	assert_equal "$(lines_of got)" 1
}

@test "parallel runs are all written, each once" {
	seq 40 | sed 's/.*/{"input":"&"}/' >in
	for n in 1 4 0; do
		fl-run --command "$AGENTS/echo.sh" -n 2 --parallel "$n" in >got
		assert_equal "$(values '"\(.input).\(.iteration)"' got | tr ' ' '\n' | sort -u | wc -l)" 80
		assert_equal "$(lines_of got)" 80
		assert_equal "$(jq -c 'select(.input != .output.input)' got)" ''
	done
}

@test "with isolation: call each run has an agent of its own" {
	printf 'runner: {isolation: call}\n' >setting.yaml
	odd no-output -c setting.yaml >got
	assert_equal "$(values .success got)" 'true true true'
	assert_equal "$(sort -u starts | wc -l)" 3
	rm starts
	odd no-output >got
	assert_equal "$(lines_of starts)" 1
}

@test "agents work at the same time" {
	# each waits for the other: one after the other they would wait for ever
	# shellcheck disable=SC2016 # it is for the agent
	cat >meet.sh <<-'SH'
	#!/bin/bash
	while read -r line; do
		[[ $line == *left* ]] && mine=left other=right || mine=right other=left
		touch "$mine"
		until [[ -e $other ]]; do sleep 0.01; done
		echo '{"type":"final","output":"met"}'
	done
	SH
	chmod +x meet.sh
	inputs left right | timeout 60 fl-run --timeout 50 --parallel 2 --command ./meet.sh >got
	assert_equal "$(values .output got)" 'met met'
}

@test "the same seed gives the same trace ids, other seeds and none give others" {
	inputs a b >in
	for seed in 5 5 6 -5; do
		fl-run --command "$AGENTS/echo.sh" -n 2 --seed "$seed" in | jq -r .trace_id >>ids
	done
	for _ in 1 2; do
		fl-run --command "$AGENTS/echo.sh" -n 2 in | jq -r .trace_id >>ids
	done
	assert_equal "$(sort -u ids | wc -l)" 20
	assert_equal "$(sed -n 1,4p ids)" "$(sed -n 5,8p ids)"
	echo 'seed: 5' >setting.yaml
	fl-run -c setting.yaml --command "$AGENTS/echo.sh" -n 2 in | jq -r .trace_id >got
	assert_equal "$(<got)" "$(sed -n 1,4p ids)"
}

@test "run ids are the same everywhere, and follow input, persona and iteration" {
	inputs a >in
	fl-run --command "$AGENTS/echo.sh" -n 2 --name one in >one
	fl-run --command cat --protocol lines -n 2 --name two in >two
	assert_equal "$(values .run_id one)" "$(values .run_id two)"
	echo '{"input":"a","metadata":{"persona":"p"}}' >in
	fl-run --command "$AGENTS/echo.sh" in >three
	assert_equal "$(jq -r .input_id three)" "$(head -n 1 one | jq -r .input_id)"
	assert_equal "$(cat one three | jq -r .run_id | sort -u | wc -l)" 3
	# an id that the input has already is kept
	echo '{"input":"a","input_id":"00112233445566ff"}' >in
	fl-run --command "$AGENTS/echo.sh" in >four
	assert_jq .input_id '"00112233445566ff"' four
}

@test "input_template is filled in with the fields of the persona" {
	cat >setting.yaml <<-'YAML'
	input_template: "{persona}|{input}|{{input}}|{other}"
	personas:
	- name: novice
	  description: New here
	  characteristics: [short, lower case]
	  goals: [a refund]
	  language: de
	  expertise_level: novice
	YAML
	{
		echo '{"input":"hi \"there\"","metadata":{"persona":"novice"}}'
		echo '{"input":"hi","metadata":{"persona":"stranger"}}'
		echo '{"input":{"a":1}}'
	} | fl-run -c setting.yaml --command "$AGENTS/echo.sh" >got
	assert_equal "$(jq -c '[.input,.persona]' got)" "$(cat <<-'END'
	["User Persona: novice\nDescription: New here\nCharacteristics: short, lower case\nGoals: a refund\nLanguage: de\nExpertise Level: novice|hi \"there\"|{input}|{other}","novice"]
	["stranger|hi|{input}|{other}","stranger"]
	["|{\"a\":1}|{input}|{other}",null]
	END
	)"
	assert_equal "$(jq -c '.input == .output.input' got | sort -u)" true
}

@test "--personas runs only their inputs" {
	{
		echo '{"input":"1","metadata":{"persona":"a"}}'
		echo '{"input":"2","metadata":{"persona":"b"}}'
		echo '{"input":"3"}'
		echo '{"input":"4","metadata":{"persona":"c"}}'
	} >in
	fl-run --command "$AGENTS/echo.sh" --personas a,c in >got
	assert_equal "$(values .input got)" '1 4'
}

@test "a trace has all fields of its input" {
	echo '{"label":{"a":1.50},"input":"1","success":"no","metadata":{"persona":"a","strategy":"typo","tag":[1.50],"template_kwargs":{"a":1},"args_template":"use_recorded"},"trace_id":"old"}' |
		fl-run --command "$AGENTS/echo.sh" >got
	assert_jq '[.label == {a: 1.5},.success,.persona,.metadata.strategy,.metadata.tag == [1.5],.metadata.template_kwargs]' \
		'[true,true,"a","typo",true,{"a":1}]' got
	assert_equal "$(grep -o '1\.50' got | wc -l)" 2
	refute [ "$(jq -r .trace_id got)" = old ]
	# so it can be run again as it was
	fl-run --command "$AGENTS/echo.sh" got >again
	assert_equal "$(jq -r '.run_id, .label' got)" "$(jq -r '.run_id, .label' again)"
}

@test "a failed run is retried max_retries times" {
	printf 'runner: {max_retries: 2, retry_delay: 0}\n' >setting.yaml
	inputs a | fl-run -c setting.yaml -t "$HANDLERS:fails_at_first" >got
	assert_jq '[.success,.output,.attempts,(.failed_attempts | length),.failed_attempts[0].error,.failed_attempts[0].attempt]' \
		'[true,"now",2,1,"RuntimeError: try again",1]' got
	inputs a >in
	run --separate-stderr -1 fl-run -c setting.yaml --command false in
	assert_equal "$(jq -c '[.success,.attempts,[.failed_attempts[].error_kind]]' <<<"$output")" '[false,3,["crash","crash"]]'
	run --separate-stderr -1 fl-run -c setting.yaml --retries 0 --command false in
	assert_equal "$(jq -c '[.attempts,has("failed_attempts")]' <<<"$output")" '[1,false]'
}

@test "bad inputs are reported with their line, and the good ones run" {
	printf '%s\n' '{"input":"a"}' 'nonsense' '{"nothing":1}' '[1]' '' '{"input":"b"}' >in
	printf '{"input":"cut' >>in
	run --separate-stderr -1 fl-run --command "$AGENTS/echo.sh" in
	assert_equal "$(jq -r .input <<<"$output")" $'a\nb'
	assert_equal "$(cut -d ' ' -f 2 <<<"$stderr" | paste -sd ' ')" 'in:2: in:3: in:4: in:7:'
}

@test "an input that is null, false or empty is an input" {
	printf '{"input":%s}\n' null false '""' 0 '[]' '{}' | fl-run --command "$AGENTS/echo.sh" >got
	assert_equal "$(jq -c .output.input got | paste -sd ' ')" 'null false "" 0 [] {}'
}

@test "without inputs no agent is started" {
	run --separate-stderr -0 fl-run --command "$AGENTS/odd.sh x" </dev/null
	assert_output ''
	assert_not_exists starts
}

# --- the end, before its time -------------------------------------------------------------------

# stop SIGNAL: sends it to a run whose second call hangs; sets status.
stop()
{
	rm -f silent-* starts
	inputs one odd two >in
	# what a shell starts in the background has SIGINT ignored
	MARKER=$BATS_TEST_TMPDIR/$1 env --default-signal=INT fl-run --command "$AGENTS/odd.sh silent" --grace 0.1 --timeout 60 in >got 2>err &
	pid=$!
	wait_until matches 'silent-*'
	kill -"$1" "$pid"
	status=0
	wait "$pid" || status=$?
}

@test "SIGINT and SIGTERM end fl-run after writing finished and cancelled runs" {
	for case in INT:130 TERM:143; do
		stop "${case%:*}"
		assert_equal "${case%:*} $status" "${case%:*} ${case#*:}"
		assert_equal "$(jq -c '[.input,.success,.error_kind]' got)" $'["one",true,null]\n["odd",false,"cancelled"]'
		nothing_left "${case%:*}"
	done
}

@test "losing the reader ends fl-run and its agents quietly" {
	seq 100000 | sed 's/.*/{"input":"&"}/' >in
	{ MARKER=$BATS_TEST_TMPDIR/head timeout 60 fl-run --command "$AGENTS/echo.sh" -j 2 in 2>err ||
		echo $? >status; } | head -n 1 >got
	assert_jq '.success' true got
	assert_equal "$(<err)" ''
	assert_equal "$(<status)" 141
	nothing_left head
}

@test "traces are written as they are made, and inputs may come slowly" {
	mkfifo to from
	fl-run --command "$AGENTS/echo.sh" <to >from &
	exec 7>to 8<from
	for word in a b c; do
		printf '{"input":"%s"}\n' "$word" >&7
		read -r -t 60 line <&8
		assert_equal "$(jq -r .input <<<"$line")" "$word"
	done
	exec 7>&-
	wait $!
	exec 8<&-
}

# --- standard error -----------------------------------------------------------------------------

@test "the stderr of agents is kept without secrets" {
	export MY_API_KEY=sk-0123456789 TINY_TOKEN=abc OPEN=visible-value
	status=0
	odd talks --stderr-dir logs >got 2>err || status=$?
	assert_equal "$status" 1
	said='the key is ***, short is abc, open is visible-value'
	assert_equal "$(cat logs/agent-1.log)" "$said"
	assert_equal "$(jq -r 'select(.input == "odd") | .stderr' got)" "$said"
	assert_equal "$(cd logs && echo agent-*)" agent-1.log
	assert_equal "$(mode_of logs) $(mode_of logs/agent-1.log)" '700 600'
	refute grep -rq sk-0123456789 logs got err
}

@test "a failed run shows the end of stderr, the log all of it" {
	printf '%s\n' '#!/bin/bash' 'read -r line; seq 5000 >&2; exit 1' >agent
	chmod +x agent
	inputs a >in
	run --separate-stderr -1 fl-run --command ./agent --stderr-dir logs in
	seq 5000 | cmp - logs/agent-1.log
	diff <(seq 4501 5000) <(jq -j .stderr <<<"$output" | tail -n 500)
	assert_equal "$(jq '.stderr | length' <<<"$output")" 4096
}

# numbered N [WIDTH]: an agent that writes N numbered lines to its standard error.
numbered()
{
	cat >numbered.sh <<-END
		read -r l
		seq -f '%0${2-7}.0f' $1 >&2
		echo '{"type":"final","output":1}'
	END
}

@test "the log of an agent has a limit: its start and its end are kept" {
	local n limit log=logs/agent-1.log

	inputs a >in
	# lines of 8 bytes: less than 1 MiB, just as much, little more, much more
	for n in 1000 131072 131073 200000 1000000; do
		rm -rf logs
		numbered "$n"
		echo 'runner: {limits: {log_mb: 1}}' >setting.yaml
		run -0 fl-run -c setting.yaml --stderr-dir logs --command 'sh numbered.sh' in
		assert [ "$(wc -c <"$log")" -le 1048576 ]
		if ((n <= 131072)); then
			seq -f %07.0f "$n" | cmp - "$log"
			continue
		fi
		assert_equal "$n $(grep -c 'bytes left out' "$log")" "$n 1"
		# all lines but those left out, in order
		sed '/left out/,$d' "$log" | sed '/^$/d' >first
		sed '1,/left out/d' "$log" >last
		assert_equal "$(lines_of first) $(tail -n 1 last)" "65536 $(printf %07d "$n")"
		assert [ "$(lines_of last)" -ge 32767 ]
		seq -f %07.0f 65536 | cmp - first
		seq -f %07.0f "$((n - $(lines_of last) + 1))" "$n" | cmp - last
		assert_equal "$(awk '/left out/ { print $2 }' "$log")" \
			"$(((n - $(lines_of last) - 65536) * 8))"
	done
	# no limit; the default one
	for limit in 'log_mb: 0' ''; do
		rm -rf logs
		echo "runner: {limits: {$limit}}" >setting.yaml
		run -0 fl-run -c setting.yaml --stderr-dir logs --command 'sh numbered.sh' in
		seq -f %07.0f 1000000 | cmp - "$log"
	done
}

@test "the limit of a log holds for a line without end and for an old log" {
	inputs a >in
	echo 'runner: {limits: {log_mb: 1}}' >setting.yaml
	run -0 fl-run -c setting.yaml --stderr-dir logs --command \
		"sh -c 'head -c 5000000 /dev/zero >&2; echo end >&2; read l; echo {\\\"type\\\":\\\"final\\\"}'" in
	assert [ "$(wc -c <logs/agent-1.log)" -le 1048576 ]
	assert_equal "$(tail -c 4 logs/agent-1.log)" end
	assert_equal "$(($(awk '/left out/ { print $2 }' logs/agent-1.log) + $(tr -cd '\0' <logs/agent-1.log | wc -c)))" 5000000
	numbered 500000
	run -0 fl-run -c setting.yaml --stderr-dir logs --command 'sh numbered.sh' in
	assert_equal "$(head -n 1 logs/agent-2.log) $(tail -n 1 logs/agent-2.log)" '0000001 0500000'
}

@test "a secret in the stderr of an agent is masked wherever it is divided" {
	cat >agent.py <<-'END'
		import json, os, sys, time
		at, end = int(sys.argv[1]), sys.argv[2].encode().decode("unicode_escape")
		key = os.environ["API_TOKEN"]
		def say(text):
		    sys.stderr.write(text)
		    sys.stderr.flush()
		for line in sys.stdin:
		    say("." * (65536 + 1 - at) + key[:at])
		    if end == "reply":
		        print(json.dumps({"type": "error", "error": "no"}), flush=True)
		        continue
		    time.sleep(0.1)
		    say(key[at:] + end)
		    time.sleep(0.05)
		    print(json.dumps({"type": "final", "output": 1}), flush=True)
		if end == "reply":
		    say(key[at:])
	END
	local at key
	printf '{"input":"1"}\n' >in
	echo 'runner: {kill_timeout: 60}' >setting.yaml
	for key in topsecretvalue123 $'-----BEGIN-----\nabcdefgh\nijklmnop\n' aaaaaaaaaa; do
		for at in 1 6 9; do
			for end in '\n' '' reply; do
				rm -rf se
				API_TOKEN=$key OTHER_TOKEN=${key::9}x fl-run -c setting.yaml --command "python3 agent.py $at '$end'" \
					--stderr-dir se in >/dev/null || true
				assert_equal "$key $at $end: $(tr -d '.\n' <se/agent-1.log)" "$key $at $end: ***"
			done
		done
	done
}

@test "a secret that contains another one is masked as a whole" {
	local key

	for key in "abcdefghij" "xyzabcdefghij" "xabcdefghijx"; do
		printf '{"input":"1"}\n' | FIRST_TOKEN=abcdefghij ZWEI_TOKEN=$key A_TOKEN=abcdefghi fl-run \
			--stderr-dir se --command "sh -c 'read l; echo \$ZWEI_TOKEN >&2; exit 1'" >got || true
		assert_jq .stderr '"***\n"' got
	done
}

@test "secrets are masked in the error, the output and the stdout of a trace" {
	cat >agent.py <<-'END'
		import json, os, sys
		key = os.environ["API_TOKEN"]
		if sys.argv[1:] == ["setup"]:
		    print(json.dumps({"type": "error", "code": "setup", "error": "no such key: " + key}), flush=True)
		for line in sys.stdin:
		    what = json.loads(line)["input"]
		    if what == "border":
		        print("." * (65536 - 7) + key)
		    print("debug", key, flush=True)
		    reply = {"type": "error", "error": "401 for key %s%s" % (what, key)}
		    if what == "broken":
		        print(json.dumps(reply)[:-2] + "\t", flush=True)
		    elif what == "fine":
		        print(json.dumps({"type": "final", "output": key}), flush=True)
		    else:
		        print(json.dumps(reply), flush=True)
	END
	printf '{"input":"%s"}\n' x a\\u0000b fine broken border >in
	export API_TOKEN=topsecretvalue123
	run -1 fl-run --ordered --retries 1 --retry-on error --command 'python3 agent.py' in
	echo "$output" >got
	assert_equal "$(jq -c 'select(.input != "border") | [.error, .stdout, .failed_attempts[0].error]' got)" \
		'["401 for key x***","debug ***\n","401 for key x***"]
["401 for key a\u0000b***","debug ***\n","401 for key a\u0000b***"]
[null,"debug ***\n",null]
["the agent'"'"'s message is not JSON: a control character in a string (byte 64): \"{\\\"type\\\": \\\"error\\\", \\\"error\\\": \\\"401 for key broken***\\t\"","debug ***\n",null]'
	assert_equal "$(jq -r 'select(.input == "border").stdout' got | tr -d '.')" ''
	assert_equal "$(jq -r 'select(.input == "fine").output' got)" '***'
	run -2 --separate-stderr fl-run --command 'python3 agent.py setup' in
	assert_regex "$stderr" 'no such key: \*\*\*'
}

@test "secrets of .env files are masked in the logs, too" {
	mkdir project
	printf 'MY_PASSWORD="correct horse"\n' >project/.env
	printf 'runner: {process: {command: [sh, -c, "printf \\"%%s and half a line\\" \\"$MY_PASSWORD\\" >&2; exit 1"]}}\n' >project/setting.yaml
	inputs a >in
	run --separate-stderr -1 fl-run -c project/setting.yaml --stderr-dir logs in
	assert_equal "$(cat logs/agent-1.log)" '*** and half a line'
	assert_equal "$(jq -r .stderr <<<"$output")" '*** and half a line'
}

@test "a missing folder is reported before any call" {
	printf 'runner: {working_directory: nowhere}\n' >setting.yaml
	touch file
	inputs a >in
	run --separate-stderr -2 fl-run -c setting.yaml --command cat in
	assert_output ''
	assert_equal "$stderr" "fl-run: folder '$PWD/nowhere': No such file or directory"
	run --separate-stderr -2 fl-run --stderr-dir file --command cat in
	assert_output ''
	assert_regex "$stderr" '^fl-run: file.*: Not a directory$'
	run --separate-stderr -2 fl-run --protocol csv --command cat in
	assert_equal "$stderr" "fl-run: protocol 'csv': expected jsonl or lines"
}

@test "progress is shown on stderr when requested, and only then" {
	inputs a b >in
	run --separate-stderr -0 fl-run --progress --total 2 --command "$AGENTS/echo.sh" in
	assert_equal "${#lines[@]}" 2
	assert_regex "$stderr" '2/2 done, 0 failed'
	run --separate-stderr -0 fl-run --no-progress --command "$AGENTS/echo.sh" in
	assert_equal "$stderr" ''
	run --separate-stderr -0 fl-run --command "$AGENTS/echo.sh" in
	assert_equal "$stderr" ''
}

# --- what would be run ------------------------------------------------------------------

@test "--explain prints what would be run without running it" {
	run -0 fl-run --target app:handle --explain
	assert_line --index 0 $'target\tapp:handle'
	assert_line $'python\tpython3'
	assert_line $'package\t'"$FLUXLOOP_PYTHONPATH"
	run -0 fl-run --command 'cat -u' --explain
	assert_output $'target\tcat -u'
	run -2 fl-run --explain
	assert_output --partial 'nothing to run'
	run -0 fl-run --python-path
	assert_output "$FLUXLOOP_PYTHONPATH"
}

@test "--check loads a Python handler and reports one that cannot be loaded" {
	printf 'def handle(input):\n    print("called")\n' >app.py
	run --separate-stderr -0 fl-run --target app:handle --check
	assert_line --index 0 $'target\tapp:handle'
	refute_output --partial called
	assert_equal "$stderr" ''
	run --separate-stderr ! fl-run --target app:handel --check
	assert_line --index 0 $'target\tapp:handel'
	assert_regex "$stderr" 'has no "handel"'
}

@test "--check of a file makes the arguments of its inputs and calls nothing" {
	cat >app.py <<-'END'
	import datetime
	async def handle(text, day: datetime.date = None, n=0):
	    print("called", day.year)
	END
	call() {
		printf '{"input":"x","metadata":{"input_path":"text","template_kwargs":%s,"types":%s}}\n' "$1" "${2-{\}}"
	}
	call '{"text":"a","day":"2026-02-01"}' '{"day":"datetime.date"}' >inputs
	run --separate-stderr -0 fl-run --replay --target app:handle --check inputs
	assert_line --index 0 $'target\tapp:handle'
	refute_output --partial trace_id
	assert_equal "$stderr" ''
	# each reason once, with the number of inputs
	call '{"text":"a","dya":1}' >>inputs
	call '{"text":"b","dya":2}' >>inputs
	call '{"text":"a","day":"soon"}' '{"day":"datetime.date"}' >>inputs
	run --separate-stderr -1 fl-run --replay --target app:handle --check - <inputs
	assert_equal "$(grep -c 'does not take "dya"' <<<"$stderr")" 1
	assert_equal "$(grep -c 'argument "day" cannot be rebuilt as datetime.date' <<<"$stderr")" 1
	assert_equal "$(tail -n 1 <<<"$stderr")" 'fl-run: app:handle cannot be called with 3 of the inputs'
	refute grep "called 20" <<<"$stderr"
	# as in a run, none is called if the first cannot be
	tail -n 1 inputs >last
	run --separate-stderr -2 fl-run --replay --target app:handle --check last
	assert_equal "$(grep -c 'argument "day"' <<<"$stderr")" 1
	# an agent that is another program is not started
	run --separate-stderr -0 fl-run --command "touch started" --check inputs
	assert_not_exists started
}

@test "--list-options prints each option with its argument and a description" {
	run -0 fl-run --list-options
	assert_line $'iterations\tN\trun each input N times'
	assert_line $'ordered\t\twrite traces in the order of the inputs'
	refute_line --regexp $'^[^\t]*\t[^\t]*\t?$'
	cut -f 1 <<<"$output" >options
	while read -r name; do
		run -0 fl-run --help
		assert_output --regexp "--$name( |\$)"
		grep -E "Fl .*-$name( |\$)" "$ROOT/man/fl-run.1" ||
			fail "fl-run(1) does not document --$name"
	done <options
}
