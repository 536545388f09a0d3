#include <stdint.h>

#include "base/unicode.h"
#include "kept.h"
#include "language.h"
#include "phrases.h"
#include "span.h"
#include "purpose.h"

/* Words for something that went wrong. */
static const char *const trouble[] = { "broken", "torn", "damaged", "defective",
	"wrong", "missing", "lost", "late", "never", "error", "errors", "fails",
	"failed", "failing", "crash", "crashes", "crashed", "stuck", "twice",
	"doesn't work", "does not work", "not working", "isn't working",
	"didn't arrive", "did not arrive", "hasn't arrived", "still not",
	"still waiting", "stopped working", "complaint", "unacceptable",
	"hung up", "nobody", "waiting on", "waiting for", "cannot", "can't",
	"kaputt", "beschädigt", "defekt", "falsch", "falsche", "fehlt",
	"verloren", "fehler", "nie", "doppelt", "noch nicht", "nicht da",
	"noch nicht da", "immer noch", "funktioniert nicht", "geht nicht",
	"stimmt nicht", "abgestürzt", "reklamation", "cassé", "cassée",
	"endommagé", "abîmé", "perdu", "erreur", "jamais", "manque",
	"deux fois", "ne marche", "ne fonctionne", "ne se connecte", "coupure",
	"panne", "toujours pas", "retard",
	"roto", "rota", "dañado", "perdido", "error", "nunca", "falta",
	"dos veces", "no funciona", "no llegó", "no ha llegado", "retraso",
	"quebrado", "danificado", "erro", "duas vezes", "não funciona",
	"não chegou", "atraso", "rotto", "rotta", "danneggiato", "perso",
	"errore", "mai", "manca", "due volte", "non funziona",
	"non è arrivato", "ritardo", "сломан", "сломано", "не работает",
	"ошибка", "не пришёл", "не пришла", "дважды", NULL };

/* Beginnings of questions about a way to do something, and others like them. */
static const char *const how[] = { "how do", "how can", "how could", "how to",
	"how would", "how should", "what's the best way", "is there a way",
	"wie kann", "wie mache", "wie ändere", "wie storniere", "wie",
	"comment", "cómo", "como", "come", "как", NULL };
static const char *const not_how[] = { "wie lange", "wie viel", "wie viele",
	"wie teuer", "wie hoch", "como está", "cómo está", "come mai",
	"comment se fait", NULL };

/* How a task for a tool begins, and how one that continues a conversation. */
static const char *const task[] = { "show me", "show", "list", "summarize",
	"summarise", "translate", "write", "rewrite", "draft", "calculate",
	"compute", "count", "compare", "sort", "convert", "classify",
	"extract", "generate", "remind me", "set a", "set an", "play",
	"turn on", "turn off", "erinnere", "rappelle-moi", "recuérdame",
	"ricordami", "lembre-me", "me lembre", "analyze", "analyse", "explain",
	"refactor",
	"zeig", "zeige", "liste", "fasse", "fass", "übersetze", "übersetz",
	"schreib", "schreibe", "berechne", "vergleiche", "erkläre", "résume",
	"résumez", "traduis", "traduisez", "affiche", "affichez", "écris",
	"calcule", "compare", "résumer", "resume", "traduce", "muestra",
	"escribe", "calcula", "explica", "resuma", "traduza", "mostre",
	"escreva", "riassumi", "traduci", "mostra", "scrivi", "elenca", NULL };
static const char *const next[] = { "thanks", "thank you", "thx", "ok", "okay",
	"great", "perfect", "danke", "vielen dank", "super", "merci",
	"gracias", "obrigado", "obrigada", "grazie", NULL };

/* Whether the message holds code, or asks for work on data or text. */
static int
is_task(const struct user_text *t)
{
	struct span s = t->body;
	size_t i = 0;

	while (i < s.n && i < LANGUAGE_LOOK)
		if (kept_is_block(span_char(s, i, &i)))
			return 1;
	return span_list_prefix(kind_strip(t->main), task) > 0;
}

static int
has_trouble(struct span s)
{
	char before = ' ';

	if (s.n > LANGUAGE_LOOK)
		s.n = LANGUAGE_LOOK;
	for (; s.n; before = *s.p, s = span_from(s, 1))
		if (!(before & 0x80) &&
		    !unicode_is_letter((unsigned char)before) &&
		    span_list_prefix(s, trouble))
			return 1;
	return 0;
}

static int
purpose_is_question(enum kind kind)
{
	return kind == KIND_ASK || kind == KIND_WHETHER || kind == KIND_IS ||
	    kind == KIND_ARE || kind == KIND_QUERY;
}

char
purpose_of(const struct user_text *t)
{
	if (span_list_prefix(t->body, next))
		return PURPOSE_NEXT;
	if (is_task(t))
		return PURPOSE_TASK;
	if (t->kind == KIND_HOW || t->kind == KIND_MEAN)
		return PURPOSE_HOW;
	if (t->kind == KIND_CANT || has_trouble(t->body))
		return PURPOSE_COMPLAINT;
	if (t->kind == KIND_WANT || t->kind == KIND_REQUEST ||
	    t->kind == KIND_GET || t->kind == KIND_TOPIC ||
	    t->kind == KIND_ORDER)
		return PURPOSE_REQUEST;
	if (purpose_is_question(t->kind) && span_list_prefix(t->main, how) &&
	    !span_list_prefix(t->main, not_how))
		return PURPOSE_HOW;
	return purpose_is_question(t->kind) || t->query ? PURPOSE_QUESTION :
	    PURPOSE_REPORT;
}
