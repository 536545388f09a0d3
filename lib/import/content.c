#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "conventions.h"
#include "messages.h"
#include "otlpspan.h"
#include "spanwrite.h"
#include "content.h"

/* The levels of a payload that are searched for content. */
#define CONTENT_DEPTH 16

/* The classes of spans, the best one last. */
enum {
	CONTENT_NONE,
	CONTENT_EMPTY,		/* a root with an empty input or output */
	CONTENT_TOOL,		/* a tool with an input */
	CONTENT_ANY,		/* a span with an input or output */
	CONTENT_MODEL,		/* an agent or generation with an output */
	CONTENT_TEXT,		/* a span with text */
	CONTENT_FAILED,		/* a root that failed without an output */
	CONTENT_ANSWER,		/* an agent or generation with text */
	CONTENT_ROOT,		/* a root with an input or output */
	CONTENT_TRACE,		/* it has the input or output of its trace */
	CONTENT_RUN		/* from otlp.h: whatever it has */
};

static int
is_model(const struct otlpspan *s)
{
	return !strcmp(s->type, "generation") || !strcmp(s->type, "agent");
}

/* Whether a member only describes the others. */
static int
is_label(struct json_span key)
{
	static const char *const labels[] = {
		"role", "type", "finish_reason"
	};
	size_t i;

	for (i = 0; key.p && i < LEN(labels); i++)
		if (json_is_str(key, labels[i]))
			return 1;
	return 0;
}

/*
 * Whether the payload has no content: nothing but empty texts, in any lists and
 * objects.
 */
static int
content_is_empty(struct json_span v, int depth)
{
	struct json_span key = { 0 }, member;
	struct json_iter it;

	if (!v.n || json_is_null(v))
		return 1;
	if (json_is(v, JSON_STRING))
		return v.n == 2;
	if ((!json_is(v, JSON_OBJECT) && !json_is(v, JSON_ARRAY)) ||
	    depth > CONTENT_DEPTH)
		return 0;
	for (it = json_each(v); json_next(&it, &key, &member); )
		if (!is_label(key) && !content_is_empty(member, depth + 1))
			return 0;
	return 1;
}

/* The class of a span, as far as it is known without looking for text. */
static int
content_class(const struct otlpspan *s, int side)
{
	if (s->kind == OTLPSPAN_STEP)
		return CONTENT_NONE;
	if (s->kind != OTLPSPAN_FOREIGN)
		return CONTENT_RUN;
	if (s->a[conventions_sides[side].of_trace].p)
		return CONTENT_TRACE;
	if (side == 1 && s->root && !s->payload[1].n &&
	    s->status == SPAN_STATUS_ERROR)
		return CONTENT_FAILED;
	if (content_is_empty(s->payload[side], 0))
		return s->root && s->payload[side].n && !s->row_only ?
		    CONTENT_EMPTY : CONTENT_NONE;
	if (s->root)
		return s->row_only ? CONTENT_TRACE : CONTENT_ROOT;
	if (!strcmp(s->type, "tool"))
		return side == 0 ? CONTENT_TOOL : CONTENT_NONE;
	if (!strcmp(s->type, "evaluation"))
		return CONTENT_NONE;
	return side == 1 && is_model(s) ? CONTENT_ANSWER : CONTENT_TEXT;
}

static int
content_compare(const struct content *a, const struct content *b)
{
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->second > b->second) - (a->second < b->second);
}

int
content_is_better(struct content *c, struct otlpspan *s, int side)
{
	const uint64_t end = s->end ? s->end : s->start;
	const int same = s->id && s->id == c->id;
	struct content new = { .class = content_class(s, side), .id = s->id };

	/* an unknown start, 0, comes last; of equals, the outermost wins */
	new.first = side == 0 ? UINT64_MAX - (s->start - 1) : end;
	new.second = side == 0 ? end : UINT64_MAX - (s->start - 1);
	if (new.class == CONTENT_NONE ||
	    (!same && content_compare(&new, c) <= 0))
		return 0;
	if ((new.class == CONTENT_TEXT || new.class == CONTENT_ANSWER) &&
	    !spanwrite_has_text(s, side)) {
		/* what a model was asked is not an answer */
		if (side == 1 && messages_are_asked(s->payload[side]))
			return 0;
		new.class = new.class == CONTENT_ANSWER ? CONTENT_MODEL :
		    CONTENT_ANY;
		if (!same && content_compare(&new, c) <= 0)
			return 0;
	}
	*c = new;
	return 1;
}
