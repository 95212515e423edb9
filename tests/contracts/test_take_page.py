"""`take_page` bounds a page by count and characters, and reads no more than it needs."""

from collections.abc import Iterator

import pytest

from bussa_server.ports.store import MAX_PAGE_CHARS, take_page


@pytest.mark.parametrize(
    ("lengths", "limit", "page", "more"),
    [
        ([], 5, [], False),
        ([1, 2, 3], 5, [1, 2, 3], False),
        ([1, 2, 3], 3, [1, 2, 3], False),
        ([1, 2, 3], 2, [1, 2], True),
        ([MAX_PAGE_CHARS - 1, 1, 1], 5, [MAX_PAGE_CHARS - 1, 1], True),
        ([MAX_PAGE_CHARS + 1, 1], 5, [MAX_PAGE_CHARS + 1], True),
        ([1, MAX_PAGE_CHARS + 1], 5, [1], True),
    ],
)
def test_page_is_bounded_by_count_and_characters(lengths: list[int], limit: int, page: list[int], more: bool):
    assert take_page(lengths, int, limit) == (page, more)


@pytest.mark.parametrize(("length", "limit", "reads"), [(10_000, 500, 7), (1, 50, 51)])
def test_take_page_reads_one_entry_past_the_page(length: int, limit: int, reads: int):
    read: list[int] = []

    def entries() -> Iterator[int]:
        while True:
            read.append(length)
            yield length

    page, more = take_page(entries(), int, limit)
    assert more
    assert len(page) == reads - 1
    assert len(read) == reads
