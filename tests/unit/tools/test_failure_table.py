"""The table of failures cites tests that exist, wherever they stand, and its page is current."""

from pathlib import Path

import pytest

from tools.failure_table import PAGE, ROOT, SOURCE, CitationError, page

DATA = """
[[group]]
title = "The API"
[[group.failure]]
number = 1
what = "It dies."
outcome = "Nothing was written."
recovery = ""
tests = ["{citation}"]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for file in ("services/x/tests/unit/test_a.py", "services/x/tests/unit/test_b.py"):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("async def test_in_both():\n    pass\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_c.py").write_text("class TestC:\n    def test_alone(self): ...\n")
    (tmp_path / "docs").mkdir()
    return tmp_path


def written(tree: Path, citation: str) -> str:
    (tree / SOURCE).write_text(DATA.format(citation=citation))
    return page(tree)


def test_the_page_follows_the_data():
    assert (ROOT / PAGE).read_text() == page(ROOT), "run `make failures`"


def test_a_test_is_found_wherever_it_stands(tree):
    assert "- `tests/test_c.py::test_alone`" in written(tree, "test_alone")


def test_the_end_of_a_path_tells_tests_of_one_name_apart(tree):
    assert "`services/x/tests/unit/test_b.py::test_in_both`" in written(
        tree, "test_b.py::test_in_both"
    )


@pytest.mark.parametrize("citation", ["test_gone", "test_in_both", "test_c.py::test_in_both"])
def test_a_citation_that_fits_no_test_or_several_is_refused(tree, citation):
    with pytest.raises(CitationError, match=citation):
        written(tree, citation)
