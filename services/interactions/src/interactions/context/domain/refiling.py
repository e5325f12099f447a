"""Interactions that belong to another customer than the one under whom they were recorded.

While two customers were taken for one, what either said was recorded under the one id that they
had. Once they are told apart, each interaction goes to the side whose identifier it carried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from interactions.history import Identifier, Level, contact_key


@dataclass(frozen=True, slots=True)
class Refiling:
    """What was recorded since a time under ``from_id``, and stands for one of ``contact_keys``.

    It goes to ``customer_id``. ``cause`` tells refilings to one customer apart.
    """

    tenant_id: str
    customer_id: UUID
    from_id: UUID
    cause: str
    contact_keys: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class FiledInteraction:
    """An interaction where it is filed now, and the contact of its conversation."""

    interaction_id: UUID
    conversation_id: UUID
    identifiers: tuple[Identifier, ...]
    conversation_contact: str | None


def contact_of(interaction: FiledInteraction) -> str | None:
    """Return what stands for the contact: identifiers that were proved count before others.

    An interaction that carried none that can be read is about its conversation's contact.
    """
    proved = [i for i in interaction.identifiers if i.level is not Level.CLAIMED]
    own = contact_key(proved) or contact_key(interaction.identifiers)
    return own or interaction.conversation_contact


def choose_interactions(
    interactions: Sequence[FiledInteraction], contact_keys: frozenset[str]
) -> list[FiledInteraction]:
    """Return those that stand for one of these contacts."""
    return [each for each in interactions if contact_of(each) in contact_keys]
