#!/usr/bin/env bash
#
# Replay the last recorded call unchanged and print the trace as Markdown: to
# repeat after each edit while you fix a handler.
#
# usage: replay-latest.sh [PROJECT]
#   PROJECT   the folder with setting.yaml (default .)
#   TARGET    only the calls of this target (environment)
#
# Exit status: 0 success, 1 the run failed, 2 it could not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

project=$(cd -- "${1:-.}" && pwd)
config=$project/setting.yaml
recording=$project/recordings/args.jsonl

# The worst exit status counts, but not that of a program that lost its reader
# (141).
status=0
fl-record-extract --last ${TARGET:+--target "$TARGET"} "$recording" |
	fl-generate --config "$config" --original --limit 1 |
	fl-run --config "$config" --iterations 1 --no-progress |
	fl-parse --format md ||
	for one in "${PIPESTATUS[@]}"; do
		((one == 141 || one <= status)) || status=$one
	done

exit "$status"
