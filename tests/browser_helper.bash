# Helpers for the tests of pages in a browser. setup_file starts one for all tests
# of a file, and teardown_file ends it. Load it after test_helper.

# find_browser: for setup_file; skips the file where the browser is a snap, as on
# Ubuntu, which cannot read the files of a test.
find_browser()
{
	! head -c 1000 "$(command -v chromedriver)" 2>/dev/null |
		grep -q /snap/bin/ ||
		skip 'chromedriver is a snap, which cannot read the files of tests'
}

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
