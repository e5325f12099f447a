"""The page ``/docs``: Swagger UI over ``/openapi.json``, all of it from this server."""

import hashlib
import importlib.util
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["DOCS_POLICY", "docs_routes"]

DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no inline script or style, no frame; ``data:`` for the UI's own icons."""
Endpoint = Callable[[Request], Awaitable[Response]]
_HERE = Path(__file__).parent
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_OURS = ("page.js", "page.css", "icon.svg")
_SWAGGER_UI = ("swagger-ui-bundle.js", "swagger-ui.css")
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    kind: str
    etag: str


def docs_routes(key_path: str = "") -> list[Route]:
    """Return the page and its files. The page asks ``key_path``, if set, for an API key."""
    page = (_HERE / "page.html").read_text().replace("{key_path}", key_path)

    async def docs(_request: Request) -> Response:
        return Response(page, headers=_headers(), media_type="text/html")

    files = (Route(f"/docs/{name}", _serve(name)) for name in (*_OURS, *_SWAGGER_UI))
    return [Route("/docs", docs), *files]


def _serve(name: str) -> Endpoint:
    async def serve(request: Request) -> Response:
        asset = _asset(name)
        headers = _headers() | {"etag": asset.etag}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=_UNCHANGED, headers=headers)
        return Response(asset.content, headers=headers, media_type=asset.kind)

    return serve


def _headers() -> dict[str, str]:
    """Return what makes a browser strict; a gateway has no other layer that adds it."""
    return {
        "content-security-policy": DOCS_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-cache",
    }


@cache
def _asset(name: str) -> _Asset:
    path = _HERE / name if name in _OURS else _swagger_ui() / name
    content = path.read_bytes()
    return _Asset(content, _KINDS[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _swagger_ui() -> Path:
    """Return where the package keeps its files, without importing it."""
    spec = importlib.util.find_spec("fastapi_swagger")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package fastapi-swagger is not installed; run `make setup`")
    return Path(spec.origin).parent / "resources"
