"""The settings of the sla service; names begin with ``SLA_``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings


class TimerSettings(Part):
    """How deadlines are watched. All times in seconds."""

    batch_size: int = Field(default=500, ge=1, le=500)
    poll_seconds: float = Field(default=0.1, gt=0, le=0.25)
    """How often something that is near, or waits for its source, is looked at."""
    idle_seconds: float = Field(default=0.5, gt=0)
    """How often it is looked for nearer deadlines, which another process may have written."""
    grace_seconds: float = Field(default=0.1, ge=0)
    """How far past a deadline the source must be known, for answers on their way to it."""
    hold_seconds: float = Field(default=30.0, gt=0)
    """After how long a silent source no longer holds a breach back; it is unconfirmed then."""
    longest_hold_seconds: float = Field(default=300.0, gt=0)
    """The same for a source that is heard from but far behind."""
    max_skew_seconds: float = Field(default=2.0, gt=0)
    """A process whose clock differs more from the database's does not fire."""


class AlertSettings(Part):
    """How the live stream of alerts is fed."""

    poll_seconds: float = Field(default=0.2, gt=0)
    replay_limit: int = Field(default=1_000, ge=1)
    """A client that missed more is told to read the clocks again."""
    keep_days: int = Field(default=7, ge=1)
    """The log of alerts is dropped a day's partition at a time, after this many days."""


class SlaSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SLA_")

    timer: TimerSettings = Field(default_factory=TimerSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
