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
import { asAnswer } from './failure.js';
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
    upload: flag({ default: false, help: 'takes files by PUT and POST', example: 'upload on;' }),
    upload_store: path({
      default: undefined,
      help: 'says where the files go; the root when left out',
      example: 'upload_store /srv/incoming;',
    }),
    upload_conflict: single<ConflictPolicy, undefined>(policies, {
      default: undefined,
      help: 'says what happens when a name is taken; without it PUT replaces and POST renames',
      example: 'upload_conflict refuse;',
    }),
    upload_delete: flag({ default: false, help: 'lets DELETE remove files', example: 'upload_delete on;' }),
    upload_cross_site: flag({
      default: false,
      help: 'accepts requests that pages of other sites make browsers send; they are rejected with 403 otherwise',
      example: 'upload_cross_site on;',
    }),
    upload_trusted: flag({
      default: false,
      help: 'sends files of a directory that is uploaded to as what their names say; they are sent so that browsers run nothing in them otherwise',
      example: 'upload_trusted on;',
    }),
    upload_sync: flag({
      default: true,
      help: 'forces a file to the disk before the response says that it is stored',
      example: 'upload_sync off;',
    }),
    upload_scripts: flag({
      default: false,
      help: 'permits that uploaded files run as scripts; without it, a store where scripts run is an error',
      example: 'upload_scripts on;',
    }),
    upload_max_files: integer({
      default: 100,
      min: 1,
      max: 10_000,
      help: 'bounds the files of one form',
      example: 'upload_max_files 10;',
    }),
  },
  codes,
  setup({ hooks, log, metrics }) {
    const server = new UploadServer(log, metrics);
    hooks.onConfig.tap({}, (config) => {
      server.stores = new Stores(config.servers);
    });
    return server;
  },
  async apply({ options, state, hooks, route, announce, placeOf, lack, warn, refuse }) {
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
      stored: (bytes) => state.stored(bytes),
    };
    const answer = (method: string, work: Method): void =>
      // After the scripts: a POST to a script is for the script.
      hooks.onRoute.tapPromise({ stage: Stage.handler + 10, methods: [method] }, async (exchange) => {
        try {
          if (!options.upload_cross_site) refuseCrossSite(exchange);
          return await work(uploads, exchange);
        } catch (error) {
          throw await unlessStoreIsGone(asAnswer(error), store);
        }
      });
    // Late: what reads forms is a third of what a server without uploads would load.
    answer('PUT', (await import('./put.js')).put);
    answer('POST', (await import('./post.js')).post);
    if (options.upload_delete) answer('DELETE', (await import('./delete.js')).remove);
  },
});
