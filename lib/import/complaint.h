#ifndef COMPLAINT_H
#define COMPLAINT_H

/* Reports what is wrong with a file, or with a document in it. */
#include <stddef.h>

struct feed;
struct feed_place;
struct source;

struct complaint {
	struct source *source;
	const char *kind;	/* the kind of input, as in the usage */
	size_t line;		/* line of the last complaint; 0: none */
};

/*
 * Returns a text in which FILE is the name of the file, and KIND the kind of
 * input; freed by the caller.
 */
char *complaint_name(const struct complaint *c, const char *what);

/* Complains about a line, unless that was done already. */
void complaint_at(struct complaint *c, size_t line, const char *what);

/* Complains about bad text, as docwalk_calls's bad reports it. */
void complaint_bad(struct complaint *c, size_t first,
    const struct feed_place *at, const char *msg, int cut);

/*
 * Reads the first bytes, and reports a file that is of another kind altogether.
 * Returns 1 if it is.
 */
int complaint_rejects(struct complaint *c, struct feed *f);

/* Reports why the file ended too early, if it did. */
void complaint_end(struct complaint *c, const struct feed *f);

#endif
