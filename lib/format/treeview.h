#ifndef TREEVIEW_H
#define TREEVIEW_H

/*
 * Renders a trace as a tree of its steps for a terminal: what each is called,
 * how long it took, and when in the trace that was.
 */
struct buf;
struct trace;

/*
 * Sets the appearance of all traces: colours (ANSI SGR) or none, and the cells
 * of a line, 0 for 80. Called before threads are started; the default is no
 * colours and 80 cells.
 */
void treeview_setup(int colour, unsigned width);

void treeview_put(struct buf *b, struct trace *t);

#endif
