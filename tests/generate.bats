load test_helper
load filter_helper

setup_file()
{
	find_python
	cd -- "$BATS_FILE_TMPDIR"
	fl-record-extract "$DATA/reference/recordings/guide.jsonl" >template
	export TEMPLATE=$BATS_FILE_TMPDIR/template
	fl-generate -l 50 template >fifty
}

strategies='rephrase typo error_prone verbose concise persona_based adversarial multilingual'

# sound FILE: its lines are strict JSON in UTF-8, all inputs and ids distinct.
sound()
{
	python3 - "$1" <<-'PY'
	import json, re, sys
	def strict(c): raise ValueError(c)
	data = open(sys.argv[1], "rb").read()
	assert data.endswith(b"\n")
	rows = [json.loads(l, parse_constant=strict) for l in data.decode("utf-8").split("\n")[:-1]]
	for row in rows:
	    assert re.fullmatch("[0-9a-f]{16}", row["input_id"]), row
	    json.dumps(row, ensure_ascii=False).encode("utf-8")
	assert len({r["input_id"] for r in rows}) == len(rows)
	assert len({json.dumps(r["input"]) for r in rows}) == len(rows)
	PY
}

personas()
{
	cat >setting.yaml <<-'END'
	personas:
	- name: novice
	  description: A user new to the system
	  expertise_level: novice
	- name: profi
	  language: de
	- name: hasty
	  characteristics: [impatient]
	  goals: ["get a refund"]
	END
}

# --- what comes out -------------------------------------------------------------------

@test "the guide's recording gives 50 different inputs" {
	file=$BATS_FILE_TMPDIR/fifty
	assert_equal "$(lines_of "$file")" 50
	sound "$file"
	assert_equal "$(jq -r .metadata.strategy "$file" | sort -u | paste -sd ' ')" \
		"$(tr ' ' '\n' <<<"$strategies" | sort | paste -sd ' ')"
	# no strategy has more than its share
	assert_regex "$(jq -r .metadata.strategy "$file" | sort | uniq -c |
		awk '{ print $1 }' | sort -u | paste -sd ' ')" '^6( 7)?$'
	# none is the recorded text itself
	assert_equal "$(jq -c 'select(.input == "How do I reset my résumé 😀?")' "$file")" ''
}

@test "an input has the documented fields in the documented order" {
	file=$BATS_FILE_TMPDIR/fifty
	assert_equal "$(jq -c keys_unsorted "$file" | sort -u)" '["input","input_id","metadata"]'
	assert_equal "$(jq -c '.metadata | keys_unsorted' "$file" | sort -u)" \
		'["strategy","base_index","persona","variation","args_template","input_path","template_kwargs"]'
	assert_equal "$(jq -c '[.metadata | .base_index, .persona, .args_template, .input_path]' "$file" | sort -u)" \
		'[0,null,"use_recorded","data.content"]'
	assert_equal "$(jq -cS .metadata.template_kwargs "$file" | sort -u)" \
		"$(jq -cS .kwargs "$TEMPLATE")"
	assert_equal "$(jq -r 'select(.metadata.variation | length == 0)' "$file")" ''
}

@test "the same seed gives the same bytes, another seed different ones" {
	fl-generate -l 50 "$TEMPLATE" | cmp - "$BATS_FILE_TMPDIR/fifty"
	fl-generate -l 50 --seed 0 "$TEMPLATE" | cmp - "$BATS_FILE_TMPDIR/fifty"
	fl-generate -l 50 --seed 7 "$TEMPLATE" >seven
	sound seven
	fl-generate -l 50 --seed 7 "$TEMPLATE" | cmp - seven
	run -1 cmp -s seven "$BATS_FILE_TMPDIR/fifty"
	fl-generate -l 50 --seed -1 "$TEMPLATE" >minus
	run -1 cmp -s seven minus
	echo 'seed: 7' >setting.yaml
	fl-generate -c setting.yaml -l 50 "$TEMPLATE" | cmp - seven
	fl-generate -c setting.yaml -l 50 --seed -1 "$TEMPLATE" | cmp - minus
	FLUXLOOP_SEED=-1 fl-generate -c setting.yaml -l 50 "$TEMPLATE" | cmp - minus
}

@test "the output is the same in every locale" {
	LC_ALL=C.UTF-8 fl-generate -l 200 "$TEMPLATE" >utf8
	LC_ALL=C fl-generate -l 200 "$TEMPLATE" | cmp - utf8
}

@test "each strategy alone does what its name says" {
	for strategy in $strategies; do
		fl-generate -s "$strategy" -l 12 "$TEMPLATE" >got
		assert_equal "$strategy $(lines_of got)" "$strategy 12"
		assert_equal "$(jq -r .metadata.strategy got | sort -u)" "$strategy"
		sound got
	done
	base=$(jq '.input | length' "$TEMPLATE")
	for strategy in concise verbose; do
		fl-generate -s "$strategy" -l 8 "$TEMPLATE" >"$strategy"
	done
	assert_equal "$(jq "select((.input | length) >= $base)" concise)" ''
	assert_equal "$(jq "select((.input | length) <= $base)" verbose)" ''
	fl-generate -s multilingual -l 8 "$TEMPLATE" >multilingual
	(($(jq -r .metadata.variation multilingual | sort -u | wc -l) >= 5)) ||
		fail "$(jq -r .metadata.variation multilingual)"
}

