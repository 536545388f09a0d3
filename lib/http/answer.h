#ifndef ANSWER_H
#define ANSWER_H

/*
 * Makes the output of a run of a service's reply: of JSON or text as a whole,
 * or of a stream of events, as plain keys or an interface's rules say. What the
 * reply tells of the model, of tokens and of calls of tools is kept for the
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
	char code[24];		/* error code; empty: none so far */
	struct err error;
};

/*
 * Starts to read a reply of a success. content_type may be NULL. delta and arg
 * receive streamed text.
 */
void answer_begin(struct answer *a, const struct service *s,
    const char *content_type, void (*delta)(void *, const char *, size_t),
    void *arg);

/*
 * Reads n bytes of the body. Returns 0; 1 when a stream is done and the rest is
 * of no interest; -1 when it failed: code and error are set.
 */
int answer_feed(struct answer *a, const char *p, size_t n);

/*
 * The body has ended: sets output. With a task that is not done, task is its id
 * and there is no output. Returns 0, or -1 with code and error set.
 */
int answer_end(struct answer *a);
void answer_release(struct answer *a);

/* Sets code and error. Returns -1. For the interfaces below. */
int answer_fail(struct answer *a, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds text to what is streamed, and hands it on. */
void answer_add_text(struct answer *a, struct json_span string);

/* The tool with this index, which is made if it is missing. */
struct answer_tool *answer_tool(struct answer *a, size_t index);

/* Sets a count of tokens from a number in JSON; ignores what is not one. */
void answer_set_tokens(struct answer *a, size_t which, struct json_span v);

/* What an interface does with replies; all return 0, or -1 after a failure. */
struct answer_kind {
	int (*whole)(struct answer *a, struct json_span reply);
	int (*event)(struct answer *a, struct json_span event);
	int (*end)(struct answer *a);	/* ends a stream; may be NULL */
};
extern const struct answer_kind answer_chat, answer_responses, answer_a2a;

#endif
