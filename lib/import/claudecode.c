#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "json/json.h"
#include "io/source.h"
#include "ccthread.h"
#include "export.h"
#include "gather.h"
#include "leftover.h"
#include "otlpval.h"
#include "spanmake.h"
#include "spanshape.h"
#include "spool.h"
#include "claudecode.h"

/* The members of a line. */
enum {
	LINE_TYPE, LINE_UUID, LINE_PARENT, LINE_SESSION, LINE_TIME,
	LINE_MESSAGE, LINE_SIDE, LINE_AGENT, LINE_META, LINE_COMPACT,
	LINE_RESULT, LINE_SUBTYPE, LINE_CONTENT, LINE_LEVEL, LINE_OPERATION,
	LINE_SUMMARY, LINE_LEAF, LINE_ATTACHMENT, LINE_CWD, LINE_BRANCH,
	LINE_VERSION, LINE_TITLE, LINE_AI_TITLE, LINE_TOOL,
	LINE_MEMBERS
};

static const char *const line_names[LINE_MEMBERS] = {
	[LINE_TYPE] = "type",
	[LINE_UUID] = "uuid",
	[LINE_PARENT] = "parentUuid",
	[LINE_SESSION] = "sessionId",
	[LINE_TIME] = "timestamp",
	[LINE_MESSAGE] = "message",
	[LINE_SIDE] = "isSidechain",
	[LINE_AGENT] = "agentId",
	[LINE_META] = "isMeta",
	[LINE_COMPACT] = "isCompactSummary",
	[LINE_RESULT] = "toolUseResult",
	[LINE_SUBTYPE] = "subtype",
	[LINE_CONTENT] = "content",
	[LINE_LEVEL] = "level",
	[LINE_OPERATION] = "operation",
	[LINE_SUMMARY] = "summary",
	[LINE_LEAF] = "leafUuid",
	[LINE_ATTACHMENT] = "attachment",
	[LINE_CWD] = "cwd",
	[LINE_BRANCH] = "gitBranch",
	[LINE_VERSION] = "version",
	[LINE_TITLE] = "customTitle",
	[LINE_AI_TITLE] = "aiTitle",
	[LINE_TOOL] = "parentToolUseId"
};

/* A call of a tool that waits for its result. */
struct cctool {
	uint64_t place;		/* place in the spool; 0: it has its result */
};

/* A summary of the session that has a line. */
struct ccsummary {
	uint64_t line;		/* hash of its uuid */
	uint64_t place;		/* place of the summary in the spool */
};

struct claudecode {
	struct set keys;	/* index of threads, by session and agent */
	struct ccthread *threads;
	size_t n;
	size_t cap;
	struct set chains;	/* thread of a line of a sidechain, by uuid */
	struct set calls;	/* index of tools, by session and id */
	struct cctool *tools;
	size_t ntools;
	size_t tools_cap;
	struct set prompts;	/* place of the id of the tool with a prompt */
	struct set lines;	/* session's thread, by the uuid of a line */
	struct ccsummary *summaries;
	size_t nsummaries;
	size_t summaries_cap;
	struct buf id;
	struct buf text;
	struct buf waited;
};

static uint64_t
hash_json(uint64_t seed, struct json_span v)
{
	return hash_bytes(seed, 1, v.p ? v.p : "", v.n);
}

/*
 * Returns a session's id as the id of a trace; without one, that of the file's
 * name.
 */
static struct json_span
session_id(struct export *x, struct json_span given)
{
	struct claudecode *c = x->state;
	struct json_span file = { x->source->file, strlen(x->source->file) };

	if (json_is(given, JSON_STRING) && !otlpval_no_id(given))
		return given;
	c->id.len = 0;
	spanmake_trace_id(&c->id, &file, 1);
	return json_buf(&c->id);
}

