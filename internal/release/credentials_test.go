package release

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

func withCredential(c stack.Credential) *stack.Stack {
	s := newStack([]string{"db"}, []string{"api"})
	c.Name, c.Readers = "db", []string{"api", "db"}
	s.Credentials = []stack.Credential{c}
	return s
}

func password() stack.Credential {
	return stack.Credential{Generate: true, Password: &stack.Password{Length: 20}, Volumes: []string{"shop-data"}}
}

func TestCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		before     func(*fake)
		credential stack.Credential
		outcome    Outcome
		words      []string
		after      func(*testing.T, *fake)
	}{
		"a missing password is made and stands at each reader": {
			credential: password(), outcome: Healthy,
			after: func(t *testing.T, f *fake) {
				a, b := f.variables["nomad/jobs/api"].Items["db"], f.variables["nomad/jobs/db"].Items["db"]
				if len(a) != 20 || a != b || strings.Trim(a, passwordAlphabet) != "" {
					t.Errorf("%q and %q", a, b)
				}
			}},
		"one that stands at one reader is copied, and other items stay": {
			before: func(f *fake) {
				f.set("nomad/jobs/db", map[string]string{"db": "existing"})
				f.set("nomad/jobs/api", map[string]string{"other": "kept"})
			},
			credential: password(), outcome: Healthy,
			after: func(t *testing.T, f *fake) {
				if items := f.variables["nomad/jobs/api"].Items; items["db"] != "existing" || items["other"] != "kept" {
					t.Errorf("%v", items)
				}
			}},
		"one that is lost while its data exists is never made anew": {
			before:     func(f *fake) { f.volumes["shop-data"] = []*api.HostVolume{{ID: "v1"}} },
			credential: password(), outcome: Failed, words: []string{"volume shop-data exists", "nomad var put nomad/jobs/api db=…"},
			after: nothingWritten},
		"different values are not chosen between": {
			before: func(f *fake) {
				f.set("nomad/jobs/db", map[string]string{"db": "one value"})
				f.set("nomad/jobs/api", map[string]string{"db": "another"})
			},
			credential: password(), outcome: Failed, words: []string{"different values at nomad/jobs/api and nomad/jobs/db"}},
		"a certificate without its key is said": {
			before:     func(f *fake) { f.set("nomad/jobs/api", map[string]string{"db_certificate": "pem"}) },
			credential: stack.Credential{Generate: true, Certificate: &stack.Certificate{}},
			outcome:    Failed, words: []string{"incomplete", "lacks db_key"}},
		"one that must be supplied is asked for": {
			credential: stack.Credential{Password: &stack.Password{}}, outcome: Failed,
			words: []string{"supplied, not generated", "nomad var put nomad/jobs/api db=…"}, after: nothingWritten},
		"a variable that somebody writes meanwhile is read and written again": {
			before: func(f *fake) {
				tries := 0
				f.putFault = func(path string) error {
					if tries++; path == "nomad/jobs/api" && tries == 1 {
						f.set(path, map[string]string{"other": "theirs"})
						return movedFault{}
					}
					return nil
				}
			},
			credential: password(), outcome: Healthy,
			after: func(t *testing.T, f *fake) {
				if items := f.variables["nomad/jobs/api"].Items; items["other"] != "theirs" || items["db"] == "" {
					t.Errorf("%v", items)
				}
			}},
		"the same credential from somebody else meanwhile is a conflict": {
			before: func(f *fake) {
				f.putFault = func(path string) error {
					f.set(path, map[string]string{"db": "theirs"})
					return movedFault{}
				}
			},
			credential: password(), outcome: Conflict, words: []string{"by somebody else in the meantime"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				if c.before != nil {
					c.before(f)
				}
				res, err, o := do(t, f, withCredential(c.credential), RunOptions{}, nil)
				wantOutcome(t, res, err, c.outcome, c.words...)
				for _, v := range f.variables {
					for key, secret := range v.Items {
						if strings.HasPrefix(key, "db") && strings.Contains(o.text, secret) {
							t.Errorf("the secret %s was told: %s", key, o.text)
						}
					}
				}
				if c.after != nil {
					c.after(t, f)
				}
			})
		})
	}
}

