# Tests that fail, for failures.bats.
load ../test_helper
# bats waits for the end of a time limit if a test ends before what watches it is
# ready.
unset BATS_TEST_TIMEOUT
inner()
{
	true
	[[ $1 == 2 ]]
	true
}
outer()
{
	inner "$1"
}
teardown()
{
	[[ $BATS_TEST_DESCRIPTION != teardown ]]
}
@test "calls" {
	outer 2
	outer 1
}
@test "assertion" {
	for word in a b; do
		assert_equal "$word" a
	done
}
@test "pipe" {
	echo a | grep b
	true
}
@test "subshell" {
	(
		((0))
		true
	)
	true
}
@test "exit" {
	true
	exit 3
}
@test "list" {
	true
	[[ a == b ]] && true
}
@test "status" {
	run -0 false
}
@test "teardown" {
	true
}
@test "none" {
	! true
	if false; then true; fi
	false || true
}
