// Command lane makes gRPC calls with grpc-go, as listed in a JSON file, and prints what became of each as JSON.
//
//	lane CALLS.json 127.0.0.1:PORT | unix:PATH | tls:127.0.0.1:PORT:CA.pem
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type call struct {
	Path       string `json:"path"`
	Size       int    `json:"size"`
	Gzip       bool   `json:"gzip"`
	DeadlineMs int    `json:"deadlineMs"`
	Times      int    `json:"times"`
	Fields     int    `json:"fields"`
}

type outcome struct {
	Code    int    `json:"code"`
	Details string `json:"details"`
	Size    int    `json:"size"`
	Same    bool   `json:"same"`
}

// raw hands bytes through, so that the calls need no messages.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (raw) Name() string                       { return "raw" }

func ask(conn *grpc.ClientConn, c call, number int) outcome {
	deadline := time.Duration(c.DeadlineMs) * time.Millisecond
	if deadline == 0 {
		deadline = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	for i := range c.Fields {
		ctx = metadata.AppendToOutgoingContext(ctx, fmt.Sprintf("x-field-%d-%d", number, i), strings.Repeat("v", 20+i))
	}
	options := []grpc.CallOption{grpc.ForceCodec(encoding.Codec(raw{})), grpc.MaxCallRecvMsgSize(8 << 20), grpc.MaxCallSendMsgSize(8 << 20)}
	if c.Gzip {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	request := bytes.Repeat([]byte{byte('a' + number%26)}, c.Size)
	var reply []byte
	err := conn.Invoke(ctx, c.Path, &request, &reply, options...)
	s, _ := status.FromError(err)
	o := outcome{Code: int(s.Code()), Size: len(reply), Same: bytes.Equal(request, reply)}
	if s.Code() != codes.OK {
		o.Details = s.Message()
	}
	return o
}

func dial(target string) (*grpc.ClientConn, error) {
	parts := strings.Split(target, ":")
	if parts[0] != "tls" {
		return grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	pem, err := os.ReadFile(parts[3])
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: pool, ServerName: "localhost"}
	return grpc.NewClient(parts[1]+":"+parts[2], grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var calls []call
	if err := json.Unmarshal(text, &calls); err != nil {
		log.Fatal(err)
	}
	conn, err := dial(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	out := make([]outcome, len(calls))
	for i, c := range calls {
		all := make([]outcome, max(1, c.Times))
		var running sync.WaitGroup
		for n := range all {
			running.Go(func() { all[n] = ask(conn, c, n) })
		}
		running.Wait()
		out[i] = all[0]
		for _, each := range all {
			if each.Code != 0 {
				out[i] = each
			}
			out[i].Same = out[i].Same && each.Same
		}
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
