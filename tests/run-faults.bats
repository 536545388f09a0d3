#!/usr/bin/env bats

# Faults that agents, readers and signals once caused in fl-run.

load test_helper
load filter_helper

setup_file()
{
	find_python
}

# inputs N: prints inputs 1 to N.
inputs()
{
	seq "$1" | sed 's/.*/{"input":"&"}/'
}

# replies TEXT...: an agent that prints TEXT, then answers each request.
replies()
{
	printf '%s\n' "$@" >greeting
	cat >agent.sh <<-'END'
		cat greeting
		while read -r line; do
			echo '{"type":"final","output":"ok"}'
		done
	END
}

@test "an agent that closes its input fails one run and does not hang the others" {
	cat >agent.sh <<-'END'
		read -r line
		exec <&-
		while sleep 0.05; do echo hi; done
	END
	# a request is lost or not, as it comes before or after, or its reply is
	# early
	run --separate-stderr timeout 100 fl-run --protocol lines --command 'sh agent.sh' <(inputs 3)
	assert [ "$status" -le 1 ]
	assert_equal "$(jq -r '.output // .error_kind' <<<"$output" | sed 's/^crash$/hi/; s/^protocol$/hi/' | xargs)" 'hi hi hi'
}

@test "an agent that leaves its request unread does not delay the end" {
	printf '{"input":"%s"}\n' "$(head -c 300000 /dev/zero | tr '\0' x)" >in
	run -1 --separate-stderr timeout 100 fl-run --protocol lines \
		--command "sh -c 'while sleep 0.05; do echo hi; done'" in
	assert_equal "$(jq -r .error_kind <<<"$output")" protocol
}

@test "hello with invalid numbers is accepted" {
	for number in NaN -1 0 1e999 '"x"' null; do
		replies "{\"type\":\"hello\",\"pipeline\":$number,\"concurrency\":$number}"
		run -0 --separate-stderr timeout 100 fl-run --command 'sh agent.sh' <(inputs 3)
		assert_equal "$number: $(jq -r .output <<<"$output" | xargs)" "$number: ok ok ok"
	done
}

@test "half a line is not an answer, however the agent ends" {
	echo '{"input":"1"}' >in
	late()
	{
		timeout 60 fl-run --protocol lines --timeout "$LIMIT" \
			--command "sh -c 'read x; printf partial; sleep 1000'" in |
			jq -c '[.error_kind,.output,.stdout]'
	}
	in_time '["timeout",null,"partial\n"]' late
	run -1 --separate-stderr timeout 100 fl-run --protocol lines \
		--command "sh -c 'read x; printf partial; exit 3'" in
	assert_equal "$(jq -c '[.error_kind,.output,.stdout]' <<<"$output")" '["crash",null,"partial\n"]'
}

@test "an answer after the time limit does not count" {
	cat >agent.sh <<-'END'
		trap '' TERM
		read -r line
		sleep 1
		echo '{"type":"final","output":"late"}'
	END
	run -1 --separate-stderr timeout 100 fl-run --timeout 0.3 --command 'sh agent.sh' <(inputs 1)
	assert_equal "$(jq -c '[.error_kind,.output]' <<<"$output")" '["timeout",null]'
}

@test "the time of an agent that sends hello but no start is counted" {
	cat >agent.sh <<-'END'
		echo '{"type":"hello","protocol":1}'
		while read -r line; do
			sleep 0.2
			echo '{"type":"final","output":1}'
		done
	END
	run -0 --separate-stderr timeout 100 fl-run --command 'sh agent.sh' <(inputs 3)
	assert_equal "$(jq '.duration_ms >= 190' <<<"$output" | xargs)" 'true true true'
}

@test "at most as many agents are started as there are runs" {
	echo 'def run(input): return input' >handler.py
	inputs 2 >in
	fl-run -j 8 --target handler:run --stderr-dir logs in >/dev/null
	assert [ "$(find logs -name "agent-*" | wc -l)" -le 2 ]
}

