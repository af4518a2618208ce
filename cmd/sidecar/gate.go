package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/spec"
)

// gateFlags are conditions in the form in which they stand on a command line.
type gateFlags struct {
	services, tcp, http, postgres, mysql, redis []string
	tag                                         string
	minimum                                     int
	stableFor, timeout, interval                time.Duration
	insecure                                    bool
}

func newGateCmd(h host) *cobra.Command {
	var f gateFlags
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Wait until conditions hold, all at the same moment",
		Long: `gate waits until every condition that its flags name holds. Each flag can be given more than once. PostgreSQL, MySQL and Redis
are named by the environment variable NAME that holds their URL; or NAME_FILE is the path of a file with it. Consul is found through CONSUL_HTTP_ADDR and CONSUL_HTTP_TOKEN.

` + exitCodeHelp,
		Example: `  sidecar gate --service shop-postgres --min 1 --stable-for 5s --timeout 2m
  sidecar gate --tcp 10.0.0.5:5432 --http https://billing.example/health --postgres-env DATABASE_URL`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := h.logger(h.stderr, "sidecar")
			if err != nil {
				return err
			}
			conditions := f.conditions()
			if len(conditions) == 0 {
				return &usageError{errors.New("nothing to wait for: give --service, --tcp, --http, --postgres-env, --mysql-env or --redis-env")}
			}
			if err := runGate(cmd.Context(), h, log, conditions, nil); err != nil {
				log.Error("failed", "reason", err.Error(), "exit_code", exitCode(err))
				return &loggedError{err}
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.services, "service", nil, "a Consul service with passing instances")
	fl.StringVar(&f.tag, "tag", "", "only instances with this tag")
	fl.IntVar(&f.minimum, "min", 1, "how many instances of each service")
	fl.DurationVar(&f.stableFor, "stable-for", 0, "how long the instances must have passed without a break")
	fl.StringArrayVar(&f.tcp, "tcp", nil, "a host:port that accepts connections")
	fl.StringArrayVar(&f.http, "http", nil, "a URL that answers with 2xx")
	fl.BoolVar(&f.insecure, "insecure-skip-verify", false, "take any TLS certificate")
	fl.StringArrayVar(&f.postgres, "postgres-env", nil, "environment variable with the URL of a PostgreSQL server")
	fl.StringArrayVar(&f.mysql, "mysql-env", nil, "environment variable with the URL of a MySQL or MariaDB server")
	fl.StringArrayVar(&f.redis, "redis-env", nil, "environment variable with the URL of a Redis server")
	fl.DurationVar(&f.timeout, "timeout", spec.DefaultWaitTimeout, "for each condition")
	fl.DurationVar(&f.interval, "interval", spec.DefaultInterval, "between two tries (services are watched, not asked)")
	return cmd
}

func (f gateFlags) conditions() []spec.WaitFor {
	var out []spec.WaitFor
	add := func(name string, w spec.WaitFor) {
		w.Name, w.Timeout, w.Interval = name, spec.Duration(f.timeout), spec.Duration(f.interval)
		out = append(out, w)
	}
	for _, v := range f.services {
		add(v, spec.WaitFor{Kind: spec.KindService, Service: &spec.Service{Name: v, Tag: f.tag, Min: f.minimum, StableFor: spec.Duration(f.stableFor)}})
	}
	for _, v := range f.tcp {
		add("tcp "+v, spec.WaitFor{Kind: spec.KindTCP, TCP: &spec.TCP{Address: v}})
	}
	for i, v := range f.http { // a URL may hold a token: it is no name
		add(fmt.Sprintf("http %d", i+1), spec.WaitFor{Kind: spec.KindHTTP, HTTP: &spec.HTTP{URL: v, InsecureSkipVerify: f.insecure}})
	}
	for _, v := range f.postgres {
		add(v, spec.WaitFor{Kind: spec.KindPostgres, Postgres: &spec.Postgres{URLEnv: v}})
	}
	for _, v := range f.mysql {
		add(v, spec.WaitFor{Kind: spec.KindMySQL, MySQL: &spec.MySQL{URLEnv: v}})
	}
	for _, v := range f.redis {
		add(v, spec.WaitFor{Kind: spec.KindRedis, Redis: &spec.Redis{URLEnv: v}})
	}
	return out
}
