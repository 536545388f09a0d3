#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/set.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/out.h"
#include "io/source.h"
#include "net/net.h"
#include "budget.h"
#include "cache.h"
#include "chat.h"
#include "dialect.h"
#include "headers.h"
#include "job.h"
#include "asker.h"

#define REPLY_MAX (64ULL << 20)	/* bytes of a reply */
#define REDIRECTS 5
#define GIVE_UP 3		/* failures of the server in a row before
				   giving up */
#define WAITING 64		/* jobs that are read ahead of the slots */
#define BATCH 256		/* requests that are read between two looks */
#define WINDOW 4096		/* records that wait for an earlier one */
#define AT_NO_TIME INT64_MAX

struct asker {
	const struct asker_plan *plan;
	struct asker_tally *tally;
	struct source *in;
	struct out *out;
	struct err *e;
	struct net *net;	/* NULL until the first call */
	char *url, *host;
	char *auth;		/* the header with the key, or NULL */
	const char **headers;
	size_t nheaders;
	struct job *first, **last;	/* jobs in the order of requests */
	size_t njobs;		/* jobs in the list */
	size_t undone;		/* jobs that are not JOB_DONE */
	size_t running;		/* calls that have not ended */
	int ended;		/* 1: all requests have been read */
	int blocked;		/* 1: no whole request can be read yet */
	int64_t hold;		/* no call starts before this time */
	int64_t next_slot;	/* when --rate lets the next call start */
	size_t common;		/* failures in a row by retry_is_common */
	char common_code[24];	/* error code of these failures */
	struct buf gone;	/* error message of all further requests; empty:
				   the server has not been given up */
	struct set asked;	/* hashes of the keys that a dry run counted */
	int failed;		/* 1: e is set */
};

static void
mark_done(struct asker *a, struct job *j)
{
	j->state = JOB_DONE;
	a->undone--;
}

/* --- results -------------------------------------------------------------- */

static void
copy_result(struct job *to, const struct job *from)
{
	to->completion.reply.len = 0;
	if (*from->code)
		job_fail(to, from->code, "%s",
		    from->message.len ? from->message.p : "");
	else
		buf_add(&to->completion.reply, from->completion.reply.p,
		    from->completion.reply.len);
	to->cached = !*from->code;
}

static void
count_result(struct asker *a, const struct job *j)
{
	struct asker_tally *t = a->tally;

	if (*j->code && !t->failed++)
		t->first_error = xasprintf("%s: %s", j->code,
		    j->message.len ? j->message.p : "");
	if (*j->code)
		return;
	if (j->cached)
		t->cached++;
	else
		t->answered++;
}

/* Ends a job, and those with the same request. */
static void
finish_job(struct asker *a, struct job *j)
{
	struct job *twin;

	mark_done(a, j);
	count_result(a, j);
	if (!a->plan->cache)
		return;
	for (twin = j->next; twin; twin = twin->next) {
		if (twin->state != JOB_TWIN || twin->twin != j)
			continue;
		copy_result(twin, j);
		mark_done(a, twin);
		count_result(a, twin);
	}
}

/* Gives up the server if no request succeeds. */
static void
note_failure(struct asker *a, const struct job *j)
{
	if (!retry_is_common(&j->failure)) {
		a->common = 0;
		return;
	}
	if (strcmp(a->common_code, j->code) != 0)
		a->common = 0;
	memcpy(a->common_code, j->code, sizeof(a->common_code));
	if (++a->common < GIVE_UP || a->gone.len)
		return;
	a->tally->gone = 1;
	buf_printf(&a->gone, "%s (not asked: %d requests in a row have failed "
	    "so)", j->message.len ? j->message.p : "", GIVE_UP);
}

static void
keep_reply(struct asker *a, struct job *j)
{
	a->common = 0;
	if (a->plan->cache && !a->failed &&
	    cache_add(a->plan->cache, j->chat.key, &j->completion.reply, a->e))
		a->failed = 1;
}

/* Returns the tokens and the cost of a call, as far as they are known. */
static struct budget_need
used_by(struct asker *a, struct job *j)
{
	struct completion *c = &j->completion;
	struct budget_need used = { .prompt = 0 };
	const struct budget_price *price = budget_price(a->plan->budget,
	    j->chat.model.p, j->chat.model.len);

	if (!*j->code) {
		used.prompt = c->prompt_tokens >= 0 ? c->prompt_tokens :
		    j->chat.prompt_tokens;
		used.reply = c->reply_tokens >= 0 ? c->reply_tokens :
		    chat_tokens(c->reply.p, c->reply.len);
	} else if (j->failure.failure == NET_TIMEOUT ||
	    j->failure.failure == NET_FIRST_BYTE ||
	    j->failure.failure == NET_BROKEN ||
	    j->failure.failure == NET_SIZE) {
		/* the server has worked, and may charge for it */
		used.prompt = j->chat.prompt_tokens;
	}
	used.cost = budget_cost(price, used.prompt, used.reply);
	return used;
}

