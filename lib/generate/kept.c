#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "base/utf8.h"
#include "base/util.h"
#include "when.h"
#include "kept.h"

/*
 * Places are characters of the private plane 15, which no text has but for
 * tests; those of blocks of lines get no full stop.
 */
#define PLACE_INLINE 0xf0000
#define PLACE_BLOCK 0xf8000
#define PLACE_END 0xfff00
#define PIECES_MAX 0x7000

int
kept_is_place(uint32_t c)
{
	return c >= PLACE_INLINE && c < PLACE_BLOCK;
}

int
kept_is_block(uint32_t c)
{
	return c >= PLACE_BLOCK && c < PLACE_END;
}

/* --- lines of code ------------------------------------------------------ */

static int
has_any(struct span s, const char *set)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (span_char_in(set, s.p[i]))
			return 1;
	return 0;
}

static int
kept_begins(struct span s, const char *p)
{
	size_t n = strlen(p);

	return s.n >= n && !memcmp(s.p, p, n);
}

static int
begins_any(struct span s, const char *const *list)
{
	for (; *list; list++)
		if (kept_begins(s, *list))
			return 1;
	return 0;
}

/* Beginnings of lines that only code, logs and patches have. */
static const char *const sure_heads[] = { "#include", "#!/", "#define ",
	"Traceback (most", "File \"", "diff --git", "--- a/", "+++ b/", "@@ -",
	"<?", "<!", "\\begin{", "\\end{", "\\documentclass", "\\usepackage",
	"INSERT INTO ", "CREATE TABLE", "ALTER TABLE", "DELETE FROM ",
	"GROUP BY ", "ORDER BY ", "LEFT JOIN ", "INNER JOIN ", "SELECT ",
	"CREATE INDEX", "DROP TABLE", "apiVersion:", "$ ", "PS C:\\", "C:\\",
	"Exception in thread", "Caused by: ", "goroutine ", "panic: ",
	"FROM ", "WHERE ", "HAVING ", "JOIN ", "LIMIT ", ">>> ", NULL };

/* Words that begin a line of code when it has marks of code as well. */
static const char *const code_heads[] = { "def ", "class ", "import ",
	"from ", "function ", "const ", "let ", "var ", "return ", "if ",
	"if(", "for ", "for(", "while ", "async ", "await ", "public ",
	"private ", "static ", "func ", "fn ", "struct ", "enum ", "try:",
	"else:", "elif ", "except", "finally", "raise ", "throw ", "print(",
	"console.", "export ", "with ", "WITH ", "UPDATE ", "select ",
	"insert into ", "update ", "delete from ", "create ", "sudo ",
	"curl ", "git ", "docker ", "kubectl ", "npm ", "pip ", "at ",
	"int ", "void ", "char ", "use ", "package ", "type ", "interface ",
	"echo ", "cd ", "ls ", "grep ", "awk ", "sed ", "cat ", NULL };

/* Whether the line has an option of a command, such as -p or --name. */
static int
has_option(struct span s)
{
	size_t i;

	for (i = 0; i + 2 < s.n; i++)
		if (s.p[i] == ' ' && s.p[i + 1] == '-' && (s.p[i + 2] == '-' ||
		    unicode_is_letter((unsigned char)s.p[i + 2])))
			return 1;
	return 0;
}

/* Lines that belong to code only beside other lines of it. */
static const char *const weak_heads[] = { "import ", "from ", "AND ", "OR ",
	"- ", "+", "-", "}", "]", ")", "#", "//", "/*", "*", "end", "pass",
	"try", "else", "return", "break", "...", "|", "SET ", "VALUES",
	"index ", "done", "fi", NULL };

/* "2026-03-01 12:00:01 ERROR ..." and "[12:00:01] ..." */
static int
is_log(struct span s)
{
	struct span head = span_of(s.p, s.n < 24 ? s.n : 24);
	size_t colons = 0, i;

	for (i = 0; i < head.n; i++)
		colons += head.p[i] == ':';
	return s.n > 20 && colons >= 2 && span_count_digits(head) >= 6 &&
	    (span_is_digit((unsigned char)*s.p) || *s.p == '[' ||
	    (unicode_is_letter((unsigned char)*s.p) &&
	    span_count_digits(head) >= 7));
}

/* Whether marks that prose does not use are a fifth of the line. */
static int
is_dense(struct span s)
{
	size_t i, marks = 0, all = 0;

	for (i = 0; i < s.n; i++) {
		all += s.p[i] != ' ' && s.p[i] != '\t';
		marks += span_char_in("{}()[];=<>$\\|&^*+_/#%@~\":`",
		    s.p[i]) != 0;
	}
	return marks >= 4 && marks * 5 >= all;
}

