package release

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// withData is the release shop with its record: a password whose volume exists, one without data, a key, a certificate, and
// a password that the operator supplies.
func withData(t *testing.T) *fake {
	t.Helper()
	f := newFake()
	web, api2 := newJob("web"), newJob("api")
	web.TaskGroups[0].Volumes = map[string]*api.VolumeRequest{"data": {Type: "host", Source: "shop-data"}, "theirs": {Type: "host", Source: "common"}}
	web.TaskGroups[0].Tasks[0].Templates = []*api.Template{{EmbeddedTmpl: ptr("{{ .tls_certificate }}"), ChangeMode: ptr("signal")}, {EmbeddedTmpl: ptr("{{ .login }}"), ChangeMode: ptr("noop")}}
	api2.TaskGroups[0].Tasks[0].Templates = []*api.Template{{EmbeddedTmpl: ptr("{{ .login }}")}}
	f.runs(web, api2)
	f.volumes["shop-data"] = []*api.HostVolume{{ID: "v1", Name: "shop-data"}}
	f.volumes["common"] = []*api.HostVolume{{ID: "v2", Name: "common"}}
	m := &Manifest{Release: stack.Release{Name: "shop", Namespace: "default"},
		Volumes: []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "shop-data"}}, {Label: "old", Spec: &api.HostVolume{Name: "shop-old"}}},
		Credentials: []stack.Credential{
			{Name: "db", Generate: true, Password: &stack.Password{Length: 9}, Readers: []string{"web"}, Volumes: []string{"shop-data"}},
			{Name: "key", Generate: true, Bytes: &stack.Bytes{Length: 4, Encoding: stack.Hex}, Readers: []string{"web"}},
			{Name: "login", Generate: true, Password: &stack.Password{Length: 9}, Readers: []string{"api", "web"}, Volumes: []string{"shop-old"}},
			{Name: "smtp", Readers: []string{"api"}},
			{Name: "tls", Generate: true, Certificate: &stack.Certificate{CommonName: "x", ValidFor: 20 * 24 * time.Hour}, Readers: []string{"web"}, Volumes: []string{"shop-data"}},
		}}
	cert, key, err := newCertificate(*m.Credentials[4].Certificate, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f.set("nomad/jobs/web", map[string]string{"db": "old-db", "key": "old-key", "login": "old-login", "tls_certificate": cert, "tls_key": key})
	f.set("nomad/jobs/api", map[string]string{"login": "old-login", "mine": "kept"})
	rev := &Revision{Number: 1, Outcome: Healthy, Submitted: []string{"web"}, Jobs: []RevisionJob{{ID: "web"}}}
	if err := recordsOf(f, "shop").create(t.Context(), rev, m); err != nil {
		t.Fatal(err)
	}
	f.calls = nil
	return f
}

func rotateOf(f *fake, name string) (*Rotation, error) {
	return New(Deps{Nomad: f}).Rotate(context.Background(), RotateOptions{Release: "shop", Name: name}, &told{})
}

func TestCredentialsAreListedWithoutTheirValues(t *testing.T) {
	f := withData(t)
	list, err := New(Deps{Nomad: f}).Credentials(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, items := range f.variables {
		for key, value := range items.Items {
			if strings.HasPrefix(items.Path, "nomad/jobs") && strings.Contains(string(data), value) {
				t.Errorf("the value of %s is told", key)
			}
		}
	}
	var text []string
	for _, c := range list {
		text = append(text, c.Name+" "+string(c.Kind))
	}
	if got := strings.Join(text, ", "); got != "db password, key key, login password, smtp text, tls certificate" {
		t.Errorf("got %q", got)
	}
	if tls := list[4]; !tls.Expiring || tls.Expires.Before(time.Now().Add(19*24*time.Hour)) {
		t.Errorf("tls: %+v", tls)
	}
	if smtp := list[3]; !smtp.Supplied || len(smtp.At) > 0 || !slices.Equal(smtp.Missing, []string{"nomad/jobs/api"}) {
		t.Errorf("smtp: %+v", smtp)
	}
}

func TestRotateWritesEveryReader(t *testing.T) {
	f := withData(t)
	done, err := rotateOf(f, "login")
	if err != nil {
		t.Fatal(err)
	}
	web, api := f.variables["nomad/jobs/web"].Items, f.variables["nomad/jobs/api"].Items
	if web["login"] == "old-login" || len(web["login"]) != 9 || web["login"] != api["login"] || web["db"] != "old-db" || api["mine"] != "kept" {
		t.Errorf("web %q, api %q", web, api)
	}
	want := []Reader{{"api", "api", "main", "restart"}, {"web", "web", "main", "noop"}}
	if !slices.Equal(done.Readers, want) || len(done.At) != 2 {
		t.Errorf("got %+v", done)
	}
	before := web["tls_key"]
	if done, err = rotateOf(f, "tls"); err != nil || done.Expires.IsZero() || done.Readers[0].Mode != "signal" || f.variables["nomad/jobs/web"].Items["tls_key"] == before {
		t.Errorf("tls: %+v, %v", done, err)
	}
	if calls := f.done(); calls[len(calls)-1] != "unlock" {
		t.Errorf("calls: %q", calls)
	}
}

func TestWhatIsNotRotated(t *testing.T) {
	for name, want := range map[string]string{"db": "volume shop-data holds data", "smtp": "supplied by you", "lgoin": "no credential"} {
		f := withData(t)
		var e *Error
		if _, err := rotateOf(f, name); !errors.As(err, &e) || e.Outcome != Refused || !strings.Contains(err.Error(), want) || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if got := f.done(); !slices.Equal(got, []string{"unlock"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	var e *Error
	if _, err := rotateOf(newFake(), "db"); !errors.As(err, &e) || e.Outcome != Refused {
		t.Errorf("without a record: %v", err)
	}
}

func TestAFailedRotationLeavesTheOldValueEverywhere(t *testing.T) {
	f := withData(t)
	f.putFault = func(path string) error {
		if path == "nomad/jobs/web" {
			return denied{}
		}
		return nil
	}
	var e *Error
	if _, err := rotateOf(f, "login"); !errors.As(err, &e) || e.Outcome != Denied {
		t.Errorf("got %v", err)
	}
	if got := f.variables["nomad/jobs/api"].Items["login"]; got != "old-login" {
		t.Errorf("api has %q", got)
	}
}
