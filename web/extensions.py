"""What is attached to the Flask application beside REST: Socket.IO and raw WebSockets on our own transport."""

from __future__ import annotations

import eventlet
from flask import Flask

from services.bootstrap import Services
from web import sockets, websockets
from web.examination import EXAMINER, Examiner
from web.places import PLACES, Places
from web.streams import STREAMS, Streams
from web.transport.engine import FlaskSocketIO
from web.transport.push import Push
from web.transport.rawsocket import close_websockets
from web.transport.socketio import create_socketio

OCR_SOCKET = "taskbeam.ocr_socket"


def attach_sockets(app: Flask, services: Services) -> FlaskSocketIO:
    """Serves `/socket.io/` in front of `app`, where tasks are watched, and `/ws/ocr`."""
    socketio = create_socketio(app, cors_origins=services.settings.cors_origins)
    push = Push(socketio)
    places = Places(services.settings)
    sockets.register(socketio, push, services, places)
    app.extensions[OCR_SOCKET] = websockets.register_ocr(app, services, places)
    websockets.register_cameras(app, services, places)
    app.extensions[PLACES] = places
    app.extensions[EXAMINER] = Examiner(services.settings)
    app.extensions[STREAMS] = Streams(services, places)
    services.metrics.watch("taskbeam_push", "Socket.IO", push.stats)
    return socketio


def say_goodbye(app: Flask) -> None:
    """Tells the clients of all sockets that the server is going away, and waits a little for it to be sent."""
    farewells = [
        app.extensions["socketio"].close_clients,
        app.extensions[OCR_SOCKET].stop,
        app.extensions[STREAMS].stop,
    ]
    for goodbye in [eventlet.spawn(farewell) for farewell in farewells]:
        goodbye.wait()
    close_websockets(app)
