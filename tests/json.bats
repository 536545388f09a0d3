load test_helper
load filter_helper

setup_file()
{
	local flags

	find_python
	mapfile -t flags < <(library_flags)
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -o "$BATS_FILE_TMPDIR/check" \
		"$ROOT"/tests/json-{check,tell}.c "${flags[@]}"
}

# check WHAT: what the library says of the lines on stdin.
check()
{
	"$BATS_FILE_TMPDIR/check" "$@"
}

# cases KINDS: the texts of these kinds, as they stand in the table.
cases()
{
	sed -n "s/^[$1] //p" "$DATA/json/cases.txt"
}

# bytes: stdin with each %HH made a byte.
bytes()
{
	perl -pe 's/%([0-9A-F]{2})/chr hex $1/ge'
}

# --- what is JSON ---------------------------------------------------------------

@test "every beginning of a text is refused, and nothing after it is read" {
	for text in '{"a":[1,-2.5e+3,true,null,"\ud83d\ude00\n%F0%9F%98%80"],"b":{}}' \
		'["%E2%80%A8","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\"]' \
		'"\u00e9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9"' ; do
		python3 - "$text" >begun <<-'PY'
		import sys, urllib.parse
		text = urllib.parse.unquote_to_bytes(sys.argv[1])
		for n in range(len(text)):
		    print("".join("%%%02X" % c for c in text[:n]))
		PY
		run -0 check scan <begun
		assert_equal "$(sort -u <<<"$output")" n
		assert_equal "$(check scan <<<"$text")" y
	done
}

@test "the filters skip exactly the lines that are not JSON" {
	# also what is refused where NaN is taken
	cases 'yln' | grep -v '%0[AD]' >texts
	bytes <texts | sed 's/^/{"input":"x","v":[/; s/$/]}/' >lines
	for filter in 'fl-yaml --to-yaml' 'fl-generate --original' \
		'fl-parse -f jsonl'; do
		if [[ $filter == fl-parse* ]]; then
			sed 's/"input":"x"/"trace_id":"x"/' lines >in
		else
			cp lines in
		fi
		# shellcheck disable=SC2086 # these are words
		run -1 $filter in >/dev/null
		sed -n 's/^[a-z-]*: in:\([0-9]*\): .*/\1/p' <<<"$output" >told
		grep -n '' <(grep -v '%0[AD]' <(sed -n 's/^\([yln]\) /\1 /p' \
			"$DATA/json/cases.txt")) | sed -n 's/:n .*//p' >wanted
		diff wanted told
	done
}

@test "a text in white space is JSON, and so is one at the end of a file" {
	printf ' \t{"input" :\t"a"} \r\n{"input":"b"}' >in
	run --separate-stderr -0 fl-generate --original -s concise -l 2 in
	assert_equal "$stderr" ''
	assert_equal "$(jq -r .input <<<"$output")" $'a\nb'
}

@test "1,000 levels are taken and 1,001 are not, in arrays and in objects" {
	assert_equal "$(check deep 1000)" 11
	assert_equal "$(check deep 1001)" 00
	assert_equal "$(check deep 100000)" 00
	assert_equal "$(check deep 3000000)" 00
}

@test "levels are counted, not brackets" {
	python3 -c 'print("[" + ",".join(["[[]]"] * 5000) + "]")' >wide
	assert_equal "$(check scan <wide)" y
	python3 -c 'print("\"" + "[" * 5000 + "\"")' >text
	assert_equal "$(check scan <text)" y
}

@test "of a repeated key the last one counts" {
	run -0 fl-generate --original -s concise -l 1 <<-'END'
	{"input":"first","input":"second","metadata":{"a":1},"metadata":{"a":2}}
	END
	assert_jq '[.input,.metadata.a]' '["second",2]' <(cat <<<"$output")
	run -0 fl-parse -f jsonl <<-'END'
	{"trace_id":"a","trace_id":"b","output":1,"output":2,"\u006futput":3}
	END
	assert_jq '[.trace_id,.output]' '["b",3]' <(cat <<<"$output")
}

# --- writing ----------------------------------------------------------------------

@test "numbers and lone surrogates are laid out as they were written" {
	assert_equal "$(check pretty <<<'[1.0,1e5,-0,NaN,"\ud800",1000000000000000000000000]')" \
		$'[\n  1.0,\n  1e5,\n  -0,\n  NaN,\n  "\\ud800",\n  1000000000000000000000000\n]'
	assert_equal "$(check compact <<<'[ 1.0 , 1E5 , NaN, -Infinity ]')" \
		'[1.0,1E5,null,null]'
}

