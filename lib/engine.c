#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "json.h"
#include "line.h"
#include "out.h"
#include "isotime.h"
#include "uuid.h"
#include "source.h"
#include "record.h"
#include "environ.h"
#include "config.h"
#include "proc.h"
#include "agent.h"
#include "job.h"
#include "run.h"
#include "engine.h"

/*
 * Requests are sent ahead only while calls are shorter than this: waiting for
 * a reply costs about 20 microseconds, so longer calls gain nothing, and could
 * have been given to another agent.
 */
#define SHORT_CALL 1000			/* microseconds */
#define START_LIMIT 60.0		/* seconds to say hello, at least */
#define END_WAIT 100000			/* from closed output to its exit, us */
#define PROGRESS_EVERY 100000		/* microseconds */
#define NEVER INT64_MAX
#define REFUSED_AT_ONCE 100
#define MESSAGE_MARGIN 8	/* levels that a message is put into later */

/*
 * What one agent may make us hold: a line that does not end, and what it says
 * of one run. And how many bytes of traces may wait for a slow reader before
 * no more work is given out.
 */
#define LINE_LIMIT ((size_t)256 << 20)
#define RUN_LIMIT ((size_t)1 << 30)
#define BACKLOG ((size_t)8 << 20)

/* An agent and what it is doing. */
struct slot {
	struct agent agent;
	int live;
	int ready;		/* it may be sent work */
	int greeted;		/* it said hello */
	unsigned pipeline;	/* requests it accepts */
	unsigned concurrency;	/* calls it works on at once */
	int answered;		/* it finished a call */
	int dismissed;		/* it was told to end */
	int unheard;		/* it said too much: no more is read */
	size_t heard;		/* bytes of lines since runs were looked at */
	int quick;		/* its last call was short */
	struct run *flight;	/* sent, in this order */
	struct run *last;
	unsigned nflight;
	long long number;	/* of the last request */
	int64_t since;		/* when the first in flight became that */
	int64_t rest;		/* no request before this time */
	int64_t start_by;
	const char *kill_kind;	/* it is being ended: why, as error_kind */
	const char *kill_why;	/* and as a message */
	struct run *blamed;	/* the run that the message is about */
	int64_t kill_at;	/* when SIGKILL follows */
	int64_t closed_at;	/* when its output was closed */
};

/* Runs in the order that they came in. */
struct queue {
	struct run *first;
	struct run *last;
};

struct engine {
	const struct engine_plan *plan;
	struct source *source;
	struct out *out;
	struct slot *slots;
	unsigned started;	/* agents so far */
	int told;		/* descriptor that tells of signals */
	struct job *job;	/* whose iterations are being given out */
	long long iteration;
	int ended;		/* there are no more inputs */
	int passed_over;	/* one was of another persona */
	int waiting;		/* no whole input is there yet */
	size_t njobs;
	struct run *again;	/* to be sent (again), first */
	/*
	 * Retries that wait, by how many attempts there were: those of one
	 * queue wait equally long, so that its first is due first.
	 */
	struct queue *delayed;
	size_t ndelayed;
	size_t waiting_retries;
	long long done;
	long long failed;
	int fatal;		/* stop with status 2 */
	int turn_again;		/* there is work to give at once */
	int hurry;		/* do not wait in this turn */
	int stopping;
	int64_t stop_by;
	int64_t progress_at;
	struct pollfd *fds;
};

static int64_t
micro(double seconds)
{
	return (int64_t)(seconds * 1e6);
}

/* --- ends of runs ---------------------------------------------------------- */

static void
finish(struct engine *g, struct run *r, const struct run_end *end)
{
	run_trace(r, g->plan->name, end, out_begin(g->out));
	g->done++;
	g->failed += end->error != NULL;
	run_free(r);
}

/* Takes a run out of a slot's flight. */
static void
unlink_run(struct slot *s, struct run *r)
{
	struct run **p, *before = NULL;

	for (p = &s->flight; *p != r; p = &(*p)->next)
		before = *p;
	*p = r->next;
	if (s->last == r)
		s->last = before;
	s->nflight--;
	r->next = NULL;
	s->since = isotime_monotonic();
}

/* Lets a run wait for its next attempt. */
static void
delay(struct engine *g, struct run *r)
{
	struct queue *q;

	if (r->attempt >= g->ndelayed) {
		g->delayed = xreallocarray(g->delayed, r->attempt + 1,
		    sizeof(*g->delayed));
		memset(g->delayed + g->ndelayed, 0,
		    (r->attempt + 1 - g->ndelayed) * sizeof(*g->delayed));
		g->ndelayed = r->attempt + 1;
	}
	q = &g->delayed[r->attempt];
	if (q->last)
		q->last->next = r;
	else
		q->first = r;
	q->last = r;
	g->waiting_retries++;
}

