/*
 * pingpong N: two processes send a byte to each other and back over pipes N
 * times. The time is a lower limit of that of N calls of an agent, one at a
 * time.
 */
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;
	int to[2], from[2];
	char c = 'x';

	if (pipe(to) || pipe(from))
		return 2;
	if (fork() == 0) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1 && write(from[1], &c, 1) == 1)
			;
		_exit(0);
	}
	for (; n > 0; n--)
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			return 1;
	return 0;
}
