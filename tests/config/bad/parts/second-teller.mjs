import { definePlugin } from '@webserv/server';

const story = { help: 'another story' };

export default definePlugin({ name: 'second-teller', variables: { tale: story, uri: story } });
