// An agent that answers with the input in capitals, an observation and two deltas.
// It accepts requests ahead.
import { createInterface } from "node:readline";

const send = (message) => process.stdout.write(JSON.stringify(message) + "\n");

send({ type: "hello", protocol: 1, pipeline: 8, concurrency: 2 });
for await (const line of createInterface({ input: process.stdin })) {
	const { id, input, context } = JSON.parse(line);
	send({ type: "start", id });
	send({ type: "delta", id, delta: input.slice(0, 1) });
	send({ type: "delta", id, delta: input.slice(1) });
	send({ type: "observation", id, observation: { type: "tool", name: "capitals", input, output: context.iteration } });
	send({ type: "final", id, output: input.toUpperCase() });
}
