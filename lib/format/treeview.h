#ifndef TREEVIEW_H
#define TREEVIEW_H

/*
 * Renders a trace as a tree of its steps for a terminal: what each is called,
 * how long it took, and when in the trace that was.
 */
struct buf;
struct trace;

/*
 * How it looks, for all traces: with colours (ANSI SGR) or without, and in
 * how many cells a line, 0 for 80. To be called, if at all, before threads
 * are started. Without it there are no colours, and 80 cells.
 */
void treeview_setup(int colour, unsigned width);

void treeview_put(struct buf *b, struct trace *t);

#endif
