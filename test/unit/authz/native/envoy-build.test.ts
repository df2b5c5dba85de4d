import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { saidBy } from '../../../../src/authz/native/envoy-build.ts';
import { NodeSchema } from '../../../../src/gen/envoy/config/core/v3/base_pb.ts';

const labelsOf = (metadata: NonNullable<ReturnType<typeof create<typeof NodeSchema>>['metadata']>) =>
  saidBy(create(NodeSchema, { id: 'n', metadata })).labels;

describe('saidBy', () => {
  it('has the labels that a Check of the same Envoy would have: what is no text as an empty one', () => {
    const labels = labelsOf({ LABELS: { app: 'x', canary: true, version: 1, none: null } });
    assert.deepEqual(
      [...labels!],
      [
        ['app', 'x'],
        ['canary', ''],
        ['version', ''],
        ['none', ''],
      ],
    );
  });

  it('says nothing of labels where there are none', () => {
    assert.deepEqual(
      [{}, { LABELS: {} }, { LABELS: 'app=x' }, { LABELS: ['app'] }].map(labelsOf),
      Array(4).fill(undefined),
    );
  });
});