/* "name: value" and "name:", as in YAML; not a sentence before a colon. */
static int
kept_is_pair(struct span s)
{
	size_t i = 0;

	if (kept_begins(s, "- "))
		s = span_trim(span_from(s, 2));
	while (i < s.n && (span_is_digit((unsigned char)s.p[i]) ||
	    (s.p[i] >= 'a' && s.p[i] <= 'z') || span_char_in("_-.", s.p[i])))
		i++;
	return i && i < s.n && s.p[i] == ':' && (i + 1 == s.n ||
	    s.p[i + 1] == ' ');
}

static int
kept_is_code(struct span line)
{
	struct span s = span_trim(line);
	char last;

	if (!s.n || has_any(span_of(s.p, s.n < 12 ? s.n : 12), "?"))
		return s.n && is_dense(s);
	last = s.p[s.n - 1];
	if (begins_any(s, sure_heads) || is_log(s) || is_dense(s))
		return 1;
	if (begins_any(s, code_heads) && (span_char_in(":;{\\", last) ||
	    has_any(s, "=;{}[]<>|*") || (last == ')' && has_any(s, "(")) ||
	    memchr(s.p, '_', s.n) || has_option(s)))
		return 1;
	if (*s.p == '<' && last == '>')
		return 1;
	if ((*s.p == '{' || *s.p == '[') && (s.n == 1 || has_any(s, "\":{,")))
		return 1;
	return (last == ';' || last == '{') && has_any(s, "(=_{");
}

/* --- pieces --------------------------------------------------------------- */

static void
kept_add(struct kept *k, const char *from, const char *to)
{
	if (from >= to || k->n >= PIECES_MAX)
		return;
	ALLOC_GROW(k->pieces, k->n + 1, k->cap);
	k->pieces[k->n++] = span_of(from, (size_t)(to - from));
}

static struct span
kept_line_at(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return span_of(p, (size_t)((nl ? nl : end) - p));
}

static const char *
line_after(struct span line, const char *end)
{
	return span_end(line) < end ? span_end(line) + 1 : end;
}

/* The end of a fenced block, which an end of the text closes as well. */
static const char *
fence_end(struct span first, const char *end)
{
	const char *p = line_after(first, end);
	char mark = *span_trim(first).p;
	char fence[4] = { mark, mark, mark, 0 };
	struct span line;

	for (; p < end; p = line_after(line, end)) {
		line = kept_line_at(p, end);
		if (kept_begins(span_trim(line), fence))
			return span_end(line);
	}
	return end;
}

/* Whether the text at p begins as lines of code do. */
static int
code_starts(struct span line, struct span next, int *pairs)
{
	struct span s = span_trim(line), t = span_trim(next);

	*pairs = kept_is_pair(s) && (kept_is_pair(t) || (s.p[s.n - 1] == ':' &&
	    kept_begins(t, "- ")));
	return *pairs || kept_is_code(line) || ((kept_begins(s, "import ") ||
	    kept_begins(s, "from ")) && t.n && kept_is_code(next));
}

/* Returns the end of the lines of code from p on; p if there are none. */
static const char *
code_end(const char *p, const char *end)
{
	struct span line = kept_line_at(p, end), s = span_trim(line);
	const char *last;
	int pairs, near = 1;

	if (kept_begins(s, "```") || kept_begins(s, "~~~"))
		return fence_end(line, end);
	for (last = line_after(line, end); last < end && *last == '\n'; )
		last++;
	if (!s.n || !code_starts(line, kept_line_at(last, end), &pairs))
		return p;
	last = span_end(line);
	for (p = line_after(line, end); p < end; p = line_after(line, end)) {
		line = kept_line_at(p, end);
		s = span_trim(line);
		/* prose is not indented; an empty line decides nothing */
		if (s.n && *line.p != ' ' && *line.p != '\t' &&
		    !kept_is_code(line) && !(pairs && kept_is_pair(s)) &&
		    !(near && begins_any(s, weak_heads)))
			break;
		near = s.n != 0;
		if (s.n)
			last = span_end(line);
	}
	return last;
}

static int
is_opening(uint32_t c)
{
	return c == '"' || c == '`' || c == '\'' || c == 0xab || c == 0x201c ||
	    c == 0x201e || c == 0x300c || c == 0x2018;
}

static int
is_closing(uint32_t open, uint32_t c)
{
	switch (open) {
	case 0xab: return c == 0xbb;
	case 0x201e: return c == 0x201c || c == 0x201d;
	case 0x201c: return c == 0x201d;
	case 0x300c: return c == 0x300d;
	case 0x2018: return c == 0x2019;
	default: return c == open;
	}
}