/* The thread of a key; a new one of a session, or of an agent in it. */
static size_t
thread_of(struct claudecode *c, uint64_t key, struct json_span session,
    size_t main)
{
	struct ccthread *t;
	size_t *index;
	int added;

	index = set_add(&c->keys, key, &added);
	if (!added)
		return *index;
	ALLOC_GROW(c->threads, c->n + 1, c->cap);
	*index = c->n;
	t = &c->threads[c->n];
	memset(t, 0, sizeof(*t));
	t->side = main != SIZE_MAX;
	t->session = t->side ? main : c->n;
	buf_add(&t->trace, session.p, session.n);
	buf_str(&t->trace);
	return c->n++;
}

/*
 * The thread of a line of a sidechain: by its agent, by the tool that started
 * it, which the SDK names, or, in old versions, by the line before it.
 */
static size_t
side_thread(struct claudecode *c, const struct json_span m[LINE_MEMBERS],
    struct json_span session, size_t main)
{
	uint64_t seed = hash_json(0, session);
	size_t *index, thread;
	int added;

	if (json_is(m[LINE_AGENT], JSON_STRING))
		return thread_of(c, hash_json(seed, m[LINE_AGENT]), session,
		    main);
	if (json_is(m[LINE_TOOL], JSON_STRING)) {
		thread = thread_of(c, hash_json(seed, m[LINE_TOOL]), session,
		    main);
		ccthread_child(&c->threads[thread], m[LINE_TOOL]);
		return thread;
	}
	index = json_is(m[LINE_PARENT], JSON_STRING) ?
	    set_find(&c->chains, hash_json(seed, m[LINE_PARENT])) : NULL;
	thread = index ? *index : thread_of(c, hash_json(seed, m[LINE_UUID]),
	    session, main);
	*set_add(&c->chains, hash_json(seed, m[LINE_UUID]), &added) = thread;
	return thread;
}

/* The text of content: a string, or the first text among blocks. */
static struct json_span
content_text(struct json_span content)
{
	struct json_span unused, v, text = { 0 };
	struct json_iter it;

	if (json_is(content, JSON_STRING))
		return content;
	if (!json_is(content, JSON_ARRAY))
		return text;
	for (it = json_each(content); json_next(&it, &unused, &v); )
		if (json_is_str(json_get(v, "type"), "text") &&
		    json_is(json_get(v, "text"), JSON_STRING))
			return json_get(v, "text");
	return text;
}

/* --- tools --------------------------------------------------------------- */

/* Keeps a call of a tool for its result. */
static void
keep_tool(struct export *x, const struct ccthread *t, struct json_span block,
    uint64_t time)
{
	struct claudecode *c = x->state;
	struct json_span id = json_get(block, "id"), input, prompt;
	struct buf *b = &c->text;
	uint64_t seed = hash_json(0, json_buf(&t->trace)), place;
	size_t *index;
	int added;

	if (!json_is(id, JSON_STRING))
		return;
	input = json_get(block, "input");
	b->len = 0;
	json_open(b, NULL, '{');
	json_add(b, "trace", json_buf(&t->trace));
	json_add(b, "id", id);
	if (t->id.len)
		json_add(b, "parent", json_buf(&t->id));
	json_add(b, "name", json_get(block, "name"));
	if (input.p)
		json_add(b, "input", input);
	json_add_int(b, "time", (long long)time);
	json_close(b, '}');
	place = spool_put(&x->g->spool, NULL, b->p, b->len);
	index = set_add(&c->calls, hash_json(seed, id), &added);
	if (added) {
		ALLOC_GROW(c->tools, c->ntools + 1, c->tools_cap);
		*index = c->ntools++;
	}
	c->tools[*index].place = place;
	/* the prompt of a sidechain identifies the tool that started it */
	prompt = json_is(input, JSON_OBJECT) ? json_get(input, "prompt") :
	    input;
	if (place && json_is(prompt, JSON_STRING))
		*set_add(&c->prompts, hash_json(seed, prompt), &added) =
		    (size_t)spool_put(&x->g->spool, NULL, id.p, id.n);
	x->g->failed |= x->g->spool.error != 0;
}

