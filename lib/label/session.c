#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"
#include "evaluate/runs.h"
#include "format/termwidth.h"
#include "io/line.h"
#include "io/plain.h"
#include "io/source.h"
#include "io/spill.h"
#include "json/isotime.h"
#include "json/json.h"
#include "session.h"
#include "terminal.h"

#define LABELS "labels.jsonl"
#define NOTE_MAX 4000		/* bytes */

enum { SESSION_RUN_ID, SESSION_TRACE_ID, SESSION_OUTPUT, SESSION_ITERATION,
	SESSION_PERSONA, SESSION_FIELDS };

static const char *const session_fields[SESSION_FIELDS] = {
	[SESSION_RUN_ID] = "run_id",
	[SESSION_TRACE_ID] = "trace_id",
	[SESSION_OUTPUT] = "output",
	[SESSION_ITERATION] = "iteration",
	[SESSION_PERSONA] = "persona"
};

/* --- reading ------------------------------------------------------------- */

static struct labels_answer
answer_of(const struct json_span v[SESSION_FIELDS])
{
	return (struct labels_answer){ json_is_null(v[SESSION_RUN_ID]) ?
	    v[SESSION_TRACE_ID] : v[SESSION_RUN_ID], v[SESSION_OUTPUT] };
}

static void
session_add_run(struct session *s, const struct line *l, struct labels *known)
{
	struct json_span v[SESSION_FIELDS], record;
	struct labels_answer answer;
	struct session_run *run;
	const char *note;
	char *why;

	if (source_blank(l))
		return;
	if (source_check(l, session_fields, v, SESSION_FIELDS, &record,
	    &why) < 0) {
		free(why);
		s->bad++;
		return;
	}
	answer = answer_of(v);
	if (json_is_null(answer.id)) {
		s->bad++;
		return;
	}
	ALLOC_GROW(s->runs, s->n + 1, s->cap);
	run = &s->runs[s->n++];
	run->at = l->offset;
	run->n = l->n;
	run->kind = labels_find(known, &answer, s->who, &note);
	if (run->kind == LABEL_OTHER)
		run->kind = LABEL_NONE;
	run->note = run->kind != LABEL_NONE && note ? xstrdup(note) : NULL;
}

static int
session_read_runs(struct session *s, const char *rows, struct labels *known,
    struct err *e)
{
	struct line_reader in;
	struct line l;
	int got;

	s->rows = runs_open(rows);
	if (s->rows < 0 || lseek(s->rows, 0, SEEK_SET))
		return err_set(e, 0, 0, "%s: %s", rows, plain_error(errno));
	line_init(&in, s->rows);
	while ((got = line_next(&in, &l)) > 0)
		session_add_run(s, &l, known);
	line_release(&in);
	return got < 0 ? err_set(e, 0, 0, "%s: %s", rows, strerror(errno)) :
	    0;
}

/* Opens the labels, in a directory that may have come from other people. */
static int
open_labels(const char *rows, const char *labels)
{
	static const int how = O_RDWR | O_CREAT | O_APPEND;
	int dir, fd;

	if (labels)
		return open(labels, how | O_CLOEXEC | O_NOCTTY, 0600);
	dir = open(rows, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = plain_open(dir < 0 ? AT_FDCWD : dir, LABELS, how);
	if (dir >= 0)
		close(dir);
	return fd;
}

/* Reads all labels, and whether the last line lacks its end. */
static int
session_read_labels(struct session *s, struct labels *known,
    void (*report)(const char *msg))
{
	struct line_reader in;
	struct json_span record;
	struct line l;
	size_t bad = 0;
	char *msg;
	int got;

	line_init(&in, s->labels);
	while ((got = line_next(&in, &l)) > 0) {
		s->torn = !l.whole;
		if (source_blank(&l))
			continue;
		if (source_check(&l, NULL, NULL, 0, &record, &msg) < 0) {
			free(msg);
			bad++;
		} else if (labels_add(known, record)) {
			bad++;
		}
	}
	line_release(&in);
	if (bad) {
		msg = xasprintf("%s: %zu line%s not a label: skipped", s->file,
		    bad, bad == 1 ? " is" : "s are");
		report(msg);
		free(msg);
	}
	return got;
}

int
session_begin(struct session *s, const char *rows, const char *labels,
    void (*report)(const char *msg), struct err *e)
{
	struct labels known = { 0 };
	int bad = 0;

	s->file = labels ? labels : LABELS;
	s->rows = -1;
	s->labels = open_labels(rows, labels);
	if (s->labels < 0 || session_read_labels(s, &known, report) < 0)
		bad = err_set(e, 0, 0, "%s: %s", s->file, plain_error(errno));
	if (!bad)
		bad = session_read_runs(s, rows, &known, e);
	labels_release(&known);
	return bad;
}

void
session_end(struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->runs[i].note);
	free(s->runs);
	if (s->rows >= 0)
		close(s->rows);
	if (s->labels >= 0)
		close(s->labels);
	runview_release(&s->view);
	buf_release(&s->record);
	buf_release(&s->note);
	buf_release(&s->message);
	buf_release(&s->frame);
}

