package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Redis logs in where the URL has a password, and sends PING. A server that is still loading its data answers, but is not
// ready. It speaks the two commands itself: a client's pool logs every failed dial to stderr and dials on its own clock.
func Redis(ctx context.Context, rawURL string) (string, error) {
	u, err := parseURL(rawURL, "redis://[[user]:password@]host[:port][/database]", "redis", "rediss")
	if err != nil {
		return "", err
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "6379")
	}
	conn, err := dialRedis(ctx, u, address)
	if err != nil {
		return "", netError(address, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	r := bufio.NewReader(conn)
	if password, ok := u.User.Password(); ok {
		words := []string{"AUTH", password}
		if name := u.User.Username(); name != "" {
			words = []string{"AUTH", name, password}
		}
		if err := redisCall(conn, r, address, words...); err != nil {
			return "", err
		}
	}
	if err := redisCall(conn, r, address, "PING"); err != nil {
		return "", err
	}
	return address + " answers PING", nil
}

func dialRedis(ctx context.Context, u *url.URL, address string) (net.Conn, error) {
	if u.Scheme == "rediss" {
		return (&tls.Dialer{Config: &tls.Config{ServerName: u.Hostname()}}).DialContext(ctx, "tcp", address)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// redisCall sends one command and reads its one-line answer.
func redisCall(w net.Conn, r *bufio.Reader, target string, words ...string) error {
	var cmd strings.Builder
	fmt.Fprintf(&cmd, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&cmd, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := w.Write([]byte(cmd.String())); err != nil {
		return netError(target, err)
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return netError(target, err)
	}
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "+") {
		return nil
	}
	return redisError(target, strings.TrimPrefix(line, "-"))
}

// redisError reads an error answer, whose first word is its code.
func redisError(target, answer string) *Error {
	code, _, _ := strings.Cut(answer, " ")
	switch code {
	case "LOADING":
		return &Error{Target: target, Reason: "is still loading its data"}
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return &Error{Target: target, Reason: "denies access: " + answer, Permanent: true}
	case "ERR", "MASTERDOWN", "BUSY", "READONLY", "CLUSTERDOWN":
		return &Error{Target: target, Reason: answer}
	}
	return &Error{Target: target, Reason: "does not answer as Redis does"}
}
