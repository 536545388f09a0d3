#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "io/out.h"
#include "terminal.h"

/* How long the rest of an escape sequence may take, in nanoseconds. */
#define SEQUENCE_NS 50000000L

/* The other screen, bracketed pastes, no wrapping; and back. */
static const char enter[] = "\033[?1049h\033[?2004h\033[?7l\033[?25l";
static const char leave[] = "\033[0m\033[?25h\033[?7h\033[?2004l\033[?1049l";

static struct {
	int fd;			/* -1: closed */
	int taken;		/* 1: it is ours */
	struct termios before;
	sigset_t waiting;	/* the signals blocked while waiting */
	char bytes[256];	/* read and not used */
	size_t n;
} terminal = { .fd = -1 };

static volatile sig_atomic_t resized, ending, stopping;

/* --- giving and taking --------------------------------------------------- */

static void
terminal_take(void)
{
	struct termios raw = terminal.before;

	/* signals stay: Ctrl-C, Ctrl-Z and Ctrl-\ do what they always do */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	while (tcsetattr(terminal.fd, TCSADRAIN, &raw) && errno == EINTR)
		continue;
	if (!terminal.taken)
		out_write_all(terminal.fd, enter, sizeof(enter) - 1);
	terminal.taken = 1;
}

static void
terminal_give(void)
{
	if (terminal.fd < 0 || !terminal.taken)
		return;
	terminal.taken = 0;
	out_write_all(terminal.fd, leave, sizeof(leave) - 1);
	/* keys typed ahead are for this program only */
	while (tcsetattr(terminal.fd, TCSAFLUSH, &terminal.before) &&
	    errno == EINTR)
		continue;
}

void
terminal_close(void)
{
	terminal_give();
	if (terminal.fd >= 0)
		close(terminal.fd);
	terminal.fd = -1;
}

/* --- signals ------------------------------------------------------------- */

static void
terminal_caught(int sig)
{
	if (sig == SIGWINCH || sig == SIGCONT)
		resized = 1;
	else if (sig == SIGTSTP)
		stopping = 1;
	else
		ending = sig;
}

static const int handled[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH
};

