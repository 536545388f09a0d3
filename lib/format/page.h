#ifndef PAGE_H
#define PAGE_H

/*
 * What every HTML page of a trace carries: page.css and page.js, made into C
 * by embed.sh when the library is built.
 */
struct page_part {
	const char *hash;	/* "sha256-..." of text, for a page's policy */
	const char *text;	/* what stands between the element's tags */
};

extern const struct page_part page_style;
extern const struct page_part page_script;

/* That of the list of pages: list.css. */
extern const struct page_part page_list_style;

#endif
