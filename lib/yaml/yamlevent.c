#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "yamlbytes.h"
#include "yamlevent.h"

/* The next token of an open document, list or mapping. */
enum state {
	STATE_ROOT,		/* the node of a document */
	STATE_DONE,		/* the end of a document */
	STATE_ITEM,		/* "- " of a list, or the list's end */
	STATE_KEY,		/* a key, or the mapping's end */
	STATE_VALUE,		/* the value after "key:" */
	STATE_COLON,		/* ": " after an explicit key, or no value */
	STATE_FLOW_FIRST,	/* an item or key in brackets, or the end */
	STATE_FLOW_MORE,	/* a comma, or the end */
	STATE_FLOW_COLON,	/* ":" after a key in '{}', or no value */
	STATE_FLOW_EXPLICIT,	/* likewise after a key with "?" */
	STATE_PAIR,		/* the key of a mapping without braces */
	STATE_PAIR_COLON,	/* ":" after that key, or no value */
	STATE_PAIR_VALUE,
	STATE_PAIR_END
};

struct yamlevent_level {
	enum state state;
	long indent;		/* column of its items or keys; in brackets, of
				   the list or mapping around them */
	int first;		/* 1: the next item or key may follow another
				   token in its line */
	int indentless;		/* 1: a list in the column of its key */
	int map;		/* 1: a mapping, 0: a list */
	size_t line, col;	/* position of an opening bracket */
};

/* Where a node may begin. */
enum {
	NODE_COMPACT = 1,	/* a list or mapping may begin in this line */
	NODE_INDENTLESS = 2	/* a list may begin in the column of the key */
};

void
yamlevent_init(struct yamlevent_parser *p, int fd)
{
	memset(p, 0, sizeof(*p));
	yamlscan_init(&p->scan, fd);
}

void
yamlevent_release(struct yamlevent_parser *p)
{
	yamlprops_forget(&p->prefixes);
	free(p->levels);
	yamlprops_release(&p->outer);
	yamlprops_release(&p->own);
	yamlscan_release(&p->scan);
}

/* --- small steps -------------------------------------------------------- */

static unsigned char
peek(struct yamlevent_parser *p, size_t i)
{
	return yamlbytes_at(&p->scan.in, i);
}

static int
error_here(struct yamlevent_parser *p, struct err *e, const char *msg)
{
	return yamlscan_error(&p->scan, e, msg);
}

static long
column(struct yamlevent_parser *p)
{
	return (long)yamlbytes_column(&p->scan.in);
}

/* Whether the next byte is c, followed by white space. */
static int
is_indicator(struct yamlevent_parser *p, char c)
{
	return peek(p, 0) == (unsigned char)c &&
	    yamlscan_is_space(&p->scan, 1);
}

/* Whether the text ends here: the document, or the file. */
static int
is_end(struct yamlevent_parser *p)
{
	return !peek(p, 0) || yamlscan_is_marker(&p->scan);
}

static struct yamlevent_level *
top(struct yamlevent_parser *p)
{
	return &p->levels[p->depth - 1];
}

static struct yamlevent_level *
push(struct yamlevent_parser *p, enum state state, long indent, int map)
{
	struct yamlevent_level *l;

	ALLOC_GROW(p->levels, p->depth + 1, p->levels_cap);
	l = &p->levels[p->depth++];
	memset(l, 0, sizeof(*l));
	l->state = state;
	l->indent = indent;
	l->first = 1;
	l->map = map;
	l->line = p->scan.in.line;
	l->col = yamlbytes_column(&p->scan.in) + 1;
	return l;
}

static int
is_flow(const struct yamlevent_parser *p)
{
	return p->depth && p->levels[p->depth - 1].state >= STATE_FLOW_FIRST;
}

/* --- anchors and tags --------------------------------------------------- */

/* Reads an anchor or a tag of the node that is being read. */
static int
read_prop(struct yamlevent_parser *p, struct err *e)
{
	const struct buf *name = &p->own.anchor;

	if (yamlprops_read(&p->own, &p->scan, &p->prefixes, is_flow(p), e))
		return -1;
	if (name->len && name->p[name->len - 1] == ':')
		p->colon_anchor = 1;
	return 0;
}

/* Moves the properties of earlier lines to the node in this line. */
static int
move_props(struct yamlevent_parser *p, struct err *e)
{
	return yamlprops_join(&p->outer, &p->own, &p->scan, e);
}

