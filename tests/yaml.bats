load test_helper
load filter_helper

setup_file()
{
	local flags

	find_python yaml
	mapfile -t flags < <(library_flags)
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -o "$BATS_FILE_TMPDIR/check" \
		"$ROOT"/tests/json-{check,tell}.c "${flags[@]}"
}

# need_pyyaml: skips the test if PyYAML is not installed.
need_pyyaml()
{
	python3 -c 'import yaml' 2>/dev/null || skip 'no PyYAML'
}

# reads_as JSON: asserts that fl-yaml reads stdin as this document.
reads_as()
{
	local text

	text=$(cat)
	run --separate-stderr -0 fl-yaml --documents <<<"$text"
	assert_equal "$text: $output" "$text: $1"
}

# --- types ------------------------------------------------------------------------

@test "plain scalars get the types of the table" {
	while IFS=$'\t' read -r text wanted; do
		printf -- '---\nv: %s\n' "$text" >>in
		printf '{"v":%s}\n' "$wanted" >>wanted
	done <<-'END'
	0	0
	-0	-0
	1	1
	+1	1
	-12	-12
	123456789012345678901234567890	123456789012345678901234567890
	0x1F	31
	1.5	1.5
	-1.5	-1.5
	+1.5	1.5
	.5	0.5
	-.5	"-.5"
	5.	5.0
	1.0	1.0
	1.5e+3	1.5e+3
	1.5E-3	1.5E-3
	true	true
	True	true
	TRUE	true
	false	false
	False	false
	FALSE	false
	null	null
	Null	null
	NULL	null
	~	null
	# nothing	null
	tRUE	"tRUE"
	nULL	"nULL"
	yes	"yes"
	No	"No"
	on	"on"
	OFF	"OFF"
	y	"y"
	n	"n"
	010	"010"
	00	"00"
	0o17	"0o17"
	0b11	"0b11"
	1_000	"1_000"
	1e3	"1e3"
	1E3	"1E3"
	1.5e3	"1.5e3"
	12:30	"12:30"
	12:30:45	"12:30:45"
	2025-10-04	"2025-10-04"
	2025-10-04T14:09:02Z	"2025-10-04T14:09:02Z"
	.inf	null
	-.INF	null
	.NaN	null
	.	"."
	+	"+"
	..	".."
	1.2.3	"1.2.3"
	0x	"0x"
	0xg	"0xg"
	-0x1	"-0x1"
	<<	"<<"
	=	"="
	a b	"a b"
	a#b	"a#b"
	a # b	"a"
	"1"	"1"
	'1'	"1"
	"null"	"null"
	''	""
	'it''s'	"it's"
	"\x41\u00e9\U0001F600\n\0"	"Aé😀\n\u0000"
	"\ud83d\ude00"	"😀"
	!!str 1	"1"
	! 1	"1"
	!!int 7	7
	!!float 7	7
	!!float 7.5	7.5
	!!bool true	true
	!!null ~	null
	[1, a, "b"]	[1,"a","b"]
	{a: 1, "b": [~]}	{"a":1,"b":[null]}
	[]	[]
	{}	{}
	END
	run --separate-stderr -0 fl-yaml --documents in
	assert_equal "$stderr" ''
	diff wanted <(cat <<<"$output")
}

