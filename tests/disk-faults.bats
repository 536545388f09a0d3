#!/usr/bin/env bats

# fl-run and fl-collect when the system has no more space, memory or processes: a
# message that names the thing, status 2, no process left, and only whole records
# written.

# shellcheck disable=SC2016 # it is for the shells that are started

load test_helper
load filter_helper
load fault_helper

setup_file()
{
	find_python
	"${CC:-gcc}" -O2 -o "$BATS_FILE_TMPDIR/fault" "$ROOT/tests/agents/fault.c"
	"${CC:-gcc}" -fPIC -shared -o "$BATS_FILE_TMPDIR/preload.so" \
		"$ROOT/tests/preload.c" -ldl
}

setup()
{
	begin
	cp "$BATS_FILE_TMPDIR/fault" .
	seq 1000 | sed 's/.*/{"input":"&"}/' >in
}

# on_disk SIZE SCRIPT: attempts it where the folder disk is a file system of
# that size; nobody else sees it, and it ends with the script.
on_disk()
{
	local space=(unshare -m)

	unshare -m true 2>/dev/null || space=(unshare -rm)
	mkdir -p disk
	"${space[@]}" mount -t tmpfs none disk 2>/dev/null ||
		skip 'nothing can be mounted here'
	attempt "${space[@]}" bash -c \
		'mount -t tmpfs -o "size=$1" none disk && eval "$2"' disk "$@"
}

# limited LIMIT COMMAND...: attempts it with a limit that ulimit(1) knows.
limited()
{
	attempt bash -c 'ulimit $1 && shift && exec "$@"' limited "$@"
}

# refused MESSAGE: what was attempted ended as it has to, with such a message.
refused()
{
	assert_equal "$ROW: $(<wrong)" "$ROW: "
	assert_regex "$ROW: $status $(<err)" "^$ROW: 2 fl-run: $1\$"
}

# few_agents MESSAGE: all inputs were run, by fewer agents, and that was reported
# once, with such a message.
few_agents()
{
	assert_equal "$ROW: $(<wrong)" "$ROW: "
	assert_regex "$ROW: $status $(<err)" "^$ROW: 0 fl-run: $1: continuing with [0-9]+ agents?\$"
	assert_equal "$ROW: $(lines_of got)" "$ROW: 1000"
}

# whole_but_last FILE: prints how many whole lines it has, of which each is JSON.
whole_but_last()
{
	head -n "$(lines_of "$1")" "$1" | jq -Rn '[inputs | fromjson] | length'
}

@test "a full disk is reported, and files on it are whole" {
	local jobs

	for jobs in 1 2; do
		ROW="-j $jobs"
		on_disk 256k "fl-run -j $jobs --command './fault child-first session deaf' in >disk/got
			status=\$?; cp disk/got full; exit \$status" >wrong
		refused '<stdout>: No space left on device'
		assert [ "$(whole_but_last full)" -gt 400 ]
	done
	ROW=/dev/full
	attempt bash -c 'exec fl-run --command "./fault child-first session deaf" in >/dev/full' >wrong
	refused '<stdout>: No space left on device'
}

@test "an experiment on a full disk ends the pipeline, can be read and can be resumed" {
	local size

	# in one of them each file is the one that finds it full
	for size in 128k 160k 192k 224k 256k; do
		ROW=$size
		rm -rf exp
		on_disk "$size" "fl-run -j 2 --command './fault observe' in |
			fl-collect -q disk/exp
			status=\${PIPESTATUS[1]}; cp -r disk/exp .; exit \$status" >wrong
		assert_equal "$ROW: $(<wrong)" "$ROW: "
		assert_equal "$ROW: $status" "$ROW: 2"
		assert_regex "$(<err)" '^fl-collect: disk/exp/[a-z_]+\.jsonl: No space left on device$'
		run --separate-stderr fl-parse --format jsonl exp
		echo "$output" >got
		# one more may be there but for its row
		head -n "$(lines_of exp/trace_summary.jsonl)" exp/trace_summary.jsonl | jq -r .trace_id | sort >kept
		assert [ "$(lines_of kept)" -gt 40 ]
		assert_equal "$ROW: $(jq -r .trace_id got | sort | comm -23 kept -)" "$ROW: "
		assert_equal "$(jq -s 'all(.observation_count == 1 and (.timeline | length) == 1)' got)" true
		fl-run --command './fault observe' --done exp/trace_summary.jsonl in |
			fl-collect -q --continue exp 2>err
		assert_equal "$ROW: $(jq .run_id exp/trace_summary.jsonl | sort -u | wc -l) $(lines_of exp/traces.jsonl) $(lines_of exp/observations.jsonl)" \
			"$ROW: 1000 1000 1000"
	done
}

