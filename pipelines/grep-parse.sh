#!/usr/bin/env bash
#
# A grep between running and parsing: only traces that match become Markdown.
# A trace is one line with all its observations, so any text of it will do.
#
# usage: grep-parse.sh PATTERN OUTPUT [PROJECT]
#   PATTERN   a basic regular expression, such as '"success":false'
#   OUTPUT    the folder for the Markdown files, which must not be there yet
#   PROJECT   the folder with setting.yaml and the inputs (default .)
#
# example: grep-parse.sh '"name":"find_order"' orders
#
# Exit status: 0 a trace matched, 1 none did, 2 it could not be done.

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

# That a run failed (1) is no reason to stop here: it may be what is looked for.
# The worst of the stages counts; one that lost its reader (141) is not to blame.
status=0
{ fl-yaml "$inputs" | fl-run --config "$config" || (($? == 1)) || exit 2; } |
	grep -e "$pattern" |
	fl-parse --format md --output-dir "$output" ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