/* The text of a result that is one block of text, or all of it. */
static struct json_span
result_content(struct json_span content)
{
	struct json_span unused, v = { 0 }, rest;
	struct json_iter it;

	if (!json_is(content, JSON_ARRAY))
		return content;
	it = json_each(content);
	if (json_next(&it, &unused, &v) && !json_next(&it, &unused, &rest) &&
	    json_is_str(json_get(v, "type"), "text"))
		return json_get(v, "text");
	return content;
}

/* Makes the span of a tool call that waited, with its result, if any. */
static void
make_tool(struct export *x, uint64_t place, struct json_span result,
    uint64_t time)
{
	static const char *const names[] = {
		"trace", "id", "parent", "name", "input", "time"
	};
	struct claudecode *c = x->state;
	struct json_span v[LEN(names)], content = { 0 };
	uint64_t unused;

	c->waited.len = 0;
	if (spool_get(&x->g->spool, place, &c->waited, &unused)) {
		x->g->failed = 1;
		return;
	}
	otlpval_fields(buf_str(&c->waited), names, v, LEN(names));
	if (result.p)
		content = result_content(json_get(result, "content"));
	spanmake_begin(&x->make, v[0], v[1], v[2]);
	spanmake_name(&x->make, v[3], "tool");
	spanmake_times(&x->make, otlpval_time(v[5]), time);
	if (result.p && json_is_true(json_get(result, "is_error")))
		spanmake_failed(&x->make, content);
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "TOOL");
	spanmake_input(&x->make, v[4]);
	spanmake_output(&x->make, content);
	export_span(x);
}

/* Takes a result of a tool, and notes which agent it was. */
static void
take_result(struct export *x, size_t thread, struct json_span block,
    const struct json_span m[LINE_MEMBERS], uint64_t time)
{
	struct claudecode *c = x->state;
	struct ccthread *t = &c->threads[thread];
	struct json_span id = json_get(block, "tool_use_id");
	struct json_span agent = json_get(m[LINE_RESULT], "agentId");
	uint64_t seed = hash_json(0, json_buf(&t->trace));
	size_t *index;

	if (json_is(agent, JSON_STRING) && json_is(id, JSON_STRING)) {
		thread = thread_of(c, hash_json(seed, agent),
		    json_buf(&t->trace), t->session);
		ccthread_child(&c->threads[thread], id);
	}
	index = set_find(&c->calls, hash_json(seed, id));
	if (!index) {
		leftover_add(&x->left, "results of tools without a call", 1);
		return;
	}
	if (!c->tools[*index].place)
		return;
	make_tool(x, c->tools[*index].place, block, time);
	c->tools[*index].place = 0;
}

/* --- lines --------------------------------------------------------------- */

/* Whether the text begins with `begin`. */
static int
begins_with(struct json_span text, const char *begin)
{
	return text.n > strlen(begin) + 1 &&
	    !strncmp(text.p + 1, begin, strlen(begin));
}

/*
 * Reads a line of the user: a prompt, results of tools, or a command's output.
 */
static void
read_user(struct export *x, size_t thread, struct json_span line,
    const struct json_span m[LINE_MEMBERS], uint64_t time)
{
	struct claudecode *c = x->state;
	struct json_span content = json_get(m[LINE_MESSAGE], "content");
	struct json_span unused, v, text = content_text(content), id;
	struct json_iter it;
	int results = 0, real;

	if (json_is(content, JSON_ARRAY))
		for (it = json_each(content); json_next(&it, &unused, &v); )
			if (json_is_str(json_get(v, "type"), "tool_result")) {
				take_result(x, thread, v, m, time);
				results++;
			}
	if (!results && text.p && !json_is_true(m[LINE_META]) &&
	    !json_is_true(m[LINE_COMPACT]) &&
	    !begins_with(text, "<local-command-") &&
	    !begins_with(text, "<bash-") &&
	    !begins_with(text, "[Request interrupted")) {
		real = !begins_with(text, "<command-");
		id = m[LINE_UUID];
		if (!json_is(id, JSON_STRING)) {
			c->text.len = 0;
			spanmake_id(&c->text, &line, 1);
			id = json_buf(&c->text);
		}
		ccthread_prompt(x, &c->threads[thread], text, id, time, real);
	}
	if (content.p)
		ccthread_message(&c->threads[thread], "user", content);
	if (json_is(m[LINE_RESULT], JSON_OBJECT))
		leftover_add(&x->left, "structured results of tools", 1);
}

