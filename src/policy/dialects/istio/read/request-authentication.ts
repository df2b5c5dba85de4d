/**
 * RequestAuthentication (security.istio.io/v1, v1beta1) → token policy of the model.
 * @module
 */
import { createHash } from 'node:crypto';
import { toByteString } from '../../../../lib/byte-string.ts';
import { parseIp } from '../../../../lib/ip-address.ts';
import type { PolicyDocument } from '../../../documents/document.ts';
import type { Reporter } from '../../../documents/finding.ts';
import { ownerOf } from '../../../documents/owner.ts';
import { listOf, object, type Shape, text } from '../../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, textsAt } from '../../../documents/value.ts';
import type { KeySource, TokenPolicy, TokenRule } from '../../../model.ts';
import { tokenLimits } from '../../../token-limits.ts';
import type { Contribution, DialectOptions, KindReader } from '../../contribution.ts';
import { checkJwks } from '../checks/jwks-checks.ts';
import { lintSplitClaims } from '../lint/silent-values.ts';
import { checkReservedAnnotations, refuseDryRun } from './annotations.ts';
import { refOf } from './authorization-policy.ts';
import { goDurationMs } from './go-duration.ts';
import { attachmentFields, checkAttachment, hasTargets, subjectOf, warnOfTargets } from './subject.ts';

const some: Shape = { is: 'text', min: 1 };
const uri: Shape = { is: 'text', min: 1, max: 2048 };

const jwtRule = object({
  issuer: some,
  audiences: listOf(some),
  jwksUri: uri,
  jwks_uri: uri,
  jwks: text,
  fromHeaders: listOf(object({ name: some, prefix: text }, ['name']), tokenLimits.places),
  fromParams: listOf(some, tokenLimits.places),
  fromCookies: listOf(some, tokenLimits.places),
  outputPayloadToHeader: text,
  forwardOriginalToken: { is: 'boolean' },
  outputClaimToHeaders: listOf(
    object({ header: { is: 'text', min: 1, pattern: /^[-_A-Za-z0-9]+$/ }, claim: some }, ['header', 'claim']),
    tokenLimits.places,
  ),
  timeout: text,
  spaceDelimitedClaims: listOf(some, 64),
});

/** Reader of RequestAuthentication. */
export const requestAuthenticationReader: KindReader = {
  dialect: 'istio',
  group: 'security.istio.io',
  kind: 'RequestAuthentication',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
  fields: { spec: object({ ...attachmentFields, jwtRules: listOf(jwtRule, tokenLimits.rules) }) },
  read,
};

/** Istio's default deadline of one fetch of keys. */
const FETCH_TIMEOUT_MS = 5000;
const alwaysSplit = ['permission', 'scope'];

function read(document: PolicyDocument, options: DialectOptions, report: Reporter): Contribution | undefined {
  const spec = mapAt(document.root, 'spec');
  checkReservedAnnotations(document, report);
  refuseDryRun(document, report);
  checkAttachment(spec, report);
  const rules = (listAt(spec, 'jwtRules')?.items ?? []).flatMap((rule, i) =>
    rule.is === 'map' ? [readRule(rule, `spec.jwtRules[${i}]`, document.file, report)] : [],
  );
  if (spec !== undefined && hasTargets(spec)) {
    warnOfTargets(spec, report);
    return undefined;
  }
  const policy: TokenPolicy = {
    ref: refOf(document),
    position: { file: document.file, ...document.place },
    owner: ownerOf(document),
    subject: subjectOf(document, spec, options),
    rules,
  };
  return { to: 'istio-tokens', policy };
}

function readRule(rule: MapValue, path: string, file: string, report: Reporter): TokenRule {
  checkSources(rule, path, report);
  lintSplitClaims(textsAt(rule, 'spaceDelimitedClaims'), `${path}.spaceDelimitedClaims`, report);
  const list = (name: string): readonly string[] => textsAt(rule, name).map((value) => toByteString(value.text));
  const maps = (name: string): readonly MapValue[] =>
    (listAt(rule, name)?.items ?? []).filter((item) => item.is === 'map');
  const forward = fieldOf(rule, 'forwardOriginalToken');
  return {
    position: { file, line: rule.line, column: rule.column },
    issuer: toByteString(textAt(rule, 'issuer') ?? ''),
    audiences: list('audiences'),
    keys: keysOf(rule),
    fromHeaders: maps('fromHeaders').map((header) => ({
      name: toByteString((textAt(header, 'name') ?? '').toLowerCase()),
      prefix: toByteString(textAt(header, 'prefix') ?? ''),
    })),
    fromParams: list('fromParams'),
    fromCookies: list('fromCookies'),
    forwardOriginalToken: forward?.is === 'boolean' && forward.value,
    outputPayloadToHeader: toByteString((textAt(rule, 'outputPayloadToHeader') ?? '').toLowerCase()),
    outputClaimToHeaders: maps('outputClaimToHeaders').map((output) => ({
      header: (textAt(output, 'header') ?? '').toLowerCase(),
      claim: toByteString(textAt(output, 'claim') ?? ''),
    })),
    spaceDelimitedClaims: [...new Set([...list('spaceDelimitedClaims'), ...alwaysSplit])].sort(),
    fetchTimeoutMs: timeoutOf(rule, path, report),
  };
}