@test "several strategies take turns in the order given" {
	fl-generate -s concise -s typo -s verbose -s typo -l 7 "$TEMPLATE" >got
	assert_equal "$(values .metadata.strategy got)" \
		'concise typo verbose concise typo verbose concise'
}

@test "adversarial covers every class of attack" {
	fl-generate -s adversarial -l 120 "$TEMPLATE" >got
	sound got
	python3 - <<-'PY'
	import json, re, unicodedata
	texts = [json.loads(line)["input"] for line in open("got", encoding="utf-8")]
	def some(name, test):
	    assert any(test(t) for t in texts), name
	some("prompt injection", lambda t: "gnore all previous instructions" in t)
	some("very long", lambda t: len(t) > 8000)
	some("empty-looking", lambda t: t and not t.strip())
	some("invisible", lambda t: t and all(unicodedata.category(c) == "Cf" for c in t))
	some("right-to-left override", lambda t: "\u202e" in t)
	some("right-to-left script", lambda t: any(unicodedata.bidirectional(c) in ("R", "AL") for c in t))
	some("zero-width", lambda t: re.search("\\w\u200b\\w", t))
	some("JSON", lambda t: t.lstrip().startswith("{") and '"' in t)
	some("HTML", lambda t: "<script>" in t)
	some("SQL", lambda t: "DROP TABLE" in t)
	some("shell", lambda t: "$(" in t and "`" in t)
	some("contradictory", lambda t: "Answer only in French" in t and "Do not use French" in t)
	some("other languages", lambda t: re.search("[가-힣]", t) and "porque" in t)
	some("NUL", lambda t: "\0" in t)
	some("control characters", lambda t: sum(ord(c) < 32 for c in t) > 3 and "\0" not in t)
	some("template injection", lambda t: "{{7*7}}" in t)
	some("path traversal", lambda t: "../../" in t)
	some("fake roles", lambda t: "<|im_start|>" in t)
	some("the protocol", lambda t: '"type":"final"' in t)
	some("emoji joiners", lambda t: "\u200d" in t and "\U0001F469" in t)
	some("combining marks", lambda t: sum(unicodedata.combining(c) > 0 for c in t) > 15)
	some("nesting", lambda t: "[" * 100 in t or "(" * 100 in t or "{" * 100 in t)
	PY
}

@test "any number of inputs can be generated, all of them different" {
	fl-generate -l 3000 "$TEMPLATE" >got
	assert_equal "$(lines_of got)" 3000
	sound got
}

@test "texts of all kinds can be varied" {
	python3 - >in <<-'PY'
	import json
	for text in ["", " ", "\n", "a", "?", "x" * 20000, "word " * 3000, "😀", "👨‍👩‍👧", "日本語のテキストです。", "مرحبا بالعالم",
	    "비밀번호를 잊었어요", "Wie kann ich mein Passwort ändern?", "¿Dónde está mi pedido?", "\0", "a\0b", "\x01\x02",
	    "e\u0301", "\u202e", "{\"a\": 1}", "{input}", "{{input}}", "%s", "\\", "\"", "'", "1234567890", "...!!!",
	    "A. B. C.", "NO", "http://example.com/?a=b#c", "a@b.c", "```x```", "line one\nline two\r\nline three\t",
	    "\ufeff", "\uffff", "\U0010ffff"]:
	    print(json.dumps({"input": text}))
	print('{"input":"lone \\ud800 surrogate"}')
	PY
	run --separate-stderr -0 fl-generate in
	assert_equal "$stderr" 'fl-generate: in: lone surrogates are not text; read as U+FFFD'
	fl-generate in >got 2>err
	sound got
	# each text gave something, of every strategy
	(($(jq .metadata.base_index got | sort -u | wc -l) >= 38)) || fail 'some gave nothing'
	assert_equal "$(jq -r .metadata.strategy got | sort -u | wc -l)" 8
}

# --- options --------------------------------------------------------------------------

@test "without a limit each strategy makes three variations of a text, or the configured number" {
	fl-generate "$TEMPLATE" >got
	assert_equal "$(jq -r .metadata.strategy got | sort | uniq -c | awk '{ print $1 }' | sort -u)" 3
	for key in 'variation_count: 2' 'input_generation: {variation_count: 2}'; do
		printf '%s\n' "$key" >setting.yaml
		fl-generate -c setting.yaml "$TEMPLATE" >got
		assert_equal "$(jq -r .metadata.strategy got | sort | uniq -c | awk '{ print $1 }' | sort -u)" 2
	done
	printf 'input_generation:\n  limit: 5\n  strategies: [typo, {type: concise}]\n' >setting.yaml
	fl-generate -c setting.yaml "$TEMPLATE" >got
	assert_equal "$(values .metadata.strategy got)" 'typo concise typo concise typo'
	fl-generate -c setting.yaml -l 2 -s verbose "$TEMPLATE" >got
	assert_equal "$(values .metadata.strategy got)" 'verbose verbose'
}

@test "a limit is shared by all texts" {
	printf '{"input":"Where is my order?"}\n{"input":"I want a refund"}\n{"input":"Reset my password"}\n' >in
	fl-generate -l 8 in >got
	assert_equal "$(lines_of got)" 8
	assert_equal "$(jq .metadata.base_index got | sort | uniq -c | awk '{ print $2 "x" $1 }' | paste -sd ' ')" '0x3 1x3 2x2'
	fl-generate -l 1 in >got
	assert_equal "$(lines_of got)" 1
}

