#ifndef MARKDOWN_H
#define MARKDOWN_H

/*
 * Renders a trace as Markdown, byte for byte as the original FluxLoop does
 * where its output was right; fl-parse(1) lists where it is not followed.
 */
struct buf;
struct trace;

void markdown_put(struct buf *b, struct trace *t);

#endif
