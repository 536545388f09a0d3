#ifndef DIFFVIEW_H
#define DIFFVIEW_H

/*
 * A comparison for people and programs. Texts are read from the rows again.
 */
struct buf;
struct diff;
struct out;

struct diffview {
	const struct diff *d;
	const char *metric;	/* name of the compared score, or NULL */
	unsigned most;		/* runs that are shown one by one */
};

/* Each returns 0, or -1 with errno set: rows could not be read or written. */
int diffview_text(const struct diffview *v, struct out *o);
int diffview_markdown(const struct diffview *v, struct out *o);

/* A line for each pair, and the summary last; or the summary alone. */
int diffview_jsonl(const struct diffview *v, struct out *o);
int diffview_json(const struct diffview *v, struct out *o);

#endif
