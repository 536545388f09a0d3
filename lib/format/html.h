#ifndef HTML_H
#define HTML_H

/*
 * Renders a trace as an HTML page that needs nothing but itself: fl-parse(1).
 * What the page consists of, and what page.js finds in it:
 *
 * - header: the trace's row in a few words, and a link to the list of pages
 *   where there is one.
 * - #trace: the trace's input and output, as text while they are short.
 * - script elements of type application/json with the ids data-0, the trace,
 *   and data-N, its steps: a whole record each, as an object with a member on
 *   each line, compact, and with only those escapes in strings that JSON needs
 *   and \u003c, \u003e, \u0026, \u2028, \u2029. A whole trace's row lacks its
 *   observations there.
 * - #rows: lists, together the steps in the order of trace_walk. The item of a
 *   step has the id step-N (N as in the other formats, from 1), its type and
 *   what is to be marked as classes, and its depth as data-depth; its bar is a
 *   rect, in percent of the time from the trace's first start to its last end.
 *
 * So for who runs no script there are the header, the rows with their bars, and
 * the trace's input and output; to show a step's record as well it would have
 * to be there twice.
 *
 * Nothing of a record stands in a tag. The page's policy lets the browser load
 * nothing, and run no script but page.js.
 */
#include "listing.h"

struct buf;
struct trace;

void html_put(struct buf *b, struct trace *t);

/* For all pages from now on: where their list is from them; NULL: nowhere. */
void html_setup(const char *list);

/* A page that links to all of them; listing.h. */
extern const struct listing html_list;

#endif
