import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer } from '@webserv/server/testing';
import { expect, it } from 'vitest';

const SITE = `
location /www { root www; cgi .sh /bin/sh; }
location /in { root in; upload on; }
location = /status { status on; }
location = /status.json { status json; }
location = /metrics { status prometheus; }
location = /healthz { status health; }
`;
const FILES = {
  'in/': null,
  'www/a.txt': 'twelve bytes',
  'www/s.sh': "printf 'Content-Type: text/plain\\n\\n'; echo hi",
};

async function busyServer() {
  const server = await startTestServer(SITE, FILES);
  for (const path of ['/www/a.txt', '/www/a.txt', '/www/none', '/www/s.sh'])
    await (await server.fetch(path)).text();
  const put = await server.fetch('/in/new.txt', { method: 'PUT', body: 'hello' });
  expect(put.status).toBe(201);
  await put.text();
  await sleep(50); // requests are counted when the exchange ends
  return server;
}

it('answers with the numbers of the server as JSON', async () => {
  await using server = await busyServer();
  const answer = await server.fetch('/status');
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const numbers: Record<string, unknown> = JSON.parse(await answer.text());
  expect(numbers.webserv_requests_total).toEqual([
    { status: '200', route: expect.stringMatching(/^server 127.0.0.1:0, location \/www$/), value: 3 },
    { status: '404', route: expect.stringMatching(/^server 127.0.0.1:0, location \/www$/), value: 1 },
    { status: '201', route: expect.stringMatching(/^server 127.0.0.1:0, location \/in$/), value: 1 },
  ]);
  expect(numbers.webserv_request_duration_seconds).toMatchObject({ count: 5, sum: expect.any(Number) });
  expect(numbers.webserv_sent_bytes_total).toBeGreaterThan(24);
  expect(numbers).toMatchObject({
    webserv_received_bytes_total: 5,
    webserv_uploaded_files_total: 1,
    webserv_uploaded_bytes_total: 5,
    webserv_cgi_started_total: 1,
    webserv_cgi_running: 0,
    webserv_connections: expect.arrayContaining([{ state: 'answering', value: 1 }]),
  });
});

it("answers in Prometheus' text to who asks for text, with histograms added up", async () => {
  await using server = await busyServer();
  const answer = await server.fetch('/status', {
    headers: { accept: 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1' },
  });
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  expect(text).toBe(text.replace(/[^\n]$/, '')); // ends with a line break
  expect(text).toContain('# TYPE webserv_requests_total counter\n');
  expect(text).toMatch(
    /^webserv_requests_total\{status="200",route="server 127.0.0.1:0, location \/www"\} 3$/m,
  );
  const buckets = [...text.matchAll(/^webserv_request_duration_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)];
  const counts = buckets.map(([, , count]) => Number(count));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(buckets.at(-1)?.[1]).toBe('+Inf');
  expect(counts.at(-1)).toBe(5);
  expect(text).toMatch(/^webserv_request_duration_seconds_count 5$/m);
  // Every line is a comment or a sample.
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(
      /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="(?:[^"\\\n]|\\.)*"(?:,\w+="(?:[^"\\\n]|\\.)*")*\})? [-+.e\d]+)$/,
    );
  }
});

it('answers in one format where that is configured', async () => {
  await using server = await busyServer();
  expect(
    (await server.fetch('/status.json', { headers: { accept: 'text/plain' } })).headers.get('content-type'),
  ).toBe('application/json');
  expect((await server.fetch('/metrics')).headers.get('content-type')).toContain('text/plain');
});

it('says that the server answers, and nothing else', async () => {
  await using server = await startTestServer('location = /healthz { status health; }');
  const answer = await server.fetch('/healthz');
  expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([
    200,
    'ok\n',
    'no-store',
  ]);
});

it('is off unless a route enables it, inside of that route too', async () => {
  await using server = await startTestServer(
    'root www; location /s { status on; location /s/in { root www; } }',
    FILES,
  );
  expect((await server.fetch('/status')).status).toBe(404);
  expect((await server.fetch('/s/in/x')).status).toBe(404);
});

it('takes GET and HEAD only', async () => {
  await using server = await startTestServer(SITE, FILES);
  const post = await server.fetch('/status', { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  expect((await server.fetch('/status', { method: 'HEAD' })).status).toBe(200);
});
