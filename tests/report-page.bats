#!/usr/bin/env bats

# fl-report -f html: the page of an experiment, in a browser.

load test_helper
load filter_helper
load browser_helper

# One browser for all tests of this file.
setup_file()
{
	find_python
	find_browser
	cd "$BATS_FILE_TMPDIR" || return
	browser_check report-check.py inputs
	python3 "$ROOT/tests/bench/make-runs.py" base 200 7 0
	python3 "$ROOT/tests/bench/make-runs.py" new 200 8 0.2
	python3 "$ROOT/tests/bench/make-runs.py" large 10000 8 0.2
	fl-report -f html -o new.html new
	fl-report -f html --diff base -o diff.html new
	fl-report -f html -o large.html large
	fl-report -f html --diff hostile-base.jsonl -o hostile.html hostile.jsonl
	for name in odd one long; do
		fl-report -f html -o $name.html $name.jsonl
	done
	browser_check report-check.py start 3>&-
}

teardown_file()
{
	browser_check report-check.py stop
}

# check WHAT: runs the checks of that name.
check()
{
	browser_says report-check.py "$1"
}

@test "a page is complete and refers to nothing else" {
	check static
}

@test "the head and the pictures say how the experiment went" {
	check figures
}

@test "runs can be searched, filtered and ordered" {
	check table
}

@test "a run opens in place" {
	check open
}

@test "a comparison with a base is in the page" {
	check diff
}

@test "10,000 runs scroll" {
	check large
}

@test "text in records cannot become markup or script" {
	check hostile
}

@test "a value of the wrong type in any field is harmless" {
	check odd
}

@test "no page requests anything" {
	check network
}

@test "pages follow the preferences of the reader, print, and fit a phone" {
	check look
}

@test "a page of 1,000 runs has less than 2 MB whatever the texts, of 10,000 less than 10" {
	cd "$BATS_FILE_TMPDIR"
	(($(stat -c %s long.html) < 2000000))
	(($(stat -c %s large.html) < 10000000))
	# --all leaves nothing out
	fl-report -f html --all long.jsonl >whole.html
	(($(stat -c %s whole.html) > 10000000))
	assert_equal "$(grep -c 'word \(word \)*",' whole.html)" 1000
}

@test "a page is the same every time" {
	cd "$BATS_FILE_TMPDIR"
	fl-report -f html --diff base --name new new | cmp - diff.html
}
