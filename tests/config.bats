load test_helper
load filter_helper

setup_file()
{
	find_python
}

# setting: writes stdin to setting.yaml.
setting()
{
	cat >setting.yaml
}

# --- check ------------------------------------------------------------------------

@test "changes at the same time are all made" {
	local i

	echo 'name: x' >setting.yaml
	for i in 1 2 3 4 5 6; do
		fl-config set "runner.args.k$i" "$i" &
		fl-config env set "K$i" "$i" &
	done
	wait
	assert_equal "$(fl-config get runner.args | jq -c 'keys')" '["k1","k2","k3","k4","k5","k6"]'
	assert_equal "$(sort .env | xargs)" 'K1=1 K2=2 K3=3 K4=4 K5=5 K6=6'
	rm setting.yaml
	mkfifo setting.yaml
	run --separate-stderr -2 timeout 100 fl-config set iterations 3
	assert_equal "$stderr" 'fl-config: setting.yaml: not a regular file'
}

@test "check prints nothing about a valid file" {
	setting <<-'END'
	name: my agent
	description: "what it is"
	runner:
	  target: "app.handler:MessageHandler.handle_message"
	  working_directory: .
	  timeout_seconds: 2.5
	  environment_vars: {A: 1, B: true, C: "x"}
	  process:
	    command: [sh, -c, cat]
	    protocol: lines
	replay_args:
	  enabled: true
	  callable_providers:
	    send_callback: "builtin:collector.send"
	base_inputs: [a, {input: b}]
	iterations: 50
	seed: -3
	personas:
	- name: novice
	  characteristics: [short, lower case]
	tags: [a, b]
	metadata: {anything: {at: [all]}}
	END
	run --separate-stderr -0 fl-config check
	assert_output ''
	assert_equal "$stderr" ''
}

@test "errors and warnings are reported with their position, and errors make check end with 2" {
	setting <<-'END'
	# a comment
	name: "my agent"   # behind it
	iteration: 3
	iterations: "5"
	parallel_runs: -1
	runner:
	  target: [app, run]
	  timeout_seconds: 0
	  max_retries: 1.5
	  process:
	    protocl: lines
	    protocol: csv
	seed: 1.5
	personas:
	- name: a
	  langage: en
	- b
	replay_args:
	  enabled: 1
	  callable_providers: [x]
	output_directory: 7
	timeout_seconds: 3
	runer: {}
	qqqqqqq: 1
	END
	run --separate-stderr -2 fl-config check
	assert_output ''
	cat >wanted <<-'END'
	fl-config: warning: setting.yaml:3:1: unknown key 'iteration'; did you mean 'iterations'?
	fl-config: setting.yaml:4:13: 'iterations' must be a whole number, not "5"
	fl-config: setting.yaml:5:16: 'parallel_runs' must be from 0 to 4096
	fl-config: setting.yaml:7:11: 'runner.target' must be a string, not an array
	fl-config: setting.yaml:8:20: 'runner.timeout_seconds' must be from 0.001 to 1000000000
	fl-config: setting.yaml:9:16: 'runner.max_retries' must be a whole number, not 1.5
	fl-config: warning: setting.yaml:11:5: unknown key 'runner.process.protocl'; did you mean 'protocol'?
	fl-config: setting.yaml:12:15: 'runner.process.protocol' must be jsonl or lines, not "csv"
	fl-config: setting.yaml:13:7: 'seed' must be a whole number, not 1.5
	fl-config: warning: setting.yaml:16:3: unknown key 'personas.0.langage'; did you mean 'language'?
	fl-config: setting.yaml:17:3: 'personas.1' must be a mapping, not "b"
	fl-config: setting.yaml:19:12: 'replay_args.enabled' must be true or false, not 1
	fl-config: setting.yaml:20:23: 'replay_args.callable_providers' must be a mapping, not an array
	fl-config: setting.yaml:21:19: 'output_directory' must be a string, not 7
	fl-config: warning: setting.yaml:22:1: unknown key 'timeout_seconds'; did you mean 'runner.timeout_seconds'?
	fl-config: warning: setting.yaml:23:1: unknown key 'runer'; did you mean 'runner'?
	fl-config: warning: setting.yaml:24:1: unknown key 'qqqqqqq'
	END
	diff wanted <(cat <<<"$stderr")
	setting <<<'iteration: 3'
	run -1 fl-config check
	assert_output --partial 'warning: '
}

@test "wrong values of every key are refused" {
	while IFS='|' read -r key value; do
		# a.b.c becomes nested sections
		outer=${key%.*}
		{
			[[ $key == *.* ]] && printf '%s:\n' "${outer//./$':\n '}"
			[[ $key == *.* ]] && printf '   '
			printf '%s: %s\n' "${key##*.}" "$value"
		} >setting.yaml
		run --separate-stderr -2 fl-config check
		assert_regex "$key: $value: $stderr" "^$key: .*: fl-config: setting.yaml:[0-9]+:[0-9]+: '$key' must be "
	done <<-'END'
	name|[a]
	name|1
	runner|word
	runner|[]
	runner.target|true
	runner.timeout_seconds|soon
	runner.timeout_seconds|-1
	runner.timeout_seconds|1e10
	runner.max_retries|-1
	runner.concurrency|0
	runner.isolation|sometimes
	runner.process.command|{a: b}
	runner.environment_vars|[A]
	runner.python_path|{a: b}
	iterations|0
	iterations|1.5
	iterations|-1
	iterations|2000000000
	iterations|[1]
	iterations|true
	parallel_runs|5000
	run_delay_seconds|-0.5
	seed|abc
	personas|a
	base_inputs|a
	inputs_file|[a, b]
	input_template|{a: b}
	replay_args|true
	replay_args.enabled|"true"
	replay_args.enabled|yes
	replay_args.drain_seconds|-1
	tags|{a: b}
	metadata|[]
	END
}

