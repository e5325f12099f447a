"""Read what you wrote: a token names the version of a subject that an answer was about.

A service that keeps a copy of the subject waits, within bounds, until its copy has that version.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple, Self
from uuid import UUID

from starlette.requests import Request

from common.web.problems import HttpError

HEADER = "Threadline-Consistency"
_BYTES = 24


class ConsistencyToken(NamedTuple):
    """``version`` of the subject, or a later one, is what the caller has seen."""

    subject_id: UUID
    version: int

    def encode(self) -> str:
        """Return the token as callers get it and give it back."""
        content = self.subject_id.bytes + self.version.to_bytes(8, "big")
        return urlsafe_b64encode(content).decode()

    @classmethod
    def decode(cls, token: str) -> Self:
        """Return what ``encode`` made a token of. Raises ValueError for anything else."""
        content = urlsafe_b64decode(token.encode("ascii"))
        if len(content) != _BYTES or urlsafe_b64encode(content).decode() != token:
            raise ValueError("not a consistency token")
        return cls(UUID(bytes=content[:16]), int.from_bytes(content[16:], "big"))


async def get_consistency(request: Request) -> ConsistencyToken | None:
    """Dependency: the token of the request, None without one. Raises HttpError 400."""
    value = request.headers.get(HEADER)
    if value is None:
        return None
    try:
        return ConsistencyToken.decode(value)
    except ValueError:
        raise HttpError(
            400, f"unknown {HEADER}; send the consistency_token of an answer, unchanged"
        ) from None
