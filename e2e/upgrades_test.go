//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
)

// The next versions of the demo application's backend, each made from its image.
const (
	backendNow      = "packctl/enabledrm-backend:dev"
	backendNext     = "packctl/e2e-backend-next:dev"     // a column more, which it does not need yet
	backendHalfway  = "packctl/e2e-backend-halfway:dev"  // its migration fails when it has done half of its work
	backendSpoiling = "packctl/e2e-backend-spoiling:dev" // healthy, but what it is to delete stays
)

// withoutAtomic is the environment variable that leaves -atomic out, to see the test fail.
const withoutAtomic = "PACKCTL_E2E_WITHOUT_ATOMIC"

const (
	// Add first, use one version later: the version that runs meanwhile, and a rollback, live with it.
	addColour = `"""Items have a colour."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("items", sa.Column("colour", sa.String(20), nullable=False, server_default="none"))
    op.create_index("items_colour", "items", ["colour"])
    op.execute("UPDATE items SET colour = 'old'")
%s

def downgrade():
    op.drop_index("items_colour")
    op.drop_column("items", "colour")
`
	failHalfway = `    op.execute("DELETE FROM items")
    op.execute("SELECT 1 / (SELECT 0)")
`
)

// buildBackends makes the images of the next versions.
func buildBackends(t *testing.T) {
	t.Helper()
	version := `RUN sed -i 's/^__version__ = .*/__version__ = "2.0.0"/' app/__init__.py && grep -q 2.0.0 app/__init__.py` + "\n"
	migration := func(text string) string {
		return "RUN echo " + base64.StdEncoding.EncodeToString([]byte(text)) + " | base64 -d > migrations/versions/0003_item_colour.py\n"
	}
	for tag, change := range map[string]string{
		backendNext:    migration(fmt.Sprintf(addColour, "")),
		backendHalfway: migration(fmt.Sprintf(addColour, failHalfway)),
		// The smoke test deletes what it wrote; the load does not, so that it finds no fault while such a backend serves.
		backendSpoiling: `RUN sed -i 's/db.delete(item)/raise RuntimeError("spoilt")/' app/routes/items.py && grep -q spoilt app/routes/items.py` + "\n",
	} {
		dockerBuild(t, tag, "FROM "+backendNow+"\nUSER root\n"+version+change+"USER 10001:10001\n")
	}
}

