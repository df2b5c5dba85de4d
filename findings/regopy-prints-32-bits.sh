#!/bin/sh
# regopy 1.5.2 (PyPI, rego-cpp): sprintf("%d") prints the low 32 bits of a whole number, with a sign: a time in nanoseconds, as all of Rego's times
# are, or an id above 2147483647 becomes another number, also a negative one. %v prints the same number rightly, and the number itself is not changed.
# Messages, cache keys and paths that a policy builds with %d (its reasons for a refusal, limits by caller and hour) are those of somebody else.
# Seen: `%d of 4294967301 = "5", of 2147483648 = "-2147483648"; %v = "4294967301"`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check regopy==1.5.2
cat > ask.py <<'PY'
import json
from regopy import Interpreter
def ask(expression): return json.dumps(json.loads(str(Interpreter().query('x := ' + expression)))['bindings']['x'])
def printed(verb, number): return ask(f'sprintf("{verb}",[{number}])')
print(f'%d of 4294967301 = {printed("%d", 4294967301)}, of 2147483648 = {printed("%d", 2147483648)}; %v = {printed("%v", 4294967301)}')
PY
seen=$(venv/bin/python ask.py)
echo "$seen"
[ "$seen" = '%d of 4294967301 = "5", of 2147483648 = "-2147483648"; %v = "4294967301"' ] || { echo 'changed'; exit 1; }