/* Joins the properties of all lines: they belong to one node. */
static int
join_props(struct yamlevent_parser *p, struct err *e)
{
	return yamlprops_join(&p->own, &p->outer, &p->scan, e);
}

/* --- events ------------------------------------------------------------- */

/* Sets *ev to an event with the properties p->own. These functions return 1. */
static int
fill_event(struct yamlevent_parser *p, struct yamlevent *ev,
    enum yamlevent_type type, struct yamlmark mark)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = type;
	ev->mark = mark;
	ev->props = &p->own;
	return 1;
}

/* Gives an empty scalar for a missing node. */
static int
give_empty(struct yamlevent_parser *p, struct yamlevent *ev)
{
	fill_event(p, ev, YAMLEVENT_SCALAR, yamlscan_mark(&p->scan));
	ev->text = "";
	return 1;
}

/* Gives an empty scalar with the properties p->own. */
static int
give_missing(struct yamlevent_parser *p, struct yamlevent *ev)
{
	yamlprops_reset(&p->own);
	return give_empty(p, ev);
}

static int
give_end(struct yamlevent_parser *p, struct yamlevent *ev, int map)
{
	yamlprops_reset(&p->own);
	p->depth--;
	return fill_event(p, ev, map ? YAMLEVENT_MAP_END : YAMLEVENT_LIST_END,
	    yamlscan_mark(&p->scan));
}

/* Begins a list or mapping of a style in the column of a mark. */
static int
give_begin(struct yamlevent_parser *p, struct yamlevent *ev, int map,
    struct yamlmark mark, enum yamlmark_style style)
{
	mark.style = style;
	mark.end = mark.start;
	return fill_event(p, ev, map ? YAMLEVENT_MAP : YAMLEVENT_LIST, mark);
}

/* Begins a mapping of which key, the event in hand, is the first key. */
static int
give_map_before(struct yamlevent_parser *p, struct yamlevent *ev,
    enum yamlmark_style style)
{
	struct yamlmark mark = p->own.set ? p->own.mark : ev->mark;

	p->next = *ev;
	p->held = 1;
	give_begin(p, ev, 1, mark, style);
	ev->props = &p->outer;
	return 1;
}

/* --- scalars ------------------------------------------------------------ */

/* Reads "*name". */
static int
read_alias(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	struct buf *name = &p->scan.text;

	if (p->own.set)
		return error_here(p, e, "an alias takes no anchor and no tag");
	fill_event(p, ev, YAMLEVENT_ALIAS, yamlscan_mark(&p->scan));
	yamlscan_take(&p->scan, 1);
	name->len = 0;
	/* "*a: b" is a key unless there is an anchor "&a:" */
	yamlscan_name(&p->scan, name, !p->colon_anchor);
	if (!name->len)
		return error_here(p, e, "expected a name after '*'; a text "
		    "that begins with it needs quotes");
	ev->mark.style = YAMLMARK_ALIAS;
	ev->mark.end = yamlbytes_offset(&p->scan.in);
	ev->text = buf_str(name);
	ev->len = name->len;
	p->scan.lines = 0;
	return 1;
}

static int
cannot_begin(struct yamlevent_parser *p, struct err *e)
{
	unsigned char c = peek(p, 0);

	if (c == '\t' || p->scan.tabbed)
		return error_here(p, e, YAMLSCAN_TAB);
	return err_set(e, p->scan.in.line, yamlbytes_column(&p->scan.in) + 1,
	    "a value cannot begin with '%c'; quote the text", c);
}

/* Whether a plain scalar may begin at the next byte. */
static int
begins_plain(struct yamlevent_parser *p, int flow)
{
	unsigned char c = peek(p, 0);

	if (!c || strchr(",[]{}#&*!|>'\"%@`", c))
		return 0;
	if (c != '-' && c != '?' && c != ':')
		return 1;
	if (yamlscan_is_space(&p->scan, 1))
		return 0;
	return c == '-' || !flow || !strchr(",[]{}", peek(p, 1));
}

/*
 * Reads a scalar or alias that belongs to the list or mapping in the column
 * outer.
 */
