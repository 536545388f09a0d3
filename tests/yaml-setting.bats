# YAML in setting.yaml: what a reader of YAML has to get right, seen from there.
load test_helper

# setting: writes stdin to setting.yaml.
setting()
{
	cat >setting.yaml
}

# warns TEXT...: asserts that `fl-config check` warns of these, and of nothing else.
warns()
{
	local text wanted=()

	for text; do
		wanted+=("fl-config: warning: setting.yaml:$text")
	done
	run --separate-stderr -1 fl-config check
	assert_equal "$stderr" "$(printf '%s\n' "${wanted[@]}")"
}

@test "'<<' merges mappings, and what a section says itself takes precedence" {
	setting <<-'END'
	metadata:
	  - &limits {timeout_seconds: 20, max_retries: 2}
	  - &quiet {on_error: fail_fast, max_retries: 7}
	runner:
	  <<: [*limits, *quiet]
	  target: "app:run"
	  retry_delay: 3
	END
	sed -i 's/^metadata:/base_inputs:/' setting.yaml
	for pair in timeout_seconds=20 max_retries=2 on_error=fail_fast target=app:run retry_delay=3; do
		run -0 fl-config get "runner.${pair%%=*}"
		assert_output "${pair#*=}"
	done
	run --separate-stderr -0 fl-config check
	assert_equal "$stderr" ''
	sed -i 's/retry_delay: 3/timeout_seconds: 30/' setting.yaml
	run -0 fl-config get runner.timeout_seconds
	assert_output 30
}

@test "errors and warnings of a merged value are at its '<<'" {
	setting <<-'END'
	base_inputs: [&wrong {max_retries: many, nonsense: 1}]
	runner:
	  target: "app:run"
	  <<: *wrong
	END
	run --separate-stderr -2 fl-config check
	assert_equal "${stderr_lines[0]}" \
		"fl-config: setting.yaml:4:7: 'runner.max_retries' must be a whole number, not \"many\""
	assert_equal "${stderr_lines[1]}" \
		"fl-config: warning: setting.yaml:4:7: unknown key 'runner.nonsense'"
	setting <<<$'runner:\n  <<: 5'
	run --separate-stderr -2 fl-config check
	assert_equal "$stderr" "fl-config: setting.yaml:2:7: expected a mapping, or a list of mappings, after '<<'; the key \"<<\" needs quotes"
	# a key that stands there twice stays an error
	setting <<<$'a: &a {name: x}\n<<: *a\nname: y\nname: z'
	run --separate-stderr -2 fl-config check
	assert_equal "${stderr_lines[-1]}" "fl-config: setting.yaml:4:1: duplicate key 'name'"
}

@test "set puts a key beside '<<', not into the merged mapping" {
	setting <<-'END'
	base_inputs: [&limits {timeout_seconds: 20}]
	runner:
	  <<: *limits
	  target: "app:run"
	END
	fl-config set runner.max_retries 4
	fl-config set runner.timeout_seconds 30
	fl-config set runner.target other:run
	assert_equal "$(<setting.yaml)" "$(cat <<-'END'
	base_inputs: [&limits {timeout_seconds: 20}]
	runner:
	  <<: *limits
	  target: "other:run"
	  timeout_seconds: 30
	  max_retries: 4
	END
	)"
	setting <<<$'base_inputs: [&limits {timeout_seconds: 20}]\nrunner:\n  <<: *limits'
	cp setting.yaml before
	run --separate-stderr -2 fl-config set runner.max_retries 4
	assert_equal "$stderr" "fl-config: setting.yaml:3:3: cannot add 'runner.max_retries' here; edit the file"
	cmp before setting.yaml
}

@test "an unknown tag is a warning with its name, and the value is read without it" {
	setting <<-'END'
	runner:
	  target: !env AGENT_TARGET
	  python_path: !path
	  - a
	  process: !include {protocol: lines}
	  timeout_seconds: !<tag:example.com,2000:seconds> 5
	iterations: !!python/int 3
	replay_args:
	  enabled: &x !flag true
	description: !env
	!key name: a
	END
	mkdir a
	warns '2:11: the tag !env is not known: read as the string "AGENT_TARGET"' \
		'3:16: the tag !path is not known: read as a list' \
		'5:12: the tag !include is not known: read as a mapping' \
		'6:20: the tag !<tag:example.com,2000:seconds> is not known: read as the number 5' \
		'7:13: the tag !!python/int is not known: read as the number 3' \
		'9:15: the tag !flag is not known: read as true' \
		'10:14: the tag !env is not known: read as null' \
		'11:1: the tag !key is not known: read as the string "name"'
	run -0 fl-config get runner.python_path
	assert_output '["a"]'
	run -0 fl-config get iterations
	assert_output 3
}

