import type { Config } from '../../contract/config.js';
import type { Plugin } from '../../contract/plugin.js';

/** A configuration with the plugins it uses: what a server is assembled from. */
export interface CompiledConfig extends Config {
  /** In the order they are set up and applied. */
  readonly plugins: readonly Plugin[];
}
