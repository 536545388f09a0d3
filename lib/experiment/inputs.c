#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "base/util.h"
#include "io/out.h"
#include "record/excerpt.h"
#include "inputs.h"

/* An input's text is cut after this many characters. */
#define INPUT_MAX 120

/* Bytes of memory for the table of inputs, and for sorting their runs. */
#define KNOWN_MEMORY ((size_t)2 << 20)
#define RUNS_MEMORY ((size_t)1 << 20)

/* Runs that are read at once. */
#define RUNS_WINDOW 1024

struct input_run {
	uint64_t input;		/* its number, doubled, and 1 if it passed */
	double ms;		/* NaN: unknown */
};

static int
by_input(const void *a, const void *b)
{
	uint64_t x = ((const struct input_run *)a)->input;
	uint64_t y = ((const struct input_run *)b)->input;

	return (x > y) - (x < y);
}

void
inputs_init(struct inputs *in, int dir)
{
	size_t i;

	memset(in, 0, sizeof(*in));
	keymap_init(&in->known, dir, KNOWN_MEMORY);
	linestore_init(&in->heads, dir);
	sorter_init(&in->runs, sizeof(struct input_run), by_input,
	    RUNS_MEMORY);
	in->runs.dir = dir;
	for (i = 0; i < INPUTS_POWERS; i++)
		in->powers[i].k = i < 10 ? i + 1 : in->powers[i - 1].k * 2;
}

void
inputs_release(struct inputs *in)
{
	keymap_release(&in->known);
	linestore_release(&in->heads);
	buf_release(&in->raw);
	buf_release(&in->head);
	sorter_release(&in->runs);
}

/* --- counting ------------------------------------------------------------- */

static uint64_t
hash_of(struct json_span v)
{
	return v.p ? hash_bytes(0, 0, v.p, v.n) : 0;
}

/* The key of a row's input: its id, or its text, and its persona. */
static uint64_t
input_key(const struct json_span row[ROW_FIELDS])
{
	uint64_t hashes[2];

	hashes[0] = hash_of(row[json_is(row[ROW_INPUT_ID], JSON_STRING) ?
	    ROW_INPUT_ID : ROW_INPUT]);
	hashes[1] = json_is(row[ROW_PERSONA], JSON_STRING) ?
	    hash_of(row[ROW_PERSONA]) : 0;
	return hash_words(0, 0, hashes, LEN(hashes));
}

/* Whether a string is a line that is neither long nor indented. */
static int
is_short_line(struct json_span v)
{
	return json_is(v, JSON_STRING) && v.n <= INPUT_MAX + 2 &&
	    v.p[1] != ' ' && !memchr(v.p, '\\', v.n);
}

/* Adds the beginning of the input. */
static void
put_excerpt(struct buf *b, struct json_span input)
{
	struct buf text = { 0 };
	uint32_t c;
	size_t i = 0, n;

	if (is_short_line(input)) {
		json_add(b, "input", input);
		return;
	}
	/* a character has up to 4 bytes */
	excerpt_put(&text, input, (size_t)4 * INPUT_MAX);
	for (n = 0; i < text.len && n < INPUT_MAX; n++)
		i += utf8_decode(text.p + i, text.len - i, &c);
	if (i < text.len) {
		text.len = i;
		utf8_put(&text, 0x2026);
	}
	json_add_text(b, "input", text.p, text.len);
	buf_release(&text);
}

/* Keeps the fields of an input from its first run. */
static int
add_head(struct inputs *in, const struct json_span row[ROW_FIELDS])
{
	struct buf *raw = &in->raw;

	raw->len = in->head.len = 0;
	json_open(raw, NULL, '{');
	json_add(raw, "input_id", row[ROW_INPUT_ID]);
	json_add(raw, "persona", row[ROW_PERSONA]);
	put_excerpt(raw, row[ROW_INPUT]);
	json_close(raw, '}');
	json_compact(&in->head, json_buf(raw));
	return linestore_add(&in->heads, in->head.p, in->head.len);
}

int
inputs_count(struct inputs *in, const struct json_span row[ROW_FIELDS],
    int passed, double ms)
{
	struct input_run run = { .ms = ms };
	uint64_t number = in->n;
	int known = keymap_add(&in->known, input_key(row), &number);

	if (known < 0)
		return -1;
	if (!known && add_head(in, row))
		return -1;
	in->n += !known;
	run.input = number * 2 + (passed != 0);
	return sorter_add(&in->runs, &run);
}

/* --- the end -------------------------------------------------------------- */

