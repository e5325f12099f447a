"""Builds the part that lets go of customers when identity announces that they are erased."""

from datetime import timedelta

from common.erasing import Eraser, plumbing_steps
from common.service import Foundation, Part
from sla.privacy.events.published import TOPIC, SlaErasureCompletedV1
from sla.privacy.store.people import STEPS
from sla.privacy.usecases.report_erasure import Reporter


def build_privacy(foundation: Foundation) -> Part:
    """Return the part that erases beside the relay, and tells identity when it is done."""
    retention = timedelta(hours=foundation.settings.kafka.retention_hours)
    eraser = Eraser(
        foundation.database,
        [*STEPS, *plumbing_steps(kept=(SlaErasureCompletedV1.event_type,))],
        Reporter(retention).report,
        clock=foundation.clock,
    )
    return Part(components=[eraser.component()], topics=[TOPIC])
