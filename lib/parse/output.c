#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/json.h"
#include "io/spill.h"
#include "format/format.h"
#include "format/listing.h"
#include "pool.h"
#include "output.h"

/*
 * A file up to this size is written within the batch's turn, so that few files
 * are open at once. Larger ones are written after it, in parallel: traces of
 * 150 KB take a quarter less time that way.
 */
#define SMALL 65536

/* A page is copied to the standard output in pieces of this many bytes. */
#define PIECE 65536

/*
 * A rendered trace. Its text is in the batch's text and ends one byte before
 * the text of the next trace. The batch's facts hold all that the indexes need,
 * in the order of the offsets below. The name of the trace's file is known only
 * when it is written: it is inserted where a "rest" begins.
 */
struct rendered {
	size_t text;		/* offset in text of the bytes to write next */
	size_t name;		/* offset in facts of the file name without
				   suffix, a C string */
	size_t entry;		/* offset in facts of the index.jsonl entry */
	size_t entry_rest;	/* offset in facts of that entry's rest */
	size_t item[OUTPUT_LISTS + 1];	/* offsets in facts of each list's
					   item, then of the end */
	size_t item_rest[OUTPUT_LISTS];	/* offsets in facts of their rests */
	size_t nth;		/* number among files of this name, from 1 */
	unsigned char shard;	/* number of its shard folder */
	enum trace_outcome outcome;
	int fd;			/* descriptor of the part's open file, or -1 */
};

static int
begin_list(struct output *k, size_t i, const struct listing *l)
{
	int fd = outdir_open(&k->dir, l->file, &k->error);

	if (fd < 0)
		return -1;
	k->lists[i].listing = l;
	out_init(&k->lists[i].out, fd, 0);
	l->begin(out_begin(&k->lists[i].out), &k->options);
	fd = spill_open();
	if (fd < 0)
		return err_set(&k->error, 0, 0, "a temporary file in %s: %s",
		    spill_dir(), strerror(errno));
	out_init(&k->lists[i].rest, fd, 0);
	return 0;
}

/* Writes the files that all traces share. */
static int
put_shared(struct output *k)
{
	const char *name, *text;
	struct out o;
	size_t i;
	int fd;

	for (i = 0; (name = k->format->shared(i, &text)); i++) {
		fd = outdir_open(&k->dir, name, &k->error);
		if (fd < 0)
			return -1;
		out_init(&o, fd, 0);
		buf_puts(out_begin(&o), text);
		if (out_close(&o))
			return err_set(&k->error, 0, 0, "%s/%s: %s", k->path,
			    name, strerror(o.error));
	}
	return 0;
}

static int
begin_folder(struct output *k, enum outdir_old old)
{
	const struct format *f = k->format;
	size_t i;
	int fd;

	if (outdir_begin(&k->dir, k->path, old, &k->error))
		return -1;
	fd = outdir_open(&k->dir, "index.jsonl", &k->error);
	if (fd < 0)
		return -1;
	out_init(&k->index, fd, 0);
	if (begin_list(k, 0, &listing_table))
		return -1;
	for (i = 0; i < LEN(f->lists) && f->lists[i]; i++)
		if (begin_list(k, i + 1, f->lists[i]))
			return -1;
	return f->shared ? put_shared(k) : 0;
}

/* The message for a file of the folder, or the stream, that failed. */
static char *
output_message(const struct output *k, const char *file, int error)
{
	if (k->path)
		return xasprintf("%s/%s: %s", k->path, file, strerror(error));
	if (k->waits)
		return xasprintf("a temporary file in %s: %s", spill_dir(),
		    strerror(error));
	return xasprintf("<stdout>: %s", strerror(error));
}

/* Records a fault; the first one counts. Frees what. */
static int
output_set_error(struct output *k, char *what)
{
	if (!k->error.msg)
		err_set(&k->error, 0, 0, "%s", what);
	free(what);
	return -1;
}

