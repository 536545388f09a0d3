// a2a.mjs FILE MODULES: an agent of @a2a-js/sdk 1.x on loopback, whose packages are
// in the folder MODULES. Writes its URL to FILE. Its card is at the root, and names
// /new and /old (version 0.3), with /rpc and /rest below each.
import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [file, modules] = process.argv.slice(2);
const require = createRequire(`${modules}/x.js`);
const { Role, TaskState } = require("@a2a-js/sdk");
const { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } = require("@a2a-js/sdk/server");
const { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } = require("@a2a-js/sdk/server/express");
const express = require("express");

const part = ($case, value) => ({ content: { $case, value }, metadata: undefined, filename: "", mediaType: "" });

function execute(request, bus) {
	const { taskId, contextId, userMessage } = request;
	const { $case, value } = userMessage.parts[0].content;
	const said = $case === "text" ? value : "data";
	const message = (text) => ({
		role: Role.ROLE_AGENT, messageId: randomUUID(), parts: [part("text", text)],
		taskId, contextId, extensions: [], metadata: {}, referenceTaskIds: [],
	});
	const status = (name, text) => bus.publish(AgentEvent.statusUpdate({
		taskId, contextId, metadata: {},
		status: { state: TaskState[`TASK_STATE_${name}`], message: text && message(text) },
	}));
	const artifact = (artifactId, parts, append = false) => bus.publish(AgentEvent.artifactUpdate({
		taskId, contextId, append, lastChunk: true, metadata: undefined,
		artifact: { artifactId, name: "", description: "", parts, metadata: undefined, extensions: [] },
	}));
	if (said === "message") {
		bus.publish(AgentEvent.message(message("a message")));
		return;
	}
	bus.publish(AgentEvent.task({
		id: taskId, contextId, status: { state: TaskState.TASK_STATE_SUBMITTED },
		artifacts: [], history: [userMessage], metadata: {},
	}));
	status("WORKING", "thinking");
	if (said === "ask")
		return status("INPUT_REQUIRED", "which order?");
	if (said === "cancel")
		return status("CANCELED");
	if (said === "data") {
		artifact("a", [part("data", value)]);
	} else {
		artifact("a", [part("text", "Hel")]);
		artifact("a", [part("text", "lo")], true);
		artifact("b", [part("text", said)]);
	}
	status("COMPLETED");
}

const executor = {
	cancelTask: async () => {},
	async execute(request, bus) {
		if (request.userMessage.parts[0].content.value === "later")
			await new Promise((done) => setTimeout(done, 300));
		execute(request, bus);
		bus.finished();
	},
};

const app = express();
const server = createServer(app);
server.listen(0, "127.0.0.1", () => {
	const url = `http://localhost:${server.address().port}`;
	const interfaces = [["new", "1.0"], ["old", "0.3"]].flatMap(([path, protocolVersion]) => [
		{ url: `${url}/${path}/rpc`, protocolBinding: "JSONRPC", tenant: "", protocolVersion },
		{ url: `${url}/${path}/rest`, protocolBinding: "HTTP+JSON", tenant: "", protocolVersion },
	]);
	const card = {
		name: "a", description: "", version: "1", supportedInterfaces: interfaces, provider: undefined,
		capabilities: { streaming: true, pushNotifications: false, extensions: [], extendedAgentCard: false },
		securitySchemes: {}, securityRequirements: [], skills: [], signatures: [], documentationUrl: "",
		defaultInputModes: ["text"], defaultOutputModes: ["text"],
	};
	const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), executor);
	const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat: { enabled: true } };
	app.use("/.well-known/agent-card.json", agentCardHandler({ agentCardProvider: requestHandler }));
	for (const path of ["new", "old"]) {
		app.use(`/${path}/rpc`, jsonRpcHandler(options));
		app.use(`/${path}/rest`, restHandler(options));
	}
	writeFileSync(`${file}.new`, `${url}\n`);
	renameSync(`${file}.new`, file);
});
