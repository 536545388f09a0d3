#ifndef HTML_H
#define HTML_H

/*
 * Renders a trace as a self-contained HTML page, see fl-parse(1). The script of
 * the page (page/) relies on these parts:
 *
 * - header: the main fields of the trace's row, and a link to the list of pages
 *   if there is a list.
 * - #trace: the input and output of the trace, as text if they are short.
 * - script elements of type application/json with the ids data-0 (the trace)
 *   and data-N (its steps). Each holds a whole record without white space, a
 *   member a line. The only escapes are those that JSON needs, and \u003c,
 *   \u003e, \u0026, \u2028, \u2029. The trace's record has no observations.
 * - #rows: lists of the steps in the order of trace_walk. The item of a step
 *   has the id step-N (N from 1, as in the other formats), its type and its
 *   mark as classes, and its depth as data-depth. Its bar is a rect, in percent
 *   of the time from the trace's first start to its last end.
 *
 * Without JavaScript, a page shows the header, the rows with their bars, and
 * the trace's input and output, but not the records of steps: these would have
 * to be in the page twice. Text from records is never part of a tag. The page's
 * policy lets the browser load nothing and run no script but the page's own.
 */
#include <stddef.h>

#include "listing.h"

struct buf;
struct format_options;
struct trace;

/* Appends a page. The option list applies. */
void html_put(struct buf *b, struct trace *t, const struct format_options *o);

/* A page that links to the pages of all traces; see listing.h. */
extern const struct listing html_list;

/* A script with the order of the pages, which link to their neighbours. */
extern const struct listing html_order;

/* The style and the script of the pages of a folder; see format.h. */
const char *html_shared(size_t i, const char **text);

#endif
