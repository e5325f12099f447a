"""Entity tags as data: what a state's tag is, and which states a command may change."""

import hashlib
from dataclasses import dataclass

from common.errors import PreconditionError

Part = bytes | str | int | bool


def strong_etag(*parts: Part) -> str:
    """Return a strong tag for all of ``parts``: content or version, and whatever shapes the answer.

    Put the caller's mask, ``include`` and ``format`` among the parts when they change the bytes.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return f'"{digest.hexdigest()}"'


@dataclass(frozen=True, slots=True)
class ExpectedEtag:
    """The states that a caller allows a command to change, as ``If-Match`` names them.

    ``tags`` None allows any state. ``view`` holds the parts of the tag that depend on the caller.
    """

    tags: frozenset[str] | None
    view: tuple[Part, ...] = ()

    def check(self, *state: Part) -> None:
        """Raises PreconditionError when the tag of ``state`` and the view is not among the tags."""
        if self.tags is not None and strong_etag(*state, *self.view) not in self.tags:
            raise PreconditionError("the resource was modified; fetch it again")
