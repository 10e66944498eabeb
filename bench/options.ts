import { parseArgs } from 'node:util';
import type { Timing } from './scenario.js';

export interface Options {
  /** Names of the scenarios; undefined for all. */
  readonly scenarios: readonly string[] | undefined;
  /** Names of the servers to compare webserv with. */
  readonly peers: readonly string[];
  readonly timing: Timing;
  readonly accessLog: boolean;
}

export const USAGE = `usage: npm run bench -- [--scenario NAME,…] [--peers NAME,…] [--rounds N] [--seconds S] [--no-access-log]

  --scenario    which to run; all when left out, and then bench/results.md and bench/results.svg are written
  --peers       of nginx, nginx-tuned, lighttpd, apache, caddy, node-http, node-net, fastify-static; all of them
  --rounds      how often each server is measured; default 4
  --seconds     how long each time; default 2
  --no-access-log  without the access logs that every server writes to a file otherwise, where it can
`;

const DEFAULT_PEERS = [
  'nginx',
  'nginx-tuned',
  'lighttpd',
  'apache',
  'caddy',
  'node-http',
  'node-net',
  'fastify-static',
];

/** @throws Error for an unknown option */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      peers: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '2' },
      'no-access-log': { type: 'boolean', default: false },
    },
  });
  const names = (lists: readonly string[] | undefined): readonly string[] | undefined =>
    lists?.flatMap((list) => list.split(',')).filter((name) => name !== '');
  return {
    scenarios: names(values.scenario),
    peers: names(values.peers) ?? DEFAULT_PEERS,
    timing: {
      rounds: positive('--rounds', values.rounds),
      seconds: positive('--seconds', values.seconds),
    },
    accessLog: !values['no-access-log'],
  };
}

/** wrk accepts whole seconds only. */
function positive(option: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`${option} expects a whole number from 1, got "${text}"`);
}