@test "PyYAML reads every scalar alike, except those known to differ" {
	need_pyyaml
	cat >scalars <<-'END'
	0
	7
	-7
	+7
	00
	010
	08
	-010
	0o7
	0b101
	0x1f
	0X1F
	-0x1f
	1_000
	_1
	1_
	1.
	.1
	1.5
	-1.5
	+.5
	1_0.5
	1e3
	1e+3
	1.e+3
	1.0e3
	1.0e+3
	1.0E-3
	1:30
	1:30:15
	1:30.5
	190:20:30
	-1:30
	1:99
	2025-10-04
	2025-1-4
	2025-10-04 14:09:02
	2025-10-04T14:09:02
	2025-10-04t14:09:02.5Z
	2025-10
	yes
	Yes
	YES
	yES
	no
	No
	NO
	on
	On
	ON
	off
	Off
	OFF
	y
	Y
	n
	true
	True
	TRUE
	tRue
	false
	null
	Null
	NULL
	~
	none
	None
	nil
	+
	.
	..
	1.2.3
	12e
	e12
	1a
	0.
	-.5
	abc
	a-b
	é
	0.1e
	100,000
	$5
	END
	"$BATS_FILE_TMPDIR/check" reading <scalars >readings
	sed 's/^/- /' scalars | fl-yaml >ours
	python3 - <<-'PY'
	import json, yaml
	bad = []
	rows = zip(open("scalars").read().split("\n"), open("readings"), open("ours"))
	for text, reading, ours in rows:
	    theirs, ours = yaml.safe_load(text), json.loads(ours)
	    same = type(theirs) is type(ours) and theirs == ours
	    # these are numbers in YAML 1.2 and strings in PyYAML
	    if same and text in ("1e3", "1e+3", "1.0e3", "0o7", "08", "+.5", "-.5"):
	        same = False
	    if same != (reading == "-\n"):
	        bad.append((text, theirs, ours, reading))
	assert not bad, bad
	PY
}

@test "keys are strings as written" {
	reads_as '{"1":"a","true":"b","null":"c","yes":"d","1.50":"e","2025-10-04":"f"}' <<-'END'
	1: a
	true: b
	null: c
	yes: d
	1.50: e
	2025-10-04: f
	END
}

@test "block scalars keep and fold their lines" {
	reads_as '{"l":"a\n  b\n\nc\n","f":"a b\nc\n","s":"a","k":"a\n\n"}' <<-'END'
	l: |
	  a
	    b

	  c
	f: >
	  a
	  b

	  c
	s: |-
	  a
	k: |+
	  a

	# end
	END
}

# --- entries, documents ------------------------------------------------------------

@test "entries are read from inputs, from a bare list and from several documents" {
	cat >in <<-'END'
	%YAML 1.2
	---
	# a comment
	name: x
	inputs:
	- input: a
	- input: b
	  metadata: {n: 1}
	- c
	other: [1, 2]
	---
	- 1
	- [2, 3]
	- {inputs: [4]}
	---
	inputs: []
	---
	inputs: {a: 1}
	---
	just: this
	...
	---
	word
	END
	run --separate-stderr -0 fl-yaml in
	assert_equal "$stderr" ''
	assert_output - <<-'END'
	{"input":"a"}
	{"input":"b","metadata":{"n":1}}
	"c"
	1
	[2,3]
	{"inputs":[4]}
	{"inputs":{"a":1}}
	{"just":"this"}
	"word"
	END
	run --separate-stderr -0 fl-yaml --documents in
	assert_line --index 0 '{"name":"x","inputs":[{"input":"a"},{"input":"b","metadata":{"n":1}},"c"],"other":[1,2]}'
	assert_equal "${#lines[@]}" 6
}

@test "only the outermost key named inputs counts" {
	run -0 fl-yaml <<-'END'
	meta:
	  inputs: [no]
	"inputs": [{inputs: [yes-1]}, yes-2]
	END
	assert_output $'{"inputs":["yes-1"]}\n"yes-2"'
}

@test "an inputs file of the original FluxLoop with aliases is read" {
	file=$DATA/reference/generated-by-original.yaml
	run --separate-stderr -0 fl-yaml "$file"
	assert_equal "$stderr" ''
	cat >got <<<"$output"
	assert_equal "$(lines_of got)" 6
	assert_equal "$(jq -c .metadata.template_kwargs got | sort -u)" \
		'{"connection_id":"conn-1","data":{"content":"How do I reset my résumé 😀?","conversationId":"c-1","n":3,"ratio":0.5,"none":null},"user_connection":{"user_id":"u-1","project_id":"p-9","tags":["a","b"]},"send_callback":"<callable:send>","error_callback":"<callable:error>"}'
	assert_equal "$(jq -r .input got | head -n 1)" \
		"[rephrase] How do I reset my résumé 😀? (User Persona: novice_user) — é 😀 \"q\": 'x'"
	need_pyyaml
	python3 - "$file" <<-'PY'
	import json, sys, yaml
	with open(sys.argv[1]) as f:
	    assert yaml.safe_load(f)["inputs"] == [json.loads(line) for line in open("got")]
	PY
}

