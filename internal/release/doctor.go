package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// Patient answers what the doctor asks of Nomad.
type Patient interface {
	// Servers are the servers as the agent knows them.
	Servers(ctx context.Context) ([]*api.AgentMember, error)
	// Node reads a client with its attributes.
	Node(ctx context.Context, id string) (*api.Node, error)
	// Token is that of the requests; nil while ACLs are off.
	Token(ctx context.Context) (*api.ACLToken, error)
	// May asks for something harmless that needs a right, and fails with a FaultDenied when it is not there.
	May(ctx context.Context, right Right) error
	// Clock is what time it is on the agent, to the second, and how long the answer took.
	Clock(ctx context.Context) (at time.Time, took time.Duration, err error)
	// KillTimeout is the agent's own max_kill_timeout when it is a client too and tells; 0 otherwise.
	KillTimeout(ctx context.Context) (time.Duration, error)
}

// Right is a capability of Nomad's ACLs that can be asked for without changing anything.
type Right string

// The rights that can be asked for.
const (
	RightListJobs  Right = "list-jobs"
	RightSubmitJob Right = "submit-job"
	RightScaleJob  Right = "scale-job"
	RightVolumes   Right = "host-volume-read"
	RightNodes     Right = "node:read"
	RightSecrets   Right = "variables nomad/jobs/*"
	RightRecords   Right = "variables packctl/*"
)

// ConsulPatient is what the doctor asks of Consul, where Health can answer it.
type ConsulPatient interface {
	// Agent is the version of the agent and the addresses that its HTTP API listens on; empty where the token may not see them.
	Agent(ctx context.Context) (version string, listens []string, err error)
}

// Checkup is what the doctor found.
type Checkup struct {
	Healthy  bool      `json:"healthy"` // no finding is bad
	Findings []Finding `json:"findings"`
}

// Finding is one line of a checkup.
type Finding struct {
	Area   string  `json:"area"` // nomad, clients, consul, rights, clock, pack
	Level  Verdict `json:"level"`
	Text   string  `json:"text"`
	Remedy string  `json:"remedy,omitempty"`
}

// Verdict says how a finding is meant.
type Verdict string

// The verdicts.
const (
	Fine  Verdict = "ok"
	Worth Verdict = "warning" // works, or not for everything, or nobody can tell from here
	Bad   Verdict = "error"
)

// Doctor looks at a cluster, and with a stack at whether that could run on it. Nothing is changed.
func (e *Engine) Doctor(ctx context.Context, s *stack.Stack) (*Checkup, error) {
	d := &doctor{run: run{verb: verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}}}
	d.area = "nomad"
	servers, err := d.deps.Nomad.Servers(ctx)
	if err != nil && !d.denied(err, "the servers' versions are not known") {
		return nil, d.classify(ctx, err)
	}
	d.versions("server", len(servers), func(i int) (string, string) { return servers[i].Name, servers[i].Tags["build"] })
	for _, look := range []func(context.Context) error{d.clients, d.clock, d.consul, d.rights} {
		if err := look(ctx); err != nil {
			return nil, d.classify(ctx, err)
		}
	}
	if s != nil {
		d.manifest = manifestOf(s)
		if err := d.pack(ctx); err != nil {
			return nil, d.classify(ctx, err)
		}
	}
	out := &Checkup{Findings: d.findings}
	out.Healthy = !slices.ContainsFunc(d.findings, func(f Finding) bool { return f.Level == Bad })
	return out, nil
}

type doctor struct {
	run
	area     string
	bridges  bool // a client has the CNI plugins
	findings []Finding
}

