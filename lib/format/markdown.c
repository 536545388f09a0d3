#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/eight.h"
#include "base/utf8.h"
#include "base/util.h"
#include "base/visible.h"
#include "json/json.h"
#include "trace/story.h"
#include "trace/trace.h"
#include "chat.h"
#include "mdtext.h"
#include "media.h"
#include "markdown.h"

/* Appends text as code, between more backticks than it contains in a row. */
static void
put_code(struct buf *b, const char *s, size_t n)
{
	size_t i, run = 0, longest = 0;

	for (i = 0; i < n; i++) {
		run = s[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	buf_fill(b, '`', longest + 1);
	if (longest)
		buf_byte(b, ' ');
	visible_put(b, s, n);
	if (longest)
		buf_byte(b, ' ');
	buf_fill(b, '`', longest + 1);
}

/*
 * 1 for a string of characters that need no escape anywhere, as in most.
 */
static int
is_simple(struct json_span v)
{
	uint64_t w;
	size_t i;

	if (!json_is(v, JSON_STRING) || v.n == 2)
		return 0;
	for (i = 1; i + 8 <= v.n - 1; i += 8) {
		w = eight_load(v.p + i);
		if (eight_hidden(w) | eight_has(w, '`') | eight_has(w, '\\'))
			break;
	}
	for (; i < v.n - 1; i++)
		if (v.p[i] < 0x20 || v.p[i] > 0x7e || v.p[i] == '`' ||
		    v.p[i] == '\\')
			return 0;
	return 1;
}

/* Appends "- Label: `value`", or absent for what is false in Python. */
static void
put_item(struct buf *b, const char *label, struct json_span v,
    const char *absent)
{
	struct buf text = { 0 };

	buf_puts(b, "- ");
	buf_puts(b, label);
	buf_puts(b, ": ");
	if (is_simple(v)) {
		buf_byte(b, '`');
		buf_add(b, v.p + 1, v.n - 2);
		buf_puts(b, "`\n");
		return;
	}
	if (trace_falsy(v))
		buf_puts(&text, absent);
	else
		trace_plain(&text, v);
	put_code(b, text.p, text.len);
	buf_byte(b, '\n');
	buf_release(&text);
}

/*
 * Appends a JSON string in ASCII, as Python's json.dumps writes it, but DEL as
 * an escape.
 */
static void
put_ascii(struct buf *b, const char *s, size_t n)
{
	struct buf json = { 0 };
	size_t i, len;
	uint32_t c;

	json_put_text(&json, s, n);
	for (i = 0; i < json.len; i += len) {
		len = utf8_decode(json.p + i, json.len - i, &c);
		if (c >= 0x10000)
			buf_printf(b, "\\u%04x\\u%04x",
			    (unsigned)(0xd7c0 + (c >> 10)),
			    (unsigned)(0xdc00 + (c & 0x3ff)));
		else if (c >= 0x7f)
			buf_printf(b, "\\u%04x", (unsigned)c);
		else
			buf_byte(b, (char)c);
	}
	buf_release(&json);
}

/* Appends a value that is not a string: YAML, too. */
static void
put_flow(struct buf *b, struct json_span v)
{
	size_t at = b->len;

	json_compact(b, v);
	visible_replace(b, at, VISIBLE_LINE);
}

static void
put_persona(struct buf *b, struct json_span v)
{
	struct buf text = { 0 };

	if (trace_falsy(v)) {
		buf_puts(b, "null");
	} else if (json_type(v) == JSON_STRING) {
		json_text(&text, v);
		put_ascii(b, text.p, text.len);
	} else {
		put_flow(b, v);
	}
	buf_release(&text);
}

/* Appends "- Label: `text`"; a story_take. */
static void
put_story_item(void *arg, const char *label, const struct buf *text)
{
	struct buf *b = arg;

	buf_printf(b, "- %s: ", label);
	put_code(b, text->p, text->len);
	buf_byte(b, '\n');
}

/* Appends "- **label**: `text`"; a story_take. */
static void
put_story_message(void *arg, const char *label, const struct buf *text)
{
	struct buf *b = arg;

	buf_puts(b, "- **");
	mdtext_put(b, label, strlen(label));
	buf_puts(b, "**: ");
	put_code(b, text->p, text->len);
	buf_byte(b, '\n');
}

/* The length of a fence: three backticks, or one more than text has in a row. */
static size_t
fence_length(const struct buf *text)
{
	const char *p = text->p, *end = p + text->len, *from;
	size_t longest = 2;

	while (p && p < end && (p = memchr(p, '`', (size_t)(end - p)))) {
		for (from = p; p < end && *p == '`'; p++)
			;
		if ((size_t)(p - from) > longest)
			longest = (size_t)(p - from);
	}
	return longest + 1;
}

/* Appends text as a block of code, between longer fences than it has. */
static void
put_fenced(struct buf *b, struct json_span v)
{
	struct buf text = { 0 };
	size_t length, at;

	trace_plain(&text, v);
	length = fence_length(&text);
	buf_fill(b, '`', length);
	buf_byte(b, '\n');
	at = b->len;
	buf_add(b, text.p, text.len);
	visible_replace(b, at, VISIBLE_LINES);
	if (text.len && text.p[text.len - 1] != '\n')
		buf_byte(b, '\n');
	buf_fill(b, '`', length);
	buf_puts(b, "\n\n");
	buf_release(&text);
}

static void
put_outputs(struct buf *b, const struct trace *t)
{
	size_t i;

	for (i = 0; i < STORY_OUTPUTS; i++) {
		if (trace_falsy(t->v[story_outputs[i].field]))
			continue;
		buf_printf(b, "### %s\n", story_outputs[i].title);
		put_fenced(b, t->v[story_outputs[i].field]);
	}
}

/* Appends text in double quotes, with escapes only where YAML needs them. */
static void
put_quoted(struct buf *b, const struct buf *text)
{
	size_t at = b->len;

	json_put_text(b, text->p, text->len);
	visible_replace(b, at, VISIBLE_LINE);
}

/* Appends the trace's duration with two decimals, or absent. */
static void
markdown_put_duration(struct buf *b, struct json_span v, const char *unit,
    const char *absent)
{
	double d = 0;

	if (!v.p || (json_is(v, JSON_NUMBER) && strchr("NI", v.p[*v.p == '-'])
	    == NULL && json_double(v, &d)))
		buf_printf(b, "%.2f%s", d, unit);
	else
		buf_puts(b, absent);
}

static void
markdown_put_header(struct buf *b, const struct trace *t, const struct buf *id)
{
	buf_puts(b, "---\ntrace_id: ");
	put_quoted(b, id);
	buf_puts(b, "\niteration: ");
	if (!t->row.p)
		buf_puts(b, "null");
	else if (!t->v[TRACE_ITERATION].p)
		buf_byte(b, '0');
	else
		put_flow(b, t->v[TRACE_ITERATION]);
	buf_puts(b, "\npersona: ");
	put_persona(b, t->v[TRACE_PERSONA]);
	buf_puts(b, "\nduration_ms: ");
	if (t->row.p)
		markdown_put_duration(b, t->v[TRACE_DURATION], "", "null");
	else
		buf_puts(b, "null");
	buf_puts(b, "\nsuccess: ");
	buf_puts(b, !t->row.p ? "null" :
	    trace_falsy(t->v[TRACE_SUCCESS]) ? "false" : "true");
	buf_puts(b, "\n---\n\n");
}

static void
put_success(struct buf *b, const struct trace *t)
{
	struct json_span v = t->v[TRACE_SUCCESS];

	buf_puts(b, "- Success: ");
	if (!t->row.p)
		buf_puts(b, "`N/A`");
	else if (!v.p || json_type(v) == JSON_BOOL)
		buf_puts(b, v.p && *v.p == 't' ? "`True`" : "`False`");
	else
		put_code(b, v.p, v.n);
	buf_byte(b, '\n');
}

/* Appends a text in a fence, with indent before each line. */
static void
put_fence(struct buf *b, const char *indent, struct buf *text)
{
	const char *p, *end, *line;
	size_t length;

	visible_replace(text, 0, VISIBLE_LINES);
	length = fence_length(text);
	buf_puts(b, indent);
	buf_fill(b, '`', length);
	buf_puts(b, "text\n");
	p = buf_str(text);
	for (end = p + text->len; p < end; p = line + 1) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (!line)
			line = end;
		buf_puts(b, indent);
		buf_add(b, p, (size_t)(line - p));
		buf_byte(b, '\n');
	}
	buf_puts(b, indent);
	buf_fill(b, '`', length);
	buf_byte(b, '\n');
}

/* Appends the role: "User", "Assistant". */
static void
put_role(struct buf *b, struct json_span role)
{
	struct buf text = { 0 };

	if (json_is(role, JSON_STRING) && role.n > 2)
		json_text(&text, role);
	else
		buf_puts(&text, "unknown");
	if (*text.p >= 'a' && *text.p <= 'z')
		*text.p -= 'a' - 'A';
	buf_puts(b, "- **");
	mdtext_put(b, text.p, text.len);
	buf_puts(b, "**: ");
	buf_release(&text);
}

/*
 * Appends the text of a turn, and more about it: in the line if it is a single
 * line, otherwise in a fence.
 */
static void
put_said(struct buf *b, struct buf *text, struct buf *more)
{
	int lines = text->len && memchr(text->p, '\n', text->len);

	if (!lines)
		visible_put(b, text->p, text->len);
	if (more->len) {
		buf_puts(b, lines ? "" : " ");
		if (*more->p == '{')
			put_code(b, more->p, more->len);
		else
			visible_put(b, more->p, more->len);
	}
	buf_byte(b, '\n');
	if (lines) {
		buf_byte(b, '\n');
		put_fence(b, "  ", text);
	}
}

/* Appends a value as a conversation. Returns 0 if it is not one. */
static int
put_chat(struct buf *b, const struct trace *t, struct json_span v)
{
	struct buf text = { 0 }, others = { 0 };
	struct chat_message m;
	struct json_iter it;

	/* the original shows JSON */
	if ((!trace_is_ours(t) && !t->v[TRACE_OBSERVATIONS].p) ||
	    !chat_find(v, &it))
		return 0;
	while (chat_next(&it, &m) > 0) {
		put_role(b, m.role);
		text.len = others.len = 0;
		chat_put_text(&text, m.content);
		chat_put_others(&others, &m);
		put_said(b, &text, &others);
	}
	buf_byte(b, '\n');
	buf_release(&text);
	buf_release(&others);
	return 1;
}

/* Appends a block of JSON: {"key": value}. */
static void
markdown_put_payload(struct buf *b, const struct trace *t, const char *key,
    struct json_span v, const char *absent)
{
	size_t at;

	if (put_chat(b, t, v))
		return;
	buf_printf(b, "```json\n{\n  \"%s\": ", key);
	at = b->len;
	if (v.p && json_pretty(b, v, 2))
		visible_replace(b, at, VISIBLE_JSON);
	else if (!v.p)
		buf_puts(b, absent);
	media_replace(b, at);
	buf_puts(b, "\n}\n```\n\n");
}

static void
markdown_put_summary(struct buf *b, const struct trace *t, const struct buf *id)
{
	struct json_span iteration = t->v[TRACE_ITERATION];
	struct buf text = { 0 };

	buf_puts(b, "# Trace Analysis\n\n## Summary\n- Trace ID: ");
	put_code(b, id->p, id->len);
	buf_puts(b, "\n- Iteration: ");
	if (!iteration.p)
		buf_puts(&text, t->row.p ? "0" : "N/A");
	else
		trace_plain(&text, iteration);
	put_code(b, text.p, text.len);
	buf_byte(b, '\n');
	buf_release(&text);
	put_item(b, "Persona", t->v[TRACE_PERSONA], "N/A");
	buf_puts(b, "- Duration: `");
	if (t->row.p)
		markdown_put_duration(b, t->v[TRACE_DURATION], " ms", "N/A");
	else
		buf_puts(b, "N/A");
	buf_puts(b, "`\n");
	put_success(b, t);
	if (!trace_falsy(t->v[TRACE_ERROR_KIND]))
		put_item(b, "Error kind", t->v[TRACE_ERROR_KIND], "");
	if (!trace_falsy(t->v[TRACE_ERROR]))
		put_item(b, "Error", t->v[TRACE_ERROR], "");
	story_facts(t, put_story_item, b);
	buf_puts(b, "\n### Input\n");
	if (!t->row.p) {
		buf_puts(b, "(no data)\n\n### Output\n(no data)\n\n");
		return;
	}
	markdown_put_payload(b, t, "input", t->v[TRACE_INPUT], "\"\"");
	buf_puts(b, "### Output\n");
	markdown_put_payload(b, t, "output", t->v[TRACE_OUTPUT], "null");
	if (story_has_messages(t)) {
		buf_puts(b, "### Callback messages\n");
		story_messages(t, put_story_message, b);
		buf_byte(b, '\n');
	}
	put_outputs(b, t);
}

/* 1 for a line that begins a heading, a fence or HTML, or ends front matter. */
static int
begins_block(const char *line)
{
	static const char *const starts[] = {
		"#", "```", "~~~", "<", "---", "==="
	};
	size_t i;

	line += strspn(line, " ");
	for (i = 0; i < LEN(starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return 1;
	return 0;
}

/*
 * Appends a turn as the original does. The first line of the text is in a list;
 * what begins a block in a later line is escaped.
 */
static void
put_turn(void *arg, const struct story_turn *turn)
{
	struct buf *b = arg, text = { 0 };
	size_t i;

	buf_puts(b, "- **");
	if (turn->role->len && turn->role->p[0] >= 'a' &&
	    turn->role->p[0] <= 'z')
		turn->role->p[0] = (char)(turn->role->p[0] - 'a' + 'A');
	mdtext_put(b, turn->role->p, turn->role->len);
	buf_puts(b, "**: ");
	buf_add(&text, turn->content->p, turn->content->len);
	visible_replace(&text, 0, VISIBLE_LINES);
	buf_str(&text);
	for (i = 0; i < text.len; i++) {
		buf_byte(b, text.p[i]);
		if (text.p[i] == '\n' && begins_block(text.p + i + 1))
			buf_byte(b, '\\');
	}
	if (turn->source->len) {
		buf_puts(b, " _(");
		visible_put(b, turn->source->p, turn->source->len);
		buf_puts(b, ")_");
	}
	buf_byte(b, '\n');
	buf_release(&text);
}

static void
put_block(struct buf *b, const struct trace *t, const struct observation *o,
    size_t field, const char *title)
{
	size_t at;

	buf_puts(b, "**");
	buf_puts(b, title);
	buf_puts(b, "**\n");
	if (json_is_null(o->v[field])) {
		buf_puts(b, "(no data)\n\n");
		return;
	}
	if (put_chat(b, t, o->v[field]))
		return;
	buf_puts(b, "```json\n");
	at = b->len;
	if (trace_pretty(b, t, o, field))
		visible_replace(b, at, VISIBLE_JSON);
	media_replace(b, at);
	buf_puts(b, "\n```\n\n");
}

/* Appends a value as text of a heading. */
static void
put_bare(struct buf *b, struct json_span v, const char *absent)
{
	struct buf text = { 0 };

	if (is_simple(v)) {
		mdtext_put(b, v.p + 1, v.n - 2);
		return;
	}
	if (trace_falsy(v))
		buf_puts(&text, absent);
	else
		trace_plain(&text, v);
	mdtext_put(b, text.p, text.len);
	buf_release(&text);
}

/* Appends the model and tokens of a step, where they are set. */
static void
put_step_facts(struct buf *b, const struct observation *o)
{
	static const struct {
		size_t field;
		const char *label;
	} facts[] = {
		{ OBS_MODEL, "Model" },
		{ OBS_PROMPT_TOKENS, "Prompt tokens" },
		{ OBS_COMPLETION_TOKENS, "Completion tokens" },
		{ OBS_TOTAL_TOKENS, "Total tokens" }
	};
	size_t i;

	for (i = 0; i < LEN(facts); i++)
		if (!json_is_null(o->v[facts[i].field]) &&
		    !json_is_str(o->v[facts[i].field], ""))
			put_item(b, facts[i].label, o->v[facts[i].field], "0");
}

/* Appends the error of a failed step, with its traceback if it has one. */
static void
put_step_error(struct buf *b, const struct observation *o)
{
	struct json_span more = json_get(o->v[OBS_METADATA], "traceback");
	struct buf text = { 0 }, error = { 0 };

	if (trace_falsy(o->v[OBS_ERROR]))
		return;
	if (json_is(more, JSON_STRING))
		json_text(&text, more);
	trace_plain(&error, o->v[OBS_ERROR]);
	buf_puts(b, "**Error**\n");
	/* a traceback ends in the error */
	if (!strstr(buf_str(&text), buf_str(&error)))
		put_fence(b, "", &error);
	if (text.len)
		put_fence(b, "", &text);
	buf_byte(b, '\n');
	buf_release(&text);
	buf_release(&error);
}

static void
markdown_put_step(struct buf *b, struct trace *t, size_t i)
{
	const struct observation *o = trace_load(t, i);
	struct json_span type = o->v[OBS_TYPE];
	double ms;

	buf_puts(b, "---\n### Step ");
	buf_uint(b, i + 1);
	buf_puts(b, ": [");
	if (json_is(type, JSON_STRING))
		put_bare(b, type, "");
	else
		put_bare(b, type, "unknown");
	buf_puts(b, "] ");
	put_bare(b, o->v[OBS_NAME], "unknown");
	buf_byte(b, '\n');
	put_item(b, "Start", o->v[OBS_START], "N/A");
	put_item(b, "End", o->v[OBS_END], "N/A");
	buf_puts(b, "- Duration: `");
	if (trace_duration(t, o, &ms)) {
		buf_fixed2(b, ms);
		buf_puts(b, " ms`\n");
	} else {
		buf_puts(b, "N/A`\n");
	}
	put_item(b, "Level", o->v[OBS_LEVEL], "N/A");
	if (trace_is_ours(t))
		put_step_facts(b, o);
	buf_byte(b, '\n');
	put_block(b, t, o, OBS_INPUT, "Input");
	trace_pause(t);
	put_block(b, t, o, OBS_OUTPUT, "Output");
	if (trace_is_ours(t))
		put_step_error(b, o);
}

void
markdown_put(struct buf *b, struct trace *t)
{
	struct buf id = { 0 };
	size_t i;

	trace_id_text(t, &id);
	buf_str(&id);
	markdown_put_header(b, t, &id);
	markdown_put_summary(b, t, &id);
	if (story_has_turns(t)) {
		buf_puts(b, "## Conversation\n\n");
		story_turns(t, put_turn, b);
	}
	buf_puts(b, "## Timeline\n");
	for (i = 0; i < t->nobs; i++)
		markdown_put_step(b, t, i);
	if (!t->nobs)
		buf_puts(b, "(no observations recorded)\n");
	buf_release(&id);
}
