package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gatehouse.test/istiojudge/internal/gen"
	"gatehouse.test/istiojudge/internal/mesh"
	"gatehouse.test/istiojudge/internal/rig"
	"gatehouse.test/istiojudge/internal/trial"
)

func generate(args []string) {
	set, bench := flagsOf("generate")
	out := set.String("out", "worlds", "where worlds are written")
	names := set.String("world", "all", "one world, a comma list, or all")
	factor := set.Float64("factor", 1, "multiply the number of sets")
	seed := set.Uint64("seed", 0, "added to every world's seed")
	must(set.Parse(args))
	b, done := bench.bench()
	defer done()
	for _, p := range profiles(*names, *seed, *factor) {
		started := time.Now()
		w := makeWorld(p, *out)
		t := b.New(rig.Recorded, "", w.cases)
		must(t.Run())
		count := w.write(t)
		fmt.Fprintf(os.Stderr, "%-14s seed %d: %d sets, %d verdicts, %.0f s\n", p.Name, *seed, p.Sets, count, time.Since(started).Seconds())
	}
}

// write leaves vectors.jsonl.gz and world.json in the world's folder.
func (w made) write(t *trial.Trial) int {
	f, err := os.Create(filepath.Join(w.dir, "vectors.jsonl.gz"))
	must(err)
	zip, _ := gzip.NewWriterLevel(f, gzip.BestSpeed)
	enc := json.NewEncoder(zip)
	enc.SetEscapeHTML(false)
	count, lost := 0, map[string]int{}
	statuses, features := map[string]int{}, map[string]int{}
	t.Verdicts(func(v trial.Vector) {
		v.World, v.Tier = w.profile.Name, 2
		if w.profile.Tier == 1 && gen.Tier1(v.Features) {
			v.Tier = 1
		}
		must(enc.Encode(v))
		count++
		statuses[fmt.Sprintf("%s %d", v.Kind, v.Status)]++
		for _, name := range v.Features {
			features[name]++
		}
	}, func(_, why string) { lost[why]++ })
	must(zip.Close())
	must(f.Close())
	p := w.profile
	text, err := json.MarshalIndent(map[string]any{
		"world": p.Name, "seed": p.Seed, "sets": len(w.cases), "vectors": count, "statuses": statuses, "features": features, "lost": lost, "refused_by_istio": w.refused,
		"trust_domain": trustDomain, "trust_domain_aliases": p.Aliases, "root_namespace": mesh.RootNamespace,
		"encode_raw_headers": p.RawHeader, "use_remote_address": p.UseRemote, "xff_num_trusted_hops": p.Hops,
	}, "", " ")
	must(err)
	must(os.WriteFile(filepath.Join(w.dir, "world.json"), append(text, '\n'), 0o644))
	return count
}
