#include "pageparts.h"

const struct page_part page_report_style = {
#include "report.css.inc"
};

const struct page_part page_report_script = {
#include "report.js.inc"
};
