package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/packctl/packctl/internal/status"
)

// collector makes the metrics from the newest snapshot at scrape time, so that a tier which is gone has none.
type collector struct {
	hub                                                *hub
	desired, healthy, state, restarts, since, up, subs *prometheus.Desc
}

var _ prometheus.Collector = (*collector)(nil)

func newCollector(h *hub) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("packctl_monitor_"+name, help, labels, nil)
	}
	return &collector{
		hub:      h,
		desired:  desc("tier_desired", "Instances that the tier should have.", "release", "job", "tier"),
		healthy:  desc("tier_healthy", "Instances of the tier that are healthy.", "release", "job", "tier"),
		state:    desc("tier_state", "1 for the state in which the tier is, 0 for the others.", "release", "job", "tier", "state"),
		restarts: desc("tier_task_restarts", "Restarts of the tasks of the tier's present instances.", "release", "job", "tier"),
		since:    desc("tier_state_since_seconds", "When the tier entered its state, as Unix time.", "release", "job", "tier"),
		up:       desc("source_up", "1 if this part of the cluster answered at the last read.", "source"),
		subs:     desc("watchers", "Open event streams."),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.desired, c.healthy, c.state, c.restarts, c.since, c.up, c.subs} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.subs, float64(c.hub.watchers()))
	s := c.hub.newest()
	if s == nil {
		return
	}
	for _, l := range s.page.Sources {
		gauge(c.up, oneIf(l.OK), string(l.Part))
	}
	for _, t := range s.page.Tiers {
		labels := []string{s.page.Release, t.Job, t.Name}
		gauge(c.desired, float64(t.Desired), labels...)
		gauge(c.healthy, float64(t.Healthy), labels...)
		gauge(c.restarts, float64(t.Restarts), labels...)
		gauge(c.since, float64(t.Since.Unix()), labels...)
		for _, st := range states() {
			gauge(c.state, oneIf(t.State == st), append(labels, string(st))...)
		}
	}
}

func states() []status.State {
	return []status.State{status.Unsubmitted, status.Scheduled, status.Pending, status.Waiting, status.Migrating, status.Starting,
		status.Checking, status.Healthy, status.Unhealthy, status.Failed, status.Complete, status.Stopped}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
