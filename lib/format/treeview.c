#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "base/visible.h"
#include "json/json.h"
#include "record/excerpt.h"
#include "trace/story.h"
#include "trace/step.h"
#include "trace/trace.h"
#include "options.h"
#include "termwidth.h"
#include "chat.h"
#include "media.h"
#include "treeview.h"

/* The width of a line in cells, and its limits. */
#define WIDTH_USUAL 80
#define WIDTH_MIN 40
#define WIDTH_MAX 1000

/*
 * A line shows the step, its duration and its bar, with two cells between. The
 * bar takes a quarter of the line, within limits.
 */
#define GAP 2
#define TIME_CELLS 8
#define BAR_MIN 8
#define BAR_MAX 60

/* Cells of the label before an input, output or error. */
#define LABEL_MIN 5
/* How much of a value is searched for files, in bytes. */
#define MEDIA_SEARCHED (1 << 20)

#define LABEL_MAX 20

/* Cells of indentation for each level, and the most levels shown. */
#define INDENT 3
#define LEVELS_MAX 40

/* SGR parameters. */
#define DIM "2"
#define RED "31"
#define BOLD "1"

/* The rendering of a trace. */
struct view {
	struct buf *b;
	const struct trace *t;
	int colour;		/* 1: colours are used */
	size_t width;		/* cells of a line */
	size_t left;		/* cells of a line for the step */
	size_t bar;		/* cells of a line for its bar */
	size_t levels;		/* levels that are shown by indentation */
	char more[LEVELS_MAX + 1];	/* 1: more siblings follow */
};

static void
tree_paint(struct view *v, const char *sgr)
{
	if (v->colour && *sgr)
		buf_printf(v->b, "\033[%sm", sgr);
}

/* Appends text in a colour, in no more than max cells; returns its cells. */
static size_t
tree_put_painted(struct view *v, const char *sgr, const char *s, size_t n,
    size_t max)
{
	size_t cells;

	tree_paint(v, sgr);
	cells = termwidth_put(v->b, s, n, max);
	tree_paint(v, *sgr ? "0" : "");
	return cells;
}

/* The number of cells that all of the text takes. */
static size_t
termwidth_in(const struct buf *text)
{
	struct buf shown = { 0 };
	size_t cells = termwidth_put(&shown, text->p, text->len, SIZE_MAX);

	buf_release(&shown);
	return cells;
}

/* Adds a fact to others, with two spaces between. */
static void
add_fact(struct buf *facts, const struct buf *fact)
{
	if (!fact->len)
		return;
	if (facts->len)
		buf_puts(facts, "  ");
	buf_add(facts, fact->p, fact->len);
}

/*
 * Appends a time in the unit that fits it best with three digits, not rounded:
 * "9 µs", "1.23 ms", "45.6 s", "12.3 min". It is not wider than TIME_CELLS.
 */
static void
put_time(struct buf *b, int64_t us)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "\xc2\xb5s", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "min", INT64_C(60000000) }, { "h", INT64_C(3600000000) },
		{ "d", INT64_C(86400000000) }, { "y", INT64_C(31557600000000) }
	};
	int64_t whole, rest;
	size_t i = 0;

	if (us < 0)
		buf_byte(b, '-');
	us = us < 0 ? -us : us;
	while (i + 1 < LEN(units) && us >= units[i + 1].us)
		i++;
	whole = us / units[i].us;
	rest = us % units[i].us * 100 / units[i].us;
	if (!i || whole >= 100)
		buf_printf(b, "%lld", (long long)whole);
	else if (whole >= 10)
		buf_printf(b, "%lld.%lld", (long long)whole,
		    (long long)rest / 10);
	else
		buf_printf(b, "%lld.%02lld", (long long)whole,
		    (long long)rest);
	buf_printf(b, " %s", units[i].name);
}

/* Appends milliseconds as a time, or "-" if they are not known. */
static void
tree_put_ms(struct buf *b, int known, double ms)
{
	/* microseconds have to fit into 64 bits */
	if (known && isfinite(ms) && fabs(ms) < 9e15)
		put_time(b, (int64_t)llround(ms * 1000));
	else
		buf_byte(b, '-');
}

