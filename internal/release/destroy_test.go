package release

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestDestroyDeletesOnlyWhatIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		opt         DestroyOptions
		volumes     []string
		credentials []string
		kept        Kept
		variables   string // the paths that are left
	}{
		"nothing": {DestroyOptions{}, nil, nil, Kept{[]string{"shop-data"}, []string{"db", "key", "login", "tls"}, 1},
			"nomad/jobs/api nomad/jobs/web packctl/releases/shop/revisions/000001 packctl/releases/shop/revisions/000001/001"},
		"some": {DestroyOptions{Volumes: []string{"data"}, Credentials: []string{"db", "login", "key", "tls"}}, []string{"shop-data"}, []string{"db", "key", "login", "tls"},
			Kept{[]string{}, []string{}, 1}, "nomad/jobs/api packctl/releases/shop/revisions/000001 packctl/releases/shop/revisions/000001/001"},
		"all": {DestroyOptions{AllData: true}, []string{"shop-data"}, []string{"db", "key", "login", "tls"}, Kept{[]string{}, []string{}, 0}, "nomad/jobs/api"},
	} {
		t.Run(name, func(t *testing.T) {
			f := withData(t)
			c.opt.Release = "shop"
			res, err := New(Deps{Nomad: f}).Destroy(t.Context(), c.opt, &told{})
			if err != nil {
				t.Fatal(err)
			}
			d := res.Destroyed
			if !slices.Equal(d.Jobs, []string{"api", "web"}) || !slices.Equal(d.Volumes, c.volumes) || !slices.Equal(d.Credentials, c.credentials) {
				t.Errorf("deleted %+v", d)
			}
			if !slices.Equal(d.Kept.Volumes, c.kept.Volumes) || !slices.Equal(d.Kept.Credentials, c.kept.Credentials) || d.Kept.Revisions != c.kept.Revisions {
				t.Errorf("kept %+v, want %+v", d.Kept, c.kept)
			}
			if len(f.jobs) > 0 || len(f.volumes["common"]) == 0 || (len(f.volumes["shop-data"]) > 0) == slices.Contains(c.volumes, "shop-data") {
				t.Errorf("left: jobs %d, volumes %v", len(f.jobs), f.volumes)
			}
			if got := strings.Join(slices.Sorted(maps.Keys(f.variables)), " "); got != c.variables {
				t.Errorf("variables %s", got)
			}
			if got := f.variables["nomad/jobs/api"].Items["mine"]; got != "kept" {
				t.Error("somebody else's item is gone")
			}
		})
	}
}

func TestDataCanGoAfterTheJobs(t *testing.T) {
	f := withData(t)
	clear(f.jobs)
	res, err := New(Deps{Nomad: f}).Destroy(t.Context(), DestroyOptions{Release: "shop", Volumes: []string{"shop-data"}}, &told{})
	if err != nil || !slices.Equal(res.Destroyed.Volumes, []string{"shop-data"}) || len(f.volumes["shop-data"]) > 0 {
		t.Errorf("%v, %+v", err, res.Destroyed)
	}
}

func TestWhatDestroyRefuses(t *testing.T) {
	no := &Error{Outcome: Refused, Err: errors.New("no")}
	for name, opt := range map[string]DestroyOptions{
		"a volume that there is not":     {Release: "shop", Volumes: []string{"nope"}},
		"a volume of somebody else":      {Release: "shop", Volumes: []string{"common"}},
		"a credential that there is not": {Release: "shop", Credentials: []string{"smtp"}},
		"a release that there is not":    {Release: "other"},
		"one that is not confirmed":      {Release: "shop", AllData: true, Confirm: func(*Destruction) error { return no }},
	} {
		f := withData(t)
		var e *Error
		if _, err := New(Deps{Nomad: f}).Destroy(t.Context(), opt, &told{}); !errors.As(err, &e) || e.Outcome != Refused || len(f.done()) > 0 {
			t.Errorf("%s: %v, %q", name, err, f.done())
		}
	}
}
