import { effectiveConfig } from '../../inspect/effective.js';
import { effectiveBlocks, type Setting, settingsInside } from '../../inspect/effective-block.js';
import { type Explanation, explain as explainRequest, type FileFound } from '../../inspect/explain.js';
import { quoteWord } from '../../inspect/print.js';
import type { CompiledConfig } from '../../kernel/config/compile/compiled-config.js';
import { addressOf } from '../../kernel/config/compile/listen.js';
import { core } from '../../kernel/config/directives/core.js';
import type { ErrorPage, RouteConfig } from '../../kernel/contract/config.js';
import type { DirectiveTable, Inheritance } from '../../kernel/contract/directive.js';
import type { Tap } from '../../kernel/contract/hooks.js';
import type { Script } from '../../kernel/contract/script.js';
import { stageName } from '../../kernel/contract/stage-name.js';
import { UsageError } from '../arguments.js';
import { type Loaded, load, withAssembly } from '../configuration.js';
import type { Given } from '../configuration-file.js';
import { EXIT } from '../exit.js';
import { type RequestUrl, readRequestUrl } from '../request-url.js';
import { heading, print, say } from '../terminal.js';
import { at, handshakeText, serverText, whyServer } from './handshake-text.js';

interface ExplainFlags extends Given {
  readonly method?: string | undefined;
}

/**
 * @returns the exit code
 * @throws UsageError
 */
export async function explain(
  { method = 'GET', ...given }: ExplainFlags,
  url: string | undefined,
): Promise<number> {
  if (url === undefined)
    throw new UsageError('explain needs a URL', 'for example: webserv explain /img/a.png');
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(method)) throw new UsageError(`--method: ${method} is not a method`);
  const asked = readRequestUrl(url);
  const loaded = await load(given);
  if (loaded === undefined) return EXIT.failure;
  const { path } = asked;
  if (path === undefined) {
    print(row('request', `${method} ${asked.target}`));
    print(row('response', '400: the path is not valid, or leads above the root'));
    return EXIT.ok;
  }
  const { config } = loaded;
  const explained = await withAssembly(loaded, async (assembly) => {
    const explanation = await explainRequest(config, assembly, { ...asked, method, path });
    if (explanation !== undefined) print(explanationText(explanation, loaded, method, asked));
    else {
      say(`nothing listens on port ${asked.port}; ${config.file} has ${addressesOf(config)}`);
      if (!asked.isPortNamed) say(`name the port: webserv explain ${asked.host}:PORT${asked.target}`);
    }
    return explanation !== undefined;
  });
  return explained ? EXIT.ok : EXIT.failure;
}

function addressesOf(config: CompiledConfig): string {
  return [...new Set(config.servers.flatMap(({ listens }) => listens.map(addressOf)))].join(', ');
}

function explanationText(
  explanation: Explanation,
  loaded: Loaded,
  method: string,
  asked: RequestUrl,
): string {
  const { target, host } = asked;
  const { listen, tls } = explanation;
  const rows = [
    row('request', `${method} ${target}${host === undefined ? '' : `, host ${host}`}`),
    row('address', `${addressOf(listen)}${listen.tls ? ', TLS' : ''}${at(listen.place)}`),
  ];
  if (tls !== undefined) rows.push(lines('tls', handshakeText(tls)));
  const ended = endedEarly(explanation, asked);
  if (ended !== undefined) rows.push(row('response', ended));
  else rows.push(row('server', `${serverText(explanation)}: ${whyServer(explanation)}`));
  return `${rows.join('')}${ended === undefined ? requestText(explanation, loaded, method) : ''}`;
}

/** The response to a request that does not reach its server; undefined if it does. */
function endedEarly({ listen, tls }: Explanation, { scheme, host, target }: RequestUrl): string | undefined {
  const authority = listen.kind === 'tcp' ? `${host}:${listen.port}` : host;
  if (scheme === 'http' && listen.tls)
    return `400: plain HTTP on an address that speaks TLS; use https://${authority}${target}`;
  if (scheme === 'https' && !listen.tls)
    return `none: the TLS handshake fails on an address that speaks plain HTTP; use http://${authority}${target}`;
  if (tls?.settings.rejectHandshake === true) return 'none: the TLS handshake is rejected';
  if (tls?.isMisdirected === true)
    return '421: the server of the host verifies clients differently than that of the handshake';
  return undefined;
}

