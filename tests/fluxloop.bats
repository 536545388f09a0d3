#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154,SC2164 # each test is a process, and
# ends where something fails; bats sets what is not set here

load test_helper
load filter_helper

# Makes a project whose example is recorded; tests copy it.
setup_file()
{
	cd -- "$BATS_FILE_TMPDIR"
	fluxloop init project --name my-agent >/dev/null
	cd fluxloop/my-agent
	PYTHONPATH=$(fluxloop --python-path) python3 record_example.py >/dev/null
}

# project: goes to a new copy of the recorded example, in a folder whose name
# needs quotes.
project()
{
	local place="it's a \"place\" \$x; -y"

	mkdir -- "$place"
	cp -Rp -- "$BATS_FILE_TMPDIR/fluxloop" "$place"
	cd -- "$place/fluxloop/my-agent"
}

# target NAME: makes the body on stdin the handler NAME, which gets only the text.
target()
{
	{
		printf 'def handle(input):\n'
		sed 's/^/    /'
	} >"$1.py"
	fluxloop config set runner.target "$1:handle"
	fluxloop config set replay_args.enabled false
}

# inputs TEXT...: writes an inputs file with these texts.
inputs()
{
	printf 'inputs:\n' >inputs/generated.yaml
	printf -- '- input: "%s"\n' "$@" >>inputs/generated.yaml
}

# the_experiment: sets `dir` to the only experiment.
the_experiment()
{
	local all=(experiments/*)

	((${#all[@]} == 1)) || fail "not one experiment: ${all[*]}"
	dir=${all[0]}
	assert_dir_exists "$dir"
}

guide_settings()
{
	cat <<'YAML'
runner:
  target: "app.handler:MessageHandler.handle_message"
  working_directory: "."

replay_args:
  enabled: true
  recording_file: "recordings/args.jsonl"
  callable_providers:
    send_callback: "builtin:collector.send"
    error_callback: "builtin:collector.error"
  override_param_path: "data.content"

inputs_file: "inputs/generated.yaml"
iterations: 50
output_directory: "experiments"
YAML
}

# --- the guide ----------------------------------------------------------------

@test "the guide's commands work word for word" {
	fluxloop init project --name my-agent
	cd fluxloop/my-agent
	for name in setting.yaml .env; do
		assert_file_exists "$name"
	done
	for name in experiments inputs recordings; do
		assert_dir_exists "$name"
	done

	PYTHONPATH="$(fluxloop --python-path)" python3 record_example.py
	assert_equal "$(lines_of recordings/args.jsonl)" 2

	fluxloop generate inputs \
  --config setting.yaml \
  --from-recording recordings/args.jsonl \
  --limit 50
	assert_equal "$(fl-yaml inputs/generated.yaml | wc -l)" 50

	guide_settings >setting.yaml
	fluxloop run experiment --config setting.yaml
	the_experiment
	assert_regex "$dir" '^experiments/my-agent_[0-9]{8}_[0-9]{6}$'
	for name in summary.json trace_summary.jsonl observations.jsonl \
		traces.jsonl; do
		assert_file_exists "$dir/$name"
	done
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 2500

	fluxloop parse experiment "$dir" --output per_trace_analysis --overwrite
	files=("$dir"/per_trace_analysis/00_*.md)
	assert_equal "${#files[@]}" 50
	files=("$dir"/per_trace_analysis/*_*.md)
	assert_equal "${#files[@]}" 2500
	run cat "${files[0]}"
	assert_output --partial 'Hello Ada!'
	assert_output --partial 'support_agent'
}

@test "the guide's commands end with the one that comes next" {
	run fluxloop init project --name my-agent
	assert_success
	assert_line 'next: cd fluxloop/my-agent'
	project
	run fluxloop generate inputs --config setting.yaml \
		--from-recording recordings/args.jsonl --limit 5
	assert_success
	assert_line 'inputs/generated.yaml: 5 inputs'
	assert_line 'next: fluxloop run experiment --config setting.yaml'
	run fluxloop run experiment --config setting.yaml
	assert_success
	the_experiment
	assert_line "next: fluxloop parse experiment $dir --output per_trace_analysis --overwrite"
	run fluxloop parse experiment "$dir" --output per_trace_analysis --overwrite
	assert_success
	assert_output "$dir/per_trace_analysis: 5 files"
}

# --- the command line ---------------------------------------------------------

@test "every command prints its help and options on stdout" {
	for command in '' 'init project' 'generate inputs' 'run experiment' \
		'parse experiment' 'record enable' 'record disable' \
		'record status' 'config show' 'config get' 'config set' \
		'config validate' status doctor run config record init; do
		# shellcheck disable=SC2086 # two words
		run --separate-stderr fluxloop $command --help
		assert_success
		assert_regex "${lines[0]}" '^usage: fluxloop '
		assert_equal "$stderr" ''
	done
	run fluxloop help run experiment
	assert_success
	assert_output --partial '--iterations'
}

@test "without a command, the usage is printed on stderr" {
	run --separate-stderr -2 fluxloop
	assert_equal "$output" ''
	assert_regex "$stderr" '^usage: fluxloop '
}

@test "fluxloop and the filters have the same version" {
	run fluxloop --version
	assert_output "fluxloop $(fl-config --version | cut -d' ' -f2)"
}

@test "the Python package can be imported from the folder that is printed" {
	run fluxloop --python-path
	assert_success
	PYTHONPATH=$output run python3 -c 'import fluxloop.bridge'
	assert_success
}

@test "the filters are found when the script is called by a symbolic link" {
	ln -s "$BIN/fluxloop" linked
	PATH=/usr/bin:/bin run ./linked doctor
	assert_line --regexp "^ok +fl-config "
}

@test "the message about an unknown word suggests the nearest known one" {
	while IFS='|' read -r words answer; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 fluxloop $words
		assert_equal "$output" ''
		assert_equal "$stderr" "fluxloop: $answer"
	done <<-'END'
	generat inputs|unknown command 'generat'; did you mean 'generate'?
	rnu|unknown command 'rnu'; did you mean 'run'?
	sttauz|unknown command 'sttauz'; did you mean 'status'?
	init project --workspace .|unknown option '--workspace': expected one of --name --path --no-example --http --force --yes --help
	run experimnt|unknown command 'run experimnt'; did you mean 'run experiment'?
	config vaildate|unknown command 'config vaildate'; did you mean 'config validate'?
	run experiment --itertions 3|unknown option '--itertions'; did you mean '--iterations'?
	run experiment --pers=a|unknown option '--pers'; did you mean '--personas'?
	status -n 3|unknown option '-n': expected one of --config --yes --help
	run experiment -limit 3|unknown option '-limit'; did you mean '--limit'?
	--vers|unknown option '--vers'; did you mean '--version'?
	END
}

@test "without recorded calls or base_inputs, generate says what to give" {
	fluxloop init project --name x --no-example >/dev/null
	cd fluxloop/x
	run --separate-stderr -2 fluxloop generate inputs
	assert_equal "$stderr" 'fluxloop: no input could be made: setting.yaml has no base_inputs; for recorded calls, give --from-recording FILE'
	[[ ! -e inputs/generated.yaml ]]
}

@test "wrong usage is reported and exits with 2" {
	project
	while IFS='|' read -r words answer; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 fluxloop $words
		assert_equal "$stderr" "fluxloop: $answer"
	done <<-'END'
	run|run what? Known: experiment; see 'fluxloop run --help'
	run experiment more|unexpected 'more': see 'fluxloop run experiment --help'
	run experiment --limit|option '--limit' needs a value
	generate inputs --from-recording --limit 12|option '--from-recording' needs a value
	run experiment --output --name=x|option '--output' needs a value
	run experiment --dry-run=1|option '--dry-run' takes no value
	run experiment --iterations 0|--iterations '0': expected a whole number of at least 1
	run experiment --limit=-3|--limit '-3': expected a whole number of at least 1
	run experiment --parallel 1e3|--parallel '1e3': expected a whole number of at least 1
	generate inputs --limit x|--limit 'x': expected a whole number of at least 1
	generate inputs --seed 1.5|--seed '1.5': expected a whole number
	config set iterations|expected a key and a value: fluxloop config set KEY VALUE
	config get|which key? See 'fluxloop config --help'
	parse experiment|which experiment? Name its folder, or give --latest
	parse experiment a b|unexpected 'b': see 'fluxloop parse experiment --help'
	parse experiment nowhere|nowhere: no such folder
	parse experiment app|app: not an experiment: it has no trace_summary.jsonl
	END
}

@test "every command accepts --yes" {
	project
	run fluxloop --yes status --yes
	assert_success
	run fluxloop config get iterations --yes
	assert_output 1
}

@test "the message about a missing project says how to make one" {
	run -2 fluxloop run experiment
	assert_output --partial "setting.yaml: no such file"
	assert_output --partial "fluxloop init project --name NAME"
}

@test "mistakes in the configuration are reported with line and column before anything is done" {
	project
	printf 'iterations: many\n' >>setting.yaml
	for command in 'run experiment' 'generate inputs' status 'record enable'; do
		# shellcheck disable=SC2086 # two words
		run -2 fluxloop $command
		assert_output --regexp '^fl-config: setting.yaml:[0-9]+:[0-9]+: '
	done
	assert_dir_exists experiments
	assert_equal "$(ls experiments inputs)" $'experiments:\n\ninputs:'
}

# --- init project -------------------------------------------------------------

@test "only the owner can read what init makes" {
	fluxloop init project --name my-agent
	while IFS= read -r -d '' path; do
		if [[ -d $path ]]; then
			assert_equal "$path $(mode_of "$path")" "$path 700"
		else
			assert_equal "$path $(mode_of "$path")" "$path 600"
		fi
	done < <(find fluxloop -print0)
	run cat fluxloop/my-agent/.gitignore
	for name in .env recordings/ experiments/; do
		assert_line "$name"
	done
}

@test "the configuration of a new project is valid and causes no warning" {
	fluxloop init project --name my-agent
	run --separate-stderr fluxloop config validate \
		--config fluxloop/my-agent/setting.yaml
	assert_success
	assert_equal "$stderr" ''
	assert_output 'fluxloop/my-agent/setting.yaml: valid'
}

@test "the configuration keeps the name, and the path has it as a slug" {
	while IFS='|' read -r name folder; do
		run fluxloop init project --name "$name" --no-example
		assert_success
		assert_dir_exists "fluxloop/$folder"
		run fluxloop config get name --config "fluxloop/$folder/setting.yaml"
		assert_output "$name"
	done <<-'END'
	my agent|my-agent
	-dash|dash
	..dots|dots
	v1.2|v1-2
	say "hi" \n $HOME|say--hi---n--HOME
	일번|일번
	END
	LC_ALL=C run fluxloop init project --name 이번 --no-example
	assert_success
	assert_file_exists fluxloop/이번/setting.yaml
}

@test "a name without a letter or digit, or with a slash, is refused" {
	for name in '' a/b ../x / .. - '...' $'a\nb'; do
		run -2 fluxloop init project --name "$name"
		assert_output --partial 'fluxloop: --name'
	done
	run -2 fluxloop init project
	assert_output --partial '--name NAME'
	assert_equal "$(ls -A)" ''
}

@test "init makes the project where --path says" {
	mkdir -- '-other place'
	run fluxloop init project --name a --path '-other place'
	assert_success
	assert_file_exists './-other place/fluxloop/a/setting.yaml'
	assert_line "next: cd './-other place/fluxloop/a'"
	run -2 fluxloop init project --name a --path nowhere
	assert_output 'fluxloop: nowhere: no such folder'
}

@test "a second project made in the folder of projects joins the first" {
	fluxloop init project --name one
	cd fluxloop
	run fluxloop init project --name two
	assert_success
	assert_file_exists two/setting.yaml
	assert_line 'next: cd two'
}

@test "an empty folder called fluxloop gets the guide's structure too" {
	mkdir fluxloop
	cd fluxloop
	fluxloop init project --name my-agent
	assert_file_exists fluxloop/my-agent/setting.yaml
}

@test "init does not touch an existing project" {
	project
	cd ../..
	printf 'iterations: 9\n' >fluxloop/my-agent/setting.yaml
	run -2 fluxloop init project --name my-agent
	assert_output --partial 'fluxloop/my-agent already exists'
	assert_output --partial --force
	assert_equal "$(cat fluxloop/my-agent/setting.yaml)" 'iterations: 9'
}

@test "init --force keeps recordings, experiments, .env and edited files" {
	project
	mkdir experiments/old
	printf 'SECRET=1\n' >.env
	printf 'iterations: 9\n' >setting.yaml
	cp recordings/args.jsonl ../before
	cd ../..
	run --separate-stderr fluxloop init project --name my-agent --force
	assert_success
	assert_equal "$stderr" "fluxloop: fluxloop/my-agent/setting.yaml: replaced; the old one is fluxloop/my-agent/setting.yaml~"
	cd fluxloop/my-agent
	assert_dir_exists experiments/old
	assert_equal "$(cat .env)" 'SECRET=1'
	assert_equal "$(cat setting.yaml~)" 'iterations: 9'
	assert_file_not_exists app/handler.py~
	assert_file_not_exists app/__init__.py~
	cmp recordings/args.jsonl ../before
	run fluxloop config validate
	assert_success
}

@test "the example's checks pass, and one of them shows a failure" {
	fluxloop init project --name ex >/dev/null
	cd fluxloop/ex
	PYTHONPATH=$FLUXLOOP_PYTHONPATH python3 record_example.py
	fluxloop generate inputs --from-recording recordings/args.jsonl --limit 50
	fluxloop run experiment >/dev/null
	# the time that a call takes decides no test
	sed -i 's/threshold: 1000$/threshold: 60000/' evaluation.yaml
	run --separate-stderr -0 fluxloop evaluate experiment --latest
	assert_equal "$stderr" 'fl-evaluate: 50 traces: 44 pass, 6 fail; average score 0.976'
	assert_equal "$(jq -r 'select(.pass == false) | .reasons | keys[]' experiments/*/evaluation/per_trace.jsonl | sort -u)" language
	# the README prints what the steps print
	grep -qF "$stderr" "$ROOT/README.md"
	grep -qF "$(jq -r 'select(.pass == false) | "\(.meta.input): \(.reasons[])"' experiments/*/evaluation/per_trace.jsonl |
		grep '^Where')" "$ROOT/README.md"
	run -0 fluxloop status
	assert_line --partial '100.0 % succeeded, 44 of 50 pass the evaluation'
	fluxloop parse experiment --latest --format html --output pages >/dev/null
	grep -rqF 'contains &#39;Hello&#39;' experiments/*/pages || grep -rqF "contains 'Hello'" experiments/*/pages
}