/* The length of the quoted text that s begins with, or 0. */
static size_t
quoted_len(struct span s)
{
	size_t i, next;
	uint32_t open = span_char(s, 0, &i), c;

	if (!is_opening(open) || i >= s.n ||
	    span_is_space(span_char(s, i, &next)))
		return 0;
	for (; i < s.n && i < 2000; i = next) {
		c = span_char(s, i, &next);
		if (c == '\n' && open != '`')
			return 0;
		/* an apostrophe ends no word */
		if (is_closing(open, c) && ((open != '\'' && open != 0x2018) ||
		    !unicode_is_letter(span_char(s, next, &(size_t){ 0 }))))
			return next;
	}
	return 0;
}

/* The word without the marks of the sentence around it. */
static struct span
bare_token(struct span w)
{
	size_t at;
	uint32_t c;

	while (w.n && (c = span_first(w)) && (span_char_in("(,;:!?", (int)(c &
	    0x7f)) && c < 0x80)) {
		w = span_from(w, 1);
	}
	while (w.n) {
		c = span_last(w, &at);
		if (c == ')' && memchr(w.p, '(', w.n))
			break;
		if (!span_is_stop(c) && !(c < 0x80 && span_char_in(",;:)",
		    (int)c)) && c != 0x3001 && c != 0xff0c)
			break;
		w.n = at;
	}
	return w;
}

/* Whether the full stop after "24.12" or "3", before a month, is a day's. */
static int
is_day_within(struct span w, struct span rest)
{
	size_t i, next, points = 0;
	struct span word;
	uint32_t c;

	for (i = 0; i < w.n; i++) {
		if (w.p[i] != '.' && !span_is_digit((unsigned char)w.p[i]))
			return 0;
		points += w.p[i] == '.';
	}
	rest = span_from(rest, (size_t)(span_end(w) - rest.p));
	if (points > 1 || w.n > 5 || rest.n < 3 || *rest.p != '.' ||
	    rest.p[1] != ' ')
		return 0;
	c = span_char(rest, 2, &next);
	rest = span_from(rest, 2);
	if (!points)
		return w.n < 3 && span_next_word(&rest, &word) &&
		    when_is_word(span_bare(word));
	return unicode_is_letter(c) && unicode_lower(c) == c;
}

/* Whether the token is more than a word: a number, an address, a name. */
static int
is_special(struct span w)
{
	size_t i, next;
	uint32_t c, last = 0;

	for (i = 0; i < w.n; i = next, last = c) {
		c = span_char(w, i, &next);
		if (span_is_digit(c) || c >= PLACE_INLINE)
			return 1;
		if (c < 0x80 && span_char_in("/\\_=<>{}[]#$%&*+|~^@", (int)c))
			return 1;
		if (c == 0x20ac || c == 0xa3 || c == 0xa5)
			return 1;
		if ((c == '.' || c == ':' || c == '(') &&
		    unicode_is_letter(last) && next < w.n &&
		    (c == '(' || unicode_is_letter(span_char(w, next,
		    &(size_t){ 0 }))))
			return 1;
	}
	return kept_begins(w, "--") && w.n > 2;
}

static const char *const units[] = { "eur", "usd", "gbp", "chf", "jpy", "euro",
	"euros", "dollar", "dollars", "pounds", "cents", "kg", "gb", "mb",
	"ms", "am", "pm", "uhr", "percent", "prozent", NULL };
static const char *const months[] = { "january", "february", "march", "april",
	"may", "june", "july", "august", "september", "october", "november",
	"december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
	"sept", "oct", "nov", "dec", "januar", "februar", "märz", "mai",
	"juni", "juli", "oktober", "dezember", "janvier", "février", "mars",
	"avril", "juin", "juillet", "août", "septembre", "octobre", "novembre",
	"décembre", "enero", "febrero", "marzo", "abril", "mayo", "junio",
	"julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
	NULL };

/* Whether the token calls somebody at the start of a text: "@Airline ". */
static int
is_mention(const struct kept *k, struct span w)
{
	return !k->n && w.p == k->from && *w.p == '@';
}

static void
add_token(struct kept *k, struct span w, struct span *before)
{
	struct span *last = k->n ? &k->pieces[k->n - 1] : NULL;
	int number = span_count_digits(w) > 0;

	/* "3 November" and "20 EUR" are one piece, and "March 3" is */
	if (last && span_end(*last) + 1 == w.p && *span_end(*last) == ' ' &&
	    span_count_digits(*last) && (number || span_in_list(w, units) ||
	    span_in_list(w, months)))
		last->n = (size_t)(span_end(w) - last->p);
	else if (number && span_in_list(*before, months) &&
	    span_end(*before) + 1 == w.p)
		kept_add(k, before->p, span_end(w));
	else if (is_special(w) && !is_mention(k, w))
		kept_add(k, w.p, span_end(w));
	*before = w;
}

