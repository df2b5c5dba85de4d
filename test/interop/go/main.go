// Command interop asks a SPIFFE Workload API everything that go-spiffe can ask, and checks the certificates strictly.
//
//	interop -socket unix:///path.sock -td cluster.local -verbs x509,bundles,source,mtls,many,watch,jwt [-wait 60s] [-out DIR]
//	interop -socket unix:///path.sock -td cluster.local -verbs serve            (prints its port, answers each line of a member of the trust domain)
//	interop -socket unix:///path.sock -td cluster.local -verbs dial -port PORT  (sends a line, wants it back)
//
// One line a verb: "ok VERB detail" or "FAIL VERB reason". Exit 0 only if all passed.
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

var (
	socket = flag.String("socket", "", "unix:///path.sock")
	tdName = flag.String("td", "cluster.local", "trust domain")
	verbs  = flag.String("verbs", "x509,bundles,source,mtls", "comma list")
	wait   = flag.Duration("wait", 60*time.Second, "how long watch waits for a second update")
	port   = flag.Int("port", 0, "whom dial asks, on 127.0.0.1")
	token  = flag.String("token", "", "what federated validates")
	out    = flag.String("out", "", "where x509 leaves svid.pem, key.pem, bundle.pem")
)

func main() {
	flag.Parse()
	table := map[string]func(context.Context, *workloadapi.Client) (string, error){
		"x509": x509Verb, "bundles": bundles, "source": source, "mtls": mtls, "watch": watch, "jwt": jwt, "many": many, "serve": serve, "dial": dial, "federated": federated,
	}
	failed := false
	for _, v := range strings.Split(*verbs, ",") {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second+*wait)
		c, err := workloadapi.New(ctx, workloadapi.WithAddr(*socket))
		detail := ""
		if err == nil {
			detail, err = table[v](ctx, c)
			c.Close()
		}
		cancel()
		if err != nil {
			failed = true
			fmt.Printf("FAIL %s %v\n", v, err)
		} else {
			fmt.Printf("ok %s %s\n", v, detail)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func td() spiffeid.TrustDomain { return spiffeid.RequireTrustDomainFromString(*tdName) }

// strict holds what go-spiffe's own verification does not look at.
func strict(s *x509svid.SVID, roots []*x509.Certificate) error {
	l := s.Certificates[0]
	var p []string
	bad := func(c bool, f string, a ...any) {
		if c {
			p = append(p, fmt.Sprintf(f, a...))
		}
	}
	bad(l.IsCA, "leaf is a CA")
	bad(len(l.URIs) != 1, "%d URI SANs", len(l.URIs))
	bad(l.KeyUsage&x509.KeyUsageDigitalSignature == 0, "no digitalSignature")
	bad(l.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0, "keyCertSign or cRLSign on a leaf")
	eku := map[x509.ExtKeyUsage]bool{}
	for _, e := range l.ExtKeyUsage {
		eku[e] = true
	}
	bad(!eku[x509.ExtKeyUsageServerAuth] || !eku[x509.ExtKeyUsageClientAuth], "EKU lacks server or client auth")
	bad(l.SerialNumber.Sign() <= 0 || len(l.SerialNumber.Bytes()) > 20, "serial %s", l.SerialNumber)
	bad(l.SerialNumber.BitLen() < 64, "serial has %d bits", l.SerialNumber.BitLen())
	bad(len(l.AuthorityKeyId) == 0, "no AKI")
	bad(l.NotBefore.After(time.Now()), "not yet valid")
	bad(time.Since(l.NotBefore) > time.Hour && l.NotAfter.Sub(l.NotBefore) < 2*time.Hour, "back-dated by %s", time.Since(l.NotBefore))
	bad(l.Version != 3, "version %d", l.Version)
	var critical []string
	for _, e := range l.Extensions {
		if e.Critical {
			critical = append(critical, e.Id.String())
		}
	}
	bad(!strings.Contains(strings.Join(critical, " "), "2.5.29.15"), "keyUsage not critical")
	issuer := roots
	if len(s.Certificates) > 1 {
		issuer = s.Certificates[1:]
	}
	found := false
	for _, r := range issuer {
		if l.CheckSignatureFrom(r) == nil {
			found = true
			bad(l.NotAfter.After(r.NotAfter), "outlives its issuer by %s", l.NotAfter.Sub(r.NotAfter))
			bad(!bytes.Equal(l.AuthorityKeyId, r.SubjectKeyId), "AKI is not the issuer's SKI")
			bad(!bytes.Equal(l.RawIssuer, r.RawSubject), "issuer name is not the issuer's subject")
			bad(len(l.RawIssuer) <= 2, "empty issuer")
		}
	}
	bad(!found, "not signed by the next in chain")
	for _, r := range roots {
		bad(!r.IsCA || !r.BasicConstraintsValid, "root is no CA")
		bad(r.KeyUsage&x509.KeyUsageCertSign == 0, "root lacks keyCertSign")
		bad(len(r.URIs) != 1 || r.URIs[0].Path != "" || r.URIs[0].Host != *tdName, "root's URI SAN %v", r.URIs)
		bad(len(r.SubjectKeyId) == 0, "root lacks SKI")
	}
	switch k := l.PublicKey.(type) {
	case *ecdsa.PublicKey:
		bad(!k.Equal(s.PrivateKey.Public()), "key does not match")
	case *rsa.PublicKey:
		bad(!k.Equal(s.PrivateKey.Public()), "key does not match")
	}
	if p != nil {
		return errors.New(strings.Join(p, "; "))
	}
	return nil
}

func x509Verb(ctx context.Context, c *workloadapi.Client) (string, error) {
	x, err := c.FetchX509Context(ctx)
	if err != nil {
		return "", err
	}
	b, err := x.Bundles.GetX509BundleForTrustDomain(td())
	if err != nil {
		return "", err
	}
	for _, s := range x.SVIDs {
		if _, _, err := x509svid.Verify(s.Certificates, x.Bundles); err != nil {
			return "", err
		}
		if err := strict(s, b.X509Authorities()); err != nil {
			return "", fmt.Errorf("%s: %w", s.ID, err)
		}
	}
	if *out != "" {
		s := x.DefaultSVID()
		certs, key, err := s.Marshal()
		if err != nil {
			return "", err
		}
		var roots []byte
		for _, r := range b.X509Authorities() {
			roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Raw})...)
		}
		for n, d := range map[string][]byte{"svid.pem": certs, "key.pem": key, "bundle.pem": roots} {
			if err := os.WriteFile(filepath.Join(*out, n), d, 0o600); err != nil {
				return "", err
			}
		}
	}
	return fmt.Sprintf("%d SVIDs, first %s, %d roots", len(x.SVIDs), x.DefaultSVID().ID, len(b.X509Authorities())), nil
}