@test "numbers are read as Python reads them, and written with the fewest digits" {
	python3 - >numbers <<-'PY'
	import random
	random.seed(2)
	texts = ["0", "-0", "0.0", "-0.000", "1e5", "0.001", "0.0005", "999999999999999", "999999999999.999",
	    "9007199254740993", "0.1", "1e22", "1e23", "123456789012345678"]
	for _ in range(20000):
	    n = str(random.randrange(10 ** random.randrange(1, 17)))
	    at = random.randrange(len(n) + 1)
	    texts.append(random.choice(["", "-"]) + (n[:at].lstrip("0") or "0") + ("." + n[at:] if n[at:] else "") +
	        random.choice(["", "", "", "e%d" % random.randrange(-30, 30)]))
	print("\n".join(texts))
	PY
	python3 - >want <<-'PY'
	for line in open("numbers"):
	    d = float(line)
	    # repr(float) has the fewest digits, too, but other exponents
	    print(repr(d), d.hex())
	PY
	check number <numbers >got
	python3 - <<-'PY'
	for text, ours, theirs in zip(open("numbers"), open("got"), open("want")):
	    (short, bits), (shortest, _) = ours.split(), theirs.split()
	    assert float.fromhex(bits).hex() == float(text).hex(), (text, ours)
	    assert short.lstrip("-") == "0" or float(short).hex() == float(text).hex(), (text, ours)
	    digits = lambda s: s.lstrip("-").split("e")[0].replace(".", "").strip("0")
	    assert digits(short) == digits(shortest), (text, ours, shortest)
	    # no exponent where %.15g has none
	    assert "e" in short or short == "%.15g" % float(text) or len(digits(short)) > 15, (text, ours)
	PY
	assert_equal "$(wc -l <got)" "$(wc -l <numbers)"
}

@test "what means the same has the same canonical form, and nothing else has" {
	while IFS=$'\t' read -r verdict a b; do
		check canonical <<<"$a"$'\n'"$b" | uniq | wc -l |
			{ read -r forms; assert_equal "$a $b $forms" \
			"$a $b $verdict"; }
	done <<-'END'
	1	1.0	1
	1	1	1e0
	1	100	1.0E+2
	1	0.1	1e-1
	1	-5	-5.000
	1	"a"	"\u0061"
	1	"é"	"\u00e9"
	1	"😀"	"\ud83d\uDE00"
	1	"\/"	"/"
	1	"\u000a"	"\n"
	1	{"a":1,"b":2}	{ "b" : 2.0 , "a" : 1 }
	1	{"\u0061":1}	{"a":1}
	1	{"a":1,"a":2}	{"a":2}
	1	[ ]	[]
	1	[{"b":[{"d":1,"c":2}],"a":0}]	[{"a":0,"b":[{"c":2,"d":1}]}]
	2	1	"1"
	2	1	2
	2	1	1.0000000000000002
	2	[1,2]	[2,1]
	2	[]	{}
	2	null	false
	2	null	"null"
	2	""	" "
	2	"a"	"A"
	2	"\u00e9"	"e\u0301"
	2	{"a":1}	{"a":1,"b":null}
	2	{"a":{"b":1}}	{"a.b":1}
	2	"\u0000"	""
	END
}

# --- paths ------------------------------------------------------------------------

@test "paths lead through objects, arrays, and keys with dots" {
	while IFS=$'\t' read -r path value wanted; do
		assert_equal "$path $value $(check get <<<"$path"$'\t'"$value")" \
			"$path $value $wanted"
	done <<-'END'
	a	{"a":1}	1
	a.b	{"a":{"b":[ 1, 2 ]}}	[ 1, 2 ]
	a.1	{"a":["x","y"]}	"y"
	a.2	{"a":["x","y"]}	-
	0	["x"]	"x"
	-1	["x"]	"x"
	-2	["x"]	-
	-2.b	[{"b":1},2]	1
	a.-1.-1	{"a":[[1],[2,3]]}	3
	-	["x"]	-
	-0	["x"]	-
	-1x	["x"]	-
	-1	{"-1":"key"}	"key"
	1.0.b	[1,[{"b":null}]]	null
	1	{"1":"key"}	"key"
	b	{"a":1}	-
	a.b	{"a":1}	-
	a.b	{"a":"{\"b\":1}"}	-
	a.b	{"a.b":1}	1
	a.b.c	{"a":{"b.c":1}}	1
	data.content	{"data":{"content":"c"},"content":"d"}	"c"
	content	{"data":{"content":"c"}}	-
	a	{"a":1,"a":2}	2
	é	{"\u00e9":1}	1
	a	[{"a":1}]	-
	x	5	-
	END
}

