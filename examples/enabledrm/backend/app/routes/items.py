"""Items: the application's state, and a summary of it that is cached in Redis."""

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, constr
from sqlalchemy import func

from .. import store
from ..db import Item, Job, Upload, get_session
from ..security import current_user
from ..settings import settings

router = APIRouter(tags=["items"])


class NewItem(BaseModel):
    name: constr(strip_whitespace=True, min_length=1, max_length=200)
    note: constr(max_length=10_000) = ""
    priority: int = 0


def _view(item):
    return {
        "id": item.id,
        "name": item.name,
        "note": item.note,
        "priority": item.priority,
        "created_at": item.created_at,
    }


@router.get("/items")
def list_items(limit: int = 100, user=Depends(current_user), db=Depends(get_session)):
    rows = db.query(Item).order_by(Item.priority.desc(), Item.id.desc()).limit(min(limit, 500)).all()
    return [_view(item) for item in rows]


@router.post("/items", status_code=201)
def create_item(body: NewItem, user=Depends(current_user), db=Depends(get_session)):
    item = Item(owner_id=user.id, **body.dict())
    db.add(item)
    db.commit()
    store.forget("stats")
    return _view(item)


@router.get("/items/{item_id}")
def read_item(item_id: int, user=Depends(current_user), db=Depends(get_session)):
    item = db.get(Item, item_id)
    if item is None:
        raise HTTPException(404, "no such item")
    return _view(item)


@router.delete("/items/{item_id}", status_code=204)
def delete_item(item_id: int, user=Depends(current_user), db=Depends(get_session)):
    item = db.get(Item, item_id)
    if item is None:
        raise HTTPException(404, "no such item")
    db.delete(item)
    db.commit()
    store.forget("stats")


@router.get("/stats", summary="Counts, answered from Redis while they are fresh (header X-Cache)")
@store.cached("stats")
def stats(*, request: Request, response: Response, user=Depends(current_user), db=Depends(get_session)):
    jobs = dict(db.query(Job.state, func.count()).group_by(Job.state).all())
    return {
        "items": db.query(func.count(Item.id)).scalar(),
        "uploads": db.query(func.count(Upload.id)).scalar(),
        "jobs": jobs,
        "queue_length": store.queue_length(),
        "cached_for_seconds": settings.cache_seconds,
    }
