"""Types that ``openapi-typescript`` generates, and a client that uses them (``openapi-fetch``)."""

import json
import shutil
from pathlib import Path

from tools.check_api.operations import compare_operations, operations
from tools.check_api.programs import BIN, DOCUMENT, EXAMPLES, NODE, installed, run

TYPES = NODE / "threadline.d.ts"
_LIST_OPERATIONS = Path(__file__).with_name("list_operations.mjs")


def generate_typescript_types(document: Path = DOCUMENT) -> str:
    """Generate the types, which name every operation. Raises ``CheckError`` if one is missing."""
    run(installed("openapi-typescript"), document, "-o", TYPES, cwd=NODE)
    typed = json.loads(run(BIN / "node", _LIST_OPERATIONS, TYPES, cwd=NODE))
    return compare_operations(operations(document), typed)


def check_typescript_client() -> str:
    """Compile the journey under ``strict``."""
    for name in ("journey.ts", "tsconfig.json"):
        shutil.copyfile(EXAMPLES / name, NODE / name)
    run(installed("tsc"), "--project", "tsconfig.json", cwd=NODE)
    return "the journey compiles under strict"


def play_typescript_journey(base_url: str, key: str) -> str:
    """Play the journey with Node, which strips the types; return what it showed."""
    environment = {"THREADLINE_BASE_URL": base_url, "THREADLINE_API_KEY": key}
    return run(BIN / "node", "journey.ts", cwd=NODE, env=environment).strip()
