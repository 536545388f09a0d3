#ifndef TREEVIEW_H
#define TREEVIEW_H

/*
 * Renders a trace as a tree of its steps for a terminal: the name of each, its
 * duration, and its place in the time of the trace. The options colour and
 * width apply.
 */
struct buf;
struct format_options;
struct trace;

void treeview_put(struct buf *b, struct trace *t,
    const struct format_options *o);

#endif