/* Appends "12→34 tokens", or the total: "46 tokens". */
static void
tree_put_tokens(struct buf *b, struct json_span prompt, struct json_span
    completion, struct json_span total)
{
	if (json_is(prompt, JSON_NUMBER) && json_is(completion, JSON_NUMBER)) {
		termwidth_put(b, prompt.p, prompt.n, 12);
		buf_puts(b, "\xe2\x86\x92");
		termwidth_put(b, completion.p, completion.n, 12);
	} else if (json_is(total, JSON_NUMBER)) {
		termwidth_put(b, total.p, total.n, 12);
	} else {
		return;
	}
	buf_puts(b, " tokens");
}

/* Appends the text of a small value, in at most max cells. */
static void
tree_put_plain(struct buf *b, struct json_span v, size_t max)
{
	struct buf text = { 0 };

	if (!trace_falsy(v))
		trace_plain(&text, v);
	termwidth_put(b, text.p, text.len, max);
	buf_release(&text);
}

/* Appends the part of the title after the persona: duration and tokens. */
static void
put_measures(struct buf *b, const struct trace *t)
{
	struct json_span usage = t->v[TRACE_TOKEN_USAGE];
	struct buf fact = { 0 };
	double ms = 0;

	if (json_double(t->v[TRACE_DURATION], &ms)) {
		tree_put_ms(&fact, 1, ms);
		add_fact(b, &fact);
	}
	fact.len = 0;
	tree_put_tokens(&fact, json_get(usage, "prompt_tokens"),
	    json_get(usage, "completion_tokens"),
	    json_get(usage, "total_tokens"));
	add_fact(b, &fact);
	buf_release(&fact);
}

/* Appends two spaces and text, if there is room for some of it. */
static void
put_piece(struct view *v, const char *sgr, const struct buf *text, size_t *left)
{
	if (!text->len || *left < GAP + 1)
		return;
	buf_puts(v->b, "  ");
	*left -= GAP;
	*left -= tree_put_painted(v, sgr, text->p, text->len, *left);
}

/* Appends the first line: outcome, id, iteration, persona and measures. */
static void
put_title(struct view *v)
{
	const struct trace *t = v->t;
	struct buf id = { 0 }, persona = { 0 }, rest = { 0 };
	size_t left = v->width - 2, after;
	int good = !trace_falsy(t->v[TRACE_SUCCESS]);

	if (!t->row.p)
		tree_put_painted(v, DIM, "?", 1, 1);
	else
		tree_put_painted(v, good ? "32" : RED, good ?
		    "\xe2\x9c\x93" : "\xe2\x9c\x97", 3, 1);
	buf_byte(v->b, ' ');
	trace_id_text(t, &id);
	left -= tree_put_painted(v, BOLD, id.p, id.len, left < 37 ? left : 36);
	id.len = 0;
	if (t->v[TRACE_ITERATION].p) {
		buf_byte(&id, '#');
		trace_plain(&id, t->v[TRACE_ITERATION]);
	}
	put_piece(v, "", &id, &left);
	put_measures(&rest, t);
	/* the persona gets the cells that the measures leave */
	after = rest.len ? termwidth_in(&rest) + GAP : 0;
	after = left < after ? left : after;
	tree_put_plain(&persona, t->v[TRACE_PERSONA], 40);
	left -= after;
	put_piece(v, "", &persona, &left);
	left += after;
	put_piece(v, "", &rest, &left);
	buf_byte(v->b, '\n');
	buf_release(&id);
	buf_release(&persona);
	buf_release(&rest);
}

/* Appends a line such as "  in     text", unless the text is empty. */
static void
put_labelled(struct view *v, const char *label, const char *sgr,
    const struct buf *text)
{
	size_t cells;

	if (!text->len)
		return;
	buf_fill(v->b, ' ', GAP);
	cells = tree_put_painted(v, DIM, label, strlen(label), LABEL_MAX);
	if (cells < LABEL_MIN) {
		buf_fill(v->b, ' ', LABEL_MIN - cells);
		cells = LABEL_MIN;
	}
	buf_fill(v->b, ' ', GAP);
	tree_put_painted(v, sgr, text->p, text->len, v->width - cells -
	    2 * GAP);
	buf_byte(v->b, '\n');
}

/*
 * Appends the beginning of a value to b, enough of it to fill a line. A file in
 * it is a note.
 */
static void
put_beginning(const struct view *v, struct buf *b, struct json_span value)
{
	struct buf json = { 0 };
	struct media m;

	if (json_is_null(value))
		return;
	if (media_next(value.p, value.n < MEDIA_SEARCHED ? value.n :
	    MEDIA_SEARCHED, 0, &m)) {
		buf_add(&json, value.p, value.n);
		media_replace(&json, 0);
		value = json_buf(&json);
	}
	excerpt_put(b, value, 8 * v->width);
	buf_release(&json);
}

