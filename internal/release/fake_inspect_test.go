package release

import (
	"context"

	"github.com/hashicorp/nomad/api"
)

// inspected is what the fake tells the verbs that only look.
type inspected struct {
	scalings   map[string]map[string][]api.ScalingEvent // by job and group
	everything []*api.JobListStub                       // the jobs of all namespaces
	records    []*api.Variable                          // of the newest revisions
	blind      error                                    // what looking at scalings and volumes says
}

func (f *fake) Scalings(_ context.Context, job string) (map[string][]api.ScalingEvent, error) {
	return f.scalings[job], f.blind
}

func (f *fake) NewestRecords(context.Context) ([]*api.Variable, error) { return f.records, nil }

func (f *fake) AllJobs(context.Context) ([]*api.JobListStub, error) { return f.everything, f.blind }
