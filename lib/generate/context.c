#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "edit.h"
#include "frame.h"
#include "kept.h"
#include "language.h"
#include "phrases.h"
#include "span.h"
#include "strategy.h"

#define PARAGRAPHS 4

/*
 * What may stand around a request in a language: paragraphs about something
 * else, a line that leads to a request, the head of a forwarded mail, the line
 * before a quoted one, what people say before they begin to speak.
 */
static const struct setting {
	enum lang lang;
	const char *paragraphs[PARAGRAPHS];
	const char *but;
	const char *forwarded, *quoted;
	const char *um;
} settings[] = {
	{ LANG_EN, {
	    "We had a long weekend at the lake, and the weather held until "
	    "Sunday evening. The children still talk about the boat, and my "
	    "brother caught his first fish.",
	    "I finally finished painting the hall. It took three coats, and "
	    "the cat walked through the first one, so there is a trail of "
	    "white paws on the stairs now.",
	    "My neighbour recommended you years ago, when he still lived next "
	    "door. He has moved to the coast since and grows roses there.",
	    "The train was full this morning, so I stood all the way and "
	    "listened to a podcast about bees. They dance to tell each other "
	    "where the flowers are." },
	    "What I'm writing about:",
	    "Fwd: a question\n\n---------- Forwarded message ---------\n"
	    "From: Sam Weber <sam@example.com>\nSubject: a question\n\n",
	    "Please see below, I was asked to pass this on to you.\n\n"
	    "Sam Weber wrote:\n", "um so yeah" },
	{ LANG_DE, {
	    "Wir hatten ein langes Wochenende am See, und das Wetter hielt bis "
	    "Sonntagabend. Die Kinder reden immer noch vom Boot, und mein "
	    "Bruder hat seinen ersten Fisch gefangen.",
	    "Ich habe endlich den Flur gestrichen. Es brauchte drei Schichten, "
	    "und die Katze ist durch die erste gelaufen, jetzt sind weiße "
	    "Pfoten auf der Treppe.",
	    "Mein Nachbar hat Sie vor Jahren empfohlen, als er noch nebenan "
	    "wohnte. Inzwischen lebt er an der Küste und züchtet Rosen.",
	    "Der Zug war heute früh voll, also stand ich die ganze Fahrt und "
	    "hörte eine Sendung über Bienen." },
	    "Worum es mir eigentlich geht:",
	    "WG: Frage\n\n---------- Weitergeleitete Nachricht ----------\n"
	    "Von: Sam Weber <sam@example.com>\nBetreff: Frage\n\n",
	    "Siehe unten, das soll ich an Sie weitergeben.\n\n"
	    "Sam Weber schrieb:\n", "ähm also" },
	{ LANG_FR, {
	    "Nous avons passé un long week-end au lac, et le temps s'est "
	    "maintenu jusqu'à dimanche soir. Les enfants parlent encore du "
	    "bateau.",
	    "J'ai enfin fini de peindre le couloir. Il a fallu trois couches, "
	    "et le chat a marché dans la première.",
	    "Mon voisin vous avait recommandés il y a des années, quand il "
	    "habitait encore à côté. Il vit maintenant au bord de la mer.",
	    "Le train était plein ce matin, j'ai fait tout le trajet debout en "
	    "écoutant une émission sur les abeilles." },
	    "Voici pourquoi j'écris :",
	    "TR : une question\n\n---------- Message transféré ----------\n"
	    "De : Sam Weber <sam@example.com>\nObjet : une question\n\n",
	    "Voir ci-dessous, on m'a demandé de vous le transmettre.\n\n"
	    "Sam Weber a écrit :\n", "euh alors" },
	{ LANG_ES, {
	    "Pasamos un fin de semana largo en el lago y el tiempo aguantó "
	    "hasta el domingo por la noche. Los niños todavía hablan del "
	    "barco.",
	    "Por fin terminé de pintar el pasillo. Hicieron falta tres capas, "
	    "y el gato pasó por encima de la primera.",
	    "Mi vecino los recomendó hace años, cuando aún vivía al lado. "
	    "Ahora vive en la costa y cultiva rosas.",
	    "El tren iba lleno esta mañana, así que fui de pie todo el camino "
	    "escuchando un programa sobre abejas." },
	    "El motivo de mi mensaje:",
	    "RV: una pregunta\n\n---------- Mensaje reenviado ----------\n"
	    "De: Sam Weber <sam@example.com>\nAsunto: una pregunta\n\n",
	    "Vean abajo, me pidieron que se lo pasara.\n\n"
	    "Sam Weber escribió:\n", "eh bueno" },
	{ LANG_PT, {
	    "Passamos um fim de semana longo no lago e o tempo aguentou até "
	    "domingo à noite. As crianças ainda falam do barco.",
	    "Finalmente acabei de pintar o corredor. Foram precisas três "
	    "demãos, e o gato passou por cima da primeira.",
	    "O meu vizinho recomendou vocês há anos, quando ainda morava ao "
	    "lado. Agora vive no litoral e cultiva rosas.",
	    "O comboio estava cheio esta manhã, por isso vim de pé a ouvir um "
	    "programa sobre abelhas." },
	    "O motivo da minha mensagem:",
	    "ENC: uma pergunta\n\n---------- Mensagem encaminhada ----------\n"
	    "De: Sam Weber <sam@example.com>\nAssunto: uma pergunta\n\n",
	    "Vejam abaixo, pediram-me que encaminhasse isto.\n\n"
	    "Sam Weber escreveu:\n", "é então" },
	{ LANG_IT, {
	    "Abbiamo passato un lungo fine settimana al lago e il tempo ha "
	    "tenuto fino a domenica sera. I bambini parlano ancora della "
	    "barca.",
	    "Finalmente ho finito di dipingere il corridoio. Ci sono volute "
	    "tre mani, e il gatto è passato sulla prima.",
	    "Il mio vicino vi aveva consigliato anni fa, quando abitava ancora "
	    "qui accanto. Ora vive sulla costa e coltiva rose.",
	    "Il treno era pieno stamattina, quindi ho viaggiato in piedi "
	    "ascoltando un programma sulle api." },
	    "Il motivo per cui scrivo:",
	    "I: una domanda\n\n---------- Messaggio inoltrato ----------\n"
	    "Da: Sam Weber <sam@example.com>\nOggetto: una domanda\n\n",
	    "Vedi sotto, mi hanno chiesto di inoltrarlo.\n\n"
	    "Sam Weber ha scritto:\n", "ehm allora" },
};

