/**
 * A service manager's end of `NOTIFY_SOCKET`: a real datagram socket, by Python, since Node has none for unix.
 * @module
 */
import { type Child, startChild } from './child.ts';
import { eventually, GiveUp } from './eventually.ts';

const PROGRAM = `
import json, socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + name[1:] if name.startswith('@') else name)
print(json.dumps('bound'), flush=True)
while True:
    print(json.dumps(receiver.recv(65536).decode()), flush=True)
`;

export interface NotifyReceiver extends AsyncDisposable {
  /** Each datagram, in order. */
  received(): readonly string[];
}

/** @param name  a path, or `@NAME` of the abstract kind; bound when this resolves */
export async function notifyReceiver(name: string): Promise<NotifyReceiver> {
  const child: Child = startChild('python3', ['-c', PROGRAM, name]);
  const lines = (): string[] =>
    child
      .stdout()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as string); // as the program above writes
  await eventually('the receiver is bound', () => {
    if (child.stderr() !== '') throw new GiveUp(child.stderr());
    return lines()[0] === 'bound' ? true : undefined;
  });
  const received = (): readonly string[] => {
    if (child.stderr() !== '') throw new GiveUp(child.stderr());
    return lines().slice(1);
  };
  return { received, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
