"""No old name of docs/decisions/0014-words.md names anything today, and the page's names of today exist."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/decisions/0014-words.md").read_text(encoding="utf-8")
SOURCES = ("protocol", "server", "client", "load", "bench", "tests", "web")
ALERTS = "deploy/prometheus/alerts.yml"

METRICS = {"counter": "_total", "gauge": "", "histogram": ""}
"""The functions that declare a metric, and what Prometheus appends to its name."""

JAVASCRIPT = re.compile(
    r"^\s*(?:export )?(?:default )?(?:async )?(?:class|function\*?|const|let) (\w+)"
    r"|^ {4}(?:static |async |get |set |\*|#)*(\w+)\(.*\) \{$",  # a method
    re.MULTILINE,
)

NO_SUBJECT = re.compile(r"test_(the|what|whatever|who|whoever|nobody|everybody|nothing|everything|it|and|but)_")


class Definition(NamedTuple):
    path: str
    """Of the file, relative to the repository."""
    name: str
    """Dotted, from the module on: `hub.Hub.deliver`. A file's or a folder's is its path; a text is itself."""


def cells(heading: str) -> Iterator[list[list[str]]]:
    """The rows of the tables below a heading of the page, each cell as the names in it."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for row in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
        yield [re.findall(r"`([^`]+)`", cell) for cell in row.split(" | ")]


OLD = {name for old, _, _ in cells("The tables") for name in old}
EXCEPTIONS = {
    (name, place) for names, places, _ in cells("Same word, other meaning") for name in names for place in places
}


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def files() -> Iterator[str]:
    for source in SOURCES:
        for folder, folders, names in os.walk(ROOT / source):
            folders[:] = [name for name in folders if name not in ("__pycache__", "node_modules")]
            yield from (str((Path(folder) / name).relative_to(ROOT)) for name in names)


def python_names(tree: ast.AST, prefix: str) -> Iterator[str]:
    """What a module defines, what its classes define, and the attributes that their methods assign."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.ClassDef(name=name):
                yield f"{prefix}.{name}"
                yield from python_names(node, f"{prefix}.{name}")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{prefix}.{name}"
                for inner in ast.walk(node):
                    match inner:
                        case ast.Attribute(value=ast.Name(id="self"), attr=attribute, ctx=ast.Store()):
                            yield f"{prefix}.{attribute}"
            case ast.Assign() | ast.AnnAssign():
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    yield from (f"{prefix}.{inner.id}" for inner in ast.walk(target) if isinstance(inner, ast.Name))
            case ast.stmt():
                yield from python_names(node, prefix)


def telemetry_names(tree: ast.AST) -> Iterator[str]:
    """The metrics that a module declares, and the events that it logs."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=kind), args=[ast.Constant(value=str(name)), *_]) if kind in METRICS:
                yield f"bussa_{name}{METRICS[kind]}"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), args=[ast.Constant(value=str(event)), *_]):
                yield event


def names_in(path: str, source: str) -> Iterator[str]:
    module = Path(path).stem if Path(path).stem != "__init__" else Path(path).parent.name
    if path.endswith(".py"):
        tree = ast.parse(source)
        yield from python_names(tree, module)
        if "/telemetry/" in path:
            yield from telemetry_names(tree)
        if path.endswith("/codes.py"):  # reasons of closes
            yield from (str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant))
    elif path.endswith((".js", ".mjs")):
        yield from (f"{module}.{name or method}" for name, method in JAVASCRIPT.findall(source))
    elif path == ALERTS:
        yield from (f"alerts.{name}" for name in re.findall(r"- alert: (\w+)", source))


@cache
def definitions() -> frozenset[Definition]:
    found: set[Definition] = set()
    for path in [*files(), ALERTS]:
        found |= {Definition(path, path), Definition(path, f"{path.rpartition('/')[0]}/")}
        if path.endswith((".py", ".js", ".mjs", ".yml")):
            found |= {Definition(path, name) for name in names_in(path, read(path))}
    return frozenset(found)


def is_named(definition: Definition, name: str) -> bool:
    """Whole words only: `post.py` is not `compost.py`, and `Tokens.read` is not `Reader.read`."""
    if " " in name:
        return definition.name == name
    return f"/{definition.name}".endswith(f"/{name}") or f".{definition.name}".endswith(f".{name}")


def keys(name: str) -> set[str]:
    return {name.rstrip("/").rpartition("/")[2], name.rpartition(".")[2]}


@cache
def index() -> dict[str, set[Definition]]:
    found: dict[str, set[Definition]] = {}
    for definition in definitions():
        for key in keys(definition.name):
            found.setdefault(key, set()).add(definition)
    return found


def uses(name: str) -> list[Definition]:
    candidates = set[Definition]().union(*(index().get(key, ()) for key in keys(name)))
    return sorted(definition for definition in candidates if is_named(definition, name))


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("server/bussa_server/domain/book.py", "", "book.py"),
        ("web/views/acts/menu.js", "", "acts/"),
        ("server/bussa_server/app.py", "class Book: ...", "Book"),
        ("server/bussa_server/app.py", "if True:\n    async def ring(): ...", "ring"),
        ("server/bussa_server/auth/principal.py", "class Tokens:\n    def read(self): ...", "Tokens.read"),
        ("client/bussa/state.py", "class State:\n    flown: int = 0", "flown"),
        ("client/bussa/state.py", "class State:\n    def __init__(self):\n        self.flown, x = 0, 1", "flown"),
        ("tests/e2e/conftest.py", "@pytest.fixture\ndef play(): ...", "play"),
        ("server/bussa_server/telemetry/bus.py", 'counter("bus_torn", "Help.", "server")', "bussa_bus_torn_total"),
        ("server/bussa_server/telemetry/bus.py", 'def f():\n    log.info("the bus is whole")', "the bus is whole"),
        ("web/sdk/state.js", "export class Bussa extends Core {", "Bussa"),
        ("web/sdk/state.js", "class State {\n    async heal(seq) {\n    }\n}", "heal"),
    ],
)
def test_old_names_are_found_wherever_they_stand(path: str, source: str, name: str) -> None:
    assert name in OLD
    found = [path, f"{path.rpartition('/')[0]}/", *names_in(path, source)]
    assert [one for one in found if is_named(Definition(path, one), name)]


def test_old_names_are_gone() -> None:
    places = {name: tuple(place for other, place in EXCEPTIONS if other == name) for name in OLD}
    assert [use for name in sorted(OLD) for use in uses(name) if not use.path.startswith(places[name])] == []


def test_exceptions_are_old_names_in_use() -> None:
    assert {name for name, _ in EXCEPTIONS} <= OLD
    assert [
        (name, place) for name, place in EXCEPTIONS if not any(use.path.startswith(place) for use in uses(name))
    ] == []


def test_names_of_today_stand_where_the_page_says() -> None:
    for old, today, places in cells("The tables"):
        assert old
        assert today
        assert [place for place in places if not (ROOT / place).exists()] == []
        # What both SDKs have is given for the Python one.
        there = ("web/", *places) if places[0].startswith("client/") else tuple(places)
        assert [name for name in today if not any(use.path.startswith(there) for use in uses(name))] == []


def test_test_names_begin_with_a_subject() -> None:
    tests = [use.name.rpartition(".")[2] for use in definitions() if use.path.startswith("tests/")]
    assert len(tests) > 1000
    assert [name for name in tests if NO_SUBJECT.match(name)] == []
