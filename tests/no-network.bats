#!/usr/bin/env bats

# Nothing uses a network unless it is told to: sockets are refused and noted.

load test_helper
load filter_helper

setup()
{
	begin
	find_python
	"${CC:-gcc}" -fPIC -shared -o no-network.so "$ROOT/tests/no-network.c" -ldl
	[[ $BIN != */san/bin ]] || skip 'the sanitizers come first'
	export LD_PRELOAD=$PWD/no-network.so SOCKETS_LOG=$PWD/sockets
	unset OPENAI_BASE_URL OPENAI_API_KEY ANTHROPIC_BASE_URL
}

@test "the guide's commands open no socket" {
	fluxloop init project --name a
	cd fluxloop/a
	PYTHONPATH=$(fluxloop --python-path) python3 record_example.py
	fluxloop generate inputs --from-recording recordings/args.jsonl --limit 4
	fluxloop config validate
	fluxloop run experiment
	fluxloop parse experiment --latest
	sed -i 's/^assert:/&\n  - {type: llm-rubric, value: x, model: m}/' evaluation.yaml
	fluxloop evaluate experiment --latest || true
	fluxloop report --latest
	fluxloop doctor || true
	fluxloop status
	[ ! -e "$SOCKETS_LOG" ]
}

@test "fl-llm opens none without a call, and then one to the server alone" {
	local base=http://127.0.0.1:9/v1

	echo '{"model":"m","messages":[{"role":"user","content":"x"}]}' >in
	fl-llm --base-url "$base" --dry-run in
	run -1 fl-llm --base-url "$base" --cache c --offline in
	run -1 fl-llm --base-url "$base" --max-calls 0 in
	run -2 fl-llm in
	[ ! -e "$SOCKETS_LOG" ]
	run -1 fl-llm --base-url "$base" --retries 0 in
	assert_equal "$(sort -u "$SOCKETS_LOG")" fl-llm
}
