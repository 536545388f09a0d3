#!/usr/bin/env bats

# Inputs made by a model: the prompts, the use of the replies, and --mode llm of
# fluxloop. The server is tests/servers/model.py.

load test_helper
load filter_helper
load model_helper

# reply CONTENT [ID [STRATEGY [LANGUAGE]]]: prints a request of fl-generate with
# this reply.
reply()
{
	jq -nc --arg c "$1" --arg id "${2-0/typo/-/0}" --arg s "${3-typo}" --arg l "${4-}" '{$id, model: "m",
		messages: [{role: "user", content: "vary"}],
		makes: {strategy: $s, persona: null, language: $l, base_index: 0,
			template: {input: "Where is my order 1042? I have waited for it since Monday."}},
		reply: {content: $c, model: "m-1"}}'
}

# made CONTENT [WORD...]: prints the input that the reply becomes, or what is
# said of it.
made()
{
	reply "$@" | fl-generate --replies 2>err | jq -r .input >out
	[ -s out ] && cat out || sed 's/.*0 inputs, 1 //' err
}

# --- prompts ---------------------------------------------------------------------------------

@test "a prompt has the text, the strategy and the persona, in turns" {
	cat >setting.yaml <<-'END'
	personas:
	- {name: ada, description: Knows it all, characteristics: [terse, busy], goals: [a refund], constraints: [no calls], language: en, expertise_level: expert}
	- {name: bob}
	input_generation:
	  llm: {system_prompt: Be brief, temperature: 0.5, max_tokens: 99, strategy_prompts: {typo: Mistype it.}}
	END
	printf '{"input":"first"}\n{"input":"second"}\n{"input":{"not":"text"}}\n' >in
	run --separate-stderr -0 fl-generate -c setting.yaml --prompts -s typo -s concise --limit 6 in
	assert_equal "$(jq -r .id <<<"$output" | paste -sd ' ')" \
		'0/typo/ada/0 1/concise/ada/0 0/concise/ada/0 1/typo/bob/0 0/typo/bob/0 1/concise/bob/0'
	assert_equal "$(jq -c '[.messages[0], .params, .makes.persona]' <<<"${lines[0]}")" \
		'[{"role":"system","content":"Be brief"},{"temperature":0.5,"max_tokens":99},"ada"]'
	run -0 jq -r '.messages[1].content' <<<"${lines[0]}"
	assert_line '**Base Input:** first'
	assert_line '**Strategy to Apply:** Mistype it.'
	assert_output --partial 'User Persona: ada
Description: Knows it all
Characteristics: terse, busy
Goals: a refund
Constraints: no calls
Language: en
Expertise Level: expert'
	# more than there are combinations: other samples
	fl-generate -c setting.yaml --prompts -s typo --personas bob --limit 5 in >more
	assert_equal "$(jq -c '[.id, .sample]' more | tail -n 1)" '["0/typo/bob/2",2]'
	# without a limit, as many of each as configured
	sed -i 's/llm: {/&max_outputs: 2, /' setting.yaml
	assert_equal "$(fl-generate -c setting.yaml --prompts -s typo in | wc -l)" 8
}

@test "the configuration's own prompt has its holes filled, and nothing else" {
	printf 'input_generation: {llm: {user_prompt_template: "{input}|{strategy}|{persona}|{x}"}}\n' >setting.yaml
	run -0 fl-generate -c setting.yaml --prompts -s typo --limit 1 <<<'{"input":"a {persona} b"}'
	run -0 jq -r '.messages[0].content' <<<"$output"
	assert_regex "$output" '^a \{persona\} b\|typo \(.*\)\|anybody\|\{x\}$'
}

# --- replies ---------------------------------------------------------------------------------

