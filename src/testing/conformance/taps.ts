import { fail } from 'node:assert';
import { SocketlessServer } from '../socketless.js';
import type { Rule } from './subject.js';

export const idle: Rule = {
  name: 'it taps no hooks of routes without its directives',
  async check({ plugin, plugins, everywhere }) {
    await using server = await SocketlessServer.open({
      conf: 'location /a { }',
      plugins: [plugin, ...plugins],
    });
    const tap = server.taps.find(
      (one) => one.plugin === plugin.name && one.route !== undefined && !everywhere.includes(one.hook),
    );
    if (tap !== undefined) fail(`it taps ${tap.hook} of ${tap.route}, which has none of its directives`);
  },
};

export const tapsItsRoutes: Rule = {
  name: 'it taps hooks on the routes of the test requests',
  async check(subject) {
    const { conf, files, plugin, plugins } = subject;
    await using server = await SocketlessServer.open({ conf, files, plugins: [plugin, ...plugins] });
    if (server.taps.some((one) => one.plugin === plugin.name)) return;
    fail('with this configuration it taps no hook, so the other checks would test nothing');
  },
};
