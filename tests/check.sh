#!/usr/bin/env bash
# Runs all tests, several files at a time, and prints "N passed, N failed" at
# the end. Exits with 1 if a test failed.
set -u
# Tests send signals, which a program that inherits them ignored (from nohup,
# from a shell's background job) rightly keeps ignoring.
if [ -z "${CHECK_SIGNALS-}" ]; then
	CHECK_SIGNALS=default exec env --default-signal bash "$0" "$@"
fi
unset CHECK_SIGNALS
# the tests that run make are not part of the make that runs them
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 2
build=$(realpath "${BUILD:-build}")
export PATH=$build/bin:$PATH CC=${CC:-gcc}
export FLUXLOOP_PYTHONPATH=$PWD/lib/python
# Where python3 is a script that looks for the interpreter, as pyenv's, it takes
# longer than most tests: the interpreter's folder comes first.
python=$(command -v "${PYTHON:-python3}")
if [ "$(head -c 2 -- "$python" | tr -d '\0')" = '#!' ]; then
	python=$("$python" -c 'import sys; print(sys.executable)')
	PATH=$build/bin:${python%/*}:${PATH#"$build/bin:"}
fi
# the tests do not depend on the user's environment
unset "${!FLUXLOOP_@}"
export FLUXLOOP_PYTHONPATH=$PWD/lib/python
logs=$build/check
# The tests have a Python with nothing but its standard library: what the user has
# installed may take longer at each start than the rest of a test.
CHECK_PYTHON=$python
# The milliseconds that each file took in the last run.
took=$(cat "$logs"/*.tap 2>/dev/null | awk '
	/^# tests\// { file = $2 }
	match($0, / in [0-9]+ms/) { ms[file] += substr($0, RSTART + 4) }
	END { for (file in ms) print ms[file], file }')
rm -rf "$logs"
mkdir -p "$logs"
if "$CHECK_PYTHON" -m venv --without-pip "$logs/python" 2>/dev/null; then
	PATH=$build/bin:$logs/python/bin:${PATH#"$build/bin:"}
	PYTHON=python3
fi
export CHECK_PYTHON PYTHON
# The files that take longest, which start first where the times of the last run
# are not known. build/check/*.tap has the time of each test.
slow=(parse-engine fluxloop fault-table html run resume import run-engine llm
	terminal report-page http faults accelerator formats replay disk-faults
	run-faults report parse json-suite bad-input node generate config evaluate)
# Seconds that a file may take; test_helper.bash limits single tests.
longest=3600

python_tests()
{
	local log=$logs/python.log ran bad
	PYTHONPATH=lib/python timeout --foreground "$longest" \
		"${PYTHON:-python3}" -m unittest discover -s tests/python \
		>"$log" 2>&1
	ran=$(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} .*/\1/p' "$log")
	bad=$(sed -n 's/^FAILED (\(.*\))$/\1/p' "$log" | tr ',' '\n' |
		sed -n 's/^ *\(failures\|errors\)=//p' |
		awk '{ n += $1 } END { print n + 0 }')
	[ -n "$ran" ] || { ran=1 bad=1; }
	echo "$((ran - bad)) $bad" >"$logs/python.count"
	[ "$bad" -eq 0 ] || cat "$log"
}

bats_file()
{
	local name log
	name=$(basename "$1" .bats)
	log=$logs/$name.tap
	echo "# $1" >"$log"
	timeout --foreground "$longest" bats --timing --formatter tap "$1" >>"$log" 2>&1
	local status=$? passed failed
	passed=$(grep -c '^ok ' "$log")
	failed=$(grep -c '^not ok ' "$log")
	# a file that did not run to its end has failed, too
	[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
	echo "$passed $failed" >"$logs/$name.count"
	printf '%-24s %3d passed, %d failed\n' "$name" "$passed" "$failed"
	[ "$failed" -eq 0 ] || sed -n '/^not ok /,/^ok /p' "$log"
}

# bats_files: prints the names of all files, the slow ones first.
bats_files()
{
	sort -rn <<<"$took" | sed -n 's/.* //p'
	printf 'tests/%s.bats\n' "${slow[@]}"
	printf '%s\n' tests/*.bats
}

export logs longest
export -f bats_file
python_tests &
# Some tests wait for something: there are more files at a time than processors.
# shellcheck disable=SC2016 # expanded by the shell that xargs starts
bats_files | awk '!seen[$0]++' | while read -r file; do
	[ ! -f "$file" ] || echo "$file"
done |
	xargs -n 1 -P $(($(nproc) + 2)) bash -c 'bats_file "$1"' _
wait
cat "$logs"/*.count | awk '
	{ passed += $1; failed += $2 }
	END {
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}'
