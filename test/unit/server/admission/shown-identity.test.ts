import assert from 'node:assert/strict';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import { type BelievedRoots, nowBelieved } from '../../../../src/server/admission/believed-roots.ts';
import { showBelieved } from '../../../../src/server/admission/shown-identity.ts';
import type { TlsIdentity } from '../../../../src/transport/listen/tls-front.ts';
import { eventually } from '../../../support/eventually.ts';

const root = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
const identity = (chainPem: string, ...roots: readonly string[]): TlsIdentity => ({
  ...{ chainPem, keyPem: '', trustedPem: roots.map(root).join('') },
});
const none: BelievedRoots = new Map();
const believing = (before: BelievedRoots, ...roots: readonly string[]): BelievedRoots =>
  nowBelieved(before, roots.map(root).join(''), performance.now());

describe('showBelieved', () => {
  it('shows the first at once: it is the best there is', () => {
    const own = createWatchable<TlsIdentity | undefined>(undefined);
    using shown = showBelieved(own, createWatchable(none), undefined);
    own.replace(identity('a', 'A'));
    assert.equal(shown.identity.value?.chainPem, 'a');
    assert.equal(shown.behind(), '');
  });

  it('holds a new one back until the cluster was told of all that it may come from, a while ago', async () => {
    const own = createWatchable<TlsIdentity | undefined>(identity('a', 'A'));
    const written = createWatchable(believing(none, 'A'));
    using shown = showBelieved(own, written, undefined, 50);
    own.replace(identity('b', 'B', 'A'));
    assert.equal(shown.identity.value?.chainPem, 'a');
    assert.equal(shown.behind(), root('A'));
    written.replace(believing(written.value, 'A', 'B'));
    assert.equal(shown.identity.value?.chainPem, 'a', 'the API servers have not all heard of it');
    await eventually('the new one is shown', () => (shown.identity.value?.chainPem === 'b' ? true : undefined));
    assert.equal(shown.behind(), '');
  });

  it('shows a new one at once whose authorities are believed since long, whatever was written since', () => {
    const long = nowBelieved(none, root('A') + root('B'), performance.now() - 60_000);
    const written = createWatchable(believing(long, 'B'));
    const own = createWatchable<TlsIdentity | undefined>(identity('a', 'A', 'B'));
    using shown = showBelieved(own, written, undefined, 5_000);
    own.replace(identity('b', 'B'));
    assert.equal(shown.identity.value?.chainPem, 'b');
  });

  it('takes a smaller bundle with the same chain at once', () => {
    const own = createWatchable<TlsIdentity | undefined>(identity('a', 'A', 'B'));
    using shown = showBelieved(own, createWatchable(none), undefined);
    own.replace(identity('a', 'A'));
    assert.equal(shown.identity.value?.trustedPem, root('A'));
  });

  it('holds nothing back where the caBundle is not ours, and asks callers for what the configuration says', () => {
    const own = createWatchable<TlsIdentity | undefined>(identity('a', 'A'));
    using shown = showBelieved(own, undefined, 'clients');
    own.replace(identity('b', 'B'));
    assert.deepEqual([shown.identity.value?.chainPem, shown.identity.value?.trustedPem], ['b', 'clients']);
  });

  it('shows none when there is none', () => {
    const own = createWatchable<TlsIdentity | undefined>(identity('a', 'A'));
    using shown = showBelieved(own, createWatchable(none), undefined);
    own.replace(undefined);
    assert.equal(shown.identity.value, undefined);
  });
});