@test "a retry that is due while all agents are busy uses no processor time" {
	cat >agent.sh <<-'END'
		read -r line
		case $line in *'"input":"1"'*) exit 1 ;; esac
		sleep 2
		echo '{"type":"final","output":1}'
	END
	printf 'runner: {retry_delay: 0.05}\n' >setting.yaml
	inputs 2 >in
	python3 - <<-'PY'
		import resource, subprocess
		subprocess.run(["fl-run", "-c", "setting.yaml", "--retries", "1",
		                "--command", "sh agent.sh", "in"], stdout=subprocess.DEVNULL)
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		# two seconds of waiting; a loop without rest would take most of them
		assert used.ru_utime + used.ru_stime < 1, used
	PY
}

@test "SIGTERM and SIGHUP end fl-run while its output is not read" {
	replies
	cat >agent.sh <<-'END'
		while read -r line; do
			printf '{"type":"final","output":"'
			head -c 100000 /dev/zero | tr '\0' x
			echo '"}'
		done
	END
	inputs 20 >in
	python3 - <<-'PY'
		import os, select, signal, subprocess, time

		def start(name, stdout):
		    return subprocess.Popen(["env", "--default-signal=HUP", "fl-run", "--grace", "1", "--log", name,
		                             "--command", "sh agent.sh", "in"], stdout=stdout, stderr=open(name + ".err", "w"))

		def wait_until(ready):
		    while not ready():
		        time.sleep(0.02)

		def said(name, text):
		    return os.path.exists(name) and text in open(name).read()

		read, write = os.pipe()
		blocked = start("blocked", write)
		# nothing more fits into the pipe
		wait_until(lambda: said("blocked", '"done"') and not select.select([], [write], [], 0)[1])
		time.sleep(0.2)
		blocked.send_signal(signal.SIGTERM)
		wait_until(lambda: said("blocked.err", "SIGTERM"))
		time.sleep(0.2)
		blocked.send_signal(signal.SIGTERM)
		assert blocked.wait(timeout=60) == 143, blocked.returncode

		open("agent.sh", "w").write("read line; sleep 1000")
		hung = start("hung", subprocess.DEVNULL)
		wait_until(lambda: said("hung", '"sent"'))
		hung.send_signal(signal.SIGHUP)
		assert hung.wait(timeout=60) == 129, hung.returncode
	PY
}

@test "a run that waits for its next attempt has a trace after a stop" {
	printf 'runner: {retry_delay: 100}\n' >setting.yaml
	inputs 1 >in
	fl-run -c setting.yaml --retries 1 --log log --command "sh -c 'read x; exit 4'" in >got &
	pid=$!
	wait_until grep '"waits"' log
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status $(jq -c '[.error_kind,(.failed_attempts|length)]' got)" '143 ["cancelled",1]'
}

@test "processes that agents leave are neither waited for nor left" {
	cat >agent.sh <<-'END'
		while read -r line; do
			setsid sh -c 'sleep 1000; :' &
			(trap '' TERM HUP; exec sh -c 'sleep 1000; :') &
			echo '{"type":"final","output":1}'
		done
	END
	MARKER=$BATS_TEST_TMPDIR run -0 --separate-stderr timeout 100 fl-run --command 'sh agent.sh' <(inputs 2)
	assert_equal "$(processes "MARKER=$BATS_TEST_TMPDIR")" 0
}

@test "observations get the id of their trace and a type" {
	replies
	cat >agent.sh <<-'END'
		read -r line
		echo '{"type":"observation","observation":{"type":"tool","name":"a","trace_id":"FOREIGN"}}'
		echo '{"type":"observation","observation":{"name":"untyped"}}'
		echo '{"type":"final","output":1}'
	END
	fl-run --command 'sh agent.sh' <(inputs 1) | fl-collect exp >traces
	assert_jq '[.observations[].type]' '["tool","span"]' traces
	assert_jq '.trace_id as $id | [.observations[].trace_id == $id]' '[true,true]' traces
	fl-parse --format jsonl exp >got
	assert_equal "$(lines_of got)" 1
	assert_jq .observation_count 2 got
}

