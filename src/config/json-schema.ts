/**
 * The JSON Schema of `gatehouse.yaml`, for editors.
 * @module
 */
import * as z from 'zod';
import { documentSchema } from './schema.ts';

/** The schema as text, as `docs/gatehouse.schema.json` holds it. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(documentSchema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ title: 'gatehouse.yaml', ...schema }, null, 2)}\n`;
}
