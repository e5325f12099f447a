"""The only place where identity's objects are built."""

from pathlib import Path

from common.clock import DatabaseClock
from common.database import Database
from common.http.app import build_app
from common.maintenance import Maintenance
from common.relay import Relay
from common.service import Service
from identity.domain.clusters import Rules
from identity.events.published import TOPIC
from identity.http import customers, identities, merges
from identity.http.state import IdentityState
from identity.settings import IdentitySettings

NAME = "identity"
# Every statement has its index. A plan made while a table was small would be kept by the
# connection, and scan the table when it has grown a thousand times in the next minute.
PLANNER = {"enable_seqscan": "off"}
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: IdentitySettings) -> Service:
    """Return the service, connected to nothing yet."""
    session = PLANNER | settings.postgres.session
    database = Database(settings.postgres.model_copy(update={"session": session}), service=NAME)
    clock = DatabaseClock(database, service=NAME)
    state = IdentityState(
        service=NAME,
        database=database,
        clock=clock,
        http=settings.http,
        auth=settings.auth,
        rules=Rules(
            max_identifiers=settings.rules.max_identifiers,
            max_attributes=settings.rules.max_attributes,
        ),
        default_region=settings.rules.default_region,
    )
    relay = Relay(database, settings.kafka, settings.relay, service=NAME, heartbeat_topics=[TOPIC])
    maintenance = Maintenance(database, settings.relay, clock=clock)
    return Service(
        name=NAME,
        settings=settings,
        database=database,
        clock=clock,
        api=build_app(
            title="Threadline identity",
            routers=[identities.router, customers.router, merges.router],
            state=state,
        ),
        migrations=MIGRATIONS,
        topics=(TOPIC,),
        components={relay.name: relay, maintenance.name: maintenance},
    )
