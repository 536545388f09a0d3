load test_helper
load filter_helper

setup_file()
{
	find_python
}

FILTERS='fl-record-extract fl-generate fl-run fl-collect fl-parse fl-yaml fl-import'

# filter NAME FILE...: runs a filter so that the word of each good record is in
# its output.
filter()
{
	local name=$1

	shift
	case $name in
	fl-generate) fl-generate --original -s adversarial -l "${LIMIT:-9}" "$@" ;;
	fl-run) fl-run --protocol lines --command cat "$@" ;;
	fl-collect) fl-collect "$(mktemp -u exp-XXXXXX)" "$@" ;;
	fl-parse) fl-parse -f jsonl "$@" ;;
	fl-yaml) fl-yaml --to-yaml "$@" ;;
	fl-import) fl-import otlp "$@" ;;
	*) "$name" "$@" ;;
	esac
}

# good NAME WORD [FIELD]: prints a record that the filter accepts.
good()
{
	case $1 in
	fl-record-extract)
		printf '{"target":"m:f","kwargs":{"input":"%s"},"timestamp":"t"%s}\n' "$2" "${3:+,$3}" ;;
	fl-collect | fl-parse)
		printf '{"trace_id":"%s","output":"%s","success":true,"observations":[]%s}\n' "$2" "$2" "${3:+,$3}" ;;
	fl-import)
		# the value of FIELD is put into an attribute
		printf '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%032x","name":"%s","attributes":[{"key":"x","value":{"stringValue":%s}}]}]}]}]}\n' \
			1 "$2" "$(v=${3:-x:\"\"}; echo "${v#*:}")" ;;
	*)
		printf '{"input":"%s"%s}\n' "$2" "${3:+,$3}" ;;
	esac
}

# words FILE: prints the words of the good records in an output.
words()
{
	grep -ao 'word[0-9][0-9]*' "$1" | sort -u | paste -sd ' '
}

# assert_skipped NAME STATUS NUMBERS: the filter reads the file `in`, ends with
# STATUS, reports the lines NUMBERS, and writes word1 and word2.
assert_skipped()
{
	status=0
	filter "$1" in >out 2>err || status=$?
	assert_equal "$1: $status" "$1: $2"
	assert_equal "$1: $(sed -n "s/^$1: in:\([0-9]*\): [^A-Z].*[^.]\$/\1/p" err | paste -sd ' ')" "$1: $3"
	assert_equal "$1: $(lines_of err)" "$1: $(wc -w <<<"$3")"
	assert_equal "$1: $(words out)" "$1: word1 word2"
}

@test "bad lines are reported with file and number, and the good lines are kept" {
	for name in $FILTERS; do
		{
			printf 'nonsense\n'
			good "$name" word1
			printf '{"a":1,}\n[1]\n"text"\n5\nnull\n{"a":1} {"b":2}\n{\n}\n'
			good "$name" word2
			printf '{"a":"\t"}\n{"a":tru}\n{"a":"\\x"}\n'
		} >in
		case $name in
		# a string is an input to these
		fl-generate | fl-run) numbers='1 3 4 6 7 8 9 10 12 13 14' ;;
		# it reads documents of several lines
		fl-import) numbers='1 3 4 5 6 7 8 9 12 13 14' ;;
		*) numbers='1 3 4 5 6 7 8 9 10 12 13 14' ;;
		esac
		assert_skipped "$name" 1 "$numbers"
	done
}

