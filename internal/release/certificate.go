package release

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
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
	defaultValidFor = 365 * 24 * time.Hour
	clockSkew       = 5 * time.Minute // clocks of clients differ
)

// signer is a certificate authority.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string // its certificate
}

// newAuthority makes an authority that signs certificates of servers and nothing else, no further authority.
func newAuthority(a stack.Authority, now time.Time) (cert, key string, err error) {
	template, err := template(a.CommonName, a.ValidFor, now)
	if err != nil {
		return "", "", err
	}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.IsCA, template.MaxPathLenZero = true, true
	return sign(template, nil)
}

// readAuthority reads what newAuthority made.
func readAuthority(cert, key string) (*signer, error) {
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return nil, err
	}
	private, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("it is not an authority with an ECDSA key")
	}
	return &signer{cert: pair.Leaf, key: private, pem: cert}, nil
}

// newCertificate makes a server certificate with its ECDSA P-256 key, both in PEM. It ends no later than its authority.
// Without an authority it is signed by itself.
func newCertificate(c stack.Certificate, authority *signer, now time.Time) (cert, key string, err error) {
	template, err := template(c.CommonName, c.ValidFor, now)
	if err != nil {
		return "", "", err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = c.DNSNames
	for _, s := range c.IPs {
		ip := net.ParseIP(s)
		if ip == nil {
			return "", "", fmt.Errorf("%q is not an IP address", s)
		}
		template.IPAddresses = append(template.IPAddresses, ip)
	}
	if authority == nil {
		template.KeyUsage |= x509.KeyUsageCertSign
		template.IsCA = true // so that it can be trusted by itself
	} else if end := authority.cert.NotAfter; template.NotAfter.After(end) {
		template.NotAfter = end
	}
	return sign(template, authority)
}

// template is what every certificate has.
func template(commonName string, validFor time.Duration, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, err
	}
	if validFor <= 0 {
		validFor = defaultValidFor
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName}, BasicConstraintsValid: true,
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(validFor),
	}, nil
}

// sign makes a key for a certificate and has the certificate signed by the authority, or by that key.
func sign(template *x509.Certificate, authority *signer) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	parent, signing := template, private
	if authority != nil {
		parent, signing = authority.cert, authority.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, private.Public(), signing)
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