@test "personas are combined with strategies and named in the inputs" {
	personas
	fl-generate -c setting.yaml -s rephrase -s typo -l 12 "$TEMPLATE" >got
	assert_equal "$(jq -r '.metadata | "\(.persona) \(.strategy)"' got | sort | uniq -c | awk '{ print $2, $3, $1 }')" \
		$'hasty rephrase 2\nhasty typo 2\nnovice rephrase 2\nnovice typo 2\nprofi rephrase 2\nprofi typo 2'
	assert_equal "$(jq -c 'select(.metadata.persona == "novice") | .metadata.persona_description' got | sort -u)" \
		'"A user new to the system"'
	assert_equal "$(jq -c 'select(.metadata.persona == "profi") | .metadata | has("persona_description")' got | sort -u)" false
	sound got
}

@test "--personas selects configured personas and rejects unknown ones" {
	personas
	fl-generate -c setting.yaml --personas hasty,novice -l 16 "$TEMPLATE" >got
	assert_equal "$(jq -r .metadata.persona got | sort -u | paste -sd ' ')" 'hasty novice'
	run --separate-stderr -2 fl-generate -c setting.yaml --personas hasty,nobody -l 6 "$TEMPLATE"
	assert_equal "$stderr" "fl-generate: unknown persona 'nobody'"
	assert_output ''
	run --separate-stderr -2 fl-generate --personas novice -l 6 "$TEMPLATE"
	assert_equal "$stderr" "fl-generate: unknown persona 'novice'"
}

@test "--original puts the texts themselves first" {
	fl-generate --original -l 5 "$TEMPLATE" >got
	assert_jq '[.metadata.strategy,.input]' '["original","How do I reset my résumé 😀?"]' <(head -n 1 got)
	assert_equal "$(jq -r 'select(.metadata.strategy == "original") | .input' got | wc -l)" 1
	assert_equal "$(lines_of got)" 5
	sound got
}

@test "custom templates are filled in" {
	fl-generate --template 'As {input}!' --template '{input} {input}' --template 'no slot' \
		--template '{{x}} {input}' -l 4 <<<'{"input":"say \"hi\" {input}"}' >got
	assert_equal "$(jq -r .metadata.strategy got | sort -u)" custom
	run jq -r .input got
	assert_line 'As say "hi" {input}!'
	assert_line 'say "hi" {input} say "hi" {input}'
	printf 'custom_variation_prompt: "Ask: {input}"\nvariation_strategies: [custom]\n' >setting.yaml
	fl-generate -c setting.yaml -l 1 <<<'{"input":"x"}' >got
	assert_jq .input '"Ask: x"' got
	fl-generate -c setting.yaml --template 'mine {input}' -l 1 <<<'{"input":"x"}' >got
	assert_jq .input '"mine x"' got
}

@test "running out of variations is reported" {
	run --separate-stderr -0 fl-generate --template 'a {input}' -l 5 <<<'{"input":"x"}'
	assert_equal "$(jq -r .input <<<"$output")" 'a x'
	assert_equal "$stderr" 'fl-generate: only 1 different input could be made'
}

@test "--base-inputs reads the texts of the configuration" {
	printf 'base_inputs:\n- one\n- {input: two, metadata: {tag: x}}\n' >setting.yaml
	fl-generate -c setting.yaml --base-inputs --original -l 2 >got
	assert_equal "$(jq -c '[.input,.metadata.base_index,.metadata.tag]' got)" \
		$'["one",0,null]\n["two",1,"x"]'
	run --separate-stderr -2 fl-generate --base-inputs
	assert_regex "$stderr" '^fl-generate: no .base_inputs.: give a configuration with --config'
}

@test "invalid options are reported with status 2" {
	while IFS='|' read -r words message; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 fl-generate $words "$TEMPLATE"
		assert_output ''
		assert_regex "$words: $stderr" "^$words: fl-generate: .*$message"
	done <<-'END'
	--strategy nonsense|unknown strategy 'nonsense'
	--strategy tpyo|unknown strategy 'tpyo'; did you mean 'typo'[?]
	--limit 0|invalid --limit '0': expected a whole number from 1
	--limit -3|--limit '-3'
	--limit 1e3|--limit '1e3'
	--seed x|--seed 'x'
	--nonsense|nonsense
	-c missing.yaml|missing.yaml: No such file
	END
}

# --- what is carried through ------------------------------------------------------------

@test "unknown fields are copied to each variation" {
	fl-generate --original -l 4 >got <<-'END'
	{"input":"Where is my order?","metadata":{"tag":["a",1.50],"strategy":"old","expected":"x"},"label":{"k":true},"input_id":"0000000000000000"}
	END
	assert_equal "$(jq -c '[.label,.metadata.tag == ["a",1.5],.metadata.expected]' got | sort -u)" '[{"k":true},true,"x"]'
	assert_equal "$(grep -c '1\.50' got)" 4
	assert_equal "$(jq -c keys_unsorted got | sort -u)" '["input","input_id","metadata","label"]'
	refute grep -q '"strategy":"old"\|0000000000000000' got
	sound got
}

