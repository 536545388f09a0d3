/*
 * The assertions exec and python: a program of the user judges.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "run/command.h"
#include "assertion.h"
#include "external.h"
#include "text.h"
#include "verdict.h"

#define SECONDS 60

/* What an exec assertion keeps. */
struct program {
	char **argv;
	size_t n;
	size_t cap;
	struct external *x;
	struct buf line, answer;
};

static void
add_word(struct program *p, const char *word)
{
	ALLOC_GROW(p->argv, p->n + 2, p->cap);
	p->argv[p->n++] = xstrdup(word);
	p->argv[p->n] = NULL;
}

static struct program *
program_new(void)
{
	return xcalloc(1, sizeof(struct program));
}

static void
start_program(struct assertion *a, struct program *p)
{
	double seconds = SECONDS;

	value_number(json_get(a->spec, "timeout_seconds"), &seconds);
	p->x = external_new(p->argv, seconds);
	a->state = p;
}

/* The value is a command for the shell, or a list of words run without one. */
int
prepare_exec(struct assertion *a, struct err *e)
{
	struct program *p = program_new();
	struct json_span key, word;
	struct buf text = { 0 };
	struct json_iter it;

	if (json_is(a->value, JSON_ARRAY)) {
		for (it = json_each(a->value); json_next(&it, &key, &word); ) {
			text.len = 0;
			value_text(word, &text);
			add_word(p, buf_str(&text));
		}
	} else {
		value_text(a->value, &text);
		if (text.len) {
			add_word(p, "sh");
			add_word(p, "-c");
			add_word(p, buf_str(&text));
		}
	}
	buf_release(&text);
	start_program(a, p);
	return p->n ? 0 : err_set(e, 0, 0, "it has no command");
}

/* FILE.py or FILE.py:FUNCTION, by the module of the Python package. */
int
prepare_python(struct assertion *a, struct err *e)
{
	const char *python = getenv("FLUXLOOP_PYTHON");
	struct program *p = program_new();
	char *package = command_package(e), *start = command_start("check");
	struct buf text = { 0 };

	value_text(a->value, &text);
	add_word(p, python && *python ? python : "python3");
	add_word(p, "-c");
	add_word(p, start);
	add_word(p, package ? package : "");
	add_word(p, buf_str(&text));
	start_program(a, p);
	buf_release(&text);
	free(start);
	free(package);
	if (!package)
		return -1;
	return strncmp(p->argv[4], "file://", 7) ? 0 :
	    err_set(e, 0, 0, "write the file's name without file://");
}

void
release_exec(void *state)
{
	struct program *p = state;
	size_t i;

	if (!p)
		return;
	external_free(p->x);
	for (i = 0; i < p->n; i++)
		free(p->argv[i]);
	free(p->argv);
	buf_release(&p->line);
	buf_release(&p->answer);
	free(p);
}

/* {"trace":...,"config":...}: config is that of the assertion. */
static void
put_question(const struct assertion *a, const struct subject *s,
    struct buf *line)
{
	struct json_span config = json_get(a->spec, "config");

	line->len = 0;
	json_open(line, NULL, '{');
	json_add(line, "trace", s->record);
	if (config.p)
		json_add(line, "config", config);
	json_close(line, '}');
	buf_byte(line, '\n');
}

/* An answer: true, a score, or {"pass","score","reason"}. */
static void
read_answer(struct assertion *a, struct buf *answer, struct verdict *v)
{
	struct json_span whole = json_buf(answer), pass, score, reason;
	double d = -1, least = a->has_threshold ? a->threshold : 0.5;
	struct buf text = { 0 };
	struct json_fault f;

	if (!answer->len || json_scan(whole.p, whole.n, 0, NULL, NULL, 0,
	    &f) < 0) {
		verdict_none(v, "the answer is not JSON: %.*s",
		    (int)(answer->len < 60 ? answer->len : 60),
		    buf_str(answer));
		return;
	}
	pass = json_is(whole, JSON_OBJECT) ? json_get(whole, "pass") : whole;
	score = json_is(whole, JSON_OBJECT) ? json_get(whole, "score") : whole;
	reason = json_is(whole, JSON_OBJECT) ? json_get(whole, "reason") :
	    (struct json_span){ NULL, 0 };
	if (!json_is_null(reason))
		value_text(reason, &text);
	value_number(score, &d);
	if (json_is(pass, JSON_BOOL))
		verdict_set(v, json_is_true(pass), "%s", buf_str(&text));
	else if (d >= 0 && d <= 1)
		verdict_set(v, d >= least, "%s", buf_str(&text));
	else
		verdict_none(v, "%s", text.len ? buf_str(&text) :
		    "the answer has neither pass nor a score from 0 to 1");
	if (v->kind != VERDICT_NONE && d >= 0 && d <= 1)
		v->score = d;
	buf_release(&text);
}

void
judge_exec(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct program *p = a->state;
	struct err e = { 0 };

	put_question(a, s, &p->line);
	if (external_ask(p->x, p->line.p, p->line.len, &p->answer, &e))
		verdict_none(v, "%s", e.msg);
	else
		read_answer(a, &p->answer, v);
	err_release(&e);
}
