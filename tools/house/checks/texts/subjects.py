"""A commit's subject: ``area: Imperative about the code``, at most 72 characters, no full stop.

``python -m tools.house.checks.texts.subjects FILE`` checks the message in FILE, as a commit-msg
hook; the house check looks at the last commits since this file is where it is.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import ROOT, Finding, Tree

AREAS = "bench|build|common|deploy|devstack|docs|identifiers|identity|interactions|sla|tests|tools"
LONGEST = 72
LAST = 30
_SUBJECT = re.compile(rf"({AREAS}): (?P<verb>[A-Z][a-z]+)\b.*[^.]")
_NO_VERBS = frozenset(["Let", "Say", "Tell", "Mean", "Leave"])


def problem_of(subject: str) -> str | None:
    """Return what is wrong with a subject, or None."""
    if len(subject) > LONGEST:
        return f"has {len(subject)} characters, more than {LONGEST}"
    match = _SUBJECT.fullmatch(subject)
    if match is None:
        return f"is not 'area: Imperative about the code' without a full stop; areas: {AREAS}"
    verb = match["verb"]
    if verb in _NO_VERBS or (verb.endswith("ing") and verb != "Bring"):
        return f"begins with {verb}; name what changes in the code, in the imperative"
    return None


def check(tree: Tree) -> Iterator[Finding]:
    for line in _log(tree.root):
        number, _, subject = line.partition(" ")
        if problem := problem_of(subject):
            yield Finding(f"commit {number}", f"{problem}: {subject}")


def _log(root: Path) -> list[str]:
    """Return the last commits since this file is where it is; none without git or a history."""
    own = Path(__file__).relative_to(ROOT).as_posix()
    try:
        began = _git(root, "log", "--diff-filter=A", "--format=%H", "-1", "--", own)
        if not began:
            return []
        return _git(root, "log", "--no-merges", f"-{LAST}", "--format=%h %s", f"{began[0]}..HEAD")
    except (OSError, subprocess.CalledProcessError):
        return []


def _git(root: Path, *arguments: str) -> list[str]:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def main() -> int:
    subject = Path(sys.argv[1]).read_text().splitlines()[0]
    problem = problem_of(subject)
    if problem and not subject.startswith(("fixup! ", "squash! ", "Merge ")):
        print(f"The subject {problem}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
