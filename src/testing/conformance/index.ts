import type { Plugin } from '../../kernel/contract/plugin.js';
import type { Check } from '../check.js';
import { fullRequest } from '../request.js';
import { ending } from './after-end.js';
import { bodyInPieces } from './body-pieces.js';
import { contract } from './contract.js';
import { disconnectReceiving, disconnectSending } from './disconnects.js';
import { head } from './head.js';
import { noSideEffects } from './no-side-effects.js';
import { attributedErrors, brokenStreams, endlessStreams } from './other-plugins.js';
import { concurrent, repeated, responds, separate } from './repeated.js';
import type { ConformanceOptions, Rule, Subject } from './subject.js';
import { idle, tapsItsRoutes } from './taps.js';

export type { ConformanceOptions } from './subject.js';

const rules: readonly Rule[] = [
  contract,
  noSideEffects,
  idle,
  tapsItsRoutes,
  responds,
  head,
  repeated,
  concurrent,
  separate,
  bodyInPieces,
  disconnectSending,
  disconnectReceiving,
  ending,
  attributedErrors,
  brokenStreams,
  endlessStreams,
];

/**
 * Tests of the rules that every plugin must follow, for any runner. Each test uses its own servers, without sockets.
 * @param options a configuration that enables the plugin, and requests that reach it
 */
export function conformance(plugin: Plugin, options: ConformanceOptions): readonly Check[] {
  const { conf, files = {}, requests = ['/'], plugins = [], everywhere = [], varies = {} } = options;
  const subject: Subject = {
    plugin,
    conf,
    files,
    plugins,
    requests: requests.map(fullRequest),
    everywhere,
    varyingHeaders: new Set(varies.headers?.map((name) => name.toLowerCase())),
    contentVaries: varies.content ?? false,
  };
  return rules.map(({ name, check }) => ({ name: `${plugin.name}: ${name}`, run: () => check(subject) }));
}
