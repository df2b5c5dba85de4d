// Package ask says what a client sends: literal requests, and the cases they belong to.
package ask

import (
	"encoding/json"
	"strings"

	"gatehouse.test/istiojudge/internal/keys"
)

// Header is one header line.
type Header struct{ Name, Value string }

// Request is one HTTP request or TCP connection, literally as it is sent.
type Request struct {
	TCP         bool
	H2, GRPC    bool
	Identity    keys.Identity
	SNI         string
	Source      string // our own address
	Destination string // the address of the case, where it is not given
	Port        string
	Method      string
	Path        string
	Host        string
	Headers     []Header
	Features    map[string]bool
}

// wire is a request in JSON. Texts are byte strings: one character a byte.
type wire struct {
	TCP         bool           `json:"tcp,omitempty"`
	H2          bool           `json:"h2,omitempty"`
	GRPC        bool           `json:"grpc,omitempty"`
	Identity    *keys.Identity `json:"identity,omitempty"`
	SNI         string         `json:"sni,omitempty"`
	Source      string         `json:"source,omitempty"`
	Destination string         `json:"destination,omitempty"`
	Port        string         `json:"port,omitempty"`
	Method      string         `json:"method,omitempty"`
	Path        *string        `json:"path,omitempty"`
	Host        *string        `json:"host,omitempty"`
	Headers     [][2]string    `json:"headers,omitempty"`
}

// MarshalJSON writes texts as byte strings.
func (q Request) MarshalJSON() ([]byte, error) {
	path, host := widen(q.Path), widen(q.Host)
	w := wire{
		TCP: q.TCP, H2: q.H2, GRPC: q.GRPC, Identity: &q.Identity, SNI: widen(q.SNI), Source: q.Source, Destination: q.Destination,
		Port: q.Port, Method: widen(q.Method), Path: &path, Host: &host,
	}
	for _, h := range q.Headers {
		w.Headers = append(w.Headers, [2]string{widen(h.Name), widen(h.Value)})
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes; what is left out is a plain-text GET / to example.com:8080.
func (q *Request) UnmarshalJSON(text []byte) error {
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*q = Request{
		TCP: w.TCP, H2: w.H2, GRPC: w.GRPC, Identity: keys.Identity{Name: "plain", Plain: true}, SNI: narrow(w.SNI),
		Source: or(w.Source, "10.1.5.6"), Destination: w.Destination, Port: w.Port, Method: or(narrow(w.Method), "GET"), Path: "/", Host: "example.com",
		Features: map[string]bool{},
	}
	if w.Identity != nil {
		q.Identity = *w.Identity
	}
	if w.Path != nil {
		q.Path = narrow(*w.Path)
	}
	if w.Host != nil {
		q.Host = narrow(*w.Host)
	}
	if q.Port == "" {
		q.Port = "8080"
		if q.TCP {
			q.Port = "9000"
		}
	}
	for _, h := range w.Headers {
		q.Headers = append(q.Headers, Header{narrow(h[0]), narrow(h[1])})
	}
	return nil
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func widen(bytes string) string {
	var out strings.Builder
	for i := range len(bytes) {
		out.WriteRune(rune(bytes[i]))
	}
	return out.String()
}

func narrow(text string) string {
	var out []byte
	for _, r := range text {
		out = append(out, byte(r))
	}
	return string(out)
}

// Set gives a header one line.
func (q *Request) Set(name, value string) {
	for i := range q.Headers {
		if strings.EqualFold(q.Headers[i].Name, name) {
			q.Headers[i] = Header{name, value}
			return
		}
	}
	q.Headers = append(q.Headers, Header{name, value})
}

// Drop takes a header away.
func (q *Request) Drop(name string) {
	kept := q.Headers[:0]
	for _, h := range q.Headers {
		if !strings.EqualFold(h.Name, name) {
			kept = append(kept, h)
		}
	}
	q.Headers = kept
}
