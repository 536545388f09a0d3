#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"
#include "yamlscan.h"

/*
 * Bytes that end a run of ordinary bytes, by the kind of text; a run may also
 * end at other bytes.
 */
enum {
	STOP_LINE = 1,		/* in a line's text */
	STOP_PLAIN = 2,		/* in a plain scalar */
	STOP_FLOW = 4,		/* in a plain scalar in brackets */
	STOP_SINGLE = 8,	/* in single quotes */
	STOP_DOUBLE = 16,	/* in double quotes */
	STOP_ALL = 31
};

/* 0xc2 and 0xe2 may begin a line break. */
static const unsigned char stops[256] = {
	['\0'] = STOP_ALL,
	['\n'] = STOP_ALL, ['\r'] = STOP_ALL, [0xc2] = STOP_ALL,
	[0xe2] = STOP_ALL,
	[' '] = STOP_ALL & ~STOP_LINE, ['\t'] = STOP_ALL & ~STOP_LINE,
	[':'] = STOP_PLAIN | STOP_FLOW,
	['['] = STOP_FLOW, [']'] = STOP_FLOW, ['{'] = STOP_FLOW,
	['}'] = STOP_FLOW, [','] = STOP_FLOW,
	['\''] = STOP_SINGLE, ['"'] = STOP_DOUBLE, ['\\'] = STOP_DOUBLE,
};

void
yamlscan_init(struct yamlscan *s, int fd)
{
	memset(s, 0, sizeof(*s));
	yamlbytes_init(&s->in, fd);
	s->fresh = 1;
}

void
yamlscan_release(struct yamlscan *s)
{
	yamlbytes_release(&s->in);
	buf_release(&s->text);
}

int
yamlscan_error(struct yamlscan *s, struct err *e, const char *msg)
{
	return err_set(e, s->in.line, yamlbytes_column(&s->in) + 1, "%s",
	    msg);
}

static int
is_blank_byte(unsigned char c)
{
	return c == ' ' || c == '\t';
}

int
yamlscan_is_space(struct yamlscan *s, size_t i)
{
	unsigned char c = yamlbytes_at(&s->in, i);

	return !c || is_blank_byte(c) || yamlbytes_break_at(&s->in, i);
}

int
yamlscan_is_marker(struct yamlscan *s)
{
	unsigned char c = yamlbytes_at(&s->in, 0);

	return (c == '-' || c == '.') && yamlbytes_at(&s->in, 1) == c &&
	    yamlbytes_at(&s->in, 2) == c && yamlbytes_column(&s->in) == 0 &&
	    yamlscan_is_space(s, 3);
}

int
yamlscan_is_colon(struct yamlscan *s)
{
	return yamlbytes_at(&s->in, 0) == ':' && (yamlscan_is_space(s, 1) ||
	    strchr(",[]{}", yamlbytes_at(&s->in, 1)));
}

struct yamlmark
yamlscan_mark(struct yamlscan *s)
{
	struct yamlmark m = { 0 };

	m.line = s->in.line;
	m.col = yamlbytes_column(&s->in) + 1;
	m.start = m.end = yamlbytes_offset(&s->in);
	return m;
}

void
yamlscan_take(struct yamlscan *s, size_t n)
{
	s->in.pos += n;
	s->fresh = 0;
	s->tabbed = 0;
}

/* Consumes a line break of n bytes. */
static void
take_break(struct yamlscan *s, size_t n)
{
	yamlbytes_newline(&s->in, n);
	s->fresh = 1;
	s->tabbed = 0;
	s->spaces = 0;
}

/* Notes the indentation of a further line, of which text is next. */
static void
note_indent(struct yamlscan *s)
{
	if (s->spaces < s->least)
		s->least = s->spaces;
}

void
yamlscan_name(struct yamlscan *s, struct buf *b, int colon)
{
	while (!yamlscan_is_space(s, 0) &&
	    !strchr(",[]{}", yamlbytes_at(&s->in, 0)) &&
	    !(colon && yamlscan_is_colon(s))) {
		buf_byte(b, (char)yamlbytes_at(&s->in, 0));
		yamlscan_take(s, 1);
	}
}

void
yamlscan_blanks(struct yamlscan *s)
{
	unsigned char c;

	while (is_blank_byte(c = yamlbytes_at(&s->in, 0))) {
		s->tabbed |= c == '\t';
		s->spaces += s->fresh && !s->tabbed;
		s->in.pos++;
	}
}

/* Consumes the rest of the line; appends it to b unless that is NULL. */
static void
take_line(struct yamlscan *s, struct buf *b)
{
	struct yamlbytes *in = &s->in;
	size_t n;

	while (yamlbytes_at(in, 0) && !yamlbytes_break_at(in, 0)) {
		for (n = 1; in->pos + n < in->len && !(STOP_LINE &
		    stops[(unsigned char)in->buf[in->pos + n]]); n++)
			;
		if (b)
			buf_add(b, in->buf + in->pos, n);
		in->pos += n;
	}
}

