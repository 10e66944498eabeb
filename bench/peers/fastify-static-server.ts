import fastifyStatic from '@fastify/static';
import { fastify } from 'fastify';
import { KEEPALIVE_REQUESTS, KEEPALIVE_SECONDS } from '../site.js';

/** `node fastify-static-server.ts PORT DIRECTORY`: serves a directory as the plugin's manual describes. */
const [port = '', root = ''] = process.argv.slice(2);

const server = fastify({
  logger: false,
  keepAliveTimeout: KEEPALIVE_SECONDS * 1000,
  maxRequestsPerSocket: KEEPALIVE_REQUESTS,
});
await server.register(fastifyStatic, { root });
await server.listen({ port: Number(port), host: '127.0.0.1', backlog: 1024 });
