"""Login, logout, and who is logged in."""

import logging

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from .. import security, store
from ..db import User, get_session
from ..settings import settings

log = logging.getLogger("app.auth")
router = APIRouter(tags=["login"])


class Login(BaseModel):
    username: str
    password: str


@router.post("/login")
def login(body: Login, db=Depends(get_session)):
    user = db.query(User).filter_by(username=body.username).one_or_none()
    hashed = user.password_hash if user else security.NOBODY
    if not security.verify_password(body.password, hashed) or user is None:
        log.info("login refused", extra={"username": body.username[:120]})
        raise HTTPException(401, "unknown user or wrong password")
    log.info("login", extra={"username": user.username})
    return {
        "access_token": security.issue_token(user),
        "token_type": "bearer",
        "expires_in": settings.session_seconds,
    }


@router.post("/logout", status_code=204)
def logout(session=Depends(security.current_session)):
    store.drop_session(session["session_id"])


@router.get("/me")
def me(session=Depends(security.current_session), user=Depends(security.current_user)):
    return {"username": user.username, "admin": user.admin, "session_expires_at": session["expires_at"]}
