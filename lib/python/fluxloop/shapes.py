"""Find secrets in texts by their shapes.

Tokens have prefixes, which their issuers give them so that leaks can be found.
Other secrets are found by their context: the password in a URL, the text after
`Bearer`, the value in `password=...`. Entropy is not measured. lib/record/shape*.c
have the same rules.
"""

import re

from .logins import find_netrc, find_option, is_placeholder

MASK = "***"

# (prefixes, class of the characters that follow, their least number). Prefixes and
# lengths are those that the issuers document; the least number is below the real
# one where the prefix is unmistakable.
_TOKENS = (
    ("ghp_ gho_ ghu_ ghs_ ghr_", "A", 16),
    ("github_pat_", "W", 20),
    ("glpat- gldt- glrt- glptt- glcbt- glft- glsoat- glimt- glagent- gloas- glffct-", "D", 16),
    ("xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", "W", 10),
    ("xoxe.xoxb- xoxe.xoxp-", "W", 10),
    ("AKIA ASIA ABIA ACCA", "U", 16),
    ("AIza", "W", 30),
    ("ya29.", "W", 20),
    ("GOCSPX-", "W", 20),
    ("1//0", "W", 30),
    ("sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", "A", 8),
    ("whsec_", "B", 16),
    ("npm_", "A", 30),
    ("pypi-", "W", 30),
    ("rubygems_", "H", 32),
    ("hf_ api_org_", "A", 20),
    ("dckr_pat_ dckr_oat_", "W", 16),
    ("dop_v1_ doo_v1_ dor_v1_", "H", 32),
    ("SG.", "D", 40),
    ("shpat_ shpca_ shppa_ shpss_", "A", 20),
    ("sq0atp- sq0csp-", "W", 16),
    ("lin_api_ lin_oauth_", "A", 20),
    ("ntn_", "A", 30),
    ("secret_", "A", 32),
    ("dp.pt. dp.st. dp.sa. dp.ct.", "D", 20),
    ("PMAK- CFPAT- HRKU-", "W", 30),
    ("figd_", "W", 30),
    ("sbp_", "H", 32),
    ("nfp_ pnu_", "A", 30),
    ("pscale_tkn_ pscale_pw_ pscale_oauth_", "D", 24),
    ("pul-", "H", 32),
    ("sntrys_ sntryu_", "B", 32),
    ("glc_", "B", 24),
    ("glsa_", "W", 24),
    ("hvs. hvb. hvr.", "W", 20),
    ("atlasv1.", "W", 40),
    ("NRAK-", "U", 20),
    ("gsk_", "A", 20),
    ("xai-", "A", 40),
    ("pplx-", "A", 30),
    ("tvly-", "W", 16),
    ("nvapi-", "W", 30),
    ("r8_", "A", 30),
    ("pcsk_", "W", 30),
    ("pa-", "W", 40),
    ("fw_", "A", 20),
    ("lsv2_pt_ lsv2_sk_", "W", 24),
    ("ls__ csk-", "A", 24),
    ("jina_", "W", 30),
    ("fc- key-", "H", 32),
    ("AGE-SECRET-KEY-", "U", 50),
    ("ATATT3", "B", 60),
    ("LTAI", "A", 16),
    ("shippo_live_ shippo_test_ sgp_ sgp_local_", "H", 32),
    ("SK dapi", "H", 32),
    ("EAAA", "W", 40),
    ("EAA ABSK", "B", 60),
    ("AKCp", "A", 60),
    ("EZAK EZTK CLOJARS_", "A", 50),
    ("API-", "U", 25),
    ("bedrock-api-key-", "B", 24),
    ("v1.0-", "W", 100),
    ("duffel_live_ duffel_test_", "B", 40),
    ("dt0c01. pat. sat.", "D", 50),
    ("FLWSECK- FLWSECK_TEST-", "W", 12),
    ("fm1a_ fm1r_ fm2_ ops_eyJ eyJrIjoi", "B", 60),
    ("fo1_ fio-u- tk-us- xkeysib- rdme_", "W", 40),
    ("s-s4t2ud- s-s4t2af-", "H", 60),
    ("ico- p8e-", "A", 32),
    ("A3-", "W", 33),
    ("sha256~", "W", 40),
    ("sm_aat_ sm_pat_ sm_sat_", "A", 16),
)
_CLASSES = {
    "A": "[A-Za-z0-9]",
    "U": "[A-Z0-9]",
    "H": "[A-Fa-f0-9]",
    "W": r"[\w-]",
    "D": r"[\w.-]",
    "B": r"[\w+/=-]",
}
# A search looks for the last of these characters in a prefix: they are rare in
# prose.
_RARE = "-_.~AJKIzp/"
# A token begins at the start of a word: not after a letter or digit, but after
# an escape such as \n or %3D.
_FREE = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f]{2}))"
_TOKEN = re.compile(
    "%s(?:%s)"
    % (
        _FREE,
        "|".join(
            [
                "(?:%s)%s{%d,}" % ("|".join(map(re.escape, prefixes.split())), _CLASSES[kind], least)
                for prefixes, kind, least in _TOKENS
            ]
            + [
                # Keys of OpenAI, Anthropic and many others. The name of a package
                # has neither 8 letters and digits with a digit nor 12 letters.
                r"sk[_-](?=[\w-]{0,128}?(?:(?=[A-Za-z]*[0-9])[A-Za-z0-9]{8}|[A-Za-z]{12}))[\w-]+",
                r"eyJ[\w-]{8,4096}\.(?:[\w-]{4,}\.[\w.-]*|eyJ[\w-]{4,})",  # JSON Web Token
                r"[0-9]{8,10}:AA[\w-]{30,}",  # Telegram
                r"[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}",  # Discord
            ]
        ),
    ),
    re.ASCII,
)
# Rare character -> lengths of the prefixes up to it, the longest first.
_WIDTHS = {}


