#!/usr/bin/env bats

# fl-run apart from the calls: shards, resuming, limits, order, retries, the log,
# and the resources of agents.

load test_helper
load filter_helper

setup_file()
{
	find_python
}

teardown()
{
	# what a failed test has left running goes by its mark
	[ ! -s pids ] || xargs kill -KILL <pids 2>/dev/null || true
}

# inputs N: prints inputs 1 to N.
inputs()
{
	seq "$1" | sed 's/.*/{"input":"&"}/'
}

# An agent that does what its input says.
obey()
{
	cat >agent.sh <<-'END'
		while read -r line; do
			case $line in
			*'"input":"crash'*) exit 3 ;;
			*'"input":"error'*) echo '{"type":"error","error":"no"}'; continue ;;
			*'"input":"hang'*) exec sleep 100 ;;
			*'"input":"wait'*) touch waits; until [ -e go ]; do sleep 0.02; done ;;
			*'"input":"tokens'*) echo '{"type":"observation","observation":{"total_tokens":40}}' ;;
			esac
			echo '{"type":"final","output":"ok"}'
		done
	END
}

# marked MARK: the processes with the mark in their environment.
marked()
{
	grep -lazs "FAULT_MARK=$1" /proc/[0-9]*/environ | cut -d/ -f3 | grep -vx "$$" || true
}

none_marked()
{
	[ -z "$(marked "$1")" ]
}

# --- shards -----------------------------------------------------------------------------------

@test "three shards of 1,000 inputs are disjoint, complete and about equal" {
	inputs 1000 >in
	fl-run --protocol lines --command cat in | jq -r .run_id | sort >whole
	for k in 1 2 3; do
		fl-run --protocol lines --shard "$k/3" --command cat in | jq -r .run_id | sort >"part$k"
		assert [ "$(wc -l <"part$k")" -ge 280 ]
	done
	assert_equal "$(wc -l <whole)" 1000
	# sorted, not made unique: what is in two shards would show
	sort part1 part2 part3 | diff whole -
}

@test "FL_SHARD works like --shard, which takes precedence" {
	inputs 50 >in
	fl-run --protocol lines --shard 2/3 --command cat in | jq -r .run_id >wanted
	FL_SHARD=2/3 fl-run --protocol lines --command cat in | jq -r .run_id | diff wanted -
	FL_SHARD=1/3 fl-run --protocol lines --shard 2/3 --command cat in | jq -r .run_id | diff wanted -
	for bad in 0/3 4/3 1 1/0 a/b 1/3x -1/3 ''; do
		run -2 --separate-stderr fl-run --protocol lines --shard "$bad" --command cat in || [ -z "$bad" ]
		[ -z "$bad" ] || assert_equal "$stderr" "fl-run: invalid --shard '$bad': expected K/N with 1 <= K <= N"
	done
}

@test "shards divide runs, so that the iterations of an input are spread" {
	echo '{"input":"x"}' >in
	for k in 1 2; do
		fl-run -n 40 --protocol lines --shard "$k/2" --command cat in | jq .iteration >"part$k"
		assert [ "$(wc -l <"part$k")" -ge 8 ]
	done
	assert_equal "$(sort -n part1 part2 | xargs)" "$(seq 0 39 | xargs)"
}

# --- what is done ------------------------------------------------------------------------------

@test "--done skips the runs in the file, and no others" {
	inputs 20 >in
	fl-run --protocol lines --command cat in >all
	{ sed -n 3p all; sed -n 7p all | jq -c 'del(.observations)'; echo 'no JSON'; echo '{"a":1}'; } >some
	fl-run --protocol lines --done some --command cat in | jq -r .input >got
	assert_equal "$(xargs <got)" "$(seq 20 | grep -vxE '3|7' | xargs)"
	run -0 --separate-stderr fl-run --protocol lines --done all --command false in
	assert_equal "$output$stderr" ''
}

@test "each occurrence of an equal input is a run of its own" {
	printf '%s\n' '{"input":"a"}' '{"input":"a","metadata":{"persona":"p"}}' '{"input":"b"}' '{"input":"a"}' \
		'{"input":"\u0061","metadata":{"strategy":"x"}}' '{"input":"a","metadata":{"persona":"p"}}' \
		'{"input":"a","metadata":{"persona":""}}' >in
	run=(fl-run --protocol lines --command cat -n 2)
	"${run[@]}" --seed 5 in >all
	assert_equal "$(jq -r .run_id all | sort -u | wc -l) $(jq -r .trace_id all | sort -u | wc -l)" '14 14'
	# the first one has the id that it has alone
	assert_equal "$(jq -r .run_id <(head -n 1 in | "${run[@]}"))" "$(head -n 2 all | jq -r .run_id)"
	# whichever are done, the others are left
	for k in 1 4 7 8 14; do
		"${run[@]}" --done <(sed -n "${k}p" all) in >rest
		assert_equal "$(jq -r .run_id rest)" "$(sed "${k}d" all | jq -r .run_id)"
	done
	"${run[@]}" --personas p in | jq -r .run_id >persona
	assert_equal "$(<persona)" "$(jq -r 'select(.persona == "p").run_id' all)"
	for k in 1 2 3; do
		"${run[@]}" --shard "$k/3" in
	done | jq -r .run_id | sort >sharded
	assert_equal "$(<sharded)" "$(jq -r .run_id all | sort)"
	# the stream is that of all files
	assert_equal "$("${run[@]}" <(head -n 3 in) <(tail -n +4 in) | jq -r .run_id)" "$(jq -r .run_id all)"
}

