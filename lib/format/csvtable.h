#ifndef CSVTABLE_H
#define CSVTABLE_H

/*
 * Renders a trace as a row of a table in CSV (RFC 4180), for a spreadsheet. The
 * columns in their order are X(NAME, FUNCTION, FIELD): csvtable.c has the
 * functions, and FIELD is a field of the trace's row that they write.
 */
#define CSVTABLE_COLUMNS(X) \
	X(iteration, csvtable_put_field, TRACE_ITERATION) \
	X(persona, csvtable_put_field, TRACE_PERSONA) \
	X(success, csvtable_put_field, TRACE_SUCCESS) \
	X(error_kind, csvtable_put_field, TRACE_ERROR_KIND) \
	X(error, csvtable_put_field, TRACE_ERROR) \
	X(duration_ms, csvtable_put_field, TRACE_DURATION) \
	X(observation_count, csvtable_put_count, TRACE_OBSERVATION_COUNT) \
	X(input, csvtable_put_field, TRACE_INPUT) \
	X(output, csvtable_put_field, TRACE_OUTPUT) \
	X(strategy, csvtable_put_strategy, TRACE_METADATA) \
	X(callback_messages, csvtable_put_set, TRACE_CALLBACKS) \
	X(pass, csvtable_put_pass, TRACE_EVALUATION) \
	X(score, csvtable_put_score, TRACE_EVALUATION) \
	X(run_id, csvtable_put_set, TRACE_RUN_ID) \
	X(input_id, csvtable_put_set, TRACE_INPUT_ID) \
	X(start_time, csvtable_put_set, TRACE_START) \
	X(tokens, csvtable_put_tokens, TRACE_TOKEN_USAGE) \
	X(attempts, csvtable_put_set, TRACE_ATTEMPTS) \
	X(model, csvtable_put_models, TRACE_METADATA) \
	X(verdict, csvtable_put_verdict, TRACE_EVALUATION)

#define CSVTABLE_NAME(name, put, field) ",\"" #name "\""

/* The first line. The column of the id, which is of no field, comes first. */
#define CSVTABLE_BEGIN "\"trace_id\"" CSVTABLE_COLUMNS(CSVTABLE_NAME) "\n"

struct buf;
struct trace;

void csvtable_put(struct buf *b, struct trace *t);

#endif
