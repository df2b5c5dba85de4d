package rig

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/keys"
)

// Reply is what the caller saw.
type Reply struct {
	Status  int // canonical: a gRPC refusal counts as 403 or 401
	Wire    int
	Headers []ask.Header // sorted, names in lower case
	Body    string       // of a gRPC refusal its message
	HasBody bool
	Local   string // our own address
}

// Header is the first line of that name.
func (r Reply) Header(name string) string {
	for _, h := range r.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// Client sends requests with certificates of one CA.
type Client struct {
	ca *keys.CA
	// A source port is used once: TCP connections are told apart by it.
	mu   sync.Mutex
	port uint16
}

// NewClient makes a client; no two of a network namespace.
func NewClient(ca *keys.CA) *Client { return &Client{ca: ca, port: 1023} }

func (c *Client) nextPort() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.port++
	for c.port < 1024 || c.port >= 19000 && c.port < 19010 {
		c.port++
	}
	return int(c.port)
}

func (c *Client) connect(q *ask.Request) (net.Conn, error) {
	for range 50 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(q.Source), Port: c.nextPort()}, Timeout: 10 * time.Second}
		raw, err := d.Dial("tcp", net.JoinHostPort(q.Destination, q.Port))
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
			return raw, err
		}
	}
	return nil, fmt.Errorf("no free port at %s", q.Source)
}

func (c *Client) dial(q *ask.Request) (net.Conn, string, error) {
	raw, err := c.connect(q)
	if err != nil {
		return nil, "", err
	}
	_ = raw.SetDeadline(time.Now().Add(20 * time.Second))
	local := raw.LocalAddr().String()
	if q.Identity.Plain {
		return raw, local, nil
	}
	cfg := &tls.Config{ServerName: q.SNI, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	if q.H2 {
		cfg.NextProtos = []string{"h2"}
	}
	if q.TCP {
		cfg.NextProtos = nil
	}
	if !q.Identity.NoCert {
		cert := c.ca.Issue(q.Identity)
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	}
	secure := tls.Client(raw, cfg)
	if err := secure.Handshake(); err != nil {
		_ = raw.Close()
		return nil, "", fmt.Errorf("tls: %w", err)
	}
	return secure, local, nil
}

// Send plays one request.
func (c *Client) Send(id string, q *ask.Request) (Reply, error) {
	conn, local, err := c.dial(q)
	if err != nil {
		return Reply{}, err
	}
	defer conn.Close()
	var r Reply
	switch {
	case q.TCP:
		r, err = sendTCP(conn)
	case q.H2:
		r, err = sendH2(conn, id, q)
	default:
		r, err = sendH1(conn, id, q)
	}
	r.Local = local
	return r.canonical(), err
}

func sendTCP(c net.Conn) (Reply, error) {
	r := Reply{Wire: 403}
	const ping = "ping, long enough for the TLS inspector"
	if _, err := c.Write([]byte(ping)); err != nil {
		return r, nil // refused before we had spoken
	}
	b := make([]byte, len(ping))
	_, err := io.ReadFull(c, b)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return r, err
	}
	if err == nil && string(b) == ping {
		r.Wire = 200
	}
	return r, nil
}

func sendH1(c net.Conn, id string, q *ask.Request) (Reply, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\n", q.Method, q.Path, q.Host, VectorHeader, id)
	for _, h := range q.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	if q.Method == "POST" || q.Method == "PUT" || q.Method == "PATCH" {
		b.WriteString("Content-Length: 0\r\n")
	}
	b.WriteString("Connection: close\r\n\r\n")
	_, _ = c.Write(b.Bytes()) // refused early, it is answered all the same
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: q.Method})
	if err != nil {
		return Reply{}, err
	}
	body, _ := io.ReadAll(res.Body)
	r := Reply{Wire: res.StatusCode, Body: string(body), HasBody: q.Method != "HEAD"}
	for name, values := range res.Header {
		for _, v := range values {
			r.Headers = append(r.Headers, ask.Header{Name: strings.ToLower(name), Value: v})
		}
	}
	return r, nil
}

func sendH2(c net.Conn, id string, q *ask.Request) (Reply, error) {
	if _, err := c.Write([]byte(http2.ClientPreface)); err != nil {
		return Reply{}, err
	}
	f := http2.NewFramer(c, c)
	if err := f.WriteSettings(); err != nil {
		return Reply{}, err
	}
	if err := writeHeaders(f, id, q); err != nil {
		return Reply{}, err
	}
	if q.GRPC {
		if err := f.WriteData(1, true, []byte{0, 0, 0, 0, 0}); err != nil {
			return Reply{}, err
		}
	}
	r := Reply{HasBody: q.Method != "HEAD"}
	dec := hpack.NewDecoder(4096, func(h hpack.HeaderField) {
		if h.Name == ":status" {
			_, _ = fmt.Sscan(h.Value, &r.Wire)
		} else {
			r.Headers = append(r.Headers, ask.Header{Name: h.Name, Value: h.Value})
		}
	})
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return r, err
		}
		ended := false
		switch x := fr.(type) {
		case *http2.SettingsFrame:
			if !x.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			_, err = dec.Write(x.HeaderBlockFragment())
			ended = x.StreamEnded()
		case *http2.ContinuationFrame:
			_, err = dec.Write(x.HeaderBlockFragment())
		case *http2.DataFrame:
			r.Body += string(x.Data())
			ended = x.StreamEnded()
		case *http2.RSTStreamFrame:
			err = fmt.Errorf("reset %v", x.ErrCode)
		case *http2.GoAwayFrame:
			err = fmt.Errorf("goaway %v", x.ErrCode)
		}
		if ended || err != nil {
			return r, err
		}
	}
}

const frameBytes = 16384

func writeHeaders(f *http2.Framer, id string, q *ask.Request) error {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	put := func(n, v string) { _ = enc.WriteField(hpack.HeaderField{Name: n, Value: v}) }
	scheme := "https"
	if q.Identity.Plain {
		scheme = "http"
	}
	put(":method", q.Method)
	if q.Method != "CONNECT" {
		put(":scheme", scheme)
	}
	put(":authority", q.Host)
	if q.Method != "CONNECT" {
		put(":path", q.Path)
	}
	put(VectorHeader, id)
	for _, h := range q.Headers {
		put(strings.ToLower(h.Name), strings.Trim(h.Value, " \t"))
	}
	block := b.Bytes()
	cut := min(len(block), frameBytes)
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:cut], EndStream: !q.GRPC, EndHeaders: cut == len(block)}); err != nil {
		return err
	}
	for block = block[cut:]; len(block) > 0; block = block[cut:] {
		cut = min(len(block), frameBytes)
		if err := f.WriteContinuation(1, cut == len(block), block[:cut]); err != nil {
			return err
		}
	}
	return nil
}

func (r Reply) canonical() Reply {
	r.Status = r.Wire
	switch r.Header("grpc-status") {
	case "7":
		r.Status = 403
	case "16":
		r.Status = 401
	}
	if m, err := url.PathUnescape(r.Header("grpc-message")); err == nil && m != "" {
		r.Body = m
	}
	slices.SortStableFunc(r.Headers, func(a, b ask.Header) int { return strings.Compare(a.Name, b.Name) })
	return r
}
