load test_helper
load filter_helper

RECORDINGS=$DATA/reference/recordings

# recorded KWARGS...: prints a recording with each of the arguments.
recorded()
{
	local kwargs n=0

	for kwargs; do
		n=$((n + 1))
		printf '{"_version":"1","iteration":0,"target":"m:f","kwargs":%s,"timestamp":"2025-10-04T14:09:0%d"}\n' \
			"$kwargs" "$n"
	done
}

@test "the guide's recording becomes a template" {
	run --separate-stderr -0 fl-record-extract "$RECORDINGS/guide.jsonl"
	assert_equal "$stderr" ''
	assert_equal "$(jq -c 'keys_unsorted' <<<"$output")" \
		'["target","input","input_path","kwargs","recorded_at","source"]'
	cat >got <<<"$output"
	assert_jq '[.target,.input,.input_path,.recorded_at,.source.line]' \
		'["app.handler:MessageHandler.handle_message","How do I reset my résumé 😀?","data.content","2026-11-22T18:21:32.147701",1]' got
	assert_jq .source.file "\"$RECORDINGS/guide.jsonl\"" got
	assert_equal "$(jq -cS .kwargs got)" "$(jq -cS .kwargs "$RECORDINGS/guide.jsonl")"
}

@test "every call that the original FluxLoop records is converted" {
	run --separate-stderr -1 fl-record-extract "$RECORDINGS/api.jsonl"
	cat >got <<<"$output"
	count=$(lines_of "$RECORDINGS/api.jsonl")
	assert_equal "$(lines_of got)" "$count"
	# values are unchanged, except those that JSON lacks
	python3 - "$RECORDINGS/api.jsonl" <<-'PY'
	import json, sys
	def clean(v):
	    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))): return None
	    if isinstance(v, str): return v.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
	    if isinstance(v, dict): return {k: clean(x) for k, x in v.items()}
	    if isinstance(v, list): return [clean(x) for x in v]
	    return v
	def strict(c): raise ValueError(c)
	for line, (a, b) in enumerate(zip(open(sys.argv[1]), open("got")), 1):
	    a, b = json.loads(a), json.loads(b, parse_constant=strict)
	    assert clean(a["kwargs"]) == b["kwargs"], (a, b)
	    assert a["target"] == b["target"] and a["timestamp"] == b["recorded_at"]
	    assert b["source"]["line"] == line
	PY
	assert_equal "$(grep -c 'NaN and Infinity' <<<"$stderr")" 1
}

@test "callables, reprs and masks are kept unchanged" {
	grep '"t:callables"\|"t:objects"\|"t:sensitive"' "$RECORDINGS/api.jsonl" >in
	run -1 fl-record-extract in
	fl-record-extract in 2>/dev/null >got || true
	for mark in '<builtin:collector.send>' '<builtin:collector.error>' \
		'<builtin:collector.send:async>' '<callable:<lambda>>' '<callable:unknown>' \
		'<callable:print>' "<repr:PosixPath('/a/b')>" '***'; do
		assert_equal "$mark $(grep -cF -- "$mark" got)" "$mark $(grep -cF -- "$mark" in)"
	done
}

@test "the text is the first string in one of the default places" {
	while IFS=$'\t' read -r kwargs path text; do
		run --separate-stderr -0 fl-record-extract <(recorded "$kwargs")
		assert_equal "$kwargs $(jq -c '[.input_path,.input]' <<<"$output")" \
			"$kwargs [$path,$text]"
		assert_equal "$stderr" ''
	done <<-'END'
	{"data":{"content":"a"}}	"data.content"	"a"
	{"input":"a"}	"input"	"a"
	{"input_text":"a"}	"input_text"	"a"
	{"message":"a"}	"message"	"a"
	{"query":"a"}	"query"	"a"
	{"text":"a"}	"text"	"a"
	{"content":"a"}	"content"	"a"
	{"content":"7","text":"6","query":"5","message":"4","input_text":"3","input":"2","data":{"content":"1"}}	"data.content"	"1"
	{"content":"7","text":"6","query":"5","message":"4","input_text":"3","input":"2","data":{"text":"1"}}	"input"	"2"
	{"content":"7","text":"6","query":"5","message":"4","input_text":"3"}	"input_text"	"3"
	{"content":"7","text":"6","query":"5","message":"4"}	"message"	"4"
	{"content":"7","text":"6","query":"5"}	"query"	"5"
	{"content":"7","text":"6"}	"text"	"6"
	{"message":{"a":1},"query":"q"}	"query"	"q"
	{"input":5,"content":""}	"content"	""
	{"data.content":"a"}	"data.content"	"a"
	END
}

