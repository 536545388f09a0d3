"""Find secrets in names, structures and texts, and mask them.

This module masks recordings and the offline store. lib/record/secret*.c have the
same rules for all that the C programs write; tests/data/secrets.jsonl tests both.

A name is split into words: at every character that is not a letter or a digit,
between the words of camelCase, and between letters and digits. The name is a
secret's if one of its words or two adjacent words are in the lists below.
`authToken` and `x-api-key` are names of secrets; `author`, `monkey`,
`primary_key` and `max_tokens` are not.

Secrets in texts are found by their shapes: see shapes.py.
"""

import json
import re

from .logins import is_secret_argument, program_name
from .shapes import MASK, find_place, mask_shapes

_WORDS = frozenset(
    "token password passwords passwd pwd pw passphrase passcode passkey secret secrets auth"
    " oauth authorization credential credentials creds cookie cookies bearer apikey apikeys jwt"
    " dsn otp totp ssn cvv cvc".split()
)
# As one word only: `session_id` is the name of a conversation.
_SESSIONS = frozenset("sessionid phpsessid jsessionid".split())
_ENDINGS = ("password", "passwd", "passphrase", "secret", "secrets", "apikey", "apikeys")
_KEY_OWNERS = (
    "api access private secret signing encryption decryption master service role account app"
    " admin consumer subscription functions auth session hmac aes jwt ssh rsa pgp gpg deploy"
    " webhook license shared"
    " openai anthropic claude gemini mistral cohere groq huggingface hf deepseek openrouter"
    " together replicate elevenlabs deepgram assemblyai pinecone tavily serper serpapi langfuse"
    " langsmith langchain stripe aws azure gcp sendgrid twilio mailgun slack github gitlab"
    " supabase algolia datadog cloudflare newrelic"
).split()
_PAT_OWNERS = "gh github gitlab azure devops ado jira atlassian airtable bitbucket figma".split()
_CODE_OWNERS = "mfa otp totp verification recovery backup security login".split()
_PASS_OWNERS = (
    "db database sql mysql pg postgres postgresql redis mongo mongodb rabbitmq amqp smtp imap"
    " mail email ftp sftp ssh ldap proxy user admin root login account http basic wifi auth"
).split()
_TOKEN_OWNERS = ("access", "auth", "api", "bearer", "refresh", "session", "id")
# Before "token" only if no border divides the words: csrftoken.
_JOINED_TOKENS = (
    "csrf csrfmiddleware xsrf bot user app client github gitlab slack hf jwt device push"
    " personal oauth sso saml security login verification reset"
).split()
_PAIRS = frozenset(
    [(owner, key) for owner in _KEY_OWNERS for key in ("key", "keys")]
    + [(owner, "tokens") for owner in _TOKEN_OWNERS]
    + [(owner, "sk") for owner in _KEY_OWNERS]
    + [(owner, "pat") for owner in _PAT_OWNERS]
    + [(owner, code) for owner in _CODE_OWNERS for code in ("code", "codes")]
    + [(owner, "pass") for owner in _PASS_OWNERS]
)
# Names without a border between their words: accesskey, authtoken, ...
_JOINED = frozenset(
    [a + b for a, b in _PAIRS if b.startswith(("key", "tokens"))]
    + [a + "token" for a in _TOKEN_OWNERS]
    + [a + "token" for a in _JOINED_TOKENS]
)
# After its name these tell something about a secret.
_FACTS = frozenset(
    "count counts limit limits usage budget length type types kind method methods scheme provider"
    " mode flow status expiry expires expired expiration ttl lifetime age policy rules strength"
    " name path file url uri endpoint".split()
)
# Before KEY in the name of an environment variable these mean keys that are not
# secrets.
_PLAIN_KEYS = frozenset(
    "primary foreign public sort partition cache hash range row index unique composite natural"
    " lookup dict map object bucket group order join idempotency translation message state"
    " routing registry meta".split()
)

