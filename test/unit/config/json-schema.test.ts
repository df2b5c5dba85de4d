import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { configJsonSchema } from '../../../src/config/json-schema.ts';

describe('docs/gatehouse.schema.json', () => {
  it('is what the configuration reader accepts now; `npm run -s gatehouse -- config schema > docs/gatehouse.schema.json` renews it', () => {
    assert.deepEqual(JSON.parse(readFileSync('docs/gatehouse.schema.json', 'utf8')), JSON.parse(configJsonSchema()));
  });

  it('says of every key what it is', () => {
    assert.deepEqual(undescribed(JSON.parse(configJsonSchema()) as Schema), []);
  });
});

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** The paths of keys without a description, in whatever alternative they stand. */
function undescribed({ properties = {}, items, anyOf = [] }: Schema, path = ''): string[] {
  return [
    ...Object.entries(properties).flatMap(([key, schema]) => [
      ...(schema.description === undefined ? [`${path}${key}`] : []),
      ...undescribed(schema, `${path}${key}.`),
    ]),
    ...(items === undefined ? [] : undescribed(items, path)),
    ...anyOf.flatMap((each) => undescribed(each, path)),
  ];
}
