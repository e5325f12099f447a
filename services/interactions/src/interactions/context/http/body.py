"""The response of a context: parts joined as JSON, their status, masks and the entity tag."""

from collections.abc import Mapping

from common.jsons import Encoded, dumps, loads
from common.web.responses import Masker, strong_etag
from interactions.context.domain.completeness import (
    PartStatus,
    SourceProgress,
    status_of_source,
)
from interactions.context.parts import PARTS, ContextPart, Source
from interactions.context.store.context import ContextRow

_UNFED = PartStatus(None, complete=False, reason="nothing feeds this part yet")
_TIMED_OUT = PartStatus(None, complete=False, reason="timed out")


def part_statuses(
    row: ContextRow,
    names: tuple[str, ...],
    *,
    stale_after_seconds: float,
    caught_up: bool = True,
) -> dict[str, PartStatus]:
    """Return how complete each wanted part is; a fed part that the row lacks has timed out.

    Unless the copy has ``caught_up`` with what the caller has seen, no part of it is complete.
    """
    sources = _source_statuses(row, stale_after_seconds=stale_after_seconds)
    if not caught_up:
        reason = "identity events have not arrived yet that you have seen"
        as_of = sources[Source.IDENTITY].as_of
        sources[Source.IDENTITY] = PartStatus(as_of, complete=False, reason=reason)
    return {name: _part_status(PARTS[name], row, sources) for name in names}


def _part_status(
    part: ContextPart, row: ContextRow, sources: Mapping[Source, PartStatus]
) -> PartStatus:
    if part.sql is None:
        return _UNFED
    if part.name not in row.parts:
        return _TIMED_OUT
    if part.name in row.cut_parts:
        return PartStatus(row.as_of, complete=False, reason=part.cut_reason)
    return sources[part.source]


def _source_statuses(row: ContextRow, *, stale_after_seconds: float) -> dict[Source, PartStatus]:
    customers = status_of_source(
        SourceProgress("identity", row.customers_as_of, row.customers_behind_seconds),
        stale_after_seconds=stale_after_seconds,
    )
    if customers.complete and not row.has_profile:
        reason = "identity has not published this customer yet"
        customers = PartStatus(customers.as_of, complete=False, reason=reason)
    clocks = status_of_source(
        SourceProgress("sla", row.clocks_as_of, row.clocks_behind_seconds),
        stale_after_seconds=stale_after_seconds,
    )
    return {
        Source.HISTORY: PartStatus(row.as_of, complete=True),
        Source.IDENTITY: customers,
        Source.SLA: clocks,
    }


def context_body(
    row: ContextRow, statuses: Mapping[str, PartStatus], masker: Masker
) -> tuple[bytes, str]:
    """Return the body and its strong tag, which depends on the content and not on the time."""
    parts = {name: row.parts.get(name, PARTS[name].empty) for name in statuses}
    if not masker.sees_pii:
        parts = {name: _masked(PARTS[name], part, masker) for name, part in parts.items()}
    customer_id = str(row.customer_id)
    complete = ",".join(f"{name}={status.complete}" for name, status in statuses.items())
    etag = strong_etag(customer_id, *parts.values(), complete, masker.sees_pii)
    ready = {name: Encoded(part) for name, part in parts.items()}
    return dumps({"customer_id": customer_id, **ready, "parts": statuses}), etag


def _masked(part: ContextPart, text: str, masker: Masker) -> str:
    return dumps(part.mask(loads(text), masker)).decode()