size_t
session_labelled(const struct session *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += s->runs[i].kind != LABEL_NONE;
	return n;
}

/* --- labels -------------------------------------------------------------- */

/* Finds the fields of the record on the screen. */
static void
session_scan(const struct session *s, struct json_span v[SESSION_FIELDS])
{
	struct json_fault f;

	if (json_scan(s->record.p, s->record.len, JSON_LAX, session_fields, v,
	    SESSION_FIELDS, &f) < 0)
		memset(v, 0, SESSION_FIELDS * sizeof(*v));
}

/*
 * Appends a line in one write, or nothing: one that was cut, as on a full
 * disk, is taken back. Returns 0, or -1 with errno set.
 */
static int
append_whole(int fd, const struct buf *line)
{
	struct stat before;
	ssize_t n = -1;
	int error;

	if (flock(fd, LOCK_EX))
		return -1;
	if (!fstat(fd, &before))
		n = write(fd, line->p, line->len);
	error = n < 0 ? errno : ENOSPC;
	if (n >= 0 && (size_t)n < line->len && ftruncate(fd, before.st_size))
		error = errno;
	if (n == (ssize_t)line->len && plain_sync(fd))
		error = errno;
	else if (n == (ssize_t)line->len)
		error = 0;
	flock(fd, LOCK_UN);
	errno = error;
	return error ? -1 : 0;
}

/* Writes the label of the run that is shown. Returns 0, or -1 with a message. */
static int
session_save(struct session *s, enum label_kind kind)
{
	struct session_run *run = &s->runs[s->at];
	struct json_span v[SESSION_FIELDS];
	struct labels_entry entry = { .kind = kind, .who = s->who };
	struct buf line = { 0 };
	int bad;

	session_scan(s, v);
	entry.answer = answer_of(v);
	entry.note = buf_str(&s->note);
	entry.at = isotime_now();
	if (s->torn)
		buf_byte(&line, '\n');
	labels_put(&entry, &line);
	bad = append_whole(s->labels, &line);
	buf_release(&line);
	if (bad) {
		buf_printf(&s->message, "not saved: %s: %s", s->file,
		    strerror(errno));
		return -1;
	}
	s->torn = 0;
	run->kind = kind;
	free(run->note);
	run->note = s->note.len ? xstrdup(buf_str(&s->note)) : NULL;
	return 0;
}

/* --- moving -------------------------------------------------------------- */

/* Shows run number to; s->n is the end. */
static void
session_go(struct session *s, size_t to)
{
	s->at = to;
	s->top = 0;
	s->stale = 1;
	s->note.len = s->record.len = 0;
	if (to == s->n)
		return;
	if (spill_read(s->rows, buf_room(&s->record, s->runs[to].n),
	    s->runs[to].n, s->runs[to].at))
		buf_printf(&s->message, "the run cannot be read: %s",
		    strerror(errno));
	else
		s->record.len = s->runs[to].n;
	buf_str(&s->record);
	if (s->runs[to].note)
		buf_puts(&s->note, s->runs[to].note);
}

/* Shows the next run without a label, or else the end. */
static void
session_go_on(struct session *s, size_t from)
{
	while (from < s->n && s->runs[from].kind != LABEL_NONE)
		from++;
	session_go(s, from);
}

