#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/err.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/utf8.h"
#include "json/json.h"
#include "yamlevent.h"
#include "yamlin.h"
#include "yamlmark.h"
#include "yamlprops.h"
#include "yamltype.h"

/*
 * Limits of the bytes that aliases add to one unit and that anchors keep:
 * enough for an inputs file that repeats large arguments, yet soon exceeded by
 * a file made to exhaust memory.
 */
#define ALIAS_LIMIT ((size_t)64 << 20)
#define ANCHOR_LIMIT ((size_t)256 << 20)

#define SHOWN 60		/* bytes of a value in a warning */

/* An anchored value. */
struct anchor {
	char *json;
	size_t len;
	char *text;		/* text of a scalar, as written; NULL: none */
	size_t text_len;
};

/* A mapping that "<<" adds to another one. */
struct merge {
	struct buf json;
	struct yamlmark mark;
};

/* An array or object whose end has not been read. */
struct frame {
	int object;		/* 1: an object, 0: an array */
	int value;		/* 1: the next node of an object is a value */
	size_t mark;		/* index of its mark */
	size_t begin;		/* offset of its JSON text */
	char *anchor;		/* name of its anchor, or NULL */
	int merging;		/* 1: the next value is that of "<<" */
	size_t merge_begin;	/* offset of that value's JSON text */
	size_t merge_mark;	/* index of its mark */
	struct yamlmark merge_value;	/* mark of the merged value */
	struct merge *merges;	/* the later ones take precedence */
	size_t nmerges;
	size_t merges_cap;
};

struct yamlin_reader {
	enum yamlin_unit unit;
	yamlin_report *report;
	void *report_arg;
	struct yamlevent_parser parser;
	struct frame *stack;	/* open arrays and objects, outermost first */
	size_t depth;		/* frames on the stack */
	size_t stack_cap;
	size_t outer;		/* frames around the entries: 0 to 2 */
	int next_is_list;	/* 1: the key "inputs" was read */
	int entries;		/* 1: the document is read by entries */
	struct buf list;	/* entries that were read at once, as a JSON
				   array; empty: none */
	struct json_iter rest;	/* entries of list not returned yet */
	struct anchor *anchors;
	size_t nanchors;
	size_t anchors_cap;
	struct set names;	/* number of a name's last anchor, from 1 */
	size_t anchored;	/* bytes kept by anchors */
	size_t aliased;		/* bytes that aliases added to this unit */
	struct yamlmark *marks;	/* marks of this unit's keys and values */
	size_t nmarks;
	size_t marks_cap;
	size_t unit_line;	/* line that the unit begins on */
};

struct yamlin_reader *
yamlin_new(int fd, enum yamlin_unit unit, yamlin_report *report, void *arg)
{
	struct yamlin_reader *r;

	r = xcalloc(1, sizeof(*r));
	r->unit = unit;
	r->report = report;
	r->report_arg = arg;
	yamlevent_init(&r->parser, fd);
	return r;
}

/* The innermost open array or object, or NULL. */
static struct frame *
top_frame(struct yamlin_reader *r)
{
	return r->stack && r->depth ? &r->stack[r->depth - 1] : NULL;
}

static void
pop_frame(struct yamlin_reader *r)
{
	struct frame *f = &r->stack[--r->depth];

	while (f->nmerges)
		buf_release(&f->merges[--f->nmerges].json);
	free(f->merges);
	free(f->anchor);
}

static void
forget_anchors(struct yamlin_reader *r)
{
	while (r->nanchors) {
		free(r->anchors[--r->nanchors].json);
		free(r->anchors[r->nanchors].text);
	}
	set_release(&r->names);
	memset(&r->names, 0, sizeof(r->names));
	r->anchored = 0;
}

void
yamlin_free(struct yamlin_reader *r)
{
	while (r->depth)
		pop_frame(r);
	forget_anchors(r);
	yamlevent_release(&r->parser);
	buf_release(&r->list);
	free(r->anchors);
	free(r->stack);
	free(r->marks);
	free(r);
}

/* --- errors, warnings and marks ----------------------------------------- */

