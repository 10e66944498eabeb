import {
  ArgumentError,
  type ArgumentType,
  argument,
  type DirectiveUse,
  readArgument,
  type Scope,
  type Template,
} from '@webserv/server';

/** A parsed `return` directive. */
export type Return =
  | { readonly kind: 'redirect'; readonly status: number; readonly target: Template }
  /** Without a text, a status of 400 or more is sent with the route's error page. */
  | { readonly kind: 'status'; readonly status: number; readonly text: Template | undefined };

/** RFC 9110 §15.4: statuses that redirect the client to the URL in `Location`. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** RFC 9110 §15.3.5, §15.3.6: statuses without content. */
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205]);

/** Type of the first argument in the schema; `parseReturn` checks the rest. */
export const statusOrUrl: ArgumentType<string> = {
  ...argument.text,
  json: [
    { type: 'integer', minimum: 200, maximum: 599 },
    { type: 'string', pattern: '^(?:[245][0-9]{2}|30[12378]|(?:[hH][tT]{2}[pP][sS]?:|/|\\$).*)$' },
  ],
};

const URL_START = /^(?:https?:|\/|\$)/i;

/**
 * Parses `return CODE URL`, `return CODE [TEXT]`, or `return URL`, which is a 302.
 * @throws ArgumentError for a status that no server may send, a redirect without a URL, or a text that cannot be sent
 */
export function parseReturn(use: DirectiveUse, scope: Scope): Return {
  const [first, second] = use.arguments;
  if (first === undefined) throw new ArgumentError('expected a status code or a URL');
  if (second === undefined && URL_START.test(first.text)) {
    return { kind: 'redirect', status: 302, target: readArgument(argument.template, first, scope) };
  }

  const status = /^\d{3}$/.test(first.text) ? Number(first.text) : Number.NaN;
  if (REDIRECTS.has(status)) {
    if (second === undefined || second.text === '') {
      throw new ArgumentError(`${status} is a redirect and needs a URL`, {
        argument: second ?? first,
        hint: `write "return ${status} /new/path;"`,
      });
    }
    return { kind: 'redirect', status, target: readArgument(argument.template, second, scope) };
  }
  if (!(status >= 200 && status <= 299) && !(status >= 400 && status <= 599)) {
    throw new ArgumentError(`expected a status from 200 to 599, or a URL, got "${first.text}"`, {
      argument: first,
      hint: 'of the 3xx statuses, 301, 302, 303, 307 and 308 can be returned, each with a URL',
    });
  }
  if (status === 444) {
    throw new ArgumentError(
      '444 (close without a response) is not supported: every request gets a response',
      {
        argument: first,
        hint: 'write "return 403;" or "return 404;"',
      },
    );
  }
  if (second !== undefined && second.text !== '' && WITHOUT_CONTENT.has(status)) {
    throw new ArgumentError(`a ${status} response has no content, so it cannot have a text`, {
      argument: second,
    });
  }
  return { kind: 'status', status, text: second && readArgument(argument.template, second, scope) };
}
