package view

import (
	"reflect"
	"time"

	"github.com/packctl/packctl/internal/release"
)

// inspector is how the verbs speak that look at releases.
type inspector interface {
	Status(*release.Overview)
	StatusAgain(*release.Overview) // instead of what was shown before
	StatusEnd()                    // after the last of them
	Releases([]release.Entry)
	Checked(*release.Checkup)
	Pages([]Page)
}

// Status writes the overview as one object.
func (j *JSON) Status(o *release.Overview) { value(j.streams.Out, o) }

// StatusAgain writes the overview on a line of its own when it is not what was written last.
func (j *JSON) StatusAgain(o *release.Overview) {
	bare := *o
	bare.Time = time.Time{}
	if j.status != nil && reflect.DeepEqual(*j.status, bare) {
		return
	}
	j.status = &bare
	line(j.streams.Out, o)
}

// StatusEnd has nothing to say.
func (j *JSON) StatusEnd() {}

// Releases writes {"releases": […]}.
func (j *JSON) Releases(list []release.Entry) {
	value(j.streams.Out, struct {
		Releases []release.Entry `json:"releases"`
	}{append([]release.Entry{}, list...)})
}
