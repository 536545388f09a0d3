load test_helper
load filter_helper

# One browser for all tests of this file.
setup_file()
{
	local name

	find_python
	export REFERENCE=$DATA/reference/parse
	cd "$BATS_FILE_TMPDIR" || return
	check inputs
	for name in *.jsonl; do
		fl-parse -f html -o "${name%.jsonl}" "$name" 2>err ||
			[[ $? == 1 ]]
	done
	fl-parse -f html -o reference "$REFERENCE/decorated_nested"
	fl-parse -f html --shard-dirs -o sharded "$REFERENCE/decorated_nested"
	check start 3>&-
}

teardown_file()
{
	check stop
}

# check WHAT: as html-check.py has it.
check()
{
	PYTHONDONTWRITEBYTECODE=1 timeout 60 python3 \
		"$ROOT/tests/html-check.py" "$1" "$BATS_FILE_TMPDIR"
}

@test "a page is whole, names nothing outside of itself, and has every record" {
	check static
}

@test "the waterfall has a row for each step, where its times and its parent put it" {
	check waterfall
}

@test "a search finds steps by all that they say, and hides the others" {
	check search
}

@test "types and errors can be chosen" {
	check types
}

@test "a step that is opened shows its record, numbers as they were written" {
	check step
}

@test "a link to a step works, and so does the way back" {
	check link
}

@test "pages and their list link to one another" {
	check list
}

@test "all can be done with the keyboard" {
	check keys
}

@test "subtrees fold, and are a tree for who does not see them" {
	check tree
}

@test "nothing is wider than a phone" {
	check phone
}

@test "it looks as the user prefers, and prints" {
	check look
}

@test "JSON can be copied, with a clipboard and without" {
	check copy
}

@test "no text in a record can break out" {
	check hostile
}

@test "the browser is told to load nothing and to run nothing else" {
	check policy
}

@test "thousands of steps, circles and values without end are no trouble" {
	check large
}

@test "a value of the wrong type in any field harms nothing" {
	check odd
}

@test "without JavaScript the waterfall, input and output are there" {
	check plain
}

@test "nothing was requested from a network" {
	check network
}

@test "a page is the same every time, and for its owner only" {
	fl-parse -f html -o one "$BATS_FILE_TMPDIR/support.jsonl"
	fl-parse -f html -o two "$BATS_FILE_TMPDIR/support.jsonl"
	diff -r one two
	assert_equal "$(ls --ignore="index.*" one)" 03_t.html
	assert_equal "$(mode_of one/03_t.html)" 600
	# as it is alone, a stream will do; there is no list then
	fl-parse -f html "$BATS_FILE_TMPDIR/support.jsonl" | cmp - <(grep -v '^<nav>' one/03_t.html)
	assert_equal "$(grep -c '^<nav>' one/03_t.html)" 1
}
