"""How text is made searchable: one pure function for text and query, so that all stores answer alike.

A word is a run of letters and digits; case and accents are ignored, punctuation means nothing
(contract, ``search``). *citt* and *citta* find *città*.
"""

import re
import unicodedata

MAX_WORD_CHARS = 64
"""Characters of a word that count. A longer one is found by its first 64: an index must bound its keys."""

MAX_QUERY_WORDS = 16
"""Words of a query that count: each costs a look-up."""

_MAX_CACHED_CHARACTERS = 50_000
"""Characters known by heart: more than any few languages have (some 100 bytes each)."""

_WORD_PATTERN = re.compile(r"[^\W_]+")


class _MarkStripper(dict[int, int | None]):
    """What `str.translate` makes of a character: nothing of a mark. Filled as characters come up, with an end."""

    def __missing__(self, code: int) -> int | None:
        if len(self) >= _MAX_CACHED_CHARACTERS:
            self.clear()
        self[code] = kept = None if unicodedata.category(chr(code))[0] == "M" else code
        return kept


_STRIP_MARKS = _MarkStripper()


def tokenize(text: str) -> list[str]:
    """The distinct words of ``text``, normalised, in the order of their first appearance.

    Compatibility decomposition (Unicode NFKD) takes the accents off their letters and case folding
    makes *STRASSE* of *straße*; decomposed once more, because folding may yield what decomposes.
    """
    if text.isascii():
        plain = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        plain = folded.translate(_STRIP_MARKS)
    return list(dict.fromkeys(word[:MAX_WORD_CHARS] for word in _WORD_PATTERN.findall(plain)))


def tokenize_query(query: str) -> list[str]:
    """The words that a query asks for; each must begin a word of the text. Empty: it asks for nothing."""
    return tokenize(query)[:MAX_QUERY_WORDS]


def matches(query: list[str], text: str) -> bool:
    """Whether every word of ``query`` (from ``query_words``) begins a word of ``text``. Every index must agree."""
    text_words = tokenize(text)
    return bool(query) and all(any(word.startswith(prefix) for word in text_words) for prefix in query)
