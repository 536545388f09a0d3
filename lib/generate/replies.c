#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/json.h"
#include "io/out.h"
#include "language.h"
#include "phrases.h"
#include "span.h"
#include "replies.h"

#define MAX_CHARS 4000
#define MIN_DISTANCE 0.15

/* A kept input: the hashes of its words and pairs of words. */
struct replies_kept {
	size_t base;
	uint64_t *marks;	/* sorted, each once */
	size_t n;
};

/* The names of a fault in counts, and the text about it in the next request. */
static const struct {
	const char *one, *many, *told;
} faults[REPLIES_FAULTS] = {
	[REPLIES_GOOD] = { "input", "inputs", NULL },
	[REPLIES_ERROR] = { "error", "errors", NULL },
	[REPLIES_EMPTY] = { "empty", "empty", "it was empty" },
	[REPLIES_REFUSAL] = { "refusal", "refusals",
	    "it was a refusal, not a message of a user" },
	[REPLIES_LONG] = { "too long", "too long", "it was too long" },
	[REPLIES_PROMPT] = { "repeats the prompt", "repeat the prompt",
	    "it repeated the instructions" },
	[REPLIES_LANGUAGE] = { "in another language", "in another language",
	    "it was in the wrong language" },
	[REPLIES_SAME] = { "the same as another", "the same as others",
	    "there is one like it already" },
	[REPLIES_NEAR] = { "almost the same as another",
	    "almost the same as others", "there is almost the same one" }
};

void
replies_init(struct replies *r, struct generator *g)
{
	memset(r, 0, sizeof(*r));
	r->g = g;
	r->max_chars = MAX_CHARS;
	r->min_distance = MIN_DISTANCE;
}

void
replies_release(struct replies *r)
{
	size_t i;

	for (i = 0; i < r->nkept; i++)
		free(r->kept[i].marks);
	for (i = 0; i < r->ndropped; i++)
		buf_release(&r->dropped[i]);
	free(r->kept);
	free(r->dropped);
	set_release(&r->filled);
	buf_release(&r->scratch);
}

/* --- wrappers ------------------------------------------------------------- */

static void
replies_keep_part(struct buf *b, size_t from, size_t to)
{
	buf_splice(b, to, b->len - to, NULL, 0);
	buf_splice(b, 0, from, NULL, 0);
}

static int
trim_reply(struct buf *b)
{
	struct span s = span_trim(span_buf(b));

	if (s.n == b->len)
		return 0;
	replies_keep_part(b, (size_t)(s.p - b->p), (size_t)(s.p - b->p) + s.n);
	return 1;
}

static int
drop_thoughts(struct buf *b)
{
	static const char *const ends[] = {
		"</think>", "</thinking>", "</reasoning>", "[/THINK]"
	};
	char *at, *end = NULL;
	size_t i;

	for (i = 0; i < LEN(ends); i++)
		for (at = buf_str(b); (at = strstr(at, ends[i])); )
			end = at += strlen(ends[i]);
	if (end)
		replies_keep_part(b, (size_t)(end - b->p), b->len);
	else if (!strncmp(buf_str(b), "<think", 6))
		b->len = 0;
	return end != NULL;
}

/* Drops fences around the whole text. */
static int
drop_fence(struct buf *b)
{
	char *line, *end;

	if (strncmp(buf_str(b), "```", 3) != 0 || b->len < 7 ||
	    strcmp(b->p + b->len - 3, "```") != 0)
		return 0;
	line = strchr(b->p, '\n');
	end = b->p + b->len - 3;
	if (!line || line >= end || memchr(b->p + 3, '`',
	    (size_t)(end - b->p) - 3))
		return 0;
	replies_keep_part(b, (size_t)(line - b->p) + 1, (size_t)(end - b->p));
	return 1;
}

