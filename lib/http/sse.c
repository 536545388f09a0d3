#include <string.h>

#include "sse.h"

/* Passes on the complete event, if it has data. */
static int
dispatch_event(struct sse *s, sse_take *take, void *arg)
{
	int r = 0;

	if (s->has_data)
		r = take(arg, buf_str(&s->name), buf_str(&s->data),
		    s->data.len);
	s->data.len = s->name.len = 0;
	s->has_data = 0;
	return r;
}

/* Whether the n bytes of a field's name are this name. */
static int
is_field(const char *p, size_t n, const char *name)
{
	return strlen(name) == n && !memcmp(p, name, n);
}

/* Takes a line of server-sent events; comments, id and retry mean nothing. */
static void
take_event_field(struct sse *s, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n), *value;
	size_t name = colon ? (size_t)(colon - p) : n, len;

	value = colon ? colon + 1 : p + n;
	len = n - (size_t)(value - p);
	if (len && *value == ' ') {
		value++;
		len--;
	}
	if (is_field(p, name, "event")) {
		s->name.len = 0;
		buf_add(&s->name, value, len);
	} else if (is_field(p, name, "data")) {
		if (s->has_data)
			buf_byte(&s->data, '\n');
		buf_add(&s->data, value, len);
		s->has_data = 1;
	}
}

static int
is_blank_line(const char *p, size_t n)
{
	while (n && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	return !n;
}

/* Takes a whole line. */
static int
take_event_line(struct sse *s, const char *p, size_t n, sse_take *take,
    void *arg)
{
	if (!s->begun && n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		p += 3;
		n -= 3;
	}
	s->begun = 1;
	if (s->kind == SSE_LINES)
		return is_blank_line(p, n) ? 0 : take(arg, "", p, n);
	if (!n)
		return dispatch_event(s, take, arg);
	take_event_field(s, p, n);
	return s->max && s->data.len > s->max ? -1 : 0;
}

/* The first line end in the n bytes at p, or NULL. */
static const char *
find_line_end(const struct sse *s, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n), *cr;

	/* in JSON lines, a CR before the LF is white space */
	if (s->kind == SSE_LINES)
		return lf;
	cr = memchr(p, '\r', lf ? (size_t)(lf - p) : n);
	return cr ? cr : lf;
}

int
sse_feed(struct sse *s, const char *p, size_t n, sse_take *take, void *arg)
{
	const char *end = p + n, *stop;
	int r = 0;

	while (p < end && !r) {
		if (s->after_cr && *p == '\n')
			p++;
		s->after_cr = 0;
		if (p == end)
			break;
		stop = find_line_end(s, p, (size_t)(end - p));
		if (!stop) {
			buf_add(&s->line, p, (size_t)(end - p));
			return s->max && s->line.len > s->max ? -1 : 0;
		}
		if (s->line.len) {
			buf_add(&s->line, p, (size_t)(stop - p));
			r = take_event_line(s, s->line.p, s->line.len, take,
			    arg);
			s->line.len = 0;
		} else {
			r = take_event_line(s, p, (size_t)(stop - p), take,
			    arg);
		}
		s->after_cr = *stop == '\r';
		p = stop + 1;
	}
	return r;
}

int
sse_end(struct sse *s, sse_take *take, void *arg)
{
	int r = 0;

	if (s->line.len)
		r = take_event_line(s, s->line.p, s->line.len, take, arg);
	s->line.len = 0;
	return r ? r : dispatch_event(s, take, arg);
}

void
sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->name);
}
