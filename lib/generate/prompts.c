#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "io/out.h"
#include "config/config.h"
#include "config/env.h"
#include "strategies.h"
#include "variant.h"
#include "prompts.h"

#define LLM "input_generation.llm."

struct prompts_base {
	struct buf record;
	struct buf text;
	size_t turn;		/* the combination that is next */
};

static const char user_prompt[] =
    "You write test messages for an AI agent, as its users would type them "
    "into a chat.\n\n"
    "Write one message. It asks for what the base input asks for, changed as "
    "the strategy says, and is typed by the person of the profile. Make it as "
    "short and as natural as theirs would be; who is verbose asks several "
    "related questions and does not write an essay. Answer with the message "
    "alone: no quotation marks, no label, no comment.\n\n"
    "**Base Input:** {input}\n"
    "**Strategy to Apply:** {strategy}\n"
    "**User Persona Profile:**\n{persona}\n";

void
prompts_init(struct prompts *p, const struct generator *g,
    const struct config *c, struct out *out)
{
	double most = config_number(c, LLM "max_outputs");

	memset(p, 0, sizeof(*p));
	p->g = g;
	p->config = c;
	p->out = out;
	p->each = most >= 1 ? (size_t)most : g->each;
}

void
prompts_release(struct prompts *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		buf_release(&p->bases[i].record);
		buf_release(&p->bases[i].text);
	}
	free(p->bases);
}

void
prompts_add(struct prompts *p, struct json_span record,
    const struct json_span v[GENERATE_FIELDS])
{
	struct prompts_base *b;

	if (!json_is(v[GENERATE_INPUT], JSON_STRING))
		return;
	ALLOC_GROW(p->bases, p->n + 1, p->cap);
	b = &p->bases[p->n];
	memset(b, 0, sizeof(*b));
	buf_add(&b->record, record.p, record.n);
	json_text(&b->text, v[GENERATE_INPUT]);
	buf_str(&b->text);
	/* each begins with another combination */
	b->turn = p->n++;
}

/* --- what a prompt is made of --------------------------------------------- */

static void
prompts_put_line(struct buf *b, const char *name, const char *text)
{
	if (text && *text)
		buf_printf(b, "%s: %s\n", name, text);
}

static void
prompts_put_list(struct buf *b, const char *name, const char *const *words,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf_printf(b, "%s%s", i ? ", " : name, words[i]);
	if (n)
		buf_byte(b, '\n');
}

/* Appends a list of a persona that generation by rule does not use. */
static void
put_configured_list(const struct prompts *p, const char *persona,
    const char *field, const char *label, struct buf *b)
{
	struct json_span list = config_get(p->config, "personas"), key, v, w;
	struct json_iter it, inner;
	int n = 0;

	if (!json_is(list, JSON_ARRAY))
		return;
	for (it = json_each(list); json_next(&it, &key, &v); ) {
		if (!json_is(v, JSON_OBJECT) ||
		    !json_is_str(json_get(v, "name"), persona) ||
		    !json_is(json_get(v, field), JSON_ARRAY))
			continue;
		inner = json_each(json_get(v, field));
		while (json_next(&inner, &key, &w))
			if (json_is(w, JSON_STRING)) {
				buf_printf(b, "%s", n++ ? ", " : label);
				json_text(b, w);
			}
	}
	if (n)
		buf_byte(b, '\n');
}

static void
prompts_put_persona(const struct prompts *p, const struct persona *who,
    struct buf *b)
{
	if (!who) {
		buf_puts(b, "anybody");
		return;
	}
	prompts_put_line(b, "User Persona", who->name);
	prompts_put_line(b, "Description", who->description);
	prompts_put_list(b, "Characteristics: ", who->traits, who->ntraits);
	prompts_put_list(b, "Goals: ", who->goals, who->ngoals);
	put_configured_list(p, who->name, "constraints", "Constraints: ", b);
	prompts_put_line(b, "Language", who->language);
	prompts_put_line(b, "Expertise Level", who->expertise);
}

static void
put_strategy(const struct prompts *p, size_t strategy, struct buf *b)
{
	const char *name = strategies_name(strategy);
	char *path = xasprintf(LLM "strategy_prompts.%s", name);
	char *text = config_text(p->config, path);

	if (text)
		buf_puts(b, text);
	else
		buf_printf(b, "%s (%s)", name, strategies_summary(strategy));
	free(text);
	free(path);
}

