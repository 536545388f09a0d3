# The rows of bench.sh: a stage each, and the limits that they are compared with.
# shellcheck shell=bash disable=SC2016,SC2154 # of the inner shell, of bench.sh

limit cat e100/observations.jsonl cat
row 'wc -l' @e100/observations.jsonl MB cat e100/observations.jsonl wc -l
row 'fl-parse, 10 MB to Markdown' @e10/observations.jsonl MB cat /dev/null fl-parse e10
row 'fl-parse, 100 MB to Markdown' @e100/observations.jsonl MB cat /dev/null fl-parse e100
row 'fl-parse, one thread' @e100/observations.jsonl MB cat /dev/null fl-parse -j 1 e100
for format in $(fl-parse --list-formats | cut -f 1); do
	row "fl-parse, 100 MB to $format" @e100/observations.jsonl MB cat \
		/dev/null fl-parse -f "$format" --overwrite -o "$memory/out" e100
	rm -rf "$memory/out"
done
copies 5 1000 \
	'  the same without JSON, of files=./spread "$to" 1000 "$from/rows-only.jsonl" "$from/observations.jsonl"' \
	'  the same without JSON, of a pipe=cat "$from/rows-only.jsonl" "$from/observations.jsonl" | ./spread "$to" 1000' \
	'fl-parse of a directory, into a folder=fl-parse -o "$to" "$from"' \
	'fl-parse of two files, joined=fl-parse -o "$to" "$from/rows-only.jsonl" "$from/observations.jsonl"' \
	'fl-parse of a pipe, rows first=cat "$from/rows-only.jsonl" "$from/observations.jsonl" | fl-parse -o "$to"' \
	'fl-parse of a pipe, rows last=cat "$from/observations.jsonl" "$from/rows-only.jsonl" | fl-parse -o "$to"' \
	'fl-parse of a pipe, whole traces=cat "$from/whole.jsonl" | fl-parse -o "$to"'
if [ "${BENCH_LARGE-}" ]; then
	copies 1 10000 \
		'fl-parse of 10 GB=fl-parse -o "$to" "$from"'
fi
limit 'cat of small traces' small.jsonl cat
row 'fl-parse, traces of 1 KB to jsonl' 1000000 traces 'cat of small traces' \
	small.jsonl fl-parse -f jsonl
rm -f small.jsonl

limit 'wc -l of recordings' args.jsonl wc -l
row 'fl-record-extract' 100000 records 'wc -l of recordings' args.jsonl fl-record-extract
limit 'wc -l of calls' calls.jsonl wc -l
row 'fl-generate, 1,000 inputs of one call' 1000 inputs 'wc -l of calls' \
	one.jsonl sh -c 'fl-record-extract | fl-generate --limit 1000'
row 'fl-generate, 24 inputs of each call' 240000 inputs 'wc -l of calls' calls.jsonl fl-generate
limit 'wc -l of inputs' in.jsonl wc -l
row 'fl-yaml, YAML to JSONL' @in.yaml MB 'wc -l of inputs' in.yaml fl-yaml
row 'fl-yaml, JSONL to YAML' @in.jsonl MB 'wc -l of inputs' in.jsonl fl-yaml --to-yaml
limit 'wc -l of spans' spans.lines wc -l
row 'fl-import, a document a line' @spans.lines MB 'wc -l of spans' spans.lines fl-import otlp
row 'fl-import, the same over several lines' @spans.pretty MB 'wc -l of spans' \
	spans.pretty fl-import otlp

limit 'pipe ping-pong, 100,000 trips' /dev/null ./pingpong 100000
row 'fl-run, a C agent' 100000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run --command ./noop-agent
row 'fl-run, two C agents' 100000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run -j 2 --command ./noop-agent
RUNS=own row 'fl-run alone, 1,000,000 calls' 1000000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run -n 10 -j 2 --command ./noop-agent
RUNS=own row 'fl-run alone, --ordered' 1000000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run -n 10 -j 2 --ordered --command ./noop-agent
limit 'xargs -P2, 2,000 shell agents' in2k.jsonl xargs -P 2 -d '\n' -n 1 ./one-call.sh
row 'fl-run, 2,000 shell agents' 2000 calls 'xargs -P2, 2,000 shell agents' \
	in2k.jsonl fl-run -c fresh.yaml -j 2
