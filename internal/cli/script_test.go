package cli_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/packctl/packctl/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"packctl": func() { os.Exit(cli.Main(context.Background(), cli.NewFactory(), os.Args[1:])) },
	})
}

// TestScript runs the command line as a person would, in a folder with the packs of testdata/packs. Nothing answers at
// the cluster's addresses.
func TestScript(t *testing.T) {
	packs, err := filepath.Abs(filepath.Join("testdata", "packs"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NOMAD_ADDR", "http://127.0.0.1:1")
			env.Setenv("CONSUL_HTTP_ADDR", "127.0.0.1:1")
			return os.CopyFS(filepath.Join(env.WorkDir, "packs"), os.DirFS(packs))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
		},
	})
}

// exits runs packctl and requires an exit code: exits 3 packctl run shop.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
