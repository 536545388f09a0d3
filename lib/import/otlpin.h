#ifndef OTLPIN_H
#define OTLPIN_H

/*
 * Reads the spans and log records of OTLP JSON, in all shapes that docwalk.h
 * and spanshape.h know.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad lines, until g->failed is set. */
void otlpin_read(struct gather *g, struct source *s);

#endif
