load test_helper
load filter_helper

# How fl-parse does its work: in threads, in a bounded memory, into folders.

setup_file()
{
	find_python
	export FILES=$BATS_FILE_TMPDIR
	python3 - "$FILES" <<-'END'
	import json, random, sys
	folder = sys.argv[1]
	rng = random.Random(7)
	def observation(trace, i, size):
	    at = "2025-10-04T14:%02d:%02d.%06d+00:00"
	    s = rng.randrange(3600)
	    o = {"id": "%s-%d" % (trace, i), "trace_id": trace, "type": "tool",
	         "name": "step %d" % i, "start_time": at % (s // 60, s % 60, i),
	         "end_time": at % (s // 60, s % 60, i + 7),
	         "input": {"text": "é\n\"日本\" \\ x" * rng.randrange(size), "n": [1, 2.50]},
	         "output": rng.choice([None, "ok", {"a": {"b": []}}, [1, "😀"]])}
	    if i and rng.random() < 0.5:
	        o["parent_observation_id"] = "%s-%d" % (trace, rng.randrange(i))
	    return json.dumps(o, ensure_ascii=rng.random() < 0.5)
	def row(trace, n, **more):
	    return {"trace_id": trace, "iteration": n % 3, "persona": None,
	            "input": "question %s" % trace, "output": "o", "duration_ms": 1.5,
	            "success": n % 5 != 0, **more}
	rows, obs, whole, extents, tiled, at = [], [], [], [], [], 0
	for n in range(300):
	    trace = "t%d" % n
	    mine = [observation(trace, i, 60) for i in range(rng.randrange(12))]
	    size = sum(len(o.encode()) + 1 for o in mine)
	    rows.append(json.dumps(row(trace, n)))
	    obs += mine
	    tiled += mine
	    extents.append(json.dumps(row(trace, n, observations_at=at,
	                                  observations_bytes=size)))
	    at += size
	    whole.append(json.dumps(row(trace, n))[:-1] + ',"observations":[' +
	                 ",".join(mine) + "]}")
	rng.shuffle(obs)
	mixed = rows + obs + ["nonsense %d" % i for i in range(20)]
	rng.shuffle(mixed)
	def write(name, lines):
	    with open("%s/%s" % (folder, name), "w", encoding="utf-8") as f:
	        f.write("".join(line + "\n" for line in lines))
	write("rows", rows)
	write("obs", obs)
	write("whole", whole)
	write("mixed", mixed)
	write("extents", extents)
	write("tiled", tiled)
	# one trace of some megabytes, and many small observations
	write("large", [json.dumps(row("large", 0))] +
	      [observation("large", i, 2500) for i in range(200)])
	write("many", [json.dumps({"trace_id": "m%d" % (i * 7919 % 20000 // 5),
	      "id": str(i), "type": "span", "name": "s", "start_time": str(i % 97)})
	      for i in range(40000)] + [json.dumps(row("m%d" % i, i)) for i in range(4000)])
	END
}

# peak COMMAND...: prints the largest memory of it in KiB; its output goes away.
peak()
{
	python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

formats()
{
	fl-parse --list-formats | sed -n '/\tthe output of /!s/\t.*//p'
}

@test "the output does not depend on the number of threads" {
	for format in $(formats); do
		[[ $format == html ]] && continue	# not several on a stream
		for input in mixed whole; do
			fl-parse -j 1 -f "$format" "$FILES/$input" >one 2>err-1 || true
			(($(wc -c <one) > 10000)) || fail "$format $input: $(wc -c <one)"
			for jobs in 2 3 7 0; do
				fl-parse -j $jobs -f "$format" "$FILES/$input" 2>err |
					cmp - one
				diff err-1 err
			done
			cat "$FILES/$input" | fl-parse -j 3 -f "$format" 2>err | cmp - one
			diff <(sed "s,$FILES/mixed,<stdin>," err-1) err
		done
	done
	((${#format}))
	fl-parse "$FILES/mixed" >/dev/null 2>err || true
	fl-parse -j 1 "$FILES/mixed" 2>err >/dev/null || true
	grep -n '^nonsense' "$FILES/mixed" | cut -d: -f1 >wanted
	sed -n 's/^fl-parse: .*mixed:\([0-9]*\): .*/\1/p' err | diff - wanted
}

@test "nor do folders and their indexes" {
	for format in $(formats); do
		fl-parse -j 1 -f "$format" -o "$format-1" "$FILES/rows" "$FILES/obs"
		fl-parse -j 4 -f "$format" -o "$format-4" "$FILES/rows" "$FILES/obs"
		diff -r "$format-1" "$format-4"
		assert_equal "$(lines_of "$format-1/index.jsonl")" 300
		assert_equal "$(lines_of "$format-1/index.md")" 302
		# every trace is where the index says
		assert_equal "$(values .trace_id "$format-1/index.jsonl")" \
			"$(values .trace_id "$FILES/rows")"
		while IFS=$'\t' read -r id file; do
			grep -q "$id" "$format-1/$file" || fail "$format: $id is not in $file"
		done < <(jq -r '[.trace_id, .file] | @tsv' "$format-1/index.jsonl" | head -n 20)
	done
	sed -n "$(jq -s 'map(.trace_id) | index("t77") + 1' jsonl-1/index.jsonl)p" \
		jsonl-1/per_trace.jsonl >line
	assert_jq .trace_id '"t77"' line
	assert_jq 'select(.trace_id == "t77") | .line' 78 jsonl-1/index.jsonl
	run grep -F 't77' md-1/index.md
	assert_output '| question t77 | 2 |  | 1.50 ms | yes |  | [02_t77.md](02_t77.md) |'
}

@test "what a table's cell cannot hold is escaped" {
	printf '%s\n' '{"trace_id":"a","input":"a|b\n<b>`c`</b>","persona":"x\u0007y"}' >in
	fl-parse -o out in
	run tail -n 1 out/index.md
	assert_output '| a\|b… |  | x\\u0007y | | no |  | [00_a.md](00_a.md) |'
	# what turns the direction of text, and C1 controls; no time at all
	printf '%s\n' '{"trace_id":"a","input":"\u202eab\u2067c\u061cd","persona":"\u009b31m","duration_ms":NaN}' >in
	fl-parse -o out --overwrite in
	run tail -n 1 out/index.md
	assert_output '| \\u202eab\\u2067c\\u061cd |  | \\u009b31m | | no |  | [00_a.md](00_a.md) |'
}

@test "an index that does not fit into the memory makes no difference" {
	for format in md jsonl; do
		fl-parse -f $format --memory 1G "$FILES/many" >wanted
		(($(wc -c <wanted) > 4000000)) || fail "little came out"
		fl-parse -f $format --memory 4M "$FILES/many" | cmp - wanted
		fl-parse -f $format --memory 4M -j 1 <"$FILES/many" | cmp - wanted
		tac "$FILES/many" | fl-parse -f $format --memory 4M >got
		tac "$FILES/many" | fl-parse -f $format --memory 1G | cmp - got
	done
	# it is in a temporary file then, and only then
	TMPDIR=$PWD/nowhere run -0 --separate-stderr fl-parse --memory 1G "$FILES/many"
	TMPDIR=$PWD/nowhere run -2 --separate-stderr fl-parse --memory 4M "$FILES/many"
	assert_equal "$stderr" "fl-parse: a temporary file in $PWD/nowhere: No such file or directory"
}

@test "rows that differ count as two, equal ones as one" {
	# SipHash makes numbers of these two that end in the same 32 bits
	printf '{"trace_id":"a","input":%d}\n' 102396 136316 102396 >in
	run fl-parse -f jsonl in
	assert_equal "$(jq -c .input <<<"$output" | tr '\n' ' ')" '102396 136316 '
}

# bare FILE: prints a file without what a page and a folder of pages differ in.
bare()
{
	sed '/^<style>/,/^<\/style>/d; /^<script>/,/^<\/script>/d; /^<nav>/d
		/^<link /d; /^<script src=/d; /^<meta http-equiv/d' "$1"
}

@test "of the steps that start at the same time a parent comes first" {
	local format

	# the innermost steps first; four start in each second
	python3 - <<-'PY' >in
	import json
	for i in reversed(range(4000)):
	    print(json.dumps({"trace_id": "t", "id": "s%d" % i, "type": "tool", "name": "n%d" % i,
	        "parent_observation_id": "s%d" % (i - 1 if i % 9 else i // 9 - 1),
	        "start_time": "2025-10-04T14:%02d:%02dZ" % (i // 4 // 60, i // 4 % 60),
	        "end_time": "2025-10-04T15:%02d:00Z" % (-i % 60), "input": "x" * 400}))
	PY
	for format in $(formats); do
		fl-parse -f "$format" --memory 1G in >wanted
		fl-parse -f "$format" --memory 4M in | cmp - wanted
	done
	fl-parse -f md in | sed -n 's/^### Step [0-9]*: .*n//p' | awk '
		{ at[$1] = NR }
		END {
			for (i = 1; i < 4000; i++) {
				parent = i % 9 ? i - 1 : int(i / 9) - 1
				if (parent >= 0 && at[parent] > at[i])
					print i
			}
			print NR
		}' >late
	assert_equal "$(<late)" 4000
	# without ties among parents the end decides, as in the original
	printf '{"trace_id":"t","id":"%s","type":"a","name":"%s","start_time":"5","end_time":"%s"}\n' \
		a a 3 b b 1 c c 2 >in
	assert_equal "$(fl-parse -f jsonl in | jq -c '[.timeline[].name]')" '["b","c","a"]'
	# a circle of parents has an order, too
	printf '{"trace_id":"t","id":"%s","parent_observation_id":"%s","type":"a","name":"%s","start_time":"5"}\n' \
		a b a b a b c c c >in
	assert_equal "$(fl-parse -f jsonl in | jq -c '[.timeline[].name]')" '["b","a","c"]'
}

@test "a trace that does not fit into the memory is read step by step" {
	for format in $(formats); do
		fl-parse -f "$format" --memory 1G "$FILES/large" >wanted
		fl-parse -f "$format" --memory 4M -j 3 "$FILES/large" | cmp - wanted
		cat "$FILES/large" | fl-parse -f "$format" --memory 4M | cmp - wanted
		fl-parse -f "$format" --memory 4M -o "$format" "$FILES/large"
		rm -f "$format"/page* "$format"/index*
		bare wanted | cmp - <(bare "$format"/*.*)
	done
}

@test "memory does not grow with the input" {
	for i in {1..20}; do
		sed "s/\"trace_id\": \"t/\"trace_id\": \"x$i-t/" "$FILES/mixed"
	done | grep -v nonsense >big
	(($(wc -c <big) > 30000000)) || fail "$(wc -c <big) bytes"
	# a sanitizer's memory is not ours
	[[ $BUILD == *san* ]] && skip 'sanitizers need more'
	small=$(peak fl-parse --memory 8M "$FILES/obs")
	(($(peak fl-parse --memory 8M big) < small + 12288))
	(($(peak sh -c 'cat big | fl-parse --memory 8M') < small + 12288))
	(($(peak fl-parse --memory 8M -f jsonl "$FILES/large") < small + 12288))
}

@test "a pipe that fits into the memory is not written to a file" {
	local file

	for file in mixed large; do
		fl-parse -f jsonl "$FILES/$file" >wanted 2>err || true
		TMPDIR=$PWD/nowhere fl-parse -f jsonl --memory 64M <(cat "$FILES/$file") >got 2>err || true
		cmp wanted got
		# half of the memory, and a file for the rest
		cat "$FILES/$file" "$FILES/$file" | fl-parse -f jsonl --memory 1G >wanted 2>err || true
		for jobs in 1 2 5; do
			cat "$FILES/$file" "$FILES/$file" | fl-parse -f jsonl --memory 4M -j $jobs 2>err | cmp - wanted
		done
	done
}

@test "odd steps are the same whether they fit into the memory or not" {
	local format

	python3 - >odd <<-'PY'
	import json, random
	r = random.Random(3)
	times = ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5Z", None, "", 7, "x" * 40, "x" * 41, "x" * 100, "x" * 99 + "y",
	    "2026-01-02T03:04:06." + "1" * 60 + "Z", "\0", "a", "a\0", ["x" * 50]]
	ids = ["1", 1, "", None, "00000000000000ab", "a", "b", {"k": 1}]
	print(json.dumps({"trace_id": "t", "input": "i", "success": True, "observation_count": 4000}))
	for i in range(4000):
	    step = {"trace_id": "t", "type": "tool", "name": "n%d" % i, "start_time": r.choice(times), "end_time": r.choice(times),
	        "id": r.choice(ids + ["o%d" % i] * 20), "input": "%d " % i + "p" * 200}
	    if r.random() < .6:
	        step["parent_observation_id"] = r.choice(ids + ["o%d" % r.randrange(4000)] * 20)
	    if r.random() < .02:
	        del step["id"]
	    print(json.dumps(step))
	PY
	for format in $(formats | grep -vx -e html -e tsv); do
		fl-parse -f "$format" --memory 1G odd >wanted
		fl-parse -f "$format" --memory 4M -j 3 odd | cmp - wanted
	done
	fl-parse -f html --memory 1G -o wanted.html odd
	fl-parse -f html --memory 4M -o got.html odd
	diff -r wanted.html got.html
}

@test "a trace of many steps stays within the memory and 32 MiB" {
	local format

	is_sanitized && skip 'the sanitizers keep memory'
	mkdir dir
	echo '{"trace_id":"t","input":"i","observation_count":100000}' >dir/trace_summary.jsonl
	awk 'BEGIN {
		for (i = 0; i < 100000; i++)
			printf "{\"id\":\"o%d\",\"trace_id\":\"t\",\"type\":\"tool\",\"name\":\"n\",\"start_time\":\"2026-01-02T03:%02d:%02d.%06d+00:00\",\"parent_observation_id\":\"o%d\",\"input\":%d}\n", i, i / 60 % 60, i % 60, i, i / 2, i
	}' >dir/observations.jsonl
	for format in md json chrome otlp csv; do
		size=$(peak fl-parse -f $format --memory 4M -j 2 dir)
		((size < 36 * 1024)) || fail "$format: $size KiB"
	done
}

@test "traces whose output is much longer than their text do not wait in memory" {
	local deep

	printf -v deep '%*s' 900 ''
	deep=${deep// /[}${deep// /]}
	for i in {1..600}; do
		printf '{"trace_id":"%d","input":%s}\n' "$i" "$deep"
	done >rows
	sed 's/,"input"/,"observations":[]&/' rows >whole
	# what cannot be written is not kept, either
	{
		echo '{"trace_id":"x"}'
		for i in {1..600}; do
			printf '{"trace_id":"x","type":"span","input":%s}\n' "$deep"
		done
	} >steps
	for file in rows whole; do
		(ulimit -n 64 && fl-parse -j 2 -o "$file.d" "$file")
		assert_equal "$(lines_of "$file.d/index.jsonl")" 600
	done
	[[ $BUILD == *san* ]] && skip 'sanitizers need more'
	small=$(peak fl-parse --memory 8M "$FILES/obs")
	for file in rows whole; do
		(($(peak fl-parse -j 2 --memory 8M "$file") < small + 12288))
	done
	(($(peak sh -c 'trap "" XFSZ; ulimit -f 100
		! fl-parse --memory 4M -j 2 -o out steps 2>/dev/null') < small + 12288))
}

@test "a directory whose rows tell where their observations are needs no index" {
	mkdir dir plain
	cp "$FILES/tiled" dir/observations.jsonl
	cp "$FILES/extents" dir/trace_summary.jsonl
	fl-parse "$FILES/rows" "$FILES/tiled" >wanted
	for jobs in 1 2 5; do
		fl-parse -j $jobs dir | cmp - wanted
	done
	# what is beside the extents is not read: TMPDIR is not even needed
	fl-parse --memory 4M dir | cmp - wanted
	# a line that is not what the row says is reported
	sed -i '3s/trace_id/trace_iD/' dir/observations.jsonl
	run --separate-stderr -1 fl-parse dir
	assert_regex "$stderr" '^fl-parse: 1 row points to lines that are not observations of the same trace; '
	run --separate-stderr -1 fl-parse dir/trace_summary.jsonl dir/observations.jsonl
	assert_regex "$stderr" "observations.jsonl:3: neither a trace nor"
}

@test "any value may be the id of a directory's traces" {
	local step

	mkdir dir
	: >dir/observations.jsonl
	for id in null 7 '{"a":[]}' '"\u0061"'; do
		step="{\"trace_id\":$id,\"type\":\"span\",\"name\":\"s\"}"
		printf '{"trace_id":%s,"observations_at":%d,"observations_bytes":%d}\n' \
			"$id" "$(wc -c <dir/observations.jsonl)" $((${#step} + 1)) \
			>>dir/trace_summary.jsonl
		printf '%s\n' "$step" >>dir/observations.jsonl
	done
	run --separate-stderr -0 fl-parse dir
	assert_equal "$stderr" ''
	assert_equal "$(grep -c '### Step 1: \[span\] s' <<<"$output")" 4
}

@test "extents that lack observations are not relied on" {
	mkdir dir
	cp "$FILES/tiled" dir/observations.jsonl
	cp "$FILES/extents" dir/trace_summary.jsonl
	fl-parse "$FILES/rows" "$FILES/tiled" >wanted
	# more observations, fewer rows, rows in another order, a row without
	cp dir/observations.jsonl more
	echo '{"trace_id":"new","type":"span","name":"more"}' >>dir/observations.jsonl
	run --separate-stderr -0 fl-parse dir
	assert_equal "$stderr" 'fl-parse: 1 trace had observations but no row'
	assert_output --partial '[span] more'
	cp more dir/observations.jsonl
	tac "$FILES/extents" >dir/trace_summary.jsonl
	fl-parse dir | cmp - <(tac "$FILES/rows" | fl-parse - "$FILES/tiled")
	sed 1d "$FILES/extents" >dir/trace_summary.jsonl
	fl-parse dir 2>err | cmp - <(sed 1d "$FILES/rows" | fl-parse - "$FILES/tiled" 2>err)
	sed '7s/,"observations_at.*/}/;7s/, "observations_at.*/}/' "$FILES/extents" >dir/trace_summary.jsonl
	fl-parse dir | cmp - wanted
	# and what is wrong is said once
	{ cat "$FILES/extents"; echo nonsense; } >dir/trace_summary.jsonl
	run --separate-stderr -1 fl-parse dir
	assert_equal "$(grep -c 'trace_summary.jsonl:301: ' <<<"$stderr")" 1
}

@test "a whole trace is rendered as soon as it is read" {
	mkfifo in out
	fl-parse <in >out &
	pid=$!
	exec 7>in 8<out
	for id in a b c; do
		printf '{"trace_id":"%s","observations":[]}\n' "$id" >&7
		while read -r line <&8; do
			[[ $line == '(no observations recorded)' ]] && break
		done
		assert_equal "$line" '(no observations recorded)'
	done
	exec 7>&- 8<&-
	wait "$pid"
}

# hasty LINE: lines that look like observations at their ends, of two
# traces, with LINE in the middle, and then the rows.
hasty()
{
	local n

	for n in {1..400}; do
		printf '{"id":"%d","type":"tool","name":"n","trace_id":"t%d"}\n' \
			"$n" $((n % 2))
		((n != 200)) || printf '%s\n' "$1"
	done
	printf '{"trace_id":"t%d","input":"i","output":"o"}\n' 0 1
}

# Into a folder, most observations are checked only when they are rendered; to
# the standard output, all are checked before. LINE, MESSAGES...
same_in_haste()
{
	local status=$((${#2} > 0 ? 1 : 0))

	rm -rf out
	hasty "$1" >lines
	run --separate-stderr "-$status" fl-parse -f jsonl lines
	printf '%s\n' "$output" >wanted
	assert_equal "$stderr" "$2"
	run --separate-stderr "-$status" fl-parse -f jsonl -o out lines
	assert_equal "$stderr" "$2"
	diff wanted <(cat out/*.jsonl | grep timeline)
	rm -r out
	run --separate-stderr "-$status" fl-parse -f jsonl -o out < <(cat lines)
	assert_equal "$stderr" "${2//lines/<stdin>}"
	diff wanted <(cat out/*.jsonl | grep timeline)
}

@test "a bad line among those that are checked late is reported with its number" {
	same_in_haste '{"id":"x","type":"tool","input":tru,"trace_id":"t1"}' \
		'fl-parse: lines:201: not a JSON value (byte 33)'
	same_in_haste '{"id":"x","type":"tool","input":"\q","trace_id":"t0"}' \
		'fl-parse: lines:201: not an escape (byte 34)'
	same_in_haste '{"id":"x","type":"tool"}' "fl-parse: lines:201: neither a \
trace nor an observation: it has no 'trace_id'"
}

@test "a pipe is read again from memory, and from a file what does not fit" {
	local bad memory

	# the last one ends with a byte that is not white space
	for bad in '{' '{"type":"t","trace_id":"t1"}@'; do
		hasty "$bad" | sed "s/\"n\"/\"$(printf %09000d 0)\"/" |
			tr @ '\0' >lines
		run -1 --separate-stderr bash -c 'fl-parse -f jsonl >wanted < <(cat lines)'
		assert_regex "$stderr" '^fl-parse: <stdin>:201: [^:]*$'
		printf '%s\n' "$stderr" >messages
		for memory in 4M 1G; do
			rm -rf out
			run -1 fl-parse -f jsonl --memory $memory -o out < <(cat lines)
			assert_output "$(cat messages)"
			diff wanted <(cat out/*.jsonl | grep timeline)
		done
	done
}

@test "a line whose ends do not show its kind is read as a whole" {
	local line

	# the last one counts; an inner one does not
	for line in '{"id":"x","type":"t","trace_id":"t0","trace_id":"t1"}' \
		'{"id":"x","type":"t","trace_id":"t1","input":{"trace_id":"t0"}}' \
		'{"id":"x","type":"t","trace_id":"t1","input":",\"trace_id\":\"t0\"}"}' \
		'{"id":"x","type":"t","trace_id":"t1","\"trace_id":"t0"}' \
		'{"id":"x","type":"t","output":"\",\"trace_id","trace_id":"t1"} '; do
		same_in_haste "$line" ''
		jq -r 'select(.trace_id == "t1").timeline[].raw.id' wanted |
			grep -qx x
	done
	# whole traces
	for line in '"observations":[{"id":"x"}]' \
		'"\u006fbservations":[{"id":"x"}]' \
		'"timeline":[{"raw":{"id":"x"}}],"summary":{}'; do
		same_in_haste "{\"id\":\"w\",\"type\":\"t\",$line,\"trace_id\":\"w\"}" ''
		assert_equal "$(jq -r 'select(.trace_id == "w").timeline[].raw.id' \
			wanted)" x
	done
	# observations, whatever these fields hold
	for line in '"observations":3' '"timeline":[]' '"timeline":null,"summary":{}' \
		'"input":{"observations":[],"timeline":[]}'; do
		same_in_haste "{\"id\":\"x\",\"type\":\"t\",$line,\"trace_id\":\"t1\"}" ''
		jq -r 'select(.trace_id == "t1").timeline[].raw.id' wanted |
			grep -qx x
	done
}

@test "what is not JSON is noted, however late it is met" {
	rm -rf out
	hasty '{"id":"x","type":"t","input":NaN,"trace_id":"t1"}' >lines
	run -0 fl-parse -f jsonl -o out lines
	assert_output 'fl-parse: lines: NaN and Infinity are not JSON; read as null'
	rm -r out
	run -0 fl-parse -o out < <(cat lines)
	assert_output 'fl-parse: <stdin>: NaN and Infinity are not JSON; shown unchanged'
}

@test "a standard input that is not read stays where it is" {
	hasty 'bad' >lines
	printf '%s\n' a b c >names
	while read -r name; do
		fl-parse -o "out-$name" lines 2>/dev/null || :
		echo "$name"
	done <names >read
	diff names read
}

@test "a file that is cut off while it is read is reported, and the rest is shown" {
	{ cat "$FILES/rows"; cat "$FILES/obs"; } >growing
	fl-parse growing >wanted
	mkfifo hold
	fl-parse growing hold >got 2>err &
	pid=$!
	# once the second file is open the first has been read
	exec 7>hold
	size=$(wc -c <growing)
	truncate -s $((size - 50000)) growing
	exec 7>&-
	status=0
	wait $pid || status=$?
	assert_equal "$status" 1
	assert_regex "$(cat err)" 'fl-parse: [0-9]+ traces changed while the file was read'
	assert_equal "$(grep -c '^# Trace Analysis' got)" 300
	(($(wc -c <got) > 500000 && $(wc -c <got) < $(wc -c <wanted)))
}

@test "the same name many times makes as many files" {
	for i in {1..700}; do
		printf '{"trace_id":"same","iteration":1,"input":"%d"}\n' "$i"
	done >in
	fl-parse -o out in
	assert_equal "$(ls out | grep -c '^01_same')" 700
	assert_equal "$(values .file out/index.jsonl | tr ' ' '\n' | sort | uniq | wc -l)" 700
	run jq -r 'select(.file == "01_same-700.md") | .trace_id' out/index.jsonl
	assert_output same
	grep -q '"input": "700"' out/01_same-700.md
	grep -q '"input": "1"' out/01_same.md
}

@test "many files need few descriptors" {
	for i in {1..3000}; do
		printf '{"trace_id":"%d","observations":[]}\n' "$i"
	done >in
	(ulimit -n 40 && fl-parse -j 2 -o out in)
	assert_equal "$(ls out | grep -c md)" 3001
}

@test "many files of input need few descriptors, too" {
	mkdir many
	split -l 2 "$FILES/rows" many/rows-
	(($(find many -type f | wc -l) == 150))
	cat "$FILES/rows" "$FILES/obs" | fl-parse >wanted
	(ulimit -n 64 && fl-parse -j 2 many/* "$FILES/obs") | cmp - wanted
	fl-parse -j 2 many/* "$FILES/obs" | cmp - wanted
}

@test "--shard-dirs spreads the files over folders, and they are found again" {
	fl-parse --shard-dirs -o out "$FILES/rows" "$FILES/obs"
	fl-parse -o flat "$FILES/rows" "$FILES/obs"
	(($(find out -mindepth 1 -maxdepth 1 -type d | wc -l) > 100))
	assert_equal "$(find out -name '*_t*.md' | wc -l)" 300
	while IFS= read -r file; do
		cmp "out/$file" "flat/${file##*/}"
	done < <(jq -r .file out/index.jsonl)
	assert_equal "$(mode_of "out/$(jq -r .file out/index.jsonl | head -n 1 | cut -d/ -f1)")" 700
	fl-parse -o out --overwrite "$FILES/whole"
	assert_equal "$(find out -type d | wc -l)" 1
	assert_equal "$(find . -name '*.new*')" ''
}

@test "a folder is given by its name" {
	cp "$FILES/rows" in
	fl-parse -o out in
	for dir in '' / . .. out/. out/./ out/..; do
		run --separate-stderr -2 fl-parse -o "$dir" --overwrite </dev/null
		assert_equal "$stderr" "fl-parse: '$dir': expected a path that ends in a folder's name"
	done
	(cd out && fl-parse -o ../out// --overwrite ../in)
	assert_equal "$(find . -name '*.new-*')" ''
	assert_equal "$(ls -A out | grep -c '^\.')" 1
}

@test "a folder that holds what is read is not replaced" {
	cp "$FILES/whole" w
	fl-parse -o out w
	mv w out/
	mkdir out/exp
	cp "$FILES/rows" out/exp/trace_summary.jsonl
	run --separate-stderr -2 fl-parse -o out --overwrite out/w
	assert_equal "$stderr" 'fl-parse: out: out/w is in it: not replaced'
	for stdin in '' - /dev/stdin; do
		run --separate-stderr -2 fl-parse -o out --overwrite $stdin <out/w
		assert_regex "$stderr" 'stdin>? is in it: not replaced$'
	done
	run --separate-stderr -2 fl-parse -o ../"${PWD##*/}"/out/ --overwrite out/exp
	assert_regex "$stderr" 'out/exp/trace_summary.jsonl is in it: not replaced$'
	assert_file_exists out/exp/trace_summary.jsonl
}

@test "a signal leaves nothing behind" {
	mkfifo in
	for signal in TERM HUP; do
		env --default-signal=HUP fl-parse -o out <in &
		pid=$!
		exec 7>in
		head -n 50 "$FILES/whole" >&7
		wait_until matches 'out.new-*/*_t*.md'
		compgen -G 'out.new-*/*_t*.md' || fail 'nothing was begun'
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		exec 7>&-
		assert_equal "$status" $((128 + $(kill -l $signal)))
		assert_equal "$(ls)" in
	done
}

@test "a signal at the start leaves nothing behind" {
	mkdir here
	cp "$FILES/whole" in
	python3 - <<-'PY'
	import os, random, shutil, signal, subprocess, time
	clock, died = random.Random(1), 0
	for options in ["-f", "tsv"], ["-f", "tsv", "--overwrite"], ["-f", "md"], ["--shard-dirs"]:
	    for sig in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT] * 5:
	        child = subprocess.Popen(["fl-parse", *options, "-o", "here/o", "in"], stderr=subprocess.DEVNULL,
	            preexec_fn=lambda: [signal.signal(s, signal.SIG_DFL) for s in (1, 2, 3)])
	        time.sleep(clock.random() * 0.02)
	        child.send_signal(sig)
	        died += child.wait() == -sig
	        shutil.rmtree("here/o", ignore_errors=True)
	        assert not os.listdir("here"), (options, sig, os.listdir("here"))
	assert died > 10, died
	PY
}

@test "a signal during writing is not reported as a fault" {
	mkfifo in
	fl-parse --shard-dirs -o out <in 2>err &
	pid=$!
	awk 'BEGIN {
		for (;;)
			printf "{\"trace_id\":\"%d\",\"observations\":[]}\n", i++
	}' >in 2>/dev/null &
	wait_until matches 'out.new-*/ff/*'
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_equal "$(cat err)" ''
	assert_equal "$status" 143
	run compgen -G 'out*'
	assert_output ''
}

@test "a file that cannot be written whole is reported, and leaves no folder" {
	for format in md jsonl; do
		# a limit on the size of files fails as a full disk does
		run --separate-stderr -2 bash -c 'trap "" XFSZ; ulimit -f 100
			fl-parse -f "$1" -o out "$2"' _ $format "$FILES/large"
		assert_regex "$stderr" '^fl-parse: out/[^:]*: File too large$'
		run compgen -G 'out*'
		assert_output ''
	done
}

teardown()
{
	! mountpoint -q small || umount small
}

@test "a full disk is reported with the file, and leaves nothing" {
	mkdir small
	mount -t tmpfs -o size=1m tmpfs small 2>/dev/null || skip 'mounting is not allowed here'
	for format in md jsonl json; do
		run --separate-stderr -2 fl-parse -f $format -o small/out "$FILES/large"
		left=$(ls -A small)
		[[ $left ]] && break
		said+=$stderr$'\n'
	done
	TMPDIR=$PWD/small run -2 --separate-stderr sh -c 'cat "$1" | fl-parse --memory 4M' _ "$FILES/large"
	umount small
	assert_equal "$left" ''
	assert_equal "$stderr" "fl-parse: a temporary file in $PWD/small: No space left on device"
	assert_regex "$said" '^fl-parse: small/out/00_large.md: No space left on device'
	assert_regex "$said" 'fl-parse: small/out/per_trace.jsonl: No space left on device'
}

@test "a format may be a program that reads per-trace records" {
	mkdir tools
	PATH=$PATH:$PWD/tools
	printf '#!/bin/sh\njq -r .input\n' >tools/fl-format-inputs
	printf '#!/bin/sh\nexit 3\n' >tools/fl-format-bad
	printf '#!/bin/sh\nhead -n 1 | cut -c 1-20\n' >tools/fl-format-first
	chmod +x tools/*
	fl-parse -f inputs "$FILES/rows" | cmp - <(jq -r .input "$FILES/rows")
	fl-parse -f inputs -o out "$FILES/rows"
	cmp out/per_trace.inputs <(jq -r .input "$FILES/rows")
	assert_equal "$(lines_of out/index.jsonl)" 300
	# one that has seen enough is content
	run --separate-stderr -0 fl-parse -f first "$FILES/whole"
	assert_output '{"trace_id":"t0","it'
	assert_equal "$stderr" ''
	# and the indexes tell of the others, too
	fl-parse -f first -o seen "$FILES/whole"
	assert_equal "$(lines_of seen/index.jsonl)" 300
	# one that fails fails all
	run --separate-stderr -2 fl-parse -f bad -o no "$FILES/whole"
	assert_regex "$stderr" 'fl-format-bad: exit status 3$'
	assert_not_exists no
	for name in ../bad 'b ad' BAD; do
		run --separate-stderr -2 fl-parse -f "$name" "$FILES/whole"
		assert_regex "$stderr" "unknown format '$name'"
	done
}

@test "a reader that exits ends a program's format as it ends ours" {
	printf '#!/bin/sh\nexec yes\n' >fl-format-endless
	chmod +x fl-format-endless
	for format in md csv tsv endless; do
		status=0
		PATH=$PATH:$PWD fl-parse -f $format "$FILES/large" "$FILES/whole" 2>err |
			head -n 1 >/dev/null || status=${PIPESTATUS[0]}
		assert_equal "$format: $(cat err)" "$format: "
	done
}

@test "messages that nobody reads leave no folder behind" {
	{ echo '{"trace_id":"x","observations":[]}'; yes junk | head -n 100000; } >junk
	fl-parse -o out junk "$FILES/whole" 2>&1 | head -n 1 >/dev/null || true
	assert_equal "$(find . -name 'out.new-*')" ''
	assert_equal "$(lines_of out/index.jsonl)" 301
}

@test "the parent of a folder may be made in the pipeline" {
	for i in 1 2 3 4 5; do
		{ sleep 0.1; mkdir new$i; cat "$FILES/whole"; } | fl-parse -o new$i/out
		assert_equal "$(lines_of new$i/out/index.jsonl)" 300
	done
	run --separate-stderr -2 fl-parse -o nowhere/out </dev/null
	assert_regex "$stderr" '^fl-parse: nowhere/out: No such file'
}

@test "--overwrite is named only where it would help" {
	fl-parse -o out "$FILES/whole"
	run --separate-stderr -2 fl-parse -o out "$FILES/whole"
	assert_equal "$stderr" 'fl-parse: out: already exists; --overwrite replaces it'
	mkdir other
	touch other/file plain
	for place in other plain; do
		run --separate-stderr -2 fl-parse -o $place "$FILES/whole"
		refute_regex "$stderr" 'overwrite'
	done
}

@test "a program says the extension of its file" {
	local name
	local -A answer=([good]='echo .tar.gz' [none]='wc -l' [bare]='echo csv' [up]='echo ./x'
		[two]='printf ".a\n.b\n"' [fails]='echo .a; exit 1' [cut]='printf .a' [endless]='exec yes .a'
		[long]='printf ".%060d\n" 0' [deaf]='exec cat' [dot]='echo .')

	mkdir tools
	for name in "${!answer[@]}"; do
		printf '#!/bin/sh\nif [ "$1" = --extension ]; then\n%s\nelse\nwc -l\nfi\n' "${answer[$name]}" >tools/fl-format-$name
	done
	chmod +x tools/*
	for name in "${!answer[@]}"; do
		PATH=$PATH:$PWD/tools fl-parse -f "$name" -o "out-$name" "$FILES/rows"
		file=per_trace.$name
		[[ $name != good ]] || file=per_trace.tar.gz
		assert_equal "$(cat "out-$name/$file")" 300
		assert_equal "$(head -n 1 "out-$name/index.jsonl" | jq -r .file)" "$file"
		PATH=$PATH:$PWD/tools fl-parse --list-formats | grep -qF "$name	$file	the output of " ||
			fail "$name is not listed with $file"
	done
	# nothing asks for it without a folder
	printf '#!/bin/sh\necho "$#"\ncat >/dev/null\n' >tools/fl-format-arguments
	chmod +x tools/*
	PATH=$PATH:$PWD/tools run -0 fl-parse -f arguments "$FILES/rows"
	assert_output 0
}

@test "csv is a table that others read" {
	printf '%s\n' '{"trace_id":"a","iteration":1,"persona":"p,q","success":true,"duration_ms":1.5,"input":"say \"hi\"\nnow","output":{"k":["\u00e9",1]}}' \
		'{"trace_id":"b","success":false,"error_kind":"timeout","error":"late","input":null,"observation_count":7}' >in
	run --separate-stderr -0 fl-parse -f csv in
	assert_equal "$stderr" ''
	cat >got <<<"$output"
	run -0 python3 -c 'import csv, json, sys
for row in csv.reader(open("got", newline="")): print(json.dumps(row, ensure_ascii=False))'
	assert_output '["trace_id", "iteration", "persona", "success", "error_kind", "error", "duration_ms", "observation_count", "input", "output", "strategy", "callback_messages", "pass", "score", "run_id", "input_id", "start_time", "tokens", "attempts", "model", "verdict"]
["a", "1", "p,q", "true", "", "", "1.5", "0", "say \"hi\"\nnow", "{\"k\":[\"é\",1]}", "", "", "", "", "", "", "", "", "", "", ""]
["b", "", "", "false", "timeout", "late", "", "7", "", "", "", "", "", "", "", "", "", "", "", "", ""]'
	# the header is there without traces, once with several files
	assert_equal "$(fl-parse -f csv /dev/null)" "$(head -n 1 got)"
	assert_equal "$(fl-parse -f csv in in "$FILES/rows" | grep -c '^"trace_id"')" 1
	fl-parse -f csv -o out in
	cmp got out/per_trace.csv
	documented fl-parse.1 verdict
}

@test "csv has what the trace, its steps and its evaluation say, in any input" {
	local dir whole

	printf '%s\n' '{"trace_id":"a","run_id":"r","input_id":"i","iteration":0,"input":"x","success":true,"start_time":"2026-01-02T03:04:05+00:00","attempts":2,"token_usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":9},"metadata":{"strategy":"typo"},"evaluation":{"pass":true,"score":0.5},"observation_count":4,"observations":[{"id":"2","trace_id":"a","type":"generation","model":"m2","start_time":"2026-01-02T03:04:06+00:00"},{"id":"1","trace_id":"a","type":"generation","model":"m,1","start_time":"2026-01-02T03:04:05+00:00"},{"id":"3","trace_id":"a","type":"generation","model":"m2","start_time":"2026-01-02T03:04:07+00:00"},{"id":"4","trace_id":"a","type":"tool","model":null}]}' \
		'{"trace_id":"b","success":true,"token_usage":{"prompt_tokens":3,"completion_tokens":4},"evaluation":{"pass":false},"metadata":[1],"observations":[]}' \
		'{"trace_id":"c","success":true,"token_usage":{},"evaluation":{"pass":null,"score":null},"metadata":{},"observations":[]}' >whole
	mkdir dir
	jq -c 'del(.observations)' whole >dir/trace_summary.jsonl
	jq -c '.observations[]' whole >dir/observations.jsonl
	for in in whole dir; do
		fl-parse -f csv $in >$in.csv
	done
	fl-parse --memory 4M -f csv <whole | cmp whole.csv -
	fl-parse -f jsonl whole | fl-parse -f csv | python3 -c 'import csv, sys
for row in csv.DictReader(sys.stdin): print(row["model"], row["tokens"], row["verdict"])' | cmp - <(
		printf '%s\n' 'm,1, m2 9 pass' ' 7 fail' '  not judged')
	cmp whole.csv dir.csv
	run -0 python3 -c 'import csv
for row in csv.DictReader(open("whole.csv", newline="")): print(list(row.values())[-7:], row["strategy"], row["pass"], row["score"], row["observation_count"])'
	assert_output "['r', 'i', '2026-01-02T03:04:05+00:00', '9', '2', 'm,1, m2', 'pass'] typo true 0.5 4
['', '', '', '7', '', '', 'fail']  false  0
['', '', '', '', '', '', 'not judged']    0"
	# rows alone: what they count and say is believed
	jq -c '.strategy = .metadata.strategy? | del(.metadata)' dir/trace_summary.jsonl >rows
	run --separate-stderr -0 fl-parse -f csv rows
	assert_equal "$stderr" ''
	assert_equal "$(sed -n 2p <<<"$output" | cut -d , -f 8,11)" '4,"typo"'
	# but a part of the observations is not
	head -n 1 dir/observations.jsonl >some
	run --separate-stderr -1 fl-parse -f csv rows some
	assert_equal "$stderr" 'fl-parse: 1 trace has more or fewer observations than the row counts'
}

@test "a database reads the csv" {
	command -v sqlite3 >/dev/null || skip 'no sqlite3'
	fl-parse -f csv "$FILES/whole" >t.csv
	run -0 sqlite3 :memory: -cmd '.mode csv' -cmd '.import t.csv t' 'SELECT count(*), count(DISTINCT trace_id), min(success) FROM t'
	assert_output '300,300,false'
}

@test "a filter gets all records or fails, wherever memory runs out" {
	local at format failed whole

	is_sanitized && skip 'the sanitizers have their own allocator'
	"${CC:-gcc}" -shared -fPIC -o no-memory.so "$ROOT/tests/agents/no-memory.c" || skip 'not this C library'
	head -n 3 "$FILES/whole" >in
	mkdir bin
	printf '#!/bin/sh\ncat\n' >bin/fl-format-copy
	printf '#!/bin/sh\nexec wc -l\n' >bin/fl-format-count
	chmod +x bin/*
	PATH=$PATH:$PWD/bin
	for format in tsv copy count; do
		fl-parse -j 1 -f $format -o want in
		failed=0
		whole=0
		for ((at = 1; at < 120; at++)); do
			status=0
			NO_MEMORY_IN=fl-parse NO_MEMORY_AT=$at LD_PRELOAD=$PWD/no-memory.so \
				fl-parse -j 1 -f $format -o got in </dev/null 2>err || status=$?
			if ((status)); then
				assert_equal "$at: $status" "$at: 2"
				assert_regex "$(<err)" '^fl-parse: .*([mM]emory|cannot)'
				assert_not_exists got
				failed=$((failed + 1))
			else
				diff -r want got
				whole=$((whole + 1))
				rm -r got
			fi
		done
		((failed > 10 && whole > 0)) || fail "$format: $failed failed"
		rm -r want
		assert_equal "$(find . -name '*.new-*')" ''
	done
}

# cells: prints the second line of CSV in got as JSON, without empty cells.
cells()
{
	python3 -c 'import csv, json
print(json.dumps([c for c in list(csv.reader(open("got", newline="")))[1] if c], ensure_ascii=False))'
}

@test "no cell of csv is a formula" {
	local start

	printf '%s\n' '{"trace_id":"@SUM(1)","iteration":-5,"persona":"+1","input":"=HYPERLINK(\"http://e/\"&A1)","output":"-2+3","error":"\t=1","error_kind":"\r\n=1","duration_ms":-1.5}' |
		fl-parse -f csv >got
	run -0 cells
	assert_output $'["\'@SUM(1)", "-5", "\'+1", "\'\\r\\n=1", "\'\\t=1", "-1.5", "0", "\'=HYPERLINK(\\"http://e/\\"&A1)", "\'-2+3"]'
	for start in ＝ ＋ － ＠ '\n'; do
		printf '{"trace_id":"t","input":"%s1"}\n' "$start" | fl-parse -f csv >got
		run -0 cells
		assert_output "[\"t\", \"0\", \"'${start}1\"]"
	done
	# neither text with such a character in it nor a number
	printf '%s\n' '{"trace_id":"t","iteration":-1e3,"input":"a=1","output":["=1"],"persona":"1-2@x","error":" =","error_kind":"\u0027=1"}' |
		fl-parse -f csv >got
	run -0 cells
	assert_output "[\"t\", \"-1e3\", \"1-2@x\", \"'=1\", \" =\", \"0\", \"a=1\", \"[\\\"=1\\\"]\"]"
}

@test "characters that act on a terminal are escapes in csv" {
	printf '%s\n' '{"trace_id":"\u001b]0;x\u0007\ud800","input":"\u0000\u009b2J\u202e\u200b\u0085\u007f\ufeff=1","output":["\u0085",{"\u001b":"\u2066\udb40\udc41"}],"error":"a\rb\r\nc\td","persona":"\udb40\udc41 é 👍 \u200d","duration_ms":NaN}' |
		fl-parse -f csv >got
	run -0 cells
	assert_output '["\\u001b]0;x\\u0007�", "\\U000e0041 é 👍 ‍", "a\\rb\r\nc\td", "0", "\\u0000\\u009b2J\\u202e\\u200b\\u0085\\u007f\\ufeff=1", "[\"\\u0085\",{\"\\u001b\":\"\\u2066\\udb40\\udc41\"}]"]'
	# in a time that grows with the text only
	python3 -c 'print("{\"trace_id\":\"t\",\"input\":\"%s\"}" % ("a\\u001b\\r\\n\\\"" * 300000))' | timeout 100 fl-parse -f csv >got
	assert_equal "$(grep -c 'a\\u001b' got)" 300000
}

@test "the table of a program has no formulas and no hidden characters either" {
	printf '%s\n' '{"trace_id":"@SUM(1)","iteration":-5,"persona":"＝1","input":"=1\t2\n\\","output":"\u001b\udb40\udc41","error":"\r=1","metadata":"text","evaluation":{"pass":false,"score":0}}' |
		fl-parse -f tsv >got
	assert_equal "$(sed -n 2p got)" $'\'@SUM(1)\t-5\t\'＝1\t\t\t\'\\r=1\t\t0\t\'=1\\t2\\n\\\\\t\\\\u001b\\\\U000e0041\t\tfalse\t0'
}

@test "sizes and numbers of jobs are checked" {
	for size in 1M 0 -1 5 4MM x 99999999999G ''; do
		run --separate-stderr -2 fl-parse --memory "$size" /dev/null
		assert_regex "$stderr" "^fl-parse: invalid --memory '$size': expected a size of at least 4M"
	done
	for jobs in -1 x 2000 ''; do
		run --separate-stderr -2 fl-parse -j "$jobs" /dev/null
		assert_regex "$stderr" "^fl-parse: invalid --jobs '$jobs': expected "
	done
	run -0 fl-parse --memory 4096K -j 1 /dev/null
}

@test "nothing of a page is written when another follows" {
	jq -cs '.[0] + { observations: .[1:] }' "$FILES/large" >whole
	echo '{"trace_id":"last","observations":[]}' >last
	(($(wc -c <whole) > 2000000)) || fail "$(wc -c <whole)"
	run --separate-stderr -2 bash -c 'fl-parse -f html whole last | wc -c; exit ${PIPESTATUS[0]}'
	assert_output 0
	assert_equal "$stderr" 'fl-parse: html makes a page for each trace: give --output-dir'
	# joined, too, and from a pipe
	run --separate-stderr -2 bash -c 'cat "$1" last | fl-parse -f html | wc -c; exit ${PIPESTATUS[1]}' _ "$FILES/large"
	assert_output 0
	# one that is alone waits for the end
	TMPDIR=/nowhere run --separate-stderr -2 fl-parse -f html last
	assert_equal "$stderr" 'fl-parse: a temporary file in /nowhere: No such file or directory'
	# the same records as in a folder, whose pages share style and script
	fl-parse -f html -o dir whole
	cmp <(fl-parse -f html whole | grep '^<script type="application/json"') \
		<(grep '^<script type="application/json"' dir/00_large.html)
	run -2 bash -c 'fl-parse -f html whole >/dev/full'
	assert_output 'fl-parse: <stdout>: No space left on device'
}

@test "a folder of pages has a page that links to them" {
	printf '%s\n' '{"trace_id":"a","iteration":1,"input":"say <b>\"hi\"</b>\n& </td>\u0007","success":true,"persona":"p"}' \
		'{"trace_id":"b","success":false,"error_kind":"timeout","duration_ms":1500}' \
		'{"trace_id":"c","input":null,"observations":[{"type":"tool"}]}' >in
	fl-parse -f html -o out in
	run python3 - out <<-'END'
	import html.parser, os, sys
	class Links(html.parser.HTMLParser):
	    cells = []
	    def handle_starttag(self, tag, attrs):
	        assert tag in ("html", "head", "meta", "title", "style", "body", "h1", "table",
	                       "thead", "tbody", "tr", "th", "td", "a", "p", "span", "br",
	                       "script"), tag
	        if tag == "a":
	            assert os.path.exists(os.path.join(sys.argv[1], dict(attrs)["href"]))
	        if tag == "td":
	            self.cells.append("")
	        if tag == "tr":
	            self.cells.append("\n")
	    def handle_data(self, data):
	        if self.cells:
	            self.cells[-1] += data
	page = Links()
	page.feed(open(os.path.join(sys.argv[1], "index.html"), encoding="utf-8").read())
	print("|".join(c.strip() for c in page.cells[1:]))
	END
	assert_success
	for cell in '<b>"hi"</b>\n& </td>\u0007' 'failed: timeout' '1.50 s'; do
		assert_output --partial "$cell"
	done
	assert_equal "$(grep -c '<a href=' out/index.html)" 3
	# how many there are, by threads, and of each outcome
	while IFS='|' read -r traces counts; do
		fl-parse -j 3 -f html -o "$traces" <(grep "\"[$traces]\"" in)
		assert_equal "$traces: $(sed -n 's,<p>\(.*\)</p>,\1,p' "$traces/index.html" | sed 's/<[^>]*>//g')" "$traces: $counts"
	done <<-'END'
	abc|3 traces, 2 failed
	a|1 trace, none failed
	b|1 trace, 1 failed
	x|0 traces
	END
	fl-parse -f html -o many "$FILES/rows" "$FILES/obs" <(echo '{"trace_id":"x","type":"y"}')
	assert_equal "$(sed -n 's,<p>\(.*\)</p>,\1,p' many/index.html)" \
		'301 traces, <span class="failed">60 failed</span>, 1 unknown'
}
