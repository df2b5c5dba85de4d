package rig

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Envoy is one running process.
type Envoy struct {
	cmd  *exec.Cmd
	died chan error
}

// Start runs Envoy on a bootstrap and waits until it is live. The error holds what Envoy said.
func Start(bin, dir string, boot []byte) (*Envoy, error) {
	path := filepath.Join(dir, "bootstrap.pb")
	if err := os.WriteFile(path, boot, 0o600); err != nil {
		return nil, err
	}
	log := filepath.Join(dir, "envoy.log")
	_ = os.Remove(log)
	cmd := exec.Command(bin, "-c", path, "--concurrency", "1", "--disable-hot-restart", "-l", "warning", "--log-path", log,
		"--file-flush-interval-msec", "50", "--drain-time-s", "1", "--parent-shutdown-time-s", "2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	e := &Envoy{cmd: cmd, died: make(chan error, 1)}
	out, err := os.Create(filepath.Join(dir, "envoy.out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { e.died <- cmd.Wait() }()
	for range 1200 {
		select {
		case err := <-e.died:
			text, _ := os.ReadFile(log)
			more, _ := os.ReadFile(out.Name())
			return nil, fmt.Errorf("envoy ended: %v\n%s", err, tail(string(text)+string(more)))
		case <-time.After(50 * time.Millisecond):
		}
		if ready() {
			return e, nil
		}
	}
	e.Stop()
	return nil, fmt.Errorf("envoy is not ready after 60 s")
}

func ready() bool {
	res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/ready", adminPort))
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}

// Stop ends it; its logs are whole then.
func (e *Envoy) Stop() {
	_ = e.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.died:
	case <-time.After(10 * time.Second):
		_ = e.cmd.Process.Kill()
		<-e.died
	}
}
