package status

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// cron makes a job periodic, submitted two hours ago.
func cron(specs ...string) func(*api.Job) {
	return func(j *api.Job) {
		j.Type, j.Version, j.JobModifyIndex = ptr("batch"), ptr(uint64(0)), ptr(uint64(100))
		j.SubmitTime = ptr(now.Add(-2 * time.Hour).UnixNano())
		j.Periodic = &api.PeriodicConfig{Enabled: ptr(true), Specs: specs, SpecType: ptr("cron"), TimeZone: ptr("UTC")}
		noReschedule(j)
	}
}

func submitted(at time.Time) func(*api.Job) {
	return func(j *api.Job) { j.SubmitTime = ptr(at.UnixNano()) }
}

// child is one that was launched so long ago, with an allocation that is changed.
func child(ago time.Duration, change ...change) Child {
	at := now.Add(-ago)
	c := Child{ID: "shop-api/periodic-" + at.Format("150405"), Launched: at, Index: 200}
	c.Allocs = allocs(alloc(append([]func(*api.AllocationListStub){
		version(0), named("of "+c.ID, c.ID+".api[0]", 10), func(a *api.AllocationListStub) { a.CreateTime = at.UnixNano() },
	}, change...)...))
	return c
}

// ran is a child that ended after so long with this exit code.
func ran(ago, took time.Duration, code string) Child {
	end := now.Add(-ago).Add(took).UnixNano()
	c := child(ago, func(a *api.AllocationListStub) {
		st := &api.TaskState{State: "dead", Failed: code != "0", Events: []*api.TaskEvent{
			{Type: api.TaskTerminated, Time: end, Details: map[string]string{"exit_code": code}}}}
		a.ClientStatus = "complete"
		if st.Failed {
			a.ClientStatus = "failed"
		}
		a.TaskStates["main"] = st
	})
	c.Dead = true
	return c
}

func before(c Child) Child { c.Index = 50; return c }
func gone(c Child) Child   { c.Gone = true; return c }

const (
	eachMinute = "* * * * *"
	atThree    = "0 3 * * *"
	weekdays   = "0 9 * * 1-5"
)

