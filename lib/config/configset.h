#ifndef CONFIGSET_H
#define CONFIGSET_H

/*
 * Changes one value in setting.yaml, or in the file of a folder configs
 * (layout.h) that has the key or is its home.
 */
struct err;

/*
 * Sets a key in the file and leaves every other byte as it is. A missing key is
 * added to its section, or with its section at the end. value is YAML text; it
 * is quoted unless it is one plain scalar of the key's type. A link is kept,
 * and the file it leads to is changed. Returns 0, or -1 with *e filled in and
 * the file unchanged.
 */
int configset_put(const char *file, const char *key, const char *value,
    struct err *e);

/*
 * Removes the lines of a key, known or not, and of the sections around it that
 * have no other key. Returns 0, or -1 with *e filled in and the file unchanged.
 */
int configset_remove(const char *file, const char *key, struct err *e);

/*
 * Fills in the file, line and column of *e with those of a key's value, or of
 * the last section on the way to it. Leaves *e alone if nothing of it is there.
 */
void configset_locate(const char *file, const char *key, struct err *e);

#endif
