"""Claims: identifiers that somebody said are theirs, and did not prove."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identifiers import IdentifierKey


@dataclass(frozen=True, slots=True)
class Claim:
    """A customer claims an identifier that is somebody else's, or was until it expires.

    A claim opens nothing and changes nothing of the customer who has the identifier.
    """

    key: IdentifierKey
    customer_id: UUID
    """The id under which it was claimed, which may since lead to another customer."""
    raw: str
    source: str | None
    claimed_at: datetime
    expires_at: datetime
