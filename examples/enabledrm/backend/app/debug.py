"""A look inside a worker or the scheduler: GET / gives the stacks of its threads. Only where DEBUG_PORT is set."""

import os
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Stacks(BaseHTTPRequestHandler):
    def do_GET(self):
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        parts = [f"process {os.getpid()}\n"]
        for ident, frame in sys._current_frames().items():
            parts.append(f"\nthread {names.get(ident, ident)}\n{''.join(traceback.format_stack(frame))}")
        body = "".join(parts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(port):
    if port:
        server = ThreadingHTTPServer(("0.0.0.0", int(port)), _Stacks)
        threading.Thread(target=server.serve_forever, name="debug", daemon=True).start()
