package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// HTTPRequest is what HTTP sends and what it takes for ready.
type HTTPRequest struct {
	URL                string
	Method             string // default GET
	Status             []int  // accepted codes; default any 2xx
	InsecureSkipVerify bool
}

// HTTP sends one request on a connection of its own. Redirects are followed, unless a 3xx code is among the accepted ones.
// 401 and 403 that are not accepted are permanent.
func HTTP(ctx context.Context, r HTTPRequest) (string, error) {
	u, err := parseURL(r.URL, "http://host:port/path", "http", "https")
	if err != nil {
		return "", err
	}
	target := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL, nil)
	if err != nil {
		return "", &Error{Target: target, Reason: fmt.Sprintf("%q is not an HTTP method", method), Permanent: true}
	}
	req.Header.Set("User-Agent", "packctl-sidecar")
	resp, err := r.client().Do(req)
	if err != nil {
		var ue *url.Error // its text holds the whole URL
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return "", netError(target, err)
	}
	defer resp.Body.Close()
	io.CopyN(io.Discard, resp.Body, 64<<10)
	if !r.accepts(resp.StatusCode) {
		return "", &Error{
			Target:    target,
			Reason:    "answered " + resp.Status,
			Permanent: resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden,
		}
	}
	return target + " answered " + resp.Status, nil
}

func (r HTTPRequest) accepts(code int) bool {
	if len(r.Status) == 0 {
		return code >= 200 && code < 300
	}
	return slices.Contains(r.Status, code)
}

func (r HTTPRequest) client() *http.Client {
	c := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: r.InsecureSkipVerify}, // the author asked for it
	}}
	if slices.ContainsFunc(r.Status, func(code int) bool { return code >= 300 && code < 400 }) {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return c
}
