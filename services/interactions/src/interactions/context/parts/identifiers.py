"""The identifiers that identity knows the customer by."""

from interactions.context.parts.part import ContextPart, Source
from interactions.history import ShownIdentifier

IDENTIFIERS = ContextPart(
    name="identifiers",
    shape=list[ShownIdentifier],
    description="The identifiers that identity knows the customer by.",
    empty="[]",
    mask=ShownIdentifier.all_masked,
    source=Source.IDENTITY,
    sql="(SELECT coalesce((SELECT p.identifiers::text FROM profile p), '[]'))",
    cheap=True,
)
