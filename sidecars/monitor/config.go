package monitor

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Config is what an operator can set. Flags win over the environment.
type Config struct {
	Listen    string // ":9000"; PORT gives the port
	BasePath  string // "/monitor": where the page lies, as the browser sees it
	Release   string // PACKCTL_RELEASE
	Namespace string // NOMAD_NAMESPACE
	NomadUI   string // optional: address of Nomad's web UI; instances then link to it
}

// ConfigFromEnv reads the defaults from the environment.
func ConfigFromEnv(getenv func(string) string) Config {
	c := Config{
		Listen:    ":9000",
		BasePath:  "/monitor",
		Release:   getenv("PACKCTL_RELEASE"),
		Namespace: getenv("NOMAD_NAMESPACE"),
		NomadUI:   getenv("PACKCTL_NOMAD_UI"),
	}
	if p := getenv("PORT"); p != "" {
		c.Listen = ":" + p
	}
	if p := getenv("PACKCTL_BASE_PATH"); p != "" {
		c.BasePath = p
	}
	if c.Namespace == "" {
		c.Namespace = "default"
	}
	return c
}

// Validate names every setting that is wrong, and normalises the base path to "/a/b" without a slash at its end.
func (c Config) Validate() (Config, error) {
	var errs []error
	if c.Release == "" {
		errs = append(errs, errors.New("no release is named: set PACKCTL_RELEASE or --release"))
	}
	if !strings.HasPrefix(c.BasePath, "/") || strings.ContainsAny(c.BasePath, "{}?#%\\ \"'<>") {
		errs = append(errs, fmt.Errorf("base path %q is not a plain absolute path such as /monitor: set --base-path", c.BasePath))
	}
	if c.BasePath = path.Clean("/" + c.BasePath); c.BasePath == "/" {
		c.BasePath = ""
	}
	if c.NomadUI != "" {
		u, err := url.Parse(c.NomadUI)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, fmt.Errorf("nomad UI address %q is not an http or https address: set --nomad-ui", c.NomadUI))
		}
		c.NomadUI = strings.TrimSuffix(c.NomadUI, "/")
	}
	return c, errors.Join(errs...)
}
