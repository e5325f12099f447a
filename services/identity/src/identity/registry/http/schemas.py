"""Types of identifiers as callers write and read them."""

from typing import Literal

from pydantic import Field

from common.web.requests import JsonTime, Name, RequestModel, ResponseModel

_NAME = Field(description="What people call the type, such as ``Membership card``.")
_COMPARISON = Field(
    description="How two values are compared: ``exact``, case tells them apart, or ``folded``, it"
    " does not. Fixed as soon as a customer has an identifier of the type."
)
_SCOPE = Field(
    description="What a scope means: ``required`` (values are unique within the system that issued"
    " them; a request's ``source`` is the default), ``optional``, or ``ignored`` (values are unique"
    " by themselves). Fixed as ``comparison`` is."
)
_CATEGORY = Field(
    description="What a value stands for: ``own_number`` (the person to whom it was issued),"
    " ``contact_point`` (where somebody is reached) or ``device`` (a browser or a device, which"
    " several people may use). Fixed as ``comparison`` is; a type that was used before it is"
    " registered counts as a ``contact_point``."
)


class TypeRequest(RequestModel, title="IdentifierTypeRequest"):
    """A type of identifiers of the tenant's own."""

    name: Name = _NAME
    comparison: Literal["exact", "folded"] = _COMPARISON
    scope: Literal["required", "optional", "ignored"] = _SCOPE
    category: Literal["own_number", "contact_point", "device"] = _CATEGORY


class TypeResponse(ResponseModel, title="IdentifierType"):
    """A registered type in its current version."""

    type: str = Field(description="The ``type`` of its identifiers.")
    version: int = Field(description="How often it was saved with a change, from 1.")
    name: str = _NAME
    comparison: Literal["exact", "folded"] = _COMPARISON
    scope: Literal["required", "optional", "ignored"] = _SCOPE
    category: Literal["own_number", "contact_point", "device"] = _CATEGORY
    registered_at: JsonTime = Field(description="When this version was saved.")


class TypeList(ResponseModel, title="IdentifierTypes"):
    """All types that the tenant has registered; there are at most 100."""

    items: list[TypeResponse] = Field(description="The current versions, sorted by ``type``.")
