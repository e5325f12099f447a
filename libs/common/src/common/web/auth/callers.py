"""Who is calling: the tenant, the credential and what it may do. Comes only from the credential."""

from dataclasses import dataclass
from uuid import UUID

from common.errors import NotFoundError
from common.web.auth.scopes import PII_READ


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated credential.

    ``principal_id`` is stable for the credential (``key:…``, ``jwt:issuer:subject``). A caller with
    ``customer_id`` may read that one customer only.
    """

    tenant_id: str
    principal_id: str
    scopes: frozenset[str]
    customer_id: UUID | None = None

    def has(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def sees_pii(self) -> bool:
        """Whether personal fields are shown as they are; masked otherwise."""
        return PII_READ in self.scopes

    def check_customer(self, *customer_ids: UUID | None, what: str = "customer") -> None:
        """Let a bound caller reach its customer only, under any of that customer's ids.

        Raises NotFoundError, in the words used for a ``what`` that never existed.
        """
        if self.customer_id is not None and self.customer_id not in customer_ids:
            raise NotFoundError(f"there is no such {what}")
