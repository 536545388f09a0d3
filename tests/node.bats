#!/usr/bin/env bats

# The module for Node: agents, their steps, recording and replay.

load test_helper
load filter_helper

AGENTS=$ROOT/tests/agents
MODULE=$ROOT/lib/node/fluxloop.mjs

setup()
{
	begin
	# as after npm install "$(fluxloop --node-path)"
	mkdir node_modules
	ln -s "$(fluxloop --node-path)" node_modules/fluxloop
}

teardown()
{
	[ ! -s pids ] || xargs kill <pids 2>/dev/null || true
}

# serve_chat: starts the server that answers chat requests; sets CHAT_URL.
serve_chat()
{
	node "$AGENTS/chat-server.mjs" url &
	echo $! >>pids
	wait_for url
	CHAT_URL=$(cat url)
	export CHAT_URL
}

# agent: writes agent.mjs: standard input after what all need.
agent()
{
	{
		echo 'import { configure, currentCall, recordCallArgs, serve, step } from "fluxloop";'
		cat
	} >agent.mjs
}

# inputs INPUT...: prints an input for each text.
inputs()
{
	printf '{"input":"%s"}\n' "$@"
}

# ask OPTION...: runs the inputs in the file in on agent.mjs.
ask()
{
	fl-run --command 'node agent.mjs' "$@" in >got 2>err
}

# check_support: runs the agent of openai.mjs, and checks its traces.
check_support()
{
	cp "$AGENTS/openai.mjs" agent.mjs
	inputs 'Where is 1042?' 'And 7?' busy >in
	run -1 fl-run --command "node agent.mjs $1" --ordered in
	printf '%s\n' "${lines[@]}" | grep '^{' >got
	assert_jq '[.output, .error_code, .observation_count, .token_usage.total_tokens]' \
		'["It is order 1042, on its way.",null,4,30]
["It is order 7, on its way.",null,4,30]
[null,"rate_limit_exceeded",2,null]' got
	# the steps, the innermost first, as they were when they began and ended
	assert_jq 'select(.input == "And 7?") | .observations |
		(map({(.id): .name}) | add) as $names |
		map([.type, .name, $names[.parent_observation_id // ""], .model, .total_tokens,
		    (.input | if type == "array" then length else . end),
		    (.output | if type == "string" then . else null end)])' \
		'[["generation","plan","support","small-2026",15,1,null],["tool","order","support",null,null,{"number":"7"},"order 7, on its way"],["generation","write","support","small-2026",15,3,"It is order 7, on its way."],["agent","support",null,null,null,{"input":"And 7?"},"It is order 7, on its way."]]' got
	assert_jq 'select(.input == "busy") | .observations | map([.name, .level, .metadata.error_type])' \
		"[[\"plan\",\"error\",\"$2\"],[\"support\",\"error\",\"$2\"]]" got
}

@test "a Node agent of 20 lines has its steps, model and tokens in the trace" {
	serve_chat
	check_support fetch Error
}

@test "the same agent with the openai package has the same trace" {
	local folder

	find_package openai
	ln -s "$folder/openai" node_modules/openai
	serve_chat
	check_support openai RateLimitError
}

@test "what a program prints does not disturb its agent" {
	agent <<-'END'
		import { spawnSync } from "node:child_process";
		import fs, { writeSync } from "node:fs";
		import { Worker } from "node:worker_threads";
		console.log("early, without a newline at its end");
		serve(async (input) => {
			console.log("one"); console.info({ type: "final", id: 1 }); console.table([{ a: 1 }]);
			process.stdout.write('{"type":"final","id":1,"output":"wrong"}\n');
			writeSync(1, "as pino does"); fs.writeSync(1, "{\n");
			await new Promise((done) => fs.write(1, '{"type":', done));
			await new Promise((done) => new Worker('console.log("{")', { eval: true }).on("exit", done));
			return input;
		});
	END
	inputs a b >in
	ask --stderr-dir logs
	assert_equal "$(values .output got)" 'a b'
	assert_equal "$(jq -c 'select(.stdout) | .stdout' got)" '"early, without a newline at its end\n"'
	for text in one 'as pino does' '"wrong"' '│'; do
		run -0 grep -q -- "$text" logs/agent-1.log
	done
}

@test "an error has its class, message, cause and code, and its stack is in the trace" {
	agent <<-'END'
		class LimitError extends Error {}
		const errors = {
			type: () => null.x,
			own: () => { throw new LimitError("too much"); },
			code: () => { throw Object.assign(new Error("no"), { code: "E_NO" }); },
			cause: () => { throw new TypeError("fetch failed",
				{ cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) }); },
			text: () => { throw "just text"; },
			nothing: () => { throw undefined; },
			object: () => { throw { status: 4 }; },
			reject: () => Promise.reject(new RangeError("far")),
			hostile: () => { throw new Proxy({}, { get() { throw new Error("!"); } }); },
			message: () => { throw Object.defineProperty(new Error(), "message", { get() { throw 1; } }); },
		};
		serve((input) => errors[input]());
	END
	inputs type own code cause text nothing object reject hostile message >in
	run -1 ask
	assert_jq '[.error, .error_code]' '["TypeError: Cannot read properties of null (reading '"'x'"')","TypeError"]
["LimitError: too much","LimitError"]
["Error: no","E_NO"]
["TypeError: fetch failed (cause: refused)","ECONNREFUSED"]
["just text","string"]
["undefined","undefined"]
["{ status: 4 }","Object"]
["RangeError: far","RangeError"]
["{}","Object"]
["Error","Error"]' got
	assert_regex "$(jq -r 'select(.input == "own") | .stderr' got)" 'LimitError: too much'$'\n''    at '
	assert_equal "$(jq -s '[.[].agent] | unique | length' got)" 1
}

