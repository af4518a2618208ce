//go:build integration

package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	consul "github.com/hashicorp/consul/api"
	nomad "github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/realtest"
)

// secured is a packctl whose tokens may do what docs/operations.md lists, on agents with ACLs and TLS.
type secured struct {
	pair   *realtest.Secured
	bin    string
	pack   []string // the pack's path and its values
	consul string   // the token of packctl.consul.hcl
	tokens map[string]string
}

// documentedRules are the policies in the docs, by the file name in their first line.
func documentedRules(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```hcl\n# (packctl[-.a-z]*\\.hcl)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		rules[m[1]] = m[2]
	}
	return rules
}

func newSecured(t *testing.T) *secured {
	rules := documentedRules(t)
	for _, name := range []string{"packctl-read.nomad.hcl", "packctl-write.nomad.hcl", "packctl-operate.nomad.hcl", "packctl.consul.hcl"} {
		if rules[name] == "" {
			t.Fatalf("docs/operations.md has no block # %s", name)
		}
	}
	s := &secured{pair: realtest.NewSecured(t, rules["packctl.consul.hcl"]), bin: t.TempDir(), tokens: map[string]string{"none": ""}}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.bin, "../../cmd/packctl", "../../cmd/sidecar")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	s.pack = []string{"testdata/secured", "-var", "sidecar=" + filepath.Join(s.bin, "sidecar"),
		"-var", "consul_address=" + s.pair.Consul.URL, "-var", "ca=" + s.pair.CA}

	n := s.pair.NomadClient(t, realtest.Management)
	for name, policies := range map[string][]string{"read": {"packctl-read"}, "write": {"packctl-write"}, "operate": {"packctl-write", "packctl-operate"}} {
		for _, policy := range policies {
			if _, err := n.ACLPolicies().Upsert(&nomad.ACLPolicy{Name: policy, Rules: rules[policy+".nomad.hcl"]}, nil); err != nil {
				t.Fatalf("policy %s: %v", policy, err)
			}
		}
		token, _, err := n.ACLTokens().Create(&nomad.ACLToken{Name: name, Type: "client", Policies: policies}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.tokens[name] = token.SecretID
	}
	c := s.pair.ConsulClient(t, realtest.Management)
	if _, _, err := c.ACL().PolicyCreate(&consul.ACLPolicy{Name: "packctl", Rules: rules["packctl.consul.hcl"]}, nil); err != nil {
		t.Fatal(err)
	}
	token, _, err := c.ACL().TokenCreate(&consul.ACLToken{Policies: []*consul.ACLTokenPolicyLink{{Name: "packctl"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.consul = token.SecretID
	return s
}

// packctl runs one verb with one of the tokens, and fails the test unless it ends with the exit code.
func (s *secured) packctl(t *testing.T, token string, code int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "packctl"), args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "NOMAD_") || strings.HasPrefix(e, "CONSUL_") }),
		s.pair.Environ(s.tokens[token], s.consul)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("packctl %s with the token %s: exit %d (%v), want %d\n%s", strings.Join(args, " "), token, got, err, code, out.String())
	}
	return out.String()
}

// TestSecuredCluster runs every verb with no more rights than the docs list, on agents with ACLs and TLS.
func TestSecuredCluster(t *testing.T) {
	s := newSecured(t)
	run := append([]string{"run"}, s.pack...)

	t.Run("without a token every verb is refused and says how to get in", func(t *testing.T) {
		if out := s.packctl(t, "none", 3, run...); !strings.Contains(out, "NOMAD_TOKEN") {
			t.Errorf("it does not name NOMAD_TOKEN:\n%s", out)
		}
		s.packctl(t, "none", 3, "stop", "secured")
	})
	t.Run("who may only look changes nothing", func(t *testing.T) {
		s.packctl(t, "read", 3, run...)
		jobs, _, err := s.pair.NomadClient(t, realtest.Management).Jobs().List(nil)
		if err != nil || len(jobs) != 0 {
			t.Errorf("%d jobs (%v), want none", len(jobs), err)
		}
	})
	t.Run("run, with a gate that asks Consul as its task", func(t *testing.T) {
		out := s.packctl(t, "write", 0, run...)
		if !strings.Contains(out, "generated credential login") || !strings.Contains(out, "created volume secured-store") {
			t.Errorf("no word of the credential and the volume:\n%s", out)
		}
	})
	t.Run("a second run submits nothing", func(t *testing.T) {
		if out := s.packctl(t, "write", 0, run...); !strings.Contains(out, "job secured-web did not change") {
			t.Errorf("%s", out)
		}
	})
	t.Run("an update", func(t *testing.T) {
		s.packctl(t, "write", 0, append(run, "-var", "greeting=good evening")...)
	})
	t.Run("scale", func(t *testing.T) { s.packctl(t, "write", 0, "scale", "secured", "front=2") })
	t.Run("logs", func(t *testing.T) {
		if out := s.packctl(t, "read", 0, "logs", "secured", "front"); !strings.Contains(out, "good evening") {
			t.Errorf("%s", out)
		}
	})
	t.Run("list and status", func(t *testing.T) {
		if out := s.packctl(t, "read", 0, "list"); !strings.Contains(out, "secured") {
			t.Errorf("%s", out)
		}
		if out := s.packctl(t, "read", 0, "status", "secured"); !strings.Contains(out, "front") || !strings.Contains(out, "secured-store") {
			t.Errorf("%s", out)
		}
	})
	t.Run("plan", func(t *testing.T) {
		if out := s.packctl(t, "write", 2, append([]string{"plan", "-detailed-exitcode", "-var", "greeting=hi"}, s.pack...)...); !strings.Contains(out, "good evening") {
			t.Errorf("it does not show what changes:\n%s", out)
		}
	})
	t.Run("history and get", func(t *testing.T) {
		if out := s.packctl(t, "read", 0, "history", "secured"); strings.Count(out, "healthy") != 2 {
			t.Errorf("%s", out)
		}
		if out := s.packctl(t, "read", 0, "get", "values", "secured"); !strings.Contains(out, "good evening") {
			t.Errorf("%s", out)
		}
	})
	t.Run("promote", func(t *testing.T) {
		if out := s.packctl(t, "write", 0, append(run, "-var", "greeting=good night", "-var", "canary=1")...); !strings.Contains(out, "packctl promote secured") {
			t.Errorf("%s", out)
		}
		s.packctl(t, "read", 3, "promote", "secured")
		s.packctl(t, "write", 0, "promote", "secured", "web")
	})
	t.Run("rollback", func(t *testing.T) { s.packctl(t, "write", 0, "rollback", "secured", "1") })
	t.Run("a plan in a file, and diff", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "secured.plan")
		s.packctl(t, "write", 0, append([]string{"plan", "-out", file, "-var", "greeting=from a file"}, s.pack...)...)
		s.packctl(t, "write", 0, "run", "-plan", file)
		s.packctl(t, "read", 3, "diff", "secured")
		if out := s.packctl(t, "write", 2, "diff", "secured", "1", "-detailed-exitcode"); !strings.Contains(out, "from a file") {
			t.Errorf("%s", out)
		}
		s.packctl(t, "write", 0, "diff", "secured", "-detailed-exitcode")
	})
	t.Run("restart and exec", func(t *testing.T) {
		s.packctl(t, "write", 3, "restart", "secured", "front")
		s.packctl(t, "operate", 0, "restart", "secured", "front")
		if out := s.packctl(t, "operate", 0, "exec", "secured/front", "--", "echo", "from inside"); !strings.Contains(out, "from inside") {
			t.Errorf("%s", out)
		}
	})
	t.Run("credentials", func(t *testing.T) {
		if out := s.packctl(t, "write", 0, "credential", "list", "secured"); !strings.Contains(out, "login") {
			t.Errorf("%s", out)
		}
		s.packctl(t, "write", 0, "credential", "rotate", "secured", "login")
	})
	t.Run("doctor", func(t *testing.T) {
		if out := s.packctl(t, "write", 0, "doctor"); strings.Contains(out, "✗") {
			t.Errorf("%s", out)
		}
	})
	t.Run("stop", func(t *testing.T) { s.packctl(t, "write", 0, "stop", "secured") })
	t.Run("destroy", func(t *testing.T) {
		s.packctl(t, "operate", 0, "destroy", "secured", "-auto-approve", "-volume", "store")
	})
}
