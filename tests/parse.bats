load test_helper
load filter_helper

REFERENCE=$DATA/reference/parse

setup_file()
{
	find_python
}

# row ID [FIELDS]: a trace row; observation ID NAME [FIELDS]: one of these.
row()
{
	printf '{"trace_id":"%s","iteration":0,"persona":null,"input":"i","output":"o","duration_ms":1.0,"success":true%s}\n' \
		"$1" "${2:+,$2}"
}

observation()
{
	printf '{"id":"%s","trace_id":"%s","type":"tool","name":"%s","start_time":"2025-10-04T14:09:02+00:00","end_time":"2025-10-04T14:09:03+00:00"%s}\n' \
		"$2" "$1" "$2" "${3:+,$3}"
}

# files_in FOLDER: the traces' files, without the indexes.
files_in()
{
	ls --ignore='index.*' "$1"
}

# --- the original's output ------------------------------------------------------------

@test "experiments of the original are rendered as it did, byte for byte" {
	count=0
	for case in "$REFERENCE"/*/; do
		name=$(basename "$case")
		run --separate-stderr fl-parse --output-dir "$name" "$case"
		if [[ $name == values || $name == ties || $name == times ]]; then
			refute [ "$status" = 2 ]
		else
			assert_equal "$name: $status $stderr" "$name: 0 "
		fi
		diff -r -x .fluxloop-output -x 'index.*' "$case/expected" "$name"
		count=$((count + 1))
	done
	((count >= 11)) || fail "only $count cases"
}

@test "rows and observations may come in any order, from files and from a pipe" {
	for name in decorated_nested times unicode values; do
		case=$REFERENCE/$name
		fl-parse "$case" >wanted 2>err || true
		(($(wc -c <wanted) > 500)) || fail "$name is empty"
		rows=$case/trace_summary.jsonl obs=$case/observations.jsonl
		for order in "$rows $obs" "$obs $rows"; do
			# shellcheck disable=SC2086 # two files
			fl-parse $order 2>err | cmp - wanted
			# shellcheck disable=SC2086
			cat $order | fl-parse 2>err | cmp - wanted
			# shellcheck disable=SC2086
			cat $order | fl-parse - 2>err | cmp - wanted
		done
		fl-parse "$rows" - <"$obs" 2>err | cmp - wanted
		cat "$obs" | fl-parse - "$rows" 2>err | cmp - wanted
		# rows among the observations
		paste -d '\n' "$obs" "$rows" | fl-parse 2>err | cmp - wanted
	done
}

@test "the observations of a whole trace are checked like any JSON" {
	local n

	cat >in <<-'END'
	{"trace_id":"a","observations":[{"id":"1"},]}
	{"trace_id":"a","observations":[{"id":"1"} {"id":"2"}]}
	{"trace_id":"a","observations":[{"id":"1","input":tru}]}
	{"trace_id":"a","observations":[{"id":"1"},{"id":"2"}
	{"trace_id":"a","observations":[,]}
	{"trace_id":"b","observations":[1,{"id":"1"},null,[{"id":"-"}],{"id":"2","observations":[{"id":"-"}]}]}
	{"trace_id":"c","observations":[{"id":"-"}],"observations":[{"id":"3"}]}
	{"trace_id":"d","observations":[{"id":"-"}],"observations":[]}
	{"trace_id":"e","observations" : [ {"id":"4"} , { } ] }
	END
	run --separate-stderr -1 fl-parse -f jsonl in
	assert_equal "$stderr" "fl-parse: in:1: a value is missing (byte 44)
fl-parse: in:2: a comma or ']' is missing (byte 44)
fl-parse: in:3: not a JSON value (byte 51)
fl-parse: in:4: the array is not closed (byte 54)
fl-parse: in:5: a value is missing (byte 33)"
	assert_equal "$(jq -r '[.trace_id, (.timeline[].raw | .id // "none")] |
		join(" ")' <<<"$output")" $'b 1 2\nc 3\nd\ne 4 none'
	# three levels are outside of the arrays
	for n in 997 998; do
		python3 -c "n = $n; print('{\"trace_id\":\"a\",\"observations\":[' +
			'{\"id\":\"1\",\"input\":' + '[' * n + ']' * n + '}]}')"
	done >in
	run --separate-stderr -1 fl-parse -f jsonl in
	assert_equal "$stderr" 'fl-parse: in:2: nested too deeply (byte 1048)'
}

@test "whole traces are rendered as their parts are" {
	for name in decorated_nested unicode decorated_error; do
		python3 - "$REFERENCE/$name" >whole <<-'PY'
		import json, sys
		read = lambda f: [json.loads(l) for l in open("%s/%s.jsonl" % (sys.argv[1], f), encoding="utf-8")]
		observations = read("observations")
		for row in read("trace_summary"):
		    row["observations"] = [o for o in observations if o["trace_id"] == row["trace_id"]]
		    print(json.dumps(row))
		PY
		fl-parse "$REFERENCE/$name" >parts
		fl-parse whole | cmp - parts
		fl-parse -o out whole
		diff -r -x .fluxloop-output -x 'index.*' "$REFERENCE/$name/expected" out
		rm -r out
	done
}

# --- bringing together -------------------------------------------------------------------

@test "observations without a row are shown and reported" {
	{ observation lost a '"output":5'; row t; observation lost b; } >in
	run --separate-stderr fl-parse in
	assert_equal "$stderr" 'fl-parse: 1 trace had observations but no row'
	assert_line 'trace_id: "lost"'
	assert_line 'success: null'
	assert_line '### Step 1: [tool] a'
	assert_line '### Step 2: [tool] b'
	fl-parse -o out in 2>err || true
	assert_equal "$(files_in out | paste -sd ' ')" '00_lost.md 00_t.md'
}

@test "missing observations that a row counts are reported, and the rest is shown" {
	for count in 0 1 3; do
		{ row t "\"observation_count\":$count"; row u '"observation_count":1'
			observation t a; observation t b; observation u c; } >in
		run --separate-stderr -1 fl-parse in
		assert_equal "$stderr" 'fl-parse: 1 trace has more or fewer observations than the row counts'
		assert_line '### Step 2: [tool] b'
		assert_line '### Step 1: [tool] c'
	done
	{ row t '"observation_count":2'; observation t a; observation t b; } >in
	run --separate-stderr -0 fl-parse in
	assert_equal "$stderr" ''
	echo '{"trace_id":"t","observation_count":2,"observations":[{"id":"a"}]}' >in
	run --separate-stderr -1 fl-parse in
	assert_equal "$stderr" 'fl-parse: 1 trace has more or fewer observations than the row counts'
}

@test "a repeated row counts once, different rows both count" {
	{ row t; observation t a; row t; row t; } >in
	run --separate-stderr -0 fl-parse in
	assert_equal "$(grep -c '^# Trace Analysis' <<<"$output")" 1
	{ row t; row t | sed 's/"iteration":0/"iteration":1/'; row t | sed 's/"output":"o"/"output":"p"/'; } >in
	run --separate-stderr -0 fl-parse -o out in
	assert_equal "$(files_in out | paste -sd ' ')" '00_t-2.md 00_t.md 01_t.md'
	assert_equal "$(grep -l '"output": "o"' out/*)" $'out/00_t.md\nout/01_t.md'
}

@test "ids that make the same name get files of their own" {
	{ row a/b; row a.b; row 'a b'; row a-b; row a-b-2; row 'a\nb'; } >in
	run --separate-stderr -0 fl-parse -o out in
	assert_equal "$(files_in out | wc -l)" 6
	assert_equal "$(cat out/*.md | sed -n 's/^trace_id: //p' | sort -u | wc -l)" 6
	assert_equal "$(ls out/00_a-b.md)" out/00_a-b.md
}

@test "any trace id makes a file name, within the folder" {
	long=$(head -c 10000 /dev/zero | tr '\0' x)
	{
		row ../../etc/passwd
		row /abs
		row ..
		row .
		row ''
		row '\u0000'
		row 'a\u0000b'
		row "$long"
		row "${long}y"
		row 'é😀한'
		row '\ud800'
		row '-rf'
		row '\n\r\t\u001b[31m'
		row "$(printf '한%.0s' {1..300})"
		row t | sed 's/"t"/7/'
		row t | sed 's/"t"/null/; s/"o"/"p"/'
		row t | sed 's/"t"/{"a":"\/"}/'
	} >in
	run --separate-stderr fl-parse -o out in
	refute [ "$status" = 2 ]
	assert_equal "$(find out -name '*_*.md' | wc -l)" 17
	assert_equal "$(find . -type f ! -path './out/*' ! -name 'separate-*')" ./in
	while IFS= read -r -d '' file; do
		assert_regex "$file" '^out/[0-9]{2,}_[^/[:cntrl:] .]*\.md$'
		((${#file} < 260)) || fail "$file is too long"
	done < <(find out -name '*_*.md' -print0)
	assert_file_exists out/00_é-한.md
	assert_file_exists out/00_------etc-passwd.md
	for file in out/*; do
		python3 -c 'import sys; open(sys.argv[1], encoding="utf-8").read()' "$file"
	done
}

@test "steps stand in the order of their times, then of the file" {
	{
		for start in 05 03 03 04 ''; do
			n=$((n + 1))
			printf '{"trace_id":"t","type":"tool","name":"n%d","start_time":"2025-10-04T14:09:%s"}\n' "$n" "$start"
		done
		row t
	} >in
	run --separate-stderr -0 fl-parse in
	assert_equal "$(sed -n 's/^### Step \(.*\): .* \(.*\)/\1\2/p' <<<"$output" | paste -sd ' ')" \
		'1n5 2n2 3n3 4n4 5n1'
}

# --- values ---------------------------------------------------------------------------------

@test "numbers and NaN are shown as they were written" {
	{
		row t | sed 's/"input":"i"/"input":[1.0,1e5,-0,100000000000000000000000000,0.10,NaN,-Infinity]/'
		observation t a '"output":{"v":NaN,"w":1.50}'
	} >in
	run --separate-stderr -0 fl-parse in
	for number in 1.0 1e5 -0 100000000000000000000000000 0.10 NaN; do
		assert_line "    $number,"
	done
	assert_line '    -Infinity'
	assert_line '  "v": NaN,'
	assert_line '  "w": 1.50'
	run --separate-stderr -0 fl-parse -f jsonl in
	assert_equal "$(jq -c '.input == [1,100000,-0,1e26,0.1,null,null]' <<<"$output")" true
	assert_regex "$output" '"input":\[1\.0,1e5,-0,100000000000000000000000000,0\.10,null,null\]'
}

@test "what only Python writes is reported once for each file" {
	mkdir dir
	observation t a '"output":[NaN,"\ud800"]' >dir/observations.jsonl
	row t "\"observations_at\":0,\"observations_bytes\":$(wc -c <dir/observations.jsonl)" >dir/trace_summary.jsonl
	{ row a; observation a b '"output":Infinity'; observation a c '"output":NaN'; row b; } >one
	printf '{"trace_id":"w","input":"\\udfff","observations":[{"name":"n"}]}\n' >two
	nan='NaN and Infinity are not JSON' half='lone surrogates are not text'
	for shown in 'md|shown unchanged|shown unchanged' 'tree|shown unchanged|shown unchanged' \
		'jsonl|read as null|read as U+FFFD' 'html|read as null|read as U+FFFD'; do
		IFS='|' read -r format null fffd <<<"$shown"
		for jobs in 1 3; do
			# by the extents that the rows tell, and by an index
			for folder in dir 'dir/trace_summary.jsonl dir/observations.jsonl'; do
				# shellcheck disable=SC2086 # words
				run --separate-stderr -0 fl-parse -j $jobs -f "$format" $folder
				assert_equal "$stderr" "$(printf 'fl-parse: dir/observations.jsonl: %s\n' "$nan; $null" "$half; $fffd")"
			done
		done
		run --separate-stderr -0 fl-parse -f "$format" -o "$format" one - <two
		assert_equal "$stderr" "fl-parse: one: $nan; $null"$'\n'"fl-parse: <stdin>: $half; $fffd"
	done
	# a trace that does not fit into memory
	{ cat dir/observations.jsonl; observation t b "\"output\":\"$(printf '%0700000d' 0)\""; } >more
	mv more dir/observations.jsonl
	row t "\"observations_at\":0,\"observations_bytes\":$(wc -c <dir/observations.jsonl)" >dir/trace_summary.jsonl
	run --separate-stderr -0 fl-parse --memory 4M dir
	assert_equal "$(lines_of <(cat <<<"$stderr"))" 2
}

@test "a value of the wrong type in any field harms nothing" {
	python3 - >in <<-'PY'
	import json
	values = [None, True, False, 0, -1, 1.5, 1e300, "", "text", "\n# x\n", [], [1], {}, {"a": {"b": []}}, "\ud800"]
	row = {"trace_id": "t", "iteration": 0, "persona": "p", "input": "i", "output": "o", "duration_ms": 1.5,
	    "success": True, "error": "e", "error_kind": "k", "observation_count": 1, "token_usage": {}, "conversation": []}
	observation = {"id": "o", "trace_id": "t", "type": "tool", "name": "n", "start_time": "2025-10-04T14:09:02",
	    "end_time": "2025-10-04T14:09:03+00:00", "level": "DEFAULT", "input": 1, "output": 2, "error": None,
	    "parent_observation_id": None}
	n = 0
	for field in row:
	    for value in values:
	        n += 1
	        print(json.dumps(dict(row, trace_id="r%d" % n) | {field: value}))
	        print(json.dumps(dict(observation, trace_id="r%d" % n)))
	for field in observation:
	    for value in values:
	        n += 1
	        print(json.dumps(dict(row, trace_id="o%d" % n)))
	        print(json.dumps(dict(observation, trace_id="o%d" % n) | {field: value}))
	print('{"trace_id":"whole","observations":[null,1,"a",[],{}]}')
	PY
	for options in '-o out' '-f jsonl -o out' '' '-f jsonl'; do
		rm -rf out
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr fl-parse $options in
		refute [ "$status" = 2 ]
		(($status < 128)) || fail "it crashed: $status"
	done
	cat >jsonl <<<"$output"
	python3 - <<-'PY'
	import json
	def strict(c): raise ValueError(c)
	rows = [json.loads(line, parse_constant=strict) for line in open("jsonl", encoding="utf-8")]
	assert len(rows) >= 12 * 15, len(rows)
	PY
}

@test "names, personas and levels cannot change the layout" {
	bad='\n# Injected\n```\n---\n'
	{
		row 'id`\n# Injected' | sed "s|\"persona\":null|\"persona\":\"p\`${bad//\\/\\\\}\"|"
		printf '{"trace_id":"id`\\n# Injected","type":"t%s","name":"n%s","level":"`l%s","start_time":"s%s"}\n' \
			"$bad" "$bad" "$bad" "$bad"
		row other '"error":"e'"$bad"'","error_kind":"`k'"$bad"'"'
	} >in
	fl-parse in >out
	refute grep -q '^# Injected' out
	# line by line the same as with names that are no trouble
	sed 's/\\n/x/g; s/`/x/g' in | fl-parse >plain
	marks='s/^\(---\|```[a-z]*\|#* [A-Z][a-z]*\|- [A-Z][a-z ]*:\|[a-z_]*:\|(.*)\).*/\1/; t; s/..*/text/'
	diff <(sed "$marks" plain) <(sed "$marks" out)
	(($(lines_of out) > 60)) || fail "$(<out)"
	# the header is YAML that says what was said
	run --separate-stderr -0 fl-parse <(row 'a\"b\\c\n- d' | sed 's|"persona":null|"persona":"p: \\"#\\u0000é\\ud83d\\ude00"|')
	sed -n '2,/^---$/p' <<<"$output" | sed '$d' | fl-yaml >header
	assert_jq '[.trace_id,.persona]' '["a\"b\\c\n- d","p: \"#\u0000é😀"]' header
}

