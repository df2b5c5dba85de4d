package rig

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// SeenHeader of a response tells what the upstream saw: base64 of a JSON list of lines.
const SeenHeader = "x-upstream-saw"

// Serve runs the two ends behind Envoy: an echo for TCP, and an HTTP upstream that tells what it saw.
func Serve() error {
	if err := accept(echoPort, func(c net.Conn) { _, _ = io.Copy(c, c) }); err != nil {
		return err
	}
	return accept(upstreamPort, tell)
}

func accept(port int, each func(net.Conn)) error {
	l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { each(c); _ = c.Close() }()
		}
	}()
	return nil
}

// tell reads requests without bodies of HTTP/1.1.
func tell(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		first, err := r.ReadString('\n')
		if err != nil {
			return
		}
		var lines []string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimRight(line, "\r\n")
			if line == "" {
				break
			}
			lines = append(lines, line)
		}
		if slices.Contains(lines, "transfer-encoding: chunked") && !skipChunks(r) {
			return
		}
		slices.Sort(lines)
		text, _ := json.Marshal(append([]string{strings.TrimSpace(first)}, lines...))
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s: %s\r\ncontent-length: 0\r\n\r\n", SeenHeader, base64.StdEncoding.EncodeToString(text)); err != nil {
			return
		}
	}
}

func skipChunks(r *bufio.Reader) bool {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		var size int
		if _, err := fmt.Sscanf(line, "%x", &size); err != nil {
			return false
		}
		if _, err := io.CopyN(io.Discard, r, int64(size)+2); err != nil {
			return false
		}
		if size == 0 {
			return true
		}
	}
}