static int
read_scalar(struct yamlevent_parser *p, struct yamlevent *ev, int flow,
    long outer, struct err *e)
{
	struct yamlscan *s = &p->scan;
	unsigned char c = peek(p, 0);
	int bad = 0;

	if (c == '*')
		return read_alias(p, ev, e);
	fill_event(p, ev, YAMLEVENT_SCALAR, yamlscan_mark(&p->scan));
	if (c == '"' || c == '\'') {
		ev->mark.style = YAMLMARK_QUOTED;
		bad = yamlscan_quoted(s, e);
	} else if (!flow && (c == '|' || c == '>')) {
		ev->mark.style = YAMLMARK_TEXT;
		bad = yamlscan_block(s, outer, e);
	} else if (begins_plain(p, flow)) {
		yamlscan_plain(s, flow, outer + 1);
	} else {
		return cannot_begin(p, e);
	}
	ev->mark.end = s->end;
	ev->text = buf_str(&s->text);
	ev->len = s->text.len;
	return bad ? -1 : 1;
}

/* --- nodes in block style ----------------------------------------------- */

/* Reads the anchors and tags before a node, to the right of a column. */
static int
read_props(struct yamlevent_parser *p, long outer, struct err *e)
{
	yamlscan_skip(&p->scan);
	while ((peek(p, 0) == '&' || peek(p, 0) == '!') &&
	    (!p->scan.fresh || column(p) > outer)) {
		if (p->own.set && p->scan.fresh && move_props(p, e))
			return -1;
		if (read_prop(p, e))
			return -1;
		yamlscan_skip(&p->scan);
	}
	return 0;
}

/* Whether the next token is outside a node within a column. */
static int
is_outside(struct yamlevent_parser *p, long outer, unsigned where)
{
	if (is_end(p))
		return 1;
	if (!p->scan.fresh || column(p) > outer)
		return 0;
	/* PyYAML accepts a block text there */
	return column(p) < outer || !(peek(p, 0) == '|' || peek(p, 0) == '>' ||
	    ((where & NODE_INDENTLESS) && is_indicator(p, '-')));
}

/* Begins a list or mapping in the column of the next token. */
static int
begin_block(struct yamlevent_parser *p, struct yamlevent *ev, int map,
    long outer, int allowed, struct err *e)
{
	struct yamlevent_level *l;

	if (p->own.set && p->scan.fresh && move_props(p, e))
		return -1;
	if (!allowed || p->own.set)
		return p->scan.tabbed ? cannot_begin(p, e) :
		    error_here(p, e, map ? "a mapping cannot begin here" :
		    "a list cannot begin here");
	l = push(p, map ? STATE_KEY : STATE_ITEM, column(p), map);
	l->indentless = column(p) == outer;
	give_begin(p, ev, map, yamlscan_mark(&p->scan), YAMLMARK_BLOCK);
	ev->props = &p->outer;
	return 1;
}

/* Whether the scalar just read is a key; moves to the colon if it is. */
static int
is_key(struct yamlevent_parser *p)
{
	if (p->scan.lines || p->scan.fresh)
		return 0;
	yamlscan_blanks(&p->scan);
	return is_indicator(p, ':');
}

static int
colon_error(struct yamlevent_parser *p, struct err *e)
{
	return error_here(p, e, "a mapping cannot begin here; a text with "
	    "': ' needs quotes");
}

/* Takes the scalar in *ev for a node, or for the first key of a mapping. */
static int
give_scalar_node(struct yamlevent_parser *p, struct yamlevent *ev,
    long col, int allowed, int tabbed, struct err *e)
{
	if (ev->mark.style != YAMLMARK_TEXT && is_key(p)) {
		if (!allowed)
			return colon_error(p, e);
		if (tabbed)
			return err_set(e, ev->mark.line, ev->mark.col,
			    YAMLSCAN_TAB);
		push(p, STATE_VALUE, col, 1)->first = 0;
		yamlscan_take(&p->scan, 1);
		return give_map_before(p, ev, YAMLMARK_BLOCK);
	}
	if (ev->type == YAMLEVENT_ALIAS && p->outer.set)
		return error_here(p, e, "an alias takes no anchor and no tag");
	return join_props(p, e) ? -1 : 1;
}

/*
 * Reads a node that belongs to the list or mapping in the column outer, or to
 * the document if that is -1. Sets *ev to the event that it begins with.
 */