@test "the text is found in the arguments of real handlers" {
	local name kwargs path

	while IFS=$'\t' read -r name kwargs path; do
		run --separate-stderr -0 fl-record-extract <(recorded "$kwargs")
		assert_equal "$name: $(jq -r '.input_path + " " + .input' <<<"$output")" \
			"$name: $path T"
		assert_equal "$stderr" ''
		# the path leads there again
		run --separate-stderr -0 fl-record-extract --path "$path" <(recorded "$kwargs")
		assert_equal "$name: $(jq -r .input <<<"$output")" "$name: T"
	done <"$DATA/text-places.tsv"
}

@test "what is not the user's text is not taken for it" {
	local kwargs

	while IFS= read -r kwargs; do
		run --separate-stderr -1 fl-record-extract <(recorded "$kwargs")
		assert_equal "$kwargs $(jq -c '[.input,.input_path]' <<<"$output")" \
			"$kwargs [null,null]"
	done <<-'END'
	{"messages":[{"role":"system","content":"Be kind."},{"role":"assistant","content":"Yes?"}]}
	{"message":"<callable:send>","input":"***","text":"<repr:object>"}
	{"history":[{"role":"user","content":"old"}],"q":"new"}
	{"config":{"prompt":"Be kind."},"headers":{"content":"text/html"}}
	{"a":{"b":{"text":"deep"}}}
	{"body":"{\"message\":\"in JSON\"}"}
	{"events":[{"text":"one"},{"text":"two"}]}
	END
}

@test "a string that stands for bytes, a date or a path is not the text" {
	local kwargs types path text

	while IFS=$'\t' read -r kwargs types path text; do
		recorded "$kwargs" | jq -c --argjson types "$types" '.types = $types' >in
		run --separate-stderr -0 fl-record-extract in
		assert_equal "$types $(jq -c '[.input_path,.input]' <<<"$output")" \
			"$types [\"$path\",\"$text\"]"
	done <<-'END'
	{"body":"aGk=","topic":{"text":"T"}}	{"body":"bytes"}	topic.text	T
	{"data":{"content":"aGk="},"text":"T"}	{"data.content":"bytes"}	text	T
	{"input":"2026-01-02","note":{"message":"T"}}	{"input":"datetime.date"}	note.message	T
	{"message":"/tmp/a","text":"T"}	{"message":{"class":"pathlib.PosixPath"}}	text	T
	{"messages":[{"content":"YQ=="},{"content":"T"}]}	{"messages.0.content":"bytes"}	messages.1.content	T
	{"text":"T"}	{"text":"app.Markup"}	text	T
	END
	# bytes that are named are read
	recorded '{"body":"R3LDvMOfZQ=="}' | jq -c '.types = {"body":"bytes"}' >in
	run --separate-stderr -0 fl-record-extract --path body in
	assert_equal "$(jq -c .input <<<"$output")" '"Grüße"'
	# but not if they are no text
	recorded '{"body":"/w=="}' | jq -c '.types = {"body":"bytes"}' >in
	run --separate-stderr -0 fl-record-extract --path body in
	assert_equal "$(jq -c .input <<<"$output")" '"/w=="'
}

