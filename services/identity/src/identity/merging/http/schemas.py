"""The bodies of requests to merge customers, and of their responses."""

from typing import Any
from uuid import UUID

from common.web.requests import JsonObject, Name, RequestModel, ResponseModel
from identity.customers.http.schemas import HeldIdentifier


class MergeRequest(RequestModel):
    """The target survives. With ``dry_run`` the response shows the result; nothing changes."""

    source_id: UUID
    target_id: UUID
    reason: Name | None = None
    dry_run: bool = False


class OverriddenAttribute(ResponseModel):
    """A value that the merge hides; it stays stored."""

    customer_id: UUID
    name: str
    value: Any


class MergePreview(ResponseModel):
    """The survivor as it would be after the merge."""

    attributes: JsonObject
    identifiers: list[HeldIdentifier]
    overridden: list[OverriddenAttribute]


class MergeResponse(ResponseModel):
    """``preview`` is present only for a ``dry_run`` of a merge that would change something."""

    merge_id: UUID | None
    customer_id: UUID
    absorbed_ids: list[UUID]
    changed: bool
    dry_run: bool
    preview: MergePreview | None = None
