load test_helper
load filter_helper

REFERENCE=$DATA/reference/parse

setup_file()
{
	local flags

	find_python
	mapfile -t flags < <(library_flags)
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -o "$BATS_FILE_TMPDIR/cells" \
		"$ROOT/tests/termwidth-check.c" "${flags[@]}"
	hostile >"$BATS_FILE_TMPDIR/hostile"
	# what bash and the tools take for a character
	export LC_ALL=C.UTF-8
	export HOSTILE=$BATS_FILE_TMPDIR/hostile HOSTILE_STEPS
	HOSTILE_STEPS=$(($(grep -c '"type"' "$HOSTILE") + 2))
}

# row ID [FIELDS]: prints a trace row.
row()
{
	printf '{"trace_id":"%s","iteration":0,"persona":null,"input":"i","output":"o","duration_ms":1.0,"success":true%s}\n' \
		"$1" "${2:+,$2}"
}

# time_at US: prints the time US microseconds after midnight as a JSON string.
time_at()
{
	local s=$(($1 / 1000000))

	printf '"2025-10-%02dT%02d:%02d:%02d.%06dZ"' $((4 + s / 86400)) $((s / 3600 % 24)) $((s / 60 % 60)) \
		$((s % 60)) $(($1 % 1000000))
}

# step ID PARENT FROM UNTIL: prints an observation of the trace "t", with its
# times in microseconds; - for no parent or no time.
step()
{
	printf '{"id":"%s","trace_id":"t","type":"tool","name":"%s"' "$1" "$1"
	[[ $2 == - ]] || printf ',"parent_observation_id":"%s"' "$2"
	[[ $3 == - ]] || printf ',"start_time":%s' "$(time_at "$3")"
	[[ $4 == - ]] || printf ',"end_time":%s' "$(time_at "$4")"
	echo '}'
}

# hostile: prints rows and observations with values of the wrong type and bad
# text in any field. Only the last two observations have no type.
hostile()
{
	python3 - <<-'PY'
	import json, unicodedata
	every = "".join(chr(c) for low, high in ((0, 0x300), (0x600, 0x700), (0x1100, 0x1200), (0x2000, 0x2100),
	    (0xd7f0, 0xd810), (0xdff0, 0xe000), (0xfdd0, 0x10000), (0xe0000, 0xe0080)) for c in range(low, high)
	    if unicodedata.category(chr(c)) != "Cn" or c & 0xfffe == 0xfffe)
	values = [None, True, False, 0, -1, 1.5, 1e300, float("nan"), float("-inf"), 10**400, "", "text", "\n# x\n", [], [1],
	    {}, {"a": {"b": []}}, "\ud800", "\udfff\ud800", "\x1b[31m\x1b]0;x\x07\x9b1m\u202e\u2066\U000e0041\x00\x7f",
	    "e" + "\u0301" * 500, "\u0301", "\u200d\ufe0f" * 300, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 90,
	    "\ud55c" * 300, "\\ud800\\", "a,b", {"\x1b": "\x9b"}, every]
	row = {"trace_id": "t", "iteration": 0, "persona": "p", "input": "i", "output": "o", "duration_ms": 1.5,
	    "success": True, "error": "e", "error_kind": "k", "observation_count": 1, "token_usage": {}, "conversation": [],
	    "start_time": "2025-10-04T14:09:02Z", "end_time": "2025-10-04T14:09:03Z"}
	observation = {"id": "o", "trace_id": "t", "type": "tool", "name": "n", "start_time": "2025-10-04T14:09:02Z",
	    "end_time": "2025-10-04T14:09:03+00:00", "level": "DEFAULT", "input": 1, "output": 2, "error": None,
	    "parent_observation_id": None, "model": "m", "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
	    "status_message": None, "metadata": {}, "llm_parameters": {}}
	n = 0
	for field in row:
	    for value in values:
	        n += 1
	        if field != "trace_id" or isinstance(value, str):
	            id = value if field == "trace_id" else "r%d" % n
	            print(json.dumps(dict(row, trace_id=id) | {field: value}))
	            print(json.dumps(dict(observation, trace_id=id)))
	for field in observation:
	    for value in values:
	        n += 1
	        if field != "trace_id":
	            print(json.dumps(dict(row, trace_id="o%d" % n)))
	            print(json.dumps(dict(observation, trace_id="o%d" % n) | {field: value}))
	deep = 900 * "[" + 900 * "]"
	for record in row, observation:
	    print(json.dumps(dict(record, trace_id="deep", input="deep")).replace('"input": "deep"', '"input": ' + deep))
	for start in "0001-01-01", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "2400-01-01":
	    print(json.dumps(dict(observation, trace_id="times", id=start, start_time=start)))
	print(json.dumps(dict(row, trace_id="times")))
	for id, parent in ("a", "b"), ("b", "c"), ("c", "a"), ("d", "d"), ("e", "c"), ("f", "nobody"):
	    print(json.dumps(dict(observation, trace_id="circle", id=id, parent_observation_id=parent)))
	print('{"trace_id":"whole","observations":[{},{"name":"n"}]}')
	PY
}

