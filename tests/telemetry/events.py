"""Helpers of the telemetry tests: a counter's increase, and an error that quotes private data."""

from prometheus_client.parser import text_string_to_metric_families

from bussa_server import telemetry
from tests import commands

PRIVATE = "the text of a private message"


def sample(name: str, **labels: str) -> float:
    return sum(
        found.value
        for family in text_string_to_metric_families(telemetry.metrics().decode())
        for found in family.samples
        if found.name == f"bussa_{name}" and labels.items() <= found.labels.items()
    )


class Counted:
    """The increase of a metric within a `with` block."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self.by = 0.0

    def __enter__(self) -> "Counted":
        self._before = sample(self._name, **self._labels)
        return self

    def __exit__(self, *_: object) -> None:
        self.by = sample(self._name, **self._labels) - self._before


def broken(message: str = PRIVATE) -> Exception:
    """An error with a traceback and a cause, both quoting private data, as a database driver might."""
    try:
        try:
            raise KeyError(message)
        except KeyError as cause:
            raise ValueError(message) from cause
    except ValueError as error:
        return error


SEND = commands.Send("alice", "bob", PRIVATE, PRIVATE)
