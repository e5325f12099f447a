"""Builds the part that erases people when identity announces it."""

from datetime import timedelta

from common.erasing import Eraser, plumbing_steps
from common.service import Foundation, Part
from interactions.privacy.events.published import TOPIC, InteractionsErasureCompletedV1
from interactions.privacy.store.people import STEPS
from interactions.privacy.usecases import forget_in_others
from interactions.privacy.usecases.erase_people import Reporter


def build_privacy(foundation: Foundation) -> Part:
    """Return the part that erases beside the relay, and tells identity when it is done."""
    retention = timedelta(hours=foundation.settings.kafka.retention_hours)
    kept = (InteractionsErasureCompletedV1.event_type,)
    eraser = Eraser(
        foundation.database,
        [*STEPS, *forget_in_others.STEPS, *plumbing_steps(kept=kept)],
        Reporter(retention).report,
        clock=foundation.clock,
    )
    return Part(components=[eraser.component()], topics=[TOPIC])
