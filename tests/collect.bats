load test_helper
load filter_helper

# traces N: prints N traces with 0 to 3 observations, of which every fourth failed.
traces()
{
	python3 - "$1" <<-'PY'
	import json, sys
	for n in range(int(sys.argv[1])):
	    trace = {"trace_id": "t%d" % n, "run_id": "%016x" % n, "input_id": "%016x" % (n // 2),
	        "name": "e", "iteration": n % 2, "persona": [None, "novice"][n % 3 == 0],
	        "input": "text %d é😀" % n, "output": None if n % 4 == 3 else {"n": n},
	        "duration_ms": (n * 37 % 101) + 0.125, "success": n % 4 != 3}
	    if n % 4 == 3:
	        trace.update(error="no %d" % n, error_kind=["timeout", "error"][n % 8 == 3])
	    trace.update(start_time="2025-10-04T14:09:%02d.000000+00:00" % (n % 60),
	        end_time="2025-10-04T14:10:%02d.500000+00:00" % (n % 60), attempts=1,
	        observation_count=n % 4, metadata={"strategy": "typo", "n": n})
	    if n % 5 == 0:
	        trace["token_usage"] = {"prompt_tokens": n, "completion_tokens": 1, "total_tokens": n + 1}
	    trace["unknown"] = ["x", {"y": n}]
	    trace["observations"] = [{"id": "o%d.%d" % (n, i), "trace_id": "t%d" % n, "type": "tool",
	        "name": "ü%d" % i, "start_time": "2025-10-04T14:09:00.00000%d+00:00" % i, "output": "é" * i}
	        for i in range(n % 4)]
	    print(json.dumps(trace, ensure_ascii=n % 2 == 0))
	PY
}

setup_file()
{
	find_python
	traces 41 >"$BATS_FILE_TMPDIR/traces"
	export TRACES=$BATS_FILE_TMPDIR/traces
}

@test "fl-collect writes the guide's files, and errors.json when a run failed" {
	run --separate-stderr -1 fl-collect exp "$TRACES"
	assert_equal "$stderr" ''
	assert_equal "$(ls -A exp | paste -sd ' ')" \
		'errors.json inputs_summary.jsonl manifest.json observations.jsonl summary.json trace_summary.jsonl traces.jsonl'
	grep '"success": true' "$TRACES" >good
	run --separate-stderr -0 fl-collect good-exp good
	assert_equal "$(ls -A good-exp | paste -sd ' ')" \
		'inputs_summary.jsonl manifest.json observations.jsonl summary.json trace_summary.jsonl traces.jsonl'
}

@test "folders are for their owner only, whatever the umask" {
	(umask 000 && fl-collect -q exp "$TRACES") || true
	assert_equal "$(mode_of exp)" 700
	for file in exp/*; do
		assert_equal "$file $(mode_of "$file")" "$file 600"
	done
}

@test "traces are passed on as they came" {
	run -1 fl-collect exp "$TRACES"
	cmp "$TRACES" <(cat <<<"$output")
	run -1 fl-collect -q quiet "$TRACES"
	assert_output ''
	cmp exp/observations.jsonl quiet/observations.jsonl
}

@test "each trace is kept without its observations, and each observation once" {
	fl-collect -q exp "$TRACES" || true
	python3 - "$TRACES" <<-'PY'
	import json, sys
	traces = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
	kept = [json.loads(line) for line in open("exp/traces.jsonl", encoding="utf-8")]
	observations = [json.loads(line) for line in open("exp/observations.jsonl", encoding="utf-8")]
	assert observations == [o for t in traces for o in t["observations"]]
	for t in traces:
	    del t["observations"]
	assert kept == traces
	assert [list(k) for k in kept] == [list(t) for t in traces]
	PY
}

@test "a row has the guide's fields first, then where its observations are" {
	fl-collect -q exp "$TRACES" || true
	python3 - "$TRACES" <<-'PY'
	import json, sys
	first = ["trace_id", "iteration", "persona", "input", "output", "duration_ms", "success"]
	more = ["run_id", "input_id", "error", "error_kind", "attempts", "start_time", "end_time",
	    "observation_count", "token_usage"]
	traces = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
	rows = [json.loads(line) for line in open("exp/trace_summary.jsonl", encoding="utf-8")]
	data = open("exp/observations.jsonl", "rb").read()
	assert len(rows) == len(traces)
	end = 0
	for row, trace in zip(rows, traces):
	    names = first + [n for n in more if n in trace]
	    strategy = trace.get("metadata", {}).get("strategy")
	    assert list(row) == names + ["strategy"] * (strategy is not None) + ["observations_at", "observations_bytes"], row
	    assert row.get("strategy") == strategy
	    assert all(row[n] == trace[n] for n in names)
	    at, n = row["observations_at"], row["observations_bytes"]
	    assert at == end
	    end = at + n
	    assert [json.loads(o) for o in data[at:end].splitlines()] == trace["observations"]
	assert end == len(data)
	PY
}

@test "the summary's figures are those of the rows" {
	printf 'name: "my experiment"\niterations: 7\n' >setting.yaml
	fl-collect -q -c setting.yaml exp "$TRACES" || true
	python3 - <<-'PY'
	import json, math
	rows = [json.loads(line) for line in open("exp/trace_summary.jsonl", encoding="utf-8")]
	s = json.load(open("exp/summary.json", encoding="utf-8"))
	assert list(s) == ["name", "date", "config", "results", "pass_by", "latency_ms", "failures", "token_usage",
	    "input_count", "pass_hat_k"], list(s)
	assert s["input_count"] == len({(r["input_id"], r["persona"]) for r in rows})
	assert s["name"] == "my experiment" and s["config"]["iterations"] == 7
	good = sum(r["success"] for r in rows)
	d = sorted(r["duration_ms"] for r in rows)
	rank = lambda p: d[max(0, -(-p * len(d) // 100) - 1)]
	r = s["results"]
	assert list(r) == ["total_runs", "successful", "failed", "success_rate", "avg_duration_ms", "duration_seconds", "retried"]
	assert (r["total_runs"], r["successful"], r["failed"]) == (len(rows), good, len(rows) - good) == (41, 31, 10)
	assert math.isclose(r["success_rate"], good / len(rows))
	assert math.isclose(r["avg_duration_ms"], sum(d) / len(d))
	assert math.isclose(r["duration_seconds"], 60 + 40.5)
	assert s["latency_ms"] == {"min": d[0], "p50": rank(50), "p90": rank(90), "p95": rank(95),
	    "p99": rank(99), "max": d[-1]}, s["latency_ms"]
	kinds = [r["error_kind"] for r in rows if not r["success"]]
	assert s["failures"] == {k: kinds.count(k) for k in kinds} == {"error": 5, "timeout": 5}
	usage = [r["token_usage"] for r in rows if "token_usage" in r]
	assert s["token_usage"] == {k: sum(u[k] for u in usage) for k in usage[0]}
	errors = json.load(open("exp/errors.json", encoding="utf-8"))
	assert errors == [{k: r.get(k) for k in ("iteration", "persona", "input", "error", "error_kind", "trace_id")}
	    for r in rows if not r["success"]]
	PY
	assert_regex "$(jq -r .date exp/summary.json)" '^20[0-9-]{8}T[0-9:.]{15}\+00:00$'
	# laid out for people
	assert_equal "$(sed -n 2p exp/summary.json)" '  "name": "my experiment",'
}

@test "the percentiles are those of all rows, by nearest rank" {
	python3 - <<-'PY'
	import json, random, subprocess
	random.seed(7)
	for n in (1, 2, 19, 20, 21, 99, 100, 101, 200, 1000):
	    d = [random.randrange(10 ** 6) / 1000 for _ in range(n)]
	    lines = [json.dumps({"trace_id": "t%d" % i, "success": True, "duration_ms": v, "observations": []})
	        for i, v in enumerate(d)] + ['{"trace_id":"none","success":true,"duration_ms":null,"observations":[]}']
	    subprocess.run(["fl-collect", "-q", "exp%d" % n], input="\n".join(lines).encode(), check=True)
	    found = json.load(open("exp%d/summary.json" % n))["latency_ms"]
	    d.sort()
	    # the smallest value that at least p percent do not pass
	    wanted = {"p%d" % p: next(v for v in d if 100 * sum(w <= v for w in d) >= p * n) for p in (50, 90, 95, 99)}
	    assert found == {"min": d[0], **wanted, "max": d[-1]}, (n, found, wanted)
	PY
}

@test "inputs_summary.jsonl has each input, as each persona asks it, in order of first appearance" {
	cat >in <<-'END'
	{"trace_id":"1","input_id":"i2","persona":"p","input":"second","success":true,"duration_ms":30,"observations":[]}
	{"trace_id":"2","input_id":"i1","persona":null,"input":{"a":[1,"x"]},"success":false,"duration_ms":2,"observations":[]}
	{"trace_id":"3","input_id":"i2","persona":"q","input":"second","success":true,"observations":[]}
	{"trace_id":"4","input_id":"i2","persona":"p","input":"second","success":false,"duration_ms":10,"observations":[]}
	{"trace_id":"5","input_id":"i2","persona":"p","input":"second","success":true,"duration_ms":20,"observations":[]}
	{"trace_id":"6","input":"no id","success":true,"duration_ms":1,"observations":[]}
	{"trace_id":"7","input":"no id","success":true,"duration_ms":1,"observations":[]}
	END
	python3 -c 'print("{\"trace_id\":\"8\",\"input_id\":\"long\",\"input\":\"%s\",\"success\":true,\"observations\":[]}" % ("é😀" * 100))' >>in
	python3 -c 'print("{\"trace_id\":\"9\",\"input_id\":\"fits\",\"input\":\"%s\",\"success\":true,\"observations\":[]}" % ("é😀" * 60))' >>in
	echo '{"trace_id":"10","input_id":"lines","input":"\n first\nmore","success":true,"observations":[]}' >>in
	run -1 fl-collect -q exp in
	assert_jq .input_count 7 exp/summary.json
	assert_equal "$(head -n 4 exp/inputs_summary.jsonl)" "$(cat <<-'END'
	{"input_id":"i2","persona":"p","input":"second","runs":3,"passed":2,"pass_rate":0.6666666666666666,"p50_ms":20}
	{"input_id":"i1","persona":null,"input":"{\"a\": [1, \"x\"]}","runs":1,"passed":0,"pass_rate":0,"p50_ms":2}
	{"input_id":"i2","persona":"q","input":"second","runs":1,"passed":1,"pass_rate":1}
	{"input_id":null,"persona":null,"input":"no id","runs":2,"passed":2,"pass_rate":1,"p50_ms":1}
	END
	)"
	python3 - <<-'PY'
	import json
	rest = [json.loads(line)["input"] for line in open("exp/inputs_summary.jsonl", encoding="utf-8")][4:]
	assert rest == ["é😀" * 60 + "…", "é😀" * 60, "first…"], rest
	PY
}

@test "a trace is kept without its observations, wherever they are" {
	cat >in <<-'END'
	{"trace_id":"1","output":"\"observations\": of \"observations","observation_count":1,"observations":[{"id":"a","name":"last"}]}
	{"observations":[{"id":"b","name":"first"}],"trace_id":"2","observed":true}
	{"trace_id":"3","observations":[{"id":"lost"}],"n":1.50,"observations":[{"id":"c","name":"twice"}]}
	{ "trace_id": "4", "observations": [ { "id": "d", "name": "spaced" } ] }
	{"trace_id":"5","metadata":{"observations":[1]},"observations":[]}
	{"observations":[],"trace_id":"6"}
	END
	run -1 fl-collect -q exp in
	jq -c 'del(.observations)' in >want
	assert_equal "$(jq -c . exp/traces.jsonl)" "$(<want)"
	assert_equal "$(jq -r .name exp/observations.jsonl | paste -sd ' ')" 'last first twice spaced'
	assert_equal "$(jq -c '[.trace_id,.observations_at,.observations_bytes] | join(" ")' exp/trace_summary.jsonl | wc -l)" 6
	assert_equal "$(grep -o 1.50 exp/traces.jsonl)" 1.50
}

@test "the figures of many inputs, in any order, need little memory" {
	python3 - <<-'PY'
	import json, random
	random.seed(3)
	runs = [(i, j) for i in range(100000) for j in range(1 + (i % 10 == 0))]
	random.shuffle(runs)
	inputs, ms = {}, []
	with open("many", "w") as many:
	    for n, (i, j) in enumerate(runs):
	        good, d = (i + j) % 3 > 0, n * 7919 % 110000 / 8
	        many.write('{"trace_id":"t%d","run_id":"r%d.%d","input_id":"i%d","input":"%d","duration_ms":%s,"success":%s,'
	            '"observations":[]}\n' % (n, i, j, i, i, d, "true" if good else "false"))
	        inputs.setdefault(i, []).append((d, good))
	        ms.append(d)
	ms.sort()
	with open("want", "w") as want:
	    for i, its in inputs.items():
	        passed = sum(good for _, good in its)
	        want.write('{"input_id":"i%d","persona":null,"input":"%d","runs":%d,"passed":%d,"pass_rate":%g,"p50_ms":%.15g}\n'
	            % (i, i, len(its), passed, passed / len(its), min(its)[0]))
	with open("failed", "w") as failed:
	    failed.write("%d\n%s\n" % (sum((i + j) % 3 == 0 for i, j in runs), [ms[54999], ms[104499], ms[-1]]))
	PY
	TMPDIR=$PWD/nowhere run -1 little 24000 fl-collect -q exp many
	assert_output ''
	cmp exp/inputs_summary.jsonl want
	assert_equal "$(jq -c '.results.failed, [.latency_ms | .p50, .p95, .max]' exp/summary.json)" \
		"$(jq -c . failed)"
	assert_equal "$(jq length exp/errors.json)" "$(head -n 1 failed)"
	# each run is known
	run -1 --separate-stderr little 64000 fl-collect -q --continue exp many
	assert_equal "$stderr" 'fl-collect: exp: 110000 traces of existing runs: skipped'
	cmp exp/inputs_summary.jsonl want
}

@test "pass^k is the chance that k runs of an input all succeed" {
	python3 - <<-'PY'
	import itertools, json, math, random, subprocess
	from fractions import Fraction
	def collect(name, inputs):
	    lines = [json.dumps({"trace_id": "%d.%d" % (i, j), "input_id": "i%d" % i, "input": "x", "success": good,
	        "observations": []}) for i, runs in enumerate(inputs) for j, good in enumerate(runs)]
	    random.shuffle(lines)
	    subprocess.run(["fl-collect", "-q", name], input="\n".join(lines).encode())
	    return json.load(open(name + "/summary.json"))["pass_hat_k"]
	random.seed(5)
	# every choice of k runs of each input, counted one by one
	inputs = [[random.random() < share for _ in range(n)]
	    for n, share in ((12, .9), (12, .5), (7, .8), (7, 1), (3, .7), (1, 1), (1, 0))]
	found = collect("few", inputs)
	assert list(found) == [str(k) for k in (*range(1, 11), 12)], list(found)
	for k, chance in found.items():
	    means = []
	    for runs in inputs:
	        if len(runs) >= int(k):
	            choices = list(itertools.combinations(runs, int(k)))
	            means.append(Fraction(sum(map(all, choices)), len(choices)))
	    assert math.isclose(chance, sum(means) / len(means), rel_tol=1e-9), (k, chance)
	# more than can be counted, or held by a double as C(n, k)
	inputs = [[j >= 3 for j in range(3000)], [True] * 2500, [j % 2 == 0 for j in range(100)]]
	found = collect("many", inputs)
	assert list(found) == [str(k) for k in (*range(1, 11), 20, 40, 80, 160, 320, 640, 1280, 2560, 3000)], list(found)
	for k, chance in found.items():
	    means = [Fraction(math.comb(sum(runs), int(k)), math.comb(len(runs), int(k)))
	        for runs in inputs if len(runs) >= int(k)]
	    wanted = float(sum(means) / len(means))
	    assert math.isclose(chance, wanted, rel_tol=1e-9, abs_tol=1e-300), (k, chance, wanted)
	PY
	fl-collect none </dev/null
	assert_jq .pass_hat_k '{}' none/summary.json
}

@test "the summary has fl-run's figures of its agents" {
	mkdir -p exp/stderr
	python3 - >exp/stderr/agents.jsonl <<-'PY'
	import json
	print("nonsense\n[]")
	for n in range(1, 131):
	    print(json.dumps({"agent": n, "pid": 1000 + n, "calls": n, "exit_code": 0,
	        "cpu_seconds": 0.1, "peak_memory_bytes": 1000000 + (n * 7 % 131)}))
	print('{"agent":131,"pid":7,"calls":1,"signal":9}')
	print('{"agent":132,"pi', end="")
	PY
	fl-collect -q exp "$TRACES" || true
	assert_jq '.agents | [.count,.cpu_seconds,.peak_memory_bytes,(.processes|length)]' \
		'[131,13,1000130,100]' exp/summary.json
	assert_jq '[.agents.processes[0,99].pid]' '[1001,1100]' exp/summary.json
	assert_equal "$(jq -r 'keys_unsorted | last' exp/summary.json)" agents
	fl-collect -q none "$TRACES" || true
	assert_jq 'has("agents")' false none/summary.json
}

@test "no traces make an empty experiment" {
	run --separate-stderr -0 fl-collect exp </dev/null
	assert_output ''
	assert_jq .results '{"total_runs":0,"successful":0,"failed":0,"success_rate":0,"avg_duration_ms":0,"duration_seconds":0,"retried":0}' exp/summary.json
	assert_jq '.latency_ms.p50' null exp/summary.json
	assert_not_exists exp/errors.json
}

@test "secrets of the configuration are not in the summary" {
	cat >setting.yaml <<-'END'
	runner:
	  environment_vars: {OPENAI_API_KEY: topsecret, PLAIN: seen, db_password: topsecret}
	metadata: {authToken: topsecret, author: seen}
	END
	fl-collect -q -c setting.yaml exp "$TRACES" || true
	refute grep -rq topsecret exp
	assert_jq '[.config.runner.environment_vars[]]' '["***","seen","***"]' exp/summary.json
	assert_jq '[.config.metadata[]]' '["***","seen"]' exp/summary.json
}

@test "the manifest has what was to be run, and what ran it" {
	printf 'inputs: []\n' >inputs.yaml
	printf 'seed: 1\n' >setting.yaml
	fl-collect -q --runs 50 --inputs inputs.yaml -c setting.yaml one "$TRACES" || true
	assert_jq keys_unsorted '["format","created","runs","inputs_file","inputs_hash","config_hash","version","inputs_bytes","name","options","config_file","config"]' one/manifest.json
	assert_jq '[.format,.runs,.inputs_file,.inputs_bytes]' '[1,50,"inputs.yaml",11]' one/manifest.json
	assert_jq '[.name,.options,.config_file,.config.seed]' \
		"[\"${PWD##*/}\",{},\"$PWD/setting.yaml\",1]" one/manifest.json
	fl-collect -q --runs 50 --inputs inputs.yaml -c setting.yaml two "$TRACES" || true
	assert_equal "$(jq -c '[.inputs_hash,.config_hash]' one/manifest.json)" \
		"$(jq -c '[.inputs_hash,.config_hash]' two/manifest.json)"
	echo '- a' >>inputs.yaml
	printf 'seed: 2\n' >setting.yaml
	fl-collect -q --inputs inputs.yaml -c setting.yaml three "$TRACES" || true
	run -1 diff <(jq -c .inputs_hash one/manifest.json) <(jq -c .inputs_hash three/manifest.json)
	run -1 diff <(jq -c .config_hash one/manifest.json) <(jq -c .config_hash three/manifest.json)
	fl-collect -q four "$TRACES" || true
	assert_jq '[.runs,.inputs_file,.inputs_hash,.inputs_bytes,.config_file]' \
		'[null,null,null,null,null]' four/manifest.json
	fl-collect -q --name 'x "y"' --option limit=3 --option 'personas=a=b, "c"' five "$TRACES" || true
	assert_jq '[.name,.options]' '["x \"y\"",{"limit":"3","personas":"a=b, \"c\""}]' five/manifest.json
	assert_jq .name '"x \"y\""' five/summary.json
	for wrong in limit =3; do
		run --separate-stderr -2 fl-collect --option "$wrong" six "$TRACES"
		assert_equal "$stderr" "fl-collect: invalid --option '$wrong': expected NAME=VALUE"
	done
	run --separate-stderr -2 fl-collect --option a=1 --option a=1 six "$TRACES"
	assert_equal "$stderr" "fl-collect: --option 'a=1': there is one of that name"
	assert_not_exists six
}

