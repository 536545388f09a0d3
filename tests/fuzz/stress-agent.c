/*
 * stress-agent PIPELINE CONCURRENCY SEED: an agent that does what its inputs
 * say, for run-stress.py. PIPELINE 0: it does not send a hello. An input is
 * "NUMBER WORD,WORD...", with a word for each attempt; the last word is for all
 * further ones. The output is the input, a space, and the attempt.
 *
 * ok		answers
 * err		answers with an error
 * slow		answers after some milliseconds
 * noise	answers after lines that are not messages
 * twice	answers twice
 * big		answers with BIG bytes more
 * fork		answers, and leaves processes running
 * deaf		closes its input, then answers
 * die0		ends before it begins
 * die1		ends when it has begun
 * die2		ends in the middle of its answer
 * die3		ends when it has answered
 * hang		begins, and does nothing more
 * hang0	does not even begin
 * term		the same as hang, and SIGTERM is ignored
 * close	closes its output and stays
 * stray	answers requests that it did not get
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROOM 8192
#define TEXT 200
#define BIG 300000

struct request {
	long id;
	long attempt;
	int begun;
	int stuck;		/* it will never be answered */
	char text[TEXT];
	char word[TEXT];
};

static struct request held[ROOM];
static size_t nheld;
static size_t nbegun;
static long pipeline, concurrency;
static unsigned long state;
static char in[1 << 20];
static size_t nin;
static int ended;		/* there are no more requests */
static char padding[BIG + 1];

/* True once in n times. */
static int
once_in(unsigned long n)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return state >> 33 < (1UL << 31) / n;
}

static void
sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void
stay(void)
{
	fflush(stdout);
	for (;;)
		pause();
}

static long
number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? atol(at + strlen(key)) : 0;
}

/* Takes a request out of a line. */
static void
take(char *line)
{
	struct request *r = &held[nheld++];
	char *text = strstr(line, "\"input\":\""), *end, *word;
	long i;

	memset(r, 0, sizeof(*r));
	r->id = number(line, "\"id\":");
	r->attempt = number(line, "\"attempt\":");
	text = text ? text + 9 : line;
	end = strchr(text, '"');
	if (end)
		*end = '\0';
	snprintf(r->text, sizeof(r->text), "%.100s", text);
	word = strchr(r->text, ' ');
	word = word ? word + 1 : r->text;
	for (i = 1; i < r->attempt && strchr(word, ','); i++)
		word = strchr(word, ',') + 1;
	snprintf(r->word, sizeof(r->word), "%.*s", (int)strcspn(word, ","),
	    word);
}

/* Reads requests; waits for some if it has to. */
static void
hear(int wait)
{
	struct pollfd p = { 0, POLLIN, 0 };
	char *nl, *from = in;
	ssize_t n;

	if (ended || nheld > ROOM / 2)
		return;
	if (wait)
		fflush(stdout);
	if (poll(&p, 1, wait ? -1 : 0) <= 0)
		return;
	n = read(0, in + nin, sizeof(in) - nin);
	if (n <= 0) {
		ended = 1;
		return;
	}
	nin += (size_t)n;
	while ((nl = memchr(from, '\n', nin - (size_t)(from - in)))) {
		*nl = '\0';
		take(from);
		from = nl + 1;
	}
	nin -= (size_t)(from - in);
	memmove(in, from, nin);
}

static int
is(const struct request *r, const char *word)
{
	return !strcmp(r->word, word);
}

static void
begin(struct request *r)
{
	r->begun = 1;
	nbegun++;
	if (is(r, "die0")) {
		fflush(stdout);
		_exit(3);
	}
	r->stuck = is(r, "hang") || is(r, "hang0") || is(r, "term");
	if (is(r, "term"))
		signal(SIGTERM, SIG_IGN);
	if (pipeline && !is(r, "hang0")) {
		fflush(stdout);
		printf("{\"type\":\"start\",\"id\":%ld}\n", r->id);
		fflush(stdout);
	}
	if (is(r, "die1"))
		_exit(4);
	if (is(r, "close")) {
		close(1);
		stay();
	}
}

