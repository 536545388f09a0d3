#ifndef MARKDOWN_H
#define MARKDOWN_H

/*
 * Renders a trace as Markdown, byte for byte as the original FluxLoop does;
 * fl-parse(1) lists the exceptions, where its output was wrong.
 */
struct buf;
struct trace;

void markdown_put(struct buf *b, struct trace *t);

#endif
