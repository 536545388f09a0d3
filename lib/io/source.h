#ifndef SOURCE_H
#define SOURCE_H

/*
 * The records of some JSONL files, or of the standard input, one after the
 * other. Bad lines are reported and passed over.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "line.h"

struct buf;

/*
 * A file that begins with many bad lines is most likely something else: its
 * other bad lines are counted, and not told, until a good one comes.
 */
struct source_tally {
	size_t bad;		/* lines before the first good one */
	int good;		/* there was one */
};

/*
 * What to say of a bad line, of a good one, and at the end of the file: a
 * message that the caller frees, or NULL.
 */
char *source_bad(struct source_tally *t, const char *file, size_t line,
    const char *why);
char *source_good(struct source_tally *t, const char *file);
char *source_over(const struct source_tally *t, const char *file);

struct source {
	char *const *files;	/* operands; "-" is the standard input */
	size_t nfiles;
	size_t next;
	void (*say)(const char *msg);	/* prints a message */
	const char *file;	/* the name of what is being read */
	struct line_reader reader;
	int open;
	int eager;		/* set it to be told instead of to wait */
	int said;		/* of what met tells, what was said of this file */
	struct source_tally tally;	/* of this file */
	int blameless;		/* nothing is known against the record */
	struct buf *clean;	/* a record that had to be changed */
	size_t bad;		/* lines that were no records, so far */
	int failed;		/* a file could not be opened or read */
	struct json_span record;	/* the one last read */
	size_t line;		/* its line, from 1 */
	int met;		/* what json_scan met in it */
};

/* Starts reading files; none at all means the standard input. */
void source_init(struct source *s, char *const *files, size_t nfiles,
    void (*say)(const char *msg));
void source_release(struct source *s);

/*
 * Reads the next record, a JSON object, and finds fields in it as json_scan
 * does; they are borrowed until the next call. Every NaN and Infinity in it has
 * become null and every lone surrogate U+FFFD, with one message for each file.
 * Returns 1, 0 at the end of the last file, or, if eager is set, -1 when a
 * whole line is not there yet. What is wrong with a line, or a file, is said,
 * and counted in bad and failed.
 */
int source_next(struct source *s, const char *const *names,
    struct json_span *values, size_t count);

/*
 * Checks that a line is a record and finds fields in it, as source_next does.
 * Returns what json_scan met, with *record set, or -1 with *why, which the
 * caller frees, telling what is wrong.
 */
int source_check(const struct line *l, const char *const *names,
    struct json_span *values, size_t count, struct json_span *record,
    char **why);

/*
 * What to say of a file that JSON_NAN, or JSON_LONE, was met in: that these are
 * replaced, or else that they are shown.
 */
const char *source_odd(int flag, int replaced);

/* Whether a line has nothing but white space in it. */
int source_blank(const struct line *l);

/* Says "file:line: msg" about the record last read and counts it as bad. */
void source_complain(struct source *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Takes the record last read for good all the same: to be called before the
 * complaint. One that is not complained about needs no call.
 */
void source_use(struct source *s);

#endif
