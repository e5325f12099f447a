"""What the routers of privacy need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.customers.domain.denials import DenyKeys
from identity.privacy.domain.receipts import ReceiptSigner


@dataclass(frozen=True, kw_only=True)
class PrivacyState:
    """``default_region`` is the country of telephone numbers of requests that name no region."""

    deny_keys: DenyKeys
    signer: ReceiptSigner
    default_region: str | None = None


PrivacyStateDep = Annotated[PrivacyState, part_state(PrivacyState)]
