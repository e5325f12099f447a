"""Who the customer is: identity's attributes, and every id that was merged into this one."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonObject
from common.web.responses import Masker
from interactions.context.parts.part import ContextPart, Source
from interactions.history import ATTRIBUTES, Json, ShownRow, Value

_MERGED_IDS = """(SELECT coalesce(json_agg(m.origin_id ORDER BY m.origin_id), '[]')
                    FROM member m WHERE m.origin_id <> t.id)"""


class ShownCustomer(ShownRow, title="ContextCustomer"):
    """The customer as identity last published it. Times are in UTC."""

    customer_id: Annotated[UUID, Value("t.id")] = Field(description="Canonical id of the customer.")
    merged_ids: Annotated[list[UUID], Json(_MERGED_IDS)] = Field(
        description="The other ids that lead to this customer, because they were merged into it."
    )
    attributes: Annotated[JsonObject, ATTRIBUTES, Json("coalesce(p.attributes, '{}')")] = Field(
        description="Attributes by name; without `pii:read` only `language`, `locale`, `timezone`"
        " and `tier` are shown. Empty before identity has published the customer."
    )
    version: int | None = Field(
        description="Version of the customer at identity that this shows; null before identity has"
        " published it."
    )
    created_at: datetime | None = Field(
        description="When identity created the customer; null while unknown."
    )
    updated_at: datetime | None = Field(
        description="When this service last updated its copy; null before identity has published"
        " the customer."
    )


def _mask(customer: dict[str, Any] | None, masker: Masker) -> dict[str, Any] | None:
    return customer and ShownCustomer.masked(customer, masker)


CUSTOMER = ContextPart(
    name="customer",
    shape=ShownCustomer,
    description="Who the customer is; null if that could not be read in time.",
    empty="null",
    mask=_mask,
    source=Source.IDENTITY,
    sql=f"(SELECT {ShownCustomer.sql('p')} FROM target t LEFT JOIN profile p ON true)",
    cheap=True,
)