/* Retries a job if that may help. Returns 1 if it is retried. */
static int
try_again(struct asker *a, struct job *j)
{
	const struct retry_rules *rules = &a->plan->retry;
	int64_t now = isotime_monotonic();
	double wait;

	wait = a->gone.len || *a->plan->stop ? -1 : retry_wait(rules,
	    &j->failure, j->attempts, j->chat.hash);
	if (j->failure.asked > rules->longest_asked * 1000 &&
	    retry_may_help(&j->failure))
		buf_printf(&j->message, " (the server asks to wait %.0f s, "
		    "longer than --max-wait)", j->failure.asked / 1000);
	if (wait < 0)
		return 0;
	j->due = now + (int64_t)(wait * 1000);
	/* a wait that the server asks for concerns all calls */
	if (j->failure.asked > 0 && j->due > a->hold)
		a->hold = j->due;
	j->state = JOB_WAITING;
	a->tally->retries++;
	return 1;
}

static void
on_done(void *arg, const struct net_end *end)
{
	struct job *j = arg;
	struct asker *a = j->asker;
	struct budget_need used;

	j->call = NULL;
	a->running--;
	job_take(j, a->plan->dialect, end, a->plan->secrets);
	used = used_by(a, j);
	budget_settle(a->plan->budget, &j->need, &used);
	a->tally->prompt_tokens += used.prompt;
	a->tally->reply_tokens += used.reply;
	a->tally->cost += used.cost;
	if (*j->code) {
		if (try_again(a, j))
			return;
		note_failure(a, j);
	} else {
		keep_reply(a, j);
	}
	finish_job(a, j);
}

static int
on_header(void *arg, const char *name, size_t n, const char *value, size_t m)
{
	struct job *j = arg;

	if (n == 12 && (*name == 'c' || *name == 'C') &&
	    (name[8] == 't' || name[8] == 'T') && m < sizeof(j->type)) {
		memcpy(j->type, value, m);
		j->type[m] = '\0';
	}
	return 0;
}

static int
on_data(void *arg, const char *p, size_t n)
{
	struct job *j = arg;

	buf_add(&j->body, p, n);
	return 0;
}

/* --- calls ---------------------------------------------------------------- */

static void
send_job(struct asker *a, struct job *j)
{
	struct net_request r = {
		.method = "POST", .url = a->url, .headers = a->headers,
		.nheaders = a->nheaders, .timeout = a->plan->timeout,
		.connect_timeout = a->plan->connect_timeout,
		.max_body = REPLY_MAX, .max_redirects = REDIRECTS,
		.header = on_header, .data = on_data, .done = on_done,
		.arg = j
	};

	job_reset(j);
	if (!j->sent.len)
		a->plan->dialect->put_body(&j->chat, a->plan->reply_tokens,
		    &j->sent);
	r.body = j->sent.p;
	r.body_len = j->sent.len;
	if (!a->net)
		a->net = net_new(a->plan->jobs);
	j->state = JOB_SENT;
	j->attempts++;
	a->running++;
	j->call = net_start(a->net, &r);
}

/* Sets the most that a call may need. Returns -1 if its model has no price. */
static int
need_of(const struct asker *a, struct job *j)
{
	const struct budget_price *price = budget_price(a->plan->budget,
	    j->chat.model.p, j->chat.model.len);

	j->need.prompt = j->chat.prompt_tokens;
	j->need.reply = j->chat.most_tokens >= 0 ? j->chat.most_tokens :
	    a->plan->reply_tokens;
	j->need.cost = budget_cost(price, j->need.prompt, j->need.reply);
	return price ? 0 : -1;
}

static void
fail_budget(struct asker *a, struct job *j)
{
	const char *limit = a->plan->budget->spent;

	if (j->attempts)
		buf_printf(&j->message, " (not asked again: --%s would be "
		    "exceeded)", limit);
	else
		job_fail(j, "budget", "not asked: --%s would be exceeded",
		    limit);
	finish_job(a, j);
}

