"""A small support agent for a shop. It needs no network and no model, but has the
parts of a real one: it detects the intent, calls tools, writes an answer and sends
it. Replace the parts with your own, one at a time."""

import difflib
import re
from dataclasses import dataclass

import fluxloop

FAQ = {
    "password": "Choose 'Forgot password' on the sign-in page; a link comes by mail.",
    "refund": "Send it back within 30 days; the money is with you a week later.",
    "delivery": "Parcels take two to four days; express ones come the next day.",
}
ORDERS = {
    "1042": {"state": "on its way", "arrives": "tomorrow"},
    "1043": {"state": "waiting for payment", "arrives": None},
}
# The words that people use for a topic.
WORDS = {
    "password": ["password", "login", "signin", "reset", "account"],
    "refund": ["refund", "money", "return", "cancel", "back"],
    "delivery": ["delivery", "shipping", "arrive", "parcel"],
    "order": ["order", "tracking", "status"],
}


@dataclass
class UserConnection:
    """The user, as a server passes it to its handler."""

    user_id: str
    name: str
    plan: str = "basic"


@fluxloop.trace("detect_intent")
def detect_intent(text):
    """Return the topic that most words of the text are about, or None."""
    scores = dict.fromkeys(WORDS, 0)
    for word in re.findall(r"\w+", text.lower()):
        for topic, known in WORDS.items():
            # close, not equal: people make typing mistakes
            if difflib.get_close_matches(word, known, n=1, cutoff=0.8):
                scores[topic] += 1
    best = max(scores, key=scores.get)
    return best if scores[best] else None


@fluxloop.tool("search_faq")
def search_faq(topic):
    return FAQ.get(topic)


@fluxloop.tool("find_order", description="Looks an order up by its number")
def find_order(number):
    return ORDERS.get(number)


@fluxloop.prompt("write_answer", model="template")
async def write_answer(name, facts):
    """Put the facts into words. A real agent calls a model here."""
    return "Hello %s! %s" % (name, facts)


@fluxloop.agent("support_agent")
async def answer(text, name, plan):
    """Return the answer to a question."""
    intent = detect_intent(text)
    if intent == "order":
        facts = about_order(text)
    else:
        facts = search_faq(intent) or "I did not understand that: a colleague will write to you."
    if plan == "premium":
        facts += " Or call us, day and night."
    return await write_answer(name, facts)


def about_order(text):
    number = re.search(r"\d{4,}", text)
    if not number:
        return "Which order do you mean? Its number is in the mail that we sent you."
    order = find_order(number[0])
    if order is None:
        return "There is no order %s." % number[0]
    arrival = " and arrives %s" % order["arrives"] if order["arrives"] else ""
    return "Order %s is %s%s." % (number[0], order["state"], arrival)


class MessageHandler:
    """The server calls this for each message."""

    async def handle_message(self, connection_id, data, user_connection, send_callback, error_callback):
        # Records only after fluxloop.configure(record_args=True, ...), and never
        # while recorded calls are replayed: it may stay in production.
        fluxloop.record_call_args(
            target="app.handler:MessageHandler.handle_message",
            connection_id=connection_id,
            data=data,
            user_connection=user_connection,
            send_callback=send_callback,
            error_callback=error_callback,
        )
        text = data.get("content", "").strip()
        if not text:
            await error_callback("the message is empty")
            return
        await send_callback(await answer(text, user_connection.name, user_connection.plan))