/* Opens the stream or the file that all traces go to. */
static int
begin_stream(struct output *k)
{
	int fd = STDOUT_FILENO;

	if (k->path && (fd = outdir_open(&k->dir, k->format->file,
	    &k->error)) < 0)
		return -1;
	if (k->waits && (fd = spill_open()) < 0)
		return output_set_error(k, output_message(k, NULL, errno));
	if (k->format->filter) {
		if (filter_start(&k->filter, k->format->filter, fd,
		    &k->error))
			return -1;
		if (k->path)
			close(fd);
		fd = k->filter.in;
	}
	out_init(&k->out, fd, 0);
	if (k->format->coloured)
		k->out.plain = 0;
	return 0;
}

int
output_begin(struct output *k, enum outdir_old old)
{
	k->old = old;
	k->apart = k->path && !k->format->file;
	k->waits = k->format->alone && !k->path;
	if (k->path && begin_folder(k, old))
		return -1;
	return k->apart ? 0 : begin_stream(k);
}

/* Records a fault, in any thread, and stops all threads. Frees what. */
static int
output_stop(struct output *k, char *what)
{
	pool_lock(k->pool);
	output_set_error(k, what);
	pool_unlock(k->pool);
	pool_stop(k->pool);
	return -1;
}

/*
 * Handles a failed write. A filter that closed its input is not a fault: it
 * stops the pool, but output into a folder continues.
 */
static int
output_fail(struct output *k, const char *file, int error)
{
	if (!k->filter.pid || error != EPIPE)
		return output_stop(k, output_message(k, file, error));
	pool_lock(k->pool);
	k->filter_closed = 1;
	pool_unlock(k->pool);
	if (k->path)
		return 0;
	pool_stop(k->pool);
	return -1;
}

static int
close_out(struct output *k, struct out *o, const char *file)
{
	return o->b && out_close(o) ?
	    output_set_error(k, output_message(k, file, o->error)) : 0;
}

/* Copies the contents of a temporary file. Returns 0 or -1. */
static int
copy_spilled(struct output *k, struct out *from, struct out *to)
{
	int bad = out_flush(from) ? output_set_error(k, xasprintf("a temporary "
	    "file in %s: %s", spill_dir(), strerror(from->error))) : 0;
	struct buf *b;
	uint64_t at;
	size_t n;

	for (at = 0; at < from->written && !bad; at += n) {
		n = from->written - at < PIECE ?
		    (size_t)(from->written - at) : PIECE;
		b = out_begin(to);
		if (spill_read(from->fd, buf_room(b, n), n, at))
			bad = output_set_error(k, xasprintf("a temporary file "
			    "in %s: %s", spill_dir(), strerror(errno ? errno :
			    EIO)));
		else
			b->len += n;
		bad = bad || out_end(to);
	}
	return bad ? -1 : 0;
}

/* Copies the page from the temporary file to the standard output. */
static int
output_put_page(struct output *k)
{
	struct out to;
	int bad;

	out_init(&to, STDOUT_FILENO, 0);
	bad = copy_spilled(k, &k->out, &to);
	if (out_close(&to))
		bad = output_set_error(k, xasprintf("<stdout>: %s",
		    strerror(to.error)));
	return bad ? -1 : 0;
}

