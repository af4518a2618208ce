package release

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// timeKeys are where loggers put the time of a JSON line: go-hclog, zerolog and zap, logstash, bunyan, structlog.
var timeKeys = [...]string{"@timestamp", "time", "ts", "timestamp", "asctime"}

// timeOf is the time that a line itself tells: in one of the usual keys of a JSON object, as RFC 3339 or as seconds since 1970.
func timeOf(text string) (time.Time, bool) {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t"), "{") {
		return time.Time{}, false
	}
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return time.Time{}, false
	}
	for _, key := range timeKeys {
		switch v := fields[key].(type) {
		case string:
			for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
				if t, err := time.Parse(layout, v); err == nil {
					return t, true
				}
			}
		case float64:
			if v > 1e12 { // milliseconds
				v /= 1e3
			}
			return time.Unix(0, int64(v*1e9)), true
		}
	}
	return time.Time{}, false
}

// newest is a sink that hands on what was written since a moment. Nomad stores no times: a line's is the one that it tells, or
// that of the line before it in its stream; a stream that tells none is handed on whole, and named.
type newest struct {
	LogSink
	since  time.Time
	keep   bool // until the end, to be put in the order of their times
	at     map[string]time.Time
	kept   []timedLine
	silent []string // streams without times
}

type timedLine struct {
	at   time.Time
	line LogLine
}

func newNewest(sink LogSink, since time.Time, keep bool) *newest {
	return &newest{LogSink: sink, since: since, keep: keep, at: map[string]time.Time{}}
}

// Lines filters, and keeps or hands on.
func (n *newest) Lines(lines []LogLine) error {
	var out []LogLine
	for _, l := range lines {
		key := l.Alloc + "/" + l.Task + "/" + l.Stream
		if t, ok := timeOf(l.Text); ok {
			n.at[key] = t
		} else if _, known := n.at[key]; !known {
			n.at[key] = time.Time{}
			n.silent = append(n.silent, key)
		}
		at := n.at[key]
		switch {
		case !at.IsZero() && at.Before(n.since):
		case n.keep:
			n.kept = append(n.kept, timedLine{at, l})
		default:
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return n.LogSink.Lines(out)
}

// end hands on what was kept, by time, and names the streams that never told one.
func (n *newest) end() error {
	var untold []string
	for _, key := range n.silent {
		if n.at[key].IsZero() {
			alloc, rest, _ := strings.Cut(key, "/")
			untold = append(untold, alloc[:min(8, len(alloc))]+" "+strings.Replace(rest, "/", " ", 1))
		}
	}
	if len(untold) > 0 {
		n.Notice("these lines tell no times, so all that is kept of them is shown: " + some(untold))
	}
	if len(n.kept) == 0 {
		return nil
	}
	slices.SortStableFunc(n.kept, func(a, b timedLine) int { return a.at.Compare(b.at) })
	lines := make([]LogLine, len(n.kept))
	for i, k := range n.kept {
		lines[i] = k.line
	}
	return n.LogSink.Lines(lines)
}