/* The next retry that is due, or NULL. */
static struct run *
due(struct engine *g)
{
	int64_t now = g->waiting_retries ? isotime_monotonic() : 0;
	struct queue *q;
	struct run *r;
	size_t i;

	for (i = 0; g->waiting_retries && i < g->ndelayed; i++) {
		q = &g->delayed[i];
		r = q->first;
		if (!r || r->not_before > now)
			continue;
		q->first = r->next;
		if (!q->first)
			q->last = NULL;
		r->next = NULL;
		g->waiting_retries--;
		return r;
	}
	return NULL;
}

/* A run failed: tries it again where that is wanted, or gives its trace. */
static void
fail(struct engine *g, struct run *r, const struct run_end *end)
{
	double seconds = g->plan->retry_delay;
	unsigned i;

	if (r->attempt > g->plan->max_retries || g->stopping || g->fatal) {
		finish(g, r, end);
		return;
	}
	for (i = 1; i < r->attempt && seconds < 1e6; i++)
		seconds *= 2;
	if (!r->started)
		run_start(r);
	run_retry(r, end);
	r->not_before = isotime_monotonic() + micro(seconds);
	delay(g, r);
}

/* --- work to be done ------------------------------------------------------- */

static int
wanted(const struct engine_plan *p, const struct job *j)
{
	size_t i;

	for (i = 0; i < p->npersonas; i++)
		if (j->persona && !strcmp(p->personas[i], j->persona))
			return 1;
	return !p->npersonas;
}

/* A job that cannot be run: the first one is the end of the experiment. */
static void
refuse(struct engine *g, struct job *j, const struct err *e)
{
	source_complain(g->source, "%s", e->msg);
	j->error = xstrdup(e->msg);
	if (!g->njobs)
		g->fatal = 1;
}

static const char *const input_fields[JOB_FIELDS + 1] = {
	"input", "input_id", "metadata", "trace_id"
};

/* Reads the next input that is to be run. Returns 1 when there is one. */
static int
next_job(struct engine *g)
{
	struct json_span v[JOB_FIELDS + 1];
	struct err e = { 0 };
	struct job *j;
	int got;

	while (!g->ended && !g->fatal) {
		got = source_next(g->source, input_fields, v, LEN(v));
		g->waiting = got < 0;
		if (got < 0)
			return 0;
		g->ended = !got;
		if (!got)
			break;
		if (!v[JOB_INPUT].p && !v[JOB_METADATA].p) {
			source_complain(g->source, "not an input: it has no "
			    "field 'input'");
			continue;
		}
		j = job_new(g->plan->jobs, g->source->record, v, &e);
		if (!wanted(g->plan, j)) {
			g->passed_over = 1;
			job_drop(j);
			continue;
		}
		if (e.msg)
			refuse(g, j, &e);
		err_release(&e);
		g->njobs++;
		g->job = j;
		g->iteration = 0;
		return !g->fatal;
	}
	return 0;
}

/* The next run of the inputs, in their order. */
static struct run *
fresh_run(struct engine *g)
{
	struct run *r;

	if (!g->job && !next_job(g))
		return NULL;
	r = run_new(g->job, g->iteration++, g->plan->seed);
	if (g->iteration == g->plan->iterations) {
		job_drop(g->job);
		g->job = NULL;
	}
	return r;
}

/* The next run to send, or NULL when there is none now. */
static struct run *
next_run(struct engine *g)
{
	struct run_end end = { .kind = "error", .exit_code = -1 };
	struct run *r;
	int i;

	if (g->stopping || g->fatal || g->hurry)
		return NULL;
	if (g->again) {
		r = g->again;
		g->again = r->next;
		r->next = NULL;
		return r;
	}
	r = due(g);
	if (r)
		return r;
	/* those that cannot be run have failed; not too many in one turn */
	for (i = 0; (r = fresh_run(g)) && r->job->error; i++) {
		end.error = r->job->error;
		finish(g, r, &end);
		if (i == REFUSED_AT_ONCE) {
			g->hurry = 1;
			return NULL;
		}
	}
	return r;
}

/* Puts a run that nobody began back, ahead of the others. */
static void
give_back(struct engine *g, struct run *r)
{
	r->next = g->again;
	g->again = r;
}

/* --- agents ------------------------------------------------------------------ */

