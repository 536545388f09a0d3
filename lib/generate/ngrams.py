#!/usr/bin/env python3
"""Prints the table of ngrams.c, learned from translations in Debian.

    ngrams.py FOLDER >ngrams_table.h

FOLDER holds the unpacked packages evolution-common, pidgin-data and
gnome-user-docs. Their messages and help pages are cut into fragments of a few
words, and a softmax regression learns which sequences of letters speak for
which of the languages with phrases, and which for all others in Latin letters.
The same packages give the same table: the seed is fixed. No text of them is in
the table, which holds statistics of 2,600 sequences of letters.
"""

import math
import pathlib
import random
import re
import struct
import sys
import unicodedata

LANGUAGES = ["en", "de", "fr", "es", "pt", "it"]
OTHER = len(LANGUAGES)
CLASSES = OTHER + 1
FOLDERS = {"pt_BR": "pt", "C": "en", "en_GB": "en", "sr@latin": "sh",
           "sr@Latn": "sh", "hr": "sh", "bs": "sh", "nn": "nb", "nb_NO": "nb",
           "ca@valencia": "ca", "ms_MY": "ms"}
LATIN = """af ast az br ca cs cy da eo et eu fi ga gl hr hu id is ku lt lv ms nb
    nl nn oc pl ro sk sl sq sr@latin sr@Latn bs sv sw tr uz vi xh""".split()
SHARE = 9000            # fragments of each language with phrases
SHARE_OTHER = 900       # fragments of each other language
FEATURES = 2600
LEVELS = "abcdefghijklmnopqrstuvwxy"    # weights, "m" is 0
STEP = 0.16             # nats; the unit of ngrams.h

HEAD = r"""#ifndef NGRAMS_TABLE_H
#define NGRAMS_TABLE_H

/*
 * Made by ngrams.py of the translations of three packages of Debian 12: do not
 * edit. They are free software (GPL, LGPL, CC BY-SA); these are statistics of
 * letters, no text. Each entry is a sequence of letters, "_" for an edge of a
 * word, then a letter for each language, whose weight it is: "m" for 0.
 */
#define NGRAMS_LETTERS 5	/* of the longest sequence */

static const char ngrams_table[] ="""


def messages(path):
    """The translations of a .mo file, with what they translate."""
    data = path.read_bytes()
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    n, ids, texts = struct.unpack(order + "3I", data[8:20])
    for i in range(n):
        pair = []
        for table in ids, texts:
            size, at = struct.unpack_from(order + "2I", data, table + 8 * i)
            pair.append(data[at:at + size].decode("utf-8", "replace"))
        if pair[0]:
            yield pair


def sources(folder):
    """(language, text) of all that the packages hold."""
    for path in sorted(folder.glob("**/locale/*/LC_MESSAGES/*.mo")):
        name = path.parts[path.parts.index("locale") + 1]
        name = FOLDERS.get(name, name if name in LATIN + LANGUAGES else None)
        for original, text in messages(path):
            original = original.split("\x04")[-1].split("\0")[0]
            if name == "de":
                yield "en", original
            if name and name != "en":
                for form in text.split("\0"):
                    if form != original:
                        yield name, form
    for path in sorted(folder.glob("**/help/*/*/*.page")):
        name = path.parts[path.parts.index("help") + 1]
        name = FOLDERS.get(name, name if name in LATIN + LANGUAGES else None)
        if name:
            page = path.read_text("utf-8", "replace")
            for text in re.findall(r"<(?:p|title|desc)>(.*?)</", page, re.S):
                yield name, text


def fragments(text, rng):
    """Sentences of two to twelve words, longer ones in pieces."""
    text = re.sub(r"<[^>]*>|&\w+;|%\S*|\{[^}]*\}|\S*[/\\@=<>|$]\S*", " ", text)
    text = re.sub(r"[_&]", "", text)
    for sentence in re.split(r"[.!?:;()\n\"]+", text):
        words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", sentence)
        while len(words) > 1:
            n = rng.randint(2, 9)
            yield " ".join(words[:n])
            words = words[n:]