@test "output is UTF-8 whatever comes in" {
	{
		row '\ud800\udc00\ud800' | sed 's|"input":"i"|"input":"\\ud800 x"|'
		observation '\ud800\udc00\ud800' '\udfff' '"output":["\ud800","\u2028\u0000"]'
	} >in
	fl-parse in >out
	python3 -c 'open("out", encoding="utf-8").read()'
	fl-parse -f jsonl in >out
	python3 -c 'import json; json.loads(open("out", encoding="utf-8").read())'
}

@test "durations need two times of one kind" {
	while IFS='|' read -r start end wanted; do
		printf '{"trace_id":"t","type":"tool","name":"n","start_time":%s,"end_time":%s}\n' "$start" "$end" >in
		run --separate-stderr fl-parse in
		assert_line "- Duration: \`$wanted\`"
		run --separate-stderr fl-parse -f jsonl in
		assert_equal "$(jq ".timeline[0].duration_ms == $(sed 's/ ms//; s/N.A/null/' <<<"$wanted")" <<<"$output")" true
	done <<-'END'
	"2025-10-04T14:09:02+00:00"|"2025-10-04T14:09:03.5+00:00"|1500.00 ms
	"2025-10-04T14:09:02"|"2025-10-04T14:09:02.000250"|0.25 ms
	"2025-10-04T14:09:02Z"|"2025-10-04T15:09:03+01:00"|1000.00 ms
	"2025-10-04T14:09:03Z"|"2025-10-04T14:09:02Z"|-1000.00 ms
	"2025-10-04T14:09:02"|"2025-10-04T14:09:03Z"|N/A
	"2025-10-04T14:09:02Z"|null|N/A
	null|"2025-10-04T14:09:02Z"|N/A
	"yesterday"|"today"|N/A
	5|6|N/A
	END
}