static const struct setting *
setting_of(enum lang l)
{
	size_t i;

	for (i = 0; i < LEN(settings); i++)
		if (settings[i].lang == l)
			return &settings[i];
	return NULL;
}

/* --- the ways ------------------------------------------------------------ */

/* Each appends the request in a context of the i-th kind, or returns 0. */

static int
context_before(struct work *w, const struct setting *s, size_t i)
{
	size_t at;

	if (!s || i >= PARAGRAPHS)
		return 0;
	/* the greeting stays first */
	if (w->t.hello.n) {
		span_put(w->out, w->t.hello);
		buf_puts(w->out, "\n\n");
	}
	buf_puts(w->out, s->paragraphs[i]);
	buf_puts(w->out, "\n\n");
	if (i & 1) {
		buf_puts(w->out, s->but);
		buf_byte(w->out, kept_is_block(span_first(w->t.body)) ? '\n' :
		    ' ');
	}
	at = w->out->len;
	span_put(w->out, span_of(w->t.body.p, (size_t)(span_end(w->t.all) -
	    w->t.body.p)));
	if (!(i & 1))
		frame_capitalise(w->out, at);
	work_note(w, "after an unrelated paragraph");
	return 1;
}

static int
context_after(struct work *w, const struct setting *s, size_t i)
{
	if (!s || i >= PARAGRAPHS)
		return 0;
	span_put(w->out, span_of(w->t.all.p, (size_t)(span_end(w->t.body) -
	    w->t.all.p)));
	buf_puts(w->out, "\n\n");
	buf_puts(w->out, s->paragraphs[PARAGRAPHS - 1 - i]);
	span_put(w->out, span_of(span_end(w->t.body),
	    (size_t)(span_end(w->t.all) - span_end(w->t.body))));
	work_note(w, "before an unrelated paragraph");
	return 1;
}

static int
context_forwarded(struct work *w, const struct setting *s, size_t i)
{
	if (i)
		return 0;
	buf_puts(w->out, s ? s->forwarded : settings[0].forwarded);
	span_put(w->out, w->t.all);
	work_note(w, "in a forwarded mail");
	return 1;
}

/* Appends the request as in an answered mail: each line after "> ". */
static int
context_quoted(struct work *w, const struct setting *s, size_t i)
{
	struct span rest = w->t.all, line;
	const char *end;

	if (i || !s)
		return 0;
	buf_puts(w->out, s->quoted);
	while (rest.n) {
		end = memchr(rest.p, '\n', rest.n);
		line = span_of(rest.p, end ? (size_t)(end - rest.p) : rest.n);
		/* a block of lines is one place here */
		if (kept_is_block(span_first(line)))
			return 0;
		buf_puts(w->out, "> ");
		span_put(w->out, line);
		buf_byte(w->out, '\n');
		rest = span_from(rest, line.n + (end != NULL));
	}
	w->out->len--;
	work_note(w, "quoted in a forwarded mail");
	return 1;
}

/* Whether the text has a block of lines, which cannot be spoken. */
static int
has_block(struct span s)
{
	size_t i = 0;

	while (i < s.n)
		if (kept_is_block(span_char(s, i, &i)))
			return 1;
	return 0;
}

/* Appends a word without brackets and quotation marks. */
static void
put_spoken(struct buf *b, struct span s)
{
	size_t i, next;
	uint32_t c;

	for (i = 0; i < s.n; i = next) {
		c = span_char(s, i, &next);
		if (!span_is_quote(c) && (c > 0x7f || !span_char_in("()[]",
		    (int)c)))
			buf_add(b, s.p + i, next - i);
	}
}

/* Appends the request as a transcript: one line, no capitals or punctuation. */
static int
context_voice(struct work *w, const struct setting *s, size_t i)
{
	struct buf b = { 0 };
	struct span rest, one;
	size_t n = 0;

	if (i > 1 || (i && !s) || has_block(w->t.all) ||
	    language_is_dense(w->t.lang))
		return 0;
	edit_lower(w, w->t.all, &b);
	if (i) {
		buf_puts(w->out, s->um);
		n++;
	}
	for (rest = span_buf(&b); span_next_word(&rest, &one); ) {
		if (n++)
			buf_byte(w->out, ' ');
		put_spoken(w->out, one);
	}
	buf_release(&b);
	work_note(w, i ? "as a voice transcript with a hesitation" :
	    "as a voice transcript");
	return n > 0;
}

static int (*const ways[])(struct work *, const struct setting *, size_t) = {
	context_before, context_forwarded, context_voice, context_after,
	context_quoted
};

int
context_make(struct work *w)
{
	const struct setting *s = setting_of(w->t.lang);
	size_t i = w->k % LEN(ways);

	if (!w->t.all.n || !ways[i](w, s, w->k / LEN(ways))) {
		w->out->len = 0;
		return 0;
	}
	return 1;
}
