//go:build soak

package main

import (
	"os"
	"testing"
)

// All that the program finds with its usual size, as a test.
func TestSoakTwoThousandMutants(t *testing.T) {
	found, err := hunt(os.DirFS("../../packs"), 2000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !found.print(os.Stderr, false) {
		t.Errorf("less than %g %% of what is changed or broken is reported at its line", goal)
	}
}