static void
label_with(struct session *s, enum label_kind kind)
{
	if (s->at < s->n && s->record.len && !session_save(s, kind))
		session_go_on(s, s->at + 1);
}

static void
key_pass(struct session *s)
{
	label_with(s, LABEL_PASS);
}

static void
key_fail(struct session *s)
{
	label_with(s, LABEL_FAIL);
}

/* Skips a run; at the end, skipped runs are shown again. */
static void
key_skip(struct session *s)
{
	session_go_on(s, s->at < s->n ? s->at + 1 : 0);
}

static void
key_note(struct session *s)
{
	s->typing = s->at < s->n;
}

static void
key_back(struct session *s)
{
	if (s->at)
		session_go(s, s->at - 1);
}

static void
key_forward(struct session *s)
{
	if (s->at < s->n)
		session_go(s, s->at + 1);
}

static void
key_checks(struct session *s)
{
	s->view.checks = !s->view.checks;
	s->stale = 1;
}

static void
key_steps(struct session *s)
{
	s->view.steps = !s->view.steps;
	s->stale = 1;
}

static void
key_help(struct session *s)
{
	s->help = 1;
}

static void
key_quit(struct session *s)
{
	s->quit = 1;
}

/* The number of lines between the first and the last of the screen. */
static size_t
session_height(void)
{
	unsigned columns, rows;

	terminal_size(&columns, &rows);
	return rows > 3 ? rows - 2 : 1;
}

static void
session_scroll(struct session *s, size_t lines, int down)
{
	size_t height = session_height();
	size_t last = s->view.n > height ? s->view.n - height : 0;

	if (down)
		s->top = s->top + lines < last ? s->top + lines : last;
	else
		s->top = s->top > lines ? s->top - lines : 0;
}

static void
key_up(struct session *s)
{
	session_scroll(s, 1, 0);
}

static void
key_down(struct session *s)
{
	session_scroll(s, 1, 1);
}

static void
key_page_up(struct session *s)
{
	session_scroll(s, session_height(), 0);
}

static void
key_page_down(struct session *s)
{
	session_scroll(s, session_height(), 1);
}

static void
key_home(struct session *s)
{
	s->top = 0;
}

static void
key_end(struct session *s)
{
	session_scroll(s, s->view.n, 1);
}

/* --- keys ---------------------------------------------------------------- */

static const struct session_key {
	uint32_t key, other;	/* other: 0 if there is none */
	void (*act)(struct session *s);
	const char *name, *brief;	/* brief: in the last line, or NULL */
	const char *help;
} session_keys[] = {
	{ 'p', 0, key_pass, "p", "pass", "the answer is right" },
	{ 'f', 0, key_fail, "f", "fail", "it is not" },
	{ 's', 0, key_skip, "s", "skip", "no label; it comes again" },
	{ 'n', 0, key_note, "n", "note", "write a note for the label" },
	{ 'b', KEY_LEFT, key_back, "b, Left", "back",
		"the run before; label it anew" },
	{ KEY_RIGHT, 0, key_forward, "Right", NULL, "the next run" },
	{ 'c', 0, key_checks, "c", "checks",
		"show or hide what the checks say" },
	{ 't', 0, key_steps, "t", NULL, "show or hide the steps" },
	{ ' ', KEY_PAGE_DOWN, key_page_down, "Space, PgDn", NULL,
		"scroll; also Up, Down, j, k, Home, End" },
	{ KEY_PAGE_UP, 0, key_page_up, NULL, NULL, NULL },
	{ KEY_DOWN, 'j', key_down, NULL, NULL, NULL },
	{ KEY_UP, 'k', key_up, NULL, NULL, NULL },
	{ KEY_HOME, 'g', key_home, NULL, NULL, NULL },
	{ KEY_END, 'G', key_end, NULL, NULL, NULL },
	{ '?', 'h', key_help, "?", "help", "these keys" },
	{ 'q', 0, key_quit, "q", "quit", "labels are saved already" }
};

