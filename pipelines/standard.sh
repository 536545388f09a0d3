#!/usr/bin/env bash
#
# The guide's flow by hand: recorded calls in, an experiment folder with a
# Markdown file for each trace out, in one pipeline.
#
# usage: standard.sh [PROJECT]
#   PROJECT   the folder with setting.yaml (default .)
#   LIMIT     so many inputs (environment, default 50)
#   SEED      another one gives other inputs (environment)
#
# Exit status: 0 all went well, 1 a run failed, 2 it could not be done.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

project=$(cd -- "${1:-.}" && pwd)
config=$project/setting.yaml
dir=$project/experiments/standard_$(date +%Y%m%d_%H%M%S)
mkdir -p -- "$project/experiments"
mkdir -m 700 -- "$dir" || exit 2

# Any line can be dropped, changed or added on the way: put what you like
# between two stages. What is generated is kept, so that it can be run again.
#
# The worst of the stages counts; one that lost its reader (141) is not to blame.
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
