package check

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownService: a gate that could never open, a template that stays empty, an upstream that nobody answers.
func unknownService() Rule {
	return Rule{
		ID:    "unknown-service",
		Finds: "a wait_for, a template or a Connect upstream that names a service which neither a tier of the stack nor an external block has",
		inspect: func(s *stack.Stack, f *findings) {
			u := newServiceUses(s, f)
			for _, t := range s.Tiers {
				for _, n := range t.Needs {
					u.use(n.Service, u.consul, "Tier "+quote(t.Name)+" waits for", n.Range)
				}
			}
			for _, c := range calls(s, "service", "nomadService", "connect", "safeService") {
				known := u.consul
				if c.function == "nomadService" {
					known = u.nomad
				}
				name := serviceOf(c.text)
				if slices.Contains(s.SwitchedOff, name) { // the template is empty while it is off; nothing waits for it
					u.used[name] = true
					continue
				}
				u.use(name, known, "A template of task "+quote(c.template.Task)+" asks for", c.at)
			}
			for _, t := range s.Tiers {
				for _, svc := range services(t) {
					for i, up := range upstreams(svc) {
						at := place{t.Job, svc.steps}.nth("connect", 0).nth("sidecar_service", 0).nth("proxy", 0).nth("upstreams", i).attr("destination_name")
						u.use(up.DestinationName, u.consul, "An upstream of service "+quote(svc.Name)+" is", at)
					}
				}
			}
			u.near.report(f, "service", u.unused())
		},
	}
}

// serviceUses compares uses of services with what is registered.
type serviceUses struct {
	*findings
	stack         *stack.Stack
	consul, nomad []string // sorted, with the external ones
	used          map[string]bool
	near          nearby
}

func newServiceUses(s *stack.Stack, f *findings) *serviceUses {
	u := &serviceUses{findings: f, stack: s, used: map[string]bool{}}
	for _, t := range s.Tiers {
		u.consul = append(u.consul, t.Services...)
		for _, svc := range services(t) {
			if !svc.consul() {
				u.nomad = append(u.nomad, svc.Name)
			}
			if c := svc.Connect; c != nil && c.SidecarService != nil {
				u.consul = append(u.consul, svc.Name+"-sidecar-proxy")
			}
		}
	}
	for _, known := range []*[]string{&u.consul, &u.nomad} {
		*known = append(*known, s.External.Services...)
		slices.Sort(*known)
		*known = slices.Compact(*known)
	}
	return u
}

func (u *serviceUses) use(name string, known []string, what string, at hcl.Range) {
	if name == "" || runtime(name) {
		return
	}
	u.used[name] = true
	if slices.Contains(known, name) {
		return
	}
	u.near.add(name, at)
	if strings.HasPrefix(name, u.stack.Release.Name+"-") {
		u.error(at, "Nobody registers this service", "%s the service %q, and no tier of this stack registers it.%s The services here: %s.",
			what, name, diag.DidYouMean(name, known, ""), diag.List(known, "none"))
		return
	}
	u.warn(at, "Nobody registers this service",
		"%s the service %q, which is not this release's.%s If somebody else registers it, say so in pack.hcl: external { services = [%q] }.",
		what, name, diag.DidYouMean(name, known, ""), name)
}

// unused are the services that nothing in the stack asks for.
func (u *serviceUses) unused() []definition {
	var out []definition
	for _, t := range u.stack.Tiers {
		for _, svc := range services(t) {
			if svc.Name != "" && !u.used[svc.Name] {
				out = append(out, definition{svc.Name, t.Job.At(svc.at(stack.Attr("name"))...)})
			}
		}
	}
	return out
}

// serviceOf is the name in consul-template's "tag.name@dc~near".
func serviceOf(text string) string {
	text, _, _ = strings.Cut(text, "|")
	text, _, _ = strings.Cut(text, "@")
	text, _, _ = strings.Cut(text, "~")
	text, _, _ = strings.Cut(text, "?")
	return text[strings.LastIndexByte(text, '.')+1:]
}

func upstreams(svc placed) []*api.ConsulUpstream {
	c := svc.Connect
	if c == nil || c.SidecarService == nil || c.SidecarService.Proxy == nil {
		return nil
	}
	return c.SidecarService.Proxy.Upstreams
}
