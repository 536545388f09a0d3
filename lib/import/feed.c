#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/utf8.h"
#include "base/util.h"
#include "feed.h"

/* Bytes that are read at once. */
#define CHUNK 65536

/* The longest UTF-8 that two bytes of UTF-16 become. */
#define WIDEST 4

struct feed_gzip {
	z_stream z;
	int open;		/* 1: in the middle of a member */
};

void
feed_init(struct feed *f, int fd)
{
	memset(f, 0, sizeof(*f));
	f->fd = fd;
	f->mark.line = 1;
}

void
feed_release(struct feed *f)
{
	if (f->gzip)
		inflateEnd(&f->gzip->z);
	free(f->gzip);
	free(f->raw);
	free(f->p);
	memset(f, 0, sizeof(*f));
}

/* Reads up to n bytes. Returns their number, 0 at the end. */
static size_t
feed_read(struct feed *f, char *to, size_t n)
{
	ssize_t got;

	do
		got = read(f->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		f->error = errno;
	return got > 0 ? (size_t)got : 0;
}

/* Reads raw bytes after those that are not converted yet. */
static size_t
read_raw(struct feed *f)
{
	size_t n;

	f->raw_len -= f->raw_at;
	memmove(f->raw, f->raw + f->raw_at, f->raw_len);
	f->raw_at = 0;
	n = feed_read(f, f->raw + f->raw_len, CHUNK - f->raw_len);
	f->raw_len += n;
	return n;
}

/* Makes room for n bytes and a NUL after the text in memory. */
static void
feed_room(struct feed *f, size_t n)
{
	if (f->cap - f->len <= n) {
		f->cap = grow(f->cap, f->len + n + 1);
		f->p = xrealloc(f->p, f->cap);
	}
}

/* The encoding of a file that begins with these bytes. */
static enum feed_kind
feed_kind_of(const char *p, size_t n)
{
	if (n >= 2 && !memcmp(p, "\x1f\x8b", 2))
		return FEED_GZIP;
	if (n >= 2 && !memcmp(p, "\xff\xfe", 2))
		return FEED_UTF16_LE;
	if (n >= 2 && !memcmp(p, "\xfe\xff", 2))
		return FEED_UTF16_BE;
	return FEED_PLAIN;
}

/* Reads the first bytes, and finds out their encoding. */
static void
feed_begin(struct feed *f)
{
	f->raw = xmalloc(CHUNK);
	while (f->raw_len < 4 && read_raw(f))
		;
	f->kind = feed_kind_of(f->raw, f->raw_len);
	if (f->kind == FEED_GZIP) {
		f->gzip = xcalloc(1, sizeof(*f->gzip));
		/* 32: a gzip header is expected */
		if (inflateInit2(&f->gzip->z, MAX_WBITS + 32) != Z_OK)
			die_memory(0);
		f->gzip->open = 1;
	} else if (f->kind != FEED_PLAIN) {
		f->raw_at = 2;
	} else if (f->raw_len >= 3 && !memcmp(f->raw, "\xef\xbb\xbf", 3)) {
		f->raw_at = 3;
	}
}

/* Adds the raw bytes, and then reads directly. */
static size_t
more_plain(struct feed *f)
{
	size_t n = f->raw_len - f->raw_at;

	feed_room(f, CHUNK);
	if (n)
		memcpy(f->p + f->len, f->raw + f->raw_at, n);
	else
		n = feed_read(f, f->p + f->len, f->cap - f->len - 1);
	f->raw_len = f->raw_at = 0;
	f->len += n;
	return n;
}

/* Continues with the next member of a gzip file, or ends it. */
static int
next_member(struct feed *f)
{
	struct feed_gzip *g = f->gzip;

	if (f->raw_at == f->raw_len && !read_raw(f))
		return 0;
	/* zeros after the last member are padding */
	if (!f->raw[f->raw_at])
		return 0;
	inflateReset(&g->z);
	g->open = 1;
	return 1;
}

static size_t
more_gzip(struct feed *f)
{
	struct feed_gzip *g = f->gzip;
	size_t before = f->len;
	int r;

	feed_room(f, CHUNK);
	while (f->len == before) {
		if (!g->open && !next_member(f))
			return 0;
		if (f->raw_at == f->raw_len && !read_raw(f)) {
			f->damage = "the gzip data is cut off";
			return 0;
		}
		g->z.next_in = (unsigned char *)f->raw + f->raw_at;
		g->z.avail_in = (uInt)(f->raw_len - f->raw_at);
		g->z.next_out = (unsigned char *)f->p + f->len;
		g->z.avail_out = CHUNK;
		r = inflate(&g->z, Z_NO_FLUSH);
		f->raw_at = f->raw_len - g->z.avail_in;
		f->len += CHUNK - g->z.avail_out;
		g->open = r != Z_STREAM_END;
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR) {
			f->damage = "the gzip data is damaged";
			break;
		}
	}
	return f->len - before;
}

