from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from devstack.testing.fake_clock import NOON
from identifiers import IdentifierKey
from identity.groups.domain.groups import (
    ContactPoint,
    ExternalId,
    GroupDraft,
    GroupKind,
    changed_fields,
    create_group,
)

LANDLINE = ContactPoint(IdentifierKey("phone", "", "+4686113000"), "08-611 30 00")
MAILBOX = ContactPoint(IdentifierKey("email", "", "info@nordlys.se"), "info@nordlys.se")
DRAFT = GroupDraft(
    kind=GroupKind.HOUSEHOLD,
    external_id=ExternalId("crm", "H-1"),
    name="Lindqvist",
    attributes={"cars": 1},
    contact_points=(LANDLINE,),
)


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (DRAFT, ()),
        (replace(DRAFT, name="Berg"), ("name",)),
        (replace(DRAFT, kind=GroupKind.ACCOUNT), ("kind",)),
        (replace(DRAFT, attributes={"cars": 1, "dogs": 0}), ("attributes",)),
        (replace(DRAFT, attributes={"cars": True}), ("attributes",)),
        (replace(DRAFT, contact_points=(MAILBOX, LANDLINE)), ("contact_points",)),
        (replace(DRAFT, contact_points=(), name=None), ("contact_points", "name")),
    ],
)
def test_the_changed_fields_of_a_draft_are_named(after: GroupDraft, changed: tuple[str, ...]):
    assert changed_fields(DRAFT, after) == changed


def test_another_spelling_of_a_contact_point_is_no_change():
    respelt = replace(DRAFT, contact_points=(replace(LANDLINE, raw="+46 8 611 30 00"),))
    assert changed_fields(DRAFT, respelt) == ()


def test_a_group_counts_its_changes_and_its_members():
    group = create_group(DRAFT, group_id=UUID(int=1), now=NOON)
    later = group.following(members=2, changes=2, now=NOON + timedelta(hours=1))
    assert (group.version, group.member_count) == (1, 0)
    assert (later.version, later.member_count) == (3, 2)
    assert (later.created_at, later.updated_at) == (NOON, NOON + timedelta(hours=1))
