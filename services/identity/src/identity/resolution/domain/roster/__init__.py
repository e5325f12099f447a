"""The customers of a unit of work, and what it is to write of them."""

from identity.resolution.domain.roster.pending import NotLoadedError, Part, PendingWrites
from identity.resolution.domain.roster.roster import Roster

__all__ = ["NotLoadedError", "Part", "PendingWrites", "Roster"]
