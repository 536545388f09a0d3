#ifndef CURLCMD_H
#define CURLCMD_H

/*
 * Makes runner.http from a curl command, such as the documentation of most
 * services has.
 */
struct buf;
struct err;

/*
 * Appends {"runner":{"http":{...}}} for a command such as "curl -H 'A: b' -d
 * '{...}' URL", quoted as for a shell; nothing is run. The text of the body
 * that looks like the input becomes a hole, and secrets in headers become
 * variables: note is called with what the user must do about them. Returns 0,
 * or -1 with *e filled in.
 */
int curlcmd_read(const char *command, struct buf *json,
    void (*note)(const char *msg), struct err *e);

#endif
