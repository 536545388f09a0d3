#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/util.h"
#include "io/out.h"
#include "record/record.h"
#include "config/config.h"
#include "config/env.h"
#include "analysis.h"
#include "span.h"
#include "variant.h"
#include "strategies.h"
#include "generate.h"

/* Failures in a row to make something new after which a combination ends. */
#define TRIES 24

const char *const generator_fields[GENERATE_FIELDS] = {
	"input", "input_path", "kwargs", "objects", "types", "target",
	"metadata"
};

/* The state of a combination of strategy and persona for a base. */
struct cell {
	size_t k;		/* the next variation */
	int spent;
};

struct base {
	struct buf record;
	struct json_span v[GENERATE_FIELDS];	/* fields of record */
	struct buf text;	/* text of the input */
	uint64_t rest;		/* callkey_rest of its arguments */
	struct buf canonical;	/* form of its arguments; empty: not yet */
	struct analysis analysis;	/* text, taken apart */
	int varies;		/* the input is text */
	size_t index;
	size_t turn;		/* the cell that is next */
	size_t spent;		/* number of cells that are spent */
	int original_due;
	struct cell *cells;
};

/* --- configuration ----------------------------------------------------- */

static char *
generate_text_of(struct json_span v)
{
	struct buf b = { 0 };

	if (!json_is(v, JSON_STRING))
		return NULL;
	json_text(&b, v);
	return buf_detach(&b, NULL);
}

/* A list of strings, or one string, as an array; sets *n. */
static char **
texts_of(struct json_span v, size_t *n)
{
	struct json_span key, item;
	struct json_iter it;
	char **list = NULL, *text;

	*n = 0;
	if (json_is(v, JSON_STRING)) {
		list = xreallocarray(list, 1, sizeof(*list));
		list[(*n)++] = generate_text_of(v);
	} else if (json_is(v, JSON_ARRAY)) {
		for (it = json_each(v); json_next(&it, &key, &item); ) {
			/* a mapping has its name as type */
			if (json_is(item, JSON_OBJECT))
				item = json_get(item, "type");
			text = generate_text_of(item);
			if (!text)
				continue;
			list = xreallocarray(list, *n + 1, sizeof(*list));
			list[(*n)++] = text;
		}
	}
	return list;
}

static void
free_texts(char **list, size_t n)
{
	while (n)
		free(list[--n]);
	free(list);
}

/* Fills in *e for a name that no strategy has, and returns -1. */
static int
unknown_strategy(const char *name, struct err *e)
{
	struct nearest near;
	size_t s;

	nearest_init(&near, name);
	for (s = 0; s < strategies_count; s++)
		nearest_try(&near, strategies_name(s));
	if (!near.found)
		return err_set(e, 0, 0, "unknown strategy '%s'", name);
	return err_set(e, 0, 0, "unknown strategy '%s'; did you mean '%s'?",
	    name, near.found);
}

static int
add_strategy(struct generator *g, const char *name, struct err *e)
{
	size_t s = strategies_find(name), i;

	if (s == strategies_count)
		return unknown_strategy(name, e);
	for (i = 0; i < g->nstrategies; i++)
		if (g->strategies[i] == s)
			return 0;
	g->strategies = xreallocarray(g->strategies, g->nstrategies + 1,
	    sizeof(*g->strategies));
	g->strategies[g->nstrategies++] = s;
	return 0;
}

static int
add_strategies(struct generator *g, const struct config *c,
    char *const *named, size_t nnamed, struct err *e)
{
	char **list;
	size_t n, i;
	int bad = 0;

	for (i = 0; i < nnamed; i++)
		if (add_strategy(g, named[i], e))
			return -1;
	if (nnamed)
		return 0;
	list = texts_of(config_get(c, "variation_strategies"), &n);
	if (!n) {
		free_texts(list, n);
		list = texts_of(config_get(c, "input_generation.strategies"),
		    &n);
	}
	for (i = 0; i < n && !bad; i++)
		bad = add_strategy(g, list[i], e);
	free_texts(list, n);
	for (i = 0; !n && i < strategies_count; i++)
		if (strategies_default(i) && (strcmp(strategies_name(i),
		    "custom") || g->ntemplates))
			add_strategy(g, strategies_name(i), e);
	return bad;
}

static int
is_named(char *const *named, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (name && !strcmp(named[i], name))
			return 1;
	return !n;
}

