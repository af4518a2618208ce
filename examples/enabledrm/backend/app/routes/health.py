"""Health, and what an operator may want to know of a running instance."""

import logging

from fastapi import APIRouter, Depends, Response
from sqlalchemy import text

from .. import __version__, store
from ..db import MigrationAudit, ScheduledRun, engine, get_session
from ..security import current_user
from ..settings import settings

log = logging.getLogger("app.health")
router = APIRouter(tags=["operations"])


def _try(check):
    try:
        check()
        return "ok"
    except Exception as err:  # whatever it is, the answer is "not healthy"
        log.warning("a dependency does not answer", extra={"check": check.__name__, "error": type(err).__name__})
        return "unavailable"


def database():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def redis():
    store.client.ping()


@router.get("/health", summary="Is this instance able to serve?")
def health(response: Response):
    checks = {"database": _try(database), "redis": _try(redis)}
    healthy = all(value == "ok" for value in checks.values())
    if not healthy:
        response.status_code = 503
    response.headers["Cache-Control"] = "no-store"
    return {
        "status": "ok" if healthy else "unavailable",
        **checks,
        "environment": settings.environment,
        "version": __version__,
        "instance": settings.instance,
    }


@router.get("/migrations", summary="Every application of a schema revision")
def migrations(user=Depends(current_user), db=Depends(get_session)):
    rows = db.query(MigrationAudit).order_by(MigrationAudit.id).all()
    return [
        {"revision": r.revision, "direction": r.direction, "instance": r.instance, "applied_at": r.applied_at}
        for r in rows
    ]


@router.get("/schedule", summary="The newest runs of the scheduled jobs")
def schedule(limit: int = 20, user=Depends(current_user), db=Depends(get_session)):
    rows = db.query(ScheduledRun).order_by(ScheduledRun.id.desc()).limit(min(limit, 200)).all()
    return [
        {
            "name": r.name,
            "outcome": r.outcome,
            "detail": r.detail,
            "started_at": r.started_at,
            "finished_at": r.finished_at,
        }
        for r in rows
    ]
