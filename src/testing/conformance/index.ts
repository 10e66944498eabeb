import type { Plugin } from '../../kernel/contract/plugin.js';
import type { Check } from '../check.js';
import { fullRequest } from '../request.js';
import { pieces } from './content.js';
import { contract } from './contract.js';
import { ending } from './ending.js';
import { head } from './head.js';
import { atWork, idle } from './idle.js';
import { leftReceiving, leftSending } from './leaving.js';
import { brokenStreams, endlessStreams, faults } from './others.js';
import { answered, concurrent, repeated, separate } from './repeated.js';
import { still } from './still.js';
import type { ConformanceOptions, Rule, Subject } from './subject.js';

export type { ConformanceOptions } from './subject.js';

const rules: readonly Rule[] = [
  contract,
  still,
  idle,
  atWork,
  answered,
  head,
  repeated,
  concurrent,
  separate,
  pieces,
  leftSending,
  leftReceiving,
  ending,
  faults,
  brokenStreams,
  endlessStreams,
];

/**
 * What holds for every plugin, as tests for any runner. Each uses servers of its own, without sockets.
 * @param options a configuration that switches the plugin on, and requests that meet it
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
