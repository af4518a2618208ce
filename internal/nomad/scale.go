package nomad

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// BlockedError says which deployment has to end before a job can be scaled.
type BlockedError struct {
	Job     string
	Blocker *api.Deployment
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("job %s cannot be scaled while its deployment %s has not ended", e.Job, e.Blocker.ID)
}

// Deployment is the one that blocks.
func (e *BlockedError) Deployment() *api.Deployment { return e.Blocker }

var _ release.FaultBlocked = (*BlockedError)(nil)

// Scale sets a group's count. Nomad tells a moved index and a deployment in the way only in words, so what the job and its
// newest deployment are now decides which error it was; a deployment that ended in between makes it worth a second try.
func (c *Client) Scale(ctx context.Context, job, group string, count int, message string, index uint64) error {
	n := int64(count)
	for try := 1; ; try++ {
		_, _, err := c.api.Jobs().ScaleWithRequest(job, &api.ScalingRequest{
			Count:          &n,
			Target:         map[string]string{"Job": job, "Group": group},
			Message:        message,
			JobModifyIndex: index,
		}, c.write(ctx))
		if err == nil {
			return nil
		}
		switch statusOf(err) {
		case 0, http.StatusForbidden, http.StatusUnauthorized:
			return c.fault("scale job "+job, err)
		}
		if now, infoErr := c.Job(ctx, job); infoErr == nil && indexOf(now) != index {
			return &MovedError{What: "job " + job}
		}
		if d, _, latestErr := c.api.Jobs().LatestDeployment(job, c.query(ctx)); latestErr == nil && d != nil && status.Active(d) {
			return &BlockedError{Job: job, Blocker: d}
		}
		if statusOf(err) != http.StatusBadRequest || try == 2 {
			return c.fault("scale job "+job, err)
		}
	}
}
