"""The database: tables, the engine, and one session a request."""

import asyncio
from contextlib import contextmanager
from datetime import datetime, timezone

from anyio import CancelScope
from sqlalchemy import (
    BigInteger, Boolean, Column, DateTime, ForeignKey, Integer, JSON, String, Text, create_engine,
)
from sqlalchemy.orm import declarative_base, sessionmaker
from starlette.concurrency import run_in_threadpool

from .settings import settings

Base = declarative_base()


def now():
    return datetime.now(timezone.utc)


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    username = Column(String(120), nullable=False, unique=True)
    password_hash = Column(String(120), nullable=False)
    admin = Column(Boolean, nullable=False, default=False)
    created_at = Column(DateTime(timezone=True), nullable=False, default=now)


class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    name = Column(String(200), nullable=False)
    note = Column(Text, nullable=False, default="")
    priority = Column(Integer, nullable=False, default=0)
    owner_id = Column(Integer, ForeignKey("users.id"), nullable=False)
    created_at = Column(DateTime(timezone=True), nullable=False, default=now)


class Upload(Base):
    __tablename__ = "uploads"
    id = Column(String(32), primary_key=True)
    name = Column(String(255), nullable=False)
    size = Column(BigInteger, nullable=False)
    content_type = Column(String(120), nullable=False, default="application/octet-stream")
    generated = Column(Boolean, nullable=False, default=False)  # an export: the clean-up may remove it
    owner_id = Column(Integer, ForeignKey("users.id"), nullable=False)
    created_at = Column(DateTime(timezone=True), nullable=False, default=now)


class Job(Base):
    __tablename__ = "jobs"
    id = Column(String(36), primary_key=True)  # Celery's task ID
    kind = Column(String(40), nullable=False)
    state = Column(String(20), nullable=False, default="queued")  # queued, running, done, failed
    progress = Column(Integer, nullable=False, default=0)
    params = Column(JSON, nullable=False, default=dict)
    result = Column(JSON)
    worker = Column(String(120))
    owner_id = Column(Integer, ForeignKey("users.id"), nullable=False)
    created_at = Column(DateTime(timezone=True), nullable=False, default=now)
    started_at = Column(DateTime(timezone=True))
    finished_at = Column(DateTime(timezone=True))


class ScheduledRun(Base):
    __tablename__ = "scheduled_runs"
    id = Column(Integer, primary_key=True)
    name = Column(String(40), nullable=False)
    outcome = Column(String(20), nullable=False)
    detail = Column(JSON, nullable=False, default=dict)
    started_at = Column(DateTime(timezone=True), nullable=False, default=now)
    finished_at = Column(DateTime(timezone=True))


class MigrationAudit(Base):
    """One row for each time a revision was applied: two rows for one revision would mean that it ran twice."""

    __tablename__ = "migration_audit"
    id = Column(Integer, primary_key=True)
    revision = Column(String(32), nullable=False)
    direction = Column(String(10), nullable=False)
    instance = Column(String(64), nullable=False)
    applied_at = Column(DateTime(timezone=True), nullable=False, default=now)


_REQUESTS = 10  # that use the database at a time
_slots = asyncio.Semaphore(_REQUESTS)

engine = create_engine(
    settings.database_url,
    pool_size=5,
    max_overflow=_REQUESTS - 5 + 2,  # two more than requests can take: /api/health answers under load
    pool_pre_ping=True,
    pool_recycle=1800,
    connect_args={"connect_timeout": 3, "application_name": f"enabledrm-{settings.instance}"},
)
SessionLocal = sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)


@contextmanager
def session_scope():
    """A transaction: committed at the end of the block, rolled back when it raises."""
    session = SessionLocal()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


async def get_session():
    """A FastAPI dependency. A handler commits what it means to keep.

    No more requests get one than there are connections. Each step of a request takes a thread of a common pool: were more let
    in, all threads would wait for a connection, and the requests that have one for a thread, until the pool's timeout.
    """
    async with _slots:
        session = SessionLocal()
        try:
            yield session
        finally:
            with CancelScope(shield=True):  # a client that has gone must not keep the connection
                await run_in_threadpool(session.close)
