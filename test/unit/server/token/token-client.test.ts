import assert from 'node:assert/strict';
import { asGatehouseError } from '../../../../src/errors.ts';
import { eventually } from '../../../support/eventually.ts';
import { createFakeToken } from '../../../support/fake-token.ts';
import { connectFake, openFakeClient } from '../../../support/token-over-fake.ts';

const NAME = 'ab'.repeat(20);
const sign = (client: { sign(names: string[], mechanism: 'ecdsa', input: Buffer): Promise<Uint8Array> }) =>
  client.sign([NAME], 'ecdsa', Buffer.alloc(32, 1));
const unavailable = (says: RegExp) => (thrown: unknown) => {
  const { code, message } = asGatehouseError(thrown);
  return code === 'keys_unavailable' && says.test(message);
};

describe('openTokenClient', () => {
  it('fails while the token is away, tells it once, and goes on when it is back', async () => {
    const token = createFakeToken();
    const told: string[] = [];
    await using client = await openFakeClient([token], { said: (why) => void told.push(why) });
    await client.generate('ec-p256', NAME);
    token.isAway = true;
    await assert.rejects(sign(client), unavailable(/"gatehouse" is away/));
    await eventually(
      'it says why',
      () => /is away: there is no token with the label "gatehouse"/.test(client.trouble()) || undefined,
    );
    await assert.rejects(sign(client), unavailable(/there is no token with the label/));
    token.isAway = false;
    await eventually('the token is back', () => client.trouble() === '' || undefined);
    await sign(client);
    assert.equal(told.at(-1), '');
    assert.ok(told.length <= 3, told.join('; '));
    assert.ok(token.logins >= 2);
  });

  it('sees by itself that the token is away', async () => {
    const token = createFakeToken();
    await using client = await openFakeClient([token]);
    token.isAway = true;
    await eventually('the token is away', () => client.trouble() !== '' || undefined);
  });

  it('does not start without the token', async () => {
    await assert.rejects(openFakeClient([]), unavailable(/there is no token with the label "gatehouse"/));
  });

  it('never tries a refused PIN again, not in its next life either, until the file is another', async () => {
    const token = Object.assign(createFakeToken(), { pin: '9999' });
    let refused = '';
    let version = 'pin 1';
    let pin = '1234';
    const life = () =>
      openFakeClient([token], {
        readPin: () => ({ pin: Buffer.from(pin), version, endsInNewline: false }),
        refusedPin: {
          read: () => refused,
          write(tried) {
            refused = tried;
          },
        },
      });
    await assert.rejects(life(), unavailable(/refuses the PIN \(CKR_PIN_INCORRECT\)/));
    for (let i = 0; i < 5; i += 1) await assert.rejects(life(), unavailable(/is not tried again/));
    assert.equal(token.logins, 1);
    [version, pin] = ['pin 2', '9999'];
    await using client = await life();
    assert.equal(client.trouble(), '');
    assert.equal(token.logins, 2);
  });

  it('tries a PIN that was changed on the token once, and takes the new one from the file while it runs', async () => {
    const token = createFakeToken();
    let file = { pin: Buffer.from('1234'), version: 'pin 1', endsInNewline: false };
    await using client = await openFakeClient([token], { readPin: () => file });
    token.pin = '9999';
    token.isAway = true;
    await eventually('the token is away', () => client.trouble() !== '' || undefined);
    token.isAway = false;
    await eventually('it says why', () => /is not tried again/.test(client.trouble()) || undefined);
    assert.deepEqual([token.logins, token.wrongPins], [2, 1]);
    file = { pin: Buffer.from('9999'), version: 'pin 2', endsInNewline: false };
    await eventually('the token is back', () => client.trouble() === '' || undefined);
    assert.deepEqual([token.logins, token.wrongPins], [3, 0]);
  });

  it('says of a request that the token refuses what it is, and keeps the connection', async () => {
    const token = createFakeToken();
    let connections = 0;
    const connect = connectFake(() => [token]);
    await using client = await openFakeClient([token], {
      connect(order) {
        connections += 1;
        return connect(order);
      },
    });
    await assert.rejects(sign(client), (thrown) => asGatehouseError(thrown).code === 'key_invalid');
    assert.deepEqual([client.trouble(), connections], ['', 1]);
  });
});
