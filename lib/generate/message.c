#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "language.h"
#include "phrases.h"
#include "purpose.h"
#include "sentence.h"
#include "span.h"
#include "message.h"

/* The end of a greeting with its punctuation, or 0. */
static size_t
hello_end(struct span s, size_t n)
{
	size_t i = n, next, words = 0;
	uint32_t c;

	while (i < s.n) {
		c = span_char(s, i, &next);
		if (c == ',' || c == '!' || c == '.' || c == ':' ||
		    c == 0x3001 || c == 0x3002 || c == 0xff0c ||
		    c == 0xff01 || c == 0x60c) {
			while (next < s.n && (c = span_char(s, next, &i)) &&
			    (c == '!' || c == '.'))
				next = i;
			return next;
		}
		if (c == '\n')
			return i;
		if (span_is_space(c) && ++words > 4)
			return 0;
		if (c == '?' || span_is_digit(c))
			return 0;
		i = next;
	}
	return 0;
}

static size_t
hello_len(struct span s)
{
	struct span rest, w;
	size_t n, end;

	if (*s.p == '@' && span_next_word(&(struct span){ s.p, s.n }, &w) &&
	    w.n > 1 && w.n < s.n)
		return w.n;
	n = span_list_prefix(s, hello_words);
	if (!n)
		return 0;
	if (n == s.n || !sentence_without_stop(span_from(s, n), &(int){ 0 }).n)
		return s.n;
	end = hello_end(s, n);
	if (end || span_prefix(s, "dear"))
		return end;
	rest = span_from(s, n);
	if (!span_next_word(&rest, &w))
		return n;
	return span_in_list(w, small_words) || span_in_list(w, verb_words) ||
	    span_equals(w, "i") || span_prefix(w, "i'") ? n : 0;
}

static int
is_bye(struct span s)
{
	return span_list_prefix(s, bye_words) && span_count_words(s) <= 9;
}

/* Returns the start of the closing words; s.n if there are none. */
static size_t
bye_start(struct span s)
{
	struct span rest = s, one;

	if (s.n > 300) {
		rest = span_from(s, s.n - 300);
		while (rest.n && rest.p[0] != '\n' && rest.p[0] != '.')
			rest = span_from(rest, 1);
		if (rest.n)
			rest = span_from(rest, 1);
	}
	while (sentence_next(&rest, &one)) {
		if (!is_bye(one))
			continue;
		rest = span_of(one.p, (size_t)(span_end(s) - one.p));
		if (memchr(rest.p, '?', rest.n))
			return s.n;
		return (size_t)(one.p - s.p);
	}
	return s.n;
}

/* Whether the whole message is an answer or a greeting. */
static int
reply_kind(struct user_text *t)
{
	struct span s;
	int query = 0;

	s = sentence_without_stop(t->all, &query);
	if (t->lang != LANG_EN || s.n > 40 || query)
		return 0;
	if (span_in_list(s, hello_words))
		t->kind = KIND_HELLO;
	else if (span_in_list(s, thanks_words))
		t->kind = KIND_THANKS;
	else if (span_in_list(s, yes_words))
		t->kind = KIND_YES;
	else if (span_in_list(s, no_words))
		t->kind = KIND_NO;
	else
		return 0;
	t->body = t->main = t->all;
	return 1;
}

void
message_init(struct user_text *t, struct span s)
{
	size_t n;

	memset(t, 0, sizeof(*t));
	t->all = span_trim(s);
	t->lang = language_of(t->all);
	t->kind = KIND_SAY;
	t->purpose = PURPOSE_REPORT;
	if (reply_kind(t))
		return;
	n = t->all.n ? hello_len(t->all) : 0;
	if (n == t->all.n)
		n = 0;
	t->hello = span_of(t->all.p, n);
	t->body = span_trim(span_from(t->all, n));
	n = bye_start(t->body);
	if (n) {
		t->bye = span_from(t->body, n);
		t->body = span_trim(span_of(t->body.p, n));
	}
	kind_find_main(t);
	t->purpose = purpose_of(t);
}

void
message_release(struct user_text *t)
{
	buf_release(&t->slot);
}