@test "an uncaught error fails the call that it comes from, and no other" {
	agent <<-'END'
		import { EventEmitter } from "node:events";
		const wait = (ms) => new Promise((done) => setTimeout(done, ms));
		const acts = {
			async rejection() { Promise.reject(new Error("lost")); await wait(100); return "not this"; },
			async timer() { setTimeout(() => { throw new Error("late"); }, 5); await wait(100); },
			async event() { setImmediate(() => new EventEmitter().emit("error", new Error("event"))); await wait(100); },
			async forever() { Promise.reject(new Error("gone")); await new Promise(() => {}); },
			async good() { await wait(50); return "fine"; },
		};
		serve((input) => acts[input](), { concurrency: Number(process.argv[2]) });
	END
	inputs good rejection timer event forever good good >in
	for n in 1 7; do
		run -1 fl-run --command "node agent.mjs $n" --ordered in
		printf '%s\n' "${lines[@]}" | grep '^{' >got
		assert_equal "$n: $(values '.error // .output' got)" "$n: fine unhandled rejection: Error: lost uncaught exception: Error: late uncaught exception: Error: event unhandled rejection: Error: gone fine fine"
		assert_equal "$(jq -s '[.[].agent] | unique | length' got)" 1
	done
	# after the end of its call, it is printed
	agent <<-'END'
		serve((input) => { if (input === "a") setTimeout(() => { throw new Error("too late"); }, 20);
			else return new Promise((done) => setTimeout(() => done(input), 200)); });
	END
	inputs a b >in
	ask --stderr-dir logs
	run -0 grep -c 'uncaught exception after the end of its call: Error: too late' logs/agent-1.log
}

@test "streams of every kind become deltas and their text" {
	agent <<-'END'
		const chunks = {
			text: ["a", "b"], openai: [{ choices: [{ delta: { role: "assistant" } }] },
				{ choices: [{ delta: { content: "a" } }] }, { choices: [{ delta: { content: "b" } }] }, { choices: [] }],
			responses: [{ type: "response.created" }, { type: "response.output_text.delta", delta: "a" },
				{ type: "response.function_call_arguments.delta", delta: "{}" },
				{ type: "response.output_text.delta", delta: "b" }, { type: "response.output_text.done", text: "ab" }],
			anthropic: [{ type: "message_start", message: {} },
				{ type: "content_block_delta", delta: { type: "text_delta", text: "a" } },
				{ type: "content_block_delta", delta: { type: "thinking_delta", thinking: "hm" } },
				{ type: "content_block_delta", delta: { type: "text_delta", text: "b" } }, { type: "message_stop" }],
			vercel: [{ type: "text-start" }, { type: "text-delta", textDelta: "a" }, { type: "reasoning-delta", text: "hm" },
				{ type: "text-delta", text: "b" }],
			events: ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 'event: x\ndata: b\n\ndata: [DONE]\n\n'],
			gemini: [{ candidates: [{ content: { parts: [{ text: "a" }] } }] }, { candidates: [{ content: { parts: [{ text: "b" }] } }] }],
			graph: [[{ content: "a" }, { node: "n" }], [{ content: "b" }, { node: "n" }]],
			bytes: [Uint8Array.of(0xc3), Uint8Array.of(0xa9)],
			none: [{ n: 1 }, { n: 2 }],
		};
		async function* later(items) { for (const item of items) { await null; yield item; } }
		const kinds = {
			generator: later, plain: function* (items) { yield* items; },
			web: (items) => new ReadableStream({ start(c) { items.forEach((i) => c.enqueue(i)); c.close(); } }),
			promise: async (items) => later(items),
		};
		serve(({ of, as }) => kinds[as](chunks[of]));
	END
	for as in generator plain web promise; do
		printf '{"input":{"of":"%s","as":"'$as'"}}\n' text openai responses anthropic vercel events gemini graph \
			bytes none
	done >in
	ask
	assert_equal "$(jq -c .output got | LC_ALL=C sort | uniq -c | sed 's/^ *//')" \
		'32 "ab"
