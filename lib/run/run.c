#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "json/isotime.h"
#include "config/env.h"
#include "input.h"
#include "mask.h"
#include "run.h"

/* The number of bytes kept of what an agent prints besides messages. */
#define PRINTED_MAX 65536

const char *const run_failures[RUN_FAILURES] = {
	"error", "timeout", "crash", "protocol", "cancelled"
};

/* Adds the members that identify the run, for the agent and for the trace. */
static void
put_identity(struct run *r, const char *name, const char *where)
{
	struct buf *b = &r->identity;

	json_add_str(b, "trace_id", r->trace_id);
	json_add_str(b, "run_id", r->id);
	json_add_str(b, "input_id", r->input->id);
	json_add_str(b, "name", name);
	json_add_int(b, "iteration", r->iteration);
	json_add_str(b, "persona", r->input->persona);
	if (where)
		buf_printf(b, ",%s", where);
}

struct run *
run_new(struct input *in, long long iteration, const char id[RECORD_ID],
    const int64_t *seed, const char *name, const char *where)
{
	struct run *r = xcalloc(1, sizeof(*r));
	uint64_t high, low;

	r->input = in;
	in->refs++;
	r->iteration = iteration;
	r->attempt = 1;
	memcpy(r->id, id, RECORD_ID);
	if (seed) {
		record_trace_bits((uint64_t)*seed, r->id, &high, &low);
		uuid_of(high, low, r->trace_id);
	} else {
		uuid_random(r->trace_id);
	}
	put_identity(r, name, where);
	return r;
}

/* Empties what one attempt gathered. */
static void
clear_attempt(struct run *r)
{
	struct buf *const all[] = {
		&r->observations, &r->sent, &r->errors, &r->deltas,
		&r->printed, &r->response, &r->agent, &r->message
	};
	size_t i;

	for (i = 0; i < LEN(all); i++)
		buf_release(all[i]);
	r->nobservations = 0;
	r->printed_cut = 0;
	r->started = 0;
	r->announced = 0;
	r->ended = 0;
}

void
run_free(struct run *r)
{
	if (!r)
		return;
	clear_attempt(r);
	buf_release(&r->failed);
	buf_release(&r->identity);
	input_unref(r->input);
	free(r);
}

static struct json_span
span_or_none(const struct buf *b)
{
	struct json_span v = json_buf(b);

	if (!b->len)
		v.p = NULL;
	return v;
}

void
run_request(const struct run *r, struct buf *b)
{
	const struct input *in = r->input;

	json_open(b, NULL, '{');
	json_add_str(b, "type", "input");
	json_add_int(b, "id", r->number);
	json_add(b, "input", span_or_none(&in->value));
	if (in->kwargs.len) {
		json_add(b, "kwargs", span_or_none(&in->kwargs));
		json_add(b, "callables", span_or_none(&in->callables));
		if (json_is(in->objects, JSON_OBJECT))
			json_add(b, "objects", in->objects);
		if (json_is(in->types, JSON_OBJECT))
			json_add(b, "types", in->types);
		if (in->replaced.len)
			json_add(b, "replaced", span_or_none(&in->replaced));
	}
	if (in->args.p)
		json_add(b, "args", in->args);
	json_open(b, "context", '{');
	buf_add(b, r->identity.p, r->identity.len);
	json_add_int(b, "attempt", r->attempt);
	json_close(b, '}');
	json_close(b, '}');
	buf_byte(b, '\n');
}

void
run_sent(struct run *r)
{
	isotime_both(&r->start, &r->clock);
}

void
run_start(struct run *r)
{
	r->started = 1;
	run_sent(r);
}

void
run_unstart(struct run *r)
{
	clear_attempt(r);
}

void
run_began_at(struct run *r, int64_t clock)
{
	int64_t sent = r->clock;

	run_start(r);
	r->announced = 1;
	if (clock >= sent && clock < r->clock) {
		r->start -= r->clock - clock;
		r->clock = clock;
	}
}

