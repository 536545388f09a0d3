#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "base/util.h"
#include "edit.h"
#include "frame.h"
#include "kept.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "strategy.h"
#include "traits.h"
#include "verbose.h"
#include "words.h"

/* Returns a score of how well a voice fits a persona. */
static size_t
voice_score(const struct voice *v, const struct persona *p)
{
	const char *const *key;
	size_t score = 0, i;

	for (key = v->keys; *key; key++) {
		score += traits_mention(p->name, *key) ? 4 : 0;
		score += traits_mention(p->expertise, *key) ? 3 : 0;
		score += traits_mention(p->description, *key) ? 2 : 0;
		for (i = 0; i < p->ntraits; i++)
			score += traits_mention(p->traits[i], *key) ? 3 : 0;
	}
	return score;
}

/* The voices that fit the text and the persona best, up to max of them. */
static size_t
voices_for(const struct persona *p, const struct user_text *t,
    const struct voice **list, size_t max)
{
	size_t i, j, n = 0, score, scores[32];

	for (i = 0; i < nvoices && n < max; i++) {
		if (voices[i].lang != t->lang ||
		    !phrases_fitting(voices[i].frames, t->purpose))
			continue;
		score = p ? voice_score(&voices[i], p) : 1;
		if (!score)
			continue;
		for (j = n++; j && scores[j - 1] < score; j--) {
			scores[j] = scores[j - 1];
			list[j] = list[j - 1];
		}
		scores[j] = score;
		list[j] = &voices[i];
	}
	/* hints far weaker than the best one mislead */
	while (n > 1 && p && scores[n - 1] * 3 < scores[0])
		n--;
	return n ? n : p ? voices_for(NULL, t, list, max) : 0;
}

/* Appends a goal in the first person; 0 if it is not a wish. */
static int
put_goal(struct buf *b, const char *goal)
{
	struct span rest = span_str(goal), w;
	size_t at = b->len, i, n = 0;

	rest = sentence_without_stop(rest, &(int){ 0 });
	if (span_prefix(rest, "to "))
		rest = span_from(rest, 3);
	if (!span_next_word(&rest, &w) || !span_in_list(w, verb_words) ||
	    rest.n > 120)
		return 0;
	for (i = 0; i < w.n; i++)
		buf_byte(b, span_ascii_lower(w.p[i]));
	while (span_next_word(&rest, &w)) {
		buf_byte(b, ' ');
		if (span_equals(w, "their"))
			buf_puts(b, "my");
		else
			span_put(b, w);
		n++;
	}
	if (n)
		return 1;
	b->len = at;
	return 0;
}

static const char *const goal_frames[] = {
	"I'm trying to ~.", "What I really want is to ~.",
	"I just want to ~.", "The reason I'm asking: I'd like to ~."
};

static int
persona_goal(struct work *w, struct span core)
{
	const struct persona *p = w->v->persona;
	struct buf goal = { 0 };
	const char *frame;
	size_t i;
	int ok = 0;

	if (!p || !p->ngoals || w->t.lang != LANG_EN)
		return 0;
	i = w->k / 3;
	if (i >= p->ngoals * LEN(goal_frames))
		return 0;
	frame = goal_frames[(i / p->ngoals) % LEN(goal_frames)];
	ok = put_goal(&goal, p->goals[i % p->ngoals]);
	if (ok && i % 2) {
		span_put(w->out, core);
		frame_end_sentence(w->out, 0, w->t.lang,
		    frame_ends_query(&w->t));
		buf_byte(w->out, ' ');
		frame_put(w->out, frame, span_buf(&goal), LANG_EN,
		    FRAME_NO_STOP);
	} else if (ok) {
		frame_put(w->out, frame, span_buf(&goal), LANG_EN,
		    FRAME_NO_STOP);
		buf_byte(w->out, ' ');
		span_put(w->out, core);
	}
	if (ok)
		work_note(w, "persona's goal");
	buf_release(&goal);
	return ok;
}

/* Appends the body in a style, or rephrased. */
static void
styled_core(struct work *w, unsigned style, size_t round, struct buf *b)
{
	const char *const *list = frame_list(w->t.lang, w->t.kind);
	struct buf next = { 0 };
	size_t n = phrases_count(list);
	struct span body = w->t.body;

	if (n && w->t.slot.len && w->t.lang < LANG_LATIN && (round ||
	    w->t.kind == KIND_TOPIC || (w->k >= 11 && w->t.lang == LANG_EN &&
	    rng_chance(&w->rng, 60)))) {
		frame_put_main(&next, &w->t, list[round ? (round - 1) % n :
		    rng_below(&w->rng, n)]);
		span_put(b, span_of(next.p + (body.p - w->t.all.p), next.len -
		    (size_t)(body.p - w->t.all.p) -
		    (size_t)(span_end(w->t.all) - span_end(body))));
		next.len = 0;
	} else if (!round || !words_swap_some(w, body, b, swaps, nswaps,
	    SIZE_MAX, 60))
		span_put(b, body);
	if ((style & STYLE_BARE) && edit_drop_articles(w, span_buf(b), &next)) {
		b->len = 0;
		span_put(b, span_buf(&next));
		next.len = 0;
	}
	if ((style & STYLE_CHAT) && rng_chance(&w->rng, 70) &&
	    words_swap_some(w, span_buf(b), &next, chat_swaps, nchat_swaps,
	    SIZE_MAX, 40)) {
		b->len = 0;
		span_put(b, span_buf(&next));
		next.len = 0;
	}
	if (style & STYLE_LOWER) {
		edit_lower(w, span_buf(b), &next);
		b->len = 0;
		span_put(b, span_buf(&next));
		if (frame_ends_query(&w->t) && w->t.lang < LANG_LATIN &&
		    rng_chance(&w->rng, 50))
			frame_put_stop(b, w->t.lang, 1);
	}
	buf_release(&next);
}

