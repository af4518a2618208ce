package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/consul"
	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/sidecars/monitor"
)

// newMonitorCmd is the dashboard of a release.
func newMonitorCmd(h host) *cobra.Command {
	cfg := monitor.ConfigFromEnv(h.getenv)
	cmd := &cobra.Command{
		Use:   "monitor",
		Short: "Serve the dashboard of a release: its tiers, instances and checks, live",
		Long: `monitor serves one page that shows every tier of a release, what it waits for, its instances, tasks and checks.
It reads Nomad (NOMAD_ADDR, or the task API socket in NOMAD_SECRETS_DIR; NOMAD_TOKEN) and Consul (CONSUL_HTTP_ADDR,
CONSUL_HTTP_TOKEN), changes nothing, and stays up when they do not answer.`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", cfg.Listen, "address to serve on; PORT sets the port")
	f.StringVar(&cfg.BasePath, "base-path", cfg.BasePath, "path of the page as the browser sees it (PACKCTL_BASE_PATH)")
	f.StringVar(&cfg.Release, "release", cfg.Release, "release to show (PACKCTL_RELEASE)")
	f.StringVar(&cfg.Namespace, "namespace", cfg.Namespace, "Nomad namespace of the release (NOMAD_NAMESPACE)")
	f.StringVar(&cfg.NomadUI, "nomad-ui", cfg.NomadUI, "address of Nomad's web UI that instances link to (PACKCTL_NOMAD_UI)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := cfg.Validate()
		if err != nil {
			return &usageError{err}
		}
		log, err := h.logger(h.stdout, "monitor")
		if err != nil {
			return err
		}
		n, err := nomad.New(nomad.Config{Address: taskAPI(h), Namespace: cfg.Namespace})
		if err != nil {
			return &usageError{err}
		}
		c, err := consul.New(consul.Config{})
		if err != nil {
			return &usageError{err}
		}
		log.Info("reading", "nomad", n.Address(), "consul", c.Address(), "release", cfg.Release, "namespace", cfg.Namespace)
		m, err := monitor.New(cfg, monitor.NewCluster(cfg.Release, n, c), log)
		if err != nil {
			return err
		}
		return m.Run(cmd.Context())
	}
	return cmd
}

// taskAPI is Nomad's API socket inside a task, unless NOMAD_ADDR names another place.
func taskAPI(h host) string {
	dir := h.getenv("NOMAD_SECRETS_DIR")
	if dir == "" || h.getenv("NOMAD_ADDR") != "" {
		return ""
	}
	socket := filepath.Join(dir, "api.sock")
	if _, err := os.Stat(socket); err != nil {
		return ""
	}
	return "unix://" + socket
}
