"""Background jobs: submitted here, done by the Celery workers, followed through their row in the database."""

import uuid
from enum import Enum
from typing import Optional

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, conint, constr

from celery_app import app as celery

from .. import store
from ..db import Job, Upload, get_session
from ..security import current_user

router = APIRouter(tags=["tasks"])


class Kind(str, Enum):
    email = "email"
    process_file = "process-file"
    import_ = "import"
    export = "export"
    long = "long"


class NewTask(BaseModel):
    kind: Kind
    to: Optional[constr(max_length=200, regex=r"^[^@\s]+@[^@\s]+$")] = None
    subject: constr(max_length=200, regex=r"^[^\r\n]*$") = "A message from ENABLEDRM"
    body: constr(max_length=10_000) = ""
    upload_id: Optional[str] = None
    seconds: conint(ge=1, le=600) = 10


def _params(body, db):
    if body.kind is Kind.email:
        if not body.to:
            raise HTTPException(422, "an e-mail needs an address in 'to'")
        return {"to": body.to, "subject": body.subject, "body": body.body}
    if body.kind in (Kind.process_file, Kind.import_):
        if not body.upload_id or db.get(Upload, body.upload_id) is None:
            raise HTTPException(422, "'upload_id' must name an upload")
        return {"upload_id": body.upload_id}
    if body.kind is Kind.long:
        return {"seconds": body.seconds}
    return {}


def view(job):
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress,
        "params": job.params,
        "result": job.result,
        "worker": job.worker,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


@router.get("/tasks")
def list_tasks(limit: int = 20, user=Depends(current_user), db=Depends(get_session)):
    rows = db.query(Job).order_by(Job.created_at.desc()).limit(min(limit, 200)).all()
    return [view(job) for job in rows]


@router.post("/tasks", status_code=202)
def submit(body: NewTask, user=Depends(current_user), db=Depends(get_session)):
    job = Job(id=str(uuid.uuid4()), kind=body.kind.value, params=_params(body, db), owner_id=user.id)
    db.add(job)
    db.commit()  # before it is queued: the worker looks it up
    celery.send_task(f"tasks.{body.kind.name.rstrip('_')}", args=[job.id], task_id=job.id)
    store.forget("stats")
    return view(job)


@router.get("/tasks/{task_id}")
def read_task(task_id: str, user=Depends(current_user), db=Depends(get_session)):
    job = db.get(Job, task_id)
    if job is None:
        raise HTTPException(404, "no such task")
    return view(job)