func bundles(ctx context.Context, c *workloadapi.Client) (string, error) {
	s, err := c.FetchX509Bundles(ctx)
	if err != nil {
		return "", err
	}
	if !s.Has(td()) {
		return "", fmt.Errorf("no bundle of %s", td())
	}
	return fmt.Sprintf("%d bundles", s.Len()), nil
}

// federated validates another trust domain's JWT-SVID for "shop", and counts that trust domain's roots.
func federated(ctx context.Context, c *workloadapi.Client) (string, error) {
	keys, err := c.FetchJWTBundles(ctx)
	if err != nil {
		return "", err
	}
	s, err := jwtsvid.ParseAndValidate(*token, keys, []string{"shop"})
	if err != nil {
		return "", err
	}
	all, err := c.FetchX509Bundles(ctx)
	if err != nil {
		return "", err
	}
	theirs, err := all.GetX509BundleForTrustDomain(s.ID.TrustDomain())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s by %d of %d bundles", s.ID, len(theirs.X509Authorities()), all.Len()), nil
}

func source(ctx context.Context, c *workloadapi.Client) (string, error) {
	s, err := workloadapi.NewX509Source(ctx, workloadapi.WithClient(c))
	if err != nil {
		return "", err
	}
	v, err := s.GetX509SVID()
	if err != nil {
		return "", err
	}
	return v.ID.String(), nil
}

func mtls(ctx context.Context, c *workloadapi.Client) (string, error) {
	s, err := workloadapi.NewX509Source(ctx, workloadapi.WithClient(c))
	if err != nil {
		return "", err
	}
	any := tlsconfig.AuthorizeMemberOf(td())
	l, err := spiffetls.ListenWithMode(ctx, "tcp", "127.0.0.1:0", spiffetls.MTLSServerWithSource(any, s))
	if err != nil {
		return "", err
	}
	defer l.Close()
	go func() {
		for {
			k, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(k, k); k.Close() }()
		}
	}()
	k, err := spiffetls.DialWithMode(ctx, "tcp", l.Addr().String(), spiffetls.MTLSClientWithSource(any, s))
	if err != nil {
		return "", err
	}
	defer k.Close()
	if _, err := k.Write([]byte("ping")); err != nil {
		return "", err
	}
	b := make([]byte, 4)
	if _, err := io.ReadFull(k, b); err != nil {
		return "", err
	}
	peer, err := spiffetls.PeerIDFromConn(k)
	if err != nil {
		return "", err
	}
	// a stranger must not get in
	raw, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		raw.SetDeadline(time.Now().Add(2 * time.Second))
		raw.Write([]byte("ping"))
		if _, err = io.ReadFull(raw, b); err == nil {
			return "", errors.New("a client without certificate got in")
		}
	}
	return "peer " + peer.String(), nil
}

type watcher struct {
	sync.Mutex
	serials map[string]bool
	n       int
	err     error
	roots   *x509bundle.Set
	done    chan struct{}
}

