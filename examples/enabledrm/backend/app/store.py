"""Redis: sessions, the response cache, and the length of the task queue."""

import functools
import json

import redis
from fastapi import Request, Response

from .settings import settings

client = redis.Redis.from_url(
    settings.redis_url, decode_responses=True, socket_timeout=3, socket_connect_timeout=3, health_check_interval=15
)


def put_session(session_id, user_id):
    client.setex(f"session:{session_id}", settings.session_seconds, str(user_id))


def session_user(session_id):
    value = client.get(f"session:{session_id}")
    return int(value) if value else None


def drop_session(session_id):
    client.delete(f"session:{session_id}")


def queue_length(queue="celery"):
    return client.llen(queue)


def cached(name):
    """Keep a handler's answer in Redis for CACHE_SECONDS. The header X-Cache says HIT or MISS; forget(name) drops it."""

    def wrap(handler):
        @functools.wraps(handler)
        def inner(*args, request: Request, response: Response, **kwargs):
            key = f"cache:{name}"
            hit = client.get(key)
            response.headers["X-Cache"] = "HIT" if hit else "MISS"
            response.headers["Cache-Control"] = "private, no-cache"
            if hit:
                return json.loads(hit)
            answer = handler(*args, request=request, response=response, **kwargs)
            client.setex(key, settings.cache_seconds, json.dumps(answer, default=str))
            return answer

        return inner

    return wrap


def forget(name):
    client.delete(f"cache:{name}")
