#ifndef JOB_H
#define JOB_H

/*
 * A request to a model that is being processed, and its result.
 */
#include <stdint.h>

#include "net/net.h"
#include "budget.h"
#include "chat.h"
#include "dialect.h"
#include "retry.h"

struct secret_values;

enum job_state {
	JOB_WAITING,		/* waits for its time, a slot or the budget */
	JOB_SENT,
	JOB_TWIN,		/* another job asks the same */
	JOB_DONE		/* its record can be written */
};

struct job {
	struct job *next;	/* next job, in the order of requests */
	struct asker *asker;
	enum job_state state;
	struct chat chat;
	const struct job *twin;	/* the job that asks the same, or NULL */
	int64_t due;		/* isotime_monotonic() of the next attempt */
	unsigned attempts;
	struct net_call *call;
	struct budget_need need;	/* what was taken from the budget */
	struct buf sent;	/* the body of the request */
	struct buf body;	/* body of the reply */
	char type[64];		/* Content-Type of the reply */
	int64_t ms;		/* duration of the last attempt, in ms */
	struct retry_case failure;
	char code[24];		/* of the failure; empty: none */
	struct buf message;	/* of the failure */
	struct completion completion;
	int cached;		/* 1: the reply came without a call */
};

struct job *job_new(struct asker *a);
void job_free(struct job *j);

/* Discards the results of an attempt, for the next one. */
void job_reset(struct job *j);

/* Fails the job; the message is formatted. */
void job_fail(struct job *j, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Reads the reply: sets completion, or code, message and failure, with secrets
 * masked.
 */
void job_take(struct job *j, const struct dialect *d,
    const struct net_end *end, const struct secret_values *secrets);

/* Appends the record with its reply or error, a line. */
void job_put(const struct job *j, const struct secret_values *secrets,
    struct buf *b);

#endif
