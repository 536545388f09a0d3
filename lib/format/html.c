#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "record/excerpt.h"
#include "trace/pertrace.h"
#include "trace/story.h"
#include "trace/step.h"
#include "trace/trace.h"
#include "options.h"
#include "markup.h"
#include "media.h"
#include "page.h"
#include "html.h"

/*
 * The most characters of a name and of an error in the page itself, and the
 * most bytes of JSON of a value that is shown without a script. The records in
 * the page have the whole texts.
 */
#define NAME_SHOWN 200
#define ERROR_SHOWN 2000
#define VALUE_SHOWN 16384

/* The most bytes of pictures in a page, besides the records. */
#define FILES_SHOWN (16 << 20)

/* The most levels of indentation. */
#define DEPTH_SHOWN 12

/* Rows of one list; a browser lays out only the lists that are visible. */
#define ROWS_TOGETHER 100

/* The width of the shortest bar in percent: with 0 it would have no edge. */
#define WIDTH_MIN 0.001

/* The types that have a colour; a type is also the class of its row. */
static const char *const kinds[] = {
	"agent", "chain", "generation", "tool", "span", "event", "evaluation"
};

static const char *
html_kind_of(struct json_span type)
{
	size_t i;

	for (i = 0; i < LEN(kinds); i++)
		if (json_is_str(type, kinds[i]))
			return kinds[i];
	return "other";
}

/* Appends the text of a value. */
static void
html_put_plain(struct buf *b, struct json_span v, size_t max, int block)
{
	struct buf text = { 0 };

	if (v.p)
		trace_plain(&text, v);
	markup_put_text(b, &text, max, block);
	buf_release(&text);
}

/*
 * Appends a string with as few escapes as possible: equal texts have the same
 * spelling then, so that the page can search for them.
 */
static void
put_string(struct buf *b, struct json_span v)
{
	struct buf text = { 0 }, json = { 0 };

	if (memchr(v.p, '\\', v.n)) {
		json_text(&text, v);
		json_put_text(&json, text.p, text.len);
		v.p = json.p;
		v.n = json.len;
	}
	markup_put_json(b, v.p, v.n);
	buf_release(&text);
	buf_release(&json);
}

/* Appends a value without white space, its strings as above. */
static void
html_put_json(struct buf *b, struct json_span v)
{
	struct buf compact = { 0 };
	struct json_span string;
	const char *p, *end;

	json_compact(&compact, v);
	end = compact.p + compact.len;
	for (p = compact.p; p < end; ) {
		if (*p != '"') {
			buf_byte(b, *p++);
			continue;
		}
		string.p = p;
		p = json_end(p);
		string.n = (size_t)(p - string.p);
		put_string(b, string);
	}
	buf_release(&compact);
}

static int
html_is_any(struct json_span key, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (json_is_str(key, names[i]))
			return 1;
	return 0;
}

/*
 * Appends the record of a step, or of the trace (number 0), a member a line,
 * without the n members in skipped.
 */
static void
put_data(struct buf *b, size_t number, struct json_span object,
    const char *const *skipped, size_t n)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	const char *before = "";

	buf_printf(b, "<script type=\"application/json\" id=\"data-%zu\">{",
	    number);
	if (json_is(object, JSON_OBJECT))
		for (it = json_each(object); json_next(&it, &key, &value); ) {
			if (html_is_any(key, skipped, n))
				continue;
			buf_puts(b, before);
			put_string(b, key);
			buf_byte(b, ':');
			html_put_json(b, value);
			before = ",\n";
		}
	buf_puts(b, "}</script>\n");
}

/* The time from the first start to the last end of a step, in milliseconds. */
static double
trace_ms(const struct trace *t)
{
	return (double)(t->until - t->from) / 1000;
}

static void
html_put_fact(struct buf *b, const char *label, struct json_span v)
{
	if (json_is_null(v))
		return;
	markup_begin_fact(b, label);
	buf_puts(b, "<bdi>");
	html_put_plain(b, v, NAME_SHOWN, 0);
	buf_puts(b, "</bdi>");
	markup_end_fact(b);
}

