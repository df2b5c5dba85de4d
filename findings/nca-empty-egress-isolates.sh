#!/bin/sh
# network-config-analyzer 2.1.0 (PyPI): a Kubernetes NetworkPolicy with `egress: []` and no policyTypes is read as isolating egress.
# The API server fills policyTypes by `len(spec.egress) != 0` (kubernetes/pkg/apis/networking/v1/defaults.go), so such a policy
# isolates ingress alone and every egress stays open: the analysis says "denied" where the cluster lets everything out.
# Seen: no line of the result has pod b as a source towards c; without `egress: []` it has, though both mean the same to the API server.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check network-config-analyzer==2.1.0
cat > cluster.yaml <<'YAML'
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { kubernetes.io/metadata.name: shop } }
---
apiVersion: v1
kind: Pod
metadata: { name: b, namespace: shop, labels: { app: b } }
spec: { containers: [{ name: c, image: i }] }
status: { podIP: 10.0.0.2 }
---
apiVersion: v1
kind: Pod
metadata: { name: c, namespace: shop, labels: { app: c } }
spec: { containers: [{ name: c, image: i }] }
status: { podIP: 10.0.0.3 }
YAML
policy() {
  printf 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: shop }\nspec: { podSelector: { matchLabels: { app: b } }%s }\n' "$1"
}
asked() { venv/bin/nca --connectivity -n cluster.yaml -p cluster.yaml -r "$1" 2> /dev/null | grep 'src_pods: \[\(b\|\*\)\].*dst_pods: \[\(c\|\*\)\]' || true; }
policy ', egress: []' > left-out.yaml
policy '' > absent.yaml
[ -z "$(asked left-out.yaml)" ] || { echo 'changed: egress is open'; asked left-out.yaml; exit 1; }
echo 'policyTypes left out, egress: []   -> b may reach nothing, says the analysis'
echo 'neither of the two:'
asked absent.yaml | grep . || { echo 'changed: without egress it is closed too'; exit 1; }
