"""Apache Kafka, configured as in Compose, knows who writes and reads what."""

import asyncio
import importlib.util
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from pydantic import SecretStr

from common.messaging import Operation, TopicRight, add_rights, ensure_topics
from common.settings import KafkaSettings
from devstack.fleet.fleet import Fleet, running_fleet
from devstack.kafka.jars import fetch
from devstack.kafka.secured import SecuredNode
from devstack.stack.services import NAMES, build_services
from devstack.testing.wait import until
from tests.e2e import journey
from tests.e2e.journey import an_email, unique

pytestmark = [pytest.mark.e2e, pytest.mark.apache_kafka, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy/compose/kafka_access.py"
TOPICS = (
    "identity.customers",
    "identity.groups",
    "identity.candidates",
    "interactions.conversations",
    "interactions.inbound",
    "sla.clocks",
    "identity.customers.dead",
    "sla.clocks.dead",
    "interactions.erasures",
    "interactions.erasures.dead",
)


def access_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kafka_access", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = script
    spec.loader.exec_module(script)
    return script


ACCESS = access_script()
PASSWORDS = {user: secrets.token_urlsafe(24) for user in ("admin", *ACCESS.RIGHTS)}


def credentials(user: str, password: str | None = None) -> dict[str, Any]:
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password or PASSWORDS[user],
    }


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a node with the rights that Compose gives."""
    directory = tmp_path_factory.mktemp("secured")
    with SecuredNode(fetch(), directory, passwords=PASSWORDS) as bootstrap:
        asyncio.run(prepare(bootstrap))
        yield bootstrap


async def prepare(bootstrap: str) -> None:
    """Do what the jobs of Compose do: give rights, and create each service's topics as itself."""
    admin = ACCESS.settings_of_admin(bootstrap, PASSWORDS["admin"])
    await add_rights(admin, ACCESS.all_rights())
    for name in NAMES:
        await ensure_topics(settings_of(bootstrap, name), ACCESS.RIGHTS[name].creates)


def settings_of(bootstrap: str, user: str) -> KafkaSettings:
    admin = ACCESS.settings_of_admin(bootstrap, PASSWORDS["admin"])
    own = {"sasl_username": user, "sasl_password": SecretStr(PASSWORDS[user]), "partitions": 2}
    return admin.model_copy(update=own)


async def write(bootstrap: str, user: str, topic: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, **credentials(user)
    )
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", key=b"k", partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, user: str, topic: str, *, group: str | None = None) -> None:
    """Fetch once; a client would wait for a topic that its user may not even see."""
    await see(bootstrap, user, topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, **credentials(user)
    )
    try:
        await consumer.start()
        consumer.assign([TopicPartition(topic, 0)])
        if group is not None:
            await consumer.committed(TopicPartition(topic, 0))
        await consumer.seek_to_beginning()
        await consumer.getmany(timeout_ms=2_000)
    finally:
        await consumer.stop()


async def see(bootstrap: str, user: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **credentials(user))
    try:
        await admin.start()
        [described] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    if described["error_code"] == TopicAuthorizationFailedError.errno:
        raise TopicAuthorizationFailedError(topic)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("identity", "identity.customers"),
        ("identity", "identity.groups"),
        ("identity", "interactions.erasures.dead"),
        ("interactions", "interactions.erasures"),
        ("identity", "identity.candidates"),
        ("interactions", "interactions.conversations"),
        ("interactions", "identity.customers.dead"),
        ("sla", "sla.clocks"),
        ("sla", "sla.erasures"),
        ("inbound", "interactions.inbound"),
    ],
)
async def test_a_user_writes_its_own_topics(user, topic, secured):
    await write(secured, user, topic)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("identity", "interactions.conversations"),
        ("identity", "interactions.erasures"),
        ("identity", "interactions.inbound"),
        ("identity", "sla.clocks"),
        ("interactions", "identity.customers"),
        ("interactions", "identity.groups"),
        ("interactions", "sla.watermarks"),
        ("sla", "interactions.conversations"),
        ("sla", "interactions.watermarks"),
        ("inbound", "identity.customers"),
        ("inbound", "interactions.conversations"),
        ("reader", "identity.customers"),
        ("reader", "interactions.inbound"),
    ],
)
async def test_a_user_does_not_write_the_topics_of_others(user, topic, secured):
    # A user who writes nothing is not even given the id of a producer.
    with pytest.raises((TopicAuthorizationFailedError, ClusterAuthorizationFailedError)):
        await write(secured, user, topic)