@test "a failed run shows its error" {
	{ row t '"error":"ValueError: no","error_kind":"error"'; } | sed 's/"success":true/"success":false/' >in
	run --separate-stderr -0 fl-parse in
	assert_line 'success: false'
	assert_line '- Success: `False`'
	assert_line '- Error kind: `error`'
	assert_line '- Error: `ValueError: no`'
}

# --- jsonl ------------------------------------------------------------------------------------

@test "a per-trace record has the fields that the records' manual names" {
	{
		row t '"error":"e","error_kind":"k","token_usage":{"total_tokens":3},"conversation":[{"role":"user"}],"termination_reason":"done"'
		observation t a '"input":{"q":1},"output":2,"level":"DEFAULT","extra":[1.25]'
		row u
	} >in
	run --separate-stderr -0 fl-parse --format jsonl in
	cat >got <<<"$output"
	assert_equal "$(lines_of got)" 2
	assert_equal "$(head -n 1 got | jq -c keys_unsorted)" \
		'["trace_id","iteration","persona","input","output","duration_ms","success","error","error_kind","final_output","summary","timeline","conversation","token_usage","termination_reason","metrics","observation_count"]'
	assert_equal "$(tail -n 1 got | jq -c keys_unsorted)" \
		'["trace_id","iteration","persona","input","output","duration_ms","success","final_output","summary","timeline","conversation","metrics","observation_count"]'
	assert_equal "$(head -n 1 got | jq -c '.timeline[0]')" \
		'{"trace_id":"t","type":"tool","name":"a","start_time":"2025-10-04T14:09:02+00:00","end_time":"2025-10-04T14:09:03+00:00","level":"DEFAULT","duration_ms":1000,"step":1,"depth":0,"parent_step":null,"input":{"q":1},"output":2,"raw":{"id":"a","trace_id":"t","type":"tool","name":"a","start_time":"2025-10-04T14:09:02+00:00","end_time":"2025-10-04T14:09:03+00:00","input":{"q":1},"output":2,"level":"DEFAULT","extra":[1.25]}}'
	assert_equal "$(jq -c '[.observation_count,.metrics.observation_count,.final_output,.summary.output,(.conversation | length)]' got)" \
		$'[1,1,"o","o",1]\n[0,0,"o","o",0]'
	fl-parse -f jsonl -o out in
	cmp got out/per_trace.jsonl
}