@test "fields of an input do not turn its trace into another kind of record" {
	replies
	{
		fl-record-extract "$DATA/reference/recordings/guide.jsonl"
		echo '{"input":"x","type":"question","tag":7}'
	} >in
	fl-run --command 'sh agent.sh' in | fl-collect exp >/dev/null
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 2
	fl-parse --format jsonl exp/traces.jsonl >got
	assert_equal "$(values .output got)" 'ok ok'
	assert_equal "$(jq -r '.tag // empty' exp/traces.jsonl)" 7
}

@test "no process is signalled after it was reaped" {
	local options

	is_sanitized && skip 'the sanitizers want to be loaded first'
	"${CC:-gcc}" -fPIC -shared -o preload.so "$ROOT/tests/preload.c" -ldl
	cat >agent.sh <<-'END'
		sleep 1000 <&- >&- 2>&- &
		while read -r line; do
			case $line in
			*'"2"'*) sleep 1000 ;;
			*'"3"'*) exit 3 ;;
			*) echo '{"type":"final","output":1}' ;;
			esac
		done
	END
	echo 'runner: {isolation: call}' >call.yaml
	echo 'runner: {process: {ready_pattern: never}}' >never.yaml
	# shellcheck disable=SC2086 # options are words
	for options in '-j 1' '-j 3 --retries 1' '-c call.yaml' '-c never.yaml --log starts' \
	               '--max-time 0.2' '--stderr-dir logs --log log'; do
		rm -f calls
		timeout 100 env CALLS_LOG=calls LD_PRELOAD="$PWD/preload.so" fl-run --timeout 0.5 \
			$options --command 'sh agent.sh' <(inputs 5) >got 2>err <&- &
		# the agent that never gets ready is ended by a signal
		if [[ $options == *never* ]]; then
			wait_until grep '"spawned"' starts
			kill -TERM $!
		fi
		wait $! || true
		assert_equal "$options: $(awk '$1 == "kill" && $2 in gone { print }
			$1 == "reap" { gone[$2]; n++ } END { print (n > 0) }' calls)" "$options: 1"
	done
	# an agent's number is in its account, though nothing is sent to it
	assert_equal "$(jq -s 'all(.pid > 1)' logs/agents.jsonl)" true
}

@test "a trace is written once" {
	replies
	fl-run --command 'sh agent.sh' <(inputs 2) >traces
	run -0 --separate-stderr fl-collect -q exp traces traces
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 2
	assert_equal "$stderr" 'fl-collect: exp: 2 traces of existing runs: skipped'
}

@test "run_delay_seconds passes between the runs of an agent" {
	replies
	printf 'run_delay_seconds: 0.2\n' >setting.yaml
	fl-run -c setting.yaml --command 'sh agent.sh' <(inputs 3) >got
	python3 - <<-'PY'
		import json
		from datetime import datetime
		traces = [json.loads(line) for line in open("got")]
		for one, next in zip(traces, traces[1:]):
		    pause = datetime.fromisoformat(next["start_time"]) - datetime.fromisoformat(one["end_time"])
		    assert pause.total_seconds() >= 0.19, pause
	PY
}

@test "no step of a trace is longer than the trace, however short it is" {
	cat >handler.py <<-'END'
		import fluxloop
		@fluxloop.agent()
		def run(input): return input
	END
	inputs 300 >in
	fl-run -j 2 --target handler:run in >got
	assert_jq '[inputs] | map(select(.observations[0].start_time < .start_time or
		.observations[0].end_time > .end_time)) | length' 0 <(echo null; cat got)
}