@test "the manifest and each trace are written before the next trace comes" {
	mkfifo to
	fl-collect exp <to >from &
	pid=$!
	exec 7>to
	wait_for exp/manifest.json
	while IFS= read -r line; do
		printf '%s\n' "$line" >&7
		id=$(jq .trace_id <<<"$line")
		wait_until grep -F "$id" exp/trace_summary.jsonl
		wait_until grep -F "$id" from
		assert_equal "$(tail -n 1 exp/observations.jsonl | jq -r .trace_id)" t1
	done < <(sed -n 2p "$TRACES"; sed -n 5p "$TRACES")
	assert_not_exists exp/summary.json
	exec 7>&-
	wait "$pid"
	assert_file_exists exp/summary.json
}

@test "a folder that was used is refused, and left alone" {
	fl-collect -q exp "$TRACES" || true
	cp -Rp exp before
	run --separate-stderr -2 fl-collect exp "$TRACES"
	assert_output ''
	assert_equal "$stderr" 'fl-collect: exp: already holds an experiment; --continue resumes it'
	diff -r before exp
	mkdir old
	touch old/trace_summary.jsonl
	run --separate-stderr -2 fl-collect old "$TRACES"
	assert_equal "$stderr" 'fl-collect: old: already holds an experiment; --continue resumes it'
	assert_equal "$(ls old)" trace_summary.jsonl
	# an empty one will do
	mkdir empty
	run -1 fl-collect -q empty "$TRACES"
	assert_file_exists empty/summary.json
}

