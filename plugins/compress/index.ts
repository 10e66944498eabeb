import { definePlugin, Stage } from '@webserv/server';
import { Compressor } from './compressor.js';
import { directives } from './directives.js';
import { typeMatcher } from './eligible.js';
import { Resources } from './resources.js';

/** After every plugin that changes content or fields: compressed content can only be sent. */
const LAST = Stage.fallback + 200;

export default definePlugin({
  name: 'compress',
  directives,
  setup({ hooks, usedAnywhere }) {
    const resources = new Resources();
    if (usedAnywhere((options) => options.compress || options.compress_static))
      hooks.onChanged.tap({}, () => resources.expire());
    return resources;
  },
  apply({ options, hooks, announce, log, state: resources }) {
    if (!options.compress && !options.compress_static) return;
    if (options.compress_static)
      announce(
        'siblings',
        options.compress_encodings.map(({ suffix }) => suffix),
      );
    const compressor = new Compressor({
      offered: options.compress_encodings,
      matches: typeMatcher(options.compress_types),
      minLength: options.compress_min_length,
      level: options.compress_level,
      siblings: options.compress_static,
      made: options.compress,
      resources,
      log,
    });
    hooks.onResponse.tapPromise({ stage: LAST }, (response, exchange) =>
      compressor.compress(response, exchange),
    );
  },
});