# render FORMAT [FILE...]: renders into out; other tests check the messages.
render()
{
	local status=0

	fl-parse --format "$@" >out 2>err || status=$?
	((status < 2)) || fail "$(<err)"
}

# --- json -----------------------------------------------------------------------

# pretty: prints the records on stdin as Python does, but with the numbers' spelling.
pretty()
{
	python3 - 3<&0 <<-'PY'
	import json, re, sys
	mark = lambda number: "\0%s\0" % number
	for line in open(3, encoding="utf-8"):
	    record = json.loads(line, parse_int=mark, parse_float=mark, parse_constant=lambda name: 1 / 0)
	    text = json.dumps(record, indent=2, ensure_ascii=False)
	    sys.stdout.buffer.write((re.sub(r'"\\u0000([^"]*)\\u0000"', r"\1", text) + "\n").encode("utf-8"))
	PY
}

@test "json is the record of jsonl, indented as Python indents" {
	for case in "$REFERENCE"/*/; do
		render jsonl "$case"
		mv out compact
		render json "$case"
		(($(wc -c <out) > $(wc -c <compact))) || fail "$case is not laid out"
		cmp <(jq -c . compact) <(jq -c . out)
		pretty <compact | cmp - out
	done
}

@test "json is strict JSON in UTF-8 for any input" {
	render jsonl "$HOSTILE"
	mv out compact
	(($(lines_of compact) > 800)) || fail "$(lines_of compact)"
	render json "$HOSTILE"
	pretty <compact | cmp - out
	refute grep -q 'NaN\|Infinity' out
}

@test "json has a file for each trace" {
	{ row a; row b; } >in
	fl-parse -f json -o dir in
	assert_equal "$(ls --ignore='index.*' dir | paste -sd ' ')" '00_a.json 00_b.json'
	cat dir/*.json | cmp - <(fl-parse -f json in)
	assert_equal "$(jq -r .trace_id dir/00_b.json)" b
	assert_equal "$(sed -n '1,2p;$p' dir/00_a.json)" $'{\n  "trace_id": "a",\n}'
	assert_equal "$(grep -c '^  "timeline": \[\],$' dir/00_a.json)" 1
}

# --- the width of text --------------------------------------------------------------

@test "characters are as wide as Unicode says" {
	"$BATS_FILE_TMPDIR/cells" of >ranges
	python3 - <<-'PY'
	import unicodedata as u
	width = {}
	for line in open("ranges"):
	    low, high, cells = line.split()
	    for c in range(int(low, 16), int(high, 16) + 1):
	        width[c] = int(cells)
	newer = lambda c: 0x2630 <= c < 0x2638 or 0x268a <= c < 0x2690 or 0x4dc0 <= c < 0x4e00 or 0x1d300 <= c < 0x1d357
	wrong = []
	for c in range(0x20, 0x110000):
	    kind = u.category(chr(c))
	    if kind in ("Cc", "Cn", "Cs"):
	        continue
	    wanted = 2 if u.east_asian_width(chr(c)) in "WF" else 1
	    if kind in ("Mn", "Me") or c in (0x200c, 0x200d) or 0x1160 <= c < 0x1200 or 0xd7b0 <= c < 0xd7ff:
	        wanted = 0
	    # what a later version of Unicode added or changed is not in the table
	    later = tuple(map(int, u.unidata_version.split("."))) > (15, 1, 0)
	    if width[c] != wanted and not (later and (newer(c) or u.ucd_3_2_0.category(chr(c)) == "Cn")):
	        wrong.append("%04x is %d, not %d" % (c, width[c], wanted))
	assert not wrong, wrong
	assert [width[ord(c)] for c in "a\u0301\ud55c\U0001f600\u1112\u1161"] == [1, 0, 2, 2, 2, 0]
	PY
}

@test "text is cut to a width, and control characters become escapes" {
	while IFS='|' read -r cells text wanted; do
		printf %b "$text" | "$BATS_FILE_TMPDIR/cells" put "$cells" >out
		assert_equal "$cells|$text|$(<out)" "$cells|$text|$wanted"
	done <<-'END'
	3|abc|abc 3
	3|abcd|ab… 3
	1|abcd|… 1
	0|abcd| 0
	9|| 0
	4|한국어|한… 3
	5|한국어|한국… 5
	6|한국어|한국어 6
	3|ab\u0301c|ab́c 3
	3|ab\u0301cd|ab́… 3
	9|\u0301a|\u0301a 7
	9|a\n\t\r|a\n\t\r 7
	6|a\n\t\r|a\n\t… 6
	5|a\n\t\r|a\n… 4
	6|\x1b|\u001b 6
	5|\x1b|… 1
	99|\x1b[0m\x7f\xc2\x9b|\u001b[0m\u007f\u009b 21
	99|\u202e\u2066\u200f\ufeff\u2028\u00ad|\u202e\u2066\u200f\ufeff\u2028\u00ad 36
	99|\U000e0041|\U000e0041 10
	99|\xed\xa0\x80|\ud800 6
	99|\xff\xfe|�� 2
	99|👨\u200d👩\u200d👧|👨👩👧 6
	99|👍🏽|👍 2
	99|❤\ufe0f|❤ 1
	99|می\u200cخواهم|می‌خواهم 7
	99|🇰🇷|🇰🇷 2
	END
	python3 -c 'print("a" + "\u0301" * 100000, end="")' | "$BATS_FILE_TMPDIR/cells" put 20 >out
	assert_equal "$(wc -m <out) $(cut -d ' ' -f 2 out)" '28 20'
}

# --- tree ---------------------------------------------------------------------------

# tree WIDTH [FILE...]: renders a tree and checks it.
tree()
{
	COLUMNS=$1 render tree "${@:2}"
	python3 "$ROOT/tests/tree-check.py" "$1" <out
}

@test "a tree shows steps by depth, with times, bars, errors, models and tokens" {
	for width in 80 44; do
		tree "$width" "$DATA/formats/steps.jsonl"
		diff "$DATA/formats/steps.$width.txt" out
	done
	env -u COLUMNS fl-parse -f tree "$DATA/formats/steps.jsonl" 2>err | cmp - "$DATA/formats/steps.80.txt"
}

@test "a tree shows an error once, with its whole message" {
	while IFS='|' read -r error status after below; do
		{ row t; step a - 0 8 | sed "s|}|,\"level\":\"info\",\"error\":$error,\"status_message\":$status}|"; } >in
		COLUMNS=120 render tree in
		assert_equal "$status: $(sed -n 's/^tool a *\(.*\)8 µs.*/\1/p' out | sed 's/ *$//')" "$status: $after"
		assert_equal "$status: $(sed -n '/^tool a/{n;s/^ *//;s/ *$//p;}' out)" "$status: $below"
	done <<-'END'
	"no such"|"no such"||✗ no such
	"no such"|"E: no such"||✗ E: no such
	"no such order"|"no such"||✗ no such order
	"no such\\nat 7"|"E: no such\\nat 7"||✗ E: no such…
	"no such"|"late"|late|✗ no such
	"no such"|""||✗ no such
	"no such"|{"a":1}|{"a":1}|✗ no such
	" "|"late"|late|✗
	null|"late"|late|
	END
}