@test "two programs cannot write into one folder" {
	mkfifo to
	fl-collect exp <to >/dev/null &
	exec 7>to
	wait_for exp/trace_summary.jsonl
	rm exp/manifest.json exp/trace_summary.jsonl
	run --separate-stderr -2 fl-collect exp "$TRACES"
	assert_equal "$stderr" 'fl-collect: exp: another program is writing to it'
	exec 7>&-
	wait $! || true
}

# failing: a library, failing.so, with which flock(2) fails as FAIL_FLOCK says,
# and fsync(2) of a directory as FAIL_FSYNC says, of a file as FAIL_FSYNC_FILE.
failing()
{
	is_sanitized && skip 'the sanitizers come first'
	"${CC:-cc}" -shared -fPIC -D_GNU_SOURCE -o failing.so -x c - <<-'END'
	#include <errno.h>
	#include <stdlib.h>
	#include <sys/stat.h>
	#include <sys/syscall.h>
	#include <unistd.h>

	static int
	fail(const char *name)
	{
		errno = getenv(name) ? atoi(getenv(name)) : 0;
		return errno ? -1 : 0;
	}

	int
	flock(int fd, int how)
	{
		return fail("FAIL_FLOCK") ? -1 : (int)syscall(SYS_flock, fd, how);
	}

	int
	fsync(int fd)
	{
		struct stat st;

		if (fstat(fd, &st) == 0 && fail(S_ISDIR(st.st_mode) ?
		    "FAIL_FSYNC" : "FAIL_FSYNC_FILE"))
			return -1;
		return (int)syscall(SYS_fsync, fd);
	}
	END
}

