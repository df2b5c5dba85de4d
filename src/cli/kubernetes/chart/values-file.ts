/**
 * values.yaml of the chart: each value with what it says and what holds where it is not set.
 * @module
 */
import { stringify } from 'yaml';
import { type Values, valuesJsonSchema, valuesSchema } from './values.ts';

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
}

/** The file, made of the schema and its defaults. */
export function valuesFile(): string {
  const schema = JSON.parse(valuesJsonSchema()) as Described; // our own
  const defaults: Values = valuesSchema.parse({});
  return `# The values of an installation. docs/kubernetes.md walks through them.\n\n${linesOf(schema, defaults, '').join('\n')}\n`;
}

function linesOf({ properties = {} }: Described, values: object, indent: string): string[] {
  return Object.entries(properties).flatMap(([key, described]) => {
    const value = (values as Record<string, unknown>)[key]; // the schema made it
    const about = described.description === undefined ? [] : [`${indent}# ${described.description}`];
    const inner = described.properties && linesOf(described, value as object, `${indent}  `); // it has properties
    return [...about, ...(inner ? [`${indent}${key}:`, ...inner] : flat(key, value, indent))];
  });
}

function flat(key: string, value: unknown, indent: string): string[] {
  const text = stringify({ [key]: value }, { lineWidth: 0, compat: 'yaml-1.1' });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`);
}
