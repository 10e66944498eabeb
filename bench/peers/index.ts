import { apache } from './apache.js';
import { caddy } from './caddy.js';
import { fastifyStatic } from './fastify-static.js';
import { lighttpd } from './lighttpd.js';
import { nginx, nginxTuned } from './nginx.js';
import { nodeHttp } from './node-http.js';
import { nodeNet } from './node-net.js';
import type { Peer } from './peer.js';
import { webserv } from './webserv.js';

export const peers: readonly Peer[] = [
  webserv,
  nginx,
  nginxTuned,
  lighttpd,
  apache,
  caddy,
  nodeHttp,
  nodeNet,
  fastifyStatic,
];
