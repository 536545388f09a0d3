#!/usr/bin/env bash
# Measures each stage: its throughput, the median of five runs, the peak memory,
# and the time as a multiple of a limit: that of a command which does a part of
# the same work, measured in the same run. BENCH_ROWS is a pattern: only the
# rows whose names match are measured. BENCH_LARGE=1 adds those of 10 GB.
set -eu
cd "$(dirname "$0")/../.."
bench=$PWD/tests/bench
build=$(realpath "${BUILD:-build}")
python=${PYTHON:-python3}
FLUXLOOP_PYTHON=$("$python" -c 'import sys; print(sys.executable)')
export PATH=$build/bin:$PATH FLUXLOOP_PYTHONPATH=$PWD/lib/python FLUXLOOP_PYTHON
mkdir -p "$build/bench"
for tool in measure spread pingpong noop-agent http-server model-server; do
	"${CC:-gcc}" -std=gnu11 -D_FILE_OFFSET_BITS=64 -O2 \
		-o "$build/bench/$tool" "$bench/$tool.c"
done
cd "$build/bench"

# where stages write files: in memory, because the time that a disk's file system
# takes to make a file depends on those that were removed before
memory=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d -p .)
export memory

# --- how to measure ------------------------------------------------------------

declare -A limit_command=() limit_seconds=()
seconds='' peak=''

# limit NAME INPUT COMMAND...: names a command that stages are compared with.
limit()
{
	limit_command[$1]=$(printf '%q ' "${@:2}")
}

# measured RUNS INPUT COMMAND...: makes the inputs that are missing; sets seconds
# (median) and peak (KiB; with "own" as RUNS, that of the command alone).
measured()
{
	local line word

	# shellcheck disable=SC2048 # commands of sh -c have words, too
	for word in ${*:2}; do
		word=${word%%/*}
		word=${word//[^a-zA-Z0-9._-]/}
		[ -e "$word" ] || ! declare -F "make_$word" >/dev/null ||
			"make_$word"
	done
	line=$(./measure "$@")
	seconds=${line% *} peak=${line#* }
}

# show NAME AMOUNT UNIT COMPARISON: prints the last measurement. An AMOUNT of
# @FILE is the size of a file, in MB.
show()
{
	local amount=$2

	[ "$amount" = "${amount#@}" ] ||
		amount=$(awk -v n="$(stat -c %s "${amount#@}")" 'BEGIN { print n / 1e6 }')
	awk -v name="$1" -v n="$amount" -v unit="$3" -v comparison="$4" \
		-v s="$seconds" -v peak="$peak" 'BEGIN {
		printf "%-40s %10.0f %-11s %8.3f s %7.1f MiB  %s\n",
			name, n / s, unit "/s", s, peak / 1024, comparison }'
}

# find_limit NAME: sets base to the seconds of a limit, and shows them once.
find_limit()
{
	local command

	if [ -z "${limit_seconds[$1]-}" ]; then
		eval "command=(${limit_command[$1]})"
		measured 5 "${command[@]}"
		limit_seconds[$1]=$seconds
		printf '%-40s %22s %8.3f s %7.1f MiB\n' "  $1" '' "$seconds" \
			"$((peak / 1024))"
	fi
	base=${limit_seconds[$1]}
}

# wanted NAME: whether a row is measured.
wanted()
{
	# shellcheck disable=SC2053 # a pattern
	[[ $1 == ${BENCH_ROWS:-*} ]]
}

# row NAME AMOUNT UNIT LIMIT INPUT COMMAND...: measures a stage. RUNS may be set.
row()
{
	wanted "$1" || return 0
	find_limit "$4"
	measured "${RUNS:-5}" "${@:5}"
	show "$1" "$2" "$3" "$(awk -v s="$seconds" -v base="$base" \
		'BEGIN { printf "%6.2f x", s / base }') $4"
}

# more NAME AMOUNT UNIT LIMIT INPUT COMMAND...: the same, compared by difference.
more()
{
	wanted "$1" || return 0
	find_limit "$4"
	measured "${RUNS:-5}" "${@:5}"
	show "$1" "$2" "$3" "$(awk -v s="$seconds" -v part="$base" \
		'BEGIN { printf "%6.3f s over", s - part }') $4"
}

# copies RUNS SIZE ROW...: measures commands that write as much as they read, in
# turn, beside cp: a ROW is NAME=COMMAND, where $from is the input's folder and
# $to what the command makes, in memory if there is room; it is removed after each
# run.
copies()
{
	local runs=$1 size=$2 run i rows=() took=() peaks=() line made room

	shift 2
	for i; do
		! wanted "${i%%=*}" || rows+=("$i")
	done
	[ ${#rows[@]} -gt 0 ] || return 0
	# shellcheck disable=SC2016 # expanded by the inner shell
	rows=('  cp of the observations=cp "$from/observations.jsonl" "$to"' "${rows[@]}")
	[ -e "e$size" ] || "make_e$size"
	room=$(df --output=avail -m "$memory" | tail -n 1)
	made=$memory/out
	((room > 3 * size)) || made=out
	for ((run = 0; run < runs; run++)); do
		for i in "${!rows[@]}"; do
			line=$(from=e$size to=$made TOUCH=2500 \
				./measure 1 /dev/null sh -c "${rows[i]#*=}")
			rm -rf "$made"
			took[i]="${took[i]-} ${line% *}"
			((${peaks[i]-0} > ${line#* })) || peaks[i]=${line#* }
		done
	done
	for i in "${!rows[@]}"; do
		# shellcheck disable=SC2086 # words
		seconds=$(printf '%s\n' ${took[i]} | sort -n |
			sed -n "$((runs / 2 + 1))p")
		peak=${peaks[i]}
		((i)) || base=$seconds
		show "${rows[i]%%=*}" "@e$size/observations.jsonl" MB \
			"$(awk -v s="$seconds" -v base="$base" \
			'BEGIN { printf "%6.2f of the speed of cp", base / s }')"
	done
}

# --- the stages ----------------------------------------------------------------

# shellcheck source=tests/bench/inputs.sh
. "$bench/inputs.sh"
echo 'stage                                    throughput                 median  peak memory   limit'
# shellcheck source=tests/bench/rows.sh
. "$bench/rows.sh"