static void
put_times(struct buf *b, struct trace *t)
{
	struct json_span start = t->v[TRACE_START];
	double ms;

	if (!start.p && t->nobs)
		start = trace_load(t, 0)->v[OBS_START];
	if (json_is(t->v[TRACE_DURATION], JSON_NUMBER) &&
	    json_double(t->v[TRACE_DURATION], &ms)) {
		markup_begin_fact(b, "Duration");
		markup_put_ms(b, ms);
		markup_end_fact(b);
	} else if (t->until > t->from) {
		markup_begin_fact(b, "Duration of the steps");
		markup_put_ms(b, trace_ms(t));
		markup_end_fact(b);
	}
	html_put_fact(b, "Started", start);
}

/* Kinds of tokens. */
enum { TOKENS_IN, TOKENS_OUT, TOKENS_ALL, TOKENS };

/* The tokens of each kind: the count of the row, or the sum of the steps. */
static void
html_count_tokens(struct trace *t, double n[TOKENS])
{
	static const int fields[TOKENS] = {
		[TOKENS_IN] = OBS_PROMPT_TOKENS,
		[TOKENS_OUT] = OBS_COMPLETION_TOKENS,
		[TOKENS_ALL] = OBS_TOTAL_TOKENS
	};
	struct json_span usage = t->v[TRACE_TOKEN_USAGE];
	const struct observation *o;
	double d;
	size_t i, k;

	for (k = 0; k < TOKENS; k++) {
		n[k] = 0;
		if (json_is(usage, JSON_OBJECT))
			json_double(json_get(usage,
			    observation_fields[fields[k]]), &n[k]);
	}
	for (i = 0; i < t->nobs && !json_is(usage, JSON_OBJECT); i++) {
		o = trace_load(t, i);
		for (k = 0; k < TOKENS; k++)
			if (json_double(o->v[fields[k]], &d))
				n[k] += d;
	}
	for (k = 0; k < TOKENS; k++)
		n[k] = isfinite(n[k]) && n[k] > 0 ? n[k] : 0;
}

static void
html_put_tokens(struct buf *b, struct trace *t)
{
	double n[TOKENS], in, out, all;

	html_count_tokens(t, n);
	in = n[TOKENS_IN];
	out = n[TOKENS_OUT];
	all = fmax(n[TOKENS_ALL], in + out);
	if (all < 1)
		return;
	markup_begin_fact(b, "Tokens");
	buf_printf(b, "%.0f", all);
	if (in > 0 && out > 0)
		buf_printf(b, " <small>%.0f in, %.0f out</small>", in, out);
	markup_end_fact(b);
}

/* Adds a fact of the story; a story_take. */
static void
html_put_piece(void *arg, const char *label, const struct buf *text)
{
	struct buf *b = arg;

	markup_begin_fact(b, label);
	buf_puts(b, "<bdi>");
	markup_put_text(b, text, ERROR_SHOWN, 0);
	buf_puts(b, "</bdi>");
	markup_end_fact(b);
}

static void
html_put_facts(struct buf *b, struct trace *t, const struct buf *id)
{
	buf_puts(b, "<dl>\n");
	put_times(b, t);
	html_put_fact(b, "Persona", t->v[TRACE_PERSONA]);
	story_facts(t, html_put_piece, b);
	html_put_fact(b, "Iteration", t->v[TRACE_ITERATION]);
	markup_begin_fact(b, "Steps");
	buf_printf(b, t->nobs ? "<a href=\"#steps\">%zu</a>" : "%zu", t->nobs);
	markup_end_fact(b);
	html_put_tokens(b, t);
	html_put_fact(b, "Ended because", t->v[TRACE_TERMINATION_REASON]);
	markup_begin_fact(b, "Trace");
	buf_puts(b, "<code>");
	markup_put_text(b, id, NAME_SHOWN, 0);
	buf_puts(b, "</code>");
	markup_end_fact(b);
	buf_puts(b, "</dl>\n");
}

/* The names of outcomes; also classes. */
static const char *const outcomes[OUTCOMES] = {
	[OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_SUCCESS] = "success"
};

/* Appends the title of the page: the trace's name, or "Trace". */
static void
html_put_name(struct buf *b, const struct trace *t)
{
	if (trace_falsy(t->v[TRACE_NAME]))
		buf_puts(b, "Trace");
	else
		html_put_plain(b, t->v[TRACE_NAME], NAME_SHOWN, 0);
}

