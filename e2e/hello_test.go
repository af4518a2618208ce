//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func helloArgs(t *testing.T, extra ...string) []string {
	t.Helper()
	command, err := filepath.Abs("bin/hello")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"run", "hello", "-var", "command=" + command}, extra...)
}

// TestHello is the first try of a new user: run, look, run again, stop, stop again.
func TestHello(t *testing.T) {
	dumpOnFailure(t, "hello")
	c := nomadClient(t)
	const port = "28090"
	args := helloArgs(t, "-var", "port="+port, "-var", "greeting=good morning")
	t.Cleanup(func() { packctl(t, "stop", "hello") })

	mustPackctl(t, args...)
	url := "http://localhost:" + port + "/"
	if code, body, err := get(http.DefaultClient, url); err != nil || code != http.StatusOK || !strings.Contains(body, "good morning") {
		t.Fatalf("GET %s: %d %q %v", url, code, body, err)
	}
	before := oneAlloc(t, c, "hello-web", "web").ID
	again := mustPackctl(t, append(args, "-o", "json")...)
	if after := oneAlloc(t, c, "hello-web", "web").ID; after != before {
		t.Errorf("a second run replaced %s by %s", before, after)
	}
	for line := range strings.Lines(again.stdout) {
		if !json.Valid([]byte(line)) {
			t.Errorf("-o json printed %q", line)
		}
	}
	mustPackctl(t, "stop", "hello")
	if n := len(liveAllocs(t, c, "hello-web", "web")); n != 0 {
		t.Errorf("after stop %d allocations live", n)
	}
	if r := packctl(t, "stop", "no-such-release"); r.code == 0 || !strings.Contains(r.stderr, "no-such-release") {
		t.Errorf("stopping what is not there: %s", r)
	}
}

// TestRefusals are the mistakes that only a cluster can show. Each must be told before anything has changed.
func TestRefusals(t *testing.T) {
	c := nomadClient(t)
	untouched := func(t *testing.T, release string) {
		t.Helper()
		jobs, _, err := c.Jobs().PrefixList(release + "-")
		if err != nil || len(jobs) != 0 {
			t.Errorf("%d jobs of %s were left: %v", len(jobs), release, err)
		}
		vars, _, err := c.Variables().PrefixList("nomad/jobs/"+release+"-", nil)
		if err != nil || len(vars) != 0 {
			t.Errorf("%d variables of %s were left: %v", len(vars), release, err)
		}
	}
	t.Run("a port that something else listens on", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:28443")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		r := packctl(t, append(devArgs(t, ""), "--name", "taken")...)
		if r.code == 0 || !strings.Contains(r.stderr, "28443") || !strings.Contains(r.stderr, "variable") {
			t.Errorf("the port is not named, or not the variable: %s", r)
		}
		untouched(t, "taken")
	})
	t.Run("a Nomad that does not answer", func(t *testing.T) {
		r := packctl(t, append(helloArgs(t), "--address", "http://127.0.0.1:28099")...)
		if r.code != 3 || !strings.Contains(r.stderr, "http://127.0.0.1:28099") || !strings.Contains(r.stderr, "dev up") {
			t.Errorf("want exit 3, the address and the way out: %s", r)
		}
	})
	t.Run("no Docker on any client", func(t *testing.T) {
		dir := t.TempDir()
		t.Cleanup(func() {
			if r := packctl(t, "dev", "down", "--purge", "--data-dir", dir); r.code != 0 {
				t.Error(r)
			}
		})
		mustPackctl(t, "dev", "up", "--no-docker", "--data-dir", dir, "--nomad-port", "15646", "--consul-port", "19500")
		t.Setenv("NOMAD_ADDR", "http://127.0.0.1:15646")
		t.Setenv("CONSUL_HTTP_ADDR", "http://127.0.0.1:19500")
		r := packctl(t, append(devArgs(t, ""), "--name", "dockerless")...)
		if r.code == 0 || !strings.Contains(strings.ToLower(r.stderr), "docker") {
			t.Errorf("Docker is not named: %s", r)
		}
		other := nomadClient(t)
		if jobs, _, err := other.Jobs().PrefixList("dockerless-"); err != nil || len(jobs) != 0 {
			t.Errorf("%d jobs were left: %v", len(jobs), err)
		}
	})
}

// render renders a pack while no agent answers, into a folder of its own, and gives each file's text.
func render(t *testing.T, pack string, args ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), packctlBin(), append([]string{"render", pack, "-d", dir}, args...)...) //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), "NOMAD_ADDR=http://127.0.0.1:1", "CONSUL_HTTP_ADDR=http://127.0.0.1:1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("render %s: %v\n%s", pack, err, out)
	}
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.hcl"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("nothing rendered: %v", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p) //nolint:gosec // just rendered
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(p)] = string(b)
	}
	return files
}

// nomadTakes has a real Nomad parse and validate rendered files.
func nomadTakes(t *testing.T, files map[string]string) {
	t.Helper()
	c := nomadClient(t)
	for name, source := range files {
		job, err := c.Jobs().ParseHCL(source, true)
		if err != nil {
			t.Errorf("%s: Nomad does not parse it: %v", name, err)
			continue
		}
		answer, _, err := c.Jobs().Validate(job, nil)
		if err != nil || answer.Error != "" {
			t.Errorf("%s: Nomad refuses it: %v %+v", name, err, answer)
		}
	}
}

// TestRender shows that production renders without an agent, the same bytes twice, to files that Nomad accepts.
func TestRender(t *testing.T) {
	prod, again, dev := render(t, "appstack", "-var", "env=prod"), render(t, "appstack", "-var", "env=prod"), render(t, "appstack", "-var", "env=dev")
	if fmt.Sprint(prod) != fmt.Sprint(again) {
		t.Error("two renderings of prod differ")
	}
	nomadTakes(t, prod)
	for _, env := range []string{"dev", "prod"} {
		nomadTakes(t, render(t, "enstore", "-var", "env="+env, "-var", "supplier_url=https://supplier.example.com", "-var", `profiles=["frontend", "flutter"]`))
	}
	all := func(files map[string]string) string {
		var b strings.Builder
		for _, s := range files {
			b.WriteString(s)
		}
		return b.String()
	}
	for _, c := range []struct {
		what     string
		text     string
		dev, yes bool
	}{
		{"the development server", "packctl/enabledrm-frontend", true, true},
		{"the development server", "packctl/enabledrm-frontend", false, false},
		{"the mail sink", `group "mail"`, true, true},
		{"the mail sink", `group "mail"`, false, false},
		{"the official PostgreSQL", `"postgres:15"`, false, true},
		{"the official PostgreSQL", `"postgres:15"`, true, false},
		{"reload", "--reload", true, true},
		{"reload", "--reload", false, false},
		{"long caching", "max-age=31536000", false, true},
		{"strict transport security", "Strict-Transport-Security", false, true},
		{"a loopback debug port", "15432", true, true},
		{"a loopback debug port", "15432", false, false},
	} {
		files, env := prod, "prod"
		if c.dev {
			files, env = dev, "dev"
		}
		if strings.Contains(all(files), c.text) != c.yes {
			t.Errorf("%s in env %s: found is %v, want %v (%q)", c.what, env, !c.yes, c.yes, c.text)
		}
	}
}