4 "é"
4 [{"n":1},{"n":2}]'
	agent <<-'END'
		serve(async function* () { yield { data: { t: "x" } }; yield { data: { t: "y" } }; throw new Error("cut"); },
			{ streamOutputPath: "data.t" });
	END
	inputs a >in
	run -1 ask
	assert_jq '[.error, .success]' '["Error: cut",false]' got
	agent <<-'END'
		serve((input) => input === "json" ? Response.json({ a: 1 }) : new Response("text", { status: Number(input) }));
	END
	inputs json 200 503 >in
	run -1 ask
	assert_equal "$(jq -c '.output // .error_code' got | xargs)" '{a:1} text HTTP503'
}

@test "a step that streams ends with its stream, and has what was read of it" {
	agent <<-'END'
		async function* chat() {
			yield { choices: [{ delta: { content: "one " } }] };
			yield { choices: [{ delta: { content: "two" } }] };
			yield { model: "m1", choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } };
		}
		// as clients have it: an object with methods of its own
		class Streamed { #source = chat(); controller = 1; [Symbol.asyncIterator]() { return this.#source; } count() { return this.controller; } }
		const acts = {
			async all() { let n = 0; for await (const c of await step("generation", "g", 1, async () => chat())) n++; return n; },
			async some() { for await (const c of await step("generation", "g", 1, async () => chat())) break; return "left"; },
			async object() { const s = step("generation", "g", 1, () => new Streamed()); const n = s.count(); for await (const c of s); return n; },
			async fails() { for await (const c of step("generation", "g", 1, async function* () { yield "a"; throw new Error("torn"); })); },
			now() { for (const c of step("generation", "g", 1, function* () { yield "a"; yield { model: "m2", usage: { total_tokens: 7 } }; })); },
			unread() { step("generation", "g", 1, () => chat()); return "unread"; },
			open() { step("tool", "t", 1, () => new Promise(() => {})); return "open"; },
		};
		serve((input) => acts[input]());
	END
	inputs all some object fails now unread open >in
	run -1 ask
	assert_jq '.observations[0] | [.output, .model, .total_tokens, .status_message]' '["one two","m1",5,null]
["one ",null,null,null]
["one two","m1",5,null]
["a",null,null,"Error: torn"]
["a","m2",7,null]
[null,null,null,"unfinished"]
[null,null,null,"unfinished"]' got
}

@test "steps nest, in parallel too, and without a call they are only done" {
	agent <<-'END'
		const tool = (name, inner) => step("tool", name, undefined, async (fields) => {
			fields.metadata.of = name;
			await new Promise((done) => setTimeout(done, 5));
			return inner ? tool(inner) : name;
		});
		if (await step("tool", "outside", 1, async (fields) => { fields.model = "m"; return 4; }) !== 4)
			throw new Error();
		serve((input) => step("agent", "root", { input }, () => Promise.all([tool("a", "aa"), tool("b", "bb")])),
			{ concurrency: 3 });
	END
	inputs 1 2 3 >in
	ask
	assert_jq '.observations | (map({(.id): .name}) | add) as $n | map("\(.name)<\($n[.parent_observation_id // ""] // "-")") | sort' \
		'["a<root","aa<a","b<root","bb<b","root<-"]
["a<root","aa<a","b<root","bb<b","root<-"]
["a<root","aa<a","b<root","bb<b","root<-"]' got
	run node --input-type=module -e "import { step } from '$MODULE'; step('tools', 'x', 1, () => 1)"
	assert_output --partial 'unknown type of step: tools; there are agent, tool, generation'
}

