#ifndef CCTHREAD_H
#define CCTHREAD_H

/*
 * The threads of Claude Code's sessions: the session itself, with a turn for
 * each prompt, and its sidechains. A thread makes spans of what its lines say:
 * a turn or a sidechain is an agent, an answer of the model a generation.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/set.h"
#include "json/json.h"

struct export;

/* A prompt, or the answer of a model, that is not written yet. */
struct ccthread {
	size_t session;		/* index of the session's own thread */
	int side;		/* 1: a sidechain */
	struct buf trace;	/* JSON strings: id of the trace */
	struct buf id;		/* id of the span that steps are below, or
				   empty */
	struct buf parent;	/* a sidechain's: the tool that started it */
	struct buf name;	/* title of the session, or type of agent */
	int title;		/* rank of the title: the highest counts */
	uint64_t first, last;	/* times of its lines, ns */
	/* the turn */
	struct buf prompt;	/* JSON string; empty: none */
	struct buf prompt_id;	/* JSON string */
	int real;		/* 1: the prompt counts without an answer */
	uint64_t prompted;	/* time of the prompt */
	uint64_t asked;		/* time of the prompt of the open turn */
	uint64_t answered;	/* time of the last answer in it */
	struct buf question;	/* prompt of the turn that is open */
	struct buf answer;	/* last text in it */
	int failed;		/* 1: the last answer is an error */
	size_t turns;
	struct buf first_prompt;	/* first prompt of the session */
	struct buf last_answer;
	struct buf talk;	/* conversation of the session, without
				   brackets */
	size_t untold;		/* turns that are too much for it */
	struct buf metadata;	/* members of the session's metadata */
	int set_up;		/* 1: it has the SDK's first message */
	/* what the SDK's last message says about the session */
	struct buf outcome;	/* an object for the metadata, or empty */
	struct buf error;	/* JSON string, or empty */
	double spent;		/* milliseconds of all its runs */
	size_t answers;		/* answers of the model that were written */
	/* the model's message */
	struct buf pending;	/* messages since the last one, with commas */
	struct buf message;	/* id, a JSON string; empty: none is open */
	struct buf input;	/* the messages before it */
	struct buf blocks;	/* content of the message, with commas */
	struct buf model;
	struct buf usage;
	struct buf details;	/* members of the message's metadata */
	uint64_t begun, ended;
};

void ccthread_release(struct ccthread *t);

/*
 * Keeps a prompt for a turn that the next answer opens; real: 1 for one that is
 * a turn even without an answer. text and id are JSON strings.
 */
void ccthread_prompt(struct export *x, struct ccthread *t,
    struct json_span text, struct json_span id, uint64_t time, int real);

/* A message to the model that is not an answer: a checked object. */
void ccthread_message(struct ccthread *t, const char *role,
    struct json_span content);

/*
 * Adds a block of the answer with that id, which begins one if it is another
 * than the one before.
 */
void ccthread_answer(struct export *x, struct ccthread *t,
    struct json_span id, struct json_span message, struct json_span line,
    uint64_t time);

/* Opens the turn of the prompt that waits. */
void ccthread_open(struct export *x, struct ccthread *t,
    struct json_span id, uint64_t time);

/* Notes that a sidechain was started by the tool with that id, a string. */
void ccthread_child(struct ccthread *t, struct json_span tool);

/* Takes the message of the SDK that ends a run: a checked object. */
void ccthread_result(struct ccthread *t, struct json_span line);

/* Writes the answer, the turn, or the row of the session, if there is one. */
void ccthread_end_answer(struct export *x, struct ccthread *t);
void ccthread_end_turn(struct export *x, struct ccthread *t,
    const struct buf *parent);
void ccthread_end_session(struct export *x, struct ccthread *t);

#endif
