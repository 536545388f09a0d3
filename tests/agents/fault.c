/*
 * fault MODE [WORD...]: an agent that answers "fine N" to the input "N", but
 * misbehaves at input 3 as MODE says. The words are options of the mode; the
 * comment of the mode's function describes them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGA 1000000

static char *line;		/* the current request */
static long id;			/* id of the request */
static long number;		/* input of the request */
static char **words;		/* arguments after the mode */

static long
number_at(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? atol(p + strlen(key)) : 0;
}

/* --- output -------------------------------------------------------------- */

static void
put(int fd, const char *p, size_t n)
{
	ssize_t w;

	for (; n; p += w, n -= (size_t)w) {
		w = write(fd, p, n);
		if (w < 0)
			_exit(99);
	}
}

__attribute__((format(printf, 1, 2)))
static void
send_text(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(1, text, (size_t)n);
}

static void
fine(void)
{
	send_text("{\"type\":\"final\",\"id\":%ld,\"output\":\"fine %ld\"}\n", id,
	    number);
}

/*
 * Writes the character c n times, with a newline after every width characters
 * unless width is 0.
 */
static void
fill(int fd, size_t n, char c, size_t width)
{
	char piece[65536];
	size_t i, part, column = 0;

	for (; n; n -= part) {
		part = n < sizeof(piece) ? n : sizeof(piece);
		memset(piece, c, part);
		for (i = 0; width && i < part; i++)
			if (++column % width == 0)
				piece[i] = '\n';
		put(fd, piece, part);
	}
}

static int
word_is(const char *word)
{
	char **w;

	for (w = words; *w; w++)
		if (!strcmp(*w, word))
			return 1;
	return 0;
}

/*
 * Ends the misbehaviour by a word: "fine" answers, "dies" exits with 7, "quiet"
 * does nothing.
 */
static void
finish_fault(void)
{
	if (word_is("dies"))
		_exit(7);
	if (word_is("fine"))
		fine();
}

static void
hang(void)
{
	for (;;)
		pause();
}

/* --- exits --------------------------------------------------------------- */

static void
exit_with(void)
{
	_exit(atoi(*words));
}

/* The first word is the number of the signal. */
static void
kill_self(void)
{
	raise(atoi(*words));
}

static void
kill_group(void)
{
	kill(0, SIGTERM);
	hang();
}

static void
segfault(void)
{
	*(volatile char *)(unsigned long)atoi("8") = 0;
}

static void
half(void)
{
	send_text("{\"type\":\"final\",\"outp");
	_exit(0);
}

/* Exits when the next request has been sent, but not read. */
static void
exit_after(void)
{
	fine();
	usleep(20000);
	_exit(0);
}

