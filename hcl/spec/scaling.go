package spec

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Scaling is the policy of a group's scaling block: how many instances its queues need. Nomad keeps it as it stands and does
// nothing with it; the autoscale sidecar is what reads it. How few and how many there may be say min and max of the block.
type Scaling struct {
	Target Target
	Queues []Queue // as they stand
	// Cooldown is the pause after a change of the count.
	Cooldown Duration
	// Stabilisation is the window whose highest need counts when instances are to be taken away.
	Stabilisation Duration
	StepUp        int // most instances added at once, 0: as many as are needed
	StepDown      int // most instances taken away at once, 0: as many
}

// Target is what the number of instances is to bring about. Exactly one is set.
type Target struct {
	Wait      Duration // how long a job waits before it is begun
	Backlog   float64  // jobs that wait, for each instance
	Occupancy float64  // the busy part of all instances, above 0 to 1
}

// Queue is one queue that the group's instances work off.
type Queue struct {
	Name       string
	Type       string // one of QueueTypes
	Service    string // Consul service of the Redis, default "<release>-redis"
	Credential string // the pack's credential that is its password, "" for none
	Database   int    // of the Redis, default 0
	Prefix     string // before each of its keys
	Group      string // of a redis-stream: the consumer group
}

// same reports whether two blocks mean one queue, whatever they say about the way to it.
func (q Queue) same(other Queue) bool {
	return q.Name == other.Name && q.Service == other.Service && q.Database == other.Database && q.Prefix == other.Prefix
}

// QueueTypes lists the kinds of queue, all of them on Redis.
func QueueTypes() []string {
	return []string{"bullmq", "celery", "horizon", "laravel", "redis-stream", "rq", "sidekiq"}
}

// Defaults of a scaling policy.
const (
	DefaultCooldown      = 10 * time.Second
	DefaultStabilisation = time.Minute
)

// PolicyFault is something wrong in a scaling policy, and where.
type PolicyFault struct {
	Block string   // target or queue; "" for the policy itself
	Nth   int      // among the blocks of that kind, from 0
	Attr  string   // in the block; "" for all of it
	Text  string   // one or more sentences
	Given string   // a name that is not known …
	Known []string // … among these, sorted
}

// DecodeScaling reads the policy of a scaling block, as Nomad's parser or its API hands it over, with defaults filled in. It is
// nil when there is no policy, or one of Nomad's own autoscaler (with check blocks), and when there are faults.
func DecodeScaling(policy map[string]any, release string) (*Scaling, []PolicyFault) {
	_, theirs := policy["check"]
	if len(policy) == 0 || theirs && policy["queue"] == nil && policy["target"] == nil {
		return nil, nil
	}
	d := &policyDecoder{}
	top := body{d: d, name: "policy", values: policy}
	top.known("cooldown", "queue", "stabilisation", "step_down", "step_up", "target")
	s := &Scaling{
		Cooldown:      top.duration("cooldown", DefaultCooldown),
		Stabilisation: top.duration("stabilisation", DefaultStabilisation),
		StepUp:        top.whole("step_up", 0, 1, 1000),
		StepDown:      top.whole("step_down", 0, 1, 1000),
	}
	s.Target = d.target(policy["target"])
	s.Queues = d.queues(policy["queue"], release)
	if d.faults != nil {
		return nil, d.faults
	}
	return s, nil
}

type policyDecoder struct{ faults []PolicyFault }

func (d *policyDecoder) target(v any) Target {
	all, ok := Blocks(v)
	if !ok || len(all) != 1 {
		d.faults = append(d.faults, PolicyFault{Block: "target", Nth: max(len(all)-1, 0),
			Text: "A policy has one target block: target { wait = \"30s\" }, or backlog or occupancy."})
		return Target{}
	}
	b := body{d: d, block: "target", name: "target", values: all[0]}
	b.known("backlog", "occupancy", "wait")
	n := 0
	for _, name := range []string{"backlog", "occupancy", "wait"} {
		if _, ok := all[0][name]; ok {
			n++
		}
	}
	if n > 1 || len(all[0]) == 0 {
		b.fault("", "A target is one of wait (how long a job may wait, \"30s\"), backlog (jobs that wait for each instance) and occupancy (the busy part of the instances, 0.8).")
	}
	return Target{Wait: b.duration("wait", 0), Backlog: b.fraction("backlog", 1e9), Occupancy: b.fraction("occupancy", 1)}
}

func (d *policyDecoder) queues(v any, release string) []Queue {
	const want = "A queue has a name and a type: queue \"default\" { type = \"laravel\" }."
	all, ok := Blocks(v)
	if !ok || len(all) == 0 {
		d.faults = append(d.faults, PolicyFault{Block: "queue", Text: "The policy names no queue. " + want})
		return nil
	}
	var out []Queue
	nth := -1
	for _, labelled := range all {
		for _, name := range slices.Sorted(maps.Keys(labelled)) {
			bodies, ok := Blocks(labelled[name])
			if !ok { // a queue without a label: its attributes stand where the label would
				nth++
				d.faults = append(d.faults, PolicyFault{Block: "queue", Nth: nth, Text: want})
				break
			}
			for _, values := range bodies {
				nth++
				b := body{d: d, block: "queue", nth: nth, name: fmt.Sprintf("queue %q", name), values: values}
				q := b.queue(name, release)
				if slices.ContainsFunc(out, q.same) {
					b.fault("", "The policy names the queue %q twice.", name)
				}
				out = append(out, q)
			}
		}
	}
	return out
}

func (b body) queue(name, release string) Queue {
	b.known("credential", "database", "group", "prefix", "service", "type")
	q := Queue{
		Name: name, Type: b.text("type", ""), Service: b.text("service", release+"-redis"), Credential: b.text("credential", ""),
		Database: b.whole("database", 0, 0, 1023), Prefix: b.text("prefix", ""), Group: b.text("group", ""),
	}
	_, typed := b.values["type"]
	switch {
	case !typed:
		b.fault("", "%s has no type.", b.name)
	case q.Type != "" && !slices.Contains(QueueTypes(), q.Type):
		b.d.faults = append(b.d.faults, PolicyFault{Block: b.block, Nth: b.nth, Attr: "type",
			Text: fmt.Sprintf("%q is no type of queue.", q.Type), Given: q.Type, Known: QueueTypes()})
	case q.Type == "redis-stream" && q.Group == "":
		b.fault("", "A redis-stream needs group, the consumer group whose work is counted.")
	case q.Type != "redis-stream" && q.Group != "":
		b.fault("group", "Only a redis-stream has a group.")
	}
	return q
}