static void
html_put_header(struct buf *b, struct trace *t, const struct buf *id,
    const char *list)
{
	const char *outcome = outcomes[trace_outcome(t)];
	size_t calls = trace_error_calls(t);

	buf_puts(b, "<header>\n");
	if (list)
		buf_printf(b, "<nav><a href=\"%s\">All traces</a></nav>\n",
		    list);
	buf_puts(b, "<h1><bdi>");
	html_put_name(b, t);
	buf_printf(b, "</bdi> <em class=\"%s\">%s</em>", outcome, outcome);
	if (calls)
		buf_printf(b, " <em class=\"failed\">error callback: %zu</em>",
		    calls);
	buf_puts(b, "</h1>\n");
	if (!trace_falsy(t->v[TRACE_ERROR]) ||
	    !trace_falsy(t->v[TRACE_ERROR_KIND])) {
		buf_puts(b, "<p class=\"error\"><strong>");
		if (trace_falsy(t->v[TRACE_ERROR_KIND]))
			buf_puts(b, "error");
		else
			html_put_plain(b, t->v[TRACE_ERROR_KIND], NAME_SHOWN,
			    0);
		buf_puts(b, "</strong> <bdi>");
		if (!trace_falsy(t->v[TRACE_ERROR]))
			html_put_plain(b, t->v[TRACE_ERROR], ERROR_SHOWN, 1);
		buf_puts(b, "</bdi></p>\n");
	}
	html_put_facts(b, t, id);
	buf_puts(b, "</header>\n");
}

/*
 * Appends a value of the trace that is shown without a script. A value that
 * pretty-printing would enlarge a lot stays compact.
 */
static void
html_put_value(struct buf *b, const char *title, struct json_span v)
{
	struct buf compact = { 0 }, text = { 0 };
	struct json_span json;

	buf_printf(b, "<h2>%s</h2>\n", title);
	if (!v.p || v.n > VALUE_SHOWN) {
		buf_printf(b, "<p>%s</p>\n", v.p ? "(long: shown by the "
		    "page's script)" : "(not recorded)");
		return;
	}
	json_compact(&compact, v);
	json.p = compact.p;
	json.n = compact.len;
	if (json_type(v) == JSON_STRING)
		json_text(&text, json);
	else
		json_pretty(&text, json, 0);
	/* the first line break after <pre> is not part of it */
	buf_puts(b, "<pre>\n");
	markup_put_text(b, text.len > 4 * VALUE_SHOWN ? &compact : &text,
	    SIZE_MAX, 1);
	buf_puts(b, "</pre>\n");
	buf_release(&compact);
	buf_release(&text);
}

/* Adds a message; a story_take. */
static void
html_put_message(void *arg, const char *label, const struct buf *text)
{
	struct buf *b = arg, name = { 0 };

	buf_puts(&name, label);
	buf_puts(b, "<dt><bdi>");
	markup_put_text(b, &name, NAME_SHOWN, 0);
	buf_puts(b, "</bdi></dt><dd><bdi>");
	markup_put_text(b, text, SIZE_MAX, 1);
	buf_puts(b, "</bdi></dd>\n");
	buf_release(&name);
}

static void
html_put_turn(void *arg, const struct story_turn *turn)
{
	html_put_message(arg, buf_str(turn->role), turn->content);
}

/* The conversation, the callback messages, and what the agent printed. */
static void
html_put_story(struct buf *b, const struct trace *t)
{
	size_t i;

	if (story_has_turns(t)) {
		buf_puts(b, "<h2>Conversation</h2>\n<dl class=\"talk\">\n");
		story_turns(t, html_put_turn, b);
		buf_puts(b, "</dl>\n");
	}
	if (story_has_messages(t)) {
		buf_puts(b, "<h2>Callback messages</h2>\n"
		    "<dl class=\"talk\">\n");
		story_messages(t, html_put_message, b);
		buf_puts(b, "</dl>\n");
	}
	for (i = 0; i < STORY_OUTPUTS; i++)
		if (!trace_falsy(t->v[story_outputs[i].field]))
			html_put_value(b, story_outputs[i].title,
			    t->v[story_outputs[i].field]);
}

