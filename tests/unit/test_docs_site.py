"""Every document is in the site's navigation, and the navigation names only what exists."""

import re

from tools.docs_site import ROOT, documents

NAVIGATION = set(re.findall(r": ([\w./-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))


def test_the_navigation_names_every_document():
    # Decision records are listed by their index; the plans are a result, not a document to read.
    listed_elsewhere = ("docs/adr/", "benchmarks/", ".github/")
    pages = {str(path) for path in documents() if path.suffix == ".md"}
    readable = {page for page in pages if not page.startswith(listed_elsewhere)}
    assert readable - NAVIGATION == set()
    assert NAVIGATION - pages == set()