@test "a program that is stopped between two looks at the clock takes no time from a trace" {
	! is_sanitized || skip 'the sanitizers come first'
	cat >slow-clock.c <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <time.h>

		int
		clock_gettime(clockid_t id, struct timespec *t)
		{
			static int (*real)(clockid_t, struct timespec *);
			static __thread unsigned looks;
			struct timespec nap = { 0, 5000000 };

			if (!real)
				real = dlsym(RTLD_NEXT, "clock_gettime");
			if (real(id, t))
				return -1;
			if (id == CLOCK_REALTIME && looks++ % 2 == 0)
				nanosleep(&nap, NULL);
			return 0;
		}
	END
	"${CC:-gcc}" -shared -fPIC -O1 -o slow-clock.so slow-clock.c -ldl
	# it says when it is done, by the clock
	cat >agent.py <<-'END'
		import json, sys, time
		from datetime import datetime, timezone
		for line in sys.stdin:
		    print('{"type":"final","output":"%s"}' % datetime.now(timezone.utc).isoformat(timespec="microseconds"), flush=True)
	END
	inputs 20 >in
	LD_PRELOAD=$PWD/slow-clock.so fl-run --command 'env -u LD_PRELOAD python3 agent.py' in >got
	assert_jq '[inputs] | map(select(.output < .start_time or .output > .end_time)) | length' 0 <(echo null; cat got)
}

@test "a delay that ends during other work is noticed" {
	cat >agent.sh <<-'END'
		while read -r line; do
			echo '{"type":"error","error":"no"}'
		done
	END
	inputs 50 >in
	for delay in 0.000002 0.000005 0.00001 0.00003; do
		printf 'runner: {retry_delay: %s, max_retries: 4}\nrun_delay_seconds: %s\n' \
			"$delay" "$delay" >setting.yaml
		timeout 100 fl-run -c setting.yaml --command 'sh agent.sh' in >got || true
		assert_equal "$delay: $(lines_of got)" "$delay: 50"
	done
}

@test "with --ordered the run that others wait for is retried, however many wait" {
	cat >agent.sh <<-'END'
		while read -r line; do
			case $line in *'"input":"1"'*'"attempt":1'*)
				echo '{"type":"error","error":"no"}'
				continue
			esac
			printf '{"type":"final","output":"'
			head -c 2000000 /dev/zero | tr '\0' x
			echo '"}'
		done
	END
	printf 'runner: {retry_delay: 0.5}\n' >setting.yaml
	inputs 12 >in
	timeout 100 fl-run -c setting.yaml --ordered --retries 1 --command 'sh agent.sh' in >got
	assert_equal "$(jq -r .input got | xargs)" "$(seq 12 | xargs)"
}

@test "waiting retries use bounded memory" {
	cat >agent.sh <<-'END'
		while read -r line; do
			echo '{"type":"error","error":"no"}'
		done
	END
	printf 'runner: {retry_delay: 1000}\n' >setting.yaml
	inputs 12000 >in
	fl-run -c setting.yaml --retries 1 --log log --command 'sh agent.sh' in >got 2>/dev/null &
	pid=$!
	wait_until eval '(($(grep -c "\"waits\"" log) >= 10000))'
	sleep 0.3
	kill -TERM "$pid"
	wait "$pid" || true
	assert_equal "$(grep -c '"sent"' log) $(lines_of got)" '10000 10000'
}

@test "the end of an agent is noticed although the parent blocked SIGCHLD" {
	replies
	inputs 2 >in
	python3 - <<-'PY'
		import signal, subprocess
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
		run = subprocess.Popen(["fl-run", "--command", "sh agent.sh", "in"],
		                       stdout=subprocess.DEVNULL)
		try:
		    assert run.wait(timeout=60) == 0
		finally:
		    run.kill()
	PY
}

@test "children of the shell that executed fl-run are not killed" {
	replies
	inputs 3 >in
	cat >start.sh <<-'END'
		exec fl-run --command 'sh agent.sh' in > >(sleep 0.3; cat >got.new; mv got.new got)
	END
	timeout 100 bash start.sh
	wait_for got
	assert_equal "$(lines_of got)" 3
}

