#include <string.h>

#include "base/unicode.h"
#include "span.h"
#include "variant.h"
#include "traits.h"

int
traits_mention(const char *s, const char *key)
{
	struct span rest;

	if (!s)
		return 0;
	for (rest = span_str(s); rest.n; rest = span_from(rest, 1))
		if (span_prefix(rest, key) && (rest.p == s ||
		    !unicode_is_letter((unsigned char)rest.p[-1]) ||
		    strlen(key) > 5))
			return 1;
	return 0;
}

int
traits_terse(const struct persona *p)
{
	static const char *const keys[] = { "terse", "laconic", "curt",
	    "few words", "short fragments", "short messages", "concise",
	    NULL };
	const char *const *key;
	size_t i;

	for (key = keys; p && *key; key++) {
		if (traits_mention(p->description, *key))
			return 1;
		for (i = 0; i < p->ntraits; i++)
			if (traits_mention(p->traits[i], *key))
				return 1;
	}
	return 0;
}
