"""The seam between the ways in and the use cases, as a type."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol, TypeVar

from common.db.connections import Transaction

C_contra = TypeVar("C_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class UseCase(Protocol[C_contra, R_co]):
    """One business operation: everything that it writes, it writes in ``tx``.

    The command is data. ``now`` is the time of the operation, read once by the caller.
    """

    def __call__(
        self, tx: Transaction, command: C_contra, /, *, now: datetime
    ) -> Awaitable[R_co]: ...
