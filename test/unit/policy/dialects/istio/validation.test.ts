import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';

interface Verdict {
  readonly name: string;
  readonly accepted: boolean;
  readonly says?: readonly string[];
}

const fixture = (name: string): string => readFileSync(`test/fixtures/istio-validation/${name}`, 'utf8');

/**
 * The recorded validator takes a document as it is; the API server drops the null fields of a custom resource before it looks. A map
 * that must hold something is empty then.
 */
const isOfNullFields = ({ says = [] }: Verdict): boolean =>
  says.length > 0 &&
  says.every((said) => {
    const paths = [...said.matchAll(/(\S+): Invalid value: "null"/g)].map(([, path = '']) => path);
    return paths.length > 0 && paths.every((path) => !/\]$|portLevelMtls\.\d+$/.test(path));
  });

describe('validation of Istio documents', () => {
  for (const kind of ['authorization-policy', 'request-authentication', 'peer-authentication']) {
    const documents = fixture(`${kind}.yaml`).split(/^---\n/m);
    const verdicts = JSON.parse(fixture(`${kind}.verdicts.json`)) as Verdict[]; // our own fixture

    it(`accepts of ${kind} exactly what Istio accepts`, () => {
      assert.equal(documents.length, verdicts.length);
      assert.ok(verdicts.some(({ accepted }) => accepted) && verdicts.some(({ accepted }) => !accepted));
      const differing = documents.flatMap((text, i) => {
        const { accepted, name, says } = verdicts[i]!;
        const errors = readPolicies('a.yaml', text, usualDialect).findings.filter(
          ({ severity }) => severity === 'error',
        );
        const isTaken = accepted || isOfNullFields(verdicts[i]!);
        return (errors.length === 0) === isTaken ? [] : [{ name, says, errors }];
      });
      assert.deepEqual(differing, []);
    });

    it(`gives every finding of ${kind} a place, a code, a message and a fix`, () => {
      for (const text of documents) {
        for (const finding of readPolicies('a.yaml', text, usualDialect).findings) {
          assert.ok(finding.line >= 1 && finding.line <= text.split('\n').length, JSON.stringify(finding));
          assert.ok(finding.column >= 1 && finding.message !== '' && finding.fix !== '', JSON.stringify(finding));
          assert.match(finding.code, /^[a-z0-9]+(-[a-z0-9]+)*$/);
        }
      }
    });
  }
});
