# For all bats files: the programs that were built come first in the PATH, each
# test starts in an empty folder of its own, and nothing of the user's
# environment gets in.

bats_require_minimum_version 1.5.0
export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

ROOT=$(cd -- "$BATS_TEST_DIRNAME/.." && pwd)
case ${BUILD:=build} in
/*) BIN=$BUILD/bin ;;
*) BIN=$ROOT/$BUILD/bin ;;
esac
DATA=$ROOT/tests/data
export ROOT BIN DATA PATH="$BIN:$PATH"

for name in "${!FLUXLOOP_@}" VIRTUAL_ENV PYTHONPATH; do
	unset "$name"
done
unset name
# a build in another place has the package nowhere near
export FLUXLOOP_PYTHONPATH=$ROOT/lib/python

setup()
{
	cd -- "$BATS_TEST_TMPDIR" || return
}

# wait_for FILE: until it is there; fails after a minute.
wait_for()
{
	local i

	for ((i = 0; i < 1200; i++)); do
		[[ -e $1 ]] && return
		sleep 0.05
	done
	echo "$1 did not appear" >&2
	return 1
}

# mode_of PATH: prints its permissions, such as 600.
mode_of()
{
	stat -c %a -- "$1"
}

# lines_of FILE: prints how many there are.
lines_of()
{
	wc -l <"$1"
}
