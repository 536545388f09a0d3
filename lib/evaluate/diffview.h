#ifndef DIFFVIEW_H
#define DIFFVIEW_H

/*
 * A comparison for people and programs. Texts are read from the rows again.
 */
#include <stddef.h>

struct buf;
struct diff;
struct diff_figure;
struct out;

struct diffview {
	const struct diff *d;
	const char *metric;	/* name of the compared score, or NULL */
	unsigned most;		/* runs that are shown one by one */
};

/* A figure of a summary, and how it is written. */
struct diffview_figure {
	const char *name;
	const struct diff_figure *f;
	int ratio;		/* 1: delta is new by base */
};

/* Sets the figures that both sides have. Returns their number. */
#define DIFFVIEW_FIGURES 4
size_t diffview_figures(const struct diffview *v,
    struct diffview_figure rows[DIFFVIEW_FIGURES]);

/* Appends "-0.04, -0.09 to 0.01; p 0.012 by McNemar". */
void diffview_put_change(const struct diffview_figure *r, struct buf *b);

/* Appends the verdict and the counts, a line. */
void diffview_put_head(const struct diff *d, struct buf *b);

/* Appends what diffview_markdown writes. Returns 0, or -1 with errno set. */
int diffview_put_markdown(const struct diffview *v, struct buf *b);

/* Each returns 0, or -1 with errno set: rows could not be read or written. */
int diffview_text(const struct diffview *v, struct out *o);
int diffview_markdown(const struct diffview *v, struct out *o);

/* A line for each pair, and the summary last; or the summary alone. */
int diffview_jsonl(const struct diffview *v, struct out *o);
int diffview_json(const struct diffview *v, struct out *o);

#endif
