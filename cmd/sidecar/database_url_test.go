package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDatabaseURL(t *testing.T) {
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "url")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tc := range map[string]struct {
		env  []string
		want string
		err  string
	}{
		"the variable itself":                         {[]string{"URL=postgres://a", "URL_FILE=/nowhere"}, "postgres://a", ""},
		"the file that the variable's _FILE names":    {[]string{"URL_FILE=" + file("\n  postgres://b\n")}, "postgres://b", ""},
		"neither is a mistake in the pack":            {nil, "", "URL_FILE names a file"},
		"a file that stays empty is named":            {[]string{"URL_FILE=" + file(" \n")}, "", "stayed empty"},
		"a file that cannot be read is told at once":  {[]string{"URL_FILE=" + t.TempDir()}, "", "read URL_FILE"},
		"a missing file is waited for, then reported": {[]string{"URL_FILE=/nowhere/url"}, "", "stayed empty"},
	} {
		t.Run(name, func(t *testing.T) {
			url, environ, err := databaseURL(t.Context(), host{environ: tc.env}, "URL", time.Millisecond)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if url != tc.want || !slices.Contains(environ, "URL="+tc.want) {
				t.Fatalf("url %q and environment %q, want %q in both", url, environ, tc.want)
			}
		})
	}

	t.Run("a file that is written late is taken", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "url")
		go func() { _ = os.WriteFile(path, []byte("postgres://late"), 0o600) }()
		url, _, err := databaseURL(t.Context(), host{environ: []string{"URL_FILE=" + path}}, "URL", time.Minute)
		if err != nil || url != "postgres://late" {
			t.Fatalf("%q, %v", url, err)
		}
	})

	t.Run("an interruption ends the wait", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := databaseURL(ctx, host{environ: []string{"URL_FILE=/nowhere/url"}}, "URL", time.Minute)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the cancellation", err)
		}
	})
}