@test "a per-trace record is read as the trace that it was made of" {
	for case in decorated_nested decorated_error times ties unicode; do
		fl-parse -f jsonl "$REFERENCE/$case" >records
		(($(jq -s 'map(.timeline | length) | add' records) > 0)) || fail "$case has no steps"
		for format in jsonl md tree csv; do
			fl-parse -f $format "$REFERENCE/$case" >wanted
			fl-parse -f $format records | cmp - wanted
		done
	done
	# a row says more, and a trace without one is one without one again
	{
		row t '"conversation":[],"token_usage":{},"termination_reason":""'
		observation t a '"parent_observation_id":"b","model":"m"'
		observation t b
		observation norow c
	} >in
	fl-parse -f jsonl in >records 2>err
	for format in jsonl md tree; do
		fl-parse -f $format in 2>err >wanted
		fl-parse -f $format records 2>err | cmp - wanted
		assert_equal "$(<err)" ''
	done
	# a page has what is in it once
	head -n 1 records | fl-parse -f html >page
	sed -n '/id="data-0"/,/<\/script>/p' page >data
	refute grep -q '"timeline"\|"summary"\|"final_output"\|"metrics"' data
	grep -q '^"conversation":' data
}

@test "each observation of a timeline is a step" {
	{
		echo '{"trace_id":"a","summary":{},"timeline":[null,5,"x",[],{"raw":5,"name":"n1"},{"raw":{"name":"n2"}},{}]}'
		# these are rows
		echo '{"trace_id":"b","timeline":[{"name":"n3"}]}'
		echo '{"trace_id":"c","timeline":{},"summary":{}}'
		echo '{"trace_id":"d","timeline":[{"name":"n4"}],"summary":1}'
	} >in
	run --separate-stderr -0 fl-parse -f jsonl in
	assert_equal "$(jq -c '[.trace_id, (.timeline[] | .name)]' <<<"$output" | paste -sd ' ')" \
		'["a","n1","n2",null] ["b"] ["c"] ["d"]'
}

