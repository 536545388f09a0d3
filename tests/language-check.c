/*
 * Calls language_of for generate.bats. For each line "CODE<tab>TEXT" of stdin
 * whose language is not CODE, prints CODE, the result ("-": unsure) and TEXT.
 */
#include <stdio.h>
#include <string.h>

#include "generate/language.h"
#include "generate/phrases.h"
#include "generate/span.h"

int
main(void)
{
	char line[4096], *text;
	const char *found;
	enum lang l;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		text = strchr(line, '\t');
		if (!text)
			return 2;
		*text++ = '\0';
		l = language_of(span_str(text));
		found = l < LANG_LATIN ? tongues[l].code : "-";
		if (strcmp(found, line))
			printf("%s\t%s\t%s\n", line, found, text);
	}
	return ferror(stdin) ? 2 : 0;
}
