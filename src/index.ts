/** The public entry: everything a plugin may use. Built-in plugins import it too, by the package's own name. */

export { argument, readArgument, readDuration, readSize } from './kernel/config/directives/arguments.js';
export {
  type BlockOptions,
  block,
  type NamedBlocksOptions,
  namedBlocks,
} from './kernel/config/directives/block-directive.js';
export {
  type CustomDirectiveOptions,
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
} from './kernel/config/directives/directives.js';
export type { Config, Listen, ServerConfig } from './kernel/contract/config.js';
export { API_VERSION, type DefinedPlugin, definePlugin } from './kernel/contract/define-plugin.js';
export {
  type Argument,
  ArgumentError,
  type ArgumentType,
  type Context,
  type Directive,
  type DirectiveTable,
  type DirectiveUse,
  type Inheritance,
  type JsonSchema,
  type OptionsOf,
  type Report,
  type Scope,
} from './kernel/contract/directive.js';
export type { Exchange, Outcome, Refusal } from './kernel/contract/exchange.js';
export {
  type DoneTapOptions,
  type RouteHooks,
  type RouteTapOptions,
  type ServerHooks,
  Stage,
  type TapOptions,
  type Tappable,
} from './kernel/contract/hooks.js';
export type { FileFields, FileStore, Offers } from './kernel/contract/offers.js';
export type {
  ApplyContext,
  ConfiguredRoute,
  Finding,
  Lifecycle,
  Plugin,
  PluginDefinition,
  ScriptRunner,
  SetupContext,
} from './kernel/contract/plugin.js';
export type { RouteView } from './kernel/contract/route-view.js';
export type { Script, ScriptMatcher, ScriptNames } from './kernel/contract/script.js';
export type { Template } from './kernel/contract/template.js';
export type { VariableDefinition, VariableTable } from './kernel/contract/variables.js';
export { ConfigError } from './kernel/diagnostics/config-error.js';
export type { Diagnostic, Place, Severity } from './kernel/diagnostics/diagnostic.js';
export { errorCode } from './kernel/diagnostics/error-code.js';
export { errorMessage } from './kernel/diagnostics/error-text.js';
export { HotCache, type HotCacheOptions } from './kernel/files/hot-cache.js';
export type { DirectoryEntry, OpenDirectory } from './kernel/files/open-directory.js';
export {
  type Boundary,
  type Closable,
  type DirectoryLookup,
  type FileVersion,
  type Lookup,
  type OpenFile,
  openDirectory,
  openFile,
} from './kernel/files/open-file.js';
export { isSettled } from './kernel/files/settled.js';
export { clientNetwork } from './kernel/http/client-network.js';
export {
  evaluateIfRange,
  evaluatePreconditions,
  type Precondition,
  type Validators,
} from './kernel/http/conditional.js';
export { isCrossSite } from './kernel/http/cross-site.js';
export { formatHttpDate, parseHttpDate } from './kernel/http/date.js';
export { discard } from './kernel/http/discard.js';
export { entityTagOf, lastModifiedOf } from './kernel/http/entity-tag.js';
export { asHttpError, HttpError, type HttpErrorOptions } from './kernel/http/errors.js';
export { escapeHtml } from './kernel/http/html.js';
export {
  type FileSlice,
  type HttpVersion,
  isFileSlice,
  type Peer,
  type Request,
  type RequestBody,
  type RequestHeaders,
  type Response,
  type ResponseBody,
  type ResponseHeaders,
} from './kernel/http/message.js';
export { acceptedCodings, preferredType } from './kernel/http/negotiate.js';
export {
  type ByteRange,
  contentRange,
  type Multipart,
  multipartByteranges,
  parseRange,
  selectRanges,
} from './kernel/http/range.js';
export type { ClientCertificate, TlsConnection } from './kernel/http/tls-connection.js';
export { SharedWork } from './kernel/limits/shared-work.js';
export { WorkLimit, type WorkLimitOptions } from './kernel/limits/work-limit.js';
export { LineAllowance } from './kernel/log/line-allowance.js';
export type { Log, LogLevel } from './kernel/log/log.js';
export type { LogFile, LogFileOptions } from './kernel/log/log-file.js';
export type { LogDescription } from './kernel/log/log-files.js';
export { openLogFile } from './kernel/log/open-log-file.js';
export { ReportOnce, type ReportOnceOptions } from './kernel/log/report-once.js';
export type {
  Counter,
  Histogram,
  MetricDescription,
  MetricFamily,
  MetricSample,
  Metrics,
} from './kernel/metrics/metrics.js';
export { bytesOfName, encodeSegment, nameOfBytes } from './kernel/path/path-segment.js';
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
} from './kernel/path/url-path.js';
