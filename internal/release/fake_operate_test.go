package release

import (
	"context"
	"time"
)

// operated is what was done to the fake's instances.
type operated struct {
	started    map[string]time.Time // by allocation
	restarting func(alloc string)   // what happens while an instance is being restarted; the caller does not hold mu
	execAt     Place
	execCode   int
	execFault  error
	tiersOf    map[string][]string
}

func (f *fake) RestartAlloc(_ context.Context, alloc string) error {
	if f.restarting != nil {
		f.restarting(alloc)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.started == nil {
		f.started = map[string]time.Time{}
	}
	f.started[alloc] = time.Now()
	f.did("restart " + alloc)
	return nil
}

func (f *fake) Exec(_ context.Context, at Place, _ Session) (int, error) {
	f.execAt = at
	return f.execCode, f.execFault
}

func (f *fake) ReleaseTiers(context.Context) (map[string][]string, error) { return f.tiersOf, nil }

// restarts is how often an instance was restarted. The caller holds mu.
func (f *fake) restarts(alloc string) uint64 {
	if f.started[alloc].IsZero() {
		return 0
	}
	return 1
}

func (f *fake) DeleteVolume(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, list := range f.volumes {
		if len(list) > 0 && list[0].ID == id {
			delete(f.volumes, name)
		}
	}
	f.did("delete volume " + id)
	return nil
}
