//go:build integration

package release_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// TestVerbs looks at a release on real agents, acts on it, and removes it.
func TestVerbs(t *testing.T) {
	r := newReal(t)
	secret := `template {
      data        = "{{ with nomadVar \"nomad/jobs/verbs-web\" }}{{ .key }}{{ end }}"
      destination = "secrets/key"
      change_mode = "restart"
    }`
	s := newStack(t, "verbs", []job{{name: "web", script: "touch $NOMAD_ALLOC_DIR/ready\n" + forever, group: "count = 2\n" + checked("verbs-web"), task: secret}})
	s.Credentials = []stack.Credential{{Name: "key", Generate: true, Password: &stack.Password{Length: 12}, Readers: []string{"verbs-web"}}}
	s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "verbs-data", PluginID: "mkdir", RequestedCapabilities: []*api.HostVolumeCapability{
		{AccessMode: "single-node-writer", AttachmentMode: "file-system"}}}}}
	r.ok(t, s, release.Healthy)
	e := r.engine()

	look := func() *release.Overview {
		t.Helper()
		var o *release.Overview
		if err := e.Status(t.Context(), release.StatusOptions{Release: "verbs", Namespace: "default"}, func(x *release.Overview) { o = x }); err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := look(); !o.Healthy || len(o.Tiers) != 1 || len(o.Tiers[0].Instances) != 2 || len(o.Tiers[0].Instances[0].Checks) != 1 || o.Revision != 1 {
		t.Errorf("status: %+v", o)
	}
	list, err := e.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Release != "verbs" || list[0].State != release.ListRunning || list[0].Revision != 1 {
		t.Errorf("list: %+v, %v", list, err)
	}

	run := func(index int, script string) (string, int, error) {
		var out bytes.Buffer
		code, err := e.Exec(t.Context(), release.ExecOptions{Tier: "web", Index: index, Session: release.Session{
			Command: []string{"/bin/sh", "-c", script}, In: strings.NewReader("given\n"), Out: &out, Err: &out}})
		return strings.TrimSpace(out.String()), code, err
	}
	if out, code, err := run(1, `read x; echo "$x $NOMAD_ALLOC_INDEX"; exit 7`); err != nil || code != 7 || out != "given 1" {
		t.Errorf("exec: %q, %d, %v", out, code, err)
	}

	old, _, _ := run(0, "cat $NOMAD_SECRETS_DIR/key")
	if _, err := e.Rotate(t.Context(), release.RotateOptions{Release: "verbs", Name: "key"}, &events{t: t}); err != nil {
		t.Fatal(err)
	}
	// The template's text is new some seconds before the task is restarted for it.
	for deadline := time.Now().Add(time.Minute); ; {
		if now, _, err := run(0, "cat $NOMAD_SECRETS_DIR/key"); err == nil && now != old && restarted(r.allocs(t, "verbs-web")) && look().Healthy {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the task still reads %d characters of the old key, or was not restarted: %v", len(now), err)
		}
	}

	res, err := e.Restart(t.Context(), release.RestartOptions{Release: "verbs", Timeout: time.Minute}, &events{t: t})
	if err != nil || !slices.Equal(res.Restarted, []string{"web[0]", "web[1]"}) {
		t.Errorf("restart: %v, %v", res.Restarted, err)
	}
	for _, a := range r.allocs(t, "verbs-web") {
		if st := a.TaskStates["main"]; st.Restarts < 1 || st.State != "running" { // the restart of a changed template may be counted, too
			t.Errorf("%s: %d restarts, %s", a.Name, st.Restarts, st.State)
		}
	}

	if c, err := e.Doctor(t.Context(), s); err != nil || !c.Healthy {
		t.Errorf("doctor: %+v, %v", c, err)
	}

	if res, err = e.Destroy(t.Context(), release.DestroyOptions{Release: "verbs", Timeout: time.Minute}, &events{t: t}); err != nil {
		t.Fatal(err)
	}
	if k := res.Destroyed.Kept; !slices.Equal(k.Volumes, []string{"verbs-data"}) || !slices.Equal(k.Credentials, []string{"key"}) {
		t.Errorf("kept %+v", k)
	}
	if _, err = e.Destroy(t.Context(), release.DestroyOptions{Release: "verbs", AllData: true, Timeout: time.Minute}, &events{t: t}); err != nil {
		t.Fatal(err)
	}
	volumes, err := r.nomad.Volumes(t.Context(), "verbs-data")
	if v, varErr := r.nomad.VariablePaths(t.Context(), ""); err != nil || varErr != nil || len(v)+len(volumes) > 0 {
		t.Errorf("left: %q, %v; %v, %v", v, volumes, err, varErr)
	}
	var gone *release.Error
	if err := e.Status(t.Context(), release.StatusOptions{Release: "verbs"}, func(*release.Overview) {}); !errors.As(err, &gone) || gone.Outcome != release.Refused {
		t.Errorf("status of nothing: %v", err)
	}
}

// restarted says whether each allocation's task has started anew after it was told to.
func restarted(allocs []*api.AllocationListStub) bool {
	for _, a := range allocs {
		events := a.TaskStates["main"].Events
		told := slices.IndexFunc(events, func(e *api.TaskEvent) bool { return e.Type == api.TaskRestartSignal })
		if told < 0 || !slices.ContainsFunc(events[told:], func(e *api.TaskEvent) bool { return e.Type == api.TaskStarted }) {
			return false
		}
	}
	return true
}
