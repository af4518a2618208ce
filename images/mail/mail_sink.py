"""An SMTP sink for development. SMTP on 1025; on 8025 a page and the part of Mailpit's API that tests need:

    GET    /api/v1/messages            {"total", "messages": [{"ID", "From", "To", "Subject", "Created", "Size"}]}, newest first
    GET    /api/v1/message/<ID>        the same with "Text"
    DELETE /api/v1/messages            forget all
    GET    /livez, /readyz             200

The newest 500 are kept, in memory.
"""

import html
import json
import os
import signal
import sys
import threading
import uuid
from collections import deque
from datetime import datetime, timezone
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

KEEP = 500
_lock = threading.Lock()
_messages = deque(maxlen=KEEP)


def log(message, **fields):
    line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "level": "info", "message": message}
    print(json.dumps({**line, **fields}), flush=True)


def text_of(message):
    part = message.get_body(preferencelist=("plain", "html"))
    return part.get_content() if part is not None else ""


class Sink:
    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        entry = {
            "ID": uuid.uuid4().hex,
            "From": {"Address": envelope.mail_from},
            "To": [{"Address": address} for address in envelope.rcpt_tos],
            "Subject": str(message.get("Subject", "")),
            "Created": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "Size": len(envelope.content),
            "Text": text_of(message),
        }
        with _lock:
            _messages.appendleft(entry)
        log("mail received", to=envelope.rcpt_tos, subject=entry["Subject"], id=entry["ID"])
        return "250 Message accepted for nobody"


def without_text(entry):
    return {key: value for key, value in entry.items() if key != "Text"}


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mail</title><meta http-equiv="refresh" content="5">
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2430}}
td,th{{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #e3e8ef;vertical-align:top}}pre{{margin:0;white-space:pre-wrap}}</style>
</head><body><h1>Mail</h1><p>{count} received. Nothing leaves this machine.</p>
<table><tr><th>When</th><th>To</th><th>Subject</th><th>Text</th></tr>{rows}</table></body></html>"""


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, content_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path = self.path.split("?")[0]
        with _lock:
            messages = list(_messages)
        if path in ("/livez", "/readyz"):
            self.answer(200, b"ok", "text/plain")
        elif path == "/api/v1/messages":
            self.answer(200, {"total": len(messages), "messages": [without_text(m) for m in messages]})
        elif path.startswith("/api/v1/message/"):
            found = [m for m in messages if m["ID"] == path.rsplit("/", 1)[1]]
            self.answer(200 if found else 404, found[0] if found else {"Error": "no such message"})
        elif path == "/":
            self.answer(200, page(messages), "text/html; charset=utf-8")
        else:
            self.answer(404, {"Error": "no such page"})

    def do_DELETE(self):
        if self.path != "/api/v1/messages":
            self.answer(404, {"Error": "no such page"})
            return
        with _lock:
            _messages.clear()
        self.answer(200, {})


def page(messages):
    row = "<tr><td>{}</td><td>{}</td><td>{}</td><td><pre>{}</pre></td></tr>"
    rows = "".join(
        row.format(
            m["Created"][:19].replace("T", " "),
            html.escape(", ".join(to["Address"] for to in m["To"])),
            html.escape(m["Subject"]),
            html.escape(m["Text"]),
        )
        for m in messages
    )
    return PAGE.format(count=len(messages), rows=rows).encode()


def main():
    smtp = Controller(
        Sink(), hostname="0.0.0.0", port=int(os.environ.get("SMTP_PORT", "1025")), data_size_limit=16 * 1024 * 1024
    )
    web = ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("HTTP_PORT", "8025"))), Api)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=web.shutdown).start())
    smtp.start()
    log("started", smtp=smtp.port, http=web.server_address[1])
    web.serve_forever()
    smtp.stop()
    log("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
