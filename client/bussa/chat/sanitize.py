"""What others write, made harmless for a terminal.

A stranger's text must not move the cursor, recolour the screen, turn the reading direction around, hide
itself, or become a link that is clicked by mistake. Nothing here is markup: what comes out is drawn as it is.
"""

import re
import unicodedata

COMBINING_MAX = 4
"""Combining marks on one letter. Real languages need two or three; a hundred paint over the lines around."""

_REPLACED = "\N{REPLACEMENT CHARACTER}"
# ZWNJ and ZWJ join letters (Persian, many scripts of India) and emoji, and draw nothing by themselves.
_JOINERS = "\u200c\u200d"
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)|\b(mailto|tel):")
_WWW = re.compile(r"(?i)\bwww\.")


def plain(text: str) -> str:
    """Text of several lines: no control, no direction, no invisible character but the ones that writing needs."""
    text = _LINE_ENDS.sub("\n", text).replace("\t", "    ")
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > COMBINING_MAX:
            continue
        kept.append(_replacement(character, category))
    return "".join(kept)


def line(text: str) -> str:
    """The same on one line: a name, a preview."""
    return " ".join(plain(text).split())


def defang_links(text: str) -> str:
    """Addresses that no terminal recognises, and a person still reads: for what strangers write."""
    text = _SCHEME.sub(lambda match: f"{match[1] or match[2]}[:]", text)
    return _WWW.sub("www[.]", text)


def _replacement(character: str, category: str) -> str:
    if character == "\n" or character in _JOINERS:
        return character
    # Cf: direction overrides and isolates, invisible tags, soft hyphens. Nobody misses them here.
    if category == "Cf":
        return ""
    # Cc: escape sequences begin with one. Cs, Co, Cn: what a terminal draws for them is anybody's guess.
    # Emoji are newer than any table of characters: the plane where they are added is let through.
    if category in ("Cc", "Cs", "Co") or (category == "Cn" and not "\U0001f000" <= character <= "\U0001fbff"):
        return _REPLACED
    return character
