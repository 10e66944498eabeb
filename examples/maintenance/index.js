import { definePlugin, duration, flag, HttpError, path, Stage } from '@webserv/server';
import { ClosingFile } from './closing-file.js';

export default definePlugin({
  name: 'maintenance',
  directives: {
    maintenance: flag({
      default: false,
      help: 'responds to every request with 503 while the file of maintenance_file exists',
      example: 'maintenance on;',
    }),
    maintenance_file: path({
      default: undefined,
      help: 'names the file that closes the site; without this directive, the site is closed',
      example: 'maintenance_file closed;',
    }),
    maintenance_retry: duration({
      default: 60_000,
      help: 'tells clients in Retry-After when to retry',
      example: 'maintenance_retry 10m;',
    }),
  },

  // Shared by all routes that use the same file.
  setup: () => ({ files: new Map() }),

  apply({ options, state, hooks }) {
    if (!options.maintenance) return;
    const closed = new HttpError(503, {
      reason: 'closed for maintenance',
      headers: { 'retry-after': String(Math.ceil(options.maintenance_retry / 1000)) },
    });
    const { maintenance_file: name } = options;
    if (name === undefined) {
      hooks.onRoute.tap({ stage: Stage.access }, () => {
        throw closed;
      });
      return;
    }
    const file = state.files.get(name) ?? new ClosingFile(name);
    state.files.set(name, file);
    hooks.onRoute.tapPromise({ stage: Stage.access }, async () => {
      if (await file.isThere()) throw closed;
      return undefined;
    });
  },
});
