/**
 * Exactly what `gatehouse envoy bootstrap` prints, without a process of its own.
 * @module
 */
import { envoyBootstrapCommand } from '../../src/cli/envoy/bootstrap-command.ts';

/** Answers the YAML for these arguments; a refused flag is thrown. */
export async function sidecarBootstrap(...args: readonly string[]): Promise<string> {
  let text = '';
  const command = envoyBootstrapCommand((written) => {
    text += written;
  });
  await command.parseAsync(args, { from: 'user' });
  return text;
}
