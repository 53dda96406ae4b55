"""Cameras: make, change, watch, and read what they see."""

from __future__ import annotations

from flask import Response, current_app, request

from services.auth import Scope
from services.cameras.service import CameraObject
from services.cameras.to_ocr import read_snapshot
from services.pagination import Page
from services.tasks.view import TaskObject
from web.routing import Context, Routes
from web.schemas.base import Many, One, PageQuery
from web.schemas.cameras import (
    CameraChange,
    CameraOut,
    CameraStatusOut,
    NewCamera,
    SnapshotQuery,
    SnapshotToRead,
    StreamQuery,
)
from web.schemas.tasks import TaskOut
from web.streams import MEDIA_TYPE, STREAMS, Streams

routes = Routes("cameras")

PATIENCE = 8.0  # seconds for a picture; many clients wait 10 for an answer, and should hear why there is none
_ONE = "/api/cameras/<id:camera_id>"


@routes.get("/api/cameras", summary="List cameras", scope=Scope.CAMERA_VIEW, query=PageQuery, answer=Many[CameraOut])
def list_cameras(context: Context, query: PageQuery) -> Page[CameraObject]:
    return context.services.cameras.list(limit=query.limit, cursor=query.cursor)


@routes.post(
    "/api/cameras",
    summary="Make a camera",
    scope=Scope.CAMERA_CONTROL,
    body=NewCamera,
    status=201,
    answer=One[CameraOut],
    location="/api/cameras/{id}",
)
def create_camera(context: Context, body: NewCamera) -> CameraObject:
    """It is opened when somebody watches it; a source that does not answer is told of then."""
    return context.services.cameras.create(**body.model_dump())


@routes.get(_ONE, summary="One camera", scope=Scope.CAMERA_VIEW, answer=One[CameraOut])
def get_camera(context: Context, camera_id: int) -> CameraObject:
    return context.services.cameras.get(camera_id)


@routes.patch(_ONE, summary="Change a camera", scope=Scope.CAMERA_CONTROL, body=CameraChange, answer=One[CameraOut])
def update_camera(context: Context, camera_id: int, body: CameraChange) -> CameraObject:
    """Who watches it sees the change at once; a viewer keeps what it asked for itself."""
    return context.services.cameras.update(camera_id, **body.model_dump(exclude_unset=True))


@routes.delete(_ONE, summary="Delete a camera", scope=Scope.CAMERA_CONTROL, status=204)
def delete_camera(context: Context, camera_id: int) -> None:
    """Its streams end. One of TASKBEAM_CAMERAS stays until it is taken out there."""
    context.services.cameras.delete(camera_id)


@routes.get(
    f"{_ONE}/status", summary="How a camera is, with figures", scope=Scope.CAMERA_VIEW, answer=One[CameraStatusOut]
)
def get_camera_status(context: Context, camera_id: int) -> CameraObject:
    return context.services.cameras.status(camera_id)


@routes.get(
    f"{_ONE}/snapshot.jpg",
    summary="The newest picture",
    scope=Scope.CAMERA_VIEW,
    query=SnapshotQuery,
    media=("image/jpeg",),
)
def get_snapshot(context: Context, camera_id: int, query: SnapshotQuery) -> Response:
    """Opens the camera if nobody watches it. `X-Timestamp` (Unix seconds) and `X-Seq` say when it was taken."""
    frame = context.services.cameras.snapshot(camera_id, quality=query.quality, width=query.width, timeout=PATIENCE)
    headers = {"Cache-Control": "no-store", "X-Timestamp": f"{frame.timestamp:.6f}", "X-Seq": str(frame.seq)}
    return Response(frame.data, content_type="image/jpeg", headers=headers)


@routes.get(
    f"{_ONE}/stream.mjpg",
    summary="Its pictures as they come (MJPEG)",
    scope=Scope.CAMERA_VIEW,
    query=StreamQuery,
    media=(MEDIA_TYPE,),
)
def stream_camera(context: Context, camera_id: int, query: StreamQuery) -> Response:
    """Each part is a JPEG with `X-Timestamp` (Unix seconds) and `X-Seq`, the newest when the part before was taken.

    It counts as a live connection, and goes on until the client leaves.
    """
    streams: Streams = current_app.extensions[STREAMS]
    return streams.answer(
        context.principal, request.environ, lambda: context.services.cameras.watch(camera_id, query.wish())
    )


@routes.post(
    f"{_ONE}/ocr",
    summary="Recognise what the camera sees now",
    scope=Scope.OCR,
    body=SnapshotToRead,
    body_required=False,
    status=201,
    answer=One[TaskOut],
    location="/api/ocr/tasks/{id}",
)
def read_camera(context: Context, camera_id: int, body: SnapshotToRead) -> TaskObject:
    """Answers the OCR task of one page: the newest picture in full resolution. Needs `camera:view`, too."""
    context.principal.require(Scope.CAMERA_VIEW)
    services = context.services
    return read_snapshot(
        services.cameras,
        services.ocr,
        services.settings.data_dir,
        camera_id,
        body.requirements,
        task_name=body.task_name,
        auto_start=body.auto_start,
        by=context.principal,
    )