void
run_ended_at(struct run *r, int64_t clock)
{
	if (clock >= r->clock && clock <= isotime_monotonic())
		r->ended = clock;
}

void
run_started_at(struct run *r, int64_t clock)
{
	r->started = 1;
	if (clock > r->clock) {
		r->start += clock - r->clock;
		r->clock = clock;
	}
}

static void
set_compact(struct buf *b, struct json_span v)
{
	b->len = 0;
	json_compact(b, v);
}

/* Adds a number of tokens if it is plausible. Returns 1 if so. */
static int
add_tokens(long long *sum, struct json_span v)
{
	double d;

	if (!v.p || !json_double(v, &d) || !(d >= 0 && d < RUN_TOKENS_MAX))
		return 0;
	*sum += (long long)d;
	if (*sum > RUN_TOKENS_MAX)
		*sum = RUN_TOKENS_MAX;
	return 1;
}

static void
add_usage(struct run *r, const struct json_span tokens[3])
{
	size_t i;

	for (i = 0; i < 3; i++)
		r->has_tokens |= add_tokens(&r->tokens[i], tokens[i]);
	/* a total that is missing is the sum of its parts */
	if (!json_is(tokens[2], JSON_NUMBER))
		for (i = 0; i < 2; i++)
			add_tokens(&r->tokens[2], tokens[i]);
}

void
run_observe(struct run *r, struct json_span observation)
{
	static const char *const names[] = {
		"prompt_tokens", "completion_tokens", "total_tokens", "name",
		"type", "output"
	};
	enum { TOKENS, NAME = 3, TYPE, OUTPUT, FIELDS };
	struct json_span v[FIELDS];
	struct buf id = { 0 };
	struct json_fault f;

	if (json_scan(observation.p, observation.n, JSON_LAX, names, v, FIELDS,
	    &f) < 0 || json_type(observation) != JSON_OBJECT)
		return;
	json_put_text(&id, r->trace_id, strlen(r->trace_id));
	record_put_observation(&r->observations, observation, span_or_none(&id),
	    isotime_now());
	buf_release(&id);
	r->nobservations++;
	add_usage(r, v + TOKENS);
	if (json_is_null(v[OUTPUT]))
		return;
	if (json_is_str(v[NAME], "agent_final_response"))
		set_compact(&r->response, v[OUTPUT]);
	if (json_is_str(v[TYPE], "agent"))
		set_compact(&r->agent, v[OUTPUT]);
}

/* Whether a callback's messages are errors, by its mapping or its name. */
static int
is_error(const struct run *r, struct json_span name, struct json_span kind)
{
	struct json_span map = span_or_none(&r->input->callables), v = { 0 };
	struct buf text = { 0 };
	int yes = 0;
	size_t i;

	if (json_is(kind, JSON_STRING))
		return json_is_str(kind, "error");
	if (!json_is(name, JSON_STRING))
		return 0;
	json_text(&text, name);
	if (map.p)
		v = json_get(map, buf_str(&text));
	if (v.p)
		yes = json_is_str(v, "error");
	else
		for (i = 0; i + 5 <= text.len; i++)
			if (!strncasecmp(text.p + i, "error", 5))
				yes = 1;
	buf_release(&text);
	return yes;
}

/* Appends the only positional argument, or all arguments. */
static void
put_arguments(struct buf *b, struct json_span args, struct json_span kwargs)
{
	struct json_span key, one = { 0 }, more;
	struct json_iter it;
	int many, named = 0;

	if (json_is(kwargs, JSON_OBJECT)) {
		it = json_each(kwargs);
		named = json_next(&it, &key, &more);
	}
	many = 1;
	if (json_is(args, JSON_ARRAY)) {
		it = json_each(args);
		if (json_next(&it, &key, &one))
			many = json_next(&it, &key, &more);
	}
	json_comma(b);
	if (!many && !named) {
		json_compact(b, one);
		return;
	}
	json_open(b, NULL, '{');
	json_open(b, "args", '[');
	if (json_is(args, JSON_ARRAY)) {
		b->len--;
		json_compact(b, args);
	} else {
		json_close(b, ']');
	}
	json_open(b, "kwargs", '{');
	if (json_is(kwargs, JSON_OBJECT)) {
		b->len--;
		json_compact(b, kwargs);
	} else {
		json_close(b, '}');
	}
	json_close(b, '}');
}

