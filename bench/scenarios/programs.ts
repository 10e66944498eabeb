import type { Scenario, Target } from '../scenario.js';
import { requests } from '../workloads/requests.js';
import { programServers } from './contenders.js';
import { BROWSER_HEADERS } from './headers.js';

function script(file: string, language: string, targets: readonly Target[]): Scenario {
  return {
    name: `cgi-${language}`,
    title: `CGI hello (${language}), 8 clients, requests/s`,
    contenders: programServers,
    baseline: 'lighttpd',
    needs: ['cgi'],
    file: `www/cgi/${file}`,
    alike: 'content',
    workload: requests({ path: `/cgi/${file}`, headers: BROWSER_HEADERS, status: 200, connections: 8 }),
    targets,
    maxRounds: 3,
  };
}

function bestOfOthers(limit: number): readonly Target[] {
  return [{ metric: 'rate', of: 'ratio', bound: 'at least', limit, against: ['lighttpd', 'apache'] }];
}

export const programs: readonly Scenario[] = [
  script('hello.py', 'python', bestOfOthers(1)),
  script('hello.cgi', 'binary', bestOfOthers(0.5)),
];
