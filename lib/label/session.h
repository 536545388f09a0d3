#ifndef SESSION_H
#define SESSION_H

/*
 * A person labels runs, one on the screen at a time. Each label is appended to
 * a file at once.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "evaluate/labels.h"
#include "runview.h"

struct err;

/* A run; its record stays in the file. */
struct session_run {
	uint64_t at;
	size_t n;		/* bytes */
	enum label_kind kind;	/* this person's label; LABEL_NONE: none yet */
	char *note;		/* this person's note, or NULL */
};

struct session {
	const char *who;
	const char *file;	/* name of the file of labels, for messages */
	int rows;		/* descriptors of the rows and of the labels */
	int labels;
	int torn;		/* 1: the last line of the labels has no end */
	struct session_run *runs;
	size_t n;
	size_t cap;
	size_t bad;		/* lines that are not traces, or have no id */
	size_t at;		/* the run on the screen; n: the end */
	size_t top;		/* the first line on the screen */
	struct buf record;	/* record of the run on the screen */
	struct runview view;
	int stale;		/* 1: the view has to be laid out anew */
	int typing;		/* 1: a note is typed */
	int pasting;		/* 1: what comes is pasted */
	int help;		/* 1: the keys are explained */
	int quit;
	struct buf note;	/* note on the run on the screen, typed so
				   far */
	struct buf message;	/* message to show once in the last line */
	struct buf frame;
};

/*
 * Reads the runs of an experiment directory or a file (runs_open), and the
 * labels that the person gave them. labels is the name of their file, which is
 * made; NULL is labels.jsonl in the directory, or in the current one. Bad lines
 * of it are reported. Returns 0, or -1 with *e filled in.
 */
int session_begin(struct session *s, const char *rows, const char *labels,
    void (*report)(const char *msg), struct err *e);
void session_end(struct session *s);

/*
 * Shows the runs on the terminal, which is open, and labels them until the
 * person quits. Returns 0, or -1 when the terminal is gone.
 */
int session_label(struct session *s);

/* The number of the runs with a label. */
size_t session_labelled(const struct session *s);

#endif
