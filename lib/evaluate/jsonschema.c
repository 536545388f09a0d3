#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/tree.h"
#include "assertion.h"
#include "pattern.h"
#include "schemaref.h"
#include "jsonschema.h"

#define NESTED 200		/* most schemas inside each other for a value */

struct jsonschema {
	struct tree t;
	struct pattern **patterns;	/* patterns by node, compiled when first
				   used */
};

/* A value that is validated. */
struct validation {
	struct jsonschema *s;
	struct tree value;
	struct buf path;	/* path of the current value, such as $.a[0] */
	struct buf *why;	/* NULL while the reason does not matter */
	unsigned depth;
	struct buf cannot;	/* why the value cannot be judged, or empty */
};

static int is_valid(struct validation *d, size_t schema, size_t at);

/* --- values -------------------------------------------------------------- */

static const struct tree_node *
node_of(const struct validation *d, size_t at)
{
	return &d->value.nodes[at];
}

static enum json_type
type_of(const struct validation *d, size_t at)
{
	return node_of(d, at)->type;
}

static double
number_of(const struct tree *t, size_t node)
{
	double d = 0;

	json_double(t->nodes[node].span, &d);
	return d;
}

static int
schema_is_same(const struct tree *x, size_t i, const struct tree *y, size_t j)
{
	struct buf one = { 0 }, other = { 0 };
	int same;

	tree_canonical(x, i, &one);
	tree_canonical(y, j, &other);
	same = one.len == other.len && !memcmp(buf_str(&one),
	    buf_str(&other), one.len);
	buf_release(&one);
	buf_release(&other);
	return same;
}

static void
text_at(const struct tree *t, size_t node, struct buf *b)
{
	b->len = 0;
	json_text(b, t->nodes[node].span);
}

/* Sets the reason, unless there is one already, and returns 0. */
static int
invalid(struct validation *d, const char *fmt, ...)
{
	va_list ap;

	if (!d->why || d->why->len)
		return 0;
	buf_printf(d->why, "$%s: ", buf_str(&d->path));
	va_start(ap, fmt);
	buf_vprintf(d->why, fmt, ap);
	va_end(ap);
	return 0;
}

/* Sets why the value cannot be judged, unless that is set, and returns 1. */
static int
unknown(struct validation *d, const char *fmt, ...)
{
	va_list ap;

	if (d->cannot.len)
		return 1;
	va_start(ap, fmt);
	buf_vprintf(&d->cannot, fmt, ap);
	va_end(ap);
	return 1;
}

/* --- schemas ------------------------------------------------------------- */

/* The node of a keyword, or 0. */
static size_t
keyword(const struct validation *d, size_t schema, const char *name)
{
	return tree_get(&d->s->t, schema, name);
}

static const struct tree_node *
rule_of(const struct validation *d, size_t node)
{
	return &d->s->t.nodes[node];
}

/* The number of a keyword; 0 if it has none. */
static int
limit_of(const struct validation *d, size_t schema, const char *name,
    double *limit)
{
	size_t node = keyword(d, schema, name);

	return node && json_double(rule_of(d, node)->span, limit);
}

/* Whether n is within two limits. */
static int
check_range(struct validation *d, size_t schema, double n, const char *min,
    const char *max, const char *what)
{
	double limit;

	if (limit_of(d, schema, min, &limit) && n < limit)
		return invalid(d, "%g %s, fewer than %g", n, what, limit);
	if (limit_of(d, schema, max, &limit) && n > limit)
		return invalid(d, "%g %s, more than %g", n, what, limit);
	return 1;
}

/*
 * Appends a pattern of ECMAScript in PCRE's syntax, which has only the short
 * names of character categories: \p{Letter} becomes \p{L}.
 */
static void
put_pattern(struct buf *b, const char *s)
{
	static const struct {
		const char *name, *category;
	} categories[] = {
		{ "Letter}", "L}" }, { "Uppercase_Letter}", "Lu}" },
		{ "Lowercase_Letter}", "Ll}" }, { "Mark}", "M}" },
		{ "Number}", "N}" }, { "Decimal_Number}", "Nd}" },
		{ "digit}", "Nd}" }, { "Punctuation}", "P}" },
		{ "Symbol}", "S}" }, { "Separator}", "Z}" },
		{ "Space_Separator}", "Zs}" }, { "Other}", "C}" }
	};
	size_t i, n;

	while (*s) {
		n = *s == '\\' && s[1] ? 2 : 1;
		buf_add(b, s, n);
		s += n;
		if (n == 1 || (s[-1] != 'p' && s[-1] != 'P') || *s != '{')
			continue;
		for (i = 0; i < LEN(categories); i++)
			if (!strncmp(s + 1, categories[i].name,
			    strlen(categories[i].name)))
				break;
		if (i == LEN(categories))
			continue;
		buf_printf(b, "{%s", categories[i].category);
		s += 1 + strlen(categories[i].name);
	}
}