@test "equal inputs are counted in little memory" {
	is_sanitized && skip 'the sanitizers need more'
	{ seq 0 998999; seq 0 999; } | sed 's/.*/{"input":&}/' >in
	assert_equal "$(lines_of in)" 1000000
	little 30000 fl-run --protocol lines --command true --shard 1/999999999 in
}

@test "an incomplete last line and a cancelled run do not count as done" {
	inputs 4 >in
	fl-run --protocol lines --command cat in >all
	sed -n 1p all >some
	sed -n 2p all | jq -c '.success = false | .error_kind = "cancelled"' >>some
	sed -n 3p all | jq -c '.success = false | .error_kind = "timeout"' >>some
	sed -n 4p all | tr -d '\n' >>some
	fl-run --protocol lines --done some --command cat in | jq -r .input >got
	assert_equal "$(xargs <got)" '2 4'
}

@test "an incomplete last line is removed from output that is appended to" {
	inputs 6 >in
	fl-run --protocol lines --command cat in >all
	for cut in 1 40 200; do
		head -n 3 all >out
		sed -n 4p all | head -c "$cut" >>out
		run -0 --separate-stderr bash -c 'fl-run --protocol lines --done out --command cat in >>out'
		assert_equal "$stderr" 'fl-run: out: removed the incomplete last line'
		assert_equal "$(jq -r .input out | xargs)" '1 2 3 4 5 6'
	done
}

# --- order -------------------------------------------------------------------------------------

@test "with --ordered traces come in the order of the inputs, whichever are slow or fail" {
	obey
	printf '{"input":"%s"}\n' wait1 2 3 crash4 5 error6 hang7 8 9 >in
	printf 'runner: {retry_delay: 0.05}\n' >setting.yaml
	fl-run -c setting.yaml --ordered -j 3 --timeout 1 --retries 1 --retry-on crash \
		--command 'sh agent.sh' in >got &
	pid=$!
	echo "$pid" >pids
	# others are done long before the first, and wait for it
	sleep 0.2
	assert_equal "$(cat got)" ''
	touch go
	wait "$pid" || [ $? -eq 1 ]
	assert_equal "$(jq -r .input got | xargs)" 'wait1 2 3 crash4 5 error6 hang7 8 9'
	# without it, they come as they are done
	rm go
	grep -v hang in >some
	fl-run -j 3 --command 'sh agent.sh' some >got &
	pid=$!
	echo "$pid" >pids
	wait_until has_lines 7 got
	touch go
	wait "$pid" || [ $? -eq 1 ]
	assert_equal "$(jq -r .input got | tail -n 1)" wait1
}

@test "--ordered works with --shard and --done" {
	inputs 100 >in
	fl-run --protocol lines --command cat in | sed -n '1~3p' >some
	fl-run --ordered -j 4 --shard 1/2 --done some --protocol lines --command cat in | jq .input >got
	diff got <(sort -t '"' -k 2n got)
	assert [ -s got ]
}

# --- stops ----------------------------------------------------------------------------------

@test "--max-failures, --max-tokens and --max-time stop fl-run with 1 and a message" {
	obey
	for i in 1 2 3; do printf '{"input":"%s%s"}\n' ok "$i" error "$i" tokens "$i"; done >in
	run -1 --separate-stderr fl-run --max-failures 2 --command 'sh agent.sh' in
	assert_equal "$(jq -r .input <<<"$output" | xargs)" 'ok1 error1 tokens1 ok2 error2'
	assert_equal "$stderr" 'fl-run: 2 runs have failed: no more runs are started'
	run -1 --separate-stderr fl-run --max-tokens 80 --command 'sh agent.sh' in
	assert_equal "$(jq -r .input <<<"$output" | tail -n 1)" tokens2
	assert_equal "$stderr" 'fl-run: 80 tokens were used: no more runs are started'
	echo '{"input":"hang"}' >>in
	limited()
	{
		fl-run --max-time "$LIMIT" --grace 0 --command 'sh agent.sh' in 2>err |
			jq -r '.input + " " + (.error_kind // "")' | tail -n 1
		sed "s/$LIMIT seconds/LIMIT seconds/" err
	}
	in_time 'hang cancelled
fl-run: LIMIT seconds are over: no more runs are started; 1 may continue for 0 s' limited
	run -1 fl-run --max-time 0.3 --grace 0 --command 'sh agent.sh' in
}

