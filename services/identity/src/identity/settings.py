"""Settings of identity, from environment variables that begin with ``IDENTITY_``."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings

Priority = Annotated[int, Field(ge=-1_000, le=1_000)]


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

    source_priorities: dict[str, dict[str, Priority]] = Field(default_factory=dict)
    """Per tenant (``*``: every other) the priority of each ``source``, 0 for others: the value of
    the most important source counts, however old it is. A change applies to what is told later."""


class GroupSettings(Part):
    """Limits of households and accounts."""

    max_members: int = Field(default=10_000, ge=1, le=1_000_000)
    """The most memberships that one group may have; another one is refused."""


class PrivacySettings(Part):
    """The secrets of erasure."""

    deny_secret: SecretStr = Field(
        description="A secret of at least 32 characters that keys the hashes by which identifiers"
        " of erased and suppressed people are recognised.",
        examples=['"$(openssl rand -hex 32)"'],
    )
    """Keep it as long as the database: without it, an erased person comes back with the next
    backfill."""
    earlier_deny_secrets: tuple[SecretStr, ...] = ()
    """Secrets that were in use before: what was denied under them stays denied."""
    receipt_key: SecretStr = Field(
        description="The private Ed25519 JWK that signs the receipts of erasures."
    )
    earlier_receipt_keys: str = '{"keys": []}'
    """The JWKS of public keys that signed receipts before."""
    services: tuple[str, ...] = ("interactions", "sla")
    """The services besides identity that must report an erasure before its receipt is signed."""

    @field_validator("deny_secret")
    @classmethod
    def _long_secret(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 32:  # noqa: PLR2004 - the description's number
            raise ValueError("deny_secret must have at least 32 characters")
        return secret


class IdentitySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    rules: RuleSettings = Field(default_factory=RuleSettings)
    groups: GroupSettings = Field(default_factory=GroupSettings)
    privacy: PrivacySettings
