#!/bin/sh
# json-merge-patch 0.3.0 (PyPI): create_patch() finds no difference between 0 and false, and 1 and true, since Python has none: the patch is empty, and the
# object stays as it was. RFC 7396 is about JSON values, in which they differ; a patch from one object to another, applied to the first, gives the
# second. A controller that writes its changes by such patches (application/merge-patch+json) never mends a field of the wrong type,
# and reports that there is nothing to do; jsonpatch 1.48 (PyPI, RFC 6902) sees both.
# Seen: `{"a": 0} to {"a": false}: {}`, `{"a": 1} to {"a": true}: {}`, `{"a": 0} to {"a": 1}: {'a': 1}`; jsonpatch: 1 operation for each.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check json-merge-patch==0.3.0 jsonpatch==1.48
cat > make.py <<'PY'
import json, json_merge_patch, jsonpatch
for before, after in [('{"a": 0}', '{"a": false}'), ('{"a": 1}', '{"a": true}'), ('{"a": 0}', '{"a": 1}')]:
    one, other = json.loads(before), json.loads(after)
    patch = json_merge_patch.create_patch(one, other)
    print(f'{before} to {after}: {patch}, jsonpatch: {len(jsonpatch.make_patch(one, other).patch)} operation')
PY
seen=$(venv/bin/python make.py)
echo "$seen"
[ "$seen" = '{"a": 0} to {"a": false}: {}, jsonpatch: 1 operation
{"a": 1} to {"a": true}: {}, jsonpatch: 1 operation
{"a": 0} to {"a": 1}: {'"'a'"': 1}, jsonpatch: 1 operation' ] || { echo 'changed'; exit 1; }
