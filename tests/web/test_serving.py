"""Serving the page: compression, caching, size, security headers."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bussa_server.http import static


def client(folder: Path = static.WEB_FOLDER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=static.routes(folder)))
    return httpx.AsyncClient(transport=transport, base_url="http://bussa.test:8080")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "a.js").write_text("export const a = 1;")
    (tmp_path / "tsconfig.json").write_text("{}")
    return tmp_path


async def test_page_is_at_the_root_and_its_files_under_web(folder: Path) -> None:
    async with client(folder) as http:
        page = await http.get("/")
        script = await http.get("/web/sdk/a.js")
    assert (page.status_code, page.text) == (200, "<!doctype html>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/web/", "/web/none.js", "/web/tsconfig.json", "/web/sdk", "/web/%2e%2e/app.py"])
async def test_other_path_is_not_found(folder: Path, path: str) -> None:
    async with client(folder) as http:
        answer = await http.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "path", ["package.json", "README.md", "tsconfig.json", "tsconfig.types.json", "types/bussa.d.ts"]
)
async def test_file_of_the_npm_package_or_the_tools_is_not_served(path: str) -> None:
    assert (static.WEB_FOLDER / path).is_file()
    async with client() as http:
        answer = await http.get(f"/web/{path}")
    assert answer.status_code == 404


async def test_content_security_policy_allows_nothing_inline_or_foreign(folder: Path) -> None:
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


async def test_crafted_host_header_adds_nothing_to_the_policy(folder: Path) -> None:
    async with client(folder) as http:
        answer = await http.get("/", headers={"Host": "x; script-src *"})
    assert "connect-src 'self';" in answer.headers["content-security-policy"]
    assert "script-src *" not in answer.headers["content-security-policy"]


async def test_unchanged_file_is_answered_with_304(folder: Path) -> None:
    async with client(folder) as http:
        first = await http.get("/web/sdk/a.js")
        again = await http.get("/web/sdk/a.js", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        plain = await http.get(
            "/web/sdk/a.js", headers={"If-None-Match": first.headers["etag"], "Accept-Encoding": "identity"}
        )
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert plain.status_code == 200, "each encoding is a representation with its own ETag"


@pytest.mark.parametrize(
    ("accepts", "packed"), [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("", False)]
)
async def test_file_is_compressed_if_the_client_accepts_gzip(folder: Path, accepts: str, packed: bool) -> None:
    async with client(folder) as http, http.stream("GET", "/", headers={"Accept-Encoding": accepts}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(raw) if packed else raw) == b"<!doctype html>"


async def test_comments_are_not_served(folder: Path) -> None:
    (folder / "sdk" / "b.js").write_text("/** What it is. */\nb(); // why\nc('/* d */');\n")
    (folder / "e.css").write_text("/* Why. */\na { color: red }\n")
    async with client(folder) as http:
        script, style = await http.get("/web/sdk/b.js"), await http.get("/web/e.css")
    assert (script.text, style.text) == ("b();c('/* d */');", "a{color:red}")


async def test_first_load_stays_below_its_limit() -> None:
    total = 0
    async with client() as http:
        for path in static.WEB_FOLDER.rglob("*"):
            if path.suffix in static.MEDIA_TYPES and path.name != "it.js":
                name = path.relative_to(static.WEB_FOLDER).as_posix()
                async with http.stream("GET", f"/web/{name}", headers={"Accept-Encoding": "gzip"}) as answer:
                    body = sum([len(chunk) async for chunk in answer.aiter_raw()])
                total += body + sum(len(key) + len(value) + 4 for key, value in answer.headers.items())
    assert total < 97_000, "the first load transfers every view"


async def test_scripts_can_be_imported_from_other_origins(folder: Path) -> None:
    async with client(folder) as http:
        script, page = await http.get("/web/sdk/a.js"), await http.get("/")
    assert script.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in page.headers


async def test_installation_without_the_page_has_no_routes(tmp_path: Path) -> None:
    assert static.routes(tmp_path) == []
