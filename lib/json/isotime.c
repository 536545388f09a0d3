#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "isotime.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec / 1000;
}

int64_t
isotime_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
isotime_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void
isotime_both(int64_t *now, int64_t *monotonic)
{
	int tries = 10;

	do {
		*monotonic = isotime_monotonic();
		*now = isotime_now();
	} while (isotime_monotonic() - *monotonic > 1 && --tries > 0);
}

/*
 * Days since 1970-01-01 of a date in the Gregorian calendar, after Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil);
 * years from 1 on.
 */
static int64_t
days_of(int y, int m, int d)
{
	int era, yoe, doy, doe;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return (int64_t)era * 146097 + doe - 719468;
}

/* Writes a number with zeros before it, and after; returns where both end. */
static char *
put_part(char *p, unsigned n, unsigned width, char after)
{
	unsigned i;

	for (i = width; i > 0; n /= 10)
		p[--i] = (char)('0' + n % 10);
	p[width] = after;
	return p + width + 1;
}

void
isotime_put(struct buf *b, int64_t us)
{
	time_t t = (time_t)(us / SECOND);
	char *p = buf_room(b, sizeof("2025-01-02T03:04:05.678901+00:00"));
	struct tm tm;

	gmtime_r(&t, &tm);
	/* of the years that ISO 8601 takes without further agreement */
	p = put_part(p, (unsigned)tm.tm_year + 1900, 4, '-');
	p = put_part(p, (unsigned)tm.tm_mon + 1, 2, '-');
	p = put_part(p, (unsigned)tm.tm_mday, 2, 'T');
	p = put_part(p, (unsigned)tm.tm_hour, 2, ':');
	p = put_part(p, (unsigned)tm.tm_min, 2, ':');
	p = put_part(p, (unsigned)tm.tm_sec, 2, '.');
	p = put_part(p, (unsigned)(us % SECOND), 6, '+');
	b->len = (size_t)(p - b->p);
	buf_puts(b, "00:00");
}

void
isotime_add(struct buf *b, const char *key, int64_t us)
{
	json_key(b, key);
	buf_byte(b, '"');
	isotime_put(b, us);
	buf_byte(b, '"');
}

struct text {
	const char *p;
	const char *end;
};

/* Reads exactly n digits. */
static int
isotime_number(struct text *t, int n, int *v)
{
	*v = 0;
	for (; n > 0; n--, t->p++) {
		if (t->p == t->end || *t->p < '0' || *t->p > '9')
			return 0;
		*v = *v * 10 + (*t->p - '0');
	}
	return 1;
}

static int
eat(struct text *t, char c)
{
	if (t->p == t->end || *t->p != c)
		return 0;
	t->p++;
	return 1;
}

static int
leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* The Monday of the first ISO week of a year, in days since 1970. */
static int64_t
first_week(int y)
{
	int64_t jan4 = days_of(y, 1, 4);

	/* 1970-01-01 was a Thursday, day 3 counted from Monday */
	return jan4 - ((jan4 + 3) % 7 + 7) % 7;
}

/* Reads what follows a year and 'W'. */
static int
week_date(struct text *t, int y, int dashed, int64_t *days)
{
	int64_t monday = first_week(y);
	int week, day = 1;

	if (!isotime_number(t, 2, &week) || week < 1)
		return 0;
	if (dashed ? eat(t, '-') :
	    t->p < t->end && *t->p >= '0' && *t->p <= '9')
		if (!isotime_number(t, 1, &day))
			return 0;
	if (day < 1 || day > 7 || monday + 7 * (week - 1) >= first_week(y + 1))
		return 0;
	*days = monday + 7 * (week - 1) + day - 1;
	return 1;
}

static int
date(struct text *t, int64_t *days)
{
	static const int length[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int y, m, d, dashed;

	if (!isotime_number(t, 4, &y) || y < 1)
		return 0;
	dashed = eat(t, '-');
	if (eat(t, 'W'))
		return week_date(t, y, dashed, days);
	if (!isotime_number(t, 2, &m) || (dashed && !eat(t, '-')) ||
	    !isotime_number(t, 2, &d))
		return 0;
	if (m < 1 || m > 12 || d < 1 ||
	    d > length[m - 1] + (m == 2 && leap(y)))
		return 0;
	*days = days_of(y, m, d);
	return 1;
}

/*
 * Reads digits after '.' or ','; the value of those past the sixth is dropped.
 */
static int
fraction(struct text *t, int *us)
{
	int digits = 0;

	*us = 0;
	for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++)
		if (digits < 6) {
			*us = *us * 10 + (*t->p - '0');
			digits++;
		}
	if (!digits)
		return 0;
	for (; digits < 6; digits++)
		*us *= 10;
	return 1;
}

/* Reads HH, HH:MM, HH:MM:SS with a fraction, or the same without colons. */
static int
clock_time(struct text *t, int64_t *us)
{
	int h, m = 0, s = 0, f = 0, colon;

	if (!isotime_number(t, 2, &h))
		return 0;
	colon = eat(t, ':');
	if (colon || (t->p < t->end && *t->p >= '0' && *t->p <= '9')) {
		if (!isotime_number(t, 2, &m))
			return 0;
		if (colon ? eat(t, ':') :
		    t->p < t->end && *t->p >= '0' && *t->p <= '9')
			if (!isotime_number(t, 2, &s))
				return 0;
		if ((eat(t, '.') || eat(t, ',')) && !fraction(t, &f))
			return 0;
	}
	if (h > 23 || m > 59 || s > 59)
		return 0;
	*us = (h * 3600 + m * 60 + s) * SECOND + f;
	return 1;
}

static int
zone(struct text *t, int64_t *us)
{
	int sign;

	sign = t->p < t->end && *t->p == '-' ? -1 : 1;
	if (!eat(t, '+') && !eat(t, '-'))
		return 0;
	if (!clock_time(t, us))
		return 0;
	*us *= sign;
	return 1;
}

static int
parse(struct text *t, int64_t *us, int *zoned)
{
	int64_t days, time = 0, offset = 0;
	uint32_t c;

	*zoned = 0;
	if (!date(t, &days))
		return 0;
	if (t->p < t->end) {
		t->p += utf8_decode(t->p, (size_t)(t->end - t->p), &c);
		if (!clock_time(t, &time))
			return 0;
		if (t->p < t->end) {
			if (!zone(t, &offset))
				return 0;
			*zoned = 1;
		}
	}
	*us = days * DAY + time - offset;
	return t->p == t->end;
}

int
isotime_parse(const char *s, size_t n, int64_t *us, int *zoned)
{
	struct buf b = { 0 };
	struct text t;
	size_t i;
	int ok;

	if (n && !memchr(s, 'Z', n)) {
		t.p = s;
		t.end = s + n;
		return parse(&t, us, zoned);
	}
	for (i = 0; i < n; i++) {
		if (s[i] == 'Z')
			buf_puts(&b, "+00:00");
		else
			buf_byte(&b, s[i]);
	}
	t.p = buf_str(&b);
	t.end = t.p + b.len;
	ok = parse(&t, us, zoned);
	buf_release(&b);
	return ok;
}

int
isotime_read(struct json_span v, int64_t *us, int *zoned)
{
	struct buf text = { 0 };
	int ok;

	if (!json_is(v, JSON_STRING))
		return 0;
	json_text(&text, v);
	ok = isotime_parse(buf_str(&text), text.len, us, zoned);
	buf_release(&text);
	return ok;
}
