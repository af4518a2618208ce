"""Celery's scheduler with two additions: it says that it is alive, and there is only one of it."""

import logging
import os
import uuid

import redis
from celery.beat import PersistentScheduler

from app.settings import settings

log = logging.getLogger("beat")


class HeartbeatScheduler(PersistentScheduler):
    """Touches a file at every turn of the loop, for a check of its age, and sends only while it holds a lock in Redis: when
    a node was lost and its scheduler lives on, the schedule still runs once."""

    LOCK = "celery-beat:leader"
    LOCK_SECONDS = 30

    def __init__(self, *args, **kwargs):
        self._name = f"{settings.instance}:{uuid.uuid4().hex}"
        self._leader = None
        self._redis = redis.Redis.from_url(
            settings.redis_url, decode_responses=True, socket_timeout=3, socket_connect_timeout=3
        )
        super().__init__(*args, **kwargs)

    def tick(self, *args, **kwargs):
        leader = self._lead()
        if leader != self._leader:
            log.info("leading" if leader else "another scheduler leads; waiting")
            self._leader = leader
        self._touch()
        if not leader:
            return 5
        return super().tick(*args, **kwargs)

    def close(self):
        super().close()
        if self._leader:
            try:
                if self._redis.get(self.LOCK) == self._name:
                    self._redis.delete(self.LOCK)
            except redis.RedisError:
                log.warning("could not give the lock back; it runs out by itself")

    def _lead(self):
        try:
            if self._redis.set(self.LOCK, self._name, nx=True, ex=self.LOCK_SECONDS):
                return True
            if self._redis.get(self.LOCK) == self._name:
                self._redis.expire(self.LOCK, self.LOCK_SECONDS)
                return True
        except redis.RedisError as err:
            log.warning("redis does not answer", extra={"error": type(err).__name__})
        return False

    def _touch(self):
        with open(settings.beat_heartbeat_file, "w", encoding="ascii") as out:
            out.write(str(os.getpid()))