# --- anchors ----------------------------------------------------------------------

@test "an alias expands to the last anchor of its name before it" {
	reads_as '{"a":{"x":[1,2]},"b":{"x":[1,2]},"c":[1,2],"d":"s","e":"s"}' <<-'END'
	a: &a
	  x: &b [1, 2]
	b: *a
	c: *b
	d: &a s
	e: *a
	END
	reads_as '[{"a":1},[{"a":1},{"a":1}],[[{"a":1},{"a":1}],[{"a":1},{"a":1}]]]' <<-'END'
	- &a {a: 1}
	- &b [*a, *a]
	- [*b, *b]
	END
}

@test "aliases work across the entries of one document" {
	run -0 fl-yaml <<-'END'
	base: &base {n: 1}
	inputs:
	- &first {input: a, metadata: *base}
	- *first
	- {input: b, metadata: *base}
	END
	assert_output - <<-'END'
	{"input":"a","metadata":{"n":1}}
	{"input":"a","metadata":{"n":1}}
	{"input":"b","metadata":{"n":1}}
	END
}

@test "an alias without an earlier anchor is an error with its position" {
	run --separate-stderr -2 fl-yaml <<<$'a: 1\nb: *nowhere'
	assert_equal "$stderr" 'fl-yaml: <stdin>:2:4: alias without an earlier anchor'
	run --separate-stderr -2 fl-yaml <<<$'a: &a [*a]'
	assert_regex "$stderr" '^fl-yaml: <stdin>:1:[0-9]+: '
}

@test "every form of a billion-laughs file is rejected" {
	python3 - <<-'PY'
	names = "abcdefghijklmnop"
	with open("nested", "w") as f:
	    print("a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]", file=f)
	    for this, that in zip(names[1:], names):
	        print("%s: &%s [%s]" % (this, this, ", ".join(["*" + that] * 9)), file=f)
	with open("list", "w") as f:
	    print("- &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]", file=f)
	    for this, that in zip(names[1:], names):
	        print("- &%s [%s]" % (this, ", ".join(["*" + that] * 9)), file=f)
	PY
	for words in 'nested --documents' list; do
		file=${words%% *}
		# shellcheck disable=SC2086 # these are words
		little 1500000 timeout 100 fl-yaml $words >out 2>err &&
			fail "$file was expanded"
		assert_regex "$(<err)" "^fl-yaml: $file:[0-9]+(:[0-9]+)?: (aliases|anchors) "
	done
}

# --- errors -------------------------------------------------------------------------

@test "errors come with line and column" {
	while IFS='|' read -r text place; do
		# shellcheck disable=SC2059 # it has the line breaks
		printf -- "$text" >in
		run --separate-stderr -2 fl-yaml in
		assert_regex "$text: $stderr" "^.*: fl-yaml: in:$place: [^A-Z]"
	done <<-'END'
	a: [1, 2\nb: 3\n|[23]:[0-9]+
	a: 1\n b: 2\n|[12]:[0-9]+
	a: "x\n|[12]:[0-9]+
	a:\n\t- b\n|2:[0-9]+
	a: b: c\n|1:[0-9]+
	- a\nb: 1\n|2:[0-9]+
	a: !!int x\n|1:[0-9]+
	a: !<tag:yaml.org,2002:bool> 7\n|1:[0-9]+
	? [a]\n: b\n|1:[0-9]+
	? {a: b}\n: c\n|1:[0-9]+
	a: }\n|1:[0-9]+
	x: 1\ny: "\\q"\n|2:[0-9]+
	END
}

@test "entries before an error are written" {
	run --separate-stderr -2 fl-yaml <<<$'inputs:\n- a\n- b\n- [c\n'
	assert_output $'"a"\n"b"'
	assert_regex "$stderr" '^fl-yaml: <stdin>:[4-6]:'
}

