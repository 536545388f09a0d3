#ifndef TAP_H
#define TAP_H

/* The Test Anything Protocol; see reports.h. */
struct out;
struct report;

int tap_put(const struct report *r, struct out *o);

#endif
