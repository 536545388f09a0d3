#!/bin/sh
# The whole guide, on the example agent of a new project.
#
# usage: demo.sh [FOLDER]
#   FOLDER    folder for the project, deleted first (default fluxloop-demo)
set -eu
folder=${1:-fluxloop-demo}
PYTHONPATH=$(fluxloop --python-path)
export PYTHONPATH

step() {
	printf '\n$ %s\n' "$*"
	"$@"
}

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
step fluxloop init project --name my-agent
cd fluxloop/my-agent
step python3 record_example.py
step fluxloop generate inputs --config setting.yaml \
	--from-recording recordings/args.jsonl --limit 50
step fluxloop run experiment --config setting.yaml
experiment=$(find experiments -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
step fluxloop parse experiment "$experiment" \
	--output per_trace_analysis --overwrite

first=$(find "$experiment/per_trace_analysis" -name '*.md' | sort | head -n 1)
printf '\nLook at:\n'
for file in setting.yaml app/handler.py recordings/args.jsonl \
	inputs/generated.yaml "$experiment/summary.json" "$first"; do
	printf '  %s/%s\n' "$PWD" "$file"
done
