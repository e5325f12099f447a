"""The page of diagrams follows the code, and its check sees when it does not."""

from pathlib import Path

import pytest

from tools.diagrams import PAGE, ROOT, is_current, page


@pytest.fixture(scope="module")
def drawn() -> str:
    return page()


def test_the_page_is_current(drawn: str):
    assert is_current(ROOT, drawn), "run make diagrams"


def test_a_missing_or_changed_page_is_stale(drawn: str, tmp_path: Path):
    assert not is_current(tmp_path, drawn)
    (tmp_path / PAGE).parent.mkdir()
    (tmp_path / PAGE).write_text(drawn)
    assert is_current(tmp_path, drawn)
    (tmp_path / PAGE).write_text(drawn.replace("clocks --> sla_rules", "rules --> sla_clocks"))
    assert not is_current(tmp_path, drawn)


def test_arrows_follow_imports_topics_and_sql(drawn: str):
    assert "  interactions_context --> interactions_history\n" in drawn
    assert "interactions_context --> interactions_channels" not in drawn
    assert "  topic_interactions_conversations --> sla_consumer[sla consumer]\n" in drawn
    assert "| sla | `fact` | `clocks` |" in drawn


def test_every_group_of_boxes_is_closed(drawn: str):
    lines = drawn.splitlines()
    assert lines.count("  end") == sum(line.startswith("  subgraph ") for line in lines) > 0


def test_every_table_has_a_part(drawn: str):
    assert "|  |" not in drawn
