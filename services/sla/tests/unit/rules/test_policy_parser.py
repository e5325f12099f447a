"""Policies as their authors write them: defaults, and every problem with its place."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from common.errors import InvalidError
from sla.rules.domain.conditions import Condition
from sla.rules.domain.policy import Metric, Policy, Threshold
from sla.rules.domain.policy_parser import parse_policy


def parsed(*targets: dict[str, Any], **body: Any) -> Policy:
    return parse_policy(
        {"targets": list(targets), **body},
        policy_id=UUID(int=1),
        version=3,
        since=datetime(2026, 11, 23, tzinfo=UTC),
        name="Everybody",
        position=2,
    )


def problems(*targets: dict[str, Any], **body: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidError) as raised:
        parsed(*targets, **body)
    return {error.pointer: error.detail for error in raised.value.errors}


def a_target(**changes: Any) -> dict[str, Any]:
    return {"metric": "resolution", "seconds": 600, **changes}


class TestDefaults:
    def test_only_resolution_pauses_while_the_customer_is_awaited(self):
        first, resolution = parsed(a_target(metric="first_response"), a_target()).targets
        assert first.pause_on == frozenset()
        assert resolution.pause_on == {"pending", "on_hold"}

    def test_pauses_can_be_switched_off(self):
        assert parsed(a_target(pause_on=[])).targets[0].pause_on == frozenset()

    def test_people_answer_in_public_and_a_reopened_conversation_continues(self):
        policy = parsed(a_target())
        (target,) = policy.targets
        assert (target.human_only, target.private_notes, target.reopen) == (True, False, "continue")
        assert (target.priority, target.calendar_id, target.warn_at) == (None, None, ())
        assert policy.agent_initiated == "from_first_customer_message"
        assert policy.conditions.hold({})

    def test_the_version_is_as_passed(self):
        policy = parsed(a_target())
        assert (policy.version, policy.position, policy.name) == (3, 2, "Everybody")


class TestTargets:
    def test_a_duration_and_seconds_mean_the_same(self):
        assert parsed(a_target(seconds=None, duration="PT10M")) == parsed(a_target())

    @pytest.mark.parametrize("extra", [{"duration": "PT10M"}, {"seconds": None}])
    def test_exactly_one_of_seconds_and_duration_is_set(self, extra):
        assert set(problems(a_target(**extra))) == {"/targets/0/seconds"}

    def test_one_metric_may_have_a_target_for_each_priority(self):
        assert len(parsed(a_target(), a_target(priority="high")).targets) == 2
        found = problems(a_target(priority="high"), a_target(priority="high"))
        assert set(found) == {"/targets/1/metric"}

    def test_a_policy_promises_something(self):
        assert set(problems()) == {"/targets"}

    def test_only_waiting_states_pause(self):
        assert set(problems(a_target(pause_on=["on_hold", "closed"]))) == {"/targets/0/pause_on/1"}


class TestThresholds:
    def test_a_warning_is_a_share_of_the_target_or_a_time_before_the_deadline(self):
        (target,) = parsed(a_target(warn_at=["50%", "PT1M"])).targets
        assert target.warn_at == (
            Threshold("50%", percent=50),
            Threshold("PT1M", seconds_before=60),
        )
        assert target.metric is Metric.RESOLUTION

    @pytest.mark.parametrize("label", ["1%", "99%", "PT1S", "PT9M59S"])
    def test_the_limits_are_accepted(self, label):
        assert parsed(a_target(warn_at=[label])).targets[0].warn_at[0].label == label

    @pytest.mark.parametrize(
        ("label", "reason"),
        [
            ("0%", "between 1% and 99%"),
            ("100%", "must be a percentage such as 75%"),
            ("-5%", "must be a percentage such as 75%"),
            ("7.5%", "must be a percentage such as 75%"),
            ("soon", "must be a percentage such as 75%"),
            ("P1D", "ambiguous in business time"),
            ("PT10M", "shorter than the target"),
            ("PT11M", "shorter than the target"),
        ],
    )
    def test_other_warnings_are_rejected_with_the_reason(self, label, reason):
        found = problems(a_target(warn_at=["50%", label]))
        assert set(found) == {"/targets/0/warn_at/1"}
        assert reason in found["/targets/0/warn_at/1"]

    def test_a_warning_is_not_repeated(self):
        assert set(problems(a_target(warn_at=["50%", "50%"]))) == {"/targets/0/warn_at/1"}


class TestConditions:
    def test_values_are_kept_in_one_shape(self):
        policy = parsed(
            a_target(),
            conditions={
                "all": [
                    {"field": "channel", "op": "eq", "value": "chat"},
                    {"field": "team", "op": "exists"},
                    {"field": "assignee", "op": "exists", "value": False},
                ],
                "any": [{"field": "tags", "op": "not_in", "value": ["spam", "test"]}],
            },
        )
        assert policy.conditions.all_of == (
            Condition("channel", "eq", ("chat",)),
            Condition("team", "exists", exists=True),
            Condition("assignee", "exists", exists=False),
        )
        assert policy.conditions.any_of == (Condition("tags", "not_in", ("spam", "test")),)

    @pytest.mark.parametrize(
        ("condition", "place"),
        [
            ({"field": "weather", "op": "exists"}, "field"),
            ({"field": "team", "op": "like", "value": "x"}, "op"),
            ({"field": "team", "op": "exists", "value": "yes"}, "value"),
            ({"field": "team", "op": "in", "value": "x"}, "value"),
            ({"field": "team", "op": "not_in", "value": []}, "value"),
            ({"field": "team", "op": "eq", "value": ["x"]}, "value"),
            ({"field": "team", "op": "ne"}, "value"),
        ],
    )
    def test_a_wrong_condition_names_its_member(self, condition, place):
        found = problems(a_target(), conditions={"any": [condition]})
        assert set(found) == {f"/conditions/any/0/{place}"}


def test_all_problems_are_reported_at_once():
    found = problems(
        a_target(seconds=0),
        a_target(warn_at=["soon"]),
        conditions={"all": [{"field": "weather", "op": "like"}, {"field": "team", "op": "eq"}]},
    )
    assert set(found) == {
        "/targets/0/seconds",
        "/targets/1/metric",
        "/targets/1/warn_at/0",
        "/conditions/all/0/field",
        "/conditions/all/0/op",
        "/conditions/all/1/value",
    }
