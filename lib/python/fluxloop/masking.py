"""Tell the names of secrets from other names.

A name is split into words: at every character that is not a letter or a digit,
between the words of camelCase, and between letters and digits. The name is a
secret's if one of its words, or two adjacent words, are in the lists below.
`authToken` and `x-api-key` are names of secrets; `author`, `monkey`,
`primary_key` and `max_tokens` are not.
"""

import re

MASK = "***"

_WORDS = frozenset(
    "token password passwords passwd pwd passphrase secret secrets auth oauth authorization"
    " credential credentials cookie cookies bearer apikey apikeys jwt".split()
)
_KEY_OWNERS = ("api", "access", "private", "secret", "signing", "encryption")
_TOKEN_OWNERS = ("access", "auth", "api", "bearer", "refresh", "session", "id")
_PAIRS = frozenset(
    [(owner, key) for owner in _KEY_OWNERS for key in ("key", "keys")]
    + [(owner, "tokens") for owner in _TOKEN_OWNERS]
)
# Names without a border between their words: accesskey, authtoken, ...
_JOINED = frozenset(a + b for a, b in _PAIRS) | frozenset(a + "token" for a in _TOKEN_OWNERS)
# After "token" these mean tokens of text, which are not secrets.
_COUNTS = frozenset("count counts limit limits usage budget length".split())

_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=\D)|(?<=\D)(?=\d)")
_NOT_WORD = re.compile(r"[\W_]+")
_known = {}


def is_secret(name):
    """Return whether the text `name` (a key, parameter or attribute) names a secret."""
    answer = _known.get(name)
    if answer is None:
        if len(_known) > 10000:
            _known.clear()
        answer = _known[name] = _judge(name)
    return answer


def _judge(name):
    words = _NOT_WORD.sub(" ", _BORDER.sub(" ", name)).lower().split()
    for word, following in zip(words, words[1:] + [""]):
        if word == "token" and following in _COUNTS:
            continue
        if word in _WORDS or word in _JOINED or (word, following) in _PAIRS:
            return True
    # A border inside a word, as in `APIkey` or `PassWord`, hides the word.
    joined = "".join(words)
    return joined in _WORDS or joined in _JOINED
