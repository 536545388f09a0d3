#!/usr/bin/env bats

# fl-diff: two experiments, run by run.

load test_helper
load filter_helper

setup()
{
	begin
	find_python
}

# runs FILE OUTCOMES...: writes a run for each outcome: p passes, f fails, t is a
# timeout, - is no run. A word is an input, its letters the iterations.
runs()
{
	local file=$1 word i k

	shift
	for ((i = 1; i <= $#; i++)); do
		word=${!i}
		for ((k = 0; k < ${#word}; k++)); do
			case ${word:k:1} in
			p) row $i $k true 'null' yes;;
			f) row $i $k false '"error"' no;;
			t) row $i $k false '"timeout"' '';;
			esac
		done
	done >"$file"
}

row()
{
	printf '{"trace_id":"%s","run_id":"r%s-%s","input_id":"i%s","iteration":%s,"persona":null,"input":"question %s","output":"%s","success":%s,"error_kind":%s,"error":"Traceback\\nKeyError: %s","duration_ms":%s}\n' \
		$RANDOM $1 $2 $1 $2 $1 "$5" $3 "$4" $1 $((10 + $1))
}

@test "what changed is found by run_id, in whatever order the rows are" {
	runs base p p f p t -
	runs new p f p p p p
	tac new >new.reversed
	run --separate-stderr -0 fl-diff -f jsonl base new.reversed
	assert_equal "$(jq -r 'select(.run_id) | "\(.run_id) \(.change)"' <<<"$output" | sort)" 'r1-0 same
r2-0 regressed
r3-0 improved
r4-0 same
r5-0 error
r6-0 only_new'
	assert_equal "$(jq -c 'select(.run_id == "r2-0") | [.base.pass, .new.pass, .new.reason, .output_changed]' <<<"$output")" \
		'[true,false,"KeyError: 2",true]'
	assert_equal "$(jq -c 'select(.type) | [.verdict, .inputs, .regressed, .improved, .error, .only_new, .pass.base, .pass.new]' <<<"$output")" \
		'["not enough runs",5,1,1,1,1,0.75,0.75]'
	assert_equal "$stderr" 'fl-diff: not enough runs to tell a change from chance'
	run -1 fl-diff --strict base new
	run -1 fl-diff --fail-on any-flip base new
	fl-diff -f jsonl base new.reversed >a 2>/dev/null
	fl-diff -f jsonl base new.reversed >b 2>/dev/null
	cmp a b
}

@test "six flips one way are the least that is a regression" {
	runs base p p p p p p p p
	runs new f f f f f p p p
	run --separate-stderr -0 fl-diff -f json base new
	assert_equal "$(jq -c '[.verdict, .pass.test]' <<<"$output")" '["no difference shown","McNemar"]'
	runs new f f f f f f p p
	run --separate-stderr -1 fl-diff -f json base new
	assert_equal "$(jq -c '[.verdict, (.pass.p * 1e6 | round)]' <<<"$output")" '["regression",31250]'
	run -0 fl-diff --fail-on never base new
	run --separate-stderr -0 fl-diff -f json new base
	assert_equal "$(jq -r .verdict <<<"$output")" improvement
}

@test "iterations are repeats of their input, not inputs of their own" {
	runs base pppp pppp pppp
	runs new ffff ffff ffff
	run --separate-stderr -0 fl-diff -f json base new
	assert_equal "$(jq -c '[.verdict, .inputs, .pass.test, .pass.p]' <<<"$output")" \
		'["not enough runs",3,"sign flip",0.25]'
	runs base pfpf pppp
	runs new ffpp pppp
	run --separate-stderr -0 fl-diff base new
	assert_line 'regressed, but flaky'
	assert_line '2 answers changed; 1 input is flaky'
}

@test "errors of the system are compared apart" {
	runs base p p p p p p p p
	runs new t t t t t t t t
	run --separate-stderr -1 fl-diff -f json base new
	assert_equal "$(jq -c '[.verdict, .error, .regressed, .errors.new, .errors.p < 0.01]' <<<"$output")" \
		'["regression",8,0,8,true]'
}

@test "the statistics are those of others" {
	# p of Student's t by numeric integration, exact binomials by fractions
	python3 - <<-'PY'
	import json, math, random
	from fractions import Fraction
	random.seed(2)
	base = [[random.random() < .8 for _ in range(3)] for _ in range(40)]
	new = [[random.random() < .6 for _ in range(3)] for _ in range(40)]
	for name, runs in ("base", base), ("new", new):
	    with open(name, "w") as f:
	        for i, unit in enumerate(runs):
	            for k, good in enumerate(unit):
	                f.write(json.dumps({"run_id": f"{i}-{k}", "input_id": f"i{i}", "success": good}) + "\n")
	d = [sum(n) / 3 - sum(b) / 3 for b, n in zip(base, new)]
	n, mean = len(d), sum(d) / len(d)
	error = math.sqrt(sum((x - mean) ** 2 for x in d) / (n - 1) / n)
	t, v = abs(mean / error), n - 1
	c = math.gamma((v + 1) / 2) / math.sqrt(v * math.pi) / math.gamma(v / 2)
	steps, top = 200000, 60
	h = (top - t) / steps
	area = sum((1 + (t + h * (i + .5)) ** 2 / v) ** (-(v + 1) / 2) for i in range(steps)) * h * c
	open("want", "w").write("%.6f %.6f" % (mean, 2 * area))
	b, m = 4, 15
	open("mcnemar", "w").write("%.10f" % float(2 * sum(Fraction(math.comb(m, i), 2 ** m) for i in range(b + 1))))
	PY
	fl-diff -f json base new >got || true
	assert_equal "$(jq -r '.pass.test' got)" t
	assert_equal "$(python3 -c 'import json; p = json.load(open("got"))["pass"]; print("%.6f %.6f" % (p["change"], p["p"]), end="")')" "$(<want)"
	runs base p p p p p p p p p p p f f f f p p
	runs new f f f f f f f f f f f p p p p p p
	fl-diff -f json base new >got || true
	assert_equal "$(python3 -c 'import json; print("%.10f" % json.load(open("got"))["pass"]["p"], end="")')" "$(<mcnemar)"
}

@test "the statistics are those of SciPy and statsmodels" {
	local flags

	mapfile -t flags < <(library_flags)
	"${CC:-gcc}" -std=c11 -D_XOPEN_SOURCE=700 -o check "$ROOT/tests/statistics-check.c" "${flags[@]}" -lm
	run -0 ./check <"$DATA/statistics.txt"
	assert_output "$(grep -vc '^#' "$DATA/statistics.txt") compared, 0 differ"
	# what it compares with can be missed
	run -1 ./check <<<'mcnemar 0 6 = 0.0312'
}

@test "pass rates by persona and strategy, adjusted for how many there are" {
	python3 - <<-'PY'
	import json
	for name, ok in ("base", lambda i, p: True), ("new", lambda i, p: p != "hurried" or i > 7):
	    with open(name, "w") as f:
	        for i in range(20):
	            for p in "hurried", "novice", "@ada | x":
	                f.write(json.dumps({"run_id": f"{i}{p}", "input_id": f"i{i}", "persona": p, "success": ok(i, p),
	                    "metadata": {"strategy": "typo" if i % 2 else "terse"}}) + "\n")
	PY
	run --separate-stderr -1 fl-diff -f json base new
	assert_equal "$(jq -c '.by_persona[] | [.name, .n, .base, .new] + ([.p, .p_adjusted] | map(. * 1e7 | round))' <<<"$output")" \
		'["hurried",20,1,0.6,78125,234375]
["@ada | x",20,1,1,10000000,10000000]
["novice",20,1,1,10000000,10000000]'
	assert_equal "$(jq -c '.by_strategy[] | [.name, .n] + ([.p, .p_adjusted] | map(. * 1e3 | round))' <<<"$output")" \
		'["terse",30,125,250]
["typo",30,125,250]'
	run --separate-stderr -1 fl-diff base new
	assert_line --regexp '^pass rate by persona$'
	assert_line --regexp '^  hurried +1 -> 0\.6 .*; p 0\.0078 by McNemar, 0\.023 for 3$'
	# a long name widens the column
	sed 's/"hurried"/"a very hurried one"/' base >base2
	sed 's/"hurried"/"a very hurried one"/' new >new2
	run --separate-stderr -1 fl-diff base2 new2
	assert_line --regexp '^  a very hurried one +1 -> 0\.6 '
	assert_equal "$(sed -n '/^pass rate by persona/,/^$/s/ -> .*//p' <<<"$output" | awk '{ print length }' | sort -u | wc -l)" 1
	run --separate-stderr -1 fl-diff -f md base new
	assert_line --partial '| &#64;&#8203;ada &#124; x | 1 | 1 |'
	# rows that were collected, and evaluated, have the strategy, too
	jq -c '. + {trace_id: .run_id, input: .input_id, observations: []}' base | fl-collect -q exp
	fl-diff -f json exp exp 2>/dev/null | jq -e '.by_strategy | length == 2'
	printf 'assert: [{type: success}]\n' >checks.yaml
	fl-evaluate -q -c checks.yaml -o exp/evaluation base 2>/dev/null
	fl-diff -f json exp exp 2>/dev/null | jq -e '.by_strategy | length == 2'
	# one persona is no group of its own
	run --separate-stderr -0 fl-diff <(grep novice base) <(grep novice new)
	refute_line 'pass rate by persona'
	assert_line 'pass rate by strategy'
}

@test "the same agent is rarely called a regression, and a worse one often" {
	python3 - <<-'PY'
	import random
	r = random.Random(5)
	for k in range(20):
	    for name, p in ("a", .85), ("b", .85), ("c", .75):
	        with open(f"{name}{k}", "w") as f:
	            for i in range(500):
	                f.write('{"run_id":"%d","input_id":"%d","success":%s}\n' % (i, i, "true" if r.random() < p else "false"))
	PY
	local k same=0 worse=0
	for k in {0..19}; do
		fl-diff -f json "a$k" "b$k" >/dev/null || same=$((same + 1))
		fl-diff -f json "a$k" "c$k" >/dev/null || worse=$((worse + 1))
	done
	# the seed is fixed: 2.5 % of 20 and 98 % of 20 are expected
	((same <= 2 && worse >= 18))
}

@test "a metric, durations and gates" {
	for i in $(seq 40); do
		printf '{"run_id":"%s","input_id":"%s","success":true,"duration_ms":%s,"scores":{"polite":%s}}\n' \
			$i $i $((100 + i)) 0.9 >>base
		printf '{"run_id":"%s","input_id":"%s","success":true,"duration_ms":%s,"scores":{"polite":%s}}\n' \
			$i $i $((200 + 2 * i)) 0.$((5 + i % 3)) >>new
	done
	run --separate-stderr -0 fl-diff -f json --metric polite base new
	assert_equal "$(jq -c '[.duration_ms.change, .polite.n, (.polite.p < 0.001)]' <<<"$output")" '[2,40,true]'
	run -1 fl-diff --max-slowdown 1.5 base new
	run -0 fl-diff --max-slowdown 2.5 base new
	run --separate-stderr -2 fl-diff --fail-on nothing base new
	assert_regex "$stderr" "unknown condition 'nothing'"
}

@test "what cannot be compared is an error" {
	printf '{"run_id":"1","success":true}\n' >a
	printf '{"run_id":"2","success":true}\n' >b
	run --separate-stderr -2 fl-diff a b
	assert_equal "$stderr" 'fl-diff: a and b have no run in common'
	printf '{"run_id":"1","success":true,"evaluation":{"pass":true,"config_hash":"x"}}\n' >b
	run --separate-stderr -2 fl-diff a b
	assert_equal "$stderr" 'fl-diff: a was not evaluated, and b was: a change of the checks would look like one of the agent; evaluate both alike, or compare with --anyway'
	run -0 fl-diff --anyway a b
	run --separate-stderr -2 fl-diff b a
	assert_regex "$stderr" '^fl-diff: a was not evaluated, and b was:'
	sed 's/"x"/"y"/' b >c
	run --separate-stderr -2 fl-diff b c
	assert_regex "$stderr" '^fl-diff: the runs were not evaluated by the same checks: .* --anyway$'
	printf 'no record\n{"success":true}\n{"run_id":"1","success":true}\n{"run_id":"1","success":false}\n' >b
	run --separate-stderr -0 fl-diff a b
	assert_equal "$stderr" 'fl-diff: b: 1 line is not a record: skipped
fl-diff: b: 1 row has no run_id: skipped
fl-diff: b: 1 run is there twice: the first counts
fl-diff: not enough runs to tell a change from chance'
	: >b
	run --separate-stderr -2 fl-diff a b
	assert_equal "$stderr" 'fl-diff: b: no runs'
	run --separate-stderr -2 fl-diff a missing
	assert_equal "$stderr" 'fl-diff: missing: No such file or directory'
}

@test "directories and pipes are read, and verdicts count before success" {
	for o in a b; do
		printf '{"trace_id":"1","run_id":"r","input_id":"i","iteration":0,"persona":null,"input":"q","output":"%s","success":true,"evaluation":{"pass":%s,"config_hash":"h","checks":[{"name":"polite","pass":false,"reason":"rude"}]},"observations":[]}\n' \
			$o "$([[ $o == a ]] && echo true || echo false)" | fl-collect -q $o
	done
	run --separate-stderr -0 fl-diff a b
	assert_line --partial '1 regressed'
	assert_line '    why   polite: rude'
	fl-diff -f jsonl - b <a/trace_summary.jsonl >from-pipe 2>/dev/null
	fl-diff -f jsonl a b 2>/dev/null | cmp - from-pipe
}

@test "Markdown for a pull request has no mention, link or broken cell" {
	printf '{"run_id":"1","input_id":"1","input":"hi @ada see #12 | <b> `x`","output":"a","success":true}\n' >a
	printf '{"run_id":"1","input_id":"1","input":"hi @ada see #12 | <b> `x`","output":"line\\nbreak","success":false}\n' >b
	run --separate-stderr -0 fl-diff -f md a b
	assert_line '> [!WARNING]'
	refute_output --regexp '@ada|see #'
	assert_line --partial '| hi &#64;&#8203;ada see &#35;&#8203;12 &#124; &#60;b&#62; &#96;x&#96; |'
}

@test "the tokens of a single input have no interval" {
	printf '{"run_id":"1","input_id":"1","success":true,"token_usage":{"total_tokens":10}}\n' >a
	printf '{"run_id":"1","input_id":"1","success":true,"token_usage":{"total_tokens":900}}\n' >b
	run --separate-stderr -0 fl-diff -f json a b
	assert_equal "$(jq -c '[(.pass.ci | map(. * 1e3 | round / 1e3)), .tokens.change, .tokens.ci]' <<<"$output")" \
		'[[-0.793,0.793],890,[null,null]]'
}