@test "a lock that fails says why, and only a lock that is held names another program" {
	failing
	while IFS='|' read -r name text; do
		number=$(python3 -c "import errno; print(errno.$name)")
		run --separate-stderr -2 env LD_PRELOAD=./failing.so FAIL_FLOCK="$number" fl-collect exp "$TRACES"
		assert_equal "$stderr" "fl-collect: exp: $text"
	done <<-'END'
	ENOLCK|No locks available
	EOPNOTSUPP|Operation not supported
	EIO|Input/output error
	EWOULDBLOCK|another program is writing to it
	END
}

@test "a file system that cannot sync folders or files is accepted" {
	failing
	for name in EINVAL ENOTSUP EROFS; do
		number=$(python3 -c "import errno; print(errno.$name)")
		run --separate-stderr -1 env LD_PRELOAD=./failing.so FAIL_FSYNC="$number" FAIL_FSYNC_FILE="$number" fl-collect -q "$name" "$TRACES"
		assert_equal "$stderr" ''
		assert_jq .results.total_runs 41 "$name/summary.json"
	done
	number=$(python3 -c 'import errno; print(errno.EIO)')
	run --separate-stderr -2 env LD_PRELOAD=./failing.so FAIL_FSYNC="$number" fl-collect -q exp "$TRACES"
	assert_equal "$stderr" 'fl-collect: exp/manifest.json: Input/output error'
	run --separate-stderr -2 env LD_PRELOAD=./failing.so FAIL_FSYNC_FILE="$number" fl-collect -q new "$TRACES"
	assert_equal "$stderr" 'fl-collect: new/manifest.json: Input/output error'
}

