#ifndef JUNIT_H
#define JUNIT_H

/* JUnit's XML; see reports.h. */
struct out;
struct report;

int junit_put(const struct report *r, struct out *o);

#endif
