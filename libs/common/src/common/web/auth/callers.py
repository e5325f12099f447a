"""Who is calling: the tenant, the credential and what it may do. Comes only from the credential."""

from dataclasses import dataclass
from uuid import UUID

from common.errors import NotFoundError
from common.web.auth.scopes import PII_READ


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated credential.

    ``principal_id`` is stable for the credential (``key:…``, ``jwt:issuer:subject``). A caller with
    ``bound_to`` may read only what belongs to the one party with that id.
    """

    tenant_id: str
    principal_id: str
    scopes: frozenset[str]
    bound_to: UUID | None = None

    def has(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def sees_pii(self) -> bool:
        """Whether personal fields are shown as they are; masked otherwise."""
        return PII_READ in self.scopes

    def check_reach(self, *owner_ids: UUID | None, what: str) -> None:
        """Allow a bound caller only a ``what`` whose owner it is bound to, under any owner's id.

        Raises NotFoundError, in the words used for a ``what`` that never existed.
        """
        if self.bound_to is not None and self.bound_to not in owner_ids:
            raise NotFoundError(f"there is no such {what}")
