"""The first user, from LOGIN_USER and LOGIN_PASSWORD: made when missing, and its password kept equal to the credential."""

import logging

from sqlalchemy.dialects.postgresql import insert

from .db import User, session_scope
from .security import hash_password, verify_password
from .settings import settings

log = logging.getLogger("app.seed")


def login_user():
    if not settings.login_password:
        return
    with session_scope() as db:
        user = db.query(User).filter_by(username=settings.login_user).one_or_none()
        if user is None:
            row = {
                "username": settings.login_user,
                "password_hash": hash_password(settings.login_password),
                "admin": True,
            }
            # Two instances may start together.
            db.execute(insert(User).values(**row).on_conflict_do_nothing(index_elements=["username"]))
            log.info("made the login user", extra={"username": settings.login_user})
        elif not verify_password(settings.login_password, user.password_hash):
            user.password_hash = hash_password(settings.login_password)
            log.info("took over the login user's new password", extra={"username": settings.login_user})
