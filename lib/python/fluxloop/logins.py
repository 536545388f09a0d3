"""Find passwords on the command lines of programs whose options do not name them, as
in `curl -u USER:PASSWORD`, and in netrc files. lib/record/shapelogin.c has the same
rules and the same table.
"""

import re

# (programs, options, the character before the password in the value or "" if the value
# is the password, whether letters may be joined with it, whether they may be apart)
_ROWS = (
    ("curl", "-u --user -U --proxy-user -E --cert", ":", True, True),
    ("curl", "--pass --proxy-pass", "", False, True),
    ("http https xh", "-a --auth", ":", False, True),
    ("lftp", "-u --user", ",", False, True),
    ("smbclient rpcclient", "-U --user", "%", False, True),
    ("openssl", "-passin -passout -pass", ":", False, True),
    ("sshpass", "-p", "", True, True),
    ("mysql mysqldump mysqladmin mariadb mariadb-dump mariadb-admin", "-p", "", True, False),
    ("mongosh mongo mongodump mongorestore mongoexport mongoimport", "-p", "", False, True),
    ("redis-cli", "-a --pass", "", False, True),
    ("ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd", "-w", "", False, True),
    ("login", "-p", "", False, True),  # docker login, podman login, az login
)
_TABLE = [(frozenset(a.split()), frozenset(b.split()), *rest) for a, b, *rest in _ROWS]
_PROGRAMS = frozenset(" ".join(row[0] for row in _ROWS).split())

_REACH = 1024  # characters before an option in which the name of its program is searched
_NETRC_REACH = 600  # characters before a password in a netrc file
_LINE_END = re.compile(r"(?<!\\)(?<!\\\r)\n")
_WORD = re.compile(r"(?:\\[nrt]|(?<![\w.-]))([\w.-]+)(?![\w./:=-])", re.ASCII)
_OPTION = re.compile(r"--[A-Za-z][A-Za-z-]*|-[A-Za-z]+")
_GAP = re.compile(r"[ \t\r\n,=\\\"']{1,8}")
_BARE = re.compile(r"(?:(?!\\[nrt\"'])[^\s\"'])*", re.ASCII)
_SPACES = r"(?:\s|\\[nrt])+"
_SPACE = re.compile(_SPACES, re.ASCII)
_NETRC = re.compile("password" + _SPACES + "([\"']?)", re.ASCII)
_OWN_BEFORE = re.compile(r"(?:\A|[\n\"']|\\[nrt])[ \t]*\Z")
_OWN_AFTER = re.compile(r"[ \t]*(?:\Z|[\r\n\"']|\\[nrt])")


def is_placeholder(text):
    """Whether a value only stands for one."""
    return not text or text[0] in "$<{%*[" or text == "..."


def program_name(path):
    """Return the name of a program in the table, by its path, or None."""
    name = re.split(r"[/\\]", path)[-1]
    return name if _without_exe(name) in _PROGRAMS else None


def _without_exe(name):
    return name[:-4] if name.endswith(".exe") and len(name) > 4 else name


def is_secret_argument(program, before, argument):
    """Whether an argument of a program contains a password. `before` is the argument
    before it."""
    from .shapes import is_opaque

    if argument[:1] == "-" and len(argument) > 1:
        option, line = argument, "%s %s" % (program, argument)
    elif type(before) is str and len(before) > 1 and before[0] == "-":
        option, line = before, '%s %s "%s' % (program, before, argument)
    else:
        return False
    at = len(program) + 1 + (option[1] == "-")
    return find_option(line, at, is_opaque) is not None


def find_option(text, at, is_opaque):
    """Return the place of the password after the option whose last hyphen is at `at`,
    if a program that has this option precedes it in the line, else None."""
    start = at - (text[at - 1 : at] == "-" and at > 0)
    match = _OPTION.match(text, start)
    if not match:
        return None
    word = match[0]
    for programs, options, after, joined, apart in _TABLE:
        found = None
        # Of several letters, the last one takes a value.
        letters = len(word) > 2 and word[1] != "-" and "-" + word[-1] in options
        if apart and (word in options or letters):
            gap = _GAP.match(text, match.end())
            if gap:
                quote = gap[0][-1] if gap[0][-1] in "\"'" else ""
                found = _password(text, gap.end(), quote, after, is_opaque)
        if not found and joined and word[:2] in options:
            quote = text[start + 2 : start + 3]
            quote = quote if quote in ("'", '"') else ""
            found = _password(text, start + 2 + len(quote), quote, after, is_opaque)
        if found and _follows(text, start, programs):
            return found
    return None


def _follows(text, at, programs):
    line = text[max(0, at - _REACH) : at]
    start = 0
    for end in _LINE_END.finditer(line):
        start = end.end()
    return any(_without_exe(word[1]) in programs for word in _WORD.finditer(line[start:]))


def _password(text, start, quote, after, is_opaque):
    end = _word_end(text, start, quote)
    value = text[start:end]
    if not after:
        hidden = value[:1] != "-" and is_opaque(value) and not is_placeholder(value)
        return (start, end) if hidden else None
    place = value.find(after) + 1
    password = value[place:]
    if not place or is_placeholder(password) or password.startswith("//"):
        return None
    return start + place, end


def _word_end(text, start, quote):
    if quote:
        end = start
        while end < len(text) and text[end] not in ("\n", quote):
            end += 1
    else:
        end = _BARE.match(text, start).end()
    # What escapes the quote.
    while end < len(text) and text[end] in "\"'" and end > start and text[end - 1] == "\\":
        end -= 1
    return end


def find_netrc(text, at, is_opaque):
    """Return the place of the password after the word "password" at `at` in a netrc
    file, else None."""
    match = _NETRC.match(text, at)
    if not match:
        return None
    start = match.end()
    end = _word_end(text, start, match[1])
    value = text[start:end]
    if is_placeholder(value):
        return None
    words = _SPACE.split(text[max(0, at - _NETRC_REACH) : at])[-5:]
    words = [re.split("[\"']", word)[-1] for word in words[:-1]] if not words[-1] else []
    words = [""] * (4 - len(words)) + words
    if words[2] in ("login", "account") and (words[0] == "machine" or words[1] == "default"):
        return start, end
    after = _SPACE.match(text, end)
    if words[2] == "machine" and after and text.startswith("login ", after.end()):
        return start, end
    if not is_opaque(value):
        return None
    own = _OWN_BEFORE.search(text[max(0, at - _NETRC_REACH) : at]) and _OWN_AFTER.match(text, end)
    return (start, end) if own or words[2] in ("machine", "login", "account") else None
