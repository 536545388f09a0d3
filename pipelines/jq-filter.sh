#!/usr/bin/env bash
#
# A jq filter between fl-generate and fl-run: only the inputs that it prints are
# run. The traces go to stdout.
#
# usage: jq-filter.sh FILTER [PROJECT]
#   FILTER    a jq program from an input to an input, or to nothing
#   PROJECT   the folder with setting.yaml (default .)
#   LIMIT     number of inputs before the filter (environment, default 50)
#
# examples: jq-filter.sh 'select(.metadata.strategy == "typo")'
#           jq-filter.sh '.input |= ascii_upcase' my-agent | fl-parse
#
# Exit status: 0 success, 1 a run failed, 2 or more it could not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

if (($# == 0)); then
	echo "usage: jq-filter.sh FILTER [PROJECT]" >&2
	exit 2
fi
project=$(cd -- "${2:-.}" && pwd)
config=$project/setting.yaml

# An input_id identifies the text and the arguments. It is removed, so that fl-run
# computes that of the filter's result.
# The worst exit status counts, but not that of a program that lost its reader
# (141).
status=0
fl-record-extract --unique "$project/recordings/args.jsonl" |
	fl-generate --config "$config" --limit "${LIMIT:-50}" |
	jq -c "$1" |
	jq -c 'del(.input_id)' |
	fl-run --config "$config" ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
