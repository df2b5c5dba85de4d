package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/crd"

	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/rbac/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/path/match/uri_template/v3"

	"gatehouse.test/istiojudge/internal/mesh"
)

// documentsOf splits files into documents.
func documentsOf(files []string, each func(file string, index int, text string)) {
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(err)
		docs, err := mesh.Split(string(text))
		must(err)
		for i, d := range docs {
			each(f, i, d)
		}
	}
}

func filters(args []string) {
	if len(args) < 2 {
		usage()
	}
	files, _ := filepath.Glob(filepath.Join(args[0], "*.yaml"))
	var configs []config.Config
	documentsOf(files, func(_ string, _ int, text string) {
		doc := mesh.Parse(text)
		must(doc.Err)
		configs = append(configs, doc.Config)
	})
	var aliases []string
	if v := os.Getenv("TRUST_DOMAIN_ALIASES"); v != "" {
		aliases = strings.Split(v, ",")
	}
	m, err := mesh.New(configs, mesh.Options{TrustDomain: trustDomain, Aliases: aliases})
	must(err)
	w := mesh.Workload{Namespace: args[1], Labels: map[string]string{}}
	for _, l := range args[2:] {
		k, v, _ := strings.Cut(l, "=")
		w.Labels[k] = v
	}
	show := func(m proto.Message) { fmt.Println(protojson.MarshalOptions{Multiline: true}.Format(m)) }
	for _, f := range m.HTTP(w) {
		show(f)
	}
	fmt.Println("--- TCP")
	for _, f := range m.TCP(w) {
		show(f)
	}
}

// crds reads Istio's own schemas out of its module.
func crds() *crd.Validator {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	must(err)
	path := filepath.Join(strings.TrimSpace(string(dir)), "manifests/charts/base/files/crd-all.gen.yaml")
	v, err := crd.NewValidatorFromFilesWithOptions([]string{path}, crd.WithoutCRDValidation())
	must(err)
	return v
}

func verdicts(files []string) {
	v := crds()
	bad, all := 0, 0
	refuse := func(file string, i int, class string, err error) {
		bad++
		fmt.Printf("%s #%d %s: %v\n", file, i, class, err)
	}
	documentsOf(files, func(file string, i int, text string) {
		all++
		doc := mesh.Parse(text)
		if doc.Err != nil {
			refuse(file, i, doc.Class, doc.Err)
		}
		if doc.Warnings != "" {
			fmt.Printf("%s #%d warning: %s\n", file, i, doc.Warnings)
		}
		if err := v.ValidateCustomResourceYAML(text, nil); err != nil {
			refuse(file, i, "crd", err)
		}
	})
	fmt.Printf("%d documents, %d refusals\n", all, bad)
	if bad > 0 {
		os.Exit(1)
	}
}
