"""Puts the service together from its parts."""

from pathlib import Path

from common.service import STEADY_PLANS, Foundation, Service, assemble
from common.web.auth import register_scopes
from interactions.channels.wiring import build_channels
from interactions.context.wiring import build_context
from interactions.history import Resolver
from interactions.history.clients.identity import HttpIdentity
from interactions.history.wiring import build_history, build_identity
from interactions.privacy.usecases.erase_people import begin_erasures
from interactions.privacy.wiring import build_privacy
from interactions.settings import InteractionsSettings

NAME = "interactions"
SCOPES = frozenset({"context:read", "interactions:write"})
"""What the routes of this service require."""
OTHER_SCOPES = frozenset(
    {"identity:admin", "identity:write", "privacy:admin", "sla:admin", "sla:read"}
)
"""What the other services require: one key may be for all of them."""
register_scopes(SCOPES | OTHER_SCOPES)
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: InteractionsSettings, *, identity: HttpIdentity | None = None) -> Service:
    """Return the service, connected to nothing yet; ``identity`` replaces the client it would make.

    Raises ValueError without a service key: identity would never answer us.
    """
    foundation = Foundation.lay(NAME, settings, session=STEADY_PLANS)
    identity = identity or build_identity(settings)
    resolver = Resolver(foundation.database, identity)
    parts = [
        build_history(foundation, settings, identity=identity, resolver=resolver),
        build_channels(foundation, settings, resolver=resolver),
        build_context(foundation, settings, identity=identity, begin_erasures=begin_erasures),
        build_privacy(foundation),
    ]
    return assemble(foundation, parts, title="Threadline interactions", migrations=MIGRATIONS)
