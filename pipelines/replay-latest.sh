#!/usr/bin/env bash
#
# Plays the last recorded call again, just as it was, and prints what happened
# as Markdown: for the edit, replay, look circle while a handler is mended.
#
# usage: replay-latest.sh [PROJECT]
#   PROJECT   the folder with setting.yaml (default .)
#   TARGET    only the calls of this target (environment)
#
# Exit status: 0 all went well, 1 the run failed, 2 it could not be done.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

project=$(cd -- "${1:-.}" && pwd)
config=$project/setting.yaml
recording=$project/recordings/args.jsonl

# The worst of the stages counts; one that lost its reader (141) is not to blame.
status=0
fl-record-extract --last ${TARGET:+--target "$TARGET"} "$recording" |
	fl-generate --config "$config" --original --limit 1 |
	fl-run --config "$config" --iterations 1 --no-progress |
	fl-parse --format md ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
