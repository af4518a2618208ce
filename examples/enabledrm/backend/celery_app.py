"""The Celery application of the worker (celery -A celery_app worker) and the scheduler (celery -A celery_app beat)."""

from celery import Celery
from celery.schedules import crontab, schedule
from celery.signals import beat_init, setup_logging, worker_process_init, worker_ready

from app import debug, logs
from app.settings import settings

app = Celery("enabledrm", broker=settings.redis_url, include=["tasks", "scheduled"])


def parse_schedule(text):
    """'@every 30s', '@every 5m', or the five fields of cron."""
    if text.startswith("@every "):
        value = text[len("@every "):].strip()
        unit = {"s": 1, "m": 60, "h": 3600}.get(value[-1:])
        if unit is None or not value[:-1].isdigit() or int(value[:-1]) == 0:
            raise SystemExit(f"a schedule is '@every 30s' or five cron fields, not {text!r}")
        return schedule(int(value[:-1]) * unit)
    fields = text.split()
    if len(fields) != 5:
        raise SystemExit(f"a schedule is '@every 30s' or five cron fields, not {text!r}")
    minute, hour, day, month, weekday = fields
    return crontab(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday)


app.conf.update(
    # A task is acknowledged when it is done, so one whose worker died is done again; each is written to bear that.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Longer than any task may take: Redis hands an unacknowledged task out again after it.
    broker_transport_options={"visibility_timeout": 1500, "socket_timeout": 10, "health_check_interval": 15},
    task_time_limit=1200,
    task_soft_time_limit=900,
    task_ignore_result=True,  # results stand in the database
    task_serializer="json",
    accept_content=["json"],
    broker_connection_retry=True,
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    timezone="UTC",
    enable_utc=True,
    beat_scheduler="beat:HeartbeatScheduler",
    beat_max_loop_interval=5,
    beat_sync_every=1,
    beat_schedule={
        "cleanup": {"task": "scheduled.cleanup", "schedule": parse_schedule(settings.schedule_cleanup)},
        "health-check": {"task": "scheduled.health_check", "schedule": parse_schedule(settings.schedule_health)},
        "report": {"task": "scheduled.report", "schedule": parse_schedule(settings.schedule_report)},
    },
)


@setup_logging.connect
def _logging(**_):
    logs.configure()


@worker_ready.connect
@beat_init.connect
def _debug_port(**_):
    debug.serve(settings.debug_port)


@worker_process_init.connect
def _own_connections(**_):
    # Connections that were opened before the fork belong to the parent.
    from app.db import engine

    engine.dispose()
