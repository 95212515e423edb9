"""Sanitizes text of other users for a terminal.

Text of a stranger must not move the cursor, recolour the screen, change the reading direction, be invisible, or become
a link that is clicked by mistake. The output is drawn as it is, never parsed as markup.
"""

import re
import unicodedata

COMBINING_MAX = 4
"""Combining marks kept per letter. Real languages need two or three; a hundred overdraw the neighbouring lines."""

_REPLACED = "\N{REPLACEMENT CHARACTER}"
# ZWNJ and ZWJ join letters (Persian, many scripts of India) and emoji; alone they are invisible.
_JOINERS = "\u200c\u200d"
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)|\b(mailto|tel):")
_WWW = re.compile(r"(?i)\bwww\.")


def plain(text: str) -> str:
    """Multi-line text without control, direction and invisible characters, except the joiners that scripts need."""
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
    """The same on one line, for a name or a preview."""
    return " ".join(plain(text).split())


def defang_links(text: str) -> str:
    """Rewrite URLs so that no terminal makes links of them and people can still read them: for text of strangers."""
    text = _SCHEME.sub(lambda match: f"{match[1] or match[2]}[:]", text)
    return _WWW.sub("www[.]", text)


def _replacement(character: str, category: str) -> str:
    if character == "\n" or character in _JOINERS:
        return character
    # Cf: direction overrides and isolates, invisible tags, soft hyphens. Dropping them loses no text.
    if category == "Cf":
        return ""
    # Cc: escape sequences start with one. Cs, Co, Cn: terminals disagree on how to draw them.
    # New emoji are missing from Python's Unicode table (Cn): their blocks are allowed.
    if category in ("Cc", "Cs", "Co") or (category == "Cn" and not "\U0001f000" <= character <= "\U0001fbff"):
        return _REPLACED
    return character
