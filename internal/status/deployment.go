package status

import "github.com/hashicorp/nomad/api"

// deployment is that of the job's current version, or nil.
func (g *group) deployment() *api.Deployment {
	d := g.facts.Deployment
	if d == nil || d.JobVersion != g.version {
		return nil
	}
	return d
}

// deploymentState is the group's part of the deployment, or nil.
func (g *group) deploymentState() *api.DeploymentState {
	if d := g.deployment(); d != nil {
		return d.TaskGroups[value(g.tg.Name)]
	}
	return nil
}

// deploying says whether a deployment still decides about the group's health.
func (g *group) deploying() bool {
	d := g.deployment()
	return d != nil && g.deploymentState() != nil && Active(d)
}

// Active says whether a deployment has not ended.
func Active(d *api.Deployment) bool {
	switch d.Status {
	case api.DeploymentStatusSuccessful, api.DeploymentStatusFailed, api.DeploymentStatusCancelled:
		return false
	}
	return true
}