/* Starts a job, or ends it where it may not start. Returns 0 to wait. */
static int
start_job(struct asker *a, struct job *j)
{
	struct budget *b = a->plan->budget;
	int priced = need_of(a, j) == 0;

	if (a->gone.len) {
		job_fail(j, a->common_code, "%s", buf_str(&a->gone));
		finish_job(a, j);
		return 1;
	}
	if (!priced && b->max_cost >= 0) {
		job_fail(j, "no_price", "not asked: --max-cost is given, and no "
		    "--price for the model %s", buf_str(&j->chat.model));
		finish_job(a, j);
		return 1;
	}
	switch (budget_take(b, &j->need)) {
	case BUDGET_WAIT:
		return 0;
	case BUDGET_STOP:
		fail_budget(a, j);
		return 1;
	default:
		send_job(a, j);
		return 1;
	}
}

/* Starts the jobs that may start. Returns the time of the next check. */
static int64_t
start_jobs(struct asker *a)
{
	const struct asker_plan *p = a->plan;
	int64_t now = isotime_monotonic(), next = AT_NO_TIME, from;
	struct job *j;

	for (j = a->first; j; j = j->next) {
		if (j->state != JOB_WAITING)
			continue;
		if (*p->stop) {
			job_fail(j, "stopped", "not asked: interrupted");
			finish_job(a, j);
			continue;
		}
		if (a->running >= p->jobs)
			return AT_NO_TIME;
		from = a->hold > a->next_slot ? a->hold : a->next_slot;
		if (a->gone.len || p->budget->spent)
			from = 0;
		if (j->due > from)
			from = j->due;
		if (from > now) {
			next = from < next ? from : next;
			continue;
		}
		if (!start_job(a, j))
			return next;
		if (j->state == JOB_SENT && p->interval > 0)
			a->next_slot = isotime_monotonic() +
			    (int64_t)(p->interval * 1e6);
	}
	return next;
}

/* --- requests ------------------------------------------------------------- */

/* Returns an unfinished job with the same request, or NULL. */
static const struct job *
find_twin(const struct asker *a, const struct job *j)
{
	const struct job *other;

	for (other = a->first; other != j; other = other->next)
		if ((other->state == JOB_WAITING || other->state == JOB_SENT) &&
		    other->chat.hash == j->chat.hash &&
		    !strcmp(other->chat.key, j->chat.key))
			return other;
	return NULL;
}

/* Takes the reply of the cache or of another job. Returns 1 if there is one. */
static int
take_known(struct asker *a, struct job *j)
{
	int added;

	if (!a->plan->cache)
		return 0;
	chat_set_key(&j->chat, a->plan->dialect->name, a->host,
	    json_buf(&a->plan->headers->written));
	if (a->plan->dry)
		set_add(&a->asked, j->chat.hash, &added);
	if (cache_find(a->plan->cache, j->chat.key, &j->completion.reply) ||
	    (a->plan->dry && !added)) {
		j->cached = 1;
		finish_job(a, j);
		return 1;
	}
	j->twin = a->undone > 1 ? find_twin(a, j) : NULL;
	if (j->twin)
		j->state = JOB_TWIN;
	return j->twin != NULL;
}

/* Counts a call that a dry run would make. */
static void
count_need(struct asker *a, struct job *j)
{
	struct asker_tally *t = a->tally;

	t->unpriced |= need_of(a, j) != 0;
	t->to_ask++;
	t->prompt_tokens += j->need.prompt;
	t->reply_tokens += j->need.reply;
	t->cost += j->need.cost;
	finish_job(a, j);
}

static void
take_request(struct asker *a, struct json_span record)
{
	struct job *j = job_new(a);
	const char *why;
	int bad = chat_read(&j->chat, record, a->plan->model, &why);

	*a->last = j;
	a->last = &j->next;
	a->njobs++;
	a->undone++;
	a->tally->requests++;
	if (j->chat.reply.p) {
		a->tally->passed++;
		mark_done(a, j);
	} else if (bad) {
		job_fail(j, "request", "%s", why);
		finish_job(a, j);
	} else if (take_known(a, j)) {
		return;
	} else if (a->plan->dry) {
		count_need(a, j);
	} else if (a->plan->offline) {
		job_fail(j, "offline", "not asked: it is not in the cache");
		finish_job(a, j);
	}
}

/* Whether another request may be read. */
static int
has_room(const struct asker *a)
{
	return !a->ended && !*a->plan->stop &&
	    a->undone < a->plan->jobs + WAITING &&
	    a->njobs < a->plan->jobs + WINDOW;
}

static void
read_requests(struct asker *a)
{
	int got, n;

	a->blocked = 0;
	for (n = 0; n < BATCH && has_room(a); n++) {
		got = source_next(a->in, NULL, NULL, 0);
		a->ended = !got;
		a->blocked = got < 0;
		if (got <= 0)
			return;
		take_request(a, a->in->record);
	}
}

/* --- records -------------------------------------------------------------- */

