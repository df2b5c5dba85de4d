#!/bin/sh
# cyclonus 0.5.6 (Go module github.com/mattfenwick/cyclonus) ends with a fatal error at the first NetworkPolicy without
# spec.policyTypes, which Kubernetes lets an author leave out and most policies in Git do. The API server's default is not applied
# to files, and the other policies of the same path are lost with it.
# Seen: `missing spec.policyTypes from network policy shop/web`; with policyTypes written out the same policy is explained.
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
GOBIN="$dir/bin" GOPATH="$dir/go" GOFLAGS=-modcacherw go install github.com/mattfenwick/cyclonus/cmd/cyclonus@v0.5.6
policy() {
  printf 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: web, namespace: shop }\nspec: { podSelector: {}, %s ingress: [{}] }\n' "$1"
}
policy '' > left-out.yaml
policy 'policyTypes: [Ingress],' > written.yaml
bin/cyclonus analyze --mode explain --policy-path left-out.yaml > seen 2>&1 && { echo 'changed: it was taken'; exit 1; }
grep -o 'missing spec.policyTypes from network policy shop/web' seen || { echo 'changed:'; cat seen; exit 1; }
bin/cyclonus analyze --mode explain --policy-path written.yaml > seen 2>&1 || { echo 'changed: refused though written out'; exit 1; }
grep -o 'shop/web' seen
