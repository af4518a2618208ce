package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// completeWithin bounds how long a cluster may take to name its releases: somebody waits with a finger on the key.
const completeWithin = time.Second

// completer offers words for an argument or a flag's value.
type completer = cobra.CompletionFunc

// completePacks offers the packs of ./packs, and folders to who types a path. Only the first argument is one.
func (f *Factory) completePacks(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) > 0:
		return nil, cobra.ShellCompDirectiveNoFileComp
	case strings.ContainsRune(typed, filepath.Separator) || strings.HasPrefix(typed, "."):
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return f.packs(), cobra.ShellCompDirectiveNoFileComp
}

// completeFiles offers packs, and files for who types something else.
func (f *Factory) completeFiles(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if strings.ContainsRune(typed, filepath.Separator) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return f.packs(), cobra.ShellCompDirectiveDefault
}

// completeReleases offers the releases that run in the namespace, and the packs of ./packs. A cluster that does not answer
// soon is done without.
func (f *Factory) completeReleases(flags *packFlags, cluster *ClusterFlags) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		words := f.packs()
		if rel, err := f.release(packFlags{Namespace: flags.Namespace}, ""); err == nil && f.Releases != nil {
			at := *cluster
			at.Namespace = rel.Namespace
			ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
			defer cancel()
			if names, err := f.Releases(ctx, at); err == nil {
				words = append(words, names...)
			}
		}
		slices.Sort(words)
		return slices.Compact(words), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeRevisions offers releases first and then, up to a number of times, the revisions of the one that was named, the
// newest first.
func (f *Factory) completeRevisions(flags *packFlags, cluster *ClusterFlags, times int) completer {
	releases := f.completeReleases(flags, cluster)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		const inOrder = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		if len(args) == 0 {
			return releases(cmd, args, typed)
		}
		rel, err := f.release(packFlags{Name: flags.Name, Namespace: flags.Namespace}, f.releaseOf(args[0]))
		if err != nil || f.Releaser == nil || len(args) > times {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		at := *cluster
		at.Namespace = rel.Namespace
		engine, err := f.Releaser(at)
		if err != nil {
			return nil, inOrder
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		list, err := engine.History(ctx, rel.Name)
		if err != nil {
			return nil, inOrder
		}
		var words []string
		for _, r := range slices.Backward(list) {
			if n := strconv.Itoa(r.Number); !slices.Contains(args[1:], n) {
				words = append(words, cobra.CompletionWithDesc(n, r.Started.Local().Format(time.DateTime)+" "+string(r.Outcome)))
			}
		}
		return words, inOrder
	}
}

// completeTiers offers releases first and then the tiers of the one that was named; exec takes a tier alone, too.
func (f *Factory) completeTiers(flags *packFlags, cluster *ClusterFlags) completer {
	return f.completeOf(flags, cluster, func(_, tier string) string {
		_, group, _ := strings.Cut(tier, "/")
		return group
	})
}

// completeJobs offers releases first and then the jobs of the one that was named, without its name in front.
func (f *Factory) completeJobs(flags *packFlags, cluster *ClusterFlags) completer {
	return f.completeOf(flags, cluster, func(release, tier string) string {
		job, _, _ := strings.Cut(tier, "/")
		return strings.TrimPrefix(job, release+"-")
	})
}

// completeOf offers releases first, and then what word makes of each "job/tier" of the one that was named.
func (f *Factory) completeOf(flags *packFlags, cluster *ClusterFlags, word func(release, tier string) string) completer {
	releases := f.completeReleases(flags, cluster)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return releases(cmd, args, typed)
		}
		const noFiles = cobra.ShellCompDirectiveNoFileComp
		rel, err := f.release(packFlags{Name: flags.Name, Namespace: flags.Namespace}, f.releaseOf(args[0]))
		if err != nil || f.Tiers == nil {
			return nil, noFiles
		}
		at := *cluster
		at.Namespace = rel.Namespace
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		byRelease, err := f.Tiers(ctx, at)
		if err != nil {
			return nil, noFiles
		}
		var words []string
		for _, tier := range byRelease[rel.Name] {
			if w := word(rel.Name, tier); !slices.Contains(args[1:], w) {
				words = append(words, w)
			}
		}
		slices.Sort(words)
		return slices.Compact(words), noFiles
	}
}

// completeVar offers the names of the pack's variables as name=, and for env and for what is true or false the
// values too.
func (f *Factory) completeVar(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const noFiles = cobra.ShellCompDirectiveNoFileComp
	if len(args) == 0 {
		return nil, noFiles
	}
	dir, name, err := f.findPack(args[0])
	if err != nil {
		return nil, noFiles
	}
	p, _ := pack.Load(os.DirFS(dir), name)
	declared, _ := vars.Declare(p)
	wanted, _, hasName := strings.Cut(typed, "=")
	var words []string
	for _, v := range declared {
		switch {
		case !hasName:
			words = append(words, cobra.CompletionWithDesc(v.Name+"=", oneLine(v.Description)))
		case v.Name == wanted && v.Name == vars.EnvVariable:
			for _, env := range p.EnvNames() {
				words = append(words, v.Name+"="+env)
			}
		case v.Name == wanted && v.Type == cty.Bool:
			words = append(words, v.Name+"=true", v.Name+"=false")
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	if !hasName {
		return words, noFiles | cobra.ShellCompDirectiveNoSpace
	}
	return words, noFiles
}

// completeOnly offers the jobs of the pack, by the names of their files.
func (f *Factory) completeOnly(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const noFiles = cobra.ShellCompDirectiveNoFileComp
	if len(args) == 0 {
		return nil, noFiles
	}
	dir, _, err := f.findPack(args[0])
	if err != nil {
		return nil, noFiles
	}
	files, err := filepath.Glob(filepath.Join(dir, "jobs", "*.nomad.hcl"))
	if err != nil {
		return nil, noFiles
	}
	before := typed[:strings.LastIndex(typed, ",")+1]
	var words []string
	for _, file := range files {
		job := strings.TrimSuffix(filepath.Base(file), ".nomad.hcl")
		if !slices.Contains(strings.Split(before, ","), job) {
			words = append(words, before+job)
		}
	}
	return words, noFiles | cobra.ShellCompDirectiveNoSpace
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// completeFlags gives every flag of a command tree its completer. Free text has none, and no files are offered for it.
func (f *Factory) completeFlags(root *cobra.Command) {
	files := map[string]completer{
		"var":      f.completeVar,
		"var-file": suggest(cobra.ShellCompDirectiveFilterFileExt, "hcl"),
		"dir":      suggest(cobra.ShellCompDirectiveFilterDirs),
		"data-dir": suggest(cobra.ShellCompDirectiveFilterDirs),
		"out":      suggest(cobra.ShellCompDirectiveDefault),
		"plan":     suggest(cobra.ShellCompDirectiveDefault),
		"only":     f.completeOnly,
		"junit":    suggest(cobra.ShellCompDirectiveDefault),
	}
	for _, cmd := range root.Commands() {
		f.completeFlags(cmd)
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			complete, ok := files[flag.Name]
			if c, isChoice := flag.Value.(*choice); isChoice {
				complete = suggest(cobra.ShellCompDirectiveNoFileComp, c.allowed...)
			} else if !ok {
				complete = cobra.NoFileCompletions
			}
			// It fails only for a flag that is not there, or has a completer already.
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete)
		})
	}
}

// suggest offers the same words always.
func suggest(directive cobra.ShellCompDirective, words ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return words, directive }
}