// now is a Sunday, 12:00:00 UTC.
func TestAPeriodicTierIsAsItsRunsWere(t *testing.T) {
	sec, min := time.Second, time.Minute
	for name, c := range map[string]struct {
		job      *api.Job
		children []Child
		state    State
		reason   string // parts of it, separated by …
		until    time.Time
	}{
		"before its first launch it is scheduled": {
			newJob(cron(atThree), submitted(now.Add(-min))), nil,
			Scheduled, "first launch at 2026-03-02 03:00:00 UTC", now.Add(15 * time.Hour)},
		"its own time zone counts": {
			newJob(cron(atThree), submitted(now.Add(-min)), func(j *api.Job) { j.Periodic.TimeZone = ptr("America/New_York") }), nil,
			Scheduled, "first launch at 2026-03-02 03:00:00 EST", now.Add(20 * time.Hour)},
		"of several expressions the next to come counts": {
			newJob(cron(atThree, "30 12 * * *"), submitted(now.Add(-min))), nil, Scheduled, "first launch at 2026-03-01 12:30:00 UTC", now.Add(30 * min)},
		"a single expression is one too": {
			newJob(cron(), submitted(now.Add(-min)), func(j *api.Job) { j.Periodic.Spec = ptr("30 12 * * *") }), nil, Scheduled, "first launch at 2026-03-01 12:30:00 UTC", now.Add(30 * min)},
		"a nightly job whose runs Nomad has forgotten is scheduled": {
			newJob(cron(atThree), submitted(now.Add(-72*time.Hour))), nil, Scheduled, "next launch at 2026-03-02 03:00:00 UTC; no earlier run is known", time.Time{}},
		"a minutely one of which nothing is known is not launched": {
			newJob(cron(eachMinute)), nil, Unhealthy, "nothing was launched for two periods", time.Time{}},
		"a disabled one says so": {
			newJob(cron(eachMinute), func(j *api.Job) { j.Periodic.Enabled = ptr(false) }), nil, Healthy, "disabled", time.Time{}},
		"the first run's state is the tier's": {
			newJob(cron(eachMinute), submitted(now.Add(-70*sec))), []Child{child(10 * sec)}, Starting, "the run of 11:59:50 UTC is starting: running; next launch", time.Time{}},
		"a run at its gate says what it waits for": {
			newJob(cron(eachMinute), withPrepare, submitted(now.Add(-70*sec))),
			[]Child{child(10*sec, named("a1", "shop-api/periodic-1.api[0]", 10), gate, task("main", api.TaskState{State: "pending"}))},
			Waiting, "is waiting: waiting for db: no instance", time.Time{}},
		"a run that has no place says why": {
			newJob(cron(eachMinute), submitted(now.Add(-70*sec))),
			[]Child{{ID: "c", Launched: now.Add(-10 * sec), Index: 200, Eval: &api.Evaluation{FailedTGAllocs: map[string]*api.AllocationMetric{"api": {
				NodesEvaluated: 1, DimensionExhausted: map[string]int{"memory": 1}}}}}},
			Pending, "is pending: no node can take it: not enough memory", time.Time{}},
		"a run that succeeded makes it healthy, until two periods have passed": {
			newJob(cron(eachMinute)), []Child{ran(60*sec, 4*sec, "0")},
			Healthy, "the run of 11:59:00 UTC succeeded in 4s; next launch at 2026-03-01 12:01:00 UTC", now.Add(min)},
		"a run under way does not change that, and is told": {
			newJob(cron(eachMinute)), []Child{child(0), ran(60*sec, 4*sec, "0")}, Healthy, "the run of 12:00:00 UTC is starting: running; the run of 11:59:00 UTC succeeded", time.Time{}},
		"a run that failed makes it unhealthy": {
			newJob(cron(eachMinute)), []Child{ran(60*sec, 4*sec, "3"), ran(120*sec, 4*sec, "0")},
			Unhealthy, "the run of 11:59:00 UTC failed: task main failed: exit code 3; next launch", time.Time{}},
		"the next one that is under way does not mend it yet": {
			newJob(cron(eachMinute)), []Child{child(0), ran(60*sec, 4*sec, "3")}, Unhealthy, "exit code 3; the run of 12:00:00 UTC is starting", time.Time{}},
		"the next one that succeeds does": {
			newJob(cron(eachMinute)), []Child{ran(30*sec, 4*sec, "0"), ran(90*sec, 4*sec, "3")}, Healthy, "succeeded", time.Time{}},
		"a failed run that Nomad tries again has not ended": {
			newJob(cron(eachMinute), func(j *api.Job) { j.TaskGroups[0].ReschedulePolicy.Attempts = ptr(1) }),
			[]Child{func() Child { c := ran(30*sec, 4*sec, "3"); c.Dead = false; return c }(), ran(90*sec, 4*sec, "0")},
			Healthy, "is unhealthy: task main failed: exit code 3; Nomad places it again", time.Time{}},
		"a failed run that Nomad is done with has ended": {
			newJob(cron(eachMinute), func(j *api.Job) { j.TaskGroups[0].ReschedulePolicy.Attempts = ptr(1) }),
			[]Child{ran(30*sec, 4*sec, "3"), ran(90*sec, 4*sec, "0")}, Unhealthy, "failed: task main failed: exit code 3", time.Time{}},
		"two periods without a success, and the time that the last one took, are late": {
			newJob(cron(eachMinute)), []Child{ran(125*sec, 4*sec, "0")}, Unhealthy, "no run has succeeded for two periods, since 11:57:59 UTC", time.Time{}},
		"a little before, they are not, and it is known when": {
			newJob(cron(eachMinute)), []Child{ran(125*sec, 6*sec, "0")}, Healthy, "succeeded in 6s", now.Add(6 * sec)},
		"a run that hangs is late, and told": {
			newJob(cron(eachMinute)), []Child{child(120 * sec), ran(180*sec, 4*sec, "0")}, Unhealthy,
			"no run has succeeded for two periods, since 11:57:04 UTC; the run of 11:58:00 UTC is starting: running", time.Time{}},
		"the very first that hangs is late too": {
			newJob(cron(eachMinute)), []Child{child(130 * sec)}, Unhealthy, "since 11:57:50 UTC", time.Time{}},
		"runs longer than a period are not late as long as they end": {
			newJob(cron(eachMinute)), []Child{child(60 * sec), ran(180*sec, 90*sec, "0")}, Healthy, "succeeded in 1m30s", time.Time{}},
		"over a weekend nobody is late": {
			newJob(cron(weekdays)), []Child{ran(51*time.Hour, min, "0")}, Healthy, "next launch at 2026-03-02 09:00:00 UTC", time.Time{}},
		"the failure of an earlier version is told and does not count": {
			newJob(cron(eachMinute), submitted(now.Add(-10*sec))), []Child{before(ran(60*sec, 4*sec, "3"))}, Scheduled,
			"the first of this version; the run of 11:59:00 UTC, of an earlier version, failed: task main failed: exit code 3", time.Time{}},
		"the success of an earlier version counts, and the new one has its two periods": {
			newJob(cron(eachMinute), submitted(now.Add(-10*sec))), []Child{before(ran(600*sec, 4*sec, "0"))}, Healthy, "of an earlier version, succeeded", time.Time{}},
		"a new version whose runs do not end is late two periods after it was submitted": {
			newJob(cron(eachMinute), submitted(now.Add(-150*sec))), []Child{child(140 * sec), before(ran(180*sec, 4*sec, "0"))}, Unhealthy, "no run has succeeded", time.Time{}},
		"a run that somebody stopped says nothing": {
			newJob(cron(eachMinute)), []Child{func() Child { c := ran(30*sec, sec, "1"); c.Stop = true; return c }(), ran(60*sec, 4*sec, "0")}, Healthy, "succeeded in 4s", time.Time{}},
		"what Nomad has forgotten still tells how the last run ended": {
			newJob(cron(atThree)), []Child{gone(ran(9*time.Hour, min, "0"))}, Healthy, "the run of 03:00:00 UTC succeeded in 1m0s", time.Time{}},
		"a stopped job whose run still ends says so": {
			newJob(cron(eachMinute), func(j *api.Job) { j.Stop = ptr(true) }), []Child{child(10 * sec)}, Stopped, "1 instance still running", time.Time{}},
		"a parameterized job tells of its last run": {
			newJob(kind("batch"), func(j *api.Job) { j.ParameterizedJob = &api.ParameterizedJobConfig{} }), []Child{ran(60*sec, 4*sec, "2")},
			Healthy, "waits to be dispatched; the run of 11:59:00 UTC failed", time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := JobFacts{ID: "shop-api", Job: c.job, Children: c.children, Progress: progress(spec.PhaseWaiting, "waiting for db: no instance")}
			got := Derive(Observation{Time: now, Jobs: []JobFacts{facts}})[0]
			if got.State != c.state {
				t.Errorf("got %s %q, want %s", got.State, got.Reason, c.state)
			}
			if !strings.Contains(got.Reason, c.reason) {
				t.Errorf("reason %q, want %q", got.Reason, c.reason)
			}
			if !c.until.IsZero() && !got.Until.Equal(c.until) {
				t.Errorf("to be looked at again at %s, want %s", got.Until, c.until)
			}
			if !got.Until.IsZero() && !got.Until.After(now) {
				t.Errorf("to be looked at again at %s, which is over", got.Until)
			}
			if got.Desired != 0 || got.Healthy != 0 {
				t.Errorf("%d of %d instances wanted", got.Healthy, got.Desired)
			}
		})
	}
}