@test "the arguments to replay are kept when an input is varied again" {
	fl-generate -l 1 -s typo "$TEMPLATE" | fl-generate -s concise --original -l 3 >got
	assert_equal "$(jq -cS '.metadata | [.template_kwargs,.input_path,.args_template]' got | sort -u)" \
		"$(jq -cS '[.kwargs,.input_path,"use_recorded"]' "$TEMPLATE")"
}

@test "an input that is not a string is written once, unchanged" {
	for value in 5 1.50 null true '["a"]' '{"a":1}'; do
		fl-generate -l 5 <<<"{\"input\":$value,\"label\":1}" >got 2>err
		assert_equal "$(jq -c '[.metadata.strategy,.metadata.base_index,.label]' got)" '["recorded",0,1]'
		assert_regex "$(<got)" "^\{\"input\":${value//[^a-z0-9.]/.*},"
	done
}

@test "a template without text is replayed as recorded" {
	printf '%s\n' '{"target":"m:f","kwargs":{"n":5},"timestamp":"t"}' | fl-record-extract 2>/dev/null >template || true
	fl-generate -l 10 template >got 2>err
	assert_equal "$(lines_of got)" 1
	assert_jq '[.input,.metadata.strategy,.metadata.args_template,.metadata.template_kwargs]' \
		'[null,"recorded","use_recorded",{"n":5}]' got
}

@test "a repeated text gives no repeated input" {
	{ cat "$TEMPLATE"; cat "$TEMPLATE"; } | fl-generate -l 100 >got
	assert_equal "$(lines_of got)" 100
	sound got
	printf '{"input":"a b c"}\n{"input":"\\u0061 b c"}\n' | fl-generate --original -s concise >got
	assert_equal "$(jq -r 'select(.metadata.strategy == "original") | .input' got)" 'a b c'
}

@test "an input is dropped when the handler would get what it got before" {
	cat >in <<-'END'
	{"input":"Where is order 1?","input_path":"data.text","kwargs":{"id":"c1","data":{"text":"Where is order 1?"}}}
	{"input":"where is order 1?","input_path":"data.text","kwargs":{"id":"c1","data":{"text":"where is order 1?"}}}
	{"input":"Where is order 1?","input_path":"data.text","kwargs":{"id":"c2","data":{"text":"Where is order 1?"}}}
	END
	fl-generate in >got
	for index in 0,1 0,2; do
		jq -c "select(.metadata.base_index == (${index})) | .input" got | sort | uniq -d >"same-$index"
	done
	# the text is put into its place; the other argument differs
	[ ! -s same-0,1 ]
	[ -s same-0,2 ]
	# what the configuration sets does not differ
	printf 'replay_args: {set: {id: c0}}\n' >setting.yaml
	fl-generate -c setting.yaml in >got
	assert_equal "$(jq -c .input got | sort | uniq -d)" ''
	# the configured place is where the text goes
	printf 'replay_args: {override_param_path: id}\n' >setting.yaml
	fl-generate -c setting.yaml in >got
	assert_equal "$(jq -c 'select(.metadata.base_index != 1) | .input' got | sort | uniq -d)" ''
	assert_not_equal "$(jq -c .input got | sort | uniq -d)" ''
}

@test "an input's id depends on its value, not on how the JSON is written" {
	fl-generate --original -l 1 -s typo <<<'{"input":"a","metadata":{"template_kwargs":{"x":1.0,"y":"é"}}}' >one
	fl-generate --original -l 1 -s typo --seed 9 <<<'{"metadata":{"other":1,"template_kwargs":{"y":"\u00e9","x":1}},"input":"\u0061"}' >two
	assert_equal "$(jq -r .input_id one)" "$(jq -r .input_id two)"
	fl-generate --original -l 1 -s typo <<<'{"input":"a","metadata":{"template_kwargs":{"x":2,"y":"é"}}}' >three
	run jq -r .input_id three
	refute_output "$(jq -r .input_id one)"
}

@test "recordings and bad lines are reported and skipped" {
	{
		cat "$DATA/reference/recordings/guide.jsonl"
		echo '{"input":"good one"}'
		echo '{"nothing":1}'
		echo '[1]'
		echo '{"input":'
		printf '{"input":"good two"}'
	} >in
	run --separate-stderr -1 fl-generate --original -l 2 in
	assert_equal "$(jq -r .input <<<"$output")" $'good one\ngood two'
	assert_equal "${#stderr_lines[@]}" 4
	assert_equal "${stderr_lines[0]}" 'fl-generate: in:1: a recording, not a template: convert it with fl-record-extract'
	assert_regex "${stderr_lines[1]}" '^fl-generate: in:3: '
	assert_regex "${stderr_lines[3]}" '^fl-generate: in:5: '
}

@test "--list-strategies prints each strategy with a summary" {
	run fl-generate --list-strategies
	assert_success
	assert_equal "$(cut -f 1 <<<"$output" | paste -sd ' ')" 'rephrase typo error_prone verbose concise persona_based adversarial multilingual entity order context boundary custom'
	assert_line 'typo	slips of the keyboard'
	usage=$(fl-generate --help)
	while IFS=$'\t' read -r name summary; do
		assert_regex "$usage" $'\n'"  $name +$summary"
		# each of them is one that -s takes
		echo '{"input":"My order 1042 did not come. Where is it?"}' |
			fl-generate -s "$name" --template 'Hi: {input}' | grep -q .
	done <<<"$output"
}