function requestText(explanation: Explanation, loaded: Loaded, method: string): string {
  const { file, methods, route, script, guard, askedFirst, asked } = explanation;
  const declared = route.methodsDeclared ? 'from "methods"' : 'from its plugins';
  const rows = [
    row('location', locationText(explanation)),
    row('methods', `${methods.join(', ') || 'none'} (${declared})`),
    ...(script === undefined ? [] : [row('script', scriptText(script))]),
    row('file', file === undefined ? 'none: no root is configured' : fileText(file)),
  ];
  if (guard !== undefined) rows.push(row('also', guardText(guard)));
  const settings = settingsOf(explanation, loaded);
  settings
    .filter(({ name }) => Object.hasOwn(core, name))
    .forEach((setting, index) => {
      rows.push(row(index === 0 ? 'rules' : '', settingText(setting)));
    });
  for (const tap of askedFirst) rows.push(row('plugin', `${tap.plugin}, for every request`));
  distinct(asked).forEach((tap, index) => {
    const own = loaded.config.plugins.find(({ name }) => name === tap.plugin)?.directives ?? {};
    rows.push(
      row(index === 0 ? 'plugins' : '', `${index + 1}. ${tap.plugin}, stage ${stageName(tap.stage)}`),
    );
    for (const setting of settings) {
      if (Object.hasOwn(own, setting.name)) rows.push(row('', `   ${settingText(setting)}`));
    }
  });
  return `${rows.join('')}${row('response', verdict(explanation, method))}`;
}

/** Removes repeated entries: a plugin may tap a hook several times in a stage. */
function distinct(taps: readonly Tap[]): readonly Tap[] {
  return taps.filter(({ plugin, stage }, index) => {
    const before = taps[index - 1];
    return before?.plugin !== plugin || before.stage !== stage;
  });
}

function row(label: string, text: string): string {
  return `${heading(label.padEnd(10))}${text}\n`;
}

/** Several lines with one label. */
function lines(label: string, texts: readonly string[]): string {
  return texts.map((text, index) => row(index === 0 ? label : '', text)).join('');
}

function locationText(explanation: Explanation): string {
  const { block } = explanation;
  const name = block.pattern.kind === 'server' ? 'none' : block.name.replace(/^location /, '');
  const place = block.pattern.kind === 'server' ? '' : at(block.place);
  return `${name}${place}: ${whyLocation(explanation)}`;
}

function whyLocation({ block, parent, script }: Explanation): string {
  const path = script === undefined || script.extraPath === '' ? 'the path' : script.path;
  switch (block.pattern.kind) {
    case 'server':
      return 'no location matches this path';
    case 'exact':
      return path === 'the path' ? 'it matches exactly this path' : `it matches ${path}`;
    case 'prefix':
      return 'it is the longest matching prefix';
    case 'extension':
      return `${path} ends with ${block.pattern.extension}, inside ${parent?.name ?? 'its server'}${at(parent?.place)}`;
  }
}

function scriptText({ path, extraPath }: Script): string {
  return extraPath === '' ? path : `${path}, with PATH_INFO ${extraPath}`;
}

function guardText({ name, place }: RouteConfig): string {
  return `${name}${at(place)}: its access rules, methods and limits apply too`;
}

function fileText({ path, kind, size, before }: FileFound): string {
  switch (kind) {
    case 'file':
      return `${path}, ${size} bytes`;
    case 'directory':
      return `${path}, a directory`;
    case 'absent':
      return `${path}, which does not exist${before === undefined ? '' : `: ${before} is a file`}`;
    case 'hidden':
      return `${path}, which is hidden: a name in it starts with a dot`;
    case 'forbidden':
      return `${path}, which may not be read, or is a link that leads out of the root`;
    case 'special':
      return `${path}, which is not a regular file`;
  }
}

/** Settings written in the block or inherited from those around it; defaults say nothing about this request. */
function settingsOf({ block, written, parent }: Explanation, { config, source }: Loaded): readonly Setting[] {
  const blocks = effectiveBlocks(config, effectiveConfig(config, source));
  const effective = blocks.get(block);
  if (effective !== undefined) return effective.settings.filter(({ origin }) => origin !== 'default');
  const [around, location] = [parent && blocks.get(parent), written && blocks.get(written)];
  if (around === undefined || location === undefined) return [];
  return settingsInside(around, location, (name) => inheritanceOf(name, config) === 'merge');
}

function inheritanceOf(name: string, { plugins }: CompiledConfig): Inheritance | undefined {
  const tables: readonly DirectiveTable[] = [core, ...plugins.map(({ directives }) => directives)];
  return tables.find((table) => Object.hasOwn(table, name))?.[name]?.inheritance;
}

function settingText({ name, words, place }: Setting): string {
  return `${[name, ...words].map(quoteWord).join(' ')};${at(place)}`;
}

function verdict({ status, unanswered, asked, route }: Explanation, method: string): string {
  const error = (code: number) => `${code}${pageText(route.errorPages.get(code))}`;
  if (status === 204) return '204 with Allow, from the kernel';
  if (status === 405) return `${error(405)}: ${method} is not an allowed method`;
  if (status !== undefined) return `${error(status)}: the server does not implement the method ${method}`;
  if (asked.length > 0) return `from the first plugin that responds; if none does, ${error(unanswered)}`;
  const why = unanswered === 404 ? 'no plugin handles this request' : 'no plugin handles this method';
  return `${error(unanswered)}: ${why}`;
}

/** Describes the configured error page. */
function pageText(page: ErrorPage | undefined): string {
  if (page === undefined) return '';
  if (!page.uri.startsWith('/')) return `, as a redirect to ${page.uri}`;
  return ` with the page ${page.uri}${page.status === undefined ? '' : `, as status ${page.status}`}`;
}
