"""What the tests of telemetry share: a counter watched, an error that quotes what it should not."""

from prometheus_client.parser import text_string_to_metric_families

from bussa_server import telemetry
from bussa_server.domain import commands

PRIVATE = "what nobody else may read"


def sample(name: str, **labels: str) -> float:
    return sum(
        found.value
        for family in text_string_to_metric_families(telemetry.metrics().decode())
        for found in family.samples
        if found.name == f"bussa_{name}" and labels.items() <= found.labels.items()
    )


class Counted:
    """By how much a counter grows inside of a `with`."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self.by = 0.0

    def __enter__(self) -> "Counted":
        self._before = sample(self._name, **self._labels)
        return self

    def __exit__(self, *_: object) -> None:
        self.by = sample(self._name, **self._labels) - self._before


def broken(message: str = PRIVATE) -> Exception:
    """An error with a traceback and a cause, as a database would word it."""
    try:
        try:
            raise KeyError(message)
        except KeyError as cause:
            raise ValueError(message) from cause
    except ValueError as error:
        return error


SEND = commands.Send("alice", "bob", PRIVATE, PRIVATE)