void
yamlscan_skip(struct yamlscan *s)
{
	size_t n;
	int further = 0;

	for (;; further = 1) {
		yamlscan_blanks(s);
		if (yamlbytes_at(&s->in, 0) == '#')
			take_line(s, NULL);
		n = yamlbytes_break_at(&s->in, 0);
		if (!n)
			break;
		take_break(s, n);
	}
	if (further)
		note_indent(s);
}

/* --- lines -------------------------------------------------------------- */

/* Appends the line break of n bytes as it is read, and consumes it. */
static void
put_break(struct yamlscan *s, struct buf *b, size_t n)
{
	if (n == 3)
		buf_add(b, s->in.buf + s->in.pos, n);
	else
		buf_byte(b, '\n');
	take_break(s, n);
}

/*
 * Consumes blanks and line breaks up to the text of the next line, and appends
 * the line breaks. Returns the number of spaces before the text, or before the
 * first tab.
 */
static long
put_breaks(struct yamlscan *s, struct buf *b)
{
	size_t n;

	for (;;) {
		yamlscan_blanks(s);
		n = yamlbytes_break_at(&s->in, 0);
		if (!n)
			break;
		put_break(s, b, n);
		if (yamlscan_is_marker(s))
			return 0;
	}
	note_indent(s);
	return s->spaces;
}

/*
 * Folds the line break of n bytes at the next byte and those that follow it:
 * one is a space, further ones stay. Returns what put_breaks does.
 */
static long
fold_breaks(struct yamlscan *s, size_t n)
{
	size_t from;
	long spaces = 0;

	s->lines = 1;
	if (n == 3)
		put_break(s, &s->text, n);
	else
		take_break(s, n);
	from = s->text.len;
	if (!yamlscan_is_marker(s))
		spaces = put_breaks(s, &s->text);
	if (n != 3 && s->text.len == from)
		buf_byte(&s->text, ' ');
	return spaces;
}

/* Appends the next byte and those after it up to one of a class. */
static void
put_run(struct yamlscan *s, unsigned char class)
{
	struct yamlbytes *in = &s->in;
	size_t n;

	for (n = 1; in->pos + n < in->len && !(class &
	    stops[(unsigned char)in->buf[in->pos + n]]); n++)
		;
	buf_add(&s->text, in->buf + in->pos, n);
	in->pos += n;
}

/* Appends the blanks at the next byte. */
static void
put_blanks(struct yamlscan *s)
{
	unsigned char c;

	while (is_blank_byte(c = yamlbytes_at(&s->in, 0))) {
		s->tabbed |= c == '\t';
		buf_byte(&s->text, (char)c);
		s->in.pos++;
	}
}

static void
begin_text(struct yamlscan *s)
{
	s->text.len = 0;
	s->lines = 0;
	s->end = yamlbytes_offset(&s->in);
}

/* --- plain scalars ------------------------------------------------------ */

/* Whether the next byte cannot continue a plain scalar. */
static int
ends_plain(struct yamlscan *s, int flow)
{
	unsigned char c = yamlbytes_at(&s->in, 0);

	if (!c || (flow && strchr(",[]{}", c)))
		return 1;
	if (c != ':')
		return 0;
	if (yamlscan_is_space(s, 1))
		return 1;
	return flow && strchr(",[]{}", yamlbytes_at(&s->in, 1));
}

/* Appends the text up to a blank, a line break or the end of the scalar. */
static void
put_plain_word(struct yamlscan *s, int flow)
{
	unsigned char class = flow ? STOP_FLOW : STOP_PLAIN;

	while (!ends_plain(s, flow) && !yamlscan_is_space(s, 0))
		put_run(s, class);
}

void
yamlscan_plain(struct yamlscan *s, int flow, long indent)
{
	size_t keep, n;
	long spaces = 0;
	int lines;

	begin_text(s);
	while (!ends_plain(s, flow)) {
		lines = s->lines;
		put_plain_word(s, flow);
		yamlscan_take(s, 0);
		keep = s->text.len;
		s->end = yamlbytes_offset(&s->in);
		put_blanks(s);
		n = yamlbytes_break_at(&s->in, 0);
		if (n) {
			s->text.len = keep;
			spaces = fold_breaks(s, n);
		}
		if ((n && (((!flow || s->tabbed) && spaces < indent) ||
		    yamlscan_is_marker(s))) || ends_plain(s, flow) ||
		    (yamlbytes_at(&s->in, 0) == '#' && s->text.len > keep)) {
			s->text.len = keep;
			s->lines = lines;
			break;
		}
	}
}

