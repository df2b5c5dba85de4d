/**
 * Explains requests under policies of a test's own, from files to answer.
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { applyPatch } from 'diff';
import type { RequestForm } from '../../src/admin-api/request-form.ts';
import type { Explanation } from '../../src/analysis/explain.ts';
import { encodeRequestForm } from '../../src/analysis/request-form.ts';
import { configOf } from '../../src/cli/policy/explain/asked.ts';
import { offlineState } from '../../src/server/explain/explain-offline.ts';
import { createExplainer } from '../../src/server/explain/explainer.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

export interface PolicyDir extends TempDir {
  /** Writes `policies/policy.yaml`; with `registry`, that too. */
  write(policy: string, registry?: string): void;
  policy(): string;
  /** Applies a unified diff to `policies/policy.yaml`. */
  patch(diff: string): void;
  /** Reads everything anew and explains. */
  explain(request: RequestForm, nowMs?: number): Promise<Explanation>;
}

/** Makes an empty one. */
export async function policyDir(): Promise<PolicyDir> {
  const dir = await tempDir('gh-policies-');
  for (const name of ['policies', 'registry']) mkdirSync(dir.at(name));
  const file = dir.at('policies/policy.yaml');
  const policy = (): string => readFileSync(file, 'utf8');
  return {
    ...dir,
    policy,
    write(text, registry) {
      writeFileSync(file, text);
      if (registry !== undefined) writeFileSync(dir.at('registry/registry.yaml'), registry);
    },
    patch(diff) {
      const after = applyPatch(policy(), diff);
      if (after === false) throw new Error(`the patch does not apply:\n${diff}\n${policy()}`);
      writeFileSync(file, after);
    },
    async explain(request, nowMs = Date.now()) {
      const config = await configOf({ policies: [dir.at('policies')], registry: [dir.at('registry')] });
      const explainer = await createExplainer(await offlineState(config));
      return explainer({ request: encodeRequestForm(request), nowMs, caller: { local: true } });
    },
  };
}

const account = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;

/** A request of `default/web` to `default/api`. */
export function webToApi(http: NonNullable<RequestForm['http']> = {}, more: Partial<RequestForm> = {}): RequestForm {
  return {
    source: { principal: account('web'), address: '10.0.0.1', port: 40_000 },
    destination: { principal: account('api'), address: '10.0.0.2', port: 8080, labels: { app: 'api' } },
    http: { method: 'GET', path: '/orders/1', host: 'api', ...http },
    ...more,
  };
}
