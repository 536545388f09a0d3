#ifndef PROC_H
#define PROC_H

/*
 * Child processes. Each leads a process group of its own, so that all that it
 * starts can be ended with it; what makes itself a new session is found and
 * ended too where the system makes us the parent of orphans (Linux).
 */
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

struct proc {
	pid_t pid;		/* 0: none */
	int in;			/* our end of its standard input; -1: closed */
	int out;
	int err;
};

/*
 * How often SIGINT, SIGTERM, SIGHUP and SIGQUIT came since proc_init, where
 * those within 0.1 s are one, and the first of them; whether SIGUSR1 (or
 * SIGINFO) came.
 */
extern volatile sig_atomic_t proc_stops;
extern volatile sig_atomic_t proc_stop_signal;
extern volatile sig_atomic_t proc_report_wanted;

/*
 * Catches SIGUSR1 (and SIGINFO), unless it was ignored: called before anything
 * else, as these signals end a process that does not expect them.
 */
void proc_expect_report(void);

/*
 * Called once. SIGCHLD and the signals above, unless they were ignored, make
 * the returned descriptor readable. SIGPIPE is ignored, orphans become
 * children of this process, and children inherit none of the descriptors that
 * it was started with. As many files may be open as the system allows, but
 * children get the limit that this process was started with. Returns -1 with *e
 * filled in on failure.
 */
int proc_init(struct err *e);

/*
 * Starts argv (looked for in our PATH) in the folder dir (NULL: ours) with the
 * environment env. Its signals are at their defaults, and of our descriptors
 * it gets none. Our ends do not block. Returns 0, or -1 with *e filled in and
 * errno set.
 */
int proc_spawn(struct proc *p, char *const *argv, char *const *env,
    const char *dir, struct err *e);

/*
 * Sends a signal to the process's group, and to itself where it has left it.
 * The process must not have been collected: its number may be another's then,
 * and proc_forget makes this do nothing.
 */
void proc_signal(const struct proc *p, int sig);

void proc_forget(struct proc *p);

/* Closes our ends. */
void proc_close(struct proc *p);

/* How a process ended, and what it and the children it waited for used. */
struct proc_end {
	pid_t pid;
	int status;		/* status as waitpid gives it */
	double cpu;		/* seconds */
	long long peak;		/* the largest resident memory, bytes */
};

/*
 * Returns a process that has ended, a child or an orphan, or 0. It keeps its
 * number, and that of its group, until proc_reap collects it.
 */
pid_t proc_ended(void);
void proc_reap(pid_t pid, struct proc_end *end);

/*
 * Kills and reaps all children, except those that this process was started
 * with; also done at exit.
 */
void proc_sweep(void);

/*
 * The signal that a name is, with or without "SIG" in front; 0 for none. The
 * name of one, with it.
 */
int proc_signal_number(const char *name);
const char *proc_signal_name(int sig);

#endif