/* Drops a line such as "Sure! Here is the message:". */
static int
drop_lead_in(struct buf *b)
{
	static const char *const starts[] = {
		"sure", "here is", "here's", "here are", "certainly",
		"of course", "okay", "ok,", "absolutely", "below is",
		"this is the", "the message"
	};
	const char *p = buf_str(b), *end = strchr(p, '\n');
	size_t i;

	if (!end || end == p || (end[-1] != ':' && (end - p < 2 ||
	    end[-1] != '*' || !memchr(p, ':', (size_t)(end - p)))))
		return 0;
	while (*p == '*')
		p++;
	for (i = 0; i < LEN(starts); i++)
		if (!strncasecmp(p, starts[i], strlen(starts[i]))) {
			replies_keep_part(b, (size_t)(end - b->p), b->len);
			return 1;
		}
	return 0;
}

/* Drops a label such as "User message:", also in bold. */
static int
drop_label(struct buf *b)
{
	static const char *const labels[] = {
		"user message", "message", "user", "output", "rewritten",
		"variation", "user input", "input", "rewritten message",
		"answer", "sure, here is the message",
		"here is the message", "here's the message"
	};
	const char *p = buf_str(b);
	size_t i, n;

	p += strspn(p, "*");
	for (i = 0; i < LEN(labels); i++) {
		n = strlen(labels[i]);
		if (strncasecmp(p, labels[i], n) != 0)
			continue;
		n += strspn(p + n, "*");
		if (p[n] != ':')
			continue;
		n += 1 + strspn(p + n + 1, "* ");
		replies_keep_part(b, (size_t)(p - b->p) + n, b->len);
		return 1;
	}
	return 0;
}

/* Drops quotation marks or marks of bold text around the whole text. */
static int
drop_quotes(struct buf *b)
{
	static const char *const pairs[][2] = {
		{ "\"", "\"" }, { "'", "'" }, { "\xe2\x80\x9c", "\xe2\x80\x9d" },
		{ "\xe2\x80\x9e", "\xe2\x80\x9c" }, { "\xc2\xab", "\xc2\xbb" },
		{ "\xe3\x80\x8c", "\xe3\x80\x8d" }, { "**", "**" },
		{ "`", "`" }
	};
	const char *p = buf_str(b), *inner;
	size_t i, n, m;

	for (i = 0; i < LEN(pairs); i++) {
		n = strlen(pairs[i][0]);
		m = strlen(pairs[i][1]);
		if (b->len < n + m + 1 || strncmp(p, pairs[i][0], n) != 0 ||
		    strcmp(p + b->len - m, pairs[i][1]) != 0)
			continue;
		inner = strstr(p + n, pairs[i][1]);
		/* "a" and "b" are two */
		if (inner != p + b->len - m)
			continue;
		replies_keep_part(b, n, b->len - m);
		return 1;
	}
	return 0;
}

/* Takes the text from an object of one string: {"message":"..."}. */
static int
take_from_json(struct buf *b)
{
	struct json_span key, value, more;
	struct json_fault f;
	struct json_iter it;
	struct buf text = { 0 };

	if (!b->len || *b->p != '{' || json_scan(b->p, b->len, JSON_LAX, NULL,
	    NULL, 0, &f) < 0)
		return 0;
	it = json_each(json_buf(b));
	if (!json_next(&it, &key, &value) || !json_is(value, JSON_STRING) ||
	    json_next(&it, &key, &more))
		return 0;
	json_text(&text, value);
	buf_release(b);
	*b = text;
	return 1;
}

void
replies_unwrap(struct buf *text)
{
	static int (*const steps[])(struct buf *) = {
		trim_reply, drop_thoughts, drop_fence, take_from_json,
		drop_lead_in, drop_label, drop_quotes
	};
	int changed = 1, rounds;
	size_t i;

	for (rounds = 0; changed && rounds < 8; rounds++)
		for (changed = 0, i = 0; i < LEN(steps); i++)
			changed |= steps[i](text);
	trim_reply(text);
}

/* --- faults --------------------------------------------------------------- */

