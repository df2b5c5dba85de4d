import assert from 'node:assert/strict';
import type { GatehouseError } from '../../../../src/errors.ts';
import { shareIssuing } from '../../../../src/identity/delivery/issuing-shares.ts';
import type { IdentitySource, JwtRequest, X509Request } from '../../../../src/identity/source/identity-source.ts';

type Issuing = Pick<IdentitySource, 'issueX509' | 'issueJwt'>;

function source() {
  let now = 0;
  const issued = { x509: 0, jwt: 0 };
  const plain = {
    async issueX509() {
      issued.x509 += 1;
    },
    async issueJwt() {
      issued.jwt += 1;
    },
  } as unknown as Issuing; // what is issued is of no interest here
  const shared = shareIssuing(plain, undefined, () => now);
  const ask = async (kind: 'issueX509' | 'issueJwt', name: string, times: number): Promise<number> => {
    const request = { entitlement: { spiffeId: `spiffe://cluster.local/${name}` } } as unknown as X509Request &
      JwtRequest;
    let refused = 0;
    for (let n = 0; n < times; n += 1) {
      await shared[kind](request).catch(({ code }: GatehouseError) => {
        assert.equal(code, 'too_many_requests');
        refused += 1;
      });
    }
    return times - refused;
  };
  return { ask, issued, pass: (ms: number) => (now += ms) };
}

describe('shareIssuing', () => {
  it('gives one workload no 20,000 JWT-SVIDs in eight seconds', async () => {
    const { ask, issued, pass } = source();
    for (let second = 0; second < 8; second += 1, pass(1_000)) await ask('issueJwt', 'greedy', 2_500);
    assert.equal(issued.jwt, 1_000 + 7 * 50);
    assert.equal(await ask('issueJwt', 'modest', 100), 100, 'and others all that they want');
  });

  it('gives one identity no more X.509-SVIDs than many instances need', async () => {
    const { ask, pass } = source();
    assert.equal(await ask('issueX509', 'greedy', 5_000), 2_000);
    pass(1_000);
    assert.equal(await ask('issueX509', 'greedy', 5_000), 100);
    assert.equal(await ask('issueJwt', 'greedy', 10), 10, 'tokens have a share of their own');
  });

  it('forgets what was long ago', async () => {
    const { ask, pass } = source();
    await ask('issueJwt', 'a', 1_000);
    pass(20_000);
    assert.equal(await ask('issueJwt', 'a', 2_000), 1_000);
  });
});