@test "NUL and invalid UTF-8 are errors anywhere in a file" {
	for bytes in '\0' '\xff' '\xc3' '\xc0\x80' '\xed\xa0\x80' '\xf4\x90\x80\x80' \
		'\xe2\x80' '\xf0\x9f\x98'; do
		for shape in 'a: %bx\nb: 1\n' 'a: "%b"\n' '# %b\na: 1\n' 'a: 1\n%b' \
			'%ba: 1\n' '%b: 1\n' 'a: |\n  x%bx\nb: 2\n'; do
			# shellcheck disable=SC2059 # a shape is a format
			printf "$shape" "$bytes" >in
			run --separate-stderr -2 fl-yaml in
			assert_regex "$bytes $shape $stderr" ' fl-yaml: in:[0-9]+:[0-9]+: (not UTF-8|NUL byte)$'
		done
	done
}

@test "bad bytes are found after a megabyte of good ones" {
	for bytes in '\0' '\xff' '\xc3'; do
		{
			yes -- '- input: "0123456789 é"' | head -n 40000
			printf -- "- x$bytes\n"
		} >in
		run --separate-stderr -2 fl-yaml in
		assert_regex "$stderr" '^fl-yaml: in:40001:4: (not UTF-8|NUL byte)$'
	done
}

@test "characters may be split between two reads" {
	cat >slow.py <<-'PY'
	import os, sys, time
	for byte in "- input: é€😀\n- \"😀é\"\n- '\u2028'\n".encode() + b"# \xc3\xa9":
	    os.write(1, bytes([byte]))
	    time.sleep(0.002)
	PY
	python3 slow.py | fl-yaml >out
	assert_equal "$(<out)" $'{"input":"é€😀"}\n"😀é"\n"\xe2\x80\xa8"'
	for bytes in '\xc3' '\xf0\x9f\x98' '\xe2\x28'; do
		{ printf -- '- a'; sleep 0.02; printf '%b' "${bytes:0:4}"; sleep 0.02
			printf '%b\n' "${bytes:4}"; } >slow
		{ printf -- '- a'; sleep 0.02; printf '%b' "${bytes:0:4}"; sleep 0.02
			printf '%b\n' "${bytes:4}"; } | {
			run --separate-stderr -2 fl-yaml
			assert_equal "$stderr" 'fl-yaml: <stdin>:1:4: not UTF-8'
		}
	done
}

@test "a byte-order mark and CRLF line ends are accepted" {
	printf '\xef\xbb\xbfinputs:\r\n- input: a\r\n- input: "b"\r\n' >in
	run --separate-stderr -0 fl-yaml in
	assert_output $'{"input":"a"}\n{"input":"b"}'
}

@test "the nesting depth is limited" {
	python3 -c 'print("[" * 1000 + "]" * 1000)' | fl-yaml --documents >out
	assert_equal "$(wc -c <out)" 2001
	python3 -c 'print("[" * 1001 + "]" * 1001)' >in
	run --separate-stderr -2 fl-yaml --documents in
	assert_equal "$stderr" 'fl-yaml: in:1:1001: nested too deeply'
	python3 -c 'print("[" * 100000)' >in
	run --separate-stderr -2 timeout 100 fl-yaml in
	assert_regex "$stderr" '^fl-yaml: in:1:'
}

@test "empty files and comments have no entries" {
	for text in '' '\n' '# nothing\n' '---\n' '# a\n---\n# b\n...\n'; do
		# shellcheck disable=SC2059 # it has line breaks
		run --separate-stderr -0 fl-yaml <(printf -- "$text")
		assert_equal "$stderr" ''
		[[ $text == *---* ]] || assert_output ''
		assert_regex "_$output" '^_(null)?$'
	done
}

@test "several files are read in order, and a bad one does not affect the others" {
	printf -- '- a\n' >a
	printf -- '- b: [\n' >b
	printf -- '- c\n' >c
	run --separate-stderr -2 fl-yaml a b missing c
	assert_output $'"a"\n"c"'
	assert_equal "${#stderr_lines[@]}" 2
	assert_regex "${stderr_lines[0]}" '^fl-yaml: b:2:'
	assert_equal "${stderr_lines[1]}" 'fl-yaml: missing: No such file or directory'
}

# --- back to YAML -------------------------------------------------------------------

