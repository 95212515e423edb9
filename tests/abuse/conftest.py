"""One server for all attacks."""

from collections.abc import Iterator

import pytest

from tests.abuse.victim import Victim, raise_fd_limit


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    raise_fd_limit()
    victim = Victim(tmp_path_factory.mktemp("abuse") / "data")
    yield victim
    assert victim.stop() == 0
    assert "Traceback" not in victim.log, victim.log


@pytest.fixture(scope="session")
def token(victim: Victim) -> str:
    """The token of a user with an account, which is all that an attacker needs."""
    return victim.create_users("mallory", "target")[0]
