import { definePlugin } from '@webserv/server';

export default definePlugin({ name: 'first-teller', variables: { tale: { help: 'a story' } } });
