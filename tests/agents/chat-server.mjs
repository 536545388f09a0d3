// chat-server FILE: a server on loopback that answers chat requests as
// OpenAI-compatible ones do, and writes its URL to FILE. It asks for the tool
// "order" first, then answers with what the tool said; "busy" is refused.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";

const usage = { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 };

function choice({ messages, tools }) {
	const last = messages.at(-1);
	if (tools && last.role === "user")
		return { index: 0, finish_reason: "tool_calls", message: { role: "assistant", content: null,
			tool_calls: [{ id: "c1", type: "function", function: { name: "order",
				arguments: JSON.stringify({ number: /\d+/.exec(last.content)?.[0] ?? "" }) } }] } };
	return { index: 0, finish_reason: "stop", message: { role: "assistant", content: `It is ${last.content}.` } };
}

function stream(response, about, { message }) {
	response.writeHead(200, { "content-type": "text/event-stream" });
	const send = (choices, more) => response.write(`data: ${JSON.stringify(
		{ ...about, object: "chat.completion.chunk", choices, ...more })}\n\n`);
	for (const piece of message.content.split(/(?<= )/))
		send([{ index: 0, delta: { content: piece }, finish_reason: null }]);
	send([], { usage });
	response.end("data: [DONE]\n\n");
}

const server = createServer(async (request, response) => {
	let body = "";
	for await (const piece of request)
		body += piece;
	const asked = JSON.parse(body);
	const about = { id: "r1", created: 1, model: `${asked.model}-2026` };
	if (asked.messages.some(({ content }) => content === "busy")) {
		response.writeHead(429, { "content-type": "application/json" });
		response.end(JSON.stringify({ error: { message: "slow down", code: "rate_limit_exceeded" } }));
	} else if (asked.stream) {
		stream(response, about, choice(asked));
	} else {
		response.writeHead(200, { "content-type": "application/json" });
		response.end(JSON.stringify({ ...about, object: "chat.completion", choices: [choice(asked)], usage }));
	}
});
server.listen(0, "127.0.0.1", () =>
	writeFileSync(process.argv[2], `http://127.0.0.1:${server.address().port}/v1`));
