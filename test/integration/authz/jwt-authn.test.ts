import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { importKeySets } from '../../../src/authz/jwks/import-key-sets.ts';
import type { Claims, ClaimValue } from '../../../src/authz/jwt/claims.ts';
import { createTokenVerifier } from '../../../src/authz/jwt/verifier.ts';
import type { KeySets } from '../../../src/authz/state.ts';
import { fromByteString } from '../../../src/lib/byte-string.ts';
import type { TokenRule } from '../../../src/policy/model.ts';
import oddPayloads from '../../fixtures/jwt/payloads.json' with { type: 'json' };
import {
  host,
  type JwtAuthn,
  runJwtAuthn,
  shownHeaders,
  type TokenAnswer,
  type TokenQuestion,
} from '../../support/jwt-authn.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { requestOf } from '../../support/token-cases.ts';
import * as make from '../../support/tokens.ts';

const iss = 'https://issuer.example';
const keys = new Map<make.Algorithm, make.Issuing>();
const key = (alg: make.Algorithm): make.Issuing => keys.get(alg)!;
const verify = createTokenVerifier();
let directory: TempDir;
let judge: JwtAuthn;
let sets: Record<string, readonly TokenRule[]>;
let keySets: KeySets;

before(async function () {
  this.timeout(300_000);
  for (const alg of make.algorithms) keys.set(alg, await make.issuingKey(alg));
  sets = rules();
  const inline = Object.values(sets)
    .flat()
    .map(({ keys: source }) => source);
  const documents = new Map(
    inline.map((source) => [
      source.id,
      { jwks: source.from === 'inline' ? source.jwks : '', failure: undefined, fetchedAt: 0 },
    ]),
  );
  keySets = await importKeySets({ generation: 1, documents });
  directory = await tempDir();
  judge = await runJwtAuthn(directory.path, sets);
});

