#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "base/util.h"
#include "kept.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "frame.h"

void
frame_set_char(struct buf *b, size_t at, uint32_t c)
{
	char bytes[4];
	uint32_t old;
	size_t n;

	n = utf8_decode(b->p + at, b->len - at, &old);
	if (old != c)
		buf_splice(b, at, n, bytes, utf8_encode(bytes, c));
}

/* Whether the word has small letters only, so that it is not a name. */
static int
is_plain_lower(struct span w)
{
	size_t i = 0;
	uint32_t c;

	while (i < w.n) {
		c = span_char(w, i, &i);
		if (!unicode_is_letter(c) && c != '\'' && c != 0x2019 && c !=
		    '-')
			return 0;
		if (unicode_lower(c) != c)
			return 0;
	}
	return w.n > 0;
}

void
frame_capitalise(struct buf *b, size_t at)
{
	struct span rest = span_from(span_buf(b), at), w;

	if (span_next_word(&rest, &w) && is_plain_lower(span_bare(w)) &&
	    span_bare(w).p == w.p)
		frame_set_char(b, (size_t)(w.p - b->p),
		    unicode_upper(span_first(w)));
}

void
frame_decapitalise(struct buf *b, size_t at)
{
	struct span rest = span_from(span_buf(b), at), w, tail;
	size_t next;

	if (!span_next_word(&rest, &w))
		return;
	w = span_bare(w);
	if (!span_in_list(w, small_words) && !span_in_list(w, verb_words))
		return;
	span_char(w, 0, &next);
	tail = span_from(w, next);
	if (w.n > 1 && is_plain_lower(tail))
		frame_set_char(b, (size_t)(w.p - b->p),
		    unicode_lower(span_first(w)));
}

/* Whether text appended to b begins a sentence. */
static int
at_start(const struct buf *b, size_t from)
{
	struct span s = span_trim(span_from(span_buf(b), from));
	size_t at;
	uint32_t c;

	if (!s.n)
		return 1;
	c = span_last(s, &at);
	return span_is_stop(c) || (b->len && b->p[b->len - 1] == '\n');
}

void
frame_put_stop(struct buf *b, enum lang l, int query)
{
	if (l == LANG_TH)
		return;
	if (l == LANG_ZH || l == LANG_JA)
		buf_puts(b, query ? "？" : "。");
	else if (l == LANG_EL && query)
		buf_byte(b, ';');
	else if (l == LANG_AR && query)
		buf_puts(b, "؟");
	else if (l == LANG_HI && !query)
		buf_puts(b, "।");
	else if (l == LANG_FR && query)
		buf_puts(b, " ?");
	else
		buf_byte(b, query ? '?' : '.');
}

void
frame_end_sentence(struct buf *b, size_t from, enum lang l, int query)
{
	struct span s = span_trim(span_from(span_buf(b), from));
	size_t at;
	uint32_t c;

	if (!s.n)
		return;
	c = span_last(s, &at);
	if (span_is_quote(c) && span_is_stop(span_last(span_of(s.p, at), &at)))
		return;
	if (unicode_is_letter(c) || span_is_digit(c) || unicode_is_extending(c)
	    || c == ')' || span_is_quote(c) || kept_is_place(c))
		frame_put_stop(b, l, query);
}

/* Whether the frame continues after the slot with a sentence of its own. */
static int
goes_on(const char *after)
{
	uint32_t c;

	if (!*after)
		return 0;
	c = span_first(span_str(after));
	return !strchr(",.?!:;)\"'-", (int)(c < 0x80 ? c : 'a')) &&
	    !span_is_stop(c) && !span_is_quote(c);
}

/* Whether s has the word of n letters. */
static int
has_word(struct span s, const char *word, size_t n)
{
	struct span w;

	while (span_next_word(&s, &w)) {
		w = span_bare(w);
		if (w.n == n && !memcmp(w.p, word, n))
			return 1;
	}
	return 0;
}

/* Appends what comes before the slot, without a "please" that s has itself. */
static void
put_before_slot(struct buf *b, const char *frame, const char *slot,
    struct span s)
{
	static const char *const please[] = { "bitte", "please" };
	const char *p;
	size_t i, n;

	for (i = 0; i < LEN(please); i++) {
		n = strlen(please[i]);
		p = strstr(frame, please[i]);
		if (!p || p > slot || p == frame || p[n] != ' ' ||
		    !has_word(s, please[i], n))
			continue;
		buf_add(b, frame, (size_t)(p - frame));
		buf_add(b, p + n + 1, (size_t)(slot - p) - n - 1);
		return;
	}
	buf_add(b, frame, (size_t)(slot - frame));
}

void
frame_put(struct buf *b, const char *frame, struct span s, enum lang l,
    int query)
{
	const char *slot = strchr(frame, SLOT), *after = slot + 1;
	size_t from = b->len, at, last;
	int starts;

	put_before_slot(b, frame, slot, s);
	starts = at_start(b, from);
	at = b->len;
	span_put(b, s);
	if (query == FRAME_AS_IS)
		;
	else if (starts)
		frame_capitalise(b, at);
	else if (!span_is_quote(span_last(span_trim(span_of(frame,
	    (size_t)(slot - frame))), &last)))
		frame_decapitalise(b, at);
	if (query >= 0 && goes_on(after))
		frame_end_sentence(b, at, l, query);
	if (strchr(after, SLOT))
		frame_put(b, after, s, l, query);
	else
		buf_puts(b, after);
}

