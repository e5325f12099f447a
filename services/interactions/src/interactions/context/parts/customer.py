"""Who the customer is: identity's attributes, and every id that was merged into this one."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from common.web.requests import JsonObject
from common.web.responses import Masker
from interactions.context.parts.part import ContextPart, Source
from interactions.history import LEAVES, Json, ShownRow, Value

_MERGED_IDS = """(SELECT coalesce(json_agg(m.origin_id ORDER BY m.origin_id), '[]')
                    FROM member m WHERE m.origin_id <> t.id)"""


class ShownCustomer(ShownRow):
    customer_id: Annotated[UUID, Value("t.id")]
    merged_ids: Annotated[list[UUID], Json(_MERGED_IDS)]
    attributes: Annotated[JsonObject, LEAVES, Json("coalesce(p.attributes, '{}')")]
    version: int | None
    created_at: datetime | None
    updated_at: datetime | None


def _mask(customer: dict[str, Any] | None, masker: Masker) -> dict[str, Any] | None:
    return customer and ShownCustomer.masked(customer, masker)


CUSTOMER = ContextPart(
    name="customer",
    shape=ShownCustomer,
    empty="null",
    mask=_mask,
    source=Source.IDENTITY,
    sql=f"(SELECT {ShownCustomer.sql('p')} FROM target t LEFT JOIN profile p ON true)",
    cheap=True,
)
