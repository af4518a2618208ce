package probe

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Error numbers of MySQL and MariaDB, from their manuals' "Server Error Message Reference".
const (
	mysqlDatabaseDenied  = 1044 // no right to this database
	mysqlAccessDenied    = 1045 // a wrong password, or no such user
	mysqlHostDenied      = 1130 // no user of this host
	mysqlNoPassword      = 1698 // no login without a password
	mysqlNoRight         = 1227
	mysqlMustChange      = 1862 // the password has expired
	mysqlAccountLocked   = 3118
	mysqlNeedsTLS        = 3159
	mariadbAccountLocked = 4151
)

// MySQL asks a MySQL or MariaDB server. With a password it logs in and runs a statement; without one the server is ready as
// soon as it decides about the login, even against it. It never leaves before that: a server blocks the hosts whose
// connections often end in the middle of the handshake (max_connect_errors).
func MySQL(ctx context.Context, rawURL string) (string, error) {
	cfg, err := MySQLConfig(rawURL)
	if err != nil {
		return "", err
	}
	target := cfg.Target()
	conn, err := cfg.connect(ctx)
	if cfg.Passwd == "" {
		if err != nil && !decided(err) {
			return "", MySQLError(target, err)
		}
		if err == nil {
			conn.Close()
		}
		return target + " accepts connections", nil
	}
	if err != nil {
		return "", MySQLError(target, err)
	}
	defer conn.Close()
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, "DO 1", nil); err != nil {
		return "", MySQLError(target, err)
	}
	return fmt.Sprintf("%s answers queries of %s", target, cfg.User), nil
}

// MySQLConf is a parsed MySQL URL.
type MySQLConf struct{ *mysql.Config }

// Target is host:port, for people.
func (c MySQLConf) Target() string { return c.Addr }

func (c MySQLConf) connect(ctx context.Context) (driver.Conn, error) {
	connector, err := mysql.NewConnector(c.Config)
	if err != nil {
		return nil, err
	}
	return connector.Connect(ctx)
}

const wantMySQL = "mysql://user:password@host:port/database"

// MySQLConfig reads a MySQL or MariaDB URL. The scheme may name a driver, as SQLAlchemy has it ("mysql+pymysql://"). Of the
// parameters those about TLS are obeyed (tls, ssl-mode; by default TLS is used where the server has it); others mean something
// to another client only. Its error is permanent and holds nothing of the URL.
func MySQLConfig(raw string) (MySQLConf, error) {
	scheme, rest, isURL := strings.Cut(raw, "://")
	if isURL {
		scheme, _, _ = strings.Cut(scheme, "+")
		raw = scheme + "://" + rest
	}
	u, err := parseURL(raw, wantMySQL, "mysql", "mariadb")
	if err != nil {
		return MySQLConf{}, err
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", u.Host
	if u.Port() == "" {
		cfg.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = strings.TrimPrefix(u.Path, "/")
	cfg.Logger = &mysql.NopLogger{} // what goes wrong is returned as well
	cfg.ParseTime = true            // goose reads times
	if err := mysqlTLS(cfg, u); err != nil {
		return MySQLConf{}, err
	}
	return MySQLConf{cfg}, nil
}

// mysqlTLS sets what a URL says about TLS, in the words of the Go driver (tls) or of MySQL's own clients (ssl-mode). A
// parameter about TLS that is not understood is refused: ignoring it could send the password in the clear.
func mysqlTLS(cfg *mysql.Config, u *url.URL) error {
	cfg.TLSConfig = "preferred"
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return &Error{Reason: "the URL's parameters cannot be read, want " + wantMySQL + "?name=value", Permanent: true}
	}
	for name, values := range query {
		name, value := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name)), strings.ToLower(values[len(values)-1])
		if !strings.HasPrefix(name, "tls") && !strings.HasPrefix(name, "ssl") {
			continue
		}
		switch {
		case name == "tls" && slices.Contains([]string{"true", "false", "skip-verify", "preferred"}, value):
			cfg.TLSConfig = value
		case name == "sslmode" && slices.Contains([]string{"disabled", "disable"}, value):
			cfg.TLSConfig = "false"
		case name == "sslmode" && slices.Contains([]string{"preferred", "prefer"}, value):
		case name == "sslmode" && slices.Contains([]string{"required", "require"}, value):
			cfg.TLSConfig = "skip-verify"
		case name == "sslmode" && slices.Contains([]string{"verify_identity", "verify-full"}, value):
			cfg.TLSConfig = "true"
		default:
			return &Error{Permanent: true, Reason: "the URL has a parameter about TLS that is not understood, " +
				"want tls=true, false, preferred or skip-verify, or ssl-mode=DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY"}
		}
	}
	return nil
}

// MySQLError says in a few words why a MySQL server could not be used, and whether that can pass.
func MySQLError(target string, err error) *Error {
	var answer *mysql.MySQLError
	if errors.As(err, &answer) {
		e := &Error{Target: target, Reason: fmt.Sprintf("%s (error %d)", firstLine(answer.Message), answer.Number), cause: answer}
		switch answer.Number {
		case mysqlDatabaseDenied, mysqlAccessDenied, mysqlHostDenied, mysqlNoPassword, mysqlNoRight, mysqlMustChange,
			mysqlAccountLocked, mysqlNeedsTLS, mariadbAccountLocked:
			e.Permanent = true
		}
		return e
	}
	for _, cannot := range []error{mysql.ErrNoTLS, mysql.ErrUnknownPlugin, mysql.ErrOldPassword, mysql.ErrOldProtocol, mysql.ErrCleartextPassword} {
		if errors.Is(err, cannot) {
			return &Error{Target: target, Reason: cannot.Error(), Permanent: true, cause: cannot}
		}
	}
	if errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
		return &Error{Target: target, Reason: "the server closed the connection", cause: err}
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) || errors.Is(err, mysql.ErrMalformPkt) || errors.Is(err, mysql.ErrPktSync) {
		return &Error{Target: target, Reason: "does not answer as MySQL does", cause: err}
	}
	return netError(target, err)
}

// decided says whether the server got as far as to judge who wants to log in.
func decided(err error) bool {
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Number {
	case mysqlDatabaseDenied, mysqlAccessDenied, mysqlNoPassword, mysqlMustChange, mysqlAccountLocked, mariadbAccountLocked:
		return true
	}
	return false
}
