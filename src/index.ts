/**
 * The public entry: everything a plugin may use. Built-in plugins import it too, by the package's own name.
 */
export { clientNetwork } from './kernel/client-network.js';
export {
  evaluateIfRange,
  evaluatePreconditions,
  type Precondition,
  type Validators,
} from './kernel/conditional.js';
export { argument, readArgument, readDuration, readSize } from './kernel/config/arguments.js';
export {
  type BlockOptions,
  block,
  type NamedBlocksOptions,
  namedBlocks,
} from './kernel/config/block-directive.js';
export type { Config } from './kernel/config/compile.js';
export { type ConfigObject, defineConfig } from './kernel/config/define.js';
export type { Diagnostic, Place } from './kernel/config/diagnostic.js';
export {
  type DirectiveOptions,
  directive,
  duration,
  flag,
  integer,
  list,
  map,
  oneOf,
  path,
  single,
  size,
  template,
  text,
} from './kernel/config/directives.js';
export {
  type Argument,
  ArgumentError,
  type ArgumentType,
  type Context,
  type Directive,
  type DirectiveTable,
  type DirectiveUse,
  type Inheritance,
  type OptionsOf,
  type Report,
  type Scope,
} from './kernel/config/schema.js';
export { isCrossSite } from './kernel/cross-site.js';
export { discard } from './kernel/discard.js';
export { entityTagOf, lastModifiedOf } from './kernel/entity-tag.js';
export { ConfigError, HttpError, type HttpErrorOptions } from './kernel/errors.js';
export type { Exchange, Outcome } from './kernel/exchange.js';
export {
  type Boundary,
  type Closable,
  type DirectoryEntry,
  type DirectoryLookup,
  type FileVersion,
  type Lookup,
  type OpenDirectory,
  type OpenFile,
  openDirectory,
  openFile,
} from './kernel/files.js';
export {
  type RouteHooks,
  type RouteTapOptions,
  type ServerHooks,
  Stage,
  type TapOptions,
  type Tappable,
} from './kernel/hooks.js';
export { Hot, type HotOptions } from './kernel/hot.js';
export { escapeHtml } from './kernel/html.js';
export { formatHttpDate, parseHttpDate } from './kernel/http-date.js';
export { LineAllowance } from './kernel/line-allowance.js';
export type { Log, LogLevel } from './kernel/log.js';
export { type LogFile, type LogFileOptions, openLogFile } from './kernel/log-file.js';
export type { LogDescription } from './kernel/log-files.js';
export {
  type FileSlice,
  isFileSlice,
  type Peer,
  type Request,
  type RequestBody,
  type RequestHeaders,
  type Response,
  type ResponseBody,
  type ResponseHeaders,
} from './kernel/message.js';
export type {
  Counter,
  Histogram,
  MetricDescription,
  MetricFamily,
  MetricSample,
  Metrics,
} from './kernel/metrics.js';
export { preferredType } from './kernel/negotiate.js';
export type { FileFields, Offers } from './kernel/offers.js';
export {
  childPath,
  type DecodedPath,
  decodePath,
  encodePath,
  type FilePath,
  hasHiddenSegment,
  isUnder,
  isVisible,
  leadingPath,
  pathText,
  type RootMapping,
  resolvePath,
  resolveUnder,
  resolveVisible,
  safeFileName,
  segmentsOf,
} from './kernel/path.js';
export { bytesOfName, encodeSegment, nameOfBytes } from './kernel/path-segment.js';
export {
  API_VERSION,
  type ApplyContext,
  type DefinedPlugin,
  definePlugin,
  type Finding,
  type Lifecycle,
  type Plugin,
  type PluginDefinition,
  type ScriptRunner,
  type SetupContext,
} from './kernel/plugin.js';
export {
  type ByteRange,
  contentRange,
  type Multipart,
  multipartByteranges,
  parseRange,
  selectRanges,
} from './kernel/range.js';
export type { RouteView } from './kernel/route.js';
export type { Script, ScriptNames } from './kernel/routing/scripts.js';
export { SharedWork } from './kernel/shared-work.js';
export type { Template } from './kernel/template.js';
export type { VariableDefinition, VariableTable } from './kernel/variables.js';
export { WorkLimit, type WorkLimitOptions } from './kernel/work-limit.js';
