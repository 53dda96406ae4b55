"""Who asks, and API keys over REST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.auth import KeyInfo, Scope
from services.pagination import Page
from services.version import VERSION
from web.routing import ANY_SCOPE, Context, Routes
from web.schemas.access import KeyCreate, KeyOut, MeOut, NewKeyOut
from web.schemas.base import Many, One, PageQuery

routes = Routes("access")


@routes.get("/api/me", summary="Who asks", scope=ANY_SCOPE, answer=One[MeOut])
def me(context: Context) -> Mapping[str, Any]:
    """What the token that is sent stands for, and what it may do."""
    principal = context.principal
    return {
        "id": principal.id,
        "name": principal.name,
        "kind": principal.kind,
        "scopes": sorted(principal.scopes),
        "auth_required": context.services.settings.auth_required,
        "version": VERSION,
    }


@routes.get("/api/keys", summary="List API keys", scope=Scope.ADMIN, query=PageQuery, answer=Many[KeyOut])
def list_keys(context: Context, query: PageQuery) -> Page[KeyInfo]:
    """Revoked ones, too. Of a key itself only its beginning is known."""
    return context.services.auth.keys.page(limit=query.limit, cursor=query.cursor)


@routes.post(
    "/api/keys",
    summary="Make an API key",
    scope=Scope.ADMIN,
    status=201,
    body=KeyCreate,
    answer=One[NewKeyOut],
    shown_once="key",
)
def create_key(context: Context, body: KeyCreate) -> Mapping[str, Any]:
    """The key is in this answer and never again."""
    info, key = context.services.auth.keys.create(body.name, body.scopes)
    return {**asdict(info), "key": key}


@routes.delete("/api/keys/<id:key_id>", summary="Revoke an API key", scope=Scope.ADMIN, answer=One[KeyOut])
def revoke_key(context: Context, key_id: int) -> KeyInfo:
    """Worthless from the next request on, and its live connections end within seconds. It stays in the list."""
    return context.services.auth.keys.revoke(key_id)
