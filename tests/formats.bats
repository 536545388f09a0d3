load test_helper
load filter_helper

REFERENCE=$DATA/reference/parse

setup_file()
{
	find_python
	hostile >"$BATS_FILE_TMPDIR/hostile"
	export HOSTILE=$BATS_FILE_TMPDIR/hostile
}

# row ID [FIELDS]: a trace row.
row()
{
	printf '{"trace_id":"%s","iteration":0,"persona":null,"input":"i","output":"o","duration_ms":1.0,"success":true%s}\n' \
		"$1" "${2:+,$2}"
}

# hostile: rows and observations with values of the wrong type and bad text in
# any field. The last two observations are the only ones without a type.
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

# render FORMAT [FILE...]: into out; what it says is for other tests.
render()
{
	local status=0

	fl-parse --format "$@" >out 2>err || status=$?
	((status < 2)) || fail "$(<err)"
}

# --- json -----------------------------------------------------------------------

# pretty: what Python makes of the records on stdin, numbers as they are written.
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

@test "json is the record of jsonl, laid out as Python does" {
	for case in "$REFERENCE"/*/; do
		render jsonl "$case"
		mv out compact
		render json "$case"
		(($(wc -c <out) > $(wc -c <compact))) || fail "$case is not laid out"
		cmp <(jq -c . compact) <(jq -c . out)
		pretty <compact | cmp - out
	done
}

@test "json is strict JSON in UTF-8, whatever comes in" {
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
	assert_equal "$(ls dir | paste -sd ' ')" '00_a.json 00_b.json'
	cat dir/*.json | cmp - <(fl-parse -f json in)
	assert_equal "$(jq -r .trace_id dir/00_b.json)" b
	assert_equal "$(sed -n '1,2p;$p' dir/00_a.json)" $'{\n  "trace_id": "a",\n}'
	assert_equal "$(grep -c '^  "timeline": \[\],$' dir/00_a.json)" 1
}
