#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/isotime.h"
#include "labels.h"
#include "text.h"

void
labels_release(struct labels *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].note);
	free(l->v);
	set_release(&l->runs);
	memset(l, 0, sizeof(*l));
}

/* Returns the hash of the text of a value, whatever its escapes; never 0. */
static uint64_t
labels_hash(struct json_span value)
{
	struct buf text = { 0 };
	uint64_t h;

	if (!json_is_null(value))
		value_text(value, &text);
	h = hash_bytes(0, 0, buf_str(&text), text.len);
	buf_release(&text);
	return h ? h : 1;
}

static uint64_t
labels_hash_of_name(const char *who)
{
	return hash_bytes(0, 0, who, strlen(who));
}

/* --- reading ------------------------------------------------------------- */

static enum label_kind
kind_of(struct json_span v)
{
	if (json_is_str(v, "pass") || (json_is(v, JSON_BOOL) &&
	    json_is_true(v)))
		return LABEL_PASS;
	return json_is_str(v, "fail") || json_is(v, JSON_BOOL) ? LABEL_FAIL :
	    LABEL_NONE;
}

/* The hash that a label names, or 0. */
static uint64_t
read_hash(struct json_span v)
{
	struct buf text = { 0 };
	uint64_t h = 0;

	if (json_is(v, JSON_STRING)) {
		json_text(&text, v);
		h = strtoull(buf_str(&text), NULL, 16);
	}
	buf_release(&text);
	return h;
}

/* Replaces the person's label of this answer. Returns 0 if there is none. */
static int
labels_replace(struct labels *l, size_t first, struct label *label)
{
	struct label *old;
	size_t i;

	for (i = first; i; i = old->next) {
		old = &l->v[i - 1];
		if (old->who != label->who || old->output != label->output)
			continue;
		free(old->note);
		old->note = label->note;
		old->kind = label->kind;
		return 1;
	}
	return 0;
}

int
labels_add(struct labels *l, struct json_span record)
{
	struct json_span id = json_get(record, "run_id");
	struct json_span note = json_get(record, "note");
	struct label label = { .kind = kind_of(json_get(record, "label")) };
	struct buf text = { 0 };
	size_t *first;
	int added;

	if (json_is_null(id))
		id = json_get(record, "trace_id");
	if (json_is_null(id) || label.kind == LABEL_NONE)
		return -1;
	label.run = labels_hash(id);
	label.output = read_hash(json_get(record, "output_hash"));
	label.who = labels_hash(json_get(record, "who"));
	if (json_is(note, JSON_STRING)) {
		json_text(&text, note);
		label.note = buf_detach(&text, NULL);
	}
	first = set_add(&l->runs, label.run, &added);
	if (labels_replace(l, *first, &label))
		return 0;
	label.next = *first;
	ALLOC_GROW(l->v, l->n + 1, l->cap);
	l->v[l->n++] = label;
	*first = l->n;
	return 0;
}

/* --- finding ------------------------------------------------------------- */

enum label_kind
labels_find(struct labels *l, const struct labels_answer *a, const char *who,
    const char **note)
{
	size_t i, votes[LABEL_TIE] = { 0 };
	uint64_t output = labels_hash(a->output);
	uint64_t person = who ? labels_hash_of_name(who) : 0;
	const struct label *label;
	int added, others = 0;

	*note = NULL;
	for (i = *set_add(&l->runs, labels_hash(a->id), &added); i;
	    i = label->next) {
		label = &l->v[i - 1];
		if (who && label->who != person)
			continue;
		if (label->output && label->output != output) {
			others = 1;
			continue;
		}
		votes[label->kind]++;
		if (!*note && label->note && *label->note)
			*note = label->note;
	}
	if (votes[LABEL_PASS] == votes[LABEL_FAIL])
		return votes[LABEL_PASS] ? LABEL_TIE : others ? LABEL_OTHER :
		    LABEL_NONE;
	return votes[LABEL_PASS] > votes[LABEL_FAIL] ? LABEL_PASS : LABEL_FAIL;
}

/* --- writing ------------------------------------------------------------- */

void
labels_put(const struct labels_entry *e, struct buf *b)
{
	char hash[HASH_TEXT];

	hash_text(labels_hash(e->answer.output), hash);
	json_open(b, NULL, '{');
	json_add(b, "run_id", e->answer.id);
	json_add_str(b, "output_hash", hash);
	json_add_str(b, "label", e->kind == LABEL_PASS ? "pass" : "fail");
	if (e->note && *e->note)
		json_add_str(b, "note", e->note);
	json_add_str(b, "who", e->who);
	isotime_add(b, "at", e->at);
	json_close(b, '}');
	buf_byte(b, '\n');
}
