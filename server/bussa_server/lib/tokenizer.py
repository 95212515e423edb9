"""The searchable words of a text: one pure function for texts and queries, so that all stores answer alike.

A word is a run of letters and digits; case and accents are ignored, punctuation only separates words
(contract, ``search``). *citt* and *citta* find *città*.
"""

import re
import unicodedata

MAX_WORD_CHARS = 64
"""Longer words are truncated: an index must bound its keys."""

MAX_QUERY_WORDS = 16
"""Further words of a query are ignored: each costs a look-up."""

_MAX_CACHED_CHARACTERS = 50_000
"""Cached characters, some 100 bytes each; more than a few languages have together."""

_WORD_PATTERN = re.compile(r"[^\W_]+")


class _MarkStripper(dict[int, int | None]):
    """A `str.translate` table that removes combining marks. Filled as characters come up, and bounded."""

    def __missing__(self, code: int) -> int | None:
        if len(self) >= _MAX_CACHED_CHARACTERS:
            self.clear()
        self[code] = kept = None if unicodedata.category(chr(code))[0] == "M" else code
        return kept


_STRIP_MARKS = _MarkStripper()


def tokenize(text: str) -> list[str]:
    """The distinct words of ``text``, normalised, in the order of their first appearance.

    Compatibility decomposition (Unicode NFKD) separates accents from their letters; case folding makes *straße*
    and *STRASSE* equal. Decomposed once more, because folding may yield characters that decompose.
    """
    if text.isascii():
        plain = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        plain = folded.translate(_STRIP_MARKS)
    return list(dict.fromkeys(word[:MAX_WORD_CHARS] for word in _WORD_PATTERN.findall(plain)))


def tokenize_query(query: str) -> list[str]:
    """The words of a query; each must be the prefix of a word of the text. An empty list finds nothing."""
    return tokenize(query)[:MAX_QUERY_WORDS]


def matches(query: list[str], text: str) -> bool:
    """Whether every word of ``query`` (from `tokenize_query`) is the prefix of a word of ``text``.

    The reference that every index must agree with.
    """
    text_words = tokenize(text)
    return bool(query) and all(any(word.startswith(prefix) for word in text_words) for prefix in query)
