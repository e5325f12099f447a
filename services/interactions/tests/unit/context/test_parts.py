"""The parts of a context agree with its response, its statement and its masks."""

import re

import pytest

from common.web.responses import Masker
from interactions.context.events.consumed import ClockChanged
from interactions.context.http.schemas import ContextResponse
from interactions.context.parts import PART_NAMES, PARTS, ShownClock
from interactions.context.store.statement import context_statement

BLIND = Masker(sees_pii=False)
TABLES = {
    name
    for part in PARTS.values()
    for table in part.tables
    for name in re.findall(r"(\w+) AS MATERIALIZED", table)
}
READ_INTERACTIONS = [
    name for name, part in PARTS.items() if "FROM interaction i" in " ".join(part.tables)
]


def test_the_response_has_a_member_for_each_part():
    assert tuple(ContextResponse.model_fields) == ("customer_id", *PART_NAMES, "parts")


def test_the_empty_parts_fit_the_response():
    empty = ",".join(f'"{part.name}":{part.empty}' for part in PARTS.values())
    customer = '"customer_id":"01936a52-7e02-7d4b-9c37-90e1d5c0b7aa"'
    ContextResponse.model_validate_json(f'{{{customer},{empty},"parts":{{}}}}')


@pytest.mark.parametrize("name", [name for name, part in PARTS.items() if part.sql])
def test_a_part_reads_only_tables_that_its_statement_has(name):
    sql = context_statement("id", (name,)).text
    assert f"AS {name}" in sql
    assert "{visible}" not in sql
    for table in TABLES:
        assert (f"FROM {table}" not in sql) or (f"{table} AS MATERIALIZED" in sql)


@pytest.mark.parametrize("name", READ_INTERACTIONS)
def test_private_interactions_are_left_out_where_the_caller_must_not_see_them(name):
    hidden = context_statement("id", (name,), bound=True).text
    shown = context_statement("id", (name,)).text
    assert hidden.count("NOT i.private") == shown.count("NOT i.private") + 1


def test_a_clock_is_shown_as_its_event_describes_it():
    assert tuple(ClockChanged.model_fields) == tuple(ShownClock.model_fields)


def test_a_conversations_subject_is_masked_and_its_status_is_not():
    [masked] = PARTS["conversations"].mask([{"subject": "Order 118", "status": "open"}], BLIND)
    assert masked == {"subject": "***", "status": "open"}


def test_a_customers_attributes_are_masked_and_an_absent_customer_stays_absent():
    customer = {"version": 2, "attributes": {"name": "Anna Berg", "vip": True}}
    mask = PARTS["customer"].mask
    assert mask(customer, BLIND) == {"version": 2, "attributes": {"name": "A***", "vip": "***"}}
    assert mask(None, BLIND) is None