static void
read_persona(struct persona *p, struct json_span v)
{
	memset(p, 0, sizeof(*p));
	p->name = generate_text_of(json_get(v, "name"));
	p->description = generate_text_of(json_get(v, "description"));
	p->language = generate_text_of(json_get(v, "language"));
	p->expertise = generate_text_of(json_get(v, "expertise_level"));
	p->traits = (const char *const *)texts_of(json_get(v,
	    "characteristics"), &p->ntraits);
	p->goals = (const char *const *)texts_of(json_get(v, "goals"),
	    &p->ngoals);
}

static void
free_persona(struct persona *p)
{
	free((void *)(uintptr_t)p->name);
	free((void *)(uintptr_t)p->description);
	free((void *)(uintptr_t)p->language);
	free((void *)(uintptr_t)p->expertise);
	free_texts((char **)(uintptr_t)p->traits, p->ntraits);
	free_texts((char **)(uintptr_t)p->goals, p->ngoals);
}

static int
add_personas(struct generator *g, struct json_span list, char *const *named,
    size_t nnamed, struct err *e)
{
	struct json_span key, v;
	struct json_iter it;
	struct persona p;
	size_t i, j;

	if (json_is(list, JSON_ARRAY))
		for (it = json_each(list); json_next(&it, &key, &v); ) {
			read_persona(&p, v);
			if (!p.name || !is_named(named, nnamed, p.name)) {
				free_persona(&p);
				continue;
			}
			g->personas = xreallocarray(g->personas,
			    g->npersonas + 1, sizeof(p));
			g->personas[g->npersonas++] = p;
		}
	for (i = 0; i < nnamed; i++) {
		for (j = 0; j < g->npersonas; j++)
			if (!strcmp(g->personas[j].name, named[i]))
				break;
		if (j == g->npersonas)
			return err_set(e, 0, 0, "unknown persona '%s'",
			    named[i]);
	}
	return 0;
}

int
generator_init(struct generator *g, const struct config *c,
    char *const *strategies, size_t nstrategies, char *const *personas,
    size_t npersonas, struct out *out, struct err *e)
{
	double each;

	memset(g, 0, sizeof(*g));
	g->out = out;
	g->seed = (uint64_t)(int64_t)config_number(c, "seed");
	g->limit = (size_t)config_number(c, "input_generation.limit");
	each = config_number(c, "input_generation.variation_count");
	if (each < 1)
		each = config_number(c, "variation_count");
	g->each = each < 1 ? 3 : (size_t)each;
	g->templates = texts_of(config_get(c, "custom_variation_prompt"),
	    &g->ntemplates);
	callkey_init(&g->key, c);
	if (add_strategies(g, c, strategies, nstrategies, e))
		return -1;
	return add_personas(g, config_get(c, "personas"), personas, npersonas,
	    e);
}

static void
free_base(struct base *b)
{
	buf_release(&b->record);
	analysis_release(&b->analysis);
	buf_release(&b->canonical);
	buf_release(&b->text);
	free(b->cells);
}

void
generator_release(struct generator *g)
{
	size_t i;

	for (i = 0; i < g->nbases; i++)
		free_base(&g->bases[i]);
	for (i = 0; i < g->npersonas; i++)
		free_persona(&g->personas[i]);
	free_texts(g->templates, g->ntemplates);
	free(g->strategies);
	free(g->personas);
	free(g->bases);
	callkey_release(&g->key);
	set_release(&g->seen);
}

/* --- writing ------------------------------------------------------------ */

/* Returns the arguments to replay, of a template or of another input. */
static struct json_span
arguments(const struct base *base, const char *own, size_t field)
{
	struct json_span none = { 0 };

	if (base->v[GENERATE_KWARGS].p)
		return base->v[field];
	return base->v[GENERATE_METADATA].p ?
	    json_get(base->v[GENERATE_METADATA], own) : none;
}

/* Returns the arguments of a call, or an absent value. */
static struct json_span
base_kwargs(const struct base *base)
{
	struct json_span none = { 0 }, kwargs = arguments(base,
	    "template_kwargs", GENERATE_KWARGS);

	return json_is(kwargs, JSON_OBJECT) ? kwargs : none;
}