@test "init --no-example leaves nothing of the example" {
	fluxloop init project --name a --no-example
	cd fluxloop/a
	assert_equal "$(find . -type f | LC_ALL=C sort | tr '\n' ' ')" './.env ./.gitignore ./setting.yaml '
	refute grep -rqE 'app\.handler|MessageHandler|send_callback|data\.content|order' .
	assert_equal "$(fl-config get name)" a
	run --separate-stderr -1 fluxloop config validate
	assert_equal "$stderr" 'fl-run: nothing to run: give --target or --command, or set runner.target or runner.http.url'
	# what it needs is there when the comments are removed
	sed -i -E 's/^  # target: .*/  target: "handler:handle"/; s/^# (replay_args:|  enabled:)/\1/' setting.yaml
	run -0 fl-config check
	assert_equal "$(fl-config get replay_args.enabled) $(fl-config get runner.target)" 'true handler:handle'
}

@test "the example agent answers, looks up orders, and rejects an empty message" {
	project
	cat >ask.py <<-'PY'
	import asyncio, sys
	from app.handler import MessageHandler, UserConnection

	async def send(text): print("send", text)
	async def error(text): print("error", text)
	user = UserConnection("u", "Bob")
	for text in sys.argv[1:]:
	    asyncio.run(MessageHandler().handle_message("c", {"content": text}, user, send, error))
	PY
	PYTHONPATH=$(fluxloop --python-path) run python3 ask.py \
		'I forgot my pasword' 'status of order 1043?' 'order 7777' \
		'hm' '  '
	assert_success
	assert_line --index 0 "send Hello Bob! Choose 'Forgot password' on the sign-in page; a link comes by mail."
	assert_line --index 1 'send Hello Bob! Order 1043 is waiting for payment.'
	assert_line --index 2 'send Hello Bob! There is no order 7777.'
	assert_line --index 3 'send Hello Bob! I did not understand that: a colleague will write to you.'
	assert_line --index 4 'error the message is empty'
	assert_equal "$(lines_of recordings/args.jsonl)" 2
}

# --- generate inputs ----------------------------------------------------------

