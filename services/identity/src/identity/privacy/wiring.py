"""Builds the part that erases customers, exports them and heeds objections."""

from datetime import timedelta

from common.erasing import Eraser, plumbing_steps
from common.messaging import Consumer
from common.service import Foundation, Part
from identity.customers.domain.denials import DenyKeys
from identity.events.published import CustomerErasedV1
from identity.privacy.consumers.reports import reports_stream, topic_of
from identity.privacy.domain.receipts import ReceiptSigner
from identity.privacy.http import erasures, exports, objections
from identity.privacy.http.state import PrivacyState
from identity.privacy.store.persons import OBSERVATIONS
from identity.privacy.usecases.complete_erasure import Completion
from identity.settings import IdentitySettings

WITHOUT_PERSONAL_DATA = (CustomerErasedV1.event_type,)


def build_privacy(foundation: Foundation, settings: IdentitySettings, deny_keys: DenyKeys) -> Part:
    """Return the part with the routes of privacy, and with what erases beside the relay."""
    privacy = settings.privacy
    signer = ReceiptSigner(privacy.receipt_key.get_secret_value(), privacy.earlier_receipt_keys)
    completion = Completion(
        services=privacy.services,
        signer=signer,
        retention=timedelta(hours=settings.kafka.retention_hours),
    )
    eraser = Eraser(
        foundation.database,
        [OBSERVATIONS, *plumbing_steps(kept=WITHOUT_PERSONAL_DATA)],
        completion.finish,
        clock=foundation.clock,
    )
    streams = [reports_stream(service, completion) for service in privacy.services]
    consumers = [
        Consumer(foundation.database, settings.kafka, stream, clock=foundation.clock)
        for stream in streams
    ]
    return Part(
        routers=[erasures.router, exports.router, objections.router],
        state=PrivacyState(
            deny_keys=deny_keys,
            signer=signer,
            default_region=settings.rules.default_region,
        ),
        components=[eraser.component(), *consumers],
        streams={stream.consumer: stream for stream in streams},
        topics=[topic_of(service) for service in privacy.services],
    )
