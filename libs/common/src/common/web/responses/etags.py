"""Entity tags: answer 304 to who has it already, 412 to who would overwrite what they never saw."""

import hashlib
import re

from starlette.requests import Request
from starlette.responses import Response

from common.errors import PreconditionError
from common.web.problems import HttpError

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_MAX_HEADER = 4_096


def strong_etag(*parts: bytes | str | int | bool) -> str:
    """Return a strong tag for all of ``parts``: content or version, and whatever shapes the answer.

    Put the caller's mask, ``include`` and ``format`` among the parts when they change the bytes.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return f'"{digest.hexdigest()}"'


def version_etag(version: int) -> str:
    """Return the tag of a numbered version, for things that are changed under ``If-Match``."""
    return f'"v{version}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """Return the 304 when ``If-None-Match`` has ``etag`` (weak comparison) or ``*``, else None."""
    header = _joined(request, "if-none-match")
    if header is None:
        return None
    if header == "*" or _opaque(etag) in {tag for _, tag in _TAG.findall(header)}:
        return Response(status_code=304, headers={"ETag": etag})
    return None


def check_if_match(request: Request, etag: str, *, required: bool = False) -> None:
    """Let the request through when ``If-Match`` has ``etag`` (strong comparison) or ``*``.

    Raises PreconditionError (412) otherwise, HttpError 428 when it is absent though required.
    """
    header = _joined(request, "if-match")
    if header is None:
        if required:
            raise HttpError(428, "this needs If-Match with the ETag that you have seen")
        return
    strong = {tag for weak, tag in _TAG.findall(header) if not weak}
    if header != "*" and _opaque(etag) not in strong:
        raise PreconditionError("it has changed since you read it")


def if_match_version(request: Request, *, required: bool = False) -> int | None:
    """Return the version named in ``If-Match`` for use cases that compare under their own lock.

    None when absent or ``*``. Raises PreconditionError for a tag that no version ever had, and
    HttpError 428 when the header is absent though required.
    """
    header = _joined(request, "if-match")
    if header is None and required:
        raise HttpError(428, "this needs If-Match with the ETag that you have seen")
    if header is None or header == "*":
        return None
    found = re.fullmatch(r'"v([1-9]\d{0,17})"', header)
    if found is None:
        raise PreconditionError("it has changed since you read it")
    return int(found[1])


def _joined(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    joined = ", ".join(values).strip()
    if len(joined) > _MAX_HEADER:
        raise HttpError(431, f"{name} is too long")
    return joined if values else None


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')
