/*
 * Calls functions of the library for formats.bats.
 *
 * of		ranges of characters, and the number of cells that each takes
 * put N	stdin as termwidth_put shows it in N cells, a space, and its cells
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/unicode.h"
#include "format/termwidth.h"

static void
say_ranges(void)
{
	uint32_t c, from = 0x20;

	for (c = from + 1; c <= 0x110000; c++) {
		if (c < 0x110000 && unicode_width(c) == unicode_width(from))
			continue;
		printf("%lx %lx %u\n", (unsigned long)from,
		    (unsigned long)c - 1, unicode_width(from));
		from = c;
	}
}

static void
say_text(size_t max)
{
	struct buf in = { 0 }, out = { 0 };
	size_t n;

	do {
		n = fread(buf_room(&in, 4096), 1, 4096, stdin);
		in.len += n;
	} while (n);
	n = termwidth_put(&out, in.p, in.len, max);
	buf_printf(&out, " %zu\n", n);
	fwrite(out.p, 1, out.len, stdout);
	buf_release(&in);
	buf_release(&out);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "of"))
		say_ranges();
	else if (argc == 3 && !strcmp(argv[1], "put"))
		say_text((size_t)strtoul(argv[2], NULL, 10));
	else
		return 2;
	return 0;
}
