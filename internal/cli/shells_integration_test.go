//go:build integration

package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// asked is how each shell is asked what it would offer for a half-typed line, as it asks itself when Tab is pressed.
// $line is the line and $want what is hoped for. Bash breaks words at "=" and is offered what follows it.
var asked = map[string]string{
	"bash": `. /usr/share/bash-completion/bash_completion; . <(packctl completion bash)
compopt() { :; }   # says how Readline goes on after a word; there is none here
COMP_LINE=$line; COMP_POINT=${#line}; COMP_TYPE=9; COMP_WORDS=(${line//=/ = }); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
__start_packctl; printf '%s\n' "${COMPREPLY[@]}"`,
	"zsh": `zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'PS1=; stty -echo; autoload -U compinit; compinit -u -D; source <(packctl completion zsh); echo "pre""pared"'
zpty -r shell out '*prepared*'
zpty -w -n shell "$line"$'\t'
zpty -r shell out "*${want}*" && print -r -- "$out"`,
	"fish": `packctl completion fish | source; complete -C "$line"`,
}

// TestShellsComplete loads what "packctl completion" prints into each real shell and lets it complete a pack's name.
func TestShellsComplete(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "./cmd/packctl")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build packctl: %v\n%s", err, out)
	}
	for shell, script := range asked {
		for line, want := range map[string]string{"packctl render app": "appstack", "packctl render appstack -var env=d": "dev"} {
			t.Run(shell+"/"+want, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				cmd := exec.CommandContext(ctx, shell, "-c", script)
				cmd.Dir = root
				cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "FPATH=") }),
					"PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "TERM=dumb", "line="+line, "want="+want)
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(out), want) {
					t.Errorf("%s offers %q (%v), want %s (make setup-test installs the shells)", shell, out, err, want)
				}
			})
		}
	}
}
