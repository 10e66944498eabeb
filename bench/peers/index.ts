import { apache } from './apache.js';
import { caddy } from './caddy.js';
import { fastifyStatic } from './fastify-static.js';
import { lighttpd } from './lighttpd.js';
import { nginx, nginxOpenFileCache } from './nginx.js';
import { nodeHttp } from './node-http.js';
import type { Peer } from './peer.js';
import { webserv } from './webserv.js';

export const peers: readonly Peer[] = [
  webserv,
  nginx,
  nginxOpenFileCache,
  lighttpd,
  apache,
  caddy,
  nodeHttp,
  fastifyStatic,
];
