load test_helper
load filter_helper
load browser_helper

# One browser for all tests of this file.
setup_file()
{
	local name

	find_python
	find_browser
	export REFERENCE=$DATA/reference/parse
	cd "$BATS_FILE_TMPDIR" || return
	browser_check html-check.py inputs
	for name in *.jsonl; do
		fl-parse -f html -o "${name%.jsonl}" "$name" 2>err ||
			[[ $? == 1 ]]
	done
	fl-parse -f html -o reference "$REFERENCE/decorated_nested"
	fl-parse -f html --shard-dirs -o sharded "$REFERENCE/decorated_nested"
	browser_check html-check.py start 3>&-
}

teardown_file()
{
	browser_check html-check.py stop
}

# check WHAT: runs the checks of that name.
check()
{
	browser_says html-check.py "$1"
}

@test "a page is complete: it refers to nothing else and has every record" {
	check static
}

@test "the waterfall has a row for each step at its time and below its parent" {
	check waterfall
}

@test "a search finds steps by their values and dims the others" {
	check search
}

@test "steps can be filtered by type and by error" {
	check types
}

@test "an open step shows its record with the spelling of numbers" {
	check step
}

@test "links to steps work, and so does the Back button" {
	check link
}

@test "pages and their list link to each other" {
	check list
}

@test "everything can be done with the keyboard" {
	check keys
}

@test "subtrees fold, and assistive technology sees a tree" {
	check tree
}

@test "no page is wider than a phone" {
	check phone
}

@test "pages follow the preferences of the reader, and print" {
	check look
}

@test "JSON can be copied, with a clipboard and without" {
	check copy
}

@test "text in records cannot become markup or script" {
	check hostile
}

@test "the policy of a page lets the browser load and run nothing else" {
	check policy
}

@test "thousands of steps, circles and huge values can be shown" {
	check large
}

@test "a value of the wrong type in any field is harmless" {
	check odd
}

@test "without JavaScript the waterfall, input and output are shown" {
	check plain
}

@test "the list of 1,000 traces can be searched, filtered, ordered and walked" {
	check thousand
	# style and script are there once
	(($(du -sb "$BATS_FILE_TMPDIR/thousand" | cut -f 1) < 12000000))
}

@test "no page requests anything from a network" {
	check network
}

@test "a page is the same every time, and private to its owner" {
	fl-parse -f html -o one "$BATS_FILE_TMPDIR/support.jsonl"
	fl-parse -f html -o two "$BATS_FILE_TMPDIR/support.jsonl"
	diff -r one two
	assert_equal "$(ls --ignore="index.*" one)" $'03_t.html\npage.css\npage.js\npages.js'
	assert_equal "$(mode_of one/03_t.html)" 600
	# one page may go to stdout, complete and without the link to a list
	fl-parse -f html "$BATS_FILE_TMPDIR/support.jsonl" >page
	sed '/^<style>/,/^<\/style>/d; /^<script>/,/^<\/script>/d; /^<meta http-equiv/d' page >without
	grep -v -e '^<nav>' -e '^<link ' -e '^<script src=' -e '^<meta http-equiv' one/03_t.html | cmp - without
	assert_equal "$(grep -c '^<nav>' one/03_t.html)" 1
	assert_equal "$(grep -c 'page\.css' page)" 0
}
