import { definePlugin, type Finding } from '@webserv/server';
import { accessLog, type Destination } from './directive.js';
import { type Target, Targets } from './targets.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EACCES: 'the server may not write there',
  EPERM: 'the server may not write there',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENXIO: 'nobody reads it',
};

function notOpened({ path, place }: Destination, error: unknown): Finding {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code] ?? String(error);
  const hint = "name a file that the server's user can write to";
  return { code: 'access-log', message: `the access log ${path} cannot be opened: ${reason}`, place, hint };
}

export default definePlugin({
  name: 'access-log',
  directives: { access_log: accessLog },
  codes: { 'access-log': 'an access log cannot be opened' },
  setup: ({ log }) => new Targets(log),
  async apply({ options, state, hooks, lack }) {
    const targets: Target[] = [];
    for (const destination of options.access_log) {
      try {
        targets.push(await state.open(destination));
      } catch (error) {
        const { path } = destination;
        if (path === undefined || !state.refuse(destination)) continue;
        if (lack(notOpened(destination, error))) targets.push(state.openLater({ ...destination, path }));
      }
    }
    for (const { line, file } of targets) {
      hooks.onDone.tap({}, (exchange) => {
        const { outcome } = exchange;
        if (outcome === undefined) return;
        const now = Date.now();
        file.write(() => line(exchange, outcome, now));
      });
    }
  },
});
