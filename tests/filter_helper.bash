# Helpers for the tests of the filters. Load it after test_helper.

# find_python [MODULE]: for setup_file; puts the Python interpreter itself first in
# PATH, before launchers of interpreters, which take ten times as long to start. If
# that one lacks MODULE, it is one that has it, if there is any.
find_python()
{
	local python found start

	for python in python3 "${CHECK_PYTHON:-python3}" /usr/bin/python3; do
		found=$(command -v "$python") || continue
		[[ -z ${1-} ]] || "$python" -c "import $1" 2>/dev/null || continue
		read -rn 2 start <"$found" || :
		[[ $start != '#!' ]] ||
			found=$("$python" -c 'import sys; print(sys.executable)')
		export PATH="${found%/*}:$PATH"
		return
	done
	[[ -z ${1-} ]] || find_python
}

# assert_jq FILTER EXPECTED FILE: the filter's compact output for FILE is EXPECTED.
assert_jq()
{
	assert_equal "$1: $(jq -c "$1" "$3")" "$1: $2"
}

# values FILTER FILE: prints the filter's output lines, joined by spaces.
values()
{
	jq -r "$1" "$2" | paste -sd ' '
}

# formats: prints the names of the formats, one on each line.
formats()
{
	fl-parse --list-formats | cut -f 1
}

# documented PAGE NAME: the manual page PAGE mentions NAME as a word.
documented()
{
	grep -qwF -- "$2" "$ROOT/man/$1" || fail "$1 does not document $2"
}

# processes NAME=VALUE: prints the number of processes with that variable.
processes()
{
	grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null | wc -l
}

# is_sanitized: succeeds if the programs were built with the sanitizers, which
# need more memory and stack.
is_sanitized()
{
	grep -qF __asan_init "$BIN/fl-yaml"
}

# library_flags: prints the flags to link a C program with the project's library.
library_flags()
{
	printf '%s\n' "-I$ROOT/lib" "${BIN%/bin}/libfluxloop.a" -lyaml -lm
	if is_sanitized; then
		printf '%s\n' -fsanitize=address,undefined
	fi
}

# little KIB COMMAND...: runs a command with at most KIB KiB of address space.
little()
{
	(
		is_sanitized || ulimit -v "$1"
		shift
		exec "$@"
	)
}
