import { definePlugin } from '@webserv/server';
import { accessLog } from './directive.js';
import { Targets } from './targets.js';

export default definePlugin({
  name: 'access-log',
  directives: { access_log: accessLog },
  codes: { 'access-log': 'an access log cannot be opened' },
  setup: ({ log }) => new Targets(log),
  apply({ options, state, hooks, logFile }) {
    for (const destination of options.access_log) {
      const { line, file, refusals } = state.of(destination, logFile);
      hooks.onDone.tap({ refused: true }, (exchange) => {
        const { outcome, refused } = exchange;
        if (outcome === undefined || (refused !== undefined && !refusals.take())) return;
        const now = Date.now();
        file.write(() => line(exchange, outcome, now));
      });
    }
  },
});