# --- what is never altered ---------------------------------------------------------------

@test "code, ids, amounts, dates, paths and quoted text come through byte for byte" {
	python3 "$DATA/generate/protected.py" >in
	assert_equal "$(lines_of in)" 32
	for ((seed = 1; seed <= 50; seed++)); do
		fl-generate --seed "$seed" -s rephrase -s typo -s error_prone -s verbose -s concise -s persona_based \
			-s multilingual in >got
		run -0 python3 "$DATA/generate/check_protected.py" <got
	done
}

@test "a text that is code is framed, never edited" {
	python3 "$DATA/generate/protected.py" | head -n 22 >in
	for strategy in typo error_prone concise; do
		run --separate-stderr -0 fl-generate -s "$strategy" in
		assert_output ''
	done
	fl-generate -s rephrase -s verbose -s persona_based in >got
	# the seventh is data without a word beside it
	assert_equal "$(jq .metadata.base_index got | sort -nu | paste -sd ' ')" "$(seq 0 5 | paste -sd ' ') $(seq 7 21 | paste -sd ' ')"
	fl-generate -s verbose -l 1 <<<'{"input":"def f(x):\n    return x*2\n\nWhy is f(2) 4?"}' >got
	assert_regex "$(jq -r .input got)" $'\n\ndef f'
}

@test "concise keeps negations and each sentence that may be the request" {
	fl-generate -s concise -l 4 >got <<-'END'
	{"input":"Please don't cancel my order 4711, I just want another address."}
	{"input":"I never received the invoice for May and I don't want to pay a fee."}
	{"input":"My flight was cancelled. I need to be in Berlin by Friday. Can you rebook me? Not via Munich please."}
	{"input":"I'd like a refund of $129.90 for that pair, but I want to keep the other one. Can you arrange it?"}
	END
	assert_equal "$(jq -r .input got)" "$(cat <<-'END'
	don't cancel order 4711 another address
	never received invoice for May and don't want to pay fee
	flight cancelled. need to be in Berlin by Friday. rebook me? not via Munich
	refund of $129.90 for that pair but want to keep other one. arrange it?
	END
	)"
}

# --- strategies on request ---------------------------------------------------------------

BOOTS='{"input":"Hi, I ordered boots (order #48213) on 3 November and one pair was torn. I want $129.90 back. Can you arrange it?"}'

@test "entity changes one thing and says which" {
	fl-generate -s entity -l 100 <<<"$BOOTS" >got
	for note in "id '#48213' dropped" "id '#48213' with a wrong digit: '#48214'" \
		"id '#48213' with two digits swapped: '#48231'" "amount '\$129.90' negative: '-\$129.90'" \
		"date '3 November' in the future: '3 November 2038'" "date '3 November' dropped" \
		"date '3 November' on a day that does not exist: '31 November'" \
		"amount '\$129.90' with another decimal mark: '\$129,90'"; do
		assert_equal "$(jq -r --arg n "$note" 'select(.metadata.variation == $n) | 1' got)" 1
	done
	run jq -r .input got
	assert_line 'Hi, I ordered boots (order) on 3 November and one pair was torn. I want $129.90 back. Can you arrange it?'
	assert_line 'Hi, I ordered boots (order #48213) and one pair was torn. I want $129.90 back. Can you arrange it?'
	assert_line 'Hi, I ordered boots (order #48213) on 3 November and one pair was torn. I want €129.90 back. Can you arrange it?'
	# what was put in stands there, and all else is as it was
	python3 - <<-'PY'
	import json, re
	text = "Hi, I ordered boots (order #48213) on 3 November and one pair was torn. I want $129.90 back. Can you arrange it?"
	for line in open("got", encoding="utf-8"):
	    row = json.loads(line)
	    m = re.fullmatch(r"\w+ '([^']*)' [^:']*: '([^']*)'", row["metadata"]["variation"])
	    if m:
	        assert row["input"] == text.replace(m[1], m[2]), row
	PY
	# two of a kind are exchanged; code is left alone
	fl-generate -s entity -l 100 <<<'{"input":"From 2026-01-01 to 2026-03-31 for Berlin:\n\n```\nSELECT 4711 FROM x;\n```"}' >got
	run jq -r .input got
	assert_line 'From 2026-03-31 to 2026-01-01 for Berlin:'
	assert_equal "$(jq -r 'select(.input | contains("SELECT 4711 FROM x;") | not)' got)" ''
	# a version is neither a date nor a number
	run -0 --separate-stderr fl-generate -s entity <<<'{"input":"It broke with 2.4.1"}'
	assert_output ''
	run -0 --separate-stderr fl-generate -s entity <<<'{"input":"Where is it?"}'
	assert_output ''
}

