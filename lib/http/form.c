#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "form.h"

struct form_pair {
	struct buf name, value;
	int listed;		/* written already */
};

static int
form_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 :
	    c) : NULL;

	return p ? (int)(p - digits) : -1;
}

static void
put_decoded(struct buf *b, const char *p, size_t n)
{
	size_t i;
	int high, low;

	for (i = 0; i < n; i++) {
		high = p[i] == '%' && i + 2 < n ? form_hex(p[i + 1]) : -1;
		low = high >= 0 ? form_hex(p[i + 2]) : -1;
		if (low >= 0) {
			buf_byte(b, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_byte(b, p[i] == '+' ? ' ' : p[i]);
		}
	}
}

/* Splits n bytes into pairs. Returns their number. */
static size_t
split_pairs(const char *p, size_t n, struct form_pair **pairs)
{
	const char *end = p + n, *stop, *eq;
	size_t count = 0, cap = 0;

	*pairs = NULL;
	for (; p < end; p = stop + 1) {
		stop = memchr(p, '&', (size_t)(end - p));
		if (!stop)
			stop = end;
		if (stop == p)
			continue;
		eq = memchr(p, '=', (size_t)(stop - p));
		ALLOC_GROW(*pairs, count + 1, cap);
		memset(&(*pairs)[count], 0, sizeof(**pairs));
		put_decoded(&(*pairs)[count].name, p,
		    (size_t)((eq ? eq : stop) - p));
		if (eq)
			put_decoded(&(*pairs)[count].value, eq + 1,
			    (size_t)(stop - eq - 1));
		count++;
	}
	return count;
}

static int
same_name(struct form_pair *a, struct form_pair *b)
{
	return a->name.len == b->name.len &&
	    !strcmp(buf_str(&a->name), buf_str(&b->name));
}

/* Adds a pair and all later ones of its name. */
static void
add_values(struct buf *b, struct form_pair *first, size_t left)
{
	size_t i, n = 0;

	for (i = 0; i < left; i++)
		n += (size_t)same_name(first, &first[i]);
	json_key(b, buf_str(&first->name));
	if (n > 1)
		buf_byte(b, '[');
	for (i = 0; i < left; i++) {
		if (!same_name(first, &first[i]))
			continue;
		first[i].listed = 1;
		json_add_text(b, NULL, buf_str(&first[i].value),
		    first[i].value.len);
	}
	if (n > 1)
		buf_byte(b, ']');
}

int
form_put_json(struct buf *b, const char *p, size_t n)
{
	struct form_pair *pairs;
	size_t count = split_pairs(p, n, &pairs), i;

	if (count)
		json_open(b, NULL, '{');
	for (i = 0; i < count; i++)
		if (!pairs[i].listed)
			add_values(b, &pairs[i], count - i);
	if (count)
		json_close(b, '}');
	for (i = 0; i < count; i++) {
		buf_release(&pairs[i].name);
		buf_release(&pairs[i].value);
	}
	free(pairs);
	return count > 0;
}

int
form_is_type(const char *type)
{
	static const char form[] = "application/x-www-form-urlencoded";

	return !strncasecmp(type, form, sizeof(form) - 1);
}
