"""``contracts/threadline.openapi.json`` is the API of all services together."""

import json

from tools.export_contracts import ROOT, SERVICES, WHOLE_API


def operations(name: str) -> set[str]:
    document = json.loads((ROOT / "contracts" / f"{name}.openapi.json").read_text())
    return {f"{method} {path}" for path, methods in document["paths"].items() for method in methods}


def test_the_whole_api_has_the_operations_of_every_service():
    assert (ROOT / WHOLE_API).name == "threadline.openapi.json"
    assert operations("threadline") == set().union(*map(operations, SERVICES))
