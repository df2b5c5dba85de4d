#!/bin/sh
# regopy 1.5.2 (PyPI, rego-cpp): sort(), max() and min() compare numbers of more than one digit as texts: the largest of 2 and 10 is 2. Rego orders
# numbers by value (Open Policy Agent's reference: `max` is the maximum value of a collection, `sort` sorts in ascending order; numbers
# before strings, null first), and the operators of regopy itself do so. A policy that grants by the highest risk score, the lowest limit or
# the newest of several times decides by another one, without an error.
# Seen: `max([2,10]) = 2, min([2,10]) = 10, sort([10,9,2]) = [10, 2, 9], 10 > 9 = true, sort([null,"a",1]) = ["a", 1, null]`.
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
expressions = ['max([2,10])', 'min([2,10])', 'sort([10,9,2])', '10 > 9', 'sort([null,"a",1])']
print(', '.join(f'{each} = {ask(each)}' for each in expressions))
PY
seen=$(venv/bin/python ask.py)
echo "$seen"
[ "$seen" = 'max([2,10]) = 2, min([2,10]) = 10, sort([10,9,2]) = [10, 2, 9], 10 > 9 = true, sort([null,"a",1]) = ["a", 1, null]' ] || { echo 'changed'; exit 1; }