@test "a duplicate key is an error at the second one" {
	setting <<<$'name: a\nrunner:\n  target: "a:b"\n  "target": "c:d"\nname: b'
	run --separate-stderr -2 fl-config check
	assert_equal "$stderr" "$(printf '%s\n' \
		"fl-config: setting.yaml:4:3: duplicate key 'runner.target'" \
		"fl-config: setting.yaml:5:1: duplicate key 'name'")"
}

@test "scalars that PyYAML reads differently are warnings" {
	setting <<<$'name: yes\ndescription: 2025-10-04\nversion: 010\ntags: [12:30:45, "on", on, no more]'
	run --separate-stderr -1 fl-config check
	assert_equal "$(sed 's/^fl-config: warning: setting.yaml:\([0-9:]*\): \([^ ]*\) .*, but as \(.*\) by other.*/\1 \2 \3/' <<<"$stderr")" \
		$'1:7 yes a boolean\n2:14 2025-10-04 a date\n3:10 010 an octal number\n4:8 12:30:45 a number in base 60\n4:24 on a boolean'
}

@test "a file that is not YAML or not a mapping is reported with the position" {
	for text in 'a: [' '- a' 'word' '"a' $'a: 1\n b: 2' $'a: \xff' '1'; do
		printf '%s\n' "$text" >setting.yaml
		for command in check show 'get name' inputs env; do
			# shellcheck disable=SC2086 # these are words
			run --separate-stderr -2 fl-config $command
			assert_output ''
			assert_regex "$stderr" '^fl-config: setting.yaml:[0-9]+:([0-9]+:)? '
		done
	done
	printf 'a: \0\n' >setting.yaml
	run --separate-stderr -2 fl-config check
	assert_equal "$stderr" 'fl-config: setting.yaml:1:4: NUL byte'
	rm setting.yaml
	run --separate-stderr -2 fl-config check
	assert_equal "$stderr" 'fl-config: setting.yaml: No such file or directory'
	run --separate-stderr -2 fl-config -f . check
	assert_equal "$stderr" 'fl-config: .: Is a directory'
}

@test "a second document is an error" {
	for text in '{}\nname: a\n' 'name: a\n...\nseed: 3\n' 'name: a\n---\nseed: 3\n' \
		'name: a\n---\nb: [\n'; do
		# shellcheck disable=SC2059 # it has line breaks
		printf -- "$text" >setting.yaml
		run --separate-stderr -2 fl-config check
		assert_regex "$text: $stderr" ': fl-config: setting.yaml:[2-4]:'
	done
}

@test "a file that is empty or has only comments gives the defaults" {
	for text in '' '# nothing' '---' '{}'; do
		printf '%s\n' "$text" >setting.yaml
		run --separate-stderr -0 fl-config check
		assert_equal "$stderr" ''
		run -0 fl-config get iterations
		assert_output 1
	done
}

# --- show, get, inputs, env ---------------------------------------------------------

@test "show prints configured values and defaults" {
	setting <<<$'iterations: 7\nrunner: {timeout_seconds: 2.50}\nmetadata: {a: [1, null]}'
	fl-config show >out
	assert_jq '[.iterations, .parallel_runs, .run_delay_seconds, .output_directory, .inputs_file, .replay_args.enabled, .runner.timeout_seconds == 2.5, .runner.max_retries, .metadata.a]' \
		'[7,1,0,"experiments","inputs/generated.yaml",false,true,0,[1,null]]' out
	setting <<<''
	fl-config show >out
	assert_jq '[.iterations, .parallel_runs, .run_delay_seconds, .output_directory, .inputs_file, .replay_args.enabled, .runner.timeout_seconds, .runner.max_retries]' \
		'[1,1,0,"experiments","inputs/generated.yaml",false,300,0]' out
}

@test "show --defaults prints the defaults alone" {
	setting <<<'iterations: 7'
	echo 'not: [valid' >bad.yaml
	for args in 'show' '-f bad.yaml show'; do
		# shellcheck disable=SC2086 # these are words
		FLUXLOOP_ITERATIONS=9 run --separate-stderr -0 fl-config $args --defaults
		assert_equal "$stderr" ''
		assert_equal "$(jq -c '[.iterations,.parallel_runs,.runner.timeout_seconds,.runner.max_retries,
			.run_delay_seconds,.output_directory,.inputs_file,.replay_args.enabled,.name]' <<<"$output")" \
			'[1,1,300,0,0,"experiments","inputs/generated.yaml",false,null]'
	done
	run -2 fl-config show --default
	run -2 fl-config shwo
	assert_line "fl-config: unknown command 'shwo'; did you mean 'show'?"
}

@test "show masks the values of secrets, and only these" {
	setting <<-'END'
	collector_api_key: "topsecret"
	runner:
	  environment_vars:
	    OPENAI_API_KEY: "topsecret"
	    DB_PASSWORD: topsecret
	    githubToken: topsecret
	    AWS_SECRET_ACCESS_KEY: topsecret
	    AUTHOR: seen
	    MONKEY: seen
	    KEYBOARD: seen
	    MAX_TOKENS: seen
	    TOKEN_LIMIT: seen
	  factory_kwargs:
	    inner: {password: topsecret, list: [{secret: topsecret, name: seen}]}
	END
	run --separate-stderr -0 fl-config show
	refute_output --partial topsecret
	assert_equal "$(grep -c '"\*\*\*"' <<<"$output")" 7
	assert_equal "$(grep -c '"seen"' <<<"$output")" 6
}

@test "get prints one effective value" {
	setting <<-'END'
	runner:
	  target: "a:b"
	  process: {command: [sh, -c, "a b"]}
	personas:
	- {name: "n\u00e9"}
	seed: 5
	END
	while IFS='|' read -r key wanted; do
		run --separate-stderr -0 fl-config get "$key"
		assert_equal "$key: $output" "$key: $wanted"
	done <<-'END'
	runner.target|a:b
	runner.process.command|["sh","-c","a b"]
	runner.process.command.1|-c
	personas.0.name|né
	seed|5
	iterations|1
	replay_args.enabled|false
	END
	for key in description runner.nothing nothing personas.1.name; do
		run --separate-stderr -1 fl-config get "$key"
		assert_output ''
	done
}