static void
put_replay(struct buf *b, const struct base *base)
{
	struct json_span kwargs = base_kwargs(base);
	struct json_span path = arguments(base, "input_path", GENERATE_PATH);
	struct json_span objects = arguments(base, "objects", GENERATE_OBJECTS);
	struct json_span types = arguments(base, "types", GENERATE_TYPES);

	if (!kwargs.p)
		return;
	json_add_str(b, "args_template", "use_recorded");
	if (json_is(path, JSON_STRING))
		json_add(b, "input_path", path);
	json_key(b, "template_kwargs");
	json_compact(b, kwargs);
	if (json_is(objects, JSON_OBJECT)) {
		json_key(b, "objects");
		json_compact(b, objects);
	}
	if (json_is(types, JSON_OBJECT)) {
		json_key(b, "types");
		json_compact(b, types);
	}
}

static void
put_input(struct generator *g, const struct base *base, struct json_span input,
    const char *id, const char *strategy, const struct persona *persona,
    const char *note)
{
	static const char *const metadata[] = {
		"strategy", "base_index", "persona", "persona_description",
		"variation", "args_template", "input_path", "template_kwargs",
		"objects", "types"
	};
	static const char *const record[] = {
		"input", "input_id", "input_path", "kwargs", "objects",
		"types", "target", "metadata", "recorded_at", "source"
	};
	struct buf *b = out_begin(g->out);

	json_open(b, NULL, '{');
	json_add(b, "input", input);
	json_add_str(b, "input_id", id);
	json_open(b, "metadata", '{');
	json_add_str(b, "strategy", strategy);
	json_add_int(b, "base_index", (long long)base->index);
	json_add_str(b, "persona", persona ? persona->name : NULL);
	if (persona && persona->description)
		json_add_str(b, "persona_description", persona->description);
	json_add_str(b, "variation", note);
	if (g->more.p)
		json_add_others(b, g->more, NULL, 0);
	json_add_others(b, base->v[GENERATE_METADATA], metadata, LEN(metadata));
	put_replay(b, base);
	json_close(b, '}');
	json_add_others(b, json_buf(&base->record),
	    record, LEN(record));
	json_close(b, '}');
	buf_byte(b, '\n');
	out_end(g->out);
	g->made++;
}

/*
 * Writes an input, whose canonical form is given as well, unless the handler
 * got the same before. The persona is not part of what makes it another.
 */
static int
give(struct generator *g, struct base *base, struct json_span input,
    const struct buf *canonical, const char *strategy,
    const struct persona *persona, const char *note)
{
	char id[RECORD_ID];
	int added;

	set_add(&g->seen, callkey_call(base->rest, json_buf(canonical)),
	    &added);
	if (!added || !note)
		return added;
	if (!base->canonical.len)
		record_canonical(&base->canonical, base_kwargs(base));
	record_canonical_id(json_buf(canonical), json_buf(&base->canonical),
	    id);
	put_input(g, base, input, id, strategy, persona, note);
	return added;
}

/* Writes the text itself; without a note, only counts it as written. */
static int
give_itself(struct generator *g, struct base *base, const char *note)
{
	struct buf canonical = { 0 };
	int added;

	record_canonical(&canonical, base->v[GENERATE_INPUT]);
	added = give(g, base, base->v[GENERATE_INPUT], &canonical,
	    base->varies ? "original" : "recorded", NULL, note);
	buf_release(&canonical);
	return added;
}

/* --- taking turns ------------------------------------------------------- */

static size_t
ncells(const struct generator *g)
{
	return g->nstrategies * (g->npersonas ? g->npersonas : 1);
}

/*
 * Writes the next new variation of a combination. Returns 0 if there is none.
 */
static int
generate_next_of(struct generator *g, struct base *base, size_t index)
{
	struct cell *cell = &base->cells[index];
	const struct persona *persona = g->npersonas ?
	    &g->personas[index / g->nstrategies] : NULL;
	size_t strategy = g->strategies[index % g->nstrategies];
	struct variant v = { .analysis = &base->analysis };
	struct buf text = { 0 }, note = { 0 }, json = { 0 };
	int tries, new = 0;
	size_t k;

	v.persona = persona;
	v.templates = (const char *const *)g->templates;
	v.ntemplates = g->ntemplates;
	v.seed = g->seed ^ hash_bytes(0, 0, base->text.p, base->text.len);
	for (tries = 0; tries < TRIES && !new; tries++) {
		text.len = note.len = json.len = 0;
		k = cell->k++;
		/*
		 * personas take turns at variations that do not depend on them
		 */
		if (g->npersonas && !strategies_personal(strategy))
			k = k * g->npersonas + index / g->nstrategies;
		if (!strategies_make(&text, &note, &v, strategy, k))
			continue;
		json_put_text(&json, text.p, text.len);
		/* a string as it is written here is canonical */
		new = give(g, base, json_buf(&json), &json,
		    strategies_name(strategy), persona, buf_str(&note));
	}
	cell->spent = !new;
	base->spent += !new;
	buf_release(&text);
	buf_release(&note);
	buf_release(&json);
	return new;
}

