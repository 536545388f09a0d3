#ifndef TERMINAL_H
#define TERMINAL_H

/*
 * The user's terminal, a whole screen of it, and its keys. However the program
 * ends, or is stopped, the terminal is left as it was.
 */
#include <stdint.h>

struct buf;

/* Keys that are not characters. */
enum {
	KEY_UP = 0x110000, KEY_DOWN, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME,
	KEY_END, KEY_LEFT, KEY_RIGHT,
	KEY_PASTE,		/* the characters up to KEY_PASTED are pasted */
	KEY_PASTED,
	KEY_REDRAW,		/* no key: the screen has to be drawn anew */
	KEY_OTHER,		/* a key that is none of these */
	KEY_GONE		/* no key: the terminal is gone */
};
#define KEY_ESCAPE 0x1b
#define KEY_BACKSPACE 0x7f

/*
 * Opens the controlling terminal and takes its whole screen. There is one in a
 * program. Returns 0, or -1 with errno set. A signal that ends the program
 * gives the terminal back first.
 */
int terminal_open(void);

/* Gives the terminal back. May be called at any time. */
void terminal_close(void);

/* The size in cells; 80 and 24 if it is not known. */
void terminal_size(unsigned *columns, unsigned *rows);

/* Waits for a key, a character or one of the above. */
uint32_t terminal_key(void);

/* Draws a frame, which begins at the top left. Returns 0, or -1. */
int terminal_draw(const struct buf *frame);

#endif
