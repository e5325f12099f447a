"""The settings that every service has, read once in ``__main__`` and passed down; never at import.

Environment names are ``<PREFIX><FIELD>``, nested parts joined by two underscores, such as
``IDENTITY_POSTGRES__DSN``. A name with a service's prefix that matches no field is an error, so
that misspelt settings are noticed.
"""

import os
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PostgresSettings(Part):
    dsn: SecretStr = Field(
        description="The address of the service's database.",
        examples=["postgresql://user:password@host:5432/database"],
    )
    """``postgresql://user:password@host:port/database``; the service adds the driver."""
    owner_dsn: SecretStr | None = None
    """The same database as the role that owns the tables, for ``migrate`` alone, which then gives
    the role in ``dsn`` the rights to run with. Without it ``migrate`` uses ``dsn`` too."""
    pool_size: PositiveInt = 10
    read_pool_size: PositiveInt = 10
    pool_timeout_seconds: PositiveFloat = 1.0
    """How long a caller waits for a connection before it gets UnavailableError."""
    read_deadline_seconds: PositiveFloat = 5.0
    """After how long a read without its own deadline is abandoned, whatever the server does."""
    statement_timeout_seconds: PositiveFloat = 15.0
    lock_timeout_seconds: PositiveFloat = 5.0
    idle_in_transaction_timeout_seconds: PositiveFloat = 30.0
    connect_timeout_seconds: PositiveFloat = 5.0
    max_attempts: PositiveInt = 5
    """How often a unit of work is tried on serialization failures and deadlocks."""
    session: dict[str, str] = Field(default_factory=dict)
    """Further settings of each session, such as planner switches."""

    @model_validator(mode="after")
    def _roles_by_name(self) -> Self:
        if self.owner_dsn is not None and not urlsplit(self.dsn.get_secret_value()).username:
            raise ValueError("dsn must name its user when owner_dsn is set")
        return self

    @property
    def migration_dsn(self) -> str:
        """The address with which ``migrate`` connects."""
        return (self.owner_dsn or self.dsn).get_secret_value()

    @property
    def runtime_role(self) -> str | None:
        """The role in ``dsn``; None when it is the one that migrates."""
        runtime, owner = (
            unquote(urlsplit(dsn).username or "")
            for dsn in (self.dsn.get_secret_value(), self.migration_dsn)
        )
        return None if runtime == owner else runtime


class KafkaSettings(Part):
    bootstrap: str = Field(
        description="The addresses of Kafka brokers, separated by commas.",
        examples=["host:9092"],
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = None
    partitions: PositiveInt = 6
    """Partitions of topics that we create."""
    replication_factor: PositiveInt = 1
    retention_hours: int = 14 * 24
    """How long topics that we create keep records: longer than any consumer should be down."""
    session_timeout_seconds: PositiveFloat = 45.0
    max_poll_records: PositiveInt = 500
    max_request_bytes: PositiveInt = 1_048_576
    produce_deadline_seconds: PositiveFloat = 30.0
    """An idempotent producer retries forever; past this deadline it is closed and replaced."""


class RelaySettings(Part):
    shards: PositiveInt = 2
    """How many relays may publish side by side. Must divide every topic's partition count."""
    batch_size: PositiveInt = 500
    poll_seconds: PositiveFloat = 0.05
    """How often a relay looks for rows while it finds some, or somebody waits for its watermark."""
    idle_poll_seconds: PositiveFloat = 2.0
    """How often it looks otherwise. A commit wakes it, in whatever process, unless that dies."""
    heartbeat_seconds: PositiveFloat = 2.0
    """How far a watermark may lag on partitions without events while nobody waits for it."""
    prompt_heartbeat_seconds: PositiveFloat = 0.1
    """The same while another service has asked for it."""
    keep_days: PositiveInt = 3
    """Published rows are dropped a day's partition at a time, after this many days."""


class TrustedIssuer(Part):
    """An issuer whose tokens are accepted, with either ``jwks`` (inline JSON) or ``jwks_url``."""

    issuer: str
    audience: str
    scopes: frozenset[str]
    """The scopes that it may grant; others in its tokens are ignored."""
    tenants: frozenset[str] | None = None
    """The tenants that it may speak for; None for all."""
    max_life_seconds: PositiveInt = 86_400
    """The longest time from now until a token ends."""
    jwks: str | None = None
    jwks_url: str | None = None

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        if (self.jwks is None) == (self.jwks_url is None):
            raise ValueError("give either jwks or jwks_url")
        return self

    @model_validator(mode="after")
    def _safe_address(self) -> Self:
        address = urlsplit(self.jwks_url or "https:")
        if address.scheme != "https" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("jwks_url must be https, except on this host")
        return self


class AuthSettings(Part):
    pepper: SecretStr = Field(
        description="A secret of at least 32 characters that keys the digests of API keys, the"
        " same for all services.",
        examples=['"$(openssl rand -hex 32)"'],
    )
    """Keys the digests of API keys; the same in all services, at least 32 characters."""
    issuers: tuple[TrustedIssuer, ...] = ()
    environment: Literal["live", "test"] = "live"
    service_key: SecretStr | None = None
    """The private Ed25519 JWK that signs this service's calls to other services."""

    @model_validator(mode="after")
    def _long_pepper(self) -> Self:
        if len(self.pepper.get_secret_value()) < 32:  # noqa: PLR2004 - the docstring's number
            raise ValueError("pepper must have at least 32 characters")
        return self


class HttpSettings(Part):
    host: str = "127.0.0.1"
    port: int = 8000
    health_port: int | None = None
    """Where ``/livez``, ``/readyz`` and ``/metrics`` are then instead of on ``port``: a socket that
    outsiders cannot reach, and that no flood of theirs can fill."""
    docs: bool = True
    metrics: bool = True
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose ``X-Forwarded-*`` headers are trusted."""
    cursor_secret: SecretStr = Field(
        description="A secret of at least 32 characters that signs the cursors of lists.",
        examples=['"$(openssl rand -hex 32)"'],
    )
    """Signs cursors; at least 32 characters."""
    max_in_flight: PositiveInt = 256
    rate_limit_per_minute: PositiveInt = 1_200_000
    """How many requests one credential may send to one process; a batch counts by its items."""
    graceful_shutdown_seconds: PositiveInt = 20


class TelemetrySettings(Part):
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str | None = None


class ServiceSettings(BaseSettings):
    """Base of each service's settings; a subclass sets ``env_prefix`` and adds its own."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_nested_delimiter="__", hide_input_in_errors=True
    )

    postgres: PostgresSettings
    kafka: KafkaSettings
    auth: AuthSettings
    http: HttpSettings
    relay: RelaySettings = Field(default_factory=RelaySettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)

    @model_validator(mode="after")
    def _no_unknown_environment(self) -> Self:
        prefix = self.model_config.get("env_prefix", "")
        if prefix:
            known = {f"{prefix}{name}".upper() for name in type(self).model_fields}
            for name in os.environ:
                if name.startswith(prefix.upper()) and name.split("__")[0] not in known:
                    raise ValueError(f"unknown setting in the environment: {name}")
        return self
