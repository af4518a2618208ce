package eval

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/api"
	"github.com/zclconf/go-cty/cty"
)

// kept is the decoder of a block of pack.hcl, or nil when its `when` is false.
func (e *evaluator) kept(b *hclsyntax.Block) *decoder {
	f := &fileEval{evaluator: e}
	if keep, _ := f.when(b.Body, e.base); !keep {
		f.namesOnly(b.Body, e.base, b.Type)
		return nil
	}
	return &decoder{fileEval: f, scope: e.base, block: b}
}

func (e *evaluator) volumes() {
	for _, b := range e.pack.Volumes {
		d := e.kept(b)
		if d == nil {
			continue
		}
		if t := d.text("type", "host"); t != "host" {
			e.diags.Add("volume-type", b.Body.Attributes["type"].Expr.Range(), "Unknown volume type", "packctl makes volumes of type \"host\", not %q.", t)
		}
		spec := &api.HostVolume{
			Name:                      d.text("name", e.result.Release.Name+"-"+b.Labels[0]),
			Namespace:                 d.text("namespace", e.result.Release.Namespace),
			PluginID:                  d.text("plugin_id", "mkdir"),
			NodePool:                  d.text("node_pool", ""),
			NodeID:                    d.text("node_id", ""),
			HostPath:                  d.text("host_path", ""),
			RequestedCapacityMinBytes: d.bytes("capacity_min"),
			RequestedCapacityMaxBytes: d.bytes("capacity_max"),
			Parameters:                d.parameters(),
		}
		for _, sub := range b.Body.Blocks {
			s := d.sub(sub)
			switch sub.Type {
			case "capability":
				spec.RequestedCapabilities = append(spec.RequestedCapabilities, &api.HostVolumeCapability{
					AccessMode:     api.HostVolumeAccessMode(s.required("access_mode")),
					AttachmentMode: api.HostVolumeAttachmentMode(s.required("attachment_mode")),
				})
			case "constraint":
				s.runtime = true
				spec.Constraints = append(spec.Constraints, &api.Constraint{
					LTarget: s.text("attribute", ""), RTarget: s.text("value", ""), Operand: s.text("operator", "="),
				})
			}
		}
		if spec.RequestedCapabilities == nil {
			spec.RequestedCapabilities = []*api.HostVolumeCapability{{
				AccessMode: api.HostVolumeAccessModeSingleNodeWriter, AttachmentMode: api.HostVolumeAttachmentModeFilesystem,
			}}
		}
		e.result.Volumes = append(e.result.Volumes, Volume{Label: b.Labels[0], Spec: spec, Range: b.DefRange()})
	}
}

// parameters may be a block or an attribute, as in Nomad.
func (d *decoder) parameters() map[string]string {
	out := map[string]string{}
	if v, _, ok := d.value("parameters", cty.Map(cty.String)); ok {
		for k, e := range v.AsValueMap() {
			if !e.IsNull() {
				out[k] = e.AsString()
			}
		}
	}
	for _, b := range d.block.Body.Blocks {
		if b.Type == "parameters" {
			s := d.sub(b)
			for name := range b.Body.Attributes {
				if v, _, ok := s.value(name, cty.String); ok {
					out[name] = v.AsString()
				}
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (e *evaluator) outputs() {
	for _, b := range e.pack.Outputs {
		d := e.kept(b)
		if d == nil {
			continue
		}
		e.result.Outputs = append(e.result.Outputs, Output{Name: b.Labels[0], Description: d.text("description", ""), Value: d.required("value")})
	}
}

func (e *evaluator) external() {
	x := &e.result.External
	for _, b := range e.pack.Externals {
		d := e.kept(b)
		if d == nil {
			continue
		}
		x.Services = append(x.Services, d.texts("services")...)
		x.Variables = append(x.Variables, d.texts("variables")...)
		x.Volumes = append(x.Volumes, d.texts("volumes")...)
	}
	slices.Sort(x.Services)
	slices.Sort(x.Variables)
	slices.Sort(x.Volumes)
}
