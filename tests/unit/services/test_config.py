import logging
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.config import Settings, describe, load_settings
from services.errors import ConfigurationError

ROOT = Path(__file__).parents[3]


def test_without_any_variable_it_listens_on_loopback_with_sqlite_in_the_data_directory():
    settings = load_settings({})

    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.data_dir == Path("var").resolve()
    assert settings.sqlalchemy_url == f"sqlite:///{Path('var').resolve()}/taskbeam.db"
    assert settings.is_loopback
    assert not settings.auth_required
    assert settings.workers >= 1


def test_settings_built_in_code_read_nothing_from_the_environment(monkeypatch):
    monkeypatch.setenv("TASKBEAM_PORT", "1234")

    assert Settings().port == 5000


def test_the_environment_wins_over_the_env_file(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("TASKBEAM_PORT=7001\nTASKBEAM_WORKERS=3\nOTHER=1\n")

    settings = load_settings({"TASKBEAM_PORT": "7002"}, env_file)

    origins = {line.name: line.origin for line in describe(settings)}
    assert (settings.port, settings.workers) == (7002, 3)
    assert origins["TASKBEAM_PORT"] == "environment"
    assert origins["TASKBEAM_WORKERS"] == ".env"
    assert origins["TASKBEAM_HOST"] == "default"


def test_the_working_directory_s_env_file_is_read_by_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TASKBEAM_PORT", raising=False)
    (tmp_path / ".env").write_text("TASKBEAM_PORT=7003\n")

    assert load_settings().port == 7003


def test_a_dollar_sign_in_the_env_file_means_itself(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("TASKBEAM_REDIS_URL=redis://:pa${HOME}ss@localhost/0\n")

    assert load_settings({}, env_file).redis_url == "redis://:pa${HOME}ss@localhost/0"


def test_an_empty_variable_counts_as_unset():
    assert load_settings({"TASKBEAM_PORT": "", "TASKBEAM_AUTH": ""}).port == 5000


BAD_VALUES = [
    ("PORT", "abc"),
    ("PORT", "70000"),
    ("HOST", "a b"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "sqlite://"),
    ("REDIS_URL", "http://localhost"),
    ("RUNNER", "celery"),
    ("WORKERS", "0"),
    ("MAX_RUNNING_TASKS", "0"),
    ("TASK_TIMEOUT", "-1"),
    ("UNIT_TIMEOUT", "nan"),
    ("AUTH", "yes"),
    ("SECRET_KEY", "short"),
    ("CORS_ORIGINS", "https://a.example/path"),
    ("CORS_ORIGINS", "null"),
    ("TLS_CERT", "/does/not/exist.pem"),
    ("MAX_UPLOAD_MB", "0"),
    ("RATE_LIMIT", "many"),
    ("MAX_CONNECTIONS", "none"),
    ("LOG_FORMAT", "xml"),
    ("LOG_LEVEL", "loud"),
]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_value_is_one_line_naming_the_variable(name, value):
    with pytest.raises(ConfigurationError) as caught:
        load_settings({f"TASKBEAM_{name}": value})

    assert caught.value.message.startswith("TASKBEAM_")
    assert f"TASKBEAM_{name}" in caught.value.message or name == "TLS_CERT"
    assert "\n" not in caught.value.message


def test_the_line_of_a_bad_value_says_what_was_given_from_where_and_what_to_give():
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"TASKBEAM_PORT": "abc"})

    assert "'abc' (from environment)" in caught.value.message
    assert caught.value.message.endswith("Give a whole number from 0 to 65535.")


def test_a_certificate_without_its_key_is_refused(tmp_path):
    certificate = tmp_path / "cert.pem"
    certificate.touch()

    with pytest.raises(ConfigurationError, match="TASKBEAM_TLS_KEY is not set"):
        Settings(tls_cert=certificate)


def test_secrets_are_masked_in_the_listing_and_in_errors():
    settings = load_settings(
        {
            "TASKBEAM_DATABASE_URL": "postgresql://user:hunter2@host/name",
            "TASKBEAM_SECRET_KEY": "k" * 40,
        }
    )

    shown = {line.name: line.value for line in describe(settings)}
    assert shown["TASKBEAM_DATABASE_URL"] == "postgresql+psycopg://user:***@host/name"
    assert shown["TASKBEAM_SECRET_KEY"] == "***"
    assert "k" * 40 not in repr(settings)
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"TASKBEAM_REDIS_URL": "http://user:hunter2@host"})
    assert "hunter2" not in caught.value.message


