#ifndef JSON_H
#define JSON_H

/*
 * JSON text, as RFC 8259 has it: check it and find the fields of a record in
 * one pass, walk through what was checked, and write it. No tree is built
 * (tree.h does that, for small records); numbers stay as they were written.
 *
 * "Checked" below means: json_scan accepted a text that these bytes are a
 * value of. The walking functions rely on it and do not look for mistakes.
 */
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

/* A piece of somebody else's text; p is NULL where there is none. */
struct json_span {
	const char *p;
	size_t n;
};

/* All of a buffer, borrowed until its next change; absent when it is empty. */
static inline struct json_span
json_buf(const struct buf *b)
{
	return (struct json_span){ b->len ? b->p : NULL, b->len };
}

/* What json_scan takes beyond the RFC, since Python writes it; and less. */
enum {
	JSON_NAN = 1,		/* NaN, Infinity, -Infinity */
	JSON_LONE = 2,		/* "\ud800" without its other half */
	JSON_LAX = JSON_NAN | JSON_LONE,
	JSON_INSIDE = 4		/* but JSON_MARGIN levels less deep */
};

/* The value is to be put into another, which may add this many levels. */
#define JSON_MARGIN 8

/* Where and why json_scan refused. */
struct json_fault {
	size_t at;		/* offset in bytes from the start */
	const char *msg;	/* such as "a comma or '}' is missing" */
};

/*
 * How many arrays and objects may be open at once: 1,000, or what a program
 * sets when it starts, at most JSON_DEPTH_MAX.
 */
#define JSON_DEPTH_MAX 65536
extern unsigned json_depth;

/*
 * Checks that the n bytes at s are one JSON text, white space around it
 * allowed, in UTF-8. If it is an object, the value of its field names[i] is
 * left in values[i] (the last one where a key is repeated); p is NULL for a
 * field that is not there. take says what to accept beyond the RFC. Returns
 * the members of take that were met, or -1 with *f filled in.
 */
int json_scan(const char *s, size_t n, unsigned take,
    const char *const *names, struct json_span *values, size_t count,
    struct json_fault *f);

/*
 * What json_scan_record finds, and prints meanwhile. For each of print the
 * value of names[field] is appended to out as json_pretty does with no indent;
 * at and n are set to where in out the text of the last such value is, n to 0
 * where there is none. What else out then holds is of no use.
 */
struct json_print {
	size_t field;
	size_t at;
	size_t n;
};
struct json_wanted {
	unsigned take;
	const char *const *names;
	struct json_span *values;
	size_t count;		/* of names and values */
	struct json_print *print;
	size_t nprint;
	struct buf *out;	/* may be NULL when nothing is printed */
};

/*
 * The same as json_scan, printing meanwhile. If end is not NULL, anything may
 * follow the value, and *end is set to where the value ends.
 */
int json_scan_record(const char *s, size_t n, const struct json_wanted *w,
    const char **end, struct json_fault *f);

/* What a checked value is, told by its first byte. */
enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,		/* NaN and Infinity included */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};
enum json_type json_type(struct json_span v);
const char *json_type_name(enum json_type t);	/* "an object", "a string" */

/* A span of the text that begins at from, in a copy that begins at to. */
struct json_span json_moved(struct json_span v, const char *from,
    const char *to);

/*
 * 1 when v is present and of this type; is the literal true. json_is_null: 1
 * when v is null or absent.
 */
int json_is(struct json_span v, enum json_type t);
int json_is_true(struct json_span v);
int json_is_null(struct json_span v);

/*
 * Walks over the members of a checked array or object: start it with
 * json_each, then call json_next until it returns 0. key is left alone for an
 * array; for an object it is the key with its quotes.
 */
struct json_iter {
	const char *p;
};
struct json_iter json_each(struct json_span v);
int json_next(struct json_iter *it, struct json_span *key,
    struct json_span *value);

/*
 * For walks into every value, which json_next would pass over once for each
 * level: stops at the beginning of a member's value. The caller sets it->p to
 * the value's end, told by json_end or by a walk of its own, before the next
 * call. Returns 0 with it->p behind the closing bracket.
 */
int json_enter(struct json_iter *it, struct json_span *key);
const char *json_end(const char *value);

/* The value of a checked object's field (the last one of that name). */
struct json_span json_get(struct json_span object, const char *name);

/* How many arrays and objects are open at once in a checked value, at most. */
size_t json_levels(struct json_span v);

/* 1 when the checked string, with its quotes, is there and equal to name. */
int json_equal(struct json_span string, const char *name, size_t n);

/* 1 when v is present, is a string and equals s. */
static inline int
json_is_str(struct json_span v, const char *s)
{
	return json_is(v, JSON_STRING) && json_equal(v, s, strlen(s));
}

/*
 * Appends the text of a checked string. A lone surrogate comes out in three
 * bytes (utf8.h), which json_put_text writes as U+FFFD.
 */
void json_text(struct buf *b, struct json_span string);

/* A checked number as a double; 0 and *d unchanged for any other value. */
int json_double(struct json_span v, double *d);

/*
 * Writing. The json_add functions put a comma first where one is due, and,
 * where key is not NULL, "key":. Together with json_open and json_close they
 * make one value after another: the caller sees to the nesting.
 */
void json_open(struct buf *b, const char *key, char bracket);
void json_close(struct buf *b, char bracket);
void json_add(struct buf *b, const char *key, struct json_span checked);
void json_add_text(struct buf *b, const char *key, const char *s, size_t n);
void json_add_str(struct buf *b, const char *key, const char *s); /* or null */
void json_add_int(struct buf *b, const char *key, long long i);
void json_add_bool(struct buf *b, const char *key, int yes);
void json_add_double(struct buf *b, const char *key, double d);
void json_add_null(struct buf *b, const char *key);

/*
 * Adds the fields of a checked object (nothing for any other value) whose
 * names are not among the n given.
 */
void json_add_others(struct buf *b, struct json_span object,
    const char *const *not, size_t n);

/* Appends only the comma that is due before a further value, once. */
void json_comma(struct buf *b);

/* Appends that comma and "key":, for a value that is written otherwise. */
void json_key(struct buf *b, const char *key);

/*
 * Appends n bytes of text as a string with its quotes: '"', '\' and control
 * characters escaped, everything else as it is. Bytes that are no UTF-8 become
 * U+FFFD.
 */
void json_put_text(struct buf *b, const char *s, size_t n);

/*
 * Appends a checked value as Python's json.dumps(indent=2, ensure_ascii=False)
 * would, but with numbers, NaN and lone surrogates as they were written.
 * Lines after the first are indented by indent more spaces.
 */
void json_pretty(struct buf *b, struct json_span v, size_t indent);

/*
 * Appends a checked value without white space between tokens, with null for
 * NaN and Infinity and with U+FFFD for lone surrogates: what every reader
 * takes.
 */
void json_compact(struct buf *b, struct json_span v);

#endif
