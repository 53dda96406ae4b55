"""Socket.IO: tasks live in namespace `/`, cameras in `/camera`."""

from __future__ import annotations

from services.auth import Scope
from services.bootstrap import Services
from services.errors import UnauthorizedError
from web.errors import socket_answer
from web.places import Places
from web.sockets.camera import CameraNamespace
from web.sockets.camera_viewers import CameraViewers
from web.sockets.connections import Connection, Connections
from web.sockets.control import Handler, control_handlers
from web.sockets.external import Reporters
from web.sockets.lobby import Lobby
from web.sockets.relay import Relay
from web.sockets.replay import Joins
from web.sockets.revocation import end_revoked
from web.sockets.rooms import CAMERA_NAMESPACE, NAMESPACE, Rooms
from web.sockets.tasks import TaskNamespace
from web.transport.engine import FlaskSocketIO
from web.transport.push import Push


def register(socketio: FlaskSocketIO, push: Push, services: Services, places: Places) -> None:
    """Serves the namespaces, and sends what the event bus and the cameras say to whom it concerns.

    Args:
        socketio: from `create_socketio`.
        push: over the same server.
        services: not yet started, or clients might miss the first events.
        places: live connections, shared with the other kinds of socket.
    """
    _register_tasks(socketio, push, services, places)
    _register_cameras(socketio, push, services, places)


def _register_tasks(socketio: FlaskSocketIO, push: Push, services: Services, places: Places) -> None:
    rooms = Rooms(socketio.server)
    connections = Connections(services, places)
    lobby = Lobby(push, rooms)
    joins = Joins(services, push, rooms, lobby)
    handlers: dict[str, Handler] = {
        "join_task": joins.join,
        "leave_task": joins.leave,
        **control_handlers(services),
        **Reporters(services, push).handlers(),
    }
    socketio.on_namespace(TaskNamespace(services, push, rooms, connections, lobby, handlers))
    services.bus.subscribe(Relay(push, lobby))

    def tell(connection: Connection, refusal: UnauthorizedError) -> None:
        push.emit("error", socket_answer(refusal), sids=[connection.sid])

    if services.settings.auth_required:
        socketio.start_background_task(end_revoked, socketio.server, NAMESPACE, connections, tell)


def _register_cameras(socketio: FlaskSocketIO, push: Push, services: Services, places: Places) -> None:
    rooms = Rooms(socketio.server, CAMERA_NAMESPACE)
    connections = Connections(services, places, Scope.CAMERA_VIEW)
    viewers = CameraViewers(services.cameras, push, rooms)
    namespace = CameraNamespace(services.cameras, push, rooms, connections, viewers)
    socketio.on_namespace(namespace)
    socketio.server.on_ack[CAMERA_NAMESPACE] = viewers.on_ack
    services.cameras.on_status(viewers.on_status)
    socketio.start_background_task(viewers.tell_figures)
    if services.settings.auth_required:
        socketio.start_background_task(end_revoked, socketio.server, CAMERA_NAMESPACE, connections, namespace.tell)
