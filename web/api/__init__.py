"""The resources of the API, in the order in which the documents show them."""

from __future__ import annotations

from web.api import access, banks, cameras, dedup, documents, external, ocr, recordings, server, tasks

RESOURCES = (
    tasks.routes,
    dedup.routes,
    ocr.routes,
    banks.routes,
    cameras.routes,
    recordings.routes,
    external.routes,
    access.routes,
    server.routes,
    documents.routes,
)
