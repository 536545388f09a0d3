#ifndef ANNOTATIONS_H
#define ANNOTATIONS_H

/* Annotations of GitHub; see reports.h. */
struct out;
struct report;

int github_put(const struct report *r, struct out *o);

#endif