@test "a reader that exits loses no traces" {
	{ fl-collect exp "$TRACES" 2>err || echo $? >status; } | head -n 1 >got
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 41
	assert_equal "$(lines_of got) $(<status)" '1 1'
	assert_equal "$(<err)" ''
	assert_jq .results.total_runs 41 exp/summary.json
	{ fl-collect closed "$TRACES" 2>err || true; } | true
	assert_equal "$(lines_of closed/trace_summary.jsonl)" 41
}

@test "Ctrl-C ends it when what sends the traces ends, with everything kept" {
	mkfifo to
	# bats makes background jobs ignore SIGINT
	env --default-signal=INT fl-collect exp <to >/dev/null &
	pid=$!
	exec 7>to
	sed -n 1,2p "$TRACES" >&7
	wait_until has_lines 2 exp/trace_summary.jsonl
	kill -INT "$pid"
	sed -n 3p "$TRACES" >&7
	exec 7>&-
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 130
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 3
	assert_jq .results.total_runs 3 exp/summary.json
}

@test "signals that are ignored do not end it" {
	mkfifo to
	(trap '' INT TERM; exec fl-collect exp <to >/dev/null) &
	pid=$!
	exec 7>to
	head -n 2 "$TRACES" >&7
	wait_until has_lines 2 exp/trace_summary.jsonl
	for name in INT INT TERM TERM; do
		kill -s "$name" "$pid"
	done
	exec 7>&-
	wait "$pid"
	assert_jq .results.total_runs 2 exp/summary.json
}

