"""Conditional requests: 304 to a caller that has the answer, 412 before a blind overwrite."""

import re

from starlette.requests import Request
from starlette.responses import Response

from common.etags import ExpectedEtag, Part
from common.web.problems import HttpError

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_MAX_HEADER = 4_096


def not_modified(request: Request, etag: str) -> Response | None:
    """Return the 304 when ``If-None-Match`` has ``etag`` (weak comparison) or ``*``, else None."""
    header = _joined(request, "if-none-match")
    if header is None:
        return None
    if header == "*" or etag.removeprefix("W/") in {tag for _, tag in _TAG.findall(header)}:
        return Response(status_code=304, headers={"ETag": etag})
    return None


def expected_etag(request: Request, *view: Part, required: bool = False) -> ExpectedEtag | None:
    """Return the strong tags of ``If-Match`` for a use case to compare; None without the header.

    ``view`` holds the parts of the resource's tag that depend on the caller. Raises HttpError 428
    when the header is missing though required.
    """
    header = _joined(request, "if-match")
    if header is None:
        if required:
            raise HttpError(428, "If-Match with the current ETag is required")
        return None
    if header == "*":
        return ExpectedEtag(None, view)
    return ExpectedEtag(frozenset(tag for weak, tag in _TAG.findall(header) if not weak), view)


class IfNoneMatch:
    """The request's ``If-None-Match``."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def not_modified(self, etag: str) -> Response | None:
        """Return the 304 for a caller that has ``etag``, else None."""
        return not_modified(self._request, etag)


class IfMatch:
    """The request's ``If-Match``."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def expected(self, *view: Part) -> ExpectedEtag | None:
        """Return what the resource must still be; see ``expected_etag``."""
        return expected_etag(self._request, *view)


async def get_if_none_match(request: Request) -> IfNoneMatch:
    """Dependency: the request's ``If-None-Match``."""
    return IfNoneMatch(request)


async def get_if_match(request: Request) -> IfMatch:
    """Dependency: the request's ``If-Match``."""
    return IfMatch(request)


def _joined(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    joined = ", ".join(values).strip()
    if len(joined) > _MAX_HEADER:
        raise HttpError(431, f"{name} is too long")
    return joined if values else None