@test "generate does not replace inputs without --overwrite" {
	project
	fluxloop generate inputs --limit 3
	cp inputs/generated.yaml before
	run --separate-stderr -2 fluxloop generate inputs --limit 4
	assert_equal "$stderr" 'fluxloop: inputs/generated.yaml already exists: give --overwrite to replace it, or --output FILE to write another'
	cmp inputs/generated.yaml before
	run fluxloop generate inputs --limit 4 --overwrite
	assert_success
	assert_equal "$(fl-yaml inputs/generated.yaml | wc -l)" 4
	run fluxloop generate inputs --limit 2 --output 'in puts/-x.yaml'
	assert_success
	assert_equal "$(fl-yaml 'in puts/-x.yaml' | wc -l)" 2
	assert_equal "$(mode_of 'in puts/-x.yaml')" 600
	run find . -name '.generated*' -o -name '.-x*'
	assert_output ''
}

@test "the same options of generate make the same bytes" {
	project
	args=(--from-recording recordings/args.jsonl --limit 20 --seed 7)
	fluxloop generate inputs "${args[@]}" --output a.yaml
	sleep 1
	fluxloop generate inputs "${args[@]}" --output b.yaml
	cmp a.yaml b.yaml
	fluxloop generate inputs "${args[@]}" --seed 8 --output c.yaml
	run cmp -s a.yaml c.yaml
	assert_failure 1
}

@test "the header of an inputs file records what it was made from" {
	project
	fluxloop config set name 'my "agent"'
	fluxloop generate inputs --from-recording recordings/args.jsonl --limit 3 \
		--seed 5 --strategy typo --strategy=verbose \
		--target app.handler:MessageHandler.handle_message
	run jq -c .metadata <(fl-yaml --documents inputs/generated.yaml)
	assert_output '{"config_name":"my \"agent\"","total":3,"limit":3,"seed":5,"strategies":["typo","verbose"],"recording":"recordings/args.jsonl","recording_target":"app.handler:MessageHandler.handle_message"}'
	run jq -r .metadata.strategy <(fl-yaml inputs/generated.yaml)
	assert_output --partial typo
	refute_output --partial concise
}

@test "generate --target uses only calls of that target" {
	project
	sed 's/handle_message"/other"/' recordings/args.jsonl >two.jsonl
	run -2 fluxloop generate inputs --from-recording two.jsonl \
		--target app.handler:MessageHandler.handle_message
	assert_not_exists inputs/generated.yaml
	run fluxloop generate inputs --from-recording two.jsonl \
		--target app.handler:MessageHandler.other --limit 2
	assert_success
	run -2 fluxloop generate inputs --target x --output b.yaml
	assert_output --partial --from-recording
}

@test "generate reads a recording with a leading dash, or stdin" {
	project
	cp recordings/args.jsonl ./-r.jsonl
	run fluxloop generate inputs --from-recording -r.jsonl --limit 2
	assert_success
	run fluxloop generate inputs --from-recording - --limit 2 \
		--output b.yaml <recordings/args.jsonl
	assert_success
	assert_equal "$(fl-yaml b.yaml)" "$(fl-yaml inputs/generated.yaml)"
}

@test "without a recording, inputs are made from base_inputs" {
	project
	fluxloop generate inputs --limit 3
	run jq -r .input <(fl-yaml inputs/generated.yaml)
	assert_output --regexp '[Mm]oney'
}

@test "generate --dry-run prints what it would write and writes nothing" {
	project
	run --separate-stderr fluxloop generate inputs --limit 9 --dry-run
	assert_success
	assert_line '9 inputs would be written to inputs/generated.yaml'
	assert_line '# and 4 more'
	assert_regex "$output" '- input: "'
	assert_equal "$(ls -A inputs)" ''
}

@test "a bad line of the recording is reported and the others are used" {
	project
	printf '{"broken\n' >>recordings/args.jsonl
	run -1 fluxloop generate inputs --from-recording recordings/args.jsonl --limit 4
	assert_output --partial 'recordings/args.jsonl:3: '
	assert_equal "$(fl-yaml inputs/generated.yaml | wc -l)" 4
}

@test "generate writes no file if it cannot make any input" {
	project
	: >empty.jsonl
	run -2 fluxloop generate inputs --from-recording empty.jsonl
	run -2 fluxloop generate inputs --from-recording nowhere.jsonl
	assert_output --partial 'nowhere.jsonl: no such file'
	run -2 fluxloop generate inputs --strategy nonsense
	assert_output --partial nonsense
	assert_equal "$(ls -A inputs)" ''
}

@test "inputs are made from the arguments of real handlers, and run there again" {
	project
	cat >show.py <<-'PY'
	def show(**kwargs):
	    return kwargs
	PY
	fluxloop config set runner.target show:show
	while IFS=$'\t' read -r name kwargs path; do
		[[ $kwargs == *[\<*]* ]] && continue
		printf '{"target":"show:show","kwargs":%s,"timestamp":"1"}\n' "$kwargs"
	done <"$DATA/text-places.tsv" >r.jsonl
	count=$(lines_of r.jsonl)
	((count > 25))
	run --separate-stderr -0 fluxloop generate inputs --from-recording r.jsonl \
		--limit "$count"
	assert_regex "$stderr" 'r.jsonl:1: warning: no text at data.content; the text at messages.-1.content is taken'
	assert_equal "${#stderr_lines[@]}" 1
	run -0 fluxloop run experiment
	the_experiment
	# the handler got the input, and not the recorded text
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" "$count"
	run jq -r '.input as $input | [.output | .. | strings] |
		[index($input) != null, index("T") != null] | join(" ")' "$dir/trace_summary.jsonl"
	assert_equal "$(sort -u <<<"$output")" 'true false'
}

@test "generate writes nothing and lists the candidates if it finds no text" {
	project
	printf '{"target":"m:f","kwargs":{"q":"where?","n":1},"timestamp":"1"}\n' >r.jsonl
	run --separate-stderr -1 fluxloop generate inputs --from-recording r.jsonl
	assert_output ''
	assert_regex "$stderr" 'r.jsonl:1: no text found; the call is skipped, unless you name its place:'
	assert_regex "$stderr" '  --path q +where\?'
	assert_equal "$(ls -A inputs)" ''
	run --separate-stderr -1 fluxloop generate inputs --from-recording r.jsonl --path no.where
	assert_regex "$stderr" 'no text at no.where; '
	run --separate-stderr -0 fluxloop generate inputs --from-recording r.jsonl --path q --limit 2
	assert_equal "$stderr" ''
	assert_equal "$(fl-yaml inputs/generated.yaml | jq -r .metadata.input_path | sort -u)" q
	run jq -r .metadata.recording_path <(fl-yaml --documents inputs/generated.yaml)
	assert_output q
	# the configured path comes before the usual ones
	printf '{"target":"m:f","kwargs":{"message":"no","q":"where?"},"timestamp":"1"}\n' >r.jsonl
	fluxloop config set replay_args.override_param_path q
	fluxloop generate inputs --from-recording r.jsonl --limit 2 --overwrite
	assert_equal "$(fl-yaml inputs/generated.yaml | jq -r .metadata.input_path | sort -u)" q
	run -2 fluxloop generate inputs --path q --overwrite
	assert_output 'fluxloop: --path is for recorded calls: give --from-recording FILE, too'
}

