"""What the routers of resolution need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.customers.domain.denials import DenyKeys
from identity.customers.domain.source_priorities import SourcePriorities
from identity.registry.usecases.tenant_rules import RulesCache


@dataclass(frozen=True, kw_only=True)
class ResolutionState:
    """``default_region`` applies to telephone numbers of requests that name no region."""

    rules: RulesCache
    deny_keys: DenyKeys
    priorities: SourcePriorities
    default_region: str | None = None


ResolutionStateDep = Annotated[ResolutionState, part_state(ResolutionState)]
