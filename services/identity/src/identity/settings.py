"""Settings of identity, from environment variables that begin with ``IDENTITY_``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings


class RuleSettings(Part):
    """Limits and defaults of resolution."""

    max_identifiers: int = Field(default=200, ge=1, le=500)
    """The most that one customer may have; a merge that would exceed it is refused."""
    max_attributes: int = Field(default=100, ge=1, le=200)
    """The most that one customer may have; a merge that would exceed it is refused."""
    max_neighbours: int = Field(default=10, ge=2, le=100)
    """Identifiers of one type that may be proved together with an address, a number or a device
    before it counts as shared by many, and nothing is found by it; with an own number, such as an
    ``external_id``, five times as many."""
    claim_days: int = Field(default=90, ge=1, le=3_650)
    """How long a claim on another customer's identifier is kept."""
    default_region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 region of telephone numbers without a country code, for requests that name none.
    Unset, such a number is dropped as ``region_missing``."""


class GroupSettings(Part):
    """Limits of households and accounts."""

    max_members: int = Field(default=10_000, ge=1, le=1_000_000)
    """The most memberships that one group may have; another one is refused."""


class IdentitySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    rules: RuleSettings = Field(default_factory=RuleSettings)
    groups: GroupSettings = Field(default_factory=GroupSettings)