@test "the name defaults to the name of the project folder" {
	mkdir 'a project'
	cd 'a project'
	setting <<<'iterations: 1'
	run -0 fl-config get name
	assert_output 'a project'
	setting <<<'name: other'
	run -0 fl-config get name
	assert_output other
}

@test "inputs prints base_inputs as inputs" {
	setting <<<$'base_inputs:\n- a\n- {input: b, metadata: {persona: x}}\n- 5\n- |\n  c\n  d'
	run --separate-stderr -0 fl-config inputs
	assert_output $'{"input":"a"}\n{"input":"b","metadata":{"persona":"x"}}\n{"input":5}\n{"input":"c\\nd\\n"}'
	setting <<<''
	run --separate-stderr -0 fl-config inputs
	assert_output ''
}

# --- the environment ------------------------------------------------------------------

@test "the environment precedes the project's .env, the root's .env and the file" {
	mkdir -p root/project
	cd root/project
	setting <<<'iterations: 2'
	run -0 fl-config get iterations
	assert_output 2
	echo 'FLUXLOOP_ITERATIONS=3' >../.env
	run -0 fl-config get iterations
	assert_output 3
	echo 'FLUXLOOP_ITERATIONS=4' >.env
	run -0 fl-config get iterations
	assert_output 4
	FLUXLOOP_ITERATIONS=5 run -0 fl-config get iterations
	assert_output 5
	# an empty variable does not override
	FLUXLOOP_ITERATIONS= run -0 fl-config get iterations
	assert_regex "$output" '^[24]$'
	# .env is read from the file's folder, not from the current one
	cd /
	run -0 fl-config -f "$BATS_TEST_TMPDIR/root/project/setting.yaml" get iterations
	assert_output 4
}

@test "every variable overrides its key" {
	setting <<<''
	while IFS='|' read -r variable key value; do
		run --separate-stderr -0 env "$variable=$value" fl-config get "$key"
		assert_equal "$key: $output" "$key: $value"
	done <<-'END'
	FLUXLOOP_NAME|name|other name
	FLUXLOOP_TARGET|runner.target|a:b
	FLUXLOOP_PYTHON|runner.python|/x/python
	FLUXLOOP_TIMEOUT_SECONDS|runner.timeout_seconds|2.5
	FLUXLOOP_MAX_RETRIES|runner.max_retries|2
	FLUXLOOP_RETRY_DELAY|runner.retry_delay|0.5
	FLUXLOOP_INPUTS_FILE|inputs_file|in.yaml
	FLUXLOOP_ITERATIONS|iterations|9
	FLUXLOOP_PARALLEL_RUNS|parallel_runs|0
	FLUXLOOP_RUN_DELAY_SECONDS|run_delay_seconds|1.5
	FLUXLOOP_SEED|seed|-12
	FLUXLOOP_OUTPUT_DIRECTORY|output_directory|out
	END
}

@test "a variable with an invalid value is an error" {
	setting <<<''
	for value in 0 -1 1.5 many 1e99 nan 3x ' '; do
		FLUXLOOP_ITERATIONS=$value run --separate-stderr -2 fl-config check
		assert_regex "$stderr" "FLUXLOOP_ITERATIONS='$value' .*'iterations'"
	done
}