static struct pattern *
pattern_at(struct validation *d, size_t node)
{
	struct jsonschema *s = d->s;
	struct buf text = { 0 }, pattern = { 0 };
	struct err e = { 0 };

	if (!s->patterns)
		s->patterns = xcalloc(s->t.n, sizeof(struct pattern *));
	if (!s->patterns[node]) {
		json_text(&text, s->t.nodes[node].span);
		put_pattern(&pattern, buf_str(&text));
		s->patterns[node] = pattern_new(buf_str(&pattern),
		    pattern.len, PATTERN_END, &e);
		if (!s->patterns[node])
			unknown(d, "the schema's pattern '%s': %s", text.p,
			    e.msg);
		buf_release(&text);
		buf_release(&pattern);
		err_release(&e);
	}
	return s->patterns[node];
}

static int
has_pattern(struct validation *d, size_t node, struct buf *text)
{
	struct pattern *p = pattern_at(d, node);
	struct err e = { 0 };
	int found;

	if (!p)
		return 0;
	found = pattern_find(p, buf_str(text), text->len, &e);
	if (found < 0)
		unknown(d, "a pattern of the schema: %s", e.msg);
	err_release(&e);
	return found > 0;
}

/* Validates with a schema whose reasons do not matter. */
static int
would_be_valid(struct validation *d, size_t schema, size_t at)
{
	struct buf *why = d->why;
	int valid;

	d->why = NULL;
	valid = is_valid(d, schema, at);
	d->why = why;
	return valid;
}

/* --- any value ----------------------------------------------------------- */

static int
is_type(const struct validation *d, size_t at, const char *name)
{
	static const char *const names[] = {
		[JSON_NULL] = "null", [JSON_BOOL] = "boolean",
		[JSON_NUMBER] = "number", [JSON_STRING] = "string",
		[JSON_ARRAY] = "array", [JSON_OBJECT] = "object"
	};
	double n;

	if (!strcmp(name, "integer")) {
		n = number_of(&d->value, at);
		return type_of(d, at) == JSON_NUMBER && n == floor(n);
	}
	return !strcmp(name, names[type_of(d, at)]);
}

static int
check_type(struct validation *d, size_t schema, size_t at)
{
	size_t node = keyword(d, schema, "type"), i, k;
	struct buf name = { 0 };
	int valid = 0;

	if (!node)
		return 1;
	k = rule_of(d, node)->type == JSON_ARRAY ? rule_of(d, node)->count : 1;
	i = k == 1 && rule_of(d, node)->type != JSON_ARRAY ? node : node + 1;
	for (; k && !valid; k--, i = rule_of(d, i)->next) {
		text_at(&d->s->t, i, &name);
		valid = is_type(d, at, buf_str(&name));
	}
	if (!valid)
		invalid(d, "%s, not %.*s", json_type_name(type_of(d, at)),
		    (int)rule_of(d, node)->span.n, rule_of(d, node)->span.p);
	buf_release(&name);
	return valid;
}

static int
check_values(struct validation *d, size_t schema, size_t at)
{
	size_t node = keyword(d, schema, "enum"), i, k;
	int valid = !node;

	if (node && rule_of(d, node)->type == JSON_ARRAY)
		for (i = node + 1, k = rule_of(d, node)->count; k && !valid;
		    k--, i = rule_of(d, i)->next)
			valid = schema_is_same(&d->s->t, i, &d->value, at);
	if (!valid)
		return invalid(d, "it is not one of enum");
	node = keyword(d, schema, "const");
	if (node && !schema_is_same(&d->s->t, node, &d->value, at))
		return invalid(d, "it is not the const");
	return 1;
}

/* --- numbers and strings ------------------------------------------------- */

