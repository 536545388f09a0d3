#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "program.h"

char *
program_folder(void)
{
	char *path = realpath("/proc/self/exe", NULL);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		slash[slash == path] = '\0';
	return path;
}

const char *
program_next_folder(const char **list, size_t *n)
{
	const char *folder = *list;

	if (folder) {
		*n = strcspn(folder, ":");
		*list = folder[*n] ? folder + *n + 1 : NULL;
	}
	return folder;
}

char *
program_in(const char *folder, size_t n, const char *name)
{
	struct stat st;
	struct buf path = { 0 };

	if (n)
		buf_add(&path, folder, n);
	else
		buf_byte(&path, '.');
	buf_byte(&path, '/');
	buf_puts(&path, name);
	if (!stat(buf_str(&path), &st) && S_ISREG(st.st_mode) &&
	    !access(path.p, X_OK))
		return buf_detach(&path, NULL);
	buf_release(&path);
	return NULL;
}

char *
program_find(const char *name)
{
	const char *list = getenv("PATH"), *folder;
	char *path = NULL;
	size_t n;

	while (!path && (folder = program_next_folder(&list, &n)))
		path = program_in(folder, n, name);
	return path;
}
