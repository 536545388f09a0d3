#ifndef CONVENTIONS_H
#define CONVENTIONS_H

/*
 * The names in spans: the fields of OTLP's JSON, and the attributes, kinds and
 * events of the libraries that record agents. A further library is further
 * rows of the tables in conventions.c.
 */
#include <stddef.h>

#include "json/json.h"

/* The fields of a span. */
enum {
	SPAN_TRACE_ID, SPAN_SPAN_ID, SPAN_PARENT, SPAN_STATE, SPAN_NAME,
	SPAN_KIND, SPAN_START, SPAN_END, SPAN_ATTRIBUTES, SPAN_EVENTS,
	SPAN_LINKS, SPAN_STATUS,
	SPAN_FIELDS
};

/* The code of a span's status. */
enum { SPAN_STATUS_UNSET, SPAN_STATUS_OK, SPAN_STATUS_ERROR };

/* What an attribute is, whatever its name. */
enum {
	ATTR_KIND,		/* a word of conventions_kinds */
	ATTR_TOOL,		/* name of the tool */
	ATTR_STEP,		/* name of the step; a tool's, if it is one */
	ATTR_AGENT,		/* name of the agent */
	ATTR_HINT,		/* without a meaning but for the type */
	ATTR_FILLED,		/* name of the span, if that is a template */
	ATTR_INPUT, ATTR_OUTPUT,
	ATTR_TALK,		/* messages up to and with the answer */
	ATTR_SYSTEM,		/* instructions apart from the messages */
	ATTR_INPUT_TYPE, ATTR_OUTPUT_TYPE,	/* MIME types */
	ATTR_ASKED, ATTR_ANSWERED,	/* input and output of the trace */
	ATTR_TRACE_NAME,
	ATTR_MODEL,
	/* counts of tokens, in the order of the COUNT_* */
	ATTR_TOKENS_IN, ATTR_TOKENS_OUT, ATTR_TOKENS, ATTR_CACHED,
	ATTR_REASONING,
	ATTR_USAGE,		/* an object of counts */
	ATTR_PARAMETERS, ATTR_METADATA, ATTR_ERROR_TYPE, ATTR_CONVERSATION_ID,
	ATTR_GRADE,		/* level, in a word of conventions_levels */
	ATTR_REMARK,		/* status message */
	/* those of otlp.h; from ATTR_RUN_ID on those of a run */
	ATTR_RECORD, ATTR_TRACE_ID, ATTR_ID, ATTR_PARENT, ATTR_TYPE, ATTR_NAME,
	ATTR_LEVEL, ATTR_STATUS_MESSAGE, ATTR_START, ATTR_END,
	ATTR_RUN_ID, ATTR_ITERATION, ATTR_PERSONA, ATTR_DURATION,
	ATTR_ERROR_KIND, ATTR_COUNT, ATTR_TOKEN_USAGE, ATTR_CONVERSATION,
	ATTR_STATE, ATTR_TERMINATION, ATTR_INPUT_ID, ATTR_ATTEMPTS,
	ATTR_CALLBACKS, ATTR_STDOUT, ATTR_STDERR, ATTR_SCORES,
	ATTR_EVALUATION,
	ATTRIBUTES
};

/* The counts of tokens. */
enum {
	COUNT_IN, COUNT_OUT, COUNT_TOTAL,
	COUNT_CACHED,		/* part of the input, read from a cache */
	COUNT_REASONING,	/* part of the output */
	COUNTS
};

/* How to read a string that may be JSON. */
enum conventions_how {
	HOW_NESTED,	/* as JSON if it is an object or an array */
	HOW_QUOTED,	/* as JSON if it is one of these or a string */
	HOW_ANY,	/* as JSON if it can be */
	HOW_EACH,	/* likewise, and each string of a list */
	HOW_MIME,	/* as JSON if the attribute of the MIME type says so */
	HOW_TEXT,	/* never: it is what a model wrote */
	HOW_VALUE	/* as JSON, which it is; a string in it is text */
};

/*
 * The names of attributes. Of a span's attributes that are the same, the one
 * whose row is first counts, and one that is not empty before one that is. An
 * asterisk in a name stands for any one word, without dots.
 */
struct conventions_name {
	const char *name;
	int attribute;		/* ATTR_* */
	enum conventions_how how;
	const char *member;	/* only this member of the value, or NULL */
	const char *type;	/* type of a span without a kind; or NULL */
};
extern const struct conventions_name conventions_names[];
extern const size_t conventions_nnames;

extern const char *const conventions_fields[SPAN_FIELDS];

/* The type of an observation that a word stands for, in any case. */
struct conventions_kind {
	const char *word;
	const char *type;
	int exact;		/* 1: the type says all that the word does */
};
extern const struct conventions_kind conventions_kinds[];
extern const size_t conventions_nkinds;

/* The word's row, or NULL. */
const struct conventions_kind *conventions_find_kind(const char *word,
    size_t n);

/* The level that a word stands for; NULL if there is nothing to report. */
const char *conventions_find_level(const char *word, size_t n);

/* The index of the count (COUNT_*) that a member of ATTR_USAGE is; COUNTS. */
int conventions_find_count(struct json_span key);

/* The places where an input (0) or an output (1) may be. */
struct conventions_side {
	int attribute;		/* ATTR_* */
	int mime_type;		/* attribute with its MIME type */
	int of_trace;		/* attribute with that of the whole trace */
	const char *nested[4];	/* prefixes of flattened messages */
};
extern const struct conventions_side conventions_sides[2];

/* Events that are part of an input or output. */
struct conventions_event {
	const char *name;
	int side;
	const char *role;	/* role of its message; NULL: all messages */
};
extern const struct conventions_event conventions_events[];
extern const size_t conventions_nevents;

/* An index of conventions_names. */
struct conventions_index {
	unsigned short slot[1024];	/* row + 1, or 0 */
	unsigned short pattern[8];	/* rows whose names have an asterisk */
	size_t npatterns;
};
void conventions_index(struct conventions_index *x);

/* The row of the name that a key is, or conventions_nnames. */
size_t conventions_find(const struct conventions_index *x,
    struct json_span key);

#endif