@test "a file that is not JSONL is not reported line by line" {
	for name in $FILTERS; do
		yes '# text' | head -n 40 >junk
		sed 's/.*/{"x":1}/' junk >other
		# a record of another kind is as bad as a line that is not JSON
		for file in junk other; do
			[[ $name-$file == fl-yaml-other ]] && continue
			{ cat $file; good "$name" word1; sed '3!d' $file; good "$name" word2; } >late
			status=0
			filter "$name" $file late >out 2>err || status=$?
			assert_equal "$name: $status" "$name: 1"
			assert_equal "$(words out)" 'word1 word2'
			sed -n "s/^$name: $file:\([0-9]*\): .*/\1/p; s/^$name: $file: //p" err >junk-err
			assert_equal "$name: $(<junk-err)" "$name: $(printf '%s\n' 1 2 3 4 5 \
				'no good line so far; further bad lines are only counted' 'skipped all 40 lines')"
			sed -n "s/^$name: late:\([0-9]*\): .*/\1/p; s/^$name: late: //p" err >late-err
			assert_equal "$name: $(<late-err)" "$name: $(printf '%s\n' 1 2 3 4 5 \
				'no good line so far; further bad lines are only counted' 'skipped its first 40 lines' 42)"
			assert_equal "$(lines_of err)" 15
		done
	done
	# a few bad lines are reported without a summary
	{ head -n 5 junk; good fl-parse word1; } >few
	run --separate-stderr -1 fl-parse few
	assert_equal "$(sed 's/[^:]*: \([^:]*:[0-9]*\): .*/\1/' <<<"$stderr" | paste -sd ' ')" 'few:1 few:2 few:3 few:4 few:5'
	# lines read by several threads are counted together
	{ yes junk | head -n 400000; good fl-parse word1; echo junk; } >many
	run --separate-stderr -1 fl-parse -f jsonl many
	assert_equal "$(tail -n 3 <<<"$stderr" | cut -d ' ' -f 2-)" "$(printf '%s\n' \
		'many: no good line so far; further bad lines are only counted' \
		'many: skipped its first 400000 lines' 'many:400002: not a JSON value (byte 1)')"
}

@test "a truncated last line is reported with its number, a whole one accepted" {
	for name in $FILTERS; do
		{ good "$name" word1; good "$name" word2; printf '{"input":"cut'; } >in
		assert_skipped "$name" 1 3
		assert_regex "$(<err)" 'the last line is cut off: '
		{ good "$name" word1; good "$name" word2 | tr -d '\n'; } >in
		assert_skipped "$name" 0 ''
	done
}

@test "empty lines, CRLF line ends and a byte-order mark are accepted" {
	for name in $FILTERS; do
		{ printf '\xef\xbb\xbf'; good "$name" word1; printf '\n  \t \r\n\r\n'
			good "$name" word2 | sed 's/$/\r/'; printf '\n'; } >in
		assert_skipped "$name" 0 ''
	done
}

@test "NUL, invalid UTF-8 and a later byte-order mark make a line bad" {
	for name in $FILTERS; do
		{
			good "$name" word1
			for bytes in '\0' '\xff' '\xc0\xaf' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xc3' '\x01'; do
				# shellcheck disable=SC2059 # printf makes the bytes
				printf "$(good "$name" "x${bytes}x")\n"
			done
			printf '\0\n'
			printf '\xef\xbb\xbf'
			good "$name" other
			good "$name" word2
		} >in
		assert_skipped "$name" 1 '2 3 4 5 6 7 8 9 10'
	done
}

@test "a line nested 100,000 deep is bad and is reported quickly" {
	python3 - <<-'PY'
	with open("deep", "w") as f:
	    print('{"input":%s1%s}' % ("[" * 100000, "]" * 100000), file=f)
	    print('{"trace_id":%s1%s}' % ('{"a":' * 100000, "}" * 100000), file=f)
	    print("[" * 1000000, file=f)
	PY
	for name in $FILTERS; do
		{ good "$name" word1; cat deep; good "$name" word2; } >in
		assert_skipped "$name" 1 '2 3 4'
	done
	# with a small stack, too
	is_sanitized && return
	status=0
	(ulimit -s 256 && fl-parse deep >out 2>err) || status=$?
	assert_equal "$status" 1
}

