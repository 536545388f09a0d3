#ifndef SOURCE_H
#define SOURCE_H

/*
 * Reads the records of JSONL files, or of stdin, one after the other. Reports
 * and skips bad lines.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "line.h"

struct buf;

/*
 * Counts the bad lines of a file, to limit messages: a file that begins with
 * many bad lines is probably not a JSONL file. After the first few, its bad
 * lines are only counted until a good one is found.
 */
struct source_tally {
	size_t bad;		/* bad lines before the first good one */
	int good;		/* 1: there was a good line */
};

/*
 * Count a bad line, count a good line, and end a file. Each returns a message
 * to print, which the caller frees, or NULL.
 */
char *source_bad(struct source_tally *t, const char *file, size_t line,
    const char *why);
char *source_good(struct source_tally *t, const char *file);
char *source_end(const struct source_tally *t, const char *file);

/* What the lines of a source are. */
enum source_lines {
	SOURCE_RECORDS,
	SOURCE_INPUTS,		/* records; a string stands for an input */
	SOURCE_TEXTS		/* texts, each of which stands for an input */
};

struct source {
	char *const *files;	/* operands; "-" is stdin */
	size_t nfiles;
	size_t next;		/* index of the next file */
	void (*report)(const char *msg);	/* prints a message */
	const char *file;	/* name of the current file in messages */
	struct line_reader reader;
	int open;		/* 1: reader has an open file */
	int eager;		/* 1: source_next never blocks */
	enum source_lines lines;
	const char *stdin_name;	/* of stdin in messages; the number of a line
				   follows after ':', or right after a blank */
	int reported;		/* flags of met reported for this file */
	struct source_tally tally;	/* counts of good and bad lines of this
				   file */
	int pending;		/* 1: the record has not been counted */
	struct buf *clean;	/* copy of a record that had to be changed */
	struct buf *text;	/* the record {"input":...} of a text */
	size_t bad;		/* bad lines in all files so far */
	int failed;		/* 1: a file could not be opened or read */
	struct json_span record;	/* the record last read */
	size_t line;		/* line number of the record, from 1 */
	int met;		/* json_scan's result: JSON_NAN, JSON_LONE */
};

/*
 * Starts reading files, which are borrowed; no files means stdin. report prints
 * a message after the program's name.
 */
void source_init(struct source *s, char *const *files, size_t nfiles,
    void (*report)(const char *msg));
void source_release(struct source *s);

/*
 * Reads the next record, a JSON object, and finds fields in it as json_scan
 * does. Where lines says so, a text becomes the record {"input":TEXT}. Record
 * and fields are borrowed until the next call. NaN and Infinity are replaced by
 * null and lone surrogates by U+FFFD, and reported once for each file. Bad
 * lines and files are reported and counted in bad and failed. Returns 1; 0 at
 * the end of the last file; or, if eager is set, -1 when no whole line is
 * available yet.
 */
int source_next(struct source *s, const char *const *names,
    struct json_span *values, size_t count);

/*
 * Checks that a line is a record and finds fields in it. Returns what json_scan
 * does, with *record set, or -1 with *why, which the caller frees, saying what
 * is wrong.
 */
int source_check(const struct line *l, const char *const *names,
    struct json_span *values, size_t count, struct json_span *record,
    char **why);

/* The same for all that json_scan_record does. */
int source_check_wanted(const struct line *l, const struct json_wanted *w,
    struct json_span *record, char **why);

/*
 * The message that a file has values which JSON lacks (flag is JSON_NAN or
 * JSON_LONE), and that these are replaced (1) or shown unchanged (0).
 */
const char *source_odd(int flag, int replaced);

/*
 * For a reader of something else than lines. source_open opens the next file
 * that can be opened, as s->file and s->reader.fd, and returns 0 at the end.
 * At the file's end come source_finish, which reports a file without anything
 * good, and source_close. source_fail reports an error of the file,
 * source_note something about it, source_reject what makes it bad, and
 * source_replaced, once for each file, that values that JSON lacks (flags as in
 * met) were replaced.
 */
int source_open(struct source *s);
void source_finish(struct source *s);
void source_close(struct source *s);
void source_fail(struct source *s, int error);
void source_note(struct source *s, const char *what);
void source_reject(struct source *s, const char *what);
void source_replaced(struct source *s, int met);

/* Whether a line has only white space. */
int source_blank(const struct line *l);

/* Reports "file:line: message" and counts the record last read as bad. */
void source_complain(struct source *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Counts the record last read as good although a complaint follows. A record
 * without a complaint needs no call.
 */
void source_use(struct source *s);

#endif
