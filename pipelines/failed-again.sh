#!/usr/bin/env bash
#
# Repeat only the failed runs of an experiment: after a fix, or to see whether
# they fail each time. The new traces go to stdout.
#
# usage: failed-again.sh EXPERIMENT [FL-RUN OPTION...]
#   EXPERIMENT   the folder, such as experiments/my-agent_20260102_030405
#   CONFIG       (environment, default setting.yaml two folders above it)
#
# example: failed-again.sh experiments/my-agent_20260102_030405 |
#              fl-parse --output-dir again
#
# Exit status: 0 none failed again, 1 a run failed, 2 it could not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

if (($# == 0)); then
	echo "usage: failed-again.sh EXPERIMENT [FL-RUN OPTION...]" >&2
	exit 2
fi
dir=$(cd -- "$1" && pwd) || exit 2
shift
config=${CONFIG:-$dir/../../setting.yaml}
if [[ ! -f $dir/traces.jsonl ]]; then
	echo "failed-again.sh: $dir: no traces.jsonl in it" >&2
	exit 2
fi

# These fields of a trace make an input: its text, its id, and the metadata, which
# include the recorded arguments. Iterations of the same input become one.
# The worst exit status counts, but not that of a program that lost its reader
# (141).
status=0
jq -c 'select(.success | not) | {input, input_id, metadata}' <"$dir/traces.jsonl" |
	LC_ALL=C sort -u |
	fl-run --config "$config" --iterations 1 "$@" ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
