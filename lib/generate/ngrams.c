#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "ngrams.h"
#include "ngrams_table.h"

#define WORD_LETTERS 40	/* of a word that are looked at */
#define WORD_LIMIT 20	/* of what one word says: it may be a name or a loan */
#define NGRAMS_CAP 8192	/* at least twice as many as there are entries */

/* Entries by the hash of their letters; weights follow the letters. */
static struct {
	const char *p;
	unsigned char n;	/* bytes of the letters */
} ngrams[NGRAMS_CAP];

static size_t
ngram_slot(const char *p, size_t n)
{
	size_t i = hash_word(p, n) % NGRAMS_CAP;

	for (; ngrams[i].n; i = (i + 1) % NGRAMS_CAP)
		if (ngrams[i].n == n && !memcmp(ngrams[i].p, p, n))
			break;
	return i;
}

static void
ngrams_load(void)
{
	struct span rest = span_str(ngrams_table), w;
	size_t i, n;

	while (span_next_word(&rest, &w)) {
		n = w.n - LEXICON_LATIN;
		i = ngram_slot(w.p, n);
		ngrams[i].p = w.p;
		ngrams[i].n = (unsigned char)n;
	}
}

static void
ngram_add(const char *p, size_t n, int sums[LEXICON_LATIN])
{
	size_t i = ngram_slot(p, n), l;

	for (l = 0; ngrams[i].n && l < LEXICON_LATIN; l++)
		sums[l] += ngrams[i].p[n + l] - 'm';
}

void
ngrams_weigh(struct span word, int sums[LEXICON_LATIN])
{
	static int loaded;
	int word_sums[LEXICON_LATIN] = { 0 };
	char text[WORD_LETTERS * 4 + 2];
	size_t at[WORD_LETTERS + 3], letters = 0, len = 0, i = 0, n;
	uint32_t c;

	if (!loaded)
		ngrams_load();
	loaded = 1;
	at[letters++] = 0;
	text[len++] = '_';
	while (i < word.n && letters <= WORD_LETTERS) {
		c = span_char(word, i, &i);
		at[letters++] = len;
		len += utf8_encode(text + len, c == 0x2019 ? '\'' :
		    unicode_lower(c));
	}
	at[letters++] = len;
	text[len++] = '_';
	at[letters] = len;
	for (i = 0; i < letters; i++)
		for (n = 2; n <= NGRAMS_LETTERS && i + n <= letters; n++)
			ngram_add(text + at[i], at[i + n] - at[i], word_sums);
	for (i = 0; i < LEXICON_LATIN; i++) {
		if (word_sums[i] < -WORD_LIMIT)
			word_sums[i] = -WORD_LIMIT;
		sums[i] += word_sums[i] < WORD_LIMIT ? word_sums[i] :
		    WORD_LIMIT;
	}
}
