#!/usr/bin/env bash
# Measures the throughput and the peak memory of each stage: medians of five
# runs, compared with a baseline that a stage cannot be much faster than, which
# is measured in the same run.
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}")
work=$build/bench
python=${PYTHON:-python3}
FLUXLOOP_PYTHON=$("$python" -c 'import sys; print(sys.executable)')
export PATH=$build/bin:$PATH FLUXLOOP_PYTHONPATH=$PWD/lib/python FLUXLOOP_PYTHON
mkdir -p "$work"
for tool in measure pingpong noop-agent http-server model-server; do
	"${CC:-gcc}" -O2 -o "$work/$tool" "tests/bench/$tool.c"
done

# measured INPUT COMMAND...: sets seconds (median) and peak (KiB, of the command
# and its children).
measured()
{
	local line
	line=$("$work/measure" 5 "$@")
	seconds=${line% *} peak=${line#* }
}

# own INPUT COMMAND...: sets seconds and peak (KiB, of the command alone) of one
# run.
own()
{
	local line
	line=$("$work/measure" own "$@")
	seconds=${line% *} peak=${line#* }
}

# show NAME AMOUNT UNIT COMPARISON: prints the last measurement.
show()
{
	awk -v name="$1" -v n="$2" -v unit="$3" -v comparison="$4" \
		-v s="$seconds" -v peak="$peak" 'BEGIN {
		printf "%-38s %10.0f %-11s %8.3f s %7.1f MiB  %s\n",
			name, n / s, unit "/s", s, peak / 1024, comparison }'
}

# row NAME AMOUNT UNIT BASELINE SECONDS: prints the last measurement, with its
# time as a multiple of the baseline's.
row()
{
	show "$1" "$2" "$3" "$(awk -v s="$seconds" -v base="$5" \
		'BEGIN { printf "%6.2f x", s / base }') $4"
}

# more NAME AMOUNT UNIT BASELINE SECONDS: prints the last measurement, with the
# difference of its time to the baseline's.
more()
{
	show "$1" "$2" "$3" "$(awk -v s="$seconds" -v part="$5" \
		'BEGIN { printf "%6.3f s over", s - part }') $4"
}

for size in 10 100 1000 ${BENCH_LARGE:+10000}; do
	[ -d "$work/e$size" ] ||
		"$python" tests/bench/make-experiment.py "$work/e$size" "$size"
done
for layout in lines pretty; do
	[ -f "$work/spans.$layout" ] || "$python" tests/bench/make-spans.py \
		"$layout" 100 >"$work/spans.$layout"
done
[ -f "$work/in.jsonl" ] || seq 100000 |
	sed 's/.*/{"input":"How do I change order & to another address?"}/' \
	>"$work/in.jsonl"
head -n 2000 "$work/in.jsonl" >"$work/in2k.jsonl"
head -n 500 "$work/in.jsonl" >"$work/in500.jsonl"
head -n 1 "$work/in.jsonl" >"$work/in1.jsonl"
fl-yaml --to-yaml "$work/in.jsonl" >"$work/in.yaml"
printf 'def sync(input):\n    return input\n\n\nasync def coro(input):\n    return input\n' \
	>"$work/noop.py"
cat >"$work/one-call.sh" <<'END'
#!/bin/sh
# fl-run sends the input as a line, xargs as an argument
read -r line || line=$1
echo ok
END
chmod +x "$work/one-call.sh"
printf 'runner: {isolation: call, process: {command: [./one-call.sh], protocol: lines}}\n' \
	>"$work/fresh.yaml"
cat >"$work/observed.py" <<-'PY'
	import itertools

	import fluxloop

	PAGE = 'One line of a page, with "quotes" and an é, as texts have.\n' * 50

	@fluxloop.agent()
	def one(input):
	    return input

	@fluxloop.tool()
	def find(page, n):
	    return {"at": n}

	pages = ("%d %s" % (n, PAGE) for n in itertools.count())

	def twenty(input):
	    for n in range(20):
	        find(next(pages), n)
	    return input
PY
obs=$work/e100/observations.jsonl
mb=$(($(stat -c %s "$obs") / 1000000))
ymb=$(($(stat -c %s "$work/in.yaml") / 1000000))
printf '{"_version":"1","iteration":0,"target":"a:b","kwargs":{"data":{"content":"How do I reset my password?"}},"timestamp":"2025-10-04T14:09:02"}\n' \
	>"$work/one.jsonl"
yes "$(cat "$work/one.jsonl")" | head -n 100000 >"$work/args.jsonl" || true
cd "$work"

echo "stage                                  throughput                 median  peak memory   baseline"
measured "$obs" cat; cat=$seconds; row cat "$mb" MB cat "$cat"
measured "$obs" wc -l; row 'wc -l' "$mb" MB cat "$cat"
measured /dev/null fl-parse e10
row 'fl-parse, 10 MB to Markdown' 10 MB cat "$cat"
measured /dev/null fl-parse e100
row 'fl-parse, 100 MB to Markdown' "$mb" MB cat "$cat"
measured /dev/null fl-parse -j 1 e100
row 'fl-parse, one thread' "$mb" MB cat "$cat"
measured /dev/null fl-parse --format jsonl e100
row 'fl-parse, 100 MB to per-trace JSONL' "$mb" MB cat "$cat"
measured /dev/null fl-parse --format html --overwrite -o e100.html e100
row 'fl-parse, 100 MB to HTML' "$mb" MB cat "$cat"
rm -rf e100.html

# copies MEGABYTES RUNS: compares fl-parse into a folder with cp, in turn. Before
# each run 2.5 GB of memory are written once: in a virtual machine, the first
# write to a page may be ten times slower, because the host has to find the page.
# Files are removed only at the end, because ext4 creates files more slowly after
# others were removed; they are written to the disk after each run.
copies()
{
	local size=$1 runs=$2 run i took=() peaks=() commands line e=e$1
	local bytes=$((size * 1000000))
	names=('cp, into a file' 'fl-parse of a directory, into a folder'
		'fl-parse of files, joined' 'fl-parse of a pipe, joined')
	# shellcheck disable=SC2016 # expanded by the inner shell
	commands=('cp "$1/observations.jsonl" "$2"'
		'fl-parse -o "$2" "$1"'
		'fl-parse -o "$2" "$1/rows-only.jsonl" "$1/observations.jsonl"'
		'cat "$1/rows-only.jsonl" "$1/observations.jsonl" | fl-parse -o "$2"')
	rm -rf copies
	mkdir copies
	for ((run = 0; run < runs; run++)); do
		for i in "${!commands[@]}"; do
			head -c 2500000000 /dev/zero >/dev/shm/fluxloop-bench || true
			rm -f /dev/shm/fluxloop-bench
			line=$("$work/measure" 1 /dev/null sh -c "${commands[i]}" \
				sh "$e" "copies/$i-$run")
			sync
			took[i]="${took[i]-} ${line% *}"
			((${peaks[i]-0} > ${line#* })) || peaks[i]=${line#* }
		done
	done
	rm -rf copies
	for i in "${!commands[@]}"; do
		# shellcheck disable=SC2086 # words
		seconds=$(printf '%s\n' ${took[i]} | sort -n |
			sed -n "$((runs / 2 + 1))p")
		peak=${peaks[i]}
		((i)) || cp=$seconds
		row "${names[i]}" $((bytes / 1000000)) MB cp "$cp"
	done
}
copies 1000 5
if [ "${BENCH_LARGE-}" ]; then
	copies 10000 1
fi
measured args.jsonl wc -l; wc=$seconds
measured args.jsonl fl-record-extract
row 'fl-record-extract' 100000 records 'wc -l' "$wc"
measured one.jsonl sh -c 'fl-record-extract | fl-generate --limit 1000'
row 'fl-generate, 1,000 inputs of one call' 1000 inputs 'wc -l' "$wc"
seq 10000 | sed 's/.*/{"input":"Where is order &? It was due on 3 May.","input_path":"text","kwargs":{"text":"Where is order &? It was due on 3 May."}}/' \
	>calls.jsonl
measured calls.jsonl wc -l; wc=$seconds
measured calls.jsonl fl-generate
row 'fl-generate, 24 inputs of each call' 240000 inputs 'wc -l' "$wc"
measured in.yaml wc -l; wc=$seconds
measured in.yaml fl-yaml; row 'fl-yaml, YAML to JSONL' "$ymb" MB 'wc -l' "$wc"
measured in.jsonl fl-yaml --to-yaml
row 'fl-yaml, JSONL to YAML' "$ymb" MB 'wc -l' "$wc"
smb=$(($(stat -c %s "$work/spans.lines") / 1000000))
measured spans.lines wc -l; wc=$seconds
measured spans.lines fl-import otlp
row 'fl-import, a document a line' "$smb" MB 'wc -l' "$wc"; lines=$seconds
smb=$(($(stat -c %s "$work/spans.pretty") / 1000000))
measured spans.pretty fl-import otlp
row 'fl-import, the same over several lines' "$smb" MB 'one a line' "$lines"
measured /dev/null ./pingpong 100000; ping=$seconds
row 'pipe ping-pong' 100000 trips ping-pong "$ping"
measured in.jsonl fl-run --command ./noop-agent
row 'fl-run, a C agent' 100000 calls ping-pong "$ping"
measured in.jsonl fl-run -j 2 --command ./noop-agent
row 'fl-run, two C agents' 100000 calls ping-pong "$ping"
own in.jsonl fl-run -n 10 -j 2 --command ./noop-agent
row 'fl-run alone, 1,000,000 calls' 1000000 calls ping-pong "$ping"
own in.jsonl fl-run -n 10 -j 2 --ordered --command ./noop-agent
row 'fl-run alone, --ordered' 1000000 calls ping-pong "$ping"
measured in2k.jsonl xargs -P 2 -d '\n' -n 1 ./one-call.sh; xargs=$seconds
row 'xargs -P2, 2,000 shell agents' 2000 calls xargs "$xargs"
measured in2k.jsonl fl-run -c fresh.yaml -j 2
row 'fl-run, 2,000 shell agents' 2000 calls xargs "$xargs"
measured /dev/null "$FLUXLOOP_PYTHON" -c pass; start=$seconds
row 'python3 -c pass' 1 starts 'python3 -c pass' "$start"
measured in1.jsonl fl-run --target noop:sync
more 'fl-run, one call, Python' 1 calls 'python3 -c pass' "$start"
measured in2k.jsonl fl-run --target noop:sync
more 'fl-run, 2,000 calls, Python' 2000 calls 'python3 -c pass' "$start"
measured in2k.jsonl fl-run --target observed:one
more 'fl-run, an observation a call' 2000 calls 'python3 -c pass' "$start"
measured in500.jsonl fl-run --target observed:twenty
more 'fl-run, 500 calls, 20 of 3 KB each' 500 calls 'python3 -c pass' "$start"
measured in.jsonl fl-run -j 2 --target noop:sync
row 'fl-run, two Python agents' 100000 calls ping-pong "$ping"
measured in.jsonl fl-run -j 2 --target noop:coro
row 'fl-run, two async Python agents' 100000 calls ping-pong "$ping"
rm -f url
./http-server url &
server=$!
trap 'kill "$server"' EXIT
while [ ! -s url ]; do sleep 0.05; done
printf 'runner: {http: {url: "%s", output_path: answer}}\n' "$(cat url)" \
	>service.yaml
measured in.jsonl fl-run -c service.yaml
row 'fl-run, fl-http, a request at a time' 100000 calls ping-pong "$ping"
measured in.jsonl fl-run -c service.yaml -j 64
row 'fl-run, fl-http, 64 at once' 100000 calls ping-pong "$ping"
measured /dev/null fl-http -c service.yaml
row 'fl-http, start and end' 1 starts 'python3 -c pass' "$start"
measured in.jsonl fl-run -j 2 --target noop:sync; alone=$seconds
# shellcheck disable=SC2016 # expanded by the inner shell
measured in.jsonl sh -c 'd=$(mktemp -d) && fl-run -j 2 --target noop:sync |
	fl-collect --quiet "$d/x"; rm -r "$d"'
row 'fl-run, Python, and fl-collect' 100000 calls 'fl-run alone' "$alone"
fl-run --command ./noop-agent in.jsonl >traces.jsonl
measured traces.jsonl wc -l; wc=$seconds
# shellcheck disable=SC2016 # expanded by the inner shell
measured /dev/null sh -c 'd=$(mktemp -d) && fl-collect --quiet "$d/x" traces.jsonl; rm -r "$d"'
row 'fl-collect' 100000 traces 'wc -l' "$wc"
rm -rf parts gathered
mkdir parts
fl-run -n 10 --ordered --command ./noop-agent in.jsonl | split -n r/64 - parts/
own /dev/null fl-collect --quiet gathered parts/*
show 'fl-collect, 64 parts' 1000000 runs ''
rm -rf parts gathered
for seed in 7 8; do
	[ -d "runs$seed" ] || "$python" "$OLDPWD/tests/bench/make-runs.py" \
		"runs$seed" 10000 "$seed" 0.1
done
measured runs8/evaluation/trace_summary.jsonl wc -l; wc=$seconds
for format in $(fl-report --list-formats | cut -f 1); do
	measured /dev/null fl-report -f "$format" runs8
	row "fl-report, 10,000 runs to $format" 10000 runs 'wc -l' "$wc"
	measured /dev/null fl-report -f "$format" --diff runs7 runs8
	row "fl-report --diff, to $format" 10000 runs 'wc -l' "$wc"
done
[ -f verdicts.small.jsonl ] || "$python" "$OLDPWD/tests/bench/make-verdicts.py" .
measured verdicts.1k.jsonl wc -l; wc=$seconds
measured verdicts.1k.jsonl fl-evaluate -c verdicts.yaml --errors ignore
row 'fl-evaluate, 1,000 traces, ten checks' 1000 traces 'wc -l' "$wc"
measured verdicts.small.jsonl wc -l; wc=$seconds
measured verdicts.small.jsonl fl-evaluate -c one.yaml
row 'fl-evaluate, small traces, one check' 100000 traces 'wc -l' "$wc"
measured verdicts.small.jsonl fl-sample --per persona 20
row 'fl-sample, 20 for each persona' 100000 traces 'wc -l' "$wc"
measured /dev/null fl-diff --fail-on never verdicts.base.jsonl verdicts.new.jsonl
row 'fl-diff, 100,000 runs a side' 100000 pairs 'wc -l' "$wc"
"$work/model-server" model.url &
server=$!
trap 'kill "$server"' EXIT
while [ ! -s model.url ]; do sleep 0.1; done
awk '{ printf "{\"id\":\"%d\",\"messages\":[{\"role\":\"user\",\"content\":" \
	"\"Is the answer to question %d polite?\"}]}\n", NR, NR }' in.jsonl >asked.jsonl
head -n 20000 asked.jsonl >asked20k.jsonl
model=(fl-llm -q --base-url "$(cat model.url)" --model m)
measured asked20k.jsonl "${model[@]}"
row 'fl-llm, a server without latency' 20000 calls ping-pong "$ping"
rm -f replies.cache
"${model[@]}" --cache replies.cache asked.jsonl >/dev/null
measured asked.jsonl "${model[@]}" --cache replies.cache --offline
row 'fl-llm, from its cache' 100000 replies ping-pong "$ping"
kill "$server"
trap - EXIT
measured /dev/null true; true=$seconds
measured /dev/null fl-llm --help; row 'fl-llm --help' 1 starts true "$true"
measured /dev/null fl-run --help; row 'fl-run --help' 1 starts true "$true"
measured /dev/null fl-yaml --help; row 'fl-yaml --help' 1 starts true "$true"
measured /dev/null fluxloop --help; row 'fluxloop --help' 1 starts true "$true"

echo
echo "JSON scanner, one thread, bytes/s:"
BUILD=$build "$OLDPWD/tests/bench/scan.sh"
