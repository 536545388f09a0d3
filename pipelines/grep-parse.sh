#!/usr/bin/env bash
#
# grep between fl-run and fl-parse: only matching traces become Markdown. A trace
# is one line with all its observations, so any text in it can match.
#
# usage: grep-parse.sh PATTERN OUTPUT [PROJECT]
#   PATTERN   a basic regular expression, such as '"success":false'
#   OUTPUT    the folder for the Markdown files, which must not exist
#   PROJECT   the folder with setting.yaml and the inputs (default .)
#
# example: grep-parse.sh '"name":"find_order"' orders
#
# Exit status: 0 a trace matched, 1 none did, 2 it could not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

if (($# < 2)); then
	echo "usage: grep-parse.sh PATTERN OUTPUT [PROJECT]" >&2
	exit 2
fi
pattern=$1
output=$2
project=$(cd -- "${3:-.}" && pwd)
config=$project/setting.yaml
inputs=$(fl-config -f "$config" get inputs_file)
[[ $inputs == /* ]] || inputs=$project/$inputs

# A failed run (1) does not stop the pipeline: it may be what the pattern is for.
# The worst exit status counts, but not that of a program that lost its reader
# (141).
status=0
{ fl-yaml "$inputs" | fl-run --config "$config" || (($? == 1)) || exit 2; } |
	grep -e "$pattern" |
	fl-parse --format md --output-dir "$output" ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