static int
block_node(struct yamlevent_parser *p, struct yamlevent *ev, long outer,
    unsigned where, struct err *e)
{
	unsigned char c;
	long col;
	int allowed, same_line, tabbed;

	yamlprops_reset(&p->outer);
	yamlprops_reset(&p->own);
	if (read_props(p, outer, e))
		return -1;
	if (is_outside(p, outer, where))
		return join_props(p, e) ? -1 : give_empty(p, ev);
	/* the text before the node and its properties decides */
	same_line = p->own.set && !p->scan.fresh;
	tabbed = same_line ? p->own.tabbed : p->scan.tabbed;
	allowed = (same_line ? p->own.fresh : p->scan.fresh) ||
	    (where & NODE_COMPACT);
	c = peek(p, 0);
	if (is_indicator(p, '-'))
		return begin_block(p, ev, 0, outer, allowed && !tabbed, e);
	if (is_indicator(p, '?') || (is_indicator(p, ':') &&
	    (!p->own.set || p->scan.fresh)))
		return begin_block(p, ev, 1, outer, allowed && !tabbed, e);
	if (p->own.set && p->scan.fresh && move_props(p, e))
		return -1;
	col = p->own.set ? (long)p->own.mark.col - 1 : column(p);
	if (c == '[' || c == '{') {
		push(p, STATE_FLOW_FIRST, outer, c == '{');
		give_begin(p, ev, c == '{', yamlscan_mark(&p->scan),
		    YAMLMARK_FLOW);
		yamlscan_take(&p->scan, 1);
		return join_props(p, e) ? -1 : 1;
	}
	/* an empty key with an anchor or tag */
	if (is_indicator(p, ':')) {
		yamlscan_take(&p->scan, 0);
		p->scan.lines = 0;
		give_empty(p, ev);
	} else if (read_scalar(p, ev, 0, outer, e) < 0) {
		return -1;
	}
	return give_scalar_node(p, ev, col, allowed, tabbed, e);
}

/* --- lists and mappings in block style ---------------------------------- */

/* Why the next token does not continue the list or mapping. */
static int
unexpected(struct yamlevent_parser *p, const char *msg, struct err *e)
{
	if (p->scan.tabbed)
		return cannot_begin(p, e);
	if (!p->scan.fresh && is_indicator(p, ':'))
		return error_here(p, e, "only a text on one line may be a key");
	return error_here(p, e, msg);
}

/*
 * Moves to the next item or key of a list or mapping. Returns 1, 0 at its end,
 * or -1 with *e filled in.
 */
static int
yamlevent_find_member(struct yamlevent_parser *p, const char *msg,
    struct err *e)
{
	struct yamlevent_level *l = top(p);

	yamlscan_skip(&p->scan);
	if (is_end(p))
		return 0;
	if (l->first)
		return 1;
	if (!p->scan.fresh || p->scan.tabbed || column(p) > l->indent)
		return unexpected(p, msg, e);
	return column(p) == l->indent;
}

static int
next_item(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	static const char msg[] = "expected '- ' in the column of the list, "
	    "or the end of the list";
	struct yamlevent_level *l = top(p);
	int found = yamlevent_find_member(p, msg, e);

	if (found < 0)
		return -1;
	if (!found || (!is_indicator(p, '-') && l->indentless))
		return give_end(p, ev, 0);
	if (!is_indicator(p, '-'))
		return unexpected(p, msg, e);
	l->first = 0;
	yamlscan_take(&p->scan, 1);
	return block_node(p, ev, l->indent, NODE_COMPACT, e);
}

/* Reads "key:". */
static int
read_key(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	long indent = top(p)->indent;

	yamlprops_reset(&p->outer);
	yamlprops_reset(&p->own);
	if (read_props(p, indent - 1, e))
		return -1;
	if (p->outer.set || (p->own.set && p->scan.fresh) || is_end(p))
		return error_here(p, e, "expected a key after the anchor or "
		    "tag");
	if (is_indicator(p, ':')) {
		p->scan.lines = 0;
		give_empty(p, ev);
	} else if (read_scalar(p, ev, 0, indent, e) < 0) {
		return -1;
	}
	if (ev->mark.style == YAMLMARK_TEXT || !is_key(p))
		return err_set(e, ev->mark.line, ev->mark.col, "expected a "
		    "key with ': ' after it");
	top(p)->state = STATE_VALUE;
	yamlscan_take(&p->scan, 1);
	return 1;
}

