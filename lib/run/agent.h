#ifndef AGENT_H
#define AGENT_H

/*
 * A child process that speaks the agent protocol, fluxloop-protocol(7): its
 * pipes, the lines that it writes, and its standard error.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "agentlog.h"
#include "proc.h"

struct env;
struct err;
struct mask;

/* What agents have in common. */
struct agent_kind {
	char *const *argv;
	const struct env *env;
	const struct mask *secrets;	/* secrets to mask in what agents
				   write */
	const char *dir;		/* folder to start agents in; NULL: the
				   current one */
	const char *stderr_dir;		/* folder for logs of stderr; NULL: none
				   are kept */
	int stderr_fd;	/* descriptor of stderr_dir, or -1 */
	int64_t log_limit;	/* bytes of each log; 0: no limit */
	int agents_log;	/* descriptor of agents.jsonl, or -1 */
	void (*report)(const char *msg);	/* reports that a log cannot be
				   written */
	unsigned last;		/* highest number of an agent with a log in
				   stderr_dir */
};

struct agent {
	const struct agent_kind *kind;
	struct proc proc;
	unsigned number;	/* number of the agent, from 1 */
	struct buf to;		/* text to be written to the agent */
	size_t to_done;
	struct buf from;	/* unread output, from the start of a line */
	size_t from_start;
	size_t from_seen;	/* bytes known to have no newline */
	int from_eof;
	int skipping;		/* 1: drop its output up to a newline */
	int input_closed;		/* 1: it closed its input before all was
				   written */
	size_t unread;		/* bytes that it had not read when it closed its
				   input */
	struct buf err_line;	/* incomplete last line of its standard error */
	struct buf err_tail;	/* last few KiB of its standard error */
	struct agentlog log;
	int64_t began;		/* wall clock, microseconds since 1970 */
	int ended;		/* 1: its exit status was collected; end is
				   set */
	struct proc_end end;
};

/*
 * Opens agents.jsonl in the kind's stderr_dir, if that is set, and finds which
 * agents have logs there. Returns 0, or -1 with *e filled in.
 */
int agent_kind_open(struct agent_kind *k, struct err *e);
void agent_kind_close(struct agent_kind *k);

/* Starts an agent. Returns 0, or -1 with *e filled in and errno set. */
int agent_start(struct agent *a, const struct agent_kind *kind,
    unsigned number, struct err *e);

/* Kills its process group at once, closes its pipes and frees the memory. */
void agent_release(struct agent *a);

/* Writes as much of the waiting text as the pipe accepts. */
void agent_write(struct agent *a);

/* Closes its standard input; text waiting to be written is dropped. */
void agent_close_input(struct agent *a);

/* The number of bytes sent that it has not read, if that is known. */
size_t agent_unread(const struct agent *a);

/* Reads the output (and notes its end), or the errors, that have arrived. */
void agent_read(struct agent *a);
void agent_read_errors(struct agent *a);

/*
 * The next whole line of its output; the rest after the last whole line.
 * Returns 1, with the text borrowed until agent_read, or 0.
 */
int agent_line(struct agent *a, const char **p, size_t *n);
int agent_rest(struct agent *a, const char **p, size_t *n);

/*
 * Sets *p to the output after the last whole line, which stays. Returns its
 * length.
 */
size_t agent_peek(const struct agent *a, const char **p);

/* Whether another whole line of its output waits. */
int agent_has_line(const struct agent *a);

/* Drops the output after the last whole line, up to the next newline. */
void agent_skip_line(struct agent *a);

/*
 * Adds the facts about an agent that has ended to an open object: agent, pid,
 * started, ended, calls, exit_code or signal, cpu_seconds and
 * peak_memory_bytes. agent_note appends it to agents.jsonl, if there is one,
 * and returns 0, or -1 with errno set.
 */
void agent_put_usage(const struct agent *a, long long calls, struct buf *b);
int agent_log_usage(const struct agent *a, long long calls);

/* Discards its standard error so far. */
void agent_discard_errors(struct agent *a);

/* Appends the last part of its standard error to b, and discards it. */
void agent_take_errors(struct agent *a, struct buf *b);

#endif
