#include "page.h"

const struct page_part page_style = {
#include "page.css.inc"
};

const struct page_part page_script = {
#include "page.js.inc"
};

const struct page_part page_list_style = {
#include "list.css.inc"
};

const struct page_part page_list_script = {
#include "list.js.inc"
};