/* Whether all arguments in an array or object are null, if there are any. */
static int
say_nothing(struct json_span arguments)
{
	struct json_span key, value;
	struct json_iter it;

	if (!json_is(arguments, JSON_ARRAY) &&
	    !json_is(arguments, JSON_OBJECT))
		return 1;
	for (it = json_each(arguments); json_next(&it, &key, &value); )
		if (!json_is_null(value))
			return 0;
	return 1;
}

void
run_callback(struct run *r, struct json_span name, struct json_span kind,
    struct json_span args, struct json_span kwargs)
{
	int error = is_error(r, name, kind);

	put_arguments(error ? &r->errors : &r->sent, args, kwargs);
	/* a call such as done() or send(null) is not an answer */
	if (error || (say_nothing(args) && say_nothing(kwargs)))
		return;
	r->message.len = 0;
	put_arguments(&r->message, args, kwargs);
}

void
run_delta(struct run *r, struct json_span text)
{
	if (json_is(text, JSON_STRING))
		json_text(&r->deltas, text);
}

void
run_printed(struct run *r, const char *p, size_t n)
{
	size_t room = PRINTED_MAX > r->printed.len ?
	    PRINTED_MAX - r->printed.len : 0;

	if (n > room && room)
		r->printed_cut = 1;
	buf_add(&r->printed, p, n < room ? n : room);
	if (room)
		buf_byte(&r->printed, '\n');
}

size_t
run_size(const struct run *r)
{
	return r->observations.len + r->sent.len + r->errors.len +
	    r->deltas.len;
}

/* Appends the output of the trace. */
static void
put_output(const struct run *r, const struct run_end *end, struct buf *b)
{
	if (r->response.len)
		json_add(b, "output", span_or_none(&r->response));
	else if (r->agent.len)
		json_add(b, "output", span_or_none(&r->agent));
	else if (r->message.len)
		json_add(b, "output", span_or_none(&r->message));
	else if (end->output.p && json_type(end->output) != JSON_NULL)
		json_add(b, "output", end->output);
	else if (r->deltas.len)
		json_add_text(b, "output", r->deltas.p, r->deltas.len);
	else
		json_add_null(b, "output");
}

static void
put_milliseconds(struct buf *b, const char *key, int64_t us)
{
	json_key(b, key);
	buf_int(b, us / 1000);
	buf_byte(b, '.');
	buf_digits(b, (unsigned long long)(us % 1000), 3);
}

static void
put_failure(struct buf *b, const struct run_end *end)
{
	json_add_text(b, "error", end->error, end->error_len ?
	    end->error_len : strlen(end->error));
	json_add_str(b, "error_kind", run_failures[end->kind]);
	if (end->code)
		json_add_str(b, "error_code", end->code);
	if (end->exit_code >= 0)
		json_add_int(b, "exit_code", end->exit_code);
	if (end->signal)
		json_add_int(b, "signal", end->signal);
}

void
run_retry(struct run *r, const struct run_end *end)
{
	struct buf *b = &r->failed;

	json_open(b, NULL, '{');
	json_add_int(b, "attempt", r->attempt);
	isotime_add(b, "start_time", r->start);
	put_milliseconds(b, "duration_ms", isotime_monotonic() - r->clock);
	put_failure(b, end);
	json_close(b, '}');
	clear_attempt(r);
	r->attempt++;
}

static void
put_list(struct buf *b, const char *key, const struct buf *items)
{
	json_open(b, key, '[');
	buf_add(b, items->p, items->len);
	json_close(b, ']');
}