_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[^0-9])|(?<=[^0-9])(?=[0-9])")
_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")
_VARIABLE = re.compile(r"[A-Z0-9_]+\Z")
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
    if name == "PWD":  # the shell's variable for the working directory
        return False
    words = _NOT_WORD.sub(" ", _BORDER.sub(" ", name)).lower().split()
    if len(words) > 1 and words[-1] in _FACTS:
        return False
    for word, following in zip(words, words[1:] + [""]):
        if following in _FACTS:
            continue
        if word in _WORDS or word in _JOINED or word in _SESSIONS or word.endswith(_ENDINGS):
            return True
        if (word, following) in _PAIRS:
            return True
    if _VARIABLE.match(name) and _ends_in_key(words):
        return True
    # A border inside a word, as in `APIkey` or `PassWord`, hides the word.
    joined = "".join(words)
    return joined in _WORDS or joined in _JOINED


def _ends_in_key(words):
    while words and words[-1].isdigit():
        words = words[:-1]
    return len(words) > 1 and words[-1] == "key" and words[-2] not in _PLAIN_KEYS


def mask_text(text):
    """Return a text with the secrets in it masked; `text` itself if it has none."""
    return mask_shapes(text, is_secret) if find_place(text) else text


_masked_names = {}


def mask_name(name):
    """Return a key with the secrets in it masked; cached, because keys repeat."""
    masked = _masked_names.get(name)
    if masked is None:
        if len(_masked_names) > 10000:
            _masked_names.clear()
        masked = _masked_names[name] = mask_text(name)
    return masked


def has_secret(data):
    """Return whether bytes contain a secret."""
    text = bytes(data).decode("latin-1")
    return mask_text(text) != text


def is_kept(value):
    """Whether a value is shown even under the name of a secret: None, a bool, or the
    name of a callable."""
    return (
        value is None
        or value is True
        or value is False
        or issubclass(type(value), str)
        and value.startswith(("<callable:", "<builtin:"))
    )


def has_secret_value(mapping):
    """Whether the `value` of a mapping such as {"name": ..., "value": ...} is a
    secret, by the name in the mapping."""
    for key in ("name", "key", "header"):
        name = _as_text(mapping.get(key))
        if name and is_secret(name):
            return True
    return False


_PLAIN_WORD = re.compile(r"[a-z_]*\Z")


def secret_places(items, in_list):
    """Return the indexes of the elements of a list that are secrets: the second one
    of a pair such as ("Authorization", "..."), the one after "--password", and those
    after options such as curl's "-u".
    A list of two names, such as ["password", "email"], is not a pair, unless it is
    itself in a list, as headers are (`in_list`)."""
    if len(items) == 2:
        name = _as_text(items[0])
        if name and is_secret(name):
            value = _as_text(items[1])
            if in_list or value is None or not _PLAIN_WORD.match(value):
                return (1,)
    if not any(type(item) is str and item[:1] == "-" for item in items):
        return ()
    places, program, before = [], None, None
    for index, item in enumerate(items):
        after_name = before and before.startswith("--") and "=" not in before and is_secret(before)
        before = item if type(item) is str else None
        if after_name or before and program and is_secret_argument(program, items[index - 1], item):
            places.append(index)
        program = before and program_name(item) or program
    return tuple(places)


def _as_text(value):
    if issubclass(type(value), str):
        return value
    if issubclass(type(value), (bytes, bytearray)) and len(value) < 1000:
        return bytes(value).decode("latin-1")
    return None


def mask_tree(value, in_list=False):
    """Return a value of JSON types with the secrets in it masked; `value` itself if
    it has none."""
    kind = type(value)
    if kind is str:
        return mask_text(value)
    if kind is dict:
        whole = "value" in value and has_secret_value(value)
        changed = {}
        same = True
        for key, item in value.items():
            name = mask_name(key)
            if (is_secret(key) or whole and key == "value") and not is_kept(item):
                masked = MASK
            else:
                masked = mask_tree(item)
            same = same and name == key and masked is item
            changed[name] = masked
        return value if same else changed
    if kind is list:
        places = secret_places(value, in_list)
        items = [
            MASK if index in places and not is_kept(item) else mask_tree(item, True)
            for index, item in enumerate(value)
        ]
        return value if all(map(_is, items, value)) else items
    return value


def _is(a, b):
    return a is b


def mask_json(data):
    """Return JSON (bytes, UTF-8) with the secrets in it masked; `data` itself if it
    has none."""
    tree = json.loads(data)
    masked = mask_tree(tree)
    if masked is tree:
        return data
    return json.dumps(masked, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )
