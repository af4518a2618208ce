package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// report prints the machine, then a line for each pack in Markdown.
func report(w io.Writer, cases []*measured, rounds int, before, after string) {
	fmt.Fprintf(w, "%s, %d cores, %s/%s, %s; load %s before, %s after; the quickest of %d rounds\n\n",
		processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), before, after, rounds)
	fmt.Fprintln(w, "| pack | rendered text | jobspec2 alone | validate | of it | render | of it | CPU: jobspec2 | validate | of it | a job |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|")
	for _, m := range cases {
		perJob := ""
		if m.jobs > 0 {
			perJob = millis(m.validate.wall / time.Duration(m.jobs))
		}
		fmt.Fprintf(w, "| %s | %.1f KB | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", m.name, float64(m.size)/1000,
			millis(m.parser.wall), millis(m.validate.wall), ratio(m.validate.wall, m.parser.wall), millis(m.render.wall), ratio(m.render.wall, m.parser.wall),
			millis(m.parser.cpu), millis(m.validate.cpu), ratio(m.validate.cpu, m.parser.cpu), perJob)
	}
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func ratio(a, b time.Duration) string { return fmt.Sprintf("%.2f ×", float64(a)/float64(b)) }

// load is the machine's load over a minute, or "unknown" where it does not say.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// processor is its name, or the architecture where the machine does not say.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
