#!/bin/sh
# @grpc/grpc-js-xds 1.14.1 (npm) ships Envoy's protos and protoc-gen-validate's beside each other in deps/, but of versions that do not
# fit: envoy/config/core/v3/protocol.proto uses the rule `ignore_empty`, which the validate.proto of the same package does not
# define. A compiler that checks options cannot build Envoy's Bootstrap from them; the package itself reads them with a lenient parser.
# Seen: buf 1.75.0: `… field ignore_empty of validate.StringRules does not exist` (or "cannot resolve"), exit 1; the validate.proto
# alone and the ext_authz service build.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @grpc/grpc-js-xds@1.14.1 @bufbuild/buf@1.75.0
deps=node_modules/@grpc/grpc-js-xds/deps
grep -c ignore_empty $deps/envoy-api/envoy/config/core/v3/protocol.proto
if grep -q ignore_empty $deps/protoc-gen-validate/validate/validate.proto; then echo 'changed: the rule is defined'; exit 1; fi
cat > buf.yaml <<YAML
version: v2
modules:
$(for each in "$deps"/*/; do find "$each" -name '*.proto' | grep -q . && echo "  - path: ${each%/}"; done)
YAML
if node_modules/.bin/buf build --path $deps/envoy-api/envoy/config/core/v3/protocol.proto > seen 2>&1; then echo 'changed: it builds'; exit 1; fi
grep -m 1 'ignore_empty\|StringRules' seen || { echo 'changed:'; head -5 seen; exit 1; }
