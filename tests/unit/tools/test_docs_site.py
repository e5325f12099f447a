"""Every document is in the site's navigation, or in an index that is."""

import re

from tools.docs_site import ROOT, documents

NAVIGATION = set(re.findall(r": ([\w./-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
FAMILIES = ("docs/adr", "docs/how-to")
"""Folders whose ``README.md`` lists their pages."""
PAGES = {str(path) for path in documents() if path.suffix == ".md"}


def test_the_navigation_names_every_document():
    elsewhere = (*FAMILIES, "benchmarks/", ".github/")
    readable = {page for page in PAGES if not page.startswith(elsewhere)}
    assert readable - NAVIGATION == set()
    assert set() == NAVIGATION - PAGES


def test_the_index_of_a_family_lists_all_its_pages():
    for family in FAMILIES:
        index = (ROOT / family / "README.md").read_text()
        pages = {page.rpartition("/")[2] for page in PAGES if page.startswith(f"{family}/")}
        assert {page for page in pages - {"README.md"} if f"]({page})" not in index} == set()