static int
event_error(const struct yamlevent *ev, struct err *e, const char *msg)
{
	return err_set(e, ev->mark.line, ev->mark.col, "%s", msg);
}

/* Appends the description of a value for a warning. */
static void
put_description(struct buf *b, struct json_span v)
{
	static const char *const words[] = {
		[JSON_NULL] = "", [JSON_BOOL] = "", [JSON_NUMBER] =
		"the number ", [JSON_STRING] = "the string ",
		[JSON_ARRAY] = "a list", [JSON_OBJECT] = "a mapping",
	};
	size_t shown;

	buf_puts(b, words[json_type(v)]);
	if (json_type(v) >= JSON_ARRAY)
		return;
	shown = utf8_cut(v.p, v.n, SHOWN);
	buf_add(b, v.p, shown);
	if (shown < v.n)
		buf_puts(b, "...");
}

/* Warns of a tag that is not known; v is the value, or its beginning. */
static void
warn_tag(struct yamlin_reader *r, const struct yamlprops *props,
    struct json_span v)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	if (!r->report)
		return;
	buf_puts(&b, "the tag ");
	yamltype_put_tag(&b, props->tag.p);
	buf_puts(&b, " is not known: read as ");
	put_description(&b, v);
	err_set(&e, props->tag_line, props->tag_col, "%s", buf_str(&b));
	r->report(r->report_arg, 0, &e);
	err_release(&e);
	buf_release(&b);
}

/* Adds a mark of a key or value, if the caller asked for marks. */
static void
add_mark(struct yamlin_reader *r, const struct yamlmark *m)
{
	if (r->unit != YAMLIN_DOCUMENTS)
		return;
	ALLOC_GROW(r->marks, r->nmarks + 1, r->marks_cap);
	r->marks[r->nmarks++] = *m;
}

/* The number of keys and values in a value, itself included. */
static size_t
count_nodes(struct json_span v)
{
	struct json_span key, value;
	struct json_iter it;
	size_t n = 1, object = json_type(v) == JSON_OBJECT;

	if (json_type(v) >= JSON_ARRAY)
		for (it = json_each(v); json_next(&it, &key, &value); )
			n += object + count_nodes(value);
	return n;
}

/* Gives every key and value in v the same mark, and n more. */
static void
mark_all(struct yamlin_reader *r, const struct yamlmark *m,
    struct json_span v, size_t n)
{
	if (r->unit != YAMLIN_DOCUMENTS)
		return;
	for (n += count_nodes(v); n > 0; n--)
		add_mark(r, m);
}

/* --- anchors and aliases ------------------------------------------------ */

/* The number of the anchor of this name, from 1; 0: there is none yet. */
static size_t *
find_anchor(struct yamlin_reader *r, const char *name, size_t n)
{
	int added;

	return set_add(&r->names, hash_bytes(0, 0, name, n), &added);
}

/* Keeps an anchored value in place of an earlier one of that name. */
static struct anchor *
keep_anchor(struct yamlin_reader *r, const char *name, const char *json,
    size_t len, struct err *e)
{
	size_t *last = find_anchor(r, name, strlen(name));
	struct anchor *a;

	if (!*last) {
		ALLOC_GROW(r->anchors, r->nanchors + 1, r->anchors_cap);
		*last = ++r->nanchors;
		memset(&r->anchors[*last - 1], 0, sizeof(*a));
	}
	a = &r->anchors[*last - 1];
	r->anchored -= a->len;
	free(a->json);
	free(a->text);
	a->json = xmemdup(json, len);
	a->len = len;
	a->text = NULL;
	r->anchored += len;
	if (r->anchored > ANCHOR_LIMIT) {
		err_set(e, r->unit_line, 0, "anchored values exceed %zu MiB",
		    ANCHOR_LIMIT >> 20);
		return NULL;
	}
	return a;
}

