"""One server is abused by all; nothing of it may leave a trace."""

from collections.abc import Iterator

import pytest

from tests.abuse.victim import Victim, allow_many_files


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    allow_many_files()
    victim = Victim(tmp_path_factory.mktemp("abuse") / "data")
    yield victim
    assert victim.stop() == 0
    assert "Traceback" not in victim.log, victim.log


@pytest.fixture(scope="session")
def token(victim: Victim) -> str:
    """Of somebody with an account, which is all that an attacker needs."""
    return victim.people("mallory", "target")[0]
