import type { CheckedBlock, RouteConfig } from '../../contract/config.js';
import type { Plugin } from '../../contract/plugin.js';
import { core } from '../directives/core.js';
import type { CheckContext } from './check.js';
import type { SharedOptions } from './shared-options.js';
import { settleTypes } from './types.js';
import { type SettleContext, settle, settleOptions } from './values.js';

/** Values that a block passes on to the blocks inside it. */
export type InheritedValues = Pick<
  RouteConfig,
  | 'root'
  | 'followSymlinks'
  | 'ignoreClientAbort'
  | 'hiddenFiles'
  | 'maxBodySize'
  | 'pluginTimeout'
  | 'trace'
  | 'methods'
  | 'errorPages'
  | 'types'
  | 'defaultType'
  | 'charset'
  | 'options'
  | 'doubts'
>;

/** Context for compiling any block. */
export interface CompileContext extends CheckContext, SettleContext {
  readonly plugins: readonly Plugin[];
  readonly shared: SharedOptions;
}

/** Values of a block, without what is not known of them. */
export function ownOrAround(
  block: CheckedBlock,
  outer: InheritedValues,
  prefix: string,
  context: CompileContext,
): Omit<InheritedValues, 'doubts'> {
  const directory = settle('root', core.root, block, undefined, context);
  return {
    // The pair is inherited: a location inside still maps the outer block's prefix.
    root: directory === undefined ? outer.root : { prefix, directory },
    followSymlinks: settle('follow_symlinks', core.follow_symlinks, block, outer.followSymlinks, context),
    ignoreClientAbort: settle(
      'ignore_client_abort',
      core.ignore_client_abort,
      block,
      outer.ignoreClientAbort,
      context,
    ),
    hiddenFiles: settle('hidden_files', core.hidden_files, block, outer.hiddenFiles, context),
    maxBodySize: settle('client_max_body_size', core.client_max_body_size, block, outer.maxBodySize, context),
    pluginTimeout: settle('plugin_timeout', core.plugin_timeout, block, outer.pluginTimeout, context),
    trace: settle('trace', core.trace, block, outer.trace, context),
    methods: settle('methods', core.methods, block, outer.methods, context),
    errorPages: settle('error_page', core.error_page, block, outer.errorPages, context),
    types: settleTypes(block.get('types'), outer.types, context.scope, context.findings),
    charset: settle('charset', core.charset, block, outer.charset, context),
    defaultType: settle('default_type', core.default_type, block, outer.defaultType, context),
    options: settleOptions(context.plugins, block, outer.options, context),
  };
}