@test "a log on a full disk is reported, and the runs continue" {
	ROW=log
	head -n 5 in >five
	on_disk 256k "fl-run --stderr-dir disk/logs --command './fault garbage err lines fine' five" >wrong
	assert_equal "$(<wrong)" ''
	assert_equal "$(values .output got)" 'fine 1 fine 2 fine 3 fine 4 fine 5'
	assert_equal "$(<err)" 'fl-run: disk/logs/agent-1.log: No space left on device
fl-run: disk/logs/agents.jsonl: No space left on device'
}

@test "a folder that cannot be written is reported before any run" {
	local how

	ROW=stderr-dir
	for how in new logs; do
		on_disk 256k "mkdir disk/logs; mount -o remount,bind,ro disk
			fl-run -j 2 --stderr-dir disk/$how --command './fault hang' in" >wrong
		assert_equal "$ROW $how: $status $(<wrong)" "$ROW $how: 2 "
		assert_equal "$(<got)" ''
		assert_regex "$(<err)" "^fl-run: disk/$how(/agents?[a-z0-9.-]+)?: Read-only file system$"
	done
	ROW=experiment
	for how in new old; do
		on_disk 256k "mkdir disk/old; mount -o remount,bind,ro disk
			fl-run -j 2 --command './fault child-first session deaf' in | fl-collect disk/$how" >wrong
		assert_equal "$ROW $how: $status $(<wrong)" "$ROW $how: 2 "
		assert_equal "$(<got)" ''
		assert_regex "$(<err)" "^fl-collect: disk/$how(/manifest\.json)?: Read-only file system$"
	done
}

@test "more agents than the limit of open files allows are reported" {
	local n

	for n in 8 10 14; do
		ROW="$n files"
		limited "-n $n" fl-run -j 64 --command './fault child-first session deaf' in >wrong
		refused "(cannot start './fault'|pipe): Too many open files"
		assert_equal "$(<got)" ''
	done
	for n in 20 30 50; do
		ROW="$n files"
		limited "-n $n" fl-run -j 64 --command './fault child-first session deaf' in >wrong
		few_agents "cannot start './fault': Too many open files"
	done
	ROW='logs'
	limited '-n 20' fl-run -j 64 --stderr-dir logs --command './fault hello-again' in >wrong
	few_agents "(cannot start './fault'|logs/agent-[0-9]+\.log): Too many open files"
}

@test "the soft limit of open files is raised, but not that of agents" {
	local n

	echo '{"input":"1"}' >one
	for n in 64 100 1024; do
		ROW="soft limit of $n"
		attempt bash -c "ulimit -Sn $n; fl-run -j 400 --protocol lines --command cat in" >wrong
		assert_equal "$ROW: $status $(<wrong)$(<err)" "$ROW: 0 "
		assert_equal "$(lines_of got)" 1000
		attempt bash -c "ulimit -Sn $n; fl-run --protocol lines --command \"sh -c 'read l; ulimit -Sn; cat'\" one" >wrong
		assert_equal "$(jq -r .output got)" "$n"
	done
}

@test "an agent that the system refuses once is started later" {
	local call error

	is_sanitized && skip 'the sanitizers want to be loaded first'
	echo 'runner: {isolation: call}' >call.yaml
	# with an agent for each input, a hundred are enough
	sed -i 100q in
	# EAGAIN, ENOMEM, ENFILE, EMFILE
	for error in 11 12 23 24; do
		for call in posix_spawnp pipe adddup2; do
			ROW="$call $error"
			failing "$call" 30 2 "$error" fl-run -c call.yaml -j 2 --protocol lines --command cat in >wrong
			assert_equal "$ROW: $status $(<wrong)" "$ROW: 0 "
			assert_equal "$(lines_of got)" 100
			failing "$call" 2 2 "$error" fl-run --protocol lines --command cat in >wrong
			assert_equal "$ROW: $status $(<wrong)" "$ROW: 0 "
		done
	done
	ROW='refused three times without an agent'
	failing posix_spawnp 1 3 11 fl-run --protocol lines --command cat in >wrong
	refused "cannot start 'cat': Resource temporarily unavailable"
	ROW='refused twice without an agent'
	failing posix_spawnp 1 2 11 fl-run --protocol lines --command cat in >wrong
	assert_equal "$ROW: $status $(<wrong)$(<err)" "$ROW: 0 "
}

