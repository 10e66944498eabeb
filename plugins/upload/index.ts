import {
  argument,
  definePlugin,
  type Exchange,
  flag,
  integer,
  path,
  type Response,
  Stage,
  single,
} from '@webserv/server';
import type { ConflictPolicy } from './conflict-policy.js';
import { refuseCrossSite } from './cross-site.js';
import { uploadError } from './failure.js';
import { fileFieldsIn } from './safe-fields.js';
import { UploadServer } from './server.js';
import { Siblings } from './siblings.js';
import { codes, nowhereToStore, pagesIn, storeOf, unlessStoreIsGone, unusable } from './store-check.js';
import { Stores } from './stores.js';
import type { Uploads } from './uploads.js';

type Method = (uploads: Uploads, exchange: Exchange) => Promise<Response>;

const policies = argument.oneOf(['replace', 'rename', 'refuse']);

export default definePlugin({
  name: 'upload',
  directives: {
    upload: flag({ default: false, help: 'accepts files by PUT and POST', example: 'upload on;' }),
    upload_store: path({
      default: undefined,
      help: 'sets the directory for uploaded files (default: the root)',
      example: 'upload_store /srv/incoming;',
    }),
    upload_conflict: single<ConflictPolicy, undefined>(policies, {
      default: undefined,
      help: 'sets what happens when a name is taken (default: PUT replaces, POST renames)',
      example: 'upload_conflict refuse;',
    }),
    upload_delete: flag({
      default: false,
      help: 'allows DELETE to remove files',
      example: 'upload_delete on;',
    }),
    upload_cross_site: flag({
      default: false,
      help: 'accepts cross-site requests from browsers, which are otherwise rejected with 403',
      example: 'upload_cross_site on;',
    }),
    upload_trusted: flag({
      default: false,
      help: 'serves uploaded files with the type of their names; otherwise they are served so that browsers run no scripts in them',
      example: 'upload_trusted on;',
    }),
    upload_sync: flag({
      default: true,
      help: 'syncs a file to disk before the response reports it as stored',
      example: 'upload_sync off;',
    }),
    upload_scripts: flag({
      default: false,
      help: 'allows uploaded files to run as scripts; without it, an upload directory where scripts run is an error',
      example: 'upload_scripts on;',
    }),
    upload_max_files: integer({
      default: 100,
      min: 1,
      max: 10_000,
      help: 'limits the number of files in one form',
      example: 'upload_max_files 10;',
    }),
  },
  codes,
  setup({ configuredRoutes, log, metrics }) {
    const stores: string[] = [];
    for (const { options, root } of configuredRoutes()) {
      const directory = options.upload_store ?? root?.directory;
      if (options.upload && !options.upload_trusted && directory !== undefined) stores.push(directory);
    }
    return new UploadServer(new Stores(stores), log, metrics);
  },
  async apply({ options, state, hooks, route, announce, changed, placeOf, lack, warn, refuse }) {
    const { root } = route;
    if (root !== undefined && !options.upload_trusted) {
      const directories = await state.stores.within(root.directory);
      if (directories.length > 0) announce('fileFields', fileFieldsIn(directories));
    }
    if (!options.upload) return;
    const store = storeOf(route, options.upload_store);
    const place = placeOf('upload_store') ?? placeOf('upload') ?? route.place;
    if (store === undefined) return refuse(nowhereToStore(place));
    const problem = await unusable(store, place);
    if (problem !== undefined && !lack(problem)) return;
    const pages = options.upload_trusted ? undefined : await pagesIn(route, store, place);
    if (pages !== undefined) warn(pages);
    announce('upload', true);
    if (options.upload_delete) announce('delete', true);
    state.uses(store.mapping.directory);
    if (!options.upload_scripts)
      announce('takesFiles', {
        mapping: store.mapping,
        place: placeOf('upload_store') ?? placeOf('upload'),
        permission: 'upload_scripts on;',
      });
    const uploads: Uploads = {
      store,
      conflict: options.upload_conflict,
      maxFiles: options.upload_max_files,
      route,
      temporaries: state.temporaries,
      names: state.names,
      siblings: new Siblings(route, store),
      slots: options.upload_sync ? state.slots : undefined,
      changed,
      stored: (bytes) => state.stored(bytes),
    };
    const handle = (method: string, work: Method): void =>
      // Later than script handlers: a POST to a script is for the script.
      hooks.onRoute.tapPromise({ stage: Stage.handler + 10, methods: [method] }, async (exchange) => {
        try {
          if (!options.upload_cross_site) refuseCrossSite(exchange);
          return await work(uploads, exchange);
        } catch (error) {
          throw await unlessStoreIsGone(uploadError(error), store);
        }
      });
    // Imported only when needed: the form parser is a third of what a server without uploads would load.
    handle('PUT', (await import('./put.js')).put);
    handle('POST', (await import('./post.js')).post);
    if (options.upload_delete) handle('DELETE', (await import('./delete.js')).remove);
  },
});
