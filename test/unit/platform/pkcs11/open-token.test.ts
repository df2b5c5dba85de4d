import assert from 'node:assert/strict';
import { createPublicKey, hash, verify } from 'node:crypto';
import { openToken } from '../../../../src/platform/pkcs11/open-token.ts';
import { asTokenFault, type FaultKind } from '../../../../src/platform/pkcs11/token-fault.ts';
import { createFakeToken, type FakeToken, fakeCryptoki, privateIds } from '../../../support/fake-token.ts';

const order = { tokenLabel: 'gatehouse', pin: Buffer.from('1234'), keyLabel: 'gatehouse test', signers: 2 };
const NAME = 'ab'.repeat(20);
const OTHER = 'cd'.repeat(20);

const open = (tokens: readonly FakeToken[], pin = '1234') =>
  openToken(fakeCryptoki(tokens), { ...order, pin: Buffer.from(pin) });

describe('openToken', () => {
  const bad: readonly {
    name: string;
    tokens: readonly Partial<FakeToken>[];
    pin?: string;
    kind: FaultKind;
    says: RegExp;
    logins: number;
  }[] = [
    { name: 'no token at all', tokens: [], kind: 'setup', says: /the module sees none at all/, logins: 0 },
    {
      name: 'none of that label',
      tokens: [{ label: 'other' }, { label: 'Gatehouse' }],
      ...{ kind: 'setup', says: /there is "other", "Gatehouse"/, logins: 0 },
    },
    {
      name: 'two of that label',
      tokens: [{}, { label: 'other' }, {}],
      ...{ kind: 'setup', says: /two tokens have the label "gatehouse" \(serial numbers \w+ and \w+\)/, logins: 0 },
    },
    { name: 'a wrong PIN', tokens: [{}], pin: '4321', kind: 'pin', says: /CKR_PIN_INCORRECT/, logins: 1 },
    { name: 'a PIN that is too long', tokens: [{}], pin: '1'.repeat(17), kind: 'setup', says: /4 to 16/, logins: 0 },
    {
      name: 'the last try, though the PIN is right',
      ...{ tokens: [{ wrongPins: 2 }], kind: 'setup', says: /one try is left/, logins: 0 },
    },
    { name: 'a locked PIN', tokens: [{ wrongPins: 3 }], kind: 'setup', says: /is locked/, logins: 0 },
  ];
  for (const { name, tokens, pin, kind, says, logins } of bad) {
    it(`refuses ${name}`, () => {
      const all = tokens.map((each) => Object.assign(createFakeToken(), each));
      assert.throws(
        () => open(all, pin),
        (thrown) => {
          const fault = asTokenFault(thrown);
          assert.equal(fault.kind, kind);
          return says.test(fault.message);
        },
      );
      assert.deepEqual(
        all.map((each) => each.logins).reduce((a, b) => a + b, 0),
        logins,
      );
    });
  }

  it('finds a token in another slot than before, and its keys', async () => {
    const token = createFakeToken();
    const spki = await open([token]).generate('ec-p256', NAME);
    const moved = open([createFakeToken('new in slot 0'), createFakeToken('other'), token]);
    const raw = await moved.sign([NAME], 'ecdsa', hash('sha256', 'text', 'buffer'));
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    assert.ok(verify('sha256', Buffer.from('text'), { key, dsaEncoding: 'ieee-p1363' }, raw));
  });

  it('leaves no key that can be copied, and says so', async () => {
    const token = Object.assign(createFakeToken(), { isLeaky: true });
    await assert.rejects(open([token]).generate('ec-p256', NAME), /can be extracted/);
    assert.equal(token.objects.size, 0);
  });

  it('renames both halves of a key, and says where a token does not let that be done', async () => {
    const token = createFakeToken();
    const opened = open([token]);
    await opened.generate('rsa-2048', NAME);
    assert.equal(opened.rename(NAME, OTHER), true);
    assert.deepEqual(opened.names(), [OTHER]);
    token.keepsIds = true;
    assert.equal(opened.rename(OTHER, NAME), false);
    assert.equal(opened.destroy([NAME, OTHER]), 2);
    assert.deepEqual(privateIds(token), []);
  });

  it('takes a token that is away for lost, not for one without that key', async () => {
    const token = createFakeToken();
    const opened = open([token]);
    await opened.generate('ec-p256', NAME);
    token.isAway = true;
    const kindOf = (thrown: unknown): FaultKind => asTokenFault(thrown).kind;
    assert.throws(
      () => opened.destroy([NAME]),
      (thrown) => kindOf(thrown) === 'lost',
    );
    await assert.rejects(opened.sign([NAME], 'ecdsa', Buffer.alloc(32)), (thrown) => kindOf(thrown) === 'lost');
    token.isAway = false;
    await assert.rejects(opened.sign([OTHER], 'ecdsa', Buffer.alloc(32)), (thrown) => kindOf(thrown) === 'refused');
  });
});
