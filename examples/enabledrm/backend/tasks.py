"""The background jobs. Each is found by its row in the table jobs, and may be run again after a crash."""

import csv
import functools
import hashlib
import io
import logging
import smtplib
import time
from email.message import EmailMessage
from email.utils import make_msgid

from celery_app import app
from app import files, mail, store
from app.db import Item, Job, Upload, now, session_scope

log = logging.getLogger("tasks")


class Unusable(Exception):
    """The input cannot be worked on; trying again would not help."""


def job(kind, **options):
    """A Celery task whose start, progress and end are kept in its row.

    The work gives its result, and the rows that it adds: they are written in the transaction that says "done", so that a
    second run after a crash does not add them twice.
    """

    def wrap(work):
        @app.task(bind=True, name=f"tasks.{kind}", max_retries=5, **options)
        @functools.wraps(work)
        def run(task, job_id):
            with session_scope() as db:
                row = db.get(Job, job_id)
                if row is None:
                    log.warning("no such job", extra={"job": job_id})
                    return
                if row.state == "done":  # handed out twice
                    return
                row.state, row.worker, row.started_at = "running", task.request.hostname, now()
                params, owner = dict(row.params), row.owner_id
            log.info("job started", extra={"job": job_id, "kind": kind})
            try:
                result, rows = work(params, owner, lambda percent: _progress(job_id, percent))
            except Unusable as err:
                _finish(job_id, "failed", {"error": str(err)})
            except (OSError, smtplib.SMTPException) as err:
                if task.request.retries >= task.max_retries:
                    _finish(job_id, "failed", {"error": f"gave up after {task.max_retries} tries: {err}"})
                    return
                raise task.retry(exc=err, countdown=min(60, 2 ** task.request.retries))
            except Exception as err:
                _finish(job_id, "failed", {"error": type(err).__name__})
                raise
            else:
                _finish(job_id, "done", result, rows)

        return run

    return wrap


def _progress(job_id, percent):
    with session_scope() as db:
        db.query(Job).filter_by(id=job_id).update({"progress": percent})


def _finish(job_id, state, result, rows=()):
    with session_scope() as db:
        db.add_all(rows)
        row = db.get(Job, job_id)
        row.state, row.result, row.finished_at = state, result, now()
        if state == "done":
            row.progress = 100
    store.forget("stats")
    log.info("job ended", extra={"job": job_id, "state": state})


def _upload(upload_id):
    with session_scope() as db:
        upload = db.get(Upload, upload_id)
    path = files.path_of(upload_id)
    if upload is None or not path.is_file():
        raise Unusable("the upload is gone")
    return upload, path


@job("email")
def email(params, owner, progress):
    message = EmailMessage()
    message["To"] = params["to"]
    message["Subject"] = params["subject"]
    message["Message-ID"] = make_msgid(domain="enabledrm.example.com")
    message.set_content(params["body"] or "(empty)")
    return {"to": params["to"], "server": mail.send(message), "message_id": message["Message-ID"]}, []


@job("process_file")
def process_file(params, owner, progress):
    upload, path = _upload(params["upload_id"])
    digest, lines, words, done = hashlib.sha256(), 0, 0, 0
    with open(path, "rb") as source:
        for line in source:
            digest.update(line)
            lines += 1
            words += len(line.split())
            before, done = done, done + len(line)
            if upload.size and done * 10 // upload.size != before * 10 // upload.size:
                progress(min(99, done * 100 // upload.size))
    return {"name": upload.name, "sha256": digest.hexdigest(), "bytes": done, "lines": lines, "words": words}, []


@job("import")
def import_(params, owner, progress):
    """Items from a CSV file with the columns name, note and priority. All of them or none."""
    upload, path = _upload(params["upload_id"])
    items = []
    with open(path, newline="", encoding="utf-8-sig", errors="strict") as source:
        try:
            reader = csv.DictReader(source)
            if not reader.fieldnames or "name" not in reader.fieldnames:
                raise Unusable("the first line must name the columns, 'name' among them")
            for row in reader:
                name = (row.get("name") or "").strip()
                if not name or len(name) > 200:
                    raise Unusable(f"line {reader.line_num}: 'name' must have 1 to 200 characters")
                try:
                    priority = int(row.get("priority") or 0)
                except ValueError:
                    raise Unusable(f"line {reader.line_num}: 'priority' must be a whole number") from None
                items.append(Item(name=name, note=row.get("note") or "", priority=priority, owner_id=owner))
        except UnicodeDecodeError:
            raise Unusable("the file is not UTF-8 text") from None
        except csv.Error as err:
            raise Unusable(f"not a CSV file: {err}") from None
    return {"name": upload.name, "imported": len(items)}, items


@job("export")
def export(params, owner, progress):
    """Every item as a CSV file among the uploads."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["id", "name", "note", "priority", "created_at"])
    with session_scope() as db:
        rows = db.query(Item).order_by(Item.id).all()
    for item in rows:
        writer.writerow([item.id, item.name, item.note, item.priority, item.created_at.isoformat()])
    data = text.getvalue().encode()
    upload_id, size = files.save(io.BytesIO(data), len(data))
    name = f"items-{now():%Y%m%d-%H%M%S}.csv"
    upload = Upload(id=upload_id, name=name, size=size, content_type="text/csv", generated=True, owner_id=owner)
    return {"upload_id": upload_id, "name": name, "items": len(rows)}, [upload]


@job("long")
def long(params, owner, progress):
    """Takes its time and says how far it is."""
    seconds = int(params["seconds"])
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress(min(99, int(100 * (seconds - left) / seconds)))
        time.sleep(min(1.0, left))
    return {"seconds": seconds}, []
