import { definePlugin } from '@webserv/server';

export default definePlugin({ name: 'old', apiVersion: 0, directives: {} });