@test "bars are in one column for any names and width" {
	for width in 40 41 80 133 1000; do
		for case in "$DATA/formats/steps.jsonl" "$REFERENCE"/{unicode,times}/observations.jsonl; do
			tree "$width" "$case" >/dev/null
			python3 "$ROOT/tests/tree-check.py" "$width" "$case" <out
		done
		tree "$width" "$HOSTILE"
	done >counts
	assert_equal "$(paste -sd ' ' <counts)" \
		"$(for _ in {1..5}; do echo "11 6 15 $HOSTILE_STEPS"; done | paste -sd ' ')"
	# less than there can be, more, and none
	for width in 1=40 0=80 =80 x=80 99999=1000; do
		COLUMNS=${width%=*} render tree "$DATA/formats/steps.jsonl"
		python3 "$ROOT/tests/tree-check.py" "${width#*=}" "$DATA/formats/steps.jsonl" <out
	done
}

@test "a tree without a terminal has no colours" {
	render tree "$HOSTILE"
	refute grep -q $'\033' out
	fl-parse -f tree -o dir "$DATA/formats/steps.jsonl" 2>err
	assert_equal "$(ls dir/*.txt | wc -l)" 4
	refute grep -q $'\033' dir/*
	# a blank line between the traces of a stream
	render tree "$DATA/formats/steps.jsonl"
	assert_equal "$(grep -c '^$' out)" 3
	cmp <(grep -v '^$' out) <(cat dir/{03,00_8,12,00_n}*)
}

@test "times are shown in the unit that fits best, with three digits" {
	while read -r us wanted; do
		{ row t; step a - 0 "$us"; } >in
		COLUMNS=80 render tree in
		assert_equal "$us:$(sed -n '$s/^tool a *\(.*\)  [^ ]*$/\1/p' out)" "$us:$wanted"
	done <<-'END'
	0 0 µs
	7 7 µs
	999 999 µs
	1000 1.00 ms
	1239 1.23 ms
	12390 12.3 ms
	999999 999 ms
	1000000 1.00 s
	59999999 59.9 s
	60000000 1.00 min
	3599000000 59.9 min
	3600000000 1.00 h
	86399000000 23.9 h
	86400000000 1.00 d
	- -
	END
	{ row t; step a - 60000000 0; } >in
	COLUMNS=80 render tree in
	assert_regex "$(tail -n 1 out)" '^tool a  *-1\.00 min  ▏·{19}$'
}

@test "a bar shows the start and duration of a step in eighths of a cell" {
	while read -r from until wanted; do
		{ row t; step a - 0 160; step b a "$from" "$until"; } >in
		COLUMNS=80 render tree in
		assert_equal "$from-$until $(tail -n 1 out | sed 's/.* //')" "$from-$until $wanted"
	done <<-'END'
	0 160 ████████████████████
	0 80 ██████████··········
	0 81 ██████████▏·········
	0 79 █████████▉··········
	0 1 ▏···················
	0 0 ▏···················
	2 2 ▏···················
	7 7 ▕···················
	160 160 ···················▕
	80 160 ··········██████████
	84 160 ··········▐█████████
	82 160 ··········▐█████████
	87 160 ··········▕█████████
	81 160 ··········██████████
	82 85 ··········▍·········
	85 88 ··········▐·········
	20 28 ··▐▌················
	- 80 ██████████··········
	40 - ·····▏··············
	- - ▏···················
	END
	# rounded to the nearest eighth
	{ row t; step a - 0 1600; step b a 0 16; step c a 0 14; } >in
	COLUMNS=80 render tree in
	assert_equal "$(tail -n 2 out | sed 's/.* //')" $'▏···················\n▎···················'
}

@test "a tree has every step once, even if parents form a circle" {
	{
		row t
		step a b 0 10
		step b a 0 10
		step c c 0 10
		step d nobody 0 10
		step e b 1 5
		step f e - -
		step f e 2 3
	} >in
	COLUMNS=80 render tree in
	assert_equal "$(sed -n 's/^\(.*tool [a-f]\) .*/\1/p' out)" \
		"$(printf '%s\n' 'tool a' '└─ tool b' '   └─ tool e' '      ├─ tool f' '      └─ tool f' 'tool c' 'tool d')"
}

