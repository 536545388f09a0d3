#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "message.h"
#include "span.h"
#include "strategy.h"
#include "variant.h"
#include "strategies.h"

static const struct {
	const char *name;
	int (*make)(struct work *);
	const char *summary;	/* a line for the usage and --list-strategies */
} strategies[] = {
	{ "rephrase", rephrase_make, "the same in other words" },
	{ "typo", typo_make, "slips of the keyboard" },
	{ "error_prone", error_prone_make, "careless writing" },
	{ "verbose", verbose_make, "at length" },
	{ "concise", concise_make, "in key words" },
	{ "persona_based", persona_make, "as a persona would write it" },
	{ "adversarial", adversarial_make, "attempts to mislead the agent" },
	{ "multilingual", multilingual_make, "in other languages" },
	{ "custom", custom_make, "your own templates" },
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

size_t
strategies_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(strategies); i++)
		if (!strcmp(strategies[i].name, name))
			break;
	return i;
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
	message_init(&w.t, span_of(v->text, v->len));
	ok = strategies[s].make(&w);
	if (ok) {
		buf_add(text, t.p, t.len);
		buf_add(note, n.p, n.len);
	}
	message_release(&w.t);
	buf_release(&t);
	buf_release(&n);
	return ok;
}
