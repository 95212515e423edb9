"""The searchable words of texts in many scripts. (The protocol's vectors have the plain cases.)"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_server.lib.tokenizer import (
    _MAX_CACHED_CHARACTERS,
    _STRIP_MARKS,
    MAX_QUERY_WORDS,
    MAX_WORD_CHARS,
    matches,
    tokenize,
    tokenize_query,
)

# Letters of many scripts, combining marks, digits, symbols, control characters.
texts = st.text(
    st.one_of(
        st.sampled_from("aàAçßẞıİIiσςΣ가각한글नमस्ते日本ﬁ①²_-'’.\u0301\u0345\u200d\u200b \x00"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("citt", "La città"),
        ("città", "LA CITTA"),
        ("STRASSE", "straße"),
        ("straße", "STRASSE"),
        ("ẞ", "Straße SS"),
        ("ΟΔΟΣ", "οδός"),
        ("οδοσ", "ΟΔΌΣ"),
        ("ὁδός", "οδος"),
        ("한", "한글"),
        ("한글", unicodedata.normalize("NFD", "한글")),
        (unicodedata.normalize("NFD", "각"), "각자"),
        ("नमस्ते", "नमस्ते दुनिया"),
        ("ДОМ", "дом"),
        ("e\u0301cole", "École"),
        ("o\u0302\u0323", "ộ"),
        ("ộ", "o\u0323\u0302n"),
        ("istanbul", "İstanbul"),
        ("İSTANBUL", "istanbul"),
        ("a_b", "a b"),
        ("rock'n'roll", "Rock ’n’ Roll"),
        ("１２", "123"),
        ("ffi", "ﬃ"),
    ],
)
def test_query_matches_text(query: str, text: str) -> None:
    assert matches(tokenize_query(query), text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ittà", "città"),
        ("città roma", "città"),
        ("cittadino", "città"),
        ("글", "한글"),
        # The dotless i is a separate letter; only accents are ignored.
        ("ısı", "isi"),
        ("snake case", "snakecase"),
        ("", "anything"),
        ("_ - !", "anything _ - !"),
        ("a", ""),
        ("a", "\x00\u200b👍"),
    ],
)
def test_query_does_not_match_text(query: str, text: str) -> None:
    assert not matches(tokenize_query(query), text)


def test_hangul_syllable_matches_by_its_first_letters() -> None:
    # Decomposed, 가 is a prefix of 각, so a syllable is found while it is still being typed.
    assert matches(tokenize_query("가"), "각")
    assert not matches(tokenize_query("각"), "가")


def test_punctuation_splits_words_and_marks_do_not() -> None:
    assert tokenize("a\u0301b a\u200bb a_b a-b a\x00b") == ["ab", "a", "b"]


def test_long_word_is_truncated() -> None:
    assert tokenize("x" * 10_000) == ["x" * MAX_WORD_CHARS]
    assert matches(tokenize_query("x" * (MAX_WORD_CHARS + 5)), "x" * MAX_WORD_CHARS)
    assert not matches(tokenize_query("x" * MAX_WORD_CHARS), "x" * (MAX_WORD_CHARS - 1))


def test_long_query_is_truncated() -> None:
    many = [f"w{i:03}" for i in range(MAX_QUERY_WORDS + 4)]
    assert tokenize_query(" ".join(many)) == many[:MAX_QUERY_WORDS]
    assert matches(tokenize_query(" ".join(many)), " ".join(many[:MAX_QUERY_WORDS]))


def test_character_cache_is_bounded() -> None:
    # The ideographic planes: more characters than are cached, and each of them is found.
    for start in range(0x20000, 0x20000 + _MAX_CACHED_CHARACTERS + 20_000, 10_000):
        text = " ".join(map(chr, range(start, start + 10_000)))
        assert matches(tokenize_query(chr(start)), text) is chr(start).isalnum()
    assert len(_STRIP_MARKS) <= _MAX_CACHED_CHARACTERS
    assert tokenize("Città e\u0301") == ["citta", "e"]


def test_words_are_distinct_in_order_of_appearance() -> None:
    assert tokenize("to be or not TO BÉ") == ["to", "be", "or", "not"]


@given(texts)
def test_words_hold_only_letters_and_digits(text: str) -> None:
    found = tokenize(text)
    assert len(found) == len(set(found))
    for word in found:
        assert 1 <= len(word) <= MAX_WORD_CHARS
        # No space, quote, colon, NUL or mark: nothing with a meaning in an index or query language.
        assert all(unicodedata.category(char)[0] in "LN" for char in word), word


@given(texts)
def test_tokenize_is_idempotent(text: str) -> None:
    # Otherwise the words of a query would not match the words of a text.
    found = [word for word in tokenize(text) if len(word) < MAX_WORD_CHARS]
    assert tokenize(" ".join(found)) == found


@given(texts)
def test_tokenize_ignores_case_and_normalization_form(text: str) -> None:
    short = [word for word in tokenize(text) if len(word) < MAX_WORD_CHARS]
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert [word for word in tokenize(unicodedata.normalize(form, text)) if len(word) < MAX_WORD_CHARS] == short
    assert tokenize(text.casefold()) == tokenize(text)


@given(texts, st.data())
def test_text_matches_every_prefix_of_its_words(text: str, data: st.DataObject) -> None:
    found = tokenize(text)
    if found:
        word = data.draw(st.sampled_from(found))
        start = word[: data.draw(st.integers(1, len(word)))]
        assert matches(tokenize_query(start), text)
        assert matches(tokenize_query(text), text)


@given(texts, texts)
def test_match_needs_a_prefix_for_every_query_word(query: str, text: str) -> None:
    query_words = tokenize_query(query)
    text_words = tokenize(text)
    expected = bool(query_words)
    for word in query_words:
        expected = expected and any(other[: len(word)] == word for other in text_words)
    assert matches(query_words, text) is expected