@test "tokens of failed attempts count, in the trace and for --max-tokens" {
	cat >agent.sh <<-'END'
		while read -r line; do
			echo '{"type":"observation","observation":{"total_tokens":100}}'
			echo '{"type":"error","error":"no"}'
		done
	END
	printf 'runner: {max_retries: 3, retry_delay: 0.001}\n' >setting.yaml
	run -1 --separate-stderr fl-run -c setting.yaml --command 'sh agent.sh' <(inputs 1)
	assert_equal "$(jq -c '[.attempts, .token_usage.total_tokens]' <<<"$output")" '[4,400]'
	run -1 --separate-stderr fl-run -c setting.yaml --max-tokens 250 --command 'sh agent.sh' <(inputs 3)
	assert_equal "$(jq -s 'map(.token_usage.total_tokens) | add' <<<"$output")" 300
	assert_equal "$stderr" 'fl-run: 300 tokens were used: no more runs are started'
}

@test "a limit reached by the last run stops nothing" {
	obey
	printf '{"input":"%s"}\n' ok tokens >in
	run -0 --separate-stderr fl-run --max-tokens 40 --max-failures 1 --command 'sh agent.sh' in
	assert_equal "$stderr" ''
}

@test "on_error: fail_fast stops at the first failure, after its retries" {
	obey
	printf '{"input":"%s"}\n' 1 error 2 >in
	printf 'runner: {on_error: fail_fast, max_retries: 1, retry_delay: 0.01}\n' >setting.yaml
	run -1 --separate-stderr fl-run -c setting.yaml --command 'sh agent.sh' in
	# what comes meanwhile is run, if the other has to wait
	assert_equal "$(jq -c 'select(.input == "error") | [.success, .attempts]' <<<"$output")" '[false,2]'
	run -1 --separate-stderr fl-run --on-error fail_fast --command 'sh agent.sh' in
	assert_equal "$(jq -r .input <<<"$output" | xargs)" '1 error'
	assert_equal "$stderr" 'fl-run: 1 run has failed: no more runs are started'
	run -1 fl-run -c setting.yaml --on-error continue --command 'sh agent.sh' in
	assert_equal "${#lines[@]}" 3
	run -2 fl-run --on-error maybe --command cat in
	assert_output "fl-run: invalid --on-error 'maybe': expected continue or fail_fast"
}

@test "an agent that is never ready ends fl-run, unless another one was ready before" {
	cat >handler.py <<-'END'
		import os
		with open("starts", "a") as file:
		    file.write("x")
		if os.path.getsize("starts") in eval(os.environ["NOT"]):
		    os._exit(7)
		def run(input):
		    return "ok" if input != "crash" else os._exit(1)
	END
	printf '{"input":"%s"}\n' 1 crash 2 crash 3 >in
	NOT='(2, 4)' run -1 --separate-stderr timeout 60 fl-run -t handler:run in
	assert_equal "$(jq -r '.output // .error_kind' <<<"$output" | xargs)" 'ok crash ok crash ok'
	assert_equal "$(sort <<<"$stderr" | uniq -c | xargs)" '2 fl-run: the agent ended before it was ready'
	rm starts
	NOT='range(2, 99)' run -2 --separate-stderr timeout 60 fl-run -t handler:run in
	assert_equal "$(jq -r '.output // .error_kind' <<<"$output" | xargs)" 'ok crash'
	assert_equal "$(grep -c 'ended before it was ready' <<<"$stderr")" 3
	rm starts
	NOT='(1,)' run -2 --separate-stderr timeout 60 fl-run -t handler:run in
	assert_equal "$output $(wc -c <starts)" ' 1'
}

@test "an agent that closes its output before it is ready is not ready" {
	echo 'runner: {process: {ready_pattern: READY}}' >setting.yaml
	run -2 --separate-stderr timeout 60 fl-run -c setting.yaml --log log \
		--command "sh -c 'exec >&-; exec sleep 1000'" <(inputs 3)
	assert_equal "$stderr" 'fl-run: the agent ended before it was ready'
	assert_equal "$(grep -c '"spawned"' log)" 1
}

@test "after a limit one signal ends the running calls" {
	obey
	printf '{"input":"%s"}\n' error wait 2 3 >in
	fl-run -j 2 --max-failures 1 --grace 100 --command 'sh agent.sh' in >got 2>err &
	pid=$!
	echo "$pid" >pids
	wait_until grep -q 'no more runs are started; 1 may continue' err
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status $(jq -r .error_kind got | xargs)" '143 error cancelled'
}

