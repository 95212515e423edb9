"""How text is made searchable: one pure function for text and query, so that all stores answer alike.

A word is a run of letters and digits; case and accents are ignored, punctuation means nothing
(contract, ``search``). *citt* and *citta* find *città*.
"""

import re
import unicodedata

WORD = 64
"""Characters of a word that count. A longer one is found by its first 64: an index must bound its keys."""

QUERY_WORDS = 16
"""Words of a query that count: each costs a look-up."""

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The distinct words of ``text``, normalised, in the order of their first appearance.

    Compatibility decomposition (Unicode NFKD) takes the accents off their letters and case folding
    makes *STRASSE* of *straße*; decomposed once more, because folding may yield what decomposes.
    """
    if text.isascii():
        plain = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        plain = "".join(char for char in folded if unicodedata.category(char)[0] != "M")
    return list(dict.fromkeys(word[:WORD] for word in _WORD.findall(plain)))


def query_words(query: str) -> list[str]:
    """The words that a query asks for; each must begin a word of the text. Empty: it asks for nothing."""
    return words(query)[:QUERY_WORDS]


def matches(query: list[str], text: str) -> bool:
    """Whether every word of ``query`` (from ``query_words``) begins a word of ``text``. Every index must agree."""
    have = words(text)
    return bool(query) and all(any(word.startswith(asked) for word in have) for asked in query)
