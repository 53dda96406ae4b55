"""The version, said once; pyproject.toml and the documents repeat it."""

VERSION = "0.1.0"