def _rare_ends():
    """Return a pattern for each rare character, which matches it in a prefix. Fills
    _WIDTHS."""
    heads = {}
    for prefix in " ".join([row[0] for row in _TOKENS] + ["sk- sk_ eyJ"]).split():
        end = 1 + max(prefix.rfind(character) for character in _RARE)
        heads.setdefault((prefix[end - 1], end), set()).add(re.escape(prefix[:end]))
    by_character = {}
    for (character, width), some in sorted(heads.items()):
        _WIDTHS.setdefault(character, []).insert(0, width)
        by_character.setdefault(character, []).append("(?<=%s)" % "|".join(sorted(some)))
    return ["%s(?:%s)()" % (re.escape(c), "|".join(some)) for c, some in by_character.items()]


_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\:,-]*)",
    re.DOTALL | re.ASCII,
)
_HOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/"
    r"|webhook\.office\.com/webhookb2/)([\w/@-]{16,})",
    re.ASCII,
)
_SCHEME = re.compile(
    _FREE + r"(?:([Bb]earer|BEARER)|[Bb]asic|BASIC)(?:[ \t]{1,3}|%20)([\w.~+/=-]{6,})", re.ASCII
)
_FLAG = re.compile(r"(--[\w-]{3,40})[ \t]{1,3}(?!-)(\\*[\"'])?", re.ASCII)
_WORD = re.compile(r"[^\s\"'<>]+", re.ASCII)
_USER = re.compile(r"[^\s\"'<>/?#@:\\`]*", re.ASCII)
_REGION = re.compile(r"[^\s\"'<>\\`]{0,2048}", re.ASCII)
_PORT = re.compile(r"[0-9]*(?:[/?#]|\Z)")
_SOCKET = re.compile(r":([^\s\"'@/:]{1,200})@(?:tcp|unix)\(", re.ASCII)
# A name, in the reversed text before "=" or ":".
_NAME_BEFORE = re.compile(
    r":?([ \t]{0,2})([\"']\\*)?([\w.\[\]-]{2,64})(?![\w.\[\]-])", re.ASCII
)
_BEFORE = 80  # characters of that text that are searched
# The name in the reversed text before a comma: ("NAME", of a pair.
_FIRST_BEFORE = re.compile(
    r"[\"']\\*(?:([\w.-]{2,64})[\"']\\*b?[(\[]|([\w.-]{0,62}--)[\"'])", re.ASCII
)
_SECOND = re.compile(r"[ \t]{0,3}b?(\\*[\"'])")
_PLAIN_WORD = re.compile("[a-z_]*\\Z")
_AFTER = re.compile(r">?([ \t]{0,3})(\\*[\"'])?", re.ASCII)
_IN_QUERY = re.compile(r"[^\s\"'&;#<>\\]+", re.ASCII)
_IN_LIST = re.compile(r"[^\"'&;<>\\\n]+", re.ASCII)
_BARE = re.compile(r"[^\s\"'&;<>,\\(){}\[\]]+", re.ASCII)
_VALUES = {"?": _IN_QUERY, "&": _IN_QUERY, ";": _IN_LIST}
_SOME = re.compile(r"[^\s\"'&;<>,\\(){}\[\]]{1,4096}", re.ASCII)
_AUTHORIZATION = re.compile(
    r"(?:bearer|basic|token|digest|apikey|negotiate|bot|key|aws4-hmac-sha256)[ \t]+[^\r\n\"'\\]+",
    re.ASCII | re.IGNORECASE,
)
_COOKIE = re.compile(r"[\w.-]+=[^\r\n\"'\\]+", re.ASCII)
_HEADERS = {
    "authorization": _AUTHORIZATION,
    "proxy-authorization": _AUTHORIZATION,
    "cookie": _COOKIE,
    "set-cookie": _COOKIE,
}
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
_LITERALS = frozenset("none null true false undefined nil".split())
_SIGNED = frozenset("sig signature x-amz-signature x-goog-signature".split())
_DIGIT, _LOWER, _INNER_UPPER = re.compile("[0-9]"), re.compile("[a-z]"), re.compile("(?<=.)[A-Z]")
_SYMBOL = re.compile(r"[!@#$%^&*+=/~]")