func TestOnlyTimePassesUntilATierIsLate(t *testing.T) {
	facts := []JobFacts{{ID: "shop-api", Job: newJob(cron(eachMinute)), Children: []Child{ran(60*time.Second, 4*time.Second, "0")}}}
	var states []string
	at := now
	for range 3 { // as a reader does that hears nothing
		tier := Derive(Observation{Time: at, Jobs: facts})[0]
		states = append(states, at.Format("04:05")+" "+string(tier.State))
		at = tier.Until
	}
	if got, want := strings.Join(states, ", "), "00:00 healthy, 01:00 healthy, 01:04 unhealthy"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTheNewestRunsAreTheInstances(t *testing.T) {
	job := newJob(cron(eachMinute))
	children := []Child{child(0), ran(time.Minute, time.Second, "0"), ran(2*time.Minute, time.Second, "3"), ran(3*time.Minute, time.Second, "0"), gone(ran(4*time.Minute, time.Second, "0"))}
	tier := Derive(Observation{Time: now, Jobs: []JobFacts{{ID: "shop-api", Job: job, Children: children}}})[0]
	var got []string
	for _, in := range tier.Instances {
		got = append(got, in.Child+" "+string(in.State)+" "+in.Launched.Format("15:04"))
	}
	want := "shop-api/periodic-120000 starting 12:00, shop-api/periodic-115900 complete 11:59, shop-api/periodic-115800 failed 11:58"
	if strings.Join(got, ", ") != want || !tier.Next.Equal(now.Add(time.Minute)) {
		t.Errorf("%s; next at %s, want %s", strings.Join(got, ", "), tier.Next, want)
	}
}

func TestTheNextLaunchIsSaidForPackJobsToo(t *testing.T) {
	for name, c := range map[string]struct {
		periodic *api.PeriodicConfig
		want     string
	}{
		"not periodic":            {nil, ""},
		"as a pack has it":        {&api.PeriodicConfig{Specs: []string{atThree}}, "2026-03-02 03:00:00 UTC"},
		"disabled":                {&api.PeriodicConfig{Specs: []string{atThree}, Enabled: ptr(false)}, ""},
		"never again":             {&api.PeriodicConfig{Specs: []string{"0 0 1 1 * 2020"}}, ""},
		"not a cron expression":   {&api.PeriodicConfig{Specs: []string{"often"}}, ""},
		"a zone that is not here": {&api.PeriodicConfig{Specs: []string{atThree}, TimeZone: ptr("Mars/Olympus")}, "2026-03-02 03:00:00 UTC"},
	} {
		if got := NextLaunch(&api.Job{Periodic: c.periodic}, now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
