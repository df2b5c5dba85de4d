/**
 * What to do where evidence is missing.
 * @module
 */

export const ASK_SERVER = 'let this command reach the running server: --admin, or listen.admin of --config';
export const NAME_REGISTRY =
  'name files of Pods, Namespaces and ServiceAccounts in registry.paths: kubectl get pods,namespaces,serviceaccounts -A -o yaml';
export const PROVE = 'let the files of policy and registry be read here, and without an error: gatehouse policy check';
export const RELOAD =
  'put in force what the files say (SIGHUP, or a restart), or name the configuration of the server that runs';
export const GIVE_ENVOYS = 'give the configuration of its Envoy: --envoy http://127.0.0.1:9901, or --config-dump FILE';
export const EMPTY = 'the registry has no workloads';