# Functions check(text, place, is_secret), which return (start, end) of the secret at
# a place, None if there is none. The index is the number of the place's group.
_CHECKS = []


def _places():
    """Return the pattern of the places where a secret may be. Each alternative begins
    with a literal, which makes the search quick, and ends in a group, whose number
    is the index of its check in _CHECKS."""
    some = [(one, _token) for one in _rare_ends()]
    some += [
        (r"-(?<=-----)(?=BEGIN )()", _key_block),
        (r"-(?:(?<=\A--)|(?<=[^\w.\[\]-]--)|(?<=\\[nrt]--))(?=[\w-])()", _after_flag),
        (r"-(?:(?<=\A-)|(?<=[^\w.\[\]-]-)|(?<=\\[nrt]-))(?=\w)()", _after_letter),
        (r"\.(?=[\w-]{6}\.[\w-]{27})()", _dotted_token),
        (r"\.(?:(?<=hooks\.)(?=slack\.com/)|(?=com/api/webhooks/)|(?=office\.com/webhookb2/))()", _hook),
        (r":(?=//)()", _in_url),
        (r":(?=AA[\w-]{30})()", _numbered_token),
        (r":(?=[^\s\"'@/:]{1,200}@(?:tcp|unix)\()()", _socket),
        (r":(?=[ \t]{0,3}\S)()", _assigned),
        (r"=(?!=)()", _assigned),
        (r",(?<=[\"'],)()", _paired),
        (r"p(?=assword[\s\\])()", _after_word),
        (r"B(?=earer|EARER|asic|ASIC)()", _after_scheme),
        (r"b(?=earer|asic)()", _after_scheme),
    ]
    _CHECKS.append(None)
    _CHECKS.extend(check for _, check in some)
    return re.compile("|".join(one for one, _ in some), re.ASCII)


