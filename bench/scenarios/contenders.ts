import { apache } from '../peers/apache.js';
import { caddy } from '../peers/caddy.js';
import { fastifyStatic } from '../peers/fastify-static.js';
import { lighttpd } from '../peers/lighttpd.js';
import { nginx, nginxTuned } from '../peers/nginx.js';
import { nodeHttp } from '../peers/node-http.js';
import { nodeNet } from '../peers/node-net.js';
import type { Peer } from '../peers/peer.js';
import { webserv } from '../peers/webserv.js';
import type { Contender, Target } from '../scenario.js';

const plain = (peer: Peer): Contender => ({ name: peer.name, peer, shape: {} });

/** In the order of a round. webserv is first: the targets are for webserv. */
export const everyServer: readonly Contender[] = [
  webserv,
  nginx,
  nginxTuned,
  lighttpd,
  caddy,
  nodeHttp,
  fastifyStatic,
].map(plain);
/** The cost of Node itself for a small response, and for a connection. */
export const leastOfNode: Contender = plain(nodeNet);
export const nativeServers: readonly Contender[] = [webserv, nginx, lighttpd].map(plain);
export const programServers: readonly Contender[] = [webserv, lighttpd, apache].map(plain);

export function ratioAtMost(limit: number): Target {
  return { metric: 'cpu', of: 'ratio', bound: 'at most', limit };
}

export function rateAtLeast(limit: number): Target {
  return { metric: 'rate', of: 'ratio', bound: 'at least', limit };
}

/** A target against another server than the baseline. */
export function halfOf(name: string): Target {
  return { metric: 'cpu', of: 'ratio', bound: 'at most', limit: 0.5, against: [name] };
}
