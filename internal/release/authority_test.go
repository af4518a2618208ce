package release

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

const authorityOfDB = "packctl/releases/shop/authorities/db"

func signed() stack.Credential {
	return stack.Credential{Generate: true, Certificate: &stack.Certificate{
		CommonName: "db", DNSNames: []string{"db.shop.internal", "*.db.shop.internal"}, IPs: []string{"10.0.0.1"}, ValidFor: 48 * time.Hour,
		Authority: &stack.Authority{CommonName: "shop-db", ValidFor: 96 * time.Hour},
	}}
}

// verify holds the certificate against what a client has: the authority's certificate alone.
func verify(t *testing.T, items map[string]string, name string, at time.Time) error {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(items["db_certificate"]), []byte(items["db_key"]))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(items["db_ca"])) {
		t.Fatalf("no authority in %q", items["db_ca"])
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at})
	return err
}

func TestACertificateIsSignedByAnAuthorityOfTheReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := withCredential(signed())
		res, err, _ := do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		items, now := maps.Clone(f.variables["nomad/jobs/api"].Items), time.Now()
		for _, name := range []string{"db.shop.internal", "one.db.shop.internal", "10.0.0.1"} {
			if err := verify(t, items, name, now.Add(47*time.Hour)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if verify(t, items, "web.shop.internal", now) == nil || verify(t, items, "10.0.0.1", now.Add(49*time.Hour)) == nil {
			t.Error("the certificate is valid for another name, or for too long")
		}
		pair, _ := tls.X509KeyPair([]byte(items["db_certificate"]), []byte(items["db_key"]))
		if pair.Leaf.IsCA || pair.Leaf.CheckSignatureFrom(pair.Leaf) == nil {
			t.Error("the certificate can sign")
		}
		kept := f.variables[authorityOfDB].Items
		if kept["certificate"] != items["db_ca"] || kept["key"] == "" {
			t.Errorf("kept: %v", kept)
		}
		for path, v := range f.variables {
			for item, value := range v.Items {
				if strings.HasPrefix(path, "nomad/jobs/") && strings.Contains(value, strings.TrimSpace(kept["key"])) {
					t.Errorf("a job can read the authority's key: %s of %s", item, path)
				}
			}
		}

		// Nothing is made anew in a second run, nor by one that must copy it back to a reader.
		delete(f.variables, "nomad/jobs/db")
		res, err, _ = do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
		for _, job := range []string{"api", "db"} {
			if !maps.Equal(f.variables["nomad/jobs/"+job].Items, items) {
				t.Errorf("%s has another certificate after the second run", job)
			}
		}

		// One that is taken away is made anew, and those who trust the authority trust it too.
		delete(f.variables, "nomad/jobs/db")
		delete(f.variables, "nomad/jobs/api")
		res, err, _ = do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
		renewed := f.variables["nomad/jobs/api"].Items
		if renewed["db_ca"] != items["db_ca"] || renewed["db_certificate"] == items["db_certificate"] {
			t.Error("a renewed certificate has another authority, or is the old one")
		}
		if err := verify(t, renewed, "db.shop.internal", time.Now()); err != nil {
			t.Errorf("renewed: %v", err)
		}
	})
}

func TestAnAuthorityThatEndedOrCannotBeReadIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		items map[string]string
		words []string
	}{
		"no PEM":   {map[string]string{"certificate": "x", "key": "y"}, []string{"cannot be read", "nomad var purge " + authorityOfDB}},
		"it ended": {ended(t), []string{"ended on 1999-12-31", "nomad var purge " + authorityOfDB}}, // synctest begins at the start of 2000
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.set(authorityOfDB, c.items)
				res, err, o := do(t, f, withCredential(signed()), RunOptions{}, nil)
				wantOutcome(t, res, err, Failed, c.words...)
				maps.DeleteFunc(f.variables, func(path string, _ *api.Variable) bool { return ofRecords(path) })
				if len(f.variables) != 1 || len(f.jobs) > 0 || strings.Contains(o.text, "PRIVATE KEY") {
					t.Errorf("written: %v, %v", f.variables, f.jobs)
				}
			})
		})
	}
}

func ended(t *testing.T) map[string]string {
	t.Helper()
	cert, key, err := newAuthority(stack.Authority{ValidFor: time.Hour}, time.Date(1999, 12, 31, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"certificate": cert, "key": key}
}
