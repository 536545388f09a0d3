#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154,SC2164 # each test is a process,
# and ends where something fails; bats sets what is not set here

load test_helper
load filter_helper

# Three small traces with 2, 0 and 1 observations, of which the second failed.
setup_file()
{
	find_python
	cd -- "$BATS_FILE_TMPDIR"
	cat >traces <<-'END'
	{"trace_id":"t1","run_id":"r1","input_id":"i1","iteration":0,"persona":null,"input":"é😀","output":"\"a\"","duration_ms":1.5,"success":true,"observation_count":2,"observations":[{"id":"a","type":"tool","output":"ü"},{"id":"b","type":"agent"}]}
	{"trace_id":"t2","run_id":"r2","input_id":"i1","iteration":1,"persona":null,"input":"é😀","output":null,"duration_ms":2,"success":false,"error":"no","error_kind":"error","observation_count":0,"observations":[]}
	{"trace_id":"t3","run_id":"r3","input_id":"i2","iteration":0,"persona":"p","input":"b","output":{},"duration_ms":3,"success":true,"observation_count":1,"observations":[{"id":"c","type":"span","output":[1,2]}]}
	END
	fl-collect -q whole traces || true
	export TRACES=$PWD/traces WHOLE=$PWD/whole
}

# partial DIR: an experiment in which the first run is there, and the second
# was not written whole.
partial()
{
	cp -Rp -- "$WHOLE" "$1"
	sed -i 1q "$1/trace_summary.jsonl"
	sed -i 2q "$1/traces.jsonl"
	rm "$1/summary.json" "$1/inputs_summary.jsonl" "$1/errors.json"
}

# same DIR: all runs are in it as in the whole one, and so is what is computed.
same()
{
	local file

	for file in observations traces trace_summary; do
		cmp "$WHOLE/$file.jsonl" "$1/$file.jsonl"
	done
	cmp "$WHOLE/errors.json" "$1/errors.json"
	cmp "$WHOLE/inputs_summary.jsonl" "$1/inputs_summary.jsonl"
	assert_equal "$(jq -c 'del(.date, .name)' "$1/summary.json")" \
		"$(jq -c 'del(.date, .name)' "$WHOLE/summary.json")"
	assert_equal "$(ls -A "$1" | grep -vx damaged.jsonl)" "$(ls -A "$WHOLE")"
}

# namespace COMMAND: runs it in bash where mounting harms nobody, or skips.
namespace()
{
	local flags

	for flags in -m -rm; do
		unshare "$flags" mount -t tmpfs none /mnt 2>/dev/null || continue
		timeout 60 unshare "$flags" bash -euc "$1"
		return
	done
	skip 'mounting is not allowed here'
}

# --- what counts --------------------------------------------------------------

@test "a folder without an experiment gets one" {
	run --separate-stderr -1 fl-collect --continue exp "$TRACES"
	cmp "$TRACES" <(cat <<<"$output")
	assert_equal "$stderr" ''
	same exp
	mkdir empty
	run -1 fl-collect --continue -q empty "$TRACES"
	same empty
	assert_jq 'has("continued")' false exp/manifest.json
}

@test "a killed experiment is continued with each run once, and what was dropped is reported" {
	mkfifo to
	fl-collect -q exp <to 2>/dev/null &
	pid=$!
	exec 7>to
	head -n 2 "$TRACES" >&7
	wait_until has_lines 2 exp/trace_summary.jsonl
	kill -KILL "$pid"
	wait "$pid" || true
	exec 7>&-
	printf '{"id":"x","trace_id":"t9",' >>exp/observations.jsonl
	run --separate-stderr -1 fl-collect --continue exp "$TRACES"
	assert_equal "$stderr" "fl-collect: exp: 1 run at the end is not whole: it is moved to damaged.jsonl, to be done again
fl-collect: exp: 2 traces of existing runs: skipped"
	assert_equal "$output" "$(sed -n 3p "$TRACES")"
	same exp
	# and again, with nothing to do
	run --separate-stderr -1 fl-collect --continue exp "$TRACES"
	assert_output ''
	assert_equal "$stderr" 'fl-collect: exp: 3 traces of existing runs: skipped'
	same exp
}

@test "files that are cut off anywhere, or end in zeros, count up to the last run that is whole" {
	mapfile -t flags < <(library_flags)
	"${CC:-cc}" -std=c11 -o check "$ROOT/tests/recover-check.c" "${flags[@]}"
	run timeout 60 ./check "$WHOLE"
	assert_success
	assert_regex "$output" '^[0-9]{4,} ways, [0-9]{3,} of them in order$'
}

@test "files that are cut off anywhere become whole, and nothing of them is lost" {
	python3 - <<-'PY'
	import os, shutil, subprocess
	whole, traces = os.environ["WHOLE"], os.environ["TRACES"]
	names = ["observations.jsonl", "traces.jsonl", "trace_summary.jsonl"]
	read = lambda path: open(path, "rb").read()
	data = {n: read(whole + "/" + n) for n in names}
	def collect(*more):
	    return subprocess.run(["fl-collect", "--continue", "-q", "exp", *more], stdin=subprocess.DEVNULL,
	        stderr=subprocess.PIPE)
	for name in names:
	    text = data[name]
	    ends = [i + 1 for i, c in enumerate(text) if c == 10]
	    places = {0, *range(0, len(text), 61), *(e + d for e in ends for d in (-1, 0, 1) if e + d <= len(text))}
	    for place in sorted(places):
	        for tail in (b"", b"\0" * (len(text) - place)):
	            shutil.rmtree("exp", ignore_errors=True)
	            shutil.copytree(whole, "exp")
	            open("exp/" + name, "wb").write(text[:place] + tail)
	            # mended first, or at once
	            if place % 2:
	                assert collect().returncode in (0, 1)
	            done = collect(traces)
	            assert done.returncode == 1, (name, place, done)
	            kept = read("exp/damaged.jsonl") if os.path.exists("exp/damaged.jsonl") else b""
	            for line in (text[:place] + tail).split(b"\n"):
	                assert line.strip(b"\0") == b"" or line in kept + read("exp/" + name), (name, place, line)
	            # without the places, which differ by the order
	            bare = lambda rows: sorted(row[:row.rfind(b',"observations_at"')] for row in rows.splitlines())
	            for other in names:
	                a, b = read("exp/" + other), data[other]
	                if other == "trace_summary.jsonl":
	                    assert bare(a) == bare(b), (name, place, done)
	                else:
	                    assert sorted(a.splitlines()) == sorted(b.splitlines()), (name, place, done)
	            # nothing is left to mend
	            assert collect().stderr == b"", (name, place)
	PY
}