# adversarial: prints records with strings that are hard to write as YAML.
adversarial()
{
	python3 - <<-'PY'
	import json, random
	random.seed(11)
	strings = ["", " ", "  a", "a ", "\n", "\n\n", "a\n", "\na", "a\nb", "a\r\nb", "\r", "\t", "\ta",
	    "yes", "no", "on", "off", "y", "n", "true", "True", "null", "Null", "~", "010", "0o17", "0x1F",
	    "1e3", "1.5", ".5", "5.", "1_000", "12:30:45", "2025-10-04", ".inf", ".nan", "-", "- x", "--",
	    "---", "--- a", "...", "#", "# x", "a #b", "a: b", ":", ": ", "?", "? x", "!", "!!str x", "&a",
	    "*a", "[", "]", "{", "}", "[a]", "{a: b}", ",", "|", "|-", ">", "'", "\"", "''", "\"\"", "\\",
	    "\\n", "%", "%YAML 1.2", "@", "`", "=", "<<", "a\\", "C:\\new\\table", "\0", "a\0b", "\x01\x02",
	    "\x1b[31m", "\x7f", "\x80", "\x85", "\xa0", "\xad", "é", "é\u2028x\u2029", "\ufeff", "\ufffe",
	    "\uffff", "😀", "👨‍👩‍👧", "\U0010ffff", "日本語", "مرحبا", "\u202eabc", "e\u0301", "\u200b",
	    "x" * 100000, "é" * 5000, "word " * 5000, "\n" * 2000, "a" * 79 + " b", " " * 200, "inputs",
	    "inputs:\n- a", "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace")]
	for s in strings:
	    print(json.dumps({"input": s, s: {"v": [s]}}))
	alphabet = "ab \n\t:-#'\"\\[]{}&*!|>%@`,?\0\x01\x85\u2028é😀\ufeff"
	for i in range(800):
	    s = "".join(random.choice(alphabet) for _ in range(random.randrange(1, 60)))
	    print(json.dumps({"input": s, "metadata": {s: [s, {"n": 1.5}]}}, ensure_ascii=i % 2 == 0))
	PY
}

# same_values A B: asserts that the lines of two files are equal values.
same_values()
{
	python3 - "$1" "$2" <<-'PY'
	import json, sys
	a, b = ([json.loads(line) for line in open(name, newline="\n")] for name in sys.argv[1:])
	assert len(a) == len(b), (len(a), len(b))
	for x, y in zip(a, b):
	    assert x == y, (x, y)
	PY
}

@test "strings of every kind are read back unchanged" {
	adversarial >records
	fl-yaml --to-yaml records >yaml
	fl-yaml yaml >back
	same_values records back
	fl-yaml --to-yaml --list records | fl-yaml >back
	same_values records back
}

@test "PyYAML reads the YAML that fl-yaml writes" {
	need_pyyaml
	adversarial >records
	fl-yaml --to-yaml --header '{"name":"yes","n":[1,2.5,null,true]}' records >yaml
	python3 - <<-'PY'
	import json, yaml
	loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
	with open("yaml", encoding="utf-8") as f:
	    document = yaml.load(f, loader)
	assert {k: document[k] for k in ("name", "n")} == {"name": "yes", "n": [1, 2.5, None, True]}
	wanted = [json.loads(line) for line in open("records")]
	assert len(document["inputs"]) == len(wanted)
	for a, b in zip(document["inputs"], wanted):
	    assert a == b, (a, b)
	PY
}

@test "numbers keep their value, and their text where YAML allows it" {
	echo '{"a":[0,-0,1,-1,1.50,1e3,1E-7,1.5e300,12345678901234567890,0.1]}' >in
	fl-yaml --to-yaml in | fl-yaml >back
	same_values in back
	need_pyyaml
	fl-yaml --to-yaml in | python3 -c 'import sys, yaml
for v in yaml.safe_load(sys.stdin)["inputs"][0]["a"]:
    assert isinstance(v, (int, float)), v'
}

