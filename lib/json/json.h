#ifndef JSON_H
#define JSON_H

/*
 * JSON text (RFC 8259): checks it and finds the fields of a record in one
 * pass, walks through checked text, and writes text. No tree is built (tree.h
 * builds one of a small record); numbers keep their spelling.
 *
 * A "checked" value is part of a text that json_scan has accepted. The
 * functions that walk rely on that and do not look for errors.
 */
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

/* A borrowed piece of text; p is NULL when it is absent. */
struct json_span {
	const char *p;
	size_t n;
};

/* The contents of a buffer, borrowed until it changes; absent when empty. */
static inline struct json_span
json_buf(const struct buf *b)
{
	return (struct json_span){ b->len ? b->p : NULL, b->len };
}

/* What json_scan accepts beyond the RFC, because Python writes it. */
enum {
	JSON_NAN = 1,		/* NaN, Infinity, -Infinity */
	JSON_LONE = 2,		/* lone surrogates such as "\ud800" */
	JSON_LAX = JSON_NAN | JSON_LONE,
	JSON_INSIDE = 4		/* nested JSON_MARGIN levels less deep */
};

/* Levels that are kept free for what a value is written into. */
#define JSON_MARGIN 8

/* Where and why json_scan rejected a text. */
struct json_fault {
	size_t at;		/* offset in bytes from the start */
	const char *msg;	/* such as "a comma or '}' is missing" */
	int cut;		/* 1: more text might mend it */
};

/*
 * The number of arrays and objects that may be open at once: 1,000, unless the
 * program sets it at start; at most JSON_DEPTH_MAX.
 */
#define JSON_DEPTH_MAX 65536
extern unsigned json_depth;

/*
 * Checks that the n bytes at s are one JSON text in UTF-8; white space around
 * it is allowed. If it is an object, values[i] is set to the value of the field
 * names[i], the last one if the key is repeated, or to an absent span. take
 * holds the flags above. Returns those of JSON_NAN and JSON_LONE that the text
 * needed, or -1 with *f filled in.
 */
int json_scan(const char *s, size_t n, unsigned take,
    const char *const *names, struct json_span *values, size_t count,
    struct json_fault *f);

/*
 * What json_scan_record looks for. For each element of print it appends the
 * value of names[field] to out, as json_pretty does without an indent, and sets
 * at and n to the place of that text in out, and high; n is 0 if the field is
 * absent.
 * Other bytes appended to out are meaningless.
 */
struct json_print {
	size_t field;
	size_t at;
	size_t n;
	int high;		/* 1: not all is ASCII, as json_pretty
				   returns */
};
struct json_elements;
struct json_wanted {
	unsigned take;
	const char *const *names;
	struct json_span *values;
	size_t count;		/* number of names and values */
	struct json_print *print;
	size_t nprint;
	struct buf *out;	/* may be NULL when nothing is printed */
	const struct json_elements *elements;	/* or NULL */
};

/*
 * Objects in an array that are read as records while the text is checked. If
 * the value of names[field] is an array, open is called where it begins, begin
 * before each object in it, for what is wanted of it (take and elements are
 * ignored), and end after it. The text may still turn out to be bad.
 */
struct json_elements {
	size_t field;
	void (*open)(void *arg);
	const struct json_wanted *(*begin)(void *arg);
	void (*end)(void *arg, struct json_span object);
	void *arg;
};

/*
 * Like json_scan, but prints values while it reads them. If end is not NULL,
 * the text may continue after the value, and *end is set to the value's end.
 */
int json_scan_record(const char *s, size_t n, const struct json_wanted *w,
    const char **end, struct json_fault *f);

/* The value in a checked text that may have white space around it. */
struct json_span json_trim(struct json_span text);

/* The type of a checked value. */
enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,		/* a number, or NaN or an infinity */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};
enum json_type json_type(struct json_span v);
const char *json_type_name(enum json_type t);	/* "an object", "a string" */

/* The span in a copy at to of the text at from that v is a part of. */
struct json_span json_moved(struct json_span v, const char *from,
    const char *to);

/*
 * 1 if v is present and of the type; if it is the literal true; if it is null
 * or absent.
 */
int json_is(struct json_span v, enum json_type t);
int json_is_true(struct json_span v);
int json_is_null(struct json_span v);

/*
 * Iterates over the members of a checked array or object: json_each starts,
 * json_next returns 1 for each member and then 0. key is set to the key with
 * its quotes; it is unchanged for an array.
 */
struct json_iter {
	const char *p;
};
struct json_iter json_each(struct json_span v);
int json_next(struct json_iter *it, struct json_span *key,
    struct json_span *value);

/*
 * For walks into every value: json_next would scan a value again at each level.
 * Stops at the start of a member's value; before the next call the caller sets
 * it->p to the end of the value, which json_end returns or its own walk finds.
 * Returns 0 with it->p after the closing bracket.
 */
int json_enter(struct json_iter *it, struct json_span *key);
const char *json_end(const char *value);

/*
 * The value of a checked object's field, the last one of that name; absent for
 * other values.
 */
struct json_span json_get(struct json_span object, const char *name);

/* The deepest nesting of arrays and objects in a checked value. */
size_t json_levels(struct json_span v);

/* 1 if the checked string, with its quotes, is present and equals name. */
int json_equal(struct json_span string, const char *name, size_t n);

/* 1 if v is present, is a string and equals s. */
static inline int
json_is_str(struct json_span v, const char *s)
{
	size_t n = strlen(s);

	/* most strings differ in their length: no call for those */
	return v.n >= n + 2 && json_is(v, JSON_STRING) && json_equal(v, s, n);
}

/*
 * Appends the decoded text of a checked string. A lone surrogate becomes three
 * bytes (utf8.h), which json_put_text writes as U+FFFD.
 */
void json_text(struct buf *b, struct json_span string);

/* Sets *d to a checked number and returns 1; returns 0 for other values. */
int json_double(struct json_span v, double *d);

/*
 * Writing. The json_add functions append a comma where one is due, "key": if
 * key is not NULL, and the value. json_open and json_close append a bracket
 * likewise; the caller is responsible for the nesting.
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
 * Adds the fields of a checked object except the n with these names; adds
 * nothing for other values.
 */
void json_add_others(struct buf *b, struct json_span object,
    const char *const *not, size_t n);

/* As json_add_others, but values stay as they are written. */
void json_copy_others(struct buf *b, struct json_span object,
    const char *const *not, size_t n);

/* Appends the comma before the next value, if one is due. */
void json_comma(struct buf *b);

/* Appends that comma and "key":, for a value that the caller writes. */
void json_key(struct buf *b, const char *key);

/*
 * Appends n bytes of text as a quoted string. Quotation marks, backslashes and
 * control characters are escaped; invalid UTF-8 becomes U+FFFD.
 */
void json_put_text(struct buf *b, const char *s, size_t n);

/*
 * Appends a checked value as Python's json.dumps(indent=2, ensure_ascii=False)
 * writes it, but with numbers, NaN and lone surrogates unchanged. Lines after
 * the first are indented by indent further spaces. Returns 0 if the text is all
 * ASCII, else 1.
 */
int json_pretty(struct buf *b, struct json_span v, size_t indent);

/*
 * Appends a checked value as strict JSON without white space between tokens:
 * NaN and Infinity become null, lone surrogates U+FFFD.
 */
void json_compact(struct buf *b, struct json_span v);

#endif
