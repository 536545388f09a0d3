#!/usr/bin/env node
// An agent in JavaScript: reports a step, and answers with its input. Run it by
//   fl-run --command pipelines/agent.mjs inputs.jsonl
import { serve, step } from "../lib/node/fluxloop.mjs";

serve((input) => {
	if (typeof input !== "string")
		throw Object.assign(new TypeError("expected text"), { code: "input" });
	return step("tool", "answer", input, () => `you said ${input}`);
});
