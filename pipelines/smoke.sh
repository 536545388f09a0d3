#!/usr/bin/env bash
#
# Run a few inputs once, for CI: print a line for each failed run, keep nothing.
#
# usage: smoke.sh [PROJECT]
#   PROJECT   the folder with setting.yaml and the inputs (default .)
#   COUNT     number of inputs (environment, default 5)
#   TIMEOUT   seconds for a call (environment, default 30)
#
# Exit status: 0 success, 1 a run failed, 2 it could not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

project=$(cd -- "${1:-.}" && pwd)
config=$project/setting.yaml
inputs=$(fl-config -f "$config" get inputs_file)
[[ $inputs == /* ]] || inputs=$project/$inputs

# The worst exit status counts, but not that of a program that lost its reader
# (141).
status=0
fl-yaml "$inputs" |
	head -n "${COUNT:-5}" |
	fl-run --config "$config" --iterations 1 --timeout "${TIMEOUT:-30}" \
		--no-progress |
	jq -r 'select(.success | not) | "\(.error_kind): \(.error) (\(.input))"' ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