@test "a call that is stopped gets an abort signal for its requests" {
	agent <<-'END'
		import { appendFileSync } from "node:fs";
		serve((input, { signal }) => new Promise((done, fail) => {
			appendFileSync("begun", "x");
			signal.addEventListener("abort", () => {
				appendFileSync("aborted", `${input}: ${signal.reason.message}\n`);
				fail(signal.reason);
			});
		}), { concurrency: 2, close: () => appendFileSync("aborted", "closed\n") });
	END
	inputs a b >in
	echo 'runner: {kill_timeout: 20}' >setting.yaml
	fl-run -c setting.yaml --grace 0 --command 'node agent.mjs' in >got 2>err &
	pid=$!
	wait_until grep -x xx begun
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	assert_equal "$(sort aborted | uniq -c | sed 's/^ *//')" '1 a: stopped by SIGTERM
1 b: stopped by SIGTERM
1 closed'
	assert_equal "$(jq -r .error got | sort | xargs)" 'AbortError: stopped by SIGTERM AbortError: stopped by SIGTERM'
}

@test "values that JSON lacks are written as the manual says" {
	agent <<-'END'
		class User { name = "Ada"; get lazy() { throw new Error("called"); } }
		const ring = { a: 1 }; ring.self = ring;
		const deep = {}; for (let i = 0, at = deep; i < 200; i++) at = at.d = {};
		serve(() => ({ big: 2n ** 70n, date: new Date(0), map: new Map([["k", new Set([1])]]), none: undefined,
			f() {}, nan: NaN, bytes: Buffer.from("hé"), user: new User(), ring, error: new RangeError("r"), url: new URL("http://a/"),
			get x() { throw new Error("called"); }, bad: { toJSON() { throw 1; } }, symbol: Symbol("s"), list: [undefined, () => 1],
			boxed: Object("s"), lone: "\ud800", long: "x".repeat(300000).length, proxy: new Proxy({ p: 1 }, {}), regexp: /a/g }));
	END
	inputs a >in
	ask
	run -0 grep -F '"output":{"big":1180591620717411303424,"date":"1970-01-01T00:00:00.000Z","map":{"k":[1]},"nan":null,"bytes":"hé","user":{"name":"Ada"},"ring":{"a":1,"self":"<cycle: Object>"},"error":{"name":"RangeError","message":"r"},"url":"http://a/","bad":"<Object>","symbol":"Symbol(s)","list":[null,"<callable:>"],"boxed":"s","lone":"\ufffd","long":300000,"proxy":{"p":1},"regexp":"/a/g"}' got
}

@test "a wrong use of serve() is reported before any call" {
	inputs a >in
	echo 'import { serve } from "fluxloop"; serve("x");' >agent.mjs
	run -2 ask
	run -0 grep -x 'fl-run: serve() needs a function' err
	echo 'import { serve } from "fluxloop"; serve((x) => x, { paralel: 3 });' >agent.mjs
	run -2 ask
	run -0 grep 'serve() has no option paralel; there are parameters, concurrency' err
}

# --- recording and replay -----------------------------------------------------------------------

@test "values of every type are replayed as what they were" {
	node "$AGENTS/types.mjs" args.jsonl
	jq -c '{type: "input", id: input_line_number, input: "x", kwargs, objects, types}' args.jsonl >requests
	node "$AGENTS/types.mjs" agent <requests >replies
	assert_equal "$(jq -c 'select(.type == "final" and .output != "same" or .type == "error")' replies)" ''
	assert [ "$(grep -c '"output":"same"' replies)" -gt 40 ]
	# through all programs; the name is the text
	jq -c '{input: .kwargs.name, metadata: {input_path: "name", template_kwargs: .kwargs, objects, types}}' \
		args.jsonl >in
	echo 'replay_args: {enabled: true}' >setting.yaml
	fl-run -c setting.yaml --command "node $AGENTS/types.mjs agent" in >got
	assert_equal "$(jq -c 'select(.output != "same") | [.input, .output, .error]' got)" ''
	assert_equal "$(lines_of got)" "$(lines_of args.jsonl)"
}

