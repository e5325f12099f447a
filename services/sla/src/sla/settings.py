"""The settings of the sla service; names begin with ``SLA_``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings


class TimerSettings(Part):
    """How timers watch deadlines. All times are in seconds."""

    batch_size: int = Field(default=500, ge=1, le=500)
    poll_seconds: float = Field(default=0.1, gt=0, le=0.25)
    """How often a timer looks again while a clock is nearly due or waits for its source."""
    idle_seconds: float = Field(default=0.5, gt=0)
    """How often a timer looks for nearer deadlines that another process may have written."""
    grace_seconds: float = Field(default=0.1, ge=0)
    """How far past a deadline the source must be known, to allow for answers on their way."""
    hold_seconds: float = Field(default=30.0, gt=0)
    """How long a breach waits for a silent source before it is declared unconfirmed."""
    longest_hold_seconds: float = Field(default=300.0, gt=0)
    """The same for a source whose watermark moves but is far behind."""
    max_skew_seconds: float = Field(default=2.0, gt=0)
    """A timer whose host's clock differs more from the database's declares nothing."""


class AlertSettings(Part):
    """How the live stream of alerts follows their log."""

    poll_seconds: float = Field(default=0.2, gt=0)
    replay_limit: int = Field(default=1_000, ge=1)
    """A client that missed more alerts gets ``reset`` and must read the clocks again."""
    keep_days: int = Field(default=7, ge=1)
    """How many days alerts are kept; each day's partition is then dropped."""


class SlaSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SLA_")

    timer: TimerSettings = Field(default_factory=TimerSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