@test "damage anywhere costs the runs that it hits, which are kept aside and done again" {
	python3 - <<-'PY'
	import json, os, random, shutil, subprocess
	N = 12
	names = ["observations.jsonl", "traces.jsonl", "trace_summary.jsonl"]
	read = lambda path: open(path, "rb").read()
	traces = [{"trace_id": "t%06d" % n, "run_id": "%016x" % (n * 7919), "input": "in %d" % n, "output": "é %d" % n,
	    "duration_ms": n, "success": True, "observation_count": n % 4, "observations": [
	        {"id": "o%d.%d" % (n, i), "trace_id": "t%06d" % n, "type": "tool", "output": "x" * i}
	        for i in range(n % 4)]} for n in range(N)]
	open("in", "w").write("".join(json.dumps(trace) + "\n" for trace in traces))
	subprocess.run(["fl-collect", "-q", "origin", "in"], check=True)
	def collect(*more):
	    return subprocess.run(["fl-collect", "--continue", "-q", "exp", *more], stdin=subprocess.DEVNULL,
	        stderr=subprocess.PIPE)
	def check(context):
	    rows = [json.loads(line) for line in read("exp/trace_summary.jsonl").splitlines()]
	    assert [json.loads(line)["trace_id"] for line in read("exp/traces.jsonl").splitlines()] == \
	        [row["trace_id"] for row in rows], context
	    observations, at = read("exp/observations.jsonl"), 0
	    for row in rows:
	        assert row["observations_at"] == at, (context, row, at)
	        mine = observations[at:at + row["observations_bytes"]].splitlines()
	        at += row["observations_bytes"]
	        assert {json.loads(line)["trace_id"] for line in mine} <= {row["trace_id"]}, context
	    assert at == len(observations), context
	    return rows
	# the runs that each kind may cost: those of the line, or of two lines
	most = {"flip": 2, "empty": 0, "zeros": N, "merge": 2, "delete": 1, "cut": N}
	for k in range(240):
	    rng = random.Random(k)
	    name, kind = names[k % 3], list(most)[k // 3 % len(most)]
	    shutil.rmtree("exp", ignore_errors=True)
	    shutil.copytree("origin", "exp")
	    data = bytearray(read("exp/" + name))
	    lines, i, p = bytes(data).splitlines(True), rng.randrange(data.count(b"\n") - 1), rng.randrange(len(data))
	    if kind == "flip":
	        data[p] ^= 1 << rng.randrange(8)
	    elif kind == "zeros":
	        q = min(len(data), p + rng.randrange(1, 400))
	        data[p:q] = bytes(q - p)
	    elif kind == "cut":
	        del data[p:]
	    else:
	        lines[i] = {"empty": b"\n" + lines[i], "merge": lines[i][:-1], "delete": b""}[kind]
	        data = b"".join(lines)
	    open("exp/" + name, "wb").write(data)
	    context = (k, name, kind)
	    done = collect()
	    context += (done.stderr.decode(),)
	    assert done.returncode == 0, context
	    rows = check(context)
	    assert N - len(rows) <= most[kind], (context, len(rows))
	    if kind in ("empty", "merge", "delete"):
	        assert done.stderr, context
	    kept = read("exp/damaged.jsonl") if os.path.exists("exp/damaged.jsonl") else b""
	    kept += read("exp/observations.jsonl") + read("exp/traces.jsonl")
	    have = {row["trace_id"] for row in rows}
	    for line in bytes(data).split(b"\n"):
	        try:
	            found = json.loads(line)["trace_id"] in have and name == names[2]
	        except Exception:
	            found = False
	        assert found or line.strip(b" \t\r\0") == b"" or line in kept, (context, line)
	    assert collect().stderr == b"", context
	    assert collect("in").returncode == 0, context
	    assert {trace["run_id"] for trace in traces} <= {row["run_id"] for row in check(context)}, context
	PY
}

@test "mending that is interrupted between two files is completed later" {
	python3 - >many <<-'PY'
	import json
	for n in range(8):
	    print(json.dumps({"trace_id": "t%d" % n, "run_id": "r%d" % n, "input": "x", "success": True,
	        "observation_count": n % 3, "observations": [{"id": "o%d" % i, "type": "tool"} for i in range(n % 3)]}))
	PY
	fl-collect -q origin many
	files=(observations traces trace_summary)
	for file in "${files[@]}"; do
		for edit in '3s/{/[/' 3d '3s/^/\n/' '$!{3N;s/\n//}'; do
			rm -rf broken mended
			cp -Rp origin broken
			sed -i "$edit" "broken/$file.jsonl"
			cp -Rp broken mended
			fl-collect --continue -q mended </dev/null 2>/dev/null
			# the files are replaced in this order
			for n in 1 2; do
				rm -rf exp
				cp -Rp broken exp
				for other in "${files[@]::n}"; do
					cp "mended/$other.jsonl" exp
				done
				fl-collect --continue -q exp </dev/null 2>/dev/null
				for other in "${files[@]}"; do
					cmp "mended/$other.jsonl" "exp/$other.jsonl"
				done
			done
		done
	done
}

@test "damage is reported with its file and line" {
	damaged()
	{
		rm -rf exp
		cp -Rp "$WHOLE" exp
		sed -i "$2" "exp/$1.jsonl"
		run --separate-stderr fl-collect --continue -q exp </dev/null
		assert [ "$status" -le 1 ]
	}
	damaged trace_summary '2s/{/[/'
	assert_equal "$stderr" 'fl-collect: exp/trace_summary.jsonl:2: damaged: not a whole JSON object
fl-collect: exp/traces.jsonl:2: damaged: its trace has no row in trace_summary.jsonl
fl-collect: exp: 2 lines moved to damaged.jsonl; runs that lack them are to be done again'
	assert_equal "$(jq -r .trace_id exp/trace_summary.jsonl | xargs)" 't1 t3'
	assert_equal "$(mode_of exp/damaged.jsonl) $(lines_of exp/damaged.jsonl)" '600 2'
	damaged traces '1s/r1/r7/'
	assert_equal "${stderr%%$'\n'*}" 'fl-collect: exp/trace_summary.jsonl:1: damaged: its trace is missing from traces.jsonl'
	damaged observations 2d
	assert_equal "${stderr%%$'\n'*}" 'fl-collect: exp/trace_summary.jsonl:1: damaged: some of its observations are missing from observations.jsonl'
	assert_equal "$(jq -r .trace_id exp/trace_summary.jsonl | xargs)" 't2 t3'
	damaged trace_summary 's/^/\n/'
	assert_equal "$stderr" "$(printf 'fl-collect: exp/trace_summary.jsonl:%d: damaged: an empty line\n' 1 3 5)"
	assert_not_exists exp/damaged.jsonl
	cmp "$WHOLE/trace_summary.jsonl" exp/trace_summary.jsonl
	damaged observations '2s/^/\n\n/'
	assert_equal "$stderr" "$(printf 'fl-collect: exp/observations.jsonl:%d: damaged: an empty line\n' 2 3)"
	cmp "$WHOLE/observations.jsonl" exp/observations.jsonl
	damaged trace_summary 1p
	assert_equal "${stderr%%$'\n'*}" 'fl-collect: exp/trace_summary.jsonl:2: damaged: the second row of its trace'
	# zeros after the last line are not moved, and not said to be
	rm -f exp/damaged.jsonl
	printf '\0\0\0\0' >>exp/observations.jsonl
	run --separate-stderr fl-collect --continue -q exp </dev/null
	assert_equal "$stderr" ''
	assert_not_exists exp/damaged.jsonl
	cmp "$WHOLE/observations.jsonl" exp/observations.jsonl
	damaged trace_summary 1p
	# the file gets more each time
	cp -Rp exp/damaged.jsonl before
	sed -i 2d exp/trace_summary.jsonl
	fl-collect --continue -q exp </dev/null || true
	head -n "$(lines_of before)" exp/damaged.jsonl | cmp before
	assert [ "$(lines_of exp/damaged.jsonl)" -gt "$(lines_of before)" ]
	# it is a link
	rm exp/damaged.jsonl
	echo precious >precious
	ln -s "$PWD/precious" exp/damaged.jsonl
	sed -i 1d exp/trace_summary.jsonl
	run -2 fl-collect --continue -q exp </dev/null
	assert_output --partial 'fl-collect: exp/damaged.jsonl: not a regular file'
	assert_equal "$(<precious)" precious
}

@test "without new traces the files are mended and the summary is computed anew" {
	partial exp
	cp exp/manifest.json before
	run --separate-stderr -0 fl-collect --continue --report exp </dev/null
	assert_output ''
	assert_equal "$stderr" "fl-collect: exp: 1 run at the end is not whole: it is moved to damaged.jsonl, to be done again
1 run: 1 succeeded, 0 failed; p50 1.50 ms, p95 1.50 ms"
	assert_jq .results.total_runs 1 exp/summary.json
	assert_not_exists exp/errors.json
	cmp before exp/manifest.json
	head -n 1 "$WHOLE/traces.jsonl" | cmp - exp/traces.jsonl
	head -n 2 "$WHOLE/observations.jsonl" | cmp - exp/observations.jsonl
	run -1 fl-collect --continue -q exp "$TRACES"
	same exp
}

@test "the manifest lists each time that runs were added" {
	partial exp
	created=$(jq .created exp/manifest.json)
	fl-collect --continue -q exp <(sed -n 2p "$TRACES") || true
	fl-collect --continue -q exp <(sed -n 1,2p "$TRACES") || true
	fl-collect --continue -q exp "$TRACES" || true
	assert_jq '[.created,(.continued|length)]' "[$created,2]" exp/manifest.json
	assert_jq '[.continued[]|test("^20[0-9-]{8}T[0-9:.]{15}\\+00:00$")]' '[true,true]' exp/manifest.json
}

@test "a manifest that was not written whole begins anew where there are no runs" {
	for state in 'rm exp/manifest.json' ': >exp/manifest.json' 'printf "{\"format\"" >exp/manifest.json'; do
		rm -rf exp
		mkdir exp
		: >exp/trace_summary.jsonl
		touch exp/manifest.json
		printf '{"cut' | tee exp/observations.jsonl >exp/traces.jsonl
		eval "$state"
		run --separate-stderr -1 fl-collect --continue -q --runs 3 exp "$TRACES"
		assert_equal "$stderr" 'fl-collect: exp: 1 run at the end is not whole: it is moved to damaged.jsonl, to be done again'
		same exp
		assert_jq '[.runs,has("continued")]' '[3,false]' exp/manifest.json
	done
	# where there are some, it is not known what they were made with
	rm exp/manifest.json
	cp -Rp exp before
	run --separate-stderr -2 fl-collect --continue exp "$TRACES"
	assert_equal "$stderr" 'fl-collect: exp/manifest.json: missing or incomplete, so the settings of the runs are unknown; --anyway continues'
	diff -r before exp
	run --separate-stderr -1 fl-collect --continue --anyway -q exp "$TRACES"
	same exp
	echo '{"format":2}' >exp/manifest.json
	run --separate-stderr -2 fl-collect --continue exp "$TRACES"
	assert_equal "$stderr" 'fl-collect: exp/manifest.json: written by a newer version'
}

@test "files that were not written by fl-collect, or not for one experiment, are refused and left alone" {
	mkdir foreign
	cp "$DATA"/reference/parse/guide/*.jsonl foreign
	cp -R foreign bare
	cp foreign/trace_summary.jsonl foreign/traces.jsonl
	cp -Rp "$WHOLE" other
	sed -i 's/"t\([0-9]\)/"u\1/' other/traces.jsonl
	cp -Rp "$WHOLE" others
	sed -i 's/"t\([0-9]\)/"u\1/' others/observations.jsonl
	cp -Rp "$WHOLE" rows
	sed -i 's/"t\([0-9]\)/"u\1/' rows/trace_summary.jsonl
	cp -Rp "$WHOLE" missing
	rm missing/observations.jsonl
	while IFS='|' read -r dir message; do
		cp -Rp "$dir" before
		run --separate-stderr fl-collect --continue --anyway "$dir" "$TRACES"
		assert_equal "$dir $status" "$dir 2"
		assert_equal "$stderr" "fl-collect: $dir/$message"
		diff -r before "$dir"
		rm -r before
	done <<-'END'
	foreign|trace_summary.jsonl:1: does not say where its observations are: not written by fl-collect
	other|traces.jsonl: none of its lines is of a trace that has a row in trace_summary.jsonl: the files are not of one experiment
	others|observations.jsonl: none of its lines is of a trace that has a row in trace_summary.jsonl: the files are not of one experiment
	rows|observations.jsonl: none of its lines is of a trace that has a row in trace_summary.jsonl: the files are not of one experiment
	bare|traces.jsonl: missing, although there are runs: it was removed, or fl-collect did not write this directory
	missing|observations.jsonl: missing, although there are runs: it was removed, or fl-collect did not write this directory
	END
}

@test "lines that are whole and belong together are kept in any order" {
	cp -Rp "$WHOLE" exp
	tac "$WHOLE/traces.jsonl" >exp/traces.jsonl
	cp -Rp exp before
	run --separate-stderr -1 fl-collect --continue -q exp </dev/null
	assert_equal "$stderr" ''
	cmp before/traces.jsonl exp/traces.jsonl
	# an edited observation has another place, and so have those after it
	sed -i '2s/agent/agents/' exp/observations.jsonl
	run --separate-stderr -1 fl-collect --continue -q exp </dev/null
	assert_equal "$stderr" 'fl-collect: exp: rows did not say where their observations are: corrected'
	assert_equal "$(jq -c '[.observations_at, .observations_bytes]' exp/trace_summary.jsonl | xargs)" \
		"$(jq -c '[.observations_at, .observations_bytes + (if .trace_id == "t1" then 1 else 0 end)] |
			if .[0] > 0 then .[0] += 1 else . end' "$WHOLE/trace_summary.jsonl" | xargs)"
	assert_not_exists exp/damaged.jsonl
}

@test "observations that a filter took out of a trace are not missing" {
	jq -c '.observations |= .[1:]' "$TRACES" >in
	fl-collect -q exp in || true
	cp exp/observations.jsonl before
	run --separate-stderr -1 fl-collect --continue -q exp </dev/null
	assert_equal "$stderr" ''
	cmp before exp/observations.jsonl
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 3
}

@test "a run is there once, whatever its trace_id; a trace without a run_id by that" {
	partial exp
	fl-collect --continue -q exp </dev/null 2>/dev/null
	{
		sed -n '1s/t1/new/p' "$TRACES"
		sed -n '2s/"run_id":"r2",//p' "$TRACES"
		sed -n '2s/"run_id":"r2",//p' "$TRACES"
		sed -n '3s/t3/t1/p' "$TRACES"
	} >in
	run --separate-stderr -1 fl-collect --continue exp in
	assert_equal "$output" "$(sed -n 2p in)"
	assert_equal "$stderr" "fl-collect: in:4: a trace of this trace_id was there before
fl-collect: exp: 2 traces of existing runs: skipped"
	# in a new experiment, too
	run --separate-stderr -1 fl-collect -q new <(sed -n '1p;1s/t1/other/p' "$TRACES"; sed -n 2p "$TRACES")
	assert_equal "$stderr" 'fl-collect: new: 1 trace of existing runs: skipped'
	assert_equal "$(lines_of new/trace_summary.jsonl)" 2
}

@test "another program that writes is reported before anything else" {
	mkfifo to
	fl-collect -q exp <to &
	exec 7>to
	wait_for exp/trace_summary.jsonl
	printf '{"cut' >>exp/observations.jsonl
	run --separate-stderr -2 fl-collect --continue --runs 7 exp "$TRACES"
	assert_equal "$stderr" 'fl-collect: exp: another program is writing to it'
	assert_equal "$(<exp/observations.jsonl)" '{"cut'
	exec 7>&-
	wait $! || true
}

@test "many runs are read in little memory" {
	python3 - >many <<-'PY'
	text = "x" * 2000
	for n in range(8000):
	    print('{"trace_id":"%d","run_id":"r%d","input":"a","success":true,"observations":[{"id":"1","type":"tool","output":"%s"}]}'
	        % (n, n, text))
	PY
	little 16000 fl-collect -q exp many
	before=$(cksum <exp/observations.jsonl)
	truncate -s -10 exp/trace_summary.jsonl
	run --separate-stderr -0 little 16000 fl-collect -q --continue exp many
	assert_equal "$stderr" "fl-collect: exp: 1 run at the end is not whole: it is moved to damaged.jsonl, to be done again
fl-collect: exp: 7999 traces of existing runs: skipped"
	assert_equal "$(cksum <exp/observations.jsonl)" "$before"
}

@test "what is not a regular file is refused, and what a link leads to is left alone" {
	echo precious >precious
	mkdir away
	for kind in link fifo folder dangling; do
		for file in observations.jsonl traces.jsonl trace_summary.jsonl manifest.json cancelled.jsonl \
			manifest.json.new summary.json.new inputs_summary.jsonl.new stderr; do
			rm -rf exp
			partial exp
			mkdir exp/stderr
			rm -rf "exp/$file"
			to=$PWD/precious
			[ "$file" = stderr ] && to=$PWD/away
			case $kind in
			link) ln -s "$to" "exp/$file" ;;
			fifo) mkfifo "exp/$file" ;;
			folder) mkdir "exp/$file" ;;
			dangling) ln -s "$PWD/nowhere" "exp/$file" ;;
			esac
			sed '2s/"error_kind":"error"/"error_kind":"cancelled"/' "$TRACES" >in
			run --separate-stderr timeout 100 fl-collect --continue --anyway -q exp in
			case $file in
			# it is read only, and only if it is a folder
			stderr) assert [ "$status" -le 1 ] ;;
			# removed when something is continued
			cancelled.jsonl)
				if [ "$kind" = folder ]; then
					assert_equal "$kind $file $status" "$kind $file 2"
				else
					assert [ ! -L exp/cancelled.jsonl ]
				fi ;;
			*)
				assert_equal "$kind $file $status" "$kind $file 2"
				assert_equal "${stderr##*$'\n'}" "fl-collect: exp/${file%.new}: not a regular file"
				;;
			esac
			assert_equal "$(cat precious) $(ls away)" 'precious '
			assert_not_exists nowhere
		done
	done
}

@test "the other name of a hard link is left alone" {
	echo precious >precious
	for file in observations.jsonl traces.jsonl trace_summary.jsonl manifest.json.new damaged.jsonl; do
		rm -rf exp
		partial exp
		rm -f "exp/$file"
		ln precious "exp/$file"
		run --separate-stderr -2 fl-collect --continue --anyway -q exp "$TRACES"
		assert_equal "${stderr##*$'\n'}" "fl-collect: exp/${file%.new}: a hard link: its other name would change, too; put a copy in its place"
		assert_equal "$(<precious)" precious
	done
	echo 'iterations: 1' >setting.yaml
	for command in 'fl-config set iterations 5' 'fl-config env set A 1'; do
		for file in setting.yaml.new .env.new; do
			ln -f precious "$file"
		done
		# shellcheck disable=SC2086 # these are words
		run -2 $command
		assert_equal "$(<precious) $(<setting.yaml)" 'precious iterations: 1'
	done
	# to read one harms nobody
	ln exp/traces.jsonl other
	run -0 fl-parse "$WHOLE"
}

@test "rows that were removed are missed, and the other files are left alone" {
	for file in "" observations traces; do
		rm -rf exp
		cp -Rp "$WHOLE" exp
		rm -f exp/trace_summary.jsonl "exp/$file.jsonl"
		cp -Rp exp before
		run --separate-stderr -2 fl-collect --continue --anyway -q exp "$TRACES"
		assert_equal "$stderr" 'fl-collect: exp/trace_summary.jsonl: missing, although there are runs: it was removed, or fl-collect did not write this directory'
		diff -r before exp
		rm -rf before
	done
}

@test "what is wrong with a run is said as it is" {
	observed()
	{
		rm -rf exp
		cp -Rp "$WHOLE" exp
		sed -i "$1" exp/observations.jsonl
		fl-collect --continue -q exp </dev/null 2>&1 | head -n 1
	}
	assert_equal "$(observed '2{h;d};3G')" 'fl-collect: exp/trace_summary.jsonl:1: damaged: its observations are not side by side in observations.jsonl'
	assert_equal "$(observed 2p)" 'fl-collect: exp/trace_summary.jsonl:1: damaged: observations.jsonl has more observations of it than it counts'
	assert_equal "$(observed 1d)" 'fl-collect: exp/trace_summary.jsonl:1: damaged: some of its observations are missing from observations.jsonl'
	# a line that is there twice makes no run incomplete
	rm -rf exp
	cp -Rp "$WHOLE" exp
	sed -i 1p exp/traces.jsonl
	run --separate-stderr fl-collect --continue -q exp </dev/null
	assert_equal "$stderr" 'fl-collect: exp/traces.jsonl:2: damaged: the second line of its trace
fl-collect: exp: 1 line moved to damaged.jsonl; runs that lack them are to be done again'
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 3
}

@test "logs of agents go into a folder of the experiment, not through a link" {
	echo precious >precious
	mkdir away logs
	ln -s "$PWD/away" linked
	for file in agent-1.log agents.jsonl; do
		rm -f logs/*
		ln -s "$PWD/precious" "logs/$file"
		run timeout 100 fl-run --stderr-dir logs --protocol lines --command cat <<<'{"input":"a"}'
		case $file in
		# the next number is taken
		agent-1.log) assert_success; assert_file_exists logs/agent-2.log ;;
		*) assert_equal "$status $output" "2 fl-run: logs/$file: not a regular file" ;;
		esac
	done
	mkfifo fifo
	rm logs/*
	mv fifo logs/agents.jsonl
	run timeout 100 fl-run --stderr-dir logs --protocol lines --command cat <<<'{"input":"a"}'
	assert_equal "$status $output" '2 fl-run: logs/agents.jsonl: not a regular file'
	run timeout 100 fl-run --stderr-dir linked --protocol lines --command cat <<<'{"input":"a"}'
	assert_equal "$status $output" '2 fl-run: linked: Not a directory'
	assert_equal "$(<precious) $(ls away)" 'precious '
}

# --- runs that were cancelled -------------------------------------------------

@test "a run that was cancelled is put aside, passed on, and done again" {
	sed '2s/"error_kind":"error"/"error_kind":"cancelled"/' "$TRACES" >in
	run --separate-stderr -1 fl-collect --report exp in
	cmp in <(cat <<<"$output")
	assert_equal "$stderr" '2 runs: 2 succeeded, 0 failed; p50 1.50 ms, p95 3.00 ms; 1 cancelled'
	sed -n 2p in | cmp - exp/cancelled.jsonl
	assert_equal "$(mode_of exp/cancelled.jsonl)" 600
	refute grep -q '"t2"' exp/traces.jsonl exp/trace_summary.jsonl
	assert_jq .results.total_runs 2 exp/summary.json
	# it is not a run: what follows takes its place
	run --separate-stderr -1 fl-collect --continue exp "$TRACES"
	assert_equal "$output" "$(sed -n 2p "$TRACES")"
	assert_not_exists exp/cancelled.jsonl
	assert_equal "$(jq -r .trace_id exp/trace_summary.jsonl | paste -sd ' ')" 't1 t3 t2'
}

# --- what changed -------------------------------------------------------------

# begun: an experiment in `exp` that has a configuration and inputs.
begun()
{
	cat >setting.yaml <<-'END'
	name: trial
	seed: 1
	parallel_runs: 2
	runner: {target: "a:b", timeout_seconds: 300, environment_vars: {API_KEY: one, LEVEL: "x"}}
	personas: [{name: a}, {name: b}]
	END
	printf 'inputs:\n- a\n' >inputs.yaml
	with=(-q -c setting.yaml --inputs inputs.yaml --runs 3 --option limit=3)
	run -1 fl-collect "${with[@]}" exp <(head -n 1 "$TRACES")
	printf '{"cut' >>exp/traces.jsonl
	cp -Rp exp before
}

# refuses MESSAGE ARG...: continuing with these arguments is refused with these
# lines before the last one, and nothing is touched.
refuses()
{
	local told=''

	while IFS= read -r line; do
		told+="fl-collect: $line"$'\n'
	done <<<"$1"
	run --separate-stderr -2 fl-collect --continue "${@:2}" exp "$TRACES"
	assert_equal "$stderr" "${told}fl-collect: exp: not continued: the changes may add, remove or alter runs; --anyway continues"
	diff -r before exp
}

@test "changes of the configuration are reported value by value, and refused" {
	begun
	cp setting.yaml kept
	sed -i 's/300/60.5/; s/seed: 1/seed: 2/; s/a:b/"b:\\e[31mred"/; s/"x"/"x y"/' setting.yaml
	sed -i 's/""/"/g' setting.yaml
	refuses 'runner.environment_vars.LEVEL was "x", is "x y"
runner.target was "a:b", is "b:\u001b[31mred"
runner.timeout_seconds was 300, is 60.5
seed was 1, is 2' "${with[@]}"
	# what is put in and left out
	sed 's/, {name: b}//; s/seed: 1/input_template: "{input}!"/' kept >setting.yaml
	refuses 'input_template was not set, is "{input}!"
personas.1.name was "b", is not set
seed was 1, is not set' "${with[@]}"
	# a value that is not shown has changed all the same
	sed 's/one/another/' kept >setting.yaml
	refuses 'a secret in the configuration has changed' "${with[@]}"
	refute grep -q another <<<"$stderr"
	# long ones
	{ cat kept; printf 'input_template: "%0100da"\n' 0; } >setting.yaml
	refuses "input_template was not set, is \"$(printf %060d 0)…\"" "${with[@]}"
	rm -r exp before
	run -1 fl-collect "${with[@]}" exp <(head -n 1 "$TRACES")
	cp -Rp exp before
	{ cat kept; printf 'input_template: "%0100db"\n' 0; } >setting.yaml
	refuses 'input_template has changed' "${with[@]}"
}

@test "the first twenty of many changes are reported" {
	begun
	{
		grep -v personas setting.yaml
		echo 'personas:'
		for i in {1..30}; do echo "- name: p$i"; done
	} >new
	mv new setting.yaml
	run --separate-stderr -2 fl-collect --continue "${with[@]}" exp "$TRACES"
	assert_equal "${#stderr_lines[@]}" 22
	assert_equal "${stderr_lines[20]}" 'fl-collect: and 10 more have changed'
}

@test "changes of the inputs, the options and the name are reported, and refused" {
	begun
	printf -- '- b%04000d\n' 0 >>inputs.yaml
	refuses 'inputs.yaml has changed since: 12 bytes then, 4,016 now' "${with[@]}"
	refuses 'the inputs were from inputs.yaml, are from no file' --inputs ''
	printf 'inputs:\n- b\n' >inputs.yaml
	refuses 'inputs.yaml has changed since: as long as then, but other text' "${with[@]}"
	refuses 'the inputs were from inputs.yaml, are from setting.yaml' --inputs setting.yaml
	rm inputs.yaml
	refuses 'inputs.yaml could be read only then, or only now' "${with[@]}"
	refuses 'the number of runs was 3, is 12' --runs 12
	refuses 'the experiment'"'"'s name was "trial", is "it'"'"'s \"x\""' --name "it's \"x\""
	refuses '--limit was 3, is "4 or 5"
--personas was not given, is a,b' --option 'limit=4 or 5' --option personas=a,b
}

@test "what no run depends on may change" {
	begun
	python3 - <<-'PY'
	lines = open("setting.yaml").read().replace("parallel_runs: 2", "parallel_runs: 4").splitlines()
	# in another order, too
	open("setting.yaml", "w").write("\n".join(lines[::-1] + [
	    "output_directory: elsewhere", "run_delay_seconds: 0.5", "inputs_file: other.yaml", "tags: [a]",
	    "metadata: {a: 1}", "description: new", "variation_strategies: [typo]"]) + "\n")
	PY
	mv inputs.yaml moved.yaml
	with[4]=moved.yaml
	run --separate-stderr -1 fl-collect --continue "${with[@]}" exp "$TRACES"
	assert_equal "${#stderr_lines[@]}" 2
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 3
	assert_jq '[.inputs_file,.config.parallel_runs]' '["moved.yaml",4]' exp/manifest.json
	assert_jq .config_hash "$(jq .config_hash before/manifest.json)" exp/manifest.json
	assert_jq .config.parallel_runs 4 exp/summary.json
}

@test "what is not reported has not changed" {
	begun
	rm setting.yaml inputs.yaml
	cd ..
	run --separate-stderr -1 fl-collect --continue -q "$OLDPWD/exp" "$TRACES"
	cd "$OLDPWD"
	filter='del(.continued)'
	assert_jq "$filter" "$(jq -c "$filter" before/manifest.json)" exp/manifest.json
	assert_jq '[.name,.config.runner.timeout_seconds]' '["trial",300]' exp/summary.json
}

@test "--anyway continues in spite of changes, and the manifest has them" {
	begun
	sed -i 's/300/60/' setting.yaml
	echo '- b' >>inputs.yaml
	created=$(jq -c .created exp/manifest.json)
	with=(-q -c setting.yaml --inputs inputs.yaml --runs 4 --option limit=4)
	run --separate-stderr -1 fl-collect --continue --anyway "${with[@]}" --option seed=9 exp "$TRACES"
	assert_regex "$stderr" 'runner.timeout_seconds was 300, is 60'
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 3
	assert_jq '[.created,(.continued|length),.runs,.inputs_bytes,.options,.config.runner.timeout_seconds]' \
		"[$created,1,4,16,{\"limit\":\"4\",\"seed\":\"9\"},60]" exp/manifest.json
	assert_jq .config.runner.timeout_seconds 60 exp/summary.json
	# that is what it is now
	run --separate-stderr -1 fl-collect --continue "${with[@]}" exp </dev/null
	assert_equal "$stderr" ''
}

@test "a manifest with wrong types in it harms nothing" {
	begun
	for text in '{}' '{"format":"x","runs":"many","inputs_file":7,"inputs_hash":[],"config_hash":{},"inputs_bytes":"x","name":[1],"options":[{"a":1}],"continued":"x","config_file":3,"config":[[[]]]}' \
		'{"options":{"limit":12,"a":{"b":[]},"c":"","":""},"config":"x","name":{"x":1},"continued":[1,{"a":2}],"runs":[]}' \
		"{\"config\":$(printf '[%.0s' {1..900})$(printf ']%.0s' {1..900})}"; do
		printf '%s' "$text" >exp/manifest.json
		run --separate-stderr timeout 100 fl-collect --continue "${with[@]}" exp </dev/null
		assert_equal "$status" 2
		assert_regex "$stderr" 'not continued'
		run --separate-stderr -0 timeout 100 fl-collect --continue --anyway "${with[@]}" exp </dev/null
		jq . exp/manifest.json exp/summary.json >/dev/null
		run --separate-stderr -0 timeout 100 fl-collect --continue "${with[@]}" exp </dev/null
		assert_equal "$stderr" ''
	done
}

# --- what cannot be written ---------------------------------------------------

@test "a limit of file sizes ends it with 2, and it can be continued" {
	is_sanitized && skip 'the sanitizers write files of their own'
	python3 - >many <<-'PY'
	import json
	for n in range(30):
	    print(json.dumps({"trace_id": "t%d" % n, "run_id": "r%d" % n, "input": "x" * 90, "success": n % 2 == 0,
	        "duration_ms": n, "observations": [{"id": i, "type": "tool", "output": "o" * 99} for i in range(n % 3)]}))
	PY
	fl-collect -q whole many || true
	for limit in 1 2 3 4 5 6 7; do
		rm -rf exp
		status=0
		(ulimit -f "$limit"; exec fl-collect -q exp many) 2>err || status=$?
		assert_equal "$limit $status" "$limit 2"
		assert_regex "$(<err)" '^fl-collect: exp/[a-z_]+\.jsonl?: File too large$'
		assert_not_exists exp/summary.json
		run --separate-stderr -1 fl-collect --continue -q exp many
		for file in observations traces trace_summary; do
			cmp "whole/$file.jsonl" "exp/$file.jsonl"
		done
		cmp whole/errors.json exp/errors.json
	done
	# what is computed may be what does not fit
	printf '{"trace_id":"%d","input":"%d","success":true,"observations":[]}\n' {1..12}{,} >small
	printf 'description: "%01000d"\n' 0 >setting.yaml
	status=0
	(ulimit -f 2; exec fl-collect -c setting.yaml -q small-exp small) 2>err || status=$?
	assert_equal "$status $(<err)" '2 fl-collect: small-exp/summary.json: File too large'
	assert_equal "$(ls -A small-exp | paste -sd ' ')" 'inputs_summary.jsonl manifest.json observations.jsonl trace_summary.jsonl traces.jsonl'
	run --separate-stderr -0 fl-collect --continue -q small-exp </dev/null
	assert_equal "$stderr" ''
	assert_jq .results.total_runs 12 small-exp/summary.json
}

@test "a full disk ends it with 2, and it can be continued when there is room" {
	export TRACES WHOLE
	namespace '
		mount -t tmpfs -o size=96k none /mnt
		cd /mnt
		dd if=/dev/zero of=filler bs=4k count=17 2>/dev/null
		for n in {1..300}; do
			sed "s/\"\(t\|r\)\([123]\)\"/\"\1$n.\2\"/g" "$TRACES"
		done >"$BATS_TEST_TMPDIR/many"
		status=0
		fl-collect -q exp "$BATS_TEST_TMPDIR/many" 2>"$BATS_TEST_TMPDIR/err" || status=$?
		[ "$status" -eq 2 ]
		rm filler
		status=0
		fl-collect --continue -q exp <(head -n 99 "$BATS_TEST_TMPDIR/many") 2>>"$BATS_TEST_TMPDIR/err" || status=$?
		[ "$status" -eq 1 ]
		cp -R exp "$BATS_TEST_TMPDIR/exp"
	'
	assert_regex "$(head -n 1 err)" '^fl-collect: exp/[a-z_]+\.jsonl: No space left on device$'
	fl-collect -q wanted <(head -n 99 many) || true
	for file in observations traces trace_summary; do
		cmp "wanted/$file.jsonl" "exp/$file.jsonl"
	done
}

@test "a disk without room for the summary ends it with 2, and it is written later" {
	namespace '
		# the root, the folder, its manifest, the three files, and no more
		mount -t tmpfs -o nr_inodes=6 none /mnt
		cd /mnt
		status=0
		fl-collect -q exp "$TRACES" 2>"$BATS_TEST_TMPDIR/err" || status=$?
		[ "$status" -eq 2 ]
		ls -A exp >"$BATS_TEST_TMPDIR/there"
		# with a source, mount(8) does not repeat options that only root may give
		mount -o remount,nr_inodes=60 none /mnt
		fl-collect --continue -q exp </dev/null || [ $? -eq 1 ]
		cp -R exp "$BATS_TEST_TMPDIR/exp"
	'
	assert_regex "$(<err)" '^fl-collect: exp/(errors|summary)\.json: No space left on device$'
	assert_equal "$(paste -sd ' ' there)" 'manifest.json observations.jsonl trace_summary.jsonl traces.jsonl'
	same exp
}

@test "a folder that cannot be written to is reported, and left alone" {
	partial exp
	cp -Rp exp before
	namespace '
		mount --bind exp exp
		mount -o remount,bind,ro exp
		for how in "" --continue; do
			status=0
			fl-collect $how exp "$TRACES" >out 2>>err || status=$?
			[ "$status" -eq 2 ]
		done
	'
	assert_equal "$(<err)" "fl-collect: exp: already holds an experiment; --continue resumes it
fl-collect: exp/trace_summary.jsonl: Read-only file system"
	assert_equal "$(<out)" ''
	diff -r before exp
}

# --- the wrapper --------------------------------------------------------------

# project: a project in a folder with a name that is hard on shell scripts. Its
# agent repeats what it hears, ends at "bad", and stops at "stuck" until there
# is a file "release".
project()
{
	mkdir -- "it's \$a place" && cd -- "it's \$a place"
	mkdir inputs
	cat >setting.yaml <<-'END'
	name: trial
	runner:
	  process: {command: ["sh", "agent.sh"], protocol: lines}
	  timeout_seconds: 50
	END
	cat >agent.sh <<-'END'
	while read -r line; do
		case $line in
		bad) exit 3 ;;
		stuck)
			: >reached
			until [ -e release ]; do sleep 0.02; done
			;;
		esac
		echo "$line"
	done
	END
	inputs "$@"
}

inputs()
{
	printf 'inputs:\n' >inputs/generated.yaml
	printf -- '- input: "%s"\n' "$@" >>inputs/generated.yaml
}

# quote WORD: prints a word as fluxloop quotes it.
quote()
{
	printf '%s\n' "${1@Q}"
}

# stopped [ARG...]: an experiment that was stopped while its run "stuck" ran;
# `dir` is its folder, and what it said is in the file "out".
stopped()
{
	local all status=0

	env --default-signal=INT "$BIN/fluxloop" run experiment --parallel 1 \
		"$@" >out 2>&1 3>&- &
	pid=$!
	wait_for reached
	# again and again: the second means "at once"
	while kill -s INT "$pid" 2>/dev/null; do
		sleep 0.05
	done
	wait "$pid" || status=$?
	assert_equal "$status" 130
	touch release
	all=(experiments/*)
	assert_equal "${#all[@]}" 1
	dir=${all[0]}
}

# finished DIR [N]: it has each run of N iterations of the inputs once, and
# nothing is left over.
finished()
{
	local i

	assert_equal "$(jq -r .input "$1/trace_summary.jsonl" | LC_ALL=C sort | paste -sd ' ')" \
		"$(for ((i = 0; i < ${2-1}; i++)); do
			fl-yaml inputs/generated.yaml
		done | jq -r .input | LC_ALL=C sort | paste -sd ' ')"
	assert_equal "$(jq -r .run_id "$1/trace_summary.jsonl" | sort | uniq -d)" ''
	assert_not_exists "$1/cancelled.jsonl"
	fl-parse -f jsonl "$1" >/dev/null
}

@test "a stopped experiment says how to resume it, and is resumed" {
	project one stuck three
	stopped
	assert_regex "$(<out)" "stopped by SIGINT; finished runs are in $dir"
	assert_regex "$(<out)" "$dir: 1 of 3 runs, 0 failed, 100\.0 % succeeded"
	run -0 fluxloop status
	assert_line --partial "  $dir: 1 of 3 runs, 0 failed"
	assert_equal "$(jq -r .input "$dir/trace_summary.jsonl" "$dir/cancelled.jsonl" | paste -sd ' ')" 'one stuck'
	line=$(sed -n 's/^resume: //p' out)
	assert_equal "$line" "fluxloop run experiment --resume $dir"
	run --separate-stderr -0 timeout 60 bash -euc "$line"
	assert_equal "${lines[0]}" '1 of 3 runs are finished, 2 are missing'
	assert_regex "${lines[1]}" "^$dir: 3 runs, 0 failed, 100\.0 %"
	assert_equal "${lines[2]}" "next: fluxloop parse experiment $dir --output per_trace_analysis --overwrite"
	assert_equal "${#lines[@]}" 3
	finished "$dir"
	# when all is there, nothing is run
	rm agent.sh
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume="$dir"
	assert_equal "${lines[0]}" 'all 3 runs are finished'
	assert_regex "${lines[1]}" "^$dir: 3 runs, 0 failed"
	assert_equal "$stderr" ''
}

@test "an experiment that was stopped before its first result stays, and is resumed" {
	project stuck two
	stopped
	assert_regex "$(<out)" "$dir: 0 of 2 runs, 0 failed"
	refute grep -q ^next: out
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume --latest
	assert_equal "${lines[0]}" '0 of 2 runs are finished, 2 are missing'
	finished "$dir"
}

@test "a killed experiment is resumed from any folder" {
	project one two bad four
	run -1 timeout 60 fluxloop run experiment --output 'o u t'
	refute grep -q ^resume: <<<"$output"
	dir=$(echo 'o u t'/*)
	rm "$dir"/{summary,errors}.json
	truncate -s -5 "$dir/trace_summary.jsonl"
	cd ..
	run -2 timeout 60 fluxloop run experiment --resume "it's \$a place/$dir"
	assert_output --regexp "was run with .*it.*a place/setting.yaml.*, and there is no setting.yaml here: name the file with --config$"
	run --separate-stderr -1 timeout 60 fluxloop run experiment --resume "it's \$a place/$dir" --config "it's \$a place/setting.yaml"
	assert_equal "$stderr" "fl-collect: it's \$a place/$dir: 1 run at the end is not whole: it is moved to damaged.jsonl, to be done again"
	assert_equal "${lines[0]}" '3 of 4 runs are finished, 1 is missing'
	assert_regex "${lines[1]}" ': 4 runs, 1 failed'
	cd "$OLDPWD"
	finished "$dir"
	assert_file_exists "$dir/errors.json"
	# the status is that of all runs, not only of those that were added
	run -1 timeout 60 fluxloop run experiment --resume "$dir"
	assert_line 'all 4 runs are finished'
}

@test "an experiment that was killed before anything was written is begun" {
	project one two
	mkdir -p experiments/trial_20250101_000000/stderr
	touch experiments/trial_20250101_000000/{manifest.json.new,traces.jsonl}
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume --latest
	assert_equal "${lines[0]}" '0 of 2 runs are finished, 2 are missing'
	dir=experiments/trial_20250101_000000
	finished "$dir"
	mkdir empty
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume empty
	finished empty
	mkdir -p early/stderr
	cp "$dir/manifest.json" early
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume early
	finished early
}

@test "an experiment is resumed with the options that it was begun with" {
	project one stuck three four
	stopped --iterations 2 --limit 3 --seed 5 --name "it's \"x\""
	assert_jq .options '{"iterations":"2","limit":"3","seed":"5"}' "$dir/manifest.json"
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume "$dir"
	assert_equal "${lines[0]}" '2 of 6 runs are finished, 4 are missing'
	timeout 60 fluxloop run experiment --iterations 2 --limit 3 --seed 5 --name "it's \"x\"" --output whole
	whole=(whole/*)
	for file in trace_summary traces; do
		assert_equal "$(jq -r '[.trace_id, .run_id, .name] | @tsv' "$dir/$file.jsonl" | sort)" \
			"$(jq -r '[.trace_id, .run_id, .name] | @tsv' "${whole[0]}/$file.jsonl" | sort)"
	done
	assert_equal "$(jq -r .name "$dir/summary.json")" "it's \"x\""
}

@test "other options, settings or inputs are reported and refused, unless --anyway is given" {
	project one stuck three
	stopped --seed 5
	cp -Rp "$dir" before
	run -2 timeout 60 fluxloop run experiment --resume "$dir" --seed 6 --iterations 2 --name other
	assert_output "fl-collect: the experiment's name was \"trial\", is \"other\"
fl-collect: --iterations was not given, is 2
fl-collect: --seed was 5, is 6
fl-collect: the number of runs was 3, is 6
fl-collect: $dir: not continued: the changes may add, remove or alter runs; --anyway continues"
	cp setting.yaml kept
	sed -i 's/50/60/' setting.yaml
	inputs one stuck three more
	run -2 timeout 60 fluxloop run experiment --resume "$dir"
	assert_line 'fl-collect: runner.timeout_seconds was 50, is 60'
	assert_line 'fl-collect: inputs/generated.yaml has changed since: 57 bytes then, 73 now'
	assert_line 'fl-collect: the number of runs was 3, is 4'
	# inputs that went away are no others
	mv inputs/generated.yaml away
	printf 'base_inputs: [one]\n' >>setting.yaml
	run -2 timeout 60 fluxloop run experiment --resume "$dir"
	assert_line 'fl-collect: the inputs were from inputs/generated.yaml, are from no file'
	mv away inputs/generated.yaml
	diff -r before "$dir"
	mv kept setting.yaml
	run --separate-stderr -0 timeout 60 fluxloop run experiment --resume "$dir" --anyway
	assert_equal "${#stderr_lines[@]}" 2
	assert_equal "${lines[0]}" '1 of 4 runs are finished, 3 are missing'
	finished "$dir"
	# another configuration with the same in it will do
	mkdir elsewhere
	mv setting.yaml elsewhere/same.yaml
	run -2 timeout 60 fluxloop run experiment --resume "$dir"
	assert_output "fluxloop: $dir was run with $(quote "$PWD/setting.yaml"), and there is no setting.yaml here: name the file with --config"
}

@test "the configuration that is run is the project's, not one that the experiment names" {
	project one two three
	cat >shared.yaml <<-END
	name: trial
	runner: {process: {command: [sh, -c, "touch '$BATS_TEST_TMPDIR/ran'; cat"], protocol: lines}}
	END
	run -0 timeout 60 fluxloop run experiment --config shared.yaml --output shared
	dir=$(echo shared/*)
	for file in trace_summary traces observations; do
		sed -i 1q "$dir/$file.jsonl"
	done
	rm -f "$BATS_TEST_TMPDIR/ran" "$dir/summary.json"
	cp -p shared.yaml "$dir/.hidden.yaml"
	ln -s shared.yaml linked.yaml
	here=$(quote "$PWD/setting.yaml")
	cp -Rp "$dir" before
	cp "$dir/manifest.json" kept
	for named in "$PWD/shared.yaml" shared.yaml linked.yaml "$dir/.hidden.yaml" /no/such.yaml $'e\e[31mscape' ''; do
		jq --arg named "$named" '.config_file = $named' kept >"$dir/manifest.json"
		cp "$dir/manifest.json" before
		run -2 timeout 60 fluxloop run experiment --resume "$dir"
		case $named in
		'') assert_output "fluxloop: $dir: its manifest.json names no configuration: name the file with --config" ;;
		*) assert_line --index 0 --partial "fluxloop: $dir was run with"
			refute_output --partial $'\e'
			assert_line --index 1 "fluxloop: but the configuration here is $here: name one with --config" ;;
		esac
		diff -r before "$dir"
		assert_not_exists "$BATS_TEST_TMPDIR/ran"
	done
	# nor are other options taken from it, or files that it names
	mkfifo fifo
	jq --arg fifo "$PWD/fifo" '.config_file = "setting.yaml" | .inputs_file = $fifo | .options = {"log": "log",
		"command": "touch ran", "target": "a:b", "output": "x", "anyway": "1", "max-time": "1", "limit": "2"}' \
		kept >"$dir/manifest.json"
	run -2 timeout 100 fluxloop run experiment --resume "$dir"
	assert_line --partial 'not continued: the changes'
	assert_not_exists log
	run -0 timeout 100 fluxloop run experiment --resume "$dir" --anyway
	assert_not_exists log
	assert_not_exists "$BATS_TEST_TMPDIR/ran"
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 2
	fl-parse "$dir" >/dev/null
	# one that is named is used, and the hint names it
	run -1 timeout 60 fluxloop run experiment --config shared.yaml --output more --max-time 0.001
	assert_line --regexp '^resume: fluxloop run experiment --resume more/[^ ]* --config shared.yaml$'
}

@test "equal inputs are runs of their own through stopping and resuming" {
	project one stuck one two one
	stopped --iterations 2
	run -0 timeout 60 fluxloop run experiment --resume "$dir"
	assert_line '2 of 10 runs are finished, 8 are missing'
	finished "$dir" 2
	run -0 timeout 60 fluxloop run experiment --resume "$dir"
	assert_line 'all 10 runs are finished'
	assert_jq '[.results.total_runs, .input_count]' '[10,3]' "$dir/summary.json"
	assert_equal "$(jq -s 'map(.runs) | add' "$dir/inputs_summary.jsonl")" 10
	# with a seed
	run -0 timeout 60 fluxloop run experiment --seed 5 --output seeded
	assert_line --regexp '^seeded/.*: 5 runs, 0 failed'
	assert_equal "$(jq -r .trace_id seeded/*/trace_summary.jsonl | sort -u | wc -l)" 5
	# in parts
	for k in 1 2; do
		run -0 timeout 60 fluxloop run experiment --shard "$k/2" --output parts
	done
	assert_equal "$(cat parts/*/trace_summary.jsonl | jq -r .run_id | sort -u | wc -l)" 5
}

