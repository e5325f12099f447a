"""Who calls, with which credential, and how much they may ask."""

from common.web.auth.api_keys import (
    CreateKey,
    create_key,
    import_key,
    insert_key,
    list_keys,
    revoke_key,
)
from common.web.auth.authentication import Authenticator
from common.web.auth.callers import Caller
from common.web.auth.exchange import (
    UNMATCHED,
    Exchange,
    Place,
    caller_of,
    exchange_of,
    route_template,
)
from common.web.auth.rate_limits import Arriving, RateLimiter, Strangers
from common.web.auth.scopes import PII_READ, register_scopes, registered_scopes
from common.web.auth.service_tokens import AUDIENCE, ServiceTokens

__all__ = [
    "AUDIENCE",
    "PII_READ",
    "UNMATCHED",
    "Arriving",
    "Authenticator",
    "Caller",
    "CreateKey",
    "Exchange",
    "Place",
    "RateLimiter",
    "ServiceTokens",
    "Strangers",
    "caller_of",
    "create_key",
    "exchange_of",
    "import_key",
    "insert_key",
    "list_keys",
    "register_scopes",
    "registered_scopes",
    "revoke_key",
    "route_template",
]