/* Appends a line for each message of a chat or turn of a conversation. */

static void
tree_put_piece(void *arg, const char *label, const struct buf *text)
{
	struct buf name = { 0 }, line = { 0 };

	buf_puts(&name, label);
	if (*name.p >= 'A' && *name.p <= 'Z')
		*name.p = (char)(*name.p | 0x20);
	buf_add(&line, text->p, text->len);
	visible_replace(&line, 0, VISIBLE_LINE);
	put_labelled(arg, buf_str(&name), !strcmp(buf_str(&name), "error") ||
	    !strcmp(buf_str(&name), "failed check") ? RED : "", &line);
	buf_release(&name);
	buf_release(&line);
}

static void
tree_put_turn(void *arg, const struct story_turn *turn)
{
	tree_put_piece(arg, buf_str(turn->role), turn->content);
}

/* Appends a line for each message of a chat or turn of a conversation. */
static void
put_messages(struct view *v, struct json_iter *messages)
{
	struct buf role = { 0 }, text = { 0 };
	struct chat_message m;

	while (chat_next(messages, &m) > 0) {
		role.len = text.len = 0;
		tree_put_plain(&role, m.role, LABEL_MAX);
		chat_put_text(&text, m.content);
		if (!text.len)
			chat_put_others(&text, &m);
		put_labelled(v, buf_str(&role), "", &text);
	}
	buf_release(&role);
	buf_release(&text);
}

/* Appends a value of the trace: a chat, or its beginning. */
static void
put_value(struct view *v, const char *label, struct json_span value)
{
	struct json_iter messages;
	struct buf text = { 0 };

	if (chat_find(value, &messages)) {
		put_messages(v, &messages);
		return;
	}
	put_beginning(v, &text, value);
	put_labelled(v, label, "", &text);
	buf_release(&text);
}

static void
tree_put_head(struct view *v)
{
	const struct trace *t = v->t;
	struct buf text = { 0 }, kind = { 0 };
	size_t i;

	put_title(v);
	put_value(v, "in", t->v[TRACE_INPUT]);
	put_value(v, "out", t->v[TRACE_OUTPUT]);
	if (!trace_falsy(t->v[TRACE_ERROR]))
		put_beginning(v, &text, t->v[TRACE_ERROR]);
	tree_put_plain(&kind, t->v[TRACE_ERROR_KIND], LABEL_MAX);
	if (!kind.len)
		buf_puts(&kind, "error");
	put_labelled(v, buf_str(&kind), RED, &text);
	story_facts(t, tree_put_piece, v);
	story_turns(t, tree_put_turn, v);
	story_messages(t, tree_put_piece, v);
	for (i = 0; i < STORY_OUTPUTS; i++) {
		text.len = 0;
		if (!trace_falsy(t->v[story_outputs[i].field]))
			put_beginning(v, &text, t->v[story_outputs[i].field]);
		tree_put_piece(v, trace_fields[story_outputs[i].field], &text);
	}
	buf_release(&text);
	buf_release(&kind);
}

/* Appends a cell of which n eighths are filled, from the left. */
static void
put_eighths(struct buf *b, size_t n)
{
	utf8_put(b, 0x2590 - (uint32_t)n);
}

/*
 * Appends a cell that is filled from eighth a to eighth z. Unicode has all
 * parts that begin at the left, but at the right only a half and an eighth.
 */
static void
tree_put_cell(struct buf *b, size_t a, size_t z)
{
	if (!a || (z < 8 && a + z < 8))
		put_eighths(b, z - a);
	else if (z - a >= 7)
		put_eighths(b, 8);
	else
		utf8_put(b, z - a >= 3 ? 0x2590 : 0x2595);
}

/* The place of a time in the bar, in eighths of a cell. */
static size_t
eighth(const struct view *v, int64_t us)
{
	double whole = (double)(v->t->until - v->t->from);
	double part = (double)(us - v->t->from);

	if (whole <= 0 || part <= 0)
		return 0;
	return (size_t)(part / whole * 8 * (double)v->bar + 0.5);
}

/* Appends the empty part of a bar. */
static void
put_track(struct view *v, size_t cells)
{
	if (!cells)
		return;
	tree_paint(v, DIM);
	while (cells--)
		buf_puts(v->b, "\xc2\xb7");
	tree_paint(v, "0");
}

