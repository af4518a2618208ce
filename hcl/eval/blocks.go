package eval

import (
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/api"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/diag"
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

func (e *evaluator) credentials() {
	for _, b := range e.pack.Credentials {
		d := e.kept(b)
		if d == nil {
			continue
		}
		c := Credential{Name: b.Labels[0], Generate: d.flag("generate", true), Volumes: d.texts("volumes"), Range: b.DefRange()}
		for _, name := range c.Volumes {
			e.volumeExists(name, b)
		}
		for i, v := range c.Volumes {
			c.Volumes[i] = e.result.Release.Name + "-" + v
		}
		_, given := b.Body.Attributes["value"]
		kinds := 0
		if given {
			kinds++
			c.Value = d.secret()
			c.Generate = false
		}
		for _, sub := range b.Body.Blocks {
			kinds++
			s := d.sub(sub)
			switch sub.Type {
			case "password":
				c.Password = &Password{Length: s.number("length", 32, 8, 256)}
			case "certificate":
				c.Certificate = s.certificate()
			}
		}
		if kinds > 1 {
			e.diags.Add("two-kinds", b.DefRange(), "Two kinds of credential", "A credential is one of password, certificate or value.")
		}
		if kinds == 0 {
			// Nothing says how to make one, so somebody must have put it there.
			c.Generate = false
		}
		e.result.Credentials = append(e.result.Credentials, c)
	}
}

func (e *evaluator) volumeExists(name string, credential *hclsyntax.Block) {
	var names []string
	for _, v := range e.pack.Volumes {
		if v.Labels[0] == name {
			return
		}
		names = append(names, v.Labels[0])
	}
	e.diags.Add("unknown-volume", credential.Body.Attributes["volumes"].Expr.Range(), "Unknown volume", "%s",
		"The pack has no volume "+quote(name)+"."+diag.DidYouMean(name, names, "")+" It has: "+diag.List(names, "none")+".")
}

// secret is the value of a credential: the one place where a sensitive variable may be read. Nothing of it may show.
func (d *decoder) secret() *Secret {
	a := d.block.Body.Attributes["value"]
	before := len(d.diags)
	r := d.classify(a.Expr, d.scope, true).at[a.Expr]
	if d.diags[before:].HasErrors() {
		return nil
	}
	at := a.Expr.Range()
	if r.runtime || r.bound != 0 {
		d.diags.Add("not-static", at, "Not known before deployment", "value is written before anything runs, so it may read var, local, pack and release only.")
		return nil
	}
	v, diags := a.Expr.Value(d.scope.ctx)
	if !diags.HasErrors() && !v.IsWhollyKnown() {
		return nil
	}
	v, _ = v.UnmarkDeep()
	text, err := convert.Convert(v, cty.String)
	if diags.HasErrors() || err != nil || text.IsNull() {
		d.diags = append(d.diags, diag.Diagnostic{ID: "bad-secret", Summary: "Value of a credential is not a text", Subject: at, Hidden: r.sensitive == nil,
			Detail: "The value of credential " + quote(d.block.Labels[0]) + " must be a text; what it is instead is not shown, because it is secret."})
		return nil
	}
	s := NewSecret(text.AsString())
	return &s
}

func (d *decoder) certificate() *Certificate {
	c := &Certificate{
		CommonName: d.text("common_name", "localhost"), DNSNames: d.texts("dns_names"), IPs: d.texts("ips"),
		ValidFor: d.duration("valid_for", 365*24*time.Hour),
	}
	return c
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
