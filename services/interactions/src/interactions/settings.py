"""Settings of interactions, from environment variables that begin with ``INTERACTIONS_``."""

from datetime import timedelta

from pydantic import Field, PositiveFloat, SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings


class IdentitySettings(Part):
    """How interactions calls identity about contacts that are missing from its own copy."""

    base_url: str = "http://127.0.0.1:8001"
    deadline_seconds: float = Field(default=0.3, gt=0)
    deadline_seconds_per_item: float = Field(default=0.003, ge=0)
    """Added to the deadline for each further contact of a batch."""
    patient_deadline_seconds: float = Field(default=5.0, gt=0)
    """Deadline of background work: the inbound topic and stored deliveries."""
    breaker_threshold: int = Field(default=5, ge=1)
    probe_seconds: float = Field(default=1.0, gt=0)


class SealingSettings(Part):
    """Keys (32 bytes, base64) that seal secrets at rest, by id; ``current`` seals new secrets."""

    keys: dict[str, SecretStr] = Field(default_factory=dict)
    current: str | None = None


class ContextSettings(Part):
    """How long contexts and timelines may take, and when their sources count as stale."""

    deadline_seconds: PositiveFloat = 0.5
    """For a whole context; after that, half as long again is spent on the cheap parts."""
    stale_after_seconds: PositiveFloat = 10.0
    """A source that lags by more than this makes its parts incomplete."""
    identity_deadline_seconds: PositiveFloat = 0.25
    timeline_deadline_seconds: PositiveFloat = 5.0
    """Allows for a search; the first page of a timeline takes milliseconds."""
    version_days: int = Field(default=365, ge=1)
    """How long the versions of a customer's profile are kept apart; older ones become one."""

    @property
    def version_retention(self) -> timedelta:
        return timedelta(days=self.version_days)


class InteractionsSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INTERACTIONS_")

    identity: IdentitySettings = Field(default_factory=IdentitySettings)
    sealing: SealingSettings = Field(default_factory=SealingSettings)
    context: ContextSettings = Field(default_factory=ContextSettings)
    default_region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 region of telephone numbers without a country code, where neither the call nor the
    channel account names one. Unset, identity decides, and is asked about each such message."""
    inbound_tenant: str | None = None
    """The tenant that owns the records on ``interactions.inbound``; unset, nothing reads it."""
    public_base_url: str | None = None
    """The base of the URLs that providers call and sign, such as ``https://hooks.example.com``.
    Unset, the URL comes from the request and, behind a trusted proxy, its forwarded headers."""
    thread_window_seconds: int = Field(default=7 * 86_400, ge=0)
    """How long after its last activity a conversation accepts messages that name none."""
    vault_days: int = Field(default=30, ge=1)
    """How many days processed deliveries stay in the vault."""
    poll_seconds: float = Field(default=0.5, gt=0)
    """How often timers look for work that another process has written."""

    @property
    def thread_window(self) -> timedelta:
        return timedelta(seconds=self.thread_window_seconds)
