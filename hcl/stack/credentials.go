package stack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// VariablePrefix is where the Nomad Variables of jobs stand; a workload identity may read its own job's.
const VariablePrefix = "nomad/jobs/"

// addCredentials finds who reads each credential. A reader is the job whose Nomad Variable the template names: nearly
// always its own, the only one that its workload identity may read by default.
func (s *Stack) addCredentials(credentials []Credential) {
	for _, c := range credentials {
		items := c.Items()
		var readers []string
		for _, r := range s.Reads {
			if slices.Contains(items, r.Item) && s.Job(r.Owner()) != nil {
				readers = append(readers, r.Owner())
			}
		}
		slices.Sort(readers)
		c.Readers = slices.Compact(readers)
		s.Credentials = append(s.Credentials, c)
	}
	slices.SortStableFunc(s.Credentials, func(a, b Credential) int { return cmp.Compare(a.Name, b.Name) })
}

// Owner is the ID of the job whose Nomad Variable is read, or "" for a variable that is no job's.
func (r CredentialRead) Owner() string {
	id, ok := strings.CutPrefix(r.Path, VariablePrefix)
	if !ok || strings.Contains(id, "/") {
		return ""
	}
	return id
}

// addDataOfCredentials finds the volumes whose data was made with a credential, where a new one would lock us out.
//
// The rule: those that the tasks which read the credential mount themselves, except in a tier that waits, directly or not,
// for another tier that reads it too. A database's task reads the password and mounts the data; the application reads
// the same password and mounts its uploads, but it waits for the database, so it is the client. A secret that one tier
// alone reads may be what its files are encrypted with, so it counts. The author may say otherwise: volumes = […].
func (s *Stack) addDataOfCredentials() {
	waits := s.reachable()
	for i := range s.Credentials {
		c := credentialOf{&s.Credentials[i], s.Credentials[i].Items()}
		if c.Volumes != nil {
			continue // the author's word
		}
		readers := s.readingTiers(c)
		var volumes []string
		for _, t := range readers {
			client := slices.ContainsFunc(readers, func(other *Tier) bool { return other != t && waits[t][other] })
			if !client {
				volumes = append(volumes, s.mountedByReaders(t, c)...)
			}
		}
		slices.Sort(volumes)
		c.Volumes = slices.Compact(volumes)
	}
}

// reads reports whether this is a read of a credential that packctl writes.
func (c credentialOf) reads(r CredentialRead) bool {
	return slices.Contains(c.items, r.Item) && slices.Contains(c.Readers, r.Owner())
}

// credentialOf is a credential with its items at hand.
type credentialOf struct {
	*Credential
	items []string
}

// readingTiers are the tiers that read a credential.
func (s *Stack) readingTiers(c credentialOf) []*Tier {
	var out []*Tier
	for _, t := range s.Tiers {
		if slices.ContainsFunc(s.Reads, func(r CredentialRead) bool { return r.Tier == t && c.reads(r) }) {
			out = append(out, t)
		}
	}
	return out
}

// mountedByReaders are the names of this pack's volumes that those tasks of a tier mount which read a credential.
func (s *Stack) mountedByReaders(t *Tier, c credentialOf) []string {
	var out []string
	for _, task := range t.Group.Tasks {
		reads := slices.ContainsFunc(s.Reads, func(r CredentialRead) bool {
			return r.Tier == t && r.Task == task.Name && c.reads(r)
		})
		if !reads {
			continue
		}
		for _, mount := range task.VolumeMounts {
			if name := s.ownVolume(t.Group.Volumes[deref(mount.Volume)]); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// ownVolume is the name of the volume of this pack that a request is for, or "".
func (s *Stack) ownVolume(request *api.VolumeRequest) string {
	if request == nil {
		return ""
	}
	for _, v := range s.Volumes {
		if v.Spec.Name == request.Source || request.PerAlloc && strings.HasPrefix(v.Spec.Name, request.Source+"[") {
			return v.Spec.Name
		}
	}
	return ""
}

// reachable says for which tiers each tier waits, directly or not.
func (s *Stack) reachable() map[*Tier]map[*Tier]bool {
	next := map[*Tier][]*Tier{}
	for _, e := range s.edges() {
		next[e.from] = append(next[e.from], e.to)
	}
	out := map[*Tier]map[*Tier]bool{}
	for _, t := range s.Tiers {
		seen := map[*Tier]bool{}
		todo := slices.Clone(next[t])
		for len(todo) > 0 {
			n := todo[0]
			todo = todo[1:]
			if !seen[n] {
				seen[n] = true
				todo = append(todo, next[n]...)
			}
		}
		out[t] = seen
	}
	return out
}
