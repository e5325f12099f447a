"""Policies and their versions."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from sla.rules.domain.policy import Policy
from sla.rules.domain.policy_parser import parse_policy
from sla.rules.store.versions import Version, VersionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion(Version):
    """``body`` has conditions, targets and options."""

    policy_id: UUID
    position: int
    enabled: bool

    @property
    def etag_parts(self) -> tuple[str, int]:
        return str(self.policy_id), self.version

    def policy(self) -> Policy:
        """Return the policy of this version. Raises InvalidError, naming each invalid field."""
        return parse_policy(
            self.body,
            policy_id=self.policy_id,
            version=self.version,
            since=self.created_at,
            name=self.name,
            position=self.position,
        )


POLICIES = VersionTable(
    "policy_version", PolicyVersion, key="policy_id", order_by="position", counting="enabled"
)

_FIND_BY_POSITION = text(f"{POLICIES.current} AND position = :position")


async def find_by_position(tx: Transaction, tenant_id: str, position: int) -> PolicyVersion | None:
    return await POLICIES.find_by(tx, _FIND_BY_POSITION, tenant=tenant_id, position=position)
