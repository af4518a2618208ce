package nomad

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// logsDir is where Nomad keeps the files of an allocation's tasks, "<task>.<stream>.<number>".
const logsDir = "alloc/logs"

// Allocs lists the allocations of jobs and of their children, whose IDs are the parent's with "/periodic-…" or
// "/dispatch-…" behind it, once something is newer than index. It is one blocking query however many jobs there are.
func (c *Client) Allocs(ctx context.Context, jobs []string, index uint64) ([]*api.AllocationListStub, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, followLate)
	defer cancel()
	quoted := make([]string, len(jobs))
	for i, id := range jobs {
		quoted[i] = regexp.QuoteMeta(id)
	}
	q := c.query(ctx)
	q.WaitIndex, q.WaitTime = index, followWait
	q.Filter = "JobID matches `^(" + strings.Join(quoted, "|") + ")(/.*)?$`"
	list, meta, err := c.api.Allocations().List(q)
	if err != nil {
		return nil, 0, c.fault("list the allocations of "+strings.Join(jobs, ", "), err)
	}
	if meta.LastIndex < index { // Nomad started anew
		return list, 0, nil
	}
	return list, meta.LastIndex, nil
}

// LogFiles lists the log files of an allocation by task, stream and number.
func (c *Client) LogFiles(ctx context.Context, alloc string) ([]release.LogFile, bool, error) {
	q := c.query(ctx)
	q.Params = map[string]string{"path": logsDir}
	var entries []*api.AllocFileInfo
	_, err := c.api.Raw().Query("/v1/client/fs/ls/"+alloc, &entries, q)
	if statusOf(err) == http.StatusNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, c.fault("list the logs of allocation "+alloc, err)
	}
	var files []release.LogFile
	for _, e := range entries {
		if f, ok := logFile(e); ok {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b release.LogFile) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Number, b.Number))
	})
	return files, true, nil
}

// logFile reads a file's name from its end, as a task's name may have dots; pipes and other files are no logs.
func logFile(e *api.AllocFileInfo) (release.LogFile, bool) {
	parts := strings.Split(e.Name, ".")
	if n := len(parts); !e.IsDir && n >= 3 && (parts[n-2] == "stdout" || parts[n-2] == "stderr") {
		if number, err := strconv.Atoi(parts[n-1]); err == nil {
			return release.LogFile{Task: strings.Join(parts[:n-2], "."), Stream: parts[n-2], Number: number, Size: e.Size}, true
		}
	}
	return release.LogFile{}, false
}

// ReadLog reads a part of a log file.
func (c *Client) ReadLog(ctx context.Context, alloc string, f release.LogFile, offset, limit int64) ([]byte, error) {
	data, err := c.read(ctx, "readat", alloc, limit, map[string]string{
		"path":   logsDir + "/" + f.Task + "." + f.Stream + "." + strconv.Itoa(f.Number),
		"offset": strconv.FormatInt(offset, 10), "limit": strconv.FormatInt(limit, 10),
	})
	if statusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, c.fault("read the log of task "+f.Task, err)
	}
	return data, nil
}
