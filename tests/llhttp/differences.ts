/** An intended difference between Node's parser and ours. */
export interface Difference {
  /** The name, as `difference` returns it, or its beginning. */
  readonly name: string;
  /** Matches the bytes that cause it. */
  readonly where: RegExp;
  /** The justification. */
  readonly why: string;
  /** The shortest such request. */
  readonly example: string;
  /** The minor version of llhttp 9 that behaves as we do. */
  readonly until?: number;
}

const get = (...fields: readonly string[]) => ['GET / HTTP/1.1', 'Host: a', ...fields, '', ''].join('\r\n');
const chunked = (fields: readonly string[], content: string) =>
  get('Transfer-Encoding: chunked', ...fields) + content;

export const differences: readonly Difference[] = [
  // Node rejects a request that we accept
  {
    name: 'Node refuses: HPE_INVALID_METHOD',
    where: /[!#$%&'*+\-.^_`|~0-9A-Za-z]/,
    why: 'a method is any token (RFC 9110 §9.1); an unknown one gets 501, and the connection stays in step',
    example: 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'Node refuses: HPE_INVALID_CHUNK_SIZE',
    where: /[0-9A-Fa-f][ \t]*;[ \t]*a[ \t]+=[ \t]*"/,
    why: 'white space around ; and = of a chunk extension is bad, but has to be parsed (RFC 9112 §7.1.1, BWS)',
    example: chunked([], '1 ; a = "b"\r\nx\r\n0\r\n\r\n'),
  },
  {
    name: "Node refuses: HPE_INVALID_CONTENT_LENGTH: Content-Length can't be present with Transfer-Encoding",
    where: /\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*Content-Length/,
    why: 'a trailer is not part of the header section: it does not affect framing and is not merged (RFC 9110 §6.5.1)',
    example: chunked([], '0\r\nContent-Length: 5\r\n\r\n'),
  },
  {
    name: 'Node waits',
    where: /Upgrade[\s\S]*\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*Content-Length/,
    why: 'the same; if the request asks for an upgrade, Node does not report its rejection',
    example: chunked(['Connection: upgrade', 'Upgrade: x'], '0\r\nContent-Length: 5\r\n\r\n'),
  },
  {
    name: 'Node refuses: HPE_INVALID_VERSION',
    where: / HTTP\/1\.[2-9]/,
    why: 'a higher minor version is read as the highest known (RFC 9110 §2.5)',
    example: 'GET / HTTP/1.2\r\nHost: a\r\n\r\n',
  },
  {
    name: 'Node refuses: HPE_INVALID_URL: Invalid char in url path',
    where: /[\x80-\xff]/,
    why: 'curl and old programs send a path without encoding it; every byte but controls, space and # is data',
    example: 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n',
  },

  // We reject a request that Node accepts: lines
  {
    name: 'we refuse: malformed method',
    where: /(?:^|[^\r])\n/,
    why: 'a single LF does not end a line, not even an empty one (RFC 9112 §2.2: a recipient MAY let it; we do not)',
    example: `\n${get()}`,
  },
  {
    name: 'we refuse: malformed request line',
    where: /\r(?!\n)|\r\n\r\n/,
    why: 'a CR without LF is refused (RFC 9112 §2.2), and one empty line is skipped, not any number',
    example: `\r\n\r\n${get()}`,
  },
  {
    name: 'we refuse: invalid character in request target',
    where: /(?:^|\n)\S+ [^ \r]+\r\n/,
    why: "a request line has a version: HTTP/0.9's simple request is none (RFC 9112 §3)",
    example: 'GET /\r\n\r\n',
  },
  {
    name: 'we refuse: empty request target',
    where: /\S {2,}\S/,
    why: 'one space separates method and target (RFC 9112 §3)',
    example: 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'we refuse: HTTP version not supported',
    where: / HTTP\/(?:2\.0|0\.9)/,
    why: 'this server supports 1.0 and 1.1 (RFC 9110 §15.6.6)',
    example: 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
  },

  // … the target
  {
    name: 'we refuse: invalid character in request target',
    where: /#/,
    why: 'a target has no fragment (RFC 9112 §3.2)',
    example: 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'we refuse: malformed percent-encoding',
    where: /%/,
    why: 'two hexadecimal digits follow a percent sign (RFC 3986 §2.1)',
    example: 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'we refuse: invalid path',
    where: /\.\.|%/,
    why: 'a path must not climb above its root: two parsers could resolve it to different files',
    example: 'GET /.. HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'we refuse: invalid request target',
    where: /\S+ [^ ]+ HTTP/,
    why: 'each form is for certain methods: the asterisk for OPTIONS, the authority for CONNECT (RFC 9112 §3.2.3, §3.2.4)',
    example: 'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'we refuse: https target on a connection without TLS',
    where: / https:/i,
    why: 'an origin must not serve https on a connection that is not secured (RFC 9110 §7.4)',
    example: 'GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
  },

  // … Host
  {
    name: 'we refuse: more than one Host',
    where: /host/i,
    why: 'a server MUST respond with 400 (RFC 9112 §3.2)',
    example: get('Host: a'),
  },
  {
    name: 'we refuse: invalid Host',
    where: /host/i,
    why: 'a server MUST respond with 400 (RFC 9112 §3.2)',
    example: 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
  },
  {
    name: 'we refuse: missing Host',
    where: /HTTP\/1\.1/,
    why: 'a server MUST respond with 400 (RFC 9112 §3.2); in Node the server checks it, not the parser',
    example: 'GET / HTTP/1.1\r\n\r\n',
  },

  // … framing
  {
    name: 'we refuse: invalid Content-Length',
    where: /Content-Length: 0[0-9]/,
    why: 'some parsers read a leading zero as octal; legitimate clients do not send it',
    example: `${get('Content-Length: 03')}abc`,
  },
  {
    name: 'we refuse: malformed Transfer-Encoding',
    where: /Transfer-Encoding: ?(?:,|\r\n)/,
    why: 'two parsers could interpret a list with an empty member differently (RFC 9112 §11.2)',
    example: get('Transfer-Encoding:'),
    until: 4,
  },
  {
    name: 'we refuse: chunked is not the final transfer coding',
    where: /chunked[\s\S]*Transfer-Encoding:\r\n/i,
    why: 'the same, on two lines',
    example: chunked(['Transfer-Encoding:'], '0\r\n\r\n'),
    until: 4,
  },
  {
    name: 'we refuse: both Content-Length and Transfer-Encoding',
    where: /Transfer-Encoding:\r\n/,
    why: 'even if the coding is empty (RFC 9112 §6.3)',
    example: get('Transfer-Encoding:', 'Content-Length: 0'),
    until: 4,
  },
  {
    name: 'we refuse: Transfer-Encoding in HTTP/1.0',
    where: /HTTP\/1\.0/,
    why: 'its framing is faulty (RFC 9112 §6.1)',
    example: 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  },
  {
    name: 'we refuse: transfer coding not implemented',
    where: /gzip|identity/,
    why: 'an unknown coding gets 501 (RFC 9112 §6.1), with or without chunked after it',
    example: `${get('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
  },
  {
    name: 'we refuse: chunked has no parameters',
    where: /chunked;a=b/,
    why: 'their presence SHOULD be treated as an error (RFC 9112 §7.1); Node accepts them only with an upgrade',
    example: `${get('Connection: upgrade', 'Upgrade: x', 'Transfer-Encoding: chunked;a=b')}0\r\n\r\n`,
  },

  // … meaning
  {
    name: 'we refuse: unknown expectation',
    where: /Expect/,
    why: 'gets 417 (RFC 9110 §10.1.1); in Node the server checks it, not the parser',
    example: get('Expect: something'),
  },
  {
    name: 'we refuse: more than one Content-Type',
    where: /Content-Type/,
    why: 'two recipients could each use a different one',
    example: get('Content-Type: text/plain', 'Content-Type: text/html'),
  },
  {
    name: 'we refuse: status 426',
    where: /Sec-WebSocket-Version: 99/,
    why: 'an unsupported WebSocket version gets the supported one (RFC 6455 §4.4)',
    example: get('Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 99'),
  },
  {
    name: 'another meaning: Host beside an absolute target',
    where: / https?:\/\//i,
    why: "the target's authority takes its place (RFC 9112 §3.2.2)",
    example: 'GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n',
  },
  {
    name: 'another meaning: a name with an underscore',
    where: /_/,
    why: 'such fields are ignored: CGI cannot distinguish them from those with a dash (RFC 3875 §4.1.18)',
    example: get('X_Y: z'),
  },
];
