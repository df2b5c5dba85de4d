package rig

import (
	"context"
	"fmt"
	"net"
	"sync"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// VectorHeader ties a request to its verdict; it never reaches a stored CheckRequest.
const VectorHeader = "x-vector-id"

// Recorder always allows and keeps what it was asked.
type Recorder struct {
	authv3.UnimplementedAuthorizationServer
	mu    sync.Mutex
	asked map[string]*authv3.CheckRequest // by vector; a TCP connection by its source
}

// NewRecorder serves in this network namespace.
func NewRecorder() (*Recorder, error) {
	l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", recorderPort))
	if err != nil {
		return nil, err
	}
	r := &Recorder{asked: map[string]*authv3.CheckRequest{}}
	s := grpc.NewServer()
	authv3.RegisterAuthorizationServer(s, r)
	go func() { _ = s.Serve(l) }()
	return r, nil
}

// Check records and allows.
func (r *Recorder) Check(_ context.Context, q *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[idOf(q)] = q
	return &authv3.CheckResponse{Status: &status.Status{}}, nil
}

func idOf(q *authv3.CheckRequest) string {
	h := q.GetAttributes().GetRequest().GetHttp()
	if h == nil {
		s := q.GetAttributes().GetSource().GetAddress().GetSocketAddress()
		return net.JoinHostPort(s.GetAddress(), fmt.Sprint(s.GetPortValue()))
	}
	for _, e := range h.GetHeaderMap().GetHeaders() {
		if e.GetKey() == VectorHeader {
			return string(e.GetRawValue()) + e.GetValue()
		}
	}
	return h.GetHeaders()[VectorHeader]
}

// Take hands out what was asked, once, in the form that is stored: the case's own workload as destination, no header of ours.
func (r *Recorder) Take(id, principal string, labels map[string]string) []byte {
	r.mu.Lock()
	q := r.asked[id]
	delete(r.asked, id)
	r.mu.Unlock()
	if q == nil {
		return nil
	}
	d := q.GetAttributes().GetDestination()
	d.Principal, d.Labels = principal, labels
	if h := q.GetAttributes().GetRequest().GetHttp(); h != nil {
		delete(h.GetHeaders(), VectorHeader)
		if m := h.GetHeaderMap(); m != nil {
			kept := m.Headers[:0]
			for _, e := range m.Headers {
				if e.GetKey() != VectorHeader {
					kept = append(kept, e)
				}
			}
			m.Headers = kept
		}
	}
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(q)
	if err != nil {
		panic(err)
	}
	return out
}
