/**
 * Verifies tokens as clients on Node do that know nothing but an issuer: reads a token a line, prints `ok SUBJECT` or `FAIL reason` a line.
 *
 *     oidc.ts jose|openid-client ISSUER AUDIENCE ROOTS.pem LEAD-SECONDS
 * @module
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { Agent, fetch } from 'undici';

type Verify = (token: string) => Promise<string | undefined>;

/** openid-client fetches no set again within this time after the last, whatever kid comes. */
const PAUSE_SECONDS = 60;

const [which, issuer = '', audience = '', roots = '', leadSeconds = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connect: { ca: readFileSync(roots) } });

async function fetched(url: string, headers: Record<string, string>): Promise<Response> {
  const answer = await fetch(url, { dispatcher, headers });
  return new Response(await answer.text(), { status: answer.status, headers: [...answer.headers] });
}

function withJose(): Verify {
  const keys = createRemoteJWKSet(new URL(`${issuer}/keys`), { [customFetch]: (url) => fetched(url, {}) });
  return async (token) => (await jwtVerify(token, keys, { issuer, audience })).payload.sub;
}

/**
 * openid-client verifies the ID token of a token endpoint. This one's endpoint answers with the token that was read, and its set counts
 * as fetched so long before that its pause is over when a lead has passed, were that lead shorter than the pause.
 */
async function withOpenidClient(): Promise<Verify> {
  let idToken = '';
  const discovered = await openid.discovery(new URL(issuer), audience, undefined, openid.None(), {
    [openid.customFetch]: (url, { headers }) => fetched(url, headers),
  });
  const tokenEndpoint = 'https://token.example/';
  const known = Object.entries(discovered.serverMetadata()).filter(([, value]) => typeof value !== 'function');
  const config = new openid.Configuration(
    { ...Object.fromEntries(known), issuer, token_endpoint: tokenEndpoint },
    audience,
    { id_token_signed_response_alg: 'ES256' },
    openid.None(),
  );
  config[openid.customFetch] = async (url, { headers }) =>
    url === tokenEndpoint
      ? Response.json({ access_token: 'none', token_type: 'bearer', id_token: idToken })
      : fetched(url, headers);
  openid.enableNonRepudiationChecks(config);
  const { jwks_uri } = config.serverMetadata();
  const jwks = (await (await fetched(jwks_uri ?? '', {})).json()) as openid.ExportedJWKSCache['jwks'];
  const agedSeconds = Math.max(0, PAUSE_SECONDS - Number(leadSeconds));
  openid.setJwksCache(config, { jwks, uat: Math.floor(Date.now() / 1000) - agedSeconds });
  return async (token) => {
    idToken = token;
    return (await openid.refreshTokenGrant(config, 'none')).claims()?.sub;
  };
}

const verify = which === 'jose' ? withJose() : await withOpenidClient();
for await (const line of createInterface(process.stdin)) {
  try {
    console.log('ok', await verify(line));
  } catch (thrown) {
    const { message, cause } = thrown as Error;
    console.log('FAIL', message, JSON.stringify(cause) ?? '');
  }
}
