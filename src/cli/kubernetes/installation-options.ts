/**
 * The options that say which installation is meant.
 * @module
 */
import { type Command, Option } from 'commander';

/** Adds `--values`, `--set` and `--namespace`. */
export function installationOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-f, --values <file...>', 'values, as deploy/helm/gatehouse/values.yaml has them; later ones win'),
    )
    .addOption(new Option('--set <key=value...>', 'single values, over those of files, e.g. authority.replicas=3'))
    .addOption(new Option('-n, --namespace <name>', 'where it is installed').default('gatehouse-system'));
}
