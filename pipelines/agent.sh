#!/bin/sh
# An agent in jq: reports a step, and answers with its input. Run it by
#   fl-run --command pipelines/agent.sh inputs.jsonl
exec jq -nc --unbuffered '
	{type: "hello", protocol: 1, pipeline: 16},
	(inputs | {type: "start", id}, (
		if .input | type == "string" then
			("you said " + .input) as $answer |
			{type: "observation", id, observation:
				{type: "tool", name: "answer", input, output: $answer}},
			{type: "final", id, output: $answer}
		else
			{type: "error", id, error: "expected text", code: "input"}
		end))'