@test "a run whose next attempt is due when a limit is reached has its trace" {
	cat >agent.sh <<-'END'
		while read -r line; do
			case $line in
			*'"input":"1"'*) echo '{"type":"error","error":"no"}' ;;
			*) until grep -q '"waits"' log; do sleep 0.02; done; sleep 0.5; exit 3 ;;
			esac
		done
	END
	printf 'runner: {retry_delay: 0.1, max_retries: 1, retry_on: error}\n' >setting.yaml
	inputs 2 >in
	run -1 --separate-stderr timeout 60 fl-run -c setting.yaml --max-failures 1 --log log \
		--command 'sh agent.sh' in
	assert_equal "$(jq -c '[.input,.error_kind,.attempts]' <<<"$output" | sort | xargs)" \
		'[1,cancelled,2] [2,crash,1]'
}

@test "a second signal does not wait for agents that are being killed" {
	cat >agent.sh <<-'END'
		trap '' TERM
		echo READY
		read -r line
		while :; do sleep 0.1; done
	END
	printf 'runner: {kill_timeout: 100, timeout_seconds: 0.2, process: {ready_pattern: READY}}\n' >setting.yaml
	inputs 1 >in
	fl-run -c setting.yaml --log log --command 'sh agent.sh' in >got 2>err &
	pid=$!
	wait_until grep '"signalled"' log
	kill -TERM "$pid"
	wait_until grep SIGTERM err
	# what comes within 0.1 s is one signal
	sleep 0.3
	kill -TERM "$pid"
	timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status $(jq -r .error_kind got)" '143 timeout'
}

@test "the two signals of timeout(1) count as one" {
	cat >agent.sh <<-'END'
		read -r line
		: >begun
		until grep -q SIGTERM err; do sleep 0.02; done
		sleep 0.3
		echo '{"type":"final","output":"finished"}'
	END
	inputs 1 >in
	# both at once, as it may come; a single one in any case
	for _ in 1 2 3 4 5 6; do
		rm -f begun
		timeout 100 fl-run --command 'sh agent.sh' in >got 2>err &
		wait_for begun
		# it sends both, as it does after its time
		kill -TERM $!
		wait $! || true
		assert_equal "$(jq -r .output got)" finished
	done
}

@test "after a signal fl-run does not wait for input" {
	replies
	sed -i 's/read -r line; do/&\n\tsleep 0.01/' agent.sh
	timeout 100 python3 - <<-'PY'
		import os, select, signal, subprocess, threading

		run = subprocess.Popen(["fl-run", "--command", "sh agent.sh"],
		                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)

		def disturb():
		    while run.poll() is None:
		        os.kill(run.pid, signal.SIGCHLD)

		try:
		    threading.Thread(target=disturb, daemon=True).start()
		    for i in range(80):
		        os.write(run.stdin.fileno(), b'{"input":1}\n')
		        assert select.select([run.stdout], [], [], 60)[0], i
		        os.read(run.stdout.fileno(), 65536)
		finally:
		    run.kill()
	PY
}

@test "the time of a request that is never begun runs while others are answered" {
	cat >agent.py <<-'END'
		import json, sys, time
		print('{"type":"hello","concurrency":2}', flush=True)
		for line in sys.stdin:
		    request = json.loads(line)
		    if request["input"] != "3":
		        time.sleep(0.1)
		        print(json.dumps({"type": "final", "id": request["id"]}), flush=True)
	END
	inputs 20 >in
	fl-run --timeout 0.6 --command 'python3 agent.py' in >got || true
	assert_equal "$(jq -r 'select(.input == "3").error_kind' got)" timeout
	assert [ "$(jq -r .input got | grep -n '^3$' | cut -d: -f1)" -lt 15 ]
}

@test "an agent that is no longer needed has kill_timeout to exit" {
	cat >agent.sh <<-'END'
		while read -r line; do echo '{"type":"final"}'; done
		exec >&-
		sleep 0.4
		touch ended
	END
	echo 'runner: {kill_timeout: 60}' >setting.yaml
	fl-run -c setting.yaml --command 'sh agent.sh' <(inputs 1) >got
	assert [ -e ended ]
}

