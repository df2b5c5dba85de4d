import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createMemoryKeyBlobs } from '../../../../../src/identity/authority/keys/local-keys.ts';
import { backupPieces } from '../../../../../src/identity/authority/recover/backup.ts';
import { openBackup } from '../../../../../src/identity/authority/recover/open-backup.ts';
import { createMemoryStore } from '../../../../../src/identity/authority/store/memory-store.ts';
import { stateToText } from '../../../../../src/identity/authority/store/state.ts';
import type { LedgerRow } from '../../../../../src/identity/authority/store/store.ts';
import { openTestAuthority, requestOf, trustDomain } from '../../../../support/authority.ts';
import { eventually } from '../../../../support/eventually.ts';
import { makeBackup } from '../../../../support/make-backup.ts';
import { sealedBytesOf } from '../../../../support/sealed-bytes.ts';

const keyEncryptionKey = Buffer.alloc(32, 7);
const clock = { now: () => 1_900_000_000_000 };

/** A ledger that is made while it is read: nobody has all of it. */
function longLedger(pages: number, rowOf: (index: number) => LedgerRow) {
  const read = { pages: 0, closed: false };
  const ledgerTexts = async function* (): AsyncGenerator<string> {
    try {
      for (; read.pages < pages; read.pages += 1)
        yield JSON.stringify(Array.from({ length: 256 }, (_, index) => rowOf(read.pages * 256 + index)));
    } finally {
      read.closed = true;
    }
  };
  return { read, ledgerTexts };
}

async function openMesh() {
  const opened = await openTestAuthority();
  await opened.authority.issueX509(requestOf('a'));
  const [row] = opened.content.ledger.values();
  const keys = createMemoryKeyBlobs();
  const store = createMemoryStore(opened.content);
  const rowOf = (index: number): LedgerRow => ({ ...row!, serial: `${index}-${randomBytes(16).toString('hex')}` });
  return { ...opened, store, deps: { trustDomain, keys, keyEncryptionKey, clock }, rowOf };
}

describe('backupPieces', () => {
  it('reads the ledger no faster than it is taken, and stops when nobody takes it any more', async () => {
    const { store, deps, rowOf } = await openMesh();
    const { read, ledgerTexts } = longLedger(100_000, rowOf);
    let taken = 0;
    for await (const piece of backupPieces({ ...deps, store: { ...store, ledgerTexts } })) {
      taken += piece.length;
      if (taken > 200_000) break;
    }
    await eventually('the ledger is read no further', () => (read.closed ? true : undefined));
    assert.ok(read.pages < 200, `${read.pages} pages were read for ${taken} bytes`);
  });

  it('breaks off with what the store throws', async () => {
    const { store, deps } = await openMesh();
    const ledgerTexts = async function* (): AsyncGenerator<string> {
      yield '[]';
      throw new Error('the disk is gone');
    };
    await assert.rejects(makeBackup({ ...deps, store: { ...store, ledgerTexts } }), /the disk is gone/);
  });

  it('gives every page back, and all other tables', async () => {
    const { store, content, deps, rowOf } = await openMesh();
    const { ledgerTexts } = longLedger(20, rowOf);
    const opened = await openBackup(
      sealedBytesOf(await makeBackup({ ...deps, store: { ...store, ledgerTexts } })),
      deps,
    );
    let rows = 0;
    for await (const page of opened.ledger()) rows += page.length;
    assert.equal(rows, 20 * 256);
    assert.equal(opened.createdAt, clock.now());
    assert.equal(opened.content.state, stateToText(content.state!));
    assert.deepEqual(opened.content.audit, content.audit);
    assert.deepEqual(opened.content.consumers, [...content.consumers.values()]);
  });
});

describe('openBackup', () => {
  it('reads texts with every sign that may end a line elsewhere', async () => {
    const { authority, store, content, deps } = await openMesh();
    const reason = 'a\u2028b\u2029c\u0085d\re\nf\u000bg';
    await authority.note({ who: 'uid:0', verb: 'test', use: '', authorityId: '', reason, result: 'done' });
    const opened = await openBackup(sealedBytesOf(await makeBackup({ ...deps, store })), deps);
    assert.deepEqual(opened.content.audit, content.audit);
  });

  it('refuses a file that is changed while its ledger is read', async () => {
    const { store, deps, rowOf } = await openMesh();
    const { ledgerTexts } = longLedger(20, rowOf);
    const bytes = Buffer.from(await makeBackup({ ...deps, store: { ...store, ledgerTexts } }));
    const opened = await openBackup(sealedBytesOf(bytes), deps);
    bytes[bytes.length - 1]! ^= 1; // of the tag: nothing else shows it
    await assert.rejects(async () => {
      for await (const _page of opened.ledger());
    });
  });

  it('opens a file of the first version', async () => {
    const { content, deps } = await openMesh();
    const { version, state, audit } = content;
    const ledger = [...content.ledger.values()];
    const document = { version, state: stateToText(state!), audit, ledger, consumers: [], revocations: [], keys: {} };
    const header = Buffer.from(`GHBK1\n${JSON.stringify({ trustDomain, createdAt: 5 })}\n`);
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keyEncryptionKey, nonce).setAAD(header);
    const sealed = Buffer.concat([cipher.update(gzipSync(JSON.stringify(document))), cipher.final()]);
    const opened = await openBackup(sealedBytesOf(Buffer.concat([header, nonce, cipher.getAuthTag(), sealed])), deps);
    assert.equal(opened.createdAt, 5);
    assert.equal(opened.content.state, document.state);
    const rows: LedgerRow[] = [];
    for await (const page of opened.ledger()) rows.push(...page);
    assert.deepEqual(rows, ledger);
  });
});
