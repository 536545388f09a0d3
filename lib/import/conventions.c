#include <stdint.h>
#include <string.h>
#include <strings.h>

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

/*
 * Kinds come in the order of trust: LangSmith and others set the operation of
 * a span to "chat" or "chain" whatever it is. Of the names that make a type,
 * too, the first decides: a tool's span may name its agent and its model.
 */
const struct conventions_name conventions_names[] = {
	/* kinds */
	{ "openinference.span.kind", .attribute = ATTR_KIND },
	{ "langsmith.span.kind", .attribute = ATTR_KIND },
	{ "langfuse.observation.type", .attribute = ATTR_KIND },
	{ "mlflow.spanType", .attribute = ATTR_KIND, .how = HOW_QUOTED },
	{ "braintrust.span_attributes", .attribute = ATTR_KIND,
	    .how = HOW_NESTED, .member = "type" },
	{ "gen_ai.operation.name", .attribute = ATTR_KIND },
	{ "traceloop.span.kind", .attribute = ATTR_KIND },
	{ "llm.request.type", .attribute = ATTR_KIND },
	{ "ai.operationId", .attribute = ATTR_KIND },
	{ "agentops.span.kind", .attribute = ATTR_KIND },
	{ "spring.ai.kind", .attribute = ATTR_KIND },
	{ "mastra.span.type", .attribute = ATTR_KIND },
	{ "genkit:metadata:subtype", .attribute = ATTR_KIND },
	{ "span.type", .attribute = ATTR_KIND },
	{ "sdk_span_type", .attribute = ATTR_KIND },

	/* tools */
	{ "gen_ai.tool.name", .attribute = ATTR_TOOL, .type = "tool" },
	{ "tool.name", .attribute = ATTR_TOOL, .type = "tool" },
	{ "ai.toolCall.name", .attribute = ATTR_TOOL, .type = "tool" },
	{ "spring.ai.tool.definition.name", .attribute = ATTR_TOOL,
	    .type = "tool" },
	{ "lk.function_tool.name", .attribute = ATTR_TOOL, .type = "tool" },
	{ "tool_name", .attribute = ATTR_TOOL, .type = "tool" },
	{ "traceloop.entity.name", .attribute = ATTR_STEP },
	{ "name", .attribute = ATTR_STEP },
	{ "mcp_data", .attribute = ATTR_HINT, .type = "tool" },
	{ "handoffs", .attribute = ATTR_HINT, .type = "agent" },
	{ "logfire.msg", .attribute = ATTR_FILLED },

	/* agents; the first two are set on the agent's span alone */
	{ "agent_name", .attribute = ATTR_AGENT, .type = "agent" },
	{ "crewai.agent.role", .attribute = ATTR_AGENT, .type = "agent" },

	/* models */
	{ "gen_ai.response.model", .attribute = ATTR_MODEL,
	    .type = "generation" },
	{ "llm.model_name", .attribute = ATTR_MODEL, .type = "generation" },
	{ "langfuse.observation.model.name", .attribute = ATTR_MODEL,
	    .how = HOW_QUOTED, .type = "generation" },
	{ "gen_ai.request.model", .attribute = ATTR_MODEL,
	    .type = "generation" },
	{ "ai.response.model", .attribute = ATTR_MODEL, .type = "generation" },
	{ "ai.model.id", .attribute = ATTR_MODEL, .type = "generation" },
	{ "mlflow.llm.model", .attribute = ATTR_MODEL, .how = HOW_QUOTED,
	    .type = "generation" },
	{ "llm.model", .attribute = ATTR_MODEL, .type = "generation" },
	{ "braintrust.metadata", .attribute = ATTR_MODEL, .how = HOW_NESTED,
	    .member = "model", .type = "generation" },
	{ "embedding.model_name", .attribute = ATTR_MODEL },
	{ "model_name", .attribute = ATTR_MODEL },

	/* counts */
	{ "gen_ai.usage.input_tokens", .attribute = ATTR_TOKENS_IN,
	    .type = "generation" },
	{ "llm.token_count.prompt", .attribute = ATTR_TOKENS_IN,
	    .type = "generation" },
	{ "gen_ai.usage.prompt_tokens", .attribute = ATTR_TOKENS_IN,
	    .type = "generation" },
	{ "llm.usage.prompt_tokens", .attribute = ATTR_TOKENS_IN,
	    .type = "generation" },
	{ "ai.usage.promptTokens", .attribute = ATTR_TOKENS_IN,
	    .type = "generation" },
	{ "ai.usage.inputTokens", .attribute = ATTR_TOKENS_IN,
	    .type = "generation" },
	{ "ai.usage.tokens", .attribute = ATTR_TOKENS_IN },
	{ "input_tokens", .attribute = ATTR_TOKENS_IN, .type = "generation" },
	{ "gen_ai.usage.output_tokens", .attribute = ATTR_TOKENS_OUT,
	    .type = "generation" },
	{ "llm.token_count.completion", .attribute = ATTR_TOKENS_OUT,
	    .type = "generation" },
	{ "gen_ai.usage.completion_tokens", .attribute = ATTR_TOKENS_OUT,
	    .type = "generation" },
	{ "llm.usage.completion_tokens", .attribute = ATTR_TOKENS_OUT,
	    .type = "generation" },
	{ "ai.usage.completionTokens", .attribute = ATTR_TOKENS_OUT,
	    .type = "generation" },
	{ "ai.usage.outputTokens", .attribute = ATTR_TOKENS_OUT,
	    .type = "generation" },
	{ "output_tokens", .attribute = ATTR_TOKENS_OUT, .type = "generation" },
	{ "llm.token_count.total", .attribute = ATTR_TOKENS,
	    .type = "generation" },
	{ "gen_ai.usage.total_tokens", .attribute = ATTR_TOKENS,
	    .type = "generation" },
	{ "llm.usage.total_tokens", .attribute = ATTR_TOKENS,
	    .type = "generation" },
	{ "ai.usage.totalTokens", .attribute = ATTR_TOKENS,
	    .type = "generation" },
	{ "gen_ai.usage.cache_read.input_tokens", .attribute = ATTR_CACHED },
	{ "gen_ai.usage.cache_read_input_tokens", .attribute = ATTR_CACHED },
	{ "gen_ai.usage.details.cache_read_input_tokens",
	    .attribute = ATTR_CACHED },
	{ "gen_ai.usage.details.cache_read_tokens", .attribute = ATTR_CACHED },
	{ "gen_ai.usage.cached_tokens", .attribute = ATTR_CACHED },
	{ "gen_ai.usage.prompt_tokens_details.cached_tokens",
	    .attribute = ATTR_CACHED },
	{ "llm.token_count.prompt_details.cache_read",
	    .attribute = ATTR_CACHED },
	{ "llm.usage.cache_read_input_tokens", .attribute = ATTR_CACHED },
	{ "ai.usage.cachedInputTokens", .attribute = ATTR_CACHED },
	{ "ai.usage.inputTokenDetails.cacheReadTokens",
	    .attribute = ATTR_CACHED },
	{ "cache_read_tokens", .attribute = ATTR_CACHED },
	{ "gen_ai.usage.reasoning.output_tokens", .attribute = ATTR_REASONING },
	{ "gen_ai.usage.reasoning_tokens", .attribute = ATTR_REASONING },
	{ "gen_ai.usage.details.reasoning_tokens",
	    .attribute = ATTR_REASONING },
	{ "gen_ai.usage.completion_tokens_details.reasoning_tokens",
	    .attribute = ATTR_REASONING },
	{ "llm.token_count.completion_details.reasoning",
	    .attribute = ATTR_REASONING },
	{ "llm.usage.reasoning_tokens", .attribute = ATTR_REASONING },
	{ "ai.usage.reasoningTokens", .attribute = ATTR_REASONING },
	{ "ai.usage.outputTokenDetails.reasoningTokens",
	    .attribute = ATTR_REASONING },
	{ "fluxloop.import.usage", .attribute = ATTR_USAGE, .how = HOW_VALUE },
	{ "langfuse.observation.usage_details", .attribute = ATTR_USAGE,
	    .how = HOW_ANY, .type = "generation" },
	{ "mlflow.chat.tokenUsage", .attribute = ATTR_USAGE, .how = HOW_ANY,
	    .type = "generation" },
	{ "braintrust.metrics", .attribute = ATTR_USAGE, .how = HOW_ANY,
	    .type = "generation" },
	{ "llm.token.counts", .attribute = ATTR_USAGE, .how = HOW_ANY,
	    .type = "generation" },
	{ "langsmith.usage_metadata", .attribute = ATTR_USAGE, .how = HOW_ANY,
	    .type = "generation" },
	{ "gen_ai.usage.input_token_details", .attribute = ATTR_USAGE,
	    .how = HOW_ANY },
	{ "gen_ai.usage.output_token_details", .attribute = ATTR_USAGE,
	    .how = HOW_ANY },
	{ "ai.response.providerMetadata", .attribute = ATTR_USAGE,
	    .how = HOW_ANY },
	{ "usage", .attribute = ATTR_USAGE, .how = HOW_ANY },
	{ "gen_ai.agent.name", .attribute = ATTR_AGENT, .type = "agent" },
	{ "agent.name", .attribute = ATTR_AGENT, .type = "agent" },

	/* inputs */
	{ "fluxloop.import.input", .attribute = ATTR_INPUT, .how = HOW_VALUE },
	{ "input.value", .attribute = ATTR_INPUT, .how = HOW_MIME },
	{ "langfuse.observation.input", .attribute = ATTR_INPUT,
	    .how = HOW_QUOTED },
	{ "gen_ai.input.messages", .attribute = ATTR_INPUT,
	    .type = "generation" },
	{ "gen_ai.tool.call.arguments", .attribute = ATTR_INPUT },
	{ "traceloop.entity.input", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "ai.prompt.messages", .attribute = ATTR_INPUT },
	{ "ai.prompt", .attribute = ATTR_INPUT },
	{ "ai.toolCall.args", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "ai.values", .attribute = ATTR_INPUT, .how = HOW_EACH },
	{ "ai.value", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "mlflow.spanInputs", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "braintrust.input_json", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "braintrust.input", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "gcp.vertex.agent.tool_call_args", .attribute = ATTR_INPUT },
	{ "gcp.vertex.agent.llm_request", .attribute = ATTR_INPUT,
	    .type = "generation" },
	{ "gcp.vertex.agent.data", .attribute = ATTR_INPUT },
	{ "gen_ai.prompt", .attribute = ATTR_INPUT },
	{ "gen_ai.content.prompt", .attribute = ATTR_INPUT },
	{ "gen_ai.retrieval.query.text", .attribute = ATTR_INPUT },
	{ "gen_ai.tool.args", .attribute = ATTR_INPUT },
	{ "gen_ai.tool.input", .attribute = ATTR_INPUT },
	{ "spring.ai.tool.call.arguments", .attribute = ATTR_INPUT },
	{ "spring.ai.chat.client.user.text", .attribute = ATTR_INPUT },
	{ "spring.ai.vector_store.query.content", .attribute = ATTR_INPUT },
	{ "db.vector.query.content", .attribute = ATTR_INPUT },
	{ "tool_arguments", .attribute = ATTR_INPUT },
	{ "tool.parameters", .attribute = ATTR_INPUT },
	{ "agentops.entity.input", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "request_data", .attribute = ATTR_INPUT },
	{ "raw_input", .attribute = ATTR_INPUT },
	{ "user_prompt", .attribute = ATTR_INPUT },
	{ "crewai.task.description", .attribute = ATTR_INPUT },
	{ "genkit:input", .attribute = ATTR_INPUT, .how = HOW_ANY },
	{ "mastra.*.input", .attribute = ATTR_INPUT },
	{ "lk.input_text", .attribute = ATTR_INPUT },
	{ "lk.user_transcript", .attribute = ATTR_INPUT },
	{ "lk.function_tool.arguments", .attribute = ATTR_INPUT },
	{ "haystack.pipeline.input_data", .attribute = ATTR_INPUT },
	{ "haystack.component.input", .attribute = ATTR_INPUT },
	{ "llm.prompts", .attribute = ATTR_INPUT },
	{ "input", .attribute = ATTR_INPUT, .how = HOW_QUOTED },

	/* outputs */
	{ "fluxloop.import.output", .attribute = ATTR_OUTPUT,
	    .how = HOW_VALUE },
	{ "output.value", .attribute = ATTR_OUTPUT, .how = HOW_MIME },
	{ "langfuse.observation.output", .attribute = ATTR_OUTPUT,
	    .how = HOW_QUOTED },
	{ "gen_ai.output.messages", .attribute = ATTR_OUTPUT,
	    .type = "generation" },
	{ "gen_ai.tool.call.result", .attribute = ATTR_OUTPUT },
	{ "traceloop.entity.output", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "ai.response.text", .attribute = ATTR_OUTPUT, .how = HOW_TEXT },
	{ "ai.response.object", .attribute = ATTR_OUTPUT },
	{ "ai.response.toolCalls", .attribute = ATTR_OUTPUT },
	{ "ai.result.text", .attribute = ATTR_OUTPUT, .how = HOW_TEXT },
	{ "ai.result.object", .attribute = ATTR_OUTPUT },
	{ "ai.result.toolCalls", .attribute = ATTR_OUTPUT },
	{ "ai.toolCall.result", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "mlflow.spanOutputs", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "braintrust.output_json", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "braintrust.output", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "gcp.vertex.agent.tool_response", .attribute = ATTR_OUTPUT },
	{ "gcp.vertex.agent.llm_response", .attribute = ATTR_OUTPUT },
	{ "gen_ai.completion", .attribute = ATTR_OUTPUT },
	{ "gen_ai.content.completion", .attribute = ATTR_OUTPUT },
	{ "gen_ai.retrieval.documents", .attribute = ATTR_OUTPUT },
	{ "gen_ai.tool.output", .attribute = ATTR_OUTPUT },
	{ "spring.ai.tool.call.result", .attribute = ATTR_OUTPUT,
	    .how = HOW_ANY },
	{ "final_result", .attribute = ATTR_OUTPUT, .how = HOW_TEXT },
	{ "tool_response", .attribute = ATTR_OUTPUT },
	{ "agentops.entity.output", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "response_data", .attribute = ATTR_OUTPUT },
	{ "crewai.crew.result", .attribute = ATTR_OUTPUT },
	{ "genkit:output", .attribute = ATTR_OUTPUT, .how = HOW_ANY },
	{ "mastra.*.output", .attribute = ATTR_OUTPUT },
	{ "lk.response.text", .attribute = ATTR_OUTPUT, .how = HOW_TEXT },
	{ "lk.function_tool.output", .attribute = ATTR_OUTPUT },
	{ "haystack.pipeline.output_data", .attribute = ATTR_OUTPUT },
	{ "haystack.component.output", .attribute = ATTR_OUTPUT },
	{ "llm.responses", .attribute = ATTR_OUTPUT },
	{ "output", .attribute = ATTR_OUTPUT, .how = HOW_QUOTED },

	/* conversations that contain the answer */
	{ "events", .attribute = ATTR_TALK },
	{ "all_messages_events", .attribute = ATTR_TALK },
	{ "pydantic_ai.all_messages", .attribute = ATTR_TALK, .type = "agent" },
	{ "mlflow.chat.messages", .attribute = ATTR_TALK },
	{ "gen_ai.system_instructions", .attribute = ATTR_SYSTEM },
	{ "input.mime_type", .attribute = ATTR_INPUT_TYPE },
	{ "output.mime_type", .attribute = ATTR_OUTPUT_TYPE },
	{ "langfuse.trace.input", .attribute = ATTR_ASKED, .how = HOW_QUOTED },
	{ "langfuse.trace.output", .attribute = ATTR_ANSWERED,
	    .how = HOW_QUOTED },
	{ "langfuse.trace.name", .attribute = ATTR_TRACE_NAME },

	/* others */
	{ "llm.invocation_parameters", .attribute = ATTR_PARAMETERS,
	    .how = HOW_ANY },
	{ "langfuse.observation.model.parameters",
	    .attribute = ATTR_PARAMETERS, .how = HOW_ANY },
	{ "langfuse.observation.model_parameters",
	    .attribute = ATTR_PARAMETERS, .how = HOW_ANY },
	{ "metadata", .attribute = ATTR_METADATA, .how = HOW_ANY },
	{ "error.type", .attribute = ATTR_ERROR_TYPE },
	{ "gen_ai.conversation.id", .attribute = ATTR_CONVERSATION_ID },
	{ "langfuse.observation.level", .attribute = ATTR_GRADE },
	{ "langfuse.observation.status_message", .attribute = ATTR_REMARK },

	/* otlp.h */
	{ "fluxloop.record", .attribute = ATTR_RECORD },
	{ "fluxloop.trace_id", .attribute = ATTR_TRACE_ID },
	{ "fluxloop.observation_id", .attribute = ATTR_ID },
	{ "fluxloop.parent_observation_id", .attribute = ATTR_PARENT },
	{ "fluxloop.type", .attribute = ATTR_TYPE },
	{ "fluxloop.name", .attribute = ATTR_NAME },
	{ "fluxloop.level", .attribute = ATTR_LEVEL },
	{ "fluxloop.status_message", .attribute = ATTR_STATUS_MESSAGE },
	{ "fluxloop.start_time", .attribute = ATTR_START },
	{ "fluxloop.end_time", .attribute = ATTR_END },
	{ "fluxloop.run_id", .attribute = ATTR_RUN_ID },
	{ "fluxloop.iteration", .attribute = ATTR_ITERATION },
	{ "fluxloop.persona", .attribute = ATTR_PERSONA },
	{ "fluxloop.duration_ms", .attribute = ATTR_DURATION },
	{ "fluxloop.error_kind", .attribute = ATTR_ERROR_KIND },
	{ "fluxloop.observation_count", .attribute = ATTR_COUNT },
	{ "fluxloop.token_usage", .attribute = ATTR_TOKEN_USAGE },
	{ "fluxloop.conversation", .attribute = ATTR_CONVERSATION },
	{ "fluxloop.conversation_state", .attribute = ATTR_STATE },
	{ "fluxloop.termination_reason", .attribute = ATTR_TERMINATION },
	{ "fluxloop.input_id", .attribute = ATTR_INPUT_ID },
	{ "fluxloop.attempts", .attribute = ATTR_ATTEMPTS },
	{ "fluxloop.callback_messages", .attribute = ATTR_CALLBACKS },
	{ "fluxloop.stdout", .attribute = ATTR_STDOUT },
	{ "fluxloop.stderr", .attribute = ATTR_STDERR },
	{ "fluxloop.scores", .attribute = ATTR_SCORES },
	{ "fluxloop.evaluation", .attribute = ATTR_EVALUATION },
};
const size_t conventions_nnames = LEN(conventions_names);