@test "--max-time does not apply while the last agents exit" {
	replies
	echo 'sleep 2.2' >>agent.sh
	printf 'runner: {kill_timeout: 20}\n' >setting.yaml
	run -0 --separate-stderr fl-run -c setting.yaml --max-time 2 --command 'sh agent.sh' <(inputs 3)
	assert_equal "$(lines_of <(echo "$output")) $stderr" '3 '
}

@test "a run whose end precedes its start took no time" {
	# it reports all requests that it was sent ahead at once
	cat >agent.py <<-'END'
		import json, os, time
		print('{"type":"hello","pipeline":16}', flush=True)
		id = 0
		while lines := os.read(0, 1 << 20):
		    said = []
		    for _ in range(lines.count(b"\n")):
		        id += 1
		        clock = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
		        said.append(json.dumps({"type": "final", "id": id, "clock": clock}))
		    print("\n".join(said), flush=True)
	END
	timeout 100 fl-run --log log --command 'python3 agent.py' <(inputs 200) >got
	assert_equal "$(jq -s 'map(select(.end_time < .start_time)) | length' got)" 0
	assert_equal "$(jq -s 'map(select(.took_us and .took_us < 0)) | length' log)" 0
}

@test "runner.process settings do not apply to Python handlers" {
	echo 'def run(input): return input' >handler.py
	cat >setting.yaml <<-'END'
		runner:
		  timeout_seconds: 1
		  process: {command: [cat], protocol: lines, ready_pattern: "^listening"}
	END
	timeout 100 fl-run -c setting.yaml -t handler:run <(inputs 2) >got
	assert_equal "$(jq -r .output got | xargs)" '1 2'
}

@test "repeated start messages do not extend the time limit" {
	cat >agent.sh <<-'END'
		echo '{"type":"hello"}'
		read -r line
		while sleep 0.05; do echo '{"type":"start","id":1}'; done
	END
	repeated()
	{
		rm -f log
		timeout 100 fl-run --timeout "$LIMIT" --log log --command 'sh agent.sh' <(inputs 1) |
			jq -c --argjson limit "$LIMIT" '[.error_kind, .duration_ms >= $limit * 900]'
		jq -r 'select(.run_id).event' log | xargs
	}
	in_time '["timeout",true]
sent started late done' repeated
}

@test "fl-run leaves the flags of stdout alone (FIFO opened read-write, pty master)" {
	inputs 2 >in
	timeout 100 python3 - <<-'PY'
		import os, select, subprocess

		def run(fd):
		    command = ["fl-run", "--protocol", "lines", "--command", "cat", "in"]
		    return subprocess.Popen(command, stdout=fd)

		os.mkfifo("fifo")
		fifo = os.open("fifo", os.O_RDWR)
		process = run(fifo)
		os.close(fifo)
		assert process.wait(timeout=60) == 0, process.returncode
		master, slave = os.openpty()
		assert run(master).wait(timeout=60) == 0
		assert select.select([slave], [], [], 60)[0]
	PY
}

@test "idle agents that exit are not started ahead again" {
	# the first one answers when the second one, which is idle, has exited
	cat >agent.sh <<-'END'
		until line=$(grep "\"pid\":$$[,}]" log); do sleep 0.02; done
		case $line in
		*'"agent":1,'*)
			until grep -q '"event":"ended"' log; do sleep 0.02; done ;;
		*)
			grep -q '"event":"done"' log || exit 0 ;;
		esac
		read -r line
		echo '{"type":"final","output":1}'
	END
	printf 'runner: {isolation: call}\n' >setting.yaml
	inputs 3 >in
	run -0 fl-run -c setting.yaml --log log --command 'bash agent.sh' in
	assert_equal "$(jq -r .event log | grep -x -e spawned -e done | xargs)" \
		'spawned spawned done spawned done spawned done'
}

