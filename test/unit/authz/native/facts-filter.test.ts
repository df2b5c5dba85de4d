import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  askingFacts,
  combinations,
  EVERYTHING,
  factsFilter,
  factsKey,
} from '../../../../src/authz/native/facts-filter.ts';
import type { Filter } from '../../../../src/authz/native/filter-chain.ts';
import { configsOf, revocationConfigs } from '../../../../src/authz/native/native-config.ts';
import type { Revocations } from '../../../../src/authz/state.ts';
import { TypedExtensionConfigSchema } from '../../../../src/gen/envoy/config/core/v3/extension_pb.ts';
import { ConfigSchema } from '../../../../src/gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.ts';
import { askEverything } from '../../../../src/policy/compile-envoy/native-policy.ts';

/** The filters of a chain: `Chain chain = 1`, whose `filters` are 1. */
function filtersIn({ bytes }: Pick<Filter, 'bytes'>) {
  const found = [];
  for (const chain of fieldsOf(bytes))
    for (const each of fieldsOf(chain)) found.push(fromBinary(TypedExtensionConfigSchema, each));
  return found;
}

function fieldsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    assert.equal(reader.tag()[0], 1);
    found.push(reader.bytes());
  }
  return found;
}

/** What the filters are, and what those write that write texts. */
function shown(filter: Pick<Filter, 'bytes'>): readonly string[] {
  return filtersIn(filter).map(({ typedConfig }) => {
    const type = typedConfig!.typeUrl.split('.').slice(-3).join('.'); // it has a configuration
    if (!type.startsWith('set_filter_state')) return type;
    const { onRequestHeaders } = fromBinary(ConfigSchema, typedConfig!.value);
    const texts = onRequestHeaders.map(({ key, value }) => {
      const text = value.case === 'formatString' && value.value.format;
      const inline = text && text.case === 'textFormatSource' ? text.value.specifier.value : undefined;
      return `${key.value}=${String(inline)}`;
    });
    return texts.join();
  });
}

const revocationsOf = (filter: Pick<Filter, 'bytes'>): readonly string[] =>
  shown(filter).map((text) => text.replace(/^.*(?=gh\.revocation=)/s, ''));

const nobody = { sequence: 1, spiffeIds: new Set(), serials: new Set(), spkis: new Set() } as unknown as Revocations; // all that is read
const written = 'gh.revocation=%DYNAMIC_METADATA(envoy.filters.http.rbac:ghr_enforced_effective_policy_id)%';

describe('factsFilter', () => {
  const cases: readonly { name: string; given: Revocations | undefined; want: readonly string[] }[] = [
    { name: 'nothing is known: all ask', given: undefined, want: ['gh.revocation=ask:revocations-unknown'] },
    { name: 'nobody is revoked: one filter', given: nobody, want: ['gh.revocation=n:not-revoked'] },
    ...(['spiffeIds', 'serials', 'spkis'] as const).map((key) => ({
      name: `one of ${key} is: the filter of revocations has the word`,
      given: { ...nobody, [key]: new Set(['ab']) } as unknown as Revocations,
      want: ['gh.revocation=n:revoked', 'rbac.v3.RBAC', written],
    })),
  ];
  for (const { name, given, want } of cases)
    it(`where ${name}`, () => {
      assert.deepEqual(revocationsOf(factsFilter(given, EVERYTHING)), want);
    });

  it('fills in what it is to fill in, and nothing else', () => {
    const request = 'gh.request=%REQ(:METHOD)%\n%PATH(NQ:PATH)%';
    assert.deepEqual(shown(factsFilter(nobody, ['gh.request'])), [`${request},gh.revocation=n:not-revoked`]);
    assert.deepEqual(shown(factsFilter(nobody, [])), ['gh.revocation=n:not-revoked']);
    const all = shown(factsFilter(nobody, EVERYTHING))[0]!; // one filter
    for (const key of ['gh.path', 'gh.request', 'gh.serial']) assert.ok(all.includes(`${key}=`), key);
  });

  it('is there for all that a tree may read', () => {
    const configs = revocationConfigs(nobody);
    const keys = combinations.map(factsKey);
    assert.equal(new Set(keys.map((key) => configs.get(key)?.version)).size, 4);
    for (const key of keys) assert.equal(configs.get(key)?.name, 'gatehouse.request');
  });

  it('makes all ask whose policy was refused', () => {
    assert.deepEqual(shown(askingFacts('refused')), ['gh.revocation=ask:refused']);
  });
});

describe('gatehouse.marks', () => {
  const policy = askEverything('a test');
  const marksOf = (others: typeof policy.others) => {
    const { resource } = configsOf({ ...policy, others }).get('gatehouse.marks')!; // always there
    return shown({ bytes: fromBinary(TypedExtensionConfigSchema, resource.value).typedConfig!.value });
  };

  it('is no filter where nothing is marked, and else the filter of AUDIT', () => {
    assert.deepEqual(marksOf(new Map()), []);
    const typeUrl = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
    assert.deepEqual(marksOf(new Map([['gatehouse.audit', { typeUrl, bytes: new Uint8Array() }]])), ['rbac.v3.RBAC']);
  });
});