@test ".env files are read by their rules and never executed" {
	# shellcheck disable=SC2016 # nothing is to be expanded
	printf '%s\n' \
		'# a comment' \
		'' \
		'A=plain' \
		'  B = spaces around  ' \
		'export C=exported' \
		'D="double \"quoted\"\tx\n#y"' \
		"E='single \\n \$x'" \
		'F=value # comment' \
		'G=a#b' \
		'H=$(touch ran) `touch ran` $HOME' \
		'I=' \
		'J="two' \
		'lines"' \
		'K=first' \
		'K=second' \
		'L="a" # behind' \
		'M=a=b=c' \
		'N=é😀' \
		'Q=<${A}|${B}|${INHERITED}|${NONE}|${NONE:-x y}|${A:-z}>' \
		'R="<${A}>\${A}"' \
		"S='\${A}'" \
		'T=${' \
		'U=${A' >.env
	printf 'O=windows\r\nP="w"\r\n' >>.env
	setting <<<''
	run --separate-stderr -0 env -i PATH="$PATH" INHERITED=inherited fl-config env
	assert_equal "$stderr" ''
	assert_output "$(cat <<-'END'
	A=plain
	B=spaces around
	C=exported
	D=double "quoted"	x
	#y
	E=single \n $x
	F=value
	G=a#b
	H=$(touch ran) `touch ran` $HOME
	I=
	J=two
	lines
	K=second
	L=a
	M=a=b=c
	N=é😀
	Q=<plain|spaces around|inherited||x y|plain>
	R=<plain>${A}
	S=${A}
	T=${
	U=${A
	O=windows
	P=w
	END
	)"
	assert_not_exists ran
}

@test "a bad line of .env is reported, and the other lines are read" {
	printf 'A=1\nnonsense\nB=2\n1C=3\nD="open\n' >.env
	setting <<<''
	run --separate-stderr -0 fl-config env
	assert_output $'A=1\nB=2'
	run --separate-stderr -1 fl-config check
	assert_equal "$(sed 's/^fl-config: warning: .*\.env:/.env:/' <<<"$stderr")" \
		$'.env:2: expected NAME=VALUE\n.env:4: expected NAME=VALUE\n.env:5: missing closing quote'
}

@test "env prints the variables that agents do not inherit, with secrets masked" {
	printf 'FROM_DOTENV=1\nMY_API_KEY=topsecret\nHOME=other\nBOTH=dotenv\n' >.env
	setting <<<$'runner:\n  environment_vars: {FROM_FILE: 2, BOTH: file, FLAG: true, WORD: "a b"}'
	run --separate-stderr -0 fl-config env
	assert_equal "$(sort <<<"$output")" \
		$'BOTH=dotenv\nFLAG=true\nFROM_DOTENV=1\nFROM_FILE=2\nMY_API_KEY=***\nWORD=a b'
}

# --- set ------------------------------------------------------------------------------

# changes FILE KEY VALUE: sets the key and prints the difference.
changes()
{
	cp "$1" before
	fl-config -f "$1" set "$2" "$3"
	diff before "$1" | grep '^[<>]' || true
}

@test "set changes the value's bytes and nothing else" {
	while IFS='|' read -r key value old new; do
		setting <<-'END'
		# head
		name:   "my agent"   # the name

		iterations: 1
		runner:   # what to run
		    target:   'app:run'
		    timeout_seconds: 300    # long
		    process: {protocol: jsonl, command: "x"}
		description:
		replay_args:
		  enabled: false
		base_inputs:
		  - a   # first
		  - "b"
		seed: 5 # last line
		END
		assert_equal "$(changes setting.yaml "$key" "$value")" \
			"< $old"$'\n'"> $new"
		run -0 fl-config get "$key"
		assert_output "$value"
		run -0 fl-config check
	done <<-'END'
	name|other|name:   "my agent"   # the name|name:   other   # the name
	name|a: b # c|name:   "my agent"   # the name|name:   "a: b # c"   # the name
	name|yes|name:   "my agent"   # the name|name:   "yes"   # the name
	name|12|name:   "my agent"   # the name|name:   "12"   # the name
	name|say "hi" \n|name:   "my agent"   # the name|name:   "say \"hi\" \\n"   # the name
	name|é😀|name:   "my agent"   # the name|name:   "é😀"   # the name
	iterations|20|iterations: 1|iterations: 20
	runner.target|b:c.d|    target:   'app:run'|    target:   "b:c.d"
	runner.timeout_seconds|2.5|    timeout_seconds: 300    # long|    timeout_seconds: 2.5    # long
	runner.process.protocol|lines|    process: {protocol: jsonl, command: "x"}|    process: {protocol: lines, command: "x"}
	description|text|description:|description: text
	replay_args.enabled|true|  enabled: false|  enabled: true
	seed|-7|seed: 5 # last line|seed: -7 # last line
	END
}

@test "set adds a missing key to its section or with its section" {
	mkdir a b
	while IFS=';' read -r text key value; do
		# shellcheck disable=SC2059 # it has line breaks
		printf -- "$text" >setting.yaml
		cp setting.yaml before
		run --separate-stderr -0 fl-config set "$key" "$value"
		assert_equal "$stderr" ''
		run -0 fl-config get "$key"
		assert_output "$value"
		run --separate-stderr -0 fl-config check
		assert_equal "$text: $stderr" "$text: "
		# every old line is kept, in its order
		assert_equal "$text: $(diff <(sed -e '$a\' before) setting.yaml | grep -c '^<')" \
			"$text: 0"
	done <<-'END'
	name: a\n;iterations;3
	name: a;iterations;3
	;iterations;3
	;runner.process.protocol;lines
	# only this;iterations;3
	# only this\n\n;runner.target;a:b
	---\nname: a\n;iterations;3
	runner:\n  target: "a:b"\nname: x\n;runner.max_retries;2
	runner:\n    target: "a:b"\nname: x\n;runner.max_retries;2
	runner:\n  target: "a:b" # c;runner.max_retries;2
	runner:\n  process:\n    protocol: lines\nname: x\n;runner.max_retries;2
	runner:\n  process:\n    protocol: lines\nname: x\n;runner.process.ready_pattern;x
	runner:\n  environment_vars:\n    A: |\n      x\n  target: "a:b"\n;runner.max_retries;2
	runner:\n  target: "a:b"\n;replay_args.enabled;true
	runner:\n  target: "a:b"\n;runner.process.protocol;lines
	description: |\n  text\n  more\n;iterations;3
	base_inputs:\n- a\n- b\n;iterations;3
	runner:\n  python_path:\n  - a\n  - b\n;runner.max_retries;2
	END
}

@test "set changes only the given key, or nothing, in files of every form" {
	local wrong=() text pair status n=0

	while IFS= read -r text; do
		# shellcheck disable=SC2059 # it has line breaks
		printf -- "$text" >before
		fl-config -f before show >old 2>/dev/null || fail "bad case: $text"
		for pair in iterations=3 runner.process.protocol=lines name=new; do
			cp before setting.yaml
			status=0
			fl-config set "${pair%=*}" "${pair#*=}" 2>err || status=$?
			if ((status)); then
				cmp before setting.yaml && grep -q '^fl-config: setting.yaml:' err ||
				wrong+=("$text, $pair: refused: $(<err)")
			elif ! fl-config show >new 2>err; then
				wrong+=("$text, $pair: $(<setting.yaml) $(<err)")
			else
				cat old new
				printf '"%s"\n' "${pair%=*}" "${pair#*=}" "$((++n))"
				printf '%s\n' "$text, $pair: $(<setting.yaml)" >"case-$n"
			fi
		done
	done >shown <<-'END'
	{}\n
	{name: a, iterations: 1}\n
	name: a\n...\n
	---\nname: a\niterations: 1\n...\n
	  name: a\n  iterations: 1\n
	name: a\r\niterations: 1\r\nseed: 1\r\n
	runner: {target: "a:b"}\n
	runner: {}\n
	runner:\n
	runner:\nname: x\n
	runner: # nothing yet\nname: x\n
	runner:\n  # a comment\n  target: "a:b"\n  # another\nname: x\n
	runner: &r\n  target: "a:b"\nname: x\n
	name: >\n  folded\n  text\niterations: 1\n
	name: "two\n  lines"\niterations: 1\n
	name: two\n  lines\niterations: 1\n
	"name": a\n"iterations": 1\n
	? name\n: a\n
	name: 'it''s'\niterations: !!int 1\n
	description: é😀 # é\nname: é # é\niterations: 1\n
	\xef\xbb\xbfname: a\niterations: 1\n
	iterations: 1\nname: |+\n  a\n\n\n
	runner:\n  environment_vars:\n    A: 1\n\n\n# end\n
	END
	((${#wrong[@]} == 0)) || fail "$(printf '%s\n' "${wrong[@]}")"
	# what is valid has the new value and all others
	jq -rn 'def others($path): delpaths([$path]) | if .runner.process == {} then del(.runner.process) else . end;
		inputs as $old | input as $new | input as $key | input as $value | input as $n | ($key | split(".")) as $path |
		select(($new | getpath($path) | tostring) != $value or ($old | others($path)) != ($new | others($path))) |
		"case-\($n)"' shown >differ
	[[ ! -s differ ]] || fail "$(xargs cat <differ)"
	((n > 60)) || fail "only $n are valid"
}

@test "set rejects an invalid value and keeps the file" {
	setting <<<$'name: a\niterations: 1\nbase_inputs:\n- a\nrunner: {target: "a:b"}'
	cp setting.yaml before
	while IFS='|' read -r key value message; do
		run --separate-stderr -2 fl-config set "$key" "$value"
		assert_output ''
		assert_regex "$key $stderr" "^$key fl-config: setting.yaml:.*$message"
		cmp before setting.yaml
	done <<-'END'
	iteration|3|unknown key 'iteration'; did you mean 'iterations'
	runner.nothing|3|unknown key 'runner.nothing'
	iterations|x|'iterations' must be a whole number
	iterations|0|'iterations' must be from 1 to
	iterations|1.5|'iterations' must be a whole number
	iterations||'iterations' must be a whole number
	replay_args.enabled|yes|'replay_args.enabled' must be true or false
	runner.process.protocol|csv|'runner.process.protocol' must be
	base_inputs|x|'base_inputs'
	personas.0.name|x|
	END
	run --separate-stderr -2 fl-config -f missing.yaml set iterations 3
	assert_equal "$stderr" 'fl-config: missing.yaml: No such file or directory'
	printf 'a: [\n' >setting.yaml
	run --separate-stderr -2 fl-config set iterations 3
	assert_equal "$(<setting.yaml)" 'a: ['
}

@test "set keeps the file's permissions and leaves no temporary file" {
	setting <<<'iterations: 1'
	chmod 640 setting.yaml
	fl-config set iterations 2
	assert_equal "$(mode_of setting.yaml)" 640
	assert_equal "$(ls -A)" setting.yaml
}

@test "set changes the target of a symbolic link" {
	mkdir real
	echo 'iterations: 1' >real/setting.yaml
	ln -s real/setting.yaml setting.yaml
	fl-config set iterations 2
	assert [ -L setting.yaml ]
	assert_equal "$(<real/setting.yaml)" 'iterations: 2'
}

@test "a value that begins with a dash is given after --" {
	setting <<<'seed: 1'
	run -0 fl-config set seed -5
	run -0 fl-config get seed
	assert_output -- -5
}

@test "wrong usage is reported and ends with 2" {
	setting <<<''
	for words in '' nonsense 'get' 'get a b' 'set a' 'check x' '--nonsense check' '-f'; do
		# shellcheck disable=SC2086 # these are words
		run --separate-stderr -2 fl-config $words
		assert_output ''
		assert_regex "$stderr" '^fl-config: .*usage: fl-config '
	done
}

# --- .env and the commands for scripts ------------------------------------------------

@test "env get prints a variable as agents get it" {
	mkdir a
	echo 'runner: {environment_vars: {C: 3}}' >a/setting.yaml
	printf 'A=1\nAPI_KEY="x y"\n' >a/.env
	echo B=2 >.env
	for name in A=1 B=2 C=3 'API_KEY=x y' ; do
		run -0 fl-config -f a/setting.yaml env get "${name%%=*}"
		assert_output "${name#*=}"
	done
	A=9 run -0 fl-config -f a/setting.yaml env get A
	assert_output 9
	run -1 fl-config -f a/setting.yaml env get D
	assert_output ''
}

@test "env set changes one variable and keeps every other line" {
	mkdir a
	setting </dev/null
	cp setting.yaml a
	printf '# mine\n export  X = old # x\nXY=1\nX=2\nlast=3' >a/.env
	fl-config -f a/setting.yaml env set X new
	assert_equal "$(cat a/.env)" $'# mine\nX=new\nXY=1\nlast=3'
	fl-config -f a/setting.yaml env set Y 1
	assert_equal "$(tail -n 1 a/.env)" Y=1
	fl-config env set Y 1
	assert_equal "$(cat .env)" Y=1
	assert_equal "$(mode_of .env)" 600
	# the mode of an existing file is the user's
	for mode in 640 400 664; do
		chmod "$mode" a/.env
		fl-config -f a/setting.yaml env set Y "$mode"
		assert_equal "$(mode_of a/.env)" "$mode"
	done
	run -2 fl-config env set 1Y 1
	assert_output "fl-config: .env: '1Y' is not the name of a variable"
	ln -s a/.env link.env
	mv .env old.env
	ln -s a/.env .env
	fl-config env set X linked
	assert_link_exists .env
	assert_equal "$(grep ^X= a/.env)" X=linked
}

@test "env set writes a value so that it is read back" {
	setting </dev/null
	for value in '' plain 'two words' "it's" 'say "hi" \n' "a'b\\c\"d" '#x' '$HOME ${HOME}' '일번'; do
		fl-config env set NAME "$value"
		run -0 fl-config env get NAME
		assert_output "$value"
	done
	# shellcheck disable=SC2016 # the two characters are meant
	run -2 fl-config env set NAME "'\${X}"
	assert_output --partial 'a .env file cannot hold'
}

@test "nearest, quote and slug print one line for scripts" {
	run -0 fl-config nearest --itertions --limit --iterations
	assert_output -- --iterations
	run -1 fl-config nearest zzz --limit
	assert_output ''
	run -0 fl-config quote $'a "b"\n\e'
	assert_output '"a \"b\"\n\u001b"'
	run -0 fl-config slug '.. a/b 일번-x'
	assert_output 'a-b-일번-x'
	run -2 fl-config slug
	run -0 fl-config visible $'a\e]0;x\a' $'\u009b2J\u202e\U000e0041\n\xff' 'é 👍 \\'
	assert_output $'a\\u001b]0;x\\u0007\n\\u009b2J\\u202e\\U000e0041\\n\\xff\né 👍 \\\\'
}

@test "inputs prints at most as many inputs as --limit allows" {
	setting <<<'base_inputs: [a, b, c]'
	run -0 fl-config --limit 2 inputs
	assert_output $'{"input":"a"}\n{"input":"b"}'
}

@test "whole numbers may be spelled with a fraction or an exponent" {
	for text in 5.0 .5e+1 50.0e-1 5; do
		setting <<<"iterations: $text"
		assert_equal "$(fl-config get iterations)" 5
		assert_equal "$(fl-config show | jq -c .iterations)" 5
		run -0 fl-config check
	done
	for text in 5.5 1.0e-1 -5.0; do
		setting <<<"iterations: $text"
		run -2 fl-config check
	done
	setting <<<'seed: -1.0e+3'
	assert_equal "$(fl-config get seed)" -1000
	assert_equal "$(FLUXLOOP_ITERATIONS=7.0 fl-config get iterations)" 7
}

@test "set takes a list or mapping in brackets in place of any value" {
	setting <<-'END'
	name: trial
	runner:
	  # how to call it
	  args:
	    user:
	      name: Ada   # a person
	  target: "a:b"
	personas:   # who asks
	  - name: hurried
	    description: |
	      in no
	      time
	variation_strategies: [typo]
	END
	run -0 fl-config set runner.args '{user: {name: Bo, "n#": 3}}'
	run -0 fl-config set personas '[{name: calm}]'
	run -0 fl-config set variation_strategies '["concise", verbose]'
	run -0 fl-config set base_inputs $'[one,\n  "two  #"]'
	run -0 fl-config set replay_args.set '{ data.user.token: t0 }'
	assert_equal "$(<setting.yaml)" "$(cat <<-'END'
	name: trial
	runner:
	  # how to call it
	  args: {"user":{"name":"Bo","n#":3}}
	  target: "a:b"
	personas: [{name: calm}]
	variation_strategies: ["concise", verbose]
	base_inputs: ["one","two  #"]
	replay_args:
	  set: { data.user.token: t0 }
	END
	)"
	run -2 fl-config set runner.args '{a: 1'
	assert_output "fl-config: setting.yaml: the value of 'runner.args', column 6: the closing '}' of the mapping that begins at 1:1 is missing"
	run -2 fl-config set runner.args '[a]'
	assert_output --partial "'runner.args' must be a mapping"
	run -2 fl-config set personas $'[a]\n---\n[b]'
	assert_not_exists setting.yaml.new
}

@test "set adds to a mapping in brackets" {
	setting <<-'END'
	runner: {target: "a:b"}   # what
	replay_args: { }
	personas: [{name: p}]
	END
	run -0 fl-config set runner.process.protocol lines
	run -0 fl-config set replay_args.enabled true
	run -0 fl-config set personas.0.name 'in a hurry, x'
	assert_equal "$(<setting.yaml)" "$(cat <<-'END'
	runner: {process: {protocol: lines}, target: "a:b"}   # what
	replay_args: {enabled: true }
	personas: [{name: "in a hurry, x"}]
	END
	)"
	# and of a list, whatever its form
	setting <<-'END'
	personas:
	  - name: one   # 1
	  -
	    name: "two"
	  - &three {name: x}
	  - *three
	base_inputs: [a, "b"]
	END
	run -0 fl-config set personas.1.name three
	run -0 fl-config set personas.0.expertise_level novice
	# what would change two values, or none
	run -2 fl-config set personas.2.name four
	run -2 fl-config set personas.3.name four
	run -2 fl-config set personas.4.name four
	assert_equal "$(<setting.yaml)" "$(cat <<-'END'
	personas:
	  - name: one   # 1
	    expertise_level: novice
	  -
	    name: three
	  - &three {name: x}
	  - *three
	base_inputs: [a, "b"]
	END
	)"
}

@test "set does not write through a link that has the name of its new file" {
	echo important >victim
	for link in victim missing .; do
		setting <<<'iterations: 1'
		ln -sfn "$link" setting.yaml.new
		run --separate-stderr -2 fl-config set iterations 5
		assert_equal "$(cat setting.yaml)" 'iterations: 1'
		assert_link_exists setting.yaml.new
	done
	assert_equal "$(cat victim)" important
	assert_not_exists missing
	# nor into a pipe, which would block
	rm setting.yaml.new
	mkfifo setting.yaml.new
	run --separate-stderr -2 timeout 100 fl-config set iterations 5
	assert [ -p setting.yaml.new ]
	# an interrupted program may have left a file of that name
	rm setting.yaml.new
	echo old >setting.yaml.new
	run -0 fl-config set iterations 5
	assert_equal "$(cat setting.yaml)" 'iterations: 5'
	# nor does env set
	ln -s victim .env.new
	run --separate-stderr -2 fl-config env set A 1
	assert_equal "$(cat victim)" important
}

@test "a table of .env files is read as the Python package reads it" {
	find_python
	run -0 python3 "$ROOT/tests/dotenv-check.py" "$DATA/dotenv.jsonl"
}

@test "env set changes a variable, not a line inside another one's quotes" {
	setting <<<''
	printf '# keys\nPEM="-----BEGIN\nA=inside\n-----END"\nA=1 # old\nexport\tB=2\nA=3' >.env
	run --separate-stderr -0 fl-config env set A 'x y'
	assert_equal "$(cat .env)" \
		$'# keys\nPEM="-----BEGIN\nA=inside\n-----END"\nA=\'x y\'\nexport\tB=2'
	run -0 fl-config env set B 3
	run -0 fl-config env set C 4
	assert_equal "$(fl-config env | tail -n 3)" $'A=x y\nB=3\nC=4'
	# nothing can be added where a quote is open, nor to what is not text
	for text in 'D="open\n' "E='x\\nF=1" 'G=\0\n'; do
		printf "$text" >.env
		cp .env before
		run --separate-stderr -2 fl-config env set A 1
		assert_regex "$stderr" '^fl-config: (.*/)?\.env:'
		cmp .env before
	done
}

@test "a .env that is a folder is a warning, and one that cannot be read an error" {
	printf 'name: x\n' >setting.yaml
	mkdir .env
	run --separate-stderr -1 fl-config -f setting.yaml check
	assert_equal "$stderr" "fl-config: warning: $PWD/.env: Is a directory"
	rmdir .env
	ln -s .env .env
	run --separate-stderr -2 fl-config -f setting.yaml env
	assert_equal "$stderr" "fl-config: $PWD/.env: Too many levels of symbolic links"
}

# --- what is not there, or has no effect -------------------------------------------

@test "check finds folders, files, strategies and variables that do not exist" {
	setting <<-'END'
	variation_strategies: [typo, conise]
	input_generation: {strategies: [{type: nonsense}]}
	runner:
	  target: "app:run"
	  working_directory: "./srcc"
	  python_path: [lib, libb]
	replay_args:
	  enabled: true
	  recording_file: "recordings/arg.jsonl"
	inputs_file: "inputs/other.yaml"
	output_directory: setting.yaml
	END
	mkdir lib recordings
	printf 'FLUXLOOP_ITERATION=5\nFLUXLOOP_ENABLED=true\nFLUXLOOP_XYZ=1\nOPENAI_API_KEY=k\n' >.env
	touch recordings/args.jsonl
	FLUXLOOP_SEDD=1 run --separate-stderr -1 fl-config check
	assert_output ''
	diff - <(sed "s|$PWD/||" <<<"$stderr") <<-'END'
	fl-config: warning: .env:1: unknown variable 'FLUXLOOP_ITERATION'; did you mean 'FLUXLOOP_ITERATIONS'?
	fl-config: warning: .env:3: unknown variable 'FLUXLOOP_XYZ'
	fl-config: warning: setting.yaml: unknown variable 'FLUXLOOP_SEDD' in the environment; did you mean 'FLUXLOOP_SEED'?
	fl-config: warning: setting.yaml:5:22: runner.working_directory: folder './srcc': No such file or directory
	fl-config: warning: setting.yaml:6:16: runner.python_path: folder 'libb': No such file or directory
	fl-config: warning: setting.yaml:11:19: output_directory: 'setting.yaml' is not a folder
	fl-config: warning: setting.yaml:1:23: variation_strategies: unknown strategy 'conise'; did you mean 'concise'?
	fl-config: warning: setting.yaml:2:32: input_generation.strategies: unknown strategy 'nonsense'
	fl-config: warning: setting.yaml:10:14: inputs_file: 'inputs/other.yaml': no such file, and no such folder
	fl-config: warning: setting.yaml:9:19: replay_args.recording_file: 'recordings/arg.jsonl': no such file; did you mean 'args.jsonl'?
	END
	# what concerns only one of the two commands
	run --separate-stderr -1 fl-config check run
	refute_regex "$stderr" 'strategy|inputs_file|recording'
	assert_regex "$stderr" working_directory
	run --separate-stderr -1 fl-config check generate
	refute_regex "$stderr" 'folder|inputs_file'
	assert_regex "$stderr" 'strategy'
	# what a new project has yet to write
	setting <<-'END'
	replay_args: {enabled: true, recording_file: "recordings/args.jsonl"}
	inputs_file: "inputs/generated.yaml"
	END
	rm .env recordings/args.jsonl
	run -0 fl-config check
	assert_output ''
}

@test "a key without effect is a warning that says what to do, unless its value changes nothing" {
	while IFS='|' read -r yaml warning; do
		printf '%b\n' "$yaml" >setting.yaml
		if [[ $warning ]]; then
			run --separate-stderr -1 fl-config check
			assert_regex "$yaml: $stderr" "'${warning%%:*}' has no effect here: ${warning#*: }"
		else
			run --separate-stderr -0 fl-config check
			assert_equal "$yaml: $stderr" "$yaml: "
		fi
	done <<-'END'
	multi_turn:\n  enabled: true|multi_turn.enabled: each run is one call
	multi_turn:\n  enabled: false\n  max_turns: 8\n  supervisor: {provider: mock, metadata: {a: [1]}}|
	runner: {use_docker: true, docker_image: x}|runner.use_docker: set runner.process.command
	runner: {use_docker: false, docker_volumes: []}|
	evaluators: [{name: a, type: rule_based}]|
	evaluators: []|
	evaluation_goal: {text: good}|
	limits: {cpu_seconds: 5}|limits: those of agents are in runner.limits
	success_criteria: {performance: {}}|
	input_generation: {llm: {batch_size: 2}}|input_generation.llm.batch_size: a request asks for one input
	input_generation: {mode: llm, llm: {batch_size: 1}}|
	runner: {guards: {max_duration: 120s}}|runner.guards.max_duration: set runner.timeout_seconds
	runner: {process: {cwd: .}}|runner.process.cwd: set runner.working_directory
	runner: {process: {env: {A: b}}}|runner.process.env: set runner.environment_vars
	runner: {process: {timeout: 120s}}|runner.process.timeout: set runner.timeout_seconds
	runner: {process: {reuse: true}}|
	save_traces: false|save_traces: traces are always saved
	save_traces: true\nsave_aggregated_metrics: true|
	collector_url: null\ncollector_api_key: null\nsource_root: "/a"|
	output: {directory: out}|output.directory: set output_directory
	END
}

@test "unset removes the lines of a key, and sections that it leaves empty" {
	cat >whole.yaml <<-'END'
	# top
	name: x   # n
	runner:
	  # about target
	  target: "a:b"
	  limits:
	    cpu_seconds: 5
	  timeout_seconds: 5
	personas:
	- name: a
	  goals:
	  - x
	# after personas
	seed: 3
	description: |
	  many
	  lines
	iterations: 2
	nosuch: [a, b]
	tags: [a,
	  b]
	END
	while IFS='|' read -r key gone; do
		cp whole.yaml setting.yaml
		run -0 fl-config unset "$key"
		assert_equal "$key $(cat setting.yaml)" "$key $(sed "${gone}d" whole.yaml)"
	done <<-'END'
	name|2
	runner.target|5
	runner.limits.cpu_seconds|6,7
	runner.limits|6,7
	runner|3,8
	personas|9,12
	seed|14
	description|15,17
	iterations|18
	nosuch|19
	tags|20,21
	END
	cp whole.yaml setting.yaml
	run --separate-stderr -2 fl-config unset metadata
	assert_equal "$stderr" "fl-config: setting.yaml: 'metadata' is not set"
	setting <<<'{name: a, seed: 1}'
	run --separate-stderr -2 fl-config unset name
	assert_equal "$stderr" "fl-config: setting.yaml:1:2: cannot remove 'name' here; edit the file"
	setting <<<'seed: 1'
	fl-config unset seed
	assert_equal "$(cat setting.yaml)" ''
}

@test "null is not a value, whatever the key's type" {
	printf 'name: a\nseed: 1\nrunner:\n  target: "a:b"\n' >setting.yaml
	for key in name seed runner.target runner.use_docker; do
		fl-config set "$key" null
		run -0 fl-config check
		[[ $key == name ]] || run -1 fl-config get "$key"
	done
	assert_equal "$(grep -c null setting.yaml)" 4
	run fl-config get name
	assert_output "${PWD##*/}"
}

# --- the original's folder configs ---------------------------------------------------

@test "the files of a folder configs are one configuration" {
	mkdir configs src
	printf 'name: shop\nversion: 1.0.0\nmetadata: {team: a, env: {x: 1}}\n' >configs/project.yaml
	printf 'base_inputs:\n- input: hi\ninputs_file: inputs/generated.yaml\n' >configs/input.yaml
	printf 'name: shop_test\niterations: 4\nmetadata: {env: {y: 2}}\nrunner:\n  target: "app:run"\n  python_path: [src]\n' \
		>configs/simulation.yaml
	printf 'evaluators: []\n' >configs/evaluation.yaml
	printf 'FLUXLOOP_SEED=7\n' >.env
	for path in configs configs/ ./configs configs/simulation.yaml "$PWD/configs/input.yaml"; do
		run --separate-stderr -0 fl-config -f "$path" check
		assert_equal "$stderr" ''
		fl-config -f "$path" show >got
		assert_jq '[.name, .iterations, .version, .seed, .base_inputs[0].input, .metadata]' \
			'["shop_test",4,"1.0.0",7,"hi",{"team":"a","env":{"x":1,"y":2}}]' got
	done
	run fl-config -f configs path inputs_file x
	assert_output inputs/generated.yaml
	run fl-config -f "$PWD/configs" path none x
	assert_output "$PWD/x"
	cd configs
	run fl-config -f simulation.yaml path inputs_file x
	assert_output ./../inputs/generated.yaml
	cd ..
	# mistakes have the name of their file
	printf 'iteration: 3\n' >>configs/input.yaml
	printf 'seed: x\n' >>configs/project.yaml
	run --separate-stderr -2 fl-config -f configs check
	assert_regex "$stderr" "fl-config: configs/project.yaml:4:7: 'seed' must be"
	assert_regex "$stderr" "warning: configs/input.yaml:4:1: unknown key 'iteration'; did you mean 'iterations'\?"
}

@test "set and unset change the file of a folder configs that has the key, or is its home" {
	mkdir configs
	printf 'name: shop\n' >configs/project.yaml
	printf 'variation_count: 2\n' >configs/input.yaml
	printf 'name: test\nrunner:\n  target: "a:b"\n' >configs/simulation.yaml
	fl-config -f configs set name other
	fl-config -f configs set runner.timeout_seconds 5
	fl-config -f configs set variation_count 3
	fl-config -f configs set inputs_file i.jsonl
	fl-config -f configs set seed 1
	fl-config -f configs env set A b
	assert_equal "$(cat configs/*.yaml .env)" "$(cat <<-'END'
	variation_count: 3
	inputs_file: i.jsonl
	name: shop
	name: other
	runner:
	  target: "a:b"
	  timeout_seconds: 5
	seed: 1
	A=b
	END
	)"
	fl-config -f configs unset name
	run fl-config -f configs get name
	assert_output shop
	fl-config -f configs unset inputs_file
	assert_equal "$(cat configs/input.yaml)" 'variation_count: 3'
}