static int
begin_agent(struct engine *g, struct slot *s)
{
	const struct engine_plan *p = g->plan;
	struct err e = { 0 };
	double limit = p->timeout > START_LIMIT ? p->timeout : START_LIMIT;

	memset(s, 0, sizeof(*s));
	if (agent_start(&s->agent, &p->kind, g->started + 1, &e)) {
		p->say(e.msg);
		err_release(&e);
		g->fatal = 1;
		return -1;
	}
	g->started++;
	s->live = 1;
	s->ready = !p->greets && !p->ready;
	s->pipeline = s->concurrency = 1;
	s->kill_at = s->closed_at = NEVER;
	s->start_by = s->ready ? NEVER : isotime_monotonic() + micro(limit);
	return 0;
}

/* Ends an agent, and with it the runs that it began. */
static void
end_agent(struct engine *g, struct slot *s, const char *kind, const char *why,
    struct run *blamed)
{
	if (s->kill_kind)
		return;
	s->kill_kind = kind;
	s->kill_why = why;
	s->blamed = blamed;
	s->kill_at = isotime_monotonic() + micro(g->plan->kill_timeout);
	proc_signal(&s->agent.proc, SIGTERM);
}

static void
put_lines_request(const struct run *r, struct buf *b)
{
	struct json_span v = { r->job->input.p, r->job->input.len };
	struct buf text = { 0 };
	size_t i;

	if (json_type(v) == JSON_STRING)
		json_text(&text, v);
	else
		buf_add(&text, v.p, v.n);
	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\n')
			buf_puts(b, "\\n");
		else if (text.p[i] == '\r')
			buf_puts(b, "\\r");
		else
			buf_byte(b, text.p[i]);
	}
	buf_byte(b, '\n');
	buf_release(&text);
}

static void
send_run(struct engine *g, struct slot *s, struct run *r)
{
	r->number = ++s->number;
	if (g->plan->lines)
		put_lines_request(r, &s->agent.to);
	else
		run_request(r, g->plan->name, &s->agent.to);
	if (s->last)
		s->last->next = r;
	else
		s->flight = r;
	s->last = r;
	if (!s->nflight++)
		s->since = isotime_monotonic();
	/* one that takes a request at a time starts at once */
	if (s->pipeline > 1 || s->concurrency > 1)
		run_sent(r);
	else
		run_start(r);
}

/* How many requests a slot should have now. */
static unsigned
depth(const struct engine *g, const struct slot *s)
{
	if (g->plan->fresh)
		return !s->answered;
	if (s->quick && g->plan->run_delay <= 0)
		return s->pipeline > s->concurrency ? s->pipeline :
		    s->concurrency;
	return s->concurrency;
}

static int
has_room(const struct engine *g, const struct slot *s, int64_t now)
{
	return s->live && s->ready && !s->kill_kind && s->agent.proc.in >= 0 &&
	    s->closed_at == NEVER && s->nflight < depth(g, s) &&
	    s->rest <= now;
}

/*
 * Starts agents for the runs that those which are starting already will not
 * take. An agent that is ready at once gets its run in the next turn.
 */
static void
start_agents(struct engine *g)
{
	struct run *r, *promised = NULL;
	struct slot *s;
	size_t i;
	int starting = 1;

	/* first the live ones, then those that are not */
	for (i = 0; i < 2 * g->plan->parallel && !g->fatal; i++) {
		s = &g->slots[i % g->plan->parallel];
		starting = i < g->plan->parallel;
		if (starting ? !s->live || s->ready || s->kill_kind : s->live)
			continue;
		r = next_run(g);
		if (!r)
			break;
		r->next = promised;
		promised = r;
		if (!starting && begin_agent(g, s))
			break;
		g->turn_again |= !starting && s->ready;
	}
	while ((r = promised)) {
		promised = r->next;
		give_back(g, r);
	}
}

/* Gives work to slots that have room, starting agents as they are needed. */
static void
give_work(struct engine *g)
{
	int64_t now = isotime_monotonic();
	struct slot *s;
	struct run *r;
	size_t i;

	g->waiting = 0;
	if (out_pending(g->out) > BACKLOG)
		return;
	for (i = 0; i < g->plan->parallel; i++) {
		s = &g->slots[i];
		while (has_room(g, s, now) && (r = next_run(g)))
			send_run(g, s, r);
		if (s->live)
			agent_write(&s->agent);
	}
	start_agents(g);
}

/* --- what agents say ----------------------------------------------------------- */