/* Appends the value of an alias, as a string if it is a key. */
static int
add_alias(struct yamlin_reader *r, const struct yamlevent *ev, struct buf *b,
    int key, struct err *e)
{
	size_t number = *find_anchor(r, ev->text, ev->len);
	struct anchor *a = number ? &r->anchors[number - 1] : NULL;
	struct json_span v;

	if (!a)
		return event_error(ev, e, "alias without an earlier anchor");
	if (key && !a->text)
		return event_error(ev, e, "expected a string as the key");
	r->aliased += a->len;
	if (r->aliased > ALIAS_LIMIT)
		return event_error(ev, e, "aliases expand to more than "
		    "64 MiB");
	v = (struct json_span){ a->json, a->len };
	if (key) {
		json_add_text(b, NULL, a->text, a->text_len);
		add_mark(r, &ev->mark);
	} else {
		json_add(b, NULL, v);
		mark_all(r, &ev->mark, v, 0);
	}
	return 0;
}

/* --- "<<" --------------------------------------------------------------- */

/* A member of the object that a mapping with "<<" becomes. */
struct member {
	struct json_span key;
	struct json_span value;
	const struct yamlmark *mark;	/* mark of the key */
	int merged;		/* 1: its mark is that of all its values */
};

struct members {
	struct member *m;
	size_t n;
	size_t cap;
	struct set keys;	/* number of the last one, from 1 */
};

/*
 * Adds a member. It takes the place of one that "<<" added, as in PyYAML;
 * a key that the mapping itself has twice stays there twice.
 */
static void
add_member(struct members *all, const struct member *m)
{
	size_t *last;
	int added;

	last = set_add(&all->keys, hash_bytes(0, 0, m->key.p, m->key.n),
	    &added);
	if (*last && all->m[*last - 1].merged) {
		all->m[*last - 1] = *m;
		return;
	}
	ALLOC_GROW(all->m, all->n + 1, all->cap);
	all->m[all->n++] = *m;
	*last = all->n;
}

/* Adds the members of an object. marks are those of its own members. */
static void
add_members(struct members *all, struct json_span object,
    const struct yamlmark *marks, int merged)
{
	struct member m = { 0 };
	struct json_iter it;

	m.mark = marks;
	m.merged = merged;
	for (it = json_each(object); json_next(&it, &m.key, &m.value); ) {
		add_member(all, &m);
		if (!merged && m.mark)
			m.mark += 1 + count_nodes(m.value);
	}
}

/* Writes the members as the object that begins at r's last frame. */
static void
put_members(struct yamlin_reader *r, const struct members *all,
    struct buf *b)
{
	const struct member *m;
	size_t i, j, n;

	json_open(b, NULL, '{');
	for (i = 0; i < all->n; i++) {
		m = &all->m[i];
		json_comma(b);
		buf_add(b, m->key.p, m->key.n);
		buf_byte(b, ':');
		buf_add(b, m->value.p, m->value.n);
		if (m->merged)
			mark_all(r, m->mark, m->value, 1);
		n = !m->merged && m->mark ? 1 + count_nodes(m->value) : 0;
		for (j = 0; j < n; j++)
			add_mark(r, &m->mark[j]);
	}
	json_close(b, '}');
}

/* Rewrites an object that was read with what "<<" adds. */
static void
apply_merges(struct yamlin_reader *r, const struct frame *f, struct buf *b)
{
	struct members all = { 0 };
	struct buf own = { 0 };
	struct yamlmark *marks = NULL;
	size_t i;

	buf_add(&own, b->p + f->begin, b->len - f->begin);
	b->len = f->begin;
	if (r->unit == YAMLIN_DOCUMENTS) {
		marks = xreallocarray(NULL, r->nmarks, sizeof(*marks));
		memcpy(marks, r->marks, r->nmarks * sizeof(*marks));
		r->nmarks = f->mark + 1;
	}
	for (i = 0; i < f->nmerges; i++)
		add_members(&all, json_buf(&f->merges[i].json),
		    &f->merges[i].mark, 1);
	add_members(&all, json_buf(&own), marks ? marks + f->mark + 1 : NULL,
	    0);
	put_members(r, &all, b);
	set_release(&all.keys);
	free(all.m);
	free(marks);
	buf_release(&own);
}

static void
push_merge(struct frame *f, struct json_span object,
    const struct yamlmark *m)
{
	struct merge *merge;

	ALLOC_GROW(f->merges, f->nmerges + 1, f->merges_cap);
	merge = &f->merges[f->nmerges++];
	memset(merge, 0, sizeof(*merge));
	buf_add(&merge->json, object.p, object.n);
	merge->mark = *m;
	merge->mark.style = YAMLMARK_ALIAS;
}