@test "every key is documented" {
	local path

	grep -o '\.path = "[^"]*"' "$ROOT/lib/config/schema.c" | cut -d '"' -f 2 >keys
	(($(lines_of keys) > 100))
	while read -r path; do
		path=${path%%.\*\*}
		path=${path%.\*}
		# some stand in a list below their section
		documented fluxloop-setting.5 "${path##*.}"
	done <keys
}

@test "values prints several values at once, each ended by a NUL byte" {
	mkdir sub
	printf 'name: |\n  two\n  lines\nbase_inputs: [a]\nnumer: 5\n' >sub/setting.yaml
	fl-config -f sub/setting.yaml values name iterations runner.target \
		inputs_file=x none=.env inputs-file >out
	assert_equal "$(tr '\0' '|' <out)" \
		$'two\nlines\n|1||sub/inputs/generated.yaml|sub/.env||'
	run --separate-stderr -1 fl-config -f sub/setting.yaml values run iterations
	assert_equal "$stderr" "fl-config: warning: sub/setting.yaml:5:1: unknown key 'numer'; did you mean 'name'?"
	# the file of inputs is missing
	printf 'name: b\ninputs_file: gone.yaml\n' >sub/setting.yaml
	run --separate-stderr -2 bash -c 'fl-config -f sub/setting.yaml values name \
		inputs-file iterations | tr "\0" "|"; exit "${PIPESTATUS[0]}"'
	assert_output 'b|'
	assert_equal "$stderr" "fl-config: sub/gone.yaml is missing and base_inputs is empty: 'fluxloop generate inputs' makes some"
}
