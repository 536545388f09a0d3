/*
 * For libFuzzer: a .env file. Its entries must lie in it one after the other,
 * with names that a shell accepts, and values without a NUL.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config/dotenv.h"
#include "config/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "fuzz-dotenv: %s\n", what);
	abort();
}

static int
is_name(const char *p, size_t n)
{
	size_t i;

	if (!n || isdigit((unsigned char)*p))
		return 0;
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '_')
			return 0;
	return 1;
}

static void
check_entry(const struct dotenv_entry *e, const char *from, const char *end)
{
	check(e->start >= from && e->end > e->start && e->end <= end,
	    "an entry is not after the one before it");
	check(e->line > 0, "an entry has no line");
	if (!e->name) {
		check(e->error != NULL, "a bad line has no reason");
		return;
	}
	check(e->name >= e->start && e->name + e->name_len <= e->end,
	    "a name is not in its line");
	check(is_name(e->name, e->name_len), "a name that no shell takes");
	check(!e->value.len || !memchr(e->value.p, '\0', e->value.len),
	    "a NUL in a value");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dotenv_entry entry = { .name = NULL };
	struct env env = { 0 };
	struct buf text = { 0 };
	struct dotenv d;
	const char *from, *end;

	buf_add(&text, (const char *)data, size);
	from = buf_str(&text);
	end = from + strlen(from);
	for (dotenv_begin(&d, from); dotenv_next(&d, &env, &entry);
	    from = entry.end) {
		check_entry(&entry, from, end);
		/* values may grow by references to earlier ones */
		if (entry.name && entry.value.len < 4096)
			env_set(&env, entry.name, entry.name_len,
			    buf_str(&entry.value), 1);
	}
	buf_release(&entry.value);
	env_release(&env);
	buf_release(&text);
	return 0;
}
