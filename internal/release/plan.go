package release

// Plan is what a run is going to do to a release, as the cluster was when it was made. It holds no secret: what the
// release's credentials and the Nomad Variables of its jobs hold is redacted in it.
type Plan struct {
	Release     string           `json:"release"`
	Namespace   string           `json:"namespace"`
	Pack        string           `json:"pack"`
	PackVersion string           `json:"pack_version,omitempty"`
	Only        []string         `json:"only,omitempty"` // IDs of the jobs, where it is about these alone
	Changes     bool             `json:"changes"`        // whether a run would change anything
	Jobs        []JobPlan        `json:"jobs"`           // in the order in which they are submitted, those that are pruned last
	Waves       [][]string       `json:"waves"`          // job IDs; a wave is submitted when the one before is healthy
	Hooks       []HookPlan       `json:"hooks"`          // those that would run, in their order
	Migrations  []MigrationPlan  `json:"migrations"`     // after the hooks before, in their order
	Credentials []CredentialPlan `json:"credentials"`
	Volumes     []VolumePlan     `json:"volumes"`
	Kept        []KeptCount      `json:"kept_counts"`
	Approvals   []Approval       `json:"needs_approval"`
	PreviousEnv *string          `json:"previous_env,omitempty"` // of the last revision, where it was another
	Problems    []Problem        `json:"problems"`               // why a run would be refused
}

// Action is what becomes of a job or a tier.
type Action string

// The actions. Those of a tier are create, update, in-place, remove and unchanged.
const (
	ActionCreate    Action = "create"
	ActionStart     Action = "start"     // it is registered, but stopped
	ActionUpdate    Action = "update"    // with new allocations
	ActionInPlace   Action = "in-place"  // no allocation is replaced, placed or stopped
	ActionUnchanged Action = "unchanged" // it is not submitted
	ActionPrune     Action = "prune"     // the pack no longer has it: it is stopped
	ActionRemove    Action = "remove"    // of a tier that its job no longer has
)

// JobPlan is what becomes of one job.
type JobPlan struct {
	ID        string        `json:"job"`
	Namespace string        `json:"namespace"`
	File      string        `json:"file,omitempty"` // in the pack
	Wave      int           `json:"wave,omitempty"` // from 1
	Action    Action        `json:"action"`
	Index     uint64        `json:"modify_index"` // that its registration must find, 0 when it must not exist
	Fields    []FieldChange `json:"fields"`       // of the job itself; none of a job that is created
	Tiers     []TierPlan    `json:"tiers"`
	Adopts    string        `json:"adopts,omitempty"` // whose it is, when a run takes it over from somebody else
	Drift     []FieldChange `json:"drift,omitempty"`  // what was changed since the last revision, by somebody else than a run

	scaledByPackctl bool // the drift is nothing but what packctl scale did
}

// TierPlan is what becomes of one tier, with the number of allocations that Nomad would treat so. Replace counts those of
// all steps of the deployment.
type TierPlan struct {
	Name    string        `json:"tier"`
	Action  Action        `json:"action"`
	Count   int           `json:"count"`
	Place   int           `json:"place,omitempty"`
	Replace int           `json:"replace,omitempty"`
	InPlace int           `json:"in_place,omitempty"`
	Stop    int           `json:"stop,omitempty"`
	Canary  int           `json:"canary,omitempty"`
	Migrate int           `json:"migrate,omitempty"`
	Ignore  int           `json:"ignore,omitempty"`
	Fields  []FieldChange `json:"fields"` // none of a tier that is created
}

// FieldChange is one field with what it was and what it is to be. Path is in the words of a job file: "task.api.config.image".
type FieldChange struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // added, removed, changed
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
	Why  string `json:"why,omitempty"` // what Nomad does because of it, in its words
}

// CredentialPlan is a credential that a run would write.
type CredentialPlan struct {
	Name   string   `json:"name"`
	Action string   `json:"action"` // generate, write (the value was given), copy (to those readers that lack it)
	At     []string `json:"at"`     // the Nomad Variables
}

// VolumePlan is a volume that a run would make.
type VolumePlan struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// KeptCount is a tier whose present count stays, because its scaling block is enabled.
type KeptCount struct {
	Job  string `json:"job"`
	Tier string `json:"tier"`
	Pack int    `json:"pack"` // what the pack says
	Kept int    `json:"kept"`
}

// Problem is one reason for which a run would be refused, with the way out.
type Problem struct {
	Job     string `json:"job,omitempty"`
	Tier    string `json:"tier,omitempty"`
	File    string `json:"file,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Count is how many jobs have one of the actions.
func (p *Plan) Count(of ...Action) int {
	n := 0
	for _, j := range p.Jobs {
		for _, a := range of {
			if j.Action == a {
				n++
			}
		}
	}
	return n
}

// newPlan has no nil list, so that none is null in JSON.
func newPlan(m *Manifest) *Plan {
	p := &Plan{Release: m.Release.Name, Namespace: m.Release.Namespace, Pack: m.Pack.Name, PackVersion: m.Pack.Version,
		Jobs: []JobPlan{}, Waves: [][]string{}, Hooks: []HookPlan{}, Migrations: []MigrationPlan{}, Credentials: []CredentialPlan{}, Volumes: []VolumePlan{}, Kept: []KeptCount{}, Approvals: []Approval{}, Problems: []Problem{}}
	for range m.Waves {
		p.Waves = append(p.Waves, []string{})
	}
	for _, j := range m.Jobs {
		p.Waves[j.Wave] = append(p.Waves[j.Wave], j.ID)
	}
	return p
}
