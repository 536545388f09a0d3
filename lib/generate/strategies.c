#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "kept.h"
#include "span.h"
#include "strategy.h"
#include "analysis.h"
#include "variant.h"
#include "strategies.h"

/*
 * Strategies that keep parts leave ids, quoted text and the like as they are,
 * and write nothing for a text that is code; others put a frame around that.
 */
static const struct strategy {
	const char *name;
	int (*make)(struct work *);
	const char *summary;	/* line in the usage and --list-strategies */
	enum { KEEPS_NOTHING, KEEPS_PARTS, FRAMES_CODE } keeps;
	enum { BY_DEFAULT, ON_REQUEST } use;
	int personal;		/* 1: another variation for each persona */
} strategies[] = {
	{ "rephrase", rephrase_make, "the same in other words",
	    FRAMES_CODE, BY_DEFAULT, 0 },
	{ "typo", typo_make, "slips of the keyboard",
	    KEEPS_PARTS, BY_DEFAULT, 0 },
	{ "error_prone", error_prone_make, "careless writing",
	    KEEPS_PARTS, BY_DEFAULT, 0 },
	{ "verbose", verbose_make, "at length",
	    FRAMES_CODE, BY_DEFAULT, 0 },
	{ "concise", concise_make, "in key words",
	    KEEPS_PARTS, BY_DEFAULT, 0 },
	{ "persona_based", persona_make, "as a persona would write it",
	    FRAMES_CODE, BY_DEFAULT, 1 },
	{ "adversarial", adversarial_make, "attempts to mislead the agent",
	    KEEPS_NOTHING, BY_DEFAULT, 0 },
	{ "multilingual", multilingual_make,
	    "with an answer wanted in another language",
	    FRAMES_CODE, BY_DEFAULT, 0 },
	{ "entity", entity_make, "a number, amount, date, id or name wrong",
	    KEEPS_NOTHING, ON_REQUEST, 0 },
	{ "order", order_make, "sentences in another order or left out",
	    KEEPS_PARTS, ON_REQUEST, 0 },
	{ "context", context_make, "within other text, or as it is spoken",
	    FRAMES_CODE, ON_REQUEST, 0 },
	{ "boundary", boundary_make, "empty, very short, very long",
	    KEEPS_NOTHING, ON_REQUEST, 0 },
	{ "custom", custom_make, "your own templates",
	    KEEPS_NOTHING, BY_DEFAULT, 1 },
};
const size_t strategies_count = LEN(strategies);

const char *
strategies_name(size_t s)
{
	return strategies[s].name;
}

const char *
strategies_summary(size_t s)
{
	return strategies[s].summary;
}

int
strategies_default(size_t s)
{
	return strategies[s].use == BY_DEFAULT;
}

int
strategies_personal(size_t s)
{
	return strategies[s].personal;
}

size_t
strategies_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(strategies); i++)
		if (!strcmp(strategies[i].name, name))
			break;
	return i;
}

/* Makes a variation without the parts that are kept, and puts them back. */
static int
make_hidden(struct work *w, const struct strategy *s, struct buf *text)
{
	struct analysis *analysis = w->v->analysis;

	w->t = *analysis_hidden(analysis);
	return (!analysis->kept.code || s->keeps == FRAMES_CODE) &&
	    s->make(w) && kept_show(&analysis->kept, span_buf(w->out),
	    w->leaves_out, text);
}

int
strategies_make(struct buf *text, struct buf *note, const struct variant *v,
    size_t s, size_t k)
{
	struct buf t = { 0 }, n = { 0 };
	struct work w = { .out = &t, .note = &n, .v = v, .k = k };
	const char *name = v->persona ? v->persona->name : NULL;
	int ok;

	if (!name)
		name = "";
	w.rng.state = hash_bytes(v->seed, (uint64_t)s << 48 ^ k, name,
	    strlen(name));
	if (strategies[s].keeps) {
		ok = make_hidden(&w, &strategies[s], text);
	} else {
		w.t = *analysis_whole(v->analysis);
		ok = strategies[s].make(&w);
		if (ok)
			buf_add(text, t.p, t.len);
	}
	if (ok)
		buf_add(note, n.p, n.len);
	buf_release(&t);
	buf_release(&n);
	return ok;
}