@test "--limit writes the first entries of all files" {
	printf 'inputs: [a, b]\n' >one.yaml
	printf -- '- c\n- d\n' >two.yaml
	run -0 fl-yaml --limit 3 one.yaml two.yaml
	assert_output $'"a"\n"b"\n"c"'
	run -0 fl-yaml --limit 0 one.yaml
	assert_output ''
	run -2 fl-yaml --limit x one.yaml
}

@test "metadata is written between the header and the inputs, with its types" {
	run -0 fl-yaml --to-yaml --header '{"a":1}' --metadata 'name=123 "x"' --metadata total:=5 \
		--metadata 'list[]=one' --metadata 'list[]=two' --metadata 'last[]=' <<<'{"input":"x"}'
	assert_equal "$(fl-yaml -d <<<"$output")" \
		'{"a":1,"metadata":{"name":"123 \"x\"","total":5,"list":["one","two"],"last":[""]},"inputs":[{"input":"x"}]}'
	for wrong in name =x a:=nope; do
		run --separate-stderr -2 fl-yaml --to-yaml --metadata "$wrong" <<<'{}'
		assert_regex "$stderr" "^fl-yaml: --metadata '$wrong': "
	done
}

@test "a header is written before the inputs and must be an object" {
	run -0 fl-yaml --to-yaml --header '{"generated_at":"2025","metadata":{"limit":3}}' \
		<<<'{"input":"a"}'
	assert_output - <<-'END'
	generated_at: "2025"
	metadata:
	  limit: 3
	inputs:
	- input: "a"
	END
	for header in '[]' '"a"' '{' '{"a":NaN}' ''; do
		run --separate-stderr -2 fl-yaml --to-yaml --header "$header" <<<'{}'
		assert_regex "$stderr" '^fl-yaml: --header: '
		assert_equal "$output" ''
	done
}

@test "no records give an empty list, and --list writes no key" {
	run -0 fl-yaml --to-yaml </dev/null
	assert_output 'inputs: []'
	run -0 fl-yaml --to-yaml --list </dev/null
	assert_output '[]'
	run -0 fl-yaml --to-yaml --list <<<'{"input":"a"}'
	assert_output '- input: "a"'
}

@test "bad lines are reported and skipped by --to-yaml" {
	printf '{"input":"a"}\nnonsense\n[1]\n{"input":"b"}\n{"input":' >in
	fl-yaml --to-yaml in >out 2>err || status=$?
	assert_equal "$status" 1
	assert_equal "$(fl-yaml out)" $'{"input":"a"}\n{"input":"b"}'
	assert_equal "$(cut -d ' ' -f 2 err | paste -sd ' ')" 'in:2: in:3: in:5:'
}

@test "--to-yaml writes NaN as null, with one warning" {
	run --separate-stderr -0 fl-yaml --to-yaml --list <<<$'{"a":NaN}\n{"a":[-Infinity]}'
	assert_output $'- a: null\n- a:\n  - null'
	assert_equal "$stderr" 'fl-yaml: <stdin>: NaN and Infinity are not JSON; read as null'
}

# --- --output -----------------------------------------------------------------

@test "--output replaces the file when all is written and prints the number of records" {
	echo old >out.yaml
	run -0 fl-yaml -t --metadata a=b --output out.yaml <<<$'{"input":"a"}\n{"input":"b"}'
	assert_output 2
	assert_equal "$(<out.yaml)" $'metadata:\n  a: "b"\ninputs:\n- input: "a"\n- input: "b"'
	run -1 fl-yaml -t -o out.jsonl <<<$'{"input": 1.0}\nnonsense'
	assert_line 1
	assert_equal "$(<out.jsonl)" '{"input": 1.0}'
	run find . -name '*.new'
	assert_output ''
}

@test "--output keeps the earlier file when an input cannot be read" {
	echo old >out.yaml
	run -2 fl-yaml -t -o out.yaml nowhere
	assert_output 'fl-yaml: nowhere: No such file or directory'
	assert_equal "$(cat out.yaml*)" old
	run -2 fl-yaml -t -o nowhere/out.yaml <<<'{}'
	assert_output 'fl-yaml: nowhere/out.yaml: No such file or directory'
	run -2 fl-yaml -o out.yaml <<<'a: b'
	assert_line 'fl-yaml: --output is for --to-yaml'
}