static void
read_assistant(struct export *x, size_t thread, struct json_span line,
    const struct json_span m[LINE_MEMBERS], uint64_t time)
{
	struct claudecode *c = x->state;
	struct ccthread *t = &c->threads[thread];
	struct json_span id = json_get(m[LINE_MESSAGE], "id"), unused, v;
	struct json_span content = json_get(m[LINE_MESSAGE], "content");
	struct json_iter it;

	if (!json_is(id, JSON_STRING) || id.n == 2)
		id = m[LINE_UUID];
	if (!json_is(id, JSON_STRING)) {
		c->text.len = 0;
		spanmake_id(&c->text, &line, 1);
		id = json_buf(&c->text);
	}
	ccthread_answer(x, t, id, m[LINE_MESSAGE], line, time);
	if (!json_is(content, JSON_ARRAY))
		return;
	for (it = json_each(content); json_next(&it, &unused, &v); )
		if (json_is_str(json_get(v, "type"), "tool_use"))
			keep_tool(x, t, v, time);
}

/* Makes an event of a line that is about the session. */
static void
make_event(struct export *x, const struct ccthread *t, struct json_span line,
    struct json_span name, struct json_span content, struct json_span level)
{
	struct claudecode *c = x->state;
	uint64_t time = spanshape_time(json_get(line, "timestamp"));

	c->text.len = 0;
	spanmake_id(&c->text, &line, 1);
	spanmake_begin(&x->make, json_buf(&t->trace), json_buf(&c->text),
	    json_buf(&t->id));
	spanmake_name(&x->make, name, "event");
	spanmake_times(&x->make, time, time);
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "event");
	spanmake_put(&x->make, "langfuse.observation.level", level);
	spanmake_input(&x->make, content);
	export_span(x);
}

/* Takes a title of the session, if it is a better one than so far. */
static void
take_title(struct ccthread *t, struct json_span title, int rank)
{
	if (!json_is(title, JSON_STRING) || title.n == 2 || rank < t->title)
		return;
	t->title = rank;
	t->name.len = 0;
	buf_add(&t->name, title.p, title.n);
	buf_str(&t->name);
}

/* Notes what the SDK's first message says, after the folder. */
static void
note_setup(struct ccthread *t, struct json_span line)
{
	static const char *const names[] = {
		"model", "permissionMode", "claude_code_version", "tools",
		"mcp_servers", "agents"
	};
	struct json_span v;
	size_t i;

	/* each run begins with it */
	for (i = 0; i < LEN(names) && !t->set_up; i++) {
		v = json_get(line, names[i]);
		if (!v.p || v.n == 2)
			continue;
		if (!t->metadata.len)
			json_open(&t->metadata, NULL, '{');
		json_add(&t->metadata, names[i], v);
	}
	t->set_up = 1;
}

/* Imports a line that is not a message. Returns 0 if it has no use. */
static int
read_note(struct export *x, struct ccthread *t, struct json_span line,
    const struct json_span m[LINE_MEMBERS])
{
	struct json_span v = { 0 };

	if (json_is_str(m[LINE_TYPE], "custom-title")) {
		take_title(t, m[LINE_TITLE], 3);
	} else if (json_is_str(m[LINE_TYPE], "ai-title")) {
		take_title(t, m[LINE_AI_TITLE], 2);
	} else if (json_is_str(m[LINE_TYPE], "result")) {
		ccthread_result(t, line);
	} else if (json_is_str(m[LINE_SUBTYPE], "init")) {
		note_setup(t, line);
	} else if (json_is_str(m[LINE_TYPE], "system")) {
		if (!json_is(m[LINE_CONTENT], JSON_STRING))
			return 0;
		make_event(x, t, line, m[LINE_SUBTYPE], m[LINE_CONTENT],
		    m[LINE_LEVEL]);
	} else if (json_is_str(m[LINE_TYPE], "queue-operation")) {
		if (json_is_null(m[LINE_CONTENT]))
			return 0;
		make_event(x, t, line, m[LINE_OPERATION], m[LINE_CONTENT], v);
	} else if (json_is(m[LINE_ATTACHMENT], JSON_OBJECT)) {
		v = json_get(m[LINE_ATTACHMENT], "prompt");
		if (!json_is_str(json_get(m[LINE_ATTACHMENT], "type"),
		    "queued_command") || json_is_null(v))
			return 0;
		ccthread_message(t, "user", v);
		make_event(x, t, line, json_get(m[LINE_ATTACHMENT], "type"), v,
		    m[LINE_LEVEL]);
	} else {
		return 0;
	}
	return 1;
}

