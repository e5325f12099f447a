"""``python -m tools.check_api``: every check of the API's description, with the time it took.

Both journeys run against one embedded stack. A check that fails does not stop the others.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from devstack.servers.scratch import scratch_directory
from devstack.testing.stack import stack_process
from tools.check_api.linters import lint_with_redocly, lint_with_spectral
from tools.check_api.programs import CheckError
from tools.check_api.python_client import (
    check_python_client,
    generate_python_client,
    play_python_journey,
)
from tools.check_api.typescript_client import (
    check_typescript_client,
    generate_typescript_types,
    play_typescript_journey,
)
from tools.contracts.breaking.__main__ import refused
from tools.contracts.breaking.releases import last_release

Check = tuple[str, Callable[[], str]]


def refuse_breaking_changes() -> str:
    """Return that nothing breaks users of the last release; raise ``CheckError`` otherwise."""
    if changes := refused():
        raise CheckError("\n".join(changes))
    return f"nothing breaks users of {last_release().name}"


def checks(stack: ExitStack) -> Iterator[Check]:
    """Yield every check; the stack of the journeys starts once it is needed."""
    yield "breaking changes", refuse_breaking_changes
    yield "spectral", lint_with_spectral
    yield "redocly", lint_with_redocly
    yield "python: generate", generate_python_client
    yield "python: types", check_python_client
    yield "typescript: generate", generate_typescript_types
    yield "typescript: types", check_typescript_client
    directory = stack.enter_context(scratch_directory())
    endpoints = stack.enter_context(stack_process(directory)).endpoints
    address = endpoints.base_url, endpoints.api_key
    yield "python: journey", lambda: play_python_journey(*address)
    yield "typescript: journey", lambda: play_typescript_journey(*address)


def passes(name: str, check: Callable[[], str]) -> bool:
    """Run a check, print how it went, and return whether it passed."""
    began = time.monotonic()
    try:
        result, mark = check(), "passed"
    except CheckError as error:
        result, mark = str(error), "FAILED"
    print(f"{mark}  {name} ({time.monotonic() - began:.1f} s)")
    print("".join(f"        {line}\n" for line in result.splitlines()), end="", flush=True)
    return mark == "passed"


def main() -> int:
    with ExitStack() as stack:
        results = [passes(name, check) for name, check in checks(stack)]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
