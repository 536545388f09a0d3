#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "phrases.h"
#include "english.h"

const char *const english_wh_words[] = { "how", "what", "where", "when", "why",
    "who", "which", "whose", NULL };
const char *const english_aux_words[] = { "can", "could", "should", "will",
    "would", "must", "may", "might", "do", "does", "am", "is", "are", "was",
    "were", "have", "has", "had", "can't", "couldn't", "shouldn't", "won't",
    "wouldn't", "don't", "doesn't", "didn't", "isn't", "aren't", "wasn't",
    "weren't", "haven't", "hasn't", NULL };
const char *const english_pronouns[] = { "i", "you", "we", "they", "he", "she",
    "it", "there", NULL };
const char *const english_determiners[] = { "a", "an", "the", "my", "our",
    "your",
    "his", "her", "their", "some", "more", "another", "help", "all", NULL };

static int
is_third(struct span w)
{
	return span_equals(w, "it") || span_equals(w, "he") || span_equals(w,
	    "she");
}

/* Appends the third person singular of a verb. */
static void
put_third(struct buf *b, struct span verb)
{
	char last, before;

	if (span_equals(verb, "have")) {
		buf_puts(b, "has");
		return;
	}
	span_put(b, verb);
	last = verb.p[verb.n - 1];
	before = verb.n > 1 ? verb.p[verb.n - 2] : 'a';
	if (last == 'y' && !span_char_in("aeiou", before)) {
		b->len--;
		buf_puts(b, "ies");
	} else if (span_char_in("sxzo", last) ||
	    (last == 'h' && span_char_in("cs", before)))
		buf_puts(b, "es");
	else
		buf_byte(b, 's');
}

/*
 * Turns "aux pronoun rest" into "pronoun aux rest", without the aux if it is
 * "do"; words[0] is the aux. Returns 0 if the words are not such a question.
 */
static int
turn(struct buf *b, const struct span *words, size_t n, struct span end)
{
	struct span tail, verb;
	int third;

	if (n < 3 || !span_in_list(words[0], english_aux_words) ||
	    !span_in_list(words[1], english_pronouns))
		return 0;
	tail = span_of(words[2].p, (size_t)(span_end(end) - words[2].p));
	third = span_equals(words[0], "does");
	if (third && (!is_third(words[1]) || span_bare(words[2]).n !=
	    words[2].n))
		return 0;
	span_put(b, words[1]);
	buf_byte(b, ' ');
	if (third) {
		span_next_word(&tail, &verb);
		put_third(b, verb);
	} else if (!span_equals(words[0], "do")) {
		buf_byte(b, span_ascii_lower(*words[0].p));
		span_put(b, span_from(words[0], 1));
		buf_byte(b, ' ');
	}
	span_put(b, tail);
	return 1;
}

/* Appends "where my order is" for "where is my order", where that is sure. */
static int
turn_noun(struct buf *b, const struct span *words, size_t n, struct span s)
{
	int where = span_equals(words[0], "where");
	int why = span_equals(words[0], "why");
	struct span tail, last = words[n - 1];
	size_t at;

	/* "where is my last order", "why is my order late" */
	if (!(where && n >= 4 && n <= 7) && !(why && n == 5))
		return 0;
	if (!span_equals(words[1], "is") && !span_equals(words[1], "are"))
		return 0;
	if (!span_in_list(words[2], english_determiners) ||
	    memchr(s.p, ',', s.n))
		return 0;
	if (where && last.n > 4 && (span_suffix(last, "ing", &at) ||
	    span_suffix(last, "ed", &at)))
		return 0;
	span_put(b, words[0]);
	buf_byte(b, ' ');
	tail = span_of(words[2].p, (size_t)(span_end(s) - words[2].p));
	if (why)
		tail.n = (size_t)(words[4].p - words[2].p - 1);
	span_put(b, tail);
	buf_byte(b, ' ');
	span_put(b, words[1]);
	if (why) {
		buf_byte(b, ' ');
		span_put(b, words[4]);
	}
	return 1;
}

/* Whether the question asks for its own subject: "what happened to". */
static int
asks_subject(const struct span *words, size_t n)
{
	static const char *const verbs[] = { "happened", "happens", "went",
	    "goes", "caused", "causes", "changed", "comes", NULL };
	static const char *const after_is[] = { "wrong", "going", "happening",
	    "causing", "required", "needed", "included", "missing", NULL };
	static const char *const after_who[] = { "can", "will", "could",
	    "should", "has", NULL };

	if (n < 2)
		return 0;
	if (span_equals(words[0], "who") && span_in_list(words[1], after_who))
		return n > 2 && !span_in_list(words[2], english_pronouns);
	if (!span_equals(words[0], "what"))
		return 0;
	if (span_in_list(words[1], verbs))
		return 1;
	return n > 2 && span_equals(words[1], "is") && span_in_list(words[2],
	    after_is);
}

