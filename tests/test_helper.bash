# For all bats files: the built programs come first in PATH, each test starts in an
# empty folder of its own and has a time limit, and the user's environment has no
# effect.

bats_require_minimum_version 1.5.0
export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
# Each test loads the libraries. Their load.bash starts a process for each of
# their files, which takes longer than most tests.
for name in bats-support bats-assert bats-file; do
	if [[ ! -d $BATS_LIB_PATH/$name/src ]]; then
		bats_load_library "$name"
		continue
	fi
	for file in "$BATS_LIB_PATH/$name"/src/*.bash; do
		# shellcheck disable=SC1090 # files of the system
		source "$file"
	done
done
unset name file

ROOT=${BATS_TEST_DIRNAME%/*}
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
# a build in another folder would not find the package
export FLUXLOOP_PYTHONPATH=$ROOT/lib/python
# Python compiles the package once, for all tests, and writes nothing beside it
export PYTHONPYCACHEPREFIX=${BIN%/bin}/pycache
unset PYTHONDONTWRITEBYTECODE

# Seconds that a test may take.
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-120}

# begin: each setup() calls it first. bats enforces the time limit from a background
# job of the test's shell; without the job, `wait` and `jobs` of a test concern its
# own jobs only.
begin()
{
	disown -a
	cd -- "$BATS_TEST_TMPDIR" || return
}

setup()
{
	begin
}

# wait_for FILE: waits until FILE exists; fails after a minute.
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

# mode_of PATH: prints the permissions of PATH, such as 600.
mode_of()
{
	stat -c %a -- "$1"
}

# lines_of FILE: prints the number of lines in FILE.
lines_of()
{
	wc -l <"$1"
}