@test "a call without text is kept for replaying, and its places are listed" {
	recorded '{"q":"where?","user":{"id x":"abc"},"n":5,"text":"***"}' '{"input":5}' '{}' \
		'{"q":"when?","user":{"id x":"def"},"n":6}' >in
	run --separate-stderr -1 fl-record-extract in
	assert_equal "$(jq -c '[.input,.input_path,.source.line]' <<<"$output")" \
		$'[null,null,1]\n[null,null,2]\n[null,null,3]\n[null,null,4]'
	diff - <(cat <<<"$stderr") <<-'END'
	fl-record-extract: in:1: no text found; the call can only be replayed as recorded, unless you name its place:
	fl-record-extract:   --path q                            where?
	fl-record-extract:   --path 'user.id x'                  abc
	fl-record-extract: in:2: no text found; the call can only be replayed as recorded
	fl-record-extract: 2 more calls without a text
	END
	run --separate-stderr -1 fl-record-extract --text in
	assert_output ''
	assert_regex "$stderr" 'in:1: no text found; the call is skipped, unless you name its place:'
	# each of the listed options works
	run --separate-stderr -1 fl-record-extract --text --path 'user.id x' in
	assert_equal "$(jq -r .input <<<"$output")" $'abc\ndef'
	# a terminal gets no commands, and a long list is cut
	recorded "$(jq -nc '[range(20) | {("k\(.)"): "\u001b[2J"}] | add')" >in
	run --separate-stderr -1 fl-record-extract in
	assert_equal "${#stderr_lines[@]}" 14
	assert_equal "${stderr_lines[13]}" 'fl-record-extract:   and 8 more strings'
	refute_regex "$stderr" $'\e'
}

# Bodies as the clients of @anthropic-ai/sdk, ollama, @google/genai, cohere-ai and ai send them.
@test "the text of each vendor's request is found" {
	local path body

	while IFS='|' read -r path body; do
		recorded "$body" >in
		run --separate-stderr -0 fl-record-extract in
		assert_equal "$(jq -c '[.input_path,.input]' <<<"$output")" "[\"$path\",\"Is it late?\"]"
	done <<-'END'
	messages.-1.content|{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Is it late?"}]}
	messages.-1.content.0.text|{"model":"m","system":"Be kind.","messages":[{"role":"user","content":[{"type":"text","text":"Is it late?"}]}],"stream":true}
	messages.-1.content|{"model":"m","stream":true,"messages":[{"role":"system","content":"No."},{"role":"user","content":"Is it late?"}]}
	prompt|{"model":"m","prompt":"Is it late?","stream":false}
	contents.-1.parts.0.text|{"contents":[{"parts":[{"text":"Is it late?"}],"role":"user"}]}
	input|{"model":"m","input":"Is it late?"}
	input.-1.content.0.text|{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"Is it late?"}]}]}
	END
}

@test "--path gives the place of the text, whatever its type" {
	recorded '{"item":{"content":[{"text":"deep"}]},"input":"no","n":5,"a.b":"dots","l":["x",["y","z"]]}' >in
	while IFS=' ' read -r path text; do
		run --separate-stderr -0 fl-record-extract --path "$path" in
		assert_equal "$(jq -c '[.input_path,.input]' <<<"$output")" "[\"$path\",$text]"
		run --separate-stderr -0 fl-record-extract -p "$path" in
		assert_equal "$(jq -c .input <<<"$output")" "$text"
	done <<-'END'
	item.content.0.text "deep"
	item.content.-1.text "deep"
	n 5
	a.b "dots"
	item {"content":[{"text":"deep"}]}
	l.0 "x"
	l.-2 "x"
	l.-1.-1 "z"
	END
	# a text goes into a list of parts
	run --separate-stderr -0 fl-record-extract --path item.content in
	assert_equal "$(jq -c '[.input_path,.input]' <<<"$output")" '["item.content.0.text","deep"]'
	for path in item.content.1.text item.content.-2.text l.-3 l.- l.-0 l.-1x; do
		run --separate-stderr -1 fl-record-extract --path "$path" in
		assert_equal "${stderr_lines[0]}" "fl-record-extract: in:1: no text at $path; the call can only be replayed as recorded, unless you name its place:"
		assert_equal "$(jq -c '[.input_path,.input]' <<<"$output")" '[null,null]'
	done
}

