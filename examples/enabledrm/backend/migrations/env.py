"""Alembic's entry point: alembic upgrade head. Each application of a revision leaves a row in migration_audit."""

import logging

from alembic import command, context
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from app import logs
from app.db import Base
from app.settings import settings

logs.configure()
log = logging.getLogger("app.migrations")

_AUDIT = text(
    "INSERT INTO migration_audit (revision, direction, instance, applied_at) VALUES (:revision, :direction, :instance, now())"
)


def audit(ctx, step, heads, run_args, **_):
    """Alembic calls this after a step, in the step's own transaction: no row without the change, no change without a row."""
    if ctx.as_sql:
        return
    revision = step.up_revision_id if step.is_upgrade else step.down_revision_ids[0] if step.down_revision_ids else ""
    if not step.is_upgrade and not revision:
        return  # the table went with the first revision
    values = {
        "revision": revision,
        "direction": "up" if step.is_upgrade else "down",
        "instance": settings.instance,
    }
    ctx.connection.execute(_AUDIT, values)


def newer(engine):
    """The revisions that the database has and these files do not know: a later version was here before."""
    with engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in context.script.walk_revisions()}
    return [head for head in heads if head not in known]


def upgrading():
    chosen = getattr(context.config.cmd_opts, "cmd", None)  # of the command line: function, arguments, options
    return chosen is not None and chosen[0] is command.upgrade


def run():
    options = {
        "target_metadata": Base.metadata,
        "transaction_per_migration": True,
        "on_version_apply": audit,
    }
    if context.is_offline_mode():
        context.configure(url=settings.database_url, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(settings.database_url, connect_args={"connect_timeout": 5, "application_name": "alembic"})
    # A rollback brings this version back onto the schema of a newer one, which is made so that both can live with it. Alembic
    # itself would refuse, and so would every instance of this version that is started again while an upgrade is under way.
    unknown = newer(engine) if upgrading() else []
    if unknown:
        log.warning("the schema is of a newer version, and stays as it is", extra={"revisions": unknown})
        engine.dispose()
        return
    with engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