static struct run *
find_run(const struct slot *s, struct json_span id)
{
	struct run *r;
	double d;

	if (!id.p || json_type(id) == JSON_NULL)
		return s->flight;
	if (!json_double(id, &d))
		return NULL;
	for (r = s->flight; r; r = r->next)
		if ((double)r->number == d)
			return r;
	return NULL;
}

/* Whether what an agent says of a run comes too late: it was given up. */
static int
too_late(const struct slot *s, const struct run *r)
{
	return s->kill_kind && r == s->blamed;
}

/* A reply came: the run is over. */
static void
reply(struct engine *g, struct slot *s, struct run *r, struct run_end *end)
{
	struct buf tail = { 0 };
	int64_t now = isotime_monotonic();

	if (!r->started)
		run_started_at(r, s->since);
	s->answered = 1;
	s->quick = now - r->clock < SHORT_CALL;
	s->rest = now + micro(g->plan->run_delay);
	unlink_run(s, r);
	if (end->error) {
		agent_take_errors(&s->agent, &tail);
		end->stderr_tail = tail.p;
		end->stderr_len = tail.len;
		fail(g, r, end);
	} else {
		finish(g, r, end);
	}
	buf_release(&tail);
}

enum { M_TYPE, M_ID, M_OUTPUT, M_ERROR, M_CODE, M_OBSERVATION, M_NAME, M_KIND,
	M_ARGS, M_KWARGS, M_DELTA, M_PIPELINE, M_CONCURRENCY, M_CLOCK,
	M_FIELDS };
static const char *const message_fields[M_FIELDS] = {
	"type", "id", "output", "error", "code", "observation", "name", "kind",
	"args", "kwargs", "delta", "pipeline", "concurrency",
	"clock"
};

static unsigned
count_of(struct json_span v)
{
	double d;

	if (!v.p || !json_double(v, &d) || !(d >= 1))
		return 1;
	return d > 4096 ? 4096 : (unsigned)d;
}

/* The time in microseconds that a message bears; 0 when it has none. */
static int64_t
clock_of(const struct json_span *v)
{
	double d = 0;

	return v[M_CLOCK].p && json_double(v[M_CLOCK], &d) && d > 0 &&
	    d < 9e15 ? (int64_t)d : 0;
}

static void
on_hello(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	(void)g;
	(void)r;
	s->greeted = 1;
	s->pipeline = count_of(v[M_PIPELINE]);
	s->concurrency = count_of(v[M_CONCURRENCY]);
	if (!g->plan->ready) {
		s->ready = 1;
		s->start_by = NEVER;
	}
}

static void
on_start(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	(void)g;
	(void)s;
	run_began_at(r, clock_of(v));
}

static void
on_delta(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	(void)g;
	(void)s;
	if (v[M_DELTA].p)
		run_delta(r, v[M_DELTA]);
}

static void
on_observation(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	(void)g;
	(void)s;
	if (v[M_OBSERVATION].p)
		run_observe(r, v[M_OBSERVATION]);
}

static void
on_callback(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	(void)g;
	(void)s;
	run_callback(r, v[M_NAME], v[M_KIND], v[M_ARGS], v[M_KWARGS]);
}

static void
on_final(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	struct run_end end = { .exit_code = -1 };
	struct buf clean = { 0 };

	if (v[M_OUTPUT].p) {
		json_compact(&clean, v[M_OUTPUT]);
		end.output.p = clean.p;
		end.output.n = clean.len;
	}
	run_ended_at(r, clock_of(v));
	reply(g, s, r, &end);
	buf_release(&clean);
}

static void
on_error(struct engine *g, struct slot *s, struct run *r,
    const struct json_span *v)
{
	struct run_end end = { .kind = "error", .exit_code = -1 };
	struct buf text = { 0 }, code = { 0 };

	if (json_is(v[M_ERROR], JSON_STRING))
		json_text(&text, v[M_ERROR]);
	else if (v[M_ERROR].p)
		buf_add(&text, v[M_ERROR].p, v[M_ERROR].n);
	if (json_is(v[M_CODE], JSON_STRING)) {
		json_text(&code, v[M_CODE]);
		end.code = buf_str(&code);
	}
	end.error = text.len ? buf_str(&text) : "the agent reported an error";
	end.error_len = text.len;
	run_ended_at(r, clock_of(v));
	reply(g, s, r, &end);
	buf_release(&text);
	buf_release(&code);
}

/* An agent that cannot do any work says so before it is given any. */
static void
setup_failed(struct engine *g, const struct json_span *v)
{
	struct buf text = { 0 };

	if (json_is(v[M_ERROR], JSON_STRING))
		json_text(&text, v[M_ERROR]);
	if (!g->fatal)
		g->plan->say(text.len ? buf_str(&text) :
		    "the agent cannot start");
	buf_release(&text);
	g->fatal = 1;
}

