#ifndef CALL_H
#define CALL_H

/*
 * One attempt at a run: its requests to the service, and the reply.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "net/net.h"
#include "answer.h"
#include "request.h"
#include "service.h"

enum call_state {
	CALL_WAITING,		/* the call has not begun */
	CALL_SENT,		/* a request is under way */
	CALL_DONE,		/* the answer is complete, the connection still
				   open */
	CALL_POLLING,		/* waits before it polls its task again */
	CALL_OVER		/* it has an output or has failed */
};

struct call {
	struct call *next;
	const struct service *service;
	struct buf line;	/* the request from fl-run */
	struct json_span v[REQUEST_FIELDS];	/* fields of line */
	unsigned attempt;	/* number of the attempt, from 1 */
	struct json_span run_id;	/* text in line, without quotes */
	enum call_state state;
	struct net *net;
	struct net_call *transfer;
	struct request request;
	struct answer answer;
	int64_t started;	/* isotime_monotonic() of the first request */
	int64_t wall;		/* isotime_now() of the first request */
	int64_t ended;		/* isotime_monotonic() of the end; 0: none
				   yet */
	int64_t sent;		/* isotime_monotonic() of the request that is
				   under way */
	int64_t first_byte;	/* microseconds from sent; -1: none yet */
	int64_t first_text;	/* microseconds from started; -1: none yet */
	int64_t due;		/* isotime_monotonic() of the next poll of the
				   task */
	double timeout;		/* seconds of the attempt; 0: unlimited */
	unsigned redirects, polls;
	int status;
	int is_ok;		/* 1: the status is that of a success */
	size_t bytes;		/* bytes of the reply's body */
	char *content_type;
	struct buf refusal;	/* the start of the body of a failed reply */
	char code[24];		/* code of the failure; empty: none */
	struct err error;
	int unreached;		/* 1: the service was not reached */
	int retried;		/* 1: another attempt may succeed */
	double wait_ms;		/* wait that the service asks for, in ms; -1:
				   none */
	struct buf *out;	/* messages for fl-run */
};

/*
 * Makes a call from a line of fl-run, which is copied. Returns NULL with *e
 * filled in if the line is not a request.
 */
struct call *call_new(const struct service *s, const char *line, size_t n,
    struct err *e);
void call_free(struct call *c);

/*
 * Begins a call: writes the start message to out and sends the request. timeout
 * limits the attempt, in seconds; 0: unlimited. Without net, the request is made
 * and not sent, and the output is null.
 */
void call_begin(struct call *c, struct net *net, double timeout,
    struct buf *out);

/*
 * Enforces the time limits, and polls the task when that is due. Returns the
 * monotonic time when something is due next, or INT64_MAX.
 */
int64_t call_check(struct call *c, int64_t now);

/* Adds the id of the run that a message is about, as fl-run wrote it. */
void call_add_id(const struct call *c, struct buf *b);

/* Adds the members "id" and "clock", the time of the call's end. */
void call_add_end(const struct call *c, struct buf *b);

/* Appends the observations of a call that is over. (steps.c) */
void call_put_steps(const struct call *c, struct buf *b);

#endif
