/**
 * `gatehouse console`: a page that shows a running server, and lets what-ifs be asked of it.
 * @module
 */
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminOption, svidOption } from '../admin/admin-client.ts';
import { configIfAny, configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { jsonText, note, type OutputFormat, outputOption } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends AdminFlags {
  readonly listen: string;
  readonly open?: true;
  readonly allowVerbs?: true;
  readonly output: OutputFormat;
}

/** Serves the page until SIGINT or SIGTERM; exit code 0 then, 2 where it cannot begin. */
export function consoleCommand(terminal: Terminal): Command {
  return new Command('console')
    .description('serve a page on this machine that shows a running server: decisions, map, rotation, policies')
    .option('--listen <address>', 'where the page is served: a loopback address and a port, 0 for any', '127.0.0.1:0')
    .addOption(new Option('--open', 'open the page in a browser'))
    .addOption(new Option('--allow-verbs', 'let the page rotate and revoke; each verb asks for its reason'))
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse console --admin unix:/run/gatehouse/admin.sock --open')
    .action(
      action<Flags>(terminal, async (flags) => {
        const at = loopbackOf(flags.listen);
        const { openConsole } = await import('./open-console.ts');
        const stopping = new AbortController();
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
        const told = Reflect.getOwnPropertyDescriptor(flags, 'config')?.value as string | undefined; // a flag is a value, what is found a getter
        await using served = await openConsole(at, flags, configIfAny(told), (what) => note(terminal, what));
        const { url, address } = served;
        if (flags.output === 'json') terminal.out(jsonText({ url, address, admin: served.admin }));
        else {
          terminal.out(`${url}\n`);
          note(terminal, `shows the server at ${served.admin}; the link is good once; ^C ends the page`);
        }
        if (flags.open === true) {
          const { openBrowser } = await import('./open-browser.ts');
          openBrowser(url, (why) => note(terminal, `no browser could be opened: ${why}`));
        }
        await new Promise<void>((resolve) => {
          if (stopping.signal.aborted) resolve();
          stopping.signal.addEventListener('abort', () => resolve());
        });
        return 0;
      }),
    );
}

/** @throws GatehouseError `usage_invalid` for what is not on this machine alone */
function loopbackOf(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw new GatehouseError(
      'usage_invalid',
      `--listen: ${text} is no loopback address with a port: the page is for this machine alone, e.g. 127.0.0.1:0`,
    );
  return { host: host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