static void
put_token_usage(const struct run *r, struct buf *b)
{
	json_open(b, "token_usage", '{');
	json_add_int(b, "prompt_tokens", r->tokens[0]);
	json_add_int(b, "completion_tokens", r->tokens[1]);
	json_add_int(b, "total_tokens", r->tokens[2]);
	json_close(b, '}');
}

/*
 * Appends the input's metadata, from which the trace can be made an input
 * again, and its other fields.
 */
static void
put_carried(const struct input *in, struct buf *b)
{
	/*
	 * Fields that a trace has itself, since an input may have been one, and
	 * fields that would make it look like another record.
	 */
	static const char *const own[] = {
		"type", "kwargs", "objects", "types", "input_path", "timestamp",
		"target", "recorded_at", "source", "_version",
		"trace_id", "run_id", "input_id", "name", "iteration",
		"persona", "input", "output", "duration_ms", "success",
		"error", "error_kind", "error_code", "exit_code", "signal",
		"start_time", "end_time", "attempts", "agent",
		"failed_attempts",
		"callback_messages", "stdout", "stderr", "observation_count",
		"token_usage", "metadata", "observations", "observations_at",
		"observations_bytes", "host", "shard", "part"
	};

	json_open(b, "metadata", '{');
	json_add_others(b, in->metadata, NULL, 0);
	json_close(b, '}');
	json_add_others(b, span_or_none(&in->record), own, LEN(own));
}

int
run_may_have_secret(const struct run *r, const struct run_end *end,
    const struct mask *m)
{
	const struct buf *const all[] = {
		&r->observations, &r->sent, &r->errors, &r->deltas,
		&r->printed, &r->failed
	};
	struct input *in = r->input;
	size_t i;

	/* an input has many runs */
	if (!in->secret)
		in->secret = 1 + (mask_suspects(m, in->record.p,
		    in->record.len) || (in->templated && mask_suspects(m,
		    in->value.p, in->value.len)));
	if (in->secret > 1 || end->error ||
	    (end->output.p && mask_suspects(m, end->output.p, end->output.n)))
		return 1;
	for (i = 0; i < LEN(all); i++)
		if (mask_suspects(m, all[i]->p, all[i]->len))
			return 1;
	return 0;
}

int64_t
run_trace(struct run *r, const struct run_end *end, struct buf *b)
{
	const struct input *in = r->input;
	int64_t took;

	if (!r->started)
		run_start(r);
	took = (r->ended ? r->ended : isotime_monotonic()) - r->clock;
	json_open(b, NULL, '{');
	buf_add(b, r->identity.p, r->identity.len);
	json_add(b, "input", span_or_none(&in->value));
	put_output(r, end, b);
	put_milliseconds(b, "duration_ms", took);
	json_add_bool(b, "success", !end->error);
	if (end->error)
		put_failure(b, end);
	isotime_add(b, "start_time", r->start);
	isotime_add(b, "end_time", r->start + took);
	json_add_int(b, "attempts", r->attempt);
	if (r->by)
		json_add_int(b, "agent", r->by);
	if (r->failed.len)
		put_list(b, "failed_attempts", &r->failed);
	if (r->sent.len || r->errors.len) {
		json_open(b, "callback_messages", '{');
		put_list(b, "send", &r->sent);
		put_list(b, "error", &r->errors);
		json_close(b, '}');
	}
	if (r->printed.len)
		json_add_text(b, "stdout", r->printed.p, r->printed.len);
	if (end->error && end->stderr_len)
		json_add_text(b, "stderr", end->stderr_tail, end->stderr_len);
	json_add_int(b, "observation_count", (long long)r->nobservations);
	if (r->has_tokens)
		put_token_usage(r, b);
	put_carried(in, b);
	put_list(b, "observations", &r->observations);
	json_close(b, '}');
	buf_byte(b, '\n');
	return took;
}