const char *const *
frame_find(const struct frames *table, size_t n, enum lang l, enum kind kind)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].lang == l && table[i].kind == kind)
			return table[i].list;
	return NULL;
}

const char *const *
frame_list(enum lang l, enum kind kind)
{
	if (l >= LANG_LATIN) {
		l = LANG_LATIN;
		kind = KIND_SAY;
	}
	if (kind == KIND_ORDER && l != LANG_EN)
		kind = KIND_SAY;
	return frame_find(frames, nframes, l, kind);
}

void
frame_note(struct work *w, const char *what, const char *frame)
{
	struct span s = span_str(frame);
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((s.p[i] & 0x80) || s.p[i] < ' ')
			break;
	if (i < s.n) {
		work_note(w, w->t.lang < LANG_LATIN ? "reworded in " :
		    "written in another form");
		if (w->t.lang < LANG_LATIN)
			buf_puts(w->note, tongues[w->t.lang].name);
		return;
	}
	work_note(w, what);
	buf_puts(w->note, " '");
	for (i = 0; i < s.n; i++)
		if (s.p[i] == SLOT)
			buf_puts(w->note, "...");
		else
			buf_byte(w->note, s.p[i]);
	buf_byte(w->note, '\'');
}

int
frame_ends_query(const struct user_text *t)
{
	struct span rest = span_of(span_end(t->main),
	    (size_t)(span_end(t->body) - span_end(t->main)));

	return t->query && !sentence_without_stop(rest, &(int){ 0 }).n;
}

/* Whether the body begins with a question, which may be announced as one. */
static int
begins_with_query(const struct user_text *t)
{
	struct span rest = t->body, one;
	int query = 0;

	if (!t->query || !sentence_next(&rest, &one))
		return 0;
	sentence_without_stop(one, &query);
	return query || one.p + one.n >= span_end(t->main);
}

enum kind
frame_whole_kind(const struct user_text *t)
{
	if (t->lang >= LANG_LATIN)
		return KIND_SAY;
	if (begins_with_query(t))
		return KIND_QUERY;
	return t->kind == KIND_REQUEST && t->lang == LANG_EN ? KIND_ORDER :
	    KIND_SAY;
}

/*
 * Makes a frame's first letter, at offset at, one within a sentence: it is not
 * that of a name, but in German it may be that of a noun.
 */
static void
decapitalise_phrase(struct buf *b, size_t at, const char *frame, enum lang l)
{
	uint32_t c = span_first(span_from(span_buf(b), at));

	if (c == 0xbf || c == 0xa1)
		c = span_first(span_from(span_buf(b), at += 2));
	if (*frame == SLOT || l == LANG_DE || (l == LANG_EN && c == 'I' &&
	    !unicode_is_letter((unsigned char)frame[1])))
		frame_decapitalise(b, at);
	else
		frame_set_char(b, at, unicode_lower(c));
}

void
frame_put_main(struct buf *b, const struct user_text *t, const char *frame)
{
	struct span before, after;
	size_t at, next;
	uint32_t c;

	before = span_of(t->all.p, (size_t)(t->main.p - t->all.p));
	after = span_of(span_end(t->main),
	    (size_t)(span_end(t->all) - span_end(t->main)));
	span_put(b, before);
	at = b->len;
	if (strchr(frame, SLOT))
		frame_put(b, frame, span_buf(&t->slot), t->lang, FRAME_NO_STOP);
	else
		buf_puts(b, frame);
	c = span_last(span_trim(before), &next);
	if (c && !span_is_stop(c) && !memchr(before.p + next, '\n', before.n -
	    next))
		decapitalise_phrase(b, at, frame, t->lang);
	span_put(b, after);
}

static int
begins_with_hello(const char *frame)
{
	return span_list_prefix(span_str(frame), hello_words) > 0;
}

static int
ends_with_bye(const char *frame)
{
	const char *p = strchr(frame, SLOT);

	return p && p[1] && span_list_prefix(span_trim(span_str(p + 1)),
	    bye_words) > 0;
}

static void
put_gap(struct buf *b, struct span left, struct span right, enum lang l)
{
	const char *p = span_end(left);

	/* the user's space between the two, if they were neighbours */
	if (p < right.p && right.p - p < 8)
		buf_add(b, p, (size_t)(right.p - p));
	else if (!language_is_dense(l))
		buf_byte(b, ' ');
}

void
frame_put_whole(struct buf *b, const struct user_text *t, const char *frame)
{
	size_t at;

	if (t->hello.n && !begins_with_hello(frame)) {
		span_put(b, t->hello);
		if (*frame != SLOT && unicode_is_letter(span_last(t->hello,
		    &at)))
			buf_byte(b, ',');
		put_gap(b, t->hello, t->body, t->lang);
	}
	at = b->len;
	frame_put(b, frame, t->body, t->lang,
	    t->lang < LANG_LATIN ? frame_ends_query(t) : FRAME_NO_STOP);
	if (at > 1 && b->p[at - 1] == ' ' && b->p[at - 2] == ',') {
		if (*frame == SLOT)
			frame_set_char(b, at, span_first(t->body));
		decapitalise_phrase(b, at, frame, t->lang);
	}
	if (t->bye.n && !ends_with_bye(frame)) {
		frame_end_sentence(b, 0, t->lang, 0);
		put_gap(b, t->body, t->bye, t->lang);
		span_put(b, t->bye);
	}
}