static void
tree_put_bar(struct view *v, const struct observation *o, const char *sgr)
{
	size_t from = eighth(v, o->from), until = eighth(v, o->until);
	size_t last = 8 * v->bar - 1, i, first, end;

	/* a bar has at least one cell */
	from = from > last ? last : from;
	until = until > last + 1 ? last + 1 : until;
	until = until <= from ? from + 1 : until;
	first = from / 8;
	end = (until + 7) / 8;
	put_track(v, first);
	tree_paint(v, sgr);
	for (i = first; i < end; i++)
		tree_put_cell(v->b, i > first ? 0 : from % 8,
		    i + 1 < end ? 8 : until - 8 * i);
	tree_paint(v, *sgr ? "0" : "");
	put_track(v, v->bar - end);
}

/*
 * Appends the lines of the tree before a step, or before a further line of it.
 * If the step is too deep to be indented, its depth as a number replaces the
 * levels just above it. Returns the number of cells.
 */
static size_t
put_branches(struct view *v, const struct observation *o, int further)
{
	static const char passing[] = "\xe2\x94\x82  ";
	size_t depth = o->depth, shown = depth, level, start, cells;

	if (!depth && !further)
		return 0;
	tree_paint(v, DIM);
	start = v->b->len;
	if (depth > v->levels)
		shown = v->levels - 2;
	for (level = 1; level < shown; level++)
		buf_puts(v->b, v->more[level] ? passing : "   ");
	if (depth > v->levels && further)
		buf_puts(v->b, "      ");
	else if (depth > v->levels)
		buf_printf(v->b, "\xe2\x80\xa6%-5zu", depth);
	if (depth && further)
		buf_puts(v->b, o->next != TRACE_NONE ? passing : "   ");
	else if (depth)
		buf_puts(v->b, o->next != TRACE_NONE ?
		    "\xe2\x94\x9c\xe2\x94\x80 " : "\xe2\x94\x94\xe2\x94\x80 ");
	if (further && o->child != TRACE_NONE)
		buf_puts(v->b, passing);
	else if (further && !depth)
		buf_puts(v->b, "   ");
	cells = utf8_len(v->b->p + start, v->b->len - start);
	tree_paint(v, "0");
	return cells;
}

/* Appends a further line of a step. */
static void
put_further(struct view *v, const struct observation *o, const char *sgr,
    const struct buf *text)
{
	size_t cells = put_branches(v, o, 1);

	tree_put_painted(v, sgr, text->p, text->len, v->width - cells);
	buf_byte(v->b, '\n');
}

static int
tree_is_any(struct json_span v, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (json_is_str(v, names[i]))
			return 1;
	return 0;
}

static const char *
type_colour(struct json_span type)
{
	static const struct {
		const char *name;
		const char *sgr;
	} colours[] = {
		{ "agent", "35" }, { "chain", "34" }, { "span", "34" },
		{ "tool", "36" }, { "generation", "33" },
		{ "evaluation", "32" }
	};
	size_t i;

	for (i = 0; i < LEN(colours); i++)
		if (tree_is_any(type, &colours[i].name, 1))
			return colours[i].sgr;
	return "";
}

/* Whether text begins or ends with part. */
static int
tree_includes(const struct buf *text, const struct buf *part)
{
	return part->len && part->len <= text->len &&
	    (!memcmp(text->p, part->p, part->len) ||
	    !memcmp(text->p + text->len - part->len, part->p, part->len));
}

/*
 * Appends the error of a failed step, or its status message if that contains
 * the error. Returns whether the status message was shown.
 */
static int
tree_put_error(const struct view *v, struct buf *b,
    const struct observation *o)
{
	struct buf error = { 0 }, status = { 0 };
	int shown;

	if (!trace_falsy(o->v[OBS_ERROR]))
		put_beginning(v, &error, o->v[OBS_ERROR]);
	if (error.len && !trace_falsy(o->v[OBS_STATUS_MESSAGE]))
		put_beginning(v, &status, o->v[OBS_STATUS_MESSAGE]);
	if (tree_includes(&status, &error))
		buf_add(b, status.p, status.len);
	else
		buf_add(b, error.p, error.len);
	shown = tree_includes(&status, &error) ||
	    tree_includes(&error, &status);
	buf_release(&error);
	buf_release(&status);
	return shown;
}

