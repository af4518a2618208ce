package release

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

const (
	readAtOnce = 1 << 20   // bytes
	lookBack   = 64 << 10  // bytes, step by step, for where the last lines begin
	longestRow = 256 << 10 // bytes; a longer line is cut
)

// read hands over what an allocation's logs have that was not read yet. A stream that is seen for the first time begins
// with its last tail lines; the last reading also hands over lines without an end. Files are read by number and offset and not through Nomad's streaming of logs: so nothing is
// lost or told twice at a rotation or after a fault, and no connection is held.
func (l *logs) read(ctx context.Context, s *source, tail int, last bool) error {
	files, held, err := l.deps.Nomad.LogFiles(ctx, s.alloc.ID)
	if err != nil {
		if l.tolerate(s, err) {
			return nil
		}
		return err
	}
	if !held && !s.told && s.alloc.ClientStatus != api.AllocClientStatusPending {
		s.told = true
		l.gone = append(l.gone, s.name())
	}
	for _, stream := range l.streams(s.alloc, files) {
		key := stream[0].Task + "/" + stream[0].Stream
		p := s.at[key]
		if p == nil {
			if p, err = l.start(ctx, s, stream, tail); err == nil {
				s.at[key] = p
			}
		}
		if err == nil {
			err = l.catchUp(ctx, s, stream, p)
		}
		if err == nil && last && len(p.rest) > 0 {
			err = l.give([]LogLine{s.line(stream[0].Task, stream[0].Stream, p.rest)})
		}
		if err != nil && (l.broken != nil || !l.tolerate(s, err)) {
			return err
		}
		err = nil
	}
	return nil
}

// streams are the files that are wanted, one list for each task's stream: tasks in the order in which they started, and
// standard output first.
func (l *logs) streams(a *api.AllocationListStub, files []LogFile) [][]LogFile {
	started := func(task string) time.Time {
		if st := a.TaskStates[task]; st != nil && !st.StartedAt.IsZero() {
			return st.StartedAt
		}
		return time.Now()
	}
	var out [][]LogFile
	for _, f := range files {
		if (l.opt.Task != "" && f.Task != l.opt.Task) || (l.opt.Stream != "" && f.Stream != l.opt.Stream) {
			continue
		}
		if n := len(out); n > 0 && out[n-1][0].Task == f.Task && out[n-1][0].Stream == f.Stream {
			out[n-1] = append(out[n-1], f)
			continue
		}
		out = append(out, []LogFile{f})
	}
	slices.SortStableFunc(out, func(x, y []LogFile) int {
		if x[0].Task == y[0].Task {
			return cmp.Compare(y[0].Stream, x[0].Stream)
		}
		return cmp.Or(started(x[0].Task).Compare(started(y[0].Task)), cmp.Compare(x[0].Task, y[0].Task))
	})
	return out
}

// start finds where the last tail lines of a stream begin.
func (l *logs) start(ctx context.Context, s *source, files []LogFile, tail int) (*position, error) {
	if tail < 0 {
		return &position{number: files[0].Number}, nil
	}
	end := true // the file's last byte is the stream's
	for i := len(files) - 1; i >= 0; i-- {
		f := files[i]
		for high := f.Size; high > 0; {
			low := max(0, high-lookBack)
			data, err := l.deps.Nomad.ReadLog(ctx, s.alloc.ID, f, low, high-low)
			if err != nil {
				return nil, err
			}
			if end && tail == 0 {
				return &position{number: f.Number, offset: f.Size}, nil
			}
			search := data
			if end { // the end of the last line is no line before it
				search = data[:max(0, len(data)-1)]
				end = false
			}
			for {
				at := bytes.LastIndexByte(search, '\n')
				if at < 0 {
					break
				}
				if tail--; tail == 0 {
					return &position{number: f.Number, offset: low + int64(at) + 1}, nil
				}
				search = search[:at]
			}
			high = low
		}
	}
	return &position{number: files[0].Number}, nil
}

// catchUp hands over a stream from its position to the end that its files had when they were listed.
func (l *logs) catchUp(ctx context.Context, s *source, files []LogFile, p *position) error {
	for i, f := range files {
		if f.Number < p.number {
			continue
		}
		if f.Number > p.number+1 || (f.Number == p.number+1 && i == 0) {
			l.lost(s, f)
		}
		if f.Number > p.number {
			p.number, p.offset = f.Number, 0
		}
		for p.offset < f.Size {
			data, err := l.deps.Nomad.ReadLog(ctx, s.alloc.ID, f, p.offset, min(readAtOnce, f.Size-p.offset))
			if err != nil {
				return err
			}
			if len(data) == 0 {
				l.lost(s, f)
				break
			}
			p.offset += int64(len(data))
			if err := l.emit(s, f, p, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// lost says that a file went away before its end was read.
func (l *logs) lost(s *source, f LogFile) {
	l.sink.Notice(fmt.Sprintf("lines of %s %s %s may be missing: Nomad rotated them away before they were read", s.name(), f.Task, f.Stream))
}

// emit hands over the lines that data completes.
func (l *logs) emit(s *source, f LogFile, p *position, data []byte) error {
	var lines []LogLine
	p.rest = append(p.rest, data...)
	rest := p.rest
	for {
		at := bytes.IndexByte(rest, '\n')
		if at < 0 && len(rest) < longestRow {
			break
		}
		next := at + 1
		if at < 0 {
			at, next = len(rest), len(rest)
		}
		lines = append(lines, s.line(f.Task, f.Stream, rest[:at]))
		rest = rest[next:]
	}
	p.rest = bytes.Clone(rest)
	return l.give(lines)
}

func (s *source) line(task, stream string, text []byte) LogLine {
	return LogLine{Tier: s.alloc.TaskGroup, Index: status.Index(s.alloc.Name), Job: s.alloc.JobID, Alloc: s.alloc.ID, Task: task, Stream: stream, Text: string(text)}
}

func (l *logs) give(lines []LogLine) error {
	if len(lines) == 0 {
		return nil
	}
	l.broken = l.sink.Lines(lines)
	return l.broken
}