@test "what is around the message is taken off, and the message is left alone" {
	local said want

	while IFS='|' read -r said want; do
		assert_equal "$(made "$(printf '%b' "$said")")" "$want"
	done <<-'END'
		 Where is it? \n|Where is it?
		"Where is it?"|Where is it?
		“Where is it?”|Where is it?
		„Where is it?“|Where is it?
		**Where is it?**|Where is it?
		`Where is it?`|Where is it?
		```\nWhere is it?\n```|Where is it?
		```text\n"Where is it?"\n```|Where is it?
		Sure! Here is the message:\n\n"Where is it?"|Where is it?
		Here's a message with typos:\nWher is it?|Wher is it?
		**Here is the rewritten message:**\n\nWhere is it?|Where is it?
		User message: Where is it?|Where is it?
		**Message:** Where is it?|Where is it?
		{"message": "Where is it?"}|Where is it?
		<think>They want "x".</think>\n\nWhere is it?|Where is it?
		"This" is not "that"|"This" is not "that"
		Here is the problem: it is late|Here is the problem: it is late
		Use `ls` now|Use `ls` now
		I can't log in. Help!|I can't log in. Help!
		I'm sorry, but I can not find my order|I'm sorry, but I can not find my order
		{"order": 1, "late": true}|{"order": 1, "late": true}
	END
}

@test "replies that are of no use are dropped, and counted by why" {
	local said want

	while IFS='|' read -r said want; do
		assert_equal "$said: $(made "$(printf '%b' "$said")")" "$said: $want"
	done <<-'END'
		|empty
		""|""
		  \n |empty
		<think>It was cut off|empty
		I'm sorry, but I can't help with that.|refusal
		I cannot generate messages of this kind.|refusal
		As an AI language model, I have no orders.|refusal
		**Base Input:** x **Strategy to Apply:** y|repeats the prompt
		Ich warte noch immer auf meine Bestellung und das ist nicht schön.|in another language
		주문한 물건이 아직도 오지 않았어요|in another language
		Where is my order 1042? I have waited for it since Monday.|the same as another
	END
	run -0 made "$(printf 'a%.0s' {1..4001})"
	assert_output 'too long'
	assert_equal "$(reply 'ab' | fl-generate --replies --max-chars 1 2>&1 | sed 's/.*, 1 //')" 'too long'
	# another language is requested
	assert_equal "$(made '주문한 물건이 아직도 오지 않았어요' x typo ko)" '주문한 물건이 아직도 오지 않았어요'
	assert_equal "$(made 'Where is it now, please tell me?' x typo ko)" 'in another language'
	assert_equal "$(made 'Ich warte noch immer auf meine Bestellung und das ist nicht schön.' x multilingual)" \
		'Ich warte noch immer auf meine Bestellung und das ist nicht schön.'
	# an error of fl-llm
	run --separate-stderr -0 fl-generate --replies <<<"$(reply x | jq -c 'del(.reply) | .error = {code: "http_500"}')"
	assert_equal "$stderr" 'fl-generate: 1 reply: 0 inputs, 1 error'
}

@test "duplicates and near-duplicates of a text are dropped" {
	{
		reply 'Tell me where my order is, it is number 1042 and I have waited for a long time already.'
		reply 'tell me where my order is; it is number 1042, and I have waited for a long time already!'
		reply 'Tell me where my order is, it is number 1042 and I have waited for a very long time already.'
		reply 'Has order 1042 been sent?'
	} >in
	run --separate-stderr -0 fl-generate --replies in
	assert_equal "$stderr" 'fl-generate: 4 replies: 2 inputs, 2 almost the same as others'
	run --separate-stderr -0 fl-generate --replies --min-distance 0 in
	assert_equal "$stderr" 'fl-generate: 4 replies: 4 inputs'
	run --separate-stderr -2 fl-generate --replies --min-distance 2 in
}

@test "an input of a model is a record as any other, and says where it is from" {
	printf 'input_generation: {llm: {provider: openai}}\n' >setting.yaml
	run --separate-stderr -0 fl-generate -c setting.yaml --replies --keep-prompts <<<"$(reply 'Where is it?')"
	assert_equal "$(jq -c 'del(.input_id) | .metadata.prompt_hash |= length' <<<"$output")" \
		'{"input":"Where is it?","metadata":{"strategy":"typo","base_index":0,"persona":null,"variation":"by a model","model":"m-1","provider":"openai","prompt_hash":16,"prompt":[{"role":"user","content":"vary"}]}}'
}