def mask_shapes(text, is_secret):
    """Return a text with the secrets in it masked. `is_secret(name)` returns whether
    a name is that of a secret."""
    parts, done, at = [], 0, 0
    while True:
        place = _PLACE.search(text, at)
        if place is None:
            break
        at = place.end()
        found = _CHECKS[place.lastindex](text, place.start(), is_secret)
        if found and done <= found[0] < found[1]:
            parts += (text[done : found[0]], MASK)
            done = at = found[1]
    return "".join(parts) + text[done:] if parts else text


def _span(match, group=0):
    return match.span(group) if match else None


def _key_block(text, at, is_secret):
    return _span(_PEM.match(text, at - 4))


def _token(text, at, is_secret):
    return _token_from(text, at, _WIDTHS[text[at]])


def _dotted_token(text, at, is_secret):
    return _token_from(text, at, range(29, 23, -1))


def _numbered_token(text, at, is_secret):
    return _token_from(text, at, range(11, 8, -1))


def _token_from(text, at, widths):
    """Return (start, end) of a token that begins before `at` or there, None if there
    is none. `widths` are the possible numbers of its characters up to `at`."""
    for width in widths:
        match = width <= at + 1 and _TOKEN.match(text, at + 1 - width)
        if match and match.end() > at:
            return match.span()
    return None


def _hook(text, at, is_secret):
    match = _HOOK.search(text, max(0, at - 10))
    return match.span(1) if match and match.start() <= at else None


def _socket(text, at, is_secret):
    """Return the place of the password in a data source name of Go:
    user:password@tcp(host)/database."""
    match = _SOCKET.match(text, at)
    return match.span(1) if match and not is_placeholder(match[1]) else None


def _after_scheme(text, at, is_secret):
    match = _SCHEME.match(text, at)
    if match is None:
        return None
    secret = is_opaque(match[2]) if match[1] else _is_basic(match[2])
    return match.span(2) if secret else None


def _is_basic(value):
    """Whether a text is "user:password" in base64."""
    from binascii import Error, a2b_base64

    digits = value.rstrip("=")
    if not re.match(r"[A-Za-z0-9+/]+\Z", digits):
        return False
    try:
        data = a2b_base64(digits + "=" * (-len(digits) % 4))
    except Error:
        return False
    return b":" in data and min(data) >= 32 and 127 not in data


def _after_flag(text, at, is_secret):
    match = _FLAG.match(text, at - 1)
    if match and is_secret(match[1]):
        start = match.end()
        if match[2]:
            end = _quoted_end(text, start, match[2])
        else:
            end = (_WORD.match(text, start) or match).end()
        if is_opaque(text[start:end]) and not is_placeholder(text[start:end]):
            return start, end
    return find_option(text, at, is_opaque)


def _after_letter(text, at, is_secret):
    return find_option(text, at, is_opaque)


def _after_word(text, at, is_secret):
    return find_netrc(text, at, is_opaque)


def _in_url(text, at, is_secret):
    """Return the place of the password in a URL."""
    start = at + 3
    user = _USER.match(text, start)
    end = user.end()
    if text.startswith("@", end):
        alone = user[0]
        whole = len(alone) >= 16 and _DIGIT.search(alone) and re.match(r"[\w-]+\Z", alone, re.ASCII)
        return (start, end) if whole else None
    if not text.startswith(":", end):
        return None
    start = end + 1
    region = _REGION.match(text, start)[0]
    authority = re.match("[^/?#]*", region)[0]
    at = authority.rfind("@")
    if at < 0:
        if _PORT.match(region):
            return None
        # A password that should have been quoted.
        at = region.find("@")
    if at <= 0 or is_placeholder(region[:at]):
        return None
    return start, start + at