static int
next_key(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	struct yamlevent_level *l = top(p);
	int found = yamlevent_find_member(p,
	    "expected a key in the column of the "
	    "mapping, or the end of the mapping", e);

	if (found < 0)
		return -1;
	if (!found)
		return give_end(p, ev, 1);
	if (is_indicator(p, ':')) {
		l->state = STATE_COLON;
		l->first = 1;
		return give_missing(p, ev);
	}
	l->first = 0;
	if (!is_indicator(p, '?'))
		return read_key(p, ev, e);
	l->state = STATE_COLON;
	yamlscan_take(&p->scan, 1);
	return block_node(p, ev, l->indent, NODE_COMPACT | NODE_INDENTLESS,
	    e);
}

/* Reads ": value" after an explicit or a missing key. */
static int
next_colon(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	struct yamlevent_level *l = top(p);
	int found;

	yamlscan_skip(&p->scan);
	found = is_indicator(p, ':') && (l->first || (p->scan.fresh &&
	    !p->scan.tabbed && column(p) == l->indent));
	l->state = STATE_KEY;
	l->first = 0;
	if (!found)
		return give_missing(p, ev);
	yamlscan_take(&p->scan, 1);
	return block_node(p, ev, l->indent, NODE_COMPACT | NODE_INDENTLESS,
	    e);
}

static int
next_value(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	struct yamlevent_level *l = top(p);

	l->state = STATE_KEY;
	return block_node(p, ev, l->indent, NODE_INDENTLESS, e);
}

/* --- lists and mappings in brackets ------------------------------------- */

/* Moves to the next token in brackets. */
static int
skip_in_flow(struct yamlevent_parser *p, struct err *e)
{
	struct yamlevent_level *l = top(p);

	yamlscan_skip(&p->scan);
	if (p->scan.tabbed && p->scan.fresh && p->scan.spaces <= l->indent)
		return error_here(p, e, YAMLSCAN_TAB);
	if (!is_end(p))
		return 0;
	return err_set(e, p->scan.in.line, yamlbytes_column(&p->scan.in) + 1,
	    "the closing '%c' of the %s that begins at %zu:%zu is missing",
	    l->map ? '}' : ']', l->map ? "mapping" : "list", l->line, l->col);
}

static int
flow_node(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	unsigned char c;
	long outer = top(p)->indent;

	yamlprops_reset(&p->outer);
	yamlprops_reset(&p->own);
	if (read_props(p, -1, e) || skip_in_flow(p, e) || join_props(p, e))
		return -1;
	c = peek(p, 0);
	if (c == '[' || c == '{') {
		push(p, STATE_FLOW_FIRST, outer, c == '{');
		give_begin(p, ev, c == '{', yamlscan_mark(&p->scan),
		    YAMLMARK_FLOW);
		yamlscan_take(&p->scan, 1);
		return 1;
	}
	if (strchr(",]}", c) || yamlscan_is_colon(&p->scan)) {
		yamlscan_take(&p->scan, 0);
		p->scan.lines = 0;
		return give_empty(p, ev);
	}
	return read_scalar(p, ev, 1, outer, e);
}

/* Whether the key of an item "key: value" was read; moves to the colon. */
static int
yamlevent_is_pair(struct yamlevent_parser *p, const struct yamlevent *ev)
{
	if ((ev->type != YAMLEVENT_SCALAR && ev->type != YAMLEVENT_ALIAS) ||
	    p->scan.lines || p->scan.fresh)
		return 0;
	yamlscan_blanks(&p->scan);
	return ev->mark.style == YAMLMARK_QUOTED ? peek(p, 0) == ':' :
	    yamlscan_is_colon(&p->scan);
}

static int
is_question(struct yamlevent_parser *p)
{
	return peek(p, 0) == '?' && (yamlscan_is_space(&p->scan, 1) ||
	    strchr(",[]{}", peek(p, 1)));
}

/* Reads an item of a list in brackets. */
static int
flow_item(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	long outer = top(p)->indent;

	top(p)->state = STATE_FLOW_MORE;
	if (is_question(p)) {
		push(p, STATE_PAIR, outer, 1);
		yamlprops_reset(&p->own);
		give_begin(p, ev, 1, yamlscan_mark(&p->scan), YAMLMARK_FLOW);
		yamlscan_take(&p->scan, 1);
		return 1;
	}
	if (flow_node(p, ev, e) < 0)
		return -1;
	if (!yamlevent_is_pair(p, ev))
		return 1;
	push(p, STATE_PAIR_VALUE, outer, 1);
	yamlscan_take(&p->scan, 1);
	return give_map_before(p, ev, YAMLMARK_FLOW);
}

