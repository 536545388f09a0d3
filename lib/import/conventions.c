#include <string.h>

#include "base/util.h"
#include "conventions.h"

const char *const conventions_fields[SPAN_FIELDS] = {
	[SPAN_TRACE_ID] = "traceId",
	[SPAN_SPAN_ID] = "spanId",
	[SPAN_PARENT] = "parentSpanId",
	[SPAN_STATE] = "traceState",
	[SPAN_NAME] = "name",
	[SPAN_KIND] = "kind",
	[SPAN_START] = "startTimeUnixNano",
	[SPAN_END] = "endTimeUnixNano",
	[SPAN_ATTRIBUTES] = "attributes",
	[SPAN_EVENTS] = "events",
	[SPAN_LINKS] = "links",
	[SPAN_STATUS] = "status"
};

const char *const conventions_attributes[ATTRIBUTES] = {
	[ATTR_SPAN_KIND] = "openinference.span.kind",
	[ATTR_OPERATION] = "gen_ai.operation.name",
	[ATTR_ENTITY_KIND] = "traceloop.span.kind",
	[ATTR_REQUEST_TYPE] = "llm.request.type",
	[ATTR_INPUT] = "input.value",
	[ATTR_INPUT_MESSAGES] = "gen_ai.input.messages",
	[ATTR_ARGUMENTS] = "gen_ai.tool.call.arguments",
	[ATTR_ENTITY_INPUT] = "traceloop.entity.input",
	[ATTR_PROMPT] = "gen_ai.prompt",
	[ATTR_QUERY] = "gen_ai.retrieval.query.text",
	[ATTR_OUTPUT] = "output.value",
	[ATTR_OUTPUT_MESSAGES] = "gen_ai.output.messages",
	[ATTR_RESULT] = "gen_ai.tool.call.result",
	[ATTR_ENTITY_OUTPUT] = "traceloop.entity.output",
	[ATTR_COMPLETION] = "gen_ai.completion",
	[ATTR_DOCUMENTS] = "gen_ai.retrieval.documents",
	[ATTR_INPUT_TYPE] = "input.mime_type",
	[ATTR_OUTPUT_TYPE] = "output.mime_type",
	[ATTR_MODEL] = "gen_ai.response.model",
	[ATTR_MODEL_2] = "llm.model_name",
	[ATTR_MODEL_3] = "gen_ai.request.model",
	[ATTR_MODEL_4] = "embedding.model_name",
	[ATTR_TOKENS_IN] = "gen_ai.usage.input_tokens",
	[ATTR_TOKENS_IN_2] = "llm.token_count.prompt",
	[ATTR_TOKENS_IN_3] = "gen_ai.usage.prompt_tokens",
	[ATTR_TOKENS_IN_4] = "llm.usage.prompt_tokens",
	[ATTR_TOKENS_OUT] = "gen_ai.usage.output_tokens",
	[ATTR_TOKENS_OUT_2] = "llm.token_count.completion",
	[ATTR_TOKENS_OUT_3] = "gen_ai.usage.completion_tokens",
	[ATTR_TOKENS_OUT_4] = "llm.usage.completion_tokens",
	[ATTR_TOKENS] = "llm.token_count.total",
	[ATTR_TOKENS_2] = "gen_ai.usage.total_tokens",
	[ATTR_TOKENS_3] = "llm.usage.total_tokens",
	[ATTR_AGENT] = "gen_ai.agent.name",
	[ATTR_AGENT_2] = "agent.name",
	[ATTR_TOOL] = "gen_ai.tool.name",
	[ATTR_TOOL_2] = "tool.name",
	[ATTR_PARAMETERS] = "llm.invocation_parameters",
	[ATTR_METADATA] = "metadata",
	[ATTR_ERROR_TYPE] = "error.type",
	[ATTR_CONVERSATION_ID] = "gen_ai.conversation.id",
	[ATTR_RECORD] = "fluxloop.record",
	[ATTR_TRACE_ID] = "fluxloop.trace_id",
	[ATTR_ID] = "fluxloop.observation_id",
	[ATTR_PARENT] = "fluxloop.parent_observation_id",
	[ATTR_TYPE] = "fluxloop.type",
	[ATTR_NAME] = "fluxloop.name",
	[ATTR_LEVEL] = "fluxloop.level",
	[ATTR_STATUS_MESSAGE] = "fluxloop.status_message",
	[ATTR_START] = "fluxloop.start_time",
	[ATTR_END] = "fluxloop.end_time",
	[ATTR_RUN_ID] = "fluxloop.run_id",
	[ATTR_ITERATION] = "fluxloop.iteration",
	[ATTR_PERSONA] = "fluxloop.persona",
	[ATTR_DURATION] = "fluxloop.duration_ms",
	[ATTR_ERROR_KIND] = "fluxloop.error_kind",
	[ATTR_COUNT] = "fluxloop.observation_count",
	[ATTR_TOKEN_USAGE] = "fluxloop.token_usage",
	[ATTR_CONVERSATION] = "fluxloop.conversation",
	[ATTR_STATE] = "fluxloop.conversation_state",
	[ATTR_TERMINATION] = "fluxloop.termination_reason"
};

