// Answers in capitals, with an observation and two deltas; works ahead.
import { createInterface } from "node:readline";

const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");

say({ type: "hello", protocol: 1, pipeline: 8, concurrency: 2 });
for await (const line of createInterface({ input: process.stdin })) {
	const { id, input, context } = JSON.parse(line);
	say({ type: "start", id });
	say({ type: "delta", id, delta: input.slice(0, 1) });
	say({ type: "delta", id, delta: input.slice(1) });
	say({ type: "observation", id, observation: { type: "tool", name: "capitals", input, output: context.iteration } });
	say({ type: "final", id, output: input.toUpperCase() });
}
