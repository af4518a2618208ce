"""The first user, from LOGIN_USER and LOGIN_PASSWORD: made when missing, and its password kept equal to the credential."""

import logging
import threading
import time

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from .db import User, session_scope
from .security import hash_password, verify_password
from .settings import settings

log = logging.getLogger("app.seed")


def start():
    """A database that is away for a moment is no reason not to start: /api/health says so meanwhile. Anything else is."""
    try:
        login_user()
    except OperationalError:
        log.warning("the database does not answer; the login user is looked after when it does")
        threading.Thread(target=_later, name="seed", daemon=True).start()


def _later():
    while True:
        time.sleep(2)
        try:
            return login_user()
        except OperationalError:
            continue


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
