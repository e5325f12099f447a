"""What a request brings: bodies, fields, parameters, addresses."""

from common.web.requests.addresses import client_address, prefix_of, public_url
from common.web.requests.bodies import (
    Batch,
    BatchBody,
    JsonBody,
    RawBody,
    RawBodyReader,
    RequestModel,
    ResponseModel,
    batch_body,
    json_body,
    raw_body,
)
from common.web.requests.fields import (
    JsonObject,
    Name,
    ShortText,
    Slug,
    Text,
    Timestamp,
    without_nul,
)
from common.web.requests.queries import (
    ANY_QUERY,
    PageLimit,
    Sequence64,
    is_list,
    page_limit,
    refuse_credentials,
    refuse_unknown_parameters,
)

__all__ = [
    "ANY_QUERY",
    "Batch",
    "BatchBody",
    "JsonBody",
    "JsonObject",
    "Name",
    "PageLimit",
    "RawBody",
    "RawBodyReader",
    "RequestModel",
    "ResponseModel",
    "Sequence64",
    "ShortText",
    "Slug",
    "Text",
    "Timestamp",
    "batch_body",
    "client_address",
    "is_list",
    "json_body",
    "page_limit",
    "prefix_of",
    "public_url",
    "raw_body",
    "refuse_credentials",
    "refuse_unknown_parameters",
    "without_nul",
]