/* The files of a page as HTML: links, and pictures. */
struct files {
	struct buf html;
	size_t n;
};

/* Adds the files of a record, which is that of a step or (0) of the trace. */
static void
html_add_files(struct files *to, size_t step, struct json_span record)
{
	struct buf *b = &to->html;
	struct media m;
	size_t from;

	if (!record.p)
		return;
	for (from = 0; media_next(record.p, record.n, from, &m); from = m.end) {
		if (b->len + m.n > FILES_SHOWN)
			continue;
		to->n++;
		buf_puts(b, "<figure>");
		if (media_is_image(&m)) {
			buf_printf(b, "<img alt=\"\" src=\"data:%s;base64,",
			    m.type);
			buf_add(b, record.p + m.at, m.n);
			buf_puts(b, "\">");
		}
		buf_puts(b, "<figcaption>");
		if (step)
			buf_printf(b, "<a href=\"#step-%zu\">step %zu</a> ",
			    step, step);
		media_put_note(b, &m);
		buf_puts(b, "</figcaption></figure>\n");
	}
}

/* The mark of a step; its name is also a class. */
enum mark { MARK_NONE, MARK_ERROR, MARK_UNFINISHED, MARK_WARNING };
static const char *const marks[] = {
	[MARK_NONE] = NULL,
	[MARK_ERROR] = "error",
	[MARK_UNFINISHED] = "unfinished",
	[MARK_WARNING] = "warning"
};

static enum mark
mark_of(const struct observation *o)
{
	struct json_span level = o->v[OBS_LEVEL];
	struct buf text = { 0 };
	enum mark mark = MARK_NONE;

	if (json_is(level, JSON_STRING))
		json_text(&text, level);
	if (trace_failed(o))
		mark = MARK_ERROR;
	else if (json_is_str(o->v[OBS_STATUS_MESSAGE], "unfinished"))
		mark = MARK_UNFINISHED;
	else if (!strcasecmp(buf_str(&text), "warning"))
		mark = MARK_WARNING;
	buf_release(&text);
	return mark;
}

/*
 * Appends the records of all steps, in one place: between the rows, each record
 * would make the browser lay out the page again. Also sets the mark of each
 * step, since a step is loaded only here.
 */
static void
put_records(struct buf *b, struct trace *t, unsigned char *step_marks,
    struct files *files)
{
	const struct observation *o;
	size_t i;

	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i)) {
		o = trace_load(t, i);
		step_marks[i] = (unsigned char)mark_of(o);
		put_data(b, i + 1, o->raw, NULL, 0);
		html_add_files(files, i + 1, o->raw);
	}
}

/* Appends the bar of a step; it is empty if the step has no start. */
static void
html_put_bar(struct buf *b, const struct trace *t, const struct observation *o)
{
	double all = (double)(t->until - t->from);
	double scale = all > 0 ? 100 / all : 0;
	double width = (double)(o->until - o->from) * scale;
	int64_t us;
	int zoned;

	buf_puts(b, "<svg aria-hidden=\"true\">");
	if (isotime_parse(buf_str(t->texts) + o->start, o->start_len, &us,
	    &zoned))
		buf_printf(b, "<rect x=\"%.3f%%\" width=\"%.3f%%\" "
		    "height=\"100%%\"/>", (double)(o->from - t->from) * scale,
		    fmax(width, WIDTH_MIN));
	buf_puts(b, "</svg>");
}

static void
html_put_label(struct buf *b, const struct observation *o, const char *mark)
{
	size_t depth = o->depth < DEPTH_SHOWN ? o->depth : DEPTH_SHOWN;

	if (depth)
		buf_printf(b, "<svg width=\"%zuem\" aria-hidden=\"true\">"
		    "</svg>", depth);
	buf_puts(b, "<i></i><b><bdi>");
	if (trace_falsy(o->v[OBS_NAME]))
		buf_puts(b, "(no name)");
	else
		html_put_plain(b, o->v[OBS_NAME], NAME_SHOWN, 0);
	buf_puts(b, "</bdi></b> <small><bdi>");
	if (!trace_falsy(o->v[OBS_TYPE]))
		html_put_plain(b, o->v[OBS_TYPE], NAME_SHOWN, 0);
	buf_puts(b, "</bdi></small>");
	if (mark)
		buf_printf(b, " <em>%s</em>", mark);
}

