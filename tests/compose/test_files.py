"""Properties of the stack that its files alone show, without an engine."""

import os
import re
import shutil
import subprocess
from fnmatch import fnmatchcase

import pytest
from dotenv import dotenv_values

from common.settings import ServiceSettings
from devstack.compose import environment
from devstack.servers.postgres import PRIVATE_LOGGING
from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES, build_services
from identity.settings import IdentitySettings
from interactions.settings import InteractionsSettings
from sla.settings import SlaSettings
from tests.compose.description import (
    JOBS,
    PROCESSES,
    ROOT,
    SERVERS,
    SOURCE,
    required,
    services,
    texts,
)

SETTINGS: dict[str, type[ServiceSettings]] = {
    "identity": IdentitySettings,
    "interactions": InteractionsSettings,
    "sla": SlaSettings,
}
OPTIONAL = {
    "IDENTITY__DEADLINE_SECONDS": "0.5",
    "DEFAULT_REGION": "GB",
    "RULES__DEFAULT_REGION": "GB",
    "TELEMETRY__OTLP_ENDPOINT": "http://collector:4318",
    "INBOUND_TENANT": "acme",
    "PUBLIC_BASE_URL": "https://care.example.com",
}
"""Settings that the stack passes on if they are set, each with a valid value."""
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
CADDYFILE = (ROOT / "deploy" / "compose" / "Caddyfile").read_text()


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return a new ``.env`` as Compose reads it."""
    path = tmp_path_factory.mktemp("compose") / ".env"
    environment.write(path, environment.new_secrets())
    assert path.stat().st_mode & 0o077 == 0
    return {name: value or "" for name, value in dotenv_values(path).items()}


def test_an_earlier_env_gets_the_secrets_that_it_lacks_and_keeps_the_others(tmp_path):
    path = tmp_path / ".env"
    earlier = environment.new_secrets()
    lacking = {name: earlier.pop(name) for name in ("DENY_SECRET", "RECEIPT_KEY")}
    environment.write(path, earlier)
    assert environment.add_missing(path) == sorted(lacking)
    after = dotenv_values(path)
    assert {name: after[name] for name in earlier} == earlier
    assert all(after[name] not in {None, "", value} for name, value in lacking.items())
    assert environment.add_missing(path) == []


def test_every_process_runs_by_itself(values):
    described = services(values)
    assert set(described) == PROCESSES | JOBS | SERVERS
    for name in PROCESSES | JOBS - {"databases", "kafka-access"}:
        assert described[name]["command"] == name.split("-")


@pytest.mark.parametrize("name", sorted(PROCESSES | JOBS - {"databases", "kafka-access"}))
def test_a_service_accepts_the_settings_of_its_container(name, values, monkeypatch):
    variables = services(values)[name]["environment"]
    prefix = f"{name.split('-')[0].upper()}_"
    for key, value in variables.items():
        monkeypatch.setenv(key, OPTIONAL[key.removeprefix(prefix)] if value is None else value)
    settings = SETTINGS[name.split("-")[0]]()
    assert settings.http.port == 8000
    assert settings.kafka.partitions % settings.relay.shards == 0
    assert settings.auth.environment == "live"


@pytest.mark.parametrize("service", NAMES)
def test_only_the_job_that_migrates_knows_the_owner_of_the_tables(service, values):
    prefix, owner = f"{service.upper()}_POSTGRES__", f"postgresql://{service}:"
    for name, described in services(values).items():
        variables = described.get("environment", {})
        assert (f"{prefix}OWNER_DSN" in variables) == (name == f"{service}-migrate")
        if name.startswith(f"{service}-"):
            assert variables[f"{prefix}DSN"].startswith(f"postgresql://{service}_runtime:")
        if name != "databases":
            passwords = [
                text
                for text in texts(described)
                if values[f"POSTGRES_PASSWORD_{service.upper()}"] in text
            ]
            assert passwords == [text for text in passwords if text.startswith(owner)]
            assert len(passwords) == (name == f"{service}-migrate")


def test_health_has_a_port_of_its_own_which_the_proxy_does_not_serve():
    [port] = set(re.findall(r"_HTTP__HEALTH_PORT=(\d+)", DOCKERFILE))
    assert DOCKERFILE.count("_HTTP__HEALTH_PORT=") == len(NAMES)
    assert f"HTTPConnection('127.0.0.1', {port}, " in DOCKERFILE
    assert port != "8000"
    assert f":{port}" not in CADDYFILE


def test_nothing_starts_without_secrets_and_no_secret_has_a_default():
    assert required() == set(environment.new_secrets()) - {"COMPOSE_PROJECT_NAME"}
    secret = re.compile(r"^\s+\w*(PASSWORD|SECRET|KEY|KEYS|PEPPER|DSN)\w*: (.*)$", re.MULTILINE)
    settings = secret.findall(SOURCE)
    assert len(settings) > 10
    for name, value in settings:
        assert ":?run make compose-env}" in value, name


def test_two_stacks_share_no_secret():
    one, other = environment.new_secrets(), environment.new_secrets()
    same = {name for name, value in one.items() if other[name] == value}
    assert same == {"COMPOSE_PROJECT_NAME", "SEALING_CURRENT"}


def test_secrets_are_never_overwritten(tmp_path):
    environment.write(tmp_path / ".env", {"A": "1"})
    with pytest.raises(FileExistsError):
        environment.write(tmp_path / ".env", {"A": "2"})


@pytest.mark.parametrize("name", sorted(PROCESSES | JOBS | SERVERS))
def test_a_container_can_do_little_beyond_its_work(name, values):
    service = services(values)[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    assert "privileged" not in service
    assert service["restart"] == ("no" if name in JOBS else "unless-stopped")


@pytest.mark.parametrize("name", sorted(PROCESSES | SERVERS))
def test_a_container_has_time_to_stop_and_a_health_check(name, values):
    service = services(values)[name]
    assert int(service["stop_grace_period"].removesuffix("s")) >= 20
    assert "healthcheck" in service or name in PROCESSES
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_process_is_stopped_before_the_servers_that_it_needs(name, values):
    needed = services(values)[name]["depends_on"]
    assert needed["postgres"] == needed["kafka"] == {"condition": "service_healthy"}
    assert needed[f"{name.split('-')[0]}-migrate"]["condition"] == "service_completed_successfully"


def test_only_the_proxy_can_be_reached_and_only_from_this_host(values):
    described = services(values)
    assert {name for name, service in described.items() if "ports" in service} == {"proxy"}
    assert all(port.startswith("127.0.0.1:") for port in described["proxy"]["ports"])
    apis = {f"{name}-api" for name in NAMES}
    front = {name for name, service in described.items() if "front" in service["networks"]}
    assert front == apis | {"proxy"}
    assert re.search(r"^  back:\n    internal: true$", SOURCE, re.MULTILINE)


def test_postgres_logs_as_little_as_the_embedded_one(values):
    assert {f"-c{setting}" for setting in PRIVATE_LOGGING} <= {
        *services(values)["postgres"]["command"]
    }


def test_images_have_plain_names(values):
    images = {service["image"] for service in services(values).values()}
    assert images == {"threadline:local", "postgres:18", "apache/kafka:4.1.1", "caddy:2"}
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.11-slim"}


def test_the_image_is_not_root_and_installs_only_what_is_pinned():
    assert re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^ENTRYPOINT (.*)", DOCKERFILE, re.MULTILINE) == ['["python", "-m"]']
    assert "--no-deps --require-hashes" in DOCKERFILE
    assert not re.search(r"^ARG |--mount=type=secret|https?://(?!127)", DOCKERFILE, re.MULTILINE)


def test_the_build_context_has_only_code_and_the_lock_file():
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert kept == {"libs", "services", "requirements/base.txt"}


def test_the_proxy_gives_each_path_to_the_service_that_declares_it(tmp_path):
    dsns = dict.fromkeys(NAMES, "postgresql://nobody@127.0.0.1:1/none")
    built = build_services(
        dsns=dsns, bootstrap="127.0.0.1:1", credentials=load_credentials(tmp_path), port=1
    )
    paths = {path: s.name for s in built.all() for path in s.api.openapi()["paths"]}
    assert len(paths) > 15
    paths["/version"] = "interactions"  # every service declares it; all run one image
    for path, service in paths.items():
        assert _route(path) == f"{service}-api:8000", path
    assert _route("/metrics") is None


def test_the_proxy_serves_the_description_of_the_whole_api(values):
    proxy = services(values)["proxy"]
    [mounted] = [volume for volume in proxy["volumes"] if "openapi" in volume]
    source, target, mode = mounted.split(":")
    assert mode == "ro"
    assert (ROOT / source).is_file()
    assert target == "/srv/api/threadline.openapi.json"
    assert proxy["environment"]["DOCS"] == "on"
    assert re.search(r"@docs \{\s+path /docs /docs/\*", CADDYFILE)


@pytest.mark.skipif(
    shutil.which("caddy") is None,
    reason="caddy is not installed, so nothing checks that it accepts the Caddyfile; CI does",
)
@pytest.mark.parametrize("docs", ["on", "off"])
def test_caddy_accepts_its_file(docs):
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", "-"]
    completed = subprocess.run(
        command,
        input=CADDYFILE,
        env=os.environ | {"DOCS": docs, "SITE_ADDRESS": ":80"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr[-1000:]


def _route(path: str) -> str | None:
    """Return where the Caddyfile's first matching rule sends a path."""
    rules = re.findall(r"@(\w+) path (.*)\n\s+reverse_proxy @\1 (\S+)", CADDYFILE)
    assert len(rules) == len(NAMES)
    for _, patterns, target in rules:
        if any(fnmatchcase(path, pattern) for pattern in patterns.split()):
            return target
    return None