limit 'python3 -c pass' /dev/null "$FLUXLOOP_PYTHON" -c pass
more 'fl-run, one call, Python' 1 calls 'python3 -c pass' in1.jsonl fl-run --target noop:sync
more 'fl-run, 2,000 calls, Python' 2000 calls 'python3 -c pass' \
	in2k.jsonl fl-run --target noop:sync
more 'fl-run, an observation a call' 2000 calls 'python3 -c pass' \
	in2k.jsonl fl-run --target observed:one
more 'fl-run, 500 calls, 20 of 3 KB each' 500 calls 'python3 -c pass' \
	in500.jsonl fl-run --target observed:twenty
row 'fl-run, two async Python agents' 100000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run -j 2 --target noop:coro
limit 'fl-run, two Python agents' in.jsonl fl-run -j 2 --target noop:sync
row 'fl-run | fl-collect, two Python agents' 100000 calls 'fl-run, two Python agents' \
	in.jsonl sh -c 'fl-run -j 2 --target noop:sync | fl-collect -q $memory/out; rm -r $memory/out'
row 'fl-run, fl-http, a request at a time' 100000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run -c service.yaml
row 'fl-run, fl-http, 64 at once' 100000 calls 'pipe ping-pong, 100,000 trips' \
	in.jsonl fl-run -c service.yaml -j 64
row 'fl-http, start and end' 1 starts 'python3 -c pass' /dev/null fl-http -c service.yaml
limit 'cat of traces' traces.jsonl cat
row 'fl-collect of a file' 100000 traces 'cat of traces' \
	/dev/null sh -c 'fl-collect -q $memory/out traces.jsonl; rm -r $memory/out'
limit 'cat of 64 parts' /dev/null sh -c 'cat parts/*'
RUNS=own row 'fl-collect of 64 parts' 1000000 traces 'cat of 64 parts' \
	/dev/null sh -c 'exec fl-collect -q $memory/out parts/*'
rm -rf parts "$memory/out"

limit 'wc -l of 10,000 runs' runs8/evaluation/trace_summary.jsonl wc -l
for format in $(fl-report --list-formats | cut -f 1); do
	row "fl-report, 10,000 runs to $format" 10000 runs 'wc -l of 10,000 runs' \
		/dev/null fl-report -f "$format" runs8
	row "fl-report --diff, to $format" 10000 runs 'wc -l of 10,000 runs' \
		/dev/null fl-report -f "$format" --diff runs7 runs8
done
limit 'wc -l of 1,000 traces' verdicts.1k.jsonl wc -l
row 'fl-evaluate, 1,000 traces, ten checks' 1000 traces 'wc -l of 1,000 traces' \
	verdicts.1k.jsonl fl-evaluate -c verdicts.yaml --errors ignore
limit 'wc -l of 100,000 traces' verdicts.small.jsonl wc -l
row 'fl-evaluate, small traces, one check' 100000 traces 'wc -l of 100,000 traces' \
	verdicts.small.jsonl fl-evaluate -c one.yaml
row 'fl-sample, 20 for each persona' 100000 traces 'wc -l of 100,000 traces' \
	verdicts.small.jsonl fl-sample --per persona 20
row 'fl-diff, 100,000 runs a side' 100000 pairs 'wc -l of 100,000 traces' \
	/dev/null fl-diff --fail-on never verdicts.base.jsonl verdicts.new.jsonl
row 'fl-llm, a server without latency' 20000 calls 'pipe ping-pong, 100,000 trips' \
	asked20k.jsonl sh -c 'fl-llm -q --base-url "$(cat model.url)" --model m'
row 'fl-llm, from its cache' 100000 replies 'pipe ping-pong, 100,000 trips' \
	asked.jsonl fl-llm -q --base-url http://127.0.0.1/v1 --model m --cache replies.cache --offline

limit true /dev/null true
for program in fl-llm fl-run fl-yaml fluxloop; do
	row "$program --help" 1 starts true /dev/null "$program" --help
done

if wanted 'JSON scanner'; then
	echo
	echo 'JSON scanner, one thread, bytes/s:'
	BUILD=$build "$bench/scan.sh"
fi
