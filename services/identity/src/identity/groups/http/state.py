"""What the routers of groups need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state


@dataclass(frozen=True, kw_only=True)
class GroupsState:
    max_members: int
    default_region: str | None


GroupsStateDep = Annotated[GroupsState, part_state(GroupsState)]