/* Reads a key of a mapping in brackets. */
static int
flow_key(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	int explicit = is_question(p);

	top(p)->state = explicit ? STATE_FLOW_EXPLICIT : STATE_FLOW_COLON;
	if (explicit)
		yamlscan_take(&p->scan, 1);
	p->scan.least = LONG_MAX;
	return flow_node(p, ev, e);
}

/* Reads what follows an opening bracket or a member. */
static int
next_in_flow(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	struct yamlevent_level *l = top(p);
	unsigned char end = l->map ? '}' : ']';

	if (skip_in_flow(p, e))
		return -1;
	if (l->state == STATE_FLOW_MORE && peek(p, 0) != end) {
		if (peek(p, 0) == ':')
			return error_here(p, e, "only a text on one line may "
			    "be a key");
		if (peek(p, 0) != ',')
			return error_here(p, e, l->map ?
			    "expected ',' or '}'" : "expected ',' or ']'");
		yamlscan_take(&p->scan, 1);
		if (skip_in_flow(p, e))
			return -1;
	}
	if (peek(p, 0) == end) {
		yamlscan_take(&p->scan, 1);
		return give_end(p, ev, l->map);
	}
	if (peek(p, 0) == ',')
		return error_here(p, e, "expected a value before ','");
	return l->map ? flow_key(p, ev, e) : flow_item(p, ev, e);
}

/* Reads the value after a key in brackets, or gives an empty one. */
static int
flow_value(struct yamlevent_parser *p, struct yamlevent *ev, enum state then,
    struct err *e)
{
	if (skip_in_flow(p, e))
		return -1;
	top(p)->state = then;
	if (peek(p, 0) != ':')
		return give_missing(p, ev);
	yamlscan_take(&p->scan, 1);
	return flow_node(p, ev, e);
}

/* Reads the value after a key in '{}'; further lines of it are indented. */
static int
flow_key_value(struct yamlevent_parser *p, struct yamlevent *ev,
    struct err *e)
{
	if (skip_in_flow(p, e))
		return -1;
	if (peek(p, 0) == ':' && p->scan.least <= top(p)->indent)
		return error_here(p, e, "indent the lines of this key, or "
		    "write it on one line");
	return flow_value(p, ev, STATE_FLOW_MORE, e);
}

/* --- documents ---------------------------------------------------------- */

/* Appends a word of a directive. */
static void
take_word(struct yamlevent_parser *p, struct buf *b)
{
	b->len = 0;
	yamlscan_blanks(&p->scan);
	while (!yamlscan_is_space(&p->scan, 0)) {
		buf_byte(b, (char)peek(p, 0));
		yamlscan_take(&p->scan, 1);
	}
	buf_str(b);
}

static int
read_tag_directive(struct yamlevent_parser *p, struct err *e)
{
	struct buf name = { 0 }, prefix = { 0 };
	int bad;

	take_word(p, &name);
	take_word(p, &prefix);
	bad = !prefix.len || *name.p != '!' || name.p[name.len - 1] != '!';
	if (bad) {
		error_here(p, e, "expected '%TAG !name! prefix'");
	} else {
		yamlprops_define(&p->prefixes, name.p, prefix.p);
	}
	buf_release(&name);
	buf_release(&prefix);
	return bad ? -1 : 0;
}

/* Reads "%..."; *versions counts those of the version. */
static int
read_directive(struct yamlevent_parser *p, int *versions, struct err *e)
{
	struct buf *word = &p->scan.text;

	take_word(p, word);
	if (!strcmp(word->p, "%TAG"))
		return read_tag_directive(p, e);
	if (!strcmp(word->p, "%YAML")) {
		take_word(p, word);
		if ((*versions)++)
			return error_here(p, e, "second %YAML directive");
		if (strncmp(word->p, "1.", 2) || !word->p[2] ||
		    word->p[2 + strspn(word->p + 2, "0123456789")])
			return error_here(p, e, "expected YAML 1.1 or 1.2");
		yamlscan_blanks(&p->scan);
		if (peek(p, 0) != '#' && !yamlscan_is_space(&p->scan, 0))
			return error_here(p, e, "expected the end of the line "
			    "after the directive");
		return 0;
	}
	while (peek(p, 0) && !yamlbytes_break_at(&p->scan.in, 0))
		take_word(p, word);
	return 0;
}

