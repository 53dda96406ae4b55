"""The secret key that a data directory makes for itself."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from services.errors import ConfigurationError


def key_of(data_dir: Path) -> str:
    """The directory's key: made at the first asking, for its owner's eyes only.

    Raises:
        ConfigurationError: the key file can neither be read nor written.
    """
    path = data_dir / "secret.key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = data_dir / f"secret.key.{os.getpid()}.{secrets.token_hex(4)}"
        if not path.exists():
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123 (a mode)
                file.write(secrets.token_urlsafe(48))
            _publish_once(draft, path)
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"TASKBEAM_DATA_DIR={str(data_dir)!r}: the secret key cannot be kept there ({error.strerror}). "
            "Make it writable, or set TASKBEAM_SECRET_KEY."
        ) from error


def _publish_once(draft: Path, path: Path) -> None:
    """Give `draft` its final name unless another process was first; a reader never sees half a key."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
