"""The state of a course as text, so that reading facts can go on from it later and elsewhere.

Only what later facts can change or ask for is in it, so an ended wait for a response leaves
nothing. Equal texts mean that equal facts have equal effects from there on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.jsons import dumps_text, loads
from sla.clocks.domain.course import Course
from sla.clocks.domain.facts import Fact, FactKind, Place
from sla.clocks.domain.status_history import StatusHistory, StatusSpan
from sla.clocks.domain.tracks import Track
from sla.rules.domain.hours import FOREVER, Hours, Slice
from sla.rules.domain.instants import micros, time_of
from sla.rules.domain.policy import AROUND_THE_CLOCK, Metric, Policy, Ruleset

Json = dict[str, Any]


def state_of(course: Course) -> str:
    """Return the state of a course. Its inactive stretches are only counted."""
    spans = course.history.spans
    state: Json = {
        "attributes": None
        if course.attributes == course.opening.attributes
        else dict(sorted(course.attributes.items())),
        "matched": course.matched,
        "status": course.status,
        "agent_initiated": course.agent_initiated,
        "awaiting_customer": course.awaiting_customer,
        "responded": course.responded,
        "unanswered": [fact_values(fact) for fact in course.unanswered],
        "spans": [len(spans), bool(spans) and spans[-1].end == FOREVER],
        "tracks": {
            metric.value: _track_values(track, course.rules)
            for metric, track in sorted(course.current.items())
            if not course.is_settled(track)
        },
    }
    return dumps_text(state)


@dataclass(frozen=True, slots=True)
class Restorer:
    """Makes courses from the states of one conversation, by the rules that made the states.

    ``history`` has at least the inactive stretches that the states count.
    """

    rules: Ruleset
    opening: Fact
    history: StatusHistory

    def course(self, text: str) -> Course:
        """Return the course that was in this state."""
        state: Json = loads(text)
        course = Course(self.rules, self.opening)
        if state["attributes"] is not None:
            course.describe(state["attributes"])
        course.matched = state["matched"]
        course.status = state["status"]
        course.agent_initiated = state["agent_initiated"]
        course.awaiting_customer = state["awaiting_customer"]
        course.responded = state["responded"]
        course.unanswered = [fact_of_values(values) for values in state["unanswered"]]
        count, is_inactive = state["spans"]
        course.history = self._history(count, is_inactive=is_inactive)
        course.current = {
            Metric(metric): _track(Metric(metric), values, self.rules)
            for metric, values in state["tracks"].items()
        }
        course.tracks = list(course.current.values())
        return course

    def _history(self, count: int, *, is_inactive: bool) -> StatusHistory:
        spans = self.history.spans[:count]
        if is_inactive:
            spans[-1] = spans[-1]._replace(end=FOREVER)
        return StatusHistory(spans)


def span_values(history: StatusHistory) -> list[list[Any]]:
    return [list(span) for span in history.spans]


def history_of_values(values: Sequence[Sequence[Any]]) -> StatusHistory:
    return StatusHistory([StatusSpan(*span) for span in values])


def fact_values(fact: Fact) -> list[Any]:
    """Return a fact as a short JSON array."""
    recorded = micros(fact.recorded_at)
    values = [fact.sequence, fact.kind, micros(fact.occurred_at), recorded, fact.backfill]
    if fact.status is None and fact.opened_by is None and not fact.attributes:
        return values
    return [*values, fact.status, fact.opened_by, dict(fact.attributes)]


def fact_of_values(values: Sequence[Any]) -> Fact:
    sequence, kind, occurred, recorded, backfill, *more = values
    status, opened_by, attributes = more or (None, None, {})
    return Fact(
        sequence=sequence,
        kind=FactKind(kind),
        occurred_at=time_of(occurred),
        recorded_at=time_of(recorded),
        backfill=backfill,
        status=status,
        opened_by=opened_by,
        attributes=attributes,
    )


def place_of_values(values: Sequence[int]) -> Place:
    at, rank, sequence = values
    return at, rank, sequence


def _track_values(track: Track, rules: Ruleset) -> Json:
    policy, target = track.policy, track.target
    ended_by = track.ended_by
    return {
        "opener": track.opener,
        "started_at": track.started_at,
        "known_at": micros(track.known_at),
        "silent": track.silent,
        "policy": None if policy is None else str(policy.policy_id),
        "target": None if policy is None or target is None else policy.targets.index(target),
        "applies": track.applies,
        "slices": [[part.start, _calendar_of(part.hours, rules)] for part in track.slices],
        "in_force_at": track.in_force_at,
        "breached_at": track.breached_at,
        "due_at": track.due_at,
        "met_at": track.met_at,
        "ended_at": track.ended_at,
        "ended_by": None if ended_by is None else fact_values(ended_by),
        "reason": track.reason,
    }


def _track(metric: Metric, values: Mapping[str, Any], rules: Ruleset) -> Track:
    policy = _policy(values["policy"], rules)
    target = values["target"]
    ended_by = values["ended_by"]
    return Track(
        metric=metric,
        cycle=1,
        opener=place_of_values(values["opener"]),
        started_at=values["started_at"],
        known_at=time_of(values["known_at"]),
        silent=values["silent"],
        policy=policy,
        target=None if policy is None or target is None else policy.targets[target],
        applies=values["applies"],
        slices=[Slice(start, _hours_of(calendar, rules)) for start, calendar in values["slices"]],
        in_force_at=values["in_force_at"],
        breached_at=values["breached_at"],
        due_at=values["due_at"],
        met_at=values["met_at"],
        ended_at=values["ended_at"],
        ended_by=None if ended_by is None else fact_of_values(ended_by),
        reason=values["reason"],
    )


def _policy(policy_id: str | None, rules: Ruleset) -> Policy | None:
    if policy_id is None:
        return None
    wanted = UUID(policy_id)
    return next(policy for policy in rules.policies if policy.policy_id == wanted)


def _calendar_of(hours: Hours, rules: Ruleset) -> str | None:
    """Return the id of the calendar with these hours; None for all hours."""
    calendars = rules.calendars.items()
    return next((id_ for id_, (_, own) in calendars if own is hours), None)


def _hours_of(calendar_id: str | None, rules: Ruleset) -> Hours:
    return AROUND_THE_CLOCK if calendar_id is None else rules.calendars[calendar_id][1]
