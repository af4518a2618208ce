"""Items have a priority; lists that are read newest first have an index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("items", sa.Column("priority", sa.Integer, nullable=False, server_default="0"))
    op.create_index("items_priority", "items", ["priority", "id"])
    op.create_index("jobs_created_at", "jobs", ["created_at"])
    op.create_index("scheduled_runs_started_at", "scheduled_runs", ["started_at"])


def downgrade():
    op.drop_index("scheduled_runs_started_at")
    op.drop_index("jobs_created_at")
    op.drop_index("items_priority")
    op.drop_column("items", "priority")
