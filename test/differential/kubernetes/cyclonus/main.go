// Cyclonus judges worlds of Kubernetes NetworkPolicy: one JSON world a line in, one JSON list of verdicts a line out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

type world struct {
	Policies    []*networking.NetworkPolicy
	Namespaces  map[string]map[string]string
	Pods        []v1.Pod
	Connections []connection
}

type connection struct {
	Source, Destination, Protocol string
	Port                          int
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var w world
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		answer, _ := json.Marshal(w.judge())
		out.Write(append(answer, '\n'))
		out.Flush()
	}
}

func (w *world) judge() []bool {
	for _, policy := range w.Policies {
		fillIn(policy)
		w.settleNotIn(policy)
	}
	policy := matcher.BuildNetworkPolicies(true, w.Policies)
	verdicts := make([]bool, len(w.Connections))
	for i, c := range w.Connections {
		verdicts[i] = policy.IsTrafficAllowed(&matcher.Traffic{
			Source:           w.peer(c.Source),
			Destination:      w.peer(c.Destination),
			ResolvedPort:     c.Port,
			ResolvedPortName: w.portName(c),
			Protocol:         v1.Protocol(c.Protocol),
		}).IsAllowed()
	}
	return verdicts
}

// What a Kubernetes API server fills in before anybody sees a policy.
func fillIn(policy *networking.NetworkPolicy) {
	spec := &policy.Spec
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networking.PolicyType{networking.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networking.PolicyTypeEgress)
		}
	}
	tcp := v1.ProtocolTCP
	ports := func(list []networking.NetworkPolicyPort) {
		for i := range list {
			if list[i].Protocol == nil {
				list[i].Protocol = &tcp
			}
		}
	}
	for _, rule := range spec.Ingress {
		ports(rule.Ports)
	}
	for _, rule := range spec.Egress {
		ports(rule.Ports)
	}
}

// Cyclonus takes a missing label for a miss of NotIn; in Kubernetes it is a match. So Kubernetes' own selectors decide each NotIn
// beforehand, and what they say becomes a label that cyclonus asks for.
func (w *world) settleNotIn(policy *networking.NetworkPolicy) {
	spec := &policy.Spec
	w.settle(&spec.PodSelector)
	peers := func(list []networking.NetworkPolicyPeer) {
		for i := range list {
			w.settle(list[i].PodSelector)
			w.settle(list[i].NamespaceSelector)
		}
	}
	for _, rule := range spec.Ingress {
		peers(rule.From)
	}
	for _, rule := range spec.Egress {
		peers(rule.To)
	}
}

func (w *world) settle(selector *meta.LabelSelector) {
	if selector == nil {
		return
	}
	for i, expression := range selector.MatchExpressions {
		if expression.Operator != meta.LabelSelectorOpNotIn {
			continue
		}
		only, err := meta.LabelSelectorAsSelector(&meta.LabelSelector{
			MatchExpressions: []meta.LabelSelectorRequirement{expression},
		})
		if err != nil {
			panic(err)
		}
		key := "settled/" + strings.ReplaceAll(only.String(), " ", "_")
		mark := func(set map[string]string) map[string]string {
			if set == nil {
				set = map[string]string{}
			}
			if only.Matches(labels.Set(set)) {
				set[key] = ""
			}
			return set
		}
		for p := range w.Pods {
			w.Pods[p].Labels = mark(w.Pods[p].Labels)
		}
		for name, set := range w.Namespaces {
			w.Namespaces[name] = mark(set)
		}
		selector.MatchExpressions[i] = meta.LabelSelectorRequirement{Key: key, Operator: meta.LabelSelectorOpExists}
	}
}

func (w *world) pod(address string) *v1.Pod {
	for i := range w.Pods {
		for _, ip := range w.Pods[i].Status.PodIPs {
			if ip.IP == address {
				return &w.Pods[i]
			}
		}
	}
	return nil
}

func (w *world) peer(address string) *matcher.TrafficPeer {
	peer := &matcher.TrafficPeer{IP: address}
	if pod := w.pod(address); pod != nil {
		peer.Internal = &matcher.InternalPeer{
			PodLabels:       pod.Labels,
			NamespaceLabels: w.Namespaces[pod.Namespace],
			Namespace:       pod.Namespace,
		}
	}
	return peer
}

func (w *world) portName(c connection) string {
	if pod := w.pod(c.Destination); pod != nil {
		for _, container := range pod.Spec.Containers {
			for _, port := range container.Ports {
				if int(port.ContainerPort) == c.Port && string(port.Protocol) == c.Protocol {
					return port.Name
				}
			}
		}
	}
	return ""
}
