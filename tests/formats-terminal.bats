load test_helper

# on_terminal COMMAND: runs it on a terminal of 100 columns; prints its output.
on_terminal()
{
	env -u COLUMNS script -qec "stty cols 100; $1" /dev/null </dev/null | tr -d '\r'
}

# plain: prints stdin without colours.
plain()
{
	sed 's/\x1b\[[0-9]*m//g'
}

@test "a tree on a terminal has colours and the terminal's width" {
	steps=$DATA/formats/steps.jsonl
	COLUMNS=100 fl-parse -f tree "$steps" >wanted 2>err
	unset NO_COLOR
	on_terminal "fl-parse -f tree $steps 2>err" >out
	plain <out | cmp - wanted
	grep -qF $'\e[31mfind_order\e[0m' out || fail 'a failed step is not red'
	grep -qF $'\e[36mtool\e[0m \e[31m' out || fail 'the type has no colour'
	refute grep -qP '\e(?!\[[0-9]+m)' out
	# every colour ends
	assert_equal "$(grep -oP '\e\[[1-9]\d*m' out | lines_of /dev/stdin)" "$(grep -oF $'\e[0m' out | lines_of /dev/stdin)"
	NO_COLOR='' on_terminal "fl-parse -f tree $steps 2>err" | cmp - out
	NO_COLOR=1 on_terminal "fl-parse -f tree $steps 2>err" | cmp - wanted
	on_terminal "COLUMNS=80 fl-parse -f tree $steps 2>err" | plain | cmp - "$DATA/formats/steps.80.txt"
}

@test "a tree in a file has no colours, even on a terminal" {
	unset NO_COLOR
	on_terminal "fl-parse -f tree -o dir $DATA/formats/steps.jsonl 2>err" >out
	assert_equal "$(find dir -name '*.txt' | lines_of /dev/stdin)" 4
	refute grep -q $'\e' dir/*
}
