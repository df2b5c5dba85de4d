import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { configJsonSchema } from '../../../src/config/json-schema.ts';

describe('docs/gatehouse.schema.json', () => {
  it('is what the configuration reader accepts now; `npm run -s gatehouse -- config schema > docs/gatehouse.schema.json` renews it', () => {
    assert.deepEqual(JSON.parse(readFileSync('docs/gatehouse.schema.json', 'utf8')), JSON.parse(configJsonSchema()));
  });
});