@test "the first signal reports how many runs may continue, and the second ends them" {
	obey
	printf '{"input":"%s"}\n' 1 hang 2 >in
	fl-run -j 2 --log log --command 'sh agent.sh' in >got 2>err &
	pid=$!
	echo "$pid" >pids
	wait_until grep -q '"event":"done"' log
	wait_until has_lines 1 got
	kill -TERM "$pid"
	wait_until test -s err
	assert_equal "$(cat err)" "fl-run: SIGTERM: no more runs are started; 1 may continue for 10 s, and another signal ends them at once"
	# what comes within 0.1 s is one signal
	sleep 0.2
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
}

@test "a signal that is repeated quickly ends running calls at once" {
	obey
	printf '{"input":"%s"}\n' hang >in
	fl-run --grace 600 --log log --command 'sh agent.sh' in >got 2>err &
	pid=$!
	echo "$pid" >pids
	wait_until grep -q '"event":"sent"' log
	timeout 60 sh -c 'while kill -TERM "$1" 2>/dev/null; do sleep 0.03; done' sh "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	assert_equal "$(jq -r .error_kind got)" cancelled
}

# --- retries --------------------------------------------------------------------------------

@test "retries depend on the kind of failure, and each attempt is listed" {
	obey
	printf 'runner: {max_retries: 2, retry_delay: 0.01, retry_on: [timeout, crash]}\n' >setting.yaml
	printf '{"input":"%s"}\n' error crash hang >in
	attempts()
	{
		fl-run -c setting.yaml --timeout "$LIMIT" --command 'sh agent.sh' "$@" in |
			jq -c '[.input, .attempts, [.failed_attempts[]?.error_kind]]' | sort | xargs
	}
	in_time '[crash,3,[crash,crash]] [error,1,[]] [hang,3,[timeout,timeout]]' attempts
	in_time '[crash,1,[]] [error,3,[error,error]] [hang,1,[]]' attempts --retry-on error
	run -2 fl-run --retry-on often --command cat in
	assert_output "fl-run: invalid --retry-on 'often': expected error, timeout, crash or protocol"
}

@test "the delay of retries doubles, with a random part of up to a half" {
	obey
	printf 'runner: {max_retries: 4, retry_delay: 0.002}\n' >setting.yaml
	for i in $(seq 20); do echo "{\"input\":\"error$i\"}"; done >in
	fl-run -c setting.yaml --log log --command 'sh agent.sh' in >got || true
	jq -es '[.[] | select(.event == "waits")] as $all
		| ($all | length) == 80
		and all($all[]; .wait_us / (2000 * pow(2; .attempt - 2)) | . >= 0.99 and . < 1.5)
		and ([$all[] | select(.attempt == 2).wait_us] | unique | length) > 10' log
	fl-run -c setting.yaml --log again --command 'sh agent.sh' in >got || true
	diff <(jq -c 'select(.event == "waits") | [.run_id, .wait_us]' log | sort) \
		<(jq -c 'select(.event == "waits") | [.run_id, .wait_us]' again | sort)
}

# --- agents ---------------------------------------------------------------------------------

@test "with isolation: call an agent is started before its run is due" {
	obey
	printf '{"input":"wait%s"}\n' 1 2 3 >in
	printf 'runner: {isolation: call}\n' >setting.yaml
	fl-run -c setting.yaml --log log --stderr-dir logs --command 'sh agent.sh' in >got &
	pid=$!
	echo "$pid" >pids
	two_are_there() { [ "$(grep -c '"spawned"' log)" -eq 2 ]; }
	wait_until two_are_there
	wait_until test -e waits
	assert_equal "$(grep -c '"sent"' log)" 1
	touch go
	wait "$pid"
	assert_equal "$(grep -c '"spawned"' log) $(wc -l <got)" '3 3'
	assert_equal "$(jq -s 'map(.calls) | add' logs/agents.jsonl)" 3
}

@test "at most -j agents work at a time, with isolation, too" {
	cat >agent.sh <<-'END'
		read -r line
		touch at-work/$$
		ls at-work | wc -l >>most
		sleep 0.02
		rm at-work/$$
		echo '{"type":"final"}'
	END
	mkdir at-work
	printf 'runner: {isolation: call}\n' >setting.yaml
	inputs 12 >in
	fl-run -c setting.yaml -j 3 --command 'sh agent.sh' in >got
	assert_equal "$(wc -l <got)" 12
	assert [ "$(sort -n most | tail -n 1)" -le 3 ]
}