func (d *doctor) find(level Verdict, remedy, format string, args ...any) {
	d.findings = append(d.findings, Finding{Area: d.area, Level: level, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

// denied notes a right that is missing; it returns false for every other fault.
func (d *doctor) denied(err error, what string) bool {
	var denied FaultDenied
	if !errors.As(err, &denied) {
		return false
	}
	d.find(Worth, denied.Hint(), "%s: the token may not look", what)
	return true
}

// Versions of Nomad: what packctl uses came with needed (dynamic host volumes), and it is tested with tested.
const (
	nomadNeeded  = "1.10.0"
	nomadTested  = "1.11.0"
	consulNeeded = "1.18.0"
	consulTested = "1.22.0"
)

// versions judges the versions of agents.
func (d *doctor) versions(noun string, n int, agent func(i int) (name, version string)) {
	old, untested, seen := []string{}, []string{}, []string{}
	for i := range n {
		name, version := agent(i)
		switch {
		case older(version, nomadNeeded):
			old = append(old, name+" "+version)
		case older(version, nomadTested):
			untested = append(untested, name+" "+version)
		}
		if !slices.Contains(seen, version) {
			seen = append(seen, version)
		}
	}
	switch {
	case n == 0:
	case len(old) > 0:
		d.find(Bad, "update it: dynamic host volumes came with Nomad 1.10", "Nomad %s too old: %s", noun, some(old))
	case len(untested) > 0:
		d.find(Worth, "packctl is tested with Nomad 1.11", "Nomad %s older than packctl is tested with: %s", noun, some(untested))
	default:
		d.find(Fine, "", "%s, Nomad %s", plural(n, noun), strings.Join(seen, ", "))
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// older compares versions as major.minor.patch; what cannot be read is not older.
func older(a, b string) bool {
	var x, y [3]int
	if n, _ := fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2]); n < 2 {
		return false
	}
	_, _ = fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2])
	return slices.Compare(x[:], y[:]) < 0
}

const (
	skewWorth = 2 * time.Second // the agent tells its time to the second
	skewBad   = 30 * time.Second
)

// clock compares this machine's clock with the agent's. Certificates and tokens are dated by both.
func (d *doctor) clock(ctx context.Context) error {
	d.area = "clock"
	at, took, err := d.deps.Nomad.Clock(ctx)
	if err != nil || at.IsZero() {
		return err
	}
	skew := d.deps.Now().Sub(at.Add(took / 2)).Abs()
	const remedy = "run an NTP client on every machine (timedatectl shows whether one runs)"
	switch {
	case skew > skewBad:
		d.find(Bad, remedy, "the clocks of this machine and of the agent differ by %s", skew.Round(time.Second))
	case skew > skewWorth:
		d.find(Worth, remedy, "the clocks of this machine and of the agent differ by %s", skew.Round(time.Second))
	default:
		d.find(Fine, "", "this machine and the agent agree on the time")
	}
	return nil
}

// verbsOf are the verbs that need a right.
var verbsOf = []struct {
	right Right
	verbs string
}{
	{RightListJobs, "every verb that looks at a release"},
	{RightNodes, "run, scale, restart, doctor"},
	{RightVolumes, "run and destroy of packs with volumes, status"},
	{RightSubmitJob, "plan, run, stop, rollback, destroy"},
	{RightScaleJob, "scale"},
	{RightSecrets, "run, credential"},
	{RightRecords, "run, history, rollback, credential"},
}

// rights asks for what each verb needs.
func (d *doctor) rights(ctx context.Context) error {
	d.area = "rights"
	token, err := d.deps.Nomad.Token(ctx)
	if err != nil && !d.denied(err, "the token is not known to Nomad") {
		return err
	}
	if err == nil && token == nil {
		d.find(Worth, "nomad acl bootstrap, and acl { enabled = true } on every agent; docs/operations.md has the policies", "ACLs are off: everybody may do everything")
		return nil
	}
	if token != nil {
		text := "token " + token.Name
		if token.Type == "management" {
			text += " may do everything (management)"
		}
		d.find(Fine, "", "%s", text)
		if end := token.ExpirationTime; end != nil && end.Sub(d.deps.Now()) < 24*time.Hour {
			d.find(Worth, "ask for a new one", "the token ends at %s", end.Local().Format("2006-01-02 15:04"))
		}
	}
	for _, r := range verbsOf {
		err := d.deps.Nomad.May(ctx, r.right)
		var denied FaultDenied
		switch {
		case errors.As(err, &denied):
			d.find(Bad, "docs/operations.md has the policies; or do without these verbs", "the token lacks %s, for %s", r.right, r.verbs)
		case err != nil:
			return err
		default:
			d.find(Fine, "", "%s: %s", r.right, r.verbs)
		}
	}
	d.find(Worth, "", "rights that cannot be asked for without using them: alloc-exec (exec), alloc-lifecycle (restart), host-volume-create and -delete")
	return nil
}

// pack tells whether the cluster has what a stack needs: drivers, ports, volumes' plugins, bridge networks.
func (d *doctor) pack(ctx context.Context) error {
	d.area = "pack"
	p := problems{outcome: Failed}
	if err := d.load(ctx, &p); err != nil {
		return err
	}
	var hooks []*api.Job
	for _, h := range d.manifest.Hooks {
		hooks = append(hooks, h.Job.Spec)
	}
	before := len(p.list)
	if err := d.drivers(ctx, &p, slices.Concat(d.specs(), hooks)); err != nil {
		return err
	}
	if len(p.list) == before {
		d.find(Fine, "", "a client has each driver of the pack")
	}
	before = len(p.list)
	if err := d.ports(ctx, &p); err != nil {
		return err
	}
	if d.deps.Local == nil {
		d.find(Worth, "run doctor on a machine that is a client", "whether other programs hold the pack's static ports can only be seen on the clients")
	} else if len(p.list) == before {
		d.find(Fine, "", "the pack's static ports are free")
	}
	for _, job := range d.jobs {
		for _, tg := range job.api.TaskGroups {
			bridged := slices.ContainsFunc(tg.Networks, func(n *api.NetworkResource) bool { return n.Mode == "bridge" })
			if bridged && !d.bridges {
				d.find(Bad, "install containernetworking-plugins on a client", "tier %s needs a bridge network, and no client has the CNI plugins", value(tg.Name))
			}
		}
	}
	for _, x := range p.list {
		d.find(Bad, x.Hint, "%s", x.Message)
	}
	return nil
}
