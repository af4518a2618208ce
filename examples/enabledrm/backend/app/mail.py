"""Sending mail. The server's address may stand in a file that is replaced when the server moves; it is read each time."""

import smtplib

from .settings import settings


class NoServer(OSError):
    pass


def address():
    if settings.smtp_address_file:
        try:
            with open(settings.smtp_address_file, encoding="ascii") as source:
                text = source.read().strip()
        except FileNotFoundError:
            text = ""
        if text:
            host, _, port = text.rpartition(":")
            return host, int(port)
    if settings.smtp_host:
        return settings.smtp_host, settings.smtp_port
    raise NoServer("no mail server is known at the moment")


def send(message):
    """Hand the message to the server; returns its address. Raises OSError or SMTPException when it cannot be had."""
    host, port = address()
    if "From" not in message:
        message["From"] = settings.mail_from
    with smtplib.SMTP(host, port, timeout=10) as server:
        server.send_message(message)
    return f"{host}:{port}"