@test "hello is read even if it matches ready_pattern" {
	cat >agent.sh <<-'END'
		echo '{"type":"hello","concurrency":2}'
		read -r one
		read -r two
		printf '{"type":"final","id":%s}\n' 1 2
	END
	printf 'runner: {process: {ready_pattern: hello}}\n' >setting.yaml
	run -0 timeout 100 fl-run -c setting.yaml --timeout 50 --log log --command 'sh agent.sh' <(inputs 2)
	assert_equal "$(jq -r 'select(.agent and .pid == null).event' log | head -n 4 | xargs)" \
		'ready hello sent sent'
}

@test "a setup error after the first answer fails its run only" {
	cat >agent.sh <<-'END'
		read -r line
		echo '{"type":"final"}'
		read -r line
		echo '{"type":"error","code":"setup","error":"no tool"}'
		read -r line
		echo '{"type":"final"}'
	END
	run -1 --separate-stderr timeout 100 fl-run --command 'sh agent.sh' <(inputs 3)
	assert_equal "$(jq -c '[.input,.error]' <<<"$output" | xargs) $stderr" '[1,null] [2,no tool] [3,null] '
}

@test "after an answer to no request further answers are ignored" {
	cat >agent.sh <<-'END'
		echo '{"type":"hello","concurrency":2}'
		read -r one
		read -r two
		echo '{"type":"start","id":1}
		{"type":"start","id":2}
		{"type":"final","id":99}
		{"type":"final","id":2,"output":"after"}'
		sleep 10
	END
	printf 'runner: {process: {ready_pattern: hello}}\n' >setting.yaml
	run -1 timeout 100 fl-run -c setting.yaml --command 'sh agent.sh' <(inputs 2)
	assert_equal "$(jq -c '[.input,.output,.error_kind]' <<<"$output" | xargs)" \
		'[1,null,protocol] [2,null,crash]'
}

@test "impossible token counts are not added" {
	cat >agent.sh <<-'END'
		read -r line
		for i in 1 2 3 4 5 6 7 8 9 10; do seq 2000 | sed 's/.*/{"type":"observation","observation":{"total_tokens":999999999999999}}/'; done
		echo '{"type":"observation","observation":{"total_tokens":1e300,"prompt_tokens":-5}}'
		echo '{"type":"final"}'
	END
	run -0 fl-run --command 'sh agent.sh' <(inputs 1)
	assert_equal "$(jq -c .token_usage <<<"$output")" \
		'{"prompt_tokens":0,"completion_tokens":0,"total_tokens":1000000000000000}'
}

@test "a stopped terminal does not block runs through the progress line" {
	echo 'read -r line; exec sleep 100' >agent.sh
	inputs 1 >in
	timeout 100 python3 - <<-'PY'
		import os, subprocess, termios
		master, slave = os.openpty()
		termios.tcflow(slave, termios.TCOOFF)
		run = subprocess.Popen(["fl-run", "--timeout", "0.5", "--command", "sh agent.sh", "in"],
		                       stderr=slave, stdout=open("got", "w"))
		try:
		    assert run.wait(timeout=60) == 1, run.returncode
		finally:
		    run.kill()
	PY
	assert_equal "$(jq -r .error_kind got)" timeout
}

@test "an input that arrives in many pieces is scanned once" {
	is_sanitized && skip
	python3 - <<-'PY'
		import resource, subprocess, time

		def used(pieces):
		    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
		    run = subprocess.Popen(["fl-run", "--protocol", "lines", "--command", "head -c 1"],
		                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
		    run.stdin.write(b'{"input":"')
		    for _ in range(pieces):
		        run.stdin.write(b"x" * 65536)
		        run.stdin.flush()
		        time.sleep(0.0002)
		    run.stdin.write(b'"}\n')
		    run.stdin.close()
		    run.wait()
		    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

		# four times as many pieces take four times as long; scanned from the start with
		# each, they took ten times as long
		few, many = used(550), used(2200)
		assert many < 7 * few, (few, many)
	PY
}
