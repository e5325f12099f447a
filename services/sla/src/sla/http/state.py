"""What sla's routers need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from common.horizon import Horizon
from common.http.app import AppState
from common.http.deps import state_of
from sla.usecases.ruleset import Rulesets


@dataclass(kw_only=True)
class SlaState(AppState):
    rulesets: Rulesets
    horizon: Horizon
    replay_limit: int


async def _state(request: Request) -> SlaState:
    return state_of(request, SlaState)


SlaStateDep = Annotated[SlaState, Depends(_state)]
