#ifndef PAGEPARTS_H
#define PAGEPARTS_H

/*
 * The style and the script of the page of an experiment, from page/ and from
 * the parts that it shares with the pages of lib/format.
 */
#include "format/page.h"

extern const struct page_part page_report_style;
extern const struct page_part page_report_script;

#endif
