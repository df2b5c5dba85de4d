// Command judge lets Istio's own code translate policies and the real Envoy decide by them.
//
//	judge generate -out DIR [-world NAME,…] [-seed N] [-factor F]   random worlds: policies, questions, verdicts
//	judge ask < CASES                                               verdicts on given cases, one JSON document a line
//	judge live -out DIR -product unix:PATH [-world …] …             the same requests to Istio's filters and to the product
//	judge check FILE…                                               Istio's webhook and CRD verdict on each document
//	judge modes < CASES                                             the mode of mutual TLS of each case's workload, by port
//	judge translate < CASES                                         the Envoy filters that Istio makes for each case's workload
//	judge filters DIR NAMESPACE [LABEL=VALUE …]                     the Envoy filters that Istio makes for one workload
//
// The first three need root, or the right to make user namespaces: they run in a network namespace of their own, in which whole ranges are local addresses.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	istiolog "istio.io/istio/pkg/log"

	"gatehouse.test/istiojudge/internal/trial"
)

const namespaceSetup = `set -e
ip link set lo up
for r in 10.0.0.0/8 192.168.0.0/16 203.0.113.0/24; do ip route add local $r dev lo; done
ip -6 route add local fd00:64::/32 dev lo
for a in fd00:1::7 fd00:2::1; do ip -6 addr add $a/128 dev lo nodad; done
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
exec "$@"`

const insideVar = "JUDGE_INSIDE"

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	opt := istiolog.DefaultOptions()
	opt.SetDefaultOutputLevel(istiolog.OverrideScopeName, istiolog.NoneLevel)
	must(istiolog.Configure(opt))
	name, args := os.Args[1], os.Args[2:]
	switch name {
	case "check":
		verdicts(args)
	case "filters":
		filters(args)
	case "modes":
		modes(args)
	case "translate":
		translate(args)
	case "generate", "ask", "live":
		if os.Getenv(insideVar) == "" {
			enter()
		}
		map[string]func([]string){"generate": generate, "ask": answer, "live": live}[name](args)
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: judge generate|ask|live|check|modes|translate|filters …")
	os.Exit(2)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

// enter runs this program again in a network namespace of its own and ends as it ends.
func enter() {
	self, err := os.Executable()
	must(err)
	options := []string{"-n"}
	if os.Geteuid() != 0 {
		options = append(options, "-r") // root of a user namespace is enough
	}
	cmd := exec.Command("unshare", append(append(options, "sh", "-c", namespaceSetup, "sh", self), os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), insideVar+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type benchFlags struct{ bin, scratch *string }

func flagsOf(name string) (*flag.FlagSet, benchFlags) {
	set := flag.NewFlagSet(name, flag.ExitOnError)
	return set, benchFlags{
		bin:     set.String("envoy", os.Getenv("ENVOY_BIN"), "Envoy binary"),
		scratch: set.String("scratch", "", "folder for Envoy's files, kept; otherwise a temporary one"),
	}
}

// bench starts what every trial needs; done cleans up after it.
func (f benchFlags) bench() (b *trial.Bench, done func()) {
	done = func() {}
	if *f.scratch == "" {
		dir, err := os.MkdirTemp("", "istio-judge-")
		must(err)
		*f.scratch, done = dir, func() { _ = os.RemoveAll(dir) }
	}
	must(os.MkdirAll(*f.scratch, 0o755))
	scratch, err := filepath.Abs(*f.scratch)
	must(err)
	b, err = trial.NewBench(*f.bin, scratch)
	must(err)
	return b, done
}