// ofAPI is the pack appstack whose workers and scheduler stay at the image that runs: an upgrade of the API and its schema
// alone. It is what requests can meet; rolling the workers takes three times as long, and is for the soak.
func ofAPI(t *testing.T) string {
	t.Helper()
	dir := copyTree(t, "packs/appstack")
	file := filepath.Join(dir, "jobs", "app.nomad.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	api, workers, found := strings.Cut(string(text), `group "celery-worker"`)
	if !found || !strings.Contains(workers, "var.backend_image") {
		t.Fatalf("%s is not as this test knows it", file)
	}
	writeFile(t, file, api+`group "celery-worker"`+strings.ReplaceAll(workers, "var.backend_image", `"`+backendNow+`"`))
	return dir
}

// upgrades changes a running production release, two backends of it, while users are at work. args are those of the run
// that made it; the pack is the second.
type upgrades struct {
	args    []string
	client  *api.Client
	door    *door
	traffic *traffic
}

func (u *upgrades) run(t *testing.T, image string, extra ...string) result {
	t.Helper()
	return packctl(t, slices.Concat(u.args, []string{"-var", "backend_image=" + image}, extra)...)
}

// checkUpgrades makes two upgrades that fail, a good one and its rollback. No request of the load may fail.
//
// The first fails in its migration: that runs before anything is changed, so -atomic has nothing to undo, and what is held
// to is the database. The second is healthy for Nomad and for Consul, and has replaced every backend when the pack's smoke
// test finds that it is not: only -atomic brings the old version back. With withoutAtomic in the environment that is left
// out, and exactly this must fail: the spoilt version goes on serving, which stands tells. TestSoakUpgrades holds that it does.
func checkUpgrades(t *testing.T, u *upgrades, password string) {
	buildBackends(t)
	before := schema(t)
	u.traffic = startTraffic(t, prodHTTPS, "admin", password)

	t.Run("a migration fails", func(t *testing.T) {
		u.traffic.phase("an upgrade whose migration fails")
		r := u.run(t, backendHalfway, "--atomic")
		if r.code != 4 || !strings.Contains(r.stderr, "nothing of the release was changed") || !strings.Contains(r.stderr, "division by zero") {
			t.Errorf("it does not tell that the migration failed: %s", r)
		}
		if err := stands(t, u, backendNow); err != nil {
			t.Error(err)
		}
		sameSchema(t, before)
		u.nothingLost(t)
	})
	t.Run("the smoke test fails, and -atomic goes back", func(t *testing.T) {
		u.traffic.phase("an upgrade that fails its smoke test")
		r := u.spoil(t, os.Getenv(withoutAtomic) == "")
		if r.code != 5 || !strings.Contains(r.stderr, "every job is back at revision") {
			t.Errorf("it does not tell that it went back: %s", r)
		}
		if err := stands(t, u, backendNow); err != nil {
			t.Error(err)
		}
		sameSchema(t, before)
		u.nothingLost(t)
	})
	t.Run("a good upgrade", func(t *testing.T) {
		u.traffic.phase("a good upgrade with a migration")
		if r := u.run(t, backendNext, "--atomic"); r.code != 0 {
			t.Fatal(r)
		}
		if err := stands(t, u, backendNext); err != nil {
			t.Error(err)
		}
		if after := schema(t); !strings.Contains(after, "items_colour") || !strings.HasSuffix(after, "version 0003\n") {
			t.Errorf("the migration did not come about:\n%s", after)
		}
		u.nothingLost(t)
	})
	t.Run("its rollback", func(t *testing.T) {
		u.traffic.phase("its rollback, with that of the migration")
		mustPackctl(t, "rollback", "late", "-migrate-down")
		if err := stands(t, u, backendNow); err != nil {
			t.Error(err)
		}
		sameSchema(t, before)
		u.nothingLost(t)
	})
	u.traffic.stop(t)
}

// spoil upgrades to the version that only the smoke test finds fault with.
func (u *upgrades) spoil(t *testing.T, atomic bool) result {
	t.Helper()
	if atomic {
		return u.run(t, backendSpoiling, "--atomic")
	}
	return u.run(t, backendSpoiling)
}

// stands says how the release differs from one whose backends are all of one image and do what users ask: the registered job,
// every instance, and an item that is written, read and deleted.
func stands(t *testing.T, u *upgrades, image string) error {
	t.Helper()
	u.awaitStopped(t)
	job, _, err := u.client.Jobs().Info("late-app", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := backendImage(job.LookupTaskGroup("backend")); got != image {
		return fmt.Errorf("the job's backend is %s, not %s", got, image)
	}
	allocs := liveAllocs(t, u.client, "late-app", "backend")
	if len(allocs) != 2 {
		return fmt.Errorf("%d backends, want 2", len(allocs))
	}
	for id, a := range allocs {
		alloc, _, err := u.client.Allocations().Info(id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := backendImage(alloc.GetTaskGroup()); got != image || a.ClientStatus != api.AllocClientStatusRunning {
			return fmt.Errorf("backend %s is %s and of %s, not %s", id[:8], a.ClientStatus, got, image)
		}
	}
	var made item
	if err := u.door.post("/api/items", map[string]string{"name": "does it stand?"}, &made); err != nil {
		return err
	}
	at := fmt.Sprintf("/api/items/%d", made.ID)
	if err := u.door.get(at, nil); err != nil {
		return err
	}
	return u.door.do("DELETE", at, "", nil, nil)
}

func backendImage(tg *api.TaskGroup) any {
	for _, task := range tg.Tasks {
		if task.Name == "backend" {
			return task.Config["image"]
		}
	}
	return nil
}

// awaitStopped awaits the end of the backends that were replaced: they have yet to finish the requests that they have.
func (u *upgrades) awaitStopped(t *testing.T) {
	t.Helper()
	await(t, "the end of the backends that were replaced", time.Minute, func() error {
		stubs, _, err := u.client.Jobs().Allocations("late-app", false, nil)
		for _, a := range stubs {
			if a.TaskGroup == "backend" && a.DesiredStatus != api.AllocDesiredStatusRun && live(a) {
				return fmt.Errorf("backend %s is %s", a.ID[:8], a.ClientStatus)
			}
		}
		return err
	})
}

// schema is the database's structure, and the revision that Alembic takes it for.
func schema(t *testing.T) string {
	t.Helper()
	// Each dump has another key in \restrict.
	return inPostgres(t, `pg_dump -s -U "$POSTGRES_USER" "$POSTGRES_DB" | grep -Ev '^\\(un)?restrict' && psql -At -U "$POSTGRES_USER" "$POSTGRES_DB" -c "SELECT 'version ' || version_num FROM alembic_version"`)
}

func sameSchema(t *testing.T, want string) {
	t.Helper()
	if got := schema(t); got != want {
		t.Errorf("the database's schema is another:\n%s\nwant:\n%s", got, want)
	}
}

// nothingLost fails unless each row of which the front door said that it is written is there, once.
func (u *upgrades) nothingLost(t *testing.T) {
	t.Helper()
	want := u.traffic.acknowledged()
	there := map[string]int{}
	for _, name := range strings.Split(inPostgres(t, `psql -At -U "$POSTGRES_USER" "$POSTGRES_DB" -c "SELECT name FROM items"`), "\n") {
		there[name]++
	}
	lost := 0
	for _, name := range want {
		if there[name] != 1 {
			lost++
		}
	}
	t.Logf("%d rows were acknowledged, %d of them are not there once", len(want), lost)
	if lost != 0 {
		t.Errorf("%d of %d acknowledged rows are not in the database, or not once", lost, len(want))
	}
}

func inPostgres(t *testing.T, script string) string {
	t.Helper()
	r := mustPackctl(t, "exec", "late", "postgres", "--", "sh", "-c", script)
	if strings.TrimSpace(r.stdout) == "" {
		t.Fatalf("it said nothing: %s", r)
	}
	return r.stdout
}
