"""The web client: ``GET /`` and ``/web/…``, served from memory (contract, section *HTTP*).

The files are read once, when the routes are created, so no path of a request ever reaches the disk. They are minified
and compressed once, too: comments and white space are a third of all bytes. File names carry no version, so browsers
revalidate each time (``no-cache``) by ETag.
"""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import rcssmin  # pyright: ignore[reportMissingTypeStubs]
import rjsmin  # pyright: ignore[reportMissingTypeStubs]
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bussa_server.http.problems import not_found
from bussa_server.http.resource import resource

# In a clone the web client is beside the server; in an installation it is part of the package (pyproject.toml).
_INSTALLED = Path(__file__).parents[1] / "page"
WEB_FOLDER = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[3] / "web"

# Other files (the type checker's settings) are not served.
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

# No inline script or style, no other origin, no framing (Content Security Policy Level 3).
# In current browsers `'self'` covers the WebSocket; older ones need its URL, so it is added per request.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; "
    "connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

COMMON_HEADERS = {
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
# For files that a browser may open as a page.
PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
# Scripts hold no secrets, and pages of a host application may load the SDK.
SCRIPT_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}

# Strip comments and white space. Names stay, so stack traces in the browser's console are readable.
MINIFIERS = {
    ".js": cast("Callable[[str], str]", rjsmin.jsmin),  # pyright: ignore[reportUnknownMemberType]
    ".css": cast("Callable[[str], str]", rcssmin.cssmin),  # pyright: ignore[reportUnknownMemberType]
}

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class File:
    """A file to serve, uncompressed and compressed."""

    media_type: str
    plain: bytes
    gzipped: bytes
    tag: str


def routes(folder: Path = WEB_FOLDER) -> list[BaseRoute]:
    """Routes for ``/`` and ``/web/``; none if the folder does not exist (an installation without it)."""
    files = dict(_files(folder))
    page = files.get("index.html")
    if page is None:
        return []

    async def root(request: Request) -> Response:
        return _answer(request, page)

    async def named(request: Request) -> Response:
        file = files.get(str(request.path_params["name"]))
        if file is None:
            raise not_found("unknown file")
        return _answer(request, file)

    return [resource("/", GET=root), resource("/web/{name:path}", GET=named)]


def _files(folder: Path) -> Iterator[tuple[str, File]]:
    for path in sorted(folder.rglob("*")):
        media_type = MEDIA_TYPES.get(path.suffix)
        if media_type is None or not path.is_file():
            continue
        plain = path.read_bytes()
        if minify := MINIFIERS.get(path.suffix):
            plain = minify(plain.decode()).encode()
        tag = hashlib.sha256(plain).hexdigest()[:24]
        yield path.relative_to(folder).as_posix(), File(media_type, plain, gzip.compress(plain, mtime=0), tag)


def _answer(request: Request, file: File) -> Response:
    headers = COMMON_HEADERS | ({} if file.media_type.startswith("text/css") else _kind_headers(request, file))
    packs = _takes_gzip(request.headers.get("accept-encoding", ""))
    # The two encodings are two representations, each with its own tag (RFC 9110, section 8.8.3).
    tag = f'"{file.tag}{"-gzip" if packs else ""}"'
    headers["ETag"] = tag
    known = {shown.strip().removeprefix("W/") for shown in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    if packs:
        headers["Content-Encoding"] = "gzip"
    return Response(file.gzipped if packs else file.plain, media_type=None, headers=headers | _type_header(file))


def _kind_headers(request: Request, file: File) -> dict[str, str]:
    if file.media_type.startswith("text/javascript"):
        return SCRIPT_HEADERS
    return {**PAGE_HEADERS, "Content-Security-Policy": CONTENT_SECURITY_POLICY.format(socket=_socket_sources(request))}


def _type_header(file: File) -> dict[str, str]:
    return {"Content-Type": file.media_type}


def _socket_sources(request: Request) -> str:
    host = request.headers.get("host", "")
    return f" ws://{host} wss://{host}" if _HOST.match(host) else ""


def _takes_gzip(accepted: str) -> bool:
    """Whether ``Accept-Encoding`` allows gzip (RFC 9110, section 12.5.3)."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return not re.fullmatch(r"q=0(\.0*)?", weight.strip())
    return False
