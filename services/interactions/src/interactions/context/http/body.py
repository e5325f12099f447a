"""From the row that Postgres wrote to the answer: parts joined as bytes, masks, the entity tag."""

from collections.abc import Callable, Mapping
from typing import Any

from common.jsons import dumps, loads
from common.web.responses import Masker, strong_etag
from interactions.context.domain.parts import LISTS, PartStatus, Source, status_of_source
from interactions.context.http.masks import mask_part
from interactions.context.store.context import ContextRow

_EMPTY: Mapping[str, str] = {
    **dict.fromkeys(LISTS, "[]"),
    "customer": "null",
    "sla": '{"clocks":[],"next_deadline":null,"breaches":[]}',
    "insights": "null",
}
_UNBUILT = PartStatus(None, complete=False, reason="nothing feeds this part yet")
_TIMED_OUT = PartStatus(None, complete=False, reason="timed out")


def part_statuses(
    row: ContextRow, parts: tuple[str, ...], *, stale_after_seconds: float
) -> dict[str, PartStatus]:
    """Say for each wanted part how far it can be trusted; what the row lacks has timed out."""
    customers = status_of_source(
        Source("identity", row.customers_as_of, row.customers_behind_seconds),
        stale_after_seconds=stale_after_seconds,
    )
    if customers.complete and not row.has_profile:
        reason = "identity has not told about this customer yet"
        customers = PartStatus(customers.as_of, complete=False, reason=reason)
    clocks = status_of_source(
        Source("sla", row.clocks_as_of, row.clocks_behind_seconds),
        stale_after_seconds=stale_after_seconds,
    )
    own = PartStatus(row.as_of, complete=True)
    cut = PartStatus(row.as_of, complete=False, reason="only the newest interactions were counted")
    known = {
        "customer": customers,
        "identifiers": customers,
        "conversations": own,
        "interactions": own,
        "insights": cut if row.insights_cut else own,
        "sla": clocks,
    }
    return {
        part: _UNBUILT if part not in known else known[part] if part in row.parts else _TIMED_OUT
        for part in parts
    }


def context_answer(
    row: ContextRow, statuses: Mapping[str, PartStatus], masker: Masker
) -> tuple[bytes, str]:
    """Return the body and its strong tag, which the passing of time alone does not change."""
    shown = {part: row.parts.get(part, _EMPTY[part]) for part in statuses}
    if not masker.sees_pii:
        shown = {part: _masked(part, text, masker) for part, text in shown.items()}
    content = ",".join(f'"{part}":{text}' for part, text in shown.items())
    customer_id = str(row.customer_id)
    flags = ",".join(f"{part}={status.complete}" for part, status in statuses.items())
    etag = strong_etag(customer_id, content, flags, masker.sees_pii)
    trust = dumps(statuses).decode()
    comma = "," if content else ""
    body = f'{{"customer_id":"{customer_id}",{content}{comma}"parts":{trust}}}'
    return body.encode(), etag


def _masked(part: str, text: str, masker: Masker) -> str:
    mask: Callable[[Any], Any] = mask_part(part, masker)
    return dumps(mask(loads(text))).decode()
