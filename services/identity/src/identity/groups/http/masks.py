"""Which parts of a group are personal, and how callers without ``pii:read`` see them.

A household's name and number are those of people; an account's are treated alike, because a sole
trader's are, too.
"""

from common.web.responses import Masker
from identity.customers.http.masks import masked_attributes
from identity.groups.domain.groups import ExternalId, Group
from identity.groups.http.schemas import (
    ContactPointResponse,
    CustomerGroupResponse,
    ExternalIdResponse,
    GroupResponse,
)
from identity.groups.store.members import ShownGroup


def group_response(group: Group, masker: Masker) -> GroupResponse:
    draft = group.draft
    return GroupResponse(
        group_id=group.id,
        kind=draft.kind.value,
        external_id=_external_id(draft.external_id, masker),
        name=masker.name(draft.name),
        attributes=masked_attributes(masker, draft.attributes),
        contact_points=[
            ContactPointResponse.model_validate(
                {
                    "type": point.key.type,
                    "value": masker.value(point.key.type, point.key.value),
                    "scope": masker.text(point.key.scope or None),
                    "raw": masker.value(point.key.type, point.raw),
                }
            )
            for point in draft.contact_points
        ],
        members=group.member_count,
        version=group.version,
        created_at=group.created_at,
        updated_at=group.updated_at,
    )


def customer_group_response(shown: ShownGroup, masker: Masker) -> CustomerGroupResponse:
    member = shown.member
    return CustomerGroupResponse(
        group_id=member.group_id,
        kind=shown.kind.value,
        external_id=_external_id(shown.external_id, masker),
        name=masker.name(shown.name),
        added_as=member.membership.customer_id,
        role=member.membership.role,
        valid_from=member.membership.valid_from,
        valid_until=member.membership.valid_until,
        source=member.membership.source,
    )


def _external_id(external_id: ExternalId, masker: Masker) -> ExternalIdResponse:
    return ExternalIdResponse.model_validate(
        {"source": external_id.source, "id": masker.text(external_id.id)}
    )
