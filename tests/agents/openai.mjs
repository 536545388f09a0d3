// An agent that uses the openai package, or with the argument "fetch" fetch alone.
import { recordCallArgs, serve, step } from "fluxloop";

const baseURL = process.env.CHAT_URL;
const tools = [{ type: "function", function: { name: "order", parameters: { type: "object" } } }];
const order = ({ number }) => `order ${number}, on its way`;

async function makeChat() {
	if (process.argv[2] === "fetch")
		return chatByFetch;
	const { default: OpenAI } = await import("openai");
	const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
	return (request, options) => client.chat.completions.create(request, options);
}

async function chatByFetch(request, { signal }) {
	const response = await fetch(`${baseURL}/chat/completions`,
		{ method: "POST", body: JSON.stringify(request), signal });
	if (!response.ok)
		throw Object.assign(new Error(`${response.status} refused`), { code: "rate_limit_exceeded" });
	return request.stream ? events(response.body) : response.json();
}

async function* events(body) {
	let text = "";
	for await (const piece of body.pipeThrough(new TextDecoderStream())) {
		const lines = (text + piece).split("\n\n");
		text = lines.pop();
		for (const line of lines)
			if (line !== "data: [DONE]")
				yield JSON.parse(line.slice(6));
	}
}

const chat = await makeChat();

serve((input, { signal }) => {
	recordCallArgs("openai.mjs:answer", { input });
	return step("agent", "support", { input }, async () => {
		const messages = [{ role: "user", content: input }];
		const ask = (name, more) => step("generation", name, messages,
			() => chat({ model: "small", messages, ...more }, { signal }));
		const { message } = (await ask("plan", { tools })).choices[0];
		messages.push(message);
		for (const { id, function: { name, arguments: text } } of message.tool_calls) {
			const content = step("tool", name, JSON.parse(text), () => order(JSON.parse(text)));
			messages.push({ role: "tool", tool_call_id: id, content });
		}
		let answer = "";
		for await (const { choices } of await ask("write", { stream: true }))
			answer += choices[0]?.delta.content ?? "";
		return answer;
	});
}, { concurrency: 4 });
