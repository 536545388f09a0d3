# Helpers for the tests of fl-http. Load it after filter_helper. Each file has two
# servers, at URL and URL2; their requests are in LOG and LOG2.

setup_file()
{
	find_python
	cd "$BATS_FILE_TMPDIR" || return
	serve url log
	serve url2 log2
	export LOG=$PWD/log LOG2=$PWD/log2 URL URL2
	URL=$(cat url)
	URL2=$(cat url2)
}

teardown_file()
{
	xargs kill <"$BATS_FILE_TMPDIR/pids" 2>/dev/null || true
}

teardown()
{
	[ ! -s pids ] || xargs kill <pids 2>/dev/null || true
}

# serve FILE LOG [ADDRESS]: starts a server, which writes its URL to FILE.
serve()
{
	python3 "$ROOT/tests/agents/service.py" "$@" >"$1.out" 2>&1 3>&- &
	echo $! >>pids
	wait_for "$1"
}

# setting LINE...: writes setting.yaml with these lines of runner.http, where URL
# stands for the server's.
setting()
{
	local line

	printf 'runner:\n  timeout_seconds: 60\n  http:\n' >setting.yaml
	for line; do
		printf '    %s\n' "${line//URL/$URL}" >>setting.yaml
	done
}

# ask OPTION...: runs the input "hello", or those of the file "in", on the service;
# traces are in the file "got", messages in "err".
ask()
{
	[[ -e in ]] || echo '{"input":"hello"}' >in
	fl-run -c setting.yaml "$@" in >got 2>err
}

# traced FILTER: prints the filter's compact output for each trace.
traced()
{
	jq -c "$1" got
}
