package stack

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
)

// Assemble puts the evaluated files and Nomad's reading of them together. jobs are found by their ID; a file without a
// job is left out, because whoever could not parse it has said so. With errors the stack is as complete as it can be,
// so that checks may still run on it; Waves is then nil when there is a cycle.
func Assemble(r *eval.Result, jobs []*api.Job) (*Stack, diag.Diagnostics) {
	s := &Stack{Pack: r.Pack, Release: r.Release, Hooks: slices.Clone(r.Hooks), Outputs: slices.Clone(r.Outputs), External: r.External}
	s.addJobs(r, jobs)
	switchedOff := make([][]string, len(r.Removed))
	pack.Each(len(switchedOff), func(i int) { switchedOff[i] = servicesIn(r.Removed[i].Source) })
	s.SwitchedOff = slices.Concat(switchedOff...)
	s.connect()
	diags := s.order()
	s.addTemplates()
	s.addCredentials(r.Credentials)
	s.addVolumes(r.Volumes)
	s.addDataOfCredentials()
	diags.Sort()
	return s, diags
}

// addJobs makes the jobs and tiers.
func (s *Stack) addJobs(r *eval.Result, jobs []*api.Job) {
	byID := map[string]*api.Job{}
	for _, j := range jobs {
		if j != nil && j.ID != nil {
			byID[*j.ID] = j
		}
	}
	found := make([]places, len(r.Files))
	pack.Each(len(found), func(i int) { found[i] = newPlaces(r.Files[i]) })
	for i, f := range r.Files {
		parsed := byID[f.Job]
		if parsed == nil {
			continue
		}
		job := &Job{ID: f.Job, File: f.Name, Source: f.Source, API: parsed, places: found[i], texts: r.Texts}
		s.Jobs = append(s.Jobs, job)
		for _, group := range parsed.TaskGroups {
			s.Tiers = append(s.Tiers, newTier(job, group, f.Prepares))
		}
	}
	slices.SortStableFunc(s.Jobs, func(a, b *Job) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(s.Tiers, func(a, b *Tier) int { return cmp.Compare(a.JobID, b.JobID) })
}

func newTier(job *Job, group *api.TaskGroup, prepares []eval.Prepare) *Tier {
	t := &Tier{
		Name:  deref(group.Name),
		JobID: job.ID,
		Type:  "service",
		Count: 1,
		Job:   job,
		Group: group,
	}
	if job.API.Type != nil {
		t.Type = *job.API.Type
	}
	if group.Count != nil {
		t.Count = *group.Count
	}
	for _, svc := range groupServices(group) {
		t.Services = append(t.Services, serviceName(job.ID, t.Name, svc))
	}
	slices.Sort(t.Services)
	t.Services = slices.Compact(t.Services)
	for i := range prepares {
		p := &prepares[i]
		if p.Group != t.Name {
			continue
		}
		t.Prepare = p
		t.Migrates = p.Migration != nil
		for _, w := range p.WaitFor {
			need := Need{Name: w.Name, Kind: w.Kind, Range: w.Range}
			if w.Service != nil {
				need.Service = w.Service.Name
			}
			t.Needs = append(t.Needs, need)
		}
	}
	return t
}

// placedService is a Consul service of a group and where it stands.
type placedService struct {
	*api.Service
	task string // empty for one of the group itself
}

// groupServices lists the services of a group and of its tasks that go to Consul.
func groupServices(group *api.TaskGroup) []placedService {
	var out []placedService
	add := func(task string, services []*api.Service) {
		for _, svc := range services {
			if svc.Provider == "" || svc.Provider == api.ServiceProviderConsul {
				out = append(out, placedService{svc, task})
			}
		}
	}
	add("", group.Services)
	for _, task := range group.Tasks {
		add(task.Name, task.Services)
	}
	return out
}

// serviceName is the service's name, or the one that Nomad gives it.
func serviceName(job, group string, svc placedService) string {
	if svc.Name != "" {
		return svc.Name
	}
	task := svc.task
	if task == "" {
		task = "group"
	}
	return fmt.Sprintf("%s-%s-%s", job, group, task)
}

// connect resolves each need of a service to the tier that registers it. When several do, it is the first by job ID.
func (s *Stack) connect() {
	owners := s.registrants()
	for _, t := range s.Tiers {
		for i := range t.Needs {
			need := &t.Needs[i]
			if by := owners[need.Service]; need.Service != "" && len(by) > 0 {
				need.Tier, need.JobID = by[0].Name, by[0].JobID
			}
		}
	}
}

// registrants says which tiers register a service, in the order of Tiers.
func (s *Stack) registrants() map[string][]*Tier {
	owners := map[string][]*Tier{}
	for _, t := range s.Tiers {
		for _, name := range t.Services {
			owners[name] = append(owners[name], t)
		}
	}
	return owners
}

// addVolumes takes the volumes over. A volume without a name gets "<release>-<label>", so that two releases of one pack
// keep their data apart; one without a namespace gets the release's.
func (s *Stack) addVolumes(volumes []Volume) {
	for _, v := range volumes {
		spec := api.HostVolume{}
		if v.Spec != nil {
			spec = *v.Spec
		}
		if spec.Name == "" {
			spec.Name = s.Release.Name + "-" + v.Label
		}
		if spec.Namespace == "" {
			spec.Namespace = s.Release.Namespace
		}
		v.Spec = &spec
		s.Volumes = append(s.Volumes, v)
	}
	slices.SortStableFunc(s.Volumes, func(a, b Volume) int { return cmp.Compare(a.Label, b.Label) })
}

// Job finds a job by its ID.
func (s *Stack) Job(id string) *Job {
	for _, j := range s.Jobs {
		if j.ID == id {
			return j
		}
	}
	return nil
}

// Tier finds a tier by its job's ID and its name.
func (s *Stack) Tier(jobID, name string) *Tier {
	for _, t := range s.Tiers {
		if t.JobID == jobID && t.Name == name {
			return t
		}
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