/*
 * Moves the value of "<<", which was just read, from the object's text to its
 * merges. Of a list, the first mapping takes precedence.
 */
static int
take_merge(struct yamlin_reader *r, struct frame *f, struct buf *b,
    struct err *e)
{
	const struct yamlmark *m = &f->merge_value;
	struct json_span v, key, item, *items = NULL;
	struct json_iter it;
	size_t n = 0, cap = 0;
	int good = 1;

	buf_str(b);
	v.p = b->p + f->merge_begin;
	v.p += *v.p == ',';
	v.n = (size_t)(b->p + b->len - v.p);
	if (json_type(v) == JSON_OBJECT) {
		push_merge(f, v, m);
	} else if (json_type(v) == JSON_ARRAY) {
		for (it = json_each(v); json_next(&it, &key, &item); ) {
			ALLOC_GROW(items, n + 1, cap);
			items[n++] = item;
			good &= json_type(item) == JSON_OBJECT;
		}
		for (; good && n > 0; n--)
			push_merge(f, items[n - 1], m);
		free(items);
	} else {
		good = 0;
	}
	b->len = f->merge_begin;
	r->nmarks = f->merge_mark;
	f->merging = 0;
	return good ? 0 : err_set(e, m->line, m->col, "expected a mapping, or "
	    "a list of mappings, after '<<'; the key \"<<\" needs quotes");
}

/* Whether a key is the "<<" that merges mappings. */
static int
is_merge_key(const struct yamlevent *ev)
{
	return ev->type == YAMLEVENT_SCALAR && (ev->props->tag.len ?
	    !strcmp(ev->props->tag.p, "tag:yaml.org,2002:merge") :
	    ev->mark.style == YAMLMARK_PLAIN && ev->len == 2 &&
	    !memcmp(ev->text, "<<", 2));
}

/* --- events to JSON ----------------------------------------------------- */

/* Keeps an anchored scalar, also as it is written. */
static int
keep_scalar(struct yamlin_reader *r, const struct yamlevent *ev,
    const char *json, size_t len, struct err *e)
{
	struct anchor *a = keep_anchor(r, ev->props->anchor.p, json, len, e);

	if (!a)
		return -1;
	a->text = xmemdup(ev->text, ev->len);
	a->text_len = ev->len;
	return 0;
}

/* Appends a scalar, as a string if it is a key. */
static int
add_scalar(struct yamlin_reader *r, const struct yamlevent *ev, struct buf *b,
    int key, struct err *e)
{
	const struct yamlprops *props = ev->props;
	enum yamltype_tag tag = YAMLTYPE_SUITS;
	size_t begin;

	json_comma(b);
	begin = b->len;
	if (props->tag.len)
		tag = key ? yamltype_check_tag(props->tag.p, 0) :
		    yamltype_put_tagged(b, props->tag.p, ev->text, ev->len);
	if (tag == YAMLTYPE_WRONG && !key)
		return event_error(ev, e, "the value does not match its tag");
	if (key || (ev->mark.style != YAMLMARK_PLAIN && b->len == begin))
		json_put_text(b, ev->text, ev->len);
	else if (b->len == begin)
		yamltype_put_plain(b, ev->text, ev->len);
	if (tag == YAMLTYPE_UNKNOWN)
		warn_tag(r, props, (struct json_span){ b->p + begin,
		    b->len - begin });
	return props->anchor.len ? keep_scalar(r, ev, b->p + begin,
	    b->len - begin, e) : 0;
}

static int
open_frame(struct yamlin_reader *r, const struct yamlevent *ev, struct buf *b,
    struct err *e)
{
	const struct yamlprops *props = ev->props;
	int map = ev->type == YAMLEVENT_MAP;
	enum yamltype_tag tag = props->tag.len ?
	    yamltype_check_tag(props->tag.p, map) : YAMLTYPE_SUITS;
	struct frame *f;

