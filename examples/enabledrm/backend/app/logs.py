"""One JSON object a line on stdout, for the API, the worker and the scheduler alike."""

import json
import logging
import logging.config
from datetime import datetime, timezone

from .settings import settings

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "data"}


class JsonFormatter(logging.Formatter):
    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "instance": settings.instance,
        }
        for key, value in vars(record).items():
            if key not in _STANDARD and not key.startswith("_"):
                line[key] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure():
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "app.logs.JsonFormatter"}},
            "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
            "root": {"level": settings.log_level, "handlers": ["stdout"]},
            "loggers": {
                # At debug level these print connection URLs and message bodies, passwords included.
                "amqp": {"level": "INFO"},
                "kombu": {"level": "INFO"},
                "multipart": {"level": "INFO"},
                "asyncio": {"level": "INFO"},
            },
        }
    )