@test "steps that are too deep to be indented show their depth as a number" {
	python3 - >in <<-'PY'
	import json
	for i in range(3000):
	    print(json.dumps({"trace_id": "t", "type": "span", "id": str(i), "name": "n%d" % i,
	        "parent_observation_id": str(i - 1), "error": "bad" if i % 1000 == 500 else None}))
	    if i == 3:
	        print(json.dumps({"trace_id": "t", "type": "span", "id": "last", "name": "last", "parent_observation_id": "2"}))
	PY
	row t >>in
	for width in 40 80 300; do
		assert_equal "$(tree "$width" in)" 3001
	done
	COLUMNS=80 render tree in
	sed 's/  *-  .*//' out >lines
	for line in '      ├─ span n3' '      │              └─ span n8' '      │        …9    └─ span n9' \
		'      │        …2999 └─ span n2999' '      │                 │  ✗ bad' '      └─ span last'; do
		grep -qxF -- "$line" lines || fail "no '$line' in $(head -n 15 lines)"
	done
}

# --- chrome -------------------------------------------------------------------------

# chrome FILE...: renders events and checks them.
chrome()
{
	render chrome "$@"
	python3 "$ROOT/tests/chrome-check.py" out "$@"
}

# async SEED COUNT GRAIN: prints COUNT steps in a tree that overlap each other,
# most within their parents, on a clock that ticks every GRAIN microseconds.
async()
{
	python3 - "$@" <<-'PY'
	import json, random, sys
	seed, count, grain = map(int, sys.argv[1:])
	random = random.Random(seed)
	time = lambda us: "2025-10-04T14:09:%02d.%06dZ" % divmod(us, 1000000)
	spans, steps = [], []
	for i in range(count):
	    parent = random.randrange(i) if i and random.random() < 0.9 else None
	    low, high = (1000000, 1100000) if parent is None else spans[parent]
	    start = random.randint(low, high)
	    end = random.randint(start, high)
	    case = random.randrange(20)
	    if case == 0:
	        end = high + random.randint(0, 1000)
	    elif case == 1:
	        start = low - random.randint(0, 1000)
	    elif case < 4:
	        end = start
	    elif case == 4:
	        start, end = low, high
	    start, end = start - start % grain, max(start - start % grain, end - end % grain)
	    spans.append((start, end))
	    steps.append({"trace_id": "t", "type": "tool", "id": "s%d" % i, "name": "n", "start_time": time(start),
	        "end_time": time(end), "parent_observation_id": parent if parent is None else "s%d" % parent})
	random.shuffle(steps)
	for step in steps:
	    print(json.dumps(step))
	PY
	row t
}

