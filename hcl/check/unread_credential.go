package check

import "github.com/packctl/packctl/hcl/stack"

// unreadCredential: nobody would get it, so it is a misspelt item or a leftover.
func unreadCredential() Rule {
	return Rule{
		ID:    "unread-credential",
		Finds: "a credential that no template reads",
		inspect: func(s *stack.Stack, f *findings) {
			for _, c := range s.Credentials {
				if len(c.Readers) > 0 {
					continue
				}
				f.warn(c.Range, "Credential that nobody reads",
					"No template reads the item %q, so the credential is written nowhere. A job reads it with {{ with nomadVar \"%s${release.name}-<job>\" }}{{ .%s }}{{ end }}; otherwise remove it.",
					c.Items()[0], stack.VariablePrefix, c.Items()[0])
			}
		},
	}
}
