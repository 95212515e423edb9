"""How text is made searchable, in many scripts. (The vectors of the protocol hold the plain cases.)"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_server.domain.words import _CHARACTERS, _UNMARKED, QUERY_WORDS, WORD, matches, query_words, words

# Letters of many scripts, marks, digits, signs: what people write, and what nobody does.
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
def test_finds(query: str, text: str) -> None:
    assert matches(query_words(query), text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ittà", "città"),
        ("città roma", "città"),
        ("cittadino", "città"),
        ("글", "한글"),
        # The dotless i is a letter of its own; only accents are ignored.
        ("ısı", "isi"),
        ("snake case", "snakecase"),
        ("", "anything"),
        ("_ - !", "anything _ - !"),
        ("a", ""),
        ("a", "\x00\u200b👍"),
    ],
)
def test_does_not_find(query: str, text: str) -> None:
    assert not matches(query_words(query), text)


def test_a_hangul_syllable_is_found_by_the_letters_that_it_begins_with() -> None:
    # Decomposed, 가 begins 각: what finds a syllable while it is still being typed.
    assert matches(query_words("가"), "각")
    assert not matches(query_words("각"), "가")


def test_signs_between_letters_divide_and_marks_on_them_do_not() -> None:
    assert words("a\u0301b a\u200bb a_b a-b a\x00b") == ["ab", "a", "b"]


def test_of_a_long_word_the_first_characters_count() -> None:
    assert words("x" * 10_000) == ["x" * WORD]
    assert matches(query_words("x" * (WORD + 5)), "x" * WORD)
    assert not matches(query_words("x" * WORD), "x" * (WORD - 1))


def test_of_a_long_query_the_first_words_count() -> None:
    many = [f"w{i:03}" for i in range(QUERY_WORDS + 4)]
    assert query_words(" ".join(many)) == many[:QUERY_WORDS]
    assert matches(query_words(" ".join(many)), " ".join(many[:QUERY_WORDS]))


def test_what_it_knows_of_characters_has_a_bound() -> None:
    # The planes of the ideographs: more characters than are kept, and each of them found.
    for start in range(0x20000, 0x20000 + _CHARACTERS + 20_000, 10_000):
        text = " ".join(map(chr, range(start, start + 10_000)))
        assert matches(query_words(chr(start)), text) is chr(start).isalnum()
    assert len(_UNMARKED) <= _CHARACTERS
    assert words("Città e\u0301") == ["citta", "e"]


def test_each_word_once_in_the_order_of_its_first_appearance() -> None:
    assert words("to be or not TO BÉ") == ["to", "be", "or", "not"]


@given(texts)
def test_words_are_what_an_index_can_keep(text: str) -> None:
    found = words(text)
    assert len(found) == len(set(found))
    for word in found:
        assert 1 <= len(word) <= WORD
        # No space, quote, colon, NUL or mark: nothing that any index or query language gives a meaning to.
        assert all(unicodedata.category(char)[0] in "LN" for char in word), word


@given(texts)
def test_words_of_words_are_the_words(text: str) -> None:
    # Otherwise what a query was made of could not find what the text was made of.
    found = [word for word in words(text) if len(word) < WORD]
    assert words(" ".join(found)) == found


@given(texts)
def test_upper_lower_composed_and_decomposed_are_the_same(text: str) -> None:
    short = [word for word in words(text) if len(word) < WORD]
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert [word for word in words(unicodedata.normalize(form, text)) if len(word) < WORD] == short
    assert words(text.casefold()) == words(text)


@given(texts, st.data())
def test_each_word_of_a_text_and_each_beginning_of_it_finds_the_text(text: str, data: st.DataObject) -> None:
    found = words(text)
    if found:
        word = data.draw(st.sampled_from(found))
        start = word[: data.draw(st.integers(1, len(word)))]
        assert matches(query_words(start), text)
        assert matches(query_words(text), text)


@given(texts, texts)
def test_a_match_is_a_beginning_of_some_word_for_every_word(query: str, text: str) -> None:
    asked = query_words(query)
    have = words(text)
    by_hand = bool(asked)
    for word in asked:
        by_hand = by_hand and any(other[: len(word)] == word for other in have)
    assert matches(asked, text) is by_hand
