"""The alert rules name metrics that exist, with labels that they have."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import identity.wiring
import interactions.wiring
import sla.wiring

SERVICES = (identity.wiring, interactions.wiring, sla.wiring)
"""Importing a service registers its metrics."""

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy/prometheus/rules.yml"
METRIC = re.compile(r"(threadline_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
BY = re.compile(r"by \(([^)]*)\)")
DURATION = re.compile(r"\d+[smhd]")


def rules() -> list[dict[str, Any]]:
    return [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]


def series() -> dict[str, set[str]]:
    """Return the names of all series that the services export, with their labels."""
    names: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        if not isinstance(collector, MetricWrapperBase):
            continue
        for name in REGISTRY._collector_to_names[collector]:
            more = {"le"} if name.endswith("_bucket") else set()
            names[name] = set(collector._labelnames) | more
    return names


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    for name, labels in METRIC.findall(expression):
        yield name, set(LABEL.findall(labels))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_reads_series_that_exist(rule):
    known = series()
    names = list(selected(rule["expr"]))
    assert names or "up{" in rule["expr"]
    for name, labels in names:
        assert name in known
        assert labels <= known[name]
        for group in BY.findall(rule["expr"]):
            assert {label.strip() for label in group.split(",")} <= known[name]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_has_the_form_that_prometheus_reads(rule):
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Threadline[A-Z]\w+", rule["alert"])
    assert DURATION.fullmatch(rule.get("for", "0s"))
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    for opening, closing in ("()", "{}", "[]"):
        assert rule["expr"].count(opening) == rule["expr"].count(closing)
    assert re.search(r"(>|==) [\d.]+$", rule["expr"])


def test_every_alert_of_the_operators_table_has_a_rule():
    table = (ROOT / "docs/operations.md").read_text()
    alerting = {
        name
        for name, alert in re.findall(r"\| `(threadline_\w+)[^|]*\| ([^|]*) \|", table)
        if not alert.startswith("\N{EN DASH}")
    }
    read = {re.sub("_bucket$", "", name) for rule in rules() for name, _ in selected(rule["expr"])}
    by_hand = {
        "threadline_http_in_flight",
        "threadline_http_authentication_failures_total",
        "threadline_interactions_resolutions_total",
        "threadline_interactions_deliveries_total",
        "threadline_interactions_vault_size_bytes",
    }
    assert alerting - read == by_hand