@test "chrome has an event for each observation of the experiments, at its time" {
	for case in "$REFERENCE"/*/; do
		render chrome "$case"
		python3 "$ROOT/tests/chrome-check.py" out "$case"/*.jsonl
	done >found
	# every trace; no observation in a lane of its own that does not need one
	assert_equal "$(cut -d ' ' -f 1-3 found)" "$(cat <<-'END'
	processes=2 lanes=0 observations=0
	processes=1 lanes=1 observations=2
	processes=4 lanes=4 observations=24
	processes=2 lanes=0 observations=0
	processes=12 lanes=0 observations=0
	processes=2 lanes=0 observations=0
	processes=5 lanes=5 observations=5
	processes=1 lanes=5 observations=5
	processes=1 lanes=5 observations=15
	processes=6 lanes=6 observations=6
	processes=20 lanes=1 observations=19
	END
	)"
}

@test "steps that overlap are on different tracks, the same on every run" {
	for grain in 1 100 5000; do
		for seed in 1 2 3; do
			async "$seed" 300 "$grain" >in
			chrome in
			mv out first
			render chrome in
			cmp first out
		done
	done >found
	assert_equal "$(grep -c ' observations=300 ' found)" 9
	# three that overlap, one of them with children: no more lanes than needed
	{
		row t
		step a - 0 100
		step b a 10 50
		step c a 20 60
		step d a 30 40
		step e c 25 35
		step f c 35 60
		step g a 60 100
	} >in
	assert_equal "$(chrome in)" 'processes=1 lanes=3 observations=7 highest=2 arrows=2'
	assert_equal "$(jq -r '.traceEvents[] | select(.ph == "X" and .tid > 1) | "\(.args.id)\(.tid)"' out | paste -sd ' ')" \
		'a2 b2 c3 e3 f3 d4 g2'
}

@test "steps outside of their parent's time are on another track, with an arrow if they begin later" {
	{
		row t
		step a - 1000 2000
		step late a 1500 2500
		step after a 3000 3500
		step before a 500 900
		step early a 800 1200
	} >in
	assert_equal "$(chrome in)" 'processes=1 lanes=2 observations=5 highest=1 arrows=1'
}

@test "chrome accepts any input" {
	render chrome "$HOSTILE"
	python3 "$ROOT/tests/chrome-check.py" out "$HOSTILE" >found
	assert_regex "$(<found)" "observations=$HOSTILE_STEPS "
	for text in '' "$(row a)" "$(step a - 0 1)" "$(row t '"observations":[{}]')"; do
		cat >in <<<"$text"
		chrome in
	done >found
	assert_equal "$(cut -d ' ' -f 1,3 found)" "$(cat <<-'END'
	processes=0 observations=0
	processes=1 observations=0
	processes=1 observations=1
	processes=1 observations=1
	END
	)"
}

@test "no track is higher than Perfetto shows" {
	{
		row t
		python3 - <<-'PY'
		for i in range(1200):
		    print('{"id":"s%d","trace_id":"t","type":"tool","name":"n","start_time":"2025-10-04T00:00:00.%06d",'
		        '"end_time":"2025-10-04T00:00:01","parent_observation_id":"s%d"}' % (i, i, i - 1))
		PY
	} >in
	assert_equal "$(chrome in)" 'processes=1 lanes=3 observations=1200 highest=500 arrows=2'
	# at one time
	sed 's/"2025[^"]*"/"2025-10-04"/g' in >same
	assert_equal "$(chrome same)" 'processes=1 lanes=3 observations=1200 highest=500 arrows=0'
	sed -i 's/,"parent_observation_id":"[^"]*"//' same
	assert_equal "$(chrome same)" 'processes=1 lanes=3 observations=1200 highest=500 arrows=0'
}

@test "a trace is a process with its name, and an event of its own" {
	{
		row t '"start_time":"2025-10-04T00:00:00Z","end_time":"2025-10-04T00:00:01Z","error":"E: no","error_kind":"crash"' |
			sed 's/"iteration":0/"iteration":3/; s/"persona":null/"persona":"novice"/; s/"success":true/"success":false/' |
			sed 's/"input":"i"/"input":"\\n\\nHow do I\\u0007 reset it?\\nThanks!"/'
		row without-a-time
		row u '"start_time":"2025-10-04T00:00:00Z"' | sed 's/"input":"i"/"input":["a",{"b":"\\ud83d\\ude00"}]/'
	} >in
	assert_equal "$(chrome in)" 'processes=3 lanes=0 observations=0 highest=1 arrows=0'
	assert_equal "$(jq -c '.traceEvents[] | select(.name == "process_name").args.name' out)" "$(cat <<-'END'
	"#3 novice: How do I\u0007 reset it?…"
	"#0: i"
	"#0: [\"a\", {\"b\": \"😀\"}]"
	END
	)"
	assert_equal "$(jq -c '.traceEvents[] | select(.ph == "X") | [.ts,.dur,.cname,.args.trace_id,.args.error_kind]' out)" "$(cat <<-'END'
	[1759536000000000,1000000,"terrible","t","crash"]
	[1759536000000000,1000,null,"u",null]
	END
	)"
}

@test "an event has the fields of its observation, within the limits of viewers" {
	{
		row t
		printf '{"trace_id":"t","id":"a","type":"generation","name":"n","start_time":"1969-12-31","end_time":"9999-01-01"%s%s}\n' \
			',"level":"error","error":"E","model":"m","prompt_tokens":1,"completion_tokens":2,"total_tokens":3' \
			',"input":{"k":[NaN,"\ud800"]},"output":null,"metadata":'"$(printf '[%.0s' {1..300})$(printf ']%.0s' {1..300})"
	} >in
	chrome in
	assert_equal "$(jq -c '.traceEvents[-1] | [.ts,.dur,.cname,.cat,(.args | keys_unsorted)]' out)" \
		'[0,9007199254740991,"terrible","generation",["id","level","error","model","prompt_tokens","completion_tokens","total_tokens","input","metadata"]]'
	assert_equal "$(jq -c '.traceEvents[-1].args | [.input,(.metadata | type,length)]' out)" \
		'[{"k":[null,"�"]},"string",600]'
	# what is nested 100 deep is still JSON, and brackets in strings are text
	for depth in 100 101; do
		printf '{"trace_id":"t","type":"tool","name":"n","input":[["]",%s{"\\"":"["}%s]]}\n' \
			"$(printf '[%.0s' $(seq 4 $depth))" "$(printf ']%.0s' $(seq 4 $depth))"
	done >in
	chrome in
	assert_equal "$(jq -c 'select(.args.input) | .args.input | type' <(jq -c '.traceEvents[]' out) | paste -sd ' ')" \
		'"array" "string"'
}

@test "each file of chrome is complete" {
	fl-parse -f chrome -o dir "$REFERENCE/decorated_nested"
	assert_equal "$(ls --ignore='index.*' dir | wc -l) $(ls dir/*.trace.json | wc -l)" '4 4'
	for file in dir/*.trace.json; do
		python3 "$ROOT/tests/chrome-check.py" "$file"
	done
	# one after another they are what a stream has
	jq -c '.traceEvents[]' dir/*.trace.json | sort >files
	fl-parse -f chrome "$REFERENCE/decorated_nested" | jq -c '.traceEvents[]' | sort | cmp - files
}

# experiment: makes an experiment's folder x of a run that used callbacks and a
# run that failed, with the rows apart from what else is known of them.
experiment()
{
	{
		jq -nc '{trace_id: "a", run_id: "r1", input: "hi", output: "done", success: true,
			callback_messages: {send: ["Hello", {text: "World"}], error: [{code: "POLICY"}]},
			conversation: [{role: "user", content: "FIRST"}, {role: "assistant", content: "two\nlines", source: "agent"}],
			stdout: "PRINTED\n", metadata: {strategy: "typo", variation: "SWAPPED"},
			observations: [{id: "g", type: "generation", name: "say", model: "small-1",
				prompt_tokens: 12, completion_tokens: 34, total_tokens: 46}]}'
		jq -nc '{trace_id: "b", run_id: "r2", input: "no", output: null, success: false,
			error: "ValueError: REASON", error_kind: "error", stderr: "Traceback\n  File \"bot.py\", line 3\n",
			metadata: {strategy: "verbose"}, observations: [{id: "t", type: "tool", name: "look", level: "error",
			error: "STEPFAULT", metadata: {traceback: "Traceback\n  File \"bot.py\", line 7, in look\n"}}]}'
	} | fl-collect -q x || true
	[[ -z $(grep -l -e POLICY -e PRINTED x/trace_summary.jsonl) ]]
}

@test "a trace says in its header that its error callback was called" {
	experiment
	fl-parse -f html -o pages x
	grep -q '<em class="failed">error callback: 1</em></h1>' pages/00_a.html
	run ! grep 'error callback' pages/00_b.html
	grep -q 'error callback: 1' pages/index.md
	# failures come first in the lists, with their error
	assert_equal "$(grep -o '00_[ab].html' pages/index.html | tr '\n' ' ')" '00_b.html 00_a.html '
	assert_equal "$(grep -o '(00_[ab].html' pages/index.md | tr '\n' ' ')" '(00_b.html (00_a.html '
	grep -q 'ValueError: REASON' pages/index.html
	grep -q 'ValueError: REASON' pages/index.md
	grep -q '<title>x</title>' pages/index.html
}

@test "the model and tokens of a step are shown where there are some, and 0 is" {
	printf '{"trace_id":"a","run_id":"r","success":true,"observations":[%s]}\n' \
		'{"id":"o","model":"m","prompt_tokens":0,"completion_tokens":7,"total_tokens":"7"}' \
		'{"id":"p","model":"","prompt_tokens":null}' >in
	fl-parse in >out
	assert_equal "$(grep -E '^- (Model|[A-Z][a-z]* tokens)' out)" '- Model: `m`
- Prompt tokens: `0`
- Completion tokens: `7`
- Total tokens: `7`'
}

@test "messages with a role and a content are a chat, and nothing else is" {
	while IFS='|' read -r value wanted; do
		printf '{"trace_id":"c","input":%s,"success":true,"observations":[]}\n' "$value" >in
		assert_equal "$value: $(fl-parse in | sed -n '/^### Input/{n;p;}')" "$value: $wanted"
	done <<-'END'
	[{"role":"user","content":"a"}]|- **User**: a
	{ "messages" : [ {"content":"a" , "role":"user" } ] }|- **User**: a
	[{"role":"user","content":"a"},{"role":"tool","parts":["b"],"x":null}]|- **User**: a
	[{"role":"user","content":"a","role":"tool","content":"b"}]|- **Tool**: b
	[{"role":"user","content":"a","x":{"role":"y"}}]|- **User**: a `{"x":{"role":"y"}}`
	[{"role":"user","content":null,"parts":["b"]}]|- **User**: b
	{"messages":[{"role":"user","content":"a"}],"model":"m"}|```json
	{"messages":{"role":"user","content":"a"}}|```json
	[{"role":"user","content":"a"},{"role":"user"}]|```json
	[{"role":"user","content":"a"},["role"]]|```json
	[{"role":"","content":"a"}]|```json
	[{"role":1,"content":"a"}]|```json
	{"messages":[]}|```json
	[]|```json
	END
}

@test "chat messages are turns, and files in base64 are notes and pictures" {
	data=$(head -c 3000 /dev/zero | tr '\0' 'A')
	png="iVBORw0KGgo$data"
	jq -nc --arg png "$png" --arg data "$data" '{trace_id: "m", run_id: "r", input: [
		{role: "system", content: "Be brief."},
		{role: "user", content: [{type: "text", text: "What is this?"},
			{type: "image_url", image_url: {url: ("data:image/png;base64," + $png)}}]},
		{role: "user", content: [{type: "image", source: {type: "base64", media_type: "image/jpeg", data: $data}}]},
		{role: "user", parts: [{inline_data: {mime_type: "audio/wav", data: $data}}]},
		{role: "assistant", content: null, tool_calls: [{name: "look"}]}],
		output: {picture: ("R0lGODlh" + $data), other: $data}, success: true, observations: []}' >in
	fl-parse in >out.md
	for line in '- **System**: Be brief.' '- **User**: [image/jpeg, 2.2 kB]' '- **User**: [audio/wav, 2.2 kB]' \
		'- **Assistant**:  `{"tool_calls":[{"name":"look"}]}`' '  [image/png, 2.3 kB]'; do
		grep -q -x -F -e "$line" out.md || fail "no $line in $(cut -c 1-200 out.md)"
	done
	grep -q '"picture": "\[image/gif, 2.3 kB\]"' out.md
	# what has no known type is text
	grep -q "\"other\": \"$data\"" out.md
	fl-parse -f tree in | grep -q 'What is this'
	fl-parse -f tree in | grep -q '\[image/jpeg, 2.2 kB\]'
	fl-parse -f html in >page
	assert_equal "$(grep -c '<img alt="" src="data:image/' page)" 3
	assert_equal "$(grep -c 'audio/wav, 2.2 kB\]</figcaption>' page)" 1
	grep -q 'img-src data:' page
}