function checkSources(rule: MapValue, path: string, report: Reporter): void {
  const keys = ['jwksUri', 'jwks_uri', 'jwks'].filter((name) => rule.entries.has(name));
  if (keys.length > 1) {
    const second = rule.entries.get(keys[1]!)!.key;
    report.error(
      second,
      'several-key-sources',
      `${path}.${keys[1]}`,
      `only one of ${keys.join(' and ')} can be set`,
      'keep one of them',
    );
  }
  const issuer = textAt(rule, 'issuer') ?? '';
  const address = fieldOf(rule, 'jwksUri') ?? fieldOf(rule, 'jwks_uri');
  const uriText = address?.is === 'text' ? address.text : '';
  if (issuer === '' && uriText === '') {
    report.error(rule, 'issuer-missing', path, 'the rule has neither issuer nor jwksUri', 'name the issuer');
  }
  if (address !== undefined && uriText !== '' && !isHttpUri(uriText)) {
    const message = `${JSON.stringify(uriText)} is not an http or https address`;
    report.error(address, 'jwks-uri-invalid', `${path}.jwksUri`, message, 'write e.g. https://issuer.example/keys');
  }
  if (address !== undefined && /^https?:(?!\/\/[^/?])/i.test(uriText)) {
    const message = `${JSON.stringify(uriText)} names no host: no keys will ever come from there`;
    report.warning(address, 'jwks-uri-no-host', `${path}.jwksUri`, message, 'write e.g. https://issuer.example/keys');
  }
  if (address !== undefined && uriText.startsWith('http://')) {
    const message = 'the keys are fetched without TLS: whoever is on the way can replace them';
    report.warning(address, 'jwks-uri-plain', `${path}.jwksUri`, message, 'use https, or put the keys inline');
  }
  const jwks = fieldOf(rule, 'jwks');
  if (jwks?.is === 'text' && jwks.text !== '') checkJwks(jwks, `${path}.jwks`, report);
}

const hostAndPort = /^https?:\/\/(?:[^/?@]*@)?(\[[^\]]*\]|[^/?@:#[\]\s\\^`{|}]*)(?::\d*)?(?:[/?].*)?$/i;

/** As Go's URL parser reads it: scheme http or https, digits for a port, nothing odd in the host. A host need not be there. */
function isHttpUri(text: string): boolean {
  if (/\p{Cc}/u.test(text) || /%(?![0-9a-fA-F]{2})/.test(text.split('?', 1)[0] ?? '')) return false;
  if (/^https?:(?!\/\/)/i.test(text)) return true;
  const host = hostAndPort.exec(text)?.[1];
  if (host === undefined) return false;
  if (host.startsWith('[')) return host.includes(':') && parseIp(host.slice(1, -1).replace(/%25.+$/, '')) !== undefined;
  return !/%(?!25)[0-7]/.test(host);
}

function keysOf(rule: MapValue): KeySource {
  const jwks = textAt(rule, 'jwks') ?? '';
  if (jwks !== '') {
    return { from: 'inline', id: `inline:${createHash('sha256').update(jwks).digest('base64url')}`, jwks };
  }
  const address = textAt(rule, 'jwksUri') ?? textAt(rule, 'jwks_uri') ?? '';
  if (address !== '') return { from: 'uri', id: `uri:${address}`, uri: address };
  const issuer = textAt(rule, 'issuer') ?? '';
  return { from: 'discovery', id: `discovery:${issuer}`, issuer };
}

function timeoutOf(rule: MapValue, path: string, report: Reporter): number {
  const value = fieldOf(rule, 'timeout');
  if (value?.is !== 'text') return FETCH_TIMEOUT_MS;
  const milliseconds = goDurationMs(value.text);
  if (milliseconds !== undefined && milliseconds >= 1 && Number.isInteger(milliseconds)) return milliseconds;
  const message = `${JSON.stringify(value.text)} is no duration of whole milliseconds, at least 1ms`;
  report.error(value, 'duration-invalid', `${path}.timeout`, message, 'write e.g. 5s or 500ms');
  return FETCH_TIMEOUT_MS;
}
