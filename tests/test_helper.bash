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

for name in "${!FLUXLOOP_@}" VIRTUAL_ENV PYTHONPATH LANGUAGE TZ COLUMNS NO_COLOR \
	{http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY; do
	unset "$name"
done
unset name
# bash reads $'\u00e9' in the tests as the locale has it
{ export LC_ALL=C.UTF-8; } 2>/dev/null
umask 022
{ : <&0; } 2>/dev/null || exec </dev/null
# a build in another folder would not find the package
export FLUXLOOP_PYTHONPATH=$ROOT/lib/python
# Python compiles the package once, for all tests, and writes nothing beside it
export PYTHONPYCACHEPREFIX=${BIN%/bin}/pycache
unset PYTHONDONTWRITEBYTECODE

# Seconds that a test may take, on a machine that is busy with other things.
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-600}

# Before each command of a test, bats notes the stack of calls for the report of a
# failure. That takes fifty times as long as a command of the shell. It is enough
# to note the line, and the stack of a command that fails. These are the commands
# before each command; in one line, since LINENO counts the lines of a trap, too.
note_line='[[ $BASH_SOURCE == "$BATS_ROOT"/lib* || ${FUNCNAME-} == note_stack ]]'
note_line+=' || { BATS_DEBUG_LASTLAST_STACK_TRACE=("${BATS_DEBUG_LAST_STACK_TRACE[@]}");'
note_line+=' BATS_DEBUG_LAST_STACK_TRACE=("$LINENO ${FUNCNAME-} $BASH_SOURCE"); }'

# note_stack: notes the stack of a command that failed, from the line of the test
# or helper that called bats' libraries on.
# shellcheck disable=SC2034 # the variables are those of bats
note_stack()
{
	bats_check_status_from_trap
	local i trace=()

	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		[[ ${trace[*]} || ${BASH_SOURCE[i]} != "$BATS_ROOT"/lib* ]] ||
			continue
		trace+=("${BASH_LINENO[i - 1]} ${FUNCNAME[i]} ${BASH_SOURCE[i]}")
		case ${FUNCNAME[i]} in
		"$BATS_TEST_NAME" | setup | teardown) break ;;
		esac
	done
	# a test whose last command was part of a list fails after its end
	((!${#trace[@]})) || BATS_DEBUG_LAST_STACK_TRACE=("${trace[@]}")
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}

# trace_lightly: has the line and the stack noted by the functions above. A bats
# that does it in another way than known here is left to do so.
trace_lightly()
{
	local known='bats_debug_trap "$BASH_SOURCE"' trap

	trap -p DEBUG >"$BATS_TEST_TMPDIR.trap"
	read -r trap <"$BATS_TEST_TMPDIR.trap"
	[[ $trap == "trap -- '$known' DEBUG" && ${BATS_TRACE_LEVEL:-0} == 0 ]] ||
		return 0
	# shellcheck disable=SC2064 # it is expanded later
	trap "$note_line" DEBUG
	trap note_stack ERR
}

# begin: each setup() calls it first. bats enforces the time limit from a background
# job of the test's shell; without the job, `wait` and `jobs` of a test concern its
# own jobs only.
begin()
{
	disown -a
	trace_lightly
	cd -- "$BATS_TEST_TMPDIR" || return
}

setup()
{
	begin
}

# wait_until COMMAND...: repeats the command until it succeeds; fails after a minute.
# What a program in the background does is waited for by this alone: a file may
# not be there yet, as the program itself.
wait_until()
{
	local i

	for ((i = 0; i < 3000; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.02
	done
	echo "still not so: $*" >&2
	return 1
}

# in_time EXPECTED COMMAND...: checks that the command prints EXPECTED if LIMIT, the
# time limit in seconds that it gives to a program, is long enough for this
# machine. It is short at first.
in_time()
{
	local expected=$1 got LIMIT

	for LIMIT in 0.3 1 4 16; do
		got=$("${@:2}")
		[[ $got != "$expected" ]] || return 0
	done
	assert_equal "$got" "$expected"
}

# wait_for FILE: waits until FILE exists.
wait_for()
{
	wait_until test -e "$1"
}

# matches GLOB: whether there is such a file.
matches()
{
	compgen -G "$1"
}

# has_lines NUMBER FILE: whether the file has that many lines, or more.
has_lines()
{
	(($(lines_of "$2" || echo 0) >= $1))
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

# find_package NAME: sets `folder` to the node_modules with an npm package, which
# make check installs where npm is; or skips the test.
find_package()
{
	for folder in "$ROOT/build/npm" "$ROOT" /usr/local/lib /usr/lib; do
		folder=$folder/node_modules
		[[ ! -e $folder/$1/package.json ]] || return 0
	done
	skip "the npm package $1 is not there: npm install -g $1"
}