@test "a path's value is replaced, and a missing last key added" {
	while IFS=$'\t' read -r path value new wanted; do
		assert_equal "$path $value $(check set <<<"$path"$'\t'"$value"$'\t'"$new")" \
			"$path $value $wanted"
	done <<-'END'
	a	{"a":1}	2	{"a":2}
	a	{"a":1,"b":[1, 2]}	"x"	{"a":"x","b":[1, 2]}
	a.b	{"a":{"b":1,"c":2}}	{}	{"a":{"b":{},"c":2}}
	a.1	{"a":[1,2,3]}	null	{"a":[1,null,3]}
	a.3	{"a":[1,2,3]}	4	-
	a.-1	{"a":[1,2,3]}	4	{"a":[1,2,4]}
	a.-4	{"a":[1,2,3]}	4	-
	b	{"a":1}	2	{"a":1,"b":2}
	b	{}	2	{"b":2}
	a.b	{"a":{}}	1	{"a":{"b":1}}
	a.b	{"a":1}	1	-
	x.y	{"a":1}	1	-
	a.b	{"a.b":1}	2	{"a.b":2}
	0.a	[{"a":1}]	2	[{"a":2}]
	END
}

# --- times ------------------------------------------------------------------------

@test "times are read as Python reads them" {
	python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
		skip 'Python 3.11 is what is followed'
	python3 - <<-'PY'
	from datetime import datetime
	import random, re
	random.seed(8)
	good = ["2025-10-04T14:09:02.458196+00:00", "2025-10-04T14:09:02Z", "2025-10-04", "20251004",
	    "2025-10-04 14:09", "2025-10-04T14", "20251004T140902", "2025-10-04T14:09:02,5",
	    "2025-10-04T14:09:02.1234567890", "2024-02-29", "2025-02-29", "2100-02-29", "2000-02-29",
	    "0001-01-01", "9999-12-31T23:59:59.999999", "0000-01-01", "2025-13-01", "2025-00-10",
	    "2025-10-32", "2025-10-04T24:00:00", "2025-10-04T23:60", "2025-10-04T23:59:60",
	    "2025-W40-6", "2025W406", "2025-W53", "2020-W53-7", "2025-W00-1", "2025-W01-0", "2025-W01-8",
	    "1969-12-31T23:59:59.999999+00:00", "2025-10-04T14:09:02+05:30", "2025-10-04T14:09:02-0800",
	    "2025-10-04T14:09:02+23:59:59.999999", "2025-10-04T14:09:02+24:00", "2025-10-04T14:09:02+5",
	    "2025-10-04T14:09:02.", "2025-10-04T", "T14:09", "", " ", "now", "2025", "2025-10", "25-10-04",
	    "2025-1-4", "2025/10/04", "2025-10-04T14:9", "2025-10-04T1409:02", "2025-1004", "202510-04",
	    "2025-10-04T14:09:02 +00:00", "2025-10-04T14:09:02.458196+00:00x", "+2025-10-04", "-2025-10-04",
	    "2025-10-04x14:09:02", "2025-10-04T14:09:02.45819a", "٢٠٢٥-10-04", "2025-10-04T-1:00", "2025-10-04é14:09"]
	for _ in range(400):
	    s = list(random.choice(good[:32]))
	    for _ in range(random.randrange(3)):
	        if s: s[random.randrange(len(s))] = random.choice("0123456789-:TWZ+., ")
	    good.append("".join(s))
	# what Python takes by mistake: any mark before a fraction, and in offsets
	mistaken = re.compile(r":\d\d[^.,+\-\d]|[+-]\d\d(:?\d\d)?[.,]")
	good = [text for text in good if not mistaken.search(text.replace("Z", "+00:00"))]
	epoch = datetime(1970, 1, 1)
	with open("in", "w") as i, open("wanted", "w") as w:
	    for text in good:
	        print("".join("%%%02X" % b for b in text.encode()), file=i)
	        try:
	            t = datetime.fromisoformat(text.replace("Z", "+00:00"))
	        except ValueError:
	            print(text, "-", file=w)
	            continue
	        zoned = t.tzinfo is not None
	        d = (t - t.utcoffset()).replace(tzinfo=None) - epoch if zoned and t.year not in (1, 9999) else t.replace(tzinfo=None) - epoch - (t.utcoffset() or epoch - epoch)
	        print(text, d.days * 86400000000 + d.seconds * 1000000 + d.microseconds, int(zoned), file=w)
	PY
	check time <in | paste -d ' ' <(sed 's/ [^ ]* [01]$//; s/ -$//' wanted) - >found
	diff wanted found
}
