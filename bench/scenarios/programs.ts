import type { Scenario, Target } from '../scenario.js';
import { requests } from '../workloads/requests.js';
import { nativeServers, rateAtLeast } from './contenders.js';
import { BROWSER_HEADERS } from './headers.js';

function script(file: string, language: string, targets: readonly Target[]): Scenario {
  return {
    name: `cgi-${language}`,
    title: `CGI hello (${language}), 8 clients, requests/s`,
    contenders: nativeServers,
    baseline: 'lighttpd',
    needs: ['cgi'],
    file: `cgi/${file}`,
    alike: 'content',
    workload: requests({ path: `/cgi/${file}`, headers: BROWSER_HEADERS, status: 200, connections: 8 }),
    targets,
    maxRounds: 3,
  };
}

export const programs: readonly Scenario[] = [
  script('hello.py', 'python', [rateAtLeast(1)]),
  script('hello.cgi', 'binary', [rateAtLeast(0.5)]),
];
