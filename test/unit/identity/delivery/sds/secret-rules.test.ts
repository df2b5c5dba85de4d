import assert from 'node:assert/strict';
import { certificateSecret, validationSecret } from '../../../../../src/identity/delivery/sds/secret-messages.ts';
import { createSecretRules } from '../../../../../src/identity/delivery/sds/secret-rules.ts';
import type { Bundle } from '../../../../../src/spiffe/bundle.ts';
import { parseSpiffeId } from '../../../../../src/spiffe/spiffe-id.ts';
import type { X509Svid } from '../../../../../src/spiffe/svid.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const svid: X509Svid = {
  spiffeId: parseSpiffeId('spiffe://cluster.local/a'),
  chain: [Buffer.of(1)],
  privateKey: Buffer.of(2),
  serial: '1',
  notBeforeAt: 0,
  notAfterAt: 1,
  authorityId: 'a',
};
const bundle: Bundle = {
  trustDomain: parseTrustDomain('cluster.local'),
  sequence: 1,
  refreshHintSeconds: 300,
  x509Authorities: [Buffer.of(1)],
  jwtAuthorities: [],
};
const empty: Bundle = { ...bundle, x509Authorities: [] };
const nameless: Bundle = { ...bundle, trustDomain: '' as Bundle['trustDomain'] }; // what parsing would never make

const rows = [
  { name: 'a certificate', secret: certificateSecret('a', svid), want: [] },
  { name: 'roots', secret: validationSecret('ALL', [bundle], true), want: [] },
  { name: 'plain roots', secret: validationSecret('ALL', [bundle], false), want: [] },
  {
    name: 'no chain',
    secret: certificateSecret('a', { ...svid, chain: [] }),
    want: ['tls_certificate.certificate_chain: empty'],
  },
  {
    name: 'no key',
    secret: certificateSecret('a', { ...svid, privateKey: undefined }),
    want: ['tls_certificate.private_key: empty'],
  },
  {
    name: 'roots of nobody',
    secret: validationSecret('ALL', [empty], true),
    want: ['validation_context.custom_validator_config.typed_config.trust_domains: at least 1 needed, has 0'],
  },
  {
    name: 'plain roots of nobody, with which Envoy would verify nobody',
    secret: validationSecret('ALL', [empty], false),
    want: ['validation_context.trusted_ca: empty'],
  },
  {
    name: 'a trust domain without a name',
    secret: validationSecret('ALL', [bundle, nameless], true),
    want: ['validation_context.custom_validator_config.typed_config.trust_domains[0].name: minLen=1'],
  },
];

describe('createSecretRules', () => {
  for (const { name, secret, want } of rows) {
    it(`judges ${name}`, () => {
      const told: unknown[] = [];
      const rules = createSecretRules({ withheld: (...args) => told.push(args) });
      assert.equal(
        rules.hold([{}], 'x', () => secret),
        want.length === 0,
      );
      assert.deepEqual(told, want.length === 0 ? [] : [['x', want]]);
    });
  }

  it('looks at each once, by its content and its name', () => {
    let made = 0;
    const told: string[] = [];
    const rules = createSecretRules({ withheld: (name) => told.push(name) });
    const make = (secret: ReturnType<typeof certificateSecret>) => () => {
      made += 1;
      return secret;
    };
    const bad = make(validationSecret('ALL', [empty], true));
    for (let i = 0; i < 3; i++) assert.equal(rules.hold([empty], 'ALL', bad), false);
    assert.deepEqual([made, told], [1, ['ALL']], 'told once');
    assert.equal(rules.hold([svid], 'a', make(certificateSecret('a', svid))), true);
    assert.equal(rules.hold([svid], 'default', make(certificateSecret('default', svid))), true);
    assert.equal(rules.hold([svid], 'a', bad), true);
    assert.equal(made, 3);
    assert.equal(rules.hold([empty, bundle], 'ALL', make(validationSecret('ALL', [bundle], true))), true);
    assert.equal(made, 4, 'other bundles beside the first are another content');
  });
});