static void
put_voice(struct work *w, const struct voice *v, size_t turn_of)
{
	struct buf core = { 0 };
	const char *frame = phrases_pick(v->frames, w->t.purpose, turn_of);
	size_t at, from = w->out->len;
	int query;
	uint32_t c;

	styled_core(w, v->style, turn_of / phrases_fitting(v->frames,
	    w->t.purpose), &core);
	c = span_last(span_buf(&core), &at);
	query = span_is_stop(c) ? FRAME_NO_STOP : frame_ends_query(&w->t);
	frame_put(w->out, frame, span_buf(&core), w->t.lang,
	    v->style & STYLE_LOWER ? FRAME_AS_IS : query);
	if (v->style & STYLE_LOWER)
		frame_decapitalise(w->out, from);
	if ((v->style & STYLE_LOUD) && w->k % 2 && w->out->len &&
	    span_char_in("?!", w->out->p[w->out->len - 1]))
		buf_fill(w->out, w->out->p[w->out->len - 1], 2);
	work_note(w, "voice of ");
	buf_puts(w->note, v->name);
	buf_release(&core);
}

static const struct tongue *
tongue_of(const char *code)
{
	size_t i, n;

	for (i = 0; code && i < ntongues; i++) {
		n = span_prefix(span_str(code), tongues[i].code);
		if (n && !unicode_is_letter((unsigned char)code[n]))
			return &tongues[i];
	}
	return NULL;
}

/* A persona of another language than the text quotes it in its own. */
static int
foreign_persona(struct work *w)
{
	const struct tongue *t;
	const struct manner *m;
	const char *before, *after;
	size_t n, k = w->k;

	t = w->v->persona ? tongue_of(w->v->persona->language) : NULL;
	if (!t || t->lang == w->t.lang || t->lang == LANG_EN ||
	    w->t.lang >= LANG_SCRIPT)
		return 0;
	n = phrases_count(t->frames);
	m = verbose_manner(t->lang);
	before = m ? phrases_pick(m->before, w->t.purpose, k) : NULL;
	after = m ? k % 2 ? phrases_pick(m->after, w->t.purpose, k / 2) :
	    verbose_pick(m->thanks, k / 2) : NULL;
	if (k > n && before && k % 3) {
		buf_puts(w->out, before);
		buf_puts(w->out, language_is_dense(t->lang) ? "" : " ");
	}
	frame_put(w->out, k % (n + 1) < n ? t->frames[k % (n + 1)] : t->mixed,
	    w->t.all, t->lang, FRAME_NO_STOP);
	if (k > n && after) {
		buf_puts(w->out, language_is_dense(t->lang) ? "" : " ");
		buf_puts(w->out, after);
	}
	work_note(w, "persona speaking ");
	buf_puts(w->note, t->name);
	return 1;
}

/* Frames of people short of time, marked as in phrases.h. */
static const char *const terse_frames[LANG_KO][5] = {
	[LANG_EN] = { "RC|urgent: ~", "HQ|~ short answer pls",
	    "RC|~ - today pls", "HQ|quick: ~" },
	[LANG_DE] = { "RC|dringend: ~", "HQ|kurz: ~", "RC|eilt: ~" },
	[LANG_FR] = { "RC|urgent : ~", "HQ|vite : ~",
	    "RC|~ - aujourd'hui svp" },
	[LANG_ES] = { "RC|urgente: ~", "HQ|rápido: ~", "RC|~ - hoy por favor" },
	[LANG_PT] = { "RC|urgente: ~", "HQ|rápido: ~",
	    "RC|~ - hoje por favor" },
	[LANG_IT] = { "RC|urgente: ~", "HQ|veloce: ~", "RC|~ - oggi grazie" }
};

/* Makes a text of key words, first those that concise does not make. */
static int
terse_make(struct work *w)
{
	const char *const *list = w->t.lang < LANG_KO ?
	    terse_frames[w->t.lang] : NULL;
	size_t n = phrases_fitting(list, w->t.purpose), k = w->k;
	struct work first = *w;
	struct buf words = { 0 }, note = { 0 };
	int ok;

	first.k = k < n ? 0 : k - n;
	first.out = &words;
	first.note = &note;
	ok = concise_make(&first);
	if (ok && k < n) {
		frame_put(w->out, phrases_pick(list, w->t.purpose, k),
		    span_buf(&words), w->t.lang, FRAME_AS_IS);
		work_note(w, "in a few words");
	} else if (ok) {
		span_put(w->out, span_buf(&words));
		work_note(w, buf_str(&note));
	}
	buf_release(&words);
	buf_release(&note);
	return ok && w->out->len < w->t.all.n;
}

int
persona_make(struct work *w)
{
	const struct voice *list[32];
	size_t n;

	if (!w->t.all.n || work_is_data(w))
		return 0;
	if (traits_terse(w->v->persona))
		return !kept_is_block(span_first(w->t.all)) && terse_make(w);
	if (foreign_persona(w))
		return 1;
	if (w->k % 3 == 1 && persona_goal(w, w->t.body))
		return 1;
	n = voices_for(w->v->persona, &w->t, list, LEN(list));
	if (!n)
		return verbose_manner(w->t.lang) ? verbose_make(w) :
		    verbose_neutral(w);
	/* after all frames of all voices come stories */
	if (w->k / n >= phrases_fitting(list[w->k % n]->frames,
	    w->t.purpose) * (1 +
	    (w->t.slot.len ? phrases_count(frame_list(w->t.lang, w->t.kind)) :
	    0)))
		return verbose_make(w);
	put_voice(w, list[w->k % n], w->k / n);
	return 1;
}
