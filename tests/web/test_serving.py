"""How the page is served: whole, small, unchanged for those who have it, and under a strict policy."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from server.http import web


def client(folder: Path = web.FOLDER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=web.routes(folder)))
    return httpx.AsyncClient(transport=transport, base_url="http://bussa.test:8080")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "a.js").write_text("export const a = 1;")
    (tmp_path / "tsconfig.json").write_text("{}")
    return tmp_path


async def test_the_page_stands_at_the_root_and_its_files_under_web(folder: Path) -> None:
    async with client(folder) as http:
        page = await http.get("/")
        script = await http.get("/web/sdk/a.js")
    assert (page.status_code, page.text) == (200, "<!doctype html>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/web/", "/web/none.js", "/web/tsconfig.json", "/web/sdk", "/web/%2e%2e/app.py"])
async def test_what_is_no_file_of_the_page_is_not_found(folder: Path, path: str) -> None:
    async with client(folder) as http:
        answer = await http.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_the_policy_lets_in_nothing_inline_and_nothing_from_elsewhere(folder: Path) -> None:
    async with client(folder) as http:
        headers = (await http.get("/")).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://bussa.test:8080 wss://bussa.test:8080"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_a_strange_host_puts_nothing_into_the_policy(folder: Path) -> None:
    async with client(folder) as http:
        answer = await http.get("/", headers={"Host": "x; script-src *"})
    assert "connect-src 'self';" in answer.headers["content-security-policy"]
    assert "script-src *" not in answer.headers["content-security-policy"]


async def test_who_has_a_file_is_not_sent_it_again(folder: Path) -> None:
    async with client(folder) as http:
        first = await http.get("/web/sdk/a.js")
        again = await http.get("/web/sdk/a.js", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        plain = await http.get(
            "/web/sdk/a.js", headers={"If-None-Match": first.headers["etag"], "Accept-Encoding": "identity"}
        )
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert plain.status_code == 200, "packed and plain are two representations"


@pytest.mark.parametrize(
    ("accepts", "packed"), [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("", False)]
)
async def test_a_file_is_packed_for_those_who_can_unpack(folder: Path, accepts: str, packed: bool) -> None:
    async with client(folder) as http, http.stream("GET", "/", headers={"Accept-Encoding": accepts}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(raw) if packed else raw) == b"<!doctype html>"


async def test_an_installation_without_the_page_serves_none(tmp_path: Path) -> None:
    assert web.routes(tmp_path) == []
