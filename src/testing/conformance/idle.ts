import { fail } from 'node:assert';
import { SocketlessServer } from '../socketless.js';
import type { Rule } from './subject.js';

export const idle: Rule = {
  name: 'it taps nothing where nobody asks for it',
  async check({ plugin, plugins, everywhere }) {
    await using server = await SocketlessServer.open({
      conf: 'location /a { }',
      plugins: [plugin, ...plugins],
    });
    const tap = server.taps.find(
      (one) => one.plugin === plugin.name && one.route !== undefined && !everywhere.includes(one.hook),
    );
    if (tap !== undefined) fail(`it taps ${tap.hook} of ${tap.route}, which has no directive of it`);
  },
};

export const atWork: Rule = {
  name: 'it is at work where the requests go',
  async check(subject) {
    const { conf, files, plugin, plugins } = subject;
    await using server = await SocketlessServer.open({ conf, files, plugins: [plugin, ...plugins] });
    if (server.taps.some((one) => one.plugin === plugin.name)) return;
    fail('with this configuration it taps no hook: the other checks would examine nothing');
  },
};