@test "--try takes the text at a path if there is one, and reports that there is none" {
	recorded '{"data":{"q":"a"},"message":"m"}' '{"message":"n"}' '{"message":"o"}' >in
	run --separate-stderr -0 fl-record-extract --try data.q in
	assert_equal "$(jq -r .input_path <<<"$output" | paste -sd ' ')" 'data.q message message'
	assert_equal "$stderr" 'fl-record-extract: in:2: warning: no text at data.q; the text at message is taken'
}

@test "--first, --last, --target and --unique select calls" {
	{
		recorded '{"input":"a"}' '{"input":"b"}' '{"input":"a"}' '{ "input" : "\u0061" }'
		recorded '{"input":"a"}' | sed 's/"m:f"/"m:g"/'
		recorded '{"input":"c"}'
	} >in
	while IFS='|' read -r options wanted; do
		# shellcheck disable=SC2086 # these are words
		fl-record-extract $options in >got
		assert_equal "$options: $(values '.input + .target[-1:]' got)" "$options: $wanted"
	done <<-'END'
	|af bf af af ag cf
	--first|af
	-f|af
	--last|cf
	-l|cf
	--unique|af bf ag cf
	-u|af bf ag cf
	--target m:g|ag
	-t m:f|af bf af af cf
	-t m:f -u|af bf cf
	-t m:f --last|cf
	-t m:g -f|ag
	-u -l|cf
	-f -t m:g -u|ag
	END
}

@test "--first does not wait for further calls" {
	mkfifo pipe
	{ recorded '{"input":"a"}'; wait_for done-reading; } >pipe &
	timeout 100 fl-record-extract --first pipe >got
	touch done-reading
	wait
	assert_equal "$(lines_of got)" 1
}

@test "no call, or no call of the target, is reported and ends with 1" {
	run --separate-stderr -1 fl-record-extract </dev/null
	assert_equal "$stderr" 'fl-record-extract: no recorded calls'
	recorded '{}' >in
	run --separate-stderr -1 fl-record-extract -t other:f in
	assert_equal "$stderr" "fl-record-extract: no recorded call of 'other:f'"
	assert_output ''
}

@test "lines that are not recordings are reported with their number and skipped" {
	{
		recorded '{"input":"a"}'
		echo '{"input":"an input"}'
		echo '{"target":"m:f","kwargs":[1]}'
		echo '{"target":5,"kwargs":{}}'
		echo 'nonsense'
		echo
		recorded '{"input":"b"}'
		printf '{"target":"m:f","kwargs":{"inp'
	} >in
	run --separate-stderr -1 fl-record-extract in
	assert_equal "$(jq -r .input <<<"$output")" $'a\nb'
	assert_equal "$(cut -d ' ' -f 2 <<<"$stderr" | paste -sd ' ')" \
		'in:2: in:3: in:4: in:5: in:8:'
	assert_regex "$stderr" 'in:8: the last line is cut off'
}

@test "paths of objects are kept, and a missing field differs from an empty one" {
	echo '{"target":"m:f","kwargs":{"input":"a","u":{"x":1}},"objects":{"u":"app.User"},"timestamp":"t"}' >in
	echo '{"target":"m:f","kwargs":{"input":"a"},"objects":{},"timestamp":"t"}' >>in
	echo '{"target":"m:f","kwargs":{"input":"a"},"timestamp":"t"}' >>in
	fl-record-extract in >got
	assert_equal "$(jq -c '.objects' got | paste -sd ' ')" '{"u":"app.User"} {} null'
	assert_equal "$(jq -c 'has("objects")' got | paste -sd ' ')" 'true true false'
}

@test "several files are read in order, with line numbers of their own" {
	recorded '{"input":"a"}' '{"input":"b"}' >one
	recorded '{"input":"c"}' >two
	recorded '{"input":"d"}' | fl-record-extract two - one >got
	assert_equal "$(jq -r '"\(.input) \(.source.file):\(.source.line)"' got)" \
		$'c two:1\nd <stdin>:1\na one:1\nb one:2'
}
