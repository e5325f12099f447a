"""Rules as callers write and read them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from common.jsons import describe_pattern
from common.web.requests import JsonTime, RequestModel, ResponseModel, ShortText, without_nul
from identifiers import MAX_VALUE_LENGTH, TYPE_PATTERN
from identity.registry.domain.blocked import MAX_PATTERN_LENGTH

MAX_BLOCKED = 1_000
MAX_TYPES = 113
"""Those that are built in, and those that a tenant may register."""

TypeName = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            TYPE_PATTERN.replace("$", r"\z"),
            "must be 1 to 32 lower-case letters, digits or _, beginning with a letter, such as"
            " email",
        )
    ),
]
_Value = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_VALUE_LENGTH), AfterValidator(without_nul)
]
_Days = Annotated[int, Field(ge=1, le=3_650)]
LevelName = Literal["claimed", "channel_proved", "verified"]

_MAX_IDENTIFIERS = "The most identifiers that a customer may have."
_MAX_NEIGHBOURS = (
    "The most identifiers of one type that may be proved together with a contact point or a device"
    " before it counts as shared by many, and finds nobody; five times as many with an own number."
)
_CLAIM_DAYS = "How many days a claim on another customer's identifier is kept."
_TYPES = "What differs from what a type is by itself, by type, built in or registered."
_BLOCKED = "Values that are nobody's, beside the placeholders that are blocked for every tenant."
_NOTE = "Why this version was made, for those who read it later."


class TypeSettingsBody(RequestModel, title="IdentifierTypeRules"):
    """The rules of one type of identifiers. Null leaves a rule as the type is by itself."""

    exclusive: bool | None = Field(
        default=None,
        description="Whether two proved values, in one scope, are two people. By itself, an own"
        " number is exclusive, and a contact point is not; a device never is.",
    )
    replaceable: bool | None = Field(
        default=None,
        description="Whether a second value of an exclusive type joins with a verified identifier,"
        " as a new card does when the old one was lost. By itself, a ``loyalty_id`` is.",
    )
    max_values: int | None = Field(
        default=None,
        ge=1,
        le=500,
        description="The most values of the type that a customer may have; null for no limit.",
    )
    values_window_days: _Days | None = Field(
        default=None,
        description="``max_values`` counts the values that were first seen within any so many"
        " days; null to count all.",
    )
    max_neighbours: int | None = Field(
        default=None,
        ge=1,
        le=500,
        description="``max_neighbours`` for values of this type; null for that of all types.",
    )
    neighbours_window_days: _Days | None = Field(
        default=None,
        description="``max_neighbours`` of this type counts those of any so many days; null to"
        " count all.",
    )
    priority: int | None = Field(
        default=None,
        ge=0,
        le=1_000,
        description="Where a customer would have too many identifiers, those of the lowest"
        " priority go first. Null for 100.",
    )
    default_level: LevelName | None = Field(
        default=None,
        description="The level of a value whose request names none; null for ``claimed``.",
    )


class BlockedValueBody(RequestModel, title="BlockedValue"):
    """A value that is nobody's."""

    type: TypeName | None = Field(
        default=None, description="The type that it is blocked for; null for every type."
    )
    match: Literal["exact", "any_case", "pattern"] = Field(
        description="``exact``; ``any_case`` (case makes no difference); or ``pattern``, a regular"
        " expression, in RE2's syntax, that the whole value matches in any case. Values are"
        " compared as they were sent and as they are stored."
    )
    value: _Value = Field(
        description=f"The value or the pattern; a pattern has at most {MAX_PATTERN_LENGTH}"
        " characters."
    )


class RulesRequest(RequestModel, title="RulesRequest"):
    """A version of the tenant's rules, as a whole."""

    max_identifiers: int | None = Field(
        default=None,
        ge=1,
        le=500,
        description=f"{_MAX_IDENTIFIERS} At most, and if absent, what the service allows.",
    )
    max_neighbours: int | None = Field(
        default=None,
        ge=2,
        le=100,
        description=f"{_MAX_NEIGHBOURS} Absent means the service's setting.",
    )
    claim_days: _Days | None = Field(
        default=None, description=f"{_CLAIM_DAYS} Absent means the service's setting."
    )
    types: dict[TypeName, TypeSettingsBody] = Field(
        default={}, max_length=MAX_TYPES, description=_TYPES
    )
    blocked: list[BlockedValueBody] = Field(
        default=[], max_length=MAX_BLOCKED, description=_BLOCKED
    )
    note: ShortText | None = Field(default=None, description=f"{_NOTE} Absent means none.")


class RulesResponse(ResponseModel, title="Rules"):
    """A version of the tenant's rules."""

    version: int = Field(
        description="The number of the version, from 1; 0 are the service's settings, by which a"
        " tenant's customers are decided until it applies rules of its own."
    )
    in_force: bool = Field(description="Whether requests are decided by this version.")
    in_force_since: JsonTime | None = Field(
        description="Since when they are; null for another version, and for settings that always"
        " were."
    )
    max_identifiers: int = Field(description=_MAX_IDENTIFIERS)
    max_neighbours: int = Field(description=_MAX_NEIGHBOURS)
    claim_days: int = Field(description=_CLAIM_DAYS)
    types: dict[str, TypeSettingsBody] = Field(description=_TYPES)
    blocked: list[BlockedValueBody] = Field(description=_BLOCKED)
    note: str | None = Field(description=_NOTE)
    created_at: JsonTime | None = Field(description="When it was saved; null for version 0.")
    created_by: str | None = Field(description="Who saved it; null for version 0.")


class RulesList(ResponseModel, title="RulesVersions"):
    """A page of versions."""

    items: list[RulesResponse] = Field(description="The versions, the latest first.")
    next: str | None = Field(description="The cursor of the next page; null on the last one.")