/* Whether a text in lower case has one of the phrases of refusals. */
static int
is_refusal(const struct buf *text)
{
	static const char *const always[] = {
		"as an ai", "as a language model", "i'm just an ai"
	};
	static const char *const starts[] = {
		"i can't", "i cannot", "i can\xe2\x80\x99t", "i'm unable",
		"i am unable", "i won't", "i'm not able", "sorry, but i can",
		"i'm sorry, but i can", "i am sorry, but i can",
		"sorry, i can", "i'm sorry, i can", "i apologize, but"
	};
	static const char *const objects[] = {
		"help with", "assist", "generate", "create", "write",
		"provide", "fulfill", "comply", "do that", "produce",
		"this request", "that request", "your request"
	};
	char head[161];
	size_t i, j, n = text->len < 160 ? text->len : 160;

	for (i = 0; i < n; i++)
		head[i] = span_ascii_lower(text->p[i]);
	head[n] = '\0';
	for (i = 0; i < LEN(always); i++)
		if (strstr(head, always[i]))
			return 1;
	for (i = 0; i < LEN(starts); i++) {
		if (strncmp(head, starts[i], strlen(starts[i])) != 0)
			continue;
		for (j = 0; j < LEN(objects); j++)
			if (strstr(head, objects[j]))
				return 1;
	}
	return 0;
}

static int
repeats_prompt(struct buf *text)
{
	return strstr(buf_str(text), "**Base Input:**") ||
	    strstr(text->p, "**Strategy to Apply:**") ||
	    strstr(text->p, "**User Persona Profile:**");
}

/* The code of the language that a text is surely in, or NULL. */
static const char *
language_code(const char *p, size_t n)
{
	enum lang l = language_of(span_of(p, n));

	return l < LANG_LATIN ? tongues[l].code : NULL;
}

/*
 * Whether the text is in a wrong language: another than the persona's, or,
 * without a persona, than the original text's, unless the strategy changes
 * languages.
 */
static int
is_foreign(const struct buf *text, const struct buf *base, const char *wanted,
    const char *strategy)
{
	const char *is = language_code(text->p, text->len);
	size_t n;

	if (!wanted || !*wanted)
		wanted = !strcmp(strategy, "multilingual") ? NULL :
		    language_code(base->p, base->len);
	if (!is || !wanted)
		return 0;
	n = strcspn(wanted, "-_");
	return strlen(is) != n || strncasecmp(is, wanted, n) != 0;
}

/* --- near duplicates ------------------------------------------------------ */