static int
check_number(struct validation *d, size_t schema, size_t at)
{
	double n = number_of(&d->value, at), limit, parts;

	if (limit_of(d, schema, "minimum", &limit) && n < limit)
		return invalid(d, "%g is less than %g", n, limit);
	if (limit_of(d, schema, "maximum", &limit) && n > limit)
		return invalid(d, "%g is more than %g", n, limit);
	if (limit_of(d, schema, "exclusiveMinimum", &limit) && n <= limit)
		return invalid(d, "%g is not more than %g", n, limit);
	if (limit_of(d, schema, "exclusiveMaximum", &limit) && n >= limit)
		return invalid(d, "%g is not less than %g", n, limit);
	if (limit_of(d, schema, "multipleOf", &limit) && limit > 0) {
		parts = n / limit;
		/* 0.0075 is a multiple of 0.0001, but not in binary */
		if (!isfinite(parts) ? fmod(n, limit) != 0 :
		    fabs(parts - round(parts)) > 1e-9 * fmax(1, fabs(parts)))
			return invalid(d, "%g is not a multiple of %g", n,
			    limit);
	}
	return 1;
}

static int
check_string(struct validation *d, size_t schema, size_t at)
{
	size_t node = keyword(d, schema, "pattern");
	struct buf text = { 0 };
	int valid;

	text_at(&d->value, at, &text);
	valid = check_range(d, schema, (double)utf8_len(buf_str(&text),
	    text.len), "minLength", "maxLength", "characters");
	if (valid && node && !has_pattern(d, node, &text))
		valid = invalid(d, "it does not match the pattern");
	buf_release(&text);
	return valid;
}

/* --- arrays -------------------------------------------------------------- */

/* Validates an element, with its number in the path. */
static int
check_item(struct validation *d, size_t schema, size_t at, size_t number)
{
	size_t len = d->path.len;
	int valid;

	buf_printf(&d->path, "[%zu]", number);
	valid = is_valid(d, schema, at);
	d->path.len = len;
	return valid;
}

static int
check_unique(struct validation *d, size_t at)
{
	size_t i, j, n = node_of(d, at)->count, x = at + 1, y;

	for (i = 0; i < n; i++, x = node_of(d, x)->next)
		for (j = i + 1, y = node_of(d, x)->next; j < n;
		    j++, y = node_of(d, y)->next)
			if (schema_is_same(&d->value, x, &d->value, y))
				return invalid(d, "its elements %zu and %zu "
				    "are the same", i, j);
	return 1;
}

static int
check_contains(struct validation *d, size_t schema, size_t at)
{
	size_t contains = keyword(d, schema, "contains"), i, k;
	double found = 0, min = 1, max = HUGE_VAL;

	if (!contains)
		return 1;
	for (i = at + 1, k = node_of(d, at)->count; k;
	    k--, i = node_of(d, i)->next)
		found += would_be_valid(d, contains, i);
	limit_of(d, schema, "minContains", &min);
	limit_of(d, schema, "maxContains", &max);
	if (found < min || found > max)
		return invalid(d, "%g elements match contains", found);
	return 1;
}

/*
 * The schema of an element, or 0: one of prefixItems, then items. Until 2019 a
 * list of schemas was items, and what followed additionalItems.
 */
static size_t
rule_of_item(const struct validation *d, size_t schema, size_t number)
{
	size_t rest = keyword(d, schema, "items"), rule;
	size_t first = keyword(d, schema, "prefixItems");

	if (rest && rule_of(d, rest)->type == JSON_ARRAY) {
		first = rest;
		rest = keyword(d, schema, "additionalItems");
	}
	if (!first || rule_of(d, first)->type != JSON_ARRAY ||
	    number >= rule_of(d, first)->count)
		return rest;
	for (rule = first + 1; number; number--)
		rule = rule_of(d, rule)->next;
	return rule;
}

static int
check_array(struct validation *d, size_t schema, size_t at)
{
	size_t unique = keyword(d, schema, "uniqueItems");
	size_t i = at + 1, k, n = node_of(d, at)->count, rule;

	if (!check_range(d, schema, (double)n, "minItems", "maxItems",
	    "elements"))
		return 0;
	for (k = 0; k < n; k++, i = node_of(d, i)->next) {
		rule = rule_of_item(d, schema, k);
		if (rule && !check_item(d, rule, i, k))
			return 0;
	}
	if (unique && json_is_true(rule_of(d, unique)->span) &&
	    !check_unique(d, at))
		return 0;
	return check_contains(d, schema, at);
}

/* --- objects ------------------------------------------------------------- */

/* Validates a property by the schemas for its name; *met if there was one. */
static int
check_named(struct validation *d, size_t schema, size_t key, int *met)
{
	size_t group = keyword(d, schema, "properties"), i, k, rule;
	struct buf name = { 0 };
	int valid = 1;

	text_at(&d->value, key, &name);
	rule = group ? tree_get(&d->s->t, group, buf_str(&name)) : 0;
	if (rule) {
		*met = 1;
		valid = is_valid(d, rule, key + 1);
	}
	group = keyword(d, schema, "patternProperties");
	if (group && rule_of(d, group)->type == JSON_OBJECT)
		for (i = group + 1, k = rule_of(d, group)->count; valid && k;
		    k--, i = rule_of(d, i)->next)
			if (has_pattern(d, i, &name)) {
				*met = 1;
				valid = is_valid(d, i + 1, key + 1);
			}
	buf_release(&name);
	return valid;
}