# --- the output folder -----------------------------------------------------------------------------

@test "an existing folder is replaced only with --overwrite, and as a whole" {
	mkdir here
	cd here
	row a >one
	row b >two
	fl-parse -o out one
	run --separate-stderr -2 fl-parse -o out two
	assert_equal "$stderr" 'fl-parse: out: already exists; --overwrite replaces it'
	assert_equal "$(files_in out)" 00_a.md
	run --separate-stderr -0 fl-parse -o out --overwrite two
	assert_equal "$(files_in out)" 00_b.md
	run --separate-stderr -0 fl-parse -o out/ --overwrite one
	assert_equal "$(files_in out)" 00_a.md
	assert_equal "$(ls -A)" $'one\nout\ntwo'
}

@test "--overwrite replaces nothing that fl-parse did not make" {
	mkdir here
	cd here
	row a >one
	mkdir foreign
	echo precious >foreign/file
	echo precious >file
	mkdir target
	fl-parse -o target/made one
	ln -s target/made link
	ln -s nowhere dangling
	for place in foreign file link dangling .; do
		run --separate-stderr -2 fl-parse -o "$place" --overwrite one
		assert_regex "$stderr" "^fl-parse: ${place/./\\.}: "
	done
	assert_equal "$(cat foreign/file file)" $'precious\nprecious'
	assert [ -L link ]
	assert [ -L dangling ]
	assert_equal "$(ls -A | paste -sd ' ')" 'dangling file foreign link one target'
	# an empty folder is nobody's
	mkdir empty
	run -0 fl-parse -o empty --overwrite one
	assert_file_exists empty/00_a.md
}

