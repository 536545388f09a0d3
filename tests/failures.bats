# What the report of a failed test says: test_helper.bash notes it in place of bats.
load test_helper

@test "a failed test is reported with its line, the calls that led there, and the values" {
	cd "$ROOT"
	run -1 bats tests/data/failing.bats
	grep -E 'ok |, line |expected :|actual  ' <<<"$output" >"$BATS_TEST_TMPDIR/got"
	diff tests/data/failing.txt "$BATS_TEST_TMPDIR/got"
}
