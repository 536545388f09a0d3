# Helpers for the tests of agents and systems that fail. Load it after
# filter_helper.

LONGEST=100	# seconds that one fl-run may take
MOST=		# KiB of memory that it may use; empty: not measured
SIDE_BY_SIDE=4	# rows that run at once
ROWS=0		# rows started so far

# wrong WHAT...: prints what is wrong with the current row.
wrong()
{
	echo "$ROW: $*"
}

# marked MARK: prints the ids of the running processes with FAULT_MARK=MARK in
# their environment.
marked()
{
	grep -lzxF -- "FAULT_MARK=$1" /proc/[0-9]*/environ 2>/dev/null |
		cut -d / -f 3
}

# none_left MARK: kills the processes that `marked` finds, and reports them.
none_left()
{
	local pids

	mapfile -t pids < <(marked "$1")
	((${#pids[@]})) || return 0
	wrong "${#pids[@]} processes left, such as $(tr '\0' ' ' <"/proc/${pids[0]}/cmdline")"
	kill -KILL "${pids[@]}"
}

# whole FILE: reports a FILE that has anything but whole lines in UTF-8.
whole()
{
	[[ ! -s $1 || -z $(tail -c 1 -- "$1") ]] ||
		wrong 'the last line has no newline'
	iconv -f UTF-8 -t UTF-8 -- "$1" >/dev/null || wrong 'not UTF-8'
}

# measured COMMAND...: runs a command, and writes its peak memory in KiB to the
# file "peak".
measured()
{
	python3 -SEc "
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(child.pid, 0)
open('peak', 'w').write(str(used.ru_maxrss))
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status)
         else 128 + os.WTERMSIG(status))" "$@"
}

# attempt COMMAND...: runs a command, and reports if it takes longer than LONGEST,
# leaves processes running, or prints anything but whole lines. Its output is in
# the files "got" and "err", its exit status in `status`.
attempt()
{
	local mark=$PWD/$RANDOM

	status=0
	FAULT_MARK=$mark ${MOST:+measured} timeout -k 1 "$LONGEST" "$@" \
		>got 2>err || status=$?
	[[ $status -ne 124 && $status -ne 137 ]] || wrong "not ended after $LONGEST s"
	none_left "$mark"
	whole got
	[[ ! $MOST || $(<peak) -lt $MOST ]] ||
		wrong "$(($(<peak) >> 10)) MiB of memory used"
}

# A filter for jq -Rnr, for the file "got" of rows. It prints a line for each: its
# number; the outcomes of the inputs, such as "1=fine 1, 2=crash 7, 3=timeout -15,
# 4=error ValueError"; whether the traces of the inputs other than 3 are free of
# its fault; and whether the row's CONDITION is true of the trace of 3. For a file
# that is not traces, it says so. CONDITIONS is replaced.
LOOK_AT='
def how: if .success then .output |
		if type == "string" then .[:6] else type end
	else "\(.error_kind) \(.error_code // .exit_code //
		if .signal then -.signal else "-" end)" end;
def clean: .attempts == 1 and .observation_count == 0 and
	.duration_ms >= 0 and .start_time <= .end_time and
	([.stdout, .stderr, .error, .callback_messages] | all(. == null));
def condition($row): CONDITIONS;
[inputs | [(input_filename | split("/")[1]), .]] | group_by(.[0])[] |
	.[0][0] as $row | try (map(.[1] | fromjson) | sort_by(.input) | [$row,
		(map("\(.input)=\(how)") | join(", ")),
		(map(select(.input != "3")) | all(clean)),
		(map(select(.input == "3")) | map(condition($row)) == [true])])
	catch [$row, "not traces: \(.)", true, true] | map(tostring) | join("\t")'

