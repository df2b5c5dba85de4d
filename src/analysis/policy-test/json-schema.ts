/**
 * The JSON Schema of files of policy tests, for editors.
 * @module
 */
import * as z from 'zod';
import { testFile } from './test-form.ts';

/** The schema as text, as `docs/policy-test.schema.json` holds it. */
export function policyTestJsonSchema(): string {
  const schema = z.toJSONSchema(testFile, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ title: 'Gatehouse policy tests', ...schema }, null, 2)}\n`;
}