static int
is_spent(const struct generator *g, const struct base *base)
{
	return !base->original_due && base->spent == ncells(g);
}

/* Writes a base's next input; returns 0 if it has none. */
static int
take_turn(struct generator *g, struct base *base)
{
	size_t index;

	if (base->original_due) {
		base->original_due = 0;
		return give_itself(g, base, "as it was recorded");
	}
	while (base->spent < ncells(g)) {
		index = base->turn++ % ncells(g);
		if (!base->cells[index].spent && generate_next_of(g, base,
		    index))
			return 1;
	}
	return 0;
}

static void
init_base(struct generator *g, struct base *b, struct json_span record,
    const struct json_span *v)
{
	static const struct json_span null = { "null", 4 };
	size_t i;

	memset(b, 0, sizeof(*b));
	buf_add(&b->record, record.p, record.n);
	buf_str(&b->record);
	for (i = 0; i < GENERATE_FIELDS; i++)
		b->v[i] = json_moved(v[i], record.p, b->record.p);
	if (!b->v[GENERATE_INPUT].p)
		b->v[GENERATE_INPUT] = null;
	b->varies = json_is(b->v[GENERATE_INPUT], JSON_STRING);
	if (b->varies)
		json_text(&b->text, b->v[GENERATE_INPUT]);
	buf_str(&b->text);
	analysis_init(&b->analysis, span_buf(&b->text));
	b->rest = callkey_rest(&g->key, base_kwargs(b), arguments(b,
	    "input_path", GENERATE_PATH), b->v[GENERATE_INPUT]);
	b->index = g->index++;
	/* each begins with another combination */
	b->turn = b->index;
	b->cells = xcalloc(ncells(g), sizeof(*b->cells));
	b->original_due = g->original || !b->varies;
	if (!b->varies)
		b->spent = ncells(g);
	else if (!g->original)
		give_itself(g, b, NULL);
}

int
generator_add(struct generator *g, struct json_span record,
    const struct json_span v[GENERATE_FIELDS])
{
	struct base b;
	size_t i;

	if (!g->limit) {
		init_base(g, &b, record, v);
		for (i = 0; i < g->each * ncells(g) && !g->out->error &&
		    take_turn(g, &b); i++)
			;
		free_base(&b);
		return g->out->error != 0;
	}
	if (g->nbases == g->cap) {
		g->cap = grow(g->cap, 16);
		g->bases = xreallocarray(g->bases, g->cap, sizeof(b));
	}
	init_base(g, &g->bases[g->nbases++], record, v);
	/* nearly every text makes at least one input */
	return g->nbases >= g->limit;
}

int
generator_give(struct generator *g, struct json_span record,
    const struct json_span v[GENERATE_FIELDS], size_t index,
    struct json_span input, const char *strategy, const char *persona,
    const char *note)
{
	struct buf canonical = { 0 };
	struct base b;
	size_t i;
	int new;

	init_base(g, &b, record, v);
	b.index = index;
	record_canonical(&canonical, input);
	for (i = 0; i < g->npersonas && (!persona ||
	    strcmp(g->personas[i].name, persona) != 0); i++)
		;
	new = give(g, &b, input, &canonical, strategy, i < g->npersonas ?
	    &g->personas[i] : NULL, note);
	free_base(&b);
	buf_release(&canonical);
	return new;
}

void
generator_finish(struct generator *g)
{
	size_t i, left = g->nbases;

	while (left && (!g->limit || g->made < g->limit)) {
		for (i = left = 0; i < g->nbases; i++) {
			if ((g->limit && g->made >= g->limit) ||
			    g->out->error)
				return;
			take_turn(g, &g->bases[i]);
			left += !is_spent(g, &g->bases[i]);
		}
	}
}
