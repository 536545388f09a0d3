#!/bin/bash
# Runs an experiment in parts on several nodes, loses some of them in the middle,
# gathers the parts, and looks for each run exactly once: pipelines/slurm.sh on
# Slurm, pipelines/parallel.sh on hosts behind ssh. Needs root.
#
# Everything is in namespaces of its own: there is no network but theirs, and no
# process outlives this one. Files are in a temporary folder; KEEP=1 keeps it.
set -euo pipefail
cd "$(dirname "$0")/../.."
tree=$PWD

if [ -z "${SCALE_INSIDE-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo 'check-scale: needs root' >&2; exit 2; }
	SCALE_WORK=$(mktemp -d)
	export SCALE_INSIDE=1 SCALE_WORK
	unshare --net --pid --mount --uts --ipc --fork --mount-proc --kill-child \
		bash "$0" &
	trap 'kill -9 $! 2>/dev/null || :; [ -n "${KEEP-}" ] || rm -rf "$SCALE_WORK"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	[ -z "${KEEP-}" ] || echo "check-scale: see $SCALE_WORK" >&2
	wait $!
	exit
fi

build=$(realpath "${BUILD:-build}")
work=$SCALE_WORK
export PATH=$build/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=$work/home
unset "${!FLUXLOOP_@}" "${!SLURM_@}" "${!SBATCH_@}"

INPUTS=2000
RUNS=20000

fail()
{
	echo "check-scale: $*" >&2
	exit 1
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for()
{
	local until=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < until)) || fail "no end of waiting for: $*"
		sleep 0.1
	done
}

# begun PARTS HOST: whether an attempt on this host is in the middle of its part.
begun()
{
	local file lines

	for file in "$1"/*/"$2".*.jsonl; do
		[ -f "$file" ] || continue
		lines=$(wc -l <"$file")
		((lines < 100 || lines > 600)) || return 0
	done
	return 1
}

# pull_plug PID: kills a node, which is all that this process has started.
pull_plug()
{
	{
		kill -9 "$1"
		wait "$1"
	} 2>/dev/null || :
}

# tried_again PARTS: the number of parts with several attempts.
tried_again()
{
	find "$1" -name '*.jsonl' -printf '%h\n' | sort | uniq -d | wc -l
}

# exactly_once DIR: whether each run, with its observations, is in the experiment.
exactly_once()
{
	jq -r .run_id "$1/trace_summary.jsonl" | sort | cmp - want ||
		fail "$1: not each run once"
	[ "$(jq .results.total_runs "$1/summary.json")" -eq "$RUNS" ] ||
		fail "$1: summary.json has another number of runs"
	[ "$(wc -l <"$1/observations.jsonl")" -eq $((2 * RUNS)) ] ||
		fail "$1: not each observation once"
}

prepare()
{
	mount --make-rprivate /
	mount -t tmpfs tmpfs /run
	ip link set lo up
	# names are not looked up where the only address is that of the loopback
	ip link add cable type veth peer name end
	ip address add 10.77.0.1/24 dev cable
	ip link set cable up
	ip link set end up
	hostname controller
	# the user and the names that are used here, whatever the machine's are
	mkdir -p "$HOME"
	chmod 755 "$work"
	sed "s|^root:.*|root:x:0:0:root:$HOME:/bin/bash|" /etc/passwd >passwd
	sed 's|^root:.*|root:*:::::::|' /etc/shadow >shadow
	echo '127.0.0.1 localhost controller' >hosts
	for file in passwd shadow hosts; do
		mount --bind "$file" "/etc/$file"
	done
	"${CC:-gcc}" -O2 -o steady "$tree/tests/agents/steady.c"
	cat >setting.yaml <<-END
	name: scale
	iterations: $((RUNS / INPUTS))
	runner:
	  process: {command: ["$work/steady"]}
	END
	seq "$INPUTS" | sed 's/.*/{"input":"question &"}/' >inputs.jsonl
	fl-run -c setting.yaml --list inputs.jsonl | jq -r .run_id | sort >want
	[ "$(uniq want | wc -l)" -eq "$RUNS" ]
}

cd "$work"
prepare
# shellcheck source=tests/scale/slurm.bash
. "$tree/tests/scale/slurm.bash"
# shellcheck source=tests/scale/hosts.bash
. "$tree/tests/scale/hosts.bash"
on_slurm
on_hosts
