/*
 * For libFuzzer: any bytes as setting.yaml. Every error must have a message,
 * and a key that was set must be read back.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config.h"
#include "config/configset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/fuzz-setting-XXXXXX";
static char file[sizeof(dir) + sizeof("/setting.yaml")];

static void
clean_up(void)
{
	unlink(file);
	rmdir(dir);
}

static void
check_message(void *arg, int error, const struct err *e)
{
	(void)error;
	(void)arg;
	if (!e->msg || !*e->msg)
		abort();
}

static void
write_file(const uint8_t *data, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		abort();
}

/* Sets a key, and checks that the file has it. */
static void
check_set(const char *key, const char *value)
{
	struct config c;
	struct err e = { 0 };
	char *text;
	int loaded;

	if (configset_put(file, key, value, &e) == 0) {
		loaded = config_load(&c, file, check_message, NULL) == 0;
		text = config_text(&c, key);
		if (loaded && (!text || strcmp(text, value) != 0)) {
			fprintf(stderr, "fuzz-setting: %s is %s\n", key,
			    text ? text : "missing");
			abort();
		}
		free(text);
		config_release(&c);
	} else if (!e.msg) {
		abort();
	}
	err_release(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c;

	if (!*file) {
		if (!mkdtemp(dir))
			abort();
		sprintf(file, "%s/setting.yaml", dir);
		atexit(clean_up);
	}
	write_file(data, size);
	config_load(&c, file, check_message, NULL);
	config_release(&c);
	check_set("runner.timeout_seconds", "7");
	check_set("name", "a: b");
	return 0;
}
