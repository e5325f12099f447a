"""Turns an identifier as written into the key under which its customer is found.

The only place that knows which spellings mean the same. It is pure, and idempotent: the value of a
key normalises to itself. ``NORMALISER_VERSION`` is stored with each key; a change of the rules
raises it, and a job re-keys what older rules wrote.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from identifiers.keys import IdentifierKey, Outcome, Unusable, UnusableReason, Usable
from identifiers.placeholders import is_placeholder, is_placeholder_cookie
from identifiers.text import clean, fold
from identifiers.types import email, messengers, opaque, telephone

NORMALISER_VERSION = 2
MAX_VALUE_LENGTH = 512
MAX_KEY_BYTES = 1_024
"""The longest scope and value of a key, in UTF-8: both fit into an index entry of Postgres."""
TYPE_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"


class ScopeRule(StrEnum):
    """What a scope means to a type."""

    NONE = "none"
    """Values are unique by themselves; a scope is not part of the key."""
    OPTIONAL = "optional"
    SOURCE = "source"
    """Values are unique within the system that issued them; one must be named."""
    ACCOUNT = "account"
    """Values are unique within a page, workspace or business account; one must be named."""

    @property
    def is_required(self) -> bool:
        return self in {ScopeRule.SOURCE, ScopeRule.ACCOUNT}


class Form(StrEnum):
    """How the values of a type are written."""

    EMAIL = "email"
    TELEPHONE = "telephone"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    SLACK = "slack"
    EXACT = "exact"
    """Kept as they are."""
    FOLDED = "folded"
    """Compared without case."""


@dataclass(frozen=True, slots=True)
class IdentifierType:
    """A type of identifiers: how its values are written, and whether they need a scope.

    ``is_device`` marks types that name a browser or a device, which several people may share.
    """

    form: Form = Form.EXACT
    scope: ScopeRule = ScopeRule.OPTIONAL
    max_length: int = MAX_VALUE_LENGTH
    is_device: bool = False


BUILT_IN_TYPES: Mapping[str, IdentifierType] = MappingProxyType(
    {
        "email": IdentifierType(Form.EMAIL, ScopeRule.NONE, email.MAX_LENGTH),
        "phone": IdentifierType(Form.TELEPHONE, ScopeRule.NONE, telephone.MAX_LENGTH),
        "whatsapp": IdentifierType(
            Form.WHATSAPP, ScopeRule.ACCOUNT, max_length=messengers.WHATSAPP_MAX_LENGTH
        ),
        "messenger": IdentifierType(scope=ScopeRule.ACCOUNT),
        "instagram": IdentifierType(scope=ScopeRule.ACCOUNT),
        "slack": IdentifierType(Form.SLACK, ScopeRule.ACCOUNT),
        "telegram": IdentifierType(Form.TELEGRAM, ScopeRule.NONE),
        "viber": IdentifierType(),
        "external_id": IdentifierType(scope=ScopeRule.SOURCE),
        "account_id": IdentifierType(),
        "loyalty_id": IdentifierType(),
        "device": IdentifierType(is_device=True),
        "cookie": IdentifierType(is_device=True),
    }
)

OTHER_TYPE = IdentifierType()
"""Any other name that a tenant uses for a type, and has registered no rules for.

No reading tells more values apart, so what has one key here has one key by any rules of a tenant.
"""

ALIASES: Mapping[str, str] = {
    "whatsapp_user_id": "whatsapp",
    "sms": "phone",
    "mobile": "phone",
    "landline": "phone",
    "telephone": "phone",
}
"""Other names for types that are built in."""


def is_built_in(kind: str) -> bool:
    """Return whether the library knows how values of this type are read."""
    return kind in BUILT_IN_TYPES or kind in ALIASES


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant, a channel or a call adds: types of its own, a region, scopes.

    ``region`` (ISO 3166) is the country of telephone numbers that name none. ``source`` and
    ``account`` are the scopes of values that need one and name none: two shops may both have a
    1001.
    """

    types: Mapping[str, IdentifierType] = field(default_factory=lambda: BUILT_IN_TYPES)
    region: str | None = None
    source: str | None = None
    account: str | None = None


DEFAULT_RULES = Rules()

_NO_SCOPE = frozenset({"null", "none", "nil", "undefined", "nan"})
"""What a program writes that has no scope."""


def normalise(
    kind: str, value: str, scope: str | None = None, rules: Rules = DEFAULT_RULES
) -> Outcome:
    """Return the key of an identifier, or the reason why it has none."""
    kind = ALIASES.get(kind, kind)
    known = rules.types.get(kind, OTHER_TYPE)
    if len(value) > known.max_length or len(scope or "") > MAX_VALUE_LENGTH:
        return Unusable(UnusableReason.TOO_LONG)
    text = clean(value)
    if len(text) > known.max_length:  # The compatibility form can be longer.
        return Unusable(UnusableReason.TOO_LONG)
    if not text or is_placeholder(text) or (known.is_device and is_placeholder_cookie(text)):
        return Unusable(UnusableReason.BLOCKED)
    return _bounded(_read(kind, known, text, _scope(known, scope, rules), rules.region))


def _scope(known: IdentifierType, scope: str | None, rules: Rules) -> str:
    if known.scope is ScopeRule.NONE:
        return ""
    named = clean(scope or "")
    if named and named.casefold() not in _NO_SCOPE:
        return named
    defaults = {ScopeRule.SOURCE: rules.source, ScopeRule.ACCOUNT: rules.account}
    return clean(defaults.get(known.scope) or "")


def _read(kind: str, known: IdentifierType, text: str, scope: str, region: str | None) -> Outcome:
    reader = _READERS.get(known.form)
    if reader is not None:
        return reader(text, scope, region)
    if known.scope.is_required and not scope:
        return Unusable(UnusableReason.SCOPE_MISSING, fold(text))
    value = opaque.read_opaque(fold(text) if known.form is Form.FOLDED else text)
    return Usable(IdentifierKey(kind, scope, value))


_READERS: Mapping[Form, Callable[[str, str, str | None], Outcome]] = {
    Form.EMAIL: lambda text, _scope, _region: email.read_email(text),
    Form.TELEPHONE: lambda text, _scope, region: telephone.read_telephone(text, region),
    Form.WHATSAPP: messengers.read_whatsapp,
    Form.TELEGRAM: lambda text, _scope, _region: messengers.read_telegram(text),
    Form.SLACK: lambda text, scope, _region: messengers.read_slack(text, scope),
}
"""How the value, in its scope and region, of a form with rules of its own is read."""


def _bounded(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Usable):
        size = len(outcome.key.value.encode()) + len(outcome.key.scope.encode())
        return outcome if size <= MAX_KEY_BYTES else Unusable(UnusableReason.TOO_LONG)
    if outcome.sender is not None and len(outcome.sender) > MAX_VALUE_LENGTH:
        return replace(outcome, sender=outcome.sender[:MAX_VALUE_LENGTH])
    return outcome