/* The pieces of a line of prose. */
static void
scan_prose(struct kept *k, struct span s)
{
	struct span w, rest, before = { "", 0 };
	size_t i, n, next, at;

	for (i = 0; i < s.n; ) {
		rest = span_from(s, i);
		if (span_is_space(span_char(rest, 0, &next))) {
			i += next;
			continue;
		}
		n = quoted_len(rest);
		if (n) {
			kept_add(k, rest.p, rest.p + n);
			i += n;
			before.n = 0;
			continue;
		}
		if (*rest.p == '(' || *rest.p == '[') {
			i++;
			continue;
		}
		/* a quotation may begin within a word: f('a') */
		for (at = 0; at < rest.n && !span_is_space(span_char(rest, at,
		    &next)); at = next)
			if (at && is_opening(span_char(rest, at, &next)) &&
			    rest.p[at] != '\'' && quoted_len(span_from(rest,
			    at)))
				break;
		w = bare_token(span_of(rest.p, at));
		if (w.n && is_day_within(w, rest))
			w.n++;
		if (w.n)
			add_token(k, w, &before);
		i += at ? at : 1;
	}
}

static void
scan(struct kept *k, struct span text)
{
	const char *p = text.p, *end = span_end(text), *to;
	struct span line;

	while (p < end) {
		line = kept_line_at(p, end);
		to = code_end(p, end);
		if (to > p) {
			kept_add(k, p, to);
			k->code |= !span_trim(span_of(text.p,
			    (size_t)(p - text.p))).n;
			p = to < end ? to + 1 : end;
			continue;
		}
		/* text in backquotes may span lines */
		scan_prose(k, line);
		if (!k->n || span_end(k->pieces[k->n - 1]) <= span_end(line)) {
			buf_add(&k->prose, line.p, line.n);
			buf_byte(&k->prose, '\n');
		}
		p = line_after(line, end);
	}
}

/* Whether a piece of the text is a line of its own, and code. */
static int
is_line_of_code(struct span piece, struct span text)
{
	return (piece.p == text.p || piece.p[-1] == '\n') &&
	    (span_end(piece) == span_end(text) || *span_end(piece) == '\n') &&
	    kept_is_code(piece);
}

void
kept_hide(struct kept *k, struct span text)
{
	struct span all = span_trim(text);
	char place[4];
	const char *p;
	size_t i;
	uint32_t from;

	*k = (struct kept){ .from = all.p };
	scan(k, text);
	if (k->code) {
		k->n = 0;
		kept_add(k, all.p, span_end(all));
	}
	for (p = text.p, i = 0; i < k->n; i++) {
		buf_add(&k->text, p, (size_t)(k->pieces[i].p - p));
		from = memchr(k->pieces[i].p, '\n', k->pieces[i].n) ||
		    k->code || is_line_of_code(k->pieces[i], text) ?
		    PLACE_BLOCK : PLACE_INLINE;
		buf_add(&k->text, place, utf8_encode(place, from +
		    (uint32_t)i));
		p = span_end(k->pieces[i]);
	}
	buf_add(&k->text, p, (size_t)(span_end(text) - p));
}

/* Replaces a space at the end of out by an empty line. */
static void
part_lines(struct buf *out)
{
	if (out->p[out->len - 1] != ' ')
		return;
	out->len--;
	buf_puts(out, "\n\n");
}

int
kept_show(const struct kept *k, struct span variation, int some,
    struct buf *out)
{
	size_t i = 0, next, seen = 0, at = out->len, n;
	unsigned char *there = k->n ? xcalloc(k->n, 1) : NULL;
	uint32_t c;

	for (; i < variation.n; i = next) {
		c = span_char(variation, i, &next);
		n = (c - PLACE_INLINE) % (PLACE_BLOCK - PLACE_INLINE);
		if (!k->n || c < PLACE_INLINE || c >= PLACE_END || n >= k->n) {
			buf_add(out, variation.p + i, next - i);
			continue;
		}
		if (kept_is_block(c) && out->len > at)
			part_lines(out);
		span_put(out, k->pieces[n]);
		if (kept_is_block(c) && next < variation.n &&
		    variation.p[next] == ' ') {
			buf_puts(out, "\n\n");
			next++;
		}
		seen += !there[n];
		there[n] = 1;
	}
	free(there);
	if (seen == k->n || some)
		return 1;
	out->len = at;
	return 0;
}

void
kept_release(struct kept *k)
{
	free(k->pieces);
	buf_release(&k->text);
	buf_release(&k->prose);
}
