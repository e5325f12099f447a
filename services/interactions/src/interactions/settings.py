"""The settings of interactions: environment names begin with ``INTERACTIONS_``."""

from datetime import timedelta

from pydantic import Field, PositiveFloat, SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import Part, RelaySettings, ServiceSettings


class IdentitySettings(Part):
    """How identity is asked about contacts that our own copy does not know."""

    base_url: str = "http://127.0.0.1:8001"
    deadline_seconds: float = Field(default=0.3, gt=0)
    deadline_seconds_per_item: float = Field(default=0.003, ge=0)
    """What each further contact of a batch adds to the deadline."""
    patient_deadline_seconds: float = Field(default=5.0, gt=0)
    """For what nobody waits for: the inbound topic and stored deliveries."""
    breaker_threshold: int = Field(default=5, ge=1)
    probe_seconds: float = Field(default=1.0, gt=0)


class SealingSettings(Part):
    """Keys (32 bytes, base64) that seal secrets at rest, by id; ``current`` seals new ones."""

    keys: dict[str, SecretStr] = Field(default_factory=dict)
    current: str | None = None


class ContextSettings(Part):
    """How long contexts and timelines may take, and when their sources count as stale."""

    deadline_seconds: PositiveFloat = 0.5
    """For a whole context; past it, half as long again is spent on the parts that are cheap."""
    stale_after_seconds: PositiveFloat = 10.0
    """A source that is further behind than this makes its parts incomplete."""
    identity_deadline_seconds: PositiveFloat = 0.25
    timeline_deadline_seconds: PositiveFloat = 5.0
    """Allows for a search; the first page of a timeline takes milliseconds."""


class PromptRelaySettings(RelaySettings):
    heartbeat_seconds: PositiveFloat = 0.1
    """Breaches wait for it; for those of the other services nothing does."""


class InteractionsSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INTERACTIONS_")

    relay: PromptRelaySettings = Field(default_factory=PromptRelaySettings)
    identity: IdentitySettings = Field(default_factory=IdentitySettings)
    sealing: SealingSettings = Field(default_factory=SealingSettings)
    context: ContextSettings = Field(default_factory=ContextSettings)
    inbound_tenant: str | None = None
    """Whose the records on ``interactions.inbound`` are; without it the topic is not read."""
    public_base_url: str | None = None
    """Where providers reach us, such as ``https://hooks.example.com``: what they sign. Without it
    the URL is taken from the request and, behind a trusted proxy, its forwarded headers."""
    thread_window_seconds: int = Field(default=7 * 86_400, ge=0)
    """How long after its last activity a conversation takes in what names none."""
    vault_days: int = Field(default=30, ge=1)
    """How long providers' deliveries are kept as they came, once they are processed."""
    poll_seconds: float = Field(default=0.5, gt=0)
    """How often timers look for work that another process has left them."""

    @property
    def thread_window(self) -> timedelta:
        return timedelta(seconds=self.thread_window_seconds)