static int
check_property(struct validation *d, size_t schema, size_t key)
{
	size_t names = keyword(d, schema, "propertyNames");
	size_t others = keyword(d, schema, "additionalProperties");
	size_t len = d->path.len;
	int met = 0, valid;

	buf_byte(&d->path, '.');
	json_text(&d->path, node_of(d, key)->span);
	valid = (!names || is_valid(d, names, key)) &&
	    check_named(d, schema, key, &met);
	if (valid && !met && others) {
		if (rule_of(d, others)->type == JSON_BOOL &&
		    !json_is_true(rule_of(d, others)->span))
			valid = invalid(d, "no such property is allowed");
		else
			valid = is_valid(d, others, key + 1);
	}
	d->path.len = len;
	return valid;
}

/* Whether the object has each property of a list of names. */
static int
check_required(struct validation *d, size_t list, size_t at)
{
	struct buf name = { 0 };
	size_t i, k;
	int valid = 1;

	if (!list || rule_of(d, list)->type != JSON_ARRAY)
		return 1;
	for (i = list + 1, k = rule_of(d, list)->count; k && valid;
	    k--, i = rule_of(d, i)->next) {
		text_at(&d->s->t, i, &name);
		if (!tree_get(&d->value, at, buf_str(&name)))
			valid = invalid(d, "'%s' is missing", buf_str(&name));
	}
	buf_release(&name);
	return valid;
}

/*
 * Checks what the properties of an object require: others, or a schema. Until
 * 2019 both were in dependencies.
 */
static int
check_dependent(struct validation *d, size_t schema, size_t at)
{
	static const char *const groups[] = {
		"dependentRequired", "dependentSchemas", "dependencies"
	};
	struct buf name = { 0 };
	size_t group, i, k, g;
	int valid = 1;

	for (g = 0; g < LEN(groups) && valid; g++) {
		group = keyword(d, schema, groups[g]);
		if (!group || rule_of(d, group)->type != JSON_OBJECT)
			continue;
		for (i = group + 1, k = rule_of(d, group)->count; k && valid;
		    k--, i = rule_of(d, i)->next) {
			text_at(&d->s->t, i, &name);
			if (!tree_get(&d->value, at, buf_str(&name)))
				continue;
			valid = rule_of(d, i + 1)->type == JSON_ARRAY ?
			    check_required(d, i + 1, at) :
			    is_valid(d, i + 1, at);
		}
	}
	buf_release(&name);
	return valid;
}

static int
check_object(struct validation *d, size_t schema, size_t at)
{
	size_t i, k, n = node_of(d, at)->count;

	if (!check_range(d, schema, (double)n, "minProperties",
	    "maxProperties", "properties") ||
	    !check_required(d, keyword(d, schema, "required"), at))
		return 0;
	for (i = at + 1, k = n; k; k--, i = node_of(d, i)->next)
		if (!check_property(d, schema, i))
			return 0;
	return check_dependent(d, schema, at);
}

/* --- schemas of schemas -------------------------------------------------- */

/* Returns the number of schemas in a list by which the value is valid. */
static size_t
count_valid(struct validation *d, size_t list, size_t at, size_t *of)
{
	size_t i, k, n = 0;

	*of = rule_of(d, list)->type == JSON_ARRAY ? rule_of(d, list)->count :
	    0;
	for (i = list + 1, k = *of; k; k--, i = rule_of(d, i)->next)
		n += (size_t)would_be_valid(d, i, at);
	return n;
}

static int
check_lists(struct validation *d, size_t schema, size_t at)
{
	size_t list = keyword(d, schema, "allOf"), i, k, n;

	if (list && rule_of(d, list)->type == JSON_ARRAY)
		for (i = list + 1, k = rule_of(d, list)->count; k;
		    k--, i = rule_of(d, i)->next)
			if (!is_valid(d, i, at))
				return 0;
	list = keyword(d, schema, "anyOf");
	if (list && !count_valid(d, list, at, &k))
		return invalid(d, "it matches none of anyOf");
	list = keyword(d, schema, "oneOf");
	n = list ? count_valid(d, list, at, &k) : 1;
	if (n != 1)
		return invalid(d, "it matches %zu schemas of oneOf", n);
	list = keyword(d, schema, "not");
	if (list && would_be_valid(d, list, at))
		return invalid(d, "it matches the schema in not");
	return 1;
}

