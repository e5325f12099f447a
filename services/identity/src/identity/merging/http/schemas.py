"""The bodies of requests to merge customers, and of their responses."""

from typing import Any
from uuid import UUID

from pydantic import Field

from common.web.requests import Name, RequestModel, ResponseModel
from identity.customers.http.schemas import HeldIdentifier
from identity.customers.shown import MaskedAttributes

HOW_TO_READ = (
    "Sent as ``Threadline-Consistency``, it has interactions answer with what this changed, not"
    " with what was before."
)


class MergeRequest(RequestModel):
    """The target survives. With ``dry_run`` the response shows the result; nothing changes."""

    source_id: UUID = Field(
        description="Any id of the customer that is absorbed; its ids then lead to the target."
    )
    target_id: UUID = Field(description="Any id of the customer that survives.")
    reason: Name | None = Field(
        default=None,
        description="Why the two are one customer, as the events report it; absent or null means"
        " ``unspecified``.",
    )
    dry_run: bool = Field(
        default=False, description="Whether only to preview the merge; absent means false."
    )
    override_decisions: bool = Field(
        default=False,
        description="Whether to withdraw decisions that keep the two apart; without, such a merge"
        " is refused with ``kept-apart``. Absent means false.",
    )


class OverriddenAttribute(ResponseModel):
    """A value that the merge hides; it stays stored."""

    customer_id: UUID = Field(
        description="The canonical id, before the merge, of the customer that has the value."
    )
    name: str = Field(description="The name of the attribute.")
    value: Any = Field(
        description="The value before the merge, any JSON; masked like ``attributes``."
    )


class MergeConflict(ResponseModel):
    """Something that two persons have, and one person hardly."""

    kind: str = Field(
        description="``kept_apart`` (decisions keep them apart), ``own_numbers`` (different numbers"
        " of one kind from one source), ``birth_dates`` (born on different days) or ``claimed``"
        " (one only claims what the other one proved)."
    )
    identifiers: list[HeldIdentifier] = Field(
        description="The identifiers that do not go together, sorted; empty if it is not about any."
    )
    decision_ids: list[UUID] = Field(
        description="The decisions that ``override_decisions`` would withdraw."
    )


class MergePreview(ResponseModel):
    """The survivor as it would be after the merge."""

    attributes: MaskedAttributes
    identifiers: list[HeldIdentifier] = Field(
        description="The identifiers of both customers, sorted by type, scope and value."
    )
    cleared: list[str] = Field(
        description="The names of the attributes that were cleared later than they were set, so"
        " that the survivor has no value, sorted."
    )
    overridden: list[OverriddenAttribute] = Field(
        description="The values of either customer that would no longer be shown; empty if there"
        " are none."
    )
    moved: list[HeldIdentifier] = Field(
        description="The identifiers that would go from the absorbed customer to the survivor."
    )
    conflicts: list[MergeConflict] = Field(
        description="What speaks against the two being one person; empty if nothing does. Only"
        " decisions refuse the merge."
    )


class MergeResponse(ResponseModel, title="Merge"):
    """``preview`` is present only for a ``dry_run`` of a merge that would change something."""

    merge_id: UUID | None = Field(
        description="The id of the merge, as in its events; null if nothing was changed."
    )
    customer_id: UUID = Field(
        description="The canonical id of the survivor, or of the one customer that both ids meant."
    )
    absorbed_ids: list[UUID] = Field(
        description="Every id that the merge redirects to the survivor, sorted; empty if"
        " ``changed`` is false."
    )
    changed: bool = Field(
        description="Whether the merge changes something, or would without ``dry_run``; false if"
        " both ids meant one customer already."
    )
    dry_run: bool = Field(description="The request's ``dry_run``: if true, nothing was changed.")
    preview: MergePreview | None = Field(
        description="The survivor after the merge; null without ``dry_run`` and if ``changed`` is"
        " false.",
    )
    consistency_token: str | None = Field(description=f"{HOW_TO_READ} Null for a ``dry_run``.")
