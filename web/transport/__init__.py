"""What eventlet and engineio need to be fast and safe: the server, the push path, the raw WebSockets.

`server` accepts connections, `socketio` builds the Socket.IO server on our own engine.io session (`client`),
`push` fans an event out, `rawsocket` serves plain WebSockets.
"""
