package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gatehouse.test/istiojudge/internal/rig"
	"gatehouse.test/istiojudge/internal/trial"
)

// workload is what the product must know of a set.
type workload struct {
	Namespace      string            `json:"namespace"`
	ServiceAccount string            `json:"serviceAccount"`
	Labels         map[string]string `json:"labels"`
	Addresses      []string          `json:"addresses"`
}

// live sends the requests of a world to Istio's filters, then to the product, each in front of the same upstream. Between the two it waits until
// the product's socket is there: whoever runs it starts it when DIR/WORLD/workloads.json is.
func live(args []string) {
	set, bench := flagsOf("live")
	out := set.String("out", "worlds", "where the world and the answers are written")
	name := set.String("world", "t2-all", "one world")
	factor := set.Float64("factor", 1, "multiply the number of sets")
	seed := set.Uint64("seed", 0, "added to the world's seed")
	product := set.String("product", "", "unix:PATH of the product's ext_authz")
	must(set.Parse(args))
	b, done := bench.bench()
	defer done()
	w := makeWorld(profiles(*name, *seed, *factor)[0], *out)
	var workloads []workload
	for _, c := range w.cases {
		at := []string{c.Addrs[0] + "/32", c.Addrs[1] + "/128"}
		workloads = append(workloads, workload{Namespace: c.Workload.Namespace, ServiceAccount: "default", Labels: c.Workload.Labels, Addresses: at})
	}
	native := b.New(rig.Native, "", w.cases)
	must(native.Run())
	record(filepath.Join(w.dir, "native.jsonl"), native)
	save(filepath.Join(w.dir, "workloads.json"), workloads)
	await((*product)[len("unix:"):])
	asked := b.New(rig.Product, *product, w.cases)
	must(asked.Run())
	record(filepath.Join(w.dir, "product.jsonl"), asked)
}

func record(path string, t *trial.Trial) {
	f, err := os.Create(path)
	must(err)
	enc := json.NewEncoder(f)
	t.Replies(func(s trial.Seen) { must(enc.Encode(s)) })
	must(f.Close())
}

// save writes a file that is whole as soon as it is there.
func save(path string, value any) {
	text, err := json.Marshal(value)
	must(err)
	must(os.WriteFile(path+".new", text, 0o644))
	must(os.Rename(path+".new", path))
}

func await(socket string) {
	for range 1200 {
		if _, err := os.Stat(socket); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	must(fmt.Errorf("%s is not there after 60 s", socket))
}
