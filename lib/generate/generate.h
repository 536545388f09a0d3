#ifndef GENERATE_H
#define GENERATE_H

/*
 * Makes inputs of texts: the combinations of strategies and personas take
 * turns, so that even the first few inputs differ as much as possible.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"
#include "callkey.h"

struct base;
struct config;
struct err;
struct out;
struct persona;

struct generator {
	size_t *strategies;	/* numbers of strategies, see strategies.h */
	size_t nstrategies;
	struct persona *personas;
	size_t npersonas;	/* 0: no persona */
	char **templates;	/* templates of the strategy custom */
	size_t ntemplates;
	uint64_t seed;
	int original;		/* 1: the text itself is the first input */
	size_t limit;		/* inputs in all; 0: no limit */
	size_t each;		/* inputs of each combination, if limit is 0 */
	struct base *bases;
	size_t nbases;
	size_t cap;
	size_t index;		/* number of the next base */
	struct callkey key;	/* settings by which calls are compared */
	struct set seen;	/* hashes of calls given out */
	size_t made;
	struct json_span more;	/* an object: more metadata of each input */
	struct out *out;
};

/*
 * Takes strategies, personas, templates, seed and counts from c. strategies and
 * personas name those to use; NULL means all that are configured or, without
 * any, every usable strategy. Returns 0, or -1 with *e filled in.
 */
int generator_init(struct generator *g, const struct config *c,
    char *const *strategies, size_t nstrategies, char *const *personas,
    size_t npersonas, struct out *out, struct err *e);
void generator_release(struct generator *g);

/* The fields of a template or input, in the order generator_add wants them. */
enum { GENERATE_INPUT, GENERATE_PATH, GENERATE_KWARGS, GENERATE_OBJECTS,
	GENERATE_TYPES, GENERATE_TARGET, GENERATE_METADATA, GENERATE_FIELDS };
extern const char *const generator_fields[GENERATE_FIELDS];

/*
 * Adds a text. Without a limit its inputs are written at once. Returns 1 when
 * no more texts are needed: the limit is reached, or will be, or writing
 * failed.
 */
int generator_add(struct generator *g, struct json_span record,
    const struct json_span v[GENERATE_FIELDS]);

/*
 * Writes an input that was made of a text elsewhere: record and v are as
 * for generator_add, index is the text's number. Returns 1, or 0 if one like it
 * was written before.
 */
int generator_give(struct generator *g, struct json_span record,
    const struct json_span v[GENERATE_FIELDS], size_t index,
    struct json_span input, const char *strategy, const char *persona,
    const char *note);

/* Writes the inputs of all texts that were added. */
void generator_finish(struct generator *g);

#endif
