# For the tests of agents and systems that fail; to be loaded after
# filter_helper.

# How long one fl-run may take, in seconds; how much memory, in KiB, if that is
# of interest; how many rows run at a time; and how many there are.
LONGEST=20
MOST=
SIDE_BY_SIDE=4
ROWS=0

# wrong WHAT...: says what is wrong with the row that is looked at.
wrong()
{
	echo "$ROW: $*"
}

# marked MARK: prints the ids of the processes that are left of those with
# FAULT_MARK=MARK in their environment.
marked()
{
	grep -lzxF -- "FAULT_MARK=$1" /proc/[0-9]*/environ 2>/dev/null |
		cut -d / -f 3
}

# none_left MARK: says how many are left, and ends them.
none_left()
{
	local pids

	mapfile -t pids < <(marked "$1")
	((${#pids[@]})) || return 0
	wrong "left: ${#pids[@]}, such as $(tr '\0' ' ' <"/proc/${pids[0]}/cmdline")"
	kill -KILL "${pids[@]}"
}

# whole FILE: says so if it has anything but whole lines in UTF-8.
whole()
{
	[[ ! -s $1 || -z $(tail -c 1 -- "$1") ]] ||
		wrong 'the last line has no end'
	iconv -f UTF-8 -t UTF-8 -- "$1" >/dev/null || wrong 'not UTF-8'
}

# measured COMMAND...: runs it; the file peak has how many KiB it needed.
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

# attempt COMMAND...: runs it, which ends in time, leaves nothing that runs,
# and prints whole lines. Makes got and err; sets status.
attempt()
{
	local mark=$PWD/$RANDOM

	status=0
	FAULT_MARK=$mark ${MOST:+measured} timeout -k 1 "$LONGEST" "$@" \
		>got 2>err || status=$?
	[[ $status -ne 124 && $status -ne 137 ]] || wrong 'it did not end'
	none_left "$mark"
	whole got
	[[ ! $MOST || $(<peak) -lt $MOST ]] ||
		wrong "it needed $(($(<peak) >> 10)) MiB"
}

# For jq -Rnr, which fails unless each line is JSON: what became of the inputs in
# short, such as "1=fine 1, 2=crash 7, 3=timeout -15, 4=error ValueError"; whether
# the traces of all but 3 have nothing of its fault in them; and whether of the
# trace of 3 that is true which is put in the place of CONDITION.
LOOK_AT='
def how: if .success then .output |
		if type == "string" then .[:6] else type end
	else "\(.error_kind) \(.error_code // .exit_code // -.signal)" end;
def clean: .attempts == 1 and .observation_count == 0 and
	.duration_ms >= 0 and .start_time <= .end_time and
	([.stdout, .stderr, .error, .callback_messages] | all(. == null));
[inputs | fromjson] | sort_by(.input) | (map("\(.input)=\(how)") | join(", ")),
	(map(select(.input != "3")) | all(clean)),
	(map(select(.input == "3")) | map(CONDITION) == [true])'

# one_row KIND HOW EXPECTED CONDITION [option...]: inputs 1 to 5, of which 3 is
# the bad one, as `rows` has it.
one_row()
{
	local how=$2 expected=$3 condition=${4:-true} agent got
	local target=$ROOT/tests/agents/faulty.py

	case $1 in
	c) agent=(--command "$BATS_FILE_TMPDIR/fault $how") ;;
	python) agent=(--target "$target:handle") ;;
	async) agent=(--target "$target:handle_async") ;;
	esac
	shift 4
	printf '{"input":"%d"}\n' 1 2 3 4 5 >in
	# the time of a run does not count before its agent is there
	echo 'runner: {process: {ready_pattern: READY}}' >ready.yaml
	echo 'runner: {isolation: call}' >call.yaml
	echo 'runner: {max_retries: 1, retry_delay: 0}' >again.yaml
	FAULT=$how attempt fl-run "${agent[@]}" "$@" in
	[[ $expected == @(fine*|array) ]] && got=0 || got=1
	[[ $status -eq $got ]] || wrong "exit status $status"
	[[ ! -s err ]] || wrong "it said: $(head -c 1000 err)"
	jq -Rnr "${LOOK_AT/CONDITION/$condition}" got >looked
	{ read -r got; read -r clean; read -r so; } <looked
	expected="1=fine 1, 2=fine 2, 3=$expected, 4=fine 4, 5=fine 5"
	# shellcheck disable=SC2053 # it is a pattern
	[[ $got == $expected ]] || wrong "$got"
	[[ $clean == true ]] || wrong 'other traces have to do with it'
	[[ $so == true ]] || wrong "not so: $condition"
}

# rows KIND JOBS...: starts the rows of a table, side by side, each as often as
# there are JOBS, with so many agents. Its columns are, with a semicolon between
# them:
#	what the agent does, for people
#	the words that tell it so: for the C program, its arguments; else the
#	    variable FAULT
#	options of fl-run; ready.yaml, call.yaml and again.yaml are there
#	what becomes of input 3, as a pattern (see LOOK_AT)
#	a filter of jq that has to be true of its trace; may be absent
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

# all_well: waits for all rows, and fails with all that is wrong, row by row.
all_well()
{
	wait
	((ROWS)) || fail 'no rows'
	cat rows/*.wrong >wrong
	[[ ! -s wrong ]] || fail "$(<wrong)"
}