	if (r->depth >= json_depth)
		return event_error(ev, e, "nested too deeply");
	if (tag == YAMLTYPE_WRONG)
		return event_error(ev, e, "the value does not match its tag");
	if (tag == YAMLTYPE_UNKNOWN)
		warn_tag(r, props, (struct json_span){ map ? "{" : "[", 1 });
	if (!r->stack || r->depth == r->stack_cap) {
		r->stack_cap = grow(r->stack_cap, 16);
		r->stack = xreallocarray(r->stack, r->stack_cap,
		    sizeof(*r->stack));
	}
	f = &r->stack[r->depth++];
	memset(f, 0, sizeof(*f));
	f->object = map;
	f->mark = r->nmarks - 1;
	json_comma(b);
	f->begin = b->len;
	if (props->anchor.len)
		f->anchor = xstrdup(props->anchor.p);
	json_open(b, NULL, map ? '{' : '[');
	return 0;
}

static int
close_frame(struct yamlin_reader *r, const struct yamlevent *ev,
    struct buf *b, struct err *e)
{
	struct frame *f = top_frame(r);
	int bad;

	if (!f)
		return event_error(ev, e, "unexpected end");
	json_close(b, f->object ? '}' : ']');
	if (f->nmerges)
		apply_merges(r, f, b);
	if (r->unit == YAMLIN_DOCUMENTS)
		r->marks[f->mark].end = ev->mark.end;
	bad = f->anchor && !keep_anchor(r, f->anchor, b->p + f->begin,
	    b->len - f->begin, e);
	pop_frame(r);
	return bad ? -1 : 0;
}

/* Begins a key of the object that is open. */
static int
add_key_event(struct yamlin_reader *r, const struct yamlevent *ev,
    struct buf *b, struct err *e)
{
	struct frame *f = &r->stack[r->depth - 1];

	if (ev->type != YAMLEVENT_SCALAR && ev->type != YAMLEVENT_ALIAS)
		return event_error(ev, e, "expected a string as the key");
	f->value = 1;
	if (is_merge_key(ev)) {
		f->merging = 1;
		f->merge_begin = b->len;
		f->merge_mark = r->nmarks;
		return ev->props->anchor.len ? keep_scalar(r, ev, "\"<<\"", 4,
		    e) : 0;
	}
	if (ev->type == YAMLEVENT_ALIAS) {
		if (add_alias(r, ev, b, 1, e))
			return -1;
	} else {
		add_mark(r, &ev->mark);
		if (add_scalar(r, ev, b, 1, e))
			return -1;
	}
	buf_byte(b, ':');
	return 0;
}

/* Appends the JSON text of a key or value event. */
static int
add_event(struct yamlin_reader *r, const struct yamlevent *ev, struct buf *b,
    struct err *e)
{
	struct frame *f = top_frame(r);
	int end = ev->type == YAMLEVENT_MAP_END ||
	    ev->type == YAMLEVENT_LIST_END;
	int open = ev->type == YAMLEVENT_MAP || ev->type == YAMLEVENT_LIST;
	int bad;

	if (f && f->object && !f->value && !end)
		return add_key_event(r, ev, b, e);
	if (f && !end) {
		f->value = 0;
		f->merge_value = ev->mark;
	}
	if (!end && ev->type != YAMLEVENT_ALIAS)
		add_mark(r, &ev->mark);
	bad = end ? close_frame(r, ev, b, e) : open ?
	    open_frame(r, ev, b, e) : ev->type == YAMLEVENT_ALIAS ?
	    add_alias(r, ev, b, 0, e) : add_scalar(r, ev, b, 0, e);
	f = top_frame(r);
	if (bad || open || !f)
		return bad;
	return f->merging ? take_merge(r, f, b, e) : 0;
}

/* --- units -------------------------------------------------------------- */

static int
is_inputs_key(const struct yamlevent *ev)
{
	return ev->type == YAMLEVENT_SCALAR && ev->len == 6 &&
	    !memcmp(ev->text, "inputs", 6);
}

/*
 * Handles an event that begins or ends the list of entries, or the mapping
 * around it. Returns 1 for such an event, 0 for others, -1 with *e filled in.
 */