/* --- quoted scalars ----------------------------------------------------- */

/* Reads n hexadecimal digits at i from the next byte; -1 if there are fewer. */
static long
hex_at(struct yamlscan *s, size_t i, size_t n)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *digit;
	unsigned char c;
	long value = 0;

	for (; n > 0; i++, n--) {
		c = yamlbytes_at(&s->in, i);
		digit = c ? strchr(digits, c) : NULL;
		if (!digit || value > 0x10ffff)
			return -1;
		value = value * 16 + (digit - digits) % 16;
	}
	return value > 0x10ffff ? -1 : value;
}

/* Appends the character of an escape with n hexadecimal digits. */
static int
put_character(struct yamlscan *s, size_t n, struct err *e)
{
	long c = hex_at(s, 2, n), low;

	if (c < 0)
		return yamlscan_error(s, e, "expected the hexadecimal digits "
		    "of a character after '\\'");
	n += 2;
	/* JSON writes a character beyond U+FFFF as a pair of surrogates */
	if (c >= 0xd800 && c < 0xdc00 && yamlbytes_at(&s->in, n) == '\\' &&
	    yamlbytes_at(&s->in, n + 1) == 'u') {
		low = hex_at(s, n + 2, 4);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
			n += 6;
		}
	}
	utf8_put(&s->text, (uint32_t)c);
	s->in.pos += n;
	return 0;
}

/* Appends the character of the escape at the next byte. */
static int
put_escape(struct yamlscan *s, struct err *e)
{
	static const struct {
		unsigned char name;
		const char *text;
	} escapes[] = {
		{ 'n', "\n" }, { 't', "\t" }, { '"', "\"" }, { '\\', "\\" },
		{ '/', "/" }, { 'r', "\r" }, { 'b', "\b" }, { 'f', "\f" },
		{ 'a', "\a" }, { 'v', "\v" }, { 'e', "\x1b" }, { ' ', " " },
		{ '\t', "\t" }, { 'N', "\xc2\x85" }, { '_', "\xc2\xa0" },
		{ 'L', "\xe2\x80\xa8" }, { 'P', "\xe2\x80\xa9" },
	};
	unsigned char c = yamlbytes_at(&s->in, 1);
	size_t i;

	if (c == 'u' || c == 'U' || c == 'x')
		return put_character(s, c == 'u' ? 4 : c == 'U' ? 8 : 2, e);
	for (i = 0; i < LEN(escapes) && escapes[i].name != c; i++)
		;
	if (i == LEN(escapes) && c != '0')
		return yamlscan_error(s, e, "unknown escape in double quotes; "
		    "write a backslash as '\\\\', or use single quotes");
	if (c == '0')
		buf_byte(&s->text, '\0');
	else
		buf_puts(&s->text, escapes[i].text);
	s->in.pos += 2;
	return 0;
}

/* Appends the character of a backslash's escape. */
static int
put_backslash(struct yamlscan *s, struct err *e)
{
	size_t n = yamlbytes_break_at(&s->in, 1);

	if (!n)
		return put_escape(s, e);
	s->in.pos++;
	s->lines = 1;
	take_break(s, n);
	if (!yamlscan_is_marker(s))
		put_breaks(s, &s->text);
	return 0;
}

/* Appends blanks, unless they are at the end of a line, and line breaks. */
static void
put_quoted_space(struct yamlscan *s)
{
	size_t keep = s->text.len, n;

	put_blanks(s);
	n = yamlbytes_break_at(&s->in, 0);
	if (n) {
		s->text.len = keep;
		fold_breaks(s, n);
	}
}

int
yamlscan_quoted(struct yamlscan *s, struct err *e)
{
	unsigned char quote = yamlbytes_at(&s->in, 0), c;
	unsigned char class = quote == '"' ? STOP_DOUBLE : STOP_SINGLE;
	size_t line = s->in.line, col = yamlbytes_column(&s->in) + 1;

	begin_text(s);
	yamlscan_take(s, 1);
	for (;;) {
		c = yamlbytes_at(&s->in, 0);
		if (!c || yamlscan_is_marker(s))
			return err_set(e, s->in.line, yamlbytes_column(&s->in)
			    + 1, "the closing quote of the text that begins "
			    "at %zu:%zu is missing", line, col);
		if (c == quote && (quote == '"' ||
		    yamlbytes_at(&s->in, 1) != quote))
			break;
		if (c == quote)
			s->in.pos++;
		if (c == '\\' && quote == '"') {
			if (put_backslash(s, e))
				return -1;
		} else if (yamlscan_is_space(s, 0)) {
			put_quoted_space(s);
		} else {
			put_run(s, class);
		}
	}
	yamlscan_take(s, 1);
	s->end = yamlbytes_offset(&s->in);
	return 0;
}

