"""The settings of identity: environment names begin with ``IDENTITY_``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import Part, ServiceSettings


class RuleSettings(Part):
    max_identifiers: int = Field(default=200, ge=1, le=500)
    max_attributes: int = Field(default=100, ge=1, le=200)
    """No customer holds more of either; a merge that would is refused."""
    default_region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 region in which telephone numbers without a country code are read; a request's own
    comes first. Without either, such a number cannot be parsed."""


class IdentitySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    rules: RuleSettings = Field(default_factory=RuleSettings)