func nothingWritten(t *testing.T, f *fake) {
	for path := range f.variables {
		if !ofRecords(path) {
			t.Errorf("written: %s", path)
		}
	}
	if len(f.jobs) > 0 {
		t.Errorf("written: %v", f.jobs)
	}
}

func TestACertificateServesItsNames(t *testing.T) {
	now := time.Now()
	items, err := generate(stack.Credential{Name: "tls", Certificate: &stack.Certificate{
		CommonName: "shop", DNSNames: []string{"localhost"}, IPs: []string{"127.0.0.1"}, ValidFor: 48 * time.Hour}}, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(items["tls_certificate"]), []byte(items["tls_key"]))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	for _, name := range []string{"localhost", "127.0.0.1"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now.Add(47 * time.Hour)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots, CurrentTime: now.Add(49 * time.Hour)}); err == nil {
		t.Error("valid for too long")
	}
}

func TestKeysOfBytesHaveTheirLengthAndEncoding(t *testing.T) {
	decode := map[string]func(string) ([]byte, error){stack.Hex: hex.DecodeString, stack.Base64: base64.StdEncoding.DecodeString}
	seen := map[string]bool{}
	for _, encoding := range []string{stack.Hex, stack.Base64} {
		for _, length := range []int{16, 32, 33, 1024} {
			items, err := generate(stack.Credential{Name: "key", Bytes: &stack.Bytes{Length: length, Encoding: encoding, Prefix: "base64:"}}, nil, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			text, prefixed := strings.CutPrefix(items["key"], "base64:")
			raw, err := decode[encoding](text)
			if !prefixed || err != nil || len(raw) != length || seen[string(raw[:16])] {
				t.Errorf("%d bytes in %s: %d bytes, prefix %t, error %v", length, encoding, len(raw), prefixed, err)
			}
			seen[string(raw[:16])] = true
		}
	}
}

func TestSecretsAreTakenOutInEachForm(t *testing.T) {
	r := newRedactor([]string{"pa+ss/word", "-----BEGIN KEY-----\nMIGHAgEAMB\n-----END KEY-----\n", "abc"})
	for in, want := range map[string]string{
		"login pa+ss/word refused":       "login [redacted] refused",
		"postgres://u:pa%2Bss%2Fword@h":  "postgres://u:[redacted]@h",
		"Basic cGErc3Mvd29yZA==":         "Basic [redacted]",
		"key MIGHAgEAMB here":            "key [redacted] here",
		"abc is too short to be blotted": "abc is too short to be blotted",
		"-----BEGIN KEY-----":            "-----BEGIN KEY-----",
	} {
		if got := r.text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestAVolumeIsComparedInWhatCannotBeChanged(t *testing.T) {
	writer := &api.HostVolumeCapability{AccessMode: "single-node-writer", AttachmentMode: "file-system"}
	have := &api.HostVolume{PluginID: "mkdir", Parameters: map[string]string{"mode": "0700", "uid": "999"}, RequestedCapabilities: []*api.HostVolumeCapability{writer}}
	for name, c := range map[string]struct {
		want *api.HostVolume
		diff string
	}{
		"the same":            {&api.HostVolume{Parameters: map[string]string{"mode": "0700"}, RequestedCapabilities: []*api.HostVolumeCapability{{AccessMode: "single-node-writer", AttachmentMode: "file-system"}}}, ""},
		"another owner":       {&api.HostVolume{Parameters: map[string]string{"uid": "1000"}}, `parameter uid is "999", not "1000"`},
		"another plugin":      {&api.HostVolume{PluginID: "nfs"}, `plugin_id is "mkdir", not "nfs"`},
		"one more capability": {&api.HostVolume{RequestedCapabilities: []*api.HostVolumeCapability{{AccessMode: "single-node-reader-only", AttachmentMode: "file-system"}}}, "it lacks the capability single-node-reader-only, file-system"},
	} {
		if got := volumeDiff(c.want, have); got != c.diff {
			t.Errorf("%s: %q, want %q", name, got, c.diff)
		}
	}
}
