package cli

import (
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestLongFlags(t *testing.T) {
	root := &cobra.Command{Use: "packctl"}
	verb := &cobra.Command{Use: "run", RunE: func(*cobra.Command, []string) error { return nil }}
	new(packFlags).register(verb)
	new(ClusterFlags).register(verb)
	var output string
	outputFlag(verb, &output, "text", "json")
	verb.Flags().Bool("purge", false, "")
	verb.Flags().StringP("dir", "d", "", "")
	root.AddCommand(verb)

	for name, tc := range map[string]struct{ in, want string }{
		"Nomad's -var with its value in the next argument": {"run p -var x=y", "run p --var x=y"},
		"-var=… in one argument":                           {"run p -var=x=y", "run p --var=x=y"},
		"-var-file is not -var with a rest":                {"run p -var-file f.hcl", "run p --var-file f.hcl"},
		"two dashes stay":                                  {"run p --var x=y --name n", "run p --var x=y --name n"},
		"a flag without a value takes none":                {"run -purge p -name n", "run --purge p --name n"},
		"shorthands stay":                                  {"run -o json -ojson -d out", "run -o json -ojson -d out"},
		"a value that looks like a flag stays a value":     {"run --name -var -var x=y", "run --name -var --var x=y"},
		"so does the value of a shorthand":                 {"run -d -name p", "run -d -name p"},
		"unknown flags stay, for pflag to refuse":          {"run -vra x=y", "run -vra x=y"},
		"nothing is touched after --":                      {"run -- -var x=y", "run -- -var x=y"},
		"a lone dash is an argument":                       {"run -", "run -"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := longFlags(root, strings.Fields(tc.in)); !reflect.DeepEqual(got, strings.Fields(tc.want)) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
