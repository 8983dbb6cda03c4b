"""A web server on the loopback interface that misbehaves on request, for the tests of downloads."""

import contextlib
import http.server
import socket
import threading


class FaultyServer(http.server.ThreadingHTTPServer):
    """Answers each path in `routes` with its behaviour, and every other path with 404.

    A behaviour is a function of the request handler: one of those below, with its body bound.
    `requests` lists the paths asked for, and `released` ends every deliberate silence.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes = {}
        self.requests = []
        self.released = threading.Event()

    @property
    def host(self):
        """The host and port, as in the messages of `cvae_utils.data`."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        self.server.routes.get(self.path, not_found)(self)

    def log_message(self, *args):
        """Keep the tests' output quiet."""


@contextlib.contextmanager
def running():
    """Run a `FaultyServer` in a thread."""
    with FaultyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def refused_host():
    """Return a host and port where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{unused.getsockname()[1]}"


def _send(handler, status, body, *, length=None, content_type="application/octet-stream"):
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def file(body):
    """Serve the bytes as they should be."""
    return lambda handler: _send(handler, 200, body)


def truncated(body):
    """Promise all the bytes, send half of them, and hang up."""
    return lambda handler: _send(handler, 200, body[: len(body) // 2], length=len(body))


def stalled(body):
    """Promise all the bytes, send half of them, and fall silent."""

    def behave(handler):
        _send(handler, 200, body[: len(body) // 2], length=len(body))
        handler.wfile.flush()
        handler.server.released.wait(30)

    return behave


def silent(handler):
    """Accept the request and never answer it."""
    handler.server.released.wait(30)


def web_page(handler):
    """Answer with a page, as the log-in portal of a guest network does."""
    page = b"\n<!DOCTYPE html><html><body>Please log in.</body></html>"
    _send(handler, 200, page, content_type="text/html")


def not_found(handler):
    """Answer 404, with a page."""
    _send(handler, 404, b"<html><body>No such file.</body></html>", content_type="text/html")
