# Helpers for tests that need a model: a server on loopback that answers by rule.
# Each test has its own.

setup()
{
	begin
	find_python
}

teardown()
{
	end_model
}

# serve_model [NAME=VALUE...]: starts the server, with more environment
# variables; sets OPENAI_BASE_URL.
serve_model()
{
	rm -f url
	env "$@" "${PYTHON:-python3}" "$ROOT/tests/servers/model.py" url 3>&- &
	echo $! >>model.pids
	wait_for url
	OPENAI_BASE_URL=$(cat url)
	export OPENAI_BASE_URL
	unset OPENAI_API_KEY ANTHROPIC_BASE_URL ANTHROPIC_API_KEY
	unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
}

end_model()
{
	[ ! -s model.pids ] || xargs kill <model.pids 2>/dev/null || true
}

# asked: prints the number of requests that the server got.
asked()
{
	get_model /log
}

# get_model PATH: prints the server's reply to a GET, such as /log.
get_model()
{
	"${PYTHON:-python3}" -c 'import sys, urllib.request as u
print(u.urlopen(sys.argv[1]).read().decode())' "${OPENAI_BASE_URL%/v1}$1"
}

# chat TEXT...: prints a chat request for each text; ids are 1, 2 and so on.
chat()
{
	jq -nc '$ARGS.positional | to_entries[] | {id: "\(.key + 1)",
		messages: [{role: "user", content: .value}], model: "m"}' --args -- "$@"
}