after(async () => {
  await judge?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

function rules(): Record<string, readonly TokenRule[]> {
  const named = make.keySetText(...[...keys.values()].map(({ alg, jwk }) => ({ ...jwk, kid: alg, alg })));
  const bare = (...algs: make.Algorithm[]) => make.keySetText(...algs.map((alg) => key(alg).jwk));
  const outputs = {
    outputPayloadToHeader: 'x-payload',
    outputClaimToHeaders: [
      { header: 'x-user', claim: 'sub' },
      { header: 'x-level', claim: 'deep.level' },
      { header: 'x-list', claim: 'list' },
    ],
  };
  const secondIssuer = {
    issuer: 'https://second.example',
    fromHeaders: [{ name: 'x-other', prefix: '' }],
    outputPayloadToHeader: 'x-payload',
  };
  return {
    named: [make.tokenRule(named)],
    bareRsa: [make.tokenRule(bare('RS256'))],
    bareEc: [make.tokenRule(bare('ES256', 'ES384', 'ES512'))],
    bareOct: [make.tokenRule(bare('HS256'))],
    bareOkp: [make.tokenRule(bare('EdDSA', 'ES256'))],
    audience: [make.tokenRule(named, { audiences: ['https://api.example/', 'plain', 'http://'] })],
    anyIssuer: [make.tokenRule(named, { issuer: '' })],
    places: [
      make.tokenRule(named, {
        fromHeaders: [
          { name: 'x-jwt', prefix: 'tok=' },
          { name: 'authorization', prefix: 'Bearer ' },
          { name: 'x-other', prefix: '' },
        ],
        fromParams: ['token', 'a'],
        fromCookies: ['jwt'],
        ...outputs,
      }),
    ],
    kept: [
      make.tokenRule(named, {
        forwardOriginalToken: true,
        spaceDelimitedClaims: ['permission', 'scope', 'words'],
        ...outputs,
      }),
    ],
    two: [make.tokenRule(named), make.tokenRule(named, secondIssuer)],
    sameIssuer: [
      make.tokenRule(named, { audiences: ['one'] }),
      make.tokenRule(named, { audiences: ['two'], fromHeaders: [{ name: 'x-jwt', prefix: '' }] }),
    ],
    crossed: [
      make.tokenRule(named, {
        fromHeaders: [
          { name: 'x-jwt', prefix: '' },
          { name: 'x-other', prefix: '' },
        ],
      }),
      make.tokenRule(named, secondIssuer),
    ],
    sameHeader: [
      make.tokenRule(named, outputs),
      make.tokenRule(named, { issuer: 'https://second.example', ...outputs }),
    ],
  };
}

function ours(set: string, { method = 'GET', path = '/', headers = [] }: TokenQuestion): TokenAnswer {
  const lines = [[':method', method], [':path', path], [':authority', host], [':scheme', 'http'], ...headers] as const;
  const request = requestOf(lines as readonly (readonly [string, string])[]);
  const verdict = verify(request, sets[set]!, keySets, Date.now());
  if (verdict.outcome === 'rejected') {
    const { status, body, wwwAuthenticate } = verdict;
    return { status, body, wwwAuthenticate, seenPath: '', seenHeaders: {}, claims: null };
  }
  const { headersToRemove, headersToSet, pathAfter } = verdict.effects;
  const seen = (name: string): readonly string[] =>
    headersToRemove.includes(name)
      ? headersToSet.filter(([each]) => each === name).map(([, value]) => value)
      : request.header(name);
  return {
    status: 200,
    body: method === 'HEAD' ? '' : 'passed',
    wwwAuthenticate: undefined,
    seenPath: pathAfter ?? path,
    seenHeaders: Object.fromEntries(
      shownHeaders.flatMap((name) => (seen(name).length === 0 ? [] : [[name, seen(name)[0]!]])),
    ),
    claims: verdict.outcome === 'accepted' ? plain(verdict.claims) : null,
  };
}

function plain(value: ClaimValue): unknown {
  if (typeof value === 'string') return fromByteString(value);
  if (value instanceof Map)
    return Object.fromEntries([...(value as Claims)].map(([name, each]) => [fromByteString(name), plain(each)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

interface Row {
  readonly name: string;
  readonly set: string;
  readonly question: TokenQuestion;
  /** Beginning of the body. */
  readonly want?: string;
}

const bearer = (token: string): TokenQuestion => ({ headers: [['authorization', `Bearer ${token}`]] });
const row = (set: string, name: string, token: string, want?: string): Row => ({
  name,
  set,
  question: bearer(token),
  ...(want === undefined ? {} : { want }),
});

/** Asks both and names every row in which they differ, or in which the judge says something else than the table. */
async function compare(rows: readonly Row[]): Promise<void> {
  const differences: string[] = [];
  for (const { name, set, question, want } of rows) {
    const theirs = await judge.ask(set, question);
    const mine = ours(set, question);
    if (!isDeepStrictEqual(mine, theirs)) {
      differences.push(`${name}\n  judge ${JSON.stringify(theirs)}\n  ours  ${JSON.stringify(mine)}`);
    } else if (want !== undefined && !theirs.body.startsWith(want)) {
      differences.push(`${name}: the judge says ${theirs.body}`);
    }
  }
  assert.ok(differences.length === 0, differences.join('\n'));
}

describe('token verification beside the real jwt_authn', function () {
  this.timeout(300_000);

  it('accepts every algorithm, and no token for nothing', async () => {
    const rows = [{ name: 'no token', set: 'named', question: {}, want: 'passed' }];
    for (const alg of make.algorithms) {
      const token = await make.mint(key(alg), { iss, sub: alg, n: 1 }, { kid: alg });
      rows.push(row('named', alg, token, 'passed') as never);
      rows.push(row('named', `${alg}, payload changed`, changed(token, 1), 'Jwt') as never);
      rows.push(row('named', `${alg}, signature changed`, changed(token, 2), 'Jwt') as never);
      rows.push(row('named', `${alg}, no kid`, await make.mint(key(alg), { iss }), 'passed') as never);
      rows.push(
        row(
          'named',
          `${alg}, unknown kid`,
          await make.mint(key(alg), { iss }, { kid: 'x' }),
          "Jwks doesn't have key",
        ) as never,
      );
    }
    await compare(rows);
  });

  it('lets the key say how, the token with which hash', async () => {
    const body = JSON.stringify({ iss });
    const header = (alg: string, kid?: string) => JSON.stringify({ alg, ...(kid ? { kid } : {}) });
    const rows: Row[] = [];
    for (const alg of make.algorithms) {
      for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
        const add = (set: string, signer: make.Signer) =>
          rows.push(row(set, `${set} ${alg} ${hash}`, make.assemble(header(alg), body, signer)));
        add('bareRsa', make.rsa(key('RS256'), hash));
        add('bareRsa', make.rsaPss(key('RS256'), hash, 32));
        add('bareEc', make.ecdsa(key('ES256'), hash));
        add('bareEc', make.ecdsa(key('ES384'), hash));
        add('bareEc', make.ecdsa(key('ES512'), hash));
        add('bareOct', make.hmac(Buffer.from(key('HS256').jwk.k!, 'base64url'), hash));
      }
      rows.push(row('bareOkp', `bareOkp ${alg}`, make.assemble(header(alg), body, make.edwards(key('EdDSA')))));
      rows.push(
        row(
          'bareOkp',
          `short ${alg}`,
          make.assemble(header(alg), body, () => Buffer.alloc(63)),
        ),
      );
    }
    for (const salt of [0, 20, 32, 48, 64, 222])
      rows.push(
        row('bareRsa', `salt ${salt}`, make.assemble(header('PS256'), body, make.rsaPss(key('RS256'), 'sha256', salt))),
      );
    const publicPem = JSON.stringify(key('RS256').jwk);
    rows.push(
      row(
        'named',
        'HMAC with the RSA key',
        make.assemble(header('HS256', 'RS256'), body, make.hmac(publicPem, 'sha256')),
      ),
    );
    rows.push(
      row(
        'bareRsa',
        'HMAC with the RSA key',
        make.assemble(header('HS256'), body, make.hmac(key('RS256').jwk.n!, 'sha256')),
      ),
    );
    const pair =
      (change: (signature: Buffer) => Buffer): make.Signer =>
      (signed) =>
        change(make.ecdsa(key('ES256'), 'sha256')(signed));
    const half = (signature: Buffer, at: number) => signature.subarray(at * 32, at * 32 + 32);
    const odd: Record<string, (signature: Buffer) => Buffer> = {
      'halves padded': (s) => Buffer.concat([Buffer.alloc(4), half(s, 0), Buffer.alloc(4), half(s, 1)]),
      'a byte more': (s) => Buffer.concat([s, Buffer.from([7])]),
      'a byte less': (s) => s.subarray(0, 63),
      empty: () => Buffer.alloc(0),
      zeros: () => Buffer.alloc(64),
      long: (s) => Buffer.concat([s, s]),
    };
    for (const [name, change] of Object.entries(odd))
      rows.push(row('named', name, make.assemble(header('ES256', 'ES256'), body, pair(change))));
    await compare(rows);
  });

  it('names the first fault of a broken token', async () => {
    const good = await make.mint(key('ES256'), { iss, sub: 'alice' }, { kid: 'ES256' });
    const [h, p, s] = good.split('.') as [string, string, string];
    const signed = (header: string, payload: string) =>
      make.assemble(header, payload, make.ecdsa(key('ES256'), 'sha256'));
    const headers: Record<string, string> = {
      none: '{"alg":"none"}',
      'lower case': '{"alg":"es256"}',
      'alg missing': '{}',
      'alg number': '{"alg":5}',
      'alg null': '{"alg":null}',
      'alg twice': '{"alg":"ES256","alg":"ES256"}',
      'kid number': '{"alg":"ES256","kid":5}',
      'kid null': '{"alg":"ES256","kid":null}',
      'kid empty': '{"alg":"ES256","kid":""}',
      list: '[]',
      null: 'null',
      text: '"x"',
      empty: ' ',
      crit: '{"alg":"ES256","crit":["exp"]}',
      typ: '{"alg":"ES256","typ":"at+jwt"}',
      'single quotes': "{'alg':'ES256'}",
      'bare name': '{alg:"ES256"}',
      'trailing comma': '{"alg":"ES256",}',
      'byte order mark': '\xef\xbb\xbf{"alg":"ES256"}',
    };
    const now = Math.floor(Date.now() / 1000);
    const payloads: Record<string, string> = Object.fromEntries(
      oddPayloads.map((text) => [
        `payload ${text.slice(0, 40)}`,
        text.replace(/^\s*\{(?=.*\S\s*\}\s*$)/s, (open) => `${open}"iss":"${iss}",`),
      ]),
    );
    const claims: Record<string, unknown> = {
      'iss number': { iss: 5 },
      'iss null': { iss: null },
      'iss missing': { sub: 'x' },
      'iss empty': { iss: '' },
      'iss slash': { iss: `${iss}/` },
      'sub number': { iss, sub: 5 },
      'sub object': { iss, sub: {} },
      'iat text': { iss, iat: '5' },
      'iat negative': { iss, iat: -1 },
      'iat far': { iss, iat: now + 9999 },
      'nbf text': { iss, nbf: 'x' },
      'nbf negative': { iss, nbf: -5 },
      'nbf now': { iss, nbf: now },
      'nbf in skew': { iss, nbf: now + 50 },
      'nbf beyond skew': { iss, nbf: now + 120 },
      'nbf float': { iss, nbf: now - 0.5 },
      'exp text': { iss, exp: '99999999999' },
      'exp null': { iss, exp: null },
      'exp negative': { iss, exp: -1 },
      'exp zero': { iss, exp: 0 },
      'exp half': { iss, exp: 0.5 },
      'exp one': { iss, exp: 1 },
      'exp in skew': { iss, exp: now - 50 },
      'exp beyond skew': { iss, exp: now - 120 },
      'exp float': { iss, exp: now + 100.5 },
      'exp huge': { iss, exp: 1e300 },
      'exp 2^64': { iss, exp: 18446744073709551616n.toString() },
      'exp 2^63': { iss, exp: 2 ** 63 },
      'exp and nbf': { iss, exp: 1, nbf: now + 1000 },
      'jti number': { iss, jti: 5 },
      'aud number': { iss, aud: 5 },
      'aud mixed': { iss, aud: ['a', 5] },
      'aud object': { iss, aud: {} },
      'aud null': { iss, aud: null },
      'aud empty list': { iss, aud: [] },
      'several faults': { iss: 5, sub: 5, exp: 'x' },
      'jti before aud': { iss, jti: 1, aud: 1 },
    };
    const texts: Record<string, string> = {
      'two sections': 'a.b',
      'four sections': 'a.b.c.d',
      'dots only': '..',
      'empty sections skipped': `.${h}..${p}.${s}.`,
      'no dots': 'abc',
      'bad base64 in header': `a!b.${p}.${s}`,
      'one digit over': `${h}A.${p}.${s}`,
      'bad base64 in payload': `${h}.a!b.${s}`,
      'bad base64 in signature': `${h}.${p}.a!b`,
      'padding of the right length': `${h}.${p}.${s}==`,
      'padding of the wrong length': `${h}.${p}.${s}=`,
      'padding within': `${h}.${p}.${s.slice(0, 40)}=${s.slice(40)}`,
      'plain base64': `${h}.${p}.${s.replace(/^../, '+/')}`,
      'space within': `${h}.${p}.${s.slice(0, 40)} ${s.slice(40)}`,
      'tab within': `${h}.${p}.${s.slice(0, 40)}\t${s.slice(40)}`,
      'space in the header': `${h.slice(0, 10)} ${h.slice(10)}.${p}.${s}`,
      'another token behind': `${good} x`,
      comma: `${good},x`,
      'signature missing': `${h}.${p}.`,
      'bare signature': `${h}.${p}.AA`,
    };
    await compare([
      ...Object.entries(headers).map(([name, header]) => row('anyIssuer', name, signed(header, '{}'))),
      ...Object.entries(payloads).map(([name, payload]) => row('anyIssuer', name, signed('{"alg":"ES256"}', payload))),
      ...Object.entries(claims).map(([name, payload]) =>
        row('named', name, signed('{"alg":"ES256"}', JSON.stringify(payload))),
      ),
      ...Object.entries(texts).map(([name, text]) => row('named', name, text)),
    ]);
  });

  it('compares audiences without scheme and last slash', async () => {
    const audiences = [
      'plain',
      'plain/',
      'PLAIN',
      'https://plain',
      'http://plain/',
      'HTTP://plain',
      'api.example',
      'https://api.example',
      ['x', 'plain'],
      [],
      '',
      '/',
      'http:///',
      'plain//',
      undefined,
    ];
    const rows = await Promise.all(
      audiences.map(async (aud) =>
        row('audience', `aud ${JSON.stringify(aud)}`, await make.mint(key('ES256'), { iss, aud }, { kid: 'ES256' })),
      ),
    );
    const late = await make.mint(key('ES256'), { iss, aud: 'no', exp: 1 }, { kid: 'ES256' });
    const wrong = changed(await make.mint(key('ES256'), { iss, aud: 'no' }, { kid: 'ES256' }), 2);
    await compare([
      ...rows,
      row('audience', 'expired first', late, 'Jwt is expired'),
      row('audience', 'signature last', wrong, 'Audiences'),
    ]);
  });

  it('finds tokens where the rule looks, and takes them away', async () => {
    const good = await make.mint(
      key('ES256'),
      { iss, sub: 'alice', deep: { level: 3 }, list: ['<a>', 1, true, null] },
      { kid: 'ES256' },
    );
    const other = await make.mint(key('ES256'), { iss, sub: 'bob', exp: 4e9 }, { kid: 'ES256' });
    const q = (name: string, question: TokenQuestion, set = 'places'): Row => ({ name, set, question });
    const header = (name: string, ...lines: string[]): TokenQuestion => ({
      headers: lines.map((line) => [name, line] as const),
    });
    await compare([
      q('prefix', header('x-jwt', `tok=${good}`)),
      q('prefix inside', header('x-jwt', `a tok=, ${good}`)),
      q('prefix in capitals', header('x-jwt', `TOK=${good}`)),
      q('prefix alone', header('x-jwt', 'tok=')),
      q('prefix and junk', header('x-jwt', 'tok=!!')),
      q('two lines', header('x-jwt', `tok=${good}`, `tok=${other}`)),
      q('two lines, one junk', header('x-jwt', `tok=${good}`, 'tok=x')),
      q('two lines, one of no token', header('x-jwt', `tok=${good}`, 'x')),
      q('no prefix wanted', header('x-other', good)),
      q('no prefix wanted, two', header('x-other', good, other)),
      q('no prefix wanted, empty', header('x-other', '')),
      q('no prefix wanted, spaces', header('x-other', `x ${good}`)),
      q('bearer in lower case', header('authorization', `bearer ${good}`)),
      q('bearer and nothing', header('authorization', 'Bearer')),
      q('basic', header('authorization', 'Basic abc')),
      q('basic and bearer', header('authorization', `Basic abc, Bearer ${good}`)),
      q('bearer twice spaced', header('authorization', `Bearer   ${good}`)),
      q('parameter', { path: `/x?token=${good}` }),
      q('parameter among others', { path: `/x?z=%31&token=${good}&b=a%20b&b=2&e&&=v` }),
      q('parameter twice', { path: `/x?token=${good}&token=x` }),
      q('parameter twice, junk first', { path: `/x?token=x&token=${good}` }),
      q('parameter encoded', { path: `/x?token=${good.replaceAll('.', '%2E')}&%61=1` }),
      q('parameter name encoded', { path: `/x?tok%65n=${good}` }),
      q('parameter empty', { path: '/x?token=' }),
      q('parameter bare', { path: '/x?token' }),
      q('parameter in a second question mark', { path: `/x?q=1?token=${good}` }),
      q('parameter plus', { path: `/x?token=${good}+` }),
      q('cookie', header('cookie', `a=b; jwt=${good}`)),
      q('cookie quoted', header('cookie', `jwt="${good}"`)),
      q('cookie of no space', header('cookie', `a=b;jwt=${good};c=d`)),
      q('cookie twice', header('cookie', `jwt=${good}; jwt=x`)),
      q('cookie twice, junk first', header('cookie', `jwt=x; jwt=${good}`)),
      q('cookie empty', header('cookie', 'jwt=')),
      q('cookie in the second line', header('cookie', 'a=b', `jwt=${good}`)),
      q('cookie with a space behind', header('cookie', `jwt=${good} ; a=b`)),
      q('cookie without equals', header('cookie', 'jwt')),
      q('all at once', {
        path: `/x?token=${other}&b=1`,
        headers: [
          ['x-jwt', `tok=${good}`],
          ['x-other', other],
          ['cookie', `jwt=${good}`],
        ],
      }),
      q('one bad at the end', {
        path: `/x?token=${other}&b=1`,
        headers: [
          ['x-jwt', `tok=${good}`],
          ['cookie', 'jwt=x'],
        ],
      }),
      q('one bad in the middle', {
        path: '/x?token=x&b=1',
        headers: [
          ['x-jwt', `tok=${good}`],
          ['cookie', `jwt=${good}`],
        ],
      }),
      q('default place, parameter', { path: `/?access_token=${good}` }, 'kept'),
      q('default place, header', bearer(good), 'kept'),
      q('default place taken away', bearer(good), 'named'),
      q('default parameter taken away', { path: `/?access_token=${good}` }, 'named'),
    ]);
  });

  it('writes claims to headers, and lets nobody forge them', async () => {
    const forged = shownHeaders
      .filter((name) => name.startsWith('x-') && name !== 'x-jwt' && name !== 'x-other')
      .map((name) => [name, 'forged'] as const);
    const levels = [
      1,
      0,
      -1,
      1.5,
      1e15,
      2 ** 53,
      1e19,
      1e20,
      1e-7,
      123456.789,
      123456789012345680000,
      0.00001,
      0.0001234,
      0.1 + 0.2,
      1e300,
      [1e-5, -1e-5, 1e21, 1e16, 0.1 + 0.2, 2 ** 60, 1e15, 123456789012345, 1e14, 5e-324],
      [
        '\u00ad\u0600\u200b\u2028\u202e\u2060\ufeff\ufff9\u{1d173}\u{e0001}\u{1f600}\u0085\u00a0\u0604\u061c\u180e\u2065',
      ],

      true,
      false,
      '',
      'x y',
      null,
      [],
      {},
      [1, 'a', { b: null }],
      { a: 1.5 },
      'é',
      { a: '<>&\u2028"\\/\u007f' },
      { a: 'é\u0001' },
    ];
    const rows: Row[] = [];
    for (const level of levels) {
      const token = await make.mint(
        key('ES256'),
        { iss, sub: 'alice', deep: { level }, 'deep.level': 'literal', list: [level] },
        { kid: 'ES256' },
      );
      rows.push({
        name: `level ${JSON.stringify(level)}`,
        set: 'kept',
        question: { headers: [['authorization', `Bearer ${token}`], ...forged] },
      });
    }
    const preflight = [
      ['origin', 'https://x.example'],
      ['access-control-request-method', 'GET'],
    ] as const;
    const junk = ['authorization', 'Bearer x'] as const;
    rows.push({ name: 'no token', set: 'kept', question: { headers: forged } });
    rows.push({
      name: 'preflight',
      set: 'kept',
      question: { method: 'OPTIONS', headers: [...preflight, junk, ...forged] },
      want: 'passed',
    });
    rows.push({
      name: 'preflight of no origin',
      set: 'kept',
      question: { method: 'OPTIONS', headers: [preflight[1], junk] },
      want: 'Jwt',
    });
    rows.push({
      name: 'preflight of an empty origin',
      set: 'kept',
      question: { method: 'OPTIONS', headers: [['origin', ''], preflight[1], junk] },
      want: 'Jwt',
    });
    rows.push({ name: 'no preflight by GET', set: 'kept', question: { headers: [...preflight, junk] }, want: 'Jwt' });
    await compare(rows);
  });

  it('splits claims of words', async () => {
    const values = ['a b', ' a  b ', 'a', '', ' ', 'a\tb', ['a b'], 5, null, { x: 'a b' }];
    const rows = await Promise.all(
      values.map(async (scope) =>
        row(
          'kept',
          `scope ${JSON.stringify(scope)}`,
          await make.mint(
            key('ES256'),
            { iss, scope, permission: 'p q', words: 'v w', other: 'a b', deep: { scope: 'a b' } },
            { kid: 'ES256' },
          ),
          'passed',
        ),
      ),
    );
    await compare(rows);
  });

  it('joins several rules', async () => {
    const first = await make.mint(key('ES256'), { iss, sub: 'alice', aud: 'one' }, { kid: 'ES256' });
    const second = await make.mint(
      key('RS256'),
      { iss: 'https://second.example', sub: 'bob', aud: 'two' },
      { kid: 'RS256' },
    );
    const two = await make.mint(key('ES256'), { iss, sub: 'two', aud: 'two' }, { kid: 'ES256' });
    const stranger = await make.mint(key('ES256'), { iss: 'https://stranger.example' }, { kid: 'ES256' });
    const late = await make.mint(key('ES256'), { iss, exp: 1 }, { kid: 'ES256' });
    const lateSecond = await make.mint(key('ES256'), { iss: 'https://second.example', exp: 1 }, { kid: 'ES256' });
    const tokens = { none: undefined, first, second, two, stranger, late, lateSecond, junk: 'x.y.z' };
    const rows: Row[] = [];
    for (const set of ['two', 'sameIssuer', 'crossed', 'sameHeader']) {
      for (const [a, inBearer] of Object.entries(tokens)) {
        for (const [b, inOther] of Object.entries(tokens)) {
          const main = set === 'crossed' ? ['x-jwt', inBearer] : ['authorization', `Bearer ${inBearer}`];
          const side = [set === 'sameIssuer' ? 'x-jwt' : 'x-other', inOther];
          const headers = [inBearer === undefined ? [] : [main], inOther === undefined ? [] : [side]].flat() as [
            string,
            string,
          ][];
          rows.push({
            name: `${set}: ${a}, ${b}`,
            set,
            question: { headers: [...headers, ['x-payload', 'forged'], ['x-user', 'forged']] },
          });
        }
      }
    }
    await compare(rows);
  });

  it('names the request in the challenge', async () => {
    const paths = [
      '/',
      '/a/b?c=d&e',
      `/${'x'.repeat(300)}`,
      `/${'x'.repeat(255)}`,
      `/?${'q'.repeat(300)}`,
      '/a;b',
      '/%2f',
      '/?access_token=x',
    ];
    await compare(
      paths.map((path) => ({ name: path.slice(0, 20), set: 'named', question: { path, ...bearer('x') }, want: 'Jwt' })),
    );
  });
});

/** The token with one character of one section changed. */
function changed(token: string, section: number): string {
  const sections = token.split('.');
  const text = sections[section]!;
  const at = Math.floor(text.length / 2);
  sections[section] = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  return sections.join('.');
}