/* Notes where and by which version a session was recorded. */
static void
note_place(struct ccthread *t, const struct json_span m[LINE_MEMBERS])
{
	struct buf *b = &t->metadata;

	if (b->len || !json_is(m[LINE_CWD], JSON_STRING))
		return;
	json_open(b, NULL, '{');
	json_add(b, "cwd", m[LINE_CWD]);
	if (json_is(m[LINE_BRANCH], JSON_STRING) && m[LINE_BRANCH].n > 2)
		json_add(b, "git_branch", m[LINE_BRANCH]);
	if (json_is(m[LINE_VERSION], JSON_STRING))
		json_add(b, "version", m[LINE_VERSION]);
}

static void
note_time(struct ccthread *t, uint64_t time)
{
	if (!time)
		return;
	if (!t->first || time < t->first)
		t->first = time;
	if (time > t->last)
		t->last = time;
}

/* Keeps a summary for the session that has the line that it names. */
static void
keep_summary(struct export *x, const struct json_span m[LINE_MEMBERS])
{
	struct claudecode *c = x->state;
	struct ccsummary *y;

	ALLOC_GROW(c->summaries, c->nsummaries + 1, c->summaries_cap);
	y = &c->summaries[c->nsummaries++];
	y->line = hash_json(0, m[LINE_LEAF]);
	y->place = spool_put(&x->g->spool, NULL, m[LINE_SUMMARY].p,
	    m[LINE_SUMMARY].n);
	x->g->failed |= !y->place;
}

/* Makes a summary the title of its session. */
static void
take_summary(struct export *x, const struct ccsummary *y)
{
	struct claudecode *c = x->state;
	const size_t *thread = set_find(&c->lines, y->line);
	struct json_span title;
	uint64_t unused;

	if (!thread) {
		leftover_add(&x->left, "summaries of other sessions", 1);
		return;
	}
	c->waited.len = 0;
	if (spool_get(&x->g->spool, y->place, &c->waited, &unused)) {
		x->g->failed = 1;
		return;
	}
	title.p = buf_str(&c->waited);
	title.n = c->waited.len;
	take_title(&c->threads[*thread], title, 1);
	if (c->threads[*thread].metadata.len)
		json_add(&c->threads[*thread].metadata, "summary", title);
}