static void
html_put_row(struct buf *b, struct trace *t, size_t step,
    enum mark step_mark)
{
	const struct observation *o = trace_load(t, step);
	const char *mark = marks[step_mark];
	double ms;

	buf_printf(b, "<li id=\"step-%zu\" class=\"%s%s%s\" "
	    "data-depth=\"%zu\"><a href=\"#step-%zu\"><span>", step + 1,
	    html_kind_of(o->v[OBS_TYPE]), mark ? " " : "", mark ? mark : "",
	    o->depth, step + 1);
	html_put_label(b, o, mark);
	buf_puts(b, "</span>");
	html_put_bar(b, t, o);
	buf_puts(b, "<span title=\"begins at ");
	markup_put_ms(b, (double)(o->from - t->from) / 1000);
	buf_puts(b, "\">");
	markup_put_ms(b, trace_duration(t, o, &ms) ? ms : NAN);
	buf_puts(b, "</span></a></li>\n");
}

static void
put_rows(struct buf *b, struct trace *t,
    const unsigned char *step_marks)
{
	size_t i, n = 0;

	buf_puts(b, "<div id=\"rows\"><ol>\n");
	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i)) {
		if (n && n % ROWS_TOGETHER == 0)
			buf_puts(b, "</ol><ol>\n");
		html_put_row(b, t, i, step_marks[i]);
		n++;
	}
	buf_puts(b, "</ol></div>\n");
}

/* Appends the times above the bars. */
static void
put_axis(struct buf *b, const struct trace *t)
{
	int quarter;

	buf_puts(b, "<div id=\"axis\"><span>Steps</span><div>");
	for (quarter = 0; quarter < 4; quarter++) {
		buf_puts(b, "<span>");
		if (quarter)
			markup_put_ms(b, trace_ms(t) * quarter / 4);
		else
			buf_byte(b, '0');
		buf_puts(b, "</span>");
	}
	buf_puts(b, "</div><span>");
	markup_put_ms(b, trace_ms(t));
	buf_puts(b, "</span></div>\n");
}

static void
put_steps(struct buf *b, struct trace *t, struct files *files)
{
	unsigned char *step_marks = xcalloc(t->nobs + 1, 1);

	put_records(b, t, step_marks, files);
	buf_puts(b, "<section id=\"steps\" aria-label=\"Steps\">\n");
	if (t->nobs) {
		buf_puts(b, "<div id=\"top\"><div id=\"tools\"></div>\n");
		put_axis(b, t);
		buf_puts(b, "</div>\n");
		put_rows(b, t, step_marks);
	} else {
		buf_puts(b, "<p>No steps were recorded.</p>\n");
	}
	buf_puts(b, "</section>\n");
	free(step_marks);
}

static void
html_put_head(struct buf *b, const struct trace *t, const char *shared)
{
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; base-uri 'none'; "
	    "form-action 'none'; require-trusted-types-for 'script'; "
	    "img-src data:; ");
	if (shared)
		buf_puts(b, "style-src 'self'; script-src 'self'\">\n");
	else
		buf_printf(b, "style-src '%s'; script-src '%s'\">\n",
		    page_style.hash, page_script.hash);
	buf_puts(b, "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_put_name(b, t);
	if (t->v[TRACE_ITERATION].p) {
		buf_byte(b, ' ');
		html_put_plain(b, t->v[TRACE_ITERATION], NAME_SHOWN, 0);
	}
	buf_printf(b, ": %s</title>\n", outcomes[trace_outcome(t)]);
	if (shared)
		buf_printf(b, "<link rel=\"stylesheet\" href=\"%spage.css\">",
		    shared);
	else
		buf_printf(b, "<style>%s</style>", page_style.text);
	buf_puts(b, "\n</head>\n<body>\n");
}