@test "no process is left after fl-run was killed with SIGKILL" {
	mark=$BATS_TEST_NAME-$$-$RANDOM
	cat >agent.sh <<-'END'
		trap '' TERM HUP INT
		sleep 100 &
		while :; do :; done
	END
	for group in no yes; do
		rm -f log
		if [ "$group" = yes ]; then
			FAULT_MARK=$mark python3 -c 'import os, sys; os.setpgid(0, 0); os.execvp(sys.argv[1], sys.argv[1:])' \
				fl-run -j 2 --log log --command 'sh agent.sh' <(inputs 3) >got &
		else
			FAULT_MARK=$mark fl-run -j 2 --log log --command 'sh agent.sh' <(inputs 3) >got &
		fi
		pid=$!
		two_are_there() { [ "$(grep -c '"spawned"' log)" -eq 2 ]; }
		wait_until two_are_there
		if [ "$group" = yes ]; then
			kill -KILL -- "-$pid"
		else
			kill -KILL "$pid"
		fi
		wait "$pid" 2>/dev/null || true
		if ! wait_until none_marked "$mark"; then
			marked "$mark" >pids
			false
		fi
	done
}

@test "agents do not inherit the descriptors of fl-run" {
	cat >agent.sh <<-'END'
		read -r line
		ls /proc/$$/fd >fds
		echo '{"type":"final"}'
	END
	inputs 1 | fl-run --command 'sh agent.sh' 7<agent.sh 8>other >/dev/null
	# the shell keeps its script and what it redirects open, from 10 on
	assert_equal "$(grep -vxE '1.' fds | xargs)" '0 1 2'
}

@test "kill_signal ends agents, SIGKILL follows after kill_timeout, and the trace says so" {
	cat >agent.sh <<-'END'
		case $1 in
		polite) trap 'echo bye >&2; exit 7' USR1 ;;
		deaf) trap '' USR1 ;;
		esac
		echo READY
		while :; do :; done
	END
	printf 'runner: {kill_signal: SIGUSR1, kill_timeout: 50, process: {ready_pattern: READY}}\n' >setting.yaml
	run -1 --separate-stderr timeout 100 fl-run -c setting.yaml --timeout 0.3 \
		--command 'sh agent.sh polite' <(inputs 1)
	assert_equal "$(jq -c '[.error_kind, .error, .exit_code, .signal, .stderr]' <<<"$output")" \
		'["timeout","the run took longer than timeout_seconds (after SIGUSR1: exit status 7)",7,null,"bye\n"]'
	sed -i 's/kill_timeout: 50/kill_timeout: 0.3/' setting.yaml
	run -1 --separate-stderr timeout 100 fl-run -c setting.yaml --timeout 0.3 \
		--command 'sh agent.sh deaf' <(inputs 1)
	assert_equal "$(jq -c '[.error_kind, .error, .exit_code, .signal]' <<<"$output")" \
		'["timeout","the run took longer than timeout_seconds (after SIGUSR1 and SIGKILL: killed by signal 9 (Killed))",null,9]'
}

@test "a trace names its agent, and numbers continue after those that have logs" {
	cat >agent.sh <<-'END'
		while read -r line; do
			echo "$line" >&2
			case $line in *'"input":"2"'*) exit 3 ;; esac
			echo '{"type":"final"}'
		done
	END
	fl-run --stderr-dir logs --command 'sh agent.sh' <(inputs 3) >got || true
	assert_equal "$(jq -c '[.input, .agent]' got | xargs)" '[1,1] [2,1] [3,2]'
	# and shows nothing of what was said in other runs
	assert_equal "$(jq -r 'select(.input == "2") | .stderr | fromjson.id' got)" 2
	touch logs/agent-17.log.old logs/agent-no.log
	fl-run --stderr-dir logs --command 'sh agent.sh' <(inputs 1) >got
	assert_equal "$(jq .agent got) $(cd logs && echo agent-?.log)" '3 agent-1.log agent-2.log agent-3.log'
}

@test "agents.jsonl has the resources that each agent used" {
	cat >handler.py <<-'END'
		def run(input):
		    data = bytearray(60_000_000)
		    data[::4096] = b"x" * len(data[::4096])
		    return sum(range(2_000_000)) > 0
	END
	echo 'runner: {kill_timeout: 60}' >setting.yaml
	fl-run -c setting.yaml --target handler:run --stderr-dir logs <(inputs 3) >got
	run -0 jq -e '.calls == 3 and .exit_code == 0 and .cpu_seconds > 0.01
		and .peak_memory_bytes > 60000000 and (.started < .ended)' logs/agents.jsonl
	assert_equal "$(stat -c %a logs/agents.jsonl)" 600
}

# --- what agents may use ------------------------------------------------------------------------