static int
enter_entries(struct yamlin_reader *r, const struct yamlevent *ev,
    struct buf *b, struct err *e)
{
	struct frame *f;
	int list = ev->type == YAMLEVENT_LIST;

	if (r->unit != YAMLIN_ENTRIES)
		return 0;
	if (r->outer && r->depth == r->outer &&
	    ev->type == YAMLEVENT_LIST_END) {
		/* only ignored parts can have an alias to the list */
		f = &r->stack[r->depth - 1];
		if (f->anchor && !keep_anchor(r, f->anchor, "[]", 2, e))
			return -1;
		r->outer = r->depth == 2;
		b->len = 0;
		buf_byte(b, '{');
		pop_frame(r);
		return 1;
	}
	if ((r->depth == 0 && list) || (r->depth == 1 && r->next_is_list &&
	    list)) {
		if (r->depth)
			r->stack[0].value = 0;
		if (open_frame(r, ev, b, e))
			return -1;
		r->outer = r->depth;
		r->entries = 1;
		b->len = 0;
		return 1;
	}
	if (r->depth == 1 && r->stack[0].object && !r->stack[0].value)
		r->next_is_list = is_inputs_key(ev);
	return 0;
}

/* Whether the JSON text is a whole unit after an event. */
static int
is_complete(const struct yamlin_reader *r, const struct buf *b)
{
	return r->entries && r->outer && r->depth == r->outer &&
	    !r->stack[r->outer - 1].object && b->len > 0;
}

static void
begin_document(struct yamlin_reader *r, struct buf *b)
{
	r->outer = 0;
	r->entries = 0;
	r->next_is_list = 0;
	r->nmarks = 0;
	r->aliased = 0;
	forget_anchors(r);
	b->len = 0;
}

/* Returns the next of the entries that were read at once, or 0. */
static int
next_of_list(struct yamlin_reader *r, struct buf *b)
{
	struct json_span key, item;

	if (!r->list.len)
		return 0;
	if (!json_next(&r->rest, &key, &item)) {
		r->list.len = 0;
		return 0;
	}
	b->len = 0;
	buf_add(b, item.p, item.n);
	return 1;
}

/*
 * Ends a document that was not read by entries. If an alias or "<<" gave it
 * its inputs, these are the units.
 */
static int
end_document(struct yamlin_reader *r, struct buf *b)
{
	struct json_span v = json_buf(b);

	if (r->entries)
		return 0;
	if (r->unit == YAMLIN_ENTRIES && json_type(v) == JSON_OBJECT)
		v = json_get(v, "inputs");
	if (r->unit == YAMLIN_DOCUMENTS || !json_is(v, JSON_ARRAY))
		return 1;
	buf_add(&r->list, v.p, v.n);
	r->rest = json_each(json_buf(&r->list));
	return next_of_list(r, b);
}

/* Handles an event. Returns 1 at the end of a unit, 0, or -1 on an error. */
static int
handle_event(struct yamlin_reader *r, const struct yamlevent *ev,
    struct buf *b, struct err *e)
{
	int done;

	if (ev->type == YAMLEVENT_DOCUMENT)
		begin_document(r, b);
	if (ev->type == YAMLEVENT_DOCUMENT_END)
		return end_document(r, b);
	if (ev->type == YAMLEVENT_DOCUMENT)
		return 0;
	if (!b->len)
		r->unit_line = ev->mark.line;
	done = enter_entries(r, ev, b, e);
	if (done)
		return done < 0 ? -1 : 0;
	if (add_event(r, ev, b, e))
		return -1;
	return is_complete(r, b);
}

int
yamlin_next(struct yamlin_reader *r, struct buf *json, size_t *line,
    struct err *e)
{
	struct yamlevent ev;
	int done, got;

	json->len = 0;
	r->aliased = 0;
	done = next_of_list(r, json);
	while (!done) {
		got = yamlevent_next(&r->parser, &ev, e);
		if (got <= 0)
			return got;
		done = handle_event(r, &ev, json, e);
	}
	*line = r->unit_line;
	return done;
}

const struct yamlmark *
yamlin_marks(const struct yamlin_reader *r, size_t *n)
{
	*n = r->nmarks;
	return r->marks;
}
