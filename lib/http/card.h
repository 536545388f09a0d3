#ifndef CARD_H
#define CARD_H

/*
 * The card of an agent of Agent2Agent: where the agent is spoken to, by which
 * binding and in which version.
 */
struct err;
struct service;

/* The first address that card_read asks, to be freed. */
char *card_address(const struct service *s);

/*
 * Asks for the agent's card and turns the service to the interface that it
 * names: the one with the URL of runner.http.url, else the first that can be
 * spoken to. The URL is that of the card if it ends in ".json"; else the card
 * is looked for below it, then below each path above, where it counts if it has
 * the URL. Without a card, the URL is the base of HTTP with JSON, version 1.0.
 * Blocks, and asks again if the agent is not reached. Returns 0, or -1 with *e
 * filled in.
 */
int card_read(struct service *s, struct err *e);

#endif