/* Ends the filter. It may succeed without reading all of its input. */
static int
end_filter(struct output *k)
{
	int error = out_close(&k->out) ? k->out.error : 0, ended;

	ended = filter_end(&k->filter, k->format->filter, &k->error);
	if (ended < 0)
		return -1;
	if (ended == FILTER_UNREAD) {
		/* the reader of the filter went away: end as without it */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (!error || error == EPIPE)
		return 0;
	return err_set(&k->error, 0, 0, "%s: %s", k->format->filter,
	    strerror(error));
}

/* Appends the traces that did not fail to a list, and its end. */
static int
end_list(struct output *k, struct output_list *l)
{
	int bad = 0;

	if (l->out.b && l->rest.b) {
		bad = copy_spilled(k, &l->rest, &l->out);
		l->listing->end(out_begin(&l->out), k->outcomes);
	}
	if (l->rest.b)
		out_close(&l->rest);
	return close_out(k, &l->out, l->listing->file) | bad;
}

int
output_end(struct output *k, int whole)
{
	const struct format *f = k->format;
	int bad = 0;
	size_t i;

	if (whole && !k->apart && f->begin && !k->traces)
		buf_puts(out_begin(&k->out), f->begin);
	if (whole && !k->apart && f->end)
		buf_puts(out_begin(&k->out), f->end);
	if (whole && k->waits)
		bad |= output_put_page(k);
	if (!f->filter)
		bad |= close_out(k, &k->out, f->file);
	else if (k->out.b)
		bad |= end_filter(k);
	bad |= close_out(k, &k->index, "index.jsonl");
	for (i = 0; i < OUTPUT_LISTS && k->lists[i].listing; i++)
		bad |= end_list(k, &k->lists[i]);
	if (k->path) {
		if (whole && !bad)
			bad = outdir_commit(&k->dir, &k->error);
		outdir_release(&k->dir);
	}
	return bad ? -1 : 0;
}

int
output_can_restart(const struct output *k)
{
	return k->path && !k->format->filter;
}

int
output_restart(struct output *k)
{
	if (output_end(k, 0))
		return -1;
	k->traces = 0;
	memset(k->outcomes, 0, sizeof(k->outcomes));
	memset(k->made, 0, sizeof(k->made));
	return output_begin(k, k->old);
}

void
batch_release(struct batch *h)
{
	size_t i;

	for (i = 0; i < h->nparts; i++)
		if (h->parts[i].fd >= 0)
			close(h->parts[i].fd);
	if (h->text) {
		buf_release(h->text);
		buf_release(h->facts);
	}
	free(h->text);
	free(h->facts);
	free(h->parts);
}

void
batch_begin(struct batch *h, uint64_t ticket)
{
	if (!h->text) {
		h->text = xcalloc(1, sizeof(*h->text));
		h->facts = xcalloc(1, sizeof(*h->facts));
	}
	buf_reset(h->text);
	buf_reset(h->facts);
	h->nparts = h->put = 0;
	h->ticket = ticket;
	h->held = h->failed = 0;
}

static void
output_put_record(struct buf *b, const struct trace *t)
{
	static const int fields[] = {
		TRACE_RUN_ID, TRACE_ITERATION, TRACE_PERSONA, TRACE_SUCCESS,
		    TRACE_ERROR_KIND,
		TRACE_DURATION
	};
	size_t i;

	for (i = 0; i < LEN(fields); i++)
		if (t->v[fields[i]].p) {
			json_key(b, trace_fields[fields[i]]);
			json_compact(b, t->v[fields[i]]);
		}
	json_add_int(b, "observation_count", (long long)t->nobs);
	buf_puts(b, "}\n");
}

/* Adds a trace to the batch, with the facts for the indexes. */
static struct rendered *
new_part(struct batch *h, const struct trace *t)
{
	struct buf *b = h->facts, id = { 0 };
	struct rendered *p;
	size_t i;

	ALLOC_GROW(h->parts, h->nparts + 1, h->parts_cap);
	p = &h->parts[h->nparts++];
	memset(p, 0, sizeof(*p));
	p->fd = -1;
	/* formats look at the byte before to decide whether to add a comma */
	buf_byte(h->text, '\n');
	p->text = h->text->len;
	if (!h->output->path)
		return p;
	trace_id_text(t, &id);
	p->shard = (unsigned char)hash_bytes(0, 0, id.p, id.len);
	p->name = b->len;
	p->outcome = trace_outcome(t);
	trace_file_name(t, b);
	buf_byte(b, '\0');
	p->entry = b->len;
	json_open(b, NULL, '{');
	json_add_text(b, "trace_id", id.p, id.len);
	p->entry_rest = b->len;
	output_put_record(b, t);
	for (i = 0; i < OUTPUT_LISTS && h->output->lists[i].listing; i++) {
		p->item[i] = b->len;
		h->output->lists[i].listing->before(b, t);
		p->item_rest[i] = b->len;
		h->output->lists[i].listing->after(b, t);
		p->item[i + 1] = b->len;
	}
	buf_release(&id);
	return p;
}

static int
wait_turn(struct batch *h)
{
	if (!h->held && pool_wait(h->output->pool, h->ticket))
		return -1;
	h->held = 1;
	return 0;
}

/* Sets name to the file's name; the second of a name ends in -2. */
static void
output_name_file(const struct batch *h, const struct rendered *p,
    struct buf *name)
{
	const struct format *f = h->output->format;

	name->len = 0;
	if (h->output->shard)
		buf_printf(name, "%02x/", p->shard);
	buf_puts(name, h->facts->p + p->name);
	if (p->nth > 1)
		buf_printf(name, "-%zu", p->nth);
	buf_printf(name, ".%s", f->suffix ? f->suffix : f->name);
	buf_str(name);
}

/* Creates the file of a trace under an unused name, which name is set to. */
static int
open_part(struct batch *h, struct rendered *p, struct buf *name)
{
	struct output *k = h->output;
	size_t taken = 1, unused;

	if (k->shard && !k->made[p->shard]) {
		buf_printf(name, "%02x", p->shard);
		if (outdir_mkdir(&k->dir, buf_str(name)))
			return output_fail(k, name->p, errno);
		k->made[p->shard] = 1;
	}
	p->nth = 1;
	output_name_file(h, p, name);
	p->fd = outdir_try(&k->dir, name->p);
	if (p->fd >= 0 || errno != EEXIST)
		return p->fd < 0 ? output_fail(k, name->p, errno) : 0;
	/*
	 * names are used in order, so the first unused one can be searched for
	 */
	do {
		taken = p->nth;
		p->nth *= 2;
		output_name_file(h, p, name);
	} while (outdir_has(&k->dir, name->p));
	for (unused = p->nth; unused - taken > 1; ) {
		p->nth = taken + (unused - taken) / 2;
		output_name_file(h, p, name);
		if (outdir_has(&k->dir, name->p))
			taken = p->nth;
		else
			unused = p->nth;
	}
	p->nth = unused;
	output_name_file(h, p, name);
	p->fd = outdir_try(&k->dir, name->p);
	return p->fd < 0 ? output_fail(k, name->p, errno) : 0;
}

/* Adds a trace, whose file is given, to the indexes. */
static int
list_part(struct batch *h, const struct rendered *p, const char *file)
{
	struct output *k = h->output;
	struct buf *b = out_begin(&k->index);
	struct output_list *l;
	struct out *to;
	size_t i;

	k->outcomes[p->outcome]++;
	buf_add(b, h->facts->p + p->entry, p->entry_rest - p->entry);
	json_add_str(b, "file", file);
	if (k->format->file && !k->format->filter && !k->format->begin)
		json_add_int(b, "line", (long long)k->traces + 1);
	buf_add(b, h->facts->p + p->entry_rest, p->item[0] - p->entry_rest);
	if (out_end(&k->index))
		return output_fail(k, "index.jsonl", k->index.error);
	for (i = 0; i < OUTPUT_LISTS && k->lists[i].listing; i++) {
		l = &k->lists[i];
		to = p->outcome == OUTCOME_FAILED ? &l->out : &l->rest;
		b = out_begin(to);
		buf_add(b, h->facts->p + p->item[i],
		    p->item_rest[i] - p->item[i]);
		l->listing->name(b, file);
		buf_add(b, h->facts->p + p->item_rest[i],
		    p->item[i + 1] - p->item_rest[i]);
		if (out_end(to))
			return output_fail(k, l->listing->file, to->error);
	}
	return 0;
}

/* Opens the trace's file or separates it from the last trace, in turn. */
static int
place_part(struct batch *h, struct rendered *p)
{
	struct output *k = h->output;
	const struct format *f = k->format;
	struct buf name = { 0 };
	const char *before = k->traces ? f->between : f->begin;
	int bad = 0;

	if (k->apart)
		bad = open_part(h, p, &name) || list_part(h, p, name.p);
	else if (f->alone && k->traces)
		bad = output_stop(k,
		    xasprintf("%s makes a page for each trace: "
		    "give --output-dir", f->name));
	else if (before && out_put(&k->out, before, strlen(before)))
		bad = output_fail(k, f->file, k->out.error);
	else if (k->path)
		bad = list_part(h, p, f->file);
	k->traces++;
	buf_release(&name);
	return bad;
}

/* The text that part i still has to write. */
static size_t
part_text(const struct batch *h, size_t i, const char **p)
{
	size_t end = i + 1 < h->nparts ? h->parts[i + 1].text - 1 :
	    h->text->len;

	*p = h->text->p + h->parts[i].text;
	return end - h->parts[i].text;
}

/* Reports that a trace's file could not be written. */
static int
fail_part(struct batch *h, const struct rendered *p, int error)
{
	struct buf name = { 0 };

	output_name_file(h, p, &name);
	output_fail(h->output, name.p, error);
	buf_release(&name);
	return -1;
}

static int
write_part(struct batch *h, size_t i)
{
	struct rendered *p = &h->parts[i];
	struct output *k = h->output;
	const char *text;
	size_t n = part_text(h, i, &text);

	if (k->apart)
		return out_write_all(p->fd, text, n) ?
		    fail_part(h, p, errno) : 0;
	return out_put(&k->out, text, n) ? output_fail(k, k->format->file,
	    k->out.error) : 0;
}

static int
close_part(struct batch *h, struct rendered *p)
{
	int fd = p->fd;

	p->fd = -1;
	return fd >= 0 && close(fd) ? fail_part(h, p, errno) : 0;
}

/*
 * Writes all rendered text, including the start of the trace being rendered,
 * and discards it even if writing failed.
 */
static void
put_all(struct batch *h)
{
	char last = h->text->p[h->text->len - 1];
	struct rendered *p;
	size_t k;

	h->failed = h->failed || wait_turn(h);
	for (k = 0; k < h->nparts && !h->failed; k++) {
		p = &h->parts[k];
		if (k >= h->put)
			h->failed = place_part(h, p);
		h->failed = h->failed || write_part(h, k);
		if (k + 1 < h->nparts)
			h->failed = close_part(h, p) || h->failed;
	}
	/* the trace being rendered continues after its last byte */
	p = &h->parts[0];
	*p = h->parts[h->nparts - 1];
	h->put = h->nparts = 1;
	buf_reset(h->text);
	buf_byte(h->text, last);
	p->text = 1;
}

/* Called between the values of a trace: writes text that has grown large. */
static void
batch_pause(void *arg)
{
	struct batch *h = arg;

	if (h->text->len >= h->output->enough)
		put_all(h);
}

/* Called between the steps of a trace. */
static void
load(void *arg, struct trace *t, size_t i)
{
	struct batch *h = arg;

	if (h->load)
		h->load(h->load_arg, t, i);
	batch_pause(h);
}

int
batch_add(struct batch *h, struct trace *t)
{
	const struct format *f = h->output->format;
	int apart = h->output->apart;

	new_part(h, t);
	h->load = t->load;
	h->load_arg = t->arg;
	t->load = load;
	t->pause = batch_pause;
	t->arg = h;
	if (apart && f->begin)
		buf_puts(h->text, f->begin);
	format_put(f, &h->output->options, h->text, t);
	if (apart && f->end)
		buf_puts(h->text, f->end);
	t->load = h->load;
	t->pause = NULL;
	t->arg = h->load_arg;
	/* a row may be much longer when rendered */
	if (h->text->len >= h->output->enough)
		put_all(h);
	return h->failed;
}

int
batch_wait(struct batch *h)
{
	return h->failed || wait_turn(h) ? -1 : 0;
}

int
batch_end(struct batch *h)
{
	int bad = h->failed || wait_turn(h), apart = h->output->apart;
	const char *text;
	size_t i;

	for (i = 0; i < h->nparts && !bad; i++) {
		if (i >= h->put)
			bad = place_part(h, &h->parts[i]);
		if (bad || (apart && part_text(h, i, &text) > SMALL))
			continue;
		bad = write_part(h, i) || close_part(h, &h->parts[i]);
	}
	/* no reader of a pipe waits for this text */
	if (!bad && !apart && out_flush(&h->output->out))
		bad = output_fail(h->output, h->output->format->file,
		    h->output->out.error);
	pool_pass(h->output->pool);
	for (i = 0; i < h->nparts; i++) {
		if (h->parts[i].fd >= 0 && !bad)
			bad = write_part(h, i);
		bad = close_part(h, &h->parts[i]) || bad;
	}
	return bad ? -1 : 0;
}