const struct conventions_kind conventions_kinds[] = {
	{ "agent", "agent", 1 },
	{ "invoke_agent", "agent", 1 },
	{ "create_agent", "agent", 0 },
	{ "agent_run", "agent", 0 },
	{ "interaction", "agent", 0 },
	{ "tool", "tool", 1 },
	{ "execute_tool", "tool", 1 },
	{ "tool_call", "tool", 0 },
	{ "mcp_tool_call", "tool", 0 },
	{ "client_tool_call", "tool", 0 },
	{ "provider_tool_call", "tool", 0 },
	{ "ai.toolCall", "tool", 1 },
	{ "tool.execution", "span", 0 },
	{ "tool.blocked_on_user", "span", 0 },
	{ "hook", "span", 0 },
	{ "llm", "generation", 1 },
	{ "generation", "generation", 1 },
	{ "chat", "generation", 1 },
	{ "chat_model", "generation", 1 },
	{ "chat.completions", "generation", 0 },
	{ "completion", "generation", 0 },
	{ "text_completion", "generation", 0 },
	{ "text.completions", "generation", 0 },
	{ "generate_content", "generation", 0 },
	{ "model", "generation", 0 },
	{ "model_generation", "generation", 0 },
	{ "model_inference", "generation", 0 },
	{ "llm_generation", "generation", 0 },
	{ "llm_request", "generation", 0 },
	{ "ai.generateText.doGenerate", "generation", 0 },
	{ "ai.generateObject.doGenerate", "generation", 0 },
	{ "ai.streamText.doStream", "generation", 0 },
	{ "ai.streamObject.doStream", "generation", 0 },
	{ "chain", "chain", 1 },
	{ "workflow", "chain", 1 },
	{ "invoke_workflow", "chain", 0 },
	{ "workflow_run", "chain", 0 },
	{ "flow", "chain", 0 },
	{ "turn", "chain", 0 },
	{ "chat_client", "chain", 0 },
	{ "evaluator", "evaluation", 1 },
	{ "score", "evaluation", 0 },
	{ "scorer_run", "evaluation", 0 },
	{ "scorer_step", "evaluation", 0 },
	{ "event", "event", 1 },
	{ "span", "span", 1 },
	{ "task", "span", 0 },
	{ "agent_step", "span", 0 },
	{ "model_step", "span", 0 },
	{ "model_chunk", "span", 0 },
	{ "processor_run", "span", 0 },
	{ "workflow_step", "span", 0 },
	{ "function", "span", 0 },
	{ "prompt", "span", 0 },
	{ "parser", "span", 0 },
	{ "retriever", "span", 0 },
	{ "retrieval", "span", 0 },
	{ "embedding", "span", 0 },
	{ "embeddings", "span", 0 },
	{ "rerank", "span", 0 },
	{ "reranker", "span", 0 },
	{ "guardrail", "span", 0 },
	{ "memory", "span", 0 },
	{ "advisor", "span", 0 },
	{ "vector_store", "span", 0 },
	{ "ai.generateText", "span", 0 },
	{ "ai.generateObject", "span", 0 },
	{ "ai.streamText", "span", 0 },
	{ "ai.streamObject", "span", 0 },
	{ "ai.embed", "span", 0 },
	{ "ai.embed.doEmbed", "span", 0 },
	{ "ai.embedMany", "span", 0 },
	{ "ai.embedMany.doEmbed", "span", 0 },
};
const size_t conventions_nkinds = LEN(conventions_kinds);