# failing CALL AT COUNT ERROR COMMAND...: attempts it where calls fail.
failing()
{
	attempt env FAIL_CALL="$1" FAIL_AT="$2" FAIL_COUNT="$3" FAIL_ERROR="$4" \
		LD_PRELOAD="$BATS_FILE_TMPDIR/preload.so" "${@:5}"
}

@test "an agent that cannot be started is reported with the system's reason" {
	local call

	is_sanitized && skip 'the sanitizers want to be loaded first'
	# 13 is EACCES, which waiting does not cure
	for call in posix_spawnp init adddup2 attr_init setflags setsigmask; do
		ROW=$call
		failing "$call" 1 1 13 fl-run --command cat in >wrong
		refused "cannot start 'cat': Permission denied"
	done
	ROW=fork
	failing fork 1 1 13 fl-run --command cat in >wrong
	refused 'fork: Permission denied'
}

@test "agents that exit one after another leak no descriptors" {
	ROW=sevenths
	limited '-n 20' fl-run --stderr-dir logs --command './fault sevenths' in >wrong
	assert_equal "$status $(<wrong)$(<err)" '1 '
	assert_equal "$(lines_of got)" 1000
}

@test "more agents than the limit of processes allows are reported" {
	local as=() n

	# nobody else is counted with a user that there is not
	is_sanitized && skip 'the sanitizers have threads of their own'
	((EUID)) || as=(setpriv --reuid 54321 --clear-groups)
	cp "$BIN/fl-run" .
	chmod 755 .
	"${as[@]}" ./fl-run --version >/dev/null || skip 'no other user can be taken'
	ROW='1 process'
	limited '-u 1' "${as[@]}" ./fl-run -j 8 --name a --command './fault hang' in >wrong
	refused 'fork: Resource temporarily unavailable'
	((${#as[@]})) || return 0
	for n in 3 4 6; do
		ROW="$n processes"
		limited "-u $n" "${as[@]}" ./fl-run -j 8 --name a --command './fault hello-again' in >wrong
		few_agents "cannot start './fault': Resource temporarily unavailable"
	done
}

@test "running out of memory is reported" {
	local how

	is_sanitized && skip 'the sanitizers need more'
	for how in 'big-final child session deaf' 'big-observation child deaf'; do
		ROW=$how
		head -n 5 in >five
		limited '-v 50000' fl-run -j 2 --command "./fault $how" five >wrong
		refused 'out of memory \([0-9]+ bytes\)'
	done
	ROW=input
	{
		echo '{"input":"1"}'
		printf '{"input":"'
		head -c 100000000 /dev/zero | tr '\0' x
		echo '"}'
	} >in
	limited '-v 50000' fl-run --command './fault child-first session deaf' in >wrong
	refused 'out of memory \([0-9]+ bytes\)'
}

@test "a limit of file sizes is reported" {
	ROW=fl-run
	attempt bash -c 'ulimit -f 20; fl-run --command "./fault child-first session deaf" in >cut' >wrong
	refused '<stdout>: File too large'
	assert [ "$(whole_but_last cut)" -gt 40 ]
	ROW=fl-collect
	attempt bash -c 'set -o pipefail; ulimit -f 20; fl-run --command "./fault child-first session deaf" in | fl-collect -q exp' >wrong
	assert_equal "$status $(<wrong)" '2 '
	assert_regex "$(<err)" '^fl-collect: exp/[a-z_]+\.jsonl: File too large$'
}

@test "fl-collect reports a temporary file that fails, and can be continued" {
	local at call failed=0

	is_sanitized && skip 'the sanitizers want to be loaded first'
	python3 - >traces <<-'PY'
	import random
	order = list(range(60000))
	random.Random(1).shuffle(order)
	for n in order:
	    print('{"trace_id":"t%d","run_id":"r%d","input":"%d","success":true,"duration_ms":%d,"observations":[]}' %
	        (n, n, n // 2, n * 31 % 977))
	PY
	fl-collect -q whole traces
	for call in pwrite pread; do
		# until there are fewer calls than that
		for ((at = 1; at < 1000; at = at * 3 + 1)); do
			ROW="$call $at"
			rm -rf exp
			failing $call $at 1 28 fl-collect -q exp traces >wrong
			((status)) || break
			failed=$((failed + 1))
			assert_equal "$ROW: $status $(<err)" "$ROW: 2 fl-collect: exp/.spill: No space left on device"
			assert_not_exists exp/summary.json
			assert_not_exists exp/.spill
			fl-collect -q --continue exp traces 2>/dev/null
			cmp whole/trace_summary.jsonl exp/trace_summary.jsonl
			cmp whole/inputs_summary.jsonl exp/inputs_summary.jsonl
		done
	done
	assert [ "$failed" -gt 4 ]
}