@test "files that were added to the folder are not lost" {
	local format name

	row a >one
	for format in md html csv jsonl otlp; do
		for name in notes.txt per_trace.xlsx .hidden zz/file 0a/00_b.md 00_b.md index.css; do
			rm -rf out
			fl-parse -f $format -o out one
			mkdir -p "$(dirname "out/$name")"
			echo precious >"out/$name"
			run --separate-stderr -2 fl-parse -f $format -o out --overwrite one
			assert_equal "$stderr" "fl-parse: out: has '${name/zz\/file/zz}', which fl-parse did not make, so not replaced; --overwrite --force replaces it"
			run --separate-stderr -2 fl-parse -f $format -o out one
			assert_equal "$(cat "out/$name")" precious
			assert_equal "$(find . -name '*.new-*')" ''
			# a folder that is not a part of the output stays
			fl-parse -f $format -o out --overwrite --force one
			[[ $name == zz/file ]] || assert_equal "$(find . -name "${name##*/}" | grep -c .)" 0
			[[ $name != zz/file ]] || assert_equal "$(find . -name file | grep -c .)" 1
			rm -rf out*
		done
	done
}

@test "--overwrite replaces what fl-parse made, in any format" {
	local format formats other

	row a >one
	: >none
	row '\u0001 \u202e x/../y' >odd
	mapfile -t formats < <(formats)
	for format in "${formats[@]}" 'md --shard-dirs' 'html --shard-dirs'; do
		for other in one none odd; do
			# shellcheck disable=SC2086 # options
			run --separate-stderr -0 fl-parse -f $format -o out --overwrite $other
			assert_equal "$format: $stderr" "$format: "
		done
	done
	# a folder of a version whose marker was empty, and that had fewer files
	rm out/page.css out/page.js out/pages.js
	: >out/.fluxloop-output
	run -0 fl-parse -o out --overwrite one
	run -0 fl-parse --overwrite --force -o new one
	# one file more, while the new folder is being made
	mkfifo slow
	fl-parse -o out --overwrite slow 2>err &
	exec 7>slow
	row b >&7
	wait_until matches 'out.new-*'
	echo precious >out/since
	exec 7>&-
	status=0
	wait $! || status=$?
	assert_equal "$status $(<err)" "2 fl-parse: out: has 'since', which fl-parse did not make, so not replaced; --overwrite --force replaces it"
	assert_equal "$(<out/since)" precious
	assert_equal "$(find . -name '*.new-*')" ''
}

@test "the folder appears when it is complete" {
	mkdir here
	cd here
	mkfifo to
	fl-parse -o out to &
	exec 7>to
	row a >&7
	printf '{"trace_id":"b","observations":[]}\n' >&7
	wait_until matches 'out*'
	assert_not_exists out
	exec 7>&-
	wait $!
	assert_equal "$(files_in out | paste -sd ' ')" '00_a.md 00_b.md'
	assert_equal "$(ls -A)" $'out\nto'
}

@test "output is for its owner only" {
	row a >one
	(umask 000 && fl-parse -o out one)
	assert_equal "$(mode_of out) $(mode_of out/00_a.md)" '700 600'
}

@test "when it fails no folder is left behind" {
	mkdir here
	cd here
	row a >one
	run --separate-stderr -2 fl-parse -o out one missing
	assert_equal "$stderr" 'fl-parse: missing: No such file or directory'
	assert_equal "$(ls -A)" one
	run --separate-stderr -2 fl-parse -o no/such/place one
	assert_regex "$stderr" '^fl-parse: no/such/place: No such file'
}

# --- operands -------------------------------------------------------------------------------------

@test "an experiment's folder stands for its files, several for theirs" {
	fl-parse "$REFERENCE/guide" "$REFERENCE/times" >both
	{ fl-parse "$REFERENCE/guide"; fl-parse "$REFERENCE/times"; } | cmp - both
	mkdir empty
	run --separate-stderr -2 fl-parse empty
	assert_equal "$stderr" 'fl-parse: empty: not an experiment directory: it has neither trace_summary.jsonl nor observations.jsonl'
	mkdir traces
	cp "$REFERENCE/guide/trace_summary.jsonl" traces/traces.jsonl
	fl-parse traces | cmp - <(fl-parse "$REFERENCE/guide")
	mkdir observations
	cp "$REFERENCE/times/observations.jsonl" observations
	run --separate-stderr fl-parse observations
	assert_equal "$(grep -c '^### Step' <<<"$output")" "$(lines_of "$REFERENCE/times/observations.jsonl")"
}

@test "formats are known by name" {
	for name in nonsense '' MD ../md; do
		run --separate-stderr -2 fl-parse -f "$name" </dev/null
		assert_regex "$stderr" "^fl-parse: unknown format '$name'"
	done
	run --separate-stderr -2 fl-parse -f nonsense </dev/null
	assert_regex "$stderr" "unknown format 'nonsense': expected one of md, html, "
	run --separate-stderr -2 fl-parse -f htlm </dev/null
	assert_regex "$stderr" "unknown format 'htlm'; did you mean 'html'[?]"
}

@test "--list-formats prints each format with its file and a summary" {
	mkdir bin
	printf '#!/bin/sh\nexec cat\n' | tee bin/fl-format-extra bin/fl-format-md \
		bin/fl-format-BAD >/dev/null
	touch bin/fl-format-no-program
	printf '#!/bin/sh\necho .xlsx\n' >bin/fl-format-zz
	chmod +x bin/fl-format-extra bin/fl-format-md bin/fl-format-BAD bin/fl-format-zz
	PATH=$PATH:$PWD/bin:$PWD/bin run fl-parse --list-formats
	assert_success
	assert_regex "$(cut -f 1 <<<"$output" | paste -sd ' ')" '^md html ([a-z]+ )+csv tsv extra zz$'
	assert_line "md	-	Markdown"
	assert_line --regexp '^jsonl	per_trace\.jsonl	[a-z].*[a-z]$'
	assert_line "extra	per_trace.extra	the output of $PWD/bin/fl-format-extra"
	assert_line "zz	per_trace.xlsx	the output of $PWD/bin/fl-format-zz"
	# and the usage names those that are built in
	usage=$(fl-parse --help)
	while IFS=$'\t' read -r name file summary; do
		[[ $summary != "the output of "* ]] || continue
		assert_regex "$usage" $'\n'"  $name +$summary"
		documented fl-parse.1 "$name"
	done <<<"$output"
}

@test "records without a trace are reported and skipped" {
	{ row a; echo '{"input":"x"}'; echo nonsense; row b; } >in
	run --separate-stderr -1 fl-parse in
	assert_equal "$(grep -c '^# Trace' <<<"$output")" 2
	assert_equal "$(cut -d ' ' -f 2 <<<"$stderr" | paste -sd ' ')" 'in:2: in:3:'
}

@test "--max-depth allows more levels, within reason" {
	python3 -c 'print("{\"trace_id\":\"t\",\"input\":%s1%s}" % ("[" * 5000, "]" * 5000))' >in
	run --separate-stderr -1 fl-parse in
	assert_output ''
	run --separate-stderr -0 fl-parse --max-depth 6000 -f jsonl in
	assert_equal "$(grep -o '\[' <<<"$output" | wc -l)" 10002
	run --separate-stderr -2 fl-parse --max-depth 100000 in
	assert_regex "$stderr" "^fl-parse: invalid --max-depth '100000': expected "
}

@test "a file that is not read from its start is rendered" {
	{ row gone; row here; observation here a; } >in
	{ read -r _; fl-parse >out; } <in
	assert_equal "$(sed -n 's/^trace_id: //p' out)" '"here"'
	assert_equal "$(grep -c '^### Step' out)" 1
}

@test "a temporary file that cannot be made is reported" {
	for ((i = 0; i < 3; i++)); do
		row a "\"pad\":\"$(head -c 1000000 /dev/zero | tr '\0' p)\""
	done >in
	run --separate-stderr -2 bash -c 'cat in | TMPDIR=/nowhere fl-parse --memory 4M'
	assert_output ''
	assert_regex "$stderr" '^fl-parse: '
}

@test "a full disk ends fl-parse with 2, and leaves no folder" {
	is_sanitized && skip 'the sanitizers write files of their own'
	for i in {1..30}; do
		row "t$i" "\"pad\":\"$(printf '%0500d' 0)\""
	done >in
	row big | sed "s/\"o\"/\"$(printf '%09000d' 0)\"/" >>in
	for format in md jsonl; do
		status=0
		(ulimit -f 8; trap '' XFSZ; exec fl-parse -f "$format" -o out in) 2>err || status=$?
		assert_equal "$format $status" "$format 2"
		assert_regex "$(<err)" '^fl-parse: out.*: File too large$'
		assert_equal "$(compgen -G 'out*')" ''
	done
}

@test "in observations.jsonl an observation needs no type" {
	mkdir e
	row t >e/trace_summary.jsonl
	# none, null, and one that a row of the same fields would not have
	cat >e/observations.jsonl <<-'EOF'
	{"trace_id":"t","id":"1","name":"root","output":"x"}
	{"trace_id":"t","id":"2","name":"look","type":null}
	{"trace_id":"t","iteration":0,"success":true,"name":"odd"}
	EOF
	run --separate-stderr fl-parse e
	assert_success
	assert_equal "$stderr" ''
	assert_equal "$(grep '^### Step' <<<"$output")" \
		$'### Step 1: [unknown] root\n### Step 2: [unknown] look\n### Step 3: [unknown] odd'
	# tables have no steps
	for format in $(formats | grep -vx -e md -e csv -e tsv); do
		run fl-parse -f "$format" e
		for name in root look odd; do
			assert_output --partial "$name"
		done
	done
	# the same when the files are operands, in any order
	assert_equal "$(fl-parse e/observations.jsonl e/trace_summary.jsonl | grep -c '^### Step')" 3
}

@test "in trace_summary.jsonl a row may have a type" {
	mkdir e
	row t '"type":"trace"' >e/trace_summary.jsonl
	observation t a >e/observations.jsonl
	run --separate-stderr fl-parse e
	assert_success
	assert_equal "$(grep -c '^### Step' <<<"$output")" 1
	assert_equal "$(grep -c '^# Trace Analysis' <<<"$output")" 1
}
