#ifndef PAGEREPORT_H
#define PAGEREPORT_H

/* A page for a browser; see reports.h. */
struct out;
struct report;

int page_report_put(const struct report *r, struct out *o);

#endif