@test "SIGUSR1 in the first milliseconds does not end fl-run" {
	local pid options

	printf '{"input":"1"}\n' >in
	mkfifo early
	for options in '-c early' '--done early' '-c early --explain' '-c early --ordered'; do
		# shellcheck disable=SC2086 # options are words
		fl-run $options --protocol lines --command cat in >got 2>err 3>&- &
		pid=$!
		# it waits for the other end of the file
		wait_until eval '[[ $(ps -o comm=,state= -p '"$pid"' | xargs) == "fl-run S" ]]'
		kill -USR1 "$pid"
		sleep 0.05
		timeout 60 sh -c ': >early'
		status=0
		wait "$pid" || status=$?
		assert_equal "$options: $status" "$options: 0"
	done
	assert_regex "$(<err)" 'fl-run: [01] running, 0 done, 0 failed, 0 to be tried again$'
}

@test "agents have limits: address space, processor time, open files, file size" {
	cat >handler.py <<-'END'
		import resource
		def run(input):
		    if input == "memory":
		        return len(bytearray(1 << 30))
		    if input == "cpu":
		        while True:
		            pass
		    if input == "file":
		        open("big", "wb").write(b"x" * (3 << 20))
		    names = ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_FSIZE"]
		    return [resource.getrlimit(getattr(resource, name))[0] for name in names]
	END
	cat >setting.yaml <<-'END'
		runner:
		  target: handler:run
		  limits: {address_space_mb: 1000, cpu_seconds: 1, open_files: 50, file_mb: 2}
	END
	printf '{"input":"%s"}\n' limits memory file cpu >in
	run -1 --separate-stderr fl-run -c setting.yaml in
	assert_equal "$(jq -c 'select(.input == "limits").output' <<<"$output")" '[1048576000,1,50,2097152]'
	assert_equal "$(jq -r 'select(.input == "memory").error_code' <<<"$output")" MemoryError
	# Python ignores SIGXFSZ, so that it is an error of the call
	assert_equal "$(jq -r 'select(.input == "file").error_code' <<<"$output")" OSError
	assert_equal "$(jq -r 'select(.input == "cpu") | [.error_kind, .error] | join(": ")' <<<"$output")" \
		'crash: the agent ended before it answered (killed by signal 24 (CPU time limit exceeded))'
	run -2 --separate-stderr fl-run -c setting.yaml --command ./nowhere in
	assert_equal "$stderr" "fl-run: cannot start './nowhere': No such file or directory"
}

@test "limits.output_mb limits the output for one run; 0 means no limit" {
	cat >agent.sh <<-'END'
		read -r line
		head -c 3000000 /dev/zero | tr '\0' x | sed 's/.*/{"type":"delta","delta":"&"}/'
		echo
		echo '{"type":"final"}'
	END
	for limit in 2 0; do
		printf 'runner: {limits: {output_mb: %s}}\n' "$limit" >setting.yaml
		fl-run -c setting.yaml --command 'sh agent.sh' <(inputs 1) >"got$limit" || true
	done
	assert_equal "$(jq -r '.error_kind + ": " + .error' got2)" \
		'protocol: the agent said more of one run than limits.output_mb allows (after SIGTERM: killed by signal 15 (Terminated))'
	assert_equal "$(jq '.output | length' got0)" 3000000
}

@test "a clean environment has basic, allowed and configured variables" {
	cat >agent.sh <<-'END'
		read -r line
		env | cut -d= -f1 | sort | xargs >names
		echo '{"type":"final"}'
	END
	echo 'FROM_FILE=1' >.env
	cat >setting.yaml <<-'END'
		runner:
		  environment: clean
		  environment_allow: [GIVEN, ABSENT]
		  environment_vars: {CONFIGURED: 1}
	END
	inputs 1 | env -i PATH="$PATH" HOME=/ LC_ALL=C GIVEN=1 SECRET=2 fl-run -c setting.yaml \
		--command 'sh agent.sh' >/dev/null
	# PWD and its like are the shell's own
	assert_equal "$(tr ' ' '\n' <names | grep -vxE 'PWD|OLDPWD|_|SHLVL' | xargs)" \
		'CONFIGURED FROM_FILE GIVEN HOME LC_ALL PATH'
	sed -i s/clean/inherit/ setting.yaml
	inputs 1 | env -i PATH="$PATH" SECRET=2 fl-run -c setting.yaml --command 'sh agent.sh' >/dev/null
	run -0 grep -w SECRET names
}

# --- requests sent ahead -------------------------------------------------------------------------

# ahead OPTION...: runs the inputs in the file in on agents that accept requests ahead.
ahead()
{
	rm -f log
	fl-run --log log "$@" --command "python3 $ROOT/tests/agents/ahead.py" in >got
}

# held STATEMENTS: runs Python with the functions of held.py, which read the log.
held()
{
	PYTHONPATH=$ROOT/tests python3 -c "from held import check, sent
$1"
}

