#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2164 # bats sets what is not set here
# One experiment in many parts: on several machines, in several attempts.

load test_helper
load filter_helper

setup()
{
	begin
	cat >setting.yaml <<-'END'
	name: trial
	iterations: 2
	runner:
	  process: {command: ["sed", "-u", "s/^/said /"], protocol: lines}
	END
	for ((i = 1; i <= 20; i++)); do
		printf '{"input":"%s"}\n' "text $((i % 19))"
	done >inputs.jsonl
	# what one machine makes of it
	fl-run -c setting.yaml inputs.jsonl >whole
	ids whole >want
}

# ids FILE...: the runs in files, and the text of each.
ids()
{
	cat -- "$@" | jq -r '[.run_id,.iteration,.input,.output] | @tsv' | sort
}

# complete DIR: all runs are in it, once.
complete()
{
	ids "$1/trace_summary.jsonl" | diff want -
	assert_equal "$(jq .results.total_runs "$1/summary.json")" 40
}

@test "--list prints an input for each run, which is that run in any portion and order" {
	fl-run -c setting.yaml --list inputs.jsonl >list
	assert_equal "$(jq -r '[.run_id,.iteration,.input] | @tsv' list | sort)" "$(cut -f 1-3 want)"
	# equal inputs among them
	assert_equal "$(jq -r .run_id list | sort -u | wc -l)" 40
	tac list | split -n r/3 - portion.
	for portion in portion.*; do
		fl-run -c setting.yaml "$portion"
	done >traces
	ids traces | diff want -
	# neither an agent nor recorded calls are needed for it
	fl-run --list -n 2 --target no:where --replay inputs.jsonl | cmp list -
	# what is left, of parts, and of inputs with an own iteration
	head -n 30 whole >some
	assert_equal "$(fl-run -c setting.yaml --list --done some inputs.jsonl | jq -r .run_id | sort)" \
		"$(tail -n 10 whole | jq -r .run_id | sort)"
	run -0 fl-run -n 5 --list <<<'{"input":"a","iteration":3}'
	assert_equal "$(jq -c '[.iteration]' <<<"$output")" '[3]'
	assert_equal "$(jq -r .run_id <<<"$output")" \
		"$(fl-run -n 4 --list <<<'{"input":"a"}' | tail -n 1 | jq -r .run_id)"
	printf '{"input":"a","iteration":%s}\n' 0 0 1 '"x"' 1.5 -1 |
		fl-run -n 1 --list | jq -c .iteration | paste -sd ' ' >iterations
	assert_equal "$(<iterations)" '0 0 1 0 0 0'
	run -1 fl-run --list <<<'{"metadata":'
}

@test "a trace is an input for the run that it is of" {
	fl-run -c setting.yaml <(head -n 7 whole) >again
	assert_equal "$(ids again | cut -f 1,2)" "$(head -n 7 whole | jq -r '[.run_id,.iteration] | @tsv' | sort)"
}

@test "--done takes files and folders that are there or not, several times" {
	head -n 10 whole >a
	sed -n 11,20p whole >b
	mkdir attempts
	sed -n 21,25p whole >attempts/1.jsonl
	sed -n 26,28p whole | head -c -20 >attempts/2.jsonl
	echo noise >attempts/notes.txt
	mkfifo attempts/pipe.jsonl
	fl-collect -q exp <(sed -n 29,40p whole)
	fl-run -c setting.yaml --list --done a --done missing --done b --done attempts --done exp \
		inputs.jsonl >left
	# the last line of an attempt is incomplete
	assert_equal "$(jq -r .run_id left)" "$(sed -n 28p whole | jq -r .run_id)"
	run -2 fl-run -c setting.yaml --done a/b inputs.jsonl
	assert_output --partial 'Not a directory'
}

