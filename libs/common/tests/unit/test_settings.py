"""Settings come from the environment, and a misspelt one is an error."""

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from common.cli.setting_errors import explain
from common.settings import AuthSettings, ServiceSettings, TrustedIssuer


class NotesSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="NOTES_")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "NOTES_POSTGRES__DSN": "postgresql://someone:hunter2@localhost/notes",
        "NOTES_KAFKA__BOOTSTRAP": "localhost:9092",
        "NOTES_AUTH__PEPPER": "p" * 32,
        "NOTES_HTTP__CURSOR_SECRET": "c" * 32,
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_nested_names_are_joined_by_two_underscores(environment: pytest.MonkeyPatch):
    environment.setenv("NOTES_RELAY__SHARDS", "3")
    assert NotesSettings().relay.shards == 3


def test_one_role_migrates_and_runs_unless_an_owner_is_named(environment: pytest.MonkeyPatch):
    postgres = NotesSettings().postgres
    assert (postgres.migration_dsn, postgres.runtime_role) == (
        postgres.dsn.get_secret_value(),
        None,
    )
    owner = "postgresql://owner:secret@localhost/notes"
    environment.setenv("NOTES_POSTGRES__OWNER_DSN", owner)
    environment.setenv("NOTES_POSTGRES__DSN", "postgresql://some%40one:hunter2@localhost/notes")
    postgres = NotesSettings().postgres
    assert (postgres.migration_dsn, postgres.runtime_role) == (owner, "some@one")
    environment.setenv("NOTES_POSTGRES__DSN", owner)
    assert NotesSettings().postgres.runtime_role is None
    environment.setenv("NOTES_POSTGRES__DSN", "postgresql://localhost/notes")
    with pytest.raises(ValidationError, match="must name its user"):
        NotesSettings()


@pytest.mark.parametrize("name", ["NOTES_RELAI__SHARDS", "NOTES_RELAY__SHARD", "NOTES_TYPO"])
def test_a_name_with_our_prefix_that_fits_nothing_is_an_error(
    environment: pytest.MonkeyPatch, name: str
):
    environment.setenv(name, "3")
    with pytest.raises(ValidationError):
        NotesSettings()


def test_a_secret_has_no_default_and_is_not_printed(environment: pytest.MonkeyPatch):
    assert "hunter2" not in repr(NotesSettings())
    environment.delenv("NOTES_AUTH__PEPPER")
    with pytest.raises(ValidationError):
        NotesSettings()


def explained() -> str:
    with pytest.raises(ValidationError) as refused:
        NotesSettings()
    return explain(refused.value, NotesSettings)


def test_missing_settings_are_named_by_their_variables_and_explained(
    monkeypatch: pytest.MonkeyPatch,
):
    text = explained()
    for name in ("POSTGRES__DSN", "KAFKA__BOOTSTRAP", "AUTH__PEPPER", "HTTP__CURSOR_SECRET"):
        assert f"NOTES_{name} is missing: " in text
        assert f"export NOTES_{name}=" in text
    assert "pydantic" not in text


def test_invalid_settings_are_named_without_their_values(environment: pytest.MonkeyPatch):
    environment.setenv("NOTES_AUTH__PEPPER", "hunter2")
    environment.setenv("NOTES_RELAY__SHARD", "3")
    environment.setenv("NOTES_HTTP__PORT", "eighty")
    text = explained()
    assert "NOTES_AUTH: pepper must have at least 32 characters" in text
    assert "NOTES_RELAY__SHARD is no setting; did you mean NOTES_RELAY__SHARDS?" in text
    assert "NOTES_HTTP__PORT must be an integer" in text
    assert not {"hunter2", "eighty", "pydantic"} & set(text.replace(".", " ").split())


def test_a_short_pepper_is_refused_without_quoting_it():
    with pytest.raises(ValidationError) as refused:
        AuthSettings.model_validate({"pepper": "hunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("keys", [{}, {"jwks": "{}", "jwks_url": "https://keys.test"}])
def test_an_issuer_has_one_source_of_keys(keys: dict[str, str]):
    with pytest.raises(ValidationError):
        TrustedIssuer.model_validate({"issuer": "i", "audience": "a", "scopes": [], **keys})
