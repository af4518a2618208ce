// Command mutation changes one character at a time in the packs of this repository and asks whether packctl validate
// notices.
//
// Whether a mutant is changed or broken is decided from the jobs that Nomad's parser makes of it, never from what
// validate says. Mutants that are legal in Nomad and that nothing in the pack refers to are counted apart; the rule stands
// in differ.go. Of the rest all that were not reported, or not at the mutated line, are listed.
//
//	go run ./tools/mutation -sites 2000
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// names are the packs that are mutated.
func names() []string { return []string{"appstack", "enstore", "hello"} }

func main() {
	n := flag.Int("sites", 2000, "how many characters are changed")
	seed := flag.Uint64("seed", 1, "which ones")
	dir := flag.String("packs", "packs", "the folder of the packs")
	all := flag.Bool("free", false, "list the free mutants too")
	flag.Parse()
	debug.SetGCPercent(400) // many short lives: as the command line does
	found, err := hunt(os.DirFS(*dir), *n, *seed)
	if err == nil {
		ok := found.print(os.Stdout, *all)
		if ok {
			return
		}
		err = fmt.Errorf("less than %g %% of what is changed or broken is reported at its line", goal)
	}
	fmt.Fprintf(os.Stderr, "mutation: error: %v\n", err)
	os.Exit(1)
}

// hunt judges n mutants.
func hunt(packs fs.FS, n int, seed uint64) (report, error) {
	var all []site
	for _, name := range names() {
		s, err := open(packs, name)
		if err != nil {
			return report{}, err
		}
		all = append(all, sites(s)...)
	}
	r := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // a sample that can be repeated
	var mutants []mutant
	for _, s := range sample(all, n, r) {
		mutants = append(mutants, mutate(s, r))
	}
	found := report{sites: len(all), verdicts: make([]verdict, len(mutants))}
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				found.verdicts[i] = judge(mutants[i])
			}
		})
	}
	for i := range mutants {
		next <- i
	}
	close(next)
	wait.Wait()
	return found, nil
}
