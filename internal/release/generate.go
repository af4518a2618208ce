package release

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/packctl/packctl/hcl/stack"
)

const (
	passwordAlphabet      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	defaultPasswordLength = 32
	defaultValidFor       = 365 * 24 * time.Hour
)

// generate makes a credential's items.
func generate(c stack.Credential, now time.Time) (map[string]string, error) {
	items := c.Items()
	if c.Certificate != nil {
		cert, key, err := newCertificate(*c.Certificate, now)
		if err != nil {
			return nil, fmt.Errorf("make the certificate %s: %w", c.Name, err)
		}
		return map[string]string{items[0]: cert, items[1]: key}, nil
	}
	length := defaultPasswordLength
	if c.Password != nil && c.Password.Length > 0 {
		length = c.Password.Length
	}
	password, err := newPassword(length)
	if err != nil {
		return nil, fmt.Errorf("make the password %s: %w", c.Name, err)
	}
	return map[string]string{items[0]: password}, nil
}

// newPassword draws each character evenly from letters and digits, which need no escaping in a URL, a shell or SQL.
func newPassword(length int) (string, error) {
	out := make([]byte, length)
	limit := big.NewInt(int64(len(passwordAlphabet)))
	for i := range out {
		n, err := rand.Int(rand.Reader, limit)
		if err != nil {
			return "", err
		}
		out[i] = passwordAlphabet[n.Int64()]
	}
	return string(out), nil
}

// newCertificate makes a self-signed server certificate with its ECDSA P-256 key, both in PEM.
func newCertificate(c stack.Certificate, now time.Time) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return "", "", err
	}
	valid := c.ValidFor
	if valid <= 0 {
		valid = defaultValidFor
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: c.CommonName},
		NotBefore:             now.Add(-5 * time.Minute), // clocks of clients differ
		NotAfter:              now.Add(valid),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that it can be trusted by itself
		DNSNames:              c.DNSNames,
	}
	for _, s := range c.IPs {
		ip := net.ParseIP(s)
		if ip == nil {
			return "", "", fmt.Errorf("%q is not an IP address", s)
		}
		template.IPAddresses = append(template.IPAddresses, ip)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	encode := func(kind string, data []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret), nil
}