@test "texts may be lines of a file, and strings of an inputs file" {
	project
	printf 'Where is my order?\n\nCancel "it"\r\n' >questions.txt
	run --separate-stderr -0 fluxloop generate inputs --lines questions.txt --limit 4
	run jq -r .metadata.lines <(fl-yaml --documents inputs/generated.yaml)
	assert_output questions.txt
	target echo <<<'return input'
	printf 'inputs: ["a b", {input: c}, d]\n' >inputs/generated.yaml
	fluxloop run experiment
	the_experiment
	assert_equal "$(values .output "$dir/trace_summary.jsonl")" 'a b c d'
	rm -r experiments/*
	fluxloop config set inputs_file questions.txt
	fluxloop run experiment
	the_experiment
	assert_equal "$(jq -r .output "$dir/trace_summary.jsonl")" $'Where is my order?\nCancel "it"'
}

@test "messages about inputs name their file" {
	project
	target echo <<<'return input'
	while IFS='|' read -r file text message; do
		printf '%b' "$text" >"$file"
		fluxloop config set inputs_file "$file"
		run --separate-stderr -1 fluxloop run experiment
		assert_line --partial ': 1 of '
		assert_regex "$stderr" "fl-run: $message"
	done <<-'END'
	a.yaml|inputs:\n- input: one\n- [two]\n|a.yaml: input 2: expected an object
	b.jsonl|{"input":"one"}\n\n5\n|b.jsonl:3: expected an object
	END
	fluxloop config unset inputs_file
	sed -i '/^base_inputs/,/back"$/d' setting.yaml
	printf 'base_inputs: [{input: one}, {text: two}]\n' >>setting.yaml
	run --separate-stderr -1 fluxloop run experiment
	assert_regex "$stderr" 'fl-run: setting.yaml: base_inputs 2: not an input'
	run --separate-stderr -1 fluxloop generate inputs --limit 2
	assert_regex "$stderr" 'fl-generate: setting.yaml: base_inputs 2: neither a template nor an input'
}

@test "inputs can be made and run as JSONL" {
	project
	fluxloop config set inputs_file inputs/i.jsonl
	fluxloop generate inputs --limit 3
	assert_equal "$(jq -s length inputs/i.jsonl)" 3
	fluxloop run experiment
	the_experiment
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 3
}

# --- run experiment -----------------------------------------------------------

@test "every input is run as many times as --iterations says" {
	project
	inputs one two three
	run fluxloop run experiment --iterations 4
	assert_success
	the_experiment
	assert_equal "$(mode_of "$dir")" 700
	run jq -sc 'group_by(.input) | map([.[0].input, length])' \
		"$dir/trace_summary.jsonl"
	assert_output '[["one",4],["three",4],["two",4]]'
	run jq .results.total_runs "$dir/summary.json"
	assert_output 12
}

@test "the result of an experiment is printed on stdout" {
	project
	inputs one two
	run --separate-stderr fluxloop run experiment
	assert_success
	assert_regex "${lines[0]}" '^experiments/my-agent_[0-9_]+: 2 runs, 0 failed, 100\.0 % succeeded, p50 [0-9.]+ ms, p95 [0-9.]+ ms$'
}

@test "a failed run does not stop the experiment, whose exit status is 1" {
	project
	target picky <<-'PY'
	if input == "bad":
	    raise ValueError("no " + input)
	return input
	PY
	inputs good bad better
	run -1 fluxloop run experiment
	the_experiment
	assert_line --partial '3 runs, 1 failed, 66.7 % succeeded'
	run jq -r 'select(.success | not) | .input' "$dir/trace_summary.jsonl"
	assert_output bad
}

@test "a target that cannot be loaded leaves no experiment" {
	project
	inputs one
	fluxloop config set runner.target nosuch:handle
	run -2 fluxloop run experiment
	assert_output --partial nosuch
	assert_output --partial 'is removed again'
	assert_equal "$(ls -A experiments)" ''
}

@test "base_inputs are run when no inputs file exists" {
	project
	run fluxloop run experiment --dry-run
	assert_success
	assert_line 'inputs      3, from setting.yaml'
	run fluxloop run experiment
	assert_success
	the_experiment
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 3
}

@test "a missing inputs file that is named is an error, even with base_inputs" {
	project
	for file in inputs/nope.yaml nope/generated.yaml nope.jsonl; do
		fluxloop config set inputs_file "$file"
		for command in 'run experiment' 'run experiment --dry-run'; do
			# shellcheck disable=SC2086 # words
			run -2 fluxloop $command
			assert_output "fl-config: $file: no such file: name another in inputs_file, or make it with 'fluxloop generate inputs'"
		done
		run -1 fluxloop config validate
		assert_output --regexp "warning: setting.yaml:[0-9]+:[0-9]+: inputs_file: '$file': no such file"
	done
	fluxloop config unset inputs_file
	FLUXLOOP_INPUTS_FILE=nope.yaml run -2 fluxloop run experiment
	assert_output --partial 'nope.yaml: no such file'
	assert_equal "$(ls -A experiments)" ''
	run -0 fluxloop run experiment
}

@test "run and generate print the warnings that validate prints, once" {
	project
	sed -i 's/^iterations:.*/iteration: 50/' setting.yaml
	printf 'multi_turn: {enabled: true}\n' >>setting.yaml
	printf 'FLUXLOOP_SED=5\n' >.env
	run --separate-stderr -1 fluxloop config validate
	warnings=$stderr
	assert_regex "$warnings" "unknown key 'iteration'; did you mean 'iterations'\?"
	assert_regex "$warnings" "'multi_turn.enabled' has no effect here"
	assert_regex "$warnings" "unknown variable 'FLUXLOOP_SED'; did you mean 'FLUXLOOP_SEED'\?"
	for command in 'run experiment --dry-run' 'run experiment' 'generate inputs --limit 2'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr -0 fluxloop $command
		assert_equal "$command: $stderr" "$command: $warnings"
	done
	run --separate-stderr -0 fluxloop status
	assert_equal "$stderr" ''
	# by hand the filters do, and agents do not get the variable
	fl-config inputs | fl-run -c setting.yaml --command 'sh -c "env >env; cat"' --protocol lines \
		>/dev/null 2>by-hand
	assert_equal "$(sed 's/^fl-run/fl-config/' by-hand)" "$warnings"
	refute grep -q FL_CHECKED env
	fl-config inputs | fl-generate -c setting.yaml --limit 1 2>&1 >/dev/null |
		sed 's/^fl-generate/fl-config/' | diff - <(cat <<<"$warnings")
}

@test "the original's folder configs is a project" {
	mkdir -p shop/configs
	cd shop
	printf 'name: shop\nsource_root: "/x"\ncollector_url: null\n' >configs/project.yaml
	printf 'base_inputs:\n- input: hi\n  expected_intent: hello\ninputs_file: inputs/generated.yaml\n' \
		>configs/input.yaml
	printf 'name: shop_test\nrunner:\n  target: "agent:run"\n  max_retries: 0\nmulti_turn:\n  enabled: false\n  max_turns: 8\nsave_traces: true\n' \
		>configs/simulation.yaml
	printf 'def run(input_text):\n    return input_text.upper()\n' >agent.py
	run --separate-stderr -0 fluxloop config validate
	assert_output 'configs: valid'
	run --separate-stderr -0 fluxloop run experiment
	assert_equal "$stderr" ''
	the_experiment
	assert_regex "$dir" '^experiments/shop_test_'
	assert_equal "$(jq -r .output "$dir/trace_summary.jsonl")" HI
	run -0 fluxloop run experiment --resume "$dir"
	run -0 fluxloop generate inputs --limit 2 --config configs/simulation.yaml
	assert_file_exists inputs/generated.yaml
	mkdir recordings
	fluxloop record enable
	assert_file_exists .env
	cd configs
	run -0 fluxloop config get name --config simulation.yaml
	assert_output shop_test
}

@test "the message about missing inputs says what makes them" {
	project
	guide_settings >setting.yaml
	run -2 fluxloop run experiment
	assert_output --partial 'inputs/generated.yaml is missing and base_inputs is empty'
	assert_output --partial 'fluxloop generate inputs'
	printf 'inputs: []\n' >inputs/generated.yaml
	run -2 fluxloop run experiment
	assert_output --partial 'inputs/generated.yaml has no inputs'
	assert_equal "$(ls -A experiments)" ''
}

@test "a broken inputs file is reported with its place before the first call" {
	project
	printf 'inputs:\n- input: one\n- input: "two\n' >inputs/generated.yaml
	run -2 fluxloop run experiment
	assert_output --regexp 'inputs/generated.yaml:[0-9]+:'
	assert_equal "$(ls -A experiments)" ''
}

@test "run --dry-run prints the plan and runs nothing" {
	project
	inputs one two three
	run --separate-stderr fluxloop run experiment --dry-run --iterations 2 \
		--limit 2 --name 'a b' --output out
	assert_success
	assert_output - <<-'END'
	target      app.handler:MessageHandler.handle_message
	inputs      2, from inputs/generated.yaml
	iterations  2
	runs        4
	results     out/a-b_<time>/
	END
	assert_equal "$(ls -A experiments)" ''
	assert_not_exists out
}

