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
	assert_equal "$1: $(jq -c "$1" "$3")" "$1: $2"
}

# values FILTER FILE: what it makes of all lines, joined by spaces.
values()
{
	jq -r "$1" "$2" | paste -sd ' '
}

# processes NAME=VALUE: prints how many have exactly that in their environment.
processes()
{
	grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null | wc -l
}

# is_sanitized: the programs were built with the sanitizers, which need memory
# and stack of their own.
is_sanitized()
{
	nm "${BIN%/bin}/libfluxloop.a" 2>/dev/null | grep -q __asan_init
}

# library_flags: prints those to link a C program with the project's library.
library_flags()
{
	printf '%s\n' "-I$ROOT/lib" "${BIN%/bin}/libfluxloop.a" -lfyaml -lyaml -lm
	if is_sanitized; then
		printf '%s\n' -fsanitize=address,undefined
	fi
}

# little KIB COMMAND...: runs it with no more memory than that.
little()
{
	(
		is_sanitized || ulimit -v "$1"
		shift
		exec "$@"
	)
}