func (w *watcher) OnX509ContextUpdate(x *workloadapi.X509Context) {
	w.Lock()
	defer w.Unlock()
	w.n++
	w.serials[x.DefaultSVID().Certificates[0].SerialNumber.String()] = true
	if _, _, err := x509svid.Verify(x.DefaultSVID().Certificates, x.Bundles); err != nil {
		w.err = err
	}
	if len(w.serials) == 2 {
		select {
		case <-w.done:
		default:
			close(w.done)
		}
	}
}
func (w *watcher) OnX509ContextWatchError(err error) {
	w.Lock()
	defer w.Unlock()
	if !strings.Contains(err.Error(), "canceled") {
		w.err = err
	}
}

func watch(ctx context.Context, c *workloadapi.Client) (string, error) {
	w := &watcher{serials: map[string]bool{}, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go c.WatchX509Context(ctx, w)
	t := time.Now()
	select {
	case <-w.done:
	case <-time.After(*wait):
		return "", fmt.Errorf("%d certificates in %s", len(w.serials), *wait)
	}
	w.Lock()
	defer w.Unlock()
	return fmt.Sprintf("renewed after %s, %d updates", time.Since(t).Round(time.Second), w.n), w.err
}

func jwt(ctx context.Context, c *workloadapi.Client) (string, error) {
	s, err := c.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "spiffe://cluster.local/judge", ExtraAudiences: []string{"b"}})
	if err != nil {
		return "", err
	}
	bs, err := c.FetchJWTBundles(ctx)
	if err != nil {
		return "", err
	}
	if _, err := jwtsvid.ParseAndValidate(s.Marshal(), bs, []string{"b"}); err != nil {
		return "", fmt.Errorf("own validation: %w", err)
	}
	if _, err := jwtsvid.ParseAndValidate(s.Marshal(), bs, []string{"c"}); err == nil {
		return "", errors.New("an audience that was not asked for passes")
	}
	v, err := c.ValidateJWTSVID(ctx, s.Marshal(), "b")
	if err != nil {
		return "", fmt.Errorf("server's validation: %w", err)
	}
	if v.ID != s.ID {
		return "", fmt.Errorf("validated as %s", v.ID)
	}
	if _, err := c.ValidateJWTSVID(ctx, s.Marshal(), "c"); err == nil {
		return "", errors.New("server accepts a wrong audience")
	}
	t := s.Marshal()
	if _, err := c.ValidateJWTSVID(ctx, t[:len(t)-6]+"AAAAAA", "b"); err == nil {
		return "", errors.New("server accepts a broken signature")
	}
	all, err := c.FetchJWTSVIDs(ctx, jwtsvid.Params{Audience: "x"})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d tokens, expires in %s", len(all), time.Until(s.Expiry).Round(time.Second)), nil
}

// many opens 300 streams at once and wants each to have its certificate within ten seconds.
func many(ctx context.Context, _ *workloadapi.Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	errs := make(chan error, 300)
	t := time.Now()
	for range 300 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := workloadapi.New(ctx, workloadapi.WithAddr(*socket))
			if err == nil {
				_, err = c.FetchX509SVID(ctx)
				c.Close()
			}
			if err != nil {
				errs <- err
			}
		}()
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return "", err
	}
	return fmt.Sprintf("300 in %s", time.Since(t).Round(time.Millisecond)), nil
}

// serve answers lines over mTLS until it is killed.
func serve(_ context.Context, _ *workloadapi.Client) (string, error) {
	ctx := context.Background()
	s, err := workloadapi.NewX509Source(ctx, workloadapi.WithClientOptions(workloadapi.WithAddr(*socket)))
	if err != nil {
		return "", err
	}
	l, err := spiffetls.ListenWithMode(ctx, "tcp", "127.0.0.1:0", spiffetls.MTLSServerWithSource(tlsconfig.AuthorizeMemberOf(td()), s))
	if err != nil {
		return "", err
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	for {
		k, err := l.Accept()
		if err != nil {
			return "", err
		}
		go func() { io.Copy(k, k); k.Close() }()
	}
}

// dial sends a line over mTLS and wants it back.
func dial(ctx context.Context, c *workloadapi.Client) (string, error) {
	s, err := workloadapi.NewX509Source(ctx, workloadapi.WithClient(c))
	if err != nil {
		return "", err
	}
	k, err := spiffetls.DialWithMode(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", *port), spiffetls.MTLSClientWithSource(tlsconfig.AuthorizeMemberOf(td()), s))
	if err != nil {
		return "", err
	}
	defer k.Close()
	if _, err := k.Write([]byte("ping\n")); err != nil {
		return "", err
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(k, b); err != nil || string(b) != "ping\n" {
		return "", fmt.Errorf("got %q: %v", b, err)
	}
	peer, err := spiffetls.PeerIDFromConn(k)
	return "peer " + peer.String(), err
}
