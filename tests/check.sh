#!/usr/bin/env bash
# Runs all tests, files side by side, and ends with one line of its own:
# "N passed, N failed". Exits with 1 when one failed.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$(realpath "${BUILD:-build}")
export BUILD_DIR=$build PATH=$build/bin:$PATH CC=${CC:-gcc}
export FLUXLOOP_PYTHONPATH=$PWD/lib/python
# what a user may have set is not what the tests are about
unset "${!FLUXLOOP_@}"
export FLUXLOOP_PYTHONPATH=$PWD/lib/python
logs=$build/check
rm -rf "$logs"
mkdir -p "$logs"

python_tests()
{
	local log=$logs/python.log ran bad
	PYTHONPATH=lib/python "${PYTHON:-python3}" -m unittest discover \
		-s tests/python >"$log" 2>&1
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
	bats --formatter tap "$1" >"$log" 2>&1
	local status=$? passed failed
	passed=$(grep -c '^ok ' "$log")
	failed=$(grep -c '^not ok ' "$log")
	# a file that could not be run at all has failed too
	[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
	echo "$passed $failed" >"$logs/$name.count"
	printf '%-24s %3d passed, %d failed\n' "$name" "$passed" "$failed"
	[ "$failed" -eq 0 ] || sed -n '/^not ok /,/^ok /p' "$log"
}

export logs
export -f bats_file
python_tests &
# shellcheck disable=SC2016 # expanded by the shell that xargs starts
printf '%s\0' tests/*.bats |
	xargs -0 -n 1 -P "$(nproc)" bash -c 'bats_file "$1"' _
wait
cat "$logs"/*.count | awk '
	{ passed += $1; failed += $2 }
	END {
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}'