@test "run passes its options on to the filters" {
	project
	inputs one two three
	run fluxloop run experiment --limit 2 --name 'a/b c' --output 'o u t' \
		--seed 3 --parallel 2
	assert_success
	first=('o u t'/a-b-c_*)
	assert_equal "$(jq -r .input "${first[0]}/trace_summary.jsonl" | sort)" $'one\ntwo'
	run fluxloop run experiment --limit 2 --name 'a/b c' --output other \
		--seed 3 --parallel 2
	assert_success
	second=(other/*)
	assert_equal "$(jq -r .trace_id "${first[0]}/trace_summary.jsonl" | sort)" \
		"$(jq -r .trace_id "${second[0]}/trace_summary.jsonl" | sort)"
}

@test "run --personas runs only inputs of these personas" {
	project
	cat >inputs/generated.yaml <<-'END'
	inputs:
	- input: one
	  metadata: {persona: a}
	- input: two
	  metadata: {persona: b}
	- input: three
	END
	run fluxloop run experiment --personas a
	assert_success
	the_experiment
	assert_equal "$(jq -r .input "$dir/trace_summary.jsonl")" one
}

@test "experiments started in the same second get different folders" {
	project
	inputs one
	for i in 1 2 3; do
		fluxloop run experiment >out.$i &
	done
	wait
	all=(experiments/*)
	assert_equal "${#all[@]}" 3
	for dir in "${all[@]}"; do
		assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 1
	done
}

@test "paths in the configuration are relative to its folder, on the command line to the current one" {
	project
	inputs one two
	cd ../..
	run --separate-stderr fluxloop run experiment \
		--config fluxloop/my-agent/setting.yaml
	assert_success
	assert_regex "${lines[0]}" '^fluxloop/my-agent/experiments/my-agent_'
	run fluxloop parse experiment --latest --config fluxloop/my-agent/setting.yaml
	assert_success
	assert_regex "$output" '^fluxloop/my-agent/experiments/my-agent_.*/per_trace_analysis: 2 files$'
}

@test "a configuration with a leading dash and a space is found" {
	project
	mv setting.yaml './-my setting.yaml'
	inputs one
	run fluxloop run experiment --config '-my setting.yaml'
	assert_success
	the_experiment
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 1
}

# start_stuck: starts an experiment whose second call hangs until the file "release"
# exists, and returns once it hangs; `pid` is the wrapper.
start_stuck()
{
	target stuck <<-'PY'
	import os, time
	if input == "stuck":
	    open("reached", "w").close()
	    while not os.path.exists("release"):
	        time.sleep(0.05)
	return input
	PY
	inputs one stuck three
	env --default-signal=HUP,INT,QUIT STUCK="$PWD" "$BIN/fluxloop" run experiment \
		>out 2>&1 3>&- &
	pid=$!
	wait_for reached
}

@test "Ctrl-C ends an experiment with 130 and keeps its finished runs" {
	project
	start_stuck
	# repeatedly: the second one means "at once"
	while kill -s INT "$pid" 2>/dev/null; do
		sleep 0.1
	done
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 130
	the_experiment
	assert_regex "$(<out)" "stopped by SIGINT; finished runs are in $dir"
	assert_regex "$(<out)" "next: fluxloop parse experiment $dir "
	run jq -r 'select(.success) | .input' "$dir/trace_summary.jsonl"
	assert_output one
	assert_file_exists "$dir/summary.json"
}

@test "SIGTERM ends an experiment with 143 after the running call" {
	project
	start_stuck
	kill -s TERM "$pid"
	wait_until grep -F -- 'SIGTERM: no more runs' out
	touch release
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	the_experiment
	assert_regex "$(<out)" "stopped by SIGTERM; finished runs are in $dir"
	run jq -r 'select(.success) | .input' "$dir/trace_summary.jsonl"
	assert_line --index 0 one
	assert_line --index 1 stuck
	assert_file_exists "$dir/summary.json"
}

@test "SIGHUP and SIGQUIT end an experiment without blaming a program" {
	project
	for name in HUP:129 QUIT:131; do
		rm -rf experiments reached release
		start_stuck
		kill -s "${name%:*}" "$pid"
		wait_until grep -F -- "SIG${name%:*}: no more runs" out
		touch release
		status=0
		wait "$pid" || status=$?
		assert_equal "$status" "${name#*:}"
		the_experiment
		assert_regex "$(<out)" "stopped by SIG${name%:*}; finished runs are in $dir"
		[[ $(<out) != *'was ended by signal'* ]]
	done
}

@test "killing only the wrapper stops the experiment, which is complete" {
	project
	start_stuck
	kill -s KILL "$pid"
	wait_until grep -F -- 'SIGTERM: no more runs are started' out
	touch release
	the_experiment
	wait_for "$dir/summary.json"
	assert_equal "$(lines_of "$dir/traces.jsonl")" "$(lines_of "$dir/trace_summary.jsonl")"
}

# descendants PID: prints the processes below a process.
descendants()
{
	local child

	for child in $(cat "/proc/$1/task/$1/children"); do
		echo "$child"
		descendants "$child"
	done
}

# find_victim NAME: sets `victim` to the process of that name below `pid`, if it runs.
find_victim()
{
	local one

	victim=
	for one in $(descendants "$pid"); do
		[ "$(cat "/proc/$one/comm")" != "$1" ] || victim=$one
	done
	[ "$victim" ]
}

# none_stuck: whether no process of the experiment is left.
none_stuck()
{
	[ "$(processes "STUCK=$PWD")" -eq 0 ]
}

# The shell's own line for a job that a signal ended, as "12 Killed  stage ..."
JOB_LINE='(line [0-9]+|^ +[0-9]+):? .*(Killed|Segmentation fault|Done|Broken pipe)|core dumped'

@test "a program that is killed is named by the wrapper, without the shell's words" {
	project
	for program in fl-run fl-collect shell; do
		for name in KILL SEGV; do
			# which a sanitizer makes an ordinary end
			is_sanitized && [ "$name" = SEGV ] && continue
			rm -rf experiments reached release
			start_stuck
			wait_until find_victim "${program/shell/fl-run}"
			# the shell that waits for the programs
			[ "$program" != shell ] || victim=$(awk '/^PPid/ { print $2 }' "/proc/$victim/status")
			kill -s "$name" "$victim"
			touch release
			status=0
			wait "$pid" || status=$?
			assert_equal "$program $name: $status" "$program $name: 2"
			run -1 grep -aE "$JOB_LINE" out
			# the others notice it, and end what they have begun
			wait_until none_stuck
		done
	done
}

@test "a stranger that has the process id of fl-run, which has ended, is not signalled" {
	# as root, and where the kernel lets one choose the next process id
	[ -w /proc/sys/kernel/ns_last_pid ] || skip "process ids cannot be chosen"
	project
	inputs one
	cat >judge.sh <<-'END'
		while read -r _; do
			touch judging
			until [ -e judged ]; do sleep 0.02; done
			echo true
		done
	END
	printf 'evaluation: {assert: [{type: exec, value: [sh, judge.sh]}]}\n' >>setting.yaml
	cat >reuse.py <<-'END'
		import os, signal, subprocess, sys, time

		def wait_for(what, seconds=60):
		    until = time.monotonic() + seconds
		    while not what():
		        assert time.monotonic() < until, "nothing came"
		        time.sleep(0.01)

		def below(pid):
		    try:
		        with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
		            some = [int(child) for child in children.read().split()]
		    except OSError:
		        some = []
		    return some + [one for child in some for one in below(child)]

		def is_run(pid):
		    try:
		        with open("/proc/%d/cmdline" % pid, "rb") as words:
		            return b"--stderr-dir" in words.read()
		    except OSError:
		        return False

		wrapper = subprocess.Popen(["fluxloop", "run", "experiment"], stdout=subprocess.DEVNULL)
		runs = []
		wait_for(lambda: runs.extend(filter(is_run, below(wrapper.pid))) or runs)
		wait_for(lambda: os.path.exists("judging"))
		wait_for(lambda: not os.path.exists("/proc/%d" % runs[0]))
		for _ in range(1000):
		    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
		        last.write(str(runs[0] - 1))
		    stranger = subprocess.Popen(["sleep", "60"])
		    if stranger.pid == runs[0]:
		        break
		    stranger.kill()
		    stranger.wait()
		assert stranger.pid == runs[0]
		wrapper.send_signal(getattr(signal, sys.argv[1]))
		open("judged", "w").close()
		wrapper.wait()
		# the process that watches the wrapper acts now
		time.sleep(0.2)
		print(stranger.poll())
		stranger.kill()
	END
	for name in SIGINT SIGTERM SIGUSR1 SIGKILL; do
		rm -rf experiments judging judged
		run -0 python3 reuse.py "$name"
		assert_line None
	done
}

@test "SIGUSR1 reports what an experiment runs and stops nothing" {
	project
	start_stuck
	kill -s USR1 "$pid"
	wait_until grep -F -- '1 running, 1 done' out
	kill -s USR1 "$pid"
	touch release
	wait "$pid"
	the_experiment
	assert_equal "$(lines_of "$dir/trace_summary.jsonl")" 3
}

# --- parse experiment ---------------------------------------------------------

@test "parse does not replace a folder without --overwrite" {
	project
	inputs one
	fluxloop run experiment
	the_experiment
	fluxloop parse experiment "$dir/"
	run --separate-stderr -2 fluxloop parse experiment "$dir"
	assert_equal "$stderr" "fluxloop: $dir/per_trace_analysis already exists: give --overwrite to replace it, or --output for another folder"
	run fluxloop parse experiment "$dir" --overwrite
	assert_success
	run fluxloop parse experiment "$dir" --output 'o t/her'
	assert_success
	assert_output "$dir/o t/her: 1 files"
	run fluxloop parse experiment "$dir" --output "$PWD/absolute"
	assert_success
	assert_output "$PWD/absolute: 1 files"
}

@test "parse --format jsonl writes a record for each trace" {
	project
	inputs one two
	fluxloop run experiment
	run fluxloop parse experiment --latest --format jsonl
	assert_success
	the_experiment
	assert_output "$dir/per_trace_analysis/per_trace.jsonl: 2 traces"
	run jq -r '.timeline | length > 2' "$dir/per_trace_analysis/per_trace.jsonl"
	assert_output $'true\ntrue'
	assert_equal "$(mode_of "$dir/per_trace_analysis/per_trace.jsonl")" 600
}

@test "a program can add a format to parse --format" {
	project
	inputs one two
	fluxloop run experiment
	mkdir tools
	printf '#!/bin/sh\njq -r .input\n' >tools/fl-format-text
	chmod +x tools/fl-format-text
	PATH=$PATH:$PWD/tools run fluxloop parse experiment --latest --format text
	assert_success
	the_experiment
	assert_output "$dir/per_trace_analysis/per_trace.text: 2 traces"
	assert_equal "$(cat "${output%:*}")" $'one\ntwo'
}

@test "parse --format html and tree print where to look" {
	project
	inputs one two
	fluxloop run experiment
	the_experiment
	run fluxloop parse experiment --latest --format html --jobs 2 --memory 16M
	assert_success
	assert_output "$dir/per_trace_analysis/index.html: 2 pages"
	assert_equal "$(grep -c '<a href=' "${output%:*}")" 2
	run fluxloop parse experiment --latest --format tree
	assert_success
	assert_equal "$(grep -c '^✓' <<<"$output")" 2
	run fluxloop parse experiment --latest --format tree --output trees --shard-dirs
	assert_output "$dir/trees: 2 files"
	assert_equal "$(find "$dir/trees" -mindepth 2 -name '*.txt' | wc -l)" 2
}

@test "an unknown or malformed name of a format is refused" {
	project
	for format in ../x 'a b' A '' 'x;y'; do
		run -2 fluxloop parse experiment --latest --format "$format"
		assert_output --partial "fluxloop: unknown format '$format'"
	done
	run -2 fluxloop parse experiment --latest --format nope
	assert_output --partial "unknown format 'nope': expected one of md html "
	run -2 fluxloop parse experiment --latest --format htlm
	assert_output --partial "unknown format 'htlm'; did you mean 'html'?"
}

@test "--latest means the latest time, and -10 comes after -9" {
	project
	inputs one
	fluxloop run experiment
	the_experiment
	cd experiments
	name=${dir##*/}
	for copy in zz_20200101_000000 aa_20990101_000000 \
		b_20990101_000000-2 a_20990101_000000-9 \
		a_20990101_000000-10 unnamed; do
		cp -R "$name" "$copy"
	done
	cd ..
	run fluxloop parse experiment --latest
	assert_output 'experiments/a_20990101_000000-10/per_trace_analysis: 1 files'
	rm -r experiments/a_20990101_000000-10
	run fluxloop parse experiment --latest
	assert_output 'experiments/a_20990101_000000-9/per_trace_analysis: 1 files'
	rm -r experiments/[ab]_*
	run fluxloop parse experiment --latest
	assert_output 'experiments/aa_20990101_000000/per_trace_analysis: 1 files'
}

@test "the message about no experiments says what makes one" {
	project
	run -2 fluxloop parse experiment --latest
	assert_output "fluxloop: experiments: no experiments here: 'fluxloop run experiment' makes one"
}

# --- record -------------------------------------------------------------------

@test "a program that loads the .env records after record enable" {
	project
	rm recordings/args.jsonl
	printf 'import fluxloop\nfluxloop.load_env("%s")\nfluxloop.record_call_args("a:b", x=1)\n' \
		"$BATS_TEST_TMPDIR/link/.env" >program.py
	ln -s "$PWD" "$BATS_TEST_TMPDIR/link"
	fluxloop record enable
	PYTHONPATH=$(fluxloop --python-path) python3 program.py
	assert_equal "$(jq -c .kwargs recordings/args.jsonl)" '{"x":1}'
	fluxloop record disable
	PYTHONPATH=$(fluxloop --python-path) python3 program.py
	assert_equal "$(lines_of recordings/args.jsonl)" 1
}

@test "any file name survives being written to .env and read back" {
	project
	for file in plain.jsonl 'two words.jsonl' "it's.jsonl" '#1 $HOME "x".jsonl' \
		$'a\\b\\n {x} $y.jsonl' -dash.jsonl 한글.jsonl; do
		fluxloop record enable --file "$file" >/dev/null
		PYTHONPATH=$(fluxloop --python-path) run python3 -c \
			'import fluxloop, os; fluxloop.load_env(".env"); print(os.environ["FLUXLOOP_RECORDING_FILE"])'
		assert_output "$PWD/$file"
		run fluxloop record status
		assert_output $'recording is on\n'"$PWD/$file: 0 calls"
	done
	cp .env before
	run -2 fluxloop record enable --file $'it\'s ${HOME}'
	cmp .env before
}

@test "record keeps the other lines of .env" {
	project
	printf '# a comment\nKEY="a b" # c\n export FLUXLOOP_RECORD_ARGS = false\n\nFLUXLOOP_RECORD_ARGS=0\nLAST=x' >.env
	fluxloop record enable --file r.jsonl
	assert_equal "$(cat .env)" "$(printf '# a comment\nKEY="a b" # c\nFLUXLOOP_RECORD_ARGS=true\n\nLAST=x\nFLUXLOOP_RECORDING_FILE=%s' "$(quoted_for_env "$PWD/r.jsonl")")"
	assert_equal "$(mode_of .env)" 600
	fluxloop record disable
	run grep -c FLUXLOOP_RECORD_ARGS=false .env
	assert_output 1
	run grep -c FLUXLOOP_RECORD_ARGS .env
	assert_output 1
}

# quoted_for_env TEXT: prints it in double quotes, escaped.
quoted_for_env()
{
	printf '"%s"' "$(sed 's/[\\"]/\\&/g' <<<"$1")"
}

@test "record status prints whether recording is on, the file, and the number of calls" {
	project
	run fluxloop record status
	assert_output $'recording is off\nrecordings/args.jsonl: 2 calls'
	fluxloop record enable
	run fluxloop record status
	assert_line --index 0 'recording is on'
	assert_line --index 1 "$PWD/recordings/args.jsonl: 2 calls"
	FLUXLOOP_RECORD_ARGS=off run fluxloop record status
	assert_line --index 0 'recording is off'
	run -2 fluxloop record enable --file nowhere/x
	assert_output 'fluxloop: nowhere: no such folder'
}

# --- config, status, doctor ---------------------------------------------------

@test "config shows, gets, sets and validates" {
	project
	fluxloop config set iterations 7
	run fluxloop config get iterations
	assert_output 7
	run jq .iterations <(fluxloop config show)
	assert_output 7
	run grep -c '^# --- how often' setting.yaml
	assert_output 1
	run -2 fluxloop config set nosuch 1
	fluxloop config set seed -5
	run fluxloop config get seed
	assert_output -- -5
	fluxloop config set -- name --dash
	run fluxloop config get name
	assert_output -- --dash
	run fluxloop config get iterations
	assert_output 7
	run -1 fluxloop config get description
	run fluxloop config validate
	assert_output 'setting.yaml: valid'
	sed -i 's/^iterations:.*/iterations: x/' setting.yaml
	run -2 fluxloop config validate
	refute_output --partial 'setting.yaml: valid'
	sed -i 's/^iterations:.*/iterations: 1/' setting.yaml
	fluxloop config set description old
	fluxloop config unset description
	run -1 fluxloop config get description
	fluxloop config set runner.target app.handler:nosuch
	run -1 fluxloop config validate
	assert_output --partial 'has no "nosuch"'
}

@test "config validate makes the arguments, and reports those that a run would refuse" {
	mkdir app
	printf 'class Db:\n\tdef __init__(self, url): self.url = url\n' >app/db.py
	printf 'def handle(text, db): return db.url\n' >app/bot.py
	cat >setting.yaml <<-'END'
	runner: {target: "app.bot:handle"}
	replay_args: {enabled: true, override_param_path: text}
	inputs_file: inputs.jsonl
	END
	echo '{"input":"x","metadata":{"input_path":"text","template_kwargs":{"text":"a","db":"<repr:app.db.Db>"},"objects":{"db":"app.db.Db"},"types":{}}}' >inputs.jsonl
	run -1 fluxloop config validate
	assert_output --partial 'argument "db" cannot be rebuilt as app.db.Db'
	refute_output --partial 'setting.yaml: valid'
	run -2 fluxloop run experiment
	fluxloop config set replay_args.set '{db: {url: "sqlite:"}}'
	run -0 fluxloop config validate
	assert_output 'setting.yaml: valid'
	# the inputs are read with it
	echo '{"input":' >>inputs.jsonl
	run ! fluxloop config validate
	assert_output --partial 'inputs.jsonl:2'
}

@test "generate names what is missing for the next command" {
	printf 'base_inputs: ["Where is my order 1042?"]\ninputs_file: inputs.yaml\n' >setting.yaml
	run -0 fluxloop generate inputs --limit 2
	assert_output - <<-'END'
	inputs.yaml: 2 inputs
	next: fluxloop config set runner.target MODULE:FUNCTION
	then: fluxloop run experiment --config setting.yaml
	END
	fluxloop config set runner.target app:handle
	run -0 fluxloop generate inputs --limit 2 --overwrite
	assert_line --index 1 'next: fluxloop run experiment --config setting.yaml'
}

@test "status prints what the project contains" {
	project
	run fluxloop status
	assert_success
	assert_output - <<-'END'
	project      my-agent (setting.yaml)
	target       app.handler:MessageHandler.handle_message
	recordings   2 in recordings/args.jsonl
	inputs       0 in inputs/generated.yaml
	experiments  0 in experiments
	END
	inputs one two
	fluxloop run experiment
	the_experiment
	run fluxloop status
	assert_line 'inputs       2 in inputs/generated.yaml'
	assert_line 'experiments  1 in experiments'
	assert_line --partial "  $dir: 2 runs, 0 failed"
	rm "$dir/summary.json"
	run fluxloop status
	assert_line "  $dir: 2 runs, no summary: running or interrupted"
}

@test "doctor finds nothing missing in a new project" {
	project
	run fluxloop doctor
	assert_success
	for what in bash fl-config fl-yaml fl-record-extract fl-generate fl-run \
		fl-collect fl-parse config results python package target; do
		assert_line --regexp "^ok +$what +[^ ]"
	done
	refute_line --regexp '^missing'
}

@test "doctor searches for the target where the configuration says" {
	project
	mkdir -p -- 'a b/c' work
	printf 'def handle(input): pass\n' >'a b/c/there.py'
	for path in '"a b/c"' '["app", "a b/c"]'; do
		printf 'runner:\n  target: there:handle\n  working_directory: work\n  python_path: %s\n' \
			"$path" >setting.yaml
		run fluxloop doctor
		assert_line --regexp '^ok +target +there:handle$'
	done
}

@test "doctor prints what is missing and exits with 1" {
	project
	fluxloop config set runner.target nosuch:handle
	run -1 fluxloop doctor
	assert_line --regexp '^missing +target +.*nosuch'
	fluxloop config set runner.python /nowhere/python
	run -1 fluxloop doctor
	assert_line --regexp "^missing +python +'/nowhere/python'"
	printf 'iterations: x\n' >setting.yaml
	run -1 fluxloop doctor
	assert_line --regexp '^missing +config '
	mkdir bare
	cp "$BIN/fluxloop" bare
	PATH=/usr/bin:/bin run -2 bare/fluxloop doctor
	assert_output --partial "fl-doctor: not found in $PWD/bare or the PATH: run 'make'"
	cp "$BIN/fl-doctor" bare
	PATH=/usr/bin:/bin run -1 bare/fluxloop doctor
	assert_line --regexp '^missing +fl-run '
	assert_line --regexp '^ok +bash '
}

# --- -x -----------------------------------------------------------------------

@test "the pipelines that -x prints can be pasted" {
	project
	mkdir 'o u'
	run --separate-stderr fluxloop -x generate inputs --limit 4 \
		--from-recording recordings/args.jsonl --output "o u/it's.yaml"
	assert_success
	made=$(<"o u/it's.yaml")
	rm "o u/it's.yaml"
	bash -euc "$stderr"
	assert_equal "$(<"o u/it's.yaml")" "$made"

	fluxloop config set inputs_file "o u/it's.yaml"
	run --separate-stderr fluxloop --trace run experiment --name "it's" \
		--output 'o u/$t' --limit 3 --parallel 1
	assert_success
	all=('o u/$t'/*)
	rm -r "${all[0]}"
	bash -euo pipefail -c "$stderr"
	assert_equal "$(lines_of "${all[0]}/trace_summary.jsonl")" 3

	run --separate-stderr fluxloop -x parse experiment "${all[0]}" \
		--format jsonl --output "p'p"
	assert_success
	rm -r "${all[0]}/p'p"
	bash -euc "$stderr"
	assert_equal "$(lines_of "${all[0]}/p'p/per_trace.jsonl")" 3
}

@test "-x prints the paths of filters that are not in the PATH" {
	project
	PATH=/usr/bin:/bin run --separate-stderr "$BIN/fluxloop" -x config validate
	assert_equal "$stderr" "$BIN/fl-config -f setting.yaml check"$'\n'"$BIN/fl-run --config setting.yaml --no-progress --check"
	run --separate-stderr fluxloop -x config validate
	assert_equal "$stderr" "fl-config -f setting.yaml check"$'\n'"fl-run --config setting.yaml --no-progress --check"
}

# --- completion ---------------------------------------------------------------

# completes LINE: sets `offered` to the completions of its last word.
completes()
{
	local COMPREPLY

	read -r -a COMP_WORDS <<<"$1"
	[[ $1 == *' ' ]] && COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_fluxloop || :
	offered=${COMPREPLY[*]}
}

# offers: checks the completions of lines, LINE|WORDS.
offers()
{
	local line wanted

	while IFS='|' read -r line wanted; do
		completes "$line"
		assert_equal "$line: $offered" "$line: $wanted"
	done
}

@test "completion offers commands, options and values" {
	source "${BIN%/bin}/completion/fluxloop"
	project
	cd "$BATS_FILE_TMPDIR/fluxloop/my-agent"
	offers <<-'END'
	fluxloop ge|generate
	fluxloop -x ge|generate
	fluxloop generate |inputs
	fluxloop record |enable disable status
	fluxloop config v|validate
	fluxloop run experiment --it|--iterations
	fluxloop run experiment --dry-run --p|--parallel --personas
	fluxloop -x parse experiment --o|--output --overwrite
	fluxloop doctor --c|--config
	fluxloop run experiment --config s|setting.yaml
	fluxloop run experiment --config = s|setting.yaml
	fluxloop generate inputs --from-recording recordings/|recordings/args.jsonl
	fluxloop generate inputs --strategy t|typo
	fluxloop parse experiment --format j|json jsonl
	fluxloop run experiment --limit |
	END
}

@test "completion offers what filters and their lists print, and keys of setting.yaml" {
	source "${BIN%/bin}/completion/fluxloop"
	project
	cd "$BATS_FILE_TMPDIR/fluxloop/my-agent"
	offers <<-'END'
	fl-run --max-|--max-failures --max-time --max-tokens
	fl-run --protocol j|jsonl
	fl-run -c s|setting.yaml
	fl-run --config = s|setting.yaml
	fl-parse --format j|json jsonl
	fl-parse -f j|json jsonl
	fl-parse --output-dir re|recordings
	fl-generate -s ty|typo
	fl-import prom|promptfoo
	fl-http rec|record record_example.py recordings
	fl-llm --api a|anthropic
	fl-config un|unset
	fl-config -f setting.yaml get runner.isol|runner.isolation
	fl-config set runner.isolation |none call
	fl-record-extract recordings/|recordings/args.jsonl
	fluxloop config get runner.timeout|runner.timeout_seconds
	fluxloop config set mask_secrets |true false
	fluxloop config unset --config setting.yaml seed|seed
	fluxloop diff --format j|json jsonl
	fluxloop help gen|generate
	END
	completes "$BIN/fl-parse -f ht"
	assert_equal "$offered" html
	# all keys with a default, but for those without effect
	fl-config keys | cut -f 1 | sort >keys
	fl-config show --defaults | jq -r 'paths | join(".")' | sort | comm -23 - keys >left
	run cat left
	assert_output ''
}

@test "completion asks no program that is not a filter" {
	source "${BIN%/bin}/completion/fluxloop"
	mkdir bin
	printf '#!/bin/sh\ntouch called\n' >bin/fl-other
	chmod +x bin/fl-other
	PATH=$PWD/bin:$PATH
	run -0 fluxloop --complete fl-other --
	assert_output ''
	run -0 fluxloop --complete bin/fl-other --
	assert_output ''
	assert_not_exists called
	complete -p fl-run fl-yaml fluxloop
	run -1 complete -p fl-format-tsv
}

# typed SHELL LINE: for zsh, what the line becomes; for fish, what it offers.
typed()
{
	case $1 in
	zsh)
		zsh -f "$ROOT/tests/completion.zsh" "${BIN%/bin}/completion" "$2" result
		sed "s/ $//" result
		;;
	fish)
		fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
			"${BIN%/bin}/completion/fluxloop.fish" "$2" | cut -f 1 | paste -sd ' ' -
		;;
	esac
}

@test "zsh completes the same words" {
	command -v zsh >/dev/null || skip 'zsh is not installed'
	touch setting.yaml other.txt
	mkdir folder 'experiments/a b_1' -p
	touch 'experiments/a b_1/trace_summary.jsonl'
	while IFS='|' read -r line wanted; do
		assert_equal "$line: $(typed zsh "$line")" "$line: $wanted"
	done <<-'END'
	fluxloop gen|fluxloop generate
	fluxloop run experiment --par|fluxloop run experiment --parallel
	fluxloop run experiment --config=se|fluxloop run experiment --config=setting.yaml
	fluxloop parse experiment exp|fluxloop parse experiment experiments/a\ b_1/
	fluxloop config get runner.isol|fluxloop config get runner.isolation
	fl-parse -f htm|fl-parse -f html
	fl-parse --output-dir fol|fl-parse --output-dir folder/
	fl-run --max-t|fl-run --max-t
	fl-run --max-ti|fl-run --max-time
	END
}

@test "fish completes the same words" {
	command -v fish >/dev/null || skip 'fish is not installed'
	touch setting.yaml other.txt
	mkdir folder experiments/a_1 -p
	touch experiments/a_1/trace_summary.jsonl
	while IFS='|' read -r line wanted; do
		assert_equal "$line: $(typed fish "$line")" "$line: $wanted"
	done <<-'END'
	fluxloop gen|generate
	fluxloop run experiment --par|--parallel
	fluxloop run experiment --config=se|--config=setting.yaml
	fluxloop parse experiment exp|experiments/a_1
	fluxloop config get runner.isol|runner.isolation
	fl-parse -f htm|html
	fl-parse --output-dir fol|folder/
	fl-run --max-t|--max-time --max-tokens
	END
}

@test "completion offers the folders of experiments" {
	source "${BIN%/bin}/completion/fluxloop"
	mkdir -p experiments/{a_1,a_2,other}
	touch experiments/a_{1,2}/trace_summary.jsonl
	completes 'fluxloop parse experiment '
	assert_equal "$offered" 'experiments/a_1 experiments/a_2'
	completes 'fluxloop run experiment --resume '
	assert_equal "$offered" 'experiments/a_1 experiments/a_2'
	completes 'fluxloop run experiment --parallel 2 '
	refute_regex "$offered" experiments
	# no name can be a word on the command line
	mkdir $'experiments/a_3\n; touch called' $'experiments/a_4\t'
	for folder in experiments/a_[34]*; do
		touch "$folder/trace_summary.jsonl"
	done
	completes 'fluxloop parse experiment '
	assert_equal "$offered" 'experiments/a_1 experiments/a_2'
	completes 'fluxloop parse experiment experiments/a_2'
	assert_equal "$offered" 'experiments/a_2'
	cd experiments
	completes 'fluxloop parse experiment a'
	assert_equal "$offered" 'a_1 a_2'
}

@test "completion offers the options that the help prints" {
	source "${BIN%/bin}/completion/fluxloop"
	for command in 'init project' 'generate inputs' 'run experiment' \
		'parse experiment' 'record enable' 'config show' status doctor; do
		completes "fluxloop $command --"
		known=$(tr ' ' '\n' <<<"$offered" |
			grep -v -x -e --yes -e --help | LC_ALL=C sort)
		# shellcheck disable=SC2086 # two words
		printed=$(fluxloop $command --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' |
			LC_ALL=C sort)
		assert_equal "$command: $known" "$command: $printed"
	done
}

@test "completion offers the existing strategies only" {
	source "${BIN%/bin}/completion/fluxloop"
	project
	completes 'fluxloop generate inputs --strategy '
	for strategy in $offered; do
		[[ $strategy == custom ]] && continue
		# some write nothing for the project's short texts
		run fluxloop generate inputs --strategy "$strategy" --limit 1 \
			--dry-run
		refute_output --partial 'unknown strategy'
	done
	refute [ -z "$offered" ]
}

@test "the wrapper, its help and its completion know every format and strategy of the programs" {
	mkdir -p new/bin
	cp -L "$BIN"/* new/bin
	cat >new/bin/fl-parse <<-'END'
	#!/bin/sh
	[ "$1" = --list-formats ] && printf 'dummy\tall.txt\ta test of the registry\n' && exit
	for word; do
		[ "$last" = --output-dir ] && mkdir "$word" && touch "$word/all.txt" "$word/index.jsonl"
		last=$word
	done
	END
	cat >new/bin/fl-generate <<-'END'
	#!/bin/sh
	[ "$1" = --list-strategies ] && printf 'dummy\ta test of the registry\n'
	END
	mkdir dir
	touch dir/trace_summary.jsonl
	run new/bin/fluxloop parse experiment dir --format dummy
	assert_success
	assert_output 'dir/per_trace_analysis/all.txt: 0 traces'
	run new/bin/fluxloop parse experiment --help
	assert_output --regexp 'dummy +a test of the registry'
	run new/bin/fluxloop generate inputs --help
	assert_output --regexp 'dummy +a test of the registry'
	source "${BIN%/bin}/completion/fluxloop"
	completes 'new/bin/fluxloop parse experiment --format d'
	assert_equal "$offered" dummy
	completes 'new/bin/fluxloop generate inputs --strategy '
	assert_equal "$offered" dummy
}

# counted WORD...: runs fluxloop where each program that it starts is noted.
counted()
{
	local program

	mkdir -p "$BATS_TEST_TMPDIR/shims"
	cp -- "$BIN/fluxloop" "$BATS_TEST_TMPDIR/shims"
	# shellcheck disable=SC2016 # expanded by the script
	for program in "$BIN"/fl-*; do
		printf '#!/bin/sh\necho "${0##*/} $1 $2 $3" >>%s/started\nexec %s "$@"\n' \
			"$BATS_TEST_TMPDIR" "$program" >"$BATS_TEST_TMPDIR/shims/${program##*/}"
		chmod +x "$BATS_TEST_TMPDIR/shims/${program##*/}"
	done
	"$BATS_TEST_TMPDIR/shims/fluxloop" "$@"
}

@test "a command reads the configuration with one program" {
	project
	fluxloop generate inputs --limit 2 --from-recording recordings/args.jsonl
	counted run experiment
	run cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/started"
	assert_equal "$(sort <<<"$output" | uniq -c | tr -s ' \n' ' ')" \
		' 2 fl-collect 1 fl-config 1 fl-run 1 fl-status 2 fl-yaml '
	rm "$BATS_TEST_TMPDIR/started"
	counted status
	assert_equal "$(grep -c '^fl-config' "$BATS_TEST_TMPDIR/started")" 1
	rm "$BATS_TEST_TMPDIR/started"
	counted generate inputs --overwrite --limit 2 --from-recording recordings/args.jsonl
	assert_equal "$(grep -c '^fl-config' "$BATS_TEST_TMPDIR/started")" 1
}
