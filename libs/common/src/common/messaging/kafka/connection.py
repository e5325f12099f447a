"""How a Kafka client is connected, and how it is closed."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from common.runtime import within
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger

_log = get_logger(__name__)

STOP_SECONDS = 5.0
_ABANDON_SECONDS = 2.0


def connection_settings(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments that all of aiokafka's clients share."""
    password = settings.sasl_password
    return {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
        "ssl_context": (
            ssl.create_default_context(cafile=settings.ssl_cafile)
            if settings.security_protocol.endswith("SSL")
            else None
        ),
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


@asynccontextmanager
async def open_admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open a client for topics and rights, and close it."""
    admin = AIOKafkaAdminClient(**connection_settings(settings))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def close_client(
    stop: Callable[[], Awaitable[None]], abandon: Callable[[], Awaitable[None]]
) -> None:
    """Close a client, by force if need be; its owner goes on without it either way."""
    for attempt, seconds in ((stop, STOP_SECONDS), (abandon, _ABANDON_SECONDS)):
        try:
            if await within(attempt(), seconds):
                return
        except Exception as error:  # noqa: BLE001 - the client passes on whatever its transport raises
            _log.warning("kafka.client_not_closed", error=describe(error))
