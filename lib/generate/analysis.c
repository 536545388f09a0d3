#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "analysis.h"

enum { ANALYSIS_WHOLE = 1, ANALYSIS_HIDDEN = 2 };

void
analysis_init(struct analysis *a, struct span text)
{
	memset(a, 0, sizeof(*a));
	a->text = text;
}

void
analysis_release(struct analysis *a)
{
	buf_release(&a->brief[0]);
	buf_release(&a->brief[1]);
	if (a->known & ANALYSIS_WHOLE)
		message_release(&a->whole);
	if (!(a->known & ANALYSIS_HIDDEN))
		return;
	message_release(&a->hidden);
	kept_release(&a->kept);
}

const struct user_text *
analysis_whole(struct analysis *a)
{
	if ((a->known & ANALYSIS_HIDDEN) && !a->kept.n)
		return &a->hidden;
	if (!(a->known & ANALYSIS_WHOLE))
		message_init(&a->whole, a->text);
	a->known |= ANALYSIS_WHOLE;
	return &a->whole;
}

/* The kind and the language of a text that is code. */
static void
beside_code(struct user_text *t, struct span prose)
{
	int query = 0;

	sentence_without_stop(prose, &query);
	t->lang = language_of(prose);
	t->query = query;
	t->kind = query ? KIND_QUERY : KIND_SAY;
	t->purpose = PURPOSE_TASK;
	if (t->lang >= LANG_LATIN)
		t->lang = LANG_LATIN;
}

const struct user_text *
analysis_hidden(struct analysis *a)
{
	if (a->known & ANALYSIS_HIDDEN)
		return &a->hidden;
	a->known |= ANALYSIS_HIDDEN;
	kept_hide(&a->kept, a->text);
	message_init(&a->hidden, span_buf(&a->kept.text));
	if (a->kept.code)
		beside_code(&a->hidden, span_buf(&a->kept.prose));
	return &a->hidden;
}
