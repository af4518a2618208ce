package release

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// planVolumes looks at the stack's volumes: which do not exist yet, and which exist with another specification.
func (r *run) planVolumes(ctx context.Context, plan *Plan, p *problems) (missing map[string]bool, err error) {
	missing = map[string]bool{}
	for _, v := range r.manifest.Volumes {
		have, err := r.deps.Nomad.Volumes(ctx, v.Spec.Name)
		if err != nil {
			return nil, err
		}
		if len(have) == 0 {
			missing[v.Spec.Name] = true
			plan.Volumes = append(plan.Volumes, VolumePlan{Name: v.Spec.Name, Type: cmp.Or(v.Spec.PluginID, "mkdir")})
		}
	}
	return missing, nil
}

// volumes makes what does not exist. One that exists with another specification is an error: to make it anew would throw
// its data away, and that is nobody's to decide but the owner's.
func (r *run) volumes(ctx context.Context) error {
	for i, v := range r.manifest.Volumes {
		if i == 0 {
			r.enter(PhaseVolumes, "looking after %d volumes", len(r.manifest.Volumes))
		}
		have, err := r.deps.Nomad.Volumes(ctx, v.Spec.Name)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			if diff := volumeDiff(v.Spec, have[0]); diff != "" {
				return &Error{Outcome: Conflict, Err: fmt.Errorf("volume %s exists already, but %s", v.Spec.Name, diff),
					Hint: "put the pack's volume block back as it was, or, when the data is not needed, delete the volume and run again: nomad volume delete -type host " + have[0].ID}
			}
			continue
		}
		spec := *v.Spec
		if spec.Namespace == "" {
			spec.Namespace = r.manifest.Release.Namespace
		}
		if err := r.deps.Nomad.CreateVolume(ctx, &spec); err != nil {
			return err
		}
		r.say(Info, "", "created volume %s", v.Spec.Name)
	}
	return nil
}

// volumeDiff is how an existing volume differs from what the pack asks for, in what cannot be changed without making it
// anew; "" when it does not.
func volumeDiff(want, have *api.HostVolume) string {
	var diff []string
	if w := cmp.Or(want.PluginID, "mkdir"); w != have.PluginID {
		diff = append(diff, fmt.Sprintf("plugin_id is %q, not %q", have.PluginID, w))
	}
	for _, key := range slices.Sorted(maps.Keys(want.Parameters)) {
		if w, h := want.Parameters[key], have.Parameters[key]; w != h {
			diff = append(diff, fmt.Sprintf("parameter %s is %q, not %q", key, h, w))
		}
	}
	for _, w := range want.RequestedCapabilities {
		if !slices.ContainsFunc(have.RequestedCapabilities, func(h *api.HostVolumeCapability) bool { return *h == *w }) {
			diff = append(diff, fmt.Sprintf("it lacks the capability %s, %s", w.AccessMode, w.AttachmentMode))
		}
	}
	return strings.Join(diff, ", ")
}
