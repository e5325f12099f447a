"""Settings of sla, from environment variables that begin with ``SLA_``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings


class TimerSettings(Part):
    """How timers watch deadlines."""

    batch_size: int = Field(default=500, ge=1, le=500)
    poll_seconds: float = Field(default=0.1, gt=0, le=0.25)
    """How often a timer looks while a clock is nearly due or waits for its source."""
    idle_seconds: float = Field(default=0.5, gt=0)
    """How often a timer looks for earlier deadlines that another process may have written."""
    grace_seconds: float = Field(default=0.1, ge=0)
    """How far past the deadline the watermark must be, to allow for answers in transit."""
    hold_seconds: float = Field(default=30.0, gt=0)
    """How long a breach waits for a silent source before it is declared unconfirmed."""
    longest_hold_seconds: float = Field(default=300.0, gt=0)
    """The same for a source whose watermark advances but lags far behind."""
    max_skew_seconds: float = Field(default=2.0, gt=0)
    """A timer declares nothing while its host's clock differs more from the database's."""


class AlertSettings(Part):
    """How the live stream follows the log of alerts."""

    poll_seconds: float = Field(default=0.2, gt=0)
    replay_limit: int = Field(default=1_000, ge=1)
    """A client that missed more alerts receives ``reset`` and must fetch the clocks again."""
    keep_days: int = Field(default=7, ge=1)
    """How many days alerts are kept before their day's partition is dropped."""


class SlaSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SLA_")

    public_base_url: str | None = None
    """The API's own address, such as ``https://care.example.com``; links are paths without it."""
    timer: TimerSettings = Field(default_factory=TimerSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