@test "the report says how it went" {
	run --separate-stderr -1 fl-collect -q --report exp "$TRACES"
	assert_regex "$stderr" '^41 runs: 31 succeeded, 10 failed; p50 [0-9]+\.[0-9]{2} ms, p95 [0-9]+\.[0-9]{2} ms$'
	run --separate-stderr -0 fl-collect -q --report one <(head -n 1 "$TRACES")
	assert_regex "$stderr" '^1 run: 1 succeeded, 0 failed'
	run --separate-stderr -0 fl-collect -q --report none </dev/null
	assert_equal "$stderr" '0 runs: 0 succeeded, 0 failed'
}

@test "lines that are not traces are reported and skipped" {
	{
		sed -n 1p "$TRACES"
		echo '{"input":"a"}'
		echo '{"trace_id":"t1","type":"tool"}'
		echo 'nonsense'
		sed -n 2p "$TRACES"
		printf '{"trace_id":"cut'
	} >in
	run --separate-stderr -1 fl-collect exp in
	assert_equal "${#lines[@]}" 2
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 2
	assert_equal "$(cut -d ' ' -f 2 <<<"$stderr" | paste -sd ' ')" 'in:2: in:3: in:4: in:6:'
	assert_regex "$stderr" 'in:2: expected a trace, got an input'
	assert_regex "$stderr" 'in:3: expected a trace, got an observation'
}

