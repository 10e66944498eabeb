/** A response parsed from the wire, without its framing. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; several lines of one name are joined with a comma. */
  readonly fields: ReadonlyMap<string, string>;
  /** The body, one character per byte, without chunked coding. */
  readonly content: string;
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) ([\t\x20-\x7e]*)$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * Parses the responses of a connection strictly (RFC 9112 §6.3): an incomplete response, or other bytes after a
 * response, are an error.
 * @param text one character per byte, up to the connection's end
 * @param methods of the requests, in order; GET if omitted. The response to HEAD has no body.
 * @throws Error
 */
export function readAnswers(text: string, methods: readonly string[] = []): readonly Answer[] {
  const answers: Answer[] = [];
  let asked = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1) throw new Error(`no answer's head: ${JSON.stringify(text.slice(at, at + 200))}`);
    const [first = '', ...lines] = text.slice(at, end).split('\r\n');
    const [, code, reason = ''] = STATUS_LINE.exec(first) ?? [];
    if (code === undefined) throw new Error(`no status line: ${JSON.stringify(first.slice(0, 200))}`);
    const status = Number(code);
    const fields = readFields(lines);
    const interim = status < 200;
    const isHead = !interim && methods[asked] === 'HEAD';
    if (!interim) asked += 1;
    const { content, framing, next } = readContent(text, end + 4, status, fields, isHead);
    answers.push({ status, reason, fields, content, framing });
    at = next;
  }
  return answers;
}

/** The statuses of all responses, including interim ones. */
export function statuses(text: string, methods: readonly string[] = []): readonly number[] {
  return readAnswers(text, methods).map(({ status }) => status);
}

function readFields(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`no field line: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    const before = fields.get(key);
    fields.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

interface Content {
  readonly content: string;
  readonly framing: Answer['framing'];
  /** Position of the next response. */
  readonly next: number;
}

function readContent(
  text: string,
  start: number,
  status: number,
  fields: ReadonlyMap<string, string>,
  isHead: boolean,
): Content {
  const length = fields.get('content-length');
  const coding = fields.get('transfer-encoding');
  if (length !== undefined && coding !== undefined) throw new Error('a length beside a coding');
  if (isHead || status < 200 || status === 204 || status === 304) {
    return { content: '', framing: 'none', next: start };
  }
  if (coding !== undefined) {
    if (coding !== 'chunked') throw new Error(`coding ${coding}`);
    return readChunks(text, start);
  }
  if (length === undefined) return { content: text.slice(start), framing: 'close', next: text.length };
  if (!/^(?:0|[1-9][0-9]*)$/.test(length)) throw new Error(`length ${length}`);
  const next = start + Number(length);
  if (next > text.length) throw new Error(`content shorter than ${length}`);
  return { content: text.slice(start, next), framing: 'length', next };
}

function readChunks(text: string, start: number): Content {
  let content = '';
  for (let at = start; ; ) {
    const end = text.indexOf('\r\n', at);
    const size = text.slice(at, end);
    if (end === -1 || !/^[0-9a-f]+$/.test(size)) throw new Error(`chunk size ${JSON.stringify(size)}`);
    const from = end + 2;
    const to = from + Number.parseInt(size, 16);
    if (text.slice(to, to + 2) !== '\r\n') throw new Error('a chunk without an end');
    if (to === from) return { content, framing: 'chunked', next: to + 2 };
    content += text.slice(from, to);
    at = to + 2;
  }
}
