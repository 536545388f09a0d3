# What a person sees: nothing of the data reaches a terminal as a command.

load test_helper
load filter_helper

setup_file()
{
	find_python
}

@test "no text of any record, key or file name acts on a terminal" {
	local found

	is_sanitized && skip 'the same with ten times the time'
	found=$(python3 "$ROOT/tests/terminal-check.py") || fail "$found"
	assert_regex "$found" '^programs=15 runs=([89]|1[0-9])[0-9][0-9] messages=[0-9]{4,}$'
}

@test "a message is one line, and says what the characters are" {
	local name=$'a\e]0;x\a\u009b2J\u202e\u200b\u2066\x7f\r\nb\xff\xe2\x80'

	run --separate-stderr -2 fl-parse "$name"
	assert_equal "$stderr" 'fl-parse: a\u001b]0;x\u0007\u009b2J\u202e\u200b\u2066\u007f\r\nb\xff\xe2\x80: No such file or directory'
	printf '{"target":"evil\\u001b]0;PWNED\\u0007\\u001b[2J:f","kwargs":{"a":1},"timestamp":"2025-10-04T14:09:02"}\n' >rec.jsonl
	printf 'runner: {target: "app.handler:X"}\nreplay_args: {enabled: true, recording_file: rec.jsonl}\n' >s.yaml
	run --separate-stderr -2 fl-run --config s.yaml <<<'{"input":"x"}'
	assert_regex "$stderr" "the last one is of 'evil\\\\u001b]0;PWNED\\\\u0007\\\\u001b\[2J:f'"
	# letters, marks, joiners and emoji are text
	run --separate-stderr -2 fl-parse 'é 注文 نمی‌خواهم 👨‍👩‍👧 \u001b'
	assert_equal "$stderr" 'fl-parse: é 注文 نمی‌خواهم 👨‍👩‍👧 \u001b: No such file or directory'
}

@test "a wrong option is reported as getopt does, but as text" {
	local row

	for row in "--$(printf 'x\e]0;x\a')|unrecognized option '--x\u001b]0;x\u0007'" "--x=$(printf '\e')|unrecognized option '--x'" \
		$'-\x9b'"|invalid option -- '\x9b'" "-x|invalid option -- 'x'" "-j|option requires an argument -- 'j'" \
		"--jobs|option '--jobs' requires an argument" "--shard-dirs=1|option '--shard-dirs' doesn't allow an argument" \
		"--me=1|" "--m=1|option '--m' is ambiguous; possibilities: '--memory' '--max-depth'"; do
		run --separate-stderr -2 fl-parse "${row%%|*}" </dev/null
		[[ -z ${row#*|} ]] || assert_equal "${stderr_lines[0]}" "fl-parse: ${row#*|}"
	done
	run --separate-stderr -2 fl-config -f
	assert_equal "${stderr_lines[0]}" "fl-config: option requires an argument -- 'f'"
}

@test "files and pipes get the text as it is" {
	printf 'name: "a\\e\\x9b\\u202e"\n' >setting.yaml
	run -0 fl-config get name
	assert_output $'a\e\u009b\u202e'
	run -0 script -qec 'fl-config get name' /dev/null </dev/null
	assert_output $'a\\u001b\\u009b\\u202e\r'
	printf '%s\n' $'{"trace_id":"a","input":"\u009b\u202e"}' | fl-parse -f jsonl >got
	grep -q $'"\u009b\u202e"' got
}

@test "a command that fluxloop prints can be pasted, whatever a folder is called" {
	local folder=$'a \e]0;x\a\u009b\u202e\u200b\n\'b\\\x7f' next

	fluxloop init project --name demo >/dev/null
	mv fluxloop/demo "$folder"
	printf 'runner: {process: {command: [cat], protocol: lines}}\nbase_inputs: [a]\noutput_directory: out\nname: x\n' >"$folder/setting.yaml"
	run -0 fluxloop generate inputs --config "$folder/setting.yaml" --output "$folder/in.jsonl"
	next=$(sed -n 's/^next: //p' <<<"$output")
	refute grep -qP '[^ -~]' <<<"$next"
	eval "set -- $next"
	assert_equal "${*: -1}" "$folder/setting.yaml"
}