/* Handles signals, which arrive only while a key is awaited. */
static void
terminal_catch(void)
{
	struct sigaction act = { .sa_handler = terminal_caught };
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < LEN(handled); i++) {
		/* nohup(1), or a shell without job control, ignores some */
		if (signal_ignored(handled[i]))
			continue;
		sigaction(handled[i], &act, NULL);
		sigaddset(&blocked, handled[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &terminal.waiting);
	for (i = 0; i < LEN(handled); i++)
		sigdelset(&terminal.waiting, handled[i]);
}

/* Does what a signal does by default, with the terminal given back. */
static void
terminal_obey(int sig)
{
	struct sigaction act = { .sa_handler = SIG_DFL }, own;
	sigset_t only, before;

	terminal_give();
	sigaction(sig, &act, &own);
	raise(sig);
	sigemptyset(&only);
	sigaddset(&only, sig);
	/* it is blocked, and arrives here; a stop ends here, too */
	sigprocmask(SIG_UNBLOCK, &only, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(sig, &own, NULL);
}

/* Handles the signals that arrived. Returns 1 if a frame is due. */
static int
terminal_handle(void)
{
	int due = resized || stopping;

	if (ending)
		terminal_obey(ending);
	if (stopping) {
		stopping = 0;
		terminal_obey(SIGTSTP);
	}
	if (due) {
		resized = 0;
		/* after a stop, the shell has set modes of its own */
		terminal_take();
	}
	return due;
}

/* --- opening ------------------------------------------------------------- */

int
terminal_open(void)
{
	terminal.fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (terminal.fd < 0)
		return -1;
	if (tcgetattr(terminal.fd, &terminal.before)) {
		terminal_close();
		return -1;
	}
	atexit(terminal_close);
	terminal_catch();
	terminal_take();
	return 0;
}

void
terminal_size(unsigned *columns, unsigned *rows)
{
	struct winsize size = { 0 };

	if (ioctl(terminal.fd, TIOCGWINSZ, &size))
		memset(&size, 0, sizeof(size));
	*columns = size.ws_col ? size.ws_col : 80;
	*rows = size.ws_row ? size.ws_row : 24;
}

int
terminal_draw(const struct buf *frame)
{
	return out_write_all(terminal.fd, frame->p, frame->len);
}

/* --- keys ---------------------------------------------------------------- */

/*
 * Reads more bytes; waits only briefly within a sequence. Returns 1, 0 after a
 * signal or without bytes in time, or -1 if the terminal is gone.
 */
static int
terminal_read(int in_sequence)
{
	struct timespec soon = { 0, SEQUENCE_NS };
	size_t have = terminal.n;
	ssize_t n;
	fd_set set;
	int got;

	if (have >= sizeof(terminal.bytes))
		return 1;
	FD_ZERO(&set);
	FD_SET(terminal.fd, &set);
	got = pselect(terminal.fd + 1, &set, NULL, NULL, in_sequence ? &soon :
	    NULL, &terminal.waiting);
	if (got <= 0)
		return got < 0 && errno != EINTR ? -1 : 0;
	n = read(terminal.fd, terminal.bytes + have,
	    sizeof(terminal.bytes) - have);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -1;
	terminal.n = have + (size_t)n;
	return 1;
}

static void
terminal_use(size_t n)
{
	terminal.n -= n;
	memmove(terminal.bytes, terminal.bytes + n, terminal.n);
}

/* The key of a sequence without its escape, of n bytes. */
static uint32_t
terminal_key_of(const char *s, size_t n)
{
	static const struct {
		const char *sequence;
		uint32_t key;
	} keys[] = {
		{ "[A", KEY_UP }, { "OA", KEY_UP },
		{ "[B", KEY_DOWN }, { "OB", KEY_DOWN },
		{ "[C", KEY_RIGHT }, { "OC", KEY_RIGHT },
		{ "[D", KEY_LEFT }, { "OD", KEY_LEFT },
		{ "[H", KEY_HOME }, { "OH", KEY_HOME }, { "[1~", KEY_HOME },
		{ "[7~", KEY_HOME },
		{ "[F", KEY_END }, { "OF", KEY_END }, { "[4~", KEY_END },
		{ "[8~", KEY_END },
		{ "[5~", KEY_PAGE_UP }, { "[6~", KEY_PAGE_DOWN },
		{ "[200~", KEY_PASTE }, { "[201~", KEY_PASTED }
	};
	size_t i;

	for (i = 0; i < LEN(keys); i++)
		if (strlen(keys[i].sequence) == n &&
		    !memcmp(keys[i].sequence, s, n))
			return keys[i].key;
	return KEY_OTHER;
}

/* The number of bytes of the sequence after an escape; 0: not whole. */
static size_t
sequence_length(const char *s, size_t n)
{
	size_t i;

	if (!n)
		return 0;
	if (*s == 'O')
		return n > 1 ? 2 : 0;
	if (*s != '[')
		return 1;
	for (i = 1; i < n; i++)
		if (s[i] >= 0x40 && s[i] < 0x7f)
			return i + 1;
	return 0;
}

static uint32_t
terminal_sequence(void)
{
	size_t n;
	uint32_t key;

	while (!(n = sequence_length(terminal.bytes + 1, terminal.n - 1)))
		if (terminal.n == sizeof(terminal.bytes) ||
		    terminal_read(1) <= 0)
			break;
	if (!n) {
		/* the key Escape, or an unknown sequence */
		key = terminal.n == 1 ? KEY_ESCAPE : KEY_OTHER;
		terminal_use(terminal.n);
		return key;
	}
	/* Alt and a key, or Escape and a key that was typed soon */
	key = n == 1 ? KEY_OTHER : terminal_key_of(terminal.bytes + 1, n);
	terminal_use(n + 1);
	return key;
}

uint32_t
terminal_key(void)
{
	uint32_t c;
	size_t n;
	int got;

	for (;;) {
		if (terminal_handle())
			return KEY_REDRAW;
		if (terminal.n && !utf8_is_cut(terminal.bytes, terminal.n))
			break;
		got = terminal_read(0);
		if (got < 0)
			return KEY_GONE;
	}
	if (*terminal.bytes == KEY_ESCAPE)
		return terminal_sequence();
	n = utf8_decode(terminal.bytes, terminal.n, &c);
	terminal_use(n);
	return c;
}
