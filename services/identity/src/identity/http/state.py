"""What identity's routers share beside the common parts."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from common.http.app import AppState
from common.http.deps import state_of
from identity.domain.clusters import Rules


@dataclass(kw_only=True)
class IdentityState(AppState):
    """``default_region`` reads telephone numbers of callers that name none."""

    rules: Rules = field(default_factory=Rules)
    default_region: str | None = None


async def _identity_state(request: Request) -> IdentityState:
    return state_of(request, IdentityState)


IdentityStateDep = Annotated[IdentityState, Depends(_identity_state)]
