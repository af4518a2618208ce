package release

import (
	"slices"

	"github.com/hashicorp/nomad/api"
)

// Nomad's words for the type of a diff.
const (
	diffNone   = "None"
	diffEdited = "Edited"
)

// differs says whether a plan's diff holds a change. The diff's own type does not tell: a group with a scaling block is
// always "Edited", because of fields that the server fills in and the diff then leaves out [measured on 1.11.3]. An edited
// part counts only when something inside of it changed.
func differs(d *api.JobDiff) bool {
	if d == nil {
		return true
	}
	return d.Type != diffNone && (d.Type != diffEdited || fieldsDiffer(d.Fields) || objectsDiffer(d.Objects) ||
		slices.ContainsFunc(d.TaskGroups, groupDiffers))
}

func groupDiffers(d *api.TaskGroupDiff) bool {
	return d.Type != diffNone && (d.Type != diffEdited || fieldsDiffer(d.Fields) || objectsDiffer(d.Objects) ||
		slices.ContainsFunc(d.Tasks, taskDiffers))
}

func taskDiffers(d *api.TaskDiff) bool {
	return d.Type != diffNone && (d.Type != diffEdited || fieldsDiffer(d.Fields) || objectsDiffer(d.Objects))
}

func objectsDiffer(list []*api.ObjectDiff) bool {
	return slices.ContainsFunc(list, func(d *api.ObjectDiff) bool {
		return d.Type != diffNone && (d.Type != diffEdited || fieldsDiffer(d.Fields) || objectsDiffer(d.Objects))
	})
}

func fieldsDiffer(list []*api.FieldDiff) bool {
	return slices.ContainsFunc(list, func(d *api.FieldDiff) bool { return d.Type != diffNone })
}