const struct conventions_kind *
conventions_find_kind(const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < conventions_nkinds; i++)
		if (strlen(conventions_kinds[i].word) == n &&
		    !strncasecmp(conventions_kinds[i].word, word, n))
			return &conventions_kinds[i];
	return NULL;
}

const char *
conventions_find_level(const char *word, size_t n)
{
	static const char *const levels[] = { "debug", "warning", "error" };
	size_t i;

	for (i = 0; i < LEN(levels); i++)
		if (strlen(levels[i]) == n &&
		    !strncasecmp(levels[i], word, n))
			return levels[i];
	return NULL;
}

int
conventions_find_count(struct json_span key)
{
	static const struct {
		const char *name;
		int count;
	} names[] = {
		{ "input", COUNT_IN },
		{ "input_tokens", COUNT_IN },
		{ "inputTokens", COUNT_IN },
		{ "prompt", COUNT_IN },
		{ "prompt_tokens", COUNT_IN },
		{ "promptTokens", COUNT_IN },
		{ "output", COUNT_OUT },
		{ "output_tokens", COUNT_OUT },
		{ "outputTokens", COUNT_OUT },
		{ "completion", COUNT_OUT },
		{ "completion_tokens", COUNT_OUT },
		{ "completionTokens", COUNT_OUT },
		{ "total", COUNT_TOTAL },
		{ "tokens", COUNT_TOTAL },
		{ "total_tokens", COUNT_TOTAL },
		{ "totalTokens", COUNT_TOTAL },
		{ "promptTokenCount", COUNT_IN },
		{ "candidatesTokenCount", COUNT_OUT },
		{ "totalTokenCount", COUNT_TOTAL },
		{ "cached_tokens", COUNT_CACHED },
		{ "cache_read", COUNT_CACHED },
		{ "cachedPromptTokens", COUNT_CACHED },
		{ "cacheReadInputTokens", COUNT_CACHED },
		{ "cachedContentTokenCount", COUNT_CACHED },
		{ "cached_input_tokens", COUNT_CACHED },
		{ "cachedInputTokens", COUNT_CACHED },
		{ "input_cached_tokens", COUNT_CACHED },
		{ "input_cache_read", COUNT_CACHED },
		{ "prompt_cached_tokens", COUNT_CACHED },
		{ "cache_read_input_tokens", COUNT_CACHED },
		{ "reasoning", COUNT_REASONING },
		{ "reasoning_tokens", COUNT_REASONING },
		{ "thoughtsTokenCount", COUNT_REASONING },
		{ "reasoningTokens", COUNT_REASONING },
		{ "output_reasoning", COUNT_REASONING },
		{ "output_reasoning_tokens", COUNT_REASONING },
		{ "completion_reasoning_tokens", COUNT_REASONING },
	};
	size_t i;

	for (i = 0; i < LEN(names); i++)
		if (json_is_str(key, names[i].name))
			return names[i].count;
	return COUNTS;
}

