//go:build e2e

package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"testing"
	"time"
)

// door is a client of the application at the stack's front door, as a user's program would be.
type door struct {
	base  string
	http  *http.Client
	token string
}

func newDoor(port string) *door {
	// The development certificate is self-signed; TestFrontDoor checks its names by itself.
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	return &door{base: "https://localhost:" + port, http: &http.Client{Transport: tr, Timeout: 30 * time.Second}}
}

// do sends one request and decodes a JSON answer into out, if out is not nil.
func (d *door) do(method, path, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequest(method, d.base+path, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, b)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: %w in %.300s", method, path, err, b)
	}
	return nil
}

func (d *door) get(path string, out any) error { return d.do("GET", path, "", nil, out) }

func (d *door) post(path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return d.do("POST", path, "application/json", bytes.NewReader(b), out)
}

func (d *door) login(t *testing.T, user, password string) {
	t.Helper()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := d.post("/api/login", map[string]string{"username": user, "password": password}, &answer); err != nil {
		t.Fatalf("log in: %v", err)
	}
	d.token = answer.Token
}

type upload struct {
	ID   string `json:"id"`
	Size int    `json:"size"`
	Link string `json:"link"`
}

func (d *door) upload(t *testing.T, name, content string) upload {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var u upload
	if err := d.do("POST", "/api/uploads", w.FormDataContentType(), &body, &u); err != nil {
		t.Fatalf("upload %s: %v", name, err)
	}
	return u
}

type task struct {
	ID     string         `json:"id"`
	State  string         `json:"state"`
	Worker string         `json:"worker"`
	Result map[string]any `json:"result"`
}

// submit queues a background job and awaits its end.
func (d *door) submit(t *testing.T, in map[string]any) task {
	t.Helper()
	var job task
	if err := d.post("/api/tasks", in, &job); err != nil {
		t.Fatalf("submit %v: %v", in, err)
	}
	await(t, fmt.Sprintf("the end of job %v", in["kind"]), time.Minute, func() error {
		if err := d.get("/api/tasks/"+job.ID, &job); err != nil {
			return err
		}
		if job.State != "done" && job.State != "failed" {
			return fmt.Errorf("it is %s", job.State)
		}
		return nil
	})
	if job.State != "done" {
		t.Fatalf("job %v ended as %s: %v", in["kind"], job.State, job.Result)
	}
	return job
}

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}
