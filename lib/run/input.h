#ifndef INPUT_H
#define INPUT_H

/*
 * An input made ready to be run: its identity, and the arguments that it is
 * replayed with.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "record/record.h"

struct config;
struct err;
struct set;

/* The settings for all inputs. */
struct input_plan {
	int replay;
	char *path;		/* replay_args.override_param_path, or NULL */
	struct json_span providers;	/* replay_args.callable_providers; p may
				   be NULL */
	struct json_span personas;	/* the configured personas; p may be
				   NULL */
	char *template;		/* input_template, or NULL */
	char *target;		/* target whose recorded calls are replayed */
	struct buf set;		/* JSON of replay_args.set, or empty */
	struct buf args;	/* JSON of runner.args, or empty */
	char *recording;	/* path of replay_args.recording_file, or NULL */
	struct buf recorded;	/* its call, read for the first input without
				   arguments of its own; empty: not yet */
	char *unreadable;	/* why the recording cannot be used, or NULL */
	struct json_span replaced;	/* replay_args.set; p may be NULL */
	struct set *masked;	/* hashes of paths that were reported */
	void (*report)(const char *msg);	/* prints a message; may be
				   NULL */
};

struct input {
	unsigned refs;
	struct buf record;	/* the input as it was read */
	struct buf value;	/* JSON; with input_template applied */
	int templated;		/* 0: value is in record as it is */
	struct json_span metadata;	/* metadata of record; p may be NULL */
	char id[RECORD_ID];
	char *persona;		/* name of the persona, or NULL */
	char *error;		/* why the input cannot be run; NULL: it can */
	int secret;		/* 1: no secret in the record, 2: maybe one;
				   0: not looked for */
	struct buf kwargs;	/* JSON; empty: not replayed */
	struct buf callables;	/* JSON: {"path":"send"|"error"} */
	struct json_span objects;	/* part of record or the plan; may be
				   absent */
	struct json_span types;	/* part of record or the plan; may be absent */
	struct json_span args;	/* part of the plan; may be absent */
	struct buf replaced;	/* JSON: ["path"] of values in kwargs that are
				   not the recorded ones; empty: none */
};

/*
 * Reads the settings for inputs from c, which is borrowed. replay is 1 to
 * replay and -1 not to, whatever c says. Returns 0, or -1 with *e filled in: a
 * constant names a variable that is not set. p is to be released either way.
 */
int input_plan_init(struct input_plan *p, const struct config *c, int replay,
    const char *target, struct err *e);
void input_plan_release(struct input_plan *p);

/* The fields of an input record, in the order that input_new wants them. */
enum { INPUT_VALUE, INPUT_ID, INPUT_METADATA, INPUT_FIELDS };

/*
 * Makes an input with one reference from a record. If it cannot be run (a
 * recorded callable has no provider, the override path does not exist), *e is
 * filled in; the input is returned all the same.
 */
struct input *input_new(struct input_plan *p, struct json_span record,
    const struct json_span v[INPUT_FIELDS], struct err *e);

/* Gives back one reference; the last one frees it. */
void input_unref(struct input *in);

#endif