# look_at ROW...: applies it to the files of these rows, and reports what is not as
# expected.
look_at()
{
	local row name expected got clean so condition
	local conditions

	(($#)) || return 0
	for row; do
		condition=$(<"rows/$row/condition")
		conditions+=" if \$row == \"$row\" then ($condition) else"
		# a file without a line is not seen
		[[ -s rows/$row/got ]] ||
			printf '%s\tno traces\ttrue\ttrue\n' "$row"
	done >looked
	conditions+=" false$(printf ' end%.0s' "$@")"
	set -- "${@/#/rows/}"
	jq -Rnr "${LOOK_AT%CONDITIONS*}$conditions${LOOK_AT#*CONDITIONS}" \
		"${@/%//got}" >>looked
	while IFS=$'\t' read -r row got clean so; do
		{ read -r name; read -r expected; } <"rows/$row/expected"
		ROW=$name
		{
			# shellcheck disable=SC2053 # it is a pattern
			[[ $got == $expected ]] || wrong "$got"
			[[ $clean == true ]] || wrong 'other traces are affected'
			[[ $so == true ]] || wrong "not true: $(<"rows/$row/condition")"
		} >>"rows/$row.wrong"
	done <looked
	[[ $(lines_of looked) == "$#" ]] || wrong 'not all rows were looked at'
}

# one_row KIND HOW EXPECTED CONDITION [option...]: runs a row of `rows`: inputs 1
# to 5, where the agent misbehaves at 3. LIMIT in an option is a short time, longer
# if it turns out to be too short for the other inputs on this machine.
one_row()
{
	local how=$2 expected=$3 condition=${4:-true} agent got limit
	local target=$ROOT/tests/agents/faulty.py

	case $1 in
	c) agent=(--command "$BATS_FILE_TMPDIR/fault $how") ;;
	python) agent=(--target "$target:handle") ;;
	async) agent=(--target "$target:handle_async") ;;
	esac
	shift 4
	printf '{"input":"%d"}\n' 1 2 3 4 5 >in
	# the time of a run starts when its agent is ready
	echo 'runner: {process: {ready_pattern: READY}}' >ready.yaml
	echo 'runner: {isolation: call}' >call.yaml
	echo 'runner: {max_retries: 1, retry_delay: 0}' >again.yaml
	for limit in 0.5 2 8 32; do
		FAULT=$how attempt fl-run "${agent[@]}" "${@/LIMIT/$limit}" in
		[[ $* == *LIMIT* ]] || break
		grep -q '"input":"[1245]",.*"error_kind":"timeout"' got || break
	done
	[[ $expected == @(fine*|array) ]] && got=0 || got=1
	[[ $status -eq $got ]] || wrong "exit status $status"
	[[ ! -s err ]] || wrong "stderr: $(head -c 1000 err)"
	# for look_at
	printf '%s\n' "$ROW" \
		"1=fine 1, 2=fine 2, 3=$expected, 4=fine 4, 5=fine 5" >expected
	echo "$condition" >condition
}

# rows KIND JOBS...: starts the rows of the table on stdin, SIDE_BY_SIDE at a
# time, each once for every JOBS, with that number of agents. KIND is the agent:
# "c", "python" or "async". The columns, separated by semicolons, are
#	what the agent does, for people
#	how it is made to: the arguments of the C program; else the variable
#	    FAULT
#	options of fl-run, see one_row; ready.yaml, call.yaml and again.yaml exist
#	the outcome of input 3, as a pattern (see LOOK_AT)
#	a jq filter that has to be true of its trace; may be absent
rows()
{
	local kind=$1 name how options expected condition jobs here

	shift
	while IFS=';' read -r name how options expected condition; do
		for jobs; do
			here=rows/$((++ROWS))
			mkdir -p "$here"
			(
				cd "$here" || exit
				ROW="$name (-j $jobs)"
				# shellcheck disable=SC2086 # options are words
				one_row "$kind" "$how" "$expected" \
					"$condition" -j "$jobs" $options
			) >"$here.wrong" 2>&1 3>&- &
			while (($(jobs -rp | wc -l) >= SIDE_BY_SIDE)); do
				wait -n || :
			done
		done
	done < <(sed 's/[ \t]*;[ \t]*/;/g; s/^[ \t]*//')
}

# all_well: waits for all rows, and fails with the reports of all of them.
all_well()
{
	local row small=()

	wait
	((ROWS)) || fail 'no rows'
	for ((row = 1; row <= ROWS; row++)); do
		# jq holds all that it reads
		if (($(stat -c %s "rows/$row/got") > 1000000)); then
			look_at "$row"
		else
			small+=("$row")
		fi
	done >wrong
	look_at "${small[@]}" >>wrong
	cat rows/*.wrong >>wrong
	[[ ! -s wrong ]] || fail "$(<wrong)"
}