/* Removes the last character, and the marks on it. */
static void
note_erase(struct buf *note)
{
	while (note->len && (note->p[note->len - 1] & 0xc0) == 0x80)
		note->len--;
	if (note->len)
		note->len--;
}

static void
note_erase_word(struct buf *note)
{
	while (note->len && note->p[note->len - 1] == ' ')
		note->len--;
	while (note->len && note->p[note->len - 1] != ' ')
		note->len--;
}

/* Ends the note; a run with a label is labelled again, with the note. */
static void
note_finish(struct session *s)
{
	s->typing = 0;
	if (s->runs[s->at].kind != LABEL_NONE)
		session_save(s, s->runs[s->at].kind);
}

static void
note_type(struct session *s, uint32_t key)
{
	char c[4];

	if (key < ' ' && !s->pasting)
		return;
	if (key >= KEY_UP || s->note.len > NOTE_MAX)
		return;
	/* a note is one line */
	if (key < ' ' || key == KEY_BACKSPACE)
		key = ' ';
	buf_add(&s->note, c, utf8_encode(c, key));
}

static void
note_key(struct session *s, uint32_t key)
{
	if (s->pasting) {
		note_type(s, key);
		return;
	}
	switch (key) {
	case '\r': case '\n': note_finish(s); break;
	case KEY_ESCAPE:
		s->typing = 0;
		s->note.len = 0;
		if (s->runs[s->at].note)
			buf_puts(&s->note, s->runs[s->at].note);
		break;
	case KEY_BACKSPACE: case '\b': note_erase(&s->note); break;
	case 'U' - '@': s->note.len = 0; break;
	case 'W' - '@': note_erase_word(&s->note); break;
	default: note_type(s, key);
	}
}

static void
session_take_key(struct session *s, uint32_t key)
{
	size_t i;

	s->message.len = 0;
	if (key == KEY_PASTE || key == KEY_PASTED) {
		s->pasting = key == KEY_PASTE;
	} else if (s->typing) {
		note_key(s, key);
	} else if (s->help) {
		s->help = 0;
	} else if (!s->pasting) {
		for (i = 0; i < LEN(session_keys); i++)
			if (key == session_keys[i].key ||
			    key == session_keys[i].other)
				session_keys[i].act(s);
	}
}

/* --- drawing ------------------------------------------------------------- */

/* Appends a line in reverse, and blanks up to its end. */
static void
put_bar(struct buf *b, const struct buf *text, unsigned columns)
{
	size_t used;

	buf_puts(b, "\033[7m");
	used = termwidth_put(b, text->p, text->len, columns);
	buf_fill(b, ' ', columns - used);
	buf_puts(b, "\033[0m\r\n");
}

static void
put_header(struct session *s, unsigned columns, size_t height)
{
	struct json_span v[SESSION_FIELDS];
	struct buf text = { 0 };
	size_t last = s->top + height < s->view.n ? s->top + height :
	    s->view.n;

	if (s->at == s->n) {
		buf_printf(&text, " %zu of %zu labelled", session_labelled(s),
		    s->n);
	} else {
		session_scan(s, v);
		buf_printf(&text, " %zu of %zu, %zu labelled", s->at + 1, s->n,
		    session_labelled(s));
		if (s->view.n > height)
			buf_printf(&text, "   lines %zu to %zu of %zu",
			    s->top + 1, last, s->view.n);
		if (json_is(v[SESSION_ITERATION], JSON_NUMBER))
			buf_printf(&text, "   iteration %.*s",
			    (int)v[SESSION_ITERATION].n,
			    v[SESSION_ITERATION].p);
		if (json_is(v[SESSION_PERSONA], JSON_STRING)) {
			buf_puts(&text, "   ");
			json_text(&text, v[SESSION_PERSONA]);
		}
	}
	put_bar(&s->frame, &text, columns);
	buf_release(&text);
}

static void
session_put_line(struct session *s, const struct buf *text, unsigned columns)
{
	termwidth_put(&s->frame, text->p, text->len, columns);
	buf_puts(&s->frame, "\033[K\r\n");
}

