#include <string.h>

#include "json/path.h"
#include "trace/pertrace.h"
#include "trace/story.h"
#include "subject.h"
#include "text.h"

void
subject_begin(struct subject *s, struct json_span record,
    const struct json_span v[TRACE_FIELDS])
{
	s->record = record;
	memcpy(s->v, v, sizeof(s->v));
	s->has_output = 0;
	s->steps = -1;
}

void
subject_release(struct subject *s)
{
	buf_release(&s->output);
	buf_release(&s->other);
	trace_release(&s->trace);
}

struct json_span
subject_get(const struct subject *s, const char *path)
{
	struct json_span v;

	if (!strcmp(path, "output"))
		return s->v[TRACE_OUTPUT];
	if (!strcmp(path, "callback"))
		path = "callback_messages";
	v = path_get(s->record, path);
	return v.p || !s->v[TRACE_METADATA].p ? v :
	    path_get(s->v[TRACE_METADATA], path);
}

/* Adds a message or a turn as a line; takes pieces of the story. */
static void
subject_add_piece(void *arg, const char *label, const struct buf *text)
{
	struct buf *b = arg;

	(void)label;
	buf_add(b, text->p, text->len);
	buf_byte(b, '\n');
}

static void
add_turn(void *arg, const struct story_turn *turn)
{
	subject_add_piece(arg, NULL, turn->content);
}

/* Appends the text at a path; of messages and turns, only their texts. */
static int
put_text(struct subject *s, const char *path, struct buf *b)
{
	struct trace row = { .nobs = 0 };
	struct json_span v;

	memcpy(row.v, s->v, sizeof(row.v));
	if (!strcmp(path, "callback") && story_has_messages(&row)) {
		story_messages(&row, subject_add_piece, b);
		return 0;
	}
	if (!strcmp(path, "conversation") && story_has_turns(&row)) {
		story_turns(&row, add_turn, b);
		return 0;
	}
	v = subject_get(s, path);
	if (json_is_null(v))
		return -1;
	value_text(v, b);
	return 0;
}

int
subject_text(struct subject *s, const char *path, struct json_span *text)
{
	int is_output = !strcmp(path, "output");
	struct buf *b = is_output ? &s->output : &s->other;

	if (!is_output || !s->has_output) {
		b->len = 0;
		if (put_text(s, path, b))
			return -1;
	}
	s->has_output |= is_output;
	text->p = buf_str(b);
	text->n = b->len;
	return 0;
}

/* Adds the steps, which a record of fl-parse has in its timeline. */
static void
add_steps(struct subject *s)
{
	struct json_span v[PERTRACE_FIELDS];
	struct json_fault f;

	if (json_is(s->v[TRACE_OBSERVATIONS], JSON_ARRAY)) {
		trace_add_all(&s->trace, s->v[TRACE_OBSERVATIONS]);
		return;
	}
	json_scan(s->record.p, s->record.n, JSON_LAX, pertrace_fields, v,
	    PERTRACE_FIELDS, &f);
	if (pertrace_is(v[2], v[1]))
		pertrace_read(&s->trace, v[2], v[1]);
}

struct trace *
subject_steps(struct subject *s)
{
	if (s->steps < 0) {
		trace_begin(&s->trace, s->record, s->v);
		add_steps(s);
		trace_sort(&s->trace);
		trace_link(&s->trace);
		s->steps = s->trace.nobs > 0;
	}
	return s->steps ? &s->trace : NULL;
}
