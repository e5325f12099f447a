"""The services answer every example of the API as it shows, in the order of the story."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from common.jsons import loads
from common.runtime import Loop
from common.web.auth import registered_scopes
from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES
from devstack.testing.postgres import FreshDsn, connected
from interactions.commands import add_channel
from sla.alerts.http.state import AlertsState
from sla.clocks.timers.due_clocks import DueClocks
from tests.examples.player import ACCOUNT, SECRET, Json, Player
from tests.examples.stopped_time import StoppedTime
from tests.examples.story import steps
from tests.security.site import ALPHA, Site, open_site

CONTRACTS = Path(__file__).parents[2] / "contracts"
NEVER_PUBLISHED = frozenset({"identity.candidate.expired", "identity.customer.retired"})
"""The events that nothing in the story causes."""
REPLAYED = 1
"""Alerts that a stream replays at most; the story has no thousand of them."""


@pytest.fixture
async def stage(
    fresh_dsn: FreshDsn, as_owner: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[tuple[Site, StoppedTime]]:
    """Yield the services in a time that stands still, ready for the story."""
    dsns = {name: fresh_dsn(name) for name in NAMES}
    async with AsyncExitStack() as stack:
        owners = [connected(as_owner(dsn)) for dsn in dsns.values()]
        time = await StoppedTime.begin([await stack.enter_async_context(one) for one in owners])
        site = await stack.enter_async_context(open_site(dsns, load_credentials(tmp_path)))
        time.govern(site.services.values())
        yield site, time


async def prepare(site: Site) -> Player:
    """Make what no operation makes: a key and a channel account."""
    parts = site.services["sla"].api.state.threadline.parts
    parts[AlertsState] = replace(parts[AlertsState], replay_limit=REPLAYED)
    await add_channel(
        site.services["interactions"],
        tenant_id=ALPHA,
        provider="twilio",
        account=ACCOUNT,
        channel="sms",
        secret=SecretStr(SECRET),
    )
    return Player(site, await site.key(ALPHA, sorted(registered_scopes())))


async def go_on(site: Site, *, silent: str | None) -> None:
    """Carry what was published, and do what is due: declare clocks, attach interactions."""
    await site.carrier.carry()
    await site.carrier.beat(silent={silent} if silent else ())
    clocks = site.services["sla"].components["timer:due_clocks"]
    unresolved = site.services["interactions"].components["timer:attach_unresolved"]
    assert isinstance(clocks, DueClocks)
    matching = site.services["identity"].components["maintenance:match_changed"]
    assert isinstance(unresolved, Loop)
    assert isinstance(matching, Loop)
    rules = site.services["identity"].components["maintenance:advance_rules"]
    assert isinstance(rules, Loop)
    while not await clocks.tick():
        pass
    while not await unresolved.round():
        pass
    while not await matching.round():
        pass
    while not await rules.round():
        pass
    await site.carrier.carry()
    await site.erase()


def events_apart(player: Player, published: Sequence[Json]) -> dict[str, list[str]]:
    """Return where the examples of events differ from what was published."""
    apart = {}
    for path in sorted(CONTRACTS.glob("*.v1.example.json")):
        example = loads(path.read_bytes())
        if example.get("type") not in {None, *NEVER_PUBLISHED}:
            shown = example | {"tenant_id": ALPHA}
            differences = list(player.counterparts.compare_event(shown, published))
            if differences:
                apart[example["type"]] = differences
    return apart


async def test_every_example_is_answered_as_it_shows(stage: tuple[Site, StoppedTime]):
    site, time = stage
    await time.move(next(step.at for step in steps() if step.at))
    player = await prepare(site)
    apart: dict[str, list[str]] = {}
    for step in steps():
        site.road.closed = step.away
        if step.at:
            await time.move(step.at)
            await go_on(site, silent=step.silent)
        if step.example and (differences := await player.play(step.example)):
            apart[step.example] = differences
    assert apart == {}
    assert {step.example for step in steps() if step.example} == set(player.examples)
    assert events_apart(player, site.carrier.published) == {}
