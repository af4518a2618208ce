package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

const placementSummary = "Placement rule that Nomad refuses"

// placementBlock: what the server says about constraint, affinity and spread blocks, without a place.
func placementBlock() Rule {
	return Rule{
		ID:    "placement-block",
		Finds: "a constraint, affinity or spread block that Nomad's server refuses, or an attribute that no node has",
		inspect: func(s *stack.Stack, f *findings) {
			for _, j := range s.Jobs {
				placement(f, ofJob(j), j.API.Type, j.API.Constraints, j.API.Affinities, j.API.Spreads)
			}
			for _, t := range s.Tiers {
				placement(f, ofTier(t), t.Job.API.Type, t.Group.Constraints, t.Group.Affinities, t.Group.Spreads)
				for _, task := range t.Group.Tasks {
					at := ofTier(t).labelled("task", task.Name)
					placement(f, at, t.Job.API.Type, task.Constraints, task.Affinities, nil)
					for i, c := range task.Constraints {
						if c.Operand == api.ConstraintDistinctHosts || c.Operand == api.ConstraintDistinctProperty {
							f.error(at.nth("constraint", i).here(), placementSummary, "%s is for a job or a group, not for a task.", c.Operand)
						}
					}
				}
			}
		},
	}
}

func placement(f *findings, at place, kind *string, constraints []*api.Constraint, affinities []*api.Affinity, spreads []*api.Spread) {
	for i, c := range constraints {
		rule(f, at.nth("constraint", i), c.Operand, c.LTarget, c.RTarget, true)
	}
	for i, a := range affinities {
		in := at.nth("affinity", i)
		rule(f, in, a.Operand, a.LTarget, a.RTarget, false)
		if w := a.Weight; w != nil && (*w == 0 || *w < -100 || *w > 100) {
			f.error(in.attr("weight"), placementSummary, "weight is %d; it is a number from -100 to 100, and not 0.", *w)
		}
	}
	for i, sp := range spreads {
		in, sum := at.nth("spread", i), 0
		attribute(f, in, sp.Attribute)
		if w := sp.Weight; w != nil && (*w <= 0 || *w > 100) {
			f.error(in.attr("weight"), placementSummary, "weight is %d; it is a number from 1 to 100.", *w)
		}
		for _, target := range sp.SpreadTarget {
			sum += int(target.Percent)
		}
		if sum > 100 {
			f.error(in.here(), placementSummary, "The targets have %d percent together.", sum)
		}
	}
	if deref(kind) == api.JobTypeSystem {
		for _, kind := range []string{"affinity", "spread"} {
			if in := at.nth(kind, 0); in.job.Has(in.steps...) {
				f.error(in.here(), placementSummary, "A system job runs on every node that fits, so it has no %s block.", kind)
			}
		}
	}
}

// rule looks at one constraint or affinity.
func rule(f *findings, at place, operator, left, right string, constraint bool) {
	known := []string{"=", "==", "is", "!=", "not", "<", "<=", ">", ">=", "regexp", "version", "semver", "set_contains", "set_contains_all", "set_contains_any"}
	compare := slices.Contains(known[:9], operator)
	if constraint {
		known = append(known, "distinct_hosts", "distinct_property", "is_set", "is_not_set")
	}
	f.oneOf(at, "operator", operator, placementSummary, known...)
	if operator != api.ConstraintDistinctHosts {
		attribute(f, at, left)
	}
	switch {
	case runtime(right):
	case right == "" && (compare || operator == "" || strings.HasPrefix(operator, "set_contains")):
		f.error(at.attr("value", "operator"), placementSummary, "A rule with this operator needs value.")
	case right != "" && (operator == "is_set" || operator == "is_not_set"):
		f.error(at.attr("value"), placementSummary, "%s has no value.", operator)
	case operator == "regexp":
		if _, err := regexp.Compile(right); err != nil {
			f.error(at.attr("value", "regexp"), placementSummary, "%q is no regular expression.", right)
		}
	case operator == "version" || operator == "semver":
		if !versions.MatchString(right) {
			f.error(at.attr("value", operator), placementSummary, "%q is no constraint on versions, such as \">= 1.8, < 2.0\".", right)
		}
	case operator == "distinct_property" && right != "":
		if n, err := strconv.ParseUint(right, 10, 64); err != nil || n < 1 {
			f.error(at.attr("value"), placementSummary, "value of distinct_property is how many may share it, a whole number from 1.")
		}
	}
}

// versions is what go-version reads as a constraint.
var versions = regexp.MustCompile(`^\s*(=|!=|>|<|>=|<=|~>)?\s*v?[0-9][0-9A-Za-z.+~-]*(\s*,\s*(=|!=|>|<|>=|<=|~>)?\s*v?[0-9][0-9A-Za-z.+~-]*)*\s*$`)

// attribute looks at what is compared: ${node.…}, ${attr.…}, ${meta.…} or ${device.…}. A part after attr or meta is free.
func attribute(f *findings, at place, left string) {
	if left == "" {
		f.error(at.attr("attribute"), placementSummary, "The rule names no attribute: attribute = \"${attr.kernel.name}\", for one.")
		return
	}
	name, inner := strings.CutPrefix(left, "${")
	name = strings.TrimSuffix(name, "}")
	node := []string{"node.class", "node.datacenter", "node.pool", "node.region", "node.unique.id", "node.unique.name"}
	switch root, _, _ := strings.Cut(name, "."); {
	case !inner && !strings.Contains(left, "${"):
		if strings.Contains(left, ".") {
			f.warn(at.attr("attribute"), placementSummary, "%q is a text, the same for each node: an attribute of the node is written \"${%s}\".", left, left)
		}
	case root == "node":
		f.oneOf(at, "attribute", name, placementSummary, node...)
	case !slices.Contains([]string{"attr", "meta", "device", "env", "unique"}, root) && inner:
		f.error(at.attr("attribute"), placementSummary, "Nodes have no ${%s}: it begins with attr., meta., node. or device.", name)
	}
}