static void
leave_behind(void)
{
	fflush(stdout);
	if (fork() == 0) {
		if (once_in(2))
			setsid();
		signal(SIGTERM, SIG_IGN);
		sleep(1000);
		_exit(0);
	}
}

static void
say(const struct request *r, const char *type)
{
	struct timespec t;

	printf("{\"type\":\"%s\"", type);
	if (pipeline || once_in(2))
		printf(",\"id\":%ld", r->id);
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (once_in(3))
		printf(",\"clock\":%lld", (long long)t.tv_sec * 1000000 +
		    t.tv_nsec / 1000);
	if (!strcmp(type, "error"))
		printf(",\"error\":\"%s %ld\"}\n", r->text, r->attempt);
	else
		printf(",\"output\":\"%s %ld%s\"}\n", r->text, r->attempt,
		    is(r, "big") ? padding : "");
}

static void
answer(const struct request *r)
{
	if (is(r, "slow"))
		sleep_ms(once_in(2) ? 3 : 25);
	if (is(r, "noise"))
		puts("noise\n\n{\"a\":1}\n[1]\n{\"type\":7}\n\"\xff\"");
	if (is(r, "fork"))
		leave_behind();
	if (is(r, "deaf")) {
		close(0);
		ended = 1;
	}
	if (is(r, "die2")) {
		printf("{\"type\":\"final\",\"id\":%ld,\"outp", r->id);
		fflush(stdout);
		_exit(5);
	}
	if (is(r, "stray")) {
		printf("{\"type\":\"final\",\"id\":%ld}\n", r->id + 1000000);
		stay();
	}
	if (once_in(4))
		printf("{\"type\":\"observation\",\"id\":%ld,\"observation\":"
		    "{\"type\":\"tool\",\"total_tokens\":1}}\n", r->id);
	say(r, is(r, "err") ? "error" : "final");
	if (is(r, "twice") && pipeline)
		printf("{\"type\":\"final\",\"id\":%ld}\n", r->id);
	if (is(r, "die3")) {
		fflush(stdout);
		_exit(once_in(2) ? 0 : 6);
	}
	if (once_in(2))
		fflush(stdout);
}

/* Answers one of the started requests. Returns 0 if all are stuck. */
static int
answer_one(void)
{
	size_t i, from = once_in(2) ? 0 : nheld / 2;
	struct request r;

	for (i = 0; i < nheld; i++) {
		r = held[(from + i) % nheld];
		if (!r.begun || r.stuck)
			continue;
		held[(from + i) % nheld] = held[nheld - 1];
		nheld--;
		nbegun--;
		answer(&r);
		return 1;
	}
	return 0;
}

/* Returns the first request that was not started: that with the least id. */
static struct request *
first_waiting(void)
{
	struct request *r = NULL;
	size_t i;

	for (i = 0; i < nheld; i++)
		if (!held[i].begun && (!r || held[i].id < r->id))
			r = &held[i];
	return r;
}

int
main(int argc, char **argv)
{
	struct request *r;

	if (argc != 4)
		return 2;
	pipeline = atol(argv[1]);
	concurrency = atol(argv[2]);
	state = (unsigned long)atol(argv[3]) * 2654435761UL +
	    (unsigned long)getpid();
	memset(padding, 'x', BIG);
	setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
	if (pipeline)
		printf("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":%ld,"
		    "\"concurrency\":%ld}\n", pipeline, concurrency);
	for (;;) {
		hear(nbegun == 0 && !nheld);
		while (nbegun < (size_t)concurrency && (r = first_waiting()))
			begin(r);
		if (nbegun && answer_one())
			continue;
		if (ended)
			break;
		if (nheld)
			hear(1);
	}
	fflush(stdout);
	if (once_in(8))
		sleep_ms(40);
	return 0;
}
