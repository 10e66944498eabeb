import { errorCode } from '../kernel/diagnostics/error-code.js';

/**
 * What is said about an error that no part of the program expected: one line for what the system or the installation
 * lacks, the stack for what is a bug.
 */
export function unexpected(error: unknown): string {
  if (!(error instanceof Error)) return `thrown and not caught: ${String(error)}`;
  const code = errorCode(error);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return `${firstLine(error)}: raise the limit (ulimit -n 1024), or LimitNOFILE= in the service's unit`;
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return `${firstLine(error)}: the program is not whole; install it again, or in a checkout: npm ci && npm run build`;
  }
  if ('syscall' in error) return firstLine(error);
  return `an error that the configuration, a plugin or webserv did not catch: ${error.stack ?? error.message}`;
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0] ?? message;
}
