#ifndef PHRASES_H
#define PHRASES_H

/*
 * The phrases that variations are made of. In a frame ~ is the place of the
 * user's words. Lists end with NULL; phrases are UTF-8.
 */
#include <stddef.h>

#define SLOT '~'

/*
 * The languages that are recognized and have phrases of their own, then
 * other texts in Latin letters, in other letters, and without any letters.
 */
enum lang {
	LANG_EN, LANG_DE, LANG_FR, LANG_ES, LANG_PT, LANG_IT, LANG_KO,
	LANG_JA, LANG_ZH, LANG_RU, LANG_AR, LANG_HE, LANG_HI, LANG_TH,
	LANG_EL, LANG_LATIN, LANG_SCRIPT, LANG_NONE
};

/* The purpose of a sentence, with an example of its slot. */
enum kind {
	KIND_HOW,	/* reset my password */
	KIND_WANT,	/* reset my password */
	KIND_REQUEST,	/* reset my password: said to whom it is written */
	KIND_CANT,	/* reset my password */
	KIND_GET,	/* a refund */
	KIND_ASK,	/* where my order is */
	KIND_WHETHER,	/* I can cancel my order */
	KIND_IS,	/* the status of my order */
	KIND_ARE,	/* your opening hours */
	KIND_MEAN,	/* "pending" */
	KIND_TOPIC,	/* refund */
	KIND_HELLO,	/* nothing; the frames are whole messages */
	KIND_THANKS,
	KIND_YES,
	KIND_NO,
	KIND_QUERY,	/* a whole question with its question mark */
	KIND_ORDER,	/* a whole request */
	KIND_SAY	/* a whole statement */
};

/*
 * What a whole message is for: how something is done, a question about
 * something of one's own, a request, a complaint, a report, a task for a tool
 * (code, data or text to work on), the next message of a conversation. Phrases
 * are marked with the letters of what they fit; those without fit all but the
 * last.
 */
enum { PURPOSE_HOW = 'H', PURPOSE_QUESTION = 'Q', PURPOSE_REQUEST = 'R',
	PURPOSE_COMPLAINT = 'C', PURPOSE_REPORT = 'S', PURPOSE_TASK = 'T',
	PURPOSE_NEXT = 'N' };

/*
 * A sentence that begins with head and ends with tail is of this kind, and
 * what stands between them is its slot; with keep, the head is part of it.
 */
struct cue {
	enum lang lang;
	enum kind kind;
	const char *head;
	const char *tail;
	int keep;
};

/* Ways to say something of a kind in a language. */
struct frames {
	enum lang lang;
	enum kind kind;
	const char *const *list;
};

/* A word or phrase that can stand for another. */
struct swap {
	enum lang lang;
	const char *from;
	const char *to;
};

/* What somebody says at length around the matter itself. */
struct manner {
	enum lang lang;
	const char *const *hello;
	const char *const *before;
	const char *const *after;
	const char *const *thanks;
};

/* How a voice writes, besides what it says. */
enum {
	STYLE_LOWER = 1,	/* small letters, no full stop */
	STYLE_CHAT = 2,		/* chat spellings */
	STYLE_SHORT = 4,	/* key words only */
	STYLE_BARE = 8,		/* without articles */
	STYLE_LOUD = 16		/* several question or exclamation marks */
};

/* A kind of person; keys are looked for in what is known of a persona. */
struct voice {
	enum lang lang;
	const char *name;
	const char *const *keys;
	const char *const *frames;
	unsigned style;
};

/* A language to ask in or to ask for. */
struct tongue {
	enum lang lang;			/* LANG_LATIN when it has no own */
	const char *code;		/* BCP 47 */
	const char *name;		/* in English */
	const char *const *frames;	/* with the text quoted */
	const char *mixed;		/* opening, text, closing */
};

/*
 * Tables and the numbers of their rows. The first rows of tongues are those of
 * enum lang up to LANG_EL, in its order.
 */
extern const struct cue cues[];
extern const size_t ncues;
extern const struct frames frames[];
extern const size_t nframes;
extern const struct frames brief_frames[];
extern const size_t nbrief_frames;
extern const struct frames again_frames[];
extern const size_t nagain_frames;
extern const struct swap swaps[];
extern const size_t nswaps;
extern const struct swap chat_swaps[];
extern const size_t nchat_swaps;
extern const struct swap homophones[];
extern const size_t nhomophones;
extern const struct manner manners[];
extern const size_t nmanners;
extern const struct voice voices[];
extern const size_t nvoices;
extern const struct tongue tongues[];
extern const size_t ntongues;

/* Words, all in small letters. */
extern const char *const hello_words[];		/* a message opens with */
extern const char *const bye_words[];		/* a message closes with */
extern const char *const please_words[];	/* may be left out at an end */
extern const char *const lead_words[];		/* may be left out at a start */
extern const char *const ask_heads[];		/* "can you tell me" */
extern const char *const verb_words[];		/* that open a command */
extern const char *const noun_words[];		/* of these, not when alone */
extern const char *const small_words[];		/* may lose capitals */
extern const char *const article_words[];	/* a, an, the, my, ... */
extern const char *const filler_words[];	/* a short form leaves out */
extern const char *const yes_words[];
extern const char *const no_words[];
extern const char *const thanks_words[];
extern const char *const query_forms[];		/* short forms of questions */
extern const char *const topic_forms[];		/* short forms of the rest */

/* The number of entries of a list that ends in NULL. */
size_t phrases_count(const char *const *list);

/*
 * Phrases of manners and voices that do not fit every message begin with the
 * letters of what they fit and '|': "HQ|Be honest: ~". The number
 * of those that fit; the i-th of them without its letters, from the start again
 * after the last, or NULL when there is none.
 */
size_t phrases_fitting(const char *const *list, char purpose);
const char *phrases_pick(const char *const *list, char purpose, size_t i);

#endif
