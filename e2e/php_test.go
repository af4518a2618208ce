//go:build e2e

package e2e

import (
	"database/sql"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the driver of the tests' own connection

	"github.com/packctl/packctl/internal/realtest"
)

// TestEnstorePHP runs the Laravel application's own tests in its image, on a real MariaDB and a real Redis.
func TestEnstorePHP(t *testing.T) {
	db, err := url.Parse(realtest.MariaDB(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	redis, err := url.Parse(realtest.Redis(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := db.User.Password()
	server, err := sql.Open("mysql", db.User.String()+"@tcp("+db.Host+")/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	if _, err := server.ExecContext(t.Context(), "CREATE DATABASE enstore_test CHARACTER SET utf8mb4"); err != nil {
		t.Fatalf("create the tests' database: %v", err)
	}
	args := []string{"run", "--rm", "--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "all"}
	for _, kv := range []string{
		"APP_ENV=testing", "APP_KEY=" + strings.Repeat("k", 32), "DB_CONNECTION=mysql", "DB_HOST=" + db.Hostname(), "DB_PORT=" + db.Port(),
		"DB_DATABASE=enstore_test", "DB_USERNAME=" + db.User.Username(), "DB_PASSWORD=" + password,
		"REDIS_HOST=" + redis.Hostname(), "REDIS_PORT=" + redis.Port(), "QUEUE_CONNECTION=redis", "CACHE_DRIVER=redis",
	} {
		args = append(args, "-e", kv)
	}
	out, err := exec.CommandContext(t.Context(), "docker", append(args, "packctl/enstore-backend:dev", "php", "tests/run.php")...).CombinedOutput() //nolint:gosec // our own image
	if err != nil {
		t.Fatalf("php tests/run.php: %v\n%s", err, out)
	}
	if n := len(regexp.MustCompile(`(?m)^ok`).FindAllString(string(out), -1)); n < 15 {
		t.Errorf("only %d tests ran:\n%s", n, out)
	}
}
