"""Serves tenants in turn, so that more tenants than fit into one round all get theirs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar


class OfTenant(Protocol):
    """Waiting work of one tenant."""

    @property
    def tenant_id(self) -> str: ...


W = TypeVar("W", bound=OfTenant)


class Rotation:
    """Remembers the last tenant of a round; the next round begins behind it."""

    def __init__(self) -> None:
        self._after = ""

    async def claim(self, claim: Callable[[str], Awaitable[Sequence[W]]]) -> Sequence[W]:
        """Return what ``claim(after)`` claims of the tenants behind ``after``, in order of id.

        If nothing waits behind the last tenant, begins with the first.
        """
        claimed = await claim(self._after)
        if not claimed and self._after:
            claimed = await claim("")
        self._after = max((work.tenant_id for work in claimed), default="")
        return claimed
