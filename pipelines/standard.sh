#!/usr/bin/env bash
#
# The guide's flow by hand, in one pipeline: from recorded calls to an experiment
# folder with a Markdown file for each trace.
#
# usage: standard.sh [PROJECT]
#   PROJECT   the folder with setting.yaml (default .)
#   LIMIT     number of inputs (environment, default 50)
#   SEED      another seed makes other inputs (environment)
#
# Exit status: 0 success, 1 a run failed, 2 it could not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

project=$(cd -- "${1:-.}" && pwd)
config=$project/setting.yaml
dir=$project/experiments/standard_$(date +%Y%m%d_%H%M%S)
mkdir -p -- "$project/experiments"
mkdir -m 700 -- "$dir" || exit 2

# Put any filter between two stages: it may drop, change or add lines. The
# generated inputs are kept, so that they can be run again.
#
# The worst exit status counts, but not that of a program that lost its reader
# (141).
status=0
fl-record-extract --unique "$project/recordings/args.jsonl" |
	fl-generate --config "$config" --limit "${LIMIT:-50}" \
		${SEED:+--seed "$SEED"} |
	tee -- "$dir/inputs.jsonl" |
	fl-run --config "$config" --stderr-dir "$dir/stderr" |
	fl-collect --config "$config" "$dir" |
	fl-parse --format md --output-dir "$dir/per_trace_analysis" ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

printf '%s\n' "$dir"
exit "$status"