def _assigned(text, at, is_secret):
    """Return the place of the value in NAME=VALUE or NAME: VALUE."""
    match = _NAME_BEFORE.match(text[max(0, at - _BEFORE) : at][::-1])
    if match is None:
        return None
    name, begin = match[3][::-1], at - match.end()
    before = text[begin - 1 : begin]
    if before == "\\" and name[0] in "bfnrt":  # an escape, not a part of the name
        name, before = name[1:], "\n"
    query = before in _VALUES
    if not is_secret(name) and not (query and name.lower() in _SIGNED):
        return None
    after = _AFTER.match(text, at + 1)
    start = after.end()
    if after[2]:
        end = _quoted_end(text, start, after[2])
        return None if is_placeholder(text[start:end]) else (start, end)
    if match[2] and text[start : start + 1] in ("{", "[", "("):
        end = _bracket_end(text, start)
        return (start, end) if end > start + 2 else None
    if text[at] == ":":
        return _header_value(text, start, name)
    if (match[1] or after[1]) and before not in ("", "\n"):
        return None
    value = _VALUES.get(before, _BARE).match(text, start)
    if value is None or is_placeholder(value[0]):
        return None
    if not query and _is_code(text, begin, name, value):
        return None
    return value.span()


def _paired(text, at, is_secret):
    """Return the place of the value in ("NAME", "VALUE"), as Python prints headers,
    or in "--NAME", "VALUE"."""
    first = _FIRST_BEFORE.match(text[max(0, at - _BEFORE) : at][::-1])
    second = _SECOND.match(text, at + 1)
    if not first or not second or not is_secret((first[1] or first[2])[::-1]):
        return None
    end = _quoted_end(text, second.end(), second[1])
    value = text[second.end() : end]
    if _PLAIN_WORD.match(value) or is_placeholder(value):
        return None
    return second.end(), end


def _quoted_end(text, start, quote):
    """Return the end of a quoted text that begins at `start`: its closing quote, the
    end of the line or of the text."""
    at = start
    while at < len(text) and text[at] != "\n" and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and len(quote) == 1 else 1
    return min(at, len(text))


def _bracket_end(text, at):
    """Return the index after the bracket that closes the one at `at`, or the end of
    the text."""
    depth, quote = 0, ""
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    return len(text)


def _header_value(text, start, name):
    header = _HEADERS.get(name.lower())
    value = header and header.match(text, start)
    if not value:
        value = _SOME.match(text, start)
        if not value or "://" in value[0] or not is_opaque(value[0]):
            return None
        if text[value.end() : value.end() + 1] in ("(", "[") or _is_dotted(value[0]):
            return None
        value = _BARE.match(text, start)
    return None if is_placeholder(value[0]) else value.span()


def _is_dotted(text):
    return "." in text and _CODE.match(text)


def _is_code(text, begin, name, value):
    """Whether a value is source code: a call, an attribute, a literal, or a variable
    among the arguments of a call."""
    if text[value.end() : value.end() + 1] in ("(", "[") or _is_dotted(value[0]):
        return True
    word = value[0].lower()
    if word in _LITERALS or word == name.lower():
        return True
    return text[:begin].rstrip(" \t\n")[-1:] in ("(", ",") and _CODE.match(value[0])


def is_opaque(text):
    """Whether a text is not a word of a language: it has at least 4 characters, among
    them digits, symbols or inner capitals."""
    text = text.rstrip(".:!?")
    return len(text) >= 4 and bool(
        _DIGIT.search(text)
        or _SYMBOL.search(text)
        or _LOWER.search(text)
        and _INNER_UPPER.search(text)
    )


_PLACE = _places()
# Returns a match if there may be a secret in a text, else None.
find_place = _PLACE.search