def spoil(text, rng):
    """The text as it is, without its accents, or with a slip."""
    chance = rng.random()
    if chance < .25:
        text = "".join(c for c in unicodedata.normalize("NFD", text)
                       if not unicodedata.combining(c))
    elif chance < .35:
        i = rng.randrange(len(text))
        text = text[:i] + text[i + 1:]
    return text


def ngrams(text):
    """The sequences of 2 to 5 letters, edges of words included."""
    for word in text.lower().replace("’", "'").split():
        word = "_" + word + "_"
        for n in 2, 3, 4, 5:
            for i in range(len(word) - n + 1):
                yield word[i:i + n]


def corpus(folder, rng):
    """[(class, text)] of as many fragments as each language may have."""
    texts, parts = {}, {}
    for name, text in sources(folder):
        if len(text) < 600:
            texts.setdefault(name, {})[" ".join(text.split())] = None
    for name in texts:
        # what is not translated is in many languages
        parts[name] = {part for text in texts[name]
                       if name == "en" or text not in texts["en"]
                       for part in fragments(text, rng)}
    rows = []
    for name in sorted(parts):
        which = LANGUAGES.index(name) if name in LANGUAGES else OTHER
        share = SHARE if which != OTHER else SHARE_OTHER
        found = sorted(parts[name])
        rng.shuffle(found)
        rows += [(which, spoil(t, rng)) for t in found[:share]
                 if name == "en" or t not in parts["en"]]
    rng.shuffle(rows)
    return rows


def choose(rows):
    """The n-grams that tell most, by mutual information."""
    count, total = {}, [0] * CLASSES
    for which, text in rows:
        total[which] += 1
        for gram in set(ngrams(text)):
            count.setdefault(gram, [0] * CLASSES)[which] += 1
    def told(c):
        share = [n / t for n, t in zip(c, total)]
        mean = sum(share) / CLASSES
        return sum(s * math.log(s / mean) for s in share if s)
    grams = [g for g, c in count.items() if sum(c) >= 30]
    grams.sort(key=lambda g: (-told(count[g]), g))
    return grams[:FEATURES]


def learn(rows, grams, epochs=4):
    """Weights of each n-gram for each class, by AdaGrad."""
    index = {g: i for i, g in enumerate(grams)}
    weights = [[0.0] * CLASSES for _ in grams]
    speed = [[1e-6] * CLASSES for _ in grams]
    known = [(which, [index[g] for g in ngrams(t) if g in index])
             for which, t in rows]
    for epoch in range(epochs):
        wrong = 0
        for which, found in known:
            if not found:
                continue
            points = [sum(c) for c in zip(*[weights[i] for i in found])]
            top = max(points)
            wrong += points[which] < top
            odds = [math.exp(p - top) for p in points]
            total = sum(odds)
            slope = [o / total for o in odds]
            slope[which] -= 1
            for i in set(found):
                w, s = weights[i], speed[i]
                for c in range(CLASSES):
                    g = slope[c] + 2e-4 * w[c]
                    s[c] += g * g
                    w[c] -= .15 * g / math.sqrt(s[c])
        print(f"{epoch}: {wrong} of {len(known)} wrong", file=sys.stderr)
    return weights


def row(gram, weights):
    middle = len(LEVELS) // 2
    mean = sum(weights) / CLASSES
    return gram + "".join(
        LEVELS[max(0, min(len(LEVELS) - 1, middle + round((w - mean) / STEP)))]
        for w in weights)


def main():
    rng = random.Random(1)
    rows = corpus(pathlib.Path(sys.argv[1]), rng)
    grams = choose(rows)
    table = sorted(zip(grams, learn(rows, grams)))
    print(HEAD)
    line = ""
    for gram, weights in table:
        word = row(gram, weights) + " "
        if len(line + word) > 68:
            print(f'\t"{line}"')
            line = ""
        line += word
    print(f'\t"{line}";\n\n#endif')


if __name__ == "__main__":
    main()
