#ifndef ANSWER_H
#define ANSWER_H

/*
 * Makes the output of a run from a service's reply, which is JSON, text or a
 * stream of events, by the configured paths or by the rules of an interface.
 * The model, the tokens and the calls of tools in the reply are kept for the
 * trace.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "service.h"
#include "sse.h"

enum answer_form { ANSWER_WHOLE, ANSWER_STREAM };

/* A call of a tool that the model asked for. */
struct answer_tool {
	struct buf id, name;	/* text */
	struct buf arguments;	/* text, mostly JSON */
};

/* What has come of an artifact in a stream. */
struct answer_artifact {
	struct buf id;		/* JSON */
	struct buf parts;	/* JSON: the elements of a list */
};

/* Zeroed memory is none. */
struct answer {
	const struct service *service;
	/* receives text of a stream as it comes; may be NULL */
	void (*delta)(void *arg, const char *p, size_t n);
	void *arg;
	enum answer_form form;
	int is_html;		/* 1: the Content-Type is that of HTML */
	int is_text;
	struct buf body;	/* the body of a whole reply so far */
	struct sse sse;
	size_t events;
	int is_done;		/* 1: the stream has said that it is done */
	int has_text;
	struct buf text;	/* the text of the stream so far */
	struct buf value;	/* JSON: an output that is not text */
	struct buf output;	/* JSON: the output, once the reply has ended */
	struct buf model;	/* text; empty: unknown */
	struct buf finish;	/* JSON: why the model stopped */
	struct buf state;	/* text: the state of a task */
	struct buf task;	/* text: id of the task to poll; empty: none */
	long long tokens[3];	/* prompt, completion, total; -1: unknown */
	struct answer_tool *tools;
	size_t ntools;
	struct answer_artifact *artifacts;
	size_t nartifacts;
	struct buf said;	/* JSON: the last message of a task's status */
	char code[24];		/* error code; empty: none so far */
	struct err error;
};

/*
 * Starts to read a reply whose status is a success. content_type may be NULL.
 * delta is called with arg and each piece of streamed text; it may be NULL.
 */
void answer_begin(struct answer *a, const struct service *s,
    const char *content_type, void (*delta)(void *, const char *, size_t),
    void *arg);

/*
 * Reads n bytes of the body. Returns 0; 1 when a stream is done and the rest of
 * the body can be skipped; or -1 with code and error set.
 */
int answer_feed(struct answer *a, const char *p, size_t n);

/*
 * Ends the body and sets output; for a task that is not done, sets task to its
 * id instead. Returns 0, or -1 with code and error set.
 */
int answer_end(struct answer *a);
void answer_release(struct answer *a);

/* Sets code and error, for the functions of an interface. Returns -1. */
int answer_fail(struct answer *a, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a JSON string to the text of a stream, and passes it to delta. */
void answer_add_text(struct answer *a, struct json_span string);

/* The call of a tool with this index, which is added if it is missing. */
struct answer_tool *answer_tool(struct answer *a, size_t index);

/* Sets tokens[which] from a JSON number; ignores any other value. */
void answer_set_tokens(struct answer *a, size_t which, struct json_span v);

/*
 * How an interface reads a whole reply, an event, and the end of a stream. Each
 * returns 0, or -1 with code and error set.
 */
struct answer_kind {
	int (*whole)(struct answer *a, struct json_span reply);
	int (*event)(struct answer *a, struct json_span event);
	int (*end)(struct answer *a);	/* ends a stream; may be NULL */
};
extern const struct answer_kind answer_chat, answer_responses, answer_a2a;

#endif