@pytest.mark.parametrize(
    ("user", "topic"),
    [("inbound", topic) for topic in TOPICS]
    + [("identity", "interactions.conversations"), ("sla", "interactions.inbound")]
    + [("reader", "interactions.inbound"), ("reader", "identity.customers.dead")],
)
async def test_a_user_does_not_read_the_topics_of_others(user, topic, secured):
    with pytest.raises(TopicAuthorizationFailedError):
        await read(secured, user, topic)


async def test_a_reader_reads_all_events_in_groups_of_its_own(secured):
    for topic in ACCESS.EVENTS:
        await read(secured, "reader", topic, group="reader-crm")
    with pytest.raises(GroupAuthorizationFailedError):
        await read(secured, "reader", "identity.customers", group="interactions.customers")


@pytest.mark.parametrize(
    "options",
    [{}, credentials("identity", "wrong"), credentials("stranger", "any")],
    ids=["no credentials", "a wrong password", "an unknown user"],
)
async def test_nobody_is_anonymous(options, secured):
    producer = AIOKafkaProducer(bootstrap_servers=secured, request_timeout_ms=3_000, **options)
    try:
        with pytest.raises(KafkaError):
            await producer.start()
    finally:
        await producer.stop()


async def test_no_user_makes_topics_or_rights_beyond_its_own(secured):
    inbound = settings_of(secured, "inbound")
    with pytest.raises(KafkaError):
        await ensure_topics(inbound, ["interactions.elsewhere"])
    with pytest.raises(KafkaError, match="refused"):
        await add_rights(inbound, [TopicRight("inbound", "sla.clocks", Operation.WRITE)])


def test_every_topic_of_a_service_is_among_its_rights(tmp_path):
    from common.cli import all_topics
    from devstack.stack.credentials import load_credentials

    dsns = dict.fromkeys(NAMES, "postgresql://nobody@127.0.0.1:1/none")
    built = build_services(
        dsns=dsns, bootstrap="127.0.0.1:1", credentials=load_credentials(tmp_path), port=1
    )
    for service in built.all():
        rights = ACCESS.RIGHTS[service.name]
        assert set(all_topics(service)) == set(rights.creates)
        assert set(rights.reads) >= {stream.topic for stream in service.streams.values()}
        groups = [stream.consumer for stream in service.streams.values()]
        assert all(group.startswith(rights.group) for group in groups)


@pytest.fixture(scope="module")
def fleet(
    secured: str, postgres_server, templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """The services as in Compose, each as its own user."""
    settings = {
        f"{name.upper()}_KAFKA__{key}": value
        for name in NAMES
        for key, value in {
            "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "SASL_MECHANISM": "SCRAM-SHA-512",
            "SASL_USERNAME": name,
            "SASL_PASSWORD": PASSWORDS[name],
        }.items()
    }
    directory = tmp_path_factory.mktemp("fleet")
    with running_fleet(
        directory, postgres_server, templates, secured, settings=settings
    ) as running:
        yield running


async def test_the_services_work_as_these_users(fleet):
    channel = unique("desk").replace("-", "_")
    await journey.promise(fleet, channel, 1)
    said = await journey.say(fleet, channel, an_email(), "Anybody?")

    async def breached() -> bool:
        context = await journey.context(fleet, said["customer_id"])
        return len(context["sla"]["breaches"]) == 1

    assert await until(breached, within=60)
