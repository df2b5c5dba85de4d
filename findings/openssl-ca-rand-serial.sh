#!/bin/sh
# OpenSSL 3.0.19 (Debian 12): `openssl ca -rand_serial`, which by the manual overrides any configuration of a serial number file,
# ends with an error when the CA section has no `serial` setting. With the setting it signs by a random number, and then writes
# the next number after that one into the file, which need not have existed.
# Seen: `variable lookup failed for one::serial`; with `serial = ./nowhere` a certificate, and ./nowhere holds its serial + 1.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
openssl version
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=root -keyout root.key -out root.pem 2> /dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=leaf -keyout leaf.key -out leaf.csr 2> /dev/null
: > index.txt
section() {
  printf '[one]\ndatabase = ./index.txt\nnew_certs_dir = .\ncertificate = ./root.pem\nprivate_key = ./root.key\ndefault_md = sha256\npolicy = any\n%s\n[any]\ncommonName = supplied\n' "$1"
}
signs() { openssl ca -batch -rand_serial -days 1 -config "$1" -name one -in leaf.csr -out leaf.pem > seen 2>&1; }
section '' > without.cnf
section 'serial = ./nowhere' > with.cnf
if signs without.cnf; then echo 'changed: it needs no serial setting'; exit 1; fi
grep -o 'one::serial\|name=serial\|group=one name=serial' seen | head -n 1 | grep . || { echo 'changed:'; cat seen; exit 1; }
signs with.cnf || { echo 'changed: refused with the setting too'; cat seen; exit 1; }
[ -s nowhere ] || { echo 'changed: no serial file was written'; exit 1; }
openssl x509 -in leaf.pem -noout -serial
echo "file:  $(cat nowhere)"
