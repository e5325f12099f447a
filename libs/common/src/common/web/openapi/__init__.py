"""The OpenAPI document: what FastAPI writes, completed with what our own dependencies promise."""

from common.web.openapi.document import API_TITLE, document
from common.web.openapi.examples import Example, examples
from common.web.openapi.operations import calls
from common.web.openapi.schemas import rename_components, renamed
from common.web.openapi.tags import tag

__all__ = [
    "API_TITLE",
    "Example",
    "calls",
    "document",
    "examples",
    "rename_components",
    "renamed",
    "tag",
]