static int
check_condition(struct validation *d, size_t schema, size_t at)
{
	size_t condition = keyword(d, schema, "if"), then;

	if (!condition)
		return 1;
	then = keyword(d, schema, would_be_valid(d, condition, at) ? "then" :
	    "else");
	return !then || is_valid(d, then, at);
}

static int
check_reference(struct validation *d, size_t schema, size_t at)
{
	size_t node = keyword(d, schema, "$ref"), target;
	struct buf text = { 0 };
	int valid;

	if (!node)
		return 1;
	text_at(&d->s->t, node, &text);
	target = schemaref_find(&d->s->t, schema, buf_str(&text));
	valid = target != SCHEMAREF_NONE ? is_valid(d, target, at) :
	    unknown(d, "the schema's $ref %.*s leads nowhere in it",
	    (int)rule_of(d, node)->span.n, rule_of(d, node)->span.p);
	buf_release(&text);
	return valid;
}

/* A keyword that would be ignored would make the value valid. */
static int
check_unsupported(struct validation *d, size_t schema, size_t at)
{
	static const struct {
		const char *name;
		enum json_type type;	/* type of the values to which it
					   applies */
	} keywords[] = {
		{ "unevaluatedProperties", JSON_OBJECT },
		{ "unevaluatedItems", JSON_ARRAY },
		{ "$dynamicRef", JSON_NULL },	/* all */
		{ "$recursiveRef", JSON_NULL }
	};
	size_t i, node;

	for (i = 0; i < LEN(keywords); i++) {
		node = keyword(d, schema, keywords[i].name);
		if (node && !json_is_true(rule_of(d, node)->span) &&
		    (keywords[i].type == JSON_NULL ||
		    keywords[i].type == type_of(d, at)))
			unknown(d, "%s in a schema is not supported",
			    keywords[i].name);
	}
	return 1;
}

static int
check_by_type(struct validation *d, size_t schema, size_t at)
{
	switch (type_of(d, at)) {
	case JSON_NUMBER:
		return check_number(d, schema, at);
	case JSON_STRING:
		return check_string(d, schema, at);
	case JSON_ARRAY:
		return check_array(d, schema, at);
	case JSON_OBJECT:
		return check_object(d, schema, at);
	default:
		return 1;
	}
}

static int
is_valid(struct validation *d, size_t schema, size_t at)
{
	const struct tree_node *rule = rule_of(d, schema);
	int valid;

	if (rule->type == JSON_BOOL)
		return json_is_true(rule->span) ? 1 :
		    invalid(d, "nothing is allowed here");
	if (rule->type != JSON_OBJECT)
		return 1;
	if (d->depth >= NESTED)
		return unknown(d, "the schema has a loop: more than %d "
		    "schemas within each other", NESTED);
	d->depth++;
	valid = check_unsupported(d, schema, at) &&
	    check_reference(d, schema, at) && check_type(d, schema, at) &&
	    check_values(d, schema, at) && check_by_type(d, schema, at) &&
	    check_lists(d, schema, at) && check_condition(d, schema, at);
	d->depth--;
	return valid;
}

/* --- the public face ----------------------------------------------------- */

struct jsonschema *
jsonschema_new(struct json_span text, struct err *e)
{
	struct jsonschema *s;

	if (!json_is(text, JSON_OBJECT) && !json_is(text, JSON_BOOL)) {
		err_set(e, 0, 0, "a schema is an object, not %s",
		    json_type_name(json_type(text)));
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	if (!tree_parse(&s->t, text))
		return s;
	err_set(e, 0, 0, "the schema is too large");
	jsonschema_free(s);
	return NULL;
}

void
jsonschema_free(struct jsonschema *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; s->patterns && i < s->t.n; i++)
		pattern_free(s->patterns[i]);
	free(s->patterns);
	tree_release(&s->t);
	free(s);
}

int
jsonschema_validate(struct jsonschema *s, struct json_span value,
    struct buf *why)
{
	struct validation d = { .s = s, .why = why };
	int valid = -1;

	why->len = 0;
	if (!tree_parse(&d.value, value)) {
		valid = is_valid(&d, 0, 0);
		if (d.cannot.len) {
			why->len = 0;
			buf_add(why, d.cannot.p, d.cannot.len);
			valid = -1;
		}
	}
	tree_release(&d.value);
	buf_release(&d.path);
	buf_release(&d.cannot);
	return valid;
}
