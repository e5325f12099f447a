"""Tenants are served in turn, however many there are."""

from typing import NamedTuple

from common.runtime import Rotation


class Work(NamedTuple):
    tenant_id: str


def claims_two(waiting: list[Work]):
    """Return a claim of the first two behind a tenant, and the list of the tenants asked for."""
    asked: list[str] = []

    async def claim(after: str) -> list[Work]:
        asked.append(after)
        return [work for work in sorted(waiting) if work.tenant_id > after][:2]

    return claim, asked


async def test_each_round_begins_behind_the_last_tenant_of_the_round_before():
    claim, asked = claims_two([Work(tenant) for tenant in "abcd"])
    rotation = Rotation()
    rounds = ["".join(w.tenant_id for w in await rotation.claim(claim)) for _ in range(3)]
    assert rounds == ["ab", "cd", "ab"]
    assert asked == ["", "b", "d", ""]


async def test_nothing_is_asked_twice_while_nothing_waits():
    claim, asked = claims_two([])
    assert await Rotation().claim(claim) == []
    assert asked == [""]