/* Appends the template with its three holes filled. */
static void
put_user_prompt(const struct prompts *p, const struct prompts_base *base,
    size_t strategy, const struct persona *who, struct buf *b)
{
	char *own = config_text(p->config, LLM "user_prompt_template");
	const char *t = own && *own ? own : user_prompt;

	for (; *t; t++) {
		if (!strncmp(t, "{input}", 7)) {
			buf_add(b, base->text.p, base->text.len);
			t += 6;
		} else if (!strncmp(t, "{strategy}", 10)) {
			put_strategy(p, strategy, b);
			t += 9;
		} else if (!strncmp(t, "{persona}", 9)) {
			prompts_put_persona(p, who, b);
			t += 8;
		} else {
			buf_byte(b, *t);
		}
	}
	free(own);
}

static void
put_message(struct buf *b, const char *role, const char *text, size_t n)
{
	json_open(b, NULL, '{');
	json_add_str(b, "role", role);
	json_add_text(b, "content", text, n);
	json_close(b, '}');
}

static void
prompts_put_params(const struct prompts *p, struct buf *b)
{
	static const char *const names[] = {
		"temperature", "top_p", "max_tokens"
	};
	struct json_span v;
	char *path;
	size_t i;

	json_open(b, "params", '{');
	for (i = 0; i < LEN(names); i++) {
		path = xasprintf(LLM "%s", names[i]);
		v = config_get(p->config, path);
		if (v.p)
			json_add(b, names[i], v);
		free(path);
	}
	json_close(b, '}');
}

static void
prompts_put_messages(const struct prompts *p, const struct prompts_base *base,
    size_t strategy, const struct persona *who, struct buf *b)
{
	char *system = config_text(p->config, LLM "system_prompt");
	struct buf text = { 0 };

	put_user_prompt(p, base, strategy, who, &text);
	json_open(b, "messages", '[');
	if (system && *system)
		put_message(b, "system", system, strlen(system));
	put_message(b, "user", buf_str(&text), text.len);
	json_close(b, ']');
	buf_release(&text);
	free(system);
}

/* Writes the request of a combination, for the sample-th time. */
static void
put_prompt(struct prompts *p, size_t index, size_t cell, size_t sample)
{
	const struct generator *g = p->g;
	const struct prompts_base *base = &p->bases[index];
	const struct persona *who = g->npersonas ?
	    &g->personas[cell / g->nstrategies] : NULL;
	size_t strategy = g->strategies[cell % g->nstrategies];
	struct buf *b = out_begin(p->out), id = { 0 };

	buf_printf(&id, "%zu/%s/%s/%zu", index, strategies_name(strategy),
	    who ? who->name : "-", sample);
	json_open(b, NULL, '{');
	json_add_text(b, "id", id.p, id.len);
	prompts_put_messages(p, base, strategy, who, b);
	prompts_put_params(p, b);
	if (sample)
		json_add_int(b, "sample", (long long)sample);
	json_open(b, "makes", '{');
	json_add_str(b, "strategy", strategies_name(strategy));
	json_add_str(b, "persona", who ? who->name : NULL);
	json_add_str(b, "language", who ? who->language : NULL);
	json_add_int(b, "base_index", (long long)index);
	json_add(b, "template", json_buf(&base->record));
	json_close(b, '}');
	json_close(b, '}');
	buf_byte(b, '\n');
	out_end(p->out);
	p->made++;
	buf_release(&id);
}

void
prompts_finish(struct prompts *p)
{
	const struct generator *g = p->g;
	size_t cells = g->nstrategies * (g->npersonas ? g->npersonas : 1);
	size_t most = g->limit ? g->limit : p->each * cells * p->n, i;
	struct prompts_base *base;

	/* if bases were added, there is a strategy */
	while (p->n && cells && p->made < most && !p->out->error)
		for (i = 0; i < p->n && p->made < most; i++) {
			base = &p->bases[i];
			put_prompt(p, i, base->turn % cells,
			    (base->turn - i) / cells);
			base->turn++;
		}
}