@test "order moves and leaves out sentences, not the greeting" {
	fl-generate -s order -l 100 <<<"$BOOTS" >got
	assert_equal "$(jq -r '.metadata.variation + " | " + .input' got | head -n 3)" "$(cat <<-'END'
	the last sentence first | Hi, can you arrange it? I ordered boots (order #48213) on 3 November and one pair was torn. I want $129.90 back.
	sentence 1 of 3 left out | Hi, I want $129.90 back. Can you arrange it?
	the sentences in reverse | Hi, can you arrange it? I want $129.90 back. I ordered boots (order #48213) on 3 November and one pair was torn.
	END
	)"
	assert_equal "$(lines_of got)" 7
	run -0 --separate-stderr fl-generate -s order <<<'{"input":"Where is it?"}'
	assert_output ''
}

@test "context keeps the request among other text" {
	fl-generate -s context -l 100 <<<"$BOOTS" >got
	assert_equal "$(jq -r .metadata.variation got | sort -u)" "$(printf '%s\n' 'after an unrelated paragraph' \
		'as a voice transcript' 'as a voice transcript with a hesitation' 'before an unrelated paragraph' \
		'in a forwarded mail' 'quoted in a forwarded mail')"
	assert_equal "$(jq -r 'select(.metadata.variation == "as a voice transcript") | .input' got)" \
		"hi i ordered boots order #48213 on 3 November and one pair was torn i want \$129.90 back can you arrange it"
	assert_equal "$(jq -r 'select(.input | test("one pair was torn.* i want .129.90 back.* can you arrange it"; "i") | not)' got)" ''
	# a language with no paragraphs of its own is forwarded and spoken
	fl-generate -s context -l 100 <<<'{"input":"Waar is mijn bestelling?"}' >got
	assert_equal "$(values .metadata.variation got)" 'in a forwarded mail as a voice transcript'
}

@test "boundary has exact lengths" {
	fl-generate -s boundary -l 100 <<<'{"input":"Où est-il ?"}' >got
	assert_equal "$(jq '.input | length' got | sort -n | uniq -c | tail -n 2 | awk '{ print $2 "x" $1 }' | paste -sd ' ')" \
		'8000x1 100000x1'
	assert_equal "$(jq -c 'select(.metadata.variation == "empty") | .input' got)" '""'
	(($(jq 'select(.input | length == 1) | 1' got | wc -l) >= 4)) || fail 'too few of one character'
	sound got
}

@test "strategies on request are not used by default" {
	fl-generate -l 400 <<<"$BOOTS" >got
	assert_equal "$(jq -r .metadata.strategy got | sort -u | paste -sd ' ')" \
		"$(tr ' ' '\n' <<<"$strategies" | sort | paste -sd ' ')"
	printf 'variation_strategies: [entity, boundary]\n' >setting.yaml
	fl-generate -c setting.yaml -l 20 <<<"$BOOTS" >got
	assert_equal "$(jq -r .metadata.strategy got | sort -u | paste -sd ' ')" 'boundary entity'
}

# --- languages -------------------------------------------------------------------------------

@test "the language of short requests is found, and unsure is unsure" {
	local flags

	mapfile -t flags < <(library_flags)
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -o language-check "$ROOT/tests/language-check.c" "${flags[@]}"
	run ./language-check <"$DATA/generate/languages.tsv"
	assert_success
	# 95 % of 60
	((${#lines[@]} <= 3)) || fail "$output"
	# 95 % of 754 in 60 languages, of which those without phrases are unsure
	run ./language-check <"$DATA/generate/requests.tsv"
	assert_success
	((${#lines[@]} * 20 <= $(lines_of "$DATA/generate/requests.tsv"))) || fail "$output"
	# 95 % of 232 as people write in chats, in 45 languages, that nothing
	# was fitted on
	run ./language-check <"$DATA/generate/chat.tsv"
	assert_success
	((${#lines[@]} * 20 <= $(lines_of "$DATA/generate/chat.tsv"))) || fail "$output"
	run -0 ./language-check <<-'END'
	-	Siparişim nerede?
	-	Waar is mijn bestelling?
	-	Var är min beställning?
	-	Kde je moje objednávka?
	-	xqzt wvk
	-	la
	END
	assert_output ''
}

@test "multilingual keeps the text and wants an answer in each language once" {
	for text in 'How do I reset my password?' 'Wo ist mein Paket 4711?'; do
		fl-generate -s multilingual -l 100 <<<"{\"input\":\"$text\"}" >got
		(($(lines_of got) >= 15)) || fail 'too few'
		assert_equal "$(jq -r --arg t "$text" 'select(.input | contains($t) | not) | .input' got)" ''
		assert_equal "$(jq -r .metadata.variation got | sort | uniq -d)" ''
		assert_equal "$(jq -r '.metadata.variation | select(startswith("answer wanted in ") | not)' got)" ''
	done
}

@test "what is said around a message fits it" {
	local advice='step by step|button|docs|help pages|skip the basics|how long this usually|free plan|edge cases'

	for text in 'Where is my order 1042?' 'My parcel arrived broken and I want my money back.' \
		'Cancel my subscription, please.' 'The lift in building 3 is out of order.'; do
		fl-generate -s verbose -s persona_based -l 120 <<<"{\"input\":\"$text\"}" >got
		(($(lines_of got) == 120)) || fail "$text: $(lines_of got)"
		assert_equal "$(jq -r --arg a "$advice" 'select(.input | test($a)) | .input | tojson' got |
			grep -v 'broken.*help pages\|help pages.*broken\|subscription.*how long this usually')" ''
	done
	fl-generate -s verbose -s persona_based -l 120 <<<'{"input":"How do I reset my password?"}' >got
	jq -r .input got | grep -q 'step by step'
	run jq -r .input got
	refute_line --partial 'by the end of the week'
	# a complaint does not say that there is no hurry
	fl-generate -s verbose -l 60 <<<'{"input":"My parcel arrived broken and I want my money back."}' >got
	run jq -r .input got
	refute_line --partial "It isn't terribly urgent"
}

# variations STRATEGY TEXT [LIMIT]: the inputs made of the text, without their ids.
variations()
{
	jq -cn --arg t "$2" '{input: $t}' | fl-generate -s "$1" -l "${3:-60}" 2>/dev/null | jq -c .input
}

@test "only a question is announced as one" {
	for text in 'Meine Karte wurde gestohlen. Bitte sperren Sie sie. Wie lange dauert das?' \
		'My card was stolen in Rome. Please block it. How long does that take?' \
		'Ma carte a été volée. Bloquez-la. Combien de temps cela prend-il ?'; do
		variations rephrase "$text" >got
		assert_equal "$(grep -E '^"[^.]*(Frage|question|Question)[^.]*: ?(meine|my|My|ma) ' got)" ''
	done
	variations rephrase 'Wann habt ihr am 24.12. auf?' | grep -q 'Kurze Frage: wann habt'
}

@test "a statement after the question gets a full stop" {
	for strategy in rephrase verbose persona_based; do
		for text in 'pouvez vous annuler ma commande ? je ne peux pas venir mardi' \
			'can you cancel my order? i cannot come on tuesday' \
			'können Sie meine Bestellung stornieren? ich kann am Dienstag nicht kommen'; do
			assert_equal "$(variations "$strategy" "$text" | grep -E '(mardi|tuesday|nicht kommen) ?\?')" ''
		done
	done
}

@test "a phrase after a greeting continues its sentence" {
	for strategy in rephrase verbose; do
		for text in 'Hola, quiero cambiar mi vuelo. ¿Cuánto cuesta?' 'hey my app keeps crashing, is there a fix?' \
			'Ciao, vorrei cambiare il volo. Quanto costa?'; do
			assert_equal "$(variations "$strategy" "$text" | grep -E '^"(Hola|hey|Ciao),? ¿?[A-HJ-Z][a-z]')" ''
		done
	done
	variations verbose $'Dear team,\n\nThe lift is broken.\n\nKind regards,\nJo' >got
	assert_equal "$(grep -vc 'Dear team,\\n\\n.*\\n\\nKind regards,\\nJo"$' got)" "$(grep -vc 'Dear team' got)"
}

@test "a negated wish stays one" {
	for text in "I don't want to lose my data, I want to keep it." 'We do not want to cancel, we want to pause.' \
		"She didn't want to pay twice."; do
		for strategy in rephrase persona_based verbose; do
			assert_equal "$(variations "$strategy" "$text" | grep -E "(n't|not) would")" ''
		done
	done
}

@test "a topic without its article is not put where it needs one" {
	for text in refund 'password reset' 'broken lift'; do
		for strategy in rephrase verbose persona_based; do
			assert_equal "$(variations "$strategy" "$text" | grep -iE "(about|with|for) (the )?$text")" ''
		done
	done
}

@test "a question about what has a quality is not turned around" {
	for word in open included available; do
		assert_equal "$(variations rephrase "What is $word?" | grep -E "what $word is")" ''
		assert_equal "$(variations rephrase "What is $word on Sunday?" | grep -E "what $word on Sunday is")" ''
	done
	variations rephrase 'What is the cheapest plan?' | grep -q 'what the cheapest plan is'
}

@test "data alone is neither framed nor quoted" {
	for text in '{"name":"create_ticket","arguments":{"priority":2}}' '[{"sku":"A-7","qty":2}]' \
		'{"query":"refund","limit":5}'; do
		for strategy in rephrase verbose persona_based concise typo error_prone; do
			assert_equal "$(variations "$strategy" "$text")" ''
		done
	done
}

@test "a task for a tool gets no customer's story, the next message no beginning" {
	for text in 'List the top 10 customers by revenue in Q3.' $'Why does this fail?\n\n```python\nprint(x)\n```' \
		'Summarize https://docs.example.com/errors in three bullet points.'; do
		variations verbose "$text" >got
		(($(lines_of got) > 5)) || fail "$text"
		assert_equal "$(grep -E 'called first|customer|your service|already asked|right person|how long this' got |
			grep -v 'top 10 customers')" ''
	done
	for text in 'Thanks, that worked! Can you also send the receipt?' 'Ok, and what about the second one?' \
		'Danke, das klappt. Schicken Sie mir bitte noch die Rechnung?'; do
		for strategy in verbose persona_based; do
			assert_equal "$(variations "$strategy" "$text" |
				grep -E 'right place|new to this|richtig bin|neu hier|years|called first')" ''
		done
	done
}

@test "concise keeps what a question points to and asks" {
	assert_equal "$(variations concise 'Why does this raise an error? I expected none.' 1)" \
		'"why does this raise error? expected none"'
	variations concise 'Does it cover a knee surgery and do I need a referral?' 1 | grep -q 'do I need'
	variations concise "I'd like to return it. The zip is broken." 1 | grep -qx '"return it. zip broken"'
	variations concise 'My app is slow, is there a fix or do I have to reinstall it?' 1 | grep -q 'is there a\? \?fix or do I'
	variations concise 'Je ne peux pas être là le mardi. Pouvez-vous livrer le jeudi ?' 1 | grep -q 'le mardi.*le jeudi'
	variations concise 'No puedo el lunes. ¿Puede ser el martes?' 1 | grep -q 'el lunes.*el martes'
}

@test "entity drops a number with its unit, a day with its stop" {
	variations entity 'I take 20 mg of it. Is that too much?' | grep -qx '"I take of it. Is that too much?"'
	variations entity "je n'utilise plus l'appli depuis 2 mois" | grep -qx "\"je n'utilise plus l'appli\""
	variations entity 'Wann habt ihr am 24.12. auf?' >got
	grep -qx '"Wann habt ihr auf?"' got
	grep -qx '"Wann habt ihr am 24.12.2038 auf?"' got
	variations entity 'My contract (customer number 884-20931) ends in May.' | grep -qx '"My contract ends in May."'
}

@test "order keeps the lines of a letter, and what is not the end of a sentence" {
	variations order 'Wann habt ihr am 24.12. auf und gibt es Parkplätze?' >got
	assert_equal "$(cat got)" ''
	assert_equal "$(variations order 'Am 3. Oktober komme ich' 9)" ''
	assert_equal "$(variations order 'is it open? i come at 9' 1)" '"I come at 9. Is it open?"'
	assert_equal "$(variations order $'Dear team,\n\nThe lift is broken.\n\nPlease send someone.\n\nKind regards,\nJo' 1)" \
		'"Dear team,\n\nPlease send someone. The lift is broken.\n\nKind regards,\nJo"'
	# in a letter of many sentences the last one is the last
	text=$(printf 'Sentence number %s is here. ' {1..20})
	variations order "$text" 1 | grep -q '^"Sentence number 20 is here. Sentence number 1 is'
}

@test "a long word of few characters is varied" {
	for text in 'लक्ष्म्य स्त्रियाँ प्रार्थना' 'ผู้ซื้อ ที่นี่ เรื่อง' $'a\u0301\u0302\u0303b\u0301\u0302\u0303'; do
		(($(variations typo "$text" 200 | wc -l) > 3)) || fail "$text"
	done
}

@test "please is said once" {
	for text in 'Können Sie ihn bitte auf den 9. Dezember verschieben?' 'Kannst du mir bitte helfen?' \
		'Can you please send it again? I lost it.' 'Könnt ihr das bitte prüfen?'; do
		for strategy in rephrase verbose; do
			assert_equal "$(variations "$strategy" "$text" | grep -iE '[^a-z](bitte|please) [^.?!]*[^a-z](bitte|please)[^a-z]')" ''
		done
	done
}

@test "a line of code is not ended, nor joined with the text" {
	for code in "SELECT * FROM orders o WHERE o.id = 7;" 'const total = items.reduce((a, b) => a + b.price, 0);' \
		'print(f"{x:>10}", end="")'; do
		for strategy in verbose rephrase concise persona_based; do
			variations "$strategy" "Can you explain why this is slow?"$'\n\n'"$code" >got
			(($(lines_of got) > 0)) || fail "$strategy: $code"
			jq -j --arg c "$code" 'select((startswith($c) or contains("\n" + $c)) and
				(endswith($c) or contains($c + "\n")) | not)' got >bad
			assert_equal "$strategy $(cat bad)" "$strategy "
		done
	done
}

@test "a letter is a size where it says so, and no abbreviation" {
	for size in 'size M' 'taille M' 'Größe M'; do
		assert_equal "$(variations order "Please send it in $size. The red one is fine." 1)" \
			"\"The red one is fine. Please send it in $size.\""
	done
	assert_equal "$(variations order 'Je cherche M. Dupont' 3)" ''
}

@test "marks before a sentence go with those after it" {
	assert_equal "$(variations error_prone '¿Cuánto cuesta? ¡Es urgente!' 1)" '"cuánto cuesta es urgente"'
	assert_equal "$(variations error_prone '¡Hola! ¿Hay alguien?' 1)" '"hola hay alguien"'
	# a slip is seen
	for text in 'bekomme' 'tennis' 'committee'; do
		variations typo "$text wann" 90 | grep -x "\"$text wann\"" && fail "$text"
	done
	assert_equal "$(variations multilingual $'The lift is broken.\n\nKind regards,\nJo' 9 | grep 'Jo\.')" ''
}

@test "personas take other variations in turn" {
	printf 'personas: [{name: a}, {name: b}]\n' >setting.yaml
	fl-generate -c setting.yaml -s concise -s multilingual -l 12 <<<'{"input":"Where is my order?"}' >got
	assert_equal "$(jq -r 'select(.metadata.strategy == "concise") | "\(.metadata.persona) \(.input)"' got | head -n 4)" \
		"$(printf '%s\n' 'a where order' 'b where order pls' 'a hi, where order' 'b where order ??')"
	# a persona short of words gets no long messages
	printf 'personas: [{name: a, characteristics: [terse]}]\n' >setting.yaml
	run -0 --separate-stderr fl-generate -c setting.yaml -s verbose <<<'{"input":"Where is my order?"}'
	assert_output ''
}

@test "a terse persona is terse" {
	printf 'personas:\n- {name: hurried, characteristics: [impatient, terse]}\n' >setting.yaml
	fl-generate -c setting.yaml -s persona_based -l 20 <<<'{"input":"Could you please tell me where my order 1042 is?"}' >got
	(($(lines_of got) >= 3)) || fail 'too few'
	assert_equal "$(jq -r 'select(.input | length > 48) | .input' got)" ''
}
