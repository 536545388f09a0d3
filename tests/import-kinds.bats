# fl-import's kinds of input apart from OTLP. Samples and their sources are
# described in data/exports/README.md.
load test_helper
load filter_helper

EXPORTS=$DATA/exports

# The row of a trace; of each step what it is, its input, its output.
SUMMARY='[.name, .input, .output, .success, .error, .duration_ms, .token_usage, .scores, .conversation, .metadata],
	(if .evaluation then [.evaluation] else empty end),
	(.observations[] | [.type, .name, .model, .id, .parent_observation_id, .error, .level, .start_time, .end_time,
	.prompt_tokens, .completion_tokens, .total_tokens, .llm_parameters, .metadata], [.input], [.output])'

setup_file()
{
	find_python
}

# summary KIND FILE...: what fl-import makes of files of EXPORTS, and what it says.
summary()
{
	local kind=$1

	shift
	(cd "$EXPORTS" && fl-import "$kind" "$@" 2>&3 | jq -c "$SUMMARY") 3>said
	cat said
}

@test "the records of each kind become traces with their steps" {
	count=0
	while read -r name kind files; do
		# shellcheck disable=SC2086 # several files
		summary "$kind" $files | diff "$EXPORTS/$name.txt" - || fail "$name"
		count=$((count + 1))
	done <<-'END'
	promptfoo promptfoo promptfoo.json
	promptfoo-lines promptfoo promptfoo-lines.jsonl
	promptfoo-2 promptfoo promptfoo-2.json
	langfuse langfuse langfuse-traces.json langfuse-observations.jsonl
	langfuse langfuse langfuse-traces.json langfuse-observations.csv
	langfuse-traces langfuse langfuse-traces.json
	langfuse-observations langfuse langfuse-observations.csv
	langfuse-trace langfuse langfuse-trace.json
	openai-batch openai openai-batch-input.jsonl openai-batch-output.jsonl
	openai-answers openai openai-answers.jsonl
	openai-fine-tuning openai openai-fine-tuning.jsonl
	claude-code claude-code claude-code.jsonl claude-code-agent.jsonl
	claude-code-1 claude-code claude-code-1.jsonl
	END
	((count == 13)) || fail "$count"
}
