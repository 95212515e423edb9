from collections.abc import AsyncIterator

import pytest

from tests.http.harness import Harness


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    made = Harness()
    yield made
    await made.close()