def test_a_password_in_the_query_of_a_url_is_masked_too():
    settings = load_settings(
        {"TASKBEAM_DATABASE_URL": "postgresql://host/name?user=u&password=hunter2&sslmode=require"}
    )
    shown = {line.name: line.value for line in describe(settings)}
    assert shown["TASKBEAM_DATABASE_URL"] == "postgresql+psycopg://host/name?password=***&sslmode=require&user=u"


def test_every_setting_has_a_help_line():
    assert all(line.help for line in describe(Settings()))


def test_the_readme_lists_every_setting_and_no_other():
    table = (ROOT / "README.md").read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]

    assert set(re.findall(r"TASKBEAM_[A-Z_]+", table)) == {line.name for line in describe(Settings())}


def test_an_unknown_variable_is_warned_of_with_the_likely_one(caplog):
    with caplog.at_level(logging.WARNING):
        load_settings({"TASKBEAM_PROT": "1", "TASKBEAM_URL": "http://x", "TASKBEAM_TEST_ANY": "1", "PORT": "1"})

    assert caplog.messages == ["TASKBEAM_PROT is not a setting of this version. Did you mean TASKBEAM_PORT?"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("postgres://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgresql://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgresql+psycopg://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("sqlite:////tmp/x.db", f"sqlite:///{Path('/tmp/x.db').resolve()}"),
    ],
)
def test_database_urls_name_their_driver(given, wanted):
    assert Settings(database_url=given).sqlalchemy_url == wanted


def test_a_relative_sqlite_file_is_the_same_file_for_every_process():
    assert Settings(database_url="sqlite:///x.db").sqlalchemy_url == f"sqlite:///{Path('x.db').resolve()}"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.example.org", False),
    ],
)
def test_authentication_is_required_beyond_loopback(host, loopback):
    settings = Settings(host=host)

    assert settings.is_loopback is loopback
    assert settings.auth_required is not loopback
    assert not Settings(host=host, auth="off").auth_required
    assert Settings(host=host, auth="required").auth_required


def test_origins_are_a_comma_list_without_trailing_slashes():
    settings = load_settings({"TASKBEAM_CORS_ORIGINS": "https://A.example/ , http://b.example:8080,*"})

    assert settings.cors_origins == ("https://a.example", "http://b.example:8080", "*")


def test_the_secret_key_is_generated_once_for_its_owner_alone(tmp_path):
    settings = Settings(data_dir=tmp_path / "new")

    key = settings.signing_key()

    assert len(key) >= 43
    assert key == Settings(data_dir=tmp_path / "new").signing_key()
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret.key"]
    if os.name == "posix":
        assert stat.S_IMODE((settings.data_dir / "secret.key").stat().st_mode) == 0o600


def test_a_given_secret_key_is_used_and_nothing_is_written(tmp_path):
    assert Settings(data_dir=tmp_path / "new", secret_key="s" * 32).signing_key() == "s" * 32
    assert not (tmp_path / "new").exists()


def test_processes_that_start_together_agree_on_the_secret_key(tmp_path):
    script = f"from services.config import Settings; print(Settings(data_dir={str(tmp_path)!r}).signing_key())"
    racers = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)
    ]

    keys = {racer.communicate(timeout=60)[0] for racer in racers}

    assert len(keys) == 1
    assert keys != {""}


def test_a_data_directory_that_cannot_be_written_is_said_clearly(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="TASKBEAM_DATA_DIR"):
        Settings(data_dir=tmp_path / "file" / "below").signing_key()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("ftp://x/y", "only http, https, rtsp and rtsps"),
        ("a=0,a=1", "two cameras have the same name"),
        ("test:9x9", "test pattern"),
        ("x" * 201 + "=0", "name"),
    ],
)
def test_a_camera_that_cannot_be_one_stops_the_start(given, reason):
    with pytest.raises(ConfigurationError, match=f"TASKBEAM_CAMERAS.*{reason}.*Write it like"):
        load_settings({"TASKBEAM_CAMERAS": given})


def test_the_password_of_a_camera_is_not_shown():
    settings = load_settings({"TASKBEAM_CAMERAS": "door=rtsp://user:word@camera/1,test"})
    [shown] = [line.value for line in describe(settings) if line.name == "TASKBEAM_CAMERAS"]
    assert shown.startswith("door=rtsp://user:***@")
    assert "word" not in shown