@test "a recorded call goes from the recorder to a replay with its callbacks" {
	agent <<-'END'
		class User {
			constructor(name) { this.name = name; }
			greet(text) { return `${this.name}: ${text}`; }
		}
		export async function chat(message, user, send, onError) {
			recordCallArgs("agent.mjs:chat", { message, user, send, onError });
			await send(user.greet(message.text));
			await send({ done: true });
			onError(new Error("a warning"));
		}
		if (process.argv[2] === "record")
			await chat({ text: "How do I pay?", at: 5 }, new User("Ada"), async function send() {}, function onError() {});
		else
			serve(chat, { parameters: ["message", "user", "send", "onError"], classes: { User } });
	END
	# off unless it is turned on
	node agent.mjs record
	assert_not_exists recordings
	FLUXLOOP_RECORD_ARGS=true node agent.mjs record
	FLUXLOOP_RECORD_ARGS=true node agent.mjs record
	assert_jq '[.iteration, .target, .kwargs, .objects]' '[0,"agent.mjs:chat",{"message":{"text":"How do I pay?","at":5},"user":{"name":"Ada"},"send":"<callable:send:async>","onError":"<callable:onError>"},{"user":"User"}]' <(head -n 1 recordings/args.jsonl)
	assert_equal "$(stat -c %a recordings recordings/args.jsonl | xargs)" '700 600'
	cat >setting.yaml <<-'END'
		replay_args:
		  enabled: true
		  override_param_path: message.text
		  callable_providers: {send: "builtin:collector.send", onError: "builtin:collector.error"}
	END
	fl-record-extract --path message.text recordings/args.jsonl | head -n 1 | fl-generate --limit 3 >in
	FLUXLOOP_RECORD_ARGS=true fl-run -c setting.yaml --command 'node agent.mjs' in >got
	assert_equal "$(jq -c '[.success, (.callback_messages.send | length), (.callback_messages.errors // .callback_messages.error | length)]' got | sort -u)" '[true,2,1]'
	assert_equal "$(jq -r '.callback_messages.send[0] | tostring' got | grep -c 'Ada: ')" 3
	# constants come last, and a mapping stands for what is not data
	cat >>setting.yaml <<-'END'
		  set: {user: {name: Eve, greet: x}}
		runner: {args: {message: {text: constant}}}
	END
	sed -i 's/greet(text) {/say(text) {/; s/user.greet(/(user.name + ": ").concat(/' agent.mjs
	fl-run -c setting.yaml --command 'node agent.mjs' in >got
	assert_equal "$(jq -r '.callback_messages.send[0] | tostring' got | sort -u)" 'Eve: constant'
	# a replay is not recorded
	assert_equal "$(wc -l <recordings/args.jsonl)" 2
}

# replay FIELDS: sends one request with these fields to agent.mjs.
replay()
{
	echo "{\"type\":\"input\",\"id\":1,\"input\":\"x\",$1}" | node agent.mjs 2>err |
		jq -r 'select(.type == "error") | .code + " " + .error'
}