void
html_put(struct buf *b, struct trace *t, const struct format_options *o)
{
	static const int fields[] = {
		TRACE_INPUT, TRACE_OUTPUT, TRACE_CONVERSATION, TRACE_CALLBACKS
	};
	struct files files = { { 0 }, 0 };
	struct buf id = { 0 };
	size_t i;

	trace_link(t);
	trace_id_text(t, &id);
	html_put_head(b, t, o->shared);
	html_put_header(b, t, &id, o->list);
	buf_puts(b, "<noscript>A step's details and the search need "
	    "JavaScript.</noscript>\n");
	buf_printf(b, "<main%s>\n", t->nobs ? "" : " class=\"bare\"");
	buf_puts(b, "<section id=\"trace\" aria-label=\"Trace\">\n");
	html_put_value(b, "Input", t->v[TRACE_INPUT]);
	html_put_value(b, "Output", t->v[TRACE_OUTPUT]);
	html_put_story(b, t);
	buf_puts(b, "</section>\n");
	if (t->pertrace)
		put_data(b, 0, t->row, pertrace_fields, PERTRACE_FIELDS);
	else
		put_data(b, 0, t->row, &trace_fields[TRACE_OBSERVATIONS], 1);
	for (i = 0; i < LEN(fields); i++)
		html_add_files(&files, 0, t->v[fields[i]]);
	put_steps(b, t, &files);
	buf_puts(b, "<aside id=\"step\" aria-label=\"Step\" hidden></aside>\n"
	    "</main>\n");
	if (files.n) {
		buf_puts(b, "<section id=\"files\" aria-label=\"Files\">\n");
		buf_add(b, files.html.p, files.html.len);
		buf_puts(b, "</section>\n");
	}
	if (o->shared)
		buf_printf(b, "<script src=\"%spages.js\"></script>\n"
		    "<script src=\"%spage.js\"></script>", o->shared,
		    o->shared);
	else
		buf_printf(b, "<script>%s</script>", page_script.text);
	buf_puts(b, "\n</body>\n</html>\n");
	buf_release(&files.html);
	buf_release(&id);
}

const char *
html_shared(size_t i, const char **text)
{
	static const char *const names[] = { "page.css", "page.js" };

	if (i >= LEN(names))
		return NULL;
	*text = i ? page_script.text : page_style.text;
	return names[i];
}

static void
list_begin(struct buf *b, const struct format_options *o)
{
	struct buf title = { 0 };

	buf_puts(&title, o->title ? o->title : "Traces");
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; base-uri 'none'; "
	    "form-action 'none'; ");
	buf_printf(b, "style-src '%s'; script-src '%s'\">\n",
	    page_list_style.hash, page_list_script.hash);
	buf_puts(b, "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>");
	markup_put_text(b, &title, NAME_SHOWN, 0);
	buf_puts(b, "</title>\n<style>");
	buf_puts(b, page_list_style.text);
	buf_puts(b, "</style>\n</head>\n<body>\n<h1>");
	markup_put_text(b, &title, NAME_SHOWN, 0);
	buf_puts(b, "</h1>\n<table>\n<thead><tr><th>Input</th>"
	    "<th class=\"wide\">Output</th><th>Outcome</th>"
	    "<th class=\"wide\">Persona</th>"
	    "<th class=\"wide\">Strategy</th>"
	    "<th class=\"number wide\">Iteration</th>"
	    "<th class=\"number wide\">Steps</th>"
	    "<th class=\"number\" data-by=\"ms\">Duration</th></tr></thead>\n"
	    "<tbody>\n");
	buf_release(&title);
}

static void
list_before(struct buf *b, const struct trace *t)
{
	double ms;

	buf_printf(b, "<tr class=\"%s\"", outcomes[trace_outcome(t)]);
	if (t->v[TRACE_DURATION].p && json_double(t->v[TRACE_DURATION], &ms) &&
	    isfinite(ms))
		buf_printf(b, " data-ms=\"%.17g\"", ms);
	buf_puts(b, "><td class=\"text\">");
}

/* The name of a file consists of letters, digits, '-', '_', '.' and '/'. */
static void
list_name(struct buf *b, const char *file)
{
	buf_printf(b, "<a href=\"%s\">", file);
}

