# shellcheck shell=bash disable=SC2154 # of bench.sh
# The inputs of bench.sh, in the current folder. A file whose name is in a command
# is made if it is missing, by the function make_NAME.

make_e10() { "$python" "$bench/make-experiment.py" e10 10; }
make_e100() { "$python" "$bench/make-experiment.py" e100 100; }
make_e1000()
{
	"$python" "$bench/make-experiment.py" e1000 1000
	fl-parse -f traces e1000 >e1000/whole.jsonl
}
make_e10000() { "$python" "$bench/make-experiment.py" e10000 10000; }
make_spans.lines() { "$python" "$bench/make-spans.py" lines 100 >spans.lines; }
make_spans.pretty() { "$python" "$bench/make-spans.py" pretty 100 >spans.pretty; }
make_runs7() { "$python" "$bench/make-runs.py" runs7 10000 7 0.1; }
make_runs8() { "$python" "$bench/make-runs.py" runs8 10000 8 0.1; }
make_verdicts.1k.jsonl() { "$python" "$bench/make-verdicts.py" .; }
make_verdicts.small.jsonl() { make_verdicts.1k.jsonl; }
make_verdicts.base.jsonl() { make_verdicts.1k.jsonl; }
make_in.yaml() { fl-yaml --to-yaml in.jsonl >in.yaml; }
make_traces.jsonl() { fl-run --command ./noop-agent in.jsonl >traces.jsonl; }

# 1,000,000 traces of 1 KB, with three observations each.
make_small.jsonl()
{
	awk 'BEGIN {
		text = sprintf("%150s", ""); gsub(/ /, "text ", text)
		text = substr(text, 1, 170)
		for (i = 0; i < 1000000; i++) {
			printf "{\"trace_id\":\"t%d\",\"iteration\":0,\"persona\":null,\"input\":\"question %d\",\"output\":\"answer %d\",\"duration_ms\":5,\"success\":true,\"observations\":[", i, i, i
			for (k = 0; k < 3; k++)
				printf "%s{\"trace_id\":\"t%d\",\"id\":\"o%d\",\"type\":\"tool\",\"name\":\"find\",\"input\":\"%s\"}", k ? "," : "", i, k, text
			print "]}"
		}
	}' >small.jsonl
}

# 64 files with 1,000,000 runs of 1,000 inputs.
make_parts()
{
	mkdir parts
	awk 'BEGIN {
		for (i = 0; i < 1000000; i++)
			printf "{\"trace_id\":\"%032x\",\"run_id\":\"%016x\",\"input_id\":\"%016x\",\"iteration\":%d,\"persona\":null,\"input\":\"question %d\",\"output\":\"answer\",\"duration_ms\":5,\"success\":true}\n", i, i, i % 1000, int(i / 1000), i % 1000 >("parts/" i % 64 ".jsonl")
	}'
}

make_service.yaml()
{
	rm -f url
	start_server ./http-server url
	printf 'runner: {http: {url: "%s", output_path: answer}}\n' "$(cat url)" \
		>service.yaml
}

make_model.url()
{
	start_server ./model-server model.url
}

make_replies.cache()
{
	[ -e model.url ] || make_model.url
	fl-llm -q --base-url "$(cat model.url)" --model m --cache replies.cache \
		asked.jsonl >/dev/null
}

# start_server COMMAND FILE: starts a server that writes its address to a file,
# and ends with this program.
servers=''
trap 'rm -rf "$memory"; [ -z "$servers" ] || kill $servers' EXIT
start_server()
{
	"$@" &
	servers="$servers $!"
	while [ ! -s "$2" ]; do sleep 0.05; done
}

# --- small files, which are made each time ---------------------------------------

rm -f service.yaml model.url replies.cache
seq 100000 | sed 's/.*/{"input":"How do I change order & to another address?"}/' \
	>in.jsonl
head -n 2000 in.jsonl >in2k.jsonl
head -n 500 in.jsonl >in500.jsonl
head -n 1 in.jsonl >in1.jsonl
awk '{ printf "{\"id\":\"%d\",\"messages\":[{\"role\":\"user\",\"content\":" \
	"\"Is the answer to question %d polite?\"}]}\n", NR, NR }' in.jsonl >asked.jsonl
head -n 20000 asked.jsonl >asked20k.jsonl
seq 10000 | sed 's/.*/{"input":"Where is order &? It was due on 3 May.","input_path":"text","kwargs":{"text":"Where is order &? It was due on 3 May."}}/' \
	>calls.jsonl
printf '{"_version":"1","iteration":0,"target":"a:b","kwargs":{"data":{"content":"How do I reset my password?"}},"timestamp":"2025-10-04T14:09:02"}\n' \
	>one.jsonl
yes "$(cat one.jsonl)" | head -n 100000 >args.jsonl || true
printf 'def sync(input):\n    return input\n\n\nasync def coro(input):\n    return input\n' \
	>noop.py
cat >one-call.sh <<'END'
#!/bin/sh
# fl-run sends the input as a line, xargs as an argument
read -r line || line=$1
echo ok
END
chmod +x one-call.sh
printf 'runner: {isolation: call, process: {command: [./one-call.sh], protocol: lines}}\n' \
	>fresh.yaml
cat >observed.py <<'PY'
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
