#ifndef MEDIA_H
#define MEDIA_H

/*
 * Images, sound and documents as base64 inside JSON: data URLs, and strings
 * that an API has beside their type (media_type, mime_type, mimeType), or that
 * begin like a PNG, JPEG, GIF, WebP, WAV, MP3, Ogg or PDF file.
 */
#include <stddef.h>

struct buf;

/* A string that is such a file. */
struct media {
	size_t at;		/* offset of its base64 */
	size_t n;		/* bytes of base64 */
	size_t from;		/* offset of the string's first character */
	size_t end;		/* offset of the quote after the string */
	char type[64];		/* such as "image/png" */
};

/*
 * Finds the first one in n bytes of JSON text that ends after offset from.
 * Returns 1, or 0 if there is none. Text without long words is passed at one
 * look for each 64 bytes.
 */
int media_next(const char *s, size_t n, size_t from, struct media *m);

/* 1 if a browser shows it as an image. */
int media_is_image(const struct media *m);

/* Appends "[image/png, 50.1 kB]": the type and the size of the file. */
void media_put_note(struct buf *b, const struct media *m);

/* Replaces each such string in the JSON text of b from at on by its note. */
void media_replace(struct buf *b, size_t at);

#endif