def test_kafka_makes_a_user_for_everybody_who_has_rights(values):
    kafka = services(values)["kafka"]
    assert kafka["entrypoint"] == ["bash", "/kafka.sh"]
    script = (ROOT / "deploy/compose/kafka.sh").read_text()
    [users] = re.findall(r"for user in (.*); do", script)
    passwords = {name for name in kafka["environment"] if name.startswith("KAFKA_PASSWORD_")}
    assert passwords == {f"KAFKA_PASSWORD_{name}" for name in environment.KAFKA_USERS}
    assert passwords == {f"KAFKA_PASSWORD_{user.upper()}" for user in users.split()}


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_each_service_is_a_user_of_kafka_of_its_own(name, values):
    service = name.split("-")[0]
    prefix, variables = f"{service.upper()}_KAFKA__", services(values)[name]["environment"]
    assert variables[f"{prefix}SASL_USERNAME"] == service
    assert variables[f"{prefix}SASL_MECHANISM"] == "SCRAM-SHA-512"
    assert variables[f"{prefix}SASL_PASSWORD"] == values[f"KAFKA_PASSWORD_{service.upper()}"]
    assert values["KAFKA_PASSWORD_ADMIN"] not in variables.values()


def test_rights_are_given_before_a_service_creates_its_topics(values):
    described = services(values)
    assert described["kafka-access"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    for name in NAMES:
        needed = described[f"{name}-migrate"]["depends_on"]
        assert needed["kafka-access"]["condition"] == "service_completed_successfully"


def test_the_listener_of_kafka_takes_only_users_with_a_password():
    lines = (ROOT / "deploy/compose/kafka.properties").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert "PLAINTEXT:PLAINTEXT" not in settings["listener.security.protocol.map"]
    assert settings["allow.everyone.if.no.acl.found"] == "false"
    assert settings["super.users"] == "User:admin;User:controller"
    assert settings["sasl.enabled.mechanisms"] == "SCRAM-SHA-512"