static int
compare_marks(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Hashes the words of a text, in lower case, and its pairs of words. */
static void
mark_words(const struct buf *text, struct replies_kept *k)
{
	size_t at = 0, cap = 0, i, n;
	uint64_t word = 0, before = 0;
	struct buf w = { 0 };
	uint32_t c;

	while (at <= text->len) {
		c = 0;
		n = at < text->len ? utf8_decode(text->p + at, text->len - at,
		    &c) : 1;
		at += n;
		if (c && unicode_is_alnum(c)) {
			utf8_put(&w, unicode_lower(c));
			continue;
		}
		if (!w.len)
			continue;
		word = hash_bytes(0, 0, w.p, w.len);
		ALLOC_GROW(k->marks, k->n + 2, cap);
		k->marks[k->n++] = word;
		k->marks[k->n++] = hash_bytes(before, 1, w.p, w.len);
		before = word;
		w.len = 0;
	}
	buf_release(&w);
	if (!k->n)
		return;
	qsort(k->marks, k->n, sizeof(*k->marks), compare_marks);
	for (i = n = 1; i < k->n; i++)
		if (k->marks[i] != k->marks[i - 1])
			k->marks[n++] = k->marks[i];
	k->n = n;
}

/* Returns 1 less the share of common marks (the Jaccard distance). */
static double
replies_distance(const struct replies_kept *a, const struct replies_kept *b)
{
	size_t i = 0, j = 0, both = 0;

	while (i < a->n && j < b->n) {
		both += a->marks[i] == b->marks[j];
		if (a->marks[i] <= b->marks[j])
			i++, j += i && a->marks[i - 1] == b->marks[j];
		else
			j++;
	}
	if (a->n + b->n == both)
		return 0;
	return 1 - (double)both / (double)(a->n + b->n - both);
}

static int
is_near(const struct replies *r, const struct replies_kept *k)
{
	size_t i;

	for (i = 0; i < r->nkept; i++)
		if (r->kept[i].base == k->base &&
		    replies_distance(&r->kept[i], k) < r->min_distance)
			return 1;
	return 0;
}

/* --- records -------------------------------------------------------------- */

/* The fields of a record of prompts.h. */
struct makes {
	struct json_span template, v[GENERATE_FIELDS];
	struct buf strategy, persona, language, base, id, text;
	size_t index;
};

static void
makes_release(struct makes *m)
{
	buf_release(&m->strategy);
	buf_release(&m->persona);
	buf_release(&m->language);
	buf_release(&m->base);
	buf_release(&m->id);
	buf_release(&m->text);
}

static void
replies_text_at(struct json_span object, const char *field, struct buf *b)
{
	struct json_span v = json_get(object, field);

	if (json_is(v, JSON_STRING))
		json_text(b, v);
	buf_str(b);
}

/* Reads the record. Returns 0, or -1 if it is not of prompts.h. */
static int
read_makes(struct json_span record, struct makes *m)
{
	struct json_span makes = json_get(record, "makes");
	double index = 0;
	size_t i;

	memset(m, 0, sizeof(*m));
	if (!json_is(makes, JSON_OBJECT))
		return -1;
	m->template = json_get(makes, "template");
	if (!json_is(m->template, JSON_OBJECT))
		return -1;
	for (i = 0; i < GENERATE_FIELDS; i++)
		m->v[i] = json_get(m->template, generator_fields[i]);
	replies_text_at(makes, "strategy", &m->strategy);
	replies_text_at(makes, "persona", &m->persona);
	replies_text_at(makes, "language", &m->language);
	replies_text_at(m->template, "input", &m->base);
	replies_text_at(record, "id", &m->id);
	json_double(json_get(makes, "base_index"), &index);
	m->index = index > 0 ? (size_t)index : 0;
	return 0;
}

/* The metadata that says where an input is from. */
static void
put_origin(const struct replies *r, struct json_span record, struct buf *b)
{
	struct json_span reply = json_get(record, "reply");
	struct json_span model = json_get(reply, "model");
	struct json_span messages = json_get(record, "messages");
	char hash[HASH_TEXT];

	hash_text(hash_bytes(0, 0, messages.p, messages.n), hash);
	if (!json_is(model, JSON_STRING))
		model = json_get(record, "model");
	json_open(b, NULL, '{');
	if (json_is(model, JSON_STRING))
		json_add(b, "model", model);
	if (r->provider)
		json_add_str(b, "provider", r->provider);
	json_add_str(b, "prompt_hash", hash);
	if (r->keep_prompts)
		json_add(b, "prompt", messages);
	json_close(b, '}');
}

static enum replies_fault
give_reply(struct replies *r, struct json_span record, const struct makes *m,
    struct replies_kept *k)
{
	struct buf more = { 0 }, json = { 0 };
	int new;

	put_origin(r, record, &more);
	json_put_text(&json, m->text.p, m->text.len);
	r->g->more = json_buf(&more);
	new = generator_give(r->g, m->template, m->v, m->index,
	    json_buf(&json), m->strategy.p, m->persona.len ? m->persona.p :
	    NULL, "by a model");
	r->g->more.p = NULL;
	buf_release(&more);
	buf_release(&json);
	if (!new)
		return REPLIES_SAME;
	ALLOC_GROW(r->kept, r->nkept + 1, r->cap);
	r->kept[r->nkept++] = *k;
	k->marks = NULL;
	return REPLIES_GOOD;
}

static enum replies_fault
judge_reply(struct replies *r, struct json_span record, struct makes *m)
{
	struct json_span reply = json_get(record, "reply"), content;
	struct replies_kept k = { .base = m->index };
	enum replies_fault fault;

	content = json_is(reply, JSON_OBJECT) ? json_get(reply, "content") :
	    reply;
	if (!json_is(content, JSON_STRING))
		return REPLIES_ERROR;
	json_text(&m->text, content);
	replies_unwrap(&m->text);
	if (!m->text.len)
		return REPLIES_EMPTY;
	if (is_refusal(&m->text))
		return REPLIES_REFUSAL;
	if (utf8_len(m->text.p, m->text.len) > r->max_chars)
		return REPLIES_LONG;
	if (repeats_prompt(&m->text))
		return REPLIES_PROMPT;
	if (is_foreign(&m->text, &m->base, m->language.p, m->strategy.p))
		return REPLIES_LANGUAGE;
	mark_words(&m->text, &k);
	fault = is_near(r, &k) ? REPLIES_NEAR : give_reply(r, record, m, &k);
	free(k.marks);
	return fault;
}

/* Keeps the request of a dropped reply, with its fault. */
static void
drop_reply(struct replies *r, struct json_span record,
    enum replies_fault fault)
{
	static const char *const left_out[] = {
		"reply", "error", "fault"
	};
	struct buf *b;

	if (!r->again || !faults[fault].told)
		return;
	ALLOC_GROW(r->dropped, r->ndropped + 1, r->dropped_cap);
	b = &r->dropped[r->ndropped++];
	memset(b, 0, sizeof(*b));
	json_open(b, NULL, '{');
	json_add_others(b, record, left_out, LEN(left_out));
	json_add_int(b, "fault", fault);
	json_close(b, '}');
}

int
replies_add(struct replies *r, struct json_span record)
{
	struct makes m;
	enum replies_fault fault = REPLIES_ERROR;
	int added;

	if (r->g->limit && r->g->made >= r->g->limit)
		return 1;
	r->read++;
	if (!read_makes(record, &m))
		fault = judge_reply(r, record, &m);
	r->counts[fault]++;
	if (fault == REPLIES_GOOD)
		set_add(&r->filled, hash_bytes(0, 0, m.id.p, m.id.len),
		    &added);
	else
		drop_reply(r, record, fault);
	makes_release(&m);
	return r->g->out->error != 0;
}

/* --- asking again --------------------------------------------------------- */

/* Writes the request again, with the fault of its reply. */
static void
put_again(struct replies *r, struct json_span record)
{
	static const char *const ours[] = { "messages", "sample", "fault" };
	struct json_span messages = json_get(record, "messages");
	struct buf *b = out_begin(r->again), text = { 0 };
	double sample = 0, fault = 0;

	json_double(json_get(record, "sample"), &sample);
	json_double(json_get(record, "fault"), &fault);
	buf_printf(&text, "An earlier answer was of no use: %s. Write another "
	    "message, which is clearly different.",
	    faults[(enum replies_fault)(int)fault].told);
	json_open(b, NULL, '{');
	json_add_others(b, record, ours, LEN(ours));
	json_key(b, "messages");
	/* its members, and one more */
	buf_add(b, messages.p, messages.n - 1);
	json_open(b, NULL, '{');
	json_add_str(b, "role", "user");
	json_add_text(b, "content", text.p, text.len);
	json_close(b, '}');
	json_close(b, ']');
	json_add_int(b, "sample", (long long)sample + 1000);
	json_close(b, '}');
	buf_byte(b, '\n');
	out_end(r->again);
	buf_release(&text);
}

size_t
replies_finish(struct replies *r)
{
	struct set seen = { 0 };
	struct json_span record;
	struct buf id = { 0 };
	size_t i, n = 0;
	uint64_t hash;
	int added;

	/* the last request of a combination is the one to repeat */
	for (i = r->ndropped; r->again && i-- > 0; ) {
		if (r->g->limit && r->g->made + n >= r->g->limit)
			break;
		record = json_buf(&r->dropped[i]);
		id.len = 0;
		replies_text_at(record, "id", &id);
		hash = hash_bytes(0, 0, id.p, id.len);
		set_add(&seen, hash, &added);
		if (!added)
			continue;
		set_add(&r->filled, hash, &added);
		if (!added)
			continue;
		put_again(r, record);
		n++;
	}
	set_release(&seen);
	buf_release(&id);
	return n;
}

void
replies_report(const struct replies *r, struct buf *b)
{
	size_t i;

	buf_printf(b, "%zu %s: ", r->read, r->read == 1 ? "reply" : "replies");
	for (i = 0; i < REPLIES_FAULTS; i++)
		if (r->counts[i] || i == REPLIES_GOOD)
			buf_printf(b, "%s%zu %s", i ? ", " : "", r->counts[i],
			    r->counts[i] == 1 ? faults[i].one :
			    faults[i].many);
}
