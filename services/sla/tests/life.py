"""The life of a conversation for tests: facts written as minutes after its opening."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.facts import Fact, FactKind
from sla.clocks.domain.fold import fold
from sla.rules.domain.conditions import Conditions
from sla.rules.domain.policy import Metric, Policy, Ruleset, Target

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
FIRST, NEXT, RESOLUTION = Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.RESOLUTION
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


EVERYTHING = Conditions()


def target(metric: Metric, minutes: float, **more) -> Target:
    pauses = frozenset({"pending", "on_hold"}) if metric is RESOLUTION else frozenset()
    return Target(metric=metric, seconds=int(minutes * 60), **{"pause_on": pauses, **more})


TARGETS = (target(FIRST, 60), target(NEXT, 30), target(RESOLUTION, 480))


def policy(*targets: Target, number: int = 1, conditions=EVERYTHING, **more) -> Policy:
    return Policy(
        policy_id=UUID(int=number),
        version=1,
        since=more.pop("since", LONG_AGO),
        name=f"policy {number}",
        position=number,
        conditions=conditions,
        targets=targets or TARGETS,
        **more,
    )


def rules(*policies: Policy, **calendars) -> Ruleset:
    return Ruleset(
        revision=1,
        policies=policies or (policy(),),
        calendars={name: (1, hours) for name, hours in calendars.items()},
    )


class Life:
    """Collects facts in the order told; ``occurred`` times are minutes after nine."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def add(self, kind: FactKind, minutes: float, **more) -> "Life":
        recorded_at = after(more.pop("recorded", minutes))
        self.facts.append(Fact(len(self.facts) + 1, kind, after(minutes), recorded_at, **more))
        return self

    def opened(self, minutes: float = 0, *, by: str = "customer", status="new", **attributes):
        return self.add(
            FactKind.OPENED, minutes, opened_by=by, status=status, attributes=attributes
        )

    def customer(self, minutes: float, **more) -> "Life":
        return self.add(FactKind.CUSTOMER_MESSAGE, minutes, **more)

    def agent(self, minutes: float, **more) -> "Life":
        return self.add(FactKind.AGENT_MESSAGE, minutes, **more)

    def status(
        self, minutes: float, status: str, *, recorded: float | None = None, **attributes
    ) -> "Life":
        at = minutes if recorded is None else recorded
        return self.add(FactKind.STATUS, minutes, status=status, attributes=attributes, recorded=at)

    def changed(self, minutes: float, **attributes) -> "Life":
        return self.add(FactKind.ATTRIBUTES, minutes, attributes=attributes)

    def clocks(self, ruleset: Ruleset | None = None) -> dict[tuple[Metric, int], Clock]:
        return clocks(self.facts, ruleset)

    def clock(self, metric: Metric, ruleset: Ruleset | None = None, *, cycle: int = 1) -> Clock:
        return self.clocks(ruleset)[metric, cycle]


def clocks(facts: Iterable[Fact], ruleset: Ruleset | None = None) -> dict:
    folded = fold(facts, ruleset or rules(), fallback={})
    return {(c.metric, c.cycle): c for c in folded.clocks}