const struct conventions_type conventions_types[] = {
	{ ATTR_SPAN_KIND, "AGENT", "agent", 1 },
	{ ATTR_SPAN_KIND, "TOOL", "tool", 1 },
	{ ATTR_SPAN_KIND, "LLM", "generation", 1 },
	{ ATTR_SPAN_KIND, "CHAIN", "chain", 1 },
	{ ATTR_SPAN_KIND, "EVALUATOR", "evaluation", 1 },
	{ ATTR_OPERATION, "invoke_agent", "agent", 1 },
	{ ATTR_OPERATION, "create_agent", "agent", 0 },
	{ ATTR_OPERATION, "execute_tool", "tool", 1 },
	{ ATTR_OPERATION, "chat", "generation", 1 },
	{ ATTR_OPERATION, "text_completion", "generation", 0 },
	{ ATTR_OPERATION, "generate_content", "generation", 0 },
	{ ATTR_OPERATION, "invoke_workflow", "chain", 0 },
	{ ATTR_ENTITY_KIND, "agent", "agent", 1 },
	{ ATTR_ENTITY_KIND, "tool", "tool", 1 },
	{ ATTR_ENTITY_KIND, "workflow", "chain", 1 },
	{ ATTR_REQUEST_TYPE, "chat", "generation", 1 },
	{ ATTR_REQUEST_TYPE, "completion", "generation", 0 },
};
const size_t conventions_ntypes = LEN(conventions_types);

const struct conventions_side conventions_sides[2] = {
	{ .first = ATTR_INPUT, .last = ATTR_QUERY,
	    .mime_type = ATTR_INPUT_TYPE,
	    .nested = { "gen_ai.prompt.", "llm.input_messages." },
	    .roles = { "user", "human" } },
	{ .first = ATTR_OUTPUT, .last = ATTR_DOCUMENTS,
	    .mime_type = ATTR_OUTPUT_TYPE,
	    .nested = { "gen_ai.completion.", "llm.output_messages." },
	    .roles = { "assistant", "ai", "model" } },
};

const struct conventions_event conventions_events[] = {
	{ "gen_ai.content.prompt", 0, NULL },
	{ "gen_ai.content.completion", 1, NULL },
	{ "gen_ai.system.message", 0, "system" },
	{ "gen_ai.user.message", 0, "user" },
	{ "gen_ai.assistant.message", 0, "assistant" },
	{ "gen_ai.tool.message", 0, "tool" },
	{ "gen_ai.choice", 1, "assistant" },
};
const size_t conventions_nevents = LEN(conventions_events);

void
conventions_sort(unsigned char order[ATTRIBUTES])
{
	size_t i, j;

	for (i = 0; i < ATTRIBUTES; i++) {
		for (j = i; j && strcmp(conventions_attributes[order[j - 1]],
		    conventions_attributes[i]) > 0; j--)
			order[j] = order[j - 1];
		order[j] = (unsigned char)i;
	}
}

/* Compares a name with the n bytes at p, as strcmp does. */
static int
compare_names(const char *name, const char *p, size_t n)
{
	int c = strncmp(name, p, n);

	return c ? c : name[n] != '\0';
}

int
conventions_find(const unsigned char order[ATTRIBUTES], struct json_span key)
{
	size_t low = 0, high = ATTRIBUTES, middle;
	int c;

	while (low < high) {
		middle = (low + high) / 2;
		c = compare_names(conventions_attributes[order[middle]],
		    key.p + 1, key.n - 2);
		if (!c)
			return order[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return ATTRIBUTES;
}
