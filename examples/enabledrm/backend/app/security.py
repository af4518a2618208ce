"""Passwords, login tokens, and signed links. A token is good only while its session stands in Redis."""

import hashlib
import hmac
import time
import uuid

import bcrypt
import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from . import store
from .db import User, get_session
from .settings import settings

_bearer = HTTPBearer(auto_error=False)
_ALGORITHM = "HS256"


def hash_password(password):
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds=11)).decode()


def verify_password(password, hashed):
    return bcrypt.checkpw(password.encode()[:72], hashed.encode())


# Checked when the user does not exist, so that an unknown name takes as long as a wrong password.
NOBODY = hash_password(uuid.uuid4().hex)


def issue_token(user):
    session_id = uuid.uuid4().hex
    issued = int(time.time())
    store.put_session(session_id, user.id)
    claims = {"sub": user.username, "sid": session_id, "iat": issued, "exp": issued + settings.session_seconds}
    return jwt.encode(claims, settings.jwt_secret_key, algorithm=_ALGORITHM)


def _unauthorised(why):
    return HTTPException(401, why, headers={"WWW-Authenticate": "Bearer"})


def current_session(credentials: HTTPAuthorizationCredentials = Depends(_bearer)):
    if credentials is None:
        raise _unauthorised("log in first")
    try:
        claims = jwt.decode(credentials.credentials, settings.jwt_secret_key, algorithms=[_ALGORITHM])
    except jwt.PyJWTError:
        raise _unauthorised("this token is not valid or has expired") from None
    user_id = store.session_user(claims.get("sid", ""))
    if user_id is None:
        raise _unauthorised("this session has ended")
    return {"session_id": claims["sid"], "user_id": user_id, "expires_at": claims["exp"]}


def current_user(login=Depends(current_session), db=Depends(get_session)):
    user = db.get(User, login["user_id"])
    if user is None:
        raise _unauthorised("this user no longer exists")
    return user


def sign(path, seconds=300):
    """The query that lets a browser fetch path without the Authorization header, for a while."""
    expires = int(time.time()) + seconds
    return f"expires={expires}&signature={_signature(path, expires)}"


def signed(path, expires, signature):
    return expires >= time.time() and hmac.compare_digest(_signature(path, expires), signature)


def _signature(path, expires):
    return hmac.new(settings.secret_key.encode(), f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()
