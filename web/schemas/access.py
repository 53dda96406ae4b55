"""Who asks, and the keys with which programs and people ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.auth import Scope
from web.schemas.base import Answer, Body, Label


class MeOut(Answer):
    id: str
    name: str
    kind: str = Field(description='"key", "jwt", or "local" where no key is asked for.')
    scopes: list[str] = Field(description="admin implies all.")
    auth_required: bool = Field(description="Whether this server asks for keys at all.")
    version: str


class KeyCreate(Body):
    name: Label
    scopes: Annotated[list[Annotated[Scope, Field(strict=False)]], Field(min_length=1, max_length=len(Scope))]


class KeyOut(Answer):
    id: int
    name: str
    prefix: str = Field(description="The key's beginning; nothing more of it is known.")
    scopes: list[str]
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


class NewKeyOut(KeyOut):
    key: str | None = Field(description="Shown this once; null when the call is answered again (Idempotency-Key).")