/* Skips what may precede a document; *directives counts them. */
static int
skip_to_document(struct yamlevent_parser *p, int *directives, struct err *e)
{
	int versions = 0;

	for (;;) {
		if (peek(p, 0) == 0xef && peek(p, 1) == 0xbb &&
		    peek(p, 2) == 0xbf && column(p) == 0) {
			p->scan.in.pos += 3;
			p->scan.in.counted = p->scan.in.pos;
		}
		yamlscan_skip(&p->scan);
		if (peek(p, 0) == '%' && column(p) == 0) {
			if (read_directive(p, &versions, e))
				return -1;
			++*directives;
		} else if (peek(p, 0) == '.' && !*directives &&
		    yamlscan_is_marker(&p->scan)) {
			yamlscan_take(&p->scan, 3);
			yamlscan_skip(&p->scan);
			if (peek(p, 0) && !p->scan.fresh)
				return error_here(p, e, "expected the end of "
				    "the line after '...'");
		} else {
			return 0;
		}
	}
}

static int
next_document(struct yamlevent_parser *p, struct yamlevent *ev,
    struct err *e)
{
	int directives = 0;

	yamlprops_forget(&p->prefixes);
	yamlprops_reset(&p->own);
	if (skip_to_document(p, &directives, e))
		return -1;
	if (!peek(p, 0) && !directives)
		return 0;
	if (peek(p, 0) == '-' && yamlscan_is_marker(&p->scan))
		yamlscan_take(&p->scan, 3);
	else if (directives)
		return error_here(p, e, "expected '---' after the directives");
	push(p, STATE_ROOT, -1, 0);
	return fill_event(p, ev, YAMLEVENT_DOCUMENT, yamlscan_mark(&p->scan));
}

static int
finish_document(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	yamlscan_skip(&p->scan);
	if (!is_end(p))
		return unexpected(p, "expected the end of the document, or "
		    "'---' before another one", e);
	p->depth--;
	yamlprops_reset(&p->own);
	return fill_event(p, ev, YAMLEVENT_DOCUMENT_END,
	    yamlscan_mark(&p->scan));
}

static int
next_event(struct yamlevent_parser *p, struct yamlevent *ev, struct err *e)
{
	if (!p->depth)
		return next_document(p, ev, e);
	switch (top(p)->state) {
	case STATE_ROOT:
		top(p)->state = STATE_DONE;
		return block_node(p, ev, -1, p->scan.fresh ? NODE_COMPACT : 0,
		    e);
	case STATE_DONE:
		return finish_document(p, ev, e);
	case STATE_ITEM:
		return next_item(p, ev, e);
	case STATE_KEY:
		return next_key(p, ev, e);
	case STATE_VALUE:
		return next_value(p, ev, e);
	case STATE_COLON:
		return next_colon(p, ev, e);
	case STATE_FLOW_FIRST:
	case STATE_FLOW_MORE:
		return next_in_flow(p, ev, e);
	case STATE_FLOW_COLON:
		return flow_key_value(p, ev, e);
	case STATE_FLOW_EXPLICIT:
		return flow_value(p, ev, STATE_FLOW_MORE, e);
	case STATE_PAIR:
		top(p)->state = STATE_PAIR_COLON;
		return flow_node(p, ev, e);
	case STATE_PAIR_COLON:
		return flow_value(p, ev, STATE_PAIR_END, e);
	case STATE_PAIR_VALUE:
		top(p)->state = STATE_PAIR_END;
		return flow_node(p, ev, e);
	case STATE_PAIR_END:
		break;
	}
	return give_end(p, ev, 1);
}

int
yamlevent_next(struct yamlevent_parser *p, struct yamlevent *ev,
    struct err *e)
{
	int got;

	if (p->held) {
		*ev = p->next;
		p->held = 0;
		return 1;
	}
	got = next_event(p, ev, e);
	return yamlbytes_fault(&p->scan.in, e) ? -1 : got;
}
