"""What the scheduler starts. Every run leaves a row in scheduled_runs."""

import functools
import logging
import smtplib
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import func, text

from celery_app import app
from app import files, mail, store
from app.db import Item, Job, ScheduledRun, Upload, now, session_scope
from app.settings import settings

log = logging.getLogger("scheduled")

KEEP_RUNS = timedelta(days=7)


def recorded(name):
    def wrap(work):
        @app.task(name=f"scheduled.{name}", expires=300)  # a late run is not worth a second one
        @functools.wraps(work)
        def run():
            started = now()
            try:
                outcome, detail = "ok", work()
            except Exception as err:
                outcome, detail = "failed", {"error": type(err).__name__}
                log.exception("scheduled job failed", extra={"job": name})
            with session_scope() as db:
                db.add(ScheduledRun(name=name, outcome=outcome, detail=detail, started_at=started, finished_at=now()))
            log.info("scheduled job ended", extra={"job": name, "outcome": outcome, "detail": detail})

        return run

    return wrap


@recorded("cleanup")
def cleanup():
    """Old exports, and the old rows of this table."""
    with session_scope() as db:
        before = now() - timedelta(hours=settings.export_keep_hours)
        old = db.query(Upload).filter(Upload.generated.is_(True), Upload.created_at < before).all()
        for upload in old:
            files.remove(upload.id)
            db.delete(upload)
        runs = db.query(ScheduledRun).filter(ScheduledRun.started_at < now() - KEEP_RUNS).delete()
    return {"exports_removed": len(old), "runs_removed": runs}


@recorded("health_check")
def health_check():
    with session_scope() as db:
        db.execute(text("SELECT 1"))
    store.client.ping()
    return {"queue_length": store.queue_length()}


@recorded("report")
def report():
    with session_scope() as db:
        facts = {
            "items": db.query(func.count(Item.id)).scalar(),
            "uploads": db.query(func.count(Upload.id)).scalar(),
            "jobs": dict(db.query(Job.state, func.count()).group_by(Job.state).all()),
        }
    message = EmailMessage()
    message["To"] = settings.report_to
    message["Subject"] = "ENABLEDRM report"
    jobs = ", ".join(f"{count} {state}" for state, count in sorted(facts["jobs"].items())) or "none"
    message.set_content(f"Items: {facts['items']}\nUploads: {facts['uploads']}\nJobs: {jobs}\n")
    try:
        mail.send(message)
        return {**facts, "mailed": True}
    except (OSError, smtplib.SMTPException) as err:
        return {**facts, "mailed": False, "why": str(err)}
