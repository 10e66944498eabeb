import { definePlugin } from '@webserv/server';

export default definePlugin({ name: 'rival', directives: {} });