/* An input with its runs. */
struct tallied {
	uint64_t runs, passed;
	double *ms;		/* durations of its runs */
	size_t n, cap;		/* number of durations */
};

/* Runs in memory. */
struct run_window {
	struct input_run runs[RUNS_WINDOW];
	size_t next, n;
	uint64_t at;		/* number of the run after the window */
};

/* The next run. Returns 1, 0 at the end, or -1 with errno set. */
static int
peek_run(const struct inputs *in, struct run_window *w,
    const struct input_run **run)
{
	uint64_t left = in->runs.total - w->at;

	if (w->next == w->n) {
		w->next = 0;
		w->n = left < RUNS_WINDOW ? (size_t)left : RUNS_WINDOW;
		if (!w->n)
			return 0;
		if (sorter_read(&in->runs, w->at, w->n, w->runs))
			return -1;
		w->at += w->n;
	}
	*run = &w->runs[w->next];
	return 1;
}

/* Reads the runs of an input. Returns 0, or -1 with errno set. */
static int
read_input_runs(const struct inputs *in, struct run_window *w, uint64_t number,
    struct tallied *t)
{
	const struct input_run *run;
	int got;

	t->runs = t->passed = 0;
	t->n = 0;
	while ((got = peek_run(in, w, &run)) > 0 && run->input / 2 == number) {
		w->next++;
		t->runs++;
		t->passed += run->input & 1;
		if (isnan(run->ms))
			continue;
		ALLOC_GROW(t->ms, t->n + 1, t->cap);
		t->ms[t->n++] = run->ms;
	}
	return got < 0 ? -1 : 0;
}

static int
by_duration(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
put_input_line(struct buf *b, const struct line *head, struct tallied *t)
{
	buf_add(b, head->p, head->n - 1);
	json_add_int(b, "runs", (long long)t->runs);
	json_add_int(b, "passed", (long long)t->passed);
	json_add_double(b, "pass_rate", (double)t->passed / (double)t->runs);
	if (t->n) {
		qsort(t->ms, t->n, sizeof(*t->ms), by_duration);
		json_add_double(b, "p50_ms", t->ms[(t->n - 1) / 2]);
	}
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* C(passed,k)/C(runs,k) as a product of fractions, which cannot overflow. */
static double
all_pass(const struct tallied *t, uint64_t k)
{
	double chance = 1;
	uint64_t i;

	if (t->passed < k)
		return 0;
	for (i = 0; i < k && chance > 0; i++)
		chance *= (double)(t->passed - i) / (double)(t->runs - i);
	return chance;
}

static void
count_powers(struct inputs *in, const struct tallied *t)
{
	struct inputs_power *p = in->powers;

	for (; p < in->powers + INPUTS_POWERS && p->k <= t->runs; p++) {
		p->sum += all_pass(t, p->k);
		p->n++;
	}
	if (t->runs > in->last.k)
		in->last = (struct inputs_power){ .k = t->runs };
	if (t->runs == in->last.k) {
		in->last.sum += t->passed == t->runs;
		in->last.n++;
	}
}

int
inputs_write(struct inputs *in, struct out *o)
{
	struct run_window w = { .n = 0 };
	struct tallied t = { .ms = NULL };
	struct line head;
	uint64_t i;
	int bad;

	bad = sorter_sort(&in->runs) || linestore_end(&in->heads);
	for (i = 0; !bad && i < in->n; i++) {
		bad = linestore_next(&in->heads, &head) < 0 ||
		    read_input_runs(in, &w, i, &t);
		if (bad)
			break;
		count_powers(in, &t);
		put_input_line(out_begin(o), &head, &t);
		bad = out_end(o);
		if (bad)
			errno = o->error;
	}
	free(t.ms);
	return bad ? -1 : 0;
}

static void
put_power(struct buf *b, const struct inputs_power *p)
{
	struct buf name = { 0 };

	buf_uint(&name, p->k);
	/* the last digits are rounding errors */
	json_add_double(b, buf_str(&name), round(p->sum / (double)p->n *
	    1e12) / 1e12);
	buf_release(&name);
}

void
inputs_put_pass_hat_k(const struct inputs *in, struct buf *b)
{
	const struct inputs_power *p = in->powers;

	json_open(b, "pass_hat_k", '{');
	for (; p < in->powers + INPUTS_POWERS && p->k < in->last.k; p++)
		put_power(b, p);
	if (in->last.k)
		put_power(b, &in->last);
	json_close(b, '}');
}