@test "what cannot be rebuilt is an error with its path, its class and what to do" {
	agent <<-'END'
		class Secretive { #x = 1; get() { return this.#x; } }
		serve(({ a }) => a?.db?.query?.("x"), { classes: { Secretive, Holder: class Holder {} },
			revive: { Broken() { throw new Error("no luck"); } } });
	END
	assert_equal "$(replay '"kwargs":{"a":{"b":{"n":1}}},"objects":{"a.b":"Order"},"types":{}')" \
		'setup argument "a.b" cannot be rebuilt as Order: serve() was given no class of this name; give serve() an entry for it in `classes` or `revive`, or record the call again'
	assert_regex "$(replay '"kwargs":{"a":{}},"objects":{"a":"Secretive"}')" '"a" cannot be rebuilt as Secretive: it has private fields, which are not recorded'
	assert_regex "$(replay '"kwargs":{"a":"<repr:WebSocket>"},"objects":{"a":"WebSocket"}')" '"a" cannot be rebuilt as WebSocket: it is not data.*"a.send: builtin:collector.send"'
	assert_regex "$(replay '"kwargs":{"a":1},"types":{"a":"Money"}')" '"a" cannot be rebuilt as Money: serve\(\) was given no class'
	assert_regex "$(replay '"kwargs":{"a":{}},"objects":{"a":"Broken"}')" '"a" cannot be rebuilt as Broken: Error: no luck'
	assert_regex "$(replay '"kwargs":{"a":"12x"},"types":{"a":"bigint"}')" '"a" cannot be rebuilt as bigint: SyntaxError'
	# inside an object, only what is used matters
	assert_equal "$(replay '"kwargs":{"a":{"log":"<repr:Logger>"}},"objects":{"a":"Holder","a.log":"Logger"}')" ''
	assert_regex "$(replay '"kwargs":{"a":{"db":"<repr:Pool>"}},"objects":{"a":"Holder","a.db":"Pool"}')" '"a.db" cannot be rebuilt as Pool: it was not recorded, and the handler uses its "query"'
	# a provider makes what is called
	assert_equal "$(replay '"kwargs":{"a":{"db":"<repr:Pool>"}},"objects":{"a":"Holder","a.db":"Pool"},"callables":{"a.db.query":"send"}')" ''
	# names that all objects have
	assert_equal "$(replay '"kwargs":{"constructor":1,"__proto__":{"a":2},"a":{"toString":1}},"objects":{},"types":{}')" ''
	agent <<<'serve((one) => one, { parameters: ["one"] });'
	assert_equal "$(replay '"kwargs":{"one":1,"two":2}')" 'arguments ArgumentsError: the handler has no parameter "two"; record the call again, or edit its kwargs'
}

@test "objects that are not data are recorded by their class, and never walked" {
	cat >record.mjs <<-'END'
		import { createServer } from "node:http";
		import { EventEmitter } from "node:events";
		import { configure, recordCallArgs } from "fluxloop";
		class Client { constructor() { this.fetch = () => 1; this.key = "sk-abcdefghijklmnop"; } }
		class Hidden { #secret = 1; peek() { return this.#secret; } shown = 2; }
		class Pool extends EventEmitter { password2 = "hunter2hunter2"; }
		class Lazy { get touched() { console.log("TOUCHED"); } items = [1]; }
		configure({ recordArgs: true, recordingFile: "args.jsonl" });
		const ring = []; ring.push(ring);
		recordCallArgs("a:b", { client: new Client(), hidden: new Hidden(), pool: new Pool(), server: createServer(),
			signal: new AbortController().signal, promise: Promise.resolve(), iterator: [][Symbol.iterator](),
			generator: (function* () {})(), weak: new WeakMap(), lazy: new Lazy(), ring,
			wild: new Proxy({}, { ownKeys() { throw new Error("trap"); } }),
			deep: JSON.parse("[".repeat(100) + "]".repeat(100)),
			deeper: JSON.parse("[".repeat(101) + "]".repeat(101)) });
	END
	run -0 node record.mjs
	assert_output ''
	assert_jq '.kwargs | del(.deep, .deeper, .ring, .lazy) | map_values(sub("<repr:(?<n>.*)>"; .n)) | .iterator |= test("Iterator")' \
		'{"client":"Client","hidden":"Hidden","pool":"Pool","server":"Server","signal":"AbortSignal","promise":"Promise","iterator":true,"generator":"Generator","weak":"WeakMap","wild":"Object"}' args.jsonl
	assert_jq '[.kwargs.lazy, .objects.lazy, .types["ring.0"]]' '[{"items":[1]},"Lazy",{"class":"Array","same":"ring"}]' args.jsonl
	assert_jq '.kwargs | [.deep, .deeper] | map([.. | scalars])' '[[],["<repr:Array>"]]' args.jsonl
	run -1 grep -e hunter2 -e sk-abc args.jsonl
}

@test "values with names of secrets are masked, as the recorder for Python does it" {
	cat >record.mjs <<-'END'
		import { configure, recordCallArgs } from "fluxloop";
		configure({ recordArgs: true, recordingFile: "args.jsonl" });
		recordCallArgs("a:b", { user: { apiKey: "v1", name: "monkey" }, headers: new Map([["Authorization", "v2"]]),
			token: "v3", max_tokens: 5, password: null, auth: true, secret: () => 1, session_token: ["v4"],
			entries: { "a.b": 1, a: { b: 2 }, cookie: "v5" } });
	END
	node record.mjs
	assert_jq .kwargs '{"user":{"apiKey":"***","name":"monkey"},"headers":[["Authorization","***"]],"token":"***","max_tokens":5,"password":null,"auth":true,"secret":"<callable:secret>","session_token":"***","entries":[["a.b",1],["a",{"b":2}],["cookie","***"]]}' args.jsonl
	run -1 grep -e 'v[1-5]"' args.jsonl
	printf '%s\n' token api_key apiKey x-api-key authToken monkey keyboard author key primary_key public_key max_tokens \
		prompt_tokens token_limit token_count tokens access_tokens sessiontoken accesskey passWord PassWord api2key APIKey \
		OPENAI_API_KEY my_secret secretary Password csrf_token tokenizer jwt JWTToken cookieJar authTokenLimit passphrase2 \
		OAuth access_key_id signingKey bearer_tokens DB_PASSWORD '' a.b '密码' token2limit >names
	node --input-type=module -e "import { isSecret } from '$MODULE'; import fs from 'node:fs';
		for (const n of fs.readFileSync('names', 'utf8').split('\n').slice(0, -1)) console.log(n, isSecret(n))" >node.txt
	PYTHONPATH=$ROOT/lib/python python3 -c 'from fluxloop.masking import is_secret
for name in open("names", encoding="utf-8"): print(name[:-1], str(is_secret(name[:-1])).lower())' >python.txt
	diff python.txt node.txt
	assert [ "$(grep -c true node.txt)" -gt 15 ]
}

# masked FILE: records the value of each record of a table, and prints those that
# are not masked as the table says.
masked()
{
	cat >mask.mjs <<-'END'
		import fs from "node:fs";
		import { configure, recordCallArgs } from "fluxloop";
		const rows = fs.readFileSync(process.argv[2], "utf8").trim().split("\n").map((line) => JSON.parse(line));
		configure({ recordArgs: true, recordingFile: "masked.jsonl" });
		for (const { value } of rows)
			recordCallArgs("a:b", { value });
		fs.readFileSync("masked.jsonl", "utf8").trim().split("\n").forEach((line, i) => {
			const got = JSON.stringify(JSON.parse(line).kwargs.value), want = JSON.stringify(rows[i].masked);
			if (got !== want)
				console.log(`${want}\n${got}`);
		});
	END
	rm -f masked.jsonl
	run -0 node mask.mjs "$1"
	assert_output ''
	assert_equal "$(lines_of masked.jsonl)" "$(lines_of "$1")"
}

@test "secrets in texts are masked by their shapes, and what looks like them is not" {
	# the parts of tokens are put together, so that no scanner takes them for real ones
	local a=abcdefghij n=0123456789 A=ABCDEFGHIJ
	while IFS='|' read -r value masked; do
		jq -nc --arg v "$value" --arg m "${masked:-$value}" '{value: $v, masked: $m}'
	done >table <<-END
	my key is sk-$a$n, thanks|my key is ***, thanks
	ghp_$a$n$a and more|*** and more
	AKIA$A${n:0:6}|***
	postgres://app:hunter2@db/x?sslmode=require|postgres://app:***@db/x?sslmode=require
	https://a.example/?page=2&api_key=${n}x&q=1|https://a.example/?page=2&api_key=***&q=1
	Authorization: Bearer $a$n|Authorization: ***
	Authorization: Basic dXNlcjpwYXNz|Authorization: ***
	curl -H 'x-api-key: q9$a'|curl -H 'x-api-key: ***'
	PASSWORD=hunter2 make|PASSWORD=*** make
	{"password": "hunter2", "n": 1}|{"password": "***", "n": 1}
	eyJ$a$n.eyJ$a.$a$n|***
	-----BEGIN RSA PRIVATE KEY-----MIIE-----END RSA PRIVATE KEY-----|***
	--password s3cr3t-x --verbose|--password *** --verbose
	user:pa55word@tcp(db:3306)/x|user:***@tcp(db:3306)/x
	https://hooks.slack.com/services/T0/B0/$a$n|https://hooks.slack.com/services/***
	(b'Authorization', b'Token $n')|(b'Authorization', b'***')
	C:\\x\nSTRIPE_SK=${n}a|C:\\x\nSTRIPE_SK=***
	I forgot my password. What now?
	monkey: banana, keyboard=qwerty
	max_tokens=1000 token_count: 12
	https://a.example:8080/path@v2?page=3
	git@github.com:me/x.git
	the sk-learn package and task-force-one
	password: \${PASSWORD}
	password=None
	def login(user, password=password):
	Bearer of good news
	a@b.example and 12:30:59
	basic training
	END
	masked table
	assert [ "$(jq -s 'map(select(.value != .masked)) | length' table)" = 17 ]
	if [ -e "$DATA/secrets.jsonl" ]; then
		masked "$DATA/secrets.jsonl"
	fi
	rm masked.jsonl
	run -0 env FLUXLOOP_MASK_SECRETS=false node mask.mjs table
	assert [ "${#lines[@]}" = 34 ]
	# a word that does not say so shows nothing
	for word in '' maybe n; do
		FLUXLOOP_MASK_SECRETS=$word masked table
	done
	# bytes, keys, pairs and lists of words
	cat >record.mjs <<-'END'
		import { configure, recordCallArgs } from "fluxloop";
		configure({ recordArgs: true, recordingFile: "args.jsonl" });
		const key = "sk-" + "abcdefghij0123456789";
		recordCallArgs("a:b", { bytes: Buffer.from(`key ${key}`), plain: Buffer.from("key"), [`k ${key}`]: 1,
			headers: [["Cookie", "a=b"], ["Accept", "x"]], argv: ["--token", "xyz", "--n", "3"],
			names: ["password", "email"], pair: { name: "api_key", value: "v" }, map: new Map([["secret", "v"]]),
			error: new Error(`bad key ${key}`), url: new URL(`https://u:${key}@a.example/`) });
	END
	node record.mjs
	run -1 grep -e sk-abc -e xyz -e a=b args.jsonl
	assert_jq '.kwargs | [.bytes, .plain, .["k ***"], .headers, .argv, .names, .pair, .map, .url]' \
		'["***","a2V5",1,[["Cookie","***"],["Accept","x"]],["--token","***","--n","3"],["password","email"],{"name":"api_key","value":"***"},[["secret","***"]],"https://u:***@a.example/"]' args.jsonl
}

@test "a program that imports the module reads its standard input as before" {
	cat >flags.mjs <<-'END'
		import fs from "node:fs";
		if (process.argv[2])
			(await import("fluxloop")).configure({ recordArgs: false });
		// 04000 is O_NONBLOCK, with which a file that is read at once may be empty
		console.log(/^flags:.*4...$/m.test(fs.readFileSync("/proc/self/fdinfo/0", "utf8")));
	END
	: | node flags.mjs >alone
	: | node flags.mjs fluxloop >with
	assert_equal "$(cat alone with | xargs)" 'false false'
}

@test "the recorder throws nothing into the program, and appends after a torn line" {
	cat >record.mjs <<-'END'
		import { configure, recordCallArgs } from "fluxloop";
		configure({ recordArgs: true, recordingFile: process.argv[2] });
		recordCallArgs("a:b", { x: 1 });
		recordCallArgs("a:b", { x: 2 }, { iteration: 7 });
		recordCallArgs("a:b", { x: 3 });
		recordCallArgs("a:b", null);
		recordCallArgs("a:b");
		console.log("done");
	END
	printf '{"torn' >args.jsonl
	run -0 node record.mjs args.jsonl
	assert_line done
	assert_line --regexp 'fluxloop could not record a call: TypeError: the arguments of a recorded call must be an object'
	assert_equal "$(head -n 1 args.jsonl)" '{"torn'
	assert_equal "$(sed 1d args.jsonl | jq -r .iteration | xargs)" '0 7 8'
	# an empty variable is as good as none
	FLUXLOOP_RECORDING_FILE='' run -0 node record.mjs
	assert_equal "$(jq -r .iteration recordings/args.jsonl | xargs)" '0 7 8'
	run -0 node record.mjs /proc/none/args.jsonl
	assert_line done
	assert_equal "$(grep -c 'could not record' <<<"$output")" 2
	run -1 node --input-type=module -e "import { configure } from '$MODULE'; configure({ record: 1 })"
	assert_output --partial 'unknown configuration parameter: record; there are recordArgs, recordingFile, maskSecrets'
}

@test "the module is installed where --node-path says, and npm can install it from there" {
	make -s -C "$ROOT" BUILD="${BIN%/bin}" PREFIX="$PWD/prefix" install
	folder=$(prefix/bin/fluxloop --node-path)
	assert_equal "$folder" "$(realpath prefix)/share/fluxloop/node"
	assert_equal "$(cd "$folder" && echo *)" 'fluxloop.d.mts fluxloop.mjs package.json'
	mkdir other
	if command -v npm >/dev/null; then
		(cd other && echo '{}' >package.json &&
			npm install --silent --offline --no-audit --no-fund "$folder" >&2)
	else
		mkdir other/node_modules
		ln -s "$folder" other/node_modules/fluxloop
	fi
	run -0 sh -c 'cd other && node --input-type=module -e "import * as f from \"fluxloop\"; console.log(Object.keys(f).join())"'
	assert_output configure,currentCall,isSecret,recordCallArgs,serve,step
}
