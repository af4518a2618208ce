"""The folder that the API and the workers share."""

import os
import uuid
from pathlib import Path

from .settings import settings


class TooLarge(Exception):
    pass


def path_of(upload_id):
    if not upload_id.isalnum():
        raise ValueError("an upload's ID is letters and digits")
    return Path(settings.upload_dir) / upload_id


def save(stream, limit):
    """Write a stream to a new file, whole or not at all. Returns its ID and size; raises TooLarge past limit bytes."""
    upload_id = uuid.uuid4().hex
    final = path_of(upload_id)
    part = final.with_suffix(".part")
    size = 0
    try:
        with open(part, "wb") as out:
            while chunk := stream.read(1 << 16):
                size += len(chunk)
                if size > limit:
                    raise TooLarge()
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(part, 0o660)
        os.replace(part, final)
    finally:
        part.unlink(missing_ok=True)
    return upload_id, size


def remove(upload_id):
    path_of(upload_id).unlink(missing_ok=True)
