// Calico's own selector parser: one JSON question a line in, one JSON answer a line out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/projectcalico/calico/libcalico-go/lib/selector/parser"
)

type question struct {
	Selector string
	Labels   []map[string]string
}

type answer struct {
	Ok      bool   `json:"ok"`
	Matches []bool `json:"matches"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		encoded, _ := json.Marshal(judge(q))
		out.Write(append(encoded, '\n'))
	}
}

func judge(q question) answer {
	parsed, err := parser.Parse(q.Selector)
	if err != nil {
		return answer{Ok: false, Matches: []bool{}}
	}
	matches := make([]bool, len(q.Labels))
	for i, labels := range q.Labels {
		matches[i] = parsed.Evaluate(labels)
	}
	return answer{Ok: true, Matches: matches}
}