static const struct {
	const char *type;
	void (*on)(struct engine *, struct slot *, struct run *,
	    const struct json_span *);
	int for_run;		/* it has to be about a run in flight */
} messages[] = {
	{ "start", on_start, 1 },
	{ "final", on_final, 1 },
	{ "observation", on_observation, 1 },
	{ "callback", on_callback, 1 },
	{ "delta", on_delta, 1 },
	{ "error", on_error, 1 },
	{ "hello", on_hello, 0 },
};

/* Handles a line of the protocol. Returns 0 when it is none. */
static int
message(struct engine *g, struct slot *s, const char *p, size_t n)
{
	struct json_span v[M_FIELDS];
	struct json_fault f;
	struct run *r;
	double id;
	size_t i;
	int known;

	json_depth -= MESSAGE_MARGIN;
	known = json_scan(p, n, JSON_LAX, message_fields, v, M_FIELDS, &f) >=
	    0 && json_is(v[M_TYPE], JSON_STRING);
	json_depth += MESSAGE_MARGIN;
	if (!known)
		return 0;
	for (i = 0; i < LEN(messages); i++)
		if (json_equal(v[M_TYPE], messages[i].type,
		    strlen(messages[i].type)))
			break;
	if (i == LEN(messages))
		return 0;
	if (messages[i].on == on_error && !v[M_ID].p && !s->greeted &&
	    json_is(v[M_CODE], JSON_STRING) &&
	    json_equal(v[M_CODE], "setup", 5)) {
		setup_failed(g, v);
		return 1;
	}
	r = find_run(s, v[M_ID]);
	if (r && too_late(s, r) && (messages[i].on == on_final ||
	    messages[i].on == on_error))
		return 1;
	if (r || !messages[i].for_run) {
		messages[i].on(g, s, r, v);
		return 1;
	}
	/* about a run that is over: late, and of no use */
	if (v[M_ID].p && json_double(v[M_ID], &id) && id >= 1 &&
	    id <= (double)s->number)
		return 1;
	if (s->flight)
		end_agent(g, s, "protocol", "the agent answered a request "
		    "that it was not sent", s->flight);
	return 0;
}

static void
lines_reply(struct engine *g, struct slot *s, const char *p, size_t n)
{
	struct run_end end = { .exit_code = -1 };
	struct buf text = { 0 };

	while (n && p[n - 1] == '\r')
		n--;
	json_put_text(&text, p, n);
	end.output.p = text.p;
	end.output.n = text.len;
	reply(g, s, s->flight, &end);
	buf_release(&text);
}

/* Whether a line is the one that an agent is ready with. */
static int
matches_ready(const struct engine *g, const char *p, size_t n)
{
	char *text = xmemdup(p, n);
	int yes = regexec(g->plan->ready, text, 0, NULL, 0) == 0;

	free(text);
	return yes;
}

static void
take_line(struct engine *g, struct slot *s, const char *p, size_t n)
{
	if (g->plan->ready && !s->ready && matches_ready(g, p, n)) {
		s->ready = 1;
		s->start_by = NEVER;
		return;
	}
	if (g->plan->lines) {
		if (s->flight && !too_late(s, s->flight))
			lines_reply(g, s, p, n);
		return;
	}
	if (!message(g, s, p, n) && s->flight)
		run_printed(s->flight, p, n);
}

/* Ends an agent that says too much, and hears it no more. */
static void
silence(struct engine *g, struct slot *s, struct run *r, const char *why)
{
	s->unheard = 1;
	buf_release(&s->agent.from);
	s->agent.from_start = s->agent.from_seen = 0;
	end_agent(g, s, "protocol", why, r);
}

static void
take_lines(struct engine *g, struct slot *s)
{
	struct run *r;
	const char *p;
	size_t n;

	while (!s->unheard && agent_line(&s->agent, &p, &n)) {
		s->heard += n;
		take_line(g, s, p, n);
	}
	/* looked at once in a while, as it takes long to get so far */
	for (r = s->heard > RUN_LIMIT / 16 ? s->flight : NULL; r; r = r->next)
		if (run_size(r) > RUN_LIMIT) {
			silence(g, s, r, "the agent said more than 1 GiB of "
			    "one run");
			return;
		}
	if (s->heard > RUN_LIMIT / 16)
		s->heard = 0;
	if (s->agent.from.len - s->agent.from_start > LINE_LIMIT)
		silence(g, s, s->flight, "the agent wrote a line of more "
		    "than 256 MiB");
}