/* Appends level, status message, model and tokens, where they are set. */
static void
tree_put_facts(struct buf *b, const struct observation *o, int status_shown)
{
	static const char *const usual[] = {
		"info", "INFO", "default", "DEFAULT"
	};
	struct buf fact = { 0 };

	if (!tree_is_any(o->v[OBS_LEVEL], usual, LEN(usual)))
		tree_put_plain(&fact, o->v[OBS_LEVEL], 40);
	add_fact(b, &fact);
	fact.len = 0;
	if (!status_shown)
		tree_put_plain(&fact, o->v[OBS_STATUS_MESSAGE], 40);
	add_fact(b, &fact);
	fact.len = 0;
	tree_put_plain(&fact, o->v[OBS_MODEL], 40);
	add_fact(b, &fact);
	fact.len = 0;
	tree_put_tokens(&fact, o->v[OBS_PROMPT_TOKENS],
	    o->v[OBS_COMPLETION_TOKENS], o->v[OBS_TOTAL_TOKENS]);
	add_fact(b, &fact);
	buf_release(&fact);
}

/* Appends type and name within max cells; returns the cells used. */
static size_t
tree_put_name(struct view *v, const struct observation *o, const char *sgr,
    size_t max)
{
	struct buf text = { 0 };
	size_t cells;

	tree_put_plain(&text, o->v[OBS_TYPE], 10);
	if (!text.len)
		buf_puts(&text, "unknown");
	cells = tree_put_painted(v, sgr, text.p, text.len, max / 2);
	buf_byte(v->b, ' ');
	text.len = 0;
	tree_put_plain(&text, o->v[OBS_NAME], max);
	if (!text.len)
		buf_puts(&text, "unknown");
	cells += 1 + tree_put_painted(v, trace_failed(o) ? RED : "", text.p,
	    text.len, max - cells - 1);
	buf_release(&text);
	return cells;
}

/* Appends the rest of the line: left spaces, the duration and the bar. */
static void
put_columns(struct view *v, const struct observation *o, size_t left)
{
	struct buf text = { 0 };
	double ms = 0;
	int known = trace_duration(v->t, o, &ms);

	tree_put_ms(&text, known, ms);
	/* a time that is too wide takes cells of the gap */
	buf_fill(v->b, ' ', left + GAP + TIME_CELLS - termwidth_in(&text));
	buf_add(v->b, text.p, text.len);
	buf_fill(v->b, ' ', GAP);
	tree_put_bar(v, o, trace_failed(o) ? RED : type_colour(o->v[OBS_TYPE]));
	buf_byte(v->b, '\n');
	buf_release(&text);
}

static void
tree_put_step(struct view *v, struct trace *t, size_t i)
{
	const struct observation *o = trace_load(t, i);
	struct buf facts = { 0 }, error = { 0 };
	size_t left;

	if (o->depth <= v->levels)
		v->more[o->depth] = o->next != TRACE_NONE;
	buf_puts(&error, "\xe2\x9c\x97 ");
	tree_put_facts(&facts, o, tree_put_error(v, &error, o));
	left = v->left - put_branches(v, o, 0);
	left -= tree_put_name(v, o, type_colour(o->v[OBS_TYPE]), left);
	if (facts.len && termwidth_in(&facts) + GAP <= left) {
		put_piece(v, DIM, &facts, &left);
		facts.len = 0;
	}
	put_columns(v, o, left);
	if (facts.len)
		put_further(v, o, DIM, &facts);
	if (!trace_falsy(o->v[OBS_ERROR]))
		put_further(v, o, RED, &error);
	buf_release(&facts);
	buf_release(&error);
}

static size_t
tree_width(unsigned given)
{
	if (!given)
		return WIDTH_USUAL;
	return given < WIDTH_MIN ? WIDTH_MIN : given > WIDTH_MAX ? WIDTH_MAX :
	    given;
}

void
treeview_put(struct buf *b, struct trace *t, const struct format_options *o)
{
	struct view v = { .b = b, .t = t, .colour = o->colour,
	    .width = tree_width(o->width) };
	size_t i;

	v.bar = v.width / 4;
	v.bar = v.bar < BAR_MIN ? BAR_MIN : v.bar > BAR_MAX ? BAR_MAX : v.bar;
	v.left = v.width - v.bar - TIME_CELLS - 2 * GAP;
	v.levels = v.left / 2 / INDENT;
	v.levels = v.levels > LEVELS_MAX ? LEVELS_MAX : v.levels;
	trace_link(t);
	tree_put_head(&v);
	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i))
		tree_put_step(&v, t, i);
	if (!t->nobs)
		buf_puts(b, "  (no observations recorded)\n");
}
