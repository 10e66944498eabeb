import { errorCode } from '../kernel/diagnostics/error-code.js';

/**
 * Describes an error that no part of the program expected: one line for problems of the system or the installation, the
 * stack for a bug.
 */
export function unexpected(error: unknown): string {
  if (!(error instanceof Error)) return `uncaught exception: ${String(error)}`;
  const code = errorCode(error);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return `${firstLine(error)}: raise the limit (ulimit -n 1024), or LimitNOFILE= in the service's unit`;
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return (
      `${firstLine(error)}: the installation is incomplete; install webserv again, ` +
      'or in a checkout: npm ci && npm run build'
    );
  }
  if ('syscall' in error) return firstLine(error);
  return `uncaught error in the configuration, a plugin or webserv: ${error.stack ?? error.message}`;
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0] ?? message;
}