/*
 * What an agent that has ended left without a newline: a message that is whole
 * counts, half a line of text is no answer.
 */
static void
take_rest(struct engine *g, struct slot *s)
{
	const char *p;
	size_t n;

	if (!agent_rest(&s->agent, &p, &n))
		return;
	if (!g->plan->lines)
		take_line(g, s, p, n);
	else if (s->flight)
		run_printed(s->flight, p, n);
}

/* --- ends of agents -------------------------------------------------------------- */

/* What a process's end was, as a message. */
static void
describe_end(struct buf *b, int status)
{
	if (WIFSIGNALED(status))
		buf_printf(b, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		buf_printf(b, "exit status %d", WEXITSTATUS(status));
}

/* Fails a run that an agent had begun when it ended. */
static void
lose(struct engine *g, struct slot *s, struct run *r, const struct buf *tail)
{
	struct run_end end = { .exit_code = -1 };
	struct buf text = { 0 };
	int status = s->agent.status;

	end.kind = s->kill_kind ? s->kill_kind : "crash";
	if (s->kill_kind && s->blamed && r != s->blamed) {
		end.kind = "crash";
		buf_puts(&text, "the agent was ended because of another run");
	} else if (s->kill_kind) {
		buf_puts(&text, s->kill_why);
	} else {
		buf_puts(&text, "the agent ended before it answered");
	}
	if (s->kill_kind && r->printed.len)
		buf_puts(&text, "; it printed what is no message");
	buf_puts(&text, " (");
	describe_end(&text, status);
	buf_byte(&text, ')');
	if (WIFSIGNALED(status))
		end.signal = WTERMSIG(status);
	else
		end.exit_code = WEXITSTATUS(status);
	end.error = buf_str(&text);
	end.stderr_tail = tail->p;
	end.stderr_len = tail->len;
	fail(g, r, &end);
	buf_release(&text);
}

/* Deals with what an agent that has ended leaves behind. */
static void
bury(struct engine *g, struct slot *s)
{
	struct buf tail = { 0 };
	struct run *r, *waiting = NULL;
	int i, first;

	/*
	 * What it wrote before it ended is in the pipe, which holds at most
	 * 1 MiB; something that it left behind may still write to it.
	 */
	proc_signal(&s->agent.proc, SIGKILL);
	for (i = 0; i < 16 && !s->agent.from_eof && !s->unheard; i++)
		agent_read(&s->agent);
	take_lines(g, s);
	take_rest(g, s);
	agent_take_errors(&s->agent, &tail);
	if (!s->ready && !s->kill_kind && !g->fatal && !g->stopping) {
		buf_str(&tail);
		g->plan->say("the agent ended before it was ready");
		if (tail.len)
			g->plan->say(tail.p);
		g->fatal = 1;
	}
	/* one that never answered is to blame for the request it has first */
	for (first = !s->answered; (r = s->flight); first = 0) {
		unlink_run(s, r);
		if (r->started || first) {
			lose(g, s, r, &tail);
		} else {
			r->next = waiting;
			waiting = r;
		}
	}
	while ((r = waiting)) {
		waiting = r->next;
		give_back(g, r);
	}
	buf_release(&tail);
	agent_release(&s->agent);
	memset(s, 0, sizeof(*s));
}

static void
collect(struct engine *g)
{
	pid_t pid;
	size_t i;
	int status;

	while ((pid = proc_reap(&status)) > 0)
		for (i = 0; i < g->plan->parallel; i++)
			if (g->slots[i].live &&
			    g->slots[i].agent.proc.pid == pid) {
				g->slots[i].agent.ended = 1;
				g->slots[i].agent.status = status;
			}
	for (i = 0; i < g->plan->parallel; i++)
		if (g->slots[i].live && g->slots[i].agent.ended)
			bury(g, &g->slots[i]);
}

/* --- the clock --------------------------------------------------------------------- */

/* When the run of a slot that will be late first is late. */
static int64_t
late_at(const struct engine *g, const struct slot *s, struct run **which)
{
	int64_t at = NEVER, from, timeout = micro(g->plan->timeout);
	struct run *r;

	for (r = s->flight; r; r = r->next) {
		if (!r->started && r != s->flight)
			continue;
		from = r->started ? r->clock : s->since;
		if (from + timeout < at) {
			at = from + timeout;
			*which = r;
		}
	}
	return at;
}

static void
check_slot(struct engine *g, struct slot *s, int64_t now)
{
	struct run *late = NULL;

	if ((s->agent.from_eof || (s->agent.deaf && s->nflight)) &&
	    s->closed_at == NEVER)
		s->closed_at = now;
	if (s->kill_kind || s->closed_at != NEVER) {
		if (!s->kill_kind && now >= s->closed_at + END_WAIT)
			end_agent(g, s, "crash", s->agent.from_eof ?
			    "the agent closed its output" :
			    "the agent closed its input", NULL);
		if (now >= s->kill_at) {
			proc_signal(&s->agent.proc, SIGKILL);
			s->kill_at = NEVER;
		}
		return;
	}
	if (now >= s->start_by) {
		g->plan->say("the agent did not get ready in time");
		g->fatal = 1;
	} else if (now >= late_at(g, s, &late)) {
		if (!late->started)
			run_started_at(late, s->since);
		end_agent(g, s, "timeout", "the run took longer than "
		    "timeout_seconds", late);
	}
}

/* Whether there is, or may yet be, a run to send. */
static int
more_work(const struct engine *g)
{
	if (g->stopping || g->fatal)
		return 0;
	return g->again || g->waiting_retries || g->job || !g->ended;
}

/*
 * Nothing more to do for a slot: lets its agent end by itself, for a while.
 * What waits to be written to it is of no use to anybody any more.
 */
static void
dismiss(struct engine *g, struct slot *s)
{
	if (s->dismissed)
		return;
	s->dismissed = 1;
	if (s->agent.proc.in >= 0)
		close(s->agent.proc.in);
	s->agent.proc.in = -1;
	s->agent.to.len = s->agent.to_done = 0;
	if (s->kill_at == NEVER)
		s->kill_at = isotime_monotonic() +
		    micro(g->plan->kill_timeout);
}

/* An idle agent that will get no more work. */
static int
is_done_with(const struct engine *g, const struct slot *s)
{
	return !s->nflight && (!more_work(g) || s->agent.proc.in < 0 ||
	    (g->plan->fresh && s->answered));
}

static void
check_stop(struct engine *g, int64_t now)
{
	size_t i;

	if (proc_stops && !g->stopping) {
		g->stopping = 1;
		g->stop_by = now + micro(g->plan->grace);
	}
	if (!g->fatal && !(g->stopping && (proc_stops > 1 ||
	    now >= g->stop_by)))
		return;
	for (i = 0; i < g->plan->parallel; i++)
		if (g->slots[i].live && !g->slots[i].kill_kind) {
			end_agent(g, &g->slots[i], "cancelled",
			    "the experiment was stopped", NULL);
			/* a second signal does not wait */
			if (proc_stops > 1)
				g->slots[i].kill_at = now;
		}
}

static int64_t
check_clock(struct engine *g)
{
	int64_t now = isotime_monotonic(), next = NEVER, at;
	struct run *any;
	struct slot *s;
	size_t i;

#define SOONER(t) do { at = (t); if (at < next) next = at; } while (0)
	check_stop(g, now);
	if (g->stopping)
		SOONER(g->stop_by > now ? g->stop_by : NEVER);
	for (i = 0; i < g->plan->parallel; i++) {
		s = &g->slots[i];
		if (!s->live)
			continue;
		check_slot(g, s, now);
		if (is_done_with(g, s))
			dismiss(g, s);
		if (s->kill_at <= now && !s->kill_kind) {
			/* it was dismissed and did not go */
			proc_signal(&s->agent.proc, SIGKILL);
			s->kill_at = NEVER;
		}
		SOONER(s->kill_at);
		if (s->closed_at != NEVER && !s->kill_kind)
			SOONER(s->closed_at + END_WAIT);
		if (s->kill_kind)
			continue;
		SOONER(s->start_by);
		SOONER(late_at(g, s, &any));
		if (s->rest > now && more_work(g))
			SOONER(s->rest);
	}
	/* a retry that is due waits for an agent, not for the clock */
	for (i = 0; i < g->ndelayed; i++)
		if (g->delayed[i].first && more_work(g) &&
		    g->delayed[i].first->not_before > now)
			SOONER(g->delayed[i].first->not_before);
	if (g->plan->progress)
		SOONER(g->progress_at);
#undef SOONER
	return next;
}

/* --- the loop -------------------------------------------------------------------------- */

static void
watch(struct engine *g, size_t *n, int fd, int write)
{
	g->fds[*n].fd = fd;
	g->fds[*n].events = write ? POLLOUT : POLLIN;
	g->fds[*n].revents = 0;
	++*n;
}

/* Waits until something happens, or the time next. */
static void
wait_for(struct engine *g, int64_t next)
{
	int64_t now = isotime_monotonic(), ms = -1;
	struct slot *s;
	size_t i, n = 0;

	watch(g, &n, g->told, 0);
	if (g->waiting && more_work(g) && g->source->open)
		watch(g, &n, g->source->reader.fd, 0);
	if (out_pending(g->out))
		watch(g, &n, g->out->fd, 1);
	for (i = 0; i < g->plan->parallel; i++) {
		s = &g->slots[i];
		if (!s->live)
			continue;
		if (!s->agent.from_eof && !s->unheard)
			watch(g, &n, s->agent.proc.out, 0);
		if (s->agent.proc.err >= 0)
			watch(g, &n, s->agent.proc.err, 0);
		if (s->agent.to.len && s->agent.proc.in >= 0)
			watch(g, &n, s->agent.proc.in, 1);
	}
	if (next != NEVER)
		ms = next <= now ? 0 : (next - now + 999) / 1000;
	if (ms > 60000)
		ms = 60000;
	poll(g->fds, (nfds_t)n, (int)ms);
}

static void
talk(struct engine *g)
{
	struct slot *s;
	size_t i;

	for (i = 0; i < g->plan->parallel; i++) {
		s = &g->slots[i];
		if (!s->live)
			continue;
		agent_read_errors(&s->agent);
		if (!s->agent.from_eof && !s->unheard) {
			agent_read(&s->agent);
			take_lines(g, s);
		}
		agent_write(&s->agent);
	}
}

static void
show_progress(struct engine *g, int last)
{
	int64_t now;

	if (!g->plan->progress)
		return;
	now = isotime_monotonic();
	if (!last && now < g->progress_at)
		return;
	g->progress_at = now + PROGRESS_EVERY;
	g->plan->progress(g->done, g->failed, last);
}

static int
any_live(const struct engine *g)
{
	size_t i;

	for (i = 0; i < g->plan->parallel; i++)
		if (g->slots[i].live)
			return 1;
	return 0;
}

/*
 * Nothing is left to do but to write: runs that waited for another attempt
 * when the experiment was stopped, and what a slow reader has not taken.
 * Returns 1 while there is something, and nobody is tired of waiting.
 */
static int
drain(struct engine *g)
{
	struct run_end end = { .kind = "cancelled", .exit_code = -1,
	    .error = "the experiment was stopped before the next attempt" };
	struct run *r;
	size_t i;

	for (i = 0; i < g->ndelayed; i++)
		while ((r = g->delayed[i].first)) {
			g->delayed[i].first = r->next;
			g->waiting_retries--;
			finish(g, r, &end);
		}
	return out_pending(g->out) && proc_stops < 2;
}

static void
loop(struct engine *g)
{
	int64_t next;

	for (;;) {
		talk(g);
		collect(g);
		g->hurry = 0;
		do {
			g->turn_again = 0;
			give_work(g);
		} while (g->turn_again && !g->fatal);
		next = check_clock(g);
		show_progress(g, 0);
		if (out_try(g->out))
			break;
		if (!any_live(g) && !more_work(g) && !drain(g))
			break;
		wait_for(g, g->hurry ? 0 : next);
	}
}

static void
drop_runs(struct run *r)
{
	struct run *next;

	for (; r; r = next) {
		next = r->next;
		run_free(r);
	}
}

static void
release(struct engine *g)
{
	size_t i;

	for (i = 0; i < g->plan->parallel; i++)
		if (g->slots[i].live) {
			drop_runs(g->slots[i].flight);
			agent_release(&g->slots[i].agent);
		}
	proc_sweep();
	drop_runs(g->again);
	for (i = 0; i < g->ndelayed; i++)
		drop_runs(g->delayed[i].first);
	free(g->delayed);
	job_drop(g->job);
	free(g->slots);
	free(g->fds);
}

int
engine_run(const struct engine_plan *plan, struct source *s, struct out *o)
{
	struct engine g = { 0 };

	g.plan = plan;
	g.source = s;
	g.out = o;
	g.told = proc_init();
	g.slots = xcalloc(plan->parallel, sizeof(*g.slots));
	g.fds = xcalloc(3 * plan->parallel + 3, sizeof(*g.fds));
	s->eager = 1;
	loop(&g);
	if (proc_stops > 1)
		out_forget(o);
	release(&g);
	show_progress(&g, 1);
	if (g.fatal || o->error || s->failed)
		return 2;
	if (proc_stops)
		return 128 + proc_stop_signal;
	if (plan->npersonas && g.passed_over && !g.njobs) {
		plan->say("no input is of the personas that were asked for");
		return 1;
	}
	return g.failed || s->bad ? 1 : 0;
}
