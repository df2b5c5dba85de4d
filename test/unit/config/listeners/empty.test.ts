import assert from 'node:assert/strict';
import { readConfig } from '../../../../src/config/read-config.ts';

const read = (listen: string) =>
  readConfig(`trustDomain: cluster.local\nlisten: { ${listen} }\n`, '/etc/gatehouse/gatehouse.yaml');

const plain = ['httpAuth', 'feed', 'istioCa', 'xds', 'accessLog', 'bundle', 'oidc', 'admission'] as const;
const guarded = ['bundle', 'oidc', 'admission'] as const;

describe('a listener that may be left out', () => {
  const nowhere = [
    ...plain.map((key) => [key, `${key}: ""`] as const),
    ...guarded.map((key) => [key, `${key}: { address: "", tls: { cert: "", key: "" } }`] as const),
    ...guarded.map((key) => [key, `${key}: { address: "" }`] as const),
  ];
  for (const [key, text] of nowhere)
    it(`is nowhere by ${text}`, () => {
      const reading = read(text);
      assert.ok(reading.ok, JSON.stringify(reading));
      assert.equal(reading.config.listen[key], undefined);
    });

  const refused = [
    ...['workloadApi', 'extAuthz', 'admin', 'health'].map((key) => `${key}: ""`),
    'oidc: { address: "", tls: { cert: a.pem, key: b.pem } }',
    'oidc: { address: "", tsl: {} }',
    'xds: " "',
  ];
  for (const text of refused)
    it(`is refused by ${text}`, () => {
      assert.equal(read(text).ok, false);
    });
});
