package devagent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	nomad "github.com/hashicorp/nomad/api"
)

const (
	readyWithin = 90 * time.Second // an agent, from its start
	undoWithin  = 60 * time.Second // taking down what a failed start left
)

// Up starts the pair unless it runs already, and returns when both agents are ready for jobs. When it fails or ctx ends,
// what it started is taken down again. Its errors are *Fault where there is a way out.
func Up(ctx context.Context, opt Options, say Say) (*Report, error) {
	l := layout{opt.DataDir}
	unlock, err := lock(l)
	if err != nil {
		return nil, err
	}
	defer unlock()
	prev, err := readState(l)
	if err != nil {
		return nil, err
	}
	if running := prev.alive(); len(running) > 0 {
		if err := sameAs(opt, prev.Plan); err != nil {
			return nil, err
		}
		if report := read(ctx, l, prev); report.Ready {
			report.Unchanged = true
			return report, nil
		}
		say.sayf("the agents of %s run only in part, or do not answer: stopping them first", l.dir)
		if err := stopAgents(ctx, prev, say); err != nil {
			return nil, err
		}
	}
	p, err := survey(ctx, opt, prev)
	if err != nil {
		return nil, err
	}
	var programs [2]program
	for i, name := range []string{"consul", "nomad"} {
		if programs[i], err = findProgram(ctx, name, opt.BinDirs); err != nil {
			return nil, err
		}
	}
	if err := checkPorts(p); err != nil {
		return nil, err
	}
	s := &state{Plan: p, BootID: bootID(), Started: time.Now()}
	if err := s.start(ctx, l, programs[0], programs[1], say); err != nil {
		undoCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
		defer cancel()
		say.sayf("taking down what was started")
		return nil, errors.Join(err, down(undoCtx, l, s, say))
	}
	report := read(ctx, l, s)
	return report, nil
}

// sameAs refuses to answer for a running pair when another was asked for.
func sameAs(opt Options, p plan) error {
	for flag, ports := range map[string][2]int{"--nomad-port": {opt.NomadPort, p.NomadPort}, "--consul-port": {opt.ConsulPort, p.ConsulPort}} {
		if ports[0] != 0 && ports[0] != ports[1] {
			return &Fault{
				Problem: fmt.Sprintf("the agents of %s already run, with %s %d", p.DataDir, flag, ports[1]),
				Remedy:  "stop them first (`packctl dev down`), or give the second pair its own --data-dir",
			}
		}
	}
	return nil
}

func (s *state) start(ctx context.Context, l layout, consulProg, nomadProg program, say Say) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*readyWithin, fmt.Errorf("not ready within %s", 2*readyWithin))
	defer cancel()

	say.sayf("starting Consul %s on port %d", consulProg.version, s.Plan.ConsulPort)
	id, ended, err := launch(l, consulProg, consulConfig(s.Plan))
	if err != nil {
		return err
	}
	s.Consul = id
	if err := s.write(l); err != nil {
		return err
	}
	consulAPI, err := s.Plan.consulClient()
	if err != nil {
		return err
	}
	if err := await(ctx, ended, consulReady(consulAPI)); err != nil {
		return notReady(ctx, "Consul", l.log("consul"), err)
	}

	nomadAPI, err := s.Plan.nomadClient()
	if err != nil {
		return err
	}
	say.sayf("starting Nomad %s on port %d", nomadProg.version, s.Plan.NomadPort)
	if _, err := os.Stat(filepath.Join(l.data("nomad"), "server", "keystore")); errors.Is(err, fs.ErrNotExist) {
		if err := s.bootstrapNomad(ctx, l, nomadProg, nomadAPI); err != nil {
			return err
		}
	}
	if s.Nomad, ended, err = launch(l, nomadProg, nomadConfig(s.Plan, true)); err != nil {
		return err
	}
	if err := s.write(l); err != nil {
		return err
	}
	if err := await(ctx, ended, nomadReady(nomadAPI, s.Plan)); err != nil {
		return notReady(ctx, "Nomad", l.log("nomad"), err)
	}
	return readmit(ctx, nomadAPI)
}

// bootstrapNomad runs the server alone, once, until it has its keys. A client that comes before them is turned away, and
// tries again only after 15 to 30 seconds.
func (s *state) bootstrapNomad(ctx context.Context, l layout, prog program, client *nomad.Client) error {
	id, ended, err := launch(l, prog, nomadConfig(s.Plan, false))
	if err != nil {
		return err
	}
	s.Nomad = id
	if err := s.write(l); err != nil {
		return err
	}
	if err := await(ctx, ended, func(ctx context.Context) error {
		keys, _, err := client.Keyring().List((&nomad.QueryOptions{}).WithContext(ctx))
		if err == nil && len(keys) == 0 {
			err = errNotYet("Nomad has no keys yet")
		}
		return err
	}); err != nil {
		return notReady(ctx, "Nomad", l.log("nomad"), err)
	}
	return id.Stop(ctx, syscall.SIGINT, agentWithin)
}

func notReady(ctx context.Context, agent, log string, err error) error {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return fmt.Errorf("wait for %s: %w", agent, context.Canceled)
	}
	return &Fault{Problem: agent + " did not become ready", Remedy: "its log says why: " + log, Err: err}
}

// readmit lets the node take jobs again after Down drained it: what ran then is placed again.
func readmit(ctx context.Context, client *nomad.Client) error {
	node, err := ownNode(ctx, client)
	if err != nil {
		return fmt.Errorf("read the node: %w", err)
	}
	if node.SchedulingEligibility == nomad.NodeSchedulingEligible && node.DrainStrategy == nil {
		return nil
	}
	if _, err := client.Nodes().UpdateDrain(node.ID, nil, true, (&nomad.WriteOptions{}).WithContext(ctx)); err != nil {
		return fmt.Errorf("let the node take jobs again: %w", err)
	}
	return nil
}
