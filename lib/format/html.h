#ifndef HTML_H
#define HTML_H

/*
 * Renders a trace as a self-contained HTML page, see fl-parse(1). The parts of
 * a page, which the scripts of page/ looks for:
 *
 * - header: the main fields of the trace's row, and a link to the list of pages
 *   if there is one.
 * - #trace: the input and output of the trace, as text if they are short.
 * - script elements of type application/json with the ids data-0 (the trace)
 *   and data-N (its steps). Each holds a whole record, compact, with a member a
 *   line and with only those escapes that JSON needs, and \u003c, \u003e, \u0026,
 *   \u2028, \u2029. A whole trace's row lacks its observations there.
 * - #rows: nested lists with the steps in the order of trace_walk. The item of a
 *   step has the id step-N (N from 1, as in the other formats), its type and
 *   its mark as classes, and its depth as data-depth. Its bar is a rect, in
 *   percent of the time from the trace's first start to its last end.
 *
 * Without a script a reader sees the header, the rows with their bars, and the
 * trace's input and output; records of steps would have to be there twice.
 * Text from records is never part of a tag. The page's policy lets the browser
 * load nothing and run no script but the page's own.
 */
#include "listing.h"

struct buf;
struct format_options;
struct trace;

/* Appends a page. The option list applies. */
void html_put(struct buf *b, struct trace *t, const struct format_options *o);

/* A page that links to the pages of all traces; see listing.h. */
extern const struct listing html_list;

#endif