static int
claudecode_record(struct export *x, struct json_span v)
{
	struct claudecode *c = x->state;
	struct json_span m[LINE_MEMBERS], session;
	size_t main, thread;
	uint64_t time;
	int message, added;

	otlpval_fields(v.p, line_names, m, LINE_MEMBERS);
	/* early versions have it only in the message */
	if (!m[LINE_TYPE].p)
		m[LINE_TYPE] = json_get(m[LINE_MESSAGE], "role");
	if (!json_is(m[LINE_TYPE], JSON_STRING))
		return -1;
	if (json_is(m[LINE_SUMMARY], JSON_STRING) && m[LINE_LEAF].p) {
		keep_summary(x, m);
		return 0;
	}
	message = json_is(m[LINE_MESSAGE], JSON_OBJECT) &&
	    (json_is_str(m[LINE_TYPE], "user") ||
	    json_is_str(m[LINE_TYPE], "assistant"));
	/* a line of another program would have a type, too */
	if (!message && !m[LINE_SESSION].p && !m[LINE_UUID].p &&
	    !json_get(v, "snapshot").p && !json_get(v, "messageId").p)
		return -1;
	if (!message && !json_is(m[LINE_SESSION], JSON_STRING)) {
		leftover_add_named(&x->left, "lines of type", m[LINE_TYPE]);
		return 0;
	}
	session = session_id(x, m[LINE_SESSION]);
	main = thread_of(c, hash_json(0, session), session, SIZE_MAX);
	thread = json_is_true(m[LINE_SIDE]) || json_is(m[LINE_TOOL],
	    JSON_STRING) ? side_thread(c, m,
	    json_buf(&c->threads[main].trace), main) : main;
	time = spanshape_time(m[LINE_TIME]);
	note_place(&c->threads[main], m);
	if (json_is(m[LINE_UUID], JSON_STRING))
		*set_add(&c->lines, hash_json(0, m[LINE_UUID]), &added) =
		    main;
	if (message && json_is_str(m[LINE_TYPE], "user"))
		read_user(x, thread, v, m, time);
	else if (message)
		read_assistant(x, thread, v, m, time);
	else if (!read_note(x, &c->threads[thread], v, m))
		leftover_add_named(&x->left, "lines of type", m[LINE_TYPE]);
	note_time(&c->threads[main], time);
	if (thread != main)
		note_time(&c->threads[thread], time);
	return 0;
}

/* --- the end ------------------------------------------------------------- */

/* Finds the tool that started a sidechain, by its prompt. */
static void
find_parent(struct export *x, struct ccthread *t)
{
	struct claudecode *c = x->state;
	struct json_span prompt = json_buf(t->question.len ? &t->question :
	    &t->prompt);
	uint64_t seed = hash_json(0, json_buf(&t->trace)), unused;
	size_t *place;

	if (t->parent.len || !prompt.p)
		return;
	place = set_find(&c->prompts, hash_json(seed, prompt));
	if (place && *place && spool_get(&x->g->spool, *place, &t->parent,
	    &unused))
		x->g->failed = 1;
	buf_str(&t->parent);
}

static void
claudecode_end(struct export *x)
{
	const struct json_span none = { 0 };
	struct claudecode *c = x->state;
	struct ccthread *t;
	size_t i;

	for (i = 0; i < c->ntools && !x->g->failed; i++)
		if (c->tools[i].place)
			make_tool(x, c->tools[i].place, none, 0);
	for (i = 0; i < c->nsummaries && !x->g->failed; i++)
		take_summary(x, &c->summaries[i]);
	for (i = 0; i < c->n && !x->g->failed; i++) {
		t = &c->threads[i];
		if (!t->side) {
			ccthread_end_session(x, t);
			continue;
		}
		if (t->prompt.len && t->real)
			ccthread_open(x, t, json_buf(&t->prompt_id),
			    t->prompted);
		find_parent(x, t);
		ccthread_end_turn(x, t, &t->parent);
	}
	for (i = 0; i < c->n; i++)
		ccthread_release(&c->threads[i]);
	free(c->threads);
	free(c->tools);
	set_release(&c->keys);
	set_release(&c->chains);
	set_release(&c->calls);
	set_release(&c->prompts);
	set_release(&c->lines);
	free(c->summaries);
	buf_release(&c->id);
	buf_release(&c->text);
	buf_release(&c->waited);
}

void
claudecode_read(struct gather *g, struct source *s)
{
	static const char *const wrappers[] = { "loglines" };
	static const struct export_kind kind = {
		.name = "claude-code", .one = "a line of a session of Claude "
		    "Code",
		.expected = "it has no 'type' with a 'message' or a "
		    "'sessionId'",
		.members = wrappers, .nwrappers = 1, .nmembers = 1,
		.size = sizeof(struct claudecode),
		.record = claudecode_record, .end = claudecode_end
	};

	export_read(&kind, g, s);
}
