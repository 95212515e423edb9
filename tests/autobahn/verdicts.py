"""Autobahn's verdicts as a table. Pure."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

SECTIONS = {
    1: "framing",
    2: "pings and pongs",
    3: "reserved bits",
    4: "opcodes",
    5: "fragmentation",
    6: "UTF-8",
    7: "closing",
    9: "limits and performance",
    10: "automatic fragmentation",
    12: "compression",
    13: "compression",
}

PASSED = frozenset(("OK", "NON-STRICT", "INFORMATIONAL"))
"""Non-strict: allowed, but not preferred by the suite. Informational: there is nothing to pass."""


@dataclass(frozen=True, slots=True)
class Verdict:
    behavior: str
    """Of the frames."""
    closing: str
    """Of the closing handshake."""


Verdicts = dict[str, dict[str, Verdict]]
"""By server, then by case."""


def parse_index(index: dict[str, Any]) -> Verdicts:
    """The suite's ``index.json``."""
    return {
        agent: {case: Verdict(found["behavior"], found["behaviorClose"]) for case, found in cases.items()}
        for agent, cases in index.items()
    }


def is_failure(verdict: Verdict) -> bool:
    return verdict.behavior not in PASSED or verdict.closing not in PASSED


def table(found: Verdicts) -> str:
    """Counts by section and verdict, and a line for each case that is not OK. Markdown."""
    lines = [
        "| section | " + " | ".join(found) + " |",
        "| --- |" + " --- |" * len(found),
    ]
    sections = sorted({section(case) for verdicts in found.values() for case in verdicts})
    lines += [
        f"| {number} {SECTIONS.get(number, '')} | "
        + " | ".join(_counts(verdicts, number) for verdicts in found.values())
        + " |"
        for number in sections
    ]
    total = " | ".join(_counts(verdicts, None) for verdicts in found.values())
    lines.append(f"| all | {total} |")
    odd = [
        f"- {case}, {agent}: {verdict.behavior}, closing {verdict.closing}"
        for agent, verdicts in found.items()
        for case, verdict in sorted(verdicts.items(), key=lambda entry: [int(part) for part in entry[0].split(".")])
        if (verdict.behavior, verdict.closing) not in (("OK", "OK"), ("INFORMATIONAL", "INFORMATIONAL"))
    ]
    return "\n".join(lines + (["", *odd] if odd else []))


def section(case: str) -> int:
    return int(case.split(".", 1)[0])


def _counts(verdicts: dict[str, Verdict], number: int | None) -> str:
    counts = Counter(
        "FAILED" if is_failure(verdict) else verdict.behavior
        for case, verdict in verdicts.items()
        if number is None or section(case) == number
    )
    return ", ".join(f"{count} {name.lower()}" for name, count in counts.most_common())