@test "what was dropped is asked for again, once for each that is missing" {
	{
		reply 'A good message' 0/typo/-/0
		reply '' 0/typo/-/1
		reply "I'm sorry, but I can't help with that." 0/typo/-/2
		reply '' 0/typo/-/3
		reply 'Another one for it' 0/typo/-/3
	} >in
	fl-generate --replies --again again in >out 2>err
	assert_equal "$(jq -r .id again | sort | paste -sd ' ')" '0/typo/-/1 0/typo/-/2'
	assert_equal "$(jq -c 'select(.id == "0/typo/-/2") | [.messages[1].content, .sample, .reply]' again)" \
		'["An earlier answer was of no use: it was a refusal, not a message of a user. Write another message, which is clearly different.",1000,null]'
	# no more than the limit leaves
	fl-generate --replies --again again --limit 3 in >out 2>err
	assert_equal "$(lines_of out) $(lines_of again)" '2 1'
	fl-generate --replies --again again --limit 2 in >out 2>err
	assert_equal "$(lines_of out) $(lines_of again)" '2 0'
}

# --- fluxloop --------------------------------------------------------------------------------

# project: makes a project with two texts.
project()
{
	cat >setting.yaml <<-'END'
	name: p
	base_inputs: [Where is my order?, How do I reset my password?]
	personas: [{name: ada}, {name: bob}]
	input_generation: {mode: llm, strategies: [typo, concise], llm: {model: tiny, provider: openai}}
	runner: {target: "app:run"}
	END
}

@test "generate inputs --mode llm fills the limit, and a warm cache gives the same bytes" {
	serve_model
	project
	run --separate-stderr -0 fluxloop generate inputs --limit 16
	assert_line --regexp '^model: 16 requests: 16 calls; about [0-9]+ tokens in prompts, at most about 16384 in replies$'
	assert_line 'inputs/generated.yaml: 16 inputs'
	assert_regex "$stderr" 'fl-generate: 16 replies: [0-9]+ inputs, [0-9]+ refusal.*'
	assert_regex "$stderr" 'fl-generate: [0-9]+ replies: 16 inputs, '
	fl-yaml inputs/generated.yaml >inputs.jsonl
	assert_equal "$(jq -r .input_id inputs.jsonl | sort -u | wc -l)" 16
	assert_equal "$(jq -r '.metadata | [.strategy, .persona, .base_index] | @csv' inputs.jsonl | sort -u | wc -l)" 8
	run ! grep -E 'Sure|```|<think>|"I|sorry|Ich' inputs/generated.yaml
	local calls
	calls=$(asked)
	cp inputs/generated.yaml first.yaml
	end_model
	rm model.pids
	run --separate-stderr -0 fluxloop generate inputs --limit 16 --overwrite
	cmp first.yaml inputs/generated.yaml
	assert_line --regexp '^model: 16 requests: 0 calls, 16 cached'
}

@test "generate inputs takes the original's options, and a dry run asks nothing" {
	serve_model SERVER_KEY=sk-0123456789abcdefghij
	project
	run --separate-stderr -0 fluxloop generate inputs --limit 4 --dry-run
	assert_regex "$output" '^model: 4 requests: 4 calls'
	[ ! -e inputs ]
	assert_equal "$(asked)" 0
	run --separate-stderr -0 fluxloop generate inputs --limit 4 --mode llm --strategy typo --llm-provider openai \
		--llm-model big --llm-api-key sk-0123456789abcdefghij
	assert_equal "$(get_model /last | jq -r .body.model)" big
	run ! grep -r sk-0123 inputs
	# by rule, whatever the configuration says
	run --separate-stderr -0 fluxloop generate inputs --limit 4 --mode deterministic --overwrite
	refute_output --partial model:
	run --separate-stderr -2 fluxloop generate inputs --mode magic
	assert_equal "$stderr" "fluxloop: --mode 'magic': expected deterministic or llm"
}

@test "generate inputs without a server says how to name one, and writes nothing" {
	unset OPENAI_BASE_URL
	project
	run --separate-stderr -2 fluxloop generate inputs --limit 4
	assert_regex "$stderr" 'there is no server to ask: '
	[ ! -e inputs ]
}
