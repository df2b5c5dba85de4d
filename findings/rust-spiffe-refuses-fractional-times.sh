#!/bin/sh
# spiffe 0.19.0 (a crate): a JWT-SVID whose `exp` has a fraction, or is written as 1796043046.0, is refused as "malformed jwt token: invalid json". RFC 7519,
# section 2: a NumericDate is a number of seconds in which "non-integer values can be represented", and JSON knows no difference between 1 and
# 1.0. Issuers in Python write such times (time.time() + 300); the same token is taken by py-spiffe (`spiffe` 0.3.2 of PyPI) and PyJWT. A
# workload in Rust refuses callers whom all others take, and its error speaks of JSON.
# Seen: `whole: taken`, `fraction: malformed jwt token: invalid json`, `.0: malformed jwt token: invalid json`; py-spiffe takes all three.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check spiffe==0.3.2 PyJWT==2.15.1
cat > tokens.py <<'PY'
import time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from spiffe import JwtBundle, JwtSvid, TrustDomain
key, whole = ec.generate_private_key(ec.SECP256R1()), int(time.time()) + 600
bundle = JwtBundle(TrustDomain('td.example'), {'a': key.public_key()})
for title, exp in {'whole': whole, 'fraction': whole + 0.5, '.0': float(whole)}.items():
    token = jwt.encode({'sub': 'spiffe://td.example/one', 'aud': ['b'], 'exp': exp}, key, 'ES256', headers={'kid': 'a'})
    JwtSvid.parse_and_validate(token, bundle, {'b'})
    print(title + ' ' + token)
PY
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "one"
version = "0.1.0"
edition = "2021"
[dependencies]
spiffe = { version = "=0.19.0", default-features = false, features = ["jwt"] }
TOML
cat > src/main.rs <<'RS'
use spiffe::JwtSvid;

fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (title, token) = line.split_once(' ').unwrap();
        match JwtSvid::parse_insecure(token) {
            Ok(_) => println!("{title}: taken"),
            Err(error) => println!("{title}: {error}"),
        }
    }
}
RS
venv/bin/python tokens.py > tokens || { echo 'changed: py-spiffe refuses one'; exit 1; }
cargo build -q 2> log || { tail -5 log; exit 1; }
seen=$(target/debug/one < tokens)
echo "$seen"
[ "$seen" = "whole: taken
fraction: malformed jwt token: invalid json
.0: malformed jwt token: invalid json" ] || { echo 'changed'; exit 1; }
