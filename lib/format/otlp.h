#ifndef OTLP_H
#define OTLP_H

/*
 * Renders a trace as a line of OTLP JSON, as the OpenTelemetry Protocol File
 * Exporter does: a TracesData with a span for the run and, below it, a span for
 * each observation. fl-parse(1) lists their attributes. otlpspan.h reads them
 * back.
 */
struct buf;
struct trace;

void otlp_put(struct buf *b, struct trace *t);

#endif