/* Appends the UTF-8 of a unit of UTF-16. */
static void
put_unit(struct feed *f, unsigned unit)
{
	char *to = f->p + f->len;
	uint32_t c = unit;

	if (f->high && unit >= 0xdc00 && unit < 0xe000) {
		c = 0x10000 + ((f->high - 0xd800) << 10) + (unit - 0xdc00);
		f->high = 0;
	} else if (f->high) {
		to += utf8_encode(to, 0xfffd);
		f->high = 0;
	}
	if (unit >= 0xd800 && unit < 0xdc00) {
		f->high = unit;
	} else {
		if (c >= 0xdc00 && c < 0xe000)
			c = 0xfffd;
		to += utf8_encode(to, c);
	}
	f->len = (size_t)(to - f->p);
}

static size_t
more_utf16(struct feed *f)
{
	size_t before = f->len;
	unsigned a, b;

	while (f->raw_len - f->raw_at < 2)
		if (!read_raw(f)) {
			if (f->raw_len || f->high)
				f->damage = "the UTF-16 text is cut off";
			return 0;
		}
	feed_room(f, (f->raw_len - f->raw_at) * WIDEST);
	for (; f->raw_len - f->raw_at >= 2; f->raw_at += 2) {
		a = (unsigned char)f->raw[f->raw_at];
		b = (unsigned char)f->raw[f->raw_at + 1];
		put_unit(f, f->kind == FEED_UTF16_LE ? b << 8 | a : a << 8 | b);
	}
	/* half of a surrogate pair alone is not text yet */
	return f->len > before ? f->len - before : more_utf16(f);
}

struct feed_place
feed_locate(const struct feed *f, uint64_t pos)
{
	struct feed_place at = f->mark;
	const char *p = feed_at(f, at.pos), *end = feed_at(f, pos), *nl;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		p = nl + 1;
		at.line++;
		at.line_start = f->base + (uint64_t)(p - f->p);
	}
	at.pos = pos;
	return at;
}

/* Forgets the text before keep. */
static void
feed_forget(struct feed *f, uint64_t keep)
{
	size_t n = (size_t)(keep - f->base);

	if (!n)
		return;
	if (f->mark.pos < keep)
		f->mark = feed_locate(f, keep);
	memmove(f->p, f->p + n, f->len - n);
	f->len -= n;
	f->base = keep;
}

int
feed_more(struct feed *f, uint64_t keep)
{
	size_t n;

	if (f->eof)
		return 0;
	if (!f->raw)
		feed_begin(f);
	feed_forget(f, keep);
	switch (f->kind) {
	case FEED_GZIP:
		n = more_gzip(f);
		break;
	case FEED_UTF16_LE:
	case FEED_UTF16_BE:
		n = more_utf16(f);
		break;
	default:
		n = more_plain(f);
	}
	feed_room(f, 0);
	f->p[f->len] = '\0';
	f->eof = !n || f->damage;
	return n > 0;
}