@test "--attempts writes to a file of its own and goes on where others ended" {
	run -0 fl-run -c setting.yaml --attempts parts inputs.jsonl --max-failures 1
	assert_output ''
	ids parts/*.jsonl | diff want -
	assert_equal "$(jq -r .host parts/*.jsonl | sort -u)" "$(hostname)"
	# nothing is left to do
	run -0 fl-run -c setting.yaml --attempts parts inputs.jsonl
	files=(parts/*)
	assert_equal "${#files[@]}" 1
	# a crash
	head -c 6000 "${files[0]}" >parts/torn.jsonl
	rm "${files[0]}"
	fl-run -c setting.yaml --attempts parts inputs.jsonl
	files=(parts/*)
	assert_equal "${#files[@]}" 2
	run -1 fl-collect -q -c setting.yaml exp parts/*
	complete exp
	run -2 fl-run -c setting.yaml --attempts no/such inputs.jsonl
}

@test "--failed-ok means that each run has a result" {
	run -1 --separate-stderr fl-run --command 'sh -c "exit 3"' --protocol lines inputs.jsonl
	run -0 --separate-stderr fl-run --command 'sh -c "exit 3"' --protocol lines --failed-ok inputs.jsonl
	assert_equal "${#lines[@]}" 20
	# not that there are runs without one, nor that nothing could be run
	run -1 --separate-stderr fl-run --command 'sh -c "exit 3"' --protocol lines --failed-ok --max-failures 2 inputs.jsonl
	run -1 --separate-stderr fl-run --command cat --protocol lines --failed-ok <<<'{"no'
	run -2 --separate-stderr fl-run --command ./missing --failed-ok inputs.jsonl
}

@test "an experiment that lacks runs says which, and is no success" {
	run -1 --separate-stderr fl-collect -qr -c setting.yaml --inputs inputs.jsonl --runs 40 exp <(head -n 38 whole)
	assert_equal "${stderr_lines[1]}" 'fl-collect: exp: 2 of 40 runs are missing'
	assert_equal "$(sed -n 's/.*missing: run \([0-9a-f]*\), iteration [01] of input [0-9a-f]*$/\1/p' <<<"$stderr" | sort)" \
		"$(tail -n 2 whole | jq -r .run_id | sort)"
	# mending adds nothing, and lacks nothing
	run -0 --separate-stderr fl-collect -q --continue exp </dev/null
	run -1 --separate-stderr fl-collect -qr --continue exp <(sed -n 39p whole)
	assert_equal "${stderr_lines[1]}" 'fl-collect: exp: 1 of 40 runs is missing'
	run -1 fl-collect -q --continue exp <(sed -n 39p whole)
	assert_output 'fl-collect: exp: 1 trace of existing runs: skipped'
	run -0 fl-collect -q --continue exp <(sed -n 40p whole)
	complete exp
	# no part at all
	run -1 fl-collect -qr --runs 40 none /dev/null
	assert_output --partial 'none: 40 of 40 runs are missing'
}

@test "fluxloop exits with 1 for an experiment with runs missing" {
	mkdir experiments
	fl-collect --runs 40 --inputs inputs.jsonl -q -c setting.yaml experiments/x <(head -n 38 whole) || true
	fluxloop config set inputs_file inputs.jsonl
	cat >stop.sh <<-'END'
	read -r line; echo "$line"; kill -s TERM "$PPID"; sleep 5
	END
	fluxloop config set runner.process.command '[sh, stop.sh]'
	run ! fluxloop run experiment --resume experiments/x --anyway
	assert_output --partial 'of 40 runs'
}

@test "experiments are parts of one, with their logs" {
	for k in 1 2 3; do
		fl-run -c setting.yaml --shard "$k/3" --stderr-dir "logs$k" inputs.jsonl >"part$k"
		fl-collect -q -c setting.yaml --inputs inputs.jsonl "exp $k" "part$k"
		mv "logs$k" "exp $k/stderr"
	done
	run -0 fl-collect -q -c setting.yaml --inputs inputs.jsonl --runs 40 all "exp 1" part2 "exp 3/"
	assert_output ''
	complete all
	assert_equal "$(jq -r .part all/traces.jsonl | sort -u | paste -sd,)" 'exp 1,exp 3,null'
	assert_equal "$(jq -r 'select(.part) | .shard' all/traces.jsonl | sort -u | paste -sd' ')" '1/3 3/3'
	assert_exists "all/stderr/exp 1/agents.jsonl"
	assert_exists "all/stderr/exp 3/agents.jsonl"
	# with observations, from wherever they are
	fl-run --command "$ROOT/tests/agents/odd.sh chatty" -n 3 <<<'{"input":"odd"}' >chatty || true
	fl-collect -q one chatty || true
	fl-collect -q two one || true
	cmp one/observations.jsonl two/observations.jsonl
	assert [ -s two/observations.jsonl ]
}

@test "a part of another experiment is refused, a torn one loses what is torn, and twice is once" {
	fl-collect -q -c setting.yaml --inputs inputs.jsonl a <(head -n 20 whole)
	cp setting.yaml other.yaml
	fl-config -f other.yaml set runner.process.command '[cat]'
	fl-collect -q -c other.yaml --inputs inputs.jsonl b <(tail -n 20 whole)
	run -2 fl-collect -q -c setting.yaml --inputs inputs.jsonl all a b
	assert_line --index 0 "fl-collect: b: its configuration: not the experiment's"
	assert_line --index 1 --partial 'b: not taken'
	rm -r all
	run -0 --separate-stderr fl-collect -q -c setting.yaml --inputs inputs.jsonl --anyway all a b a b
	complete all
	assert_regex "$stderr" '40 traces of existing runs: skipped'
	# torn
	truncate -s -30 a/trace_summary.jsonl
	truncate -s -900 b/traces.jsonl
	rm -r all
	run -1 --separate-stderr fl-collect -qr -c setting.yaml --inputs inputs.jsonl --runs 40 --anyway all a b
	assert_regex "$stderr" 'a: 1 run is not whole: left out'
	assert_regex "$stderr" 'b: [0-9]+ runs are not whole: left out'
	# what is no experiment
	mkdir empty
	run -2 fl-collect -q none empty
	assert_output 'fl-collect: empty: not an experiment: it has no observations.jsonl'
}

@test "a run that was cancelled and done by another attempt is not cancelled" {
	jq -c '.error_kind = "cancelled" | .success = false | .error = "stopped"' <(head -n 3 whole) >cancelled
	run -1 --separate-stderr fl-collect -qr exp cancelled <(tail -n 39 whole)
	assert_regex "$stderr" '1 cancelled'
	assert_equal "$(jq -r .run_id exp/cancelled.jsonl)" "$(head -n 1 whole | jq -r .run_id)"
	run -0 --separate-stderr fl-collect -q exp2 cancelled whole
	assert_not_exists exp2/cancelled.jsonl
}

@test "make and GNU parallel run an experiment in parts, and go on after a kill" {
	command -v parallel >/dev/null || skip 'GNU parallel is not installed'
	PATH=$BIN:$PATH run -0 "$ROOT/pipelines/parallel.sh" setting.yaml inputs.jsonl out
	complete out
	# the first attempt at one part is killed
	cat >agent.sh <<-'END'
	while read -r line; do
		if [ "$line" = 'text 7' ] && [ ! -e killed ]; then
			: >killed
			kill -s KILL "$PPID"
		fi
		echo "said $line"
	done
	END
	fluxloop config set runner.process.command '[sh, agent.sh]'
	make=(make -s -k -j 2 -f "$ROOT/pipelines/Makefile.shards" CONFIG=setting.yaml INPUTS=inputs.jsonl OUT=made N=5)
	run ! "${make[@]}"
	assert_not_exists made/summary.json
	run -0 "${make[@]}"
	complete made
	# as Slurm calls it
	for k in 1 2; do
		SLURM_ARRAY_TASK_ID=$k SLURM_ARRAY_TASK_COUNT=2 "$ROOT/pipelines/slurm.sh" setting.yaml inputs.jsonl parts
	done
	fl-collect -q slurm parts/*/*.jsonl
	complete slurm
}

@test "the traces of a part are passed on as they are kept, in little memory" {
	is_sanitized && skip 'the sanitizers need more'
	text=$(printf %020000d 0)
	for ((i = 0; i < 2000; i++)); do
		printf '{"trace_id":"t%d","run_id":"%016x","input":"a","output":"%s","success":true,"observations":[]}\n' "$i" "$i" "$text"
	done >many
	fl-collect -q part many
	(ulimit -v 30000; fl-collect all part) >passed
	cmp part/traces.jsonl <(sed 's/,"part":"part","observations":\[\]//' passed)
	cmp part/traces.jsonl <(sed 's/,"part":"part"//' all/traces.jsonl)
}
