import type { Config } from '../../contract/config.js';
import type { Plugin } from '../../contract/plugin.js';

/** A configuration with the plugins it uses: what a server is assembled from. */
export interface CompiledConfig extends Config {
  /** In the order they are set up and applied. */
  readonly plugins: readonly Plugin[];
  /**
   * Lets go of the directives as they are written (`uses`), which only messages need: half of what ten thousand routes take.
   * Servers with extension locations keep theirs: the routes of these are built while serving.
   */
  forgetDirectives(): void;
}
