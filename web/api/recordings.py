"""Recordings: begin, end, list, download."""

from __future__ import annotations

from flask import Response, send_file

from services.auth import Scope
from services.cameras.recordings import MEDIA_TYPE, RecordingObject
from services.pagination import Page
from web.routing import Context, Routes
from web.schemas.base import Many, One
from web.schemas.recordings import NewRecording, RecordingOut, RecordingsQuery

routes = Routes("recordings")

_ONE = "/api/recordings/<id:recording_id>"


@routes.post(
    "/api/cameras/<id:camera_id>/recordings",
    summary="Record a camera into a file",
    scope=Scope.CAMERA_CONTROL,
    body=NewRecording,
    body_required=False,
    status=201,
    answer=One[RecordingOut],
    errors=frozenset({409}),
    location="/api/recordings/{id}",
)
def begin_recording(context: Context, camera_id: int, body: NewRecording) -> RecordingObject:
    """Until it is ended, its seconds are over, or the file has TASKBEAM_CAMERA_RECORDING_MB."""
    return context.services.recordings.begin(camera_id, by=context.principal, **body.model_dump())


@routes.get(
    "/api/recordings",
    summary="List recordings, newest first",
    scope=Scope.CAMERA_VIEW,
    query=RecordingsQuery,
    answer=Many[RecordingOut],
)
def list_recordings(context: Context, query: RecordingsQuery) -> Page[RecordingObject]:
    return context.services.recordings.list(query.camera_id, limit=query.limit, cursor=query.cursor)


@routes.get(_ONE, summary="One recording", scope=Scope.CAMERA_VIEW, answer=One[RecordingOut])
def get_recording(context: Context, recording_id: int) -> RecordingObject:
    return context.services.recordings.get(recording_id)


@routes.post(
    f"{_ONE}/stop", summary="End a recording", scope=Scope.CAMERA_CONTROL, status=202, answer=One[RecordingOut]
)
def end_recording(context: Context, recording_id: int) -> RecordingObject:
    """Its last figures come within a second."""
    return context.services.recordings.end(recording_id)


@routes.get(
    f"{_ONE}/file",
    summary="Download a recording",
    scope=Scope.CAMERA_VIEW,
    media=(MEDIA_TYPE,),
    errors=frozenset({409}),
)
def get_recording_file(context: Context, recording_id: int) -> Response:
    """Matroska; parts of it by `Range`."""
    path = context.services.recordings.file(recording_id)
    return send_file(path, MEDIA_TYPE, as_attachment=True, download_name=path.name, conditional=True)


@routes.delete(_ONE, summary="Delete a recording and its file", scope=Scope.CAMERA_CONTROL, status=204)
def delete_recording(context: Context, recording_id: int) -> None:
    context.services.recordings.delete(recording_id)
