#ifndef CONVENTIONS_H
#define CONVENTIONS_H

/*
 * The names in spans: the fields of OTLP's JSON, and the attributes, types and
 * events of the semantic conventions for generative AI (old and new ones), of
 * OpenInference, of OpenLLMetry, and of otlp.h.
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

/*
 * The attributes with a meaning. Attributes with the same meaning are
 * neighbours, the one with precedence first.
 */
enum {
	ATTR_SPAN_KIND, ATTR_OPERATION, ATTR_ENTITY_KIND, ATTR_REQUEST_TYPE,
	ATTR_INPUT, ATTR_INPUT_MESSAGES, ATTR_ARGUMENTS, ATTR_ENTITY_INPUT,
	ATTR_PROMPT, ATTR_QUERY,
	ATTR_OUTPUT, ATTR_OUTPUT_MESSAGES, ATTR_RESULT, ATTR_ENTITY_OUTPUT,
	ATTR_COMPLETION, ATTR_DOCUMENTS,
	ATTR_INPUT_TYPE, ATTR_OUTPUT_TYPE,
	ATTR_MODEL, ATTR_MODEL_2, ATTR_MODEL_3, ATTR_MODEL_4,
	ATTR_TOKENS_IN, ATTR_TOKENS_IN_2, ATTR_TOKENS_IN_3, ATTR_TOKENS_IN_4,
	ATTR_TOKENS_OUT, ATTR_TOKENS_OUT_2, ATTR_TOKENS_OUT_3,
	ATTR_TOKENS_OUT_4,
	ATTR_TOKENS, ATTR_TOKENS_2, ATTR_TOKENS_3,
	ATTR_AGENT, ATTR_AGENT_2, ATTR_TOOL, ATTR_TOOL_2,
	ATTR_PARAMETERS, ATTR_METADATA, ATTR_ERROR_TYPE, ATTR_CONVERSATION_ID,
	/* those of otlp.h; from ATTR_RUN_ID on those of a run */
	ATTR_RECORD, ATTR_TRACE_ID, ATTR_ID, ATTR_PARENT, ATTR_TYPE, ATTR_NAME,
	ATTR_LEVEL, ATTR_STATUS_MESSAGE, ATTR_START, ATTR_END,
	ATTR_RUN_ID, ATTR_ITERATION, ATTR_PERSONA, ATTR_DURATION,
	ATTR_ERROR_KIND, ATTR_COUNT, ATTR_TOKEN_USAGE, ATTR_CONVERSATION,
	ATTR_STATE, ATTR_TERMINATION,
	ATTRIBUTES
};

extern const char *const conventions_fields[SPAN_FIELDS];
extern const char *const conventions_attributes[ATTRIBUTES];

/* The type of an observation that an attribute's value stands for. */
struct conventions_type {
	int attribute;
	const char *value;
	const char *type;
	int exact;		/* 1: the type says all that the value does */
};
extern const struct conventions_type conventions_types[];
extern const size_t conventions_ntypes;

/* The places where an input (0) or an output (1) may be. */
struct conventions_side {
	int first, last;	/* range of attributes, of spans or events */
	int mime_type;		/* attribute: MIME type of the first */
	const char *nested[2];	/* prefixes of flattened messages */
	const char *roles[3];	/* roles of the message that is the text */
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

/* Sorts the numbers of the attributes by name, for conventions_find. */
void conventions_sort(unsigned char order[ATTRIBUTES]);

/* The number of the attribute that a key names, or ATTRIBUTES. */
int conventions_find(const unsigned char order[ATTRIBUTES],
    struct json_span key);

#endif