@test "a line of 100 MB is read, and a bad line of 100 MB is skipped" {
	# fl-generate makes two inputs only
	LIMIT=2 last=
	head -c 100000000 /dev/zero | tr '\0' a >big
	for name in fl-record-extract fl-generate fl-run fl-yaml fl-collect fl-parse fl-import; do
		# consecutive filters may read the same file
		[[ $(good "$name" word1) == "$last" ]] || {
			last=$(good "$name" word1)
			good "$name" word1 '"big":"AAA"' | sed 's/AAA.*//' | tr -d '\n'
			cat big
			good "$name" word1 '"big":"AAA"' | sed 's/.*AAA//'
			printf '{"bad":"'
			cat big
			echo
			good "$name" word2
		} >in
		filter "$name" in 2>err | tr -s a | grep -ao 'word[0-9]' | sort -u | paste -sd ' ' >out || true
		assert_equal "$name: $(<out)" "$name: word1 word2"
		assert_regex "$(<err)" "^$name: in:2: [^:]*\$"
		rm -rf exp-*
	done
}

@test "an empty file has no records" {
	: >in
	for name in $FILTERS; do
		[[ $name == fl-record-extract ]] && continue
		run --separate-stderr -0 filter "$name" in
		assert_equal "$name: $stderr" "$name: "
		[[ $name == fl-yaml ]] || assert_output ''
	done
	run --separate-stderr -1 fl-record-extract in
	assert_equal "$stderr" 'fl-record-extract: no recorded calls'
}

@test "a missing file or a folder is reported, and the other files are read" {
	mkdir folder
	for name in $FILTERS; do
		good "$name" word1 >one
		good "$name" word2 >two
		for bad in missing folder missing/file ''; do
			# fl-parse accepts a folder
			[[ $name == fl-parse && $bad == folder ]] && continue
			status=0
			filter "$name" one "$bad" two >out 2>err || status=$?
			assert_equal "$name $bad: $status" "$name $bad: 2"
			assert_equal "$name $bad: $(words out)" "$name $bad: word1 word2"
			assert_equal "$(lines_of err)" 1
			assert_regex "$(<err)" "^$name: $bad: (No such file or directory|Is a directory|Not a directory|not an experiment: .*)$"
		done
	done
	run --separate-stderr -2 fl-yaml folder
	assert_equal "$stderr" 'fl-yaml: folder: Is a directory'
}

@test "a file without read permission is reported" {
	(($(id -u))) || skip 'root may read every file'
	for name in $FILTERS; do
		good "$name" word1 >closed
		good "$name" word2 >open
		chmod 000 closed
		run --separate-stderr -2 filter "$name" closed open
		assert_equal "$stderr" "$name: closed: Permission denied"
		assert_output --partial word2
		chmod 600 closed
	done
}

@test "a closed standard input is reported" {
	for name in $FILTERS; do
		run --separate-stderr -2 timeout 100 bash -c "$(declare -f filter); filter $name <&-"
		assert_equal "$stderr" "$name: <stdin>: Bad file descriptor"
	done
}

@test "a full disk ends each program with 2" {
	good fl-run word1 >input
	echo 'name: a' >setting.yaml
	for name in $FILTERS; do
		good "$name" word1 >in
		run -2 bash -c "$(declare -f filter); filter $name in >/dev/full"
		assert_output "$name: <stdout>: No space left on device"
	done
	for command in 'fl-config show' 'fl-config get name' 'fl-yaml setting.yaml' \
		'fl-config --help' 'fl-yaml --help' 'fl-run --help' 'fl-parse --version' \
		'fl-generate --help' 'fl-collect --help' 'fl-record-extract --version'; do
		run -2 bash -c "$command >/dev/full"
		assert_regex "$command: $output" "^$command: ${command%% *}: <stdout>: "
	done
}

@test "a full disk is reported for output larger than the buffer, too" {
	for name in $FILTERS; do
		good "$name" word1 "\"pad\":\"$(printf '%01000d' 0)\"" >line
		yes "$(<line)" | head -n 300 | awk '{ gsub(/word1/, "word" NR); print }' >in
		run -2 timeout 60 bash -c "$(declare -f filter); filter $name in >/dev/full"
		assert_output "$name: <stdout>: No space left on device"
	done
}

