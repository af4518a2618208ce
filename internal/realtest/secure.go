package realtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	consul "github.com/hashicorp/consul/api"
	nomad "github.com/hashicorp/nomad/api"
)

// Secured is a Consul and a Nomad agent with ACLs that deny by default and with TLS: Nomad wants a certificate of its
// callers, too. Tasks and services prove themselves to Consul with their workload identities.
type Secured struct {
	Nomad, Consul *Server
	CA, Cert, Key string // paths of PEM files: of the authority, and of a caller's certificate with its key
}

// Management is the token of both agents that may do everything.
const Management = "6a1f8c3e-0d52-4b7a-9e64-c2b8f7a3d915"

// NewSecured starts the pair and bootstraps it as an operator does. taskRules is the Consul policy of every task.
func NewSecured(t testing.TB, taskRules string) *Secured {
	t.Helper()
	dir := t.TempDir()
	s := &Secured{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	if err := s.certify(); err != nil {
		t.Fatalf("realtest: make certificates: %v", err)
	}
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		t.Fatalf("realtest: %v", err)
	}
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatalf("realtest: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}}

	s.Consul = consulServer(t, access{client: client, header: "X-Consul-Token", token: Management}, fmt.Sprintf(`
acl {
  enabled        = true
  default_policy = "deny"
  tokens { initial_management = %[1]q  agent = %[1]q }
}
tls { defaults { ca_file = %[2]q  cert_file = %[3]q  key_file = %[4]q } }
`, Management, s.CA, s.Cert, s.Key))
	s.Nomad = nomadServer(t, access{client: client, header: "X-Nomad-Token", token: Management, bootstrap: true}, fmt.Sprintf(`
acl { enabled = true }
tls {
  http = true
  rpc  = true
  ca_file   = %[1]q
  cert_file = %[2]q
  key_file  = %[3]q
  verify_https_client = true
}
consul {
  address = %[4]q
  ssl     = true
  ca_file = %[1]q
  token   = %[5]q
  service_identity { aud = ["consul.io"]  ttl = "1h" }
  task_identity    { aud = ["consul.io"]  ttl = "1h" }
}
`, s.CA, s.Cert, s.Key, s.Consul.Addr, Management))
	if err := s.trust(client, taskRules); err != nil {
		t.Fatalf("realtest: let Consul trust Nomad's identities: %v", err)
	}
	return s
}

// Environ are the variables by which Nomad's and Consul's own command lines find the pair, with the given tokens.
func (s *Secured) Environ(nomadToken, consulToken string) []string {
	return []string{
		"NOMAD_ADDR=" + s.Nomad.URL, "NOMAD_CACERT=" + s.CA, "NOMAD_CLIENT_CERT=" + s.Cert, "NOMAD_CLIENT_KEY=" + s.Key, "NOMAD_TOKEN=" + nomadToken,
		"CONSUL_HTTP_ADDR=" + s.Consul.URL, "CONSUL_CACERT=" + s.CA, "CONSUL_HTTP_TOKEN=" + consulToken,
	}
}

// NomadClient talks to Nomad with the given token.
func (s *Secured) NomadClient(t testing.TB, token string) *nomad.Client {
	t.Helper()
	c, err := nomad.NewClient(&nomad.Config{Address: s.Nomad.URL, SecretID: token,
		TLSConfig: &nomad.TLSConfig{CACert: s.CA, ClientCert: s.Cert, ClientKey: s.Key}})
	if err != nil {
		t.Fatalf("realtest: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// ConsulClient talks to Consul with the given token.
func (s *Secured) ConsulClient(t testing.TB, token string) *consul.Client {
	t.Helper()
	c, err := consul.NewClient(s.consulConfig(token))
	if err != nil {
		t.Fatalf("realtest: %v", err)
	}
	return c
}

func (s *Secured) consulConfig(token string) *consul.Config {
	return &consul.Config{Address: s.Consul.URL, Token: token, TLSConfig: consul.TLSConfig{CAFile: s.CA}}
}

// certify writes an authority and one certificate for both servers and their callers.
func (s *Secured) certify() error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "realtest authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "realtest"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", "server.global.nomad", "client.global.nomad", "server.dc1.consul"}}
	certDER, err := x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	for path, block := range map[string]*pem.Block{
		s.CA: {Type: "CERTIFICATE", Bytes: caDER}, s.Cert: {Type: "CERTIFICATE", Bytes: certDER}, s.Key: {Type: "EC PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// trust makes Consul take the identities that Nomad signs: services may register themselves, tasks get taskRules. It is what
// "nomad setup consul" does, with the keys themselves in place of their address, which wants a caller's certificate.
func (s *Secured) trust(client *http.Client, taskRules string) error {
	keys, err := s.signingKeys(client)
	if err != nil {
		return err
	}
	c, err := consul.NewClient(s.consulConfig(Management))
	if err != nil {
		return err
	}
	if _, _, err := c.ACL().AuthMethodCreate(&consul.ACLAuthMethod{Name: "nomad-workloads", Type: "jwt", TokenLocality: "local",
		Config: map[string]any{
			"JWTValidationPubKeys": keys, "JWTSupportedAlgs": []string{"RS256"}, "BoundAudiences": []string{"consul.io"},
			"ClaimMappings": map[string]string{"nomad_service": "nomad_service", "nomad_namespace": "nomad_namespace"},
		}}, nil); err != nil {
		return err
	}
	for _, rule := range []*consul.ACLBindingRule{
		{AuthMethod: "nomad-workloads", BindType: consul.BindingRuleBindTypeService, BindName: "${value.nomad_service}", Selector: `"nomad_service" in value`},
		{AuthMethod: "nomad-workloads", BindType: consul.BindingRuleBindTypeRole, BindName: "nomad-tasks-${value.nomad_namespace}", Selector: `"nomad_service" not in value`},
	} {
		if _, _, err := c.ACL().BindingRuleCreate(rule, nil); err != nil {
			return err
		}
	}
	if _, _, err := c.ACL().PolicyCreate(&consul.ACLPolicy{Name: "tasks", Rules: taskRules}, nil); err != nil {
		return err
	}
	_, _, err = c.ACL().RoleCreate(&consul.ACLRole{Name: "nomad-tasks-default", Policies: []*consul.ACLRolePolicyLink{{Name: "tasks"}}}, nil)
	return err
}

// signingKeys are the public keys of Nomad's identities, as PEM.
func (s *Secured) signingKeys(client *http.Client) ([]string, error) {
	resp, err := client.Get(s.Nomad.URL + "/.well-known/jwks.json")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var set struct{ Keys []struct{ N, E string } }
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return nil, err
	}
	var out []string
	for _, k := range set.Keys {
		n, err := base64.RawURLEncoding.DecodeString(k.N)
		if err != nil {
			return nil, err
		}
		e, err := base64.RawURLEncoding.DecodeString(k.E)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())})
		if err != nil {
			return nil, err
		}
		out = append(out, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nomad publishes no signing key yet")
	}
	return out, nil
}