@test "rows of the original are collected as traces without observations" {
	run --separate-stderr -0 fl-collect -q exp "$DATA/reference/parse/guide/trace_summary.jsonl"
	assert_equal "$stderr" ''
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 12
	assert_jq .results.total_runs 12 exp/summary.json
}

@test "numbers and text are kept as they were written" {
	echo '{"trace_id":"t","iteration":0,"input":"\u0061","output":[1.50,1e5,100000000000000000000000000],"duration_ms":1.0,"success":true,"observations":[{"trace_id":"t","type":"tool","output":2.50}]}' >in
	fl-collect exp in >out
	cmp in out
	for file in traces trace_summary; do
		grep -qF '"input":"\u0061","output":[1.50,1e5,100000000000000000000000000],"duration_ms":1.0' "exp/$file.jsonl"
	done
	grep -qF '"output":2.50,' exp/observations.jsonl
}

@test "wrong types in a trace harm nothing" {
	{
		echo '{"trace_id":5,"iteration":"x","persona":[],"input":null,"duration_ms":"fast","success":"yes","observations":[1,"a",{}]}'
		echo '{"trace_id":null,"observations":[]}'
		echo '{"trace_id":"t","success":true,"duration_ms":null,"start_time":7,"token_usage":{"prompt_tokens":"x"},"error_kind":5,"observations":null}'
	} >in
	run --separate-stderr fl-collect exp in
	assert_equal "$(lines_of exp/trace_summary.jsonl)" 3
	jq . exp/summary.json >/dev/null
	jq . exp/errors.json >/dev/null
	assert_jq '[.results.total_runs,.results.successful]' '[3,1]' exp/summary.json
	run --separate-stderr fl-parse exp
	refute [ "$status" = 2 ]
}