static void
put_help(struct session *s, unsigned columns, size_t height)
{
	struct buf text = { 0 };
	size_t i, n = 0;

	for (i = 0; i < LEN(session_keys) && n < height; i++) {
		if (!session_keys[i].name)
			continue;
		text.len = 0;
		buf_printf(&text, "  %-12s %s", session_keys[i].name,
		    session_keys[i].help);
		session_put_line(s, &text, columns);
		n++;
	}
	buf_release(&text);
}

static void
put_end(struct session *s, unsigned columns)
{
	size_t left = s->n - session_labelled(s);
	struct buf text = { 0 };

	if (left)
		buf_printf(&text, "  %zu run%s no label: s shows the first "
		    "of them.", left, left == 1 ? " has" : "s have");
	else
		buf_puts(&text, "  All runs are labelled.");
	session_put_line(s, &text, columns);
	buf_release(&text);
}

static void
session_put_lines(struct session *s, size_t height)
{
	struct json_span line;
	size_t i;

	for (i = s->top; i < s->view.n && i < s->top + height; i++) {
		line = runview_line(&s->view, i);
		buf_add(&s->frame, line.p, line.n);
		buf_puts(&s->frame, "\033[K\r\n");
	}
}

/* Appends the end of the note that fits, and shows the cursor. */
static void
put_note(struct session *s, unsigned columns)
{
	size_t from = 0, used, at = s->frame.len, room = columns > 8 ?
	    columns - 7 : 1;

	for (;;) {
		s->frame.len = at;
		used = termwidth_put(&s->frame, s->note.p + from,
		    s->note.len - from, (size_t)-2);
		if (used <= room || from >= s->note.len)
			break;
		for (from++; from < s->note.len &&
		    (s->note.p[from] & 0xc0) == 0x80; from++)
			continue;
	}
	buf_puts(&s->frame, "\033[?25h");
}

static void
put_footer(struct session *s, unsigned columns)
{
	static const char *const kinds[] = {
		[LABEL_FAIL] = "labelled: fail", [LABEL_PASS] = "labelled: pass"
	};
	struct buf text = { 0 };
	size_t i;

	buf_puts(&s->frame, "\033[J");
	if (s->typing) {
		buf_puts(&s->frame, "note: ");
		put_note(s, columns);
		return;
	}
	buf_puts(&s->frame, "\033[?25l");
	if (s->message.len) {
		buf_add(&text, s->message.p, s->message.len);
	} else if (s->help) {
		buf_puts(&text, "press a key");
	} else {
		if (s->at < s->n && s->runs[s->at].kind != LABEL_NONE)
			buf_printf(&text, "[%s] ",
			    kinds[s->runs[s->at].kind]);
		if (s->note.len)
			buf_printf(&text, "[note: %s] ", buf_str(&s->note));
		for (i = 0; i < LEN(session_keys); i++)
			if (session_keys[i].brief)
				buf_printf(&text, "%.1s %s  ",
				    session_keys[i].name,
				    session_keys[i].brief);
	}
	/* the last cell stays free: some terminals would scroll */
	termwidth_put(&s->frame, text.p, text.len, columns > 1 ? columns - 1 :
	    1);
	buf_release(&text);
}

static int
session_draw(struct session *s)
{
	size_t height = session_height();
	unsigned columns, rows;

	terminal_size(&columns, &rows);
	if (s->stale || s->view.columns != columns) {
		s->view.columns = columns;
		runview_lay_out(&s->view, json_buf(&s->record));
		s->stale = 0;
	}
	session_scroll(s, 0, 1);
	s->frame.len = 0;
	buf_puts(&s->frame, "\033[H");
	put_header(s, columns, height);
	if (s->help)
		put_help(s, columns, height);
	else if (s->at == s->n)
		put_end(s, columns);
	else
		session_put_lines(s, height);
	/* the last line, however few there are above it */
	buf_printf(&s->frame, "\033[J\033[%u;1H", rows);
	put_footer(s, columns);
	return terminal_draw(&s->frame);
}

int
session_label(struct session *s)
{
	uint32_t key;

	session_go_on(s, 0);
	while (!s->quit) {
		if (session_draw(s))
			return -1;
		key = terminal_key();
		if (key == KEY_GONE)
			return -1;
		if (key != KEY_REDRAW)
			session_take_key(s, key);
	}
	return 0;
}
