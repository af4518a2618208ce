package release

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/packctl/packctl/hcl/stack"
)

const (
	passwordAlphabet      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	defaultPasswordLength = 32
)

// generate makes a credential's items. A certificate is signed by the authority, or by itself where that is nil.
func generate(c stack.Credential, authority *signer, now time.Time) (map[string]string, error) {
	items := c.Items()
	switch {
	case c.Certificate != nil:
		cert, key, err := newCertificate(*c.Certificate, authority, now)
		if err != nil {
			return nil, fmt.Errorf("make the certificate %s: %w", c.Name, err)
		}
		out := map[string]string{items[0]: cert, items[1]: key}
		if authority != nil {
			out[items[2]] = authority.pem
		}
		return out, nil
	case c.Bytes != nil:
		text, err := newBytes(*c.Bytes)
		if err != nil {
			return nil, fmt.Errorf("make the key %s: %w", c.Name, err)
		}
		return map[string]string{items[0]: text}, nil
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

// newBytes draws bytes and writes them in their encoding, after the prefix.
func newBytes(b stack.Bytes) (string, error) {
	raw := make([]byte, b.Length)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	if b.Encoding == stack.Hex {
		return b.Prefix + hex.EncodeToString(raw), nil
	}
	return b.Prefix + base64.StdEncoding.EncodeToString(raw), nil
}
