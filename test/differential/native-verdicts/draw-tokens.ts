/**
 * Tokens for the questions: of three issuers, good and bad.
 * @module
 */
import * as make from '../../support/tokens.ts';

/** Keys of the issuers, and tokens by name. */
export interface Tokens {
  /** JWKS by issuer: `a` is `https://a`. */
  readonly jwks: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** Claims by the names of tokens of `a`. */
const payloads: Readonly<Record<string, make.Payload>> = {
  u0: { sub: 'u0' },
  u1: { sub: 'u1', aud: 'api' },
  u3: { sub: 'u3', group: ['admins', 'x'] },
  guests: { sub: 'u4', group: 'guests', aud: ['other', 'api'] },
  numbers: { sub: 'u5', group: [5, true, { a: 'admins' }] },
  nobody: {},
  'not text': { sub: 5 },
  dash: { sub: '-' },
  expired: { sub: 'u0', exp: 1 },
};

/** Makes keys and tokens. */
export async function createTokens(): Promise<Tokens> {
  const keys = {
    a: await make.issuingKey('ES256'),
    b: await make.issuingKey('RS256'),
    secret: await make.issuingKey('HS256'),
  };
  const mint = (by: keyof typeof keys, payload: make.Payload) =>
    make.mint(keys[by], { iss: `https://${by}`, ...payload }, { kid: by });
  const texts: Record<string, string> = {};
  for (const [name, payload] of Object.entries(payloads)) texts[`a ${name}`] = await mint('a', payload);
  texts['secret u1'] = await mint('secret', { sub: 'u1', group: ['admins'] });
  texts['b u1'] = await mint('b', { sub: 'u1' });
  texts['b admin'] = await mint('b', { sub: 'u2', group: ['admins'] });
  texts['a for b'] = await mint('a', { iss: 'https://b', sub: 'u1' });
  texts['unknown issuer'] = await mint('a', { iss: 'https://c', sub: 'u1' });
  texts['changed'] = `${texts['a u0']!.slice(0, -8)}AAAAAAAA`;
  texts['junk'] = 'junk';
  const jwks = Object.entries(keys).map(([name, { jwk }]) => [name, make.keySetText({ ...jwk, kid: name })]);
  return { jwks: Object.fromEntries(jwks), texts };
}