@test "requests are sent ahead once calls are known to be quick" {
	inputs 5000 >in
	ahead -j 1
	held 'all = list(sent("log"))
first = next(done for held, before, done, run in all if held > 1)
assert 40 < first < 100, first
assert max(held for held, *_ in all) == 64'
	assert_equal "$(jq -r .input got | cmp - <(seq 5000))" ''
}

@test "an agent holds at most half of its share of the runs left" {
	inputs 3000 >in
	for j in 2 4 8; do
		ahead -j "$j"
		held "check('log', 3000, $j)
assert max(held for held, *_ in sent('log')) > 1"
		assert_equal "$j: $(wc -l <got)" "$j: 3000"
	done
	# of those that --done leaves
	head -n 2900 got >done.jsonl
	ahead -j 2 --done done.jsonl
	held 'check("log", 100, 2)'
	# of an input's iterations, and of inputs that come by a pipe
	head -n 40 in >few
	rm -f log
	cat few | fl-run -j 4 --log log -n 20 --command "python3 $ROOT/tests/agents/ahead.py" >got
	held 'check("log", 800, 4)'
}

@test "slow calls never wait for each other at an agent, in whatever order they come" {
	for order in first last mixed; do
		python3 - "$order" >in <<-'PY'
		import json, sys
		slow, quick = ["slow"] * 33, ["quick"] * 7
		calls = {"first": slow + quick, "last": quick + slow,
		         "mixed": (["quick"] + ["slow"] * 5) * 6 + ["slow"] * 3 + ["quick"]}
		for number, call in enumerate(calls[sys.argv[1]]):
		    print(json.dumps({"input": "%s %d" % (call, number)}))
		PY
		for j in 4 8; do
			ahead -j "$j"
			assert_equal "$(wc -l <got)" 40
			held "assert max(held for held, *_ in sent('log')) == 1"
		done
	done
}

@test "after a slow call requests are sent one at a time until others were quick again" {
	{ inputs 1000; echo '{"input":"slow"}'; inputs 400; } >in
	ahead -j 1
	python3 - <<-'PY'
		import json
		held = ended = most = 0
		slow = None
		runs = {t["run_id"]: t["input"] for t in map(json.loads, open("got"))}
		for event in map(json.loads, open("log")):
		    if event["event"] == "sent":
		        held += 1
		        if slow is not None and held > 1:
		            # what was sent ahead of the slow call is still there
		            assert ended - slow > 40, ended - slow
		            most = max(most, held)
		    elif event["event"] == "done":
		        held -= 1
		        ended += 1
		        if runs[event["run_id"]] == "slow":
		            slow = ended
		assert slow and most > 1, (slow, most)
	PY
}

@test "the progress line counts calls that run, not requests sent ahead" {
	{ inputs 500; echo '{"input":"wait"}'; inputs 500; } >in
	fl-run --progress --log log --command "python3 $ROOT/tests/agents/ahead.py" in >got 2>err &
	pid=$!
	echo "$pid" >pids
	wait_until test -e waits
	size=$(stat -c %s err)
	wait_until sh -c "tail -c +$((size + 1)) err | grep -q '500 done, 0 failed, 1 running,'"
	assert [ "$(grep -c '"sent"' log)" -gt 510 ]
	touch go
	wait "$pid"
	assert_equal "$(wc -l <got)" 1001
}

# --- seeing it -----------------------------------------------------------------------------------

@test "the event log allows every run to be followed" {
	obey
	printf '{"input":"%s"}\n' 1 crash 2 hang 3 error 4 >in
	printf 'runner: {max_retries: 1, retry_delay: 0.01}\n' >setting.yaml
	# all but one are answered in time
	late()
	{
		rm -f log
		fl-run -c setting.yaml -j 2 --timeout "$LIMIT" --log log --command 'sh agent.sh' in >got || true
		grep -c '"late"' log
	}
	in_time 2 late
	python3 - <<-'PY'
		import json
		log = [json.loads(line) for line in open("log")]
		traces = {t["run_id"]: t for t in map(json.loads, open("got"))}
		assert log[0]["event"] == "opened" and 0 <= log[0]["t"] < 60_000_000, log[0]
		assert [e["t"] for e in log] == sorted(e["t"] for e in log)
		spawned = [e["agent"] for e in log if e["event"] == "spawned"]
		ended = [e["agent"] for e in log if e["event"] == "ended"]
		assert sorted(spawned) == sorted(ended) == list(range(1, len(spawned) + 1))
		for run, trace in traces.items():
		    mine = [e for e in log if e.get("run_id") == run]
		    sent = [e for e in mine if e["event"] == "sent"]
		    assert [e["attempt"] for e in sent] == list(range(1, trace["attempts"] + 1)), mine
		    assert [e["event"] for e in mine][-1] == "done"
		    assert mine[-1]["success"] == trace["success"]
		    assert abs(mine[-1]["took_us"] / 1000 - trace["duration_ms"]) < 0.001
		    failed = [e for e in mine if e["event"] == "failed"]
		    assert [e["error_kind"] for e in failed] == [a["error_kind"] for a in trace.get("failed_attempts", [])]
		late = [e["agent"] for e in log if e["event"] == "late"]
		assert len(late) == 2
		assert [e["agent"] for e in log if e["event"] == "signalled"] == late
		PY
}