static void
write_job(struct asker *a, struct job *j)
{
	if (a->plan->dry || a->failed)
		return;
	job_put(j, a->plan->secrets, out_begin(a->out));
	if (out_end(a->out)) {
		err_set(a->e, 0, 0, "<stdout>: %s", strerror(a->out->error));
		a->failed = 1;
	}
}

/* Writes the records that can be written, and frees their jobs. */
static void
write_done(struct asker *a)
{
	struct job **p = &a->first, *j;

	while ((j = *p)) {
		if (j->state != JOB_DONE) {
			if (a->plan->ordered)
				return;
			p = &j->next;
			continue;
		}
		*p = j->next;
		if (!j->next)
			a->last = p;
		a->njobs--;
		write_job(a, j);
		job_free(j);
	}
}

/* --- the loop ------------------------------------------------------------- */

/* Ends the calls that run, after a signal. */
static void
cancel_calls(struct asker *a)
{
	struct budget_need none = { .prompt = 0 };
	struct job *j;

	for (j = a->first; j; j = j->next) {
		if (j->state != JOB_SENT)
			continue;
		net_cancel(j->call);
		j->call = NULL;
		a->running--;
		budget_settle(a->plan->budget, &j->need, &none);
		job_fail(j, "stopped", "interrupted");
		finish_job(a, j);
	}
}

static int
flush_output(struct asker *a)
{
	if (!a->plan->dry && !a->failed && out_flush(a->out)) {
		err_set(a->e, 0, 0, "<stdout>: %s", strerror(a->out->error));
		a->failed = 1;
	}
	return a->failed;
}

/* Waits for requests, replies, a signal, or the time next. */
static void
wait_for_news(struct asker *a, int64_t next)
{
	struct pollfd fds[2] = {
		{ a->plan->wake, POLLIN, 0 }, { a->in->reader.fd, POLLIN, 0 }
	};
	int64_t now = isotime_monotonic(), ms = 60000;

	if (next != AT_NO_TIME)
		ms = next <= now ? 0 : (next - now + 999) / 1000;
	if (ms > 60000)
		ms = 60000;
	if (a->net)
		net_wait(a->net, fds, a->blocked ? 2 : 1, (int)ms);
	else
		poll(fds, a->blocked ? 2 : 1, (int)ms);
}

static void
ask_all(struct asker *a)
{
	int64_t next;

	while (!a->failed) {
		read_requests(a);
		if (a->net)
			net_run(a->net);
		if (*a->plan->stop)
			cancel_calls(a);
		next = start_jobs(a);
		write_done(a);
		if (!a->first && (a->ended || *a->plan->stop))
			return;
		if (has_room(a) && !a->blocked)
			continue;
		if (flush_output(a))
			return;
		wait_for_news(a, next);
	}
}

/* Adds a header of ours, unless the configuration has one of that name. */
static void
asker_add_header(struct asker *a, const char *line)
{
	if (!headers_have(a->plan->headers, line))
		a->headers[a->nheaders++] = line;
}

static void
asker_set_headers(struct asker *a)
{
	const struct dialect *d = a->plan->dialect;
	const struct headers *more = a->plan->headers;
	const char *const ours[] = {
		"Content-Type: application/json", "User-Agent: fluxloop",
		a->auth, d->header
	};
	size_t i;

	a->headers = xreallocarray(NULL, more->n + LEN(ours),
	    sizeof(*a->headers));
	for (i = 0; i < LEN(ours); i++)
		if (ours[i])
			asker_add_header(a, ours[i]);
	for (i = 0; i < more->n; i++)
		a->headers[a->nheaders++] = more->lines[i];
}

static void
set_up(struct asker *a)
{
	const struct dialect *d = a->plan->dialect;

	a->url = dialect_url(d, a->plan->base);
	a->host = net_host(a->url);
	if (a->plan->key && *a->plan->key)
		a->auth = xasprintf("%s%s", d->key_header, a->plan->key);
	asker_set_headers(a);
}

int
asker_run(const struct asker_plan *p, struct source *in, struct out *o,
    struct asker_tally *t, struct err *e)
{
	struct asker a = { .plan = p, .in = in, .out = o, .tally = t, .e = e };
	struct job *j;

	memset(t, 0, sizeof(*t));
	a.last = &a.first;
	set_up(&a);
	ask_all(&a);
	net_free(a.net);
	while ((j = a.first)) {
		a.first = j->next;
		job_free(j);
	}
	free(a.url);
	free(a.host);
	free(a.auth);
	free(a.headers);
	buf_release(&a.gone);
	set_release(&a.asked);
	return a.failed ? -1 : 0;
}
