package check

import (
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// volumeBlock: what the server says about volume and volume_mount blocks, without a place.
func volumeBlock() Rule {
	return Rule{
		ID:    "volume-block",
		Finds: "a group's volume or a task's volume_mount that Nomad's server refuses, or that contradicts the pack's volume",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, label := range slices.Sorted(maps.Keys(t.Group.Volumes)) {
					volume(s, t, f, ofTier(t).labelled("volume", label), t.Group.Volumes[label])
				}
				for _, task := range t.Group.Tasks {
					for i, m := range task.VolumeMounts {
						at := ofTier(t).labelled("task", task.Name).nth("volume_mount", i)
						f.oneOf(at, "propagation_mode", deref(m.PropagationMode), volumeSummary, "private", "host-to-task", "bidirectional")
						if d := deref(m.Destination); d != "" && !runtime(d) && !path.IsAbs(d) && task.Driver == "docker" {
							f.warn(at.attr("destination"), volumeSummary, "destination is %q; in a container it is an absolute path.", d)
						}
					}
				}
			}
		},
	}
}

const volumeSummary = "Volume that Nomad refuses"

func volume(s *stack.Stack, t *stack.Tier, f *findings, at place, v *api.VolumeRequest) {
	f.oneOf(at, "type", v.Type, volumeSummary, "host", "csi")
	reader := []string{"single-node-reader-only"}
	modes := append(reader, "single-node-writer", "single-node-single-writer", "single-node-multi-writer")
	attach := []string{"file-system", "block-device"}
	if v.Type == "csi" {
		modes = append(modes[:2:2], "multi-node-reader-only", "multi-node-single-writer", "multi-node-multi-writer")
	}
	f.oneOf(at, "access_mode", v.AccessMode, volumeSummary, modes...)
	f.oneOf(at, "attachment_mode", v.AttachmentMode, volumeSummary, attach...)
	canaries := t.Group.Update != nil && deref(t.Group.Update.Canary) > 0
	switch {
	case v.Type == "":
		f.error(at.here(), volumeSummary, "The volume %q has no type: host or csi.", v.Name)
	case v.Source == "":
		f.error(at.attr("source"), volumeSummary, "The volume %q has no source, the name of the volume on the node.", v.Name)
	case v.Type == "host" && v.MountOptions != nil:
		f.error(at.nth("mount_options", 0).here(), volumeSummary, "A host volume has no mount_options.")
	case v.AccessMode == reader[0] && !v.ReadOnly:
		f.error(at.attr("access_mode"), volumeSummary, "A volume that is only read needs read_only = true.")
	case v.Type == "csi" && (v.AccessMode == "" || v.AttachmentMode == ""):
		f.error(at.here(), volumeSummary, "A CSI volume needs access_mode and attachment_mode.")
	case v.PerAlloc && canaries:
		f.error(at.attr("per_alloc"), volumeSummary, "per_alloc and canaries exclude each other: a canary has no volume of its own.")
	case v.PerAlloc && v.Sticky:
		f.error(at.attr("per_alloc"), volumeSummary, "per_alloc and sticky exclude each other.")
	}
	capability(s, f, at, v)
}

// capability compares a request with the volume that the pack itself makes: the scheduler would find no node for another mode.
func capability(s *stack.Stack, f *findings, at place, v *api.VolumeRequest) {
	for _, own := range s.Volumes {
		if own.Spec.Name != v.Source {
			continue
		}
		var access, attach []string
		for _, c := range own.Spec.RequestedCapabilities {
			access, attach = append(access, string(c.AccessMode)), append(attach, string(c.AttachmentMode))
		}
		f.oneOf(at, "access_mode", v.AccessMode, "Volume in another mode", access...)
		f.oneOf(at, "attachment_mode", v.AttachmentMode, "Volume in another mode", attach...)
	}
}