@test "the number of parallel calls and the limits may change" {
	project one stuck three
	stopped --seed 5
	run -0 timeout 60 fluxloop run experiment --resume "$dir" --parallel 2 \
		--max-failures 5 --max-time 10m --max-tokens 100 --log log
	finished "$dir"
	assert_file_exists log
	assert_jq .options '{"seed":"5"}' "$dir/manifest.json"
}

@test "a limit ends an experiment with 1 and the command that resumes it" {
	project one bad three four
	run -1 timeout 60 fluxloop run experiment --max-failures 1 --parallel 1
	dir=$(echo experiments/*)
	assert_line "resume: fluxloop run experiment --resume $dir"
	run -1 timeout 60 fluxloop run experiment --resume "$dir" --max-failures 1
	assert_line '2 of 4 runs are finished, 2 are missing'
	refute_line --partial resume:
	finished "$dir"
	# one that is configured
	rm -r experiments
	printf '  on_error: fail_fast\n' >>setting.yaml
	run -1 timeout 60 fluxloop run experiment --parallel 1
	dir=$(echo experiments/*)
	assert_line "resume: fluxloop run experiment --resume $dir"
	sed -i '/on_error/d' setting.yaml
	run -1 timeout 60 fluxloop run experiment --resume "$dir"
	finished "$dir"
}

@test "a part of the runs is resumed as that part" {
	project one two three four five six stuck
	touch release
	for k in 1 2; do
		run -0 timeout 60 fluxloop run experiment --shard "$k/2" --output "part$k"
		dir=$(echo part$k/*)
		assert_jq '[.runs,.options]' "[null,{\"shard\":\"$k/2\"}]" "$dir/manifest.json"
		cp "$dir/trace_summary.jsonl" "whole$k"
		truncate -s -1 "$dir/trace_summary.jsonl"
		run --separate-stderr -0 timeout 60 fluxloop run experiment --resume "$dir"
		assert_equal "${lines[0]}" "$(($(lines_of "whole$k") - 1)) runs are finished"
		assert_equal "$(jq -r .run_id "$dir/trace_summary.jsonl" | sort)" \
			"$(jq -r .run_id "whole$k" | sort)"
	done
	assert_equal "$(cat whole[12] | jq -r .run_id | sort -u | wc -l)" 7
}

@test "the steps of resuming can be typed by hand" {
	project one stuck three
	stopped --name "it's"
	cp -Rp "$dir" before
	run --separate-stderr -0 timeout 60 fluxloop -x run experiment --resume "$dir"
	assert_equal "${#stderr_lines[@]}" 2
	assert_regex "${stderr_lines[0]}" '^fl-collect --continue .* < /dev/null$'
	assert_regex "${stderr_lines[1]}" '^fl-yaml .* \| fl-run .* --done .* \| fl-collect --continue '
	rm -r "$dir"
	cp -Rp before "$dir"
	timeout 60 bash -euo pipefail -c "$stderr"
	finished "$dir"
}

@test "an experiment that cannot be resumed is reported" {
	project one two
	run -0 timeout 60 fluxloop run experiment
	dir=$(echo experiments/*)
	mv "$dir" ./--latest
	mkdir old
	cp "$DATA"/reference/parse/guide/*.jsonl old
	while IFS='|' read -r arguments message; do
		# shellcheck disable=SC2086 # several words
		run -2 timeout 60 fluxloop run experiment $arguments
		assert_output "fluxloop: $message"
	done <<-'END'
	--resume|which experiment? Name its folder, or give --latest
	--resume latest|latest: no such folder
	--resume --latest|experiments: no experiments here: 'fluxloop run experiment' makes one
	--resume --latest old|unexpected 'old': see 'fluxloop run experiment --help'
	--resume old more|unexpected 'more': see 'fluxloop run experiment --help'
	--resume ./--latest --output x|--output: an experiment is resumed in its own folder
	--latest|--latest is for --resume
	--anyway|--anyway is for --resume
	old|unexpected 'old': see 'fluxloop run experiment --help'
	END
	for name in . old; do
		run -2 timeout 60 fluxloop run experiment --resume "$name"
		assert_output "fl-status: $name: cannot be resumed: there is no manifest.json in it"
	done
	run -0 timeout 60 fluxloop run experiment --resume=./--latest
	assert_line 'all 2 runs are finished'
	run -0 timeout 60 fluxloop run experiment --resume --dry-run -- --latest
	assert_line 'results     ./--latest/, which has 2'
	# what is not ours in a manifest is no program
	sed 's/"options": {}/"options": {\n    "iterations": "a[$(touch made)]"\n  }/' \
		./--latest/manifest.json >changed
	mv changed ./--latest/manifest.json
	run -2 timeout 60 fluxloop run experiment --resume ./--latest
	assert_output "fluxloop: --iterations 'a[\$(touch made)]': expected a whole number of at least 1"
	assert_not_exists made
	sed -i '/"iterations": "a/d' ./--latest/manifest.json
	# two at once
	flock -F ./--latest sleep 1000 3>&- &
	wait_until eval '! flock -n ./--latest true'
	run -2 timeout 60 fluxloop run experiment --resume ./--latest
	kill %1
	assert_output 'fluxloop: ./--latest: another program is writing to it'
}

@test "a second resume of an experiment is refused before it calls anything" {
	project one two three four five six
	cat >agent.sh <<-'END'
	while read -r line; do
		echo "$line" >>calls
		sleep 0.02
		echo "$line"
	done
	END
	run -0 timeout 60 fluxloop run experiment
	dir=$(echo experiments/*)
	for file in trace_summary traces; do
		sed -i 2q "$dir/$file.jsonl"
	done
	rm "$dir/summary.json"
	cp -Rp "$dir" partial
	for delay in 0 0.01 0.02 0.03 0.04 0.05 0.06 0.08 0.1; do
		rm -rf "$dir" calls
		cp -Rp partial "$dir"
		for k in 1 2; do
			timeout 60 fluxloop run experiment --resume "$dir" >"said$k" 2>&1 3>&- &
			sleep "$delay"
		done
		wait
		assert_equal "$delay: $(lines_of calls)" "$delay: 4"
		run -0 grep -xhE 'fluxloop: .*: another program is writing to it|all 6 runs are finished' said1 said2
		finished "$dir"
	done
}

@test "an experiment is locked from its first call to its end, and agents do not keep the lock" {
	project one stuck
	# what an agent leaves behind outlives the experiment
	sed -i '1i sleep 1000 >/dev/null 2>&1 & echo $! >left; ls -l /proc/self/fd >fds; env >vars' agent.sh
	setsid timeout 60 fluxloop run experiment --parallel 1 >said 2>&1 3>&- &
	wait_for reached
	dir=$(echo experiments/*)
	run -2 timeout 60 fluxloop run experiment --resume "$dir"
	assert_output "fluxloop: $dir: another program is writing to it"
	run -2 fl-collect --continue "$dir" </dev/null
	assert_output "fl-collect: $dir: another program is writing to it"
	touch release
	wait $!
	refute grep -q experiments fds
	refute grep -q FL_LOCK vars
	run -0 flock -n "$dir" true
	kill "$(<left)" 2>/dev/null || true
	# a descriptor of another directory is not a lock of this one
	run -2 env FL_LOCK=5 fl-collect --continue "$dir" 5<. </dev/null
	assert_output "fl-collect: $dir: descriptor 5 is not of this directory"
	run -2 env FL_LOCK=x fl-collect --continue "$dir" </dev/null
	assert_output --partial FL_LOCK
	run -0 env FL_LOCK=5 fl-collect --continue "$dir" 5<"$dir" </dev/null
}