/* Returns the number in the first request without reading it from the pipe. */
static long
next_number(void)
{
	char text[4096];
	struct pollfd p = { 0, POLLIN, 0 };
	int copy[2];
	ssize_t n;

	if (poll(&p, 1, -1) < 0 || pipe(copy) ||
	    tee(0, copy[1], sizeof(text), 0) < 0)
		_exit(95);
	n = read(copy[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(copy[0]);
	close(copy[1]);
	return number_at(text, "\"input\":\"");
}

/* Needs an agent for each run. */
static void
never_read(void)
{
	if (next_number() == 3)
		hang();
}

/* Needs an agent for each run. */
static void
die_unread(void)
{
	if (next_number() == 3)
		_exit(3);
}

/* Only the first agent becomes ready. */
static void
start_slowly(void)
{
	if (mkdir("first", 0700))
		hang();
}

/* --- hangs --------------------------------------------------------------- */

static void
spin(void)
{
	signal(SIGTERM, SIG_IGN);
	nice(19);
	for (;;)
		;
}

/*
 * Writes forever, to stderr with the word "err", else to stdout. The word
 * "deaf": ignores SIGTERM.
 */
static void
flood(void)
{
	int fd = word_is("err") ? 2 : 1;

	if (word_is("deaf"))
		signal(SIGTERM, SIG_IGN);
	nice(19);
	for (;;)
		fill(fd, 65536, 'f', 80);
}

static void
stop(void)
{
	raise(SIGSTOP);
	hang();
}

static volatile sig_atomic_t signal_received;

static void
set_signal(int sig)
{
	signal_received = sig;
}

static void
answer_in_grace(void)
{
	signal(SIGTERM, set_signal);
	while (!signal_received)
		pause();
	fine();
	_exit(0);
}

/* Moves to the parent's process group, away from signals to its own. */
static void
leave_group(void)
{
	if (setpgid(0, getpgid(getppid())))
		_exit(98);
	hang();
}

/* Waits for a child process, which is the agent, in a session of its own. */
static void
new_session(void)
{
	int status;

	if (fork()) {
		wait(&status);
		_exit(WEXITSTATUS(status));
	}
	setsid();
}

static void
close_stdout(void)
{
	if (word_is("deaf"))
		signal(SIGTERM, SIG_IGN);
	close(1);
	hang();
}

/* --- leftover processes -------------------------------------------------- */

/*
 * The word "session": the child has a session of its own; "deaf": the child
 * ignores SIGTERM.
 */
static void
leave_child(void)
{
	if (fork())
		return;
	if (word_is("session"))
		setsid();
	if (word_is("deaf"))
		signal(SIGTERM, SIG_IGN);
	hang();
}

static void
one_child(void)
{
	leave_child();
	finish_fault();
}

static void
many_children(void)
{
	int i;

	for (i = 0; i < 200; i++)
		leave_child();
	finish_fault();
}

static void
zombies(void)
{
	int i;

	for (i = 0; i < 50; i++)
		if (!fork())
			_exit(0);
	finish_fault();
}

/*
 * A child in another session keeps sending answers, or, with the word "dies",
 * other lines after the agent has exited.
 */
static void
talking_child(void)
{
	if (fork()) {
		finish_fault();
		return;
	}
	for (setsid(); ; usleep(1000))
		if (word_is("dies"))
			send_text("still here\n");
		else
			fine();
}

/* --- garbage ------------------------------------------------------------- */

/*
 * Writes 100 MB. The words: "err" or "out", the stream; "lines" or "one", many
 * lines or one; and one of finish_fault.
 */
static void
garbage(void)
{
	int fd = word_is("err") ? 2 : 1;

	fill(fd, 100 * MEGA, 'g', word_is("lines") ? 80 : 0);
	if (!word_is("dies"))
		put(fd, "\n", 1);
	finish_fault();
}

static void
write_first(void)
{
	fill(1, MEGA, 'w', 80);
}

static void
bad_utf8(void)
{
	send_text("{\"type\":\"final\",\"id\":%ld,\"output\":\"\xff\xfe\xc0\x80\"}\n",
	    id);
	finish_fault();
}

static void
nul_bytes(void)
{
	static const char text[] = "a\0b\n{\"type\":\"final\"\0}\n";

	put(1, text, sizeof(text) - 1);
	finish_fault();
}

static void
deep(void)
{
	send_text("{\"type\":\"final\",\"id\":%ld,\"output\":", id);
	fill(1, 100000, '[', 0);
	fill(1, 100000, ']', 0);
	send_text("}\n");
	finish_fault();
}

static void
close_stderr(void)
{
	close(2);
	finish_fault();
}

/* --- the protocol -------------------------------------------------------- */

static void
twice(void)
{
	fine();
	send_text("{\"type\":\"final\",\"id\":%ld,\"output\":\"again\"}\n", id);
}

/* In one write, so that no other request is between the two. */
static void
twice_unnamed(void)
{
	send_text("{\"type\":\"final\",\"output\":\"fine %ld\"}\n"
	    "{\"type\":\"final\",\"output\":\"again\"}\n", number);
}

static void
unknown_id(void)
{
	send_text("{\"type\":\"final\",\"id\":%s,\"output\":\"no\"}\n", *words);
	hang();
}

static long answered;		/* id of input 3's request, after its answer */

static void
late(void)
{
	fine();
	answered = id;
}

static void
more_of_late(void)
{
	static const char *const more[] = {
		"\"observation\",\"observation\":{\"type\":\"tool\"}",
		"\"delta\",\"delta\":\"late\"", "\"start\"",
		"\"callback\",\"name\":\"send\",\"args\":[\"late\"]",
		"\"error\",\"error\":\"late\"", "\"final\",\"output\":\"late\""
	};
	size_t i;

	for (i = 0; answered && i < sizeof(more) / sizeof(*more); i++)
		send_text("{\"id\":%ld,\"type\":%s}\n", answered, more[i]);
	fine();
}

/* The word "child": leaves a child first; leave_child describes the words. */
static void
big_final(void)
{
	if (word_is("child"))
		leave_child();
	send_text("{\"type\":\"final\",\"id\":%ld,\"output\":\"fine %ld ", id,
	    number);
	fill(1, 50 * MEGA, 'x', 0);
	send_text("\"}\n");
}

static void
big_observation(void)
{
	send_text("{\"type\":\"observation\",\"id\":%ld,\"observation\":"
	    "{\"type\":\"tool\",\"name\":\"big\",\"output\":\"", id);
	fill(1, 50 * MEGA, 'x', 0);
	send_text("\"}}\n");
	fine();
}

static void
hello_again(void)
{
	send_text("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":4}\n"
	    "{\"type\":\"hello\",\"protocol\":2}\n");
	fine();
}

static void
final_first(void)
{
	fine();
	send_text("{\"type\":\"start\",\"id\":%ld}\n", id);
}

static void
wild_hello(void)
{
	static const char *const wild[] = {
		"-1", "0", "1e999", "-1e308", "99999999999999999999", "0.5",
		"NaN", "\"x\"", "null", "[]", "4097"
	};
	size_t i;

	for (i = 0; i < sizeof(wild) / sizeof(*wild); i++)
		send_text("{\"type\":\"hello\",\"protocol\":%s,\"pipeline\":%s,"
		    "\"concurrency\":1,\"clock\":%s}\n", wild[i], wild[i],
		    wild[i]);
}

static void
hello(void)
{
	send_text("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":64}\n");
}

/* Collects requests until 50 ms pass without one; answers the last first. */
static void
reverse(void)
{
	static long ids[64], numbers[64];
	static size_t n;
	struct pollfd p = { 0, POLLIN, 0 };

	ids[n] = id;
	numbers[n++] = number;
	if (n < 64 && poll(&p, 1, 50) > 0)
		return;
	while (n) {
		id = ids[--n];
		number = numbers[n];
		fine();
	}
}

static void
hello_wide(void)
{
	setvbuf(stdin, NULL, _IONBF, 0);
	send_text("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":8,"
	    "\"concurrency\":4}\n");
}

/* Answers with the number of x in the input, to show that all of it arrived. */
static void
count(void)
{
	const char *p = strstr(line, "\"input\":\"") + 9;
	long n = 0;

	for (; *p && *p != '"'; p++)
		n += *p == 'x';
	send_text("{\"type\":\"final\",\"id\":%ld,\"output\":\"fine %ld: %ld\"}\n",
	    id, number, n);
}

static void
observe(void)
{
	send_text("{\"type\":\"observation\",\"id\":%ld,\"observation\":"
	    "{\"type\":\"tool\",\"name\":\"look\",\"output\":%ld}}\n", id,
	    number);
	fine();
}

static void
every_seventh(void)
{
	if (number % 7 == 0)
		raise(SIGKILL);
	fine();
}

/* --- the table ----------------------------------------------------------- */

static const struct mode {
	const char *name;
	void (*at_three)(void);	/* for input 3; NULL: as for the others */
	void (*at_start)(void);	/* before the first request; may be NULL */
	void (*at_any)(void);	/* for other inputs; NULL: fine */
} modes[] = {
	{ "exit", exit_with, NULL, NULL },
	{ "exit-after", exit_after, NULL, NULL },
	{ "exit-after-hello", exit_after, hello, NULL },
	{ "exit-hello", exit_with, hello, NULL },
	{ "signal", kill_self, NULL, NULL },
	{ "group", kill_group, NULL, NULL },
	{ "segfault", segfault, NULL, NULL },
	{ "half", half, NULL, NULL },
	{ "never-read", NULL, never_read, NULL },
	{ "die-unread", NULL, die_unread, NULL },
	{ "slow-start", NULL, start_slowly, NULL },
	{ "hang", hang, NULL, NULL },
	{ "hang-hello", hang, hello, NULL },
	{ "spin", spin, NULL, NULL },
	{ "flood", flood, NULL, NULL },
	{ "stop", stop, NULL, NULL },
	{ "grace", answer_in_grace, NULL, NULL },
	{ "leave-group", leave_group, NULL, NULL },
	{ "session", hang, new_session, NULL },
	{ "close-stdout", close_stdout, NULL, NULL },
	{ "child", one_child, NULL, NULL },
	{ "child-first", NULL, leave_child, NULL },
	{ "children", many_children, NULL, NULL },
	{ "zombies", zombies, NULL, NULL },
	{ "talking-child", talking_child, NULL, NULL },
	{ "garbage", garbage, NULL, NULL },
	{ "write-first", NULL, write_first, count },
	{ "utf8", bad_utf8, NULL, NULL },
	{ "nul", nul_bytes, NULL, NULL },
	{ "deep", deep, NULL, NULL },
	{ "close-stderr", close_stderr, NULL, NULL },
	{ "twice", twice, NULL, NULL },
	{ "twice-unnamed", twice_unnamed, NULL, NULL },
	{ "unknown-id", unknown_id, NULL, NULL },
	{ "late", late, NULL, more_of_late },
	{ "big-final", big_final, NULL, NULL },
	{ "big-observation", big_observation, NULL, NULL },
	{ "hello-again", hello_again, hello, NULL },
	{ "final-first", final_first, hello, NULL },
	{ "wild-hello", NULL, wild_hello, NULL },
	{ "reverse", reverse, hello_wide, reverse },
	{ "count", NULL, NULL, count },
	{ "observe", NULL, NULL, observe },
	{ "sevenths", every_seventh, NULL, every_seventh },
	{ "sevenths-hello", every_seventh, hello, every_seventh },
};

static const struct mode *
find_mode(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(name, modes[i].name))
			return &modes[i];
	fprintf(stderr, "fault: unknown mode '%s'\n", name);
	exit(97);
}

int
main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	const struct mode *m = find_mode(argc > 1 ? argv[1] : "");
	int greeted = m->at_start == hello || m->at_start == hello_wide;
	size_t cap = 0;

	words = argv + 2;
	setrlimit(RLIMIT_CORE, &no_core);
	if (m->at_start)
		m->at_start();
	if (word_is("ready"))
		send_text("READY\n");
	while (getline(&line, &cap, stdin) > 0) {
		id = number_at(line, "\"id\":");
		number = number_at(line, "\"input\":\"");
		if (greeted)
			send_text("{\"type\":\"start\",\"id\":%ld}\n", id);
		if (number == 3 && m->at_three)
			m->at_three();
		else if (m->at_any)
			m->at_any();
		else
			fine();
	}
	return 0;
}
