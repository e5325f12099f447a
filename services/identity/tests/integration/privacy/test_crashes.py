"""An erasure that is killed between any two steps is finished by the next process."""

from typing import Any

import pytest

from common.erasing import Eraser
from devstack.testing.observation.searching import tables_with
from identity.privacy.usecases import erase_customer as module
from services.identity.tests.integration.privacy.test_erasures import PERSONAL, erase, meet_anna

ROUNDS = 6
"""Observations, dead letters, outbox, idempotency, the end, and one more than there are."""


class Killed(BaseException):
    """The process dies: nothing catches this."""


async def advance(service, *, rounds: int) -> int:
    """Do so many rounds; return how many found something to do."""
    loop = service.components["maintenance:erase"]
    done = 0
    for _ in range(rounds):
        done += await loop.round() == 0.0
    return done


async def test_all_rounds_are_counted(service, api):
    ids = await meet_anna(api)
    await erase(api, ids[0])
    assert await advance(service, rounds=ROUNDS) == ROUNDS - 1


@pytest.mark.parametrize("killed_in", range(ROUNDS - 1))
async def test_it_ends_erased_wherever_it_was_killed(service, api, sweep, monkeypatch, killed_in):
    ids = await meet_anna(api)
    erased = await erase(api, ids[0])
    await advance(service, rounds=killed_in)
    real = Eraser.advance

    async def dies(self: Any, tx: Any, *, now: Any) -> int:
        await real(self, tx, now=now)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Eraser, "advance", dies)
        with pytest.raises(Killed):
            await service.components["maintenance:erase"].round()
    await sweep()
    assert await tables_with(service.database, PERSONAL) == {}
    after = (await api.get(f"/v1/erasures/{erased['erasure_id']}")).json()
    assert after["state"] == "complete"
    assert after["services"][0]["erased"]["attribute_observation"] == 4
    assert after["services"][0]["erased"]["outbox"] == 5


async def test_a_request_that_is_killed_leaves_the_customer_as_it_was(service, api, monkeypatch):
    ids = await meet_anna(api)
    before = (await api.get(f"/v1/customers/{ids[0]}")).json()

    async def dies(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(module, "insert_erasure", dies)
        body = {"customer_id": ids[0], "reason": "request"}
        assert (await api.post("/v1/erasures", json=body)).status_code == 500
    assert (await api.get(f"/v1/customers/{ids[0]}")).json() == before
    assert (
        await api.post(
            "/v1/identities/resolve",
            json={"identifiers": [{"type": "email", "value": "anna.lindqvist@nordlys.se"}]},
        )
    ).json()["reason"] is None
