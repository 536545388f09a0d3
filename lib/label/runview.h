#ifndef RUNVIEW_H
#define RUNVIEW_H

/*
 * The lines of a run as they fit on a screen: what was asked, what was
 * answered, and what else a person may want to see.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

/* Zeroed memory has no lines. */
struct runview {
	struct buf text;
	size_t *starts;		/* offset of each line in text */
	size_t n;
	size_t cap;
	int checks;		/* 1: with the verdict of the checks */
	int steps;		/* 1: with the steps, if the record has them */
	unsigned columns;
};
void runview_release(struct runview *p);

/* Lays out a checked record of a trace or a row anew. */
void runview_lay_out(struct runview *p, struct json_span record);

/* A line, safe on a terminal and borrowed until the next layout. */
struct json_span runview_line(const struct runview *p, size_t i);

#endif
