#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/json.h"
#include "io/line.h"
#include "io/plain.h"
#include "cache.h"

/* The start of a record up to its key, and what follows the key. */
#define HEAD "{\"key\":\""
#define NEXT "\",\"version\":1,\"reply\":"
#define KEY_LEN (CACHE_KEY - 1)
#define DAMAGED SIZE_MAX	/* in place of the number of a place */
#define FIXED (sizeof(HEAD) - 1 + KEY_LEN + sizeof(NEXT) - 1)

struct cache_place {
	uint64_t at;		/* offset of the record in the file */
	size_t n;
};

static uint64_t
hash_of_key(const char *key)
{
	return hash_bytes(0, 0, key, KEY_LEN);
}

/* Whether the n bytes begin as a record does, with a key of hex digits. */
static int
cache_is_record(const char *p, size_t n)
{
	const char *key = p + sizeof(HEAD) - 1;

	return n > FIXED && !memcmp(p, HEAD, sizeof(HEAD) - 1) &&
	    strspn(key, "0123456789abcdef") == KEY_LEN &&
	    !memcmp(key + KEY_LEN, NEXT, sizeof(NEXT) - 1) &&
	    p[n - 1] == '}';
}

static void
cache_add_place(struct cache *c, const char *key, uint64_t at, size_t n)
{
	int added;
	size_t *place = set_add(&c->keys, hash_of_key(key), &added);

	/* the last one counts: it was added because the others were damaged */
	(void)added;
	ALLOC_GROW(c->places, c->n + 1, c->cap);
	c->places[c->n] = (struct cache_place){ at, n };
	*place = c->n++;
}

/* The last record in a line, which may follow a torn one, or NULL. */
static const char *
find_record(const struct line *l)
{
	const char *p = l->p, *next, *end = l->p + l->n, *found = NULL;

	if (cache_is_record(p, l->n))
		found = p;
	for (next = p; (next = strstr(next + 1, HEAD)); )
		if (cache_is_record(next, (size_t)(end - next)))
			found = next;
	return found;
}

static void
take_cache_line(struct cache *c, const struct line *l)
{
	const char *p = l->n ? find_record(l) : NULL;

	if (l->n && p != l->p)
		c->skipped++;
	if (p)
		cache_add_place(c, p + sizeof(HEAD) - 1, l->offset +
		    (uint64_t)(p - l->p), l->n - (size_t)(p - l->p));
}

static int
read_keys(struct cache *c)
{
	struct line_reader r;
	struct line l = { .whole = 1 };
	int got;

	line_init(&r, c->fd);
	while ((got = line_next(&r, &l)) > 0)
		take_cache_line(c, &l);
	c->torn = !l.whole;
	line_release(&r);
	return got;
}

int
cache_open(struct cache *c, const char *path, int writing, struct err *e)
{
	memset(c, 0, sizeof(*c));
	c->path = xstrdup(path);
	c->line = xcalloc(1, sizeof(*c->line));
	/* the folder may be another user's */
	c->fd = plain_open(AT_FDCWD, path, writing ? O_RDWR | O_APPEND |
	    O_CREAT : O_RDONLY);
	if (c->fd < 0 && !writing && errno == ENOENT)
		return 0;
	if (c->fd < 0)
		return err_set(e, 0, 0, "%s: %s", path, plain_error(errno));
	if (read_keys(c))
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	return 0;
}

void
cache_close(struct cache *c)
{
	if (!c->path)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	set_release(&c->keys);
	free(c->places);
	buf_release(c->line);
	free(c->line);
	memset(c, 0, sizeof(*c));
}

/* Reads a record into line. Returns 0, or -1 if it is gone. */
static int
read_place(struct cache *c, const struct cache_place *p)
{
	size_t got = 0;
	ssize_t n = 1;

	c->line->len = 0;
	buf_room(c->line, p->n);
	while (got < p->n && n > 0) {
		n = pread(c->fd, c->line->p + got, p->n - got,
		    (off_t)(p->at + got));
		got += n > 0 ? (size_t)n : 0;
	}
	c->line->len = got;
	buf_str(c->line);
	return got == p->n ? 0 : -1;
}

int
cache_find(struct cache *c, const char *key, struct buf *b)
{
	static const char *const names[] = { "key", "reply" };
	struct json_span v[LEN(names)];
	struct json_fault f;
	size_t *place = set_find(&c->keys, hash_of_key(key));

	if (!place || *place == DAMAGED || read_place(c, &c->places[*place]))
		return 0;
	if (json_scan(c->line->p, c->line->len, 0, names, v, LEN(names), &f) <
	    0 || !json_is_str(v[0], key) || !json_is(v[1], JSON_OBJECT)) {
		c->skipped++;
		*place = DAMAGED;
		return 0;
	}
	buf_add(b, v[1].p, v[1].n);
	return 1;
}

/* Notes the place of a record of n bytes that was just appended. */
static void
note_added(struct cache *c, const char *key, size_t n)
{
	off_t end = lseek(c->fd, 0, SEEK_CUR);

	/* without the newline */
	if (end >= (off_t)n)
		cache_add_place(c, key, (uint64_t)end - n, n - 1);
}

int
cache_add(struct cache *c, const char *key, const struct buf *reply,
    struct err *e)
{
	struct buf *b = c->line;
	ssize_t n;

	b->len = 0;
	if (c->torn)
		buf_byte(b, '\n');
	buf_puts(b, HEAD);
	buf_add(b, key, KEY_LEN);
	buf_puts(b, NEXT);
	buf_add(b, reply->p, reply->len);
	buf_puts(b, "}\n");
	do
		n = write(c->fd, b->p, b->len);
	while (n < 0 && errno == EINTR);
	if (n < 0 || (size_t)n < b->len) {
		c->torn = n > 0;
		return err_set(e, 0, 0, "%s: %s", c->path, n < 0 ?
		    strerror(errno) : "the disk is full");
	}
	note_added(c, key, b->len - (size_t)c->torn);
	c->torn = 0;
	return 0;
}
