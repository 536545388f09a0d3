#!/usr/bin/env bats

# fl-label: a person's labels of the answers, at a terminal; and fl-evaluate
# --labels: their agreement with the checks.

load test_helper
load filter_helper

setup_file()
{
	find_python
}

# label_check SCENARIO: plays it at a terminal.
label_check()
{
	run -0 python3 "$ROOT/tests/label-check.py" "$1"
}

@test "runs are labelled with keys and notes, each at once" {
	label_check label
}

@test "labelling is resumed where it stopped, for each person and answer" {
	label_check resume
}

@test "wide and hidden characters, pastes and any size of the window are safe" {
	label_check hidden
}

@test "long answers are scrolled through" {
	label_check scroll
}

@test "signals that end it leave the terminal clean" {
	label_check interrupt
}

@test "Ctrl-Z and fg, and traces from a pipe" {
	label_check suspend
}

@test "a label that cannot be saved is not there" {
	label_check full
}

@test "without a terminal it says so" {
	printf '{"run_id":"r","input":"q","output":"a","success":true}\n' >runs.jsonl
	TERM=xterm run --separate-stderr -2 setsid -w fl-label runs.jsonl
	assert_equal "$stderr" 'fl-label: /dev/tty: No such device or address: run it at a terminal'
	TERM=dumb run --separate-stderr -2 fl-label runs.jsonl
	assert_equal "$stderr" "fl-label: the terminal 'dumb' cannot show a screen: set TERM"
	run --separate-stderr -2 fl-label missing
	assert_equal "$stderr" 'fl-label: missing: No such file or directory'
	run --separate-stderr -2 fl-label
	assert_equal "${stderr_lines[0]}" 'fl-label: expected one experiment'
	printf 'x\n{"input":"q"}\n' >none
	run --separate-stderr -2 fl-label - <none
	assert_equal "$stderr" 'fl-label: -: 2 lines are not a run: skipped
fl-label: -: no runs'
}

@test "the labels of a directory are in it, not where a link in it leads" {
	printf '{"trace_id":"t","run_id":"r","input":"q","output":"a","success":true,"observations":[]}\n' | fl-collect -q exp
	run -0 fl-label --left exp
	assert_output 1
	assert_equal "$(mode_of exp/labels.jsonl)" 600
	printf '{"run_id":"r","label":"pass","who":"ada"}\nx\n{"run_id":"r"}\n' >exp/labels.jsonl
	run --separate-stderr -0 fl-label --left --who ada exp
	assert_output 0
	assert_equal "$stderr" 'fl-label: labels.jsonl: 2 lines are not a label: skipped'
	run -0 fl-label --left --who bob exp
	assert_line 1
	ln -sf "$PWD/elsewhere" exp/labels.jsonl
	run --separate-stderr -2 fl-label --left exp
	assert_equal "$stderr" 'fl-label: labels.jsonl: not a regular file'
	assert_not_exists elsewhere
}

# labelled PP PF FP FF: writes traces and labels, by what a person and a check
# say.
labelled()
{
	local i n=0 k=0 count

	for count; do
		for ((i = 0; i < count; i++, n++)); do
			printf '{"trace_id":"t%s","run_id":"r%s","input":"q","output":"%s","success":true}\n' $n $n \
				"$((k % 2 == 0))" >&3
			printf '{"run_id":"r%s","label":"%s"}\n' $n "$( ((k < 2)) && echo pass || echo fail)"
		done
		k=$((k + 1))
	done 3>traces >labels
	printf 'assert: [{type: equals, value: "1", metric: good}]\n' >checks.yaml
}

@test "Cohen's kappa and its interval are those of statsmodels" {
	local row table low high kappa

	# statsmodels 0.13.5, cohens_kappa(table): kappa, kappa_low, kappa_upp, cut to [-1, 1]
	while read -r row kappa low high; do
		# shellcheck disable=SC2086 # four numbers
		labelled ${row//,/ }
		fl-evaluate -q -c checks.yaml --labels labels -o out --overwrite traces >text 2>/dev/null
		assert_equal "$row $(jq -r '.agreement.verdict | [.kappa] + .kappa_ci | map(. * 1e6 | round / 1e6) | join(" ")' out/summary.json)" \
			"$row $kappa $low $high"
	done <<-'END'
	20,5,10,15 0.4 0.151092 0.648908
	40,2,3,5 0.60815 0.296693 0.919608
	1,9,9,1 -0.8 -1 -0.537043
	50,0,1,49 0.98 0.941005 1
	10,1,3,6 0.587629 0.234827 0.94043
	70,10,5,2 0.121212 -0.137901 0.380325
	END
	# nothing is said of an interval where it would be a point
	labelled 9 0 0 1
	run -0 --separate-stderr fl-evaluate -q -c checks.yaml --labels labels traces
	assert_line '  kappa         1.00'
	labelled 9
	run -0 --separate-stderr fl-evaluate -q -c checks.yaml --labels labels traces
	assert_line '  kappa         none: one verdict is the only one'
}

@test "the table, the checks and the disagreements, and what has no label" {
	cat >traces <<-'END'
	{"trace_id":"1","run_id":"r1","input":"Where?","output":"yes","success":true}
	{"trace_id":"2","run_id":"r2","input":"What\nnow?","output":"no","success":true}
	{"trace_id":"3","run_id":"r3","input":"c","output":"yes","success":true}
	{"trace_id":"4","run_id":"r4","input":"d","output":"perhaps","success":true}
	{"trace_id":"5","run_id":"r5","input":"e","output":"yes","success":true}
	{"trace_id":"6","input":"f","output":"yes","success":true}
	END
	cat >labels <<-'END'
	{"run_id":"r1","label":"fail","who":"ada"}
	{"run_id":"r1","label":"pass","who":"ada"}
	{"run_id":"r2","label":"pass","note":"good\u001b enough","who":"ada"}
	{"run_id":"r3","label":"fail","who":"ada"}
	{"run_id":"r3","label":"fail","who":"eve"}
	{"run_id":"r3","label":"pass","who":"bob"}
	{"run_id":"r4","label":"pass","output_hash":"1234"}
	{"run_id":"r5","label":"pass","who":"ada"}
	{"run_id":"r5","label":"fail","who":"bob"}
	{"trace_id":"6","label":true}
	{"run_id":"r6"}
	END
	printf 'assert: [{type: equals, value: "yes", metric: sure},{type: cost, threshold: 1, weight: 0, metric: cheap}]\n' >checks.yaml
	run --separate-stderr -0 fl-evaluate -c checks.yaml --labels labels traces
	assert_output '4 of 6 traces are labelled; of 1 only other answers are; people disagree about 1

                  checks pass  checks fail   not judged
  person pass               2            1            0
  person fail               1            0            0

  agreement     2 of 4, 0.50 (0.15 to 0.85)
  kappa         -0.33 (-0.77 to 0.10)

  by check                      n  agreement  kappa
  sure                          4       0.50  -0.33 (-0.77 to 0.10)
  cheap                         0

disagreements: 2
  '\''What\nnow?'\''
    answer  '\''no'\''
    person  pass: good\u001b enough
    checks  fail: sure: it is '\''no'\''
  '\''c'\''
    answer  '\''yes'\''
    person  fail
    checks  pass'
	assert_regex "$stderr" 'fl-evaluate: labels:11: not a label'
	# gates are kept
	run -1 fl-evaluate -c checks.yaml --labels labels --min-pass-rate 0.9 traces
	run --separate-stderr -2 fl-evaluate -c checks.yaml --labels missing traces
	assert_equal "$stderr" 'fl-evaluate: missing: No such file or directory'
}
