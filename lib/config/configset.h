#ifndef CONFIGSET_H
#define CONFIGSET_H

/*
 * Changes one value in setting.yaml.
 */
struct err;

/*
 * Puts value for key into the file, leaving every other byte as it is; a key
 * that is missing is added to its section, or with its section at the end.
 * value is YAML text; it is put in quotes when it would not be one plain
 * scalar of the type that the key has. Returns 0 or -1 with *e filled in.
 */
int configset_put(const char *file, const char *key, const char *value,
    struct err *e);

#endif