@test "a reader that exits ends each filter without a message" {
	for name in $FILTERS; do
		# fl-collect continues, which collect.bats tests
		[[ $name == fl-collect ]] && continue
		good "$name" word1 '"pad":"XX"' | sed "s/XX/$(printf '%02000d' 0)/" >line
		yes "$(<line)" | head -n 500 | awk '{ gsub(/word1/, "word" NR); print }' >in
		rm -f status
		{ filter "$name" in 2>err || echo $? >status; } | head -c 10 >out
		assert_equal "$name: $(<err)" "$name: "
		# fl-generate may have written everything before the reader exits
		[[ $name == fl-generate ]] || assert_equal "$name: $(<status)" "$name: 141"
	done
}

@test "a program that inherits an ignored SIGPIPE ends when its reader exits" {
	good fl-parse word1 >line
	yes "$(<line)" | head -n 5000 | awk '{ gsub(/word1/, "word" NR); print }' >in
	{ (trap '' PIPE; exec timeout 60 fl-parse -f jsonl in) 2>err || echo $? >status; } | head -c 10 >out
	assert_equal "$(<err)" ''
	assert_regex "$(<status)" '^(141|124)$'
	refute [ "$(<status)" = 124 ]
}

@test "an unknown option prints the usage and ends with 2" {
	for name in $FILTERS fl-config; do
		for option in --nonsense -Z; do
			run --separate-stderr -2 "$name" "$option"
			assert_output ''
			assert_regex "${stderr_lines[0]}" "^$name: .*(nonsense|Z)"
			assert_regex "${stderr_lines[1]}" "^usage: $name "
		done
		run --separate-stderr -0 "$name" --help
		assert_regex "${lines[0]}" "^usage: $name "
		assert_equal "$stderr" ''
		run --separate-stderr -0 "$name" --version
		assert_regex "$output" "^$name [0-9]+\.[0-9]+\.[0-9]+$"
	done
}

@test "an option without its argument is reported" {
	for words in 'fl-config -f' 'fl-generate --limit' 'fl-run --timeout' 'fl-parse -o' \
		'fl-record-extract -t' 'fl-collect --runs' 'fl-yaml --header'; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 $words
		assert_regex "${stderr_lines[0]}" "^${words%% *}: option (.* )?requires an argument"
	done
}

@test "numbers out of range are reported" {
	while IFS='|' read -r words message; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 $words </dev/null
		assert_equal "$words: $stderr" "$words: ${words%% *}: $message"
	done <<-'END'
	fl-run --iterations 0|invalid --iterations '0': expected a whole number from 1 to 1000000000
	fl-run --timeout 0|invalid --timeout '0': expected a time from 0.001 to 1e+09 seconds, such as 30, 1.5m or 2h
	fl-run --timeout nan|invalid --timeout 'nan': expected a time from 0.001 to 1e+09 seconds, such as 30, 1.5m or 2h
	fl-run --retries -1|invalid --retries '-1': expected a whole number from 0 to 1000000
	fl-run --parallel 99999999999999999999|invalid --parallel '99999999999999999999': expected a whole number from 0 to 4096
	fl-collect --runs 1.5 d|invalid --runs '1.5': expected a whole number from 0 to 9223372036854775807
	fl-generate --limit 5x|invalid --limit '5x': expected a whole number from 1 to 1000000000
	END
}

@test "-- ends the options, and - is the standard input" {
	for name in $FILTERS; do
		good "$name" word1 >-nasty
		good "$name" word2 | filter "$name" -- -nasty - >out 2>err
		assert_equal "$name: $(words out)" "$name: word1 word2"
	done
}

@test "a bad setting.yaml stops each program before it reads input" {
	printf 'iterations: many\n' >bad.yaml
	while IFS='|' read -r words; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 $words </dev/null
		assert_output ''
		assert_equal "$stderr" "${words%% *}: bad.yaml:1:13: 'iterations' must be a whole number, not \"many\""
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 ${words/bad/missing} </dev/null
		assert_equal "$stderr" "${words%% *}: missing.yaml: No such file or directory"
	done <<-'END'
	fl-config -f bad.yaml check
	fl-generate -c bad.yaml
	fl-run -c bad.yaml --command cat
	fl-collect -c bad.yaml exp
	END
	assert_not_exists exp
}
