package release

import (
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// Manifest is one release as it is to be: all that is needed to submit it, without the pack that it was made from.
type Manifest struct {
	Pack        stack.Pack
	Release     stack.Release
	Waves       int
	Jobs        []Job    // in submit order: wave by wave, by ID within a wave
	Services    []string // that the tiers register in Consul, sorted
	Credentials []stack.Credential
	Volumes     []stack.Volume
	Hooks       []Hook // in the order in which they run
}

// Job is one rendered job of a manifest.
type Job struct {
	ID     string
	File   string // in the pack, for people
	Wave   int
	Source []byte // static HCL, which goes up with the job
	Spec   *api.Job
}

// manifestOf takes from a stack what a release needs of it.
func manifestOf(s *stack.Stack) *Manifest {
	m := &Manifest{Pack: s.Pack, Release: s.Release, Waves: len(s.Waves), Credentials: s.Credentials, Volumes: s.Volumes}
	for wave, jobs := range s.Waves {
		for _, j := range jobs {
			m.Jobs = append(m.Jobs, Job{ID: j.ID, File: j.File, Wave: wave, Source: j.Source, Spec: j.API})
		}
	}
	for _, t := range s.Tiers {
		m.Services = append(m.Services, t.Services...)
	}
	for _, h := range s.Hooks {
		j := s.Job(h.Job)
		if j == nil {
			continue
		}
		hook := Hook{Name: h.Name, Timeout: h.Timeout, Job: Job{ID: j.ID, File: j.File, Source: j.Source, Spec: j.API}}
		for _, on := range h.On {
			hook.On = append(hook.On, on.Event)
		}
		m.Hooks = append(m.Hooks, hook)
	}
	slices.Sort(m.Services)
	m.Services = slices.Compact(m.Services)
	return m
}
