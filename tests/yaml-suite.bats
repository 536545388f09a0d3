# What fl-yaml reads is what PyYAML reads. YAML_TEXTS, YAML_SCALARS, YAML_TOKENS and
# YAML_SEED set how many texts are tried, and which; see make check-yaml.
load test_helper
load filter_helper

setup_file()
{
	find_python yaml
	python3 -c 'import yaml' 2>/dev/null || skip 'no PyYAML'
}

# differential OPTION...: compares fl-yaml with PyYAML, and prints how many texts
# PyYAML reads.
differential()
{
	run python3 "$ROOT/tests/yaml-differential.py" "$@" --seed "${YAML_SEED:-1}" \
		"$BIN/fl-yaml"
	assert_success
	read -r compared _ <<<"${lines[-1]}"
}

@test "a table of texts is read as YAML and PyYAML have it" {
	differential --cases "$DATA/yaml/cases.txt"
	assert [ "$compared" -ge 250 ]
}

@test "texts that PyYAML wrote in any style and width are read as PyYAML reads them" {
	differential --texts "${YAML_TEXTS:-4000}"
	assert [ "$compared" -eq "${YAML_TEXTS:-4000}" ]
}

@test "random plain, quoted and block scalars are read as PyYAML reads them" {
	differential --scalars "${YAML_SCALARS:-3000}"
	assert [ "$compared" -ge "$((${YAML_SCALARS:-3000} * 4 / 7))" ]
}

@test "random sequences of tokens are read as PyYAML reads them" {
	differential --tokens "${YAML_TOKENS:-10000}"
	assert [ "$compared" -ge "$((${YAML_TOKENS:-10000} / 10))" ]
}

@test "a text is read the same wherever its pieces end" {
	# a read returns at most 64 KiB: everything gets to that border once
	python3 - <<-'PY'
	import json
	part = ['- "a\\\\\n  b \\\n  c\\ud83d\\ude00é\r\n\n  d"', "- 'it''s\n\n  é'", "- |+\n  a\n   b\n\n",
	        "- >-\n  a\n  b\n\n  c", "- &x {a: [b, c], é: d}", "- *x", "- <<: *x\n  e: !!str 1",
	        "- ? a\n  : b # c", "--- # d", "- a: b:c\n   d", "- 日本語\u2028 x"]
	text = "\n".join(part) + "\n"
	for shift in range(len(text.encode()) + 1):
	    with open("%03d" % shift, "w", newline="") as f:
	        f.write("# " + "x" * (65536 - shift - 3) + "\n" + text)
	PY
	fl-yaml 000 >wanted
	assert_equal "$(lines_of wanted)" 10
	for name in [0-9][0-9][0-9]; do
		fl-yaml "$name" | cmp wanted || fail "$name"
	done
}

@test "a big file takes no more memory than a small one" {
	# one line, in brackets, and entries by indentation
	python3 - <<-'PY'
	entry = '{"input": "%s", "metadata": {"tags": ["a", "b"]}}' % ("word \\ud83d\\ude00 " * 20)
	with open("flow", "w") as f:
	    f.write("{inputs: [" + ", ".join([entry] * 60000) + "]}\n")
	with open("block", "w") as f:
	    f.write("inputs:\n")
	    for i in range(60000):
	        f.write('- input: "%s\\\n    rest %d"\n  args: [1, {a: b}]\n' % ("word " * 40, i))
	PY
	for file in flow block; do
		little 24000 fl-yaml "$file" >out
		assert_equal "$(lines_of out)" 60000
	done
}