/* Appends the text of a cell. */
static void
put_cell(struct buf *b, struct json_span v)
{
	struct buf text = { 0 };

	if (!trace_falsy(v))
		excerpt_put(&text, v, NAME_SHOWN);
	markup_put_text(b, &text, NAME_SHOWN, 0);
	buf_release(&text);
}

/* Appends why a trace failed, and that it called an error callback. */
static void
put_why(struct buf *b, const struct trace *t)
{
	size_t calls = trace_error_calls(t);

	if (!trace_falsy(t->v[TRACE_ERROR_KIND])) {
		buf_puts(b, ": ");
		html_put_plain(b, t->v[TRACE_ERROR_KIND], NAME_SHOWN, 0);
	}
	if (!trace_falsy(t->v[TRACE_ERROR])) {
		buf_puts(b, "<br>");
		put_cell(b, t->v[TRACE_ERROR]);
	}
	if (calls)
		buf_printf(b, "<br><span class=\"failed\">error callback: "
		    "%zu</span>", calls);
}

static void
list_after(struct buf *b, const struct trace *t)
{
	const char *outcome = outcomes[trace_outcome(t)];
	struct buf id = { 0 };
	double ms;

	if (trace_falsy(t->v[TRACE_INPUT])) {
		trace_id_text(t, &id);
		markup_put_text(b, &id, NAME_SHOWN, 0);
		buf_release(&id);
	} else {
		html_put_plain(b, t->v[TRACE_INPUT], NAME_SHOWN, 0);
	}
	buf_puts(b, "</a></td><td class=\"text wide\">");
	put_cell(b, t->v[TRACE_OUTPUT]);
	buf_printf(b, "</td><td class=\"%s\">%s", outcome, outcome);
	put_why(b, t);
	buf_puts(b, "</td><td class=\"wide\">");
	put_cell(b, t->v[TRACE_PERSONA]);
	buf_puts(b, "</td><td class=\"wide\">");
	put_cell(b, json_get(t->v[TRACE_METADATA], "strategy"));
	buf_printf(b, "</td><td class=\"number wide\">%lld</td>"
	    "<td class=\"number wide\">%zu</td><td class=\"number\">",
	    trace_iteration(t), t->nobs);
	if (t->v[TRACE_DURATION].p && json_double(t->v[TRACE_DURATION], &ms))
		markup_put_ms(b, ms);
	buf_puts(b, "</td></tr>\n");
}

static void
order_begin(struct buf *b, const struct format_options *o)
{
	(void)o;
	buf_puts(b, "const pages = [");
}

static void
order_before(struct buf *b, const struct trace *t)
{
	(void)b;
	(void)t;
}

static void
order_name(struct buf *b, const char *file)
{
	buf_printf(b, "\"%s\",\n", file);
}

static void
order_end(struct buf *b, const uint64_t *counts)
{
	(void)counts;
	buf_puts(b, "];\n");
}

const struct listing html_order = {
	.file = "pages.js",
	.begin = order_begin,
	.before = order_before,
	.name = order_name,
	.after = order_before,
	.end = order_end
};

/* Appends the counts of traces, which list.css shows above the table. */
static void
list_end(struct buf *b, const uint64_t *counts)
{
	uint64_t all = 0, failed = counts[OUTCOME_FAILED];
	size_t i;

	for (i = 0; i < OUTCOMES; i++)
		all += counts[i];
	buf_printf(b, "</tbody>\n</table>\n<p>%llu trace%s",
	    (unsigned long long)all, all == 1 ? "" : "s");
	if (failed)
		buf_printf(b, ", <span class=\"failed\">%llu failed</span>",
		    (unsigned long long)failed);
	else if (counts[OUTCOME_SUCCESS])
		buf_puts(b, ", none failed");
	if (counts[OUTCOME_UNKNOWN])
		buf_printf(b, ", %llu unknown",
		    (unsigned long long)counts[OUTCOME_UNKNOWN]);
	buf_printf(b, "</p>\n<script>%s</script>\n</body>\n</html>\n",
	    page_list_script.text);
}

const struct listing html_list = {
	.file = "index.html",
	.begin = list_begin,
	.before = list_before,
	.name = list_name,
	.after = list_after,
	.end = list_end
};
