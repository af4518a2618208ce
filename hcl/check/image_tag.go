package check

import (
	"strings"

	"github.com/packctl/packctl/hcl/stack"
)

// imageTag: what "latest" means changes without a new version of the job, and differs from node to node.
func imageTag() Rule {
	return Rule{
		ID:    "image-tag",
		Finds: "a container image without a tag, or with the tag latest",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, task := range t.Group.Tasks {
					image, _ := task.Config["image"].(string)
					if image == "" || runtime(image) || strings.Contains(image, "@") {
						continue
					}
					name := image[strings.LastIndexByte(image, '/')+1:]
					_, tag, tagged := strings.Cut(name, ":")
					if tagged && tag != "latest" {
						continue
					}
					f.warn(ofTier(t).labelled("task", task.Name).nth("config", 0).attr("image"), "Image that changes under its name",
						"The image %q of task %q is whatever was pushed last: nodes may run different ones, and a rollback brings none back. Name a version: %q.",
						image, task.Name, strings.TrimSuffix(image, ":latest")+":1.0.0")
				}
			}
		},
	}
}
