/**
 * What the commands about policy need to know of the mesh.
 * @module
 */
import { Option } from 'commander';
import { usualDialect } from '../../policy/dialects/contribution.ts';
import type { CheckOptions } from '../../policy/sources/check-policies.ts';
import { configIfAny, PLACES_TEXT } from '../config/config-option.ts';

/** What the options of the policy commands say about the mesh. */
export interface PolicyFlags {
  readonly config?: string;
  readonly rootNamespace?: string;
  readonly defaultNamespace?: string;
}

/** The option `--config`; without it the mesh has the usual names. */
export function policyConfigOption(): Option {
  return new Option(
    '-c, --config <file>',
    `configuration that names trust domain, root namespace and providers (else ${PLACES_TEXT}, if there is one)`,
  );
}

/** The option `--root-namespace`. */
export function rootNamespaceOption(): Option {
  return new Option('--root-namespace <name>', 'namespace whose policies hold everywhere');
}

/** What the flags say, else the configuration, else the contract's defaults; with whose ignores count. */
export async function checkOptions({ config: flag, rootNamespace }: PolicyFlags): Promise<CheckOptions> {
  const config = configIfAny(flag);
  const told = config === undefined ? usualDialect : await optionsOf(config);
  return rootNamespace === undefined ? told : { ...told, rootNamespace };
}

async function optionsOf(file: string): Promise<CheckOptions> {
  const [{ loadConfig }, { dialectOptions }, { registryKinds }] = await Promise.all([
    import('../../config/read-config.ts'),
    import('../../server/policy/policy-sources.ts'),
    import('../../policy/dialects/kubernetes/registry-readers.ts'),
  ]);
  const config = loadConfig(file);
  const { owners, ignoreBy } = config.policies;
  return {
    ...dialectOptions(config),
    owners,
    ignoreBy,
    registry: { paths: config.registry.paths, kinds: registryKinds },
  };
}