@test "fl-yaml warns of unknown tags, of the first twenty with their places" {
	for ((i = 0; i < 23; i++)); do
		echo '- !x "a"'
	done >in.yaml
	run --separate-stderr -0 fl-yaml in.yaml
	assert_equal "${#lines[@]}" 23
	assert_equal "${#stderr_lines[@]}" 21
	assert_equal "${stderr_lines[19]}" 'fl-yaml: warning: in.yaml:20:3: the tag !x is not known: read as the string "a"'
	assert_equal "${stderr_lines[20]}" 'fl-yaml: warning: in.yaml: 3 more tags are not known'
	# what a message quotes is short and no command to a terminal
	run --separate-stderr -0 fl-yaml <<<'- !%1b%5b31m "'"$(printf 'é%.0s' {1..60})\""
	assert_equal "$stderr" 'fl-yaml: warning: <stdin>:1:3: the tag !\u001b[31m is not known: read as the string "'"$(printf 'é%.0s' {1..29})..."
}

@test "tags of YAML itself read what PyYAML reads" {
	while IFS=';' read -r text wanted; do
		run --separate-stderr -0 fl-yaml -d <<<"$text"
		assert_equal "$text: $output" "$text: $wanted"
	done <<-'END'
	[!!bool yes, !!bool "Off", !!bool TRUE];[true,false,true]
	[!!int "7", !!int 0b101, !!int 017, !!int -0x1F, !!int 1_000, !!int 1:30];[7,5,15,-31,1000,90]
	[!!float 7, !!float 1e3, !!float -.5, !!float 1_0.5, !!float .inf];[7,1e3,-0.5,10.5,null]
	[!!null x, !!str ~, !!binary aGk=, !!timestamp 2025-01-01];[null,"~","aGk=","2025-01-01"]
	[!!seq [a], !!map {a: b}, !!set {a}, !!omap [{a: b}], !!pairs []];[["a"],{"a":"b"},{"a":null},[{"a":"b"}],[]]
	END
	for text in '!!int x' '!!int 1o7' '!!int 0x0x1' '!!int "1:+3"' '!!int 0b' '!!int 9223372036854775808:0' '!!int 153722867280912930:30' '!!int 09' '!!int 0b2' '!!int 1:x' '!!int ""' '!!int 99999999999999999999:1' \
		'!!float 1.2.3' '!!float e5' '!!bool 1' '!!map a' '!!str [a]' '!!seq {}' '!!set [a]'; do
		run --separate-stderr -2 fl-yaml -d <<<"$text"
		assert_regex "$text: $stderr" ': fl-yaml: <stdin>:1:[0-9]+: the value does not match its tag$'
	done
}

@test "hexadecimal numbers keep all their digits" {
	run -0 fl-yaml -d <<<'[0x0, 0xFFFFFFFFFFFFFFFFFFFF, 0x123456789abcdef0123456789ABCDEF]'
	assert_output '[0,1208925819614629174706175,1512366075204170929049582354406559215]'
}

@test "control characters are errors with their place, and escapes of them are not" {
	for bytes in '\x01' '\x1b' '\x7f' '\xc2\x80' '\xef\xbf\xbf'; do
		# shellcheck disable=SC2059 # it is a format
		printf "a: b\nc: é\"$bytes\"\n" >in.yaml
		run --separate-stderr -2 fl-yaml in.yaml
		assert_regex "$stderr" '^fl-yaml: in.yaml:2:6: the character U\+[0-9A-F]{4} may only be written as an escape in double quotes$'
	done
	run -0 fl-yaml -d <<<'"\x01\e\x7f\x80\uffff"'
	assert_output $'"\\u0001\\u001b\x7f\xc2\x80\xef\xbf\xbf"'
}

@test "inputs that an alias or '<<' gives are read by entries" {
	run -0 fl-yaml <<<$'all: &all\n- a\n- {b: c}\ninputs: *all'
	assert_output $'"a"\n{"b":"c"}'
	run -0 fl-yaml <<<$'x: &x {inputs: [a, b]}\n<<: *x\n---\ninputs: &y [c]\nagain: *y'
	assert_output $'"a"\n"b"\n"c"'
}

@test "entries before a bad byte are written" {
	printf -- '- a\n- "b\n  c"\n- d\xff\n- e\n' >in.yaml
	run --separate-stderr -2 fl-yaml in.yaml
	assert_output $'"a"\n"b c"'
	assert_equal "$stderr" 'fl-yaml: in.yaml:4:4: not UTF-8'
}

@test "brackets and quoted lines may be in the column of their key" {
	mkdir src
	setting <<-'END'
	runner:
	  target: "app:run"
	  python_path: [
	    "src",
	  ]
	base_inputs: [
	"How do I reset
	my password?",
	]
	description: 'two

	lines'
	replay_args: {
	enabled: true
	}
	END
	run --separate-stderr -0 fl-config check
	assert_equal "$stderr" ''
	run -0 fl-config get base_inputs
	assert_output '["How do I reset my password?"]'
	fl-config set iterations 3
	run -0 fl-config get iterations
	assert_output 3
}