/* --- block scalars ------------------------------------------------------ */

struct block {
	int folded;		/* 1: '>', 0: '|' */
	char chomp;		/* '+', '-', or 0 */
	long step;		/* indentation that the header gives, or 0 */
	long indent;		/* column of the text */
	long col;		/* column of the next byte */
	struct buf breaks;	/* line breaks after the last line */
};

/* Reads the header up to the end of its line. */
static int
yamlscan_read_header(struct yamlscan *s, struct block *b, struct err *e)
{
	unsigned char c;

	b->folded = yamlbytes_at(&s->in, 0) == '>';
	yamlscan_take(s, 1);
	for (;; s->in.pos++) {
		c = yamlbytes_at(&s->in, 0);
		if ((c == '+' || c == '-') && !b->chomp)
			b->chomp = (char)c;
		else if (c >= '1' && c <= '9' && !b->step)
			b->step = c - '0';
		else
			break;
	}
	if (is_blank_byte(yamlbytes_at(&s->in, 0))) {
		yamlscan_blanks(s);
		if (yamlbytes_at(&s->in, 0) == '#')
			take_line(s, NULL);
	}
	if (!yamlscan_is_space(s, 0))
		return yamlscan_error(s, e, "expected the end of the line "
		    "after the header of a block text");
	return 0;
}

/*
 * Consumes spaces up to column max (-1: all) of lines without text, and their
 * line breaks. Returns the largest column.
 */
static long
take_indent(struct yamlscan *s, struct block *b, long max)
{
	long most = 0;
	size_t n;

	do {
		for (b->col = 0; (max < 0 || b->col < max) &&
		    yamlbytes_at(&s->in, 0) == ' '; b->col++)
			s->in.pos++;
		most = b->col > most ? b->col : most;
		n = yamlbytes_break_at(&s->in, 0);
		if (n && b->chomp == '+')
			s->end = yamlbytes_offset(&s->in);
		if (n)
			put_break(s, &b->breaks, n);
	} while (n);
	return most;
}

/* Finds the column of the text. */
static void
find_indent(struct yamlscan *s, struct block *b, long outer)
{
	long most, least = outer + 1;

	if (b->step) {
		b->indent = (outer < 0 ? 0 : outer) + b->step;
		take_indent(s, b, b->indent);
		return;
	}
	most = take_indent(s, b, -1);
	/* a comment after an empty text is not its first line */
	if (least < 1 && !most && yamlbytes_at(&s->in, 0) == '#')
		least = 1;
	b->indent = most > least ? most : least;
}

static int
has_line(struct yamlscan *s, const struct block *b)
{
	return b->col == b->indent && yamlbytes_at(&s->in, 0) &&
	    !yamlscan_is_marker(s);
}

/* Appends the lines of the text. Returns the length of the last break. */
static size_t
put_block_lines(struct yamlscan *s, struct block *b)
{
	size_t n = 0;
	int more;

	while (has_line(s, b)) {
		buf_add(&s->text, b->breaks.p, b->breaks.len);
		b->breaks.len = 0;
		more = is_blank_byte(yamlbytes_at(&s->in, 0));
		take_line(s, &s->text);
		s->end = yamlbytes_offset(&s->in);
		n = yamlbytes_break_at(&s->in, 0);
		if (n)
			put_break(s, &b->breaks, n);
		take_indent(s, b, b->indent);
		if (has_line(s, b) && b->folded && n && n != 3 && !more &&
		    !is_blank_byte(yamlbytes_at(&s->in, 0))) {
			/* the first break is folded */
			memmove(b->breaks.p, b->breaks.p + 1,
			    --b->breaks.len);
			if (!b->breaks.len)
				buf_byte(&b->breaks, ' ');
		}
	}
	return n;
}

int
yamlscan_block(struct yamlscan *s, long outer, struct err *e)
{
	struct block b = { 0 };
	size_t n;

	begin_text(s);
	if (yamlscan_read_header(s, &b, e))
		return -1;
	s->end = yamlbytes_offset(&s->in);
	n = yamlbytes_break_at(&s->in, 0);
	if (n)
		take_break(s, n);
	find_indent(s, &b, outer);
	n = put_block_lines(s, &b);
	/* without lines, no break is the last */
	if (b.chomp == '+')
		buf_add(&s->text, b.breaks.p, b.breaks.len);
	else if (b.chomp != '-' && n)
		buf_add(&s->text, b.breaks.p, n == 3 ? 3 : 1);
	s->lines = 1;
	buf_release(&b.breaks);
	return b.col < b.indent && yamlbytes_at(&s->in, 0) == '\t' ?
	    yamlscan_error(s, e, YAMLSCAN_TAB) : 0;
}
