#ifndef CHROME_H
#define CHROME_H

/*
 * Renders a trace as events of the Trace Event Format that chrome://tracing
 * and Perfetto open (N. Duca and D. Sinclair, "Trace Event Format", Google,
 * 2016), separated by commas. CHROME_BEGIN comes before the events of all
 * traces, CHROME_BETWEEN between two traces, and CHROME_END at the end. A trace
 * is a process, whose pid is a hash of the trace's id. Thread 1 has one event
 * for the trace; the threads from 2 on have the events of its steps (tracks.h).
 * Times are microseconds since 1970.
 */
struct buf;
struct trace;
#define CHROME_BEGIN "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
#define CHROME_BETWEEN ",\n"
#define CHROME_END "\n]}\n"

void chrome_put(struct buf *b, struct trace *t);

#endif