const struct conventions_side conventions_sides[2] = {
	{ .attribute = ATTR_INPUT, .mime_type = ATTR_INPUT_TYPE,
	    .of_trace = ATTR_ASKED,
	    .nested = { "gen_ai.prompt.", "llm.input_messages.",
	    "llm.prompts." } },
	{ .attribute = ATTR_OUTPUT, .mime_type = ATTR_OUTPUT_TYPE,
	    .of_trace = ATTR_ANSWERED,
	    .nested = { "gen_ai.completion.", "llm.output_messages.",
	    "llm.completions." } },
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

/* The length of the shortest name is at least 4. */
static size_t
conventions_hash(const char *p, size_t n)
{
	uint32_t first, last;

	memcpy(&first, p + n / 2 - 2, 4);
	memcpy(&last, p + n - 4, 4);
	return ((first ^ last * 31 ^ (uint32_t)n) * 2654435761u) >> 22;
}

void
conventions_index(struct conventions_index *x)
{
	const char *name;
	size_t i, at;

	memset(x, 0, sizeof(*x));
	for (i = 0; i < conventions_nnames; i++) {
		name = conventions_names[i].name;
		if (strchr(name, '*')) {
			if (x->npatterns < LEN(x->pattern))
				x->pattern[x->npatterns++] =
				    (unsigned short)i;
			continue;
		}
		at = conventions_hash(name, strlen(name));
		while (x->slot[at])
			at = (at + 1) % LEN(x->slot);
		x->slot[at] = (unsigned short)(i + 1);
	}
}

/* 1 if the n bytes at p are the pattern with one word for its asterisk. */
static int
conventions_match(const char *pattern, const char *p, size_t n)
{
	const char *end = strchr(pattern, '*') + 1;
	const size_t before = (size_t)(end - 1 - pattern), after = strlen(end);

	return n > before + after && !strncmp(p, pattern, before) &&
	    !strncmp(p + n - after, end, after) &&
	    !memchr(p + before, '.', n - before - after);
}

size_t
conventions_find(const struct conventions_index *x, struct json_span key)
{
	const char *name;
	size_t n = key.n - 2, at, i;

	if (n < 4)
		return conventions_nnames;
	for (at = conventions_hash(key.p + 1, n); x->slot[at];
	    at = (at + 1) % LEN(x->slot)) {
		name = conventions_names[x->slot[at] - 1].name;
		if (!strncmp(name, key.p + 1, n) && !name[n])
			return x->slot[at] - 1u;
	}
	for (i = 0; i < x->npatterns; i++)
		if (conventions_match(conventions_names[x->pattern[i]].name,
		    key.p + 1, n))
			return x->pattern[i];
	return conventions_nnames;
}
