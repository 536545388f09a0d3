# For the tests of the filters; to be loaded after test_helper.

# For setup_file: the interpreter itself comes before launchers of interpreters
# that may be in the PATH, which take ten times as long to start.
find_python()
{
	local python

	python=$(python3 -c 'import sys; print(sys.executable)')
	export PATH="${python%/*}:$PATH"
}

# assert_jq FILTER EXPECTED FILE: the filter makes these compact lines of it.
assert_jq()
{
	assert_equal "$1: $(jq -rc "$1" "$3")" "$1: $2"
}

# values FILTER FILE: what it makes of all lines, joined by spaces.
values()
{
	jq -r "$1" "$2" | paste -sd ' '
}

# processes MARKER: prints how many processes have it in their environment,
# this shell and what it waits for left out.
processes()
{
	local file count=0

	for file in /proc/[0-9]*/environ; do
		[[ $file == "/proc/$$/environ" ]] && continue
		[[ $file == "/proc/$BASHPID/environ" ]] && continue
		if tr '\0' '\n' 2>/dev/null <"$file" | grep -qxF -- "$1"; then
			count=$((count + 1))
		fi
	done 2>/dev/null
	echo "$count"
}

# modules_link: flags to link a C program with the project's library.
library_flags()
{
	local build=${BIN%/bin}

	printf '%s\n' "-I$ROOT/lib" "$build/libfluxloop.a" -lfyaml -lyaml -lm
	if nm "$build/libfluxloop.a" 2>/dev/null | grep -q __asan_init; then
		printf '%s\n' -fsanitize=address,undefined
	fi
}

# observations FILE: the observations of traces, one a line.
observations()
{
	jq -c '.observations[]' "$1"
}