int
english_wh_clause(struct span s, struct buf *slot)
{
	struct span words[8], rest;
	size_t n, i;

	n = span_words(s, words, LEN(words), &rest);
	if (!n || !span_in_list(words[0], english_wh_words))
		return 0;
	if (asks_subject(words, n)) {
		span_put(slot, s);
		return 1;
	}
	for (i = 1; i < 5 && i + 2 < n; i++) {
		if (!span_in_list(words[i], english_aux_words))
			continue;
		span_put(slot, span_of(s.p, (size_t)(words[i].p - s.p)));
		if (turn(slot, words + i, n - i, s))
			return 1;
		slot->len = 0;
		break;
	}
	return !rest.n && turn_noun(slot, words, n, s);
}

int
english_yesno_clause(struct span s, struct buf *slot)
{
	struct span words[3], rest;
	size_t n;

	n = span_words(s, words, LEN(words), &rest);
	return turn(slot, words, n, s);
}

/* Whether a word says how something is, not what: "what is open". */
static int
is_quality(struct span w)
{
	static const char *const words[] = { "open", "free", "due", "late",
	    "early", "cheap", "cheaper", "cheapest", "best", "worse", "worst",
	    "left", "ready", "broken", "down", "safe", "vegan", "fast",
	    "faster", "fastest", "good", "bad", "inside", "here", "there",
	    "on", "off", "in", "out", "worth", "popular", "nearby", "closer",
	    "closest", "nearest", "full", "empty", "legal", "normal", NULL };
	static const char *const tails[] = { "able", "ible", "ful", "less",
	    "ous", "ed", NULL };
	size_t i, at;

	for (i = 0; tails[i]; i++)
		if (w.n > strlen(tails[i]) + 2 && span_suffix(w, tails[i], &at))
			return 1;
	return span_in_list(w, words);
}

int
english_is_thing(struct span s)
{
	static const char *const no[] = { "going", "happening", "wrong",
	    "this", "that", "it", "up", "next", "new", "better", "i", "you",
	    "he", "she", "we", "they", "these", "those", "so", "not", NULL };
	static const char *const clause[] = { "if", "when", "that", "which",
	    "who", "because", "while", "after", "before", "and", NULL };
	struct span words[9], rest;
	size_t n, i;

	n = span_words(s, words, LEN(words), &rest);
	if (!n || n > 8 || span_in_list(words[0], no) || (n < 4 &&
	    is_quality(words[0])))
		return 0;
	for (i = 1; i < n; i++)
		if (span_in_list(words[i], clause))
			return 0;
	if (memchr(s.p, ',', s.n))
		return 0;
	return n <= 2 || span_in_list(words[0], english_determiners) ||
	    span_first(s) < 'a';
}

int
english_is_command(struct span s)
{
	static const char *const never[] = { "have", "be", "know", "work",
	    "become", "achieve", "log", NULL };
	static const char *const object[] = { "me", "us", "it", "them", "all",
	    "every", "another", "up", "down", "two", NULL };
	struct span words[2], rest;
	size_t n;

	n = span_words(s, words, LEN(words), &rest);
	if (!n || span_in_list(words[0], english_pronouns))
		return 0;
	if (span_equals(words[0], "log") || span_equals(words[0], "do"))
		return n > 1 && (span_equals(words[1], "me") ||
		    span_equals(words[1], "not"));
	if (!span_in_list(words[0], verb_words) || span_in_list(words[0],
	    never))
		return 0;
	if (n > 1 && span_in_list(words[1], english_pronouns) &&
	    !span_equals(words[1], "it"))
		return 0;
	if (!span_in_list(words[0], noun_words))
		return 1;
	return n > 1 && (span_in_list(words[1], article_words) ||
	    span_in_list(words[1], object));
}

int
english_is_topic(struct span s)
{
	static const char *const no[] = { "not", "no", "still", "too", "very",
	    "is", "are", "was", "were", "it", "i", "you", "we", "doesn't",
	    "don't", "can't", "won't", "isn't", "never", "nothing", "broken",
	    "wrong", "if", "and", "but", "how", "what", "why", "where", "when",
	    "who", "which", "can", "could", "do", "does", "will", "would",
	    "there", "this", "that", "has", "have", "had", "because", "yes",
	    "help", "stop", "wtf", "lol", "hm", "hmm", "test", "ok", NULL };
	struct span rest = s, w;
	size_t n = 0, at;

	while (span_next_word(&rest, &w)) {
		w = span_bare(w);
		if (++n > 4 || span_in_list(w, no) || !w.n)
			return 0;
		if (w.n > 4 && span_suffix(w, "ing", &at) && n == 1)
			return 0;
		if (n > 1 && w.n > 3 && span_suffix(w, "ed", &at))
			return 0;
		if (span_in_list(w, verb_words) && !span_in_list(w, noun_words))
			return 0;
	}
	return n > 0;
}

int
english_is_object(struct span s)
{
	struct span words[2], rest;
	size_t n;

	n = span_words(s, words, 2, &rest);
	return n && span_in_list(span_bare(words[0]), english_determiners) &&
	    !span_equals(words[0], "you") && !memchr(s.p, ',', s.n);
}
