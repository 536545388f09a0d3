#!/usr/bin/env bash
#
# Test an agent in CI: run it over the inputs, evaluate the answers, compare them
# with those of the baseline, and report. One exit status says whether to merge.
#
# usage: ci.sh [PROJECT]
#   PROJECT    the folder with setting.yaml, evaluation.yaml and the inputs
#              (default .)
#   BASELINE   rows of an earlier run (environment, default baseline.jsonl in
#              PROJECT); without the file nothing is compared
#   OUT        folder for the results (environment, default ci in PROJECT)
#   UPDATE     1: make this run the baseline instead (environment)
#
# It writes OUT/junit.xml, OUT/summary.md and OUT/experiment, with summary.md
# also to $GITHUB_STEP_SUMMARY and annotations if a workflow of GitHub runs it.
#
# Exit status: 0 good, 1 a gate was missed or a regression was shown, 2 it could
# not run.

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../build/bin

project=$(cd -- "${1:-.}" && pwd)
config=$project/setting.yaml
checks=$project/evaluation.yaml
baseline=${BASELINE:-$project/baseline.jsonl}
out=${OUT:-$project/ci}
inputs=$(fl-config -f "$config" get inputs_file)
[[ $inputs == /* ]] || inputs=$project/$inputs
mkdir -p -- "$out"
rm -rf -- "$out/experiment"
mkdir -m 700 -- "$out/experiment"

status=0
# worse STATUS...: keeps the worst exit status, but not that of a program that
# lost its reader (141).
worse() {
	local one

	for one; do
		((one == 141 || one <= status)) || status=$one
	done
}

# A run that failed is a trace that does not pass: the gates decide.
fl-yaml "$inputs" |
	fl-run --config "$config" --no-progress |
	fl-evaluate --config "$checks" |
	fl-collect --quiet --config "$config" "$out/experiment" || {
	codes=("${PIPESTATUS[@]}")
	((codes[1] != 1)) || codes[1]=0
	worse "${codes[@]}"
}
if ((status > 1)); then
	exit "$status"
fi

rows=$out/experiment/trace_summary.jsonl
fl-report --format junit --name "${project##*/}" --output "$out/junit.xml" "$rows"
fl-report --format md --name "${project##*/}" --output "$out/summary.md" "$rows"
if [[ ${UPDATE-} == 1 ]]; then
	cp -- "$rows" "$baseline.new"
	mv -- "$baseline.new" "$baseline"
elif [[ -e $baseline ]]; then
	fl-diff "$baseline" "$rows" || worse "$?"
	fl-diff --format md --fail-on never "$baseline" "$rows" 2>/dev/null \
		>>"$out/summary.md" || true
else
	printf '%s: %s: no baseline: UPDATE=1 makes one\n' "${0##*/}" \
		"$baseline" >&2
fi
if [[ ${GITHUB_STEP_SUMMARY-} ]]; then
	cat -- "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ ${GITHUB_ACTIONS-} == true ]]; then
	fl-report --format github "$rows"
fi

exit "$status"
