#ifndef PAGE_H
#define PAGE_H

/*
 * The style and the script of every HTML page of a trace, from page/page.css
 * and the scripts of page/. embed.sh turns them into C when the library is
 * built.
 */
struct page_part {
	const char *hash;	/* "sha256-..." of the text, for a policy */
	const char *text;	/* the content of the element */
};

extern const struct page_part page_style;
extern const struct page_part page_script;

/* The style and the script of the list of pages: page/list.css, list.js. */
extern const struct page_part page_list_style;
extern const struct page_part page_list_script;

#endif
