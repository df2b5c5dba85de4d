/**
 * Looks into what was given, whatever it is: certificates, a key, or a token.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { fromPem } from '../../../identity/pki/pem.ts';
import { parseTrustDomain } from '../../../spiffe/trust-domain.ts';
import { bundleDeviations, bundleFile } from './bundle-file.ts';
import type { GivenSvid } from './given-svid.ts';
import { inspectKey, keysIn } from './inspect-key.ts';
import { type SvidReport, validityOf } from './report.ts';

/** How to look. */
export interface Look {
  readonly audience?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** @throws GatehouseError `message_invalid`, `certificate_invalid`, `token_invalid` for what is nothing of all that */
export async function inspectSvid(given: GivenSvid, look: Look): Promise<SvidReport> {
  const { text } = given.main;
  if (text.includes('-----BEGIN ')) return withOrder(await inspectPem(given, look));
  const { tokenIn } = await import('./inspect-jwt.ts');
  const token = tokenIn(text);
  if (token !== undefined) return withOrder(await inspectOneToken(token, given, look));
  const json = text.trimStart().startsWith('{');
  const hint = json
    ? ': it looks like JSON, which is no compact token; a bundle is given by --bundle, beside an SVID'
    : '';
  throw new GatehouseError(
    'message_invalid',
    `${given.main.file} has no certificate or key in PEM, and is no token${hint}`,
    { file: given.main.file },
  );
}

type Unjudged = Omit<SvidReport, 'inOrder'>;

async function inspectPem({ main, key: beside, bundle: found }: GivenSvid, look: Look): Promise<Unjudged> {
  const { audience, now } = look;
  if (audience !== undefined)
    throw new GatehouseError('message_invalid', `--audience is for tokens, and ${main.file} is none: leave it out`, {});
  const isChain = main.text.includes('-----BEGIN CERTIFICATE-----');
  const chain = isChain ? fromPem('CERTIFICATE', main.text) : [];
  const key = keysIn(main.text).length > 0 ? main : beside;
  if (!isChain && key !== main)
    throw new GatehouseError('message_invalid', `${main.file} has PEM, but no certificate and no private key`, {});
  const bundle = found !== undefined && 'text' in found ? bundleFile(found) : undefined;
  const { inspectChain } = await import('./inspect-x509.ts');
  const told = isChain ? inspectChain(chain, bundle, now) : undefined;
  const [leaf] = told?.certificates ?? [];
  return {
    file: main.file,
    kind: isChain ? 'x509' : 'key',
    spiffeId: told?.spiffeId ?? null,
    validity: leaf ? validityOf(Date.parse(leaf.notBefore ?? ''), Date.parse(leaf.notAfter ?? ''), now) : null,
    certificates: told?.certificates ?? [],
    key: key === undefined ? null : inspectKey(key, chain[0]),
    token: null,
    verification: told?.verification ?? unreadBundle(found, isChain),
    deviations: [
      ...(told?.deviations ?? []),
      // of whichever trust domain: the rules for authorities are the same in all
      ...(bundle && isChain ? bundleDeviations(bundle.bundleOf(parseTrustDomain('any'))) : []),
    ],
  };
}

async function inspectOneToken(token: string, { main, bundle: found }: GivenSvid, look: Look): Promise<Unjudged> {
  const { inspectToken } = await import('./inspect-jwt.ts');
  const bundle = found !== undefined && 'text' in found ? bundleFile(found) : undefined;
  const told = await inspectToken(token, look.audience, bundle, look.now);
  return {
    file: main.file,
    kind: 'jwt',
    spiffeId: told.spiffeId ?? null,
    validity: told.validity,
    certificates: [],
    key: null,
    token: { header: told.header, claims: told.claims },
    verification: told.verification ?? unreadBundle(found, true),
    deviations: told.deviations,
  };
}

/** A bundle that lies beside and cannot be read verifies nothing. */
function unreadBundle(found: GivenSvid['bundle'], isSvid: boolean): SvidReport['verification'] {
  if (!isSvid || found === undefined || !('problem' in found)) return null;
  return { file: found.file, verified: false, reason: found.problem, until: null };
}

function withOrder(report: Unjudged): SvidReport {
  const { kind, validity, key, verification, deviations } = report;
  const inTime = kind === 'key' || validity?.state === 'valid';
  const keyIsGood = key === null || ['fits', 'alone', 'encrypted', 'unreadable'].includes(key.state);
  const { file, ...rest } = report;
  const inOrder =
    inTime && keyIsGood && verification?.verified !== false && deviations.every(({ demand }) => demand !== 'must');
  return { file, inOrder, ...rest };
}
