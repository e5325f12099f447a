"""Policies as their authors write them: checked field by field and turned into values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.errors import ErrorCode, FieldError, InvalidError, RefusedValueError
from sla.rules.domain.conditions import FIELDS, OPERATORS, Condition, Conditions
from sla.rules.domain.durations import check_seconds, parse_duration
from sla.rules.domain.policy import Metric, Policy, Target, Threshold

PAUSE_STATES = ("pending", "on_hold")
_PERCENT = re.compile(r"(\d{1,2})%")
"""Any digits of Unicode: policies saved before ``check_spelling`` stay readable."""
_DEFAULT_PAUSES = {Metric.RESOLUTION: frozenset(PAUSE_STATES)}


def parse_policy(
    body: Mapping[str, Any],
    *,
    policy_id: UUID,
    version: int,
    since: datetime,
    name: str,
    position: int,
) -> Policy:
    """Return the policy of a body whose JSON types have been checked.

    Raises InvalidError, naming each field, for unknown fields and operators, malformed durations
    and repeated targets.
    """
    problems: list[FieldError] = []
    conditions = body.get("conditions") or {}
    policy = Policy(
        policy_id=policy_id,
        version=version,
        since=since,
        name=name,
        position=position,
        conditions=Conditions(
            all_of=_conditions(conditions.get("all") or (), "/conditions/all", problems),
            any_of=_conditions(conditions.get("any") or (), "/conditions/any", problems),
        ),
        targets=_targets(body["targets"], problems),
        agent_initiated=body.get("agent_initiated") or "from_first_customer_message",
    )
    if problems:
        raise InvalidError("the policy is invalid", errors=problems)
    return policy


def check_spelling(body: Mapping[str, Any]) -> None:
    """Raise InvalidError for durations in other than ASCII digits, which older policies have."""
    problems = [
        FieldError(
            where, ErrorCode.INVALID_FORMAT, "must be written in ASCII digits, such as PT4H or 75%"
        )
        for index, target in enumerate(body["targets"])
        for where, text in _texts(target, f"/targets/{index}")
        if not text.isascii()
    ]
    if problems:
        raise InvalidError("the policy is invalid", errors=problems)


def _texts(target: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Yield the duration and the thresholds of a target, each with its pointer."""
    yield f"{where}/duration", target.get("duration") or ""
    for place, label in enumerate(target.get("warn_at") or ()):
        yield f"{where}/warn_at/{place}", label


def _conditions(
    parts: Sequence[Mapping[str, Any]], where: str, problems: list[FieldError]
) -> tuple[Condition, ...]:
    return tuple(_condition(p, f"{where}/{i}", problems) for i, p in enumerate(parts))


def _condition(part: Mapping[str, Any], where: str, problems: list[FieldError]) -> Condition:
    name, operator, value = part["field"], part["op"], part.get("value")
    if name not in FIELDS:
        problems.append(FieldError.not_allowed(f"{where}/field", name, FIELDS))
    if operator not in OPERATORS:
        problems.append(FieldError.not_allowed(f"{where}/op", operator, OPERATORS))
    elif operator == "exists":
        if not isinstance(value, bool) and value is not None:
            problems.append(
                FieldError(
                    f"{where}/value",
                    ErrorCode.WRONG_TYPE,
                    "must be true, false or absent for exists",
                )
            )
        return Condition(name, operator, exists=value is not False)
    elif operator in {"in", "not_in"}:
        if not isinstance(value, list) or not value:
            problems.append(
                FieldError(
                    f"{where}/value",
                    ErrorCode.WRONG_TYPE,
                    f"must be a non-empty list of strings for {operator}",
                )
            )
        return Condition(name, operator, tuple(value) if isinstance(value, list) else ())
    elif not isinstance(value, str):
        problems.append(
            FieldError(f"{where}/value", ErrorCode.WRONG_TYPE, f"must be a string for {operator}")
        )
    return Condition(name, operator, (value,) if isinstance(value, str) else ())


def _targets(parts: Sequence[Mapping[str, Any]], problems: list[FieldError]) -> tuple[Target, ...]:
    targets: list[Target] = []
    seen: set[tuple[str, str | None]] = set()
    for index, part in enumerate(parts):
        where = f"/targets/{index}"
        key = (part["metric"], part.get("priority"))
        if key in seen:
            problems.append(
                FieldError(
                    f"{where}/metric",
                    ErrorCode.DUPLICATE,
                    "this metric and priority already have a target",
                )
            )
        seen.add(key)
        targets.append(_target(part, where, problems))
    if not parts:
        problems.append(
            FieldError("/targets", ErrorCode.TOO_FEW, "a policy needs at least one target")
        )
    return tuple(targets)


def _target(part: Mapping[str, Any], where: str, problems: list[FieldError]) -> Target:
    metric = Metric(part["metric"])
    pauses = part.get("pause_on")
    for place, state in enumerate(pauses or ()):
        if state not in PAUSE_STATES:
            problems.append(
                FieldError.not_allowed(f"{where}/pause_on/{place}", state, PAUSE_STATES)
            )
    seconds = _seconds(part, where, problems)
    return Target(
        metric=metric,
        seconds=seconds,
        priority=part.get("priority"),
        calendar_id=part.get("calendar_id"),
        warn_at=_thresholds(part.get("warn_at") or (), seconds, f"{where}/warn_at", problems),
        pause_on=_DEFAULT_PAUSES.get(metric, frozenset()) if pauses is None else frozenset(pauses),
        human_only=part.get("human_only", True),
        private_notes=part.get("private_notes", False),
        reopen=part.get("reopen") or "continue",
    )


def _seconds(part: Mapping[str, Any], where: str, problems: list[FieldError]) -> int:
    seconds, duration = part.get("seconds"), part.get("duration")
    if (seconds is None) == (duration is None):
        problems.append(
            FieldError(
                f"{where}/seconds",
                ErrorCode.INVALID_COMBINATION,
                "set exactly one of seconds and duration",
            )
        )
        return 1
    field = "seconds" if duration is None else "duration"
    try:
        return check_seconds(seconds) if seconds is not None else parse_duration(str(duration))
    except RefusedValueError as error:
        problems.append(error.at(f"{where}/{field}"))
        return 1


def _thresholds(
    labels: Sequence[str], target_seconds: int, where: str, problems: list[FieldError]
) -> tuple[Threshold, ...]:
    thresholds: dict[str, Threshold] = {}
    for place, label in enumerate(labels):
        try:
            threshold = _threshold(label, target_seconds)
        except RefusedValueError as error:
            problems.append(error.at(f"{where}/{place}"))
            continue
        if label in thresholds:
            problems.append(
                FieldError(
                    f"{where}/{place}", ErrorCode.DUPLICATE, "must not repeat an earlier threshold"
                )
            )
        thresholds[label] = threshold
    return tuple(thresholds.values())


def _threshold(label: str, target_seconds: int) -> Threshold:
    match = _PERCENT.fullmatch(label)
    if match is not None:
        percent = int(match[1])
        if percent == 0:
            raise RefusedValueError(ErrorCode.OUT_OF_RANGE, "must be between 1% and 99%")
        return Threshold(label, percent=percent)
    if not label.startswith("P"):
        raise RefusedValueError(
            ErrorCode.INVALID_FORMAT,
            "must be a percentage such as 75% or a duration such as PT10M",
        )
    before = parse_duration(label)
    if before >= target_seconds:
        raise RefusedValueError(ErrorCode.OUT_OF_RANGE, "must be shorter than the target")
    return Threshold(label, seconds_before=before)
