// Package trial puts cases before one Envoy and tells what became of their requests.
package trial

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/keys"
	"gatehouse.test/istiojudge/internal/mesh"
	"gatehouse.test/istiojudge/internal/rig"
)

// Case is one workload with its policies and its requests.
type Case struct {
	ask.Settings
	ID       string
	Workload mesh.Workload
	Mesh     *mesh.Mesh
	Addrs    []string // IPv4, IPv6
	Metadata map[string]json.RawMessage
	Requests []Asked
	Features map[string]bool
}

// Asked is one request with the name of its verdict.
type Asked struct {
	ID      string
	Request *ask.Request
}

// Bench is what trials of one network namespace share.
type Bench struct {
	Bin      string
	Scratch  string
	CA       *keys.CA
	recorder *rig.Recorder
	client   *rig.Client
}

// NewBench starts the recorder, the echo and the upstream.
func NewBench(bin, scratch string) (*Bench, error) {
	recorder, err := rig.NewRecorder()
	if err != nil {
		return nil, err
	}
	if err := rig.Serve(); err != nil {
		return nil, err
	}
	ca := keys.NewCA()
	return &Bench{Bin: bin, Scratch: scratch, CA: ca, recorder: recorder, client: rig.NewClient(ca)}, nil
}

// Trial is one run of one Envoy.
type Trial struct {
	bench           *Bench
	config          rig.Config
	jobs            []*job
	httpLog, tcpLog map[string]map[string]any
}

type job struct {
	id      string
	of      *Case
	request *ask.Request
	reply   rig.Reply
	asked   []byte
	err     error
}

// ServerIdentity is the SPIFFE ID of a case's workload.
func ServerIdentity(namespace string) string {
	return "spiffe://cluster.local/ns/" + namespace + "/sa/default"
}

// New prepares a trial.
func (b *Bench) New(gate rig.Gate, authorizer string, cases []*Case) *Trial {
	t := &Trial{bench: b, config: rig.Config{
		Gate: gate, Authorizer: authorizer, CA: b.CA.PEM(),
		AccessLog: filepath.Join(b.Scratch, "access.log"), TCPLog: filepath.Join(b.Scratch, "tcp.log"),
	}}
	for _, c := range cases {
		id := ServerIdentity(c.Workload.Namespace)
		cert, key := keys.Files(b.CA.Issue(keys.Identity{Name: id, URIs: []string{id}}))
		t.config.Chains = append(t.config.Chains, rig.Chain{
			Name: c.ID, Settings: c.Settings, Addrs: c.Addrs, Cert: cert, Key: key, Metadata: c.Metadata, HTTP: c.Mesh.HTTP(c.Workload), TCP: c.Mesh.TCP(c.Workload),
		})
		for _, a := range c.Requests {
			t.jobs = append(t.jobs, &job{id: a.ID, of: c, request: a.Request})
		}
	}
	return t
}

const atOnce = 16

// Run starts Envoy, sends everything, stops Envoy.
func (t *Trial) Run() error {
	_ = os.Remove(t.config.AccessLog)
	_ = os.Remove(t.config.TCPLog)
	envoy, err := rig.Start(t.bench.Bin, t.bench.Scratch, t.config.Bootstrap())
	if err != nil {
		return err
	}
	queue := make(chan *job)
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for j := range queue {
				t.play(j)
			}
		})
	}
	for _, j := range t.jobs {
		queue <- j
	}
	close(queue)
	wg.Wait()
	envoy.Stop()
	t.httpLog, err = readLog(t.config.AccessLog)
	if err == nil {
		t.tcpLog, err = readLog(t.config.TCPLog)
	}
	return err
}

func (t *Trial) play(j *job) {
	j.reply, j.err = t.bench.client.Send(j.id, j.request)
	if t.config.Gate != rig.Recorded {
		return
	}
	id := j.id
	if j.request.TCP {
		id = j.reply.Local
	}
	j.asked = t.bench.recorder.Take(id, ServerIdentity(j.of.Workload.Namespace), j.of.Workload.Labels)
}

func readLog(path string) (map[string]map[string]any, error) {
	got := map[string]map[string]any{}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("envoy's log: %w", err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<22)
	for sc.Scan() {
		var m map[string]any
		if json.Unmarshal(sc.Bytes(), &m) == nil {
			got[str(m["id"])] = m
		}
	}
	return got, sc.Err()
}

// Verdicts gives every vector and counts, by reason, the requests that came to none.
func (t *Trial) Verdicts(each func(Vector), lost func(id, why string)) {
	for _, j := range t.jobs {
		if v, why := t.vector(j); why != "" {
			lost(j.id, why)
		} else {
			each(v)
		}
	}
}

// Seen is the whole answer to one request.
type Seen struct {
	ID      string       `json:"id"`
	Status  int          `json:"status"`
	Headers [][2]string  `json:"headers"`
	Body    string       `json:"body"`
	Error   string       `json:"error,omitempty"`
	Details string       `json:"details"`
	Request *ask.Request `json:"request"`
}

// Replies gives every whole answer.
func (t *Trial) Replies(each func(Seen)) {
	for _, j := range t.jobs {
		s := Seen{ID: j.id, Status: j.reply.Wire, Body: j.reply.Body, Request: j.request, Details: str(t.httpLog[j.id]["details"])}
		for _, h := range j.reply.Headers {
			s.Headers = append(s.Headers, [2]string{h.Name, h.Value})
		}
		if j.err != nil {
			s.Error = trim(j.err.Error())
		}
		each(s)
	}
}
