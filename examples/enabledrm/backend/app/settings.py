"""Settings from the environment. This is the only module that reads it."""

import os
from dataclasses import dataclass, field
from urllib.parse import quote


def _text(name, default=""):
    return os.environ.get(name, "") or default


def _int(name, default):
    raw = os.environ.get(name, "")
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, not {raw!r}") from None


@dataclass(frozen=True)
class Settings:
    environment: str = field(default_factory=lambda: _text("ENVIRONMENT", "development"))
    log_level: str = field(default_factory=lambda: _text("LOG_LEVEL", "INFO").upper())
    instance: str = field(default_factory=lambda: _text("NOMAD_ALLOC_ID", _text("HOSTNAME", "local"))[:8])

    postgres_host: str = field(default_factory=lambda: _text("POSTGRES_HOST", "postgres"))
    postgres_port: int = field(default_factory=lambda: _int("POSTGRES_PORT", 5432))
    postgres_db: str = field(default_factory=lambda: _text("POSTGRES_DB", "enabledrm_dev"))
    postgres_user: str = field(default_factory=lambda: _text("POSTGRES_USER", "enabledrm"))
    postgres_password: str = field(default_factory=lambda: _text("POSTGRES_PASSWORD"), repr=False)
    database_url_override: str = field(default_factory=lambda: _text("DATABASE_URL"), repr=False)
    redis_url: str = field(default_factory=lambda: _text("REDIS_URL", "redis://redis:6379"), repr=False)

    secret_key: str = field(default_factory=lambda: _text("SECRET_KEY", "dev-secret-key"), repr=False)
    jwt_secret_key: str = field(default_factory=lambda: _text("JWT_SECRET_KEY", "dev-jwt-secret"), repr=False)
    session_seconds: int = field(default_factory=lambda: _int("SESSION_SECONDS", 8 * 3600))
    login_user: str = field(default_factory=lambda: _text("LOGIN_USER", "demo"))
    login_password: str = field(default_factory=lambda: _text("LOGIN_PASSWORD"), repr=False)
    cors_origins: tuple = field(default_factory=lambda: tuple(o for o in _text("CORS_ORIGINS").split(",") if o))

    upload_dir: str = field(default_factory=lambda: _text("UPLOAD_DIR", "/data/uploads"))
    max_upload_bytes: int = field(default_factory=lambda: _int("MAX_UPLOAD_MB", 10) * 1024 * 1024)
    cache_seconds: int = field(default_factory=lambda: _int("CACHE_SECONDS", 30))
    swagger_ui_dir: str = field(default_factory=lambda: _text("SWAGGER_UI_DIR", "/opt/swagger-ui"))

    smtp_address_file: str = field(default_factory=lambda: _text("SMTP_ADDRESS_FILE"))
    smtp_host: str = field(default_factory=lambda: _text("SMTP_HOST"))
    smtp_port: int = field(default_factory=lambda: _int("SMTP_PORT", 25))
    mail_from: str = field(default_factory=lambda: _text("MAIL_FROM", "enabledrm@example.com"))
    report_to: str = field(default_factory=lambda: _text("REPORT_TO", "operations@example.com"))

    schedule_cleanup: str = field(default_factory=lambda: _text("SCHEDULE_CLEANUP", "15 * * * *"))
    schedule_health: str = field(default_factory=lambda: _text("SCHEDULE_HEALTH", "* * * * *"))
    schedule_report: str = field(default_factory=lambda: _text("SCHEDULE_REPORT", "0 6 * * *"))
    export_keep_hours: int = field(default_factory=lambda: _int("EXPORT_KEEP_HOURS", 24))
    debug_port: str = field(default_factory=lambda: _text("DEBUG_PORT"))
    beat_heartbeat_file: str = field(default_factory=lambda: _text("BEAT_HEARTBEAT_FILE", "/tmp/celery-beat.heartbeat"))

    @property
    def database_url(self):
        if self.database_url_override:
            return self.database_url_override
        return "postgresql://{}:{}@{}:{}/{}".format(
            quote(self.postgres_user, safe=""),
            quote(self.postgres_password, safe=""),
            self.postgres_host,
            self.postgres_port,
            quote(self.postgres_db, safe=""),
        )

    @property
    def production(self):
        return self.environment == "production"

    def check(self):
        """Production must not run on the development keys that stand in this file."""
        if self.production and (self.secret_key == "dev-secret-key" or self.jwt_secret_key == "dev-jwt-secret"):
            raise SystemExit("ENVIRONMENT=production needs SECRET_KEY and JWT_SECRET_KEY of its own")


settings = Settings()
