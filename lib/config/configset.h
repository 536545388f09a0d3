#ifndef CONFIGSET_H
#define CONFIGSET_H

/*
 * Changes one value in setting.yaml.
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

#endif