@test "a folder that cannot be made or written to is reported" {
	run --separate-stderr -2 fl-collect no/such/parent "$TRACES"
	assert_equal "$stderr" 'fl-collect: no/such/parent: No such file or directory'
	touch file
	run --separate-stderr -2 fl-collect file "$TRACES"
	assert_equal "$stderr" 'fl-collect: file: Not a directory'
	run --separate-stderr -2 fl-collect
	assert_regex "$stderr" '^fl-collect: a directory is missing'
}

@test "what an experiment of fl-run leaves can be read by fl-parse, from the folder and the pipe" {
	printf '{"input":"a"}\n{"input":"odd"}\n' |
		fl-run --command "$ROOT/tests/agents/odd.sh chatty" |
		fl-collect exp | fl-parse >piped
	fl-parse exp >read
	cmp piped read
	run grep -c '^### Step' read
	assert_output 1
}

@test "closed descriptors never get into the files" {
	{ head -n 2 "$TRACES"; echo nonsense; sed -n 3p "$TRACES"; } >in
	fl-collect -q wanted in 2>err || true
	for closed in '>&-' '2>&-' '<&- >&- 2>&-' '<&- 2>&-'; do
		rm -rf exp
		bash -c "timeout 100 fl-collect exp in $closed" >out 2>err || true
		for file in observations traces trace_summary; do
			# what there is, is whole and nothing else
			head -c "$(wc -c <"exp/$file.jsonl")" "wanted/$file.jsonl" | cmp - "exp/$file.jsonl"
		done
	done
}

@test "a full disk ends fl-collect with 2, and each row that was written is whole" {
	is_sanitized && skip 'the sanitizers write files of their own'
	status=0
	traces 1640 >many
	(ulimit -f 100; exec fl-collect -q exp many) 2>err || status=$?
	assert_equal "$status" 2
	assert_regex "$(<err)" '^fl-collect: exp/[a-z_]*\.jsonl: File too large$'
	assert_not_exists exp/summary.json
	python3 - <<-'PY'
	import json
	lines = open("exp/trace_summary.jsonl", "rb").read().split(b"\n")[:-1]
	data = open("exp/observations.jsonl", "rb").read()
	assert 0 < len(lines) < 1640
	for row in map(json.loads, lines):
	    at, n = row["observations_at"], row["observations_bytes"]
	    assert len(data[at:at + n].splitlines()) == row["observation_count"], row
	PY
}

@test "traces without the observations that they count are reported, as are retried runs" {
	cat >traces <<-'END'
	{"trace_id":"t1","success":true,"attempts":3,"observation_count":2}
	{"trace_id":"t2","success":true,"attempts":1,"observation_count":0,"observations":[]}
	{"trace_id":"t3","success":true,"attempts":2,"observation_count":1,"observations":[{"id":"a"}]}
	END
	run --separate-stderr -1 fl-collect -q new traces
	assert_equal "$stderr" 'fl-collect: new: 1 trace came without the observations that it counts: expected whole traces, as fl-run writes them'
	assert_equal "$(jq -c '[.results | .total_runs, .retried]' new/summary.json)" '[3,2]'
}

# --- --new --------------------------------------------------------------------

@test "--new makes a folder named after the experiment and the time" {
	run -0 fl-collect --new 'a b/c' --name ' my/trial'
	assert_regex "$output" '^a b/c/my-trial_[0-9]{8}_[0-9]{6}$'
	assert_equal "$(stat -c %a 'a b' "$output")" $'700\n700'
	run -0 fl-collect --new . --name ''
	assert_regex "$output" '^\./experiment_[0-9]{8}_[0-9]{6}$'
	run -2 fl-collect --new . x
	assert_line "fl-collect: unexpected 'x' after --new"
	touch file
	run -2 fl-collect --new file/x
	assert_output 'fl-collect: file/x: Not a directory'
}

@test "experiments of one second get different folders" {
	for i in {1..12}; do
		fl-collect --new e --name x &
	done >paths
	wait
	assert_equal "$(sort -u paths | wc -l)" 12
	assert_equal "$(find e -mindepth 1 -type d | wc -l)" 12
}
