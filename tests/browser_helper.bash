# Helpers for the tests of pages in a browser. setup_file starts one for all tests
# of a file, and teardown_file ends it. Load it after test_helper.

# browser_check PROGRAM WHAT: runs tests/PROGRAM for the pages of this file.
browser_check()
{
	PYTHONDONTWRITEBYTECODE=1 timeout 100 python3 "$ROOT/tests/$1" "$2" \
		"$BATS_FILE_TMPDIR"
}

# browser_says PROGRAM WHAT: as browser_check, and prints the sentences that hold.
browser_says()
{
	local said status=0

	said=$(browser_check "$@") || status=$?
	sed -n 's/^holds: /# /p' <<<"$said" >&3
	sed '/^holds: /d' <<<"$said"
	return "$status"
}