@test "a log that cannot be written is reported and fails no run" {
	run -0 --separate-stderr fl-run --protocol lines --log /dev/full --command cat <(inputs 3)
	assert_equal "$(jq -r .output <<<"$output" | xargs)" '1 2 3'
	assert_equal "$stderr" 'fl-run: the log cannot be written and is closed: No space left on device'
	run -2 --separate-stderr fl-run --protocol lines --log nowhere/log --command cat <(inputs 3)
	assert_equal "$stderr" 'fl-run: nowhere/log: No such file or directory'
}

@test "SIGUSR1 lists the running calls and changes nothing" {
	obey
	printf '{"input":"%s"}\n' 1 wait2 3 >in
	fl-run --log log --command 'sh agent.sh' in >got 2>err &
	pid=$!
	echo "$pid" >pids
	wait_until grep -q '"attempt":1,"id":2' log
	kill -USR1 "$pid"
	wait_until grep -q ' running, ' err
	touch go
	wait "$pid"
	assert_equal "$(sed -E 's/for [0-9.]+ s/for T/; s/run [0-9a-f]{16}/run ID/; s/pid [0-9]+/pid P/' err)" \
		'fl-run: running for T: run ID, iteration 0, attempt 1, agent 1 (pid P): "wait2"
fl-run: 1 running, 1 done, 0 failed, 0 to be tried again'
	assert_equal "$(jq -r .input got | xargs)" '1 wait2 3'
}

@test "the progress line shows runs, rate, median and time left" {
	inputs 20 >in
	fl-run --progress --total 20 --protocol lines --command cat in 2>err >/dev/null
	run -0 bash -c "tr '\r' '\n' <err | tail -n 1"
	assert_regex "$output" $'^20/20 done, 0 failed, 0 running, [0-9]+/s, p50 [0-9.]+ ms\033\\[K$'
}

@test "the progress line fits the terminal and drops its least important parts" {
	inputs 3 >in
	for cols in 0 12 20 30 40 60 80; do
		"${PYTHON:-python3}" - "$cols" <<-'PY'
		import fcntl, os, pty, re, struct, sys, termios
		wide = int(sys.argv[1])
		pid, fd = pty.fork()
		if not pid:
		    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("4H", 24, wide, 0, 0))
		    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
		    os.execvp("timeout", "timeout 100 fl-run --total 300 -j 1 --protocol "
		              "lines --command cat -n 100 in".split() + ["--log=log"])
		said = b""
		while True:
		    try:
		        piece = os.read(fd, 65536)
		    except OSError:
		        break
		    if not piece:
		        break
		    said += piece
		assert os.waitpid(pid, 0)[1] == 0
		lines = re.findall(rb"\r([^\r\x1b]*)\x1b\[K", said)
		assert lines[-1].startswith(b"300/300 done"[:wide - 1 if wide else None]), lines
		assert not wide or all(len(line) < wide for line in lines), lines
		assert (b"p50" in lines[-1]) == (wide in (0, 60, 80)), lines
		PY
	done
}

@test "cancelled runs count neither as done nor as failed in the progress line" {
	obey
	printf '{"input":"%s"}\n' 1 wait2 3 >in
	fl-run --progress --total 3 --grace 0 --command 'sh agent.sh' in >got 2>err &
	pid=$!
	echo "$pid" >pids
	# what the agent has not read by then was not begun
	wait_until test -e waits
	kill -TERM "$pid"
	wait "$pid" || true
	assert_equal "$(jq -r '.error_kind // "none"' got | xargs)" 'none cancelled'
	last=$(tr '\r' '\n' <err | tail -n 1)
	assert_regex "$last" '^1/3 done, 0 failed, 0 running,'
	# what is not begun any more is not waited for
	[[ $(sed '1,/no more runs/d' err) != *' left'* ]]
}

@test "times may be given in minutes, hours and days" {
	for good in 1 0.5 1m 2h 1d 1.5m 3s; do
		run -0 fl-run --max-time "$good" --protocol lines --command cat </dev/null
	done
	for bad in x 1x 1mm -1 '' m; do
		run -2 fl-run --max-time "$bad" --protocol lines --command cat </dev/null
		assert_output --partial "expected a time from 0.001 to 1e+09 seconds, such as 30, 1.5m or 2h"
	done
}
