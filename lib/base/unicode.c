#include <stddef.h>

#include "util.h"
#include "unicode_tables.h"
#include "unicode.h"

/* Finds c among n ranges in ascending order. */
static int
in_ranges(const struct unicode_range *ranges, size_t n, uint32_t c)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (c < ranges[mid].from)
			high = mid;
		else if (c > ranges[mid].to)
			low = mid + 1;
		else
			return 1;
	}
	return 0;
}

static uint32_t
map(const struct unicode_mapping *m, size_t n, uint32_t c)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (c < m[mid].from)
			high = mid;
		else if (c > m[mid].to)
			low = mid + 1;
		else
			return (c - m[mid].from) % m[mid].step ? c :
			    c + (uint32_t)m[mid].delta;
	}
	return c;
}

int
unicode_is_alnum(uint32_t c)
{
	return in_ranges(alnum, LEN(alnum), c);
}

int
unicode_is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
	return in_ranges(letters, LEN(letters), c);
}

int
unicode_is_extending(uint32_t c)
{
	return c >= 0x300 && in_ranges(extending, LEN(extending), c);
}

int
unicode_is_hidden(uint32_t c)
{
	return in_ranges(hidden, LEN(hidden), c);
}

unsigned
unicode_width(uint32_t c)
{
	/* most text */
	if (c < 0x300)
		return 1;
	if (in_ranges(zero_width, LEN(zero_width), c))
		return 0;
	return in_ranges(double_width, LEN(double_width), c) ? 2 : 1;
}

uint32_t
unicode_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return map(to_lower, LEN(to_lower), c);
}

uint32_t
unicode_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c - 32 : c;
	return map(to_upper, LEN(to_upper), c);
}
