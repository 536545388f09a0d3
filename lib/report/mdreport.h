#ifndef MDREPORT_H
#define MDREPORT_H

/* Markdown of GitHub; see reports.h. */
struct out;
struct report;

int md_report_put(const struct report *r, struct out *o);

#endif
