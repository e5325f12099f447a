"""The parts of a context, in the order in which they are shown."""

from collections.abc import Mapping

from interactions.context.parts.claims import CLAIMS
from interactions.context.parts.conversations import CONVERSATIONS
from interactions.context.parts.customer import CUSTOMER
from interactions.context.parts.identifiers import IDENTIFIERS
from interactions.context.parts.insights import INSIGHTS
from interactions.context.parts.interactions import INTERACTIONS
from interactions.context.parts.part import ContextPart, Source, unfed
from interactions.context.parts.sla import SLA, ShownClock

PARTS: Mapping[str, ContextPart] = {
    part.name: part
    for part in (
        CUSTOMER,
        IDENTIFIERS,
        CLAIMS,
        unfed("consents"),
        unfed("preferences"),
        unfed("records"),
        CONVERSATIONS,
        INTERACTIONS,
        SLA,
        INSIGHTS,
    )
}
PART_NAMES = tuple(PARTS)

__all__ = ["PARTS", "PART_NAMES", "ContextPart", "ShownClock", "Source"]
